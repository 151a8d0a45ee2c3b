"""`newsbot preview` as a command: its JSON, its backtest, its errors. No Redis, no platform, no token is around."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests import archive
from tests.e2e.looking import KEYS, adds_up, preview

TODAY = datetime.now(ZoneInfo("Asia/Seoul")).date()
BANNER = "image: /banner.jpg"

POSTS = {
    f"{TODAY}-quake.md": "title: '[속보] 예시군 앞바다 규모 5.1 지진'\nexcerpt: 기상청이 밝혔다.\nimage: /quake.jpg",
    f"{TODAY}-quake-again.md": f"title: '[속보] 예시군 앞바다 규모 5.1 지진!'\n{BANNER}",
    f"{TODAY}-hotel.md": "title: '[광고] 예시 호텔 여름 모음'",
    f"{TODAY}-bridge.md": f"title: '[속보] 예시군 새 다리 끊겨'\n{BANNER}",
    f"{TODAY}-broken.md": "title: 예시군 소식\ndate: 그저께",
    f"{TODAY}-hidden.md": "title: 예시군 소식\npublished: false",
    "2024-07-12-old.md": f"title: 예시군 옛 소식 <b>&amp;</b>\n{BANNER}",
    "2099-01-01-later.md": "title: 예시군 먼 훗날 소식",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site with one post of every fate."""
    folder = tmp_path_factory.mktemp("preview") / "site"
    (folder / "_posts").mkdir(parents=True)
    (folder / "_drafts").mkdir()
    (folder / "_config.yml").write_text("url: https://example.com\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n", "utf-8")
    for name, front in POSTS.items():
        (folder / "_posts" / name).write_text(f"---\n{front}\n---\n본문이다.\n", "utf-8")
    (folder / "_drafts" / "draft.md").write_text("---\ntitle: 예시군 초안\n---\n본문이다.\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def rows(site: Path) -> Mapping[str, dict[str, Any]]:
    """What `--json` says of that site, by file name."""
    ran = preview(site, "--json", cwd=site.parent, NEWSBOT_MESSAGE__IMAGE="true")
    assert (ran.code, ran.err) == (0, "")
    return {row["path"].rpartition("/")[2]: row for row in ran.rows}


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_every_entry_has_a_line_with_the_fixed_keys(rows: Mapping[str, dict[str, Any]]) -> None:
    assert set(rows) == {*POSTS, "draft.md"}
    assert all(list(row) == KEYS for row in rows.values())


@pytest.mark.parametrize(
    ("name", "state", "decision", "reason"),
    [
        (f"{TODAY}-quake.md", "publishable", "publish", None),
        (f"{TODAY}-quake-again.md", "publishable", "publish", None),
        (f"{TODAY}-hotel.md", "publishable", "ignore", "advertising"),
        (f"{TODAY}-hidden.md", "unpublished", "ignore", "unpublished"),
        ("2024-07-12-old.md", "publishable", "hold", "old"),
        ("2099-01-01-later.md", "future", "ignore", "future"),
        ("draft.md", "draft", "ignore", "draft"),
    ],
)
def test_state_decision_and_reason(
    rows: Mapping[str, dict[str, Any]], name: str, state: str, decision: str, reason: str | None
) -> None:
    row = rows[name]
    assert (row["state"], row["decision"], row["reason"]) == (state, decision, reason)
    assert {name: set(message) for name, message in row["messages"].items()} == {
        "telegram": {"method", "payload"},
        "slack": {"method", "payload"},
    }


def test_what_cannot_be_read_names_file_and_line_and_draws_nothing(rows: Mapping[str, dict[str, Any]]) -> None:
    row = rows[f"{TODAY}-broken.md"]
    assert (row["state"], row["decision"], row["messages"]) == ("invalid", "ignore", {})
    assert f"_posts/{TODAY}-broken.md:3" in row["reason"]


def test_the_rule_says_what_decided_and_names_the_twin(rows: Mapping[str, dict[str, Any]]) -> None:
    # Of one day and no time: the path settles which of the two came first.
    first, second = rows[f"{TODAY}-quake-again.md"], rows[f"{TODAY}-quake.md"]
    assert first["urgency"] == "breaking"
    assert "tag [속보]" in first["rule"]
    assert second["urgency"] == "normal"
    assert f"twin of {first['id']}" in second["rule"]
    assert second["messages"]["telegram"]["payload"]["disable_notification"] is True


def test_a_picture_that_three_posts_share_is_in_no_message(rows: Mapping[str, dict[str, Any]]) -> None:
    drawn = json.dumps([row["messages"] for row in rows.values()])
    assert rows[f"{TODAY}-bridge.md"]["image"] == "https://example.com/banner.jpg"
    assert "banner.jpg" not in drawn


@pytest.mark.slow
def test_a_picture_of_its_own_is_shown_where_that_is_wanted(site: Path) -> None:
    post = site / "_posts" / f"{TODAY}-quake.md"
    (row,) = preview(post, "--json", cwd=site.parent, NEWSBOT_MESSAGE__IMAGE="true").rows
    assert "quake.jpg" in json.dumps(row["messages"])


def test_without_an_address_everything_is_held_and_stays_relative(site: Path, tmp_path: Path) -> None:
    (tmp_path / f"{TODAY}-bare.md").write_text("---\ntitle: 예시군 소식\nimage: /a.jpg\n---\n본문이다.\n", "utf-8")
    (row,) = preview(tmp_path, "--json", cwd=tmp_path).rows
    assert (row["decision"], row["reason"], row["image"]) == ("hold", "no site address", "/a.jpg")
    assert row["url"].startswith("/")
    (row,) = preview(tmp_path, "--json", "--url", "https://example.com", cwd=tmp_path).rows
    assert (row["decision"], row["image"]) == ("publish", "https://example.com/a.jpg")


# --- for people -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        ("ko_KR.UTF-8", ("바로 나감", "보류: 오래된 날짜", "소리 있음")),
        ("en_GB.UTF-8", ("goes out at once", "held: old date")),
    ],
)
def test_one_post_is_drawn_as_both_platforms_show_it(site: Path, spoken: str, words: tuple[str, ...]) -> None:
    posts = [site / "_posts" / f"{TODAY}-quake.md", site / "_posts" / "2024-07-12-old.md"]
    ran = preview(*posts, cwd=site.parent, LANG=spoken)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("Telegram") == ran.out.count("Slack") == 2
    assert ran.out.count("[속보] 예시군 앞바다 규모 5.1 지진") == 2
    assert ran.out.count("예시군 옛 소식 <b>&amp;</b>") == 2, "as a reader sees it, not as it is sent"
    assert "\x1b" not in ran.out
    for word in words[:2]:
        assert word in ran.out


@pytest.mark.slow
def test_neither_a_headline_nor_a_file_name_paints_or_steers_the_terminal(tmp_path: Path) -> None:
    nasty = 'title: "[red]빨강[/red] :bomb: \\e[31m위험\\a \\u202E뒤집힘"'
    (tmp_path / f"{TODAY}-nasty\x1b[31m\u202ename.md").write_text(f"---\n{nasty}\n---\n본문이다.\n", "utf-8")
    ran = preview(tmp_path, cwd=tmp_path)
    assert ran.code == 0
    assert "[red]빨강[/red] :bomb:" in ran.out
    assert "name.md" in ran.out
    assert not {"\x1b", "\a", "\u202e"} & set(ran.out)


def test_a_list_has_decision_rule_and_words_of_every_entry(site: Path) -> None:
    ran = preview(site, cwd=site.parent)
    for name in [*POSTS, "draft.md"]:
        assert name in ran.out
    assert "held: old date" in ran.out
    assert "left out: advertising" in ran.out
    assert "urgency: tag [속보]" in ran.out
    assert "│ 예시군 옛 소식 <b>&amp;</b>" in ran.out
    assert "no message" in ran.out, "what cannot be read says so"
    assert "\x1b" not in ran.out


# --- the backtest ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days of an archive."""
    return archive.write(tmp_path_factory.mktemp("small") / "site", 400)


def test_a_backtest_counts_every_post_once(small: Path) -> None:
    ran = preview(small, "--summary", "--json", cwd=small)
    assert (ran.code, ran.err) == (0, "")
    (found,) = ran.rows
    adds_up(found, 400)
    assert found["first"] == "2025-01-06"
    assert found["no_time"] == 400
    assert found["sounded"]["posts"] == 0, "no title has a tag"
    assert "old" not in {reason["reason"] for reason in found["held"]["reasons"]}, "age holds nothing back"
    assert found["pictures"]["most"]["image"].endswith(archive.BANNER)
    assert found["pictures"]["most"]["posts"] > 300
    assert found["twins"] > 0
    assert {one["about"] for one in found["suggestions"]} >= {"silence", "time"}


def test_titles_that_are_no_yaml_are_taken_literally_and_counted(small: Path) -> None:
    made = {one.name for one in archive.archive(400, 1) if re.search(r"^title: (?:\[|현장: )", one.text, re.MULTILINE)}
    assert made
    (found,) = preview(small, "--summary", "--json", cwd=small).rows
    assert {place.rpartition("/")[2] for place in found["literal"]} == made
    assert "literal" in {one["about"] for one in found["suggestions"]}
    (row,) = preview(small / "_posts" / min(made), "--json", cwd=small).rows
    assert row["state"] == "publishable"
    assert row["title"] in (small / "_posts" / min(made)).read_text("utf-8")
    assert "read literally" in row["rule"]


def test_a_backtest_of_every_fate(site: Path) -> None:
    (found,) = preview(site, "--summary", "--json", cwd=site.parent).rows
    adds_up(found, len(POSTS) + 1)
    assert found["sounded"]["posts"] == 2, "the quake and the bridge, not the quake's twin"
    assert found["silent"]["posts"] == 2, "the twin, and the old one that was new on its day"
    reasons = {reason["reason"]: reason["posts"] for reason in found["left_out"]["reasons"]}
    assert reasons == {"advertising": 1, "draft": 1, "future": 1, "invalid": 1, "unpublished": 1}
    assert "invalid" in {one["about"] for one in found["suggestions"]}


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        (
            "ko_KR.UTF-8",
            ("소리 나는 알림", "소리 없는 알림", "보류", "제외", "하루 글 수", "주제 없음", "바꿔 볼 만한 것"),
        ),
        ("en_GB.UTF-8", ("alert with sound", "alert without sound", "held", "left out", "posts a day", "no topic")),
    ],
)
def test_the_report_is_read_in_the_terminals_language(small: Path, spoken: str, words: tuple[str, ...]) -> None:
    ran = preview(small, "--summary", cwd=small, LANG=spoken)
    assert (ran.code, ran.err) == (0, "")
    assert all(word in ran.out for word in words)
    assert "\x1b" not in ran.out
    assert not [line for line in ran.out.splitlines() if line != line.rstrip()]


@pytest.mark.slow
def test_a_zone_that_differs_is_told(small: Path) -> None:
    (found,) = preview(small, "--summary", "--json", cwd=small, NEWSBOT_SITE__ZONE="Europe/London").rows
    assert found["zones"] == {"sources": {"Asia/Seoul": 400}, "newsroom": "Europe/London"}
    assert "zone" in {one["about"] for one in found["suggestions"]}
