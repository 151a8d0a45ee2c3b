"""Times of day by a reader's clock: midnight, and days on which the clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import schedule
from newsbot.core.model import Quiet, Slot

SEOUL, NEW_YORK, LONDON = "Asia/Seoul", "America/New_York", "Europe/London"
LORD_HOWE, SANTIAGO, HAVANA = "Australia/Lord_Howe", "America/Santiago", "America/Havana"
ST_JOHNS = "America/St_Johns"


def utc(text: str) -> float:
    """ "2025-03-09 07:30" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("slot", "zone", "at", "last", "following"),
    [
        # At the very moment it has come; before it, yesterday's was the last.
        ("08:00", SEOUL, "2025-01-01 23:00", "2025-01-01 23:00", "2025-01-02 23:00"),
        ("08:00", SEOUL, "2025-01-01 22:59", "2024-12-31 23:00", "2025-01-01 23:00"),
        # Both sides of midnight there, which is no midnight in UTC.
        ("00:00", SEOUL, "2025-01-01 14:59", "2024-12-31 15:00", "2025-01-01 15:00"),
        ("00:00", SEOUL, "2025-01-01 15:00", "2025-01-01 15:00", "2025-01-02 15:00"),
        ("23:59", "Pacific/Kiritimati", "2025-01-01 09:59", "2025-01-01 09:59", "2025-01-02 09:59"),
        ("00:00", "Asia/Kathmandu", "2025-01-01 18:15", "2025-01-01 18:15", "2025-01-02 18:15"),
        # New York, 9 March 2025: 02:00 is 03:00. What the clock jumps over comes an hour later.
        ("01:59", NEW_YORK, "2025-03-09 06:59", "2025-03-09 06:59", "2025-03-10 05:59"),
        ("02:30", NEW_YORK, "2025-03-09 07:29", "2025-03-08 07:30", "2025-03-09 07:30"),
        ("02:30", NEW_YORK, "2025-03-09 07:30", "2025-03-09 07:30", "2025-03-10 06:30"),
        ("03:00", NEW_YORK, "2025-03-09 07:00", "2025-03-09 07:00", "2025-03-10 07:00"),
        # New York, 2 November 2025: 01:00 to 02:00 comes twice; the first time counts.
        ("01:30", NEW_YORK, "2025-11-02 05:29", "2025-11-01 05:30", "2025-11-02 05:30"),
        ("01:30", NEW_YORK, "2025-11-02 06:30", "2025-11-02 05:30", "2025-11-03 06:30"),
        ("02:00", NEW_YORK, "2025-11-02 06:59", "2025-11-01 06:00", "2025-11-02 07:00"),
        # London, 30 March and 26 October 2025.
        ("01:30", LONDON, "2025-03-30 01:29", "2025-03-29 01:30", "2025-03-30 01:30"),
        ("01:30", LONDON, "2025-03-30 01:30", "2025-03-30 01:30", "2025-03-31 00:30"),
        ("01:30", LONDON, "2025-10-26 01:30", "2025-10-26 00:30", "2025-10-27 01:30"),
        # Lord Howe moves by half an hour: 5 October 2025, 02:00 is 02:30; 6 April 2025, 02:00 is 01:30.
        ("02:15", LORD_HOWE, "2025-10-04 15:45", "2025-10-04 15:45", "2025-10-05 15:15"),
        ("01:45", LORD_HOWE, "2025-04-05 15:00", "2025-04-05 14:45", "2025-04-06 15:15"),
        # Santiago, 7 September 2025: midnight is 01:00. 5 April 2025: after 23:59 it is 23:00.
        ("00:00", SANTIAGO, "2025-09-07 04:00", "2025-09-07 04:00", "2025-09-08 03:00"),
        ("00:30", SANTIAGO, "2025-09-07 04:29", "2025-09-06 04:30", "2025-09-07 04:30"),
        ("23:30", SANTIAGO, "2025-04-06 03:30", "2025-04-06 02:30", "2025-04-07 03:30"),
        ("00:00", SANTIAGO, "2025-04-06 03:59", "2025-04-05 03:00", "2025-04-06 04:00"),
        # Over midnight: St John's went back from 00:01 to 23:01, Toronto on from 23:30 to 00:30.
        ("00:00", ST_JOHNS, "2010-11-07 02:40", "2010-11-07 02:30", "2010-11-08 03:30"),
        ("23:45", "America/Toronto", "1919-03-31 04:40", "1919-03-30 04:45", "1919-03-31 04:45"),
        # Weekly: 8 January 2025 is a Wednesday; 9 March and 2 November are Sundays.
        ("wed-08:00", SEOUL, "2025-01-07 23:00", "2025-01-07 23:00", "2025-01-14 23:00"),
        ("wed-08:00", SEOUL, "2025-01-07 22:59", "2024-12-31 23:00", "2025-01-07 23:00"),
        ("tue-23:59", SEOUL, "2025-01-07 15:00", "2025-01-07 14:59", "2025-01-14 14:59"),
        ("sun-02:30", NEW_YORK, "2025-03-09 07:29", "2025-03-02 07:30", "2025-03-09 07:30"),
        ("sun-01:30", NEW_YORK, "2025-11-02 06:30", "2025-11-02 05:30", "2025-11-09 06:30"),
    ],
)
def test_a_time_of_day_comes_once_a_day(slot: str, zone: str, at: str, last: str, following: str) -> None:
    assert shown(schedule.latest(Slot.parse(slot), zone, utc(at))) == last
    assert shown(schedule.coming(Slot.parse(slot), zone, utc(at))) == following


@pytest.mark.parametrize(
    ("quiet", "zone", "begins", "ends"),
    [
        ("23:00-07:00", SEOUL, "2025-01-01 14:00", "2025-01-01 22:00"),
        ("13:00-15:00", SEOUL, "2025-01-01 04:00", "2025-01-01 06:00"),
        ("23:59-00:01", SEOUL, "2025-01-01 14:59", "2025-01-01 15:01"),
        ("12:00-11:30", SEOUL, "2025-01-01 03:00", "2025-01-02 02:30"),
        # The night is an hour shorter, then an hour longer.
        ("23:00-07:00", NEW_YORK, "2025-03-09 04:00", "2025-03-09 11:00"),
        ("23:00-07:00", NEW_YORK, "2025-11-02 03:00", "2025-11-02 12:00"),
        # An end that the clock jumps over comes later, one that comes twice ends it the first time.
        ("00:00-02:30", NEW_YORK, "2025-03-09 05:00", "2025-03-09 07:30"),
        ("02:10-02:50", NEW_YORK, "2025-03-09 07:10", "2025-03-09 07:50"),
        ("00:00-01:30", NEW_YORK, "2025-11-02 04:00", "2025-11-02 05:30"),
        ("01:30-02:30", NEW_YORK, "2025-11-02 05:30", "2025-11-02 07:30"),
        ("02:15-03:00", LORD_HOWE, "2025-10-04 15:45", "2025-10-04 16:00"),
        ("23:30-00:30", SANTIAGO, "2025-09-07 03:30", "2025-09-07 04:30"),
        ("23:30-00:30", SANTIAGO, "2025-04-06 02:30", "2025-04-06 04:30"),
        ("00:00-07:00", ST_JOHNS, "2010-11-07 02:30", "2010-11-07 10:30"),
    ],
)
def test_quiet_hours_begin_and_end(quiet: str, zone: str, begins: str, ends: str) -> None:
    hours = Quiet.parse(quiet)
    assert not schedule.is_quiet(hours, zone, utc(begins) - 1)
    tenth = (utc(ends) - utc(begins)) / 10
    assert all(schedule.is_quiet(hours, zone, utc(begins) + many * tenth) for many in range(10))
    assert schedule.is_quiet(hours, zone, utc(ends) - 1)
    assert not schedule.is_quiet(hours, zone, utc(ends))


def test_quiet_hours_whose_beginning_the_clock_jumps_over_do_not_last_a_day() -> None:
    """02:30 comes at 03:30 on that day: after their end."""
    hours = Quiet.parse("02:30-03:10")
    day = [utc("2025-03-09 05:00") + 60 * minute for minute in range(24 * 60)]
    assert [at for at in day if schedule.is_quiet(hours, NEW_YORK, at)] == []
    assert schedule.is_quiet(hours, NEW_YORK, utc("2025-03-10 06:30"))


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        (SEOUL, "2025-01-01 14:59", "2025-01-01", 23),
        (SEOUL, "2025-01-01 15:00", "2025-01-02", 0),
        (NEW_YORK, "2025-03-09 07:00", "2025-03-09", 3),
        (NEW_YORK, "2025-11-02 06:59", "2025-11-02", 1),
        ("Pacific/Pago_Pago", "2025-01-01 10:59", "2024-12-31", 23),
        ("Pacific/Kiritimati", "2025-01-01 10:00", "2025-01-02", 0),
        (HAVANA, "2025-11-02 05:30", "2025-11-02", 0),
    ],
)
def test_the_date_and_the_hour_there(zone: str, at: str, day: str, hour: int) -> None:
    assert schedule.day_of(zone, utc(at)) == day
    assert schedule.hour_of(zone, utc(at)) == hour


ZONES = st.sampled_from([SEOUL, NEW_YORK, LONDON, LORD_HOWE, SANTIAGO, HAVANA, "Africa/Cairo", "Antarctica/Troll"])
MOMENTS = st.floats(utc("2025-01-01 00:00"), utc("2026-01-01 00:00"))
MINUTES = st.integers(0, 24 * 60 - 1)


@settings(deadline=None)
@given(MINUTES, st.one_of(st.none(), st.integers(0, 6)), ZONES, MOMENTS)
def test_what_came_last_and_what_comes_next_are_neighbours(minute: int, day: int | None, zone: str, at: float) -> None:
    slot = Slot(minute, day)
    last, following = schedule.latest(slot, zone, at), schedule.coming(slot, zone, at)
    assert last <= at < following
    assert schedule.coming(slot, zone, last) == following
    assert schedule.latest(slot, zone, following) == following
    days = 1 if day is None else 7
    assert timedelta(days=days, hours=-2) <= timedelta(seconds=following - last) <= timedelta(days=days, hours=2)
    there = datetime.fromtimestamp(following, ZoneInfo(zone))
    assert there.hour * 60 + there.minute - minute in (0, 30, 60, 120)  # later only where the clock jumps over it
    assert day is None or there.weekday() == day


@settings(deadline=None)
@given(MINUTES, MINUTES, ZONES, MOMENTS)
def test_what_is_quiet_ends_with_the_coming_end(start: int, end: int, zone: str, at: float) -> None:
    if start == end or not schedule.is_quiet(Quiet(start, end), zone, at):
        return
    begun = schedule.latest(Slot(start), zone, at)
    assert at - begun < 26 * 3600
    over = schedule.coming(Slot(end), zone, at)
    assert over - begun < 26 * 3600
