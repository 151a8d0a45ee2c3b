"""What every process has in common: the data folder, Redis, the platforms' tokens, signals, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import math
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import structlog

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.ports import Platform, StoreDown, TokenRefused
from newsbot.settings import Settings
from newsbot.store import keys
from newsbot.store.embedded import Embedded
from newsbot.store.install import Report, WrongRedis, keep_mark, look

log = structlog.get_logger()

TOLD_EVERY = 30.0
"""Seconds between two lines about a Redis that is down (design §5)."""

RETRY_START = 5.0
CANCEL_AGAIN = 0.25
DRAIN = 15.0
"""Seconds what was begun may take to end after SIGTERM (reliability F3)."""


CAME_EARLY: list[int] = []
"""Signals that came before the loop listened to them: a process that was told to end must not start after all."""


class Failed(Exception):
    """The process ends with exit code 1 and this one line."""


@dataclass
class Bot:
    """One platform's token: whether it was accepted yet."""

    platform: Platform
    state: Literal["starting", "on", "refused"] = "starting"
    told: str = ""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    taken: bool = False

    async def start(self) -> None:
        """One try; never raises."""
        try:
            identity = await self.platform.start()
        except TokenRefused as error:
            self._is("refused", str(error))
        except (ConnectionError, TimeoutError, OSError) as error:
            self._is("starting", f"not reached: {error}")
        else:
            self._is("on", identity)
            self.ready.set()

    def stopped(self, why: str) -> None:
        """The token was refused in the middle of work."""
        self.ready.clear()
        self._is("refused", why)

    def taken_by_others(self, why: str) -> None:
        """Somebody else works with this token: nothing is begun until a person has decided, and started us anew."""
        self.taken = True
        self.stopped(why)

    async def keep_started(self) -> None:
        """Try again for ever: a token can be rotated, a network comes back."""
        while True:
            if not self.ready.is_set() and not self.taken:
                await self.start()
            await asyncio.sleep(RETRY_START)

    def _is(self, state: Literal["starting", "on", "refused"], what: str) -> None:
        if (state, what) != (self.state, self.told):
            tell = log.info if state == "on" else log.error if state == "refused" else log.warning
            tell(f"platform.{state}", platform=self.platform.name, detail=what)
        self.state, self.told = state, what


@dataclass
class Process:
    """One running process: its kit, what it found, and what makes it end."""

    kit: Kit
    settings: Settings
    bots: Mapping[str, Bot]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    redis: Report | None = None  # None while Redis was never reached
    _told: float = -math.inf  # when it was last said that Redis is down
    _down: bool = False

    @property
    def ready(self) -> bool:
        """Whether Redis is there and at least one platform accepted its token."""
        return self.redis is not None and any(bot.ready.is_set() for bot in self.bots.values())

    def store_down(self, error: StoreDown) -> None:
        """Say that Redis is down or takes no writes: one line per 30 s, whoever noticed it."""
        self._down = True
        self.kit.metrics.redis_up.set(0)
        if time.monotonic() - self._told >= TOLD_EVERY:
            self._told = time.monotonic()
            log.warning("redis.waiting", error=str(error))

    async def wait_for_redis(self) -> None:
        """Until Redis answers and is ours; a line every 30 s. Raises Failed for a Redis that must not be used."""
        while not self.stop.is_set():
            try:
                self.redis = await look(self.kit.redis, self.settings.data.folder, strict=self.settings.redis.strict)
                if self.redis.new:
                    for name in self.kit.plain.dialects:
                        await self.kit.ledger.founded(name)
                await self.kit.stories.note_bots(tuple(self.bots))
            except WrongRedis as error:
                await self.kit.alarms.tell("redis", why=str(error))
                raise Failed(str(error)) from None
            except OSError as error:
                raise unusable(self.settings.data.folder, error) from None
            except StoreDown as error:
                self.store_down(error)
                await pause(self.stop, 1)
            else:
                for warning in self.redis.warnings:
                    log.warning("redis.unsafe", warning=warning)
                if self._down:
                    log.info("redis.back")
                self._down, self._told = False, -math.inf
                self.kit.metrics.redis_up.set(1)
                return

    async def watch_redis(self) -> None:
        """Notice when Redis goes away or is not ours any more (emptied, another one in its place). Raises Failed."""
        while not self.stop.is_set():
            await pause(self.stop, 1)
            if self.redis is None:
                continue  # the start still waits for it
            found = None
            try:
                found = await self.kit.redis.call("GET", keys.INSTALL)
                if found == self.redis.install.encode():
                    await keep_mark(self.kit.redis, self.settings.data.folder, self.bots)
            except StoreDown as error:
                self.store_down(error)
            except WrongRedis as error:
                await self.kit.alarms.tell("redis", why=str(error))
                raise Failed(str(error)) from None
            if (self._down or found != self.redis.install.encode()) and not self.stop.is_set():
                await self.wait_for_redis()

    async def start_bots(self) -> None:
        """One try for each platform. Raises Failed when every token is refused."""
        await asyncio.gather(*(bot.start() for bot in self.bots.values()))
        refused = [bot for bot in self.bots.values() if bot.state == "refused"]
        if refused and len(refused) == len(self.bots):
            raise Failed("; ".join(f"{bot.platform.name}: token refused: {bot.told}" for bot in refused))

    async def run(self, *jobs: Coroutine[Any, Any, None]) -> None:
        """Run the jobs until a signal comes or one of them fails; then give them time to end by themselves."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        if CAME_EARLY:
            self.stop.set()
        tasks = [asyncio.create_task(job) for job in jobs]
        end = asyncio.create_task(self.stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, end], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {end}:
                task.result()
        finally:
            self.stop.set()
            end.cancel()
            await finish(tasks)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """So many seconds, or less where the stop signal comes."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def finish(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for what ends by itself, cancel the rest; errors were told already."""
    _, late = await asyncio.wait(tasks, timeout=DRAIN)
    await asyncio.gather(*(end(task) for task in late))
    await asyncio.gather(*tasks, return_exceptions=True)


def keep_started(process: Process) -> list[Coroutine[Any, Any, None]]:
    """One coroutine a bot that tries its token again for ever; they end at the stop signal."""
    return [until_stopped(process.stop, bot.keep_started()) for bot in process.bots.values()]


async def until_stopped(stop: asyncio.Event, job: Coroutine[Any, Any, None]) -> None:
    """Run a job that knows no end and cancel it at the stop signal; its failure is raised."""
    task, told = asyncio.ensure_future(job), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([task, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        await end(task)
    if not task.cancelled():
        task.result()


async def end(task: asyncio.Future[Any]) -> None:
    """Cancel until it is over; no effect on what ended by itself.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which the Redis client writes with, swallows a cancellation
    that comes while it returns (python/cpython#81839).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN)


def unusable(folder: Path, error: OSError) -> Failed:
    """What to raise where the data folder cannot be written."""
    return Failed(f"data folder {folder}: {error.strerror or error}")


@contextmanager
def redis_url(settings: Settings) -> Iterator[str]:
    """REDIS_URL, or the URL of the data folder's own server, held while it is used. Raises NoRedis."""
    if settings.redis_url:
        yield settings.redis_url
        return
    embedded = Embedded(settings.data.folder.resolve())
    came: list[int] = []
    try:
        with held_back(came):
            url = embedded.acquire()
    except OSError as error:
        raise unusable(settings.data.folder, error) from None
    try:
        for number in came:
            signal.raise_signal(number)
        yield url
    finally:
        embedded.release()


@contextmanager
def held_back(came: list[int]) -> Iterator[None]:
    """Signals that would end us are noted in `came` instead: half a start would leave a redis-server behind."""
    ends = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda one, _: came.append(one)) for number in ends}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the data folder for `newsbot run`. Raises Failed where another one has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock: IO[str] = (folder / "run.lock").open("a")
    except OSError as error:
        raise unusable(folder, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Failed(f"data folder {folder} is in use by another `newsbot run`") from None
    try:
        yield
    finally:
        lock.close()


@asynccontextmanager
async def process(
    settings: Settings, url: str, environ: Mapping[str, str], *, live: bool = True
) -> AsyncIterator[Process]:
    """A process around a kit (see there for `live`); connections are closed at the end."""
    kit = bootstrap.kit(settings, url, environ, live=live)
    bots = {name: Bot(platform) for name, platform in kit.platforms.items()}
    try:
        yield Process(kit, settings, bots)
    finally:
        for platform in kit.platforms.values():
            await platform.close()
        await kit.redis.close()
