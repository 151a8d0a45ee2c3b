"""A platform's payload as a reader would see it, for the terminal. Article words become text, never terminal markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from rich.text import Text

_STYLES = {"b": "bold", "strong": "bold", "i": "italic", "u": "underline", "s": "strike", "a": "underline"}
_SLACK_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike"}
_SLACK_MARK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_SLACK_SIGNS = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2060\u2066-\u2069]")
"""Signs that steer a terminal or turn its line round, and the joiner that the Telegram renderer puts in."""


def drawn(platform: str, payload: Mapping[str, Any]) -> Text:
    """What a reader sees; of a platform that nobody taught us to draw, the line its phones show."""
    draw = _DRAWN.get(platform)
    return draw(payload) if draw else plain(str(payload.get("text", "")))


def plain(words: str, style: str = "") -> Text:
    """The words without what would steer the terminal."""
    return Text(_UNSEEN.sub("", words), style=style)


def telegram(payload: Mapping[str, Any]) -> Text:
    """The text of a `sendMessage`, its card and its buttons."""
    reader = _Html()
    reader.feed(str(payload.get("text", "")))
    reader.close()
    seen = reader.seen
    preview = payload.get("link_preview_options") or {}
    if preview.get("url"):
        seen.append("\n").append(plain(f"┃ {preview['url']}", "dim"))
    for row in (payload.get("reply_markup") or {}).get("inline_keyboard", ()):
        seen.append("\n").append(_buttons([str(button.get("text", "")) for button in row]))
    return seen


class _Html(HTMLParser):
    """Telegram's HTML, sign by sign: the parser undoes the escaping, the styles become styles of the terminal."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Text()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._open.append(tag)
        if tag == "blockquote":
            self.seen.append("│ ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)
        if tag == "blockquote":
            self.seen.append("\n")

    def handle_data(self, data: str) -> None:
        quoted = data.replace("\n", "\n│ ") if "blockquote" in self._open else data
        self.seen.append(plain(quoted, " ".join(_STYLES[tag] for tag in self._open if tag in _STYLES)))


def slack(payload: Mapping[str, Any]) -> Text:
    """The blocks of a `chat.postMessage`, one under the other."""
    blocks = payload.get("blocks") or ()
    lines = [line for block in blocks for line in _block(block)]
    return Text("\n").join(lines) if lines else plain(str(payload.get("text", "")))


def _block(block: Mapping[str, Any]) -> Iterator[Text]:
    match block.get("type"):
        case "header":
            yield plain(block["text"]["text"], "bold")
        case "rich_text":
            for part in block["elements"]:
                yield from _rich_text(part)
        case "section":
            yield _mrkdwn(block["text"]["text"])
        case "context":
            for element in block["elements"]:
                yield _mrkdwn(element.get("text", ""), "dim")
        case "image":
            yield plain(f"▧ {block.get('alt_text', '')}", "dim")
        case "actions":
            yield _buttons([element["text"]["text"] for element in block["elements"] if "text" in element])
        case _:  # metadata, dividers: nothing to read
            pass


def _rich_text(part: Mapping[str, Any]) -> Iterator[Text]:
    """A section is one line or more; a quote and a list have their sign before each."""
    kind, elements = part["type"], part["elements"]
    if kind == "rich_text_list":
        for element in elements:
            for line in _rich_text(element):
                yield Text("• ") + line
        return
    words = Text().join(_inline(element) for element in elements)
    yield from (Text("│ ") + line for line in words.split("\n")) if kind == "rich_text_quote" else (words,)


def _inline(element: Mapping[str, Any]) -> Text:
    styles = [_SLACK_STYLES[name] for name, on in (element.get("style") or {}).items() if on and name in _SLACK_STYLES]
    if element["type"] == "link":
        return plain(element.get("text") or element["url"], " ".join([*styles, "underline"]))
    return plain(element.get("text") or element.get("fallback", ""), " ".join(styles))


def _mrkdwn(words: str, style: str = "") -> Text:
    """mrkdwn as our renderer writes it: links and dates in angle brackets, three signs escaped, nothing else."""
    seen = Text(style=style)
    last = 0
    for mark in _SLACK_MARK.finditer(words):
        seen.append(plain(_unescaped(words[last : mark.start()])))
        link = not mark[1].startswith("!")
        seen.append(plain(_unescaped(mark[2] or mark[1]), "underline" if link else ""))
        last = mark.end()
    return seen.append(plain(_unescaped(words[last:])))


def _unescaped(words: str) -> str:
    for sign, meant in _SLACK_SIGNS:
        words = words.replace(sign, meant)
    return words


def _buttons(labels: Sequence[str]) -> Text:
    return Text("  ").join(plain(f"[ {label} ]", "reverse") for label in labels)


_DRAWN: Mapping[str, Callable[[Mapping[str, Any]], Text]] = {"telegram": telegram, "slack": slack}
