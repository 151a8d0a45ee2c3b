"""How often a feed is asked. Pure: headers and numbers in, seconds out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NEWS = 900.0
"""Seconds: a feed of news is looked at this often at least, whatever its Cache-Control or <ttl> asks for."""

HOUR = 3600.0
DAY = 86400.0
_JITTER = 0.1
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def interval(every: float, cache_control: str, ttl: float, lot: float) -> float:
    """Seconds until the next look after one that went well. `lot` (0 to 1) keeps feeds from being asked in step."""
    found = _MAX_AGE.search(cache_control)
    asked = max(float(found[1]) if found else 0.0, ttl)
    return max(every, min(asked, NEWS)) * (1 + _JITTER * lot)


def backoff(every: float, failures: int, asked: float, lot: float) -> float:
    """Seconds until the next look after this many failures in a row: doubled each time, up to an hour; never less than
    `asked` (`retry_after`)."""
    doubled = min(every * 2.0 ** min(failures, 20), max(every, HOUR))
    return max(doubled * (1 + _JITTER * lot), asked)


def settled(modified: str, date: str) -> bool:
    """Whether a Last-Modified may be asked with: it counts whole seconds, and a document that changes again within its
    own second would be "not modified" for ever (RFC 9110, 8.8.2.2). True for what is no date: the server judges it."""
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(modified)).total_seconds() >= 1
    except (ValueError, TypeError):
        return True


def retry_after(value: str, now: datetime) -> float:
    """Seconds a Retry-After header asks for, as a number or as an HTTP date (RFC 9110, 10.2.3); a day at most, 0 for
    what is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), DAY)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), DAY)
