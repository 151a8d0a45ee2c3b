"""Who gets what: a dense index per chat, its record, and bitmaps over the indexes; and how a chat leaves.

A chat that lost its rights is quarantined and looked at now and then (`probes`); one that stopped keeps its choices for a
while and is then erased (`gone`). The bitmaps are the truth, both queues follow from them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from newsbot.core import columns, quarantine
from newsbot.core.model import Address, Subscriber
from newsbot.core.quarantine import Quarantined
from newsbot.store import keys
from newsbot.store.redis import Redis

PAGE = 64  # shards read in one go: 8,192 chats
BATCH = 1000  # members added to a queue in one command
SETTLED = 120.0
"""Seconds after which nothing that was in flight to an erased chat can come in any more: twice the lease of a delivery."""


class RedisSubscribers:
    """Subscribers of every platform; the truth lies in each bot's slot."""

    def __init__(
        self,
        redis: Redis,
        platforms: Sequence[str],
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000,
    ) -> None:
        self._redis, self._platforms, self._now, self._jitter = redis, tuple(platforms), now, jitter

    async def put(self, subscriber: Subscriber, starts: float | None = None) -> Subscriber:
        """Add or replace; what is stored, with its index and the time it first came. `starts`: since when (unix seconds)
        what waited belongs to its next digest, where that is not its previous occasion."""
        address = subscriber.address
        places = [
            keys.index(address.platform, address.chat),
            keys.next_index(address.platform),
            keys.bot(address.platform),
        ]
        given = [*self._written(subscriber), "" if starts is None else starts]
        index, since = await self._redis.run("subscribe", places, given)
        return replace(subscriber, index=index, since=since)

    async def put_many(self, subscribers: Sequence[Subscriber]) -> list[Subscriber]:
        """Add or replace, in this order and in one step for each platform. Those come back, not written, who are to be put one
        by one because something may wait for them: they were stopped, or their digests would come at other times."""
        left = []
        for platform in dict.fromkeys(one.address.platform for one in subscribers):
            these, prefix = [one for one in subscribers if one.address.platform == platform], keys.bot(platform)
            given = []
            for one in these:
                given += [keys.index(platform, one.address.chat).removeprefix(prefix), *self._written(one)]
            left += [these[int(place)] for place in await self._redis.run("enlist", [prefix], given)]
        return left

    def _written(self, subscriber: Subscriber) -> list[Any]:
        """What the scripts that store it are told."""
        chosen = subscriber.choices
        words = [*sorted(chosen.words), *(f"-{word}" for word in sorted(chosen.without))]
        return [
            subscriber.address.chat,
            subscriber.language,
            subscriber.since or int(self._now()),
            subscriber.state,
            "\n".join(sorted(columns.names(subscriber) - set(columns.STATES))),
            "\n".join(words),
            chosen.muted,
        ]

    async def get(self, address: Address) -> Subscriber | None:
        """The subscriber at this address in any state, or None."""
        index = await self.index(address)
        record = None if index is None else await self._redis.call("HGET", keys.chat(address.platform, index), index)
        if index is None or record is None:
            return None
        return (await self._read(address.platform, {index: bytes(record)}))[0]

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

    async def set_state(self, address: Address, state: str, was: str = "") -> bool:
        """Stop, quarantine or reactivate, with all that follows; `was`: only from that state. False where nobody is stored,
        or in another state. Who stopped stays stopped when it is to be quarantined."""
        now = self._now()
        first = now + quarantine.next_look(0, self._jitter())
        return bool(await self._redis.run("state", self._places(address), [address.chat, state, now, first, was]))

    async def address(self, bot: str, index: int) -> Address | None:
        """The chat that has this index, or None."""
        record = await self._redis.call("HGET", keys.chat(bot, index), index)
        return Address(bot, record.decode().split(" ")[0]) if record else None

    async def move(self, old: Address, new: Address) -> None:
        """The chat has a new address; index and choices stay. Where that one is subscribed itself, the old one stops."""
        moved = await self._redis.run(
            "move",
            [keys.index(old.platform, old.chat), keys.index(old.platform, new.chat), keys.bot(old.platform)],
            [old.chat, new.chat],
        )
        if moved == 2:
            await self.set_state(old, "stopped")

    async def probes(self, platform: str, most: int) -> list[Quarantined]:
        """Quarantined chats that are to be looked at now, longest overdue first."""
        await self._adopt(platform, "quarantined", "probes")
        found = []
        for index, record, state, known in await self._due(platform, "probes", "quarantined", self._now(), most):
            if record is None or not state:
                prefix = keys.bot(platform)
                await self._redis.pipeline([["ZREM", prefix + "probes", index], ["HDEL", prefix + "probing", index]])
                continue
            tries, since = (known or b"0 %d" % self._now()).split(b" ")
            found.append(Quarantined(index, _address(platform, record), int(tries), float(since)))
        return found

    async def looked(self, address: Address, tries: int, due: float) -> bool:
        """It stays quarantined after so many looks without success, and is looked at again then (unix seconds). False where
        it is not quarantined any more."""
        return bool(await self._redis.run("look", self._places(address), [address.chat, tries, due, int(self._now())]))

    async def gone(self, platform: str, before: float, most: int) -> list[tuple[int, Address | None]]:
        """(index, address) of chats that stopped before that moment (unix seconds), longest ago first; the address is None
        where the chat is erased already and only the references of its messages are left to be cleared."""
        await self._adopt(platform, "stopped", "gone")
        found: list[tuple[int, Address | None]] = []
        for index, record, state, _ in await self._due(platform, "gone", "stopped", before, most):
            if record is not None and not state:
                await self._redis.call("ZREM", keys.bot(platform) + "gone", index)
            else:
                found.append((index, None if record is None else _address(platform, record)))
        return found

    async def erase(self, address: Address, was: str = "") -> bool:
        """Forget which chat this was, at once: its address, choices, threads and pace; `was`: only in that state.

        Its index is never given again, so what is left of its deliveries (a place in each audience, how each ended and
        when) is about nobody. The references of its messages are cleared by the round of retention (`gone`, `cleared`)
        once nothing is in flight any more. False where nobody is stored, or in another state.
        """
        waits = self._now() - quarantine.CHOICES_KEPT + SETTLED
        return bool(await self._redis.run("erase", self._places(address), [address.chat, waits, was]))

    async def cleared(self, platform: str, indexes: Sequence[int]) -> None:
        """No reference of these erased chats' messages is left."""
        if indexes:
            await self._redis.call("ZREM", keys.bot(platform) + "gone", *indexes)

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

    async def known(self) -> int:
        """How many there ever were, in any state: those that are erased count as well."""
        found = [await self._redis.call("GET", keys.next_index(platform)) for platform in self._platforms]
        return sum(int(number or 0) for number in found)

    async def count(self, platform: str) -> int:
        """How many are active."""
        return int(await self._redis.call("BITCOUNT", keys.bitmap(platform, "active")))

    def _places(self, address: Address) -> list[str]:
        return [keys.index(address.platform, address.chat), keys.bot(address.platform)]

    async def _due(
        self, platform: str, queue: str, state: str, before: float, most: int
    ) -> list[tuple[int, bytes | None, int, bytes | None]]:
        """(index, record, whether it is in that state, what `probing` says) of a queue's members up to that moment."""
        prefix = keys.bot(platform)
        due = [int(one) for one in await self._redis.call(*_until(prefix + queue, before, most))]
        replies = iter(
            await self._redis.pipeline(
                [
                    command
                    for index in due
                    for command in (
                        ["HGET", keys.chat(platform, index), index],
                        ["GETBIT", keys.bitmap(platform, state), index],
                        ["HGET", prefix + "probing", index],
                    )
                ]
            )
        )
        return [(index, next(replies), int(next(replies)), next(replies)) for index in due]

    async def _adopt(self, platform: str, state: str, queue: str) -> None:
        """Whoever is in that state and not in its queue: stored so by an import, or before there were queues."""
        prefix, bitmap = keys.bot(platform), keys.bitmap(platform, state)
        stored, queued = await self._redis.pipeline([["BITCOUNT", bitmap], ["ZCARD", prefix + queue]])
        if stored <= queued:
            return
        known = {int(one) for one in await self._redis.call("ZRANGE", prefix + queue, 0, -1)}
        bits, now = await self._redis.call("GET", bitmap), int(self._now())
        missing = [index for index in _members(bits) if index not in known]
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            scores = [now + quarantine.next_look(0, self._jitter()) if queue == "probes" else now for _ in batch]
            pairs = [part for pair in zip(scores, batch, strict=True) for part in pair]
            commands: list[list[Any]] = [["ZADD", prefix + queue, "NX", *pairs]]
            if queue == "probes":
                commands += [["HSETNX", prefix + "probing", index, f"0 {now}"] for index in batch]
            await self._redis.pipeline(commands)

    async def _read(self, platform: str, records: dict[int, bytes]) -> list[Subscriber]:
        if not records:
            return []
        low, high = min(records) // 8, max(records) // 8
        indexes = list(records)
        chosen = sorted(name.decode() for name in await self._redis.call("SMEMBERS", keys.names(platform)))
        names = [*columns.STATES, *chosen]
        maps = await self._redis.pipeline([["GETRANGE", keys.bitmap(platform, name), low, high] for name in names])
        has = _bits_of(dict(zip(names, maps, strict=True)), low, indexes)
        rare, words = await self._lines(platform, "rare", indexes), await self._lines(platform, "words", indexes)
        muted = await self._redis.call("HMGET", keys.bot(platform) + "muted", *indexes)
        known = frozenset(names)
        for index, listed in rare.items():
            has[index] += [name for name in listed if name not in known]
        found = []
        for (index, record), until in zip(records.items(), muted, strict=True):
            chat, language, since = record.decode().split(" ")
            said, address = words.get(index, ()), Address(platform, chat)
            end = int(float(until or 0))
            found.append(columns.subscriber(address, has[index], language, int(since), index, said, end))
        return found

    async def _lines(self, platform: str, kind: str, indexes: Sequence[int]) -> dict[int, list[str]]:
        """Index → what its shard of that kind says of it, line by line, of those of whom it says anything."""
        shards: dict[int, list[int]] = {}
        for index in indexes:
            shards.setdefault(index // keys.SHARD, []).append(index)
        replies = await self._redis.pipeline(
            [["HMGET", f"{keys.bot(platform)}{kind}:{shard}", *asked] for shard, asked in shards.items()]
        )
        return {
            index: said.decode().split("\n")
            for asked, reply in zip(shards.values(), replies, strict=True)
            for index, said in zip(asked, reply, strict=True)
            if said
        }


def _bits_of(maps: Mapping[str, bytes], low: int, indexes: Sequence[int]) -> dict[int, list[str]]:
    """Index → the names of the bitmaps in which it is set; each bitmap begins with the byte `low`."""
    found: dict[int, list[str]] = {index: [] for index in indexes}
    for name, bits in maps.items():
        for index in _members(bits):
            if index + 8 * low in found:
                found[index + 8 * low].append(name)
    return found


def _address(platform: str, record: bytes) -> Address:
    return Address(platform, record.decode().partition(" ")[0])


def _until(queue: str, moment: float, most: int) -> list[Any]:
    return ["ZRANGEBYSCORE", queue, "-inf", moment, "LIMIT", 0, most]


def _members(bits: bytes) -> list[int]:
    """The indexes whose bits are set."""
    return [byte * 8 + bit for byte, value in enumerate(bits) if value for bit in range(8) if value >> (7 - bit) & 1]
