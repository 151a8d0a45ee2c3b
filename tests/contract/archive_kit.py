"""What the tests of the archive share: a push as the ledger leaves it, what there is of it, and a Redis that can be met in
the middle."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from newsbot.store import keys
from newsbot.store.archive import UNFINISHED
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, bitmap

NOW = 1_800_000_000.0
KEPT = 200 * 86400
PARTS = ("audience", "states", "refs", "times", "later", "reasons", "again")


@dataclass
class Push:
    """One push as the ledger leaves it when it is over: who was meant, what became of each, by position."""

    members: Sequence[int]
    name: str = "AAAAA"
    width: int = 4
    state: str = "done"
    dead_every: int = 7
    edits: bool = False
    planned: float = NOW
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chance = random.Random(len(self.members))
        start, step = (50_000_000, 1) if self.width == 4 else (1_800_000_000_000_000, 1000)
        self.sent = [at % self.dead_every != self.dead_every - 1 for at in range(len(self.members))]
        self.refs = [start + step * at + chance.randrange(-30, 30) if ok else 0 for at, ok in enumerate(self.sent)]

    async def lay(self, redis: Redis) -> None:
        """The keys and fields as plan, begin and commit write them."""
        key, size = keys.push(BOT, self.name), len(self.members)
        nibbles = [3 if ok else 6 for ok in self.sent] + [0] * (size % 2)
        strings = {
            "audience": bitmap(self.members),
            "states": bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True)),
            "times": b"".join((at // 100 + 1).to_bytes(3) for at in range(-(-size // 16))),
        }
        if not self.edits:
            strings["refs"] = b"".join(ref.to_bytes(self.width) for ref in self.refs)
        lost = [at for at, ok in enumerate(self.sent) if not ok]
        facts = dict(size=size, planned=self.planned, refbytes=self.width, state=self.state, revision=1)  # noqa: C408
        facts |= dict(sending=0, sent=size - len(lost), dead=len(lost), skipped=0, cancelled=0, doubt=0)  # noqa: C408
        facts |= {"base": "", "before": "", "edits": int(self.edits)} | self.more
        later, why = (
            {at: at // 50 for at in range(0, size, 11)},
            {at: ("blocked", "시간 초과")[at % 2] for at in lost},
        )
        commands: list[list[Any]] = [["SET", f"{key}:{part}", value] for part, value in strings.items()]
        for part, values in ((f"{key}:later", later), (f"{key}:reasons", why), (key, facts)):
            commands += [["HSET", part, *(word for pair in values.items() for word in pair)]] if values else []
        commands += [["SADD", f"{key}:again", *range(5, size, 101)]] if size > 5 else []
        commands += [["ZADD", keys.pushes(BOT), self.planned, self.name]]
        commands += [["EXPIRE", name, KEPT] for name in (key, *(f"{key}:{part}" for part in PARTS))]
        await redis.pipeline(commands)


async def hot_parts(redis: Redis, push: str = "AAAAA") -> dict[str, Any]:
    """What the ledger has of this push, part by part; every part lives as long as the push."""
    key, found = keys.push(BOT, push), {}
    for part in PARTS:
        kind = await redis.call("TYPE", f"{key}:{part}")
        if kind != b"none":
            command = {b"string": "GET", b"hash": "HGETALL", b"set": "SMEMBERS"}[kind]
            found[part] = await redis.call(command, f"{key}:{part}")
            left, own = await redis.pipeline([["PTTL", key], ["PTTL", f"{key}:{part}"]])
            assert abs(left - own) < 1000, part
    return found


async def leftovers(redis: Redis, push: str = "AAAAA") -> list[bytes]:
    """What stands beside the record, and must be gone in minutes."""
    found: list[bytes] = [
        name for name in await redis.call("KEYS", keys.past(BOT, "*")) if name != keys.past(BOT, push).encode()
    ]
    for name in found:
        assert 0 < await redis.call("TTL", name) <= UNFINISHED, name
    return found


class Watched(Redis):
    """The real server; something happens before a command of the test's choice, and every command is remembered."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: list[Sequence[Any]] = []
        self.at, self.then = -1, nothing

    async def _one(self, *command: Any) -> None:
        if len(self.asked) == self.at:
            await self.then()
        self.asked.append(command)

    async def call(self, *command: Any) -> Any:
        await self._one(*command)
        return await super().call(*command)

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        for command in commands:
            await self._one(*command)
        return await super().pipeline(commands)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        await self._one(script, *keys, *arguments)
        return await super().run(script, keys, arguments)


async def nothing() -> None: ...
