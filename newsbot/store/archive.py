"""Pushes after their hot days: one compressed record each, written back whole when somebody needs one.

A record is a hash: `head` (`Head` as JSON), `audience:<n>` (pieces of the bitmap) and `chunk:<n>` (`packing`). Counts stay
in the push itself. Whatever takes long is written under a name of its own that expires; one script then puts it in place,
if nothing changed meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from newsbot.store import keys, packing
from newsbot.store.packing import CHUNK, PIECE, Chunk, Damaged
from newsbot.store.redis import Redis

log = structlog.get_logger()

VERSION = 1
UNFINISHED = 600
"""Seconds that what was written for a fold or unfold stays when nobody finishes it; one takes a few seconds."""

PAGE = 500  # pushes asked about in one round trip
TRIES = 5  # to read a record that is being changed
BLOCK = 16  # positions that share one time (`lua/common.lua`)
CLEARED_AT_ONCE = 200  # chats: some 10 ms of Redis at a million chats

FACTS = (
    *("state", "size", "sending", "sent", "dead", "skipped", "cancelled", "doubt", "rest", "absent", "resent"),
    *("edit", "revision", "used", "cleared"),
)
"""Fields of a push that change with anything that is folded."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a record says of itself: bytes of a reference and of the audience's bitmap, whether it has references, and how
    many members of the audience come before each piece of it."""

    v: int
    size: int
    width: int
    refs: bool
    audience: int
    before: Sequence[int]


class RedisArchive:
    """Folds and unfolds the pushes of every bot."""

    def __init__(self, redis: Redis, now: Callable[[], float] = time.time) -> None:
        self._redis, self._now = redis, now

    async def pushes(self, bot: str) -> list[str]:
        """Ids of every push that is kept, newest first."""
        return [push async for push, _ in self._kept(bot, "+inf")][::-1]

    async def due(self, bot: str, before: float, most: int) -> list[str]:
        """Hot pushes, oldest first, that are over and were planned and last used before that moment (unix seconds)."""
        found: list[str] = []
        async for push, facts in self._kept(bot, before):
            over = facts["state"] != "open" and facts["sending"] == "0" and facts["size"] != "0"
            if over and not facts["folded"] and float(facts["used"] or 0) < before:
                found.append(push)
                if len(found) == most:
                    break
        return found

    async def fold(self, bot: str, push: str) -> bool:
        """Compress one; False where it cannot be now, or changed meanwhile. Killed in the middle it leaves all as it was."""
        key, written = keys.push(bot, push), self._aside(bot, push)
        facts = await self._facts(key, *FACTS, "folded", "refbytes")
        if facts["state"] in ("", "open") or facts["sending"] != "0" or facts["size"] == "0" or facts["folded"]:
            return False
        reasons = await self._words(f"{key}:reasons")
        try:
            fields = await self._write(key, written, int(facts["size"]), int(facts["refbytes"]), reasons)
        except Damaged as error:
            await self._redis.call("UNLINK", written)
            if (await self._facts(key, "folded"))["folded"]:
                return False  # somebody else was quicker, and took away what was being read
            log.error("archive.not_folded", platform=bot, push=push, why=str(error))
            await self._redis.run("warm", [key], [self._now()])  # one that cannot be must not keep the others waiting
            return False
        counted = json.dumps(Counter(word.decode() for word in reasons.values()), ensure_ascii=False)
        expected = [part for name in FACTS for part in (name, facts[name])]
        done = await self._redis.run(
            "fold", [key, keys.past(bot, push), written, keys.bot(bot)], [push, fields, counted, *expected]
        )
        if not done:
            await self._redis.call("UNLINK", written)
        return bool(done)

    async def hot(self, bot: str, push: str) -> bool:
        """Have it readable in the ledger, unfolded where need be, and not folded again for the next days. False where
        nothing of it is kept (any more). Costs one short command where it is hot."""
        folded = await self._redis.run("warm", [keys.push(bot, push)], [self._now()])
        if folded != 1:
            return bool(folded == 0)
        for _ in range(TRIES):
            try:
                done = await self._unfold(bot, push)
            except Damaged as error:
                log.error("archive.damaged", platform=bot, push=push, why=str(error))
                return False
            if done:
                return True
        log.error("archive.damaged", platform=bot, push=push, why="the record is not there, or never stands still")
        return False

    async def clear(self, bot: str, push: str, indexes: Sequence[int]) -> int:
        """Zeros in place of the message references of these chats; how many of them belong to its audience."""
        found = 0
        for start in range(0, len(indexes), CLEARED_AT_ONCE):
            found += await self._clear(bot, push, indexes[start : start + CLEARED_AT_ONCE])
        return found

    async def _clear(self, bot: str, push: str, indexes: Sequence[int]) -> int:
        for _ in range(TRIES):
            found = int(await self._redis.run("clear", [keys.push(bot, push)], indexes))
            if found >= 0:
                return found
            try:
                recorded = await self._clear_record(bot, push, indexes)
            except Damaged as error:
                log.error("archive.damaged", platform=bot, push=push, why=str(error))
                return 0
            if recorded is not None:
                return recorded
        log.error("archive.damaged", platform=bot, push=push, why="the record is not there, or never stands still")
        return 0

    async def _clear_record(self, bot: str, push: str, indexes: Sequence[int]) -> int | None:
        """As `clear`, in the record; None where it changed, or is no record any more."""
        record = keys.past(bot, push)
        head = await self._head(record)
        positions = await self._positions(record, head, indexes) if head else None
        if head is None or positions is None:
            return None
        chunks: dict[int, list[int]] = defaultdict(list)
        for position in positions:
            chunks[position // CHUNK].append(position % CHUNK)
        for number, places in chunks.items():
            field = f"chunk:{number}"
            old = await self._redis.call("HGET", record, field)
            if old is None:
                return None
            chunk = packing.unpack(old, head.width)
            without = packing.cleared(chunk, places, head.width)
            if without == chunk:
                continue
            digest = hashlib.sha1(old, usedforsecurity=False).hexdigest()
            fresh = packing.pack(without, head.width)
            if not await self._redis.run("swap", [keys.push(bot, push), record], [field, digest, fresh]):
                return None
        return len(positions)

    async def _positions(self, record: str, head: Head, indexes: Iterable[int]) -> list[int] | None:
        """Where these chats stand in the audience, as far as they belong to it; None where the record is gone."""
        pieces: dict[int, list[int]] = defaultdict(list)
        for index in indexes:
            if index < head.audience * 8:
                pieces[index // (PIECE * 8)].append(index % (PIECE * 8))
        found = []
        for number, members in pieces.items():
            squeezed = await self._redis.call("HGET", record, f"audience:{number}")
            if squeezed is None:
                return None
            bits = _inflated(squeezed)
            for member in members:
                byte, bit = divmod(member, 8)
                if bits[byte] >> (7 - bit) & 1:
                    before = int.from_bytes(bits[:byte]).bit_count() + (bits[byte] >> (8 - bit)).bit_count()
                    found.append(head.before[number] + before)
        return found

    async def _write(self, key: str, written: str, size: int, width: int, reasons: Mapping[int, bytes]) -> int:
        """Write the record of a push aside, reading each part again as it will be read; how many fields it has."""
        length, has_refs = await self._redis.pipeline([["STRLEN", f"{key}:audience"], ["EXISTS", f"{key}:refs"]])
        before: list[int] = []
        members = 0
        for number in range(-(-length // PIECE)):
            bits = await self._redis.call("GETRANGE", f"{key}:audience", number * PIECE, (number + 1) * PIECE - 1)
            before.append(members)
            members += int.from_bytes(bits).bit_count()
            if _inflated(await self._put(written, f"audience:{number}", zlib.compress(bits, packing.LEVEL))) != bits:
                raise Damaged(f"audience {number} was not stored as it is")
        if members != size:
            raise Damaged(f"an audience of {members} for a push of {size}")
        later, again = await self._words(f"{key}:later"), await self._members(f"{key}:again")
        exceptions = [_split(part) for part in (later, reasons, dict.fromkeys(again, b""))]
        for number in range(-(-size // CHUNK)):
            states, refs, times = await self._slices(key, number, width)
            late, why, twice = (part.get(number, {}) for part in exceptions)
            chunk = Chunk(states, refs, times, late, why, frozenset(twice))
            if len(chunk.states) != (min(CHUNK, size - number * CHUNK) + 1) // 2:
                raise Damaged(f"{len(chunk.states)} bytes of states in chunk {number}")
            stored = await self._put(written, f"chunk:{number}", packing.pack(chunk, width))
            if packing.unpack(stored, width) != chunk:
                raise Damaged(f"chunk {number} was not stored as it is")
        head = Head(VERSION, size, width, bool(has_refs), length, before)
        await self._put(written, "head", json.dumps(asdict(head)).encode())
        return 1 + len(before) + -(-size // CHUNK)

    async def _slices(self, key: str, number: int, width: int) -> list[bytes]:
        """States, references and times of one chunk."""
        commands: list[list[Any]] = []
        for part, each in (("states", CHUNK // 2), ("refs", CHUNK * width), ("times", CHUNK // BLOCK * packing.TIME)):
            commands.append(["GETRANGE", f"{key}:{part}", number * each, (number + 1) * each - 1])
        return await self._redis.pipeline(commands)

    async def _put(self, written: str, field: str, value: bytes) -> bytes:
        """Write a field aside; what stands there then."""
        commands: list[list[Any]] = [
            ["HSET", written, field, value],
            ["EXPIRE", written, UNFINISHED],
            ["HGET", written, field],
        ]
        return bytes((await self._redis.pipeline(commands))[-1] or b"")

    async def _unfold(self, bot: str, push: str) -> bool:
        """Write the parts aside and put them in place; False where the record changed meanwhile, or is gone."""
        key, record, aside = keys.push(bot, push), keys.past(bot, push), self._aside(bot, push) + ":"
        facts, head = await self._facts(key, "folded", "cleared"), await self._head(record)
        if not facts["folded"]:
            return True  # somebody else was quicker
        if head is None:
            return False
        size, width = head.size, head.width
        sizes = {"audience": head.audience, "states": (size + 1) // 2, "times": -(-size // BLOCK) * packing.TIME}
        if head.refs:
            sizes["refs"] = size * width
        made = set(sizes)
        for part, total in sizes.items():  # as long as it will be, so that it is not moved as it grows
            grown = ["SETRANGE", aside + part, total - 1, b"\0"]
            await self._redis.pipeline([grown, ["EXPIRE", aside + part, UNFINISHED]])
        for number in range(len(head.before)):
            squeezed = await self._redis.call("HGET", record, f"audience:{number}")
            if squeezed is None:
                return False
            await self._redis.call("SETRANGE", aside + "audience", number * PIECE, _inflated(squeezed))
        for number in range(-(-size // CHUNK)):
            packed = await self._redis.call("HGET", record, f"chunk:{number}")
            if packed is None:
                return False
            await self._lay(aside, number, packing.unpack(packed, width), width, made)
        return bool(await self._redis.run("unfold", [key, record, aside], [facts["cleared"] or "0", *sorted(made)]))

    async def _lay(self, aside: str, number: int, chunk: Chunk, width: int, made: set[str]) -> None:
        """Write one chunk to its place in the parts; `made` are those that were begun."""
        start = number * CHUNK
        commands: list[list[Any]] = [
            ["SETRANGE", aside + part, at, value]
            for part, at, value in (
                ("states", start // 2, chunk.states),
                ("refs", start * width, chunk.refs),
                ("times", start // BLOCK * packing.TIME, chunk.times),
            )
            if value
        ]
        flat: dict[str, list[Any]] = {
            "later": [part for at, word in chunk.later.items() for part in (start + at, word)],
            "reasons": [part for at, word in chunk.reasons.items() for part in (start + at, word)],
            "again": [start + at for at in chunk.again],
        }
        for part, members in flat.items():
            for first in range(0, len(members), 2 * PAGE):
                command = "SADD" if part == "again" else "HSET"
                commands.append([command, aside + part, *members[first : first + 2 * PAGE]])
                if part not in made:
                    made.add(part)
                    commands.append(["EXPIRE", aside + part, UNFINISHED])
        await self._redis.pipeline(commands)

    async def _head(self, record: str) -> Head | None:
        raw = await self._redis.call("HGET", record, "head")
        try:
            head = Head(**json.loads(raw)) if raw else None
        except (ValueError, TypeError) as error:
            raise Damaged(f"head: {error}") from error
        if head is not None and head.v != VERSION:
            raise Damaged(f"version {head.v} of the record; this is {VERSION}")
        return head

    async def _facts(self, key: str, *names: str) -> dict[str, str]:
        """Fields of a push, "" for what is not there."""
        values = await self._redis.call("HMGET", key, *names)
        return {name: (value or b"").decode() for name, value in zip(names, values, strict=True)}

    async def _kept(self, bot: str, before: float | str) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Every push planned up to then with what `due` looks at, oldest first; what has expired leaves the list."""
        names = ("size", "state", "sending", "folded", "used")
        ids = await self._redis.call("ZRANGEBYSCORE", keys.pushes(bot), "-inf", before)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            replies = await self._redis.pipeline([["HMGET", keys.push(bot, one.decode()), *names] for one in page])
            for one, values in zip(page, replies, strict=True):
                if values[0] is None:
                    await self._redis.call("ZREM", keys.pushes(bot), one)
                    continue
                yield one.decode(), {name: (value or b"").decode() for name, value in zip(names, values, strict=True)}

    async def _words(self, key: str) -> dict[int, bytes]:
        """A hash by position, read in steps that hold nobody up."""
        found: dict[int, bytes] = {}
        cursor: Any = 0
        while True:
            cursor, page = await self._redis.call("HSCAN", key, cursor, "COUNT", PAGE)
            found.update((int(position), bytes(word)) for position, word in page.items())
            if not int(cursor):
                return found

    async def _members(self, key: str) -> set[int]:
        """A set of positions, read likewise."""
        found: set[int] = set()
        cursor: Any = 0
        while True:
            cursor, page = await self._redis.call("SSCAN", key, cursor, "COUNT", PAGE)
            found.update(map(int, page))
            if not int(cursor):
                return found

    def _aside(self, bot: str, push: str) -> str:
        """A name nobody else writes to."""
        return f"{keys.past(bot, push)}:{secrets.token_hex(4)}"


def _split(words: Mapping[int, bytes]) -> dict[int, dict[int, bytes]]:
    """By chunk, and there by place."""
    found: dict[int, dict[int, bytes]] = defaultdict(dict)
    for position, word in words.items():
        found[position // CHUNK][position % CHUNK] = word
    return found


def _inflated(squeezed: bytes) -> bytes:
    try:
        return zlib.decompress(squeezed)
    except zlib.error as error:
        raise Damaged(str(error)) from error
