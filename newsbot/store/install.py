"""Whether this Redis is ours and fit: install id, how far it has come, version, persistence, eviction."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsbot.store import keys
from newsbot.store.redis import Redis

OLDEST = (6, 2)
FILE = "install"
MARK_FILE = "mark"
MAY_BE_MISSING = 60
"""Seconds of its past that Redis may lose, as at a promotion, before it counts as restored from a backup."""


class WrongRedis(Exception):
    """This Redis is not the one this data folder belongs to, or not fit under `[redis] strict`."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at Redis found; `warnings` are for log, `/readyz` and `status`."""

    install: str
    version: str
    warnings: tuple[str, ...]
    new: bool = False
    """Whether the installation was made by this look."""


async def look(redis: Redis, folder: Path, *, strict: bool) -> Report:
    """Compare install ids, adopting or creating one where that is safe. Raises WrongRedis, StoreDown."""
    version, warnings = await fitness(redis)
    if strict and warnings:
        raise WrongRedis("[redis] strict: " + "; ".join(warnings))
    new = await redis.call("GET", keys.INSTALL) is None
    install = await same_install(redis, folder)
    await same_past(redis, folder)
    return Report(install, version, warnings, new)


async def same_install(redis: Redis, folder: Path) -> str:
    """The install id both sides agree on: none anywhere makes one, Redis' own is adopted, any other mismatch refuses."""
    file = folder / FILE
    mine = file.read_text().strip() if file.exists() else ""
    found = await redis.call("GET", keys.INSTALL)
    theirs = found.decode() if found else ""
    if mine and mine != theirs:
        raise WrongRedis(
            f"data folder belongs to install {mine}, this Redis says {theirs or 'nothing (empty or another database)'};"
            f" nothing is sent. If that is meant, remove {file}"
        )
    if not theirs:
        fresh = secrets.token_hex(6)
        await redis.call("SET", keys.INSTALL, fresh, "NX")
        theirs = (await redis.call("GET", keys.INSTALL)).decode()
    if not mine:
        write_down(file, theirs)
    return theirs


def write_down(file: Path, install: str) -> None:
    """Make this data folder belong to that install."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(install + "\n")


async def keep_mark(redis: Redis, folder: Path, bots: Iterable[str]) -> None:
    """Note in Redis and in the data folder how far Redis has come; to be called every second or so while it is used.

    One mark a slot, as the servers of a cluster are emptied and restored one by one. Raises WrongRedis where Redis is more
    than MAY_BE_MISSING seconds behind what this folder saw, and StoreDown.
    """
    name, seen = read_marks(folder)
    slots = list(dict.fromkeys(["news", *bots, *seen]))
    if not seen and not write_marks(folder, name, {}):
        return  # another name every time would only litter Redis
    replies = await asyncio.gather(
        *(redis.run("mark", [mark_key(slot)], [name, seen.get(slot, 0), MAY_BE_MISSING]) for slot in slots)
    )
    for slot, (kept, found) in zip(slots, replies, strict=True):
        if not kept:
            raise restored(folder, slot, seen[slot], found)
    write_marks(folder, name, {slot: found for slot, (_, found) in zip(slots, replies, strict=True)})


async def same_past(redis: Redis, folder: Path) -> None:
    """Raises WrongRedis where Redis is more than MAY_BE_MISSING seconds behind what this folder saw, and StoreDown."""
    name, seen = read_marks(folder)
    found = await asyncio.gather(*(redis.call("HGET", mark_key(slot), name) for slot in seen))
    for slot, mark in zip(seen, found, strict=True):
        if int(mark or 0) < seen[slot] - MAY_BE_MISSING:
            raise restored(folder, slot, seen[slot], int(mark or 0))


def mark_key(slot: str) -> str:
    """The hash data folder → how far it saw this slot's server come."""
    return keys.bot(slot) + "mark"


def restored(folder: Path, slot: str, seen: int, found: int) -> WrongRedis:
    """What to say of a Redis whose last minutes or days are missing."""
    behind = f"is {seen - found} s behind" if found else "has nothing of"
    return WrongRedis(
        f"this Redis {behind} what this data folder saw of it at {datetime.fromtimestamp(seen, UTC):%Y-%m-%d %H:%M} UTC"
        f" (keys of {{{slot}}}): it was restored from a backup, or emptied; nothing is sent. What was sent since then it"
        f" would send again. If that is meant, remove {folder / MARK_FILE}"
    )


def read_marks(folder: Path) -> tuple[str, dict[str, int]]:
    """The name of this folder in Redis, and slot → how far Redis had come (unix seconds); a new name where there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        read = json.loads((folder / MARK_FILE).read_text())
        return str(read["folder"]), {str(slot): int(mark) for slot, mark in read["seen"].items()}
    return secrets.token_hex(6), {}


def write_marks(folder: Path, name: str, seen: Mapping[str, int]) -> bool:
    """In one step: whoever is killed here leaves the file before or the one after. False where it cannot be written: the
    guard is weaker then, and of a full disk others tell."""
    fresh = folder / f"{MARK_FILE}.{secrets.token_hex(4)}"
    try:
        fresh.write_text(json.dumps({"folder": name, "seen": dict(seen)}) + "\n")
        fresh.replace(folder / MARK_FILE)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


async def fitness(redis: Redis) -> tuple[str, tuple[str, ...]]:
    """The oldest master's version, and what about any master endangers the promises (empty: nothing)."""
    masters = {name: info(reply) for name, reply in (await redis.everywhere("INFO")).items()}
    versions = [facts.get("redis_version", "0") for facts in masters.values()]
    warnings = [
        f"{name}: {warning}" if name else warning for name, facts in masters.items() for warning in dangers(facts)
    ]
    return min(versions, key=numbers), tuple(warnings)


def dangers(facts: Mapping[str, str]) -> Sequence[str]:
    """What about one server, by its INFO, endangers the promises."""
    version = facts.get("redis_version", "0")
    found = []
    if numbers(version)[:2] < OLDEST:
        found.append(f"Redis {version} is older than 6.2")
    if facts.get("aof_enabled") == "0":
        found.append("append-only file is off: a crash of Redis may send alerts twice")
    if facts.get("maxmemory", "0") != "0" and facts.get("maxmemory_policy") != "noeviction":
        found.append(f"maxmemory-policy is {facts.get('maxmemory_policy')}, not noeviction: the ledger may be evicted")
    # INFO counts good replicas only where min-replicas-to-write is above 0.
    if facts.get("connected_slaves", "0") != "0" and "min_slaves_good_slaves" not in facts:
        found.append("min-replicas-to-write is 0: a master cut off from its replicas takes writes that will be lost")
    return found


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version that are numbers."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def info(reply: Any) -> dict[str, str]:
    """INFO's reply as a mapping."""
    text = reply.decode() if isinstance(reply, bytes) else reply
    if isinstance(text, dict):
        return {str(name): str(value) for name, value in text.items()}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
