"""Digests: what is in them, in which order, and that thirty of anything are one message."""

from __future__ import annotations

from typing import Any

import pytest

from newsbot.core.compose import MOST_LINES, compose, digest, notice
from newsbot.core.model import Attribution, Change, Message, Section, Story, Urgency
from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.telegram.answer import edit_of
from newsbot.platforms.telegram.render import TelegramDialect
from newsbot.sandbox.slack.blocks import check_post
from newsbot.sandbox.telegram.check import check_edit, check_send
from tests.unit.test_compose import CATALOGS, NOW, TOPICS

GIVEN: dict[str, Any] = {
    "catalog": CATALOGS["ko"],
    "language": "ko",
    "topics": TOPICS,
    "now": NOW,
    "zone": "Asia/Seoul",
}


def item(headline: str, *topics: str, **fields: Any) -> Story:
    """A line of a digest."""
    given = {"id": "K7F3M", "article": "a", "urgency": Urgency.NORMAL, "link": "https://example.com/a"}
    return Story(**{**given, "headline": headline, "topics": topics, **fields})


def made(*stories: Story, title: str = "morning", **more: Any) -> Message:
    """A Korean digest."""
    return digest(stories, title=title, **{**GIVEN, **more})


def words(message: Message) -> list[tuple[str, list[str]]]:
    """Topics and lines, without addresses."""
    return [(section.title, [line for line, _ in section.lines]) for section in message.sections]


def test_topics_come_in_the_order_of_their_first_story_and_the_rest_last() -> None:
    message = made(item("가"), item("나", "tech", "politics"), item("다", "politics"), item("라", "tech"))
    assert words(message) == [("과학·IT", ["나", "라"]), ("정치", ["다"]), ("기타", ["가"])]
    assert message.first_line == "아침 뉴스 4건 · 7월 12일(금)"
    assert (message.kind, message.silent, message.link, message.hashtags) == ("digest", True, None, ())


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (
            {"urgency": Urgency.BREAKING, "labels": ("속보", "단독")},
            "[단독] 가",
        ),  # by the morning it is breaking no more
        ({"labels": ("2보",)}, "[2보] 가"),
        ({"kind": "correction"}, "[정정] 가"),
        ({"labels": ("사설",)}, "[사설] 가"),
    ],
)
def test_a_line_says_what_it_is(fields: dict[str, Any], shown: str) -> None:
    assert words(made(item("가", "tech", **fields))) == [("과학·IT", [shown])]


def test_ten_lines_are_shown_and_the_rest_counted() -> None:
    message = made(*(item(str(n), "tech") for n in range(30)), more=5)
    assert words(message) == [("과학·IT", [str(n) for n in range(10)])]
    assert message.headline == "아침 뉴스 10건"
    assert message.notes == ("외 25건",)
    assert made(*(item(str(n), "tech") for n in range(10))).notes == ()


def test_what_was_withdrawn_is_named_by_topic_and_time_alone() -> None:
    false = item("거짓", "politics", kind="retraction", published_at="2024-07-12T09:03:00+09:00")
    message = made(item("가", "tech"), false, withdrawn=[item("헛소문", published_at="2024-07-12")], deferred=2)
    assert words(message) == [("과학·IT", ["가"])]
    assert message.notes == (
        "조용한 시간에 미뤄 둔 알림 2건을 담았습니다.",
        "알림 철회: 기타 7월 12일(금), 정치 오전 9:03",
    )
    assert "거짓" not in str(message)


def test_an_address_too_long_for_ten_of_its_kind_is_left_out() -> None:
    message = made(item("가", link="https://example.com/" + "a" * 600), item("나", live=False), item("다"))
    assert [link for _, link in message.sections[0].lines] == [None, None, "https://example.com/a"]
    tracked = made(item("다"), campaign="slack").sections[0].lines[0][1]
    assert tracked == "https://example.com/a?utm_source=slack&utm_medium=alert&utm_campaign=K7F3M"


# --- the limits of both platforms, with the worst that may come ------------------------------------------------------

TRAPS = ["&", '"', "\\", "<b>", "@a", "😀", "가", "a.b"]
FAR = "https://example.com/" + "&" * 1480
NAMED = Attribution(name="&" * 200, url=FAR, licence='"' * 200)
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (compose, {"urgency": Urgency.BREAKING, "image": "https://example.com/" + "b" * 1480, "alt": '"' * 3000}),
    (compose, {"urgency": Urgency.NORMAL, "notes": ("poll", "suicide", "ai", "claim"), "late": True, "take": 21}),
    (compose, {"urgency": Urgency.FLASH, "kind": "follow-up", "take": 20, "notes": ("poll", "suicide", "ai", "claim")}),
    (compose, {"urgency": Urgency.BREAKING, "kind": "correction", "notes": ("poll", "suicide", "ai", "claim")}),
    (compose, {"urgency": Urgency.NORMAL, "labels": ("반론보도",), "notes": ("poll", "claim")}),
    (compose, {"urgency": Urgency.BREAKING, "kind": "retraction"}),
    (notice, {"urgency": Urgency.BREAKING, "kind": "correction"}),
]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize(("how", "fields"), KINDS)
def test_the_worst_of_every_kind_fits(how: Any, fields: dict[str, Any], trap: str) -> None:
    long = trap * 4000
    change = Change(label=long, old=long, new=long, at=1.0)
    given = {"excerpt": long, "link": FAR, "publisher": long, "attribution": NAMED, "change": change}
    fits(how(item(long, "tech", "politics", **{**given, **fields}), **GIVEN))


@pytest.mark.parametrize("trap", TRAPS)
def test_the_worst_digest_fits(trap: str) -> None:
    long = trap * 4000
    stories = [
        item(long, f"t{n}", link="https://example.com/" + "&" * 580, kind="correction", labels=("단독",))
        for n in range(30)
    ]
    topics = {
        f"t{n}": TOPICS["tech"].__class__(f"t{n}", f"{n}북한·국방" * 3, "North Korea & defence", "x") for n in range(30)
    }
    message = made(*stories, title=long, topics=topics, withdrawn=stories, deferred=99, more=999)
    assert sum(len(section.lines) for section in message.sections) == MOST_LINES
    fits(message)


def test_thirty_lines_drawn_as_they_are_still_fit() -> None:
    lines = tuple(("예시군, 해안 다리 37곳 ‘상시 점검’ 들어간다! " * 2, f"https://example.com/{n}") for n in range(30))
    message = made(item("가"))
    whole = Message(
        **{name: getattr(message, name) for name in message.__slots__} | {"sections": (Section("정치", lines),)}
    )
    fits(whole)


def fits(message: Message) -> None:
    """Both strict stand-ins take it, as a message and as an edit."""
    telegram, slack = TelegramDialect().render(message), SlackDialect().render(message)
    seen = check_send({"chat_id": 1, **telegram.payload})
    assert not seen.warnings
    check_edit({"chat_id": 1, "message_id": 1, **edit_of(telegram)[1]})
    check_post({"channel": "C0NEWS", **slack.payload})
    assert len(slack.payload["text"]) <= 4000  # chat.update takes no longer one
