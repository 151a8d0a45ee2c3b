"""What front matter says to an alert service: urgency, marks, the picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from newsbot.core.model import Urgency
from newsbot.sources.jekyll import text, urls
from newsbot.sources.jekyll.site import Site

_URGENCY = {
    **dict.fromkeys(("breaking", "속보", "flash", "긴급", "urgent"), Urgency.BREAKING),
    **dict.fromkeys(("normal", "일반", "routine"), Urgency.NORMAL),
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def urgency(values: Mapping[str, Any]) -> Urgency | None:
    """The stated urgency; a flash is never made by front matter alone, so it counts as breaking."""
    stated = values.get("urgency")
    return _URGENCY.get(stated.strip().strip("[]").lower()) if isinstance(stated, str) else None


def marks(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The duties that front matter itself states."""
    found = []
    if values.get("ai") is True:
        found.append("ai")
    if values.get("advertising") is True or values.get("sponsored") is True:
        found.append("advertising")
    return tuple(found)


def image(value: object, site: Site) -> tuple[str | None, str]:
    """The front matter's image, absolute where the site's address is known, and what it shows.

    (None, "") for anything but http(s).
    """
    alt = ""
    if isinstance(value, dict):
        said = value.get("alt") or value.get("caption")
        alt = text.fold(said) if isinstance(said, str) else ""
        value = value.get("path") or value.get("url") or value.get("src")
    if not isinstance(value, str) or not (address := value.strip()):
        return None, ""
    if address.startswith("//"):
        return urls.encode(f"https:{address}"), alt
    if scheme := _SCHEME.match(address):
        known = scheme[1].lower() in ("http", "https")
        return (urls.encode(address), alt) if known else (None, "")
    return (site.absolute(address) if site.address else address), alt
