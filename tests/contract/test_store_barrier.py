"""A Redis that was not there before: nothing is begun until every worker told it what it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from newsbot.store import keys
from newsbot.store.ledger import GATHERED, GIVEN_UP, RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, SetClock, Teller, at_work, crowd, let_through, opened, story


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock)


async def planned(ledger: RedisLedger, members: Sequence[int] = range(12), push: str = "AAAAA") -> None:
    await crowd(ledger._redis, members)
    await opened(ledger, story(push), BOT, 4, 1_800_000_000.0)


async def test_nothing_is_begun_before_a_worker_told_what_it_knows(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    assert len((await one.begin(3)).intents) == 3
    await clock.promoted(await clock.copied())
    stopped = await one.begin()
    assert (stopped.intents, stopped.barrier) == ((), clock.server)
    assert not await one.tell(clock.server)
    waits = await one.begin()
    assert (waits.intents, waits.barrier) == ((), clock.server)
    assert waits.wait > 0, "asking again at once would keep Redis busy"
    assert (await ledger.gate(BOT))["barrier"]
    clock.passes(GATHERED)
    assert await one.tell(clock.server)
    assert not (await ledger.gate(BOT))["barrier"]
    assert len((await one.begin()).intents) == 9


async def test_a_worker_that_was_never_heard_of_tells_first_too(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    await at_work(ledger, "v")
    fresh = Teller(ledger, "w")
    assert (await fresh.begin()).barrier == clock.server
    assert await fresh.tell(clock.server)
    assert len((await fresh.begin()).intents) == 12


async def test_who_has_told_waits_for_who_lives_and_has_not(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    await clock.promoted(await clock.copied())
    assert not await one.tell(clock.server)
    clock.passes(GATHERED)
    await ledger.beat(BOT, "w")
    assert not await one.tell(clock.server)
    assert (await one.begin()).intents == ()
    assert await other.tell(clock.server)
    assert await one.tell(clock.server)
    assert len((await one.begin(6)).intents) == len((await other.begin(6)).intents) == 6


async def test_everybody_has_time_to_be_heard_before_the_first_goes_on(ledger: RedisLedger, clock: SetClock) -> None:
    """A worker whose signs of life were lost with the tail beats again within a second."""
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    await clock.call("DEL", keys.beats(BOT))
    before = await clock.copied()
    await other.learn("AAAAA", (await other.begin(4)).intents)
    await clock.promoted(before)
    assert not await one.tell(clock.server)
    clock.passes(GATHERED - 0.1)
    assert not await one.tell(clock.server)
    await ledger.beat(BOT, "w")
    clock.passes(0.2)
    assert not await one.tell(clock.server)
    assert await other.tell(clock.server)
    assert sorted(intent.index for intent in await one.drain()) == list(range(4, 12))


async def test_who_never_comes_is_not_waited_for_longer_than_that(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    one, _ = await at_work(ledger, "v", "w")
    await clock.promoted(await clock.copied())
    for _ in range(int(GIVEN_UP / 0.5)):
        await ledger.beat(BOT, "w")
        assert not await one.tell(clock.server)
        clock.passes(0.5)
    assert await one.tell(clock.server)


async def test_who_is_dead_already_is_not_waited_for_at_all(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    one, _ = await at_work(ledger, "v", "w")
    clock.passes(4)
    await clock.promoted(await clock.copied())
    assert not await one.tell(clock.server)
    clock.passes(GATHERED)
    assert await one.tell(clock.server)


async def test_a_second_change_during_the_first_begins_the_waiting_anew(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    await clock.promoted(await clock.copied())
    first = clock.server
    assert not await one.tell(first)
    assert not await other.tell(first)
    clock.passes(GATHERED - 0.1)
    await clock.promoted(await clock.copied())
    assert not await one.tell(first), "it is another one by now"
    assert (await one.begin()).barrier == clock.server
    clock.passes(0.2)
    assert not await one.tell(clock.server)
    clock.passes(GATHERED)
    await ledger.beat(BOT, "w")
    assert not await one.tell(clock.server), "the other told the server before this one"
    assert await other.tell(clock.server)


async def test_what_is_told_to_the_server_before_this_one_makes_nobody_wait(
    ledger: RedisLedger, clock: SetClock
) -> None:
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    await clock.promoted(await clock.copied())
    first = clock.server
    await clock.promoted(await clock.copied())
    assert not await other.tell(clock.server)
    assert not await one.tell(first)
    clock.passes(GATHERED)
    assert await one.tell(clock.server)
    assert await other.tell(clock.server)


@pytest.mark.parametrize("stopped", ["cancel", "pause"])
async def test_a_question_that_is_repeated_after_a_stop_begins_nothing(
    ledger: RedisLedger, clock: SetClock, stopped: str
) -> None:
    """Its first reply was lost, so nothing of that window has left: after the stop was confirmed nothing may."""
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    assert len((await one.begin(5)).intents) == 5
    if stopped == "cancel":
        await ledger.cancel(BOT, "AAAAA")
    else:
        await ledger.pause(BOT, "Olu")
    one.asked -= 1
    assert (await one.begin(5)).intents == ()


async def test_a_question_that_is_repeated_after_a_chat_was_erased_is_answered(
    ledger: RedisLedger, clock: SetClock
) -> None:
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    await one.begin(5)
    await clock.call("HDEL", keys.chat(BOT, 0), 2)
    one.asked -= 1
    assert [intent.index for intent in (await one.begin(5)).intents] == [0, 1, 3, 4]


@pytest.mark.parametrize("known", [(), ("v",)])
async def test_the_very_first_redis_is_no_exception(
    ledger: RedisLedger, clock: SetClock, known: tuple[str, ...]
) -> None:
    """The note which Redis this is can be lost with the first windows ever begun; and a worker may come new to it."""
    await planned(ledger)
    before = await clock.copied()
    workers = await at_work(ledger, *known, "w")
    one, other = workers[0] if known else Teller(ledger, "fresh"), workers[-1]
    await other.learn("AAAAA", (await other.begin(4)).intents)
    await clock.promoted(before)
    await ledger.beat(BOT, "w")
    await one.tell((await one.begin()).barrier)
    begun = [intent.index for intent in await one.drain()]
    await let_through(ledger, one, other)
    begun += [intent.index for intent in await one.drain()]
    assert sorted(begun) == list(range(4, 12))


async def test_switched_off_it_bites(clock: SetClock) -> None:
    """Proof that what these tests lose is lost: without the barrier whoever was sent is begun again."""
    bare = RedisLedger(clock, guarded=False)
    await planned(bare)
    before = await clock.copied()
    one = Teller(bare, "v")
    assert len(await one.drain()) == 12
    await clock.promoted(before)
    assert len(await one.drain()) == 12
