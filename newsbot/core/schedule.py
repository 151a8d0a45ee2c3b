"""When, by a reader's own clock: quiet hours, digests, days. Moments are unix seconds.

A time of day comes once every day, also where the clock is put forward (it then comes as much later) and where it is put
back (the first time counts); so whatever begins also ends, and nothing comes twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from newsbot.core.model import Quiet, Slot

_WEEK = 7
_DAY = timedelta(days=1)


def latest(slot: Slot, zone: str, at: float) -> float:
    """When this time of day, and of the week, came last: at that moment or before."""
    return _near(slot, zone, at, forward=False)


def coming(slot: Slot, zone: str, at: float) -> float:
    """When it comes next, after that moment."""
    return _near(slot, zone, at, forward=True)


def _near(slot: Slot, zone: str, at: float, *, forward: bool) -> float:
    there = ZoneInfo(zone)
    step = _DAY if forward else -_DAY
    day = _clock(there, at).date() - step  # a day of 23 or 25 hours may have it on the other side of midnight
    for _ in range(_WEEK + 3):
        if slot.day is None or slot.day == day.weekday():
            moment = _moment(slot.minute, day, there)
            if moment > at if forward else moment <= at:
                return moment
        day += step
    raise AssertionError("every day of the week comes within ten days")


def is_quiet(quiet: Quiet, zone: str, at: float) -> bool:
    """Whether it is quiet then: it began on some day, and the end that belongs to that beginning has not come."""
    there = ZoneInfo(zone)
    today = _clock(there, at).date()
    over_midnight = _DAY if quiet.end < quiet.start else timedelta()
    return any(
        _moment(quiet.start, day, there) <= at < _moment(quiet.end, day + over_midnight, there)
        for day in (today - _DAY, today, today + _DAY)  # tomorrow: where the clock is put back over midnight
    )


def day_of(zone: str, at: float) -> str:
    """The reader's date, as 2026-11-22."""
    return _clock(ZoneInfo(zone), at).date().isoformat()


def hour_of(zone: str, at: float) -> int:
    """The hour on the reader's clock, 0 to 23."""
    return _clock(ZoneInfo(zone), at).hour


@lru_cache(maxsize=1 << 14)  # some hundred times of day in each of the world's zones: asked again with every story
def _moment(minute: int, day: date, there: ZoneInfo) -> float:
    """When it is that time on that day: once, as the top of this file says (PEP 495 with fold=0)."""
    return datetime.combine(day, time(minute // 60, minute % 60), there).timestamp()


def _clock(there: ZoneInfo, at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(there)


@cache
def exists(zone: str) -> bool:
    """Whether the tz database knows it."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
