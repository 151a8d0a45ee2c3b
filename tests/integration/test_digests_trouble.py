"""A story that was put off comes exactly once, whoever dies, sleeps or sees another clock meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from newsbot.core.model import Article, Choices, Slot, Urgency
from newsbot.flows.digests import REACH
from newsbot.store import keys
from newsbot.store.audiences import RedisAudiences
from newsbot.store.ledger import RedisLedger
from newsbot.store.stories import RedisStories
from tests.integration.digest_kit import BOTS, GATHERED, NIGHT, Killed, Mortal, Room

BOT = BOTS[0]
PLAIN = Choices()


DEEDS = [("stories", "accept"), ("audiences", "tick"), ("audiences", "shut"), ("audiences", "keep_digest")]
DEEDS += [("ledger", "plan"), ("stories", "done"), ("stories", "article"), ("audiences", "waits")]


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(("port", "deed"), DEEDS)
async def test_whoever_dies_at_any_step_neither_loses_nor_doubles(
    room: Room, port: str, deed: str, before: bool
) -> None:
    await room.reader("gathers")
    await room.reader("muted", Choices(muted=int(room.now) + 5460))
    await room.reader("anew")
    await room.tells("AAAAA")
    await room.changes("anew", replace(GATHERED, digests=(Slot(18 * 60 + 30),)))
    await room.until("18:30")
    killed = room.hire("killed", {port: lambda found: Mortal(found, deed, before=before)})
    room.clock.passes(70)
    with pytest.raises(Killed):
        await killed.round()
    room.clock.passes(60)
    await room.tells("BBBBB")
    await room.changes("gathers", replace(GATHERED, digests=(Slot(19 * 60),)))
    await room.until("19:10")
    await room.until("19:10", step=3600)
    for bot in BOTS:
        assert Counter(room.lines("gathers", bot)) == {"AAAAA": 1, "BBBBB": 1}
        assert Counter(room.lines("anew", bot)) == {"AAAAA": 1, "BBBBB": 1}
        assert room.lines("muted", bot) == ["AAAAA"]
        assert [came for came in room.came("muted", bot) if came[0] != "digest"] == [("BBBBB",)]


async def test_side_by_side_they_make_one_digest(room: Room) -> None:
    names = [f"r{number}" for number in range(9)]
    for number, name in enumerate(names):
        await room.reader(name, replace(GATHERED, digests=(Slot(18 * 60 + number % 3),)))
    await room.tells("AAAAA")
    offices = [room.hire() for _ in range(4)]
    await room.until("18:29")
    for _ in range(12):
        room.clock.passes(25)
        await asyncio.gather(*(office.round() for office in offices))
    for bot in BOTS:
        assert {name: room.came(name, bot) for name in names} == {name: [("digest", "AAAAA")] for name in names}


@pytest.mark.parametrize("deed", ["accept", "stories", "split"])
async def test_who_sleeps_in_the_middle_and_wakes_when_others_went_on_doubles_nothing(room: Room, deed: str) -> None:
    """A process that was stopped for minutes, between any two steps."""
    await room.reader("anew", replace(GATHERED, digests=(Slot(18 * 60 + 2),)))
    await room.reader("gathers", replace(GATHERED, digests=(Slot(18 * 60 + 4),)))
    await room.reader("always", replace(GATHERED, digests=tuple(Slot(18 * 60 + minute) for minute in (1, 5, 6))))
    await room.tells("AAAAA")
    awake = asyncio.Event()

    class Sleepy(Mortal):
        def __getattr__(self, name: str) -> Any:
            found = getattr(self._port, name)

            async def slow(*how: Any) -> Any:
                await awake.wait()
                return await found(*how)

            return slow if name == self._deed else found

    mortal = {"accept": ("stories", "accept"), "stories": ("audiences", "tick"), "split": ("audiences", "keep_digest")}
    port, name = mortal[deed]
    await room.until("18:00")
    room.clock.passes(185)
    sleeper = asyncio.create_task(room.hire("sleepy", {port: lambda found: Sleepy(found, name)}).round())
    for _ in range(20):
        await asyncio.sleep(0.005)
    await room.until("18:20", step=60)
    await room.tells("BBBBB")
    awake.set()
    await sleeper
    await room.until("18:40", step=60)
    await room.until("18:40", step=3600)
    for bot in BOTS:
        for chat in ("anew", "gathers", "always"):
            assert Counter(room.lines(chat, bot)) == {"AAAAA": 1, "BBBBB": 1}, chat


async def test_where_it_is_forgotten_that_a_digest_was_made_it_is_not_made_twice(room: Room) -> None:
    """A cluster's other master, which has the stories, lost its last writes."""
    for chat, minute in (("first", 1), ("then", 3)):
        await room.reader(chat, replace(GATHERED, digests=(Slot(18 * 60 + minute),)))
    await room.tells("AAAAA")
    await room.until("18:00")
    room.clock.passes(10)
    await room.office.round()
    before = await room.audiences.digested()
    room.clock.passes(60)
    await room.office.round()
    assert room.came("first") == [("digest", "AAAAA")]
    await room.clock.call("SET", keys.DIGESTED, before)
    await room.clock.call("HDEL", keys.KNOWN, f"digest:{before:.0f}")
    await room.clock.call("DEL", keys.article(f"digest:{before:.0f}"))
    await room.until("18:20")
    for bot in BOTS:
        assert room.came("first", bot) == room.came("then", bot) == [("digest", "AAAAA")]


async def test_a_clock_that_is_put_back_loses_and_doubles_nothing(room: Room) -> None:
    await room.reader("hourly", replace(GATHERED, digests=tuple(Slot(hour * 60) for hour in range(24))))
    await room.tells("AAAAA")
    await room.until("18:10")
    await room.tells("BBBBB")
    room.clock.passes(-1500)
    await room.tells("CCCCC")
    await room.until("18:05")
    await room.tells("DDDDD")
    await room.until("21:00")
    assert Counter(room.lines("hourly")) == dict.fromkeys(("AAAAA", "BBBBB", "CCCCC", "DDDDD"), 1)


async def test_a_clock_that_was_far_ahead_is_forgotten(room: Room) -> None:
    await room.reader("gathers")
    room.clock.passes(REACH * 3)
    await room.office.round()
    room.clock.passes(-REACH * 3)
    await room.office.round()
    await room.tells("AAAAA")
    await room.until("19:00")
    assert room.came("gathers") == [("digest", "AAAAA")]


async def test_no_trouble_with_one_platforms_digest_holds_up_the_others_alerts(room: Room) -> None:
    """Alerts that are owed are planned before digests that are."""
    await room.reader("gathers")
    await room.reader("plain", PLAIN)
    await room.tells("AAAAA")
    await room.until("18:30")
    room.clock.passes(70)
    await room.office.digests.once()
    story = await room.stories.get("AAAAA")
    assert story is not None
    await room.stories.accept(
        *(Article(id="/b", source="site", title="b"), story.model_copy(update={"id": "BBBBB"})), BOTS
    )

    def dies(ledger: object) -> Mortal:
        return Mortal(ledger, "nothing")

    broken = room.hire("broken", {"ledger": dies, "audiences": lambda found: Mortal(found, "shut", before=True)})
    with pytest.raises(Killed):
        await broken.plan.owed()
    await room.office.send()
    assert room.came("plain") == [("AAAAA",), ("BBBBB",)]


def some_choices(dice: random.Random) -> Choices:
    """Of a reader who sometimes has digests, sometimes sleeps, sometimes both."""
    times = {Slot(dice.choice((450, 480, 600, 1110, 1111, 1320))) for _ in range(dice.randrange(1, 4))}
    quiet = NIGHT if dice.random() < 0.5 else None
    zone = dice.choice(("", "", "Asia/Tokyo", "America/New_York", "Europe/London"))
    cap = dice.choice((0, 0, 1, 3))
    return Choices(zone=zone, quiet=quiet, digests=tuple(sorted(times)), gather=dice.random() < 0.6, cap=cap)


class Days:
    """Days in which anything may happen."""

    def __init__(self, room: Room, seed: int) -> None:
        self.room, self.dice, self.told = room, random.Random(seed), list[str]()
        self.chats = [str(number) for number in range(8)]
        self.offices = [room.office, room.hire()]

    async def something(self) -> None:
        """One thing, of the ones that happen."""
        room, dice = self.room, self.dice
        match dice.randrange(9):
            case 0 | 1 | 2:
                self.told.append(f"A{len(self.told):04}")
                await room.tells(self.told[-1], dice.choice((*[Urgency.NORMAL] * 4, Urgency.BREAKING, Urgency.FLASH)))
            case 3 | 4:
                await room.changes(dice.choice(self.chats), some_choices(dice))
            case 5:
                muted = replace(some_choices(dice), muted=int(room.now) + dice.randrange(60, 20_000))
                await room.changes(dice.choice(self.chats), muted)
            case 6:
                await self.somebody_dies()
            case 7:
                await asyncio.gather(*(office.round() for office in self.offices))
            case _:
                room.clock.passes(dice.choice((100, 4000, 30_000)))

    async def somebody_dies(self) -> None:
        """A process, at any step."""
        (port, deed), before = self.dice.choice(DEEDS), self.dice.random() < 0.5
        with contextlib.suppress(Killed):
            await self.room.hire(mortal={port: lambda found: Mortal(found, deed, before=before)}).round()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_days_of_chance(room: Room, seed: int) -> None:
    """Every story comes to every reader exactly once, at once or in a digest, whoever changes, sleeps, dies or is away."""
    days = Days(room, seed)
    for chat in days.chats:
        await room.reader(chat, some_choices(days.dice))
    for _ in range(120):
        room.clock.passes(days.dice.choice((1, 30, 61, 900, 1700)))
        await days.something()
        await room.office.round()
    for chat in days.chats:
        await room.changes(chat, replace(GATHERED, digests=(Slot(days.dice.choice((480, 1110))),)))
    await room.passes(150_000, step=2500)
    for bot in BOTS:
        for chat in days.chats:
            alerts = [came[0] for came in room.came(chat, bot) if came[0] != "digest"]
            assert Counter([*alerts, *room.lines(chat, bot)]) == dict.fromkeys(days.told, 1), (bot, chat)


def test_every_deed_that_can_be_killed_is_one() -> None:
    ports: Mapping[str, type] = {
        "stories": RedisStories,
        "audiences": RedisAudiences,
        "ledger": RedisLedger,
    }
    assert all(hasattr(ports[port], deed) for port, deed in DEEDS)
