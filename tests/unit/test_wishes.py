"""What readers type about times and amounts, in both languages, and what of it is none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from newsbot.core import wishes
from newsbot.core.model import Quiet, Slot

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("2h", 2 * HOUR),
        ("2 h", 2 * HOUR),
        ("2시간", 2 * HOUR),
        ("2시간만", 2 * HOUR),
        ("2시간 동안", 2 * HOUR),
        ("두 시간", 2 * HOUR),
        ("2시간 30분", 9000),
        ("2h 30m", 9000),
        ("2 hours", 2 * HOUR),
        ("for 1 hour", HOUR),
        ("an hour", HOUR),
        ("90 minutes", 5400),
        ("15min", 900),
        ("30분", 1800),
        ("하루", DAY),
        ("이틀", 2 * DAY),
        ("1d", DAY),
        ("3 days", 3 * DAY),
        ("1일", DAY),
        ("1주", 7 * DAY),
        ("2주일", None),
        ("a week", 7 * DAY),
        ("7일", 7 * DAY),
        ("8일", None),
        ("31일", None),
        ("9999h", None),
        ("0분", None),
        ("2", None),
        ("2x", None),
        ("2h x", None),
        ("h", None),
        ("-2h", None),
        ("정치", None),
        ("", None),
    ],
)
def test_how_long(typed: str, seconds: int | None) -> None:
    assert wishes.span(typed.split()) == seconds


@pytest.mark.parametrize(
    ("typed", "clock"),
    [
        ("7", "07:00"),
        ("07:30", "07:30"),
        ("0", "00:00"),
        ("24", None),
        ("12:60", None),
        ("7시", "07:00"),
        ("7시 반", "07:30"),
        ("7시 5분", "07:05"),
        ("19시", "19:00"),
        ("오전 12시", "00:00"),
        ("오후 12시", "12:00"),
        ("오후 6시 30분", "18:30"),
        ("오후 13시", None),
        ("밤 11시", "23:00"),
        ("밤 12시", "00:00"),
        ("밤 1시", "01:00"),
        ("새벽 5시", "05:00"),
        ("아침 7시", "07:00"),
        ("낮 2시", "14:00"),
        ("저녁 8시", "20:00"),
        ("6:30pm", "18:30"),
        ("12 AM", "00:00"),
        ("12pm", "12:00"),
        ("자정", "00:00"),
        ("noon", "12:00"),
        ("7시쯤", None),
        ("", None),
    ],
)
def test_time_of_day(typed: str, clock: str | None) -> None:
    found = wishes.time_of_day(typed)
    assert (None if found is None else f"{found // 60:02}:{found % 60:02}") == clock


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("23-7", "23:00-07:00"),
        ("23 - 7", "23:00-07:00"),
        ("23 7", "23:00-07:00"),
        ("23:00~07:30", "23:00-07:30"),
        ("23:00–07:00", "23:00-07:00"),
        ("23시-7시", "23:00-07:00"),
        ("23시부터 7시까지", "23:00-07:00"),
        ("23시에서 7시까지", "23:00-07:00"),
        ("밤 11시부터 아침 7시까지", "23:00-07:00"),
        ("자정부터 6시", "00:00-06:00"),
        ("11pm-7am", "23:00-07:00"),
        ("from 11pm to 7am", "23:00-07:00"),
        ("23 to 7", "23:00-07:00"),
        ("midnight to 6", "00:00-06:00"),
        ("0-6", "00:00-06:00"),
        ("7-7", None),
        ("23", None),
        ("23-25", None),
        ("밤", None),
        ("23-7-9", None),
        ("", None),
    ],
)
def test_quiet_hours(typed: str, hours: str | None) -> None:
    assert wishes.quiet(typed.split()) == (Quiet.parse(hours) if hours else None)


@pytest.mark.parametrize(
    ("typed", "times"),
    [
        ("8 18:30", "08:00 18:30"),
        ("18:30 8", "08:00 18:30"),
        ("8시 18:30", "08:00 18:30"),
        ("8시, 18시 반", "08:00 18:30"),
        ("오전 8시 오후 6시 30분", "08:00 18:30"),
        ("아침 8시와 저녁 6시 반에", "08:00 18:30"),
        ("매일 아침 8시", "08:00"),
        ("every day at 8 am and 6:30 pm", "08:00 18:30"),
        ("월요일 8시", "mon-08:00"),
        ("월요일마다 오전 9시", "mon-09:00"),
        ("일", "sun-08:00"),
        ("mon 9am", "mon-09:00"),
        ("Sunday", "sun-08:00"),
        ("month 8", None),
        ("sunny", None),
        ("8 8", "08:00"),
        ("1 2 3 4 5 6", "01:00 02:00 03:00 04:00 05:00 06:00"),
        ("1 2 3 4 5 6 7", None),
        ("8 빵", None),
        ("오전", None),
        ("25", None),
        ("", None),
    ],
)
def test_digest_times(typed: str, times: str | None) -> None:
    assert wishes.slots(typed.split()) == (tuple(map(Slot.parse, times.split())) if times else None)


def test_off_is_one_word_alone() -> None:
    assert all(wishes.off([word]) for word in ("off", "OFF", "끄기", "해제"))
    assert not wishes.off([])
    assert not wishes.off(["off", "8"])
    assert not wishes.off(["23-7"])


@pytest.mark.parametrize(
    ("zone", "now", "morning"),
    [
        ("Asia/Seoul", "2026-05-03 06:59", "2026-05-03 07:00"),
        ("Asia/Seoul", "2026-05-03 07:00", "2026-05-04 07:00"),
        ("Asia/Seoul", "2026-12-31 23:30", "2027-01-01 07:00"),
        ("America/New_York", "2026-03-07 22:00", "2026-03-08 07:00"),  # the night that has an hour less
        ("Europe/London", "2026-10-24 22:00", "2026-10-25 07:00"),  # and one that has an hour more
    ],
)
def test_the_next_morning(zone: str, now: str, morning: str) -> None:
    there = ZoneInfo(zone)
    at = datetime.fromisoformat(now).replace(tzinfo=there).timestamp()
    found = datetime.fromtimestamp(wishes.next_morning(zone, at), UTC).astimezone(there)
    assert f"{found:%Y-%m-%d %H:%M}" == morning
