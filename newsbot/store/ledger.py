"""Deliveries, limits and freezes of each bot: one script a step, every entry addressed by its place in the audience.

States of a delivery and the rules between them stand in `lua/common.lua`; why it is built so, in
`docs/decisions/0003-ledger-by-position.md`.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from newsbot.core.delivery import short, time_to_live
from newsbot.core.model import (
    Address,
    Gone,
    Intent,
    Later,
    Moved,
    Outcome,
    Refused,
    Sent,
    Stopped,
    Story,
    StoryState,
    Tally,
    Uncertain,
    Urgency,
    Window,
)
from newsbot.store import keys
from newsbot.store.redis import Redis

STATES = {0: "pending", 2: "sending", 3: "sent", 4: "retry", 5: "doubt", 6: "dead", 7: "skipped", 8: "cancelled"}
COUNTS = ("sending", "sent", "dead", "skipped", "cancelled", "doubt")
BURST = 1.5
"""Least burst: one at a time, and a caller half a step late loses nothing. No second sees more than `rate` + 1.5."""
WIDTHS_KEPT = 256
SILENCE = 3.0
"""Seconds without a heartbeat that make a worker suspect; twice that, and it is lost (reliability §2.2)."""


class RedisLedger:
    """The ledger of every bot; a push is one story revision on one bot and carries the story's id."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._widths: OrderedDict[str, int] = OrderedDict()
        """Push key → width of its references, which `plan` fixed: a question less for every window."""

    async def plan(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Freeze the audience and open the push; its size. The same answer when asked again."""
        floors = [urgency for urgency in Urgency if urgency.lane >= story.urgency.lane]
        topics = ["all", *(f"topic:{topic}" for topic in story.topics)]
        maps = [f"floor:{floor}" for floor in floors]
        sets = [keys.bitmap(bot, name) for name in ("active", *topics, *maps)]
        return await self._plan(story, bot, story.id, sets, [ref_bytes, len(topics), story.parent or "", ""], now)

    async def plan_edit(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Open the push that edits this revision into what was sent; the size of the first push. The same answer when
        asked again, and when a newer revision is planned already (0)."""
        return await self._plan(
            story, bot, f"{story.id}@{story.revision}", [], [ref_bytes, 0, story.id, story.revision], now
        )

    async def _plan(
        self, story: Story, bot: str, push: str, sets: Sequence[str], facts: Sequence[Any], now: float
    ) -> int:
        """`facts`: width of a reference, how many of `sets` are topics, base push or "", revision or ""."""
        # Lane first, then age: one second of age never outweighs a lane.
        score = story.urgency.lane * 1e11 + story.accepted_at
        key = keys.push(bot, push)
        return int(
            await self._redis.run(
                "plan",
                [key, f"{key}:audience", keys.act(bot), keys.door(bot), keys.bot(bot), *sets],
                [push, score, now, keys.KEPT, *facts, time_to_live(story.urgency)],
            )
        )

    async def begin(self, bot: str, worker: str, nonce: str, most: int, rate: float) -> Window:
        """Claim, rate-limit and record the intent of up to `most` deliveries in one step (`rate` a second)."""
        burst = max(BURST, rate * 0.02)
        reply = json.loads(await self._redis.run("begin", [keys.bot(bot)], [worker, nonce, most, rate, burst]))
        intents = []
        for position, token, attempt, index, record, base in reply["items"]:
            chat, language, _ = record.split(" ")
            intents.append(Intent(position, token, attempt, index, Address(bot, chat), language, int(base)))
        push = reply["push"]
        return Window(
            push, tuple(intents), reply["wait"] / 1000, push.partition("@")[0], reply["revision"], reply["edits"]
        )

    async def commit(self, bot: str, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Record outcomes; the float is the delay in seconds before another try (`Later`, `Stopped`, `Moved`)."""
        width = await self._width(keys.push(bot, push))
        arguments: list[Any] = [push]
        for intent, outcome, delay in results:
            code, detail, reason = coded(outcome, delay, width)
            arguments += [intent.position, intent.token, intent.index, code, detail, reason]
        await self._redis.run("commit", [keys.bot(bot)], arguments)

    async def _width(self, key: str) -> int:
        if key not in self._widths:
            width = int(await self._redis.call("HGET", key, "refbytes") or 0)
            if not width:
                return 0
            self._widths[key] = width
            while len(self._widths) > WIDTHS_KEPT:
                self._widths.popitem(last=False)
        return self._widths[key]

    async def reap(self, bot: str, lease: float) -> int:
        """Intents of lost workers, and those older than `lease` seconds, become doubt; how many."""
        return int(await self._redis.run("reap", [keys.bot(bot)], [int(lease * 1000), int(SILENCE * 1000)]))

    async def beat(self, bot: str, worker: str) -> None:
        """This worker is alive, by Redis' own clock."""
        seconds, micros = await self._redis.call("TIME")
        await self._redis.call("HSET", keys.beats(bot), worker, int(seconds) * 1000 + int(micros) // 1000)

    async def leave(self, bot: str, worker: str) -> None:
        """This worker ended with nothing in flight."""
        await self._redis.call("HDEL", keys.beats(bot), worker)

    async def alive(self, bot: str) -> int:
        """How many workers of this bot gave a sign of life within SILENCE."""
        (seconds, micros), beats = await self._redis.pipeline([["TIME"], ["HVALS", keys.beats(bot)]])
        now = int(seconds) * 1000 + int(micros) // 1000
        return sum(abs(now - int(beat)) <= SILENCE * 1000 for beat in beats)

    async def cancel(self, bot: str, push: str) -> Tally | None:
        """No new send begins from here on; the account, or None where nothing was planned."""
        await self._redis.run("cancel", [keys.bot(bot)], [push])
        return await self.tally(bot, push)

    async def tally(self, bot: str, push: str) -> Tally | None:
        """The account of one push, or None where it was never planned."""
        found = await self._redis.call("HGETALL", keys.push(bot, push))
        if not found:
            return None
        h = {name.decode(): value.decode() for name, value in found.items()}
        counts = {name: int(h[name]) for name in COUNTS}
        size = int(h["size"])
        reasons = Counter(
            reason.decode() for reason in await self._redis.call("HVALS", keys.push(bot, push, "reasons"))
        )
        if int(h.get("absent", 0)):
            reasons["not there to edit"] += int(h["absent"])
        if h["state"] in ("expired", "cancelled") and int(h.get("rest", 0)):
            reasons[h["state"]] += int(h["rest"])
        return Tally(
            size,
            size - sum(counts.values()),
            **counts,
            state=story_state(h["state"], counts["sending"]),
            reasons=tuple(sorted(reasons.items())),
        )

    async def why(self, bot: str, push: str, index: int) -> Mapping[str, Any] | None:
        """`state, reason, ref, at` of one delivery; None where the subscriber is not in the audience."""
        audience = keys.push(bot, push, "audience")
        head = [["GETBIT", audience, index], ["GETRANGE", audience, index // 8, index // 8]]
        if index >= 8:
            head.append(["BITCOUNT", audience, 0, index // 8 - 1])
        bit, byte, *before = await self._redis.pipeline(head)
        if not bit:
            return None
        position = (before[0] if before else 0) + (byte[0] >> (8 - index % 8)).bit_count()
        key = keys.push(bot, push)
        (nibble,), reason, facts = await self._redis.pipeline(
            [
                ["BITFIELD", key + ":states", "GET", "u4", f"#{position}"],
                ["HGET", key + ":reasons", position],
                ["HMGET", key, "refbytes", "planned", "state"],
            ]
        )
        width, planned, state = int(facts[0]), float(facts[1]), facts[2].decode()
        if nibble in (0, 4) and state in ("cancelled", "expired"):
            return {"state": "cancelled" if state == "cancelled" else "dead", "reason": state, "ref": None, "at": None}
        ref = at = None
        if nibble == 3:
            packed = await self._redis.call(
                "GETRANGE", key + ":refs", position * (width + 2), (position + 1) * (width + 2) - 1
            )
            ref, at = int.from_bytes(packed[:width], "big"), planned + int.from_bytes(packed[width:], "big")
        return {"state": STATES[nibble], "reason": reason.decode() if reason else None, "ref": ref, "at": at}

    async def open(self, bot: str) -> list[str]:
        """Ids of the pushes that are not over, in the order they are served."""
        return [push.decode() for push in await self._redis.call("ZRANGE", keys.act(bot), 0, -1)]

    async def ring(self, bot: str, last: str, wait: float) -> str:
        """Wait up to `wait` seconds (below the client's own 5 s) for the doorbell; the id to wait from next time."""
        reply = await self._redis.call("XREAD", "COUNT", 1, "BLOCK", int(wait * 1000), "STREAMS", keys.door(bot), last)
        if not reply:
            return last
        newest = next(iter(reply.values()))[-1]  # RESP3: {stream: [(id, fields), …]}
        while not isinstance(newest[0], bytes):
            newest = newest[-1]
        return str(newest[0].decode())

    async def hold(self, bot: str, what: str, owner: str, seconds: float) -> bool:
        """Take or renew a lease, or give it back with 0 seconds; False while somebody else has it."""
        return bool(await self._redis.run("hold", [keys.lease(bot, what)], [owner, int(seconds * 1000)]))

    async def pause(self, bot: str, by: str) -> None:
        """Nothing begins until somebody resumes; `by` is shown in status."""
        await self._redis.call("HSET", keys.gate(bot), "paused", by)

    async def resume(self, bot: str) -> bool:
        """Sending goes on; False where it was not paused."""
        return bool(await self._redis.call("HDEL", keys.gate(bot), "paused"))

    async def gate(self, bot: str) -> Mapping[str, Any]:
        """`paused` (by whom, or None), `frozen_s`, `used` (begun in the last whole second)."""
        (seconds, micros), fields = await self._redis.pipeline(
            [["TIME"], ["HMGET", keys.gate(bot), "paused", "frozen", "second", "begun", "last"]]
        )
        now = int(seconds) + int(micros) / 1e6
        paused, frozen, second, begun, last = fields
        age = int(seconds) - int(second or 0)
        return {
            "paused": paused.decode() if paused else None,
            "frozen_s": round(max(0.0, int(frozen or 0) / 1000 - now), 1),
            "used": int(last or 0) if age == 0 else int(begun or 0) if age == 1 else 0,
        }


def story_state(state: str, sending: int) -> StoryState:
    """The word readers of `stories` know: an expired push is done once nothing is in flight."""
    if state == "cancelled":
        return "cancelled"
    return "open" if state == "open" or sending else "done"


def coded(outcome: Outcome, delay: float, ref_bytes: int) -> tuple[str, bytes | int, str]:
    """(code, detail, reason) as `commit.lua` takes them; a ref that does not fit its width is a doubt, never wrapped."""
    match outcome:
        case Sent(ref):
            if not 0 < ref < 1 << (8 * ref_bytes):
                return "D", 0, f"reference {ref} out of range"
            return "S", ref.to_bytes(ref_bytes, "big"), ""
        case Later(_, why):
            return "R", int(delay * 1000), why
        case Moved(to):
            return "R", int(delay * 1000), f"moved to {to}"
        case Stopped(why):
            return "R", int(delay * 1000), f"stopped: {why}"
        case Uncertain(why):
            return "D", 0, short(why)
        case Gone(why, _) | Refused(why):
            return "X", 0, short(why)
        case _:
            assert_never(outcome)
