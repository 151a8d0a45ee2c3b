"""Redis is another one that lost its last writes, while senders are at work: no chat is asked for twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from newsbot.core.model import Address, Outcome, Rendered, Sent, Stopped
from newsbot.ports import StoreDown
from newsbot.procs import worker
from newsbot.procs.runtime import Bot
from newsbot.store import keys
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, SetClock, account, planner
from tests.integration.test_deliver import Bench, Lossy

pytestmark = pytest.mark.slow


class Slow:
    """A platform that answers some chats only when it is let; remembers whom it was asked to reach."""

    name = BOT
    reads_back = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[Address], Outcome] = lambda to: Sent(int(to.chat) + 1)
        self.hangs: set[str] = set()
        self.free = asyncio.Event()
        self.at: tuple[int, Callable[[], None]] = (0, lambda: None)
        """What happens when so many were asked for."""

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        self.asked.append(to.chat)
        if len(self.asked) == self.at[0]:
            self.at[1]()
        if to.chat in self.hangs:
            await self.free.wait()
        return self.answer(to)


class Stage:
    """Ten subscribers, a story that is accepted and owed, and any number of senders in one data folder."""

    def __init__(self, clock: SetClock, folder: Path) -> None:
        self.clock, self.platform = clock, Slow()
        self.bench = Bench(clock, folder)
        self.bench.ledger = Lossy(clock)
        self.bench.platform = self.platform  # type: ignore[assignment]
        self.plan = planner(self.bench.ledger, self.bench.stories, {BOT: 4}, lambda: datetime.now(UTC))

    @asynccontextmanager
    async def sender(self, name: str, *, killed: bool = False, stops_at: int = 0) -> AsyncIterator[Bot]:
        """A sender that works as in a worker process, until the block ends, or so many were asked for: in order, or killed."""
        deliver = self.bench.window(name)
        bot = Bot(self.platform)  # type: ignore[arg-type]
        bot.ready.set()
        kit = SimpleNamespace(plan=self.plan, ledger=self.bench.ledger)
        process: Any = SimpleNamespace(kit=kit, stop=asyncio.Event(), store_down=print)
        if stops_at:
            self.platform.at = (stops_at, process.stop.set)
        work = worker.Sender(process, bot, worker.Bell(), deliver).run()
        job = worker.alive_while(process, BOT, name, deliver, work)
        task = asyncio.create_task(job)
        try:
            yield bot
        finally:
            process.stop.set()
            if killed:
                task.cancel()
            await asyncio.wait([task])

    async def until(self, happens: Callable[[], bool], seconds: float = 60.0) -> None:
        """Until it happens, at most so many seconds of Redis' clock."""
        end = self.clock.micros + seconds * 1e6
        while not happens() and self.clock.micros < end:
            self.clock.passes(0.02)
            await asyncio.sleep(0.004)

    async def all_sent(self) -> None:
        """Until every chat was asked for, and a while longer for whoever is asked for twice."""
        await self.until(lambda: len(set(self.platform.asked)) == 10)
        await self.until(lambda: False, 2.0)

    @property
    def twice(self) -> list[str]:
        """Chats that were asked for more than once."""
        return [chat for chat, times in Counter(self.platform.asked).items() if times > 1]


@pytest.fixture
async def stage(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    clock = SetClock(redis.url)
    made = Stage(clock, tmp_path / "journal")
    await made.bench.set_up()
    monkeypatch.setattr(worker, "IN_FLIGHT", 4)
    monkeypatch.setattr(worker, "BEAT", 0.05)
    yield made
    made.platform.free.set()
    await clock.close()


async def started(stage: Stage, *names: str) -> None:
    """Those senders were let through once, on this Redis."""
    await stage.bench.ledger.pause(BOT, "the test")
    for name in names:
        await stage.bench.ledger.beat(BOT, name)
    for _ in range(2):
        for name in names:
            await stage.bench.ledger.barrier(BOT, name, stage.clock.server)
        stage.clock.passes(1.3)
    await stage.bench.ledger.resume(BOT)


async def test_nothing_that_a_living_sender_sent_is_sent_again(stage: Stage) -> None:
    await started(stage, "v")
    before = await stage.clock.copied()
    async with stage.sender("v"):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
        await stage.clock.promoted(before)
        await stage.all_sent()
    assert stage.twice == []
    assert (await account(stage.bench.ledger)).sent == 10


async def test_a_plan_that_was_lost_is_made_again_before_it_is_told(stage: Stage) -> None:
    await started(stage, "v")
    await stage.clock.call("DEL", *await stage.clock.call("KEYS", keys.push(BOT, "*")), keys.act(BOT))
    before = await stage.clock.copied()
    assert await stage.bench.stories.todo() == [("AAAAA", BOT)]
    async with stage.sender("v"):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
        await stage.clock.promoted(before)
        await stage.all_sent()
    assert stage.twice == []
    assert (await account(stage.bench.ledger)).sent == 10


async def test_the_journal_of_a_dead_sender_is_told_before_anybody_goes_on(stage: Stage) -> None:
    await started(stage, "dead", "v")
    before = await stage.clock.copied()
    stage.platform.hangs = {"3"}
    async with stage.sender("dead", killed=True):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
    stage.platform.hangs = set()
    stage.clock.passes(5)
    await stage.clock.promoted(before)
    async with stage.sender("v"):
        await stage.all_sent()
    assert stage.twice == []
    tally = await account(stage.bench.ledger)
    assert tally.sent + tally.doubt == 10
    assert tally.doubt >= 1


async def test_a_journal_that_was_taken_over_is_not_forgotten_at_once(stage: Stage) -> None:
    """Whoever takes it over tells a Redis that may lose it again."""
    await started(stage, "dead", "v")
    before = await stage.clock.copied()
    async with stage.sender("dead", killed=True):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
    await stage.bench.window("v").take_over()
    await stage.clock.promoted(before)
    async with stage.sender("v"):
        await stage.all_sent()
    assert stage.twice == []


async def test_a_journal_is_not_thrown_away_while_nobody_can_be_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is away for longer than journals are kept, and comes back without its tail."""
    await started(stage, "dead", "v")
    before = await stage.clock.copied()
    async with stage.sender("dead", killed=True):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
    async with stage.sender("v") as bot:
        bot.ready.clear()
        deliver = stage.bench.window("v2")
        await deliver.tell(stage.clock.server)
        await deliver.take_over()

        async def away(*_: object) -> None:
            raise StoreDown("redis: refused")

        with monkeypatch.context() as gone:
            gone.setattr(stage.clock, "run", away)
            gone.setattr(stage.clock, "call", away)
            for path in (tmp_path / "journal").glob("telegram.dead.*"):
                os.utime(path, (1.0, 1.0))
            with contextlib.suppress(StoreDown):
                await deliver.take_over()
        await stage.clock.promoted(before)
        bot.ready.set()
        await stage.all_sent()
    assert stage.twice == []


async def test_a_sender_that_ended_in_order_is_not_forgotten_at_once(stage: Stage) -> None:
    """As at every restart for a new version."""
    await started(stage, "old", "v")
    before = await stage.clock.copied()
    async with stage.sender("old", stops_at=4):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
    assert len(stage.platform.asked) < 10, "the test ends it in the middle"
    await stage.clock.promoted(before)
    async with stage.sender("v"):
        await stage.all_sent()
    assert stage.twice == []


async def test_a_sender_whose_hands_are_full_tells_as_well(stage: Stage) -> None:
    """Answers may take 15 s; who has not told within 3 s is not waited for."""
    await started(stage, "v", "w")
    before = await stage.clock.copied()
    stage.platform.hangs = {str(number) for number in range(10)}
    async with stage.sender("v"):
        await stage.until(lambda: len(stage.platform.asked) >= 4)
        stage.platform.hangs = set()
        await stage.clock.promoted(before)
        async with stage.sender("w"):
            await stage.all_sent()
            stage.platform.free.set()
    assert stage.twice == []


async def test_a_sender_whose_token_was_refused_tells_as_well(stage: Stage) -> None:
    await started(stage, "v", "w")
    before = await stage.clock.copied()
    stage.platform.answer = lambda to: Sent(int(to.chat) + 1) if len(stage.platform.asked) <= 4 else Stopped("401")
    async with stage.sender("v") as bot:
        await stage.until(lambda: not bot.ready.is_set())
        reached = set(stage.platform.asked)
        stage.platform.answer = lambda to: Sent(1)
        await stage.clock.promoted(before)
        async with stage.sender("w"):
            await stage.all_sent()
    assert len(reached) < 10
    assert set(stage.twice) <= reached
    assert [chat for chat in stage.twice if chat in sorted(reached)[:4]] == []


async def test_an_answer_that_redis_never_heard_of_is_told_by_whoever_takes_over(stage: Stage) -> None:
    """It is written down before Redis is told; else it would be a doubt."""
    stage.platform.hangs = {"3"}

    async def away(*_: object) -> None:
        raise StoreDown("redis: refused")

    await started(stage, "dead", "v")
    stage.bench.ledger.commit = away  # type: ignore[method-assign]
    dead = stage.bench.window("dead")
    await dead.tell(stage.clock.server)
    task = asyncio.create_task(dead.once())
    await stage.until(lambda: sum(one.outcome is not None for one in dead.journal.own()) == 9)
    stage.platform.free.set()  # this answer comes while the others are still to be committed
    await stage.until(lambda: all(one.outcome for one in dead.journal.own()))
    task.cancel()
    await asyncio.wait([task])
    dead.journal.leave()
    heir = stage.bench.window("v")
    await heir.tell(stage.clock.server)
    await heir.take_over()
    assert (await account(stage.bench.ledger)).sent == 10


async def test_without_a_journal_nothing_leaves(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be: it cannot be made")
    await started(stage, "v")
    window = stage.bench.window("v")
    await window.tell(stage.clock.server)
    assert len((await window.once()).intents) == 10
    assert stage.platform.asked == []
    (tmp_path / "journal").unlink()
    stage.clock.passes(5)
    await window.once()
    assert len(stage.platform.asked) == 10
    tally = await account(stage.bench.ledger)
    assert (tally.sent, tally.doubt) == (10, 0)
    window.journal.leave()


async def test_a_chat_that_answers_slowly_holds_up_only_itself(stage: Stage) -> None:
    await started(stage, "v")
    stage.platform.hangs = {"1"}
    async with stage.sender("v"):
        await stage.until(lambda: len(stage.platform.asked) == 10)
        assert sorted(stage.platform.asked) == sorted(str(number) for number in range(10))
        stage.platform.free.set()
    assert (await account(stage.bench.ledger)).sent == 10
