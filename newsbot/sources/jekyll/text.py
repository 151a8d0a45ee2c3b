"""Markdown and HTML to the words a reader sees. HTML is parsed, never matched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from selectolax.lexbor import LexborHTMLParser

_SILENT = frozenset(
    ("script", "style", "template", "noscript", "head", "title", "iframe", "object", "svg", "math", "select")
)
_BREAKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
    )
)
LIMIT = 20_000
_SIGNS = re.compile(r"[*_`\[\]<>&\\~|#{}]")
_BULLET = re.compile(r"^[ \t]*[-*+][ \t]+", re.MULTILINE)
_ATTRIBUTES = re.compile(r"^[ \t]*\{:[^\n]*\}[ \t]*$", re.MULTILINE)  # kramdown's own lines: `{: .lead}`
_DEFINITION = re.compile(r"^ {0,3}(\[[^\]\n]+\])(:.+)$", re.MULTILINE)


@dataclass(slots=True)
class Line:
    """One block or broken line of a page: its text (whitespace folded), the links and image addresses in it."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)  # (address, words)
    images: list[str] = field(default_factory=list)


def fold(text: str) -> str:
    """The text on one line: every run of whitespace (no-break spaces too) is one space."""
    return " ".join(text.split())


def plain_html(html: str) -> str:
    """The words of an HTML fragment on one line; blocks are parted by a space."""
    return fold(" ".join(line.text for line in lines(html)))


def plain_markdown(text: str, *, typographic: bool = False) -> str:
    """The words of a Markdown text on one line; `typographic` curls quotes and dashes as kramdown does."""
    if not typographic and not _SIGNS.search(text):
        return fold(_BULLET.sub("", text))
    return plain_html(to_html(text, typographic=typographic))


def to_html(text: str, *, typographic: bool = False, breaks: bool = False) -> str:
    """Markdown as HTML; `breaks` keeps every newline of a paragraph as a line break."""
    source = _BULLET.sub("", _ATTRIBUTES.sub("", text))
    html: str = _markdown(typographic, breaks).render(source)
    return html


@cache
def _markdown(typographic: bool, breaks: bool) -> MarkdownIt:
    """A renderer without lists and indented code: they would swallow the "2024. 7. 12." an article may begin with."""
    kit = MarkdownIt("commonmark", {"html": True, "typographer": typographic, "breaks": breaks})
    kit.enable(["table", "strikethrough"]).disable(["list", "code"])
    if typographic:
        kit.enable("smartquotes")
        kit.core.ruler.before("smartquotes", "dashes", _dashes)
    return kit


def _dashes(state: StateCore) -> None:
    """kramdown's dashes and dots. markdown-it's own rule would also turn (c) into © and drop repeated marks."""
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text":
                child.content = child.content.replace("---", "—").replace("--", "–").replace("...", "…")


def first_part(body: str, separator: str) -> str:
    """What Jekyll takes as excerpt: the body up to the separator, and the link definitions it needs from the rest.

    At most `LIMIT` characters of it: no alert is as long, and typographic quotes cost the square of their number.
    """
    head, _, tail = body.partition(separator)
    head = head[:LIMIT]
    needed = [f"{name}{target}" for name, target in _DEFINITION.findall(tail) if name in head]
    return "\n\n".join([head, "\n".join(needed)]) if needed else head


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
