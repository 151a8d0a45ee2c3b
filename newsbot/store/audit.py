"""Who did what from chat or terminal, written before the effect; and the small marks that make an effect happen once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from newsbot.store import keys
from newsbot.store.redis import Redis

DAY = 86400
KEPT_ENTRIES = 1_000_000
APPROVAL_SECONDS = 600
"""How long a Send button stands for what was shown (reliability A42)."""


class RedisAudit:
    """The record of deeds, taken updates and approvals. If it cannot be written, the deed does not happen."""

    def __init__(self, redis: Redis, now: Callable[[], float] = time.time) -> None:
        self._redis, self._now = redis, now

    async def record(self, who: str, deed: str, target: str, detail: str = "") -> None:
        """One entry; raises StoreDown, and then nothing may be done."""
        entry = {"at": f"{self._now():.3f}", "who": who, "deed": deed, "target": target, "detail": detail}
        flat = [part for pair in entry.items() for part in pair]
        await self._redis.call("XADD", keys.AUDIT, "MAXLEN", "~", KEPT_ENTRIES, "*", *flat)

    async def take_event(self, bot: str, event: str) -> bool:
        """True the first time this update is seen; platforms deliver the same one again."""
        return bool(await self._redis.call("SET", keys.event(bot, event), "1", "NX", "EX", DAY))

    async def tries(self, bot: str, user: str, seconds: int = 60) -> int:
        """How often this person tried, with less than so many seconds in between, this time included."""
        key = keys.refusals(bot, user)
        count, _ = await self._redis.pipeline([["INCR", key], ["EXPIRE", key, seconds]])
        return int(count)

    async def times(self, bot: str, user: str, seconds: int = 60) -> int:
        """How often this person spoke, this time included, since the first time of at most so many seconds ago."""
        key = keys.refusals(bot, user)
        _, count = await self._redis.pipeline([["SET", key, 0, "EX", seconds, "NX"], ["INCR", key]])
        return int(count)

    async def offer(self, nonce: str, what: Mapping[str, Any]) -> None:
        """Remember what a Send button stands for."""
        await self._redis.call("SET", keys.approval(nonce), json.dumps(dict(what)), "EX", APPROVAL_SECONDS)

    async def see(self, nonce: str) -> dict[str, Any] | None:
        """What that button stands for, without using it up; None when used or expired."""
        body = await self._redis.call("GET", keys.approval(nonce))
        return json.loads(body) if body else None

    async def take(self, nonce: str) -> dict[str, Any] | None:
        """What that button stands for, once; None when used or expired."""
        body = await self._redis.call("GETDEL", keys.approval(nonce))
        return json.loads(body) if body else None
