"""Everybody's choices as columns, what stands beside them, and what waits for digests. One bot, one slot."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, compress

from newsbot.core.audience import Split, Standing
from newsbot.core.columns import STATES, Columns, bitmap
from newsbot.store import keys
from newsbot.store.redis import Redis

COUNTED = tuple(f"count:{place}" for place in range(4))
DIGEST_KEPT = 8 * 86400
PLANNED = 86400  # seconds by which the clocks of a planner and of Redis may differ
HUSHED = 7 * 86400
"""Seconds a line of stories stays muted; news that goes on after a week is another story."""


class RedisAudiences:
    """Reads whole bitmaps: a million subscribers are 125 KB each. What few chose is kept as a list of them, and here as the
    bitmap that was made of it: making hundreds of them anew for every story would take longer than all the rest."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._built: dict[str, dict[str, tuple[bytes, int, int]]] = {}

    async def columns(self, bot: str) -> Columns:
        """Everybody's choices as they are now."""
        found = await self._redis.pipeline([["SMEMBERS", key] for key in (keys.names(bot), keys.rares(bot))])
        maps, lists = (sorted(name.decode() for name in names) for names in found)
        # One command: a list that became a bitmap meanwhile is seen as what it is then.
        asked = [
            *(keys.few(bot, name) for name in lists),
            *(keys.bitmap(bot, name) for name in (*STATES, *maps, *lists)),
        ]
        bits = await self._redis.call("MGET", *asked)
        columns = _columns((*STATES, *maps, *lists), bits[len(lists) :])
        known, built = self._built.get(bot, {}), dict[str, tuple[bytes, int, int]]()
        for name, packed in zip(lists, bits, strict=False):
            one = known.get(name, (b"", 0, 0))
            if packed:
                same = one[:2] == (packed, columns.size)
                built[name] = one if same else (packed, columns.size, bitmap(_numbers(packed), columns.size))
        self._built[bot] = built
        return Columns(columns.size, {**columns.maps, **{name: one[2] for name, one in built.items()}})

    async def standing(self, bot: str, size: int, words: Collection[str], line: Collection[str], at: float) -> Standing:
        """What stands beside the choices for one story: who named one of its words, who muted it (`line`: its id and those it
        continues), who muted everything at that moment (unix seconds), and how many alerts everybody had today."""
        named, refused = await self._named(bot, size, words)
        muted = await self.mutes(bot)
        counted = _columns(COUNTED, await self._redis.call("MGET", *(keys.bitmap(bot, name) for name in COUNTED)))
        return Standing(
            named=named,
            refused=refused,
            hushed=await self._hushed(bot, size, line),
            muted=bitmap((index for index, until in muted.items() if until > at), size),
            counted=tuple(_fit(counted[name], counted.size, size) for name in COUNTED),
        )

    async def declined(self, bot: str, size: int, words: Collection[str], line: Collection[str]) -> int:
        """Who does not want a story that says one of these words, or muted it or what it continues (`line`)."""
        _, refused = await self._named(bot, size, words)
        return refused | await self._hushed(bot, size, line)

    async def _hushed(self, bot: str, size: int, line: Collection[str]) -> int:
        found = await self._redis.pipeline([["SMEMBERS", f"{keys.bot(bot)}hush:{story}"] for story in line])
        return bitmap({int(index) for index in chain.from_iterable(found)}, size)

    async def _named(self, bot: str, size: int, words: Collection[str]) -> tuple[int, int]:
        """Who wants a story that says one of these words, and who does not want it."""
        asked = [*words, *(f"-{word}" for word in words)]
        if not asked:
            return 0, 0
        prefix = keys.bot(bot)
        known = await self._redis.call("SMISMEMBER", f"{prefix}vocabulary", *asked)
        found = [word for word, is_known in zip(asked, known, strict=True) if is_known]
        asked = [key(bot, f"word:{word}") for key in (keys.few, keys.bitmap) for word in found]
        bits = await self._redis.call("MGET", *asked) if asked else []
        lists, maps = bits[: len(found)], _columns(found, bits[len(found) :], size)
        wants, without = ([no is word.startswith("-") for word in found] for no in (False, True))
        told = [
            bitmap(chain.from_iterable(_numbers(packed or b"") for packed in compress(lists, which)), size)
            for which in (wants, without)
        ]
        for word in found:
            told[word.startswith("-")] |= maps[word]
        return told[0], told[1]

    async def mutes(self, bot: str) -> Mapping[int, float]:
        """Index → until when it is muted (unix seconds)."""
        found = await self._redis.call("HGETALL", f"{keys.bot(bot)}muted")
        return {int(index): float(until) for index, until in found.items()}

    async def starts(self, bot: str) -> Mapping[int, float]:
        """Index → since when what waited belongs to its next digest, where that is not its previous occasion; 0: since the last
        digest that reached it."""
        found = await self._redis.call("HGETALL", f"{keys.bot(bot)}starts")
        return {int(index): float(since) for index, since in found.items()}

    async def turn(self, bot: str, days: Mapping[str, str], home: str) -> None:
        """Nobody had an alert yet on a new day: zone → its date. The zone `home` is that of everybody who named none."""
        known = await self._redis.call("HGETALL", f"{keys.bot(bot)}days")
        for zone, day in days.items():
            if known.get(zone.encode(), b"").decode() != day:
                await self._redis.run("turn", [keys.bot(bot)], [zone, day, int(zone == home)])

    async def now(self, bot: str) -> float:
        """The time (unix seconds) by the clock of the Redis that has this bot: the one that judges quiet hours and digests."""
        seconds, micros = await self._redis.call("TIME", near=keys.bot(bot))
        return int(seconds) + int(micros) / 1e6

    async def shut(self, bot: str, digest: str, after: float, until: float) -> tuple[str, float] | None:
        """Begin to make a digest for (after, until]: what is judged from now on belongs to a later one. What `keep_digest` is
        to be told, and after when it is for, which is later where another digest is for the beginning of that time; None
        where that leaves nothing."""
        found = await self._redis.run("shut", [keys.bot(bot)], [digest, after, until, DIGEST_KEPT])
        return (found[0].decode(), float(found[1])) if found else None

    async def waits(self, bot: str, since: float, size: int) -> list[tuple[str, float, Mapping[str, int]]]:
        """(push, when it was judged, who waits for it by reason) of every push that somebody waits for since then and that
        nobody stopped."""
        pushes = await self._redis.call("ZRANGEBYSCORE", keys.pushes(bot), since - PLANNED, "+inf")
        commands = []
        for push in (name.decode() for name in pushes):
            commands += [["HMGET", keys.push(bot, push), "judged", "state"]]
            commands += [["HGETALL", keys.push(bot, push, "waits")]]
        replies = await self._redis.pipeline(commands)
        return [
            (push.decode(), float(judged), {name.decode(): unpack(packed, size) for name, packed in found.items()})
            for push, (judged, state), found in zip(pushes, replies[::2], replies[1::2], strict=True)
            if found and judged and float(judged) > since and state != b"cancelled"
        ]

    async def keep_digest(
        self,
        bot: str,
        digest: str,
        made: str,
        maps: Mapping[str, int],
        size: int,
        mutes: Mapping[int, float],
        starts: Mapping[int, float],
    ) -> Columns | None:
        """Write down what this digest holds for whom, unless that stands there already; what stands there, less those who
        changed their choices since `shut` (`made`). With it these mutes are over and these beginnings used up; what waits
        after a mute's end belongs to the digest after this. None where that is to be done again, `shut` first."""
        spent = [part for pair in [*mutes.items(), *starts.items()] for part in pair]
        parts = [part for name, bits in maps.items() if bits for part in (name, pack(bits, size))]
        given = [DIGEST_KEPT, made, len(mutes), len(starts), *spent, *parts]
        found = await self._redis.run("keep", [keys.digest(bot, digest), keys.bot(bot)], given)
        return _kept(dict(zip(found[::2], found[1::2], strict=True)), size) if found else None

    async def digest(self, bot: str, digest: str, size: int = 0) -> Columns | None:
        """What this digest holds for whom, as it was written down, in at least so many bytes; None where it was not, or is
        forgotten."""
        found = await self._redis.call("HGETALL", keys.digest(bot, digest))
        return _kept(found, size) if found else None

    async def made(self, bot: str) -> list[tuple[str, float]]:
        """(digest, after when it is for) of every digest of the last days, the latest first."""
        found = [name.decode().split(" ") for name in await self._redis.call("ZREVRANGE", keys.digests(bot), 0, -1)]
        return [(digest, float(after)) for digest, after in found]

    async def hush(self, bot: str, story: str, index: int, *, on: bool = True) -> None:
        """This subscriber hears no more (or again) of what continues this story."""
        key = f"{keys.bot(bot)}hush:{story}"
        await self._redis.pipeline([["SADD" if on else "SREM", key, index], ["EXPIRE", key, HUSHED]])

    async def digested(self) -> float | None:
        """Up to when (unix seconds) digests are made."""
        found = await self._redis.call("GET", keys.DIGESTED)
        return float(found) if found else None

    async def tick(self, until: float, after: float | None) -> None:
        """Digests are made up to `until`, if they are made up to `after` now."""
        await self._redis.run("tick", [keys.DIGESTED], [until, "" if after is None else after])


def _columns(names: Sequence[str], found: Sequence[bytes | None], size: int = 0) -> Columns:
    """The bitmaps of these names as Redis has them, each as long as the longest, or as `size` says."""
    size = size or max((len(bits) for bits in found if bits), default=0)
    return Columns(
        size,
        {name: _fit(int.from_bytes(bits), len(bits), size) for name, bits in zip(names, found, strict=True) if bits},
    )


def _numbers(packed: bytes) -> array[int]:
    """The indexes of a list, 4 bytes each, the highest byte first."""
    found = array("I", packed)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _kept(found: Mapping[bytes, bytes], size: int) -> Columns:
    """The bitmaps of a digest, without those who were left for the next one."""
    maps = {name.decode(): zlib.decompress(packed) for name, packed in found.items() if name != b"left"}
    size = max([size, *map(len, maps.values())])
    left = bitmap(map(int, found.get(b"left", b"").split()), size)
    return Columns(size, {name: int.from_bytes(bits.ljust(size, b"\0")) & ~left for name, bits in maps.items()})


def _fit(bits: int, has: int, size: int) -> int:
    """The bitmap in so many bytes."""
    return bits << 8 * (size - has) if size >= has else bits >> 8 * (has - size)


def pack(bits: int, size: int) -> bytes:
    """A bitmap as it is stored where it is only read whole."""
    return zlib.compress(bits.to_bytes(size).rstrip(b"\0"), 1)


def unpack(packed: bytes, size: int) -> int:
    """The bitmap in so many bytes."""
    return int.from_bytes(zlib.decompress(packed)[:size].ljust(size, b"\0"))


def plain(bits: int, size: int) -> bytes:
    """A bitmap as Redis reads it."""
    return bits.to_bytes(size).rstrip(b"\0")


def waiting(split: Split, size: int) -> list[object]:
    """Who waits, as `plan.lua` takes it: reason, how many, packed bitmap."""
    return [part for why, bits in split.later.items() for part in (why, bits.bit_count(), pack(bits, size))]
