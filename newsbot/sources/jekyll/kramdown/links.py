"""Links, images, addresses and the signs that point at footnotes."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown.spans import Spans
from newsbot.sources.jekyll.kramdown.tree import ID, El, S

_AUTOLINK = re.compile(r"<((mailto|https?|ftps?):.+?|(?:[^\W_]|[-_.])+?@(?:[^\W_]|[-_.])+?)>")
_MARKER = re.compile(rf"\[\^({ID})\]")
_LINK = re.compile(r"!?\[(?=[^^])")
_BRACKET = re.compile(r"(\])|!?\[")
_PAREN = re.compile(rf"(\()|(\))|{S}(?=['\"])")
_LINK_ID = re.compile(rf"{S}*?\[([^\]]+)?\]")
_LINK_ANGLE = re.compile(r"\(<(.*?)>")
_LINK_TITLE = re.compile(rf"{S}*?([\"'])(.+?)\1{S}*?\)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\.*_+`<>()\[\]{}#!:|\"'$=-])")
_RUN = re.compile(rf"{S}+")


def autolink(spans: Spans) -> bool:
    """`<https://…>`."""
    found = spans.src.scan(_AUTOLINK)
    if not found:
        return False
    el = El("a", found[1])
    el.add_text(found[1].removeprefix("mailto:"))
    spans.el.kids.append(el)
    return True


def marker(spans: Spans) -> bool:
    """`[^name]`, where a footnote of that name is defined."""
    found = spans.src.scan(_MARKER)
    if not found:
        return False
    note = spans.notes.get(found[1])
    if note is None:
        spans.el.add_text(found[0])
    else:
        spans.el.kids.append(El("footnote", found[1]))
    return True


def link(spans: Spans) -> bool:
    """`[words](address)`, `[words][name]`, and images."""
    src = spans.src
    found = src.scan(_LINK)
    if not found:
        return False
    image = found[0].startswith("!")
    if not image and spans.inside("a", "img"):
        spans.el.add_text(found[0])
        return True
    inside = src.pos
    el = El("img" if image else "a")
    address = _target(spans, src.text[inside : src.pos]) if _bracketed(spans, el) else None
    if address is not None:
        el.value = address
        if image:
            el.kids.clear()
        spans.el.kids.append(el)
    else:
        src.pos = inside
        spans.el.add_text(found[0])
    return True


def _bracketed(spans: Spans, el: El) -> bool:
    count = 1

    def closes(met: re.Match[str]) -> bool:
        nonlocal count
        count += -1 if met[1] else 1
        return count - sum(kid.kind == "img" for kid in el.kids) == 0

    return spans.read(el, _BRACKET, closes)


def _target(spans: Spans, words: str) -> str | None:
    """The address that follows the bracket, None where there is none; moves behind it."""
    src = spans.src
    src.scan(_BRACKET)
    named = src.scan(_LINK_ID)
    if named or not src.text.startswith("(", src.pos):
        name = (named[1] if named else None) or _ESCAPED.sub(r"\1", words)
        return spans.links.get(link_id(name))
    if found := src.scan(_LINK_ANGLE):
        address, ended = found[1], src.text.startswith(")", src.pos)
        src.pos += ended
    else:
        start = src.pos
        ended = _in_parens(spans)
        address = src.text[start + 1 : src.pos - 1].strip()
    return address if ended or src.scan(_LINK_TITLE) else None


def _in_parens(spans: Spans) -> bool:
    src = spans.src
    depth = 0
    while met := _PAREN.search(src.text, src.pos):
        spans.step()
        src.pos = met.end()
        if met[2]:
            depth -= 1
            if depth == 0:
                return True
        elif met[1]:
            depth += 1
        else:
            return False
    return False


def link_id(name: str) -> str:
    """The name under which a link is looked up."""
    return _RUN.sub(" ", name).lower()
