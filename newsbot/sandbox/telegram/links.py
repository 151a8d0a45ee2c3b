"""Links and mentions: which addresses Telegram accepts, and what it turns into a link by itself in bare text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

Entity = dict[str, Any]

_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*):")
_HOST = re.compile(r"^(?=.{1,253}$)[^\s/?#@:<>\"'`{}|\\^]+\.[^\s/?#@:<>\"'`{}|\\^.]{2,}\.?$|^\d{1,3}(\.\d{1,3}){3}$")
_USER = re.compile(r"^tg:(?://)?user\?id=(\d{1,15})$", re.IGNORECASE)

# Generic names that clients turn into links without a scheme. Country names (two letters) always count.
# The real list is longer and lives in the clients; being generous here is the strict side for a test.
_NAMES = (
    "com|net|org|info|biz|edu|gov|mil|int|app|dev|blog|news|online|site|shop|store|xyz|club|live|media|press|tech|"
    "world|today|link|page|cloud|email|space|wiki|aero|coop|museum|name|pro|top|win|bid|onion|ton|한국|닷컴|닷넷|рф"
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_URL = re.compile(
    rf"(?<![\w@.\-])(?:(?:https?|ftp)://(?:[^\s/?#@]+@)?(?:{_LABEL}\.)*{_LABEL}(?::\d{{1,5}})?"
    rf"|(?:{_LABEL}\.)+(?:{_NAMES}|[a-z]{{2}}|xn--[a-z0-9-]+)(?![\w-])(?::\d{{1,5}})?)"
    r"(?:[/?#][^\s<>\"“”‘’]*)?",
    re.IGNORECASE,
)
_TG = re.compile(r"(?<!\w)(?:tg|ton|tonsite)://[^\s<>\"]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[a-zA-Z0-9][\w.+-]{0,63}@(?:[\w-]+\.)+[a-zA-Z]{2,}(?![\w-])", re.ASCII)
_MENTION = re.compile(r"(?<![\w@])@[a-zA-Z0-9_]{3,32}(?!\w)")
_HASHTAG = re.compile(r"(?<![\w#])#(?=[\w·]*[^\W\d_])[\w·\u200c]{1,256}")
_COMMAND = re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>@])")
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?![\w$])")
_TRAILING = ".,:;!?'\"`~…)]}»"
_INTERESTING = re.compile(r"[@#/$.]")


@lru_cache(maxsize=512)
def checked_link(url: str) -> str | None:
    """The address as a client would open it, or None when Telegram drops it.

    Only http, https, tg, ton and tonsite addresses and bare host names become links (Bot API formatting options);
    a host needs a dot, so `localhost` is refused.
    """
    url = url.strip()
    found = _SCHEME.match(url)
    scheme = found.group(1).lower() if found else ""
    if scheme in ("tg", "ton", "tonsite"):
        return url if len(url) > len(scheme) + 1 else None
    if scheme not in ("http", "https"):
        if "." not in scheme and scheme:
            return None  # javascript:, mailto:, data: and the rest
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if any(c.isspace() for c in url) or not _HOST.match(host):
        return None
    return url


def mentioned_user(url: str) -> int | None:
    """The user id behind `tg://user?id=...`, or None."""
    found = _USER.match(url)
    return int(found.group(1)) if found else None


def utf16(text: str) -> int:
    """Length in UTF-16 code units, the unit of Telegram's entity offsets."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def auto_entities(text: str) -> list[Entity]:
    """What a reader can tap in bare text: mentions, hashtags, cashtags, commands, URLs, e-mail; UTF-16 offsets."""
    if not _INTERESTING.search(text):
        return []
    spans: list[tuple[int, int, str]] = []
    for kind, pattern in _AUTO:
        for found in pattern.finditer(text):
            start, end = found.span()
            if kind == "url":
                end = _url_end(text, start, end)
            if end > start and not any(start < b and a < end for a, b, _ in spans):
                spans.append((start, end, kind))
    spans.sort()
    return [
        {"type": kind, "offset": utf16(text[:start]), "length": utf16(text[start:end])} for start, end, kind in spans
    ]


_AUTO = (
    ("url", _TG),
    ("email", _EMAIL),
    ("url", _URL),
    ("mention", _MENTION),
    ("hashtag", _HASHTAG),
    ("bot_command", _COMMAND),
    ("cashtag", _CASHTAG),
)


def _url_end(text: str, start: int, end: int) -> int:
    """Leaves sentence punctuation out of a link, but keeps a bracket that was opened inside it."""
    while end > start and text[end - 1] in _TRAILING:
        piece = text[start:end]
        if piece[-1] == ")" and piece.count("(") >= piece.count(")"):
            break
        if piece[-1] == "]" and piece.count("[") >= piece.count("]"):
            break
        end -= 1
    return end
