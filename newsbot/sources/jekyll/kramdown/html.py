"""HTML blocks: their inside stays as it is, unless its author asks for Markdown."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown.blocks import Blocks, Ended
from newsbot.sources.jekyll.kramdown.tree import (
    COMMENT,
    INSTRUCTION,
    KNOWN_TAGS,
    MODEL,
    NAME,
    SPAN_TAGS,
    TAG,
    TAG_CLOSE,
    VOID_TAGS,
    El,
    S,
    TooComplex,
    attributes,
    kept,
)

_HTML = re.compile(rf" {{0,3}}<(?:{NAME}|!--|/)")
_TAG = re.compile(rf" {{0,3}}{TAG.pattern}", re.DOTALL)
_TAG_CLOSE = re.compile(rf" {{0,3}}{TAG_CLOSE.pattern}")
_RAW = re.compile(rf"<(?:{NAME}|/|!--|\?)")
_TRAILING = re.compile(r"[ \t]*\n")
_HTML_MODES = {"0": "raw", "1": "default", "span": "span", "block": "block"}


def html(blocks: Blocks) -> bool:
    """An element with all that is in it, a comment, or the end of the element around."""
    src, tree = blocks.src, blocks.tree
    if not src.check(_HTML):
        return False
    if src.scan(COMMENT):
        tree.kids.append(El("comment"))
        src.scan(_TRAILING)
        return True
    if (found := src.check(_TAG)) and found[1].lower() not in SPAN_TAGS:
        src.pos = found.end()
        _start_tag(blocks, found)
        return True
    found = src.check(_TAG_CLOSE)
    if found and tree.kind == "html" and tree.value == found[1].lower() and tree.value not in SPAN_TAGS:
        src.pos = found.end()
        raise Ended
    return False


def _start_tag(blocks: Blocks, found: re.Match[str]) -> None:
    src, parent = blocks.src, blocks.tree
    name = found[1].lower() if found[1].lower() in KNOWN_TAGS else found[1]
    el = El("html", name, attributes=kept(name, found[2]))
    parent.kids.append(el)
    blocks.pending = None
    closed = bool(found[4]) or name in VOID_TAGS
    raw_parent = parent.kind == "html" and parent.opts.get("model") == "raw"
    model = MODEL.get(name, "raw") if blocks.options.block_html and not raw_parent else "raw"
    mode = _HTML_MODES.get(attributes(found[2]).get("markdown", "")) if "markdown" in found[2].lower() else None
    if mode:
        model = MODEL.get(name, "raw") if mode == "default" else mode
    if name in ("script", "style"):
        _silent(blocks, name)
    if model == "block":
        src.scan(_TRAILING)
    el.opts["model"] = model
    if closed or name in ("script", "style"):
        return
    if model == "block":
        blocks.parse(el)
    elif model == "span":
        _span_inside(blocks, el)
    else:
        _raw(blocks, el)
    if not raw_parent:
        src.scan(_TRAILING)


def _silent(blocks: Blocks, name: str) -> None:
    """Behind the end of a script or a style sheet: nobody reads what is in it."""
    end = re.compile(rf"</{name}{S}*>", re.IGNORECASE).search(blocks.src.text, blocks.src.pos)
    blocks.src.pos = end.end() if end else len(blocks.src.text)


def _span_inside(blocks: Blocks, el: El) -> None:
    src = blocks.src
    end = re.compile(rf"</{re.escape(el.value)}{S}*>", re.IGNORECASE).search(src.text, src.pos)
    el.add_text(src.text[src.pos : end.start()] if end else src.text[src.pos :], "raw_text")
    src.pos = end.end() if end else len(src.text)


def _raw(blocks: Blocks, el: El) -> None:
    """The inside of an element as it stands, up to its closing tag."""
    src = blocks.src
    saved, blocks.tree = blocks.tree, el
    while not src.done:
        blocks.steps -= 1
        if blocks.steps < 0:
            raise TooComplex
        begins = _RAW.search(src.text, src.pos)
        el.add_text(src.text[src.pos : begins.start() if begins else len(src.text)])
        src.pos = begins.start() if begins else len(src.text)
        if begins is None:
            break
        if src.scan(COMMENT) or src.scan(INSTRUCTION):
            el.kids.append(El("comment"))
        elif found := src.scan(TAG):
            _start_tag(blocks, found)
        elif found := src.scan(TAG_CLOSE):
            if el.value == (found[1].lower() if el.value in KNOWN_TAGS else found[1]):
                break
            el.add_text(found[0])
        else:
            el.add_text("<")
            src.pos += 1
    blocks.tree = saved
