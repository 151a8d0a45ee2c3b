"""What one chat is spared: its own pace, its own floods; and what a bot learns from floods about its rate."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest

from newsbot.core.model import Address, Later, Pace, Sent, Subscriber, Window
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, START, SetClock, Work, account, crowd, opened, sent, story
from tests.contract.test_store_limits import busiest

RATE = 100.0
PACE = Pace(1e6, 1.0, 3.0, "-")
PUSHES = ("AAAAA", "BBBBB", "CCCCC")


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock, guarded=False)


@pytest.fixture
def work(ledger: RedisLedger) -> Work:
    return Work(ledger)


async def planned(ledger: RedisLedger, chats: Sequence[str] | int, pushes: Sequence[str] = PUSHES) -> None:
    """So many private chats, or chats of these names; some pushes to all of them."""
    if isinstance(chats, int):
        await crowd(ledger._redis, range(chats))
    else:
        for chat in chats:
            await RedisSubscribers(ledger._redis, (BOT,)).put(Subscriber(Address(BOT, chat)))
    for number, push in enumerate(pushes):
        await opened(ledger, story(push, at=float(number)), BOT, 4, START / 1e6)


async def timetable(
    ledger: RedisLedger, works: Sequence[Work], pace: Pace, seconds: float, most: int = 16
) -> dict[str, list[float]]:
    """Chat → when something was begun for it, by workers that come back when they are told."""
    clock, found = ledger._redis, defaultdict[str, list[float]](list)
    assert isinstance(clock, SetClock)
    begin = clock.micros
    while clock.micros < begin + seconds * 1e6:
        waits = []
        for work in works:
            window = await work.begin(most, pace)
            for one in window.intents:
                found[one.address.chat].append((clock.micros - begin) / 1e6)
            if window.intents:
                await ledger.commit(BOT, window.push, sent(window))
            waits.append(window.wait)
        clock.passes(max(min(waits), 0.001))
    return found


async def floods(ledger: RedisLedger, window: Window, delay: float = 30.0) -> None:
    await ledger.commit(BOT, window.push, [(one, Later(delay, "429"), delay) for one in window.intents])


async def cap(ledger: RedisLedger) -> float:
    return float((await ledger.gate(BOT))["cap"])


@pytest.mark.parametrize(
    ("chat", "spacing"), [("7", 1.0), ("-1001", 3.0), ("-1001/5", 3.0)], ids=["private", "group", "thread"]
)
async def test_one_chat_has_its_pace(
    ledger: RedisLedger, clock: SetClock, work: Work, chat: str, spacing: float
) -> None:
    clock.passes(0.067)  # what is kept are tenths of a second
    await planned(ledger, [chat])
    begun = (await timetable(ledger, [work], PACE, 10))[chat]
    assert len(begun) == 3
    gaps = [after - before for before, after in pairwise(begun)]
    assert all(spacing <= gap <= spacing + 0.15 for gap in gaps), gaps


@pytest.mark.parametrize("chats", [["-1001/5", "-1001/6", "-1001/7"], ["-1001", "-1001/5", "-1001/6"]])
async def test_the_threads_of_one_chat_share_its_pace(ledger: RedisLedger, work: Work, chats: list[str]) -> None:
    """Also with the chat itself, which is the general thread of a forum."""
    await planned(ledger, chats, PUSHES[:2])
    begun = await timetable(ledger, [work], PACE, 30)
    assert {chat: len(times) for chat, times in begun.items()} == dict.fromkeys(chats, 2)
    times = sorted(time for some in begun.values() for time in some)
    assert all(after - before >= 3.0 for before, after in pairwise(times)), times


async def test_who_waits_for_its_pace_holds_up_nobody_and_costs_nothing(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, ["7"], PUSHES[:1])
    await ledger.commit(BOT, "AAAAA", sent(await work.begin(16, PACE)))
    await planned(ledger, [str(number) for number in range(7, 40)], PUSHES[1:2])
    window = await work.begin(16, PACE)
    assert [one.address.chat for one in window.intents] == [str(number) for number in range(8, 24)]
    assert (await account(ledger, "BBBBB")).pending == 33 - 16


async def test_no_chat_is_hurried_however_many_workers_and_pushes(ledger: RedisLedger, clock: SetClock) -> None:
    chats = [*map(str, range(12)), *(f"-{n}" for n in range(5)), "-7/1", "-7/2", "-7/3"]
    await planned(ledger, chats)
    begun = await timetable(ledger, [Work(ledger, f"w-{n}") for n in range(4)], PACE, 30, most=5)
    assert sum(map(len, begun.values())) == 3 * len(chats)
    places = defaultdict[str, list[float]](list)
    for chat, times in begun.items():
        places[chat.partition("/")[0]] += times
    for place, times in places.items():
        spacing = 3.0 if place.startswith("-") else 1.0
        times.sort()
        assert all(b - a >= spacing for a, b in pairwise(times)), (place, times)


async def test_without_a_pace_nothing_waits_and_nothing_is_kept(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, ["7", "-1001/5", "-1001/6"])
    begun = await timetable(ledger, [work], Pace(1e6, 0.0, 0.0, "-"), 0.1)
    assert {chat: len(times) for chat, times in begun.items()} == {"7": 3, "-1001/5": 3, "-1001/6": 3}
    assert await clock.call("EXISTS", keys.bot(BOT) + "paced", keys.bot(BOT) + "places") == 0


@pytest.mark.parametrize("chats", [["7", "8", "9"], ["-1/5", "-1/6", "-2/5"], ["-1", "-1/5", "-2"]])
async def test_a_flood_freezes_its_chat_for_every_push_and_nobody_else(
    ledger: RedisLedger, clock: SetClock, work: Work, chats: list[str]
) -> None:
    await planned(ledger, chats)
    free = Pace(1e6, 0.0, 0.0, "-")
    await floods(ledger, await work.begin(1, free), 30.0)
    frozen = {chat for chat in chats if chat.partition("/")[0] == chats[0].partition("/")[0]}
    begun = await timetable(ledger, [work], free, 29.5)
    assert {chat: len(times) for chat, times in begun.items()} == dict.fromkeys(set(chats) - frozen, 3)
    assert max(time for times in begun.values() for time in times) < 0.1
    begun = await timetable(ledger, [work], free, 1.0)
    assert {chat: len(times) for chat, times in begun.items()} == dict.fromkeys(frozen, 3)


@pytest.mark.parametrize("delay", [-1.0, 0.0, 1e-6, 1e9, 1e12, 1e15])
async def test_a_mad_delay_is_that_chats_own_affair(
    ledger: RedisLedger, clock: SetClock, work: Work, delay: float
) -> None:
    await planned(ledger, 4)
    await floods(ledger, await work.begin(1, Pace(1e6, 0.0, 0.0)), delay)
    await account(ledger)
    assert (await ledger.gate(BOT))["frozen_s"] == 0
    clock.passes(1)
    begun = await timetable(ledger, [work], Pace(1e6, 0.0, 0.0), 3)
    mad = begun.pop("1000000", [])
    assert {chat: len(times) for chat, times in begun.items()} == {str(1_000_000 + n): 3 for n in (1, 2, 3)}
    assert len(mad) == (3 if delay < 1 else 0)


async def test_a_flood_of_one_chat_ends_only_after_the_longest_delay_it_named(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    """Two pushes were on the wire to it; both were refused."""
    free = Pace(1e6, 0.0, 0.0)
    await planned(ledger, 1, PUSHES[:2])
    first, second = await work.begin(1, free), await work.begin(1, free)
    await floods(ledger, first, 60.0)
    await floods(ledger, second, 2.0)
    begun = await timetable(ledger, [work], free, 59.5)
    assert begun == {}


@pytest.mark.parametrize("back", [-3600.0, -3.0])
async def test_a_clock_that_was_put_back_makes_nobody_wait_for_it(
    ledger: RedisLedger, clock: SetClock, work: Work, back: float
) -> None:
    """Not for a pace, not for another try, not for the end of a flood."""
    await planned(ledger, 6, PUSHES[:2])
    window = await work.begin(3, PACE)
    one, two, three = window.intents
    await ledger.commit(BOT, "AAAAA", [(one, Sent(1), 0), (two, Later(None, "connect"), 1.0), (three, Sent(3), 0)])
    clock.passes(back)
    begun = await timetable(ledger, [work], PACE, 5)
    assert {chat: len(times) for chat, times in begun.items()} == {
        "1000000": 1, "1000001": 2, "1000002": 1, "1000003": 2, "1000004": 2, "1000005": 2,
    }  # fmt: skip


async def test_two_chats_in_flood_within_ten_seconds_lower_the_rate(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, 400, PUSHES[:1])
    assert (await ledger.gate(BOT))["cap"] is None
    await floods(ledger, await work.begin(1, RATE))
    assert await cap(ledger) == RATE
    clock.passes(9.9)
    await floods(ledger, await work.begin(1, RATE))
    assert await cap(ledger) == pytest.approx(0.8 * RATE)
    clock.passes(1.9)
    await floods(ledger, await work.begin(1, RATE))
    assert await cap(ledger) > 0.8 * RATE, "not twice within two seconds: the answers of one moment are one sign"
    clock.passes(0.2)
    before = await cap(ledger)
    await floods(ledger, await work.begin(1, RATE))
    assert await cap(ledger) == pytest.approx(0.8 * before, rel=1e-3)


async def test_one_chat_or_two_far_apart_or_other_reasons_lower_nothing(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, 400, PUSHES[:1])
    for _ in range(4):
        window = await work.begin(1, RATE)
        assert window.intents[0].index == 0, "the same chat each time"
        await floods(ledger, window, 0.1)
        clock.passes(0.3)
    clock.passes(10.1)
    await floods(ledger, await work.begin(1, RATE), 60)
    clock.passes(10.1)
    await floods(ledger, await work.begin(1, RATE), 60)
    window = await work.begin(8, RATE)
    await ledger.commit(BOT, window.push, [(one, Later(30, "connect"), 30) for one in window.intents])
    assert await cap(ledger) == RATE


async def test_the_rate_comes_back_slowly_near_where_it_failed(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, 400, PUSHES[:1])
    await floods(ledger, await work.begin(2, RATE))
    rates = []
    for _ in range(61):
        rates.append(await cap(ledger))
        clock.passes(1)
    assert rates[0] == pytest.approx(80)
    assert rates == sorted(rates)
    assert rates[15] == pytest.approx(97.5)
    assert rates[30:] == [RATE] * 31, "never above what is configured"
    assert rates[5] - rates[0] > 5 * (rates[29] - rates[24]), "quick at first, slow near where it failed"


async def test_after_many_floods_it_probes_past_where_it_failed(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, 400, PUSHES[:1])
    for _ in range(3):
        clock.passes(2)
        await floods(ledger, await work.begin(2, RATE), 1.0)
    low = await cap(ledger)
    assert 0.8**3 * RATE <= low < 0.6 * RATE
    clock.passes(30)
    assert await cap(ledger) == pytest.approx(low / 0.8, rel=1e-3)
    clock.passes(60)
    assert await cap(ledger) == RATE
    for _ in range(40):
        clock.passes(2)
        await floods(ledger, await work.begin(2, RATE), 0.1)
    assert await cap(ledger) >= 1, "one a second always goes"


@pytest.mark.slow
async def test_a_lowered_rate_is_kept_by_all_workers_together(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger, 400, PUSHES[:1])
    works, pace = [Work(ledger, f"w-{number}") for number in range(4)], Pace(RATE, 1.0, 3.0, "-")
    await timetable(ledger, works, pace, 0.5)
    await floods(ledger, await works[0].begin(1, pace), 60)
    clock.passes(0.05)
    await floods(ledger, await works[3].begin(1, pace), 60)
    begun = await timetable(ledger, works, pace, 1.5)
    times = sorted(time for some in begun.values() for time in some)
    # It rises to 83 within this time; the bucket holds 2.
    assert 0.98 * 1.5 * 80 <= len(times) <= 1.5 * 83 + 2
    assert busiest(times) <= 1.05 * 83 + 1


@pytest.mark.slow
async def test_the_rate_is_kept_while_chats_wait_and_flood(ledger: RedisLedger, clock: SetClock) -> None:
    """All at once: four workers, two pushes, groups with a slower pace, and floods here and there."""
    dice = random.Random(4)
    await planned(ledger, 300, ())
    await planned(ledger, [f"-{number}" for number in range(20)], PUSHES[:2])
    works, times = [Work(ledger, f"w-{number}") for number in range(4)], []
    for turn in range(700):
        window = await works[turn % 4].begin(16, Pace(RATE, 1.0, 3.0, "-"))
        times += [clock.micros / 1e6] * len(window.intents)
        if window.intents:
            results = [
                (one, Later(2.0, "429"), 2.0) if dice.random() < 0.003 else (one, Sent(5), 0.0)
                for one in window.intents
            ]
            await ledger.commit(BOT, window.push, results)
        clock.passes(0.004 + dice.random() * 0.003)
    assert busiest(times) <= 1.05 * RATE + 1
    assert len(times) >= 300
