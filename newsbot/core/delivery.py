"""What an outcome leads to, and how long anything may take. Lua only compares and sets; deciding is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from newsbot.core.model import (
    Doubt,
    Gone,
    Later,
    Moved,
    Outcome,
    Policy,
    Refused,
    Sent,
    Stopped,
    Story,
    Uncertain,
    Urgency,
)

FRESH = {Urgency.FLASH: 1800.0, Urgency.BREAKING: 1800.0, Urgency.NORMAL: 21600.0}
"""Seconds after planning until an alert is late (reliability §2.3)."""

LAST = 86400.0
"""Seconds after planning until what is late is not sent at all any more: a day later it is no news."""

EDITS_LAST = 7 * 86400.0
DIGEST = 4.0  # its lane: behind every alert

BACKOFF = (1, 2, 4, 8, 15, 30, 60)
"""Seconds before tries 2, 3, … of a delivery that was certainly not sent (reliability §2.3)."""

LEASE = 60.0
"""Seconds after which a begun delivery without an outcome is in doubt, whoever holds it (reliability §2.2)."""

SEND_TIMEOUT = 15.0
"""Seconds one send may take in all: LEASE / 4, so that no send outlives its lease (reliability §2.3)."""

REFUSALS_TO_STOP = 3
"""So many chats that refuse the same text prove the text wrong; the push stops (reliability §2.3)."""

REASON = 120
"""Characters of a reason that the ledger keeps: it may stand there once a delivery."""


def short(why: str) -> str:
    """A reason as the ledger keeps it: not too long, and of signs that can be written."""
    return why[:REASON].encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Terms:
    """How long alerts are fresh (seconds after planning, by urgency), and what becomes of what is late: sent silently and
    marked late, or dropped with a receipt."""

    fresh: Mapping[Urgency, float] = field(default_factory=lambda: dict(FRESH))
    drop: bool = False

    def times(self, urgency: Urgency) -> tuple[float, float]:
        """(from when an alert is late, from when nothing of it is begun any more), seconds after planning."""
        fresh = self.fresh[urgency]
        return fresh, fresh if self.drop else max(LAST, fresh)

    def edits(self) -> tuple[float, float]:
        """The same of an edit: what was sent wrong is put right however long it takes."""
        return EDITS_LAST, EDITS_LAST


def lane(story: Story, *, edits: bool = False) -> float:
    """Place in the queue: smaller goes first. Withdrawals before everything; an edit before what it changes."""
    if story.kind == "retraction":
        return 0.0
    own = DIGEST if story.kind == "digest" else float(story.urgency.lane)
    return own - 0.5 if edits or story.kind == "correction" else own


def backoff(attempt: int, jitter: float) -> float:
    """Seconds before the try after `attempt` (1, 2, …); `jitter` in 0..1 spreads it by ± 20 %."""
    return BACKOFF[min(attempt, len(BACKOFF)) - 1] * (0.8 + 0.4 * jitter)


def delay(outcome: Outcome, attempt: int, jitter: float) -> float:
    """Seconds before another try; 0 where there is none. The platform's own delay is honoured in full."""
    match outcome:
        case Later(after, _):
            return after + jitter if after is not None else backoff(attempt, jitter)
        case Stopped():
            return 5.0  # nothing is begun while the bot is stopped; a worker that did not hear of it yet may try
        case Sent() | Uncertain() | Gone() | Refused() | Moved():
            return 0.0
        case _:
            assert_never(outcome)


LOOK_AFTER = 5.0
"""Seconds after a doubt came up before it is looked for: what was on the wire has landed by then."""

LOOK_AGAIN = 12.0
"""Seconds between the two looks that must both find nothing (at least 10, reliability §2.4)."""

RESEND_AFTER = 60.0
"""Seconds before a doubt is settled by sending once more (reliability §2.4)."""

SHOWN_WITHIN = 900.0
"""Seconds within which every doubt is settled or shown as held (reliability §2.1, P2)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be done about one doubt now: `verdict` "hold", "resend", "look" or "" (wait), and why."""

    verdict: str
    why: str = ""


def judge(doubt: Doubt, policy: Policy, age: float, empty_looks: int, *, reads_back: bool) -> Look:
    """What is to be done about a doubt that is `age` seconds old and was looked for in vain so often (reliability §2.4).

    Nothing is sent a third time; who cannot look holds.
    """
    if doubt.again:
        return Look("hold", "held: sent once more already")
    if policy == "read" and not reads_back:
        return Look("hold", "held: the platform cannot be read back")
    if policy == "read":
        if empty_looks >= 2:
            return Look("resend", "not found in the chat, sent once more")
        if age > SHOWN_WITHIN:
            return Look("hold", "held: could not be looked up in time")
        return Look("look" if age >= LOOK_AFTER else "")
    if policy == "resend":
        return Look("resend", "sent once more by policy") if age >= RESEND_AFTER else Look("")
    return Look("hold", "held by policy")
