"""Deliveries, limits and freezes of each bot: one script a step, every entry addressed by its place in the audience.

States of a delivery and the rules between them stand in `lua/common.lua`; why it is built so, in
`docs/decisions/0003-ledger-by-position.md` and `0015-the-delivery-engine.md`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from newsbot.core.audience import Split
from newsbot.core.delivery import Terms, lane
from newsbot.core.model import Address, Doubt, Intent, Outcome, Pace, Receipt, Sent, Story, Tally, Window
from newsbot.store import keys
from newsbot.store.archive import RedisArchive
from newsbot.store.audiences import plain, waiting
from newsbot.store.ledger import account, coding
from newsbot.store.redis import Redis

BURST = 1.5
"""Least burst: one at a time, and a caller half a step late loses nothing. No second sees more than `rate` + 1.5."""
WIDTHS_KEPT = 256
SILENCE = 3.0
"""Seconds without a heartbeat that make a worker suspect; twice that, and it is lost (reliability §2.2)."""

GATHERED = 1.2
"""Seconds in which every living worker beats again after a change of Redis (once a second), so all of them are known."""

GIVEN_UP = 3.0
"""Seconds after which whoever has not told a changed Redis what it knows is not waited for (reliability §2.6)."""

WAITS_KEPT = 8 * 86400  # seconds: a weekly digest, and a day more
REPLAYED = 512  # receipts told in one script call


class RedisLedger:
    """The ledger of every bot; a push is one story revision on one bot and carries the story's id.

    `kept`: seconds everything of a push stays. `guarded`: nothing is begun on a Redis that may have lost its last writes
    until every worker told it what it knows.
    """

    def __init__(
        self,
        redis: Redis,
        terms: Terms | None = None,
        archive: RedisArchive | None = None,
        *,
        kept: float = keys.KEPT,
        guarded: bool = True,
    ) -> None:
        self._redis, self._terms, self._kept, self._guarded = redis, terms or Terms(), round(kept), guarded
        self._archive = archive or RedisArchive(redis)
        self._widths: OrderedDict[str, int] = OrderedDict()
        """Push key → width of its references, which `plan` fixed: a question less for every window."""

    async def plan(self, story: Story, bot: str, ref_bytes: int, now: float, split: Split, size: int) -> int:
        """Freeze the audience, bitmaps of `size` bytes, and open the push; how many get it at once. The same answer when
        asked again, whatever the audience is by then. -1 where it was judged too long ago and has to be judged again."""
        if story.parent:
            await self._archive.hot(bot, story.parent)
        counts = story.kind != "digest" and bool(split.now)
        facts = [ref_bytes, plain(split.now, size), story.parent or "", "", *self._terms.times(story.urgency)]
        facts += [plain(split.quietly, size), int(counts), WAITS_KEPT, split.at, *waiting(split, size)]
        return await self._plan(story, bot, story.id, facts, now)

    async def plan_edit(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Open the push that edits this revision into what was sent; the size of the first push. The same answer when
        asked again, and when a newer revision is planned already (0)."""
        await self._archive.hot(bot, story.id)  # whoever has an alert is corrected, half a year later too
        facts = [ref_bytes, "", story.id, story.revision, *self._terms.edits(), "", 0, 0]
        return await self._plan(story, bot, f"{story.id}@{story.revision}", facts, now, edits=True)

    async def _plan(
        self, story: Story, bot: str, push: str, facts: Sequence[Any], now: float, *, edits: bool = False
    ) -> int:
        """`facts`: what `plan.lua` takes from the width of a reference on."""
        # Lane first, then age: one second of age never outweighs a lane.
        score = lane(story, edits=edits) * 1e11 + story.accepted_at
        key = keys.push(bot, push)
        places = [key, f"{key}:audience", keys.act(bot), keys.door(bot), keys.bot(bot)]
        return int(await self._redis.run("plan", places, [push, score, now, self._kept, *facts]))

    async def begin(self, bot: str, worker: str, nonce: str, most: int, pace: Pace, run: str = "") -> Window:
        """Claim, rate-limit and record the intent of up to `most` deliveries in one step."""
        burst = max(BURST, pace.rate * 0.02)
        spacing = [round(pace.chat * 1000), round(pace.group * 1000), pace.group_mark]
        arguments = [worker, nonce, most, pace.rate, burst, *spacing, run, int(self._guarded)]
        return coding.window(bot, await self._redis.run("begin", [keys.bot(bot)], arguments))

    async def commit(self, bot: str, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Record outcomes; the float is the delay in seconds before another try (`Later`, `Stopped`, `Moved`)."""
        width = await self._width(keys.push(bot, push))
        for token, window in coding.windows(results):
            await self._redis.run("commit", [keys.bot(bot)], [push, "", token, *coding.written(window, width)])

    async def replay(self, bot: str, receipts: Iterable[Receipt]) -> int:
        """Tell the ledger what was written down beside it, whatever it remembers itself; how many changed something."""
        taken = 0
        for push, token, results in coding.by_push(receipts):
            if not (width := await self._width(keys.push(bot, push))):
                continue  # this Redis never heard of the push: it was another installation's
            for start in range(0, len(results), REPLAYED):
                words = coding.written(results[start : start + REPLAYED], width)
                taken += int(await self._redis.run("commit", [keys.bot(bot)], [push, "replay", token, *words]))
        return taken

    async def barrier(self, bot: str, worker: str, run: str) -> bool:
        """This worker has told the Redis of that run what it knows; whether sending goes on. "" asks and tells nothing."""
        times = [round(seconds * 1000) for seconds in (GATHERED, GIVEN_UP, SILENCE)]
        return int(await self._redis.run("barrier", [keys.bot(bot)], [worker, run, *times])) == 1

    async def founded(self, bot: str) -> None:
        """This installation has just been made: nothing was ever sent, and its Redis is the one everybody knows."""
        await self._redis.run("barrier", [keys.bot(bot)], ["", "", 0, 0, 0, "new"])

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

    async def doubts(self, bot: str, most: int) -> list[Doubt]:
        """Deliveries in doubt that are not settled, oldest first."""
        now, *rows = await self._redis.run("doubts", [keys.doubts(bot)], [most])
        pairs = zip(rows[::2], rows[1::2], strict=True)
        return await self._doubts(bot, [(name.decode(), float(ms) / 1000) for name, ms in pairs], int(now) / 1000)

    async def _doubts(self, bot: str, rows: Sequence[tuple[str, float]], now: float = 0.0) -> list[Doubt]:
        """The doubts of ("push position index", since in unix seconds); without a chat where that is not known any more."""
        found = []
        for member, since in rows:
            push, position, index = member.split(" ")
            record, again, base = await self._redis.pipeline(
                [
                    ["HGET", keys.chat(bot, int(index)), index],
                    ["SISMEMBER", keys.push(bot, push, "again"), position],
                    ["HGET", keys.push(bot, push), "base"],
                ]
            )
            place = Address(bot, record.decode().split(" ")[0] if record else "")
            answers = 0
            if base and "@" not in push:  # a follow-up: in whose thread it would be
                said = await account.why(self._redis, bot, base.decode(), int(index))
                answers = (said or {}).get("ref") or 0
            story = push.partition("@")[0]
            found.append(
                Doubt(push, int(position), int(index), place, since, story, answers, bool(again), max(now - since, 0))
            )
        return found

    async def settle(self, bot: str, doubt: Doubt, verdict: Sent | str, why: str) -> bool:
        """Sent(ref): it is there. "resend": once more, never twice. "hold": it stays a doubt. False where it is none now."""
        await self._archive.hot(bot, doubt.push)
        if isinstance(verdict, Sent):
            intent = Intent(doubt.position, "found", 1, doubt.index, doubt.address, "")
            width = await self._width(keys.push(bot, doubt.push))
            words = coding.written([(intent, verdict, 0.0)], width)
            return bool(await self._redis.run("commit", [keys.bot(bot)], [doubt.push, "", "found", *words]))
        facts = [doubt.push, doubt.position, doubt.index, "R" if verdict == "resend" else "H", why]
        return bool(await self._redis.run("resolve", [keys.bot(bot)], facts))

    async def doubtful(self, bot: str, push: str) -> list[Doubt]:
        """Every delivery of one push that is in doubt, settled or not."""
        await self._archive.hot(bot, push)
        return await self._doubts(bot, await account.doubtful(self._redis, bot, push))

    async def copies(self, bot: str) -> list[tuple[str, int, int]]:
        """(push, index, ref) of second copies that a late answer told of."""
        rows = await self._redis.call("LRANGE", keys.copies(bot), 0, 63)
        split = [row.decode().split(" ") for row in rows]
        return [(push, int(index), int(ref)) for push, index, ref in split]

    async def copy_gone(self, bot: str, push: str, index: int, ref: int) -> None:
        """That copy is gone, or cannot be taken away."""
        await self._redis.call("LREM", keys.copies(bot), 0, f"{push} {index} {ref}")

    async def beat(self, bot: str, worker: str) -> str:
        """This worker is alive, by Redis' own clock; the run of that Redis, "" where nobody has to be told anything."""
        run: bytes = await self._redis.run("beat", [keys.beats(bot)], [worker, ""])
        return run.decode() if self._guarded else ""

    async def leave(self, bot: str, worker: str) -> None:
        """This worker ended with nothing in flight."""
        await self._redis.run("beat", [keys.beats(bot)], [worker, "leave"])

    async def alive(self, bot: str) -> int:
        """How many workers of this bot gave a sign of life within SILENCE."""
        workers: int = (await self.gate(bot))["workers"]
        return workers

    async def cancel(self, bot: str, push: str) -> Tally | None:
        """No new send begins from here on; the account, or None where nothing was planned."""
        await self._redis.run("cancel", [keys.bot(bot)], [push])
        return await self.tally(bot, push)

    async def tally(self, bot: str, push: str) -> Tally | None:
        """The account of one push, or None where it was never planned."""
        return await account.tally(self._redis, bot, push)

    async def why(self, bot: str, push: str, index: int) -> Mapping[str, Any] | None:
        """`state, reason, ref, at` of one delivery; None where the subscriber is not in the audience."""
        for name in dict.fromkeys((push, push.partition("@")[0])):  # an edit's references are its first push's
            await self._archive.hot(bot, name)
        return await account.why(self._redis, bot, push, index)

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
        """`paused` (by whom, or None), `frozen_s`, `used` (begun in the last whole second), `workers` (alive), `cap`
        (messages a second allowed now, None where nothing was begun yet), `barrier` (workers are awaited), `ready`
        (deliveries that could begin now), `idle_s` (since the last begin, or None)."""
        found = await self._redis.run("gate", [keys.gate(bot), keys.beats(bot), keys.bot(bot)], [int(SILENCE * 1000)])
        paused, frozen, used, workers, cap, barrier, ready, idle = found
        return {
            "paused": paused.decode() or None,
            "frozen_s": round(int(frozen) / 1000, 1),
            "used": int(used),
            "workers": int(workers),
            "cap": float(cap) if cap else None,
            "barrier": bool(barrier),
            "ready": int(ready),
            "idle_s": int(idle) / 1000 if int(idle) >= 0 else None,
        }
