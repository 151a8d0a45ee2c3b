"""What is known about stories, deliveries and the bot itself, as plain records: the same for chat, terminal and HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from newsbot.core.model import Address, Policy, Story, Subscriber, Tally, Urgency
from newsbot.ports import Dialect, Ledger, Stories, Subscribers

COUNTS = ("audience", "pending", "sending", "sent", "dead", "skipped", "cancelled", "doubt")
LOOKED_AT = 100  # stories whose doubts count in `status`
SKIPS = {"unsubscribed", "erased", "in doubt", "not there to edit"}
"""The words the ledger skips with; every other reason that is no doubt's and no "cancelled" is a dead one's."""

NOT_AGAIN = "in doubt, and not sent again"
"""How the ledger begins to say that a doubt was to be sent once more and its push was closed before."""

THEN = {"hold": "held by policy", "read": "will be looked up", "resend": "will be sent once more"}
"""What becomes of a doubt that nobody settled yet, by policy."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One push of a story on one platform: `revision` of an edit or 0, its account, what `Ledger.gate` says of the bot, and
    how many seconds are left by the limit and by what is open before it (None: cannot be told)."""

    platform: str
    revision: int
    tally: Tally
    gate: Mapping[str, Any]
    left: float | None

    @property
    def over(self) -> bool:
        """Whether nothing of it is to be begun, or on the wire, any more."""
        return not self.tally.sending and (self.tally.state != "open" or not self.tally.pending)


@dataclass(frozen=True)
class Report:
    """Reads; changes nothing."""

    stories: Stories
    subscribers: Subscribers
    ledger: Ledger
    dialects: Mapping[str, Dialect]
    policies: Mapping[str, Mapping[Urgency, Policy]] = field(default_factory=dict)
    """Platform → urgency → what is done about a delivery in doubt, where that is known here."""

    async def story(self, story: Story) -> dict[str, Any]:
        """The row of `newsbot stories`, with `reasons` and `platforms` as `show` adds them.

        `platforms` has per platform the counts, `state`, `reasons` (state → reason → how many), `doubts` (`reason, number,
        since, then`) and `edits` (the same counts, `revision`, `state` and `reasons` of each edit of it).
        """
        row, tallies = await self._row(story, await self._owed())
        planned = {bot: tally for bot, tally in tallies.items() if tally}
        accounts = await asyncio.gather(*(self._account(story, bot, tally) for bot, tally in planned.items()))
        reasons: Counter[str] = Counter()
        for tally in tallies.values():
            reasons.update(dict(tally.reasons) if tally else {})
        return {**row, "reasons": dict(reasons), "platforms": dict(zip(planned, accounts, strict=True))}

    async def recent(self, limit: int, *, held: bool = False) -> list[dict[str, Any]]:
        """Newest stories first, without `reasons` and `platforms`."""
        stories = await self.stories.recent(limit, held=held)
        owed = await self._owed()  # after them: what is accepted in between is owed, and not done
        return [row for row, _ in await asyncio.gather(*(self._row(story, owed) for story in stories))]

    async def _owed(self) -> set[str]:
        return {push for push, _ in await self.stories.todo()}

    async def _row(self, story: Story, owed: set[str]) -> tuple[dict[str, Any], dict[str, Tally | None]]:
        push = next(iter(pushes_of(story)), "")
        tallies = await self._tallies(push) if push else {}
        known = [tally for tally in tallies.values() if tally]
        row = {
            "id": story.id,
            "article": story.article,
            "kind": story.kind,
            "revision": story.revision,
            "urgency": story.urgency.value,
            "headline": story.headline,
            "url": story.link,
            "state": state_of(story, known, owed=push in owed),
            "reason": story.held or (f"dropped by {story.dropped}" if story.dropped else None),
            "accepted_at": rfc3339(story.accepted_at),
            **{name: sum(getattr(tally, name) for tally in known) for name in COUNTS},
        }
        return row, tallies

    async def _account(self, story: Story, bot: str, tally: Tally) -> dict[str, Any]:
        """What `platforms` says of a story that is planned there."""
        edits = pushes_of(story)[1:]
        doubts = await self._doubts(story, bot) if tally.doubt else []
        changed = await asyncio.gather(*(self.ledger.tally(bot, push) for push in edits))
        return {
            **counted(tally, {words: len(since) for words, _, since in doubts}),
            "doubts": [doubt_row(*some) for some in doubts],
            "edits": [
                {"revision": int(push.partition("@")[2]), **counted(edit, {})}
                for push, edit in zip(edits, changed, strict=True)
                if edit and edit.audience
            ],
        }

    async def doubts(self, story: Story) -> list[dict[str, Any]]:
        """What of a story is in doubt: `platform, reason, number, since (of the oldest), then`, most first."""
        found = await asyncio.gather(*(self._doubts(story, bot) for bot in self.dialects))
        rows = [
            {"platform": bot, **doubt_row(*some)}
            for bot, groups in zip(self.dialects, found, strict=True)
            for some in groups
        ]
        return sorted(rows, key=lambda row: -row["number"])

    async def _doubts(self, story: Story, bot: str) -> list[tuple[str, str, list[float]]]:
        """(the ledger's words, what becomes of them, since when) of those on one platform that are alike."""
        doubts = await self.ledger.doubtful(bot, story.id)
        whys = await asyncio.gather(*(self.ledger.why(bot, story.id, doubt.index) for doubt in doubts))
        groups: dict[tuple[str, str], list[float]] = {}
        for doubt, why in zip(doubts, whys, strict=True):
            if why is not None and why["state"] == "doubt":  # else it was answered meanwhile
                words = why["reason"] or ""
                then = settled(words) or self._then(story, bot, again=doubt.again)
                groups.setdefault((words, then), []).append(doubt.since)
        return [(words, then, since) for (words, then), since in groups.items()]

    def _then(self, story: Story, bot: str, *, again: bool) -> str:
        """What becomes of a doubt that nobody settled yet."""
        urgency = Urgency.FLASH if story.kind == "retraction" else story.urgency
        policy = "hold" if again else self.policies.get(bot, {}).get(urgency, "")
        return THEN.get(policy, "not settled yet")

    async def legs(self, story: Story, rates: Mapping[str, float]) -> list[Leg]:
        """How far a story is, platform by platform, each edit of it after it; nothing where it is not planned yet."""
        found = await asyncio.gather(*(self._legs(story, bot, rates.get(bot)) for bot in self.dialects))
        return [leg for some in found for leg in some]

    async def _legs(self, story: Story, bot: str, rate: float | None) -> list[Leg]:
        gate, order = await asyncio.gather(self.ledger.gate(bot), self.ledger.open(bot))
        pushes = pushes_of(story)
        asked = list(dict.fromkeys([*order, *pushes]))
        answers = await asyncio.gather(*(self.ledger.tally(bot, push) for push in asked))
        tallies = {push: tally for push, tally in zip(asked, answers, strict=True) if tally}
        cap = gate["cap"] or rate
        legs = []
        for push in pushes:
            tally = tallies.get(push)
            if tally is None or not tally.audience:
                continue
            before = order[: order.index(push) + 1] if push in order else []
            todo = sum(tallies[one].pending for one in before if one in tallies)
            stands = gate["paused"] or not gate["workers"]
            left = None if stands or not cap else gate["frozen_s"] + todo / cap
            legs.append(Leg(bot, int(push.partition("@")[2] or 0), tally, gate, left))
        return legs

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
        ref, at = found["ref"], found["at"]
        return {
            "state": found["state"],
            "reason": await self._reason(story, address.platform, found),
            "ref": self.dialects[address.platform].show_ref(ref) if ref else None,
            "at": rfc3339(at) if at else None,
        }

    async def _reason(self, story: Story, bot: str, found: Mapping[str, Any]) -> str | None:
        """Why a delivery stands as it does, in the ledger's words and what they lead to."""
        reason: str | None = found["reason"]
        if found["state"] == "doubt":
            held = settled(reason or "")
            return reason if held else f"{reason}; {self._then(story, bot, again=bool(found.get('again')))}"
        if found["state"] == "sent":
            notes = [found.get("late") and "late, without sound", found.get("again") and "sent once more after a doubt"]
            return "; ".join(note for note in (reason, *notes) if note) or None
        if found["state"] in ("pending", "retry"):
            return await self._waits(bot) or ("to be sent once more after a doubt" if found.get("again") else reason)
        return reason

    async def _waits(self, bot: str) -> str | None:
        """What keeps a bot from sending, or None."""
        gate = await self.ledger.gate(bot)
        if gate["paused"]:
            return f"paused by {gate['paused']}"
        return f"frozen by the platform for {gate['frozen_s']:.0f} s" if gate["frozen_s"] else None

    async def platforms(self, rates: Mapping[str, float]) -> dict[str, dict[str, Any]]:
        """Per platform `on` (a token is known here), `rate` and `cap` (messages a second as configured, and as the platform
        lets us now), `used, frozen_s`, `paused` (by whom, or None), `barrier` (workers are awaited), `workers` (alive),
        `open` pushes, `queued` deliveries and since when the `oldest` of those waits, `doubt`, and since when the
        `oldest_doubt` of those is open that nobody settled (RFC 3339, or None)."""
        recent = {story.id: story.accepted_at for story in await self.stories.recent(LOOKED_AT)}
        found = await asyncio.gather(*(self._platform(bot, rates.get(bot), recent) for bot in self.dialects))
        return dict(zip(self.dialects, found, strict=True))

    async def _platform(self, bot: str, rate: float | None, recent: Mapping[str, float]) -> dict[str, Any]:
        gate, pushes, unsettled = await asyncio.gather(
            self.ledger.gate(bot), self.ledger.open(bot), self.ledger.doubts(bot, 1)
        )
        asked = list(dict.fromkeys([*recent, *pushes]))
        answers = await asyncio.gather(*(self.ledger.tally(bot, push) for push in asked))
        tallies = {push: tally for push, tally in zip(asked, answers, strict=True) if tally}
        waiting = [recent[story] for push in pushes if (story := push.partition("@")[0]) in recent and push in tallies]
        return {
            "on": rate is not None,
            "rate": rate,
            **gate,
            "cap": gate.get("cap") or rate,
            "open": len(pushes),
            "queued": sum(tally.pending for tally in tallies.values()),
            "oldest": rfc3339(min(waiting)) if waiting else None,
            "doubt": sum(tally.doubt for tally in tallies.values()),
            "oldest_doubt": rfc3339(unsettled[0].since) if unsettled else None,
        }

    async def counts(self) -> dict[str, int]:
        """`open` and `held` stories."""
        unfinished = await self._owed()  # first: what is planned in between is open by then
        unfinished |= {push for bot in self.dialects for push in await self.ledger.open(bot)}
        return {"open": len(unfinished), "held": await self.stories.held()}

    async def sources(self) -> list[dict[str, Any]]:
        """Per source `name, kind, ok, last_seen, error`."""
        return [
            {"name": name, **{key: facts.get(key) for key in ("kind", "ok", "last_seen", "error")}}
            for name, facts in sorted((await self.stories.sources()).items())
        ]

    async def _tallies(self, push: str) -> dict[str, Tally | None]:
        found = await asyncio.gather(*(self.ledger.tally(bot, push) for bot in self.dialects))
        return dict(zip(self.dialects, found, strict=True))


def pushes_of(story: Story) -> tuple[str, ...]:
    """The push of a story, then those of its edits; none of a change that waits for a person."""
    if story.kind == "revision":
        return () if story.held or story.dropped else (f"{story.parent}@{story.revision}",)
    return (story.id, *(f"{story.id}@{number}" for number in range(2, story.revision + 1)))


def state_of(story: Story, tallies: Sequence[Tally], *, owed: bool) -> str:
    """`held`, `cancelled`, `open` or `done`."""
    states = {tally.state for tally in tallies}
    if story.held:
        return "held"
    if story.dropped:
        return "cancelled"
    if owed or "open" in states or not tallies:
        return "open"
    return "cancelled" if "cancelled" in states else "done"


def counted(tally: Tally, doubts: Mapping[str, int]) -> dict[str, Any]:
    """A tally as a plain record; `reasons` by the state they led to. `doubts`: how many of each reason are in doubt."""
    found: dict[str, dict[str, int]] = {"doubt": dict(doubts)} if doubts else {}
    for reason, number in (Counter(dict(tally.reasons)) - Counter(doubts)).items():
        state = "skipped" if reason in SKIPS else "cancelled" if reason == "cancelled" else "dead"
        found.setdefault(state, {})[reason] = number
    return {**{name: getattr(tally, name) for name in COUNTS}, "state": tally.state, "reasons": found}


def doubt_row(words: str, then: str, since: Sequence[float]) -> dict[str, Any]:
    """Doubts that are alike, as `reason, number, since, then`."""
    reason = words.removesuffix(then).removesuffix("; ")
    return {"reason": reason or then, "number": len(since), "since": rfc3339(min(since)), "then": then}


def settled(words: str) -> str:
    """How a doubt was settled that stays one, by the ledger's words about it; "" where it was not yet."""
    return next((part for part in reversed(words.split("; ")) if part.startswith(("held", NOT_AGAIN))), "")


def rfc3339(moment: float) -> str:
    """Unix seconds as RFC 3339, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def not_in_audience(story: Story, subscriber: Subscriber) -> str:
    """Why a subscriber of today was not asked for when the audience froze; the likeliest of what can be known now."""
    if subscriber.state != "active":
        return subscriber.state
    if subscriber.topics and not subscriber.topics & set(story.topics):
        return "no topic in common"
    if story.urgency.lane > subscriber.urgency.lane:
        return f"wants only {subscriber.urgency.value} or more urgent"
    return "not in the audience when it was frozen"
