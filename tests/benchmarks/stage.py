"""What the benchmarks run on: a folder that goes away, the sink, children that end with us."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 120.0
"""Seconds after which something that never comes is a failure; nothing passes by waiting."""

OURS = ("NEWSBOT_", "TELEGRAM_", "SLACK_", "REDIS_URL", "PORT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Failed(Exception):
    """A figure that cannot be had: one line. The others go on."""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 5
    deliveries: int = 10_000
    """Of newsbot and of the bare client in each round; a slower peer sends fewer (`shares`)."""
    warm_up: int = 1000
    posts: int = 200
    """Written one after another, and so many requests timed."""
    pause: float = 0.3
    """Seconds between two posts on average."""
    old: int = 1000
    """Posts that are in the watched folder before."""
    archive: int = 10_000
    previews: int = 3


SMALL = Size(rounds=1, deliveries=200, warm_up=20, posts=5, pause=0.05, old=5, archive=60, previews=1)


@dataclass(frozen=True)
class Bench:
    """One run. `aiogram` is the Python that has it, or None; `folder` lies on the disk the project is on, so that an
    append-only file costs what it costs."""

    size: Size
    folder: Path
    aiogram: Path | None
    say: Callable[[str], None]


def environment(**more: str) -> dict[str, str]:
    """This process' variables without what configures newsbot or a proxy, and these."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(OURS) and n.lower() not in PROXIES}
    return kept | more


@asynccontextmanager
async def child(*command: str | Path, **how: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended, by its id, when the block is."""
    process = await asyncio.create_subprocess_exec(*command, **{"env": environment(), **how})
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


@dataclass(frozen=True)
class Sink:
    """The stand-in for both platforms, and for a site whose pages are there."""

    url: str

    async def seen(self) -> Mapping[str, Any]:
        """What came since the last look: `requests`, `chats`, `arrivals`."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            found: dict[str, Any] = (await client.get(f"{self.url}/sink")).json()
        return found


@asynccontextmanager
async def sink(*options: str) -> AsyncIterator[Sink]:
    """One in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    async with child(sys.executable, "-m", "tests.benchmarks.sink", *options, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        first = json.loads(await process.stdout.readline())
        yield Sink(f"http://127.0.0.1:{first['port']}")


async def until(happens: Callable[[], Awaitable[Any]], what: str, every: float = 0.02) -> None:
    """Until it happens. Raises Failed when patience ends."""
    end = time.monotonic() + PATIENCE
    while not await happens():
        if time.monotonic() > end:
            raise Failed(f"did not happen within {PATIENCE:.0f} s: {what}")
        await asyncio.sleep(every)
