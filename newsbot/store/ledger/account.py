"""What the ledger knows of one push, read without changing anything."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from newsbot.core.model import StoryState, Tally
from newsbot.store import keys
from newsbot.store.redis import Redis

STATES = {0: "pending", 2: "sending", 3: "sent", 4: "retry", 5: "doubt", 6: "dead", 7: "skipped", 8: "cancelled"}
COUNTS = ("sending", "sent", "dead", "skipped", "cancelled", "doubt")
WAITS = "for the digest: "
"""How the reason begins where an alert was put off."""
BLOCK = 16
"""Positions that share one time (`lua/common.lua`)."""


async def tally(redis: Redis, bot: str, push: str) -> Tally | None:
    """The account of one push, or None where it was never planned."""
    found, reasons = await redis.pipeline(
        [["HGETALL", keys.push(bot, push)], ["HVALS", keys.push(bot, push, "reasons")]]
    )
    if not found:
        return None
    h = {name.decode(): value.decode() for name, value in found.items()}
    counts = {name: int(h[name]) for name in COUNTS}
    size = int(h["size"])
    why = Counter(reason.decode() for reason in reasons)
    why.update(json.loads(h.get("reasons") or "{}"))  # of a folded push
    if int(h.get("absent", 0)):
        why["not there to edit"] += int(h["absent"])
    if h["state"] in ("expired", "cancelled") and int(h.get("rest", 0)):
        why[h["state"]] += int(h["rest"])
    waits = {name.removeprefix("waits:"): int(many) for name, many in h.items() if name.startswith("waits:")}
    why.update({f"{WAITS}{reason}": many for reason, many in waits.items()})
    pending = size - sum(counts.values())
    counts["skipped"] += sum(waits.values())
    return Tally(
        size + sum(waits.values()),
        pending,
        **counts,
        state=story_state(h["state"], counts["sending"]),
        reasons=tuple(sorted(why.items())),
    )


async def why(redis: Redis, bot: str, push: str, index: int) -> Mapping[str, Any] | None:
    """`state, reason, ref, at` of one delivery; None where the subscriber is not in the audience."""
    key = keys.push(bot, push)
    audience = key + ":audience"
    head = [["GETBIT", audience, index], ["GETRANGE", audience, index // 8, index // 8]]
    if index >= 8:
        head.append(["BITCOUNT", audience, 0, index // 8 - 1])
    bit, byte, *before = await redis.pipeline(head)
    if not bit:
        return await _waits(redis, key, index)
    position = (before[0] if before else 0) + (byte[0] >> (8 - index % 8)).bit_count()
    (nibble,), reason, facts = await redis.pipeline(
        [
            ["BITFIELD", key + ":states", "GET", "u4", f"#{position}"],
            ["HGET", key + ":reasons", position],
            ["HMGET", key, "planned", "state", "base", "edits"],
        ]
    )
    planned, state, base, edits = float(facts[0]), facts[1].decode(), facts[2].decode(), facts[3] == b"1"
    if nibble in (0, 4) and state in ("cancelled", "expired"):
        return {"state": "cancelled" if state == "cancelled" else "dead", "reason": state, "ref": None, "at": None}
    ref = at = None
    if nibble == 3:
        ref, at = await _receipt(redis, keys.push(bot, base) if edits else key, key, position, planned)
    return {"state": STATES[nibble], "reason": reason.decode() if reason else None, "ref": ref, "at": at}


async def _waits(redis: Redis, key: str, index: int) -> Mapping[str, Any] | None:
    """What `why` says of a subscriber outside the audience: the alert was put off, or it was never meant for that one."""
    for reason, packed in (await redis.call("HGETALL", key + ":waits")).items():
        bits = zlib.decompress(packed)
        if index // 8 < len(bits) and bits[index // 8] >> (7 - index % 8) & 1:
            return {"state": "skipped", "reason": WAITS + reason.decode(), "ref": None, "at": None}
    return None


async def _receipt(redis: Redis, home: str, key: str, position: int, planned: float) -> tuple[int, float]:
    """The reference and when it was sent (unix seconds); an edit keeps the reference of its first message (`home`)."""
    width = int(await redis.call("HGET", home, "refbytes"))
    ref, block, other = await redis.pipeline(
        [
            ["GETRANGE", home + ":refs", position * width, (position + 1) * width - 1],
            ["GETRANGE", key + ":times", position // BLOCK * 3, position // BLOCK * 3 + 2],
            ["HGET", key + ":later", position],
        ]
    )
    seconds = int(other) if other is not None else max(int.from_bytes(block, "big") - 1, 0)
    return int.from_bytes(ref, "big"), planned + seconds


def story_state(state: str, sending: int) -> StoryState:
    """The word readers of `stories` know: an expired push is done once nothing is in flight."""
    if state == "cancelled":
        return "cancelled"
    return "open" if state == "open" or sending else "done"


async def doubtful(redis: Redis, bot: str, push: str) -> list[tuple[str, float]]:
    """("push position index", since when in unix seconds) of every delivery in doubt; settled ones since planning."""
    key = keys.push(bot, push)
    states, bits, facts = await redis.pipeline(
        [["GET", key + ":states"], ["GET", key + ":audience"], ["HMGET", key, "planned", "doubt"]]
    )
    if not states or not int(facts[1] or 0):
        return []
    wanted = [at for at in range(2 * len(states)) if (states[at // 2] >> (0 if at % 2 else 4)) & 15 == 5]
    where = indexes(bits, wanted)
    names = [f"{push} {position} {index}" for position, index in zip(wanted, where, strict=True)]
    since = await redis.pipeline([["ZSCORE", keys.doubts(bot), name] for name in names])
    return [(name, ms / 1000 if ms else float(facts[0])) for name, ms in zip(names, since, strict=True)]


def indexes(bitmap: bytes, positions: list[int]) -> list[int]:
    """The indexes at these ascending places among the set bits."""
    found: list[int] = []
    before = 0
    for byte, value in enumerate(bitmap):
        count = value.bit_count()
        while len(found) < len(positions) and positions[len(found)] < before + count:
            bits = [bit for bit in range(8) if value >> (7 - bit) & 1]
            found.append(byte * 8 + bits[positions[len(found)] - before])
        before += count
    return found
