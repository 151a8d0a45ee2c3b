"""Dates as Ruby 3.1 reads them; each line was read by Ruby itself (`Time.parse`, zone Asia/Seoul)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from newsbot.sources.jekyll.dates import parse

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected", "timed"),
    [
        ("2024-07-12", "2024-07-12T00:00:00+09:00", False),
        ("2024-7-2", "2024-07-02T00:00:00+09:00", False),
        ("24-07-12", "2024-07-12T00:00:00+09:00", False),
        ("2024/07/12", "2024-07-12T00:00:00+09:00", False),
        ("7/12/2024", "2024-12-07T00:00:00+09:00", False),
        ("2024.07.12", "2024-07-12T00:00:00+09:00", False),
        ("2024. 7. 12.", "2024-07-12T00:00:00+09:00", False),
        ("12.7.2024", "2024-07-12T00:00:00+09:00", False),
        ("20240712", "2024-07-12T00:00:00+09:00", False),
        ("2024-194", "2024-07-12T00:00:00+09:00", False),
        ("July 12, 2024", "2024-07-12T00:00:00+09:00", False),
        ("12 July 2024", "2024-07-12T00:00:00+09:00", False),
        ("Jul 12 2024 3pm", "2024-07-12T15:00:00+09:00", True),
        ("12-Jul-2024", "2024-07-12T00:00:00+09:00", False),
        ("Fri, 12 Jul 2024 10:00:30 +0000", "2024-07-12T19:00:30+09:00", True),
        ("3rd Jul 2024", "2024-07-03T00:00:00+09:00", False),
        ("H30.7.12", "2018-07-12T00:00:00+09:00", False),
        ("2024-07-12T10:00:00Z", "2024-07-12T19:00:00+09:00", True),
        ("2024-07-12 10:00:00 -0500", "2024-07-13T00:00:00+09:00", True),
        ("2024-07-12 10:00 +09", "2024-07-12T10:00:00+09:00", True),
        ("2024-07-12 10:00 +9", "2024-07-12T10:00:00+09:00", True),
        ("2024-07-12 10:00 KST", "2024-07-12T10:00:00+09:00", True),
        ("2024-07-12 10:00 EST", "2024-07-13T00:00:00+09:00", True),
        ("2024-07-12 10:00 GMT+9", "2024-07-12T10:00:00+09:00", True),
        ("2024-07-12 12am", "2024-07-12T00:00:00+09:00", True),
        ("2024-07-12 3:05 pm", "2024-07-12T15:05:00+09:00", True),
        ("2024-07-12 오후 3:30", "2024-07-12T03:30:00+09:00", True),
        ("2024-07-12 10h30", "2024-07-12T10:30:00+09:00", True),
        ("2024-07-12 24:00", "2024-07-13T00:00:00+09:00", True),
        ("20240712103000", "2024-07-12T10:30:00+09:00", True),
        ("20240712T1030", "2024-07-12T10:30:00+09:00", True),
        ("2024-02-30", "2024-03-01T00:00:00+09:00", False),
        ("70/1/1", "1970-01-01T00:00:00+09:00", False),
        ("2024-07-12 10:00:00.5", "2024-07-12T10:00:00+09:00", True),
        ("2024-07-12 10:00:00 UTC", "2024-07-12T19:00:00+09:00", True),
        ("2024-07-12 13:00 pm", "2024-07-12T13:00:00+09:00", True),
    ],
)
def test_every_form(text: str, expected: str, timed: bool) -> None:
    found = parse(text, SEOUL, NOW)
    assert found is not None
    assert (found[0].isoformat(timespec="seconds"), found[1]) == (expected, timed)


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-07-32", "2024-07-12 25:00", "2024-07-12 10:61", "가", "-", "x" * 200]
)
def test_what_is_no_date(text: str) -> None:
    assert parse(text, SEOUL, NOW) is None


def test_hours_that_a_clock_change_takes_or_doubles() -> None:
    york = ZoneInfo("America/New_York")
    skipped, doubled = parse("2024-03-10 02:30", york, NOW), parse("2023-11-05 01:30", york, NOW)
    assert skipped is not None
    assert doubled is not None
    assert skipped[0].isoformat() == "2024-03-10T03:30:00-04:00"
    assert doubled[0].isoformat() == "2023-11-05T01:30:00-05:00"


def test_what_is_missing_is_todays() -> None:
    found = parse("10:30", SEOUL, NOW)
    assert found is not None
    assert found[0].isoformat() == "2026-11-22T10:30:00+09:00"
