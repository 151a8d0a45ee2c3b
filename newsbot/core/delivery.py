"""What an outcome leads to, and how long anything may take. Lua only compares and sets; deciding is here."""

from __future__ import annotations

from typing import assert_never

from newsbot.core.model import Gone, Later, Moved, Outcome, Refused, Sent, Stopped, Uncertain, Urgency

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
    """A reason as the ledger keeps it."""
    return why[:REASON]


def time_to_live(urgency: Urgency) -> float:
    """Seconds after planning until an alert is too old to start with, or to be tried again (reliability §2.3)."""
    return {Urgency.FLASH: 1800.0, Urgency.BREAKING: 1800.0, Urgency.NORMAL: 21600.0}[urgency]


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
