"""What a platform keeps for itself, as it gave it."""

from __future__ import annotations

from collections.abc import Sequence

from newsbot.store import keys
from newsbot.store.redis import Redis


class RedisShelf:
    """`ports.Shelf` of one bot: a hash, and marks that expire."""

    def __init__(self, redis: Redis, bot: str) -> None:
        self._redis, self._bot = redis, bot

    async def put(self, name: str, value: bytes) -> None:
        """Keep this under that name, in place of what was there."""
        await self._redis.call("HSET", keys.shelf(self._bot), name, value)

    async def get(self, name: str) -> bytes | None:
        """What is kept under this name."""
        found = await self._redis.call("HGET", keys.shelf(self._bot), name)
        return None if found is None else bytes(found)

    async def drop(self, name: str) -> None:
        """Forget it."""
        await self._redis.call("HDEL", keys.shelf(self._bot), name)

    async def names(self) -> Sequence[str]:
        """Every name, sorted."""
        return sorted(name.decode() for name in await self._redis.call("HKEYS", keys.shelf(self._bot)))

    async def first(self, name: str, seconds: int) -> bool:
        """Whether nobody asked this of that name within so many seconds before."""
        return bool(await self._redis.call("SET", keys.first(self._bot, name), "1", "NX", "EX", seconds))
