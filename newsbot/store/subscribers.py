"""Who gets what: a dense index per chat, its record, and bitmaps over the indexes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence

from newsbot.core.model import Address, Subscriber, SubscriberState, Urgency
from newsbot.store import keys
from newsbot.store.redis import Redis

STATES: tuple[SubscriberState, ...] = ("active", "quarantined", "stopped")
PAGE = 64  # shards read in one go: 8,192 chats


class RedisSubscribers:
    """Subscribers of every platform; the truth lies in each bot's slot."""

    def __init__(self, redis: Redis, platforms: Sequence[str], now: Callable[[], float] = time.time) -> None:
        self._redis, self._platforms, self._now = redis, tuple(platforms), now

    async def put(self, subscriber: Subscriber) -> Subscriber:
        """Add or replace; what is stored, with its index and the time it first came."""
        address = subscriber.address
        index, since = await self._redis.run(
            "subscribe",
            [
                keys.index(address.platform, address.chat),
                keys.next_index(address.platform),
                keys.bot(address.platform),
            ],
            [
                address.chat,
                subscriber.language,
                subscriber.since or int(self._now()),
                subscriber.state,
                subscriber.urgency.value,
                ",".join(sorted(subscriber.topics)),
            ],
        )
        return Subscriber(
            address, subscriber.topics, subscriber.urgency, subscriber.language, subscriber.state, since, index
        )

    async def get(self, address: Address) -> Subscriber | None:
        """The subscriber at this address in any state, or None."""
        index = await self.index(address)
        if index is None:
            return None
        return (await self._read(address.platform, {index: await self._record(address.platform, index)}))[0]

    async def under(self, address: Address) -> list[Subscriber]:
        """Everybody at this address and in its threads, in any state."""
        threads = await self._redis.call("SMEMBERS", keys.threads(address.platform, address.chat))
        places = [address, *(Address(address.platform, name.decode()) for name in sorted(threads))]
        found = [await self.get(place) for place in places]
        return [one for one in found if one is not None]

    async def index(self, address: Address) -> int | None:
        """The dense index of this address, or None."""
        found = await self._redis.call("HGET", keys.index(address.platform, address.chat), address.chat)
        return None if found is None else int(found)

    async def set_state(self, address: Address, state: str) -> bool:
        """Stop, quarantine or reactivate; False where nobody is stored."""
        index = await self.index(address)
        if index is None:
            return False
        await self._redis.pipeline(
            [["SETBIT", keys.bitmap(address.platform, name), index, int(name == state)] for name in STATES]
        )
        return True

    async def move(self, old: Address, new: Address) -> None:
        """The chat has a new address; index and choices stay."""
        await self._redis.run(
            "move",
            [keys.index(old.platform, old.chat), keys.index(old.platform, new.chat), keys.bot(old.platform)],
            [old.chat, new.chat],
        )

    async def all(self) -> AsyncIterator[Subscriber]:
        """Everybody, platform by platform, by index."""
        for platform in self._platforms:
            end = int(await self._redis.call("GET", keys.next_index(platform)) or 0)
            shards = range((end + keys.SHARD - 1) // keys.SHARD)
            for start in range(0, len(shards), PAGE):
                page = shards[start : start + PAGE]
                replies = await self._redis.pipeline(
                    [["HGETALL", keys.chat(platform, shard * keys.SHARD)] for shard in page]
                )
                records = {int(index): bytes(record) for reply in replies for index, record in reply.items()}
                for subscriber in await self._read(platform, dict(sorted(records.items()))):
                    yield subscriber

    async def count(self, platform: str) -> int:
        """How many are active."""
        return int(await self._redis.call("BITCOUNT", keys.bitmap(platform, "active")))

    async def _record(self, platform: str, index: int) -> bytes:
        return bytes(await self._redis.call("HGET", keys.chat(platform, index), index))

    async def _read(self, platform: str, records: dict[int, bytes]) -> list[Subscriber]:
        if not records:
            return []
        low, high = min(records) // 8, max(records) // 8
        topics = sorted(name.decode() for name in await self._redis.call("SMEMBERS", keys.bot(platform) + "topics"))
        names = [*STATES, *(f"floor:{urgency}" for urgency in Urgency), *(f"topic:{topic}" for topic in topics)]
        maps = dict(
            zip(
                names,
                await self._redis.pipeline([["GETRANGE", keys.bitmap(platform, name), low, high] for name in names]),
                strict=True,
            )
        )

        def has(name: str, index: int) -> bool:
            byte = index // 8 - low
            return byte < len(maps[name]) and bool(maps[name][byte] >> (7 - index % 8) & 1)

        found = []
        for index, record in records.items():
            chat, language, since = record.decode().split(" ")
            found.append(
                Subscriber(
                    Address(platform, chat),
                    frozenset(topic for topic in topics if has(f"topic:{topic}", index)),
                    next((urgency for urgency in Urgency if has(f"floor:{urgency}", index)), Urgency.NORMAL),
                    language,
                    next((state for state in STATES if has(state, index)), "stopped"),
                    int(since),
                    index,
                )
            )
        return found
