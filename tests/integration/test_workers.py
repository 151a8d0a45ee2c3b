"""Two worker processes' worth of windows on one ledger against the sandbox: one limit, every chat exactly once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Article, Subscriber, Urgency
from newsbot.flows.deliver import Deliver
from newsbot.procs import runtime
from newsbot.procs.runtime import Process
from newsbot.sandbox.serve import Running
from newsbot.sandbox.telegram import control
from newsbot.store.redis import Redis
from tests.cast import until
from tests.conftest import environment
from tests.contract.store_kit import BOT, account, story

RATE = 100
CHATS = 150
WINDOWS = 4


@pytest.fixture
async def processes(sandbox: Running, redis: Redis, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Two processes on one Redis and one token, CHATS subscribers, and a sandbox that refuses more than RATE."""
    sandbox.world.limits.telegram_rates.overall = RATE
    control.make_chats(sandbox.world, {"count": CHATS, "first_id": 500_000})
    environ = environment(sandbox, tmp_path / "data", REDIS_URL=redis.url, NEWSBOT_TELEGRAM__RATE=str(RATE))
    settings = bootstrap.read_settings(environ)
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(runtime.process(settings, redis.url, environ)) for _ in range(2)]
        for process in found:
            await process.kit.platforms[BOT].start()
        for number in range(CHATS):
            await found[0].kit.subscribers.put(Subscriber(Address(BOT, str(500_000 + number))))
        kit = found[0].kit
        article = Article(id="/AAAAA", source="site", title="제목")
        await kit.stories.accept(article, story(urgency=Urgency.BREAKING, at=1.8e9), [BOT])
        assert await kit.plan.owed() == 1
        yield found


async def work(process: Process, deliver: Deliver) -> None:
    """Window after window, until the push is over."""
    try:
        while await process.kit.ledger.open(BOT):
            window = await deliver.once()
            if not window.intents:
                await asyncio.sleep(min(window.wait, 0.2))
    finally:
        deliver.journal.leave()


def start(processes: Sequence[Process]) -> dict[str, asyncio.Task[None]]:
    """Every process's windows, by name."""
    names = [(process, f"{'ab'[n]}-{window}") for n, process in enumerate(processes) for window in range(WINDOWS)]
    return {name: asyncio.create_task(work(process, process.kit.deliver(BOT, name))) for process, name in names}


def copies(sandbox: Running) -> Counter[str]:
    """How many alerts each chat shows."""
    return Counter(message.chat for message in sandbox.world.record.messages(platform="telegram"))


@pytest.mark.slow
async def test_two_workers_share_one_limit_and_every_chat_gets_it_once(
    sandbox: Running, processes: list[Process]
) -> None:
    await asyncio.gather(*start(processes).values())
    assert copies(sandbox) == {str(500_000 + number): 1 for number in range(CHATS)}
    tally = await account(processes[0].kit.ledger)
    assert (tally.sent, tally.state, tally.reasons) == (CHATS, "done", ())
    calls = [call for call in sandbox.world.record.requests if call.method == "sendMessage"]
    assert Counter(call.status for call in calls) == {200: CHATS}, "a shared limit is never overrun"


@pytest.mark.slow
async def test_a_worker_that_dies_leaves_doubts_and_nothing_else(sandbox: Running, processes: list[Process]) -> None:
    ledger = processes[0].kit.ledger
    tasks = start(processes)
    await until(lambda: len(copies(sandbox)) > CHATS // 3, "a third of the way")
    dead = {name: task for name, task in tasks.items() if name.startswith("a")}
    for task in dead.values():
        task.cancel()  # between any two steps, as a kill would; nothing of it is committed
    await asyncio.gather(*dead.values(), return_exceptions=True)

    async def over() -> bool:
        for name in tasks:
            if name.startswith("b"):
                await ledger.beat(BOT, name)
        await ledger.reap(BOT, 1.0)  # a short lease stands for a long wait
        return all(task.done() for task in tasks.values())

    await until(over, "the other worker does the rest")
    tally = await account(ledger)
    assert tally.state == "done"
    assert tally.sent + tally.doubt == CHATS
    assert tally.doubt <= 16 * WINDOWS
    shown = copies(sandbox)
    assert max(shown.values()) == 1
    assert len(shown) >= tally.sent
