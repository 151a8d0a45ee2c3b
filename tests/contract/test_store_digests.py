"""Digests in the store: written down once, for whoever did not change its choices meanwhile, and no two for the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping

import pytest

from newsbot.core import columns
from newsbot.core.audience import Split
from newsbot.core.model import Address, Choices, Slot, Subscriber
from newsbot.store import keys
from newsbot.store.audiences import RedisAudiences
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, START, SetClock, crowd, story

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


async def planned(ledger: RedisLedger, split: Split, name: str = "AAAAA") -> int:
    return await ledger.plan(story(name), BOT, 4, NOW, split, SIZE)


def line(*indexes: int) -> Mapping[str, int]:
    return {"story:AAAAA": bits(*indexes)}


async def test_what_is_judged_after_a_digest_was_made_waits_for_the_next_whatever_the_clocks_say(
    clock: SetClock, ledger: RedisLedger, audiences: RedisAudiences
) -> None:
    """As where a replica takes over whose clock is behind."""
    await crowd(clock, range(20))
    assert await audiences.shut(BOT, "DDDDD", NOW - 60, NOW + 30)
    await planned(ledger, some([0], digest=[1]))
    assert await audiences.waits(BOT, NOW + 30, SIZE) == [
        ("AAAAA", pytest.approx(NOW + 30, abs=0.01), {"digest": bits(1)})
    ]
    await clock.call("DEL", keys.digests(BOT))
    await audiences.shut(BOT, "EEEEE", NOW, NOW + 9 * DAY)
    await planned(ledger, some([0], digest=[1]), "BBBBB")
    assert [push for push, _, _ in await audiences.waits(BOT, NOW + DAY, SIZE)] == [], "a clock that was far ahead"


async def test_a_digest_is_written_down_once(clock: SetClock, audiences: RedisAudiences) -> None:
    shut = await audiences.shut(BOT, "DDDDD", NOW - 60, NOW)
    assert shut == (f"{NOW:.6f}", NOW - 60)
    made = shut[0]
    first = await audiences.keep_digest(BOT, "DDDDD", made, line(1, 2) | {"evening": 0}, SIZE, {}, {})
    assert first is not None
    assert dict(first.maps) == line(1, 2)
    clock.passes(3600)
    again = await audiences.keep_digest(BOT, "DDDDD", made, line(5), SIZE + 1, {}, {})
    assert again is not None
    assert again["story:AAAAA"] == columns.bitmap([1, 2], SIZE + 1)
    assert await audiences.digest(BOT, "DDDDD", SIZE) == first
    assert await audiences.digest(BOT, "EEEEE") is None
    assert await audiences.made(BOT) == [("DDDDD", NOW - 60)]
    assert 0 < await clock.call("TTL", keys.digest(BOT, "DDDDD")) <= 8 * DAY


async def test_with_a_digest_its_mutes_and_beginnings_are_used_up_once(
    clock: SetClock, audiences: RedisAudiences
) -> None:
    await clock.call("HSET", f"{HOME}muted", 1, 50, 2, 60, 3, 70)
    await clock.call("HSET", f"{HOME}starts", 1, 5, 4, "6.5", 5, 7)
    made, _ = await audiences.shut(BOT, "DDDDD", NOW - 60, NOW) or ("", 0)
    for _ in range(2):
        await audiences.keep_digest(BOT, "DDDDD", made, line(1), SIZE, {1: 50.0, 2: 61.0}, {1: 5.0, 4: 6.5, 5: 8.0})
        assert await audiences.mutes(BOT) == {2: 60.0, 3: 70.0}, "who muted anew meanwhile stays muted"
        assert await audiences.starts(BOT) == {1: 0.0, 5: 7.0}
    await clock.call("HSET", f"{HOME}muted", 1, 50)
    await audiences.keep_digest(BOT, "DDDDD", made, line(1), SIZE, {1: 50.0}, {1: 0.0})
    assert await audiences.mutes(BOT) == {1: 50.0, 2: 60.0, 3: 70.0}, "another mute, of the same end"
    assert (await audiences.starts(BOT))[1] == 0.0


async def test_who_changes_its_choices_while_a_digest_is_made_is_left_for_the_next(
    clock: SetClock, audiences: RedisAudiences
) -> None:
    subscribers = RedisSubscribers(clock, (BOT,))
    for number in range(4):
        await subscribers.put(Subscriber(Address(BOT, str(number))))
    made, _ = await audiences.shut(BOT, "DDDDD", NOW - 60, NOW) or ("", 0)
    clock.passes(0.1)
    changed = Subscriber(Address(BOT, "1"), choices=Choices(digests=(Slot(480),)))
    await subscribers.put(changed, starts=5.0)
    await subscribers.put(Subscriber(Address(BOT, "7")))
    kept = await audiences.keep_digest(BOT, "DDDDD", made, line(0, 1, 2), SIZE, {}, {1: 5.0})
    assert kept is not None
    assert kept["story:AAAAA"] == bits(0, 2)
    assert await audiences.starts(BOT) == {1: 5.0}
    assert await audiences.digest(BOT, "DDDDD", SIZE) == kept
    clock.passes(60)
    made, _ = await audiences.shut(BOT, "EEEEE", NOW, NOW + 60) or ("", 0)
    kept = await audiences.keep_digest(BOT, "EEEEE", made, line(1), SIZE, {}, {1: 5.0})
    assert kept is not None
    assert kept["story:AAAAA"] == bits(1)
    assert await audiences.starts(BOT) == {}


async def test_who_slept_while_a_digest_was_made_begins_anew(clock: SetClock, audiences: RedisAudiences) -> None:
    made, _ = await audiences.shut(BOT, "DDDDD", NOW - 60, NOW) or ("", 0)
    clock.passes(101)
    assert await audiences.keep_digest(BOT, "DDDDD", made, line(1), SIZE, {}, {}) is None
    assert await audiences.digest(BOT, "DDDDD") is None
    made, _ = await audiences.shut(BOT, "DDDDD", NOW - 60, NOW) or ("", 0)
    assert await audiences.keep_digest(BOT, "DDDDD", made, line(1), SIZE, {}, {}) is not None


async def test_no_two_digests_are_for_the_same_time(audiences: RedisAudiences) -> None:
    async def after(name: str, begins: float, ends: float) -> float | None:
        """After when it is for, in seconds from now."""
        shut = await audiences.shut(BOT, name, NOW + begins, NOW + ends)
        return shut and round(shut[1] - NOW, 3)

    assert await after("DDDDD", -60, 0) == -60
    assert await after("EEEEE", -120, -30) is None
    assert await after("EEEEE", -60, 0) is None
    assert await after("DDDDD", -60, 0) == -60, "the same one again"
    assert await after("GGGGG", 0, 60) == 0
    assert await after("HHHHH", -120, -60) == -120
    for _ in range(2):
        assert await after("FFFFF", -600, 600) == 60, "the rest"
    made = [(name, begins - NOW) for name, begins in await audiences.made(BOT)]
    assert made == [("FFFFF", 60), ("GGGGG", 0), ("DDDDD", -60), ("HHHHH", -120)]
    assert await after("IIIII", 8 * DAY - 60, 8 * DAY) == 8 * DAY - 60
    kept = [name for name, _ in await audiences.made(BOT)]
    assert kept == ["IIIII", "FFFFF", "GGGGG"], "a week and a day are kept"


async def test_whoever_looks_late_does_not_put_the_clock_of_digests_back(audiences: RedisAudiences) -> None:
    assert await audiences.digested() is None
    await audiences.tick(NOW, None)
    await audiences.tick(NOW - 900, None)
    assert await audiences.digested() == NOW
    await audiences.tick(NOW + 60, NOW)
    await audiences.tick(NOW + 30, NOW)
    assert await audiences.digested() == NOW + 60
