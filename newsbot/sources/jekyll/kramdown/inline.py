"""HTML in a line, and kramdown's own `{::…}` and `{:…}`."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown.spans import START, Spans
from newsbot.sources.jekyll.kramdown.tree import (
    ANY,
    BLOCK_TAGS,
    COMMENT,
    ID,
    KNOWN_TAGS,
    MODEL,
    TAG,
    TAG_CLOSE,
    VOID_TAGS,
    El,
    S,
    W,
    attributes,
    is_html,
    kept,
)

_HTML_START = re.compile("<")
_EXTENSION = re.compile(rf"\{{::({W}+)(?:{S}({ANY}*?)|)(/)?\}}|\{{:/(?:{ID})?\}}")
_ATTRIBUTES = re.compile(rf"\{{:({ANY}+)\}}")
_TAG_BEGINS = re.compile(r"<(?:[^\W\d]|!--|/)")


def html(spans: Spans) -> bool:
    """An element, a comment, or a closing tag that closes nothing."""
    src, tree = spans.src, spans.el
    if not src.text.startswith("<", src.pos):
        return False
    if src.scan(COMMENT):
        tree.kids.append(El("comment"))
    elif found := src.scan(TAG_CLOSE):
        tree.add_text(found[0])
    elif found := src.scan(TAG):
        _element(spans, found)
    elif src.pos + 1 < len(src.text) and _TAG_BEGINS.match(src.text, src.pos):
        tree.add_text("<")
        src.pos += 1
    else:
        return False
    return True


def _element(spans: Spans, found: re.Match[str]) -> None:
    name = found[1].lower() if found[1].lower() in KNOWN_TAGS else found[1]
    if name in BLOCK_TAGS:
        spans.el.add_text(found[0])
        return
    asked = attributes(found[2]).get("markdown") if "markdown" in found[2] else None
    raw = MODEL.get(name, "raw") == "raw"
    parsed = not raw and spans.el.opts.get("model") != "raw" and spans.options.span_html
    if asked == "span":
        parsed = True
    elif asked in ("0", "1"):
        parsed = asked == "1" and not raw
    el = El("html", name, model="span" if parsed else "raw", span=True, attributes=kept(name, found[2]))
    spans.el.kids.append(el)
    if found[4] or name in VOID_TAGS:
        return
    stop = re.compile(rf"</{re.escape(name)}{S}*>", re.IGNORECASE if name in KNOWN_TAGS else 0)
    if spans.read(el, stop, start=START if parsed else _HTML_START, raw=not parsed):
        spans.src.scan(stop)
    else:
        el.add_text(spans.src.rest())


def extension(spans: Spans) -> bool:
    """`{::comment}` and its kin, or an attribute list behind an element."""
    src, tree = spans.src, spans.el
    if found := src.check(_EXTENSION):
        if not _body(spans, found):
            tree.add_text(src.text[src.pos])
            src.pos += 1
    elif (found := src.check(_ATTRIBUTES)) and tree.last is not None and tree.last.kind != "text":
        src.pos = found.end()
        tree.last.opts["attributed"] = True
    else:
        tree.add_text("{")
        src.pos += 1
    return True


def _body(spans: Spans, found: re.Match[str]) -> bool:
    """A comment, unread text or options between `{::name}` and `{:/}`; False where it is none of them."""
    name, src = found[1], spans.src
    if name not in ("comment", "nomarkdown", "options"):
        return False
    end, body = found.end(), None
    if not found[3]:
        stop = re.compile(rf"\{{:/({name})?\}}").search(src.text, end)
        if stop is None:
            return False
        body, end = src.text[end : stop.start()], stop.end()
    src.pos = end
    if name == "nomarkdown" and body is not None and is_html(found[2]):
        spans.el.kids.append(El("raw", body))
    elif name != "options" and body is not None:
        spans.el.kids.append(El("comment", body))
    return True
