"""When an entry says it was published. Read by ourselves: both feed parsers take KST for UTC or lose Korean forms."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

EARLIEST = date(2000, 1, 1)
"""Anything before is an empty field of somebody's database (1970-01-01), not a date of news."""

_CLOCK = (
    r"(?:\s*T?\s*(?P<half>오전|오후|[AaPp]\.?[Mm]\.?)?\s*(?P<hour>\d{1,2})\s*[:시]\s*(?P<minute>\d{1,2})\s*분?"
    r"(?:\s*[:.]?\s*(?P<second>\d{1,2})\s*초?)?(?:[.,]\d{1,12})?\s*(?P<late>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(?:\(?(?P<zone>[A-Za-z]{1,5})?\s*(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?\)?)?(?:\s*\([^()]{0,40}\))?"
_NUMBERS = re.compile(
    r"(?P<year>\d{4})\s*[-./년]\s*(?P<month>\d{1,2})\s*[-./월]\s*(?P<day>\d{1,2})\s*[일.]?\s*,?"
    r"(?:\s*\(?[월화수목금토일](?:요일)?\)?(?=[\s,오\d]|$),?)?" + _CLOCK + _ZONE
)
_PACKED = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?" + _ZONE
)
_WORDS = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<day>\d{1,2})[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<year>\d{4}|\d{2})"
    + _CLOCK
    + _ZONE
)
_AMERICAN = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4}),?" + _CLOCK + _ZONE
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HOURS = dict.fromkeys(("z", "ut", "utc", "gmt", "wet"), 0)
_HOURS |= {"kst": 9, "jst": 9, "hkt": 8, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3}
_HOURS |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_LONGEST = 100


def read(text: str, zone: tzinfo) -> date | datetime | None:
    """A time in `zone`, or a day where no time is stated; None for what is no date, or was before 2000.

    Without a zone the time is `zone`'s. Exactly midnight, by its own clock or by `zone`'s, is what systems write that
    know the day only: it is a day. A zone nobody knows leaves no time that could be trusted.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        found = _epoch(text, zone) or _stated(text, zone)
        day = found.astimezone(UTC).date() if isinstance(found, datetime) else found
        return found if day and day >= EARLIEST else None
    except (ValueError, OverflowError, OSError):
        return None


def _epoch(text: str, zone: tzinfo) -> datetime | None:
    found = _EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(found[1]), zone) if found else None


def _stated(text: str, zone: tzinfo) -> date | datetime | None:
    found = next((hit for form in (_NUMBERS, _PACKED, _WORDS, _AMERICAN) if (hit := form.fullmatch(text))), None)
    if found is None:
        return None
    parts = found.groupdict()
    day = date(_year(parts["year"]), _month(parts), int(parts["day"]))
    if parts["hour"] is None:
        return day
    half = (parts.get("half") or parts.get("late") or "").lower().replace(".", "")
    clock = time(_hour(int(parts["hour"]), half), int(parts["minute"]), int(parts["second"] or 0))
    if not any((clock.hour, clock.minute, clock.second)):
        return day
    here = datetime.combine(day, clock, _offset(parts["zone"], parts["offset"]) or zone).astimezone(zone)
    return here if any((here.hour, here.minute, here.second)) else here.date()


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def _month(parts: dict[str, str | None]) -> int:
    if name := parts.get("name"):
        return _MONTHS.index(name[:3].lower()) + 1
    return int(parts["month"] or 0)


def _hour(hour: int, half: str) -> int:
    """오후 3 is 15; some write 오후 15 and mean the same."""
    if half in ("오후", "pm") and hour < 12:
        return hour + 12
    return 0 if half in ("오전", "am") and hour == 12 else hour


def _offset(name: str | None, offset: str | None) -> timezone | None:
    """What a zone's name or an offset says; both together ("GMT+0900") are the offset. Raises ValueError."""
    if offset:
        digits = offset[1:].replace(":", "")
        hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
        amount = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-amount if offset[0] == "-" else amount)
    if name is None:
        return None
    if name.lower() not in _HOURS:
        raise ValueError("a zone nobody knows")
    return timezone(timedelta(hours=_HOURS[name.lower()]))
