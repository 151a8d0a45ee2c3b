"""Very many subscribers at once: the keys that `lua/subscribe.lua` writes, written in bulk.

A million one by one would take minutes. `differs` says whether both ways come to the same, key by key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsbot.core.columns import STATES
from newsbot.core.model import Address, Subscriber
from newsbot.store import keys
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.benchmarks.peers import FIRST_CHAT

SINCE = 1_720_742_580
AT_ONCE = 64
"""Commands of one pipeline."""
PIECE = 16_384
"""Bytes of a bitmap written at once: it grows as by SETBIT, with the room that Redis keeps free at its end."""


@dataclass(frozen=True)
class People:
    """The first `count` chats of a platform. A subscriber's index is its number; bitmaps are over these, the highest bit
    of a byte first. Who is in no topic's bitmap gets every topic."""

    count: int
    topics: Mapping[str, bytes]
    english: bytes = b""
    """Whose language is English; the others read Korean."""

    def has(self, bitmap: bytes, number: int) -> bool:
        """Whether the bit of this subscriber is set."""
        return number // 8 < len(bitmap) and bool(bitmap[number // 8] >> (7 - number % 8) & 1)

    def one(self, platform: str, number: int) -> Subscriber:
        """One of them as `subscribers.put` takes it."""
        topics = frozenset(name for name, bitmap in self.topics.items() if self.has(bitmap, number))
        language = "en" if self.has(self.english, number) else "ko"
        return Subscriber(Address(platform, chat_of(platform, number)), topics, language=language, since=SINCE)

    def first(self, count: int) -> People:
        """The same with fewer."""
        return People(count, {n: cut(b, count) for n, b in self.topics.items()}, cut(self.english, count))


def chat_of(platform: str, number: int) -> str:
    """The chat of this number, as its platform writes it."""
    return f"C{FIRST_CHAT + number}" if platform == "slack" else str(FIRST_CHAT + number)


def some(numbers: Iterable[int], count: int) -> bytes:
    """A bitmap over `count` with these numbers set."""
    found = bytearray(-(-count // 8))
    for number in numbers:
        found[number // 8] |= 0x80 >> number % 8
    return bytes(found)


def everybody(count: int) -> bytes:
    """A bitmap of all."""
    whole, rest = divmod(count, 8)
    return b"\xff" * whole + (bytes([0xFF00 >> rest & 0xFF]) if rest else b"")


def cut(bitmap: bytes, count: int) -> bytes:
    """A bitmap without what lies behind `count`."""
    ours = bitmap[: -(-count // 8)]
    return bytes(a & b for a, b in zip(ours, everybody(count), strict=False))


async def load(redis: Redis, platform: str, people: People) -> None:
    """Write them all into a bot that has nobody yet."""
    commands = [*shards(platform, people), *buckets(platform, people), *maps(platform, people)]
    for start in range(0, len(commands), AT_ONCE):
        await redis.pipeline(commands[start : start + AT_ONCE])


def shards(platform: str, people: People) -> Iterator[Sequence[Any]]:
    """Index → record."""
    for start in range(0, people.count, keys.SHARD):
        pairs: list[Any] = []
        for number in range(start, min(start + keys.SHARD, people.count)):
            language = "en" if people.has(people.english, number) else "ko"
            pairs += (number, f"{chat_of(platform, number)} {language} {SINCE}")
        yield "HSET", keys.chat(platform, start), *pairs


def buckets(platform: str, people: People) -> Iterator[Sequence[Any]]:
    """Chat → index."""
    found: dict[str, list[Any]] = defaultdict(list)
    for number in range(people.count):
        chat = chat_of(platform, number)
        found[keys.index(platform, chat)] += (chat, number)
    for key, pairs in found.items():
        yield "HSET", key, *pairs
    yield "SET", keys.next_index(platform), people.count


def maps(platform: str, people: People) -> Iterator[Sequence[Any]]:
    """Topics, urgency, states; a bitmap of what was chosen ends with the last who chose it."""
    whole = everybody(people.count)
    found = {f"topic:{name}": bitmap.rstrip(b"\0") for name, bitmap in people.topics.items()}
    chosen = 0
    for bitmap in found.values():
        chosen |= int.from_bytes(bitmap.ljust(len(whole), b"\0"))
    found["all"] = (int.from_bytes(whole) & ~chosen).to_bytes(len(whole)).rstrip(b"\0")
    found["floor:normal"] = whole
    found = {name: bitmap for name, bitmap in found.items() if bitmap}
    if found:
        yield "SADD", keys.names(platform), *found
    found |= {state: whole if state == "active" else bytes(len(whole)) for state in STATES}
    for name, bitmap in found.items():
        for start in range(0, len(bitmap), PIECE):
            yield "SETRANGE", keys.bitmap(platform, name), start, bitmap[start : start + PIECE]


async def differs(redis: Redis, platform: str, people: People) -> str:
    """The first key in which these people, put one by one and loaded, are not the same; "" where there is none.

    Leaves nobody behind.
    """
    subscribers = RedisSubscribers(redis, [platform])
    for number in range(people.count):
        await subscribers.put(people.one(platform, number))
    put = await contents(redis, platform)
    await redis.call("DEL", *put)
    await load(redis, platform, people)
    loaded = await contents(redis, platform)
    await redis.call("DEL", *loaded)
    return next((key.decode() for key in sorted(put.keys() | loaded.keys()) if put.get(key) != loaded.get(key)), "")


async def contents(redis: Redis, platform: str) -> dict[bytes, Any]:
    """Everything of a bot: key → (type, encoding, content)."""
    read = {b"hash": ["HGETALL"], b"set": ["SMEMBERS"], b"string": ["GET"]}
    found = {}
    for key in await scan(redis, keys.bot(platform) + "*"):
        kind, encoding = await redis.pipeline([["TYPE", key], ["OBJECT", "ENCODING", key]])
        found[key] = (kind, encoding, await redis.call(read[kind][0], key))
    return found


async def scan(redis: Redis, pattern: str) -> list[bytes]:
    """Keys of that pattern ("{" stands for itself in one)."""
    found: set[bytes] = set()
    cursor: Any = 0
    while True:
        cursor, page = await redis.call("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        found.update(page)
        if not int(cursor):
            return sorted(found)
