"""Whether this Redis is ours and fit: install id, version, persistence, eviction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsbot.store import keys
from newsbot.store.redis import Redis

OLDEST = (6, 2)
FILE = "install"


class WrongRedis(Exception):
    """This Redis is not the one this data folder belongs to, or not fit under `[redis] strict`."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at Redis found; `warnings` are for log, `/readyz` and `status`."""

    install: str
    version: str
    warnings: tuple[str, ...]


async def look(redis: Redis, folder: Path, *, strict: bool) -> Report:
    """Compare install ids, adopting or creating one where that is safe. Raises WrongRedis, StoreDown."""
    version, warnings = await fitness(redis)
    if strict and warnings:
        raise WrongRedis("[redis] strict: " + "; ".join(warnings))
    return Report(await same_install(redis, folder), version, warnings)


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


async def fitness(redis: Redis) -> tuple[str, tuple[str, ...]]:
    """The server's version, and what about it endangers the promises (empty: nothing)."""
    facts = info(await redis.call("INFO"))
    version = facts.get("redis_version", "0")
    warnings = []
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST:
        warnings.append(f"Redis {version} is older than 6.2")
    if facts.get("aof_enabled") == "0":
        warnings.append("append-only file is off: a crash of Redis may send alerts twice")
    if facts.get("maxmemory", "0") != "0" and facts.get("maxmemory_policy") != "noeviction":
        warnings.append(
            f"maxmemory-policy is {facts.get('maxmemory_policy')}, not noeviction: the ledger may be evicted"
        )
    return version, tuple(warnings)


def info(reply: Any) -> dict[str, str]:
    """INFO's reply as a mapping."""
    text = reply.decode() if isinstance(reply, bytes) else reply
    if isinstance(text, dict):
        return {str(name): str(value) for name, value in text.items()}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
