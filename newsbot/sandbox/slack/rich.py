"""The `rich_text` block, checked to its last field (docs.slack.dev/reference/block-kit/blocks/rich-text-block)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from newsbot.sandbox.slack.fields import (
    Seen,
    boolean,
    choice,
    fail,
    integer,
    items,
    known,
    mapping,
    string,
)
from newsbot.sandbox.slack.mrkdwn import BROADCASTS

TEXT_STYLES = frozenset({"bold", "italic", "strike", "code", "underline"})
PING_STYLES = TEXT_STYLES - {"code"} | {"highlight", "client_highlight", "unlink"}
MOST = 3000  # entries in one list; no number is published, the 13,200 characters per message bite first

_Inline = Callable[[Mapping[str, Any], str, Seen], str]


def rich_text(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    """The plain text of a rich_text block, one line per section, list item or quote."""
    known(block, at, ("type", "elements"), ("block_id",))
    lines = []
    for index, value in enumerate(items(block, "elements", at, MOST)):
        where = f"{at}/elements/{index}"
        element = mapping(value, where)
        kind = choice(element, "type", where, _CONTAINERS)
        lines.append(_CONTAINERS[kind](element, where, seen))
    return "\n".join(lines)


def _section(element: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(element, at, ("type", "elements"))
    return _inlines(element, at, seen, _INLINES)


def _quote(element: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(element, at, ("type", "elements"), ("border",))
    _border(element, at)
    return _inlines(element, at, seen, _INLINES)


def _preformatted(element: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(element, at, ("type", "elements"), ("border", "language"))
    _border(element, at)
    if "language" in element:
        string(element, "language", at, 255)
    return _inlines(element, at, seen, {"text": _text, "link": _link})


def _list(element: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(element, at, ("type", "style", "elements"), ("indent", "offset", "border"))
    ordered = choice(element, "style", at, ("bullet", "ordered")) == "ordered"
    _border(element, at)
    indent = integer(element, "indent", at, 0, 8) if "indent" in element else 0
    first = integer(element, "offset", at, 0, 10_000) + 1 if "offset" in element else 1
    lines = []
    for index, value in enumerate(items(element, "elements", at, MOST)):
        where = f"{at}/elements/{index}"
        section = mapping(value, where)
        choice(section, "type", where, ("rich_text_section",))
        mark = f"{first + index}." if ordered else "•"
        lines.append(f"{'  ' * indent}{mark} {_section(section, where, seen)}")
    return "\n".join(lines)


def _border(element: Mapping[str, Any], at: str) -> None:
    if "border" in element:
        integer(element, "border", at, 0, 1)


def _inlines(element: Mapping[str, Any], at: str, seen: Seen, allowed: Mapping[str, _Inline]) -> str:
    """The inline elements' words in a row."""
    words = []
    for index, value in enumerate(items(element, "elements", at, MOST)):
        where = f"{at}/elements/{index}"
        inline = mapping(value, where)
        kind = choice(inline, "type", where, allowed)
        words.append(allowed[kind](inline, where, seen))
    return "".join(words)


def _style(inline: Mapping[str, Any], at: str, seen: Seen, text: str, allowed: frozenset[str] = TEXT_STYLES) -> None:
    """Check the style's keys; what is switched on is noted in the same words as mrkdwn's marks."""
    if "style" not in inline:
        return
    style = mapping(inline["style"], f"{at}/style")
    known(style, f"{at}/style", (), allowed)
    seen.styled += [(key, text) for key in style if boolean(style, key, f"{at}/style", False)]


def _text(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "text"), ("style",))
    text = string(inline, "text", at, 40_000)
    _style(inline, at, seen, text)
    return text


def _link(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "url"), ("text", "unsafe", "style"))
    url = string(inline, "url", at, 3000)
    scheme, _, rest = url.partition(":")
    if not rest or not scheme.isalnum() or any(sign.isspace() for sign in url):
        fail(f"{at}/url", "must be a valid URL")
    boolean(inline, "unsafe", at, False)
    label = string(inline, "text", at, 40_000) if "text" in inline else url
    _style(inline, at, seen, label)
    seen.links.append((url, label))
    return label


def _emoji(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "name"), ("unicode", "skin_tone", "style"))
    name = string(inline, "name", at, 255)
    if "unicode" in inline:
        string(inline, "unicode", at, 255)
    if "skin_tone" in inline:
        integer(inline, "skin_tone", at, 1, 6)
    _style(inline, at, seen, name)
    seen.emoji.append(name)
    return f":{name}:"


def _user(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "user_id"), ("style",))
    user = string(inline, "user_id", at, 255)
    _style(inline, at, seen, user, PING_STYLES)
    seen.mentions.users.append(user)
    return f"@{user}"


def _usergroup(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "usergroup_id"), ("style",))
    group = string(inline, "usergroup_id", at, 255)
    _style(inline, at, seen, group, PING_STYLES)
    seen.mentions.subteams.append(group)
    return f"@{group}"


def _channel(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "channel_id"), ("style",))
    channel = string(inline, "channel_id", at, 255)
    _style(inline, at, seen, channel, PING_STYLES)
    seen.mentions.channels.append(channel)
    return f"#{channel}"


def _broadcast(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "range"), ("style",))
    reach = choice(inline, "range", at, BROADCASTS)
    _style(inline, at, seen, reach, PING_STYLES)
    seen.mentions.broadcasts.append(reach)
    return f"@{reach}"


def _date(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "timestamp", "format"), ("url", "fallback", "style"))
    integer(inline, "timestamp", at, 0, 2**53)
    shown = string(inline, "format", at, 255)
    if "fallback" in inline:
        shown = string(inline, "fallback", at, 3000)
    if "url" in inline:
        seen.links.append((string(inline, "url", at, 3000), shown))
    _style(inline, at, seen, shown)
    return shown


def _color(inline: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(inline, at, ("type", "value"), ("style",))
    value = string(inline, "value", at, 255)
    _style(inline, at, seen, value)
    return value


_INLINES: Mapping[str, _Inline] = {
    "text": _text,
    "link": _link,
    "emoji": _emoji,
    "user": _user,
    "usergroup": _usergroup,
    "channel": _channel,
    "broadcast": _broadcast,
    "date": _date,
    "color": _color,
}
_CONTAINERS: Mapping[str, _Inline] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_quote": _quote,
    "rich_text_preformatted": _preformatted,
}
