"""What was put off comes in exactly one digest, to each reader its own: whatever dies, sleeps or is chosen anew meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Choices, Gone, Outcome, Sent, Slot, Urgency
from newsbot.flows.contents import FRESH
from newsbot.store import keys
from tests.integration.digest_kit import BOTS, GATHERED, NIGHT, TWICE, Room

BOT = BOTS[0]
PLAIN = Choices()


@pytest.mark.parametrize("bot", BOTS)
async def test_what_was_put_off_comes_once_to_each_reader_with_its_own_lines(room: Room, bot: str) -> None:
    await room.reader("plain", PLAIN)
    await room.reader("gathers")
    await room.reader("sports", GATHERED, topics=frozenset({"sports"}))
    await room.reader("sleeps", Choices(quiet=NIGHT))
    await room.reader("muted", Choices(muted=int(room.now) + 7 * 3600))
    await room.reader("capped", Choices(cap=1, digests=TWICE))
    await room.tells("AAAAA", topics=("sports",))
    await room.tells("BBBBB", topics=("economy",))
    await room.until("18:00")
    await room.tells("CCCCC", Urgency.BREAKING, topics=("economy",))
    await room.until("23:30")
    await room.tells("DDDDD", Urgency.BREAKING, topics=("sports",))
    await room.tells("EEEEE", Urgency.FLASH, topics=("economy",))
    await room.until("17:00")
    alerts = [("AAAAA",), ("BBBBB",), ("CCCCC",), ("DDDDD",), ("EEEEE",)]
    assert room.came("plain", bot) == alerts
    assert [came[0] for came in room.came("gathers", bot)] == ["CCCCC", "digest", "DDDDD", "EEEEE"]
    assert sorted(room.came("gathers", bot)[1][1:]) == ["AAAAA", "BBBBB"]
    assert room.came("sports", bot) == [("digest", "AAAAA"), ("DDDDD",)]
    assert room.came("sleeps", bot) == [*alerts[:3], ("EEEEE",), ("digest", "DDDDD")]
    assert room.came("muted", bot) == [("digest", "EEEEE", "DDDDD", "CCCCC", *room.came("muted", bot)[0][4:])]
    assert sorted(room.lines("muted", bot)) == [name for (name,) in alerts]
    assert room.came("capped", bot) == [("AAAAA",), ("CCCCC",), ("digest", "BBBBB"), ("DDDDD",), ("EEEEE",)]


@pytest.mark.slow
async def test_a_digest_comes_within_seconds_of_its_time(room: Room) -> None:
    await room.reader("gathers")
    await room.reader("sleeps", Choices(quiet=NIGHT))
    await room.reader("early", replace(GATHERED, digests=(Slot(17 * 60 + 25),)))
    await room.tells("AAAAA")
    await room.until("18:40", step=10)
    await room.until("01:00")
    await room.tells("BBBBB")
    await room.until("06:59")
    await room.until("07:02", step=10)
    assert room.when("early") == ["17:25"]
    assert room.when("gathers") == ["18:30"]
    assert room.when("sleeps") == ["17:00", "07:00"]


async def test_a_digest_with_nothing_in_it_is_not_sent(room: Room) -> None:
    await room.reader("gathers")
    await room.reader("sports", GATHERED, topics=frozenset({"sports"}))
    await room.tells("AAAAA", topics=("economy",))
    await room.until("09:00")
    assert room.came("gathers") == [("digest", "AAAAA")]
    assert room.came("sports") == []
    made = [name for name, _ in await room.audiences.made(BOT)]
    assert [tally.audience for name in made if (tally := await room.ledger.tally(BOT, name))] == [0, 1]


async def test_what_only_waited_for_the_digest_is_left_out_where_nobody_wants_it_any_more(room: Room) -> None:
    """What quiet hours put off was wanted when it came, and is told."""
    await room.reader("gathers")
    await room.tells("AAAAA", topics=("economy",))
    await room.tells("BBBBB", topics=("sports",))
    await room.reader("gathers", topics=frozenset({"sports"}))
    await room.until("18:40")
    assert room.came("gathers") == [("digest", "BBBBB")]
    await room.reader("gathers", replace(GATHERED, quiet=NIGHT))
    await room.until("23:30")
    await room.tells("CCCCC", Urgency.BREAKING, topics=("economy",))
    await room.reader("gathers", replace(GATHERED, quiet=NIGHT), topics=frozenset({"sports"}))
    await room.until("09:00")
    assert room.came("gathers")[1:] == [("digest", "CCCCC")]


@pytest.mark.parametrize("bot", BOTS)
async def test_who_muted_a_story_that_waits_is_not_told_it_nor_what_continues_it(room: Room, bot: str) -> None:
    await room.reader("gathers")
    await room.reader("other")
    await room.tells("AAAAA")
    await room.tells("BBBBB", parent="AAAAA")
    await room.tells("CCCCC")
    await room.audiences.hush(bot, "AAAAA", 0)
    await room.until("18:40")
    assert room.came("gathers", bot) == [("digest", "CCCCC")]
    assert sorted(room.lines("other", bot)) == ["AAAAA", "BBBBB", "CCCCC"]


@pytest.mark.parametrize("bot", BOTS)
async def test_a_word_that_is_not_wanted_any_more_takes_its_stories_out_of_the_digest(room: Room, bot: str) -> None:
    await room.reader("gathers")
    await room.tells("AAAAA", excerpt="예시군 선거 소식")
    await room.tells("BBBBB", excerpt="예시군 날씨 소식")
    await room.reader("gathers", replace(GATHERED, without=frozenset({"선거"})))
    await room.until("18:40")
    assert room.came("gathers", bot) == [("digest", "BBBBB")]


async def test_what_mattered_comes_first_and_then_what_is_newer(room: Room) -> None:
    await room.reader("muted", Choices(muted=int(room.now) + 600))
    told = (("AAAAA", Urgency.BREAKING), ("BBBBB", Urgency.FLASH), ("CCCCC", Urgency.NORMAL), ("DDDDD", Urgency.NORMAL))
    for name, urgency in told:
        await room.tells(name, urgency)
        room.clock.passes(60)
    await room.until("18:00")
    assert room.came("muted") == [("digest", "BBBBB", "AAAAA", "DDDDD", "CCCCC")]


async def test_where_nobody_is_due_no_digest_is_made(room: Room) -> None:
    await room.reader("plain", PLAIN)
    await room.tells("AAAAA")
    await room.until("16:00")
    assert await room.audiences.made(BOT) == []
    assert [story.id for story in await room.stories.recent(9)] == ["AAAAA"]
    assert (await room.audiences.digested() or 0) >= room.now - 70


async def test_after_an_outage_over_several_times_one_digest_comes(room: Room) -> None:
    await room.reader("gathers")
    await room.reader("hourly", replace(GATHERED, digests=tuple(Slot(hour * 60) for hour in range(24))))
    await room.tells("AAAAA")
    await room.until("20:00")
    await room.tells("BBBBB")
    await room.until("08:15", rounds=False)
    await room.until("19:00", rounds=False)
    await room.tells("CCCCC")
    await room.office.round()
    assert room.came("gathers") == [("digest", "AAAAA"), ("digest", "BBBBB")]
    assert room.came("hourly") == [("digest", "AAAAA"), ("digest", "BBBBB")], "C was told after the last hour"
    await room.until("21:00")
    await room.until("09:00")
    assert room.came("gathers")[2:] == room.came("hourly")[2:] == [("digest", "CCCCC")]


async def test_the_words_of_a_digest_are_those_of_its_hour(room: Room) -> None:
    """Corrected before: told as it is. Withdrawn before: said to be, without its words. Stopped before: not at all."""
    await room.reader("gathers")
    for name in ("AAAAA", "BBBBB", "CCCCC", "DDDDD"):
        await room.tells(name)
        room.clock.passes(60)
    await room.becomes("AAAAA", headline="고친 소식")
    await room.becomes("BBBBB", kind="retraction")
    await room.becomes("CCCCC", dropped="Ed")
    await room.until("18:40")
    (message,) = [message for _, _, message in room.platforms[BOT].came]
    told = {story.id: story for story in message.payload["stories"]}
    assert sorted(told) == ["AAAAA", "BBBBB", "DDDDD"]
    plain = bootstrap.plain(bootstrap.read_settings({"NEWSBOT_SITE__URL": "https://news.example.kr"}))
    digest = await room.stories.get((await room.audiences.made(BOT))[0][0])
    assert digest is not None
    text = str(plain.digest(digest, list(told.values()), BOT, "ko", "evening").payload)
    assert "고친 소식" in text
    assert "소식 AAAAA" not in text
    assert "소식 BBBBB" not in text
    assert "소식 DDDDD" in text
    assert "철회" in text or "취소" in text


async def test_what_is_withdrawn_while_a_digest_is_being_sent_is_told_so_to_the_rest(room: Room) -> None:
    await room.reader("first")
    await room.reader("second")
    await room.tells("AAAAA")
    room.platforms[BOT].answer = lambda to: Sent(1) if to.chat == "first" else _later()
    await room.until("18:40")
    await room.becomes("AAAAA", kind="retraction")
    room.platforms[BOT].answer = lambda to: Sent(1)
    await room.passes(FRESH + 3600)
    kinds = {to: message.payload["stories"][0].kind for to, _, message in room.platforms[BOT].came}
    assert kinds == {"first": "alert", "second": "retraction"}


def _later() -> Outcome:
    from newsbot.core.model import Later

    return Later(5.0, "busy")


async def test_morning_and_evening_are_the_readers_own(room: Room) -> None:
    for chat, zone in (("seoul", ""), ("york", "America/New_York"), ("london", "Europe/London")):
        await room.reader(chat, Choices(zone=zone, digests=(Slot(8 * 60),), gather=True))
    await room.reader("late", Choices(digests=(Slot(12 * 60),), gather=True))
    await room.tells("AAAAA")
    await room.until("16:00")
    await room.until("10:00")
    slots = {to: message.payload["slot"] for to, _, message in room.platforms[BOT].came}
    assert slots == {"seoul": "morning", "york": "morning", "london": "morning", "late": "evening"}


@pytest.mark.slow
async def test_a_weekly_digest_holds_the_week(room: Room) -> None:
    await room.reader("weekly", replace(GATHERED, digests=(Slot(9 * 60, 0),)))
    names = [f"A{number:04}" for number in range(14)]
    for name in names[:7]:
        await room.tells(name)
        await room.passes(12 * 3600, step=3600)
    await room.until("10:00", step=3600)
    first = room.lines("weekly")
    for name in names[7:]:
        await room.tells(name)
        await room.passes(24 * 3600, step=3600)
    await room.passes(86400 * 2, step=3600)
    assert 0 < len(first) < len(room.lines("weekly"))
    assert len(room.came("weekly")) == 2
    assert sorted(room.lines("weekly")) == names[: len(room.lines("weekly"))]
    assert len(room.lines("weekly")) >= 12


@pytest.mark.parametrize("anew", ["07:40", "08:00", "08:20", "18:31", "20:00"])
@pytest.mark.parametrize("at", ["07:59", "08:00", "08:01", "12:00"])
async def test_who_changes_its_times_gets_everything_once(room: Room, at: str, anew: str) -> None:
    await room.until("06:00", rounds=False)
    await room.reader("1")
    await room.tells("AAAAA")
    await room.until("07:55")
    await room.tells("BBBBB")
    await room.until(at, step=30 if at < "09" else 900)
    await room.tells("CCCCC")
    await room.changes("1", replace(GATHERED, digests=(Slot.parse(anew),)))
    await room.tells("DDDDD")
    await room.until("18:45")
    await room.tells("EEEEE")
    await room.changes("1", GATHERED)
    await room.until("20:30", step=1800)
    await room.until("20:30", step=3600)
    names = ("AAAAA", "BBBBB", "CCCCC", "DDDDD", "EEEEE")
    assert Counter(room.lines("1")) == dict.fromkeys(names, 1)
    assert await room.audiences.starts(BOT) == {}


async def test_who_mutes_unmutes_stops_and_is_erased(room: Room) -> None:
    for chat in ("mutes", "unmutes", "stops", "erased", "twice"):
        await room.reader(chat)
    await room.tells("AAAAA")
    await room.until("18:00")
    await room.changes("mutes", replace(GATHERED, muted=int(room.now) + 3600))
    await room.changes("twice", replace(GATHERED, muted=int(room.now) + 600))
    await room.changes("unmutes", replace(GATHERED, muted=int(room.now) + 86400))
    await room.until("18:05")
    await room.tells("BBBBB", Urgency.BREAKING)
    await room.changes("unmutes", GATHERED)
    await room.changes("twice", replace(GATHERED, muted=int(room.now) + 7200))
    for bot in BOTS:
        await room.subscribers.set_state(Address(bot, "stops"), "stopped")
        await room.subscribers.erase(Address(bot, "erased"))
    await room.until("18:45")
    assert room.came("unmutes") == [("digest", "BBBBB", "AAAAA")]
    assert room.came("mutes") == room.came("twice") == []
    await room.until("19:10")
    assert room.came("mutes") == [("digest", "BBBBB", "AAAAA")]
    await room.tells("CCCCC")
    await room.until("20:30")
    assert room.came("twice")[0][0:2] == ("digest", "BBBBB")
    assert len(room.came("mutes")) == 1, "the next one comes at its time"
    await room.until("18:00")
    assert room.lines("mutes") == ["BBBBB", "AAAAA", "CCCCC"]
    assert sorted(room.lines("twice")) == ["AAAAA", "BBBBB", "CCCCC"]
    assert room.came("stops") == [("BBBBB",)]
    assert room.came("erased") == [("BBBBB",)]


async def test_a_mute_that_ends_while_nobody_works_ends_with_a_digest(room: Room) -> None:
    await room.reader("muted", Choices(muted=int(room.now) + 600))
    await room.tells("AAAAA")
    room.clock.passes(86400)
    await room.office.round()
    assert room.came("muted") == [("digest", "AAAAA")]
    await room.tells("BBBBB")
    await room.until("20:00")
    assert room.came("muted") == [("digest", "AAAAA"), ("BBBBB",)]


@pytest.mark.parametrize("lost", ["before", "with the digest"])
@pytest.mark.slow
async def test_what_a_chat_missed_without_rights_comes_with_the_next_digest(room: Room, lost: str) -> None:
    await room.reader("gone")
    await room.reader("there")
    await room.tells("AAAAA")
    await room.until("18:40")
    await room.tells("BBBBB")
    await room.until("07:00", step=1800)
    room.platforms[BOT].answer = lambda to: Gone("no rights", "quarantined") if to.chat == "gone" else Sent(1)
    if lost == "before":
        await room.tells("CCCCC", Urgency.BREAKING)
    await room.until("10:00")
    assert (await room.subscribers.get(Address(BOT, "gone"))).state == "quarantined"  # type: ignore[union-attr]
    room.platforms[BOT].answer = lambda to: Sent(1)
    await room.tells("DDDDD")
    await room.subscribers.set_state(Address(BOT, "gone"), "active", "quarantined")
    await room.tells("EEEEE")
    await room.until("09:00")
    assert sorted(room.lines("there")) == ["AAAAA", "BBBBB", "DDDDD", "EEEEE"]
    assert room.came("gone")[-1] == ("digest", "EEEEE", "BBBBB")
    await room.until("09:00")
    assert room.lines("gone") == ["AAAAA", "EEEEE", "BBBBB"], "and with no other one"


async def test_a_mute_that_ended_while_the_chat_was_without_rights_ends_when_it_is_back(room: Room) -> None:
    await room.reader("muted", Choices(muted=int(room.now) + 600))
    await room.reader("gathers")
    await room.tells("AAAAA")
    await room.subscribers.set_state(Address(BOT, "muted"), "quarantined")
    await room.until("20:00")
    assert room.came("muted") == []
    await room.subscribers.set_state(Address(BOT, "muted"), "active")
    await room.passes(600)
    assert room.came("muted") == [("digest", "AAAAA")]


async def test_of_one_digest_the_ledger_says_who_got_it(room: Room) -> None:
    await room.reader("gathers")
    await room.reader("sports", GATHERED, topics=frozenset({"sports"}))
    await room.tells("AAAAA", topics=("economy",))
    await room.until("18:40")
    ((digest, _),) = await room.audiences.made(BOT)
    tally = await room.ledger.tally(BOT, digest)
    assert tally is not None
    assert (tally.audience, tally.sent, tally.state) == (1, 1, "done")
    first = await room.ledger.tally(BOT, "AAAAA")
    assert first is not None
    assert (first.audience, first.skipped, dict(first.reasons)) == (1, 1, {"for the digest: digest": 1})
    assert await room.clock.call("HLEN", keys.TODO) == 0
