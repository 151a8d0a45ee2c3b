"""The ledger on a real Redis: every delivery accounted for, none begun twice, whatever is repeated or arrives late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsbot.core.delivery import Terms
from newsbot.core.model import Gone, Later, Outcome, Refused, Sent, Uncertain, Urgency, Window
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, LIMITLESS, SetClock, Work, account, bitmap, crowd, later, opened, sent, story

PUSH = keys.push(BOT, "AAAAA")


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


async def planned(ledger: RedisLedger, members: Any, **how: Any) -> int:
    await crowd(ledger._redis, members)
    return await opened(ledger, story(**how), BOT, 4, 1_800_000_000.0)


SIZES = [0, 1, 7, 8, 9, 16, 17, 1000, pytest.param(100_003, marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", SIZES)
async def test_an_audience_of_any_size_gets_it_once(ledger: RedisLedger, work: Work, size: int) -> None:
    assert await planned(ledger, range(size)) == size
    begun = await work.drain(most=16 if size <= 1000 else 5000)
    assert [(one.position, one.index) for one in begun] == [(n, n) for n in range(size)]
    assert begun == [] or begun[-1].address.chat == str(1_000_000 + size - 1)
    tally = await account(ledger)
    assert (tally.sent, tally.state) == (size, "done")


@pytest.mark.parametrize(
    "members",
    [
        [0],
        [7],
        [8],
        [0, 7, 8, 15, 16],
        [999_999],
        [3, 999_999],
        list(range(0, 4000, 9)),
        [8 * n + 7 for n in range(300)],
    ],
    ids=lambda members: f"{len(members)} up to {members[-1]}",
)
async def test_a_sparse_audience_keeps_index_and_position_apart(
    ledger: RedisLedger, work: Work, members: list[int]
) -> None:
    assert await planned(ledger, members) == len(members)
    begun = await work.drain()
    assert [(one.position, one.index) for one in begun] == list(enumerate(members))
    for position in {0, len(members) // 2, len(members) - 1}:
        facts = await ledger.why(BOT, "AAAAA", members[position])
        assert facts is not None
        assert (facts["state"], facts["ref"]) == ("sent", members[position] + 1)
    assert await ledger.why(BOT, "AAAAA", members[-1] + 1) is None
    assert (await account(ledger)).state == "done"


async def test_planning_again_changes_nothing(ledger: RedisLedger, work: Work) -> None:
    assert await planned(ledger, range(20)) == 20
    await ledger.commit(BOT, "AAAAA", sent(await work.begin()))
    before = await ledger._redis.call("HGETALL", PUSH)
    assert await planned(ledger, range(50)) == 20
    assert await ledger._redis.call("HGETALL", PUSH) == before
    assert len(await work.drain()) == 4


async def test_everything_of_a_push_goes_away_with_it(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, range(9))
    await work.drain(lambda window: [(one, Gone("blocked", "stopped"), 0) for one in window.intents])
    await ledger._redis.call("DEL", keys.bitmap(BOT, "all"))
    assert await opened(ledger, story("EMPTY"), BOT, 4, 0) == 0
    parts = await ledger._redis.call("KEYS", "nb:{telegram}:push:*")
    assert PUSH.encode() + b":reasons" in parts
    assert {part: await ledger._redis.call("TTL", part) for part in parts} == dict.fromkeys(parts, keys.KEPT)


async def test_begin_under_the_same_nonce_is_told_the_same(ledger: RedisLedger) -> None:
    await planned(ledger, range(40))
    first = await ledger.begin(BOT, "w", "one", 16, LIMITLESS)
    assert len(first.intents) == 16
    assert await ledger.begin(BOT, "w", "one", 16, LIMITLESS) == first
    other = await ledger.begin(BOT, "v", "one", 16, LIMITLESS)
    assert not {one.position for one in other.intents} & {one.position for one in first.intents}
    assert (await account(ledger)).sending == 32


async def test_windows_side_by_side_never_share_a_chat(redis: Redis) -> None:
    ledger = RedisLedger(redis, guarded=False)
    await planned(ledger, range(3, 2003, 5))
    begun = await asyncio.gather(*(Work(ledger, f"w-{number}").drain() for number in range(8)))
    positions = sorted(one.position for window in begun for one in window)
    assert positions == list(range(400))
    assert (await account(ledger)).sent == 400


S, D, X = Sent(77), Uncertain("no answer"), Gone("blocked", "stopped")
R = Later(None, "connect")


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        (S, S, "sent"), (S, D, "sent"), (S, X, "sent"), (S, R, "sent"),
        (D, S, "sent"), (D, D, "doubt"), (D, X, "doubt"), (D, R, "doubt"),
        (X, S, "dead"), (X, D, "dead"), (X, X, "dead"), (X, R, "dead"),
        (R, S, "sent"), (R, D, "retry"), (R, X, "retry"), (R, R, "retry"),
    ],
)  # fmt: skip
async def test_a_second_commit_only_counts_when_it_says_sent(
    ledger: RedisLedger, work: Work, first: Outcome, then: Outcome, state: str
) -> None:
    await planned(ledger, range(3))
    (intent,) = (await work.begin(1)).intents
    for outcome in (first, then, then):
        await ledger.commit(BOT, "AAAAA", [(intent, outcome, 5.0)])
        await account(ledger)
    facts = await ledger.why(BOT, "AAAAA", 0)
    assert facts is not None
    assert facts["state"] == state


async def test_an_outcome_of_an_earlier_try_does_not_end_the_next_one(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, [5])
    first = await work.begin()
    await ledger.commit(BOT, "AAAAA", later(first, 1))
    clock.passes(1)
    (second,) = (await work.begin()).intents
    assert (second.attempt, second.index) == (2, 5)
    for outcome in (R, D, X):
        await ledger.commit(BOT, "AAAAA", [(first.intents[0], outcome, 1.0)])
    assert (await account(ledger)).sending == 1
    await ledger.commit(BOT, "AAAAA", [(second, S, 0)])
    assert (await account(ledger)).state == "done"


async def test_a_receipt_for_what_the_ledger_has_not_begun_keeps_it_from_being_begun(
    ledger: RedisLedger, work: Work
) -> None:
    await planned(ledger, range(4))
    (one,) = (await work.begin(1)).intents
    ahead = type(one)(2, "lost:1:1", 1, 2, one.address, "ko")  # begun before Redis lost the tail of its file
    await ledger.commit(BOT, "AAAAA", [(ahead, S, 0), (one, S, 0)])
    assert [each.index for each in await work.drain()] == [1, 3]
    assert (await account(ledger)).sent == 4


async def test_retries_come_back_in_the_order_they_are_due(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    await planned(ledger, range(4))
    window = await work.begin()
    delays = [4.0, 1.0, 3.0, 2.0]
    await ledger.commit(BOT, "AAAAA", [(one, R, delay) for one, delay in zip(window.intents, delays, strict=True)])
    waiting = await work.begin()
    assert waiting.intents == ()
    assert 0 < waiting.wait <= 1
    order = []
    for _ in range(4):
        clock.passes(1)
        window = await work.begin()
        order += [one.index for one in window.intents]
        await ledger.commit(BOT, window.push, sent(window))
    assert order == [1, 3, 2, 0]
    assert (await account(ledger)).state == "done"


@pytest.mark.parametrize(("outcome", "state"), [(S, "sent"), (R, "cancelled"), (D, "doubt"), (X, "dead")])
async def test_cancel_stops_what_was_not_begun_and_counts_what_lands(
    ledger: RedisLedger, clock: SetClock, work: Work, outcome: Outcome, state: str
) -> None:
    await planned(ledger, range(10))
    await ledger.commit(BOT, "AAAAA", later(await work.begin(2), 0))
    window = await work.begin(1)
    tally = await ledger.cancel(BOT, "AAAAA")
    assert tally is not None
    assert (tally.sending, tally.cancelled, tally.state) == (1, 9, "cancelled")
    clock.passes(10)
    assert (await work.begin()).intents == ()
    assert await ledger.cancel(BOT, "AAAAA") == tally
    await ledger.commit(BOT, "AAAAA", [(window.intents[0], outcome, 1.0)])
    assert (await work.begin()).intents == ()
    after = await account(ledger)
    assert getattr(after, state) == (10 if state == "cancelled" else 1)
    facts = await ledger.why(BOT, "AAAAA", 9)
    assert facts is not None
    assert (facts["state"], facts["reason"]) == ("cancelled", "cancelled")


async def test_a_late_receipt_of_a_retry_is_counted_once_after_cancel(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, range(3))
    window = await work.begin()
    await ledger.commit(BOT, "AAAAA", later(window, 60))
    await ledger.cancel(BOT, "AAAAA")
    await ledger.commit(BOT, "AAAAA", sent(window)[:1])
    tally = await account(ledger)
    assert (tally.sent, tally.cancelled, dict(tally.reasons)) == (1, 2, {"cancelled": 2})


async def test_what_has_outlived_its_time_goes_late_and_a_day_later_not_at_all(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await planned(ledger, range(5), urgency=Urgency.FLASH)
    fresh = await work.begin(2)
    assert not fresh.late
    await ledger.commit(BOT, "AAAAA", [(fresh.intents[0], R, 90_000), (fresh.intents[1], S, 0)])
    clock.passes(1801)
    late = await work.begin(1)
    assert (len(late.intents), late.late) == (1, True)
    await ledger.commit(BOT, "AAAAA", sent(late))
    clock.passes(86400)
    assert (await work.begin()).intents == ()
    tally = await account(ledger)
    assert (tally.dead, tally.sent, tally.state, dict(tally.reasons)) == (3, 2, "done", {"expired": 3})


async def test_where_late_alerts_are_dropped_the_rest_is_dead_with_a_receipt(clock: SetClock) -> None:
    ledger = RedisLedger(clock, Terms(drop=True), guarded=False)
    work = Work(ledger)
    await planned(ledger, range(5), urgency=Urgency.FLASH)
    await ledger.commit(BOT, "AAAAA", sent(await work.begin(2)))
    clock.passes(1801)
    assert (await work.begin()).intents == ()
    tally = await account(ledger)
    assert (tally.dead, tally.sent, tally.state, dict(tally.reasons)) == (3, 2, "done", {"expired": 3})


async def test_the_time_to_live_runs_by_redis_own_clock(ledger: RedisLedger, work: Work) -> None:
    await crowd(ledger._redis, range(3))
    await opened(ledger, story(urgency=Urgency.FLASH), BOT, 4, 1_800_000_000.0 - 3600)  # a host an hour slow
    assert len((await work.begin()).intents) == 3


async def test_lanes_go_by_urgency_then_age(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    await crowd(clock, range(4))
    for name, urgency, at in [
        ("NEWER", Urgency.NORMAL, 1.8e9), ("OLDER", Urgency.NORMAL, 1.7e9),
        ("BREAK", Urgency.BREAKING, 1.8e9 + 99), ("FLASH", Urgency.FLASH, 1.8e9 + 999),
    ]:  # fmt: skip
        await opened(ledger, story(name, urgency, at=at), BOT, 4, 1.8e9)
    served = []
    while (window := await work.begin(4)).intents:
        served.append(window.push)
        if len(served) == 1:
            await opened(ledger, story("LATER", Urgency.FLASH, at=1.9e9), BOT, 4, 1.8e9)
        await ledger.commit(BOT, window.push, sent(window))
        clock.passes(1)
    # floors: everybody asked for "normal" and more urgent
    assert served == ["FLASH", "LATER", "BREAK", "OLDER", "NEWER"]


async def test_pushes_that_wait_for_retries_do_not_starve_the_next(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await crowd(clock, range(2))
    for number in range(40):
        await opened(ledger, story(f"P{number:04}", at=number), BOT, 4, 1.8e9)
    for _ in range(39):
        window = await work.begin()
        await ledger.commit(BOT, window.push, later(window, 60))
    assert (await work.begin()).push == "P0039"


async def test_who_left_between_plan_and_begin_is_skipped(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, range(3000))
    await ledger._redis.call("SET", keys.bitmap(BOT, "active"), bitmap([2998]))
    await ledger._redis.call("HDEL", keys.chat(BOT, 2999), 2999)
    window = await work.begin()
    assert window.intents == ()
    assert window.wait == 0, "asked again at once: one call looks at a bounded number"
    assert [one.index for one in await work.drain()] == [2998]
    tally = await account(ledger)
    assert (tally.skipped, tally.sent, tally.state) == (2999, 1, "done")
    assert dict(tally.reasons) == {"unsubscribed": 2998, "erased": 1}


async def test_slack_references_keep_their_microseconds(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    await crowd(clock, range(3))
    await opened(ledger, story(), BOT, 8, 1.8e9)
    window = await work.begin()
    clock.passes(7)
    refs = [1_800_000_000_123_457, (1 << 64) - 1, 1]
    await ledger.commit(BOT, "AAAAA", [(one, Sent(ref), 0) for one, ref in zip(window.intents, refs, strict=True)])
    facts = [await ledger.why(BOT, "AAAAA", index) for index in range(3)]
    assert [(fact["ref"], fact["at"]) for fact in facts if fact] == [(ref, 1.8e9 + 7) for ref in refs]


@pytest.mark.parametrize("ref", [0, -1, 1 << 32])
async def test_a_reference_that_does_not_fit_is_a_doubt(ledger: RedisLedger, work: Work, ref: int) -> None:
    await planned(ledger, range(2))
    window = await work.begin(1)
    await ledger.commit(BOT, "AAAAA", [(window.intents[0], Sent(ref), 0)])
    assert (await account(ledger)).doubt == 1


async def test_reasons_are_kept_short(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, [0])
    await work.drain(lambda window: [(one, Refused("x" * 5000), 0) for one in window.intents])
    assert [len(reason) for reason, _ in (await account(ledger)).reasons] == [120]


async def test_a_commit_for_nothing_known_writes_nothing(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, [0])
    window: Window = await work.begin()
    await ledger.commit(BOT, "OTHER", sent(window))
    outside = [(type(one)(1, one.token, 1, 9, one.address, "ko"), Sent(5), 0.0) for one in window.intents]
    await ledger.commit(BOT, "AAAAA", outside)
    assert await ledger.tally(BOT, "OTHER") is None
    assert (await account(ledger)).sending == 1


async def test_the_doorbell_rings_and_repeated_rings_are_harmless(redis: Redis) -> None:
    ledger = RedisLedger(redis, guarded=False)
    assert await ledger.ring(BOT, "0", 0.01) == "0"
    await planned(ledger, range(2))
    heard = await ledger.ring(BOT, "0", 1)
    assert heard != "0"
    assert await ledger.ring(BOT, heard, 0.01) == heard
    await redis.call("DEL", keys.door(BOT))
    assert len(await Work(ledger).drain()) == 2


async def test_a_lease_has_one_holder(ledger: RedisLedger, redis: Redis) -> None:
    assert await ledger.hold(BOT, "poll", "a", 10)
    assert not await ledger.hold(BOT, "poll", "b", 10)
    assert await ledger.hold(BOT, "poll", "a", 10)
    await redis.call("PEXPIRE", keys.lease(BOT, "poll"), 0)
    assert await ledger.hold(BOT, "poll", "b", 10)
    assert not await ledger.hold(BOT, "poll", "a", 10)


async def test_every_key_is_ours_and_in_the_bots_slot(ledger: RedisLedger, work: Work) -> None:
    await planned(ledger, range(20))
    await work.begin()
    await ledger.beat(BOT, "w-0")
    await ledger.reap(BOT, 60)
    names = [name.decode() for name in await ledger._redis.call("KEYS", "*")]
    assert [name for name in names if not name.startswith("nb:{telegram}:")] == []
    assert await ledger._redis.call("HGET", keys.bot(BOT) + "nonce:w-0", "push") == b"AAAAA"
