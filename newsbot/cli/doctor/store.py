"""Checks of Redis: there, fit, ours, and somebody is subscribed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from newsbot.cli.doctor.room import SECONDS, Finding, Level, Room, aside
from newsbot.ports import StoreDown
from newsbot.store import keys
from newsbot.store.embedded import Embedded, NoRedis
from newsbot.store.install import FILE, fitness
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers


@asynccontextmanager
async def connected(room: Room, url: str | None) -> AsyncIterator[None]:
    """The room with its Redis, or with the reason why there is none. One of our own is started, as `newsbot run` does,
    and stopped again unless somebody else uses it."""
    own = None if url else Embedded(room.settings.data.folder.resolve())
    connection = None
    try:
        async with asyncio.timeout(SECONDS):
            connection = Redis(await aside(own.acquire) if own else url or "")
            await connection.call("PING")
        room.redis = connection
    except TimeoutError:
        room.late, room.redis_trouble = True, room.text("late", seconds=f"{SECONDS:.0f}")
    except (NoRedis, StoreDown, OSError) as error:
        room.redis_trouble = str(error)
    except ValueError as error:
        room.redis_trouble = f"REDIS_URL: {error}"
    try:
        yield
    finally:
        if connection is not None:
            await connection.close()
        if own is not None:
            await aside(own.release)


async def redis(room: Room) -> Sequence[Finding]:
    """Version, append-only file, eviction."""
    if room.redis is None:
        return [room.bad("error", "redis.none", why=room.redis_trouble)]
    version, warnings = await fitness(room.redis)
    level: Level = "error" if room.settings.redis.strict else "warning"
    unfit = [Finding(level, one, room.text("redis.unfit.fix")) for one in warnings]
    return unfit or [room.ok("redis", version=version)]


async def install(room: Room) -> Sequence[Finding]:
    """Whether this Redis belongs to this data folder."""
    if room.redis is None:
        return []
    file = room.settings.data.folder / FILE
    mine = (await aside(file.read_text)).strip() if file.is_file() else ""
    found = await room.redis.call("GET", keys.INSTALL)
    theirs = found.decode() if found else ""
    if mine and mine != theirs:
        return [room.bad("error", "install.other", mine=mine, theirs=theirs or "-", file=file)]
    return [room.ok("install", install=mine or theirs) if mine or theirs else room.ok("install.new")]


async def readers(room: Room) -> Sequence[Finding]:
    """Whether anybody would get an alert."""
    if room.redis is None or not room.sections:
        return []
    subscribers = RedisSubscribers(room.redis, tuple(room.sections))
    counts = {name: await subscribers.count(name) for name in room.sections}
    if not any(counts.values()):
        return [room.bad("warning", "readers.none")]
    return [room.ok("readers", counts=", ".join(f"{name} {count}" for name, count in counts.items()))]
