"""Who gets a story: at once, at once without a sound, in the next digest and why, or not at all.

The same rules for one reader and for a million: everything is a bitmap over all subscribers (`core.columns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from newsbot.core import schedule
from newsbot.core.columns import Columns
from newsbot.core.model import Quiet, Story, Urgency

MOST_COUNTED = 15
"""Alerts of a day that are told apart; the four bitmaps of `Standing.counted` count up to there."""

MUTED, QUIET, CAP, GATHER = "muted", "quiet hours", "daily cap", "digest"
"""Why a story waits for the digest, the strongest reason first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known beside the choices: bitmaps of who named a word of this story as wanted (`named`) or unwanted
    (`refused`), who muted its line of stories (`hushed`) or everything (`muted`), and how many alerts each had today, as
    the four binary digits of that number, the lowest first."""

    named: int = 0
    refused: int = 0
    hushed: int = 0
    muted: int = 0
    counted: Sequence[int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Split:
    """`now` get it at once, of them `quietly` without a sound; `later` in the next digest, by reason. Disjoint but for
    `quietly`. `at`: the moment it was judged for (unix seconds), 0 where that does not matter."""

    now: int = 0
    quietly: int = 0
    later: Mapping[str, int] = field(default_factory=dict)
    at: float = 0.0


def split(story: Story, columns: Columns, standing: Standing, at: float, home: str) -> Split:
    """What becomes of this story that is published at `at` (unix seconds); `home` is the newsroom's zone."""
    rest = wanted(story, columns, standing)
    later: dict[str, int] = {}

    def put_off(reason: str, bits: int) -> None:
        nonlocal rest
        if found := rest & bits:
            later[reason] = found
            rest &= ~found

    put_off(MUTED, standing.muted)
    if story.urgency is not Urgency.FLASH or columns["passes:none"]:
        put_off(QUIET, resting(columns, at, home) & ~_passing(story.urgency, columns))
    full = _full(columns, standing)
    if story.urgency is Urgency.NORMAL:
        digests = _any(columns, "digest:")
        put_off(GATHER, columns["gather"] & digests & ~standing.named)
        put_off(CAP, full & digests)
    quietly = rest & (columns["sound:off"] | (full if story.urgency is Urgency.BREAKING else 0))
    return Split(rest, quietly, later, at)


def wanted(story: Story, columns: Columns, standing: Standing) -> int:
    """Who asked for such a story, now or later."""
    floors = [urgency for urgency in Urgency if urgency.lane >= story.urgency.lane]
    fits = _or(columns[f"floor:{floor.value}"] for floor in floors)
    found = standing.named
    if not story.topics:
        found |= columns["all"] & fits
    for topic in story.topics:
        reads = columns["all"] | columns[f"topic:{topic}"]
        own = _any(columns, f"least:{topic}:")
        enough = _or(columns[f"least:{topic}:{floor.value}"] for floor in floors)
        found |= reads & ((fits & ~own) | enough)
    if chosen := _any(columns, "source:"):
        found &= ~chosen | columns[f"source:{story.source}"]
    return found & columns["active"] & ~standing.refused & ~standing.hushed


def resting(columns: Columns, at: float, home: str) -> int:
    """Whose quiet hours it is."""
    ranges = [(Quiet.parse(name), bits) for name, bits in columns.under("quiet:")]
    return _or(
        there & _or(bits for quiet, bits in ranges if schedule.is_quiet(quiet, zone, at))
        for zone, there in zones(columns, home)
    )


def zones(columns: Columns, home: str) -> list[tuple[str, int]]:
    """(zone, who lives by it); whoever named none, or one that the tz database has no more, lives by the newsroom's."""
    named = [(zone, bits) for zone, bits in columns.under("zone:") if schedule.exists(zone)]
    elsewhere = _or(bits for _, bits in named)
    return [(home, columns.everybody & ~elsewhere), *named]


def _passing(urgency: Urgency, columns: Columns) -> int:
    """Who lets this through quiet hours: a flash everybody but those who let nothing, the rest those who said so."""
    if urgency is Urgency.FLASH:
        return columns.everybody & ~columns["passes:none"]
    return _or(columns[f"passes:{least.value}"] for least in Urgency if least.lane >= urgency.lane)


def _full(columns: Columns, standing: Standing) -> int:
    """Who had as many alerts today as they want at most."""
    return _or(bits & at_least(standing.counted, int(cap)) for cap, bits in columns.under("cap:"))


def at_least(counted: Sequence[int], many: int) -> int:
    """Whose number is so many or more: compared digit by digit from the highest. Nobody's is more than can be counted."""
    if many >> len(counted):
        return 0
    more, same = 0, -1
    for place in reversed(range(len(counted))):
        if many >> place & 1:
            same &= counted[place]
        else:
            more |= same & counted[place]
            same &= ~counted[place]
    return more | same


def one_more(counted: Sequence[int], bits: int) -> list[int]:
    """The numbers after one more alert to these; the highest number stays."""
    carry = bits & ~_and(counted)
    found = []
    for digit in counted:
        found.append(digit ^ carry)
        carry &= digit
    return found


def _any(columns: Columns, prefix: str) -> int:
    return _or(bits for _, bits in columns.under(prefix))


def _or(parts: Iterable[int]) -> int:
    found = 0
    for part in parts:
        found |= part
    return found


def _and(parts: Sequence[int]) -> int:
    found = -1
    for part in parts:
        found &= part
    return found
