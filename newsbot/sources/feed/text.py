"""What readers see of a title, a summary, a page: tags taken out, entities decoded once, whitespace folded."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser

LIMIT = 100_000
"""Characters of one HTML text that are read: no article is as long, and a parser's time stays bounded."""

_DEEPEST = 500  # open tags within each other
_STEP = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_VOID = frozenset(("br", "img", "hr", "wbr", "input", "meta", "link", "source", "area", "col", "embed", "p", "li"))

_SILENT = frozenset(
    ("script", "style", "template", "noscript", "head", "title", "iframe", "object", "svg", "math", "select", "button")
)
_BREAKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
    )
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Signs of typesetting that many systems escape once too often. `&amp;`, `&lt;` and `&gt;` are not among them: what was
# escaped twice was meant to be read as it stands.
_TWICE = re.compile(
    r"&(?:quot|apos|nbsp|hellip|middot|lsquo|rsquo|ldquo|rdquo|ndash|mdash|#0?39|#34|#160|#82(?:0[0-9]|[123][0-9]));"
)


def fold(text: str) -> str:
    """The text on one line: every run of whitespace is one space."""
    return " ".join(text.split())


def marked_up(text: str) -> bool:
    """Whether this text holds HTML tags."""
    return _TAG.search(text) is not None


def spoken(text: str, *, encoded: bool) -> list[str]:
    """The lines of an RSS text, which may be HTML or words: nobody says which.

    With tags it is HTML. Without, it is words; where the document itself did not decode them (CDATA: `encoded`) their
    entities are decoded here, once.
    """
    if marked_up(text):
        return lines(text) or literal(text)
    return literal(html.unescape(text) if encoded else _TWICE.sub(lambda found: html.unescape(found[0]), text))


def literal(text: str) -> list[str]:
    """The lines of a text that is words and nothing else."""
    return [line for part in text[:LIMIT].splitlines() if (line := fold(part))]


def lines(page: str) -> list[str]:
    """The lines of an HTML text as a reader sees them; blocks and breaks end a line."""
    body = LexborHTMLParser(shallow(page[:LIMIT])).body
    return under(body) if body is not None else []


def shallow(page: str) -> str:
    """The page up to where more than `_DEEPEST` tags seem open: the parser's time grows with the square of the depth
    (40,000 `<div>` took 1.7 s). A bound, not a reading: it only counts names."""
    if page.count("<") <= _DEEPEST:
        return page
    open_tags: Counter[str] = Counter()
    depth = 0
    for found in _STEP.finditer(page):
        name = found[2].lower()
        if name in _VOID:
            continue
        if not found[1]:
            open_tags[name] += 1
            depth += 1
        elif open_tags[name]:
            open_tags[name] -= 1
            depth -= 1
        if depth > _DEEPEST:
            return page[: found.start()]
    return page


def under(root: Any) -> list[str]:
    """The lines below one node."""
    out: list[str] = []
    pieces: list[str] = []
    for node in _walk(root):
        if node.tag == "-text":
            pieces.append(node.text_content or "")
        elif node.tag in _BREAKS:
            out.append(fold("".join(pieces)))
            pieces.clear()
    return [line for line in (*out, fold("".join(pieces))) if line]


def _walk(root: Any) -> Iterator[Any]:
    """Every node in reading order, and again when it ends. A loop: deep nesting must not exhaust the stack."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        yield node
        if leaving or node.tag in _SILENT or node.tag in ("-text", "-comment"):
            continue
        stack.append((node, True))
        children = []
        child = node.child
        while child is not None:
            children.append((child, False))
            child = child.next
        stack.extend(reversed(children))


def excerpt(summary: Sequence[str], body: Sequence[str], title: str) -> str:
    """The first words: the summary, unless it is a whole article, else the body's first paragraph.

    U+FFFD stands where a system cut its text in the middle of a letter.
    """
    whole = " ".join(summary)
    chosen = whole if len(whole) <= _SUMMARY else _first(summary, title)
    return (chosen or _first(body, title))[:_LONGEST].replace("\ufffd", "").strip()


_LONGEST = 5000  # characters of an excerpt: no message holds as much
_SUMMARY = 1000  # characters; a longer "summary" is the article
_PARAGRAPH = 20  # characters; shorter first lines are by-lines and captions


def _first(found: Sequence[str], title: str) -> str:
    own = [line for line in found if line != title]
    return next((line for line in own if len(line) >= _PARAGRAPH), own[0] if own else "")
