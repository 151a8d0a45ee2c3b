"""What is known about stories, deliveries and the bot itself, as plain records: the same for chat, terminal and HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from newsbot.core.model import Address, Story, Subscriber, Tally
from newsbot.ports import Dialect, Ledger, Stories, Subscribers

COUNTS = ("audience", "pending", "sending", "sent", "dead", "skipped", "cancelled", "doubt")
LOOKED_AT = 200  # stories whose doubts and queue count in `status`


@dataclass(frozen=True)
class Report:
    """Reads; changes nothing."""

    stories: Stories
    subscribers: Subscribers
    ledger: Ledger
    dialects: Mapping[str, Dialect]

    async def story(self, story: Story) -> dict[str, Any]:
        """The row of `newsbot stories`, with `reasons` and `platforms` as `show` adds them."""
        push = f"{story.parent}@{story.revision}" if story.kind == "revision" else story.id
        tallies = await self._tallies(push)
        planned = {bot for bot, tally in tallies.items() if tally}
        owed = [bot for owed, bot in await self.stories.todo() if owed == push]
        total = {name: sum(getattr(tally, name) for tally in tallies.values() if tally) for name in COUNTS}
        reasons: Counter[str] = Counter()
        for tally in tallies.values():
            reasons.update(dict(tally.reasons) if tally else {})
        states = {tally.state for tally in tallies.values() if tally}
        state = (
            "held"
            if story.held
            else "cancelled"
            if story.dropped
            else "open"
            if owed or "open" in states or not planned
            else "cancelled"
            if "cancelled" in states
            else "done"
        )
        return {
            "id": story.id,
            "article": story.article,
            "kind": story.kind,
            "revision": story.revision,
            "urgency": story.urgency.value,
            "headline": story.headline,
            "url": story.link,
            "state": state,
            "reason": story.held or (f"dropped by {story.dropped}" if story.dropped else None),
            "accepted_at": datetime.fromtimestamp(story.accepted_at, UTC).isoformat(),
            **total,
            "reasons": dict(reasons),
            "platforms": {bot: counted(tally) for bot, tally in tallies.items() if tally},
        }

    async def recent(self, limit: int, *, held: bool = False) -> list[dict[str, Any]]:
        """Newest stories first, without `reasons` and `platforms`."""
        rows = [await self.story(story) for story in await self.stories.recent(limit, held=held)]
        return [{name: value for name, value in row.items() if name not in ("reasons", "platforms")} for row in rows]

    async def went_out(self, story: Story) -> bool:
        """Whether readers may be told of it again: at least one chat has it, and nobody stopped it."""
        tallies = [tally for tally in (await self._tallies(story.id)).values() if tally] if not story.held else []
        return any(tally.sent for tally in tallies) and not any(tally.state == "cancelled" for tally in tallies)

    async def why(self, story: Story, address: Address) -> dict[str, Any]:
        """`state, reason, ref, at` of this story at this address; a story that is held or never asked for it says so."""
        nothing = {"ref": None, "at": None}
        subscriber = await self.subscribers.get(address)
        if subscriber is None:
            return {"state": "none", "reason": "not a subscriber", **nothing}
        if story.held:
            return {"state": "held", "reason": story.held, **nothing}
        found = await self.ledger.why(address.platform, story.id, subscriber.index)
        if found is None:
            tally = await self.ledger.tally(address.platform, story.id)
            reason = "not planned yet" if tally is None else not_in_audience(story, subscriber)
            return {"state": "none", "reason": reason, **nothing}
        ref, at, reason = found["ref"], found["at"], found["reason"]
        if found["state"] == "pending" and (by := (await self.ledger.gate(address.platform))["paused"]):
            reason = f"paused by {by}"
        return {
            "state": found["state"],
            "reason": reason,
            "ref": self.dialects[address.platform].show_ref(ref) if ref else None,
            "at": datetime.fromtimestamp(at, UTC).isoformat() if at else None,
        }

    async def platforms(self, rates: Mapping[str, float]) -> dict[str, dict[str, Any]]:
        """Per platform `on` (a token is known here), `rate, used, frozen_s, queued, doubt`, `paused` (by whom, or None) and
        `workers` (how many are alive)."""
        recent = await self.stories.recent(LOOKED_AT)
        found = {}
        for bot in self.dialects:
            gate = await self.ledger.gate(bot)
            tallies = [tally for tally in [await self.ledger.tally(bot, story.id) for story in recent] if tally]
            found[bot] = {
                "on": bot in rates,
                "rate": rates.get(bot),
                **gate,
                "workers": await self.ledger.alive(bot),
                "queued": sum(tally.pending for tally in tallies),
                "doubt": sum(tally.doubt for tally in tallies),
            }
        return found

    async def counts(self) -> dict[str, int]:
        """`open` and `held` stories."""
        unfinished = {push for bot in self.dialects for push in await self.ledger.open(bot)}
        unfinished |= {story for story, _ in await self.stories.todo()}
        return {"open": len(unfinished), "held": await self.stories.held()}

    async def sources(self) -> list[dict[str, Any]]:
        """Per source `name, kind, ok, last_seen, error`."""
        return [
            {"name": name, **{key: facts.get(key) for key in ("kind", "ok", "last_seen", "error")}}
            for name, facts in sorted((await self.stories.sources()).items())
        ]

    async def _tallies(self, story: str) -> dict[str, Tally | None]:
        return {bot: await self.ledger.tally(bot, story) for bot in self.dialects}


def counted(tally: Tally) -> dict[str, Any]:
    """A tally as a plain record."""
    return {field.name: getattr(tally, field.name) for field in fields(tally) if field.name != "reasons"} | {
        "reasons": dict(tally.reasons)
    }


def not_in_audience(story: Story, subscriber: Subscriber) -> str:
    """Why a subscriber of today was not asked for when the audience froze; the likeliest of what can be known now."""
    if subscriber.state != "active":
        return subscriber.state
    if subscriber.topics and not subscriber.topics & set(story.topics):
        return "no topic in common"
    if story.urgency.lane > subscriber.urgency.lane:
        return f"wants only {subscriber.urgency.value} or more urgent"
    return "not in the audience when it was frozen"
