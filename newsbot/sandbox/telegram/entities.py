"""Formatting as Telegram ends up showing it: checked, trimmed, nested by its rules; and what a reader can tap."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from newsbot.sandbox.telegram.error import bad
from newsbot.sandbox.telegram.html import clean, parse_html
from newsbot.sandbox.telegram.links import Entity, auto_entities, checked_link, utf16

MAX_TEXT = (
    4096  # Bot API sendMessage: 1-4096 characters after entities parsing; counted in UTF-16 units, the strict way
)
MAX_ENTITIES = 100  # undocumented; named by python-telegram-bot: the rest is ignored
_STYLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_QUOTE = frozenset({"blockquote", "expandable_blockquote"})
_CODE = frozenset({"code", "pre"})
_FIELDS: dict[str, frozenset[str]] = {
    "text_link": frozenset({"url"}),
    "text_mention": frozenset({"user"}),
    "pre": frozenset({"language"}),
    "custom_emoji": frozenset({"custom_emoji_id"}),
    "date_time": frozenset({"unix_time", "date_time_format"}),
}
_AUTO = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})
KNOWN = _STYLE | _QUOTE | _CODE | _AUTO | frozenset(_FIELDS)


@dataclass(frozen=True, slots=True)
class Content:
    """Text after parsing; the entity dicts are shared between messages and must not be changed."""

    text: str
    entities: tuple[Entity, ...]  # written by the sender
    auto: tuple[Entity, ...]  # found by Telegram itself
    warnings: tuple[str, ...]  # what the server would drop in silence


@lru_cache(maxsize=512)
def read_content(text: str, parse_mode: str, entities_json: str) -> Content:
    """The content behind text + parse_mode or entities; raises ApiError. Cached: one story goes to many chats."""
    warnings: list[str] = []
    if parse_mode:
        if parse_mode.lower() != "html":
            # The server knows MarkdownV2 and Markdown too and says "unsupported parse_mode" to anything else.
            raise bad("unsupported parse_mode")
        if entities_json:
            raise bad("parse_mode and entities exclude each other")
        plain, entities, warnings = parse_html(text)
    else:
        plain = clean(text)
        entities = _checked(plain, json.loads(entities_json)) if entities_json else []
    plain, entities = _trimmed(plain, entities)
    if not plain:
        raise bad("message text is empty")
    if utf16(plain) > MAX_TEXT:
        raise bad("message is too long")
    kept = _nested(entities, warnings)
    return Content(plain, tuple(kept), tuple(_tappable(plain, kept)), tuple(warnings))


def _checked(text: str, entities: list[Any]) -> list[Entity]:
    """Entities given by the sender, with links normalised; raises ApiError on a wrong one."""
    size, checked = utf16(text), []
    for entity in entities:
        if not isinstance(entity, dict) or entity.get("type") not in KNOWN:
            raise bad("can't parse MessageEntity: Wrong entity type")
        kind, offset, length = entity["type"], entity.get("offset"), entity.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length < 0:
            raise bad("can't parse MessageEntity: wrong offset or length")
        unknown = set(entity) - {"type", "offset", "length"} - _FIELDS.get(kind, frozenset())
        if unknown:
            raise bad(f'can\'t parse MessageEntity: unknown field "{min(unknown)}"')
        if offset + length > size:
            raise bad(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {size}"
            )
        if _splits_a_symbol(text, offset) or _splits_a_symbol(text, offset + length):
            raise bad(f"entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol")
        if kind == "text_link":
            url = checked_link(str(entity.get("url", "")))
            if url is None:
                raise bad("wrong message entity: Wrong HTTP URL")
            checked.append(entity | {"url": url})
        elif kind not in _AUTO:
            checked.append(entity)
    return [entity for entity in checked if entity["length"]]


def _splits_a_symbol(text: str, offset: int) -> bool:
    units = text.encode("utf-16-le", "surrogatepass")[: offset * 2][-2:]
    return len(units) == 2 and 0xD8 <= units[1] <= 0xDB


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Spaces at both ends are not sent; entities shrink with them and vanish when nothing is left."""
    right = text.rstrip()
    short = right.lstrip()
    if len(short) == len(text):
        return text, entities
    cut, size = utf16(right) - utf16(short), utf16(short)
    kept: list[Entity] = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        end = min(size, entity["offset"] + entity["length"] - cut)
        if end > start:
            kept.append(entity | {"offset": start, "length": end - start})
    return short, kept


def _nested(entities: list[Entity], warnings: list[str]) -> list[Entity]:
    """Keeps what Telegram keeps (formatting options, nesting rules), in order; the dropped ones become warnings."""
    ordered = sorted(entities, key=lambda e: (e["offset"], -e["length"], e["type"] not in _QUOTE))
    kept: list[Entity] = []
    for entity in ordered:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        around = [o for o in kept if o["offset"] < end and start < o["offset"] + o["length"]]
        if any(end > o["offset"] + o["length"] for o in around):
            warnings.append(f"{entity['type']} overlaps another entity without lying inside it")
            continue
        wrong = next((o for o in around if not _may_hold(o["type"], entity["type"])), None)
        if wrong is None:
            kept.append(entity)
        elif wrong["type"] != entity["type"] or entity["type"] not in _STYLE:
            warnings.append(f"{entity['type']} is not shown inside {wrong['type']}")
    if len(kept) > MAX_ENTITIES:
        warnings.append(f"{len(kept) - MAX_ENTITIES} entities over {MAX_ENTITIES} are ignored")
    return kept[:MAX_ENTITIES]


def _may_hold(outer: str, inner: str) -> bool:
    if outer in _CODE or (inner in _CODE and outer in _STYLE):
        return False
    if outer in _QUOTE:
        return inner not in _QUOTE
    if outer in _STYLE:
        return inner != outer
    return inner in _STYLE  # links, mentions, emoji and times cannot contain one another


def _tappable(text: str, entities: list[Entity]) -> list[Entity]:
    """What Telegram links by itself outside code and outside links that are there already."""
    found = auto_entities(text)
    if not found:
        return []
    closed = [e for e in entities if e["type"] in _CODE | {"text_link", "text_mention", "custom_emoji", "date_time"}]
    return [
        e
        for e in found
        if not any(e["offset"] < c["offset"] + c["length"] and c["offset"] < e["offset"] + e["length"] for c in closed)
    ]


def piece(text: str, entity: Entity) -> str:
    """The part of the text that an entity covers."""
    units = text.encode("utf-16-le", "surrogatepass")
    start = entity["offset"] * 2
    return units[start : start + entity["length"] * 2].decode("utf-16-le", "surrogatepass")
