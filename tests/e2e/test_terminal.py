"""The terminal's commands with --json, while `run` is up and while nothing runs: the same answers, exact keys."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pytest

from tests.cast import until
from tests.e2e.house import Done, House

SUBSCRIBER = [
    *("address", "topics", "urgency", "keywords", "language", "state", "since", "without", "least", "sources"),
    *("zone", "quiet", "passes", "digests", "gather", "cap", "form", "sound", "muted"),
]
STORY = [
    *("id", "article", "kind", "revision", "urgency", "headline", "url", "state", "reason", "accepted_at", "audience"),
    *("pending", "sending", "sent", "dead", "skipped", "cancelled", "doubt"),
]
PLATFORM = {"on", "rate", "used", "frozen_s", "queued", "doubt", "paused", "workers"}
PLATFORM |= {"cap", "barrier", "open", "oldest", "oldest_doubt", "ready", "idle_s"}

OLD = "---\ntitle: '[속보] 예시군 옛 소식'\nexcerpt: 예시군이 옛 소식을 냈다.\ncategories: 정치\n---\n본문이다.\n"


@pytest.fixture(params=["up", pytest.param("down", marks=pytest.mark.slow)])
async def lived_in(request: pytest.FixtureRequest, house: House) -> House:
    """A house whose Redis knows its site, with `run` up in it or not."""
    (house.site / "_posts" / "2026-01-05-old.md").write_text(OLD, "utf-8")
    proc = await (await house.run()).watching()
    if request.param == "down":
        assert await proc.stops() == 0
    return house


def fine(done: Done) -> Done:
    """The command, which went well and said nothing beside its JSON."""
    assert (done.code, done.err) == (0, ""), done
    return done


def refused(done: Done, code: int, *words: str) -> None:
    """One line, this exit code, no JSON."""
    assert (done.code, done.out) == (code, ""), done
    assert done.err.startswith("newsbot: "), done
    assert done.err.count("\n") == 1, done
    assert all(word in done.err for word in words), done


@pytest.mark.slow
async def test_subscribers_are_added_listed_shown_and_stopped(lived_in: House) -> None:
    does = lived_in.does
    added = fine(await does("subscribers", "add", "telegram:1001", "slack:C0NEWS", "--topics", "정치,world", "--json"))
    assert [list(row) for row in added.rows] == [SUBSCRIBER, SUBSCRIBER]
    assert added.rows[0]["topics"] == ["politics", "world"]
    questions = (("show", "telegram:1001", "--json"), ("list", "--json"))
    shown, listed = await asyncio.gather(*(does("subscribers", *words) for words in questions))
    assert fine(shown).row == added.rows[0]
    assert fine(listed).rows == added.rows
    removed = fine(await does("subscribers", "remove", "slack:C0NEWS", "telegram:77", "--json")).rows
    assert removed == [{"address": "slack:C0NEWS", "stopped": True}, {"address": "telegram:77", "stopped": False}]
    states = [row["state"] for row in fine(await does("subscribers", "--json")).rows]
    assert states == ["active", "stopped"]
    wrong = (("add", "telegram:5", "fax:1"), ("add", "telegram:5", "--topics", "cheese"), ("show", "telegram:5"))
    fax, cheese, nobody = await asyncio.gather(*(does("subscribers", *words) for words in wrong))
    refused(fax, 2, "fax")
    refused(cheese, 2, "cheese")
    refused(nobody, 1, "telegram:5")  # all or none: the first two added nobody


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_what_is_exported_can_be_imported_and_bad_rows_are_named_by_line(house: House, ending: str) -> None:
    good = [{"address": f"telegram:{n}", "topics": ["politics"], "urgency": "breaking"} for n in (11, 12, 13)]
    source = house.folder / f"readers.{ending}"
    if ending == "csv":
        rows = ["address,topics,urgency", *(f"{row['address']},politics,breaking" for row in good)]
        rows[2:2] = ["telegram:x,politics,breaking", "telegram:14,politics,loud"]
    else:
        rows = ["", *(json.dumps(row) for row in good)]
        rows[2:2] = ["{broken", '{"address": "telegram:14", "urgency": "loud"}']
    source.write_text("\n".join(rows) + "\n", "utf-8")
    done = await house.does("subscribers", "import", source.name, "--json")
    assert (done.code, done.row) == (1, {"imported": 3, "bad": 2})
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [f"{source.name}:3", f"{source.name}:4"]
    target = f"out.{ending}"
    assert fine(await house.does("subscribers", "export", target, "--json")).row == {"exported": 3}
    assert exported(house.folder / target) == [row["address"] for row in good]
    again = await house.does("subscribers", "import", target, "--json", NEWSBOT_DATA__FOLDER="other")
    assert fine(again).row == {"imported": 3, "bad": 0}
    refused(await house.does("subscribers", "import", "nowhere.csv"), 2, "nowhere.csv")


def exported(path: Path) -> list[str]:
    """The addresses in an exported file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file) if path.suffix == ".csv" else [json.loads(line) for line in file]
        return [row["address"] for row in rows]


@pytest.mark.slow
async def test_an_old_post_is_pushed_by_file_and_told_of_by_stories_why_and_alerts(lived_in: House) -> None:
    does = lived_in.does
    await does("subscribers", "add", "telegram:-200", "slack:C0NEWS")
    path = "site/_posts/2026-01-05-old.md"
    asked = fine(await does("push", path, "--json")).row
    assert (asked["pushed"], asked["state"], asked["reason"]) == (False, "held", "editor")
    assert set(asked["messages"]) == {"telegram", "slack"}
    held = fine(await does("stories", "--held", "--json")).row
    assert list(held) == STORY
    assert (held["id"], held["state"], held["urgency"]) == (asked["id"], "held", "breaking")
    push = ("push", held["id"], "--yes", "--json", "--as")
    olu, zoe = await asyncio.gather(does(*push, "Olu"), does(*push, "Zoe"))
    refused(olu, 1, "Olu", "editor")
    refused(zoe, 2, "Zoe")
    pushed = fine(await does("push", held["id"].lower(), "--yes", "--json", "--as", "Ed")).row
    up = any(proc.running for proc in lived_in.procs)
    assert pushed["pushed"] is True
    # Two chats may have it before the terminal looks.
    assert pushed["state"] in (("open", "done") if up else ("open",))
    if not up:
        await lived_in.run()
    await until(lambda: len(lived_in.seen("예시군 옛 소식")) == 2, "it arrives in both", 20)
    shown = fine(await does("stories", "show", held["id"], "--json")).row
    assert list(shown) == [*STORY, "reasons", "platforms"]
    assert (shown["state"], shown["audience"], shown["sent"]) == ("done", 2, 2)
    assert [row["id"] for row in fine(await does("alerts", "--json", "--as", "Eve")).rows] == [held["id"]]
    asked_of = (does("why", held["id"], address, "--json") for address in ("telegram:-200", "telegram:4"))
    got, never = await asyncio.gather(*asked_of)
    why = fine(got).row
    assert list(why) == ["state", "reason", "ref", "at"]
    assert (why["state"], why["ref"]) == ("sent", lived_in.seen("예시군 옛 소식", "telegram")[0].message_id)
    assert fine(never).row["reason"] == "not a subscriber"
    again, unknown = await asyncio.gather(does("push", shown["url"], "--yes"), does("stories", "show", "AAAAA"))
    refused(again, 1, held["id"])
    refused(unknown, 1, "AAAAA")


async def test_status_has_the_keys_others_read(lived_in: House) -> None:
    row = fine(await lived_in.does("status", "--json", "--as", "Olu")).row
    up = any(proc.running for proc in lived_in.procs)
    assert {platform["workers"] for platform in row["platforms"].values()} == {1 if up else 0}
    assert ("no worker is running" in fine(await lived_in.does("status")).out) is not up
    assert list(row) == ["version", "install", "redis", "platforms", "sources", "stories"]
    assert row["redis"] == {"ok": True, "version": row["redis"]["version"], "warnings": []}
    assert {name: set(facts) for name, facts in row["platforms"].items()} == {"telegram": PLATFORM, "slack": PLATFORM}
    (source,) = row["sources"]
    assert list(source) == ["name", "kind", "ok", "last_seen", "error"]
    assert (source["kind"], source["ok"]) == ("jekyll", True)
    assert row["stories"] == {"open": 0, "held": 0}
    refused(await lived_in.does("status", "--json", "--as", "Ed"), 1, "Ed", "on-call")


@pytest.mark.slow
async def test_pause_cancel_and_resume_stop_and_go_on(lived_in: House) -> None:
    does = lived_in.does
    await does("subscribers", "add", "telegram:-200", "slack:C0NEWS")
    refused(await does("pause", "--as", "Ed"), 1, "on-call")
    assert fine(await does("pause", "--json", "--as", "Olu")).row == {"paused": True}
    assert fine(await does("status", "--json")).row["platforms"]["telegram"]["paused"] == "Olu"
    story = fine(await does("push", "site/_posts/2026-01-05-old.md", "--yes", "--json")).row
    nobody, eve = await asyncio.gather(does("cancel", "ZZZZZ", "--json"), does("cancel", story["id"], "--as", "Eve"))
    refused(nobody, 1, "ZZZZZ")
    refused(eve, 1, "on-call")
    cancelled = fine(await does("cancel", story["id"], "--json", "--as", "Olu")).row
    account = {"id": story["id"], "sent": 0, "sending": 0, "cancelled": 2, "doubt": 0}
    assert {name: cancelled[name] for name in account} == account
    assert fine(await does("resume", "--json")).row == {"paused": False, "was_paused": True}
    assert fine(await does("resume", "--json")).row == {"paused": False, "was_paused": False}
    assert not lived_in.seen("예시군 옛 소식")


@pytest.mark.slow
async def test_a_push_needs_every_token_the_running_newsbot_has_a_pause_needs_none(house: House) -> None:
    none: dict[str, str | None] = {"TELEGRAM_BOT_TOKEN": None, "SLACK_BOT_TOKEN": None}
    refused(await house.does("push", "K7F3M", "--yes", **none), 2, "no platform has a token")
    await (await house.run()).watching()
    refused(await house.does("push", "K7F3M", "--yes", SLACK_BOT_TOKEN=None), 2, "also serves slack")
    fine(await house.does("pause", "--json", **none))
    status = fine(await house.does("status", "--json")).row
    assert all(platform["paused"] for platform in status["platforms"].values())


@pytest.mark.slow
async def test_redis_away_is_one_line_and_status_says_it_in_json_too(house: House) -> None:
    refused(await house.does("stories", REDIS_URL="redis://127.0.0.1:1/0"), 1, "redis")
    done = await house.does("status", "--json", REDIS_URL="redis://127.0.0.1:1/0")
    assert (done.code, done.row["redis"]["ok"], done.err.count("\n")) == (1, False, 1)
