"""When one chat is told what, by a plain reading of the rules: one chat and one story at a time, plain dates, no bitmaps.

It shares no line with `newsbot.core` but the values `Choices` and `Urgency`. It is slow, and so simple that it can be checked
by reading it beside the README.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from newsbot.core.model import Choices, Quiet, Slot, Urgency

HOUR, DAY = 3600, 86400
KEPT = 8 * DAY
"""What had to wait longer is not told: a week, and a day more."""
ONE = timedelta(days=1)
FIRST, LAST = date(2024, 12, 15), date(2026, 2, 1)
DAYS = [FIRST + n * ONE for n in range((LAST - FIRST).days)]


@cache
def hands(zone: str) -> list[tuple[int, int]]:
    """(from when on, unix seconds; by how many seconds the clocks there are ahead of UTC), found by looking every minute of
    each hour in which that changes."""

    def ahead(at: int) -> int:
        found = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).utcoffset()
        assert found is not None
        return int(found.total_seconds())

    begin = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp()) - 3 * DAY
    found = [(begin, ahead(begin))]
    for hour in range(begin, begin + (len(DAYS) + 6) * DAY, HOUR):
        if ahead(hour + HOUR) != found[-1][1]:
            moment = next(at for at in range(hour, hour + HOUR + 60, 60) if ahead(at) != found[-1][1])
            found.append((moment, ahead(moment)))
    return found


def wall(day: date, minute: int) -> int:
    """What a clock shows, as the seconds it would be in UTC."""
    return int(datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=UTC).timestamp())


def when(zone: str, shown: int) -> int:
    """When a clock there shows that for the first time; where it jumps over it, as much later as it jumps."""
    told = hands(zone)
    ends = [begin for begin, _ in told[1:]] + [1 << 62]
    for (begin, ahead), end in zip(told, ends, strict=True):
        if begin <= shown - ahead < end:
            return shown - ahead
    return next(shown - ahead for (_, ahead), end in zip(told, ends, strict=True) if shown - ahead < end + 4 * HOUR)


@cache
def daily(zone: str, slot: Slot) -> list[int]:
    """Every moment of that time of day, or of the week."""
    return [when(zone, wall(day, slot.minute)) for day in DAYS if slot.day in (None, day.weekday())]


@cache
def silences(zone: str, quiet: Quiet) -> list[tuple[int, int]]:
    """All its quiet hours, each from when to when."""
    longer = ONE if quiet.end < quiet.start else timedelta()
    return [(when(zone, wall(day, quiet.start)), when(zone, wall(day + longer, quiet.end))) for day in DAYS]


@cache
def occasions(zone: str, quiet: Quiet | None, digests: tuple[Slot, ...]) -> list[int]:
    """When what waited is told: at its digests, and at the end of quiet hours that no digest follows within two hours."""
    found = {moment for slot in digests for moment in daily(zone, slot)}
    for day in DAYS if quiet else ():
        end = wall(day, quiet.end) if quiet else 0
        soon = [
            wall(on, slot.minute) for on in (day, day + ONE) for slot in digests if slot.day in (None, on.weekday())
        ]
        if not any(end <= shown <= end + 2 * HOUR for shown in soon):
            found.add(when(zone, end))
    return sorted(found)


def today(zone: str, at: float) -> date:
    """The date a clock there shows."""
    ahead = hands(zone)[bisect_right(hands(zone), (at, 1 << 62)) - 1][1]
    return datetime.fromtimestamp(at + ahead, UTC).date()


@dataclass
class Chat:
    """One chat: what it chose, what waits for it, and how many alerts it had today."""

    home: str
    choices: Choices
    topics: frozenset[str]
    floor: Urgency
    muted: float = 0
    waiting: list[tuple[float, int]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    had: int = 0
    day: date = FIRST

    @property
    def zone(self) -> str:
        return self.choices.zone or self.home

    @property
    def times(self) -> list[int]:
        return occasions(self.zone, self.choices.quiet, self.choices.digests)

    def wants(self, urgency: Urgency, topics: tuple[str, ...], source: str, *, named: bool) -> bool:
        """Whether it asked for such a story at all."""
        if self.choices.sources and source not in self.choices.sources:
            return False
        least = dict(self.choices.least)
        mine = [topic for topic in topics if not self.topics or topic in self.topics]
        if not topics and not self.topics:
            return named or urgency.lane <= self.floor.lane
        return named or any(urgency.lane <= least.get(topic, self.floor).lane for topic in mine)

    def hears(self, story: int, urgency: Urgency, at: float, *, named: bool) -> str:
        """What becomes of a story it wants: "sound", "quietly", or why it waits."""
        chosen = self.choices
        if today(self.zone, at) != self.day:
            self.day, self.had = today(self.zone, at), 0
        if why := self._waits(urgency, at, named=named):
            self.waiting.append((at, story))
            return why
        full = 0 < chosen.cap <= self.had
        self.had = min(self.had + 1, 15)
        return "quietly" if not chosen.sound or (full and urgency is Urgency.BREAKING) else "sound"

    def _waits(self, urgency: Urgency, at: float, *, named: bool) -> str:
        chosen = self.choices
        if at < self.muted:
            return "muted"
        if self.is_quiet(at) and (chosen.passes is None or urgency.lane > chosen.passes.lane):
            return "quiet hours"
        if urgency is Urgency.NORMAL and chosen.digests:
            if chosen.gather and not named:
                return "digest"
            if 0 < chosen.cap <= self.had:
                return "daily cap"
        return ""

    def is_quiet(self, at: float) -> bool:
        """Whether it is in one of its quiet hours."""
        if self.choices.quiet is None:
            return False
        all_of_them = silences(self.zone, self.choices.quiet)
        near = bisect_right(all_of_them, (at, 1 << 62))
        return any(begin <= at < end for begin, end in all_of_them[max(0, near - 3) : near + 2])

    def told(self, after: float, until: float) -> tuple[float, list[int]] | None:
        """(up to when, the stories) of the digest it is told when somebody looks at `until` who looked at `after` before."""
        if self.muted > after:
            if self.muted > until:
                return None
            upto: float = self.muted
        else:
            place = bisect_right(self.times, until)
            upto = self.times[place - 1] if place else 0
            if upto <= after:
                return None
        mine = [story for at, story in self.waiting if until - KEPT < at <= upto]
        self.dropped += [story for at, story in self.waiting if at <= min(upto, until - KEPT)]
        self.waiting = [(at, story) for at, story in self.waiting if at > upto]
        return (upto, mine) if mine else None
