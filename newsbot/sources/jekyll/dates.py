"""Dates as Ruby's `Time.parse` reads them: it takes the first thing that looks like a time, a day, a zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(" + "|".join(_MONTHS) + ")"
_ERA = r"(?:c(?:e|\.e\.)|b(?:ce|\.c\.e\.)|a(?:d|\.d\.)|b(?:c|\.c\.))?"


_IN_CLASS = {r"\d": "0-9", r"\s": r" \t\r\n\f\v"}


def _pattern(text: str) -> re.Pattern[str]:
    """A pattern whose digits and spaces are ASCII, as Ruby's, while its word borders know all letters."""
    parts = re.split(r"(\[[^\]]*\])", text)
    for short, members in _IN_CLASS.items():
        parts = [part.replace(short, members if at % 2 else f"[{members}]") for at, part in enumerate(parts)]
    return re.compile("".join(parts), re.IGNORECASE)


_NOISE = re.compile(r"[^-+',./:@\[\]\w]+|_+")
_WEEKDAY = _pattern(r"\b(sun|mon|tue|wed|thu|fri|sat)[^-/\d\s]*")
_TIME = _pattern(
    r"((?:\d+\s*:\s*\d+(?:\s*:\s*\d+(?:[,.]\d*)?)?|\d+\s*h(?:\s*\d+m?(?:\s*\d+s?)?)?)"
    r"(?:\s*[ap](?:m\b|\.m\.))?|\d+\s*[ap](?:m\b|\.m\.))"
    r"(?:\s*((?:gmt|utc?)?[-+]\d+(?:[,.:]\d+(?::\d+)?)?"
    r"|(?:[^\W0-9_]|[.\s])+(?:standard|daylight)\stime\b|[^\W0-9_]+(?:\sdst)?\b))?"
)
_CLOCK = _pattern(r"(\d+)\s*h?(?:\s*:?\s*(\d+)m?(?:\s*:?\s*(\d+)(?:[,.](\d*))?s?)?)?(?:\s*([ap])(?:m\b|\.m\.))?")
_EU = _pattern(rf"('?\d+)[^-\d\s]*\s*{_MONTH}[^-\d\s']*(?:\s*{_ERA}\s*('?-?\d+(?:(?:st|nd|rd|th)\b)?))?")
_US = _pattern(rf"\b{_MONTH}[^-\d\s']*\s*('?\d+)[^-\d\s']*(?:\s*,?\s*{_ERA}\s*('?-?\d+))?")
_ISO = _pattern(r"('?[-+]?\d+)-(\d+)-('?-?\d+)")
_ISO_WEEK = _pattern(r"\b(\d{2}|\d{4})?-?w(\d{2})(?:-?(\d))?\b")
_ISO_DAY = _pattern(r"--(\d{2})?-(\d{2})\b")
_ISO_SHORT = _pattern(r"--(\d{2})(\d{2})?\b")
_ISO_YEAR = _pattern(r"\b(\d{4})-(\d{3})\b")
_JIS = _pattern(r"\b([mtshr])(\d+)\.(\d+)\.(\d+)")
_VMS = _pattern(rf"('?-?\d+)-{_MONTH}[^-/.]*-('?-?\d+)")
_VMS_MONTH = _pattern(rf"\b{_MONTH}[^-/.]*-('?-?\d+)(?:-('?-?\d+))?")
_SLASH = _pattern(r"('?-?\d+)/\s*('?\d+)(?:[^0-9]\s*('?-?\d+))?")
_DOT = _pattern(r"('?-?\d+)\.\s*('?\d+)\.\s*('?-?\d+)")
_YEAR = _pattern(r"'(\d+)\b")
_MONTH_ALONE = _pattern(rf"\b{_MONTH}\S*")
_DAY = _pattern(r"(\d+)(st|nd|rd|th)\b")
_DIGITS = _pattern(
    r"([-+]?)(\d{2,14})(?:\s*t?\s*(\d{2,6})?(?:[,.](\d*))?)?(z\b|[-+]\d{1,4}\b|\x5b[-+]?\d[^\x5d]*\x5d)?"
)
_REST = _pattern(r"\s*(\d{1,2})\s*\Z")
_ERAS = {"m": 1867, "t": 1911, "s": 1925, "h": 1988, "r": 2018}
_OFFSET = re.compile(r"([+-])(\d\d)(:?)(\d\d)(?:\3(\d\d))?", re.ASCII)
_HOUR_OFFSET = re.compile(r"[+-]\d\d", re.ASCII)
_ZONES = {
    **dict.fromkeys(("UTC", "Z", "UT", "GMT"), 0),
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    **{letter: hours for hours, letter in enumerate("ABCDEFGHIKLM", 1)},
    **{letter: -hours for hours, letter in enumerate("NOPQRSTUVWXY", 1)},
}


@dataclass(slots=True)
class _Found:
    """What was read so far; None where nothing was said of it."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    yday: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    fraction: float = 0.0
    zone: str = ""
    short: bool = True  # a year of two digits means this century or the last
    other: bool = False  # only a week or a weekday: no day for Ruby's Time

    @property
    def nothing(self) -> bool:
        return all(
            part is None for part in (self.year, self.month, self.day, self.yday, self.hour, self.minute, self.second)
        )


def parse(text: str, tz: tzinfo, now: datetime, *, own: bool = False) -> tuple[datetime, bool] | None:
    """The moment in `tz`, and whether a time of day was stated; None where Ruby finds none or raises.

    Parts that are missing before the first one stated are today's (of `now`), those after it the earliest. `own`
    keeps the moment in the zone the text names.
    """
    if len(text) > 128:
        return None
    found = _read(text)
    if found.nothing:
        return None
    try:
        moment = _moment(found, tz, now)
        return moment if own else moment.astimezone(tz), found.hour is not None
    except (ValueError, OverflowError):
        return None


def _read(text: str) -> _Found:
    found = _Found()
    rest = _NOISE.sub(" ", text)
    rest = _WEEKDAY.sub(" ", rest, count=1)
    rest = _time(rest, found)
    for reader in _READERS:
        after = reader(rest, found)
        if after is not None:
            rest = after
            break
    if (match := _REST.match(rest)) and found.hour is not None and found.day is None:
        day = int(match[1])
        if 1 <= day <= 31:
            found.day = day
    elif match and found.day is not None and found.hour is None:
        hour = int(match[1])
        if 0 <= hour <= 24:
            found.hour = hour
    if found.year is not None and found.short and 0 <= found.year <= 99:
        found.year += 1900 if found.year >= 69 else 2000
    return found


def _time(rest: str, found: _Found) -> str:
    match = _TIME.search(rest)
    if match is None:
        return rest
    found.zone = (match[2] or "").strip()
    clock = _CLOCK.match(match[1])
    if clock:
        found.hour = int(clock[1])
        found.minute = int(clock[2]) if clock[2] else None
        found.second = int(clock[3]) if clock[3] else None
        found.fraction = float(f"0.{clock[4]}") if clock[4] else 0.0
        if clock[5]:
            found.hour = found.hour % 12 + (12 if clock[5].lower() == "p" else 0)
    return f"{rest[: match.start()]} {rest[match.end() :]}"


# --- the forms of a day, in the order in which Ruby tries them ---


def _eu(match: re.Match[str], found: _Found) -> None:
    _order(found, match[3], str(_number_of(match[2])), match[1])


def _us(match: re.Match[str], found: _Found) -> None:
    _order(found, match[3], str(_number_of(match[1])), match[2])


def _plain(match: re.Match[str], found: _Found) -> None:
    _order(found, match[1], match[2], match[3])


def _other(_: re.Match[str], found: _Found) -> None:
    found.other = True


def _iso_day(match: re.Match[str], found: _Found) -> None:
    found.month = int(match[1]) if match[1] else None
    found.day = int(match[2])


def _iso_short(match: re.Match[str], found: _Found) -> None:
    found.month = int(match[1])
    found.day = int(match[2]) if match[2] else None


def _iso_year(match: re.Match[str], found: _Found) -> None:
    found.year, found.yday = int(match[1]), int(match[2])


def _jis(match: re.Match[str], found: _Found) -> None:
    found.year = int(match[2]) + _ERAS[match[1].lower()]
    found.month, found.day = int(match[3]), int(match[4])


def _vms(match: re.Match[str], found: _Found) -> None:
    _order(found, match[3], str(_number_of(match[2])), match[1])


def _vms_month(match: re.Match[str], found: _Found) -> None:
    _order(found, match[3], str(_number_of(match[1])), match[2])


def _year(match: re.Match[str], found: _Found) -> None:
    found.year = int(match[1])


def _month(match: re.Match[str], found: _Found) -> None:
    found.month = _number_of(match[1])


def _day(match: re.Match[str], found: _Found) -> None:
    found.day = int(match[1])


def _digits(match: re.Match[str], found: _Found) -> None:
    sign, digits, clock, fraction, zone = match.groups()
    negative = -1 if sign == "-" else 1
    size = len(digits)
    if not clock and fraction is not None and size in (2, 4, 6, 8, 10, 12, 14):
        _backwards(digits, found)
    elif size == 2:
        found.day = int(digits)
    elif size == 4:
        found.month, found.day = int(digits[:2]), int(digits[2:])
    elif size == 6:
        found.year, found.month, found.day = negative * int(digits[:2]), int(digits[2:4]), int(digits[4:])
    elif size in (8, 10, 12, 14):
        found.year, found.month, found.day = negative * int(digits[:4]), int(digits[4:6]), int(digits[6:8])
        found.short = False
        _forwards(digits[8:], found)
    elif size == 3:
        found.yday = int(digits)
    elif size == 5:
        found.year, found.yday = negative * int(digits[:2]), int(digits[2:])
    elif size == 7:
        found.year, found.yday = negative * int(digits[:4]), int(digits[4:])
    if clock:
        _forwards(clock, found)
    if fraction:
        found.fraction = float(f"0.{fraction}")
    if zone:
        found.zone = zone.strip("[]")


def _forwards(clock: str, found: _Found) -> None:
    pairs = [int(clock[at : at + 2]) for at in range(0, len(clock) - 1, 2)]
    if pairs:
        found.hour = pairs[0]
    if len(pairs) > 1:
        found.minute = pairs[1]
    if len(pairs) > 2:
        found.second = pairs[2]


def _backwards(digits: str, found: _Found) -> None:
    """Digits before a fraction are read from the seconds on."""
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)][::-1]
    names = ("second", "minute", "hour", "day", "month")
    for name, value in zip(names, pairs, strict=False):
        setattr(found, name, value)
    if len(pairs) == 6:
        found.year = pairs[5]
    elif len(pairs) == 7:
        found.year = int(digits[:4])


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Found], None]], ...] = (
    (_EU, _eu),
    (_US, _us),
    (_ISO, _plain),
    (_ISO_WEEK, _other),
    (_ISO_DAY, _iso_day),
    (_ISO_SHORT, _iso_short),
    (_ISO_YEAR, _iso_year),
    (_JIS, _jis),
    (_VMS, _vms),
    (_VMS_MONTH, _vms_month),
    (_SLASH, _plain),
    (_DOT, _plain),
    (_YEAR, _year),
    (_MONTH_ALONE, _month),
    (_DAY, _day),
    (_DIGITS, _digits),
)


def _form(
    pattern: re.Pattern[str], take: Callable[[re.Match[str], _Found], None]
) -> Callable[[str, _Found], str | None]:
    def read(rest: str, found: _Found) -> str | None:
        match = pattern.search(rest)
        if match is None:
            return None
        take(match, found)
        return f"{rest[: match.start()]} {rest[match.end() :]}"

    return read


_READERS = tuple(_form(pattern, take) for pattern, take in _FORMS)


def _number_of(month: str) -> int:
    return _MONTHS.index(month.lower()[:3]) + 1


def _order(found: _Found, year: str | None, month: str | None, day: str | None) -> None:
    """Which of three numbers is the year: one with more than two digits, a sign or an apostrophe."""
    if year and month and not day:
        year, month, day = day, year, month
    if year is None:
        if day and (len(day) > 2 or day.startswith("'")):
            year, day = day, None
    elif (tail := re.match(r"[^-+0-9]*[-+]?([0-9]+)(.+)?", year)) and tail[2]:
        year, day = day, tail[1]  # "3rd": that was the day
    if month and (month.startswith("'") or len(month) > 2):
        year, month, day = month, day, year
    if day and (day.startswith("'") or len(day) > 2):
        year, day = day, year
    if year:
        match = re.search(r"([-+])?([0-9]+)", year)
        if match:
            found.short = not (year.startswith("'") is False and (match[1] or len(match[2]) > 2))
            found.year = int(match[0])
    if month and (match := re.search("[0-9]+", month)):
        found.month = int(match[0])
    if day and (match := re.search("[0-9]+", day)):
        found.day = int(match[0])


# --- from the parts to a moment ---


def _moment(found: _Found, tz: tzinfo, now: datetime) -> datetime:
    offset = _offset(found.zone, tz, found.year or now.astimezone(tz).year)
    local = now.astimezone(timezone(offset) if offset is not None else tz)
    parts = [found.year, found.month, found.day, found.hour, found.minute, found.second]
    if found.yday is not None:
        parts = _of_year(found, local)
    today = (local.year, local.month, local.day, local.hour, local.minute, local.second)
    for at, part in enumerate(parts):
        if part is not None:
            break
        parts[at] = today[at]
    year, month, day, hour, minute, second = (
        least if part is None else part for part, least in zip(parts, (1970, 1, 1, 0, 0, 0), strict=True)
    )
    carried = offset is not None and offset.total_seconds() % 86400 // 3600  # then the hour may be any
    if (
        not 1 <= day <= 31
        or (hour > 24 and not carried)
        or minute > 59
        or second > 60
        or (hour == 24 and minute + second and not carried)
    ):
        raise ValueError("out of range")
    # Like C's mktime, Ruby rolls the 31st of a short month over.
    naive = datetime(year, month, 1) + timedelta(  # noqa: DTZ001  # the zone is put on below
        days=day - 1, hours=hour, minutes=minute, seconds=second, microseconds=int(found.fraction * 1_000_000)
    )
    if offset is not None:
        return naive.replace(tzinfo=timezone(offset) if offset else UTC)
    later = naive.replace(tzinfo=tz, fold=1).astimezone(UTC).astimezone(tz)
    if later.replace(tzinfo=None) == naive:
        return later  # of two hours of one name Ruby takes the second
    return naive.replace(tzinfo=tz).astimezone(UTC).astimezone(tz)  # an hour that a clock change skips moves on


def _of_year(found: _Found, local: datetime) -> list[int | None]:
    if found.yday is None or not 1 <= found.yday <= 366:
        raise ValueError("out of range")
    year = found.year if found.year is not None else local.year
    day = datetime(year, 1, 1) + timedelta(days=found.yday - 1)  # noqa: DTZ001  # a day of the calendar
    return [day.year, day.month, day.day, found.hour, found.minute, found.second]


def _offset(zone: str, tz: tzinfo, year: int) -> timedelta | None:
    """The offset that `Time.parse` knows for a zone's name; None where it takes the local one."""
    if not zone:
        return None
    name = zone.upper()
    if match := _OFFSET.fullmatch(name):
        amount = timedelta(hours=int(match[2]), minutes=int(match[4]), seconds=int(match[5] or 0))
        return -amount if match[1] == "-" else amount
    if _HOUR_OFFSET.fullmatch(name):
        return timedelta(hours=int(name))
    if name in _ZONES:
        return timedelta(hours=_ZONES[name])
    for month in (1, 7):
        local = datetime(year, month, 1, tzinfo=tz)
        if (local.tzname() or "").upper() == name:
            return local.utcoffset()
    return None
