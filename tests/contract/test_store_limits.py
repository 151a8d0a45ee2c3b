"""What holds sending back: the rate, floods, freezes, pauses; and what gives up on the dead: heartbeats and leases."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from collections.abc import AsyncIterator

import pytest

from newsbot.core.model import Later, Uncertain, Window
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, SetClock, Work, account, crowd, later, opened, sent, story

SILENT = 3.1
"""Seconds without a heartbeat that are too many."""


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    await crowd(connection, range(4000))
    await opened(RedisLedger(connection, guarded=False), story(), BOT, 4, 1.8e9)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock, guarded=False)


@pytest.fixture
def work(ledger: RedisLedger) -> Work:
    return Work(ledger)


async def simulate(clock: SetClock, callers: int, rate: float, seconds: float, pause: float = 0.002) -> list[float]:
    """When each delivery was begun, in seconds, by callers that come back when told, a little late."""
    dice = random.Random(f"{callers} {rate}")
    works = [Work(RedisLedger(clock, guarded=False), f"w-{number}") for number in range(callers)]
    turns = [(clock.micros + dice.randrange(2000), number) for number in range(callers)]
    start, begun = clock.micros, []
    while turns[0][0] < start + seconds * 1e6:
        clock.micros, number = heapq.heappop(turns)
        window = await works[number].begin(rate=rate)
        begun += [(clock.micros - start) / 1e6] * len(window.intents)
        late = dice.random() * pause
        heapq.heappush(turns, (clock.micros + round((window.wait + late) * 1e6), number))
    return begun


def busiest(begun: list[float], width: float = 1.0) -> int:
    """The most that were begun within any window that wide."""
    return max(bisect_left(begun, at + width) - first for first, at in enumerate(begun))


@pytest.mark.parametrize("callers", [1, 2, 4])
@pytest.mark.parametrize("rate", [5, 30, 1000])
@pytest.mark.slow
async def test_no_second_sees_more_than_the_rate_and_little_is_wasted(
    clock: SetClock, callers: int, rate: float
) -> None:
    seconds = 6.0 if rate < 100 else 1.5
    begun = await simulate(clock, callers, rate, seconds)
    assert busiest(begun) <= 1.05 * rate + 1
    assert len(begun) >= 0.98 * rate * seconds


async def test_a_long_rest_earns_one_burst_and_no_more(clock: SetClock, work: Work) -> None:
    for rate, parts in [(30, [1, 0]), (1000, [16, 4, 0])]:
        clock.passes(5000)
        assert [len((await work.begin(rate=rate)).intents) for _ in parts] == parts


async def test_what_is_skipped_costs_no_tokens(clock: SetClock, work: Work) -> None:
    await clock.call("DEL", keys.bitmap(BOT, "active"))
    await clock.call("SETBIT", keys.bitmap(BOT, "active"), 500, 1)
    assert [one.index for one in (await work.begin(rate=5)).intents] == [500]


@pytest.mark.parametrize("jump", [-3600.0, -1.0, -0.2, 0.7, 3600.0])
async def test_a_clock_that_jumps_neither_stalls_nor_floods(clock: SetClock, work: Work, jump: float) -> None:
    await simulate(clock, 1, 30, 1)
    clock.passes(jump)
    begun = await simulate(clock, 1, 30, 5)
    assert busiest(begun) <= 1.05 * 30 + 1
    assert begun[0] <= 1.2
    assert len(begun) >= 30 * 3.7


async def test_a_freeze_set_before_the_clock_went_back_is_void(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    await flood(ledger, await work.begin(3), 1, 2, 3)
    clock.passes(-3600)
    assert len((await work.begin(3)).intents) == 3


async def flood(ledger: RedisLedger, window: Window, *delays: float) -> None:
    await ledger.commit(
        BOT, window.push, [(one, Later(delay, "429"), delay) for one, delay in zip(window.intents, delays, strict=True)]
    )


async def test_three_chats_refused_within_a_second_freeze_the_bot_for_the_smallest_delay(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    first, second = await work.begin(2), await work.begin(1)
    await flood(ledger, first, 30, 7)
    assert (await ledger.gate(BOT))["frozen_s"] == 0
    clock.passes(0.9)
    await flood(ledger, second, 9)
    assert (await ledger.gate(BOT))["frozen_s"] == 7
    stopped = await work.begin()
    assert (stopped.intents, stopped.wait) == ((), 1)
    clock.passes(6.7)
    assert (await work.begin()).wait == pytest.approx(0.3)
    clock.passes(0.3)
    assert len((await work.begin()).intents) == 16


async def test_a_freeze_is_never_shortened(clock: SetClock, ledger: RedisLedger, work: Work) -> None:
    first, second = await work.begin(3), await work.begin(3)
    await flood(ledger, first, 20, 21, 22)
    clock.passes(2)
    await flood(ledger, second, 1, 1, 1)
    assert (await ledger.gate(BOT))["frozen_s"] == 18


async def test_one_chat_or_slow_refusals_freeze_nobody(clock: SetClock, ledger: RedisLedger, work: Work) -> None:
    for delay in (0.001, 0.002, 0.003, 0.004):  # one chat, four times
        window = await work.begin(1)
        assert window.intents[0].index == 0
        await flood(ledger, window, delay)
        assert (await ledger.gate(BOT))["frozen_s"] == 0
        assert await clock.call("HGET", keys.gate(BOT), "frozen") is None
        clock.passes(0.1)
    await ledger.commit(BOT, "AAAAA", later(await work.begin(3), 9))  # not a 429
    for _ in range(4):
        clock.passes(1.1)
        await flood(ledger, await work.begin(1), 60)
    assert (await ledger.gate(BOT))["frozen_s"] == 0


async def test_pause_stops_and_resume_goes_on(ledger: RedisLedger, work: Work) -> None:
    await ledger.pause(BOT, "Olu")
    assert (await ledger.gate(BOT))["paused"] == "Olu"
    assert (await work.begin()).intents == ()
    assert await ledger.resume(BOT)
    assert not await ledger.resume(BOT)
    assert len((await work.begin()).intents) == 16


async def test_status_says_how_much_was_begun_in_the_last_whole_second(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    used = []
    for most in (5, 7, 0, 0):
        if most:
            await work.begin(most)
        used.append((await ledger.gate(BOT))["used"])
        clock.passes(1)
    assert used == [0, 5, 7, 0]


async def test_a_lost_worker_is_believed_lost_at_the_second_look(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    await ledger.beat(BOT, "w-0")
    window = await work.begin(4)
    clock.passes(SILENT)
    assert await ledger.reap(BOT, 60) == 0
    clock.passes(2)
    assert await ledger.reap(BOT, 60) == 0
    clock.passes(1.1)
    assert await ledger.reap(BOT, 60) == 4
    assert await ledger.reap(BOT, 60) == 0
    tally = await account(ledger)
    assert (tally.doubt, dict(tally.reasons)) == (4, {"worker lost": 4})
    await ledger.commit(BOT, "AAAAA", [(one, Uncertain("late"), 0) for one in window.intents[:2]])
    await ledger.commit(BOT, "AAAAA", sent(window)[:3])
    tally = await account(ledger)
    assert (tally.doubt, tally.sent) == (1, 3)


async def test_a_worker_that_beats_keeps_its_intents(clock: SetClock, ledger: RedisLedger, work: Work) -> None:
    await work.begin(4)
    for _ in range(20):
        await ledger.beat(BOT, "w-0")
        clock.passes(1)
        assert await ledger.reap(BOT, 60) == 0


async def test_a_stall_of_redis_itself_reaps_nobody_however_often(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    for _ in range(3):
        window = await work.begin(2)
        clock.passes(10)
        assert await ledger.reap(BOT, 60) == 0  # the first look after the stall
        await ledger.commit(BOT, "AAAAA", sent(window))
        await ledger.beat(BOT, "w-0")
        for _ in range(8):  # nothing in flight: nobody asks about this worker
            clock.passes(1)
            await ledger.beat(BOT, "w-0")
            assert await ledger.reap(BOT, 60) == 0


async def test_a_suspicion_of_yesterday_is_no_second_look(clock: SetClock, ledger: RedisLedger, work: Work) -> None:
    await work.begin(2)
    clock.passes(SILENT)
    assert await ledger.reap(BOT, 1e6) == 0
    clock.passes(86400 / 8)
    assert await ledger.reap(BOT, 60) == 2  # overdue
    await Work(ledger, "w-0x").begin(1)
    assert await ledger.reap(BOT, 60) == 0


async def test_an_overdue_intent_is_in_doubt_whoever_holds_it(clock: SetClock, ledger: RedisLedger, work: Work) -> None:
    await work.begin(3)
    clock.passes(30)
    await ledger.beat(BOT, "w-0")
    await work.begin(2)
    clock.passes(30.5)
    await ledger.beat(BOT, "w-0")
    assert await ledger.reap(BOT, 60) == 3
    assert dict((await account(ledger)).reasons) == {"no answer in time": 3}


async def test_a_dead_worker_is_noticed_after_the_clock_went_back(
    clock: SetClock, ledger: RedisLedger, work: Work
) -> None:
    await ledger.beat(BOT, "w-0")
    await work.begin(2)
    clock.passes(-3600)
    assert await ledger.reap(BOT, 60) == 0
    clock.passes(SILENT)
    assert await ledger.reap(BOT, 60) == 2


async def test_reaping_closes_what_it_ends(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    await work.begin(5)
    await ledger.cancel(BOT, "AAAAA")
    assert await ledger.open(BOT) == ["AAAAA"]
    clock.passes(61)
    assert await ledger.reap(BOT, 60) == 5
    assert await ledger.open(BOT) == []
    assert (await account(ledger)).doubt == 5


async def test_workers_of_the_past_are_forgotten(clock: SetClock, ledger: RedisLedger) -> None:
    for number in range(50):
        await ledger.beat(BOT, f"old-{number}")
    clock.passes(61)
    await ledger.beat(BOT, "new")
    await ledger.reap(BOT, 60)
    assert await clock.call("HKEYS", keys.beats(BOT)) == [b"new"]
    assert await clock.call("EXISTS", keys.bot(BOT) + "suspects") == 0
