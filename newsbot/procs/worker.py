"""The worker: windows of deliveries side by side for each platform, the doorbell, heartbeats, upkeep."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from newsbot import bootstrap
from newsbot.flows.deliver import BotStopped, Deliver
from newsbot.flows.upkeep import Upkeep
from newsbot.ports import StoreDown
from newsbot.procs.runtime import Bot, Process, keep_started, pause, until_stopped

WINDOWS = 4
"""Windows under way at a time and platform: with 16 sends each, 1,000 a second at 60 ms an answer."""

BEAT = 1.0
UPKEEP = 1.0
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
    for platform, bot in process.bots.items():
        bell = Bell()
        names = [f"{name}-{number}" for number in range(WINDOWS)]
        work.append(until_stopped(process.stop, listen(process, platform, bell)))
        work.append(ring_at_end(process, bell))
        work.append(beats(process, platform, names))
        work += [send(process, bot, bell, process.kit.deliver(platform, one)) for one in names]
    return work


async def send(process: Process, bot: Bot, bell: Bell, deliver: Deliver) -> None:
    """Window after window until the stop signal; what was begun is always committed."""
    while not process.stop.is_set():
        if not bot.ready.is_set():
            await bell.wait(0.2)
            continue
        try:
            window = await deliver.once()
        except BotStopped as error:
            bot.stopped(str(error))
        except StoreDown as error:
            process.store_down(error)
            await pause(process.stop, 0.5)
        else:
            if not window.intents and window.wait > 0:
                await bell.wait(window.wait)


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


async def beats(process: Process, platform: str, names: list[str]) -> None:
    """Say that these windows live, until well after the last of them can have begun anything."""
    while not process.stop.is_set():
        try:
            for name in names:
                await process.kit.ledger.beat(platform, name)
        except StoreDown:
            pass  # a stall of Redis reaps nobody: the reaper looks twice
        await pause(process.stop, BEAT)


async def upkeep(process: Process, flow: Upkeep) -> None:
    """Round after round."""
    while True:
        try:
            await flow.once()
        except StoreDown as error:
            process.store_down(error)
        await asyncio.sleep(UPKEEP)
