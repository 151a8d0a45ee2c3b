"""Moments and days as a reader there would say them, in the language of the frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from newsbot.core.model import Story, Urgency, When

Catalog = Mapping[str, str]
"""Message key → words with {named} fields, as read from `newsbot/locales`."""

# How much later (seconds) an alert may have left than its article says, and still be called by the article's time.
_SOON = 900.0
_BARE_DATE = len("2024-07-12")


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` decides what "today" is; `zone` (a tz database name) is the clock the reader is shown.

    Where the newsroom's own clock (`home`) shows another time at that moment, it is the newsroom's that is shown, and
    said to be so.
    """

    catalog: Catalog
    now: datetime
    zone: str
    home: str = ""

    def moment(self, at: datetime) -> When:
        """A time of day; the day with it where it is another; the day alone in another year."""
        local, name = self._local(at)
        today = self._today(local)
        if local.date().year != today.year:
            return When(self._day(local.date(), today))
        if local.date() == today:
            return When(self._time(local, name), int(at.timestamp()))
        return When(self._with_day(local, name, today), int(at.timestamp()), dated=True)

    def dated(self, at: datetime) -> When:
        """A time of day that always names its day."""
        local, name = self._local(at)
        return When(self._with_day(local, name, self._today(local)), int(at.timestamp()), dated=True)

    def today(self) -> When:
        """The day it is now, on the clock that is shown."""
        day = self._local(self.now)[0].date()
        return When(self._day(day, day))

    def day(self, day: date) -> When:
        """A day alone."""
        return When(self._day(day, self.now.astimezone(ZoneInfo(self.zone)).date()))

    def _local(self, at: datetime) -> tuple[datetime, str]:
        """The moment on the clock that is shown, and what that clock is called where it is not the reader's."""
        here = at.astimezone(ZoneInfo(self.zone))
        there = at.astimezone(ZoneInfo(self.home or self.zone))
        if here.utcoffset() == there.utcoffset():
            return here, ""
        return there, self.catalog.get(f"zone.{self.home}") or there.tzname() or ""

    def _today(self, local: datetime) -> date:
        return self.now.astimezone(local.tzinfo).date()

    def _with_day(self, local: datetime, name: str, today: date) -> str:
        day = self._day(local.date(), today)
        return self.catalog["date.with_time"].format(day=day, time=self._time(local, name))

    def _day(self, day: date, today: date) -> str:
        """The day with its weekday; the year only where it is another."""
        return self.catalog["date.day" if day.year == today.year else "date.day_year"].format(
            year=day.year,
            month=self.catalog[f"date.month.{day.month}"],
            day=day.day,
            weekday=self.catalog[f"date.weekday.{day.isoweekday()}"],
        )

    def _time(self, local: datetime, name: str) -> str:
        """The time on a twelve-hour clock; noon is 12 PM, midnight 12 AM, in both languages."""
        half = self.catalog["date.am" if local.hour < 12 else "date.pm"]
        said = self.catalog["date.time"].format(half=half, hour=local.hour % 12 or 12, minute=f"{local.minute:02d}")
        return self.catalog["date.with_zone"].format(time=said, zone=name) if name else said


def published(story: Story, clock: Clock) -> When | None:
    """The time that stands in an alert; None where nothing is known.

    A source that gives only a date gets only a date: its midnight is nobody's publishing time. What sounds carries a
    time of day all the same (a forwarded copy can be told apart by nothing else), the one at which it was taken up.
    """
    taken, given, seen = _taken(story), _given(story), _seen(story)
    if isinstance(given, datetime):
        return clock.moment(given)
    if taken and story.urgency is not Urgency.NORMAL and given in (None, seen):
        return clock.moment(taken)
    day = given or seen
    return clock.day(day) if day else None


def sent(story: Story, clock: Clock) -> str:
    """When the alert went out, in the words of a sentence that names it: by the time it shows, unless it left later."""
    taken, given = _taken(story), _given(story)
    at = taken
    if isinstance(given, datetime) and (taken is None or 0 <= (taken - given).total_seconds() <= _SOON):
        at = given
    if at is None:
        return clock.catalog["sent.unknown"]
    return clock.catalog["sent.at"].format(time=clock.moment(at).text)


def _taken(story: Story) -> datetime | None:
    return datetime.fromtimestamp(story.accepted_at, UTC) if story.accepted_at > 0 else None


def _given(story: Story) -> datetime | date | None:
    """What the source says: an aware moment, a day, or None where it says nothing readable."""
    stamp = (story.published_at or "").strip()
    try:
        if len(stamp) <= _BARE_DATE:
            return date.fromisoformat(stamp)
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(story.zone))
        return moment.astimezone(UTC) if date.min.year < moment.year < date.max.year else None
    except (ValueError, OverflowError, KeyError):  # KeyError: the source names a zone nobody knows
        return None


def _seen(story: Story) -> date | None:
    """The day it was taken up, on the source's calendar."""
    taken = _taken(story)
    try:
        return taken.astimezone(ZoneInfo(story.zone)).date() if taken else None
    except (ValueError, KeyError):
        return None
