"""Chats that cannot be written to any more: how often they are looked at, and when they are given up."""

from __future__ import annotations

from dataclasses import dataclass

from newsbot.core.model import Address

LOOKS = (600.0, 3600.0, 21600.0, 86400.0)
"""Seconds before the first, second, … look at a chat that lost its rights; the last for every further one."""

ASK_AGAIN = 300.0
"""Seconds until a chat is looked at again when the platform could not tell."""

GIVEN_UP = 30 * 86400.0
"""Seconds without success after which a quarantined chat is stopped."""

CHOICES_KEPT = 30 * 86400.0
"""Seconds a stopped chat's address and choices stay, so that whoever comes back finds them (messages §8)."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One chat that lost its rights: how often it was looked at without success, and since when (unix seconds)."""

    index: int
    address: Address
    tries: int
    since: float


def spread(seconds: float, jitter: float) -> float:
    """Within ± 20 % of `seconds`, as `jitter` in 0..1 says: chats that were lost together do not come up together."""
    return seconds * (0.8 + 0.4 * jitter)


def next_look(tries: int, jitter: float) -> float:
    """Seconds until the next look after so many without success."""
    return spread(LOOKS[min(tries, len(LOOKS) - 1)], jitter)
