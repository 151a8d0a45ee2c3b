"""The worker: deliveries side by side for each platform, the doorbell, heartbeats, upkeep."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from newsbot import bootstrap
from newsbot.core import delivery
from newsbot.flows.deliver import BotStopped, Claim, Deliver
from newsbot.flows.upkeep import Upkeep
from newsbot.ports import StoreDown
from newsbot.procs.runtime import Bot, Process, end, keep_started, pause, until_stopped

log = structlog.get_logger()

IN_FLIGHT = 128
"""Sends under way at a time and platform, and so the most that a killed worker leaves in doubt: 1,000 a second at 128 ms an
answer, 30 a second at 2 s."""

BEAT = 1.0
UPKEEP = 1.0
DOUBTS = 5.0
WATCH = 10.0
DIGESTS = 5.0
BELL = 2.0
"""Seconds one wait at the doorbell lasts; below the Redis client's own 5 s (platform-facts 4.1)."""


class Bell:
    """Wakes the windows of one platform when something new was planned."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits now."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Until it rings, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass


def jobs(process: Process) -> list[Coroutine[Any, Any, None]]:
    """Everything a worker does, one coroutine each; they end by themselves at the stop signal."""
    name = bootstrap.worker_name()
    work = [until_stopped(process.stop, upkeep(process, process.kit.upkeep())), *keep_started(process)]
    work += [until_stopped(process.stop, job) for job in (tend(process, name), watch(process))]
    work += [until_stopped(process.stop, job) for job in rounds(process, name)]
    for platform, bot in process.bots.items():
        bell = Bell()
        deliver = process.kit.deliver(platform, name)
        work.append(until_stopped(process.stop, listen(process, platform, bell)))
        work.append(ring_at_end(process, bell))
        work.append(until_stopped(process.stop, inherit(process, deliver)))
        work.append(alive_while(process, platform, name, deliver, Sender(process, bot, bell, deliver).run()))
    return work


def rounds(process: Process, name: str) -> list[Coroutine[Any, Any, None]]:
    """What takes turns among the workers by leases of its own, or needs none."""
    kit = process.kit
    work = [again(process, 60.0, kit.probe(name).once), again(process, 60.0, kit.retention(name).once)]
    return [*work, again(process, DIGESTS, kit.digests.once)]  # no lease: any number of workers make one digest


async def tend(process: Process, name: str) -> None:
    """Settle doubts, while that is this worker's turn."""
    place, once = next(iter(process.bots)), process.kit.doubts().once

    async def mine() -> None:
        if await process.kit.ledger.hold(place, "doubts", name, 3 * DOUBTS):
            await once()

    await again(process, DOUBTS, mine)


async def again(process: Process, every: float, once: Callable[[], Awaitable[Any]]) -> None:
    """Round after round; a trouble of one is told, and the next one tries again."""
    while True:
        try:
            await once()
        except StoreDown as error:
            process.store_down(error)
        except Exception:
            log.exception("round.failed", round=once.__qualname__)
        await asyncio.sleep(every)


async def watch(process: Process) -> None:
    """Look whether on-call has to be told something."""
    while True:
        refused = {name: bot.told for name, bot in process.bots.items() if bot.state == "refused"}
        await process.kit.alarms.once(refused)
        await asyncio.sleep(WATCH)


async def inherit(process: Process, deliver: Deliver) -> None:
    """Finish what workers that were killed left behind in this data folder."""
    while True:
        try:
            await deliver.take_over()
        except StoreDown as error:
            process.store_down(error)
        await asyncio.sleep(UPKEEP)


class Sender:
    """Begins window after window for one platform while there is room, and finishes them side by side."""

    def __init__(self, process: Process, bot: Bot, bell: Bell, deliver: Deliver) -> None:
        self._process, self._bot, self._bell, self._deliver = process, bot, bell, deliver
        self._under_way: set[asyncio.Task[None]] = set()
        self._busy = 0  # sends
        self._freed = Bell()

    async def run(self) -> None:
        """Until the stop signal; then what was begun is finished, as long as the process is given time."""
        try:
            while not self._process.stop.is_set():
                await self._turn()
            if self._under_way:
                await asyncio.wait(self._under_way)
        except asyncio.CancelledError:
            for task in self._under_way:
                task.cancel()
            raise

    async def _turn(self) -> None:
        room = IN_FLIGHT - self._busy
        if room < 1:
            await self._freed.wait(delivery.SEND_TIMEOUT)
            return
        if not self._bot.ready.is_set():
            await self._bell.wait(0.2)
            return
        try:
            claim = await self._deliver.begin(room)
        except StoreDown as error:
            self._process.store_down(error)
            await pause(self._process.stop, 0.5)
            return
        if claim.window.barrier:
            await tell(self._process, self._deliver, claim.window.barrier)
        elif claim.window.intents:
            task = asyncio.create_task(self._finish(claim))
            self._busy += len(claim.window.intents)
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        elif claim.window.wait > 0:
            await self._bell.wait(claim.window.wait)

    async def _finish(self, claim: Claim) -> None:
        left = len(claim.window.intents)

        def settled(many: int) -> None:
            nonlocal left
            left -= many
            self._busy -= many
            self._freed.ring()

        try:
            await self._deliver.finish(claim, settled)
        except BotStopped as error:
            self._bot.stopped(str(error))
        finally:
            settled(left)


async def listen(process: Process, platform: str, bell: Bell) -> None:
    """Pass the doorbell on. Losing a ring costs a second, never an alert: windows look by themselves."""
    last = "$"
    while True:
        try:
            heard = await process.kit.ledger.ring(platform, last, BELL)
        except StoreDown:
            await asyncio.sleep(0.5)
        else:
            if heard != last:
                last = heard
                bell.ring()


async def ring_at_end(process: Process, bell: Bell) -> None:
    """Let windows that wait for news hear the stop signal."""
    await process.stop.wait()
    bell.ring()


async def alive_while(
    process: Process, platform: str, name: str, deliver: Deliver, work: Coroutine[Any, Any, None]
) -> None:
    """Say that this worker lives until its work is done, also while it finishes after the stop signal; then take leave."""
    beating = asyncio.create_task(beats(process, platform, name, deliver))
    try:
        await work
    finally:
        await end(beating)
        deliver.journal.leave()
    with contextlib.suppress(StoreDown):
        await process.kit.ledger.leave(platform, name)


async def beats(process: Process, platform: str, name: str, deliver: Deliver) -> None:
    """Say that this worker lives, again and again; and notice here, however busy it is, that Redis is another one."""
    telling: asyncio.Future[None] | None = None
    try:
        while True:
            with contextlib.suppress(StoreDown):  # a stall of Redis reaps nobody: the reaper looks twice
                run = await process.kit.ledger.beat(platform, name)
                if not deliver.knows(run) and (telling is None or telling.done()):
                    telling = asyncio.ensure_future(tell(process, deliver, run))
            await asyncio.sleep(BEAT)
    finally:
        if telling is not None:
            await end(telling)


async def tell(process: Process, deliver: Deliver, run: str) -> None:
    """Tell a Redis that was not there before what this worker knows, and wait until the others have."""
    try:
        # A plan that was lost is made again first, or what was sent of it would have nowhere to be written down.
        await process.kit.plan.owed()
        if not await deliver.tell(run):
            await pause(process.stop, 0.1)
    except StoreDown as error:
        process.store_down(error)
        await pause(process.stop, 0.5)


async def upkeep(process: Process, flow: Upkeep) -> None:
    """Round after round."""
    while True:
        try:
            await flow.once()
        except StoreDown as error:
            process.store_down(error)
        await asyncio.sleep(UPKEEP)
