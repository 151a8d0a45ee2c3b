"""What the benchmarks run on: a folder that goes away, the sink, children that end with us."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 120.0
"""Seconds after which something that never comes is a failure; nothing passes by waiting."""

ROOT = Path(__file__).parents[2]
OURS = ("NEWSBOT_", "TELEGRAM_", "SLACK_", "REDIS_URL", "PORT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A figure that cannot be had: one line. The others go on."""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 5
    deliveries: int = 10_000
    """Of newsbot and of the bare client in each round; a slower peer sends fewer (`shares`)."""
    warm_up: int = 1000
    subscribers: int = 1_000_000
    sample: int = 300
    """Subscribers that are put one by one, to see that loading in bulk comes to the same."""
    peer_keys: int = 106_000
    """Of a layout newsbot does not use; with the keys that are there they make Redis' tables as full as a million would."""
    workers: tuple[int, ...] = (1, 2, 4)
    """Processes that share a limit; the most of them where there is only one trial."""
    rates: tuple[float, ...] = (30.0, 1000.0)
    """Limits, in messages a second."""
    limited: float = 20.0
    """Seconds a limit of 30 a second is filled; one of 1000 half as long."""
    moving: float = 125.0
    """Seconds under a limit that moves."""
    crowd: int = 100_000
    """Chats of a fan-out at 1000 a second."""
    interrupted: int = 10_000
    """Chats a flash goes to in the middle of that."""
    cancels: int = 25
    growth: tuple[int, ...] = (1000, 10_000, 100_000, 1_000_000)
    firsts: int = 7
    """First sends that are timed at each size."""
    posts: int = 200
    """Written one after another, and so many requests timed."""
    pause: float = 0.3
    """Seconds between two posts on average."""
    old: int = 1000
    """Posts that are in the watched folder before."""
    archive: int = 10_000
    previews: int = 3


SMALL = Size(
    rounds=1,
    deliveries=200,
    warm_up=20,
    subscribers=2000,
    sample=40,
    peer_keys=200,
    workers=(2,),
    rates=(1000.0,),
    limited=1.0,
    moving=2.0,
    crowd=600,
    interrupted=100,
    cancels=1,
    growth=(100, 1000),
    firsts=1,
    posts=5,
    pause=0.05,
    old=5,
    archive=60,
    previews=1,
)


@dataclass(frozen=True)
class Bench:
    """One run. `peers` is the Python that has aiogram and python-telegram-bot with its limiter, or None; `folder` lies on
    the disk the project is on, so that an append-only file costs what it costs."""

    size: Size
    folder: Path
    peers: Path | None
    say: Callable[[str], None]


def environment(**more: str) -> dict[str, str]:
    """This process' variables without what configures newsbot or a proxy, and these."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(OURS) and n.lower() not in PROXIES}
    return kept | more


@asynccontextmanager
async def child(
    *command: str | Path, cores: set[int] | None = None, **how: Any
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended, by its id, when the block is. `cores`: it runs there alone, with all its threads."""
    with bound(cores):
        process = await asyncio.create_subprocess_exec(*command, **{"env": environment(), **how})
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


def apart() -> tuple[set[int] | None, set[int] | None]:
    """The core a sender is measured on, and those for everything else; None where a process cannot be bound to one or
    there is only one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return ({cores[-1]}, set(cores[:-1])) if len(cores) > 1 else (None, None)


@contextmanager
def bound(cores: set[int] | None) -> Iterator[None]:
    """What is started in here runs on these cores alone, with all its threads."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def spent(pid: int) -> float:
    """Seconds of processor time a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(pid: int) -> float:
    """Megabytes (of a million bytes) of memory a process had at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


@dataclass(frozen=True)
class Sink:
    """The stand-in for both platforms, and for a site whose pages are there."""

    url: str

    async def seen(self) -> Mapping[str, Any]:
        """What came since the last look: see `sink.py`."""
        return await self._asked("sink")

    async def now(self, mark: str) -> Mapping[str, Any]:
        """What came under one mark since the last look, which this is not: `taken, refused, chats, twice, first, last`."""
        found: dict[str, Any] = (await self._asked("sink/now"))["marks"].get(mark, {})
        return {"taken": 0, "refused": 0, "chats": 0, "twice": 0, "first": 0.0, "last": 0.0, **found}

    async def _asked(self, path: str) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            found: dict[str, Any] = (await client.get(f"{self.url}/{path}")).json()
        return found


@asynccontextmanager
async def sink(*options: str) -> AsyncIterator[Sink]:
    """One in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.benchmarks.sink", *options)
    async with child(*command, stdin=pipe, stdout=pipe, cwd=ROOT) as process:
        assert process.stdout
        first = json.loads(await process.stdout.readline())
        yield Sink(f"http://127.0.0.1:{first['port']}")


async def until(
    happens: Callable[[], Awaitable[Any]], what: str, every: float = 0.02, patience: float = PATIENCE
) -> None:
    """Until it happens, asked every so many seconds. Raises Failed when patience ends."""
    end = time.monotonic() + patience
    while not await happens():
        if time.monotonic() > end:
            raise Failed(f"did not happen within {patience:.0f} s: {what}")
        await asyncio.sleep(every)
