"""Addresses as Jekyll makes them: slugs, permalink templates, escaping. Pure; checked against Jekyll 4.3.1."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

import regex

STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""The named permalink styles of posts."""

_DEFAULT = regex.compile(r"[^\p{M}\p{L}\p{Nd}]+")
_PRETTY = regex.compile(r"[^\p{M}\p{L}\p{Nd}._~!$&'()+,;=@]+")
_EDGE = re.compile(r"^-|-$")
_FIELD = re.compile(r":([a-z_]+)")
_PLAIN = re.compile(r"[a-zA-Z0-9./-]*")
_SEGMENT = "/:@!$&'()*+,;=-._~"

# Jekyll writes these in English whatever the locale; strftime would not.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def slugify(text: str, *, pretty: bool = False, cased: bool = False) -> str:
    """The text with every run of other signs than letters and digits as one hyphen; `pretty` keeps `._~!$&'()+,;=@`."""
    slug = _EDGE.sub("", (_PRETTY if pretty else _DEFAULT).sub("-", text))
    return slug if cased else slug.lower()


def titleize(slug: str) -> str:
    """The title Jekyll gives a post that has none: the slug's words, each capitalised."""
    return " ".join(word.capitalize() for word in slug.split("-"))


def escape(path: str) -> str:
    """One placeholder's value, percent-encoded for a path as Jekyll does it (`?` stays, the first `#` does not)."""
    return path if _PLAIN.fullmatch(path) else quote(path, safe=_SEGMENT + "?#").replace("#", "%23", 1)


def unknown_field(template: str) -> str | None:
    """The first placeholder of the template that Jekyll does not know, or None."""
    known = _KNOWN | {"categories", "slugified_categories", "title", "slug", "name", "path", "collection", "output_ext"}
    names = (match[1] for match in _FIELD.finditer(template))
    return next((name for name in names if name not in known and name.removesuffix("_") not in known), None)


def build(template: str, fields: Mapping[str, str]) -> str:
    """The site-relative address, `/` first. Raises ValueError naming a placeholder Jekyll does not know."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in fields:
            return escape(fields[name])
        # "/:month_:day": the underscore belongs to the text, not to the name.
        if name.endswith("_") and name[:-1] in fields:
            return escape(fields[name[:-1]]) + "_"
        raise ValueError(f"permalink has no :{name}")

    return _sanitize(_FIELD.sub(fill, template))


def _sanitize(path: str) -> str:
    cleaned = f"/{path}".replace("..", "/").replace("./", "")
    return re.sub(r"/{2,}", "/", cleaned)


def post_id(url: str, slug: str) -> str:
    """Jekyll's id of a post: its address' folder and its slug as it stands (not slugified, not encoded)."""
    folder = posixpath.dirname(url.rstrip("/")) or "/"
    return f"{folder.rstrip('/')}/{slug.lstrip('/')}"


def fields(
    *, when: datetime, slug: str, name: str, path: str, categories: Sequence[str], extension: str
) -> dict[str, str]:
    """Every placeholder and its value. `name` is the file's name without extension, `path` the one templates know."""
    return {
        **_times(when),
        "categories": "/".join(dict.fromkeys(item.lower() for item in categories)),
        "slugified_categories": "/".join(dict.fromkeys(slugify(item) for item in categories)),
        "title": slugify(slug, pretty=True, cased=True),
        "slug": slugify(slug),
        "name": slugify(name),
        "path": posixpath.splitext(path)[0].replace("_posts", "", 1).rstrip("."),
        "collection": "posts",
        "output_ext": extension,
    }


def _times(when: datetime) -> dict[str, str]:
    year, week, weekday = when.isocalendar()
    month, day = _MONTHS[when.month - 1], _DAYS[when.weekday()]
    return {
        "year": f"{when.year:04}",
        "month": f"{when.month:02}",
        "day": f"{when.day:02}",
        "hour": f"{when.hour:02}",
        "minute": f"{when.minute:02}",
        "second": f"{when.second:02}",
        "i_day": str(when.day),
        "i_month": str(when.month),
        "short_month": month[:3],
        "long_month": month,
        "short_year": f"{when.year % 100:02}",
        "w_year": f"{year:04}",
        "week": f"{week:02}",
        "w_day": str(weekday),
        "short_day": day[:3],
        "long_day": day,
        "y_day": f"{when.timetuple().tm_yday:03}",
    }


_KNOWN = frozenset(_times(datetime(2000, 1, 1)))  # noqa: DTZ001  # only its names are used


def absolute(address: str, base: str, path: str) -> str:
    """A site-relative path under the site's address, normalised as Jekyll's `absolute_url` does it."""
    path = path if path.startswith("/") or not path else f"/{path}"
    return f"{_host(address)}{encode(base + path)}"


@lru_cache(maxsize=64)
def _host(address: str) -> str:
    """Scheme and host in lower case, names of other alphabets as Punycode, no port that goes without saying."""
    if not address:
        return ""
    parts = urlsplit(address)
    try:
        host = (
            (parts.hostname or "").encode("idna").decode() if not (parts.hostname or "").isascii() else parts.hostname
        )
    except UnicodeError:
        host = parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    login = parts.netloc.rpartition("@")[0]
    return f"{parts.scheme}://{login and login + '@'}{host}{port}{encode(parts.path)}"


def encode(address: str) -> str:
    """The address with everything a URL may not hold percent-encoded; what is encoded already stays."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return address
    match = _PARTS.match(address)
    start, path, query = match.groups() if match else ("", address, "")
    segments = (quote(unicodedata.normalize("NFKC", unquote(part)), safe=_SEGMENT[1:]) for part in path.split("/"))
    return f"{start}{_without_dots('/'.join(segments))}{quote(_composed(query), safe=_SEGMENT + '?#%')}"


def _composed(query: str) -> str:
    letters = _ENCODED_LETTERS.sub(lambda found: unquote(found[0]), _LONE_PERCENT.sub("%25", query))
    return unicodedata.normalize("NFKC", letters)


_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_LETTERS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_~/-]*(?:\.[A-Za-z0-9_~-]+)?")
_PARTS = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?)([^?#]*)(.*)", re.DOTALL)


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    parts = path.split("/")
    for part in parts:
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    return "/".join(kept) + ("/" if parts[-1] in (".", "..") else "")
