"""HTML to the words a reader sees. HTML is parsed, never matched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from newsbot.sources.licence import Line

_SILENT = frozenset(("script", "style"))
_BREAKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
    )
)
LIMIT = 20_000
"""Characters of a text that are looked at: no alert is as long, and credits stand within."""

_LINK_END = re.compile(r"\]\([^)\n]*\)|\]\[[^\]\n]*\]|^ {0,3}\[[^\]\n]+\]:.*$|\{:[^}\n]*\}", re.MULTILINE)
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")
_MARKS = str.maketrans("", "", "*_`#>|~[]")


def fold(text: str) -> str:
    """The text on one line: every run of whitespace (no-break spaces too) is one space."""
    return " ".join(text.split())


def line(text: str) -> str:
    """`fold` for a title: without the control characters that no platform takes."""
    return fold(text.translate(_CONTROLS))


def plain_html(html: str) -> str:
    """The words of an HTML fragment on one line; blocks are parted by a space."""
    if "<" not in html and "&" not in html:
        return fold(html)
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    pieces: list[str] = []
    for node, _ in _walk(body):
        tag = node.tag
        if tag == "-text":
            pieces.append(node.text_content or "")
        elif tag in _BREAKS:
            pieces.append(" ")
    return fold("".join(pieces))


def without_marks(text: str) -> str:
    """A Markdown text without its signs and the addresses of its links."""
    return _LINK_END.sub(" ", text).translate(_MARKS)


def without_liquid(text: str) -> str:
    """The text without Liquid tags and outputs: nobody should read `{% include x %}` in a chat."""
    parts: list[str] = []
    at = 0
    while (start := _next_liquid(text, at)) >= 0:
        end = text.find("}}" if text[start + 1] == "{" else "%}", start + 2)
        if end < 0:
            break
        parts.append(text[at:start])
        at = end + 2
    return "".join([*parts, text[at:]])


def _next_liquid(text: str, at: int) -> int:
    found = [place for place in (text.find("{{", at), text.find("{%", at)) if place >= 0]
    return min(found, default=-1)


def lines(html: str) -> list[Line]:
    """The page's lines that hold text, links or images, in order."""
    body = LexborHTMLParser(html).body
    if body is None:
        return []
    out = [Line()]
    pieces: list[str] = []
    for node, leaving in _walk(body):
        tag = node.tag
        if tag == "-text":
            pieces.append(node.text_content or "")
        elif tag in _BREAKS:
            _end(out, pieces)
        elif not leaving:
            _note(out[-1], node)
    _end(out, pieces)
    return [line for line in out if line.text or line.links or line.images]


def _end(out: list[Line], pieces: list[str]) -> None:
    out[-1].text = fold("".join(pieces))
    pieces.clear()
    out.append(Line())


def _note(line: Line, node: Any) -> None:
    if node.tag == "a" and (target := node.attributes.get("href")):
        line.links.append((target.strip(), fold(node.text())))
    elif node.tag == "img" and (source := node.attributes.get("src")):
        line.images.append(source.strip())


def _walk(root: Any) -> Iterator[tuple[Any, bool]]:
    """Every node in reading order, and again (True) when it ends. A loop: deep nesting must not exhaust the stack."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        yield node, leaving
        if leaving or node.tag in _SILENT or node.tag in ("-text", "-comment"):
            continue
        stack.append((node, True))
        children = []
        child = node.child
        while child is not None:
            children.append((child, False))
            child = child.next
        stack.extend(reversed(children))
