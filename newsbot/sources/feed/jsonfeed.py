"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from newsbot.sources.feed import text
from newsbot.sources.feed.document import MOST, MOST_CATEGORIES, Document, Entry, NotAFeed


def read(source: str, url: str) -> Document:
    """The feed in this JSON. Raises NotAFeed for JSON that is none, and for what is no JSON at all."""
    try:
        found = json.loads(source)
    except (ValueError, RecursionError):
        raise NotAFeed("JSON that cannot be read") from None
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise NotAFeed("JSON, but no JSON Feed")
    if "jsonfeed.org" not in _word(found.get("version")):
        raise NotAFeed("JSON, but no JSON Feed")
    return Document(
        title=text.fold(_word(found.get("title"))),
        home=_word(found.get("home_page_url")),
        entries=[_entry(item, url) for item in found["items"][:MOST]],
    )


def _entry(item: Any, url: str) -> Entry:
    if not isinstance(item, dict):
        return Entry(problem="an item is no object")
    html, plain = _word(item.get("content_html")), _word(item.get("content_text"))
    return Entry(
        guid=_word(item.get("id")).strip(),
        link=_word(item.get("url")) or _word(item.get("external_url")),
        base=url,
        title=text.fold(_word(item.get("title"))),
        summary=text.literal(_word(item.get("summary"))),
        body=text.lines(html) if html else text.literal(plain),
        published=_word(item.get("date_published")),
        image=_word(item.get("image")) or _word(item.get("banner_image")),
        categories=tuple(filter(None, (text.fold(_word(tag)) for tag in _list(item, "tags")[:MOST_CATEGORIES]))),
    )


def _word(value: Any) -> str:
    """A text; ids of version 1.0 may be numbers. Half a character, which JSON can write and nothing can send, is marked."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _list(item: Mapping[str, Any], key: str) -> list[Any]:
    value = item.get(key)
    return value if isinstance(value, list) else []
