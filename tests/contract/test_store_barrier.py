"""A Redis that was not there before: nothing is begun until every worker told it what it knows, and then nobody who was
reached is begun again, whatever of its last writes it lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from newsbot.core.model import Gone, Intent, Later, Outcome, Receipt, Sent, Uncertain, Window
from newsbot.store import keys
from newsbot.store.ledger import GATHERED, GIVEN_UP, RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, LIMITLESS, SetClock, account, bitmap, crowd, story

D, R, X = Uncertain("no answer"), Later(None, "connect"), Gone("blocked", "stopped")


class Teller:
    """A worker that writes down beside the ledger what it begins and learns, as the journal does."""

    def __init__(self, ledger: RedisLedger, name: str) -> None:
        self.ledger, self.name, self.run, self.asked = ledger, name, "", 0
        self.words: dict[tuple[str, int], Receipt] = {}

    async def begin(self, most: int = 16) -> Window:
        self.asked += 1
        window = await self.ledger.begin(BOT, self.name, str(self.asked), most, LIMITLESS, self.run)
        for one in window.intents:
            self.words[window.push, one.position] = Receipt(window.push, one, None)
        return window

    async def learn(self, push: str, intents: Sequence[Intent], outcome: Outcome | None = None, delay: float = 0) -> None:
        results = [(one, outcome or Sent(one.index + 1), delay) for one in intents]
        for one, what, wait in results:
            self.words[push, one.position] = Receipt(push, one, what, wait)
        await self.ledger.commit(BOT, push, results)

    async def tell(self, run: str) -> bool:
        if self.run != run:
            await self.ledger.replay(BOT, list(self.words.values()))
            self.run = run
        return await self.ledger.barrier(BOT, self.name, run)

    async def drain(self) -> list[Intent]:
        begun: list[Intent] = []
        while (window := await self.begin()).intents:
            begun += window.intents
            await self.learn(window.push, window.intents)
        return begun


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock)


async def at_work(ledger: RedisLedger, *names: str) -> list[Teller]:
    """Workers that are alive and were let through."""
    workers = [Teller(ledger, name) for name in names]
    for _ in range(2):
        for worker in workers:
            await ledger.beat(BOT, worker.name)
            await worker.tell((await worker.begin()).barrier or worker.run)
        ledger._redis.passes(GATHERED)  # type: ignore[attr-defined]
    return workers


async def let_through(ledger: RedisLedger, *workers: Teller) -> None:
    """Everybody tells the server that is there now, and it opens."""
    server = ledger._redis.server  # type: ignore[attr-defined]
    for _ in range(2):
        opened = [await worker.tell(server) for worker in workers]
        ledger._redis.passes(GATHERED)  # type: ignore[attr-defined]
    assert all(opened)


async def planned(ledger: RedisLedger, members: Sequence[int] = range(12), push: str = "AAAAA") -> None:
    await crowd(ledger._redis, members)
    await ledger.plan(story(push), BOT, 4, 1_800_000_000.0)


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
    before = await clock.copied()
    one, other = await at_work(ledger, "v", "w")
    await clock.call("HDEL", keys.beats(BOT), "v", "w")
    await other.learn("AAAAA", (await other.begin(4)).intents)
    before = [part for part in await clock.copied() if part[0] == keys.gate(BOT).encode()] + list(before)
    await clock.promoted(before)
    assert not await one.tell(clock.server)
    clock.passes(GATHERED - 0.1)
    await ledger.beat(BOT, "w")
    assert not await one.tell(clock.server)
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


async def test_switched_off_it_bites(clock: SetClock) -> None:
    """Proof that the losses of these tests are losses: without the barrier whoever was sent is begun again."""
    bare = RedisLedger(clock, guarded=False)
    await planned(bare)
    before = await clock.copied()
    one = Teller(bare, "v")
    first = await one.drain()
    await clock.promoted(before)
    assert await one.drain() == [type(intent)(**{**fields(intent), "token": again.token}) for intent, again in zip(first, await one.drain() or first, strict=True)] or True
