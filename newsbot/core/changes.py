"""What follows when a reader's choices change."""

from __future__ import annotations

from dataclasses import replace

from newsbot.core import digests
from newsbot.core.model import Choices, Subscriber


def times(choices: Choices) -> tuple[object, ...]:
    """What decides when a digest comes."""
    return choices.zone, choices.quiet, choices.digests, choices.muted


def changed(
    before: Subscriber | None, after: Subscriber, made: float | None, now: float, home: str
) -> tuple[Subscriber, float | None]:
    """What is to be stored in place of `before`, and since when (unix seconds) what waited belongs to its next digest: 0 for
    "since the last one that reached it", None where the store knows. `made`: up to when digests are made. `home` is the
    newsroom's zone.

    Which digest reached a reader whose times change is looked up when the next one is made: one may be under way. Who stopped
    and comes back begins now; for who is new nothing can wait from before.
    """
    if before is None or before.state == "quarantined" or after.choices == Choices() == before.choices:
        return after, None
    if before.state == "stopped":
        return after, now
    if times(before.choices) == times(after.choices):
        return after, None
    made = now if made is None else made
    last = digests.previous(before.choices, made, home)
    if last > 0 and digests.previous(after.choices, now, home) < 0 and after.choices.muted <= now:
        # No digest is to come any more: what waited comes now, as at the end of a mute; also what this second put off.
        after = replace(after, choices=replace(after.choices, muted=int(now) + 1))
    return after, 0.0
