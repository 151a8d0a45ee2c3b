"""When a digest is due, to whom, and from when on what waited belongs to it.

What waits comes with the reader's next digest; where none is near, when the quiet hours are over that held it back; and when
a mute ends. Each story that waited for a reader is in exactly one of these: what was published after the reader's previous
occasion, up to this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsbot.core import schedule
from newsbot.core.audience import zones
from newsbot.core.columns import ONE, Columns, bit, bitmap, chosen, members
from newsbot.core.model import Choices, Quiet, Slot

NEVER = float("-inf")
NEAR = 2 * 3600.0
"""Seconds after quiet hours within which a digest is waited for: two within the hour would be one too many."""


@dataclass(frozen=True, slots=True)
class Group:
    """Readers whose digest is due, and between which moments (unix seconds) what waited for them belongs to it: after `since`,
    up to `upto`. By the times they chose, not by when anybody looked: so nothing is in two digests, or in none."""

    bits: int
    since: float
    upto: float


def due(
    columns: Columns,
    after: float,
    until: float,
    home: str,
    *,
    mutes: Mapping[int, float] | None = None,
    starts: Mapping[int, float] | None = None,
) -> list[Group]:
    """Whose digest came due in (after, until], both unix seconds; disjoint groups of active readers.

    `mutes`: index → until when it is muted; nobody's digest comes before that, and one does when it ends. `starts`: index →
    since when what waited belongs to its next digest, where that is not its previous occasion. Whoever was muted without one
    gets all that still waits.
    """
    size, mutes, starts = columns.size, mutes or {}, starts or {}
    muted = bitmap((index for index, end in mutes.items() if end > after), size)
    occasions, own = times(columns), bitmap(starts, size)
    found = []
    for zone, there in zones(columns, home):
        for group in _in_zone(occasions, zone, there & columns["active"] & ~muted, after, until):
            found += _apart(group, own, starts, size)
    ended: dict[tuple[float, float], list[int]] = {}
    for index, end in mutes.items():
        if after < end <= until:
            ended.setdefault((starts.get(index, NEVER), end), []).append(index)
    for (since, end), indexes in ended.items():
        if bits := bitmap(indexes, size) & columns["active"]:
            found.append(Group(bits, since, end))
    return found


def _in_zone(
    occasions: Sequence[tuple[Slot, int]], zone: str, there: int, after: float, until: float
) -> Iterator[Group]:
    mine = [(slot, bits & there) for slot, bits in occasions if bits & there]
    last = [(schedule.latest(slot, zone, until), bits) for slot, bits in mine]
    if all(moment <= after for moment, _ in last):
        return
    before = _newest([(schedule.latest(slot, zone, after), bits) for slot, bits in mine])
    for upto, bits in _newest([(moment, bits) for moment, bits in last if moment > after]):
        for since, theirs in before:
            if theirs & bits:
                yield Group(theirs & bits, since, upto)


def _newest(moments: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Each reader at the newest of its moments, and at no other."""
    found, seen = [], 0
    for moment, bits in sorted(moments, reverse=True):
        if mine := bits & ~seen:
            found.append((moment, mine))
            seen |= mine
    return found


def _apart(group: Group, own: int, starts: Mapping[int, float], size: int) -> list[Group]:
    """The group without those who have a beginning of their own (`own`), and those by theirs."""
    if not group.bits & own:
        return [group]
    theirs: dict[float, list[int]] = {}
    for index in members(group.bits & own, size):
        theirs.setdefault(starts[index], []).append(index)
    found = [Group(bitmap(indexes, size), since, group.upto) for since, indexes in theirs.items()]
    rest = group.bits & ~own
    return [Group(rest, group.since, group.upto), *found] if rest else found


def times(columns: Columns) -> list[tuple[Slot, int]]:
    """Every time of day at which what waited comes, and to whom."""
    digests = [(Slot.parse(name), bits) for name, bits in columns.under("digest:")]
    found = list(digests)
    for name, bits in columns.under("quiet:"):
        end = Quiet.parse(name).end
        for day in (None,) if not any(slot.day is not None for slot, _ in digests) else range(7):
            near = 0
            for slot, theirs in digests:
                near |= theirs if _follows(slot, end, day) else 0
            if waits := bits & ~near:
                found.append((Slot(end, day), waits))
    return found


def _follows(slot: Slot, end: int, day: int | None) -> bool:
    """Whether this digest comes within NEAR after that minute of that day."""
    gap = slot.minute - end
    if slot.day is not None and day is not None:
        gap += (slot.day - day) % 7 * 24 * 60
    elif gap < 0:
        gap += 24 * 60
    return 0 <= gap * 60 <= NEAR


def holds(bits: int, index: int, size: int) -> bool:
    """Whether this reader is among those."""
    return index < 8 * size and bool(bits & bit(index, size))


def previous(choices: Choices, at: float, home: str) -> float:
    """When this reader's occasion came last, at that moment or before; minus infinity where there never is one."""
    columns = Columns(ONE, dict.fromkeys(chosen(choices), bit(0, ONE)))
    zone = choices.zone or home
    return max((schedule.latest(slot, zone, at) for slot, bits in times(columns) if bits), default=NEVER)
