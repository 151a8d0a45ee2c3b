"""Who gets a story now, quietly or in a digest, as the store keeps it: frozen once, counted by day, told by reason."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

import pytest

from newsbot.core import columns
from newsbot.core.audience import Split
from newsbot.core.columns import members
from newsbot.core.model import Address, Choices, Subscriber
from newsbot.store import keys
from newsbot.store.archive import RedisArchive
from newsbot.store.audiences import RedisAudiences
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, START, SetClock, Work, crowd, story

NOW = START / 1e6
SIZE = 3
HOME = keys.bot(BOT)
DAY = 86400.0


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock, guarded=False)


@pytest.fixture
def audiences(clock: SetClock) -> RedisAudiences:
    return RedisAudiences(clock)


def bits(*indexes: int, size: int = SIZE) -> int:
    return columns.bitmap(indexes, size)


def some(now: Iterable[int], quietly: Iterable[int] = (), at: float = NOW, **later: Iterable[int]) -> Split:
    return Split(bits(*now), bits(*quietly), {why.replace("_", " "): bits(*who) for why, who in later.items()}, at)


async def planned(ledger: RedisLedger, split: Split, name: str = "AAAAA", **how: object) -> int:
    return await ledger.plan(story(name).model_copy(update=how), BOT, 4, NOW, split, SIZE)


async def everything(redis: Redis) -> dict[bytes, bytes]:
    names = sorted(await redis.call("KEYS", "*"))
    return dict(zip(names, await redis.pipeline([["DUMP", name] for name in names]), strict=True))


async def test_who_gets_it_now_quietly_and_later_is_told_apart(clock: SetClock, ledger: RedisLedger) -> None:
    await crowd(clock, range(20))
    split = some([0, 2, 17], [2], quiet_hours=[1, 3, 19], digest=[4])
    assert await planned(ledger, split) == 3
    begun = await Work(ledger).drain()
    assert [(one.index, one.quietly) for one in begun] == [(0, False), (2, True), (17, False)]
    tally = await ledger.tally(BOT, "AAAAA")
    assert tally is not None
    assert (tally.audience, tally.sent, tally.skipped, tally.pending, tally.state) == (7, 3, 4, 0, "done")
    assert dict(tally.reasons) == {"for the digest: quiet hours": 3, "for the digest: digest": 1}
    told = {index: await ledger.why(BOT, "AAAAA", index) for index in range(20)}
    assert [index for index, fact in told.items() if fact is None] == [*range(5, 17), 18]
    put_off = {"state": "skipped", "ref": None, "at": None}
    assert told[19] == told[1] == put_off | {"reason": "for the digest: quiet hours"}
    assert told[4] == put_off | {"reason": "for the digest: digest"}
    assert told[17] is not None
    assert told[17]["state"] == "sent"


async def test_where_everybody_waits_nothing_is_sent_and_all_are_accounted_for(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(20))
    assert await planned(ledger, some([], muted=range(20))) == 0
    assert await ledger.open(BOT) == []
    tally = await ledger.tally(BOT, "AAAAA")
    assert tally is not None
    assert (tally.audience, tally.skipped, tally.state) == (20, 20, "done")
    assert await audiences.waits(BOT, NOW - 1, SIZE) == [("AAAAA", NOW, {"muted": bits(*range(20))})]


async def test_a_plan_that_is_repeated_changes_nothing(clock: SetClock, ledger: RedisLedger) -> None:
    await crowd(clock, range(20))
    split = some([0, 2], [2], quiet_hours=[1])
    assert await planned(ledger, split) == 2
    before = await everything(clock)
    for other in (split, some(range(20), digest=[3]), replace(split, at=NOW - 900)):
        assert await planned(ledger, other) == 2
    assert await everything(clock) == before


@pytest.mark.parametrize(("late", "size"), [(0.0, 1), (4.9, 1), (5.0, -1), (-4.0, 1), (-5.1, -1), (3600.0, -1)])
async def test_who_took_too_long_to_judge_is_told_to_judge_again(
    clock: SetClock, ledger: RedisLedger, late: float, size: int
) -> None:
    await crowd(clock, range(20))
    before = await everything(clock)
    clock.passes(late)
    assert await planned(ledger, some([0], quiet_hours=[1])) == size
    assert (await everything(clock) == before) == (size < 0)


async def test_where_the_moment_does_not_matter_nobody_asks_for_it(clock: SetClock, ledger: RedisLedger) -> None:
    await crowd(clock, range(20))
    clock.passes(3600)
    assert await planned(ledger, some([0], at=0.0)) == 1


async def counted(audiences: RedisAudiences, size: int = SIZE) -> dict[int, int]:
    """How many alerts each had today, of those who had any."""
    found = Counter[int]()
    standing = await audiences.standing(BOT, size, (), (), NOW)
    for place, digit in enumerate(standing.counted):
        found.update(dict.fromkeys(members(digit, size), 1 << place))
    return dict(found)


async def test_alerts_of_a_day_are_counted_up_to_fifteen(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(24))
    dice, plain = random.Random(5), Counter[int]()
    for number in range(40):
        now = [index for index in range(24) if dice.random() < index / 24]
        plain.update(now)
        await planned(ledger, some(now, quiet_hours=set(range(24)) - set(now)), f"A{number:04}")
        assert await counted(audiences) == {index: min(many, 15) for index, many in plain.items()}
    assert max(plain.values()) > 16 > min(plain.values())


async def test_an_audience_that_is_longer_than_the_count_is_counted(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(24))
    for name, indexes in (("A", [0]), ("B", [0, 23]), ("C", [8])):
        await planned(ledger, some(indexes), name * 5)
    assert await counted(audiences) == {0: 2, 8: 1, 23: 1}
    assert await counted(audiences, 2) == {0: 2, 8: 1}, "read before the last one came"
    assert await counted(audiences, 9) == {0: 2, 8: 1, 23: 1}


async def test_digests_edits_repetitions_and_what_is_put_off_count_for_nothing(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(24))
    await planned(ledger, some([1, 2], [2], cap=[3]))
    await planned(ledger, some([1, 2]))
    await planned(ledger, some([1, 2, 3], at=0.0), "DDDDD", kind="digest")
    await ledger.plan_edit(story().model_copy(update={"revision": 2}), BOT, 4, NOW)
    assert await counted(audiences) == {1: 1, 2: 1}


async def zoned(clock: SetClock, zones: Sequence[str]) -> RedisSubscribers:
    subscribers = RedisSubscribers(clock, (BOT,))
    for number, zone in enumerate(zones):
        await subscribers.put(Subscriber(Address(BOT, str(number)), choices=Choices(zone=zone)))
    return subscribers


ZONES = ("", "Asia/Seoul", "Asia/Tokyo", "America/New_York", "", "America/New_York", "Asia/Seoul", "", "Asia/Tokyo", "")


@pytest.mark.parametrize(
    ("zone", "who"),
    [
        ("Asia/Seoul", {0, 1, 4, 6, 7, 9}),
        ("Asia/Tokyo", {2, 8}),
        ("America/New_York", {3, 5}),
        ("Europe/London", set()),
    ],
)
async def test_a_new_day_begins_for_those_who_live_there_and_for_nobody_else(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences, zone: str, who: set[int]
) -> None:
    await zoned(clock, ZONES)
    days = dict.fromkeys(filter(None, ZONES), "2027-01-15")
    await audiences.turn(BOT, days, "Asia/Seoul")
    for name in ("AAAAA", "BBBBB", "CCCCC"):
        await planned(ledger, some(range(10)), name)
    everybody = dict.fromkeys(range(10), 3)
    await audiences.turn(BOT, days, "Asia/Seoul")
    assert await counted(audiences) == everybody
    await audiences.turn(BOT, days | {zone: "2027-01-16"}, "Asia/Seoul")
    await audiences.turn(BOT, days | {zone: "2027-01-16"}, "Asia/Seoul")
    assert await counted(audiences) == {index: 3 for index in everybody if index not in who}


async def test_the_same_day_is_never_begun_twice(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    """Two planners at midnight: the second one is late."""
    await zoned(clock, ZONES)
    await audiences.turn(BOT, {"Asia/Seoul": "2027-01-15"}, "Asia/Seoul")
    await planned(ledger, some(range(10)))
    assert await clock.run("turn", [HOME], ["Asia/Seoul", "2027-01-15", 1]) == 0
    assert await counted(audiences) == dict.fromkeys(range(10), 1)


async def test_where_nobody_named_a_zone_everybody_begins_the_day(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await zoned(clock, [""] * 10)
    await planned(ledger, some(range(10)))
    await audiences.turn(BOT, {"Asia/Seoul": "2027-01-15"}, "Asia/Seoul")
    assert await counted(audiences) == {}


async def test_what_stands_beside_the_choices(clock: SetClock, audiences: RedisAudiences) -> None:
    subscribers = RedisSubscribers(clock, (BOT,))
    for number, choices in enumerate(
        [
            Choices(words=frozenset({"반도체"})),
            Choices(without=frozenset({"반도체", "금리"})),
            Choices(words=frozenset({"금리"}), muted=int(NOW) + 60),
            Choices(),
        ]
    ):
        await subscribers.put(Subscriber(Address(BOT, str(number)), choices=choices))
    await audiences.hush(BOT, "OLDER", 3)
    await audiences.hush(BOT, "OLDER", 1)
    await audiences.hush(BOT, "OLDER", 1, on=False)
    found = await audiences.standing(BOT, 1, {"반도체", "환율"}, ["NEWER", "OLDER"], NOW)
    assert (found.named, found.refused, found.hushed, found.muted) == (
        bits(0, size=1),
        bits(1, size=1),
        bits(3, size=1),
        bits(2, size=1),
    )
    later = await audiences.standing(BOT, 1, (), ["NEWER"], NOW + 60)
    assert (later.named, later.refused, later.hushed, later.muted) == (0, 0, 0, 0)


async def test_an_edit_reaches_who_got_it_quietly_and_nobody_who_waits(clock: SetClock, ledger: RedisLedger) -> None:
    await crowd(clock, range(20))
    await planned(ledger, some([0, 2, 17], [2, 17], quiet_hours=[1]))
    work = Work(ledger)
    await work.drain()
    assert await ledger.plan_edit(story().model_copy(update={"revision": 2}), BOT, 4, NOW) == 3
    assert [(one.index, one.base) for one in await work.drain()] == [(0, 1), (2, 3), (17, 18)]


async def test_what_is_folded_still_says_who_waited(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(20))
    await planned(ledger, some([0, 2, 17], [2], quiet_hours=[1], muted=[3]))
    work = Work(ledger)
    await work.drain()
    before, waits = await ledger.tally(BOT, "AAAAA"), await audiences.waits(BOT, 0, SIZE)
    told = [await ledger.why(BOT, "AAAAA", index) for index in range(20)]
    assert await RedisArchive(clock).fold(BOT, "AAAAA")
    assert await clock.call("KEYS", keys.push(BOT, "AAAAA", "*")) == [keys.push(BOT, "AAAAA", "waits").encode()]
    assert await ledger.tally(BOT, "AAAAA") == before
    assert await audiences.waits(BOT, 0, SIZE) == waits
    assert [await ledger.why(BOT, "AAAAA", index) for index in range(20)] == told
    assert await RedisArchive(clock).fold(BOT, "AAAAA")
    assert await ledger.plan_edit(story().model_copy(update={"revision": 2}), BOT, 4, NOW) == 3
    assert len(await work.drain()) == 3


async def test_the_form_and_the_sound_are_each_chats_own(clock: SetClock, ledger: RedisLedger) -> None:
    subscribers = RedisSubscribers(clock, (BOT,))
    forms = ("excerpt", "headline", "image", "headline")
    for number, form in enumerate(forms):
        await subscribers.put(Subscriber(Address(BOT, str(number)), choices=Choices(form=form)))
    await planned(ledger, some(range(4), [0, 3]))
    begun = await Work(ledger).drain()
    assert [(one.form, one.quietly) for one in begun] == list(zip(forms, (True, False, False, True), strict=True))


@pytest.mark.parametrize(("since", "found"), [(NOW - 1, True), (NOW - 0.001, True), (NOW, False), (NOW + 9, False)])
async def test_what_waits_is_found_by_when_it_was_judged(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences, since: float, found: bool
) -> None:
    await crowd(clock, range(20))
    await planned(ledger, some([0], digest=[1]))
    await planned(ledger, some([0]), "BBBBB")
    assert [push for push, _, _ in await audiences.waits(BOT, since, 5)] == ["AAAAA"] * found
    if found:
        assert (await audiences.waits(BOT, since, 5))[0][2] == {"digest": bits(1, size=5)}


async def test_what_was_cancelled_waits_no_longer(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    await crowd(clock, range(20))
    await planned(ledger, some([0], digest=[1]))
    await ledger.cancel(BOT, "AAAAA")
    assert await audiences.waits(BOT, 0, SIZE) == []
