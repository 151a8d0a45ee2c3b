"""Lists and definition lists: which lines belong to an item, and which items are paragraphs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from newsbot.sources.jekyll.kramdown.blocks import DEFINITION, EOB_LINE, RULE, Blocks
from newsbot.sources.jekyll.kramdown.tree import ANY, BLANK, HTML_START, HTML_STOP, ID, El, S, Scanner

_TAIL = r"[\t| ].*?\n"
_BULLET = re.compile(rf"( {{0,3}}[+*-])({_TAIL})")
_NUMBER = re.compile(rf"( {{0,3}}[0-9]+\.)({_TAIL})")
_ANY_ITEM = re.compile(rf"(?: {{0,3}}[+*-]{_TAIL}| {{0,3}}[0-9]+\.{_TAIL})")
_ATTRIBUTES = rf"{S}*\{{:(?!(?:{ID})?:|/)({ANY}+)\}}{S}*"
_ITEM_ATTRIBUTES = re.compile(_ATTRIBUTES)
_EMPTY_ITEM = re.compile(rf"(?:{_ATTRIBUTES})?{S}*\n")
_LEADING = re.compile(rf"{S}*")
_TABS = re.compile(r"( *)(\t+)")
_REFERENCE = re.compile(rf"(?:\A|{S})({ID})(?={S}|\Z)")
_OPEN_BOX = re.compile(rf"{S}*\[ \]{S}+")
_DONE_BOX = re.compile(rf"{S}*\[x\]{S}+", re.IGNORECASE)


class _Lines(NamedTuple):
    """How the lines of an item that is indented so far look: indented ones, lazy ones, and the indent itself."""

    content: re.Pattern[str]
    lazy: re.Pattern[str]
    indent: re.Pattern[str]


@lru_cache(maxsize=64)
def _lines(indent: int) -> _Lines:
    visible = r".*[^ \t\r\n\f\v].*\n"
    block = rf"\{{:(?!:|/){ANY}+\}}{S}*?\n|{HTML_STOP}|{HTML_START}"
    return _Lines(
        re.compile(rf"(?:(?:\t| {{4}}){{{indent // 4}}} {{{indent % 4}}}|(?:\t| {{4}}){{{indent // 4 + 1}}}){visible}"),
        re.compile(rf"(?! {{0,{min(indent, 3)}}}(?:{block})){visible}"),
        re.compile(rf" {{{indent}}}"),
    )


@lru_cache(maxsize=64)
def _starts(sign: str, indent: int) -> re.Pattern[str]:
    return re.compile(rf"( {{0,{min(max(indent, 1), 4) - 1}}}{sign})({_TAIL})")


def _first_line(indent: int, content: str) -> tuple[str, int, _Lines, list[str]]:
    """An item's first line without its marker, how far the item is indented, and the names in its attribute list."""
    if _EMPTY_ITEM.match(content):
        indent = 4
    else:
        while found := _TABS.match(content):
            width = len(found[1]) + indent
            content = found[1] + " " * (4 - width % 4 + (len(found[2]) - 1) * 4) + content[found.end() :]
        indent += len(content) - len(content.lstrip(" "))
    content = _LEADING.sub("", content, count=1)
    names: list[str] = []
    if found := _ITEM_ATTRIBUTES.match(content):
        names = _REFERENCE.findall(found[1])
        content = content[found.end() :]
    return content, indent, _lines(indent), names


def items(blocks: Blocks) -> bool:
    """A list with bullets or numbers."""
    src = blocks.src
    bullets = src.check(_BULLET) is not None
    if not bullets and not src.check(_NUMBER):
        return False
    el = El("ul" if bullets else "ol")
    if blocks.pending is not None:
        el.opts["ial"], blocks.pending = blocks.pending, None
    closed = _collect(src, el, r"[+*-]" if bullets else r"[0-9]+\.")
    blocks.tree.kids.append(el)
    last = _inside(blocks, el, closed)
    if last is not None and not closed:
        blocks.tree.kids.append(last)
    if blocks.options.gfm:
        _boxes(el)
    return True


def _collect(src: Scanner, el: El, sign: str) -> bool:
    """The lines of all items, kept as `opts["parts"]` of each; True where a `^` line ended the list."""
    start = _starts(sign, 4)
    lines = _lines(0)
    parts: list[str] = []
    nested = blank = False
    while not src.done:
        if blank and src.check(RULE):
            return False
        if src.scan(EOB_LINE):
            return True
        if found := src.scan(start):
            text, indent, lines, names = _first_line(len(found[1]), found[2])
            parts = [text]
            el.kids.append(El("li", parts=parts, ial=names))
            start = _starts(sign, indent)
            nested, blank = _ANY_ITEM.match(text) is not None, False
        elif found := src.scan(lines.content) or (None if blank else src.scan(lines.lazy)):
            text = found[0]
            tabs = len(text) - len(text.lstrip("\t"))
            text = " " * 4 * tabs + text[tabs:]
            indented = lines.indent.match(text)
            text = text[indented.end() :] if indented else text
            if not nested and indented and _ANY_ITEM.match(text):
                parts.append("")
                nested = True
            elif nested and not indented and _ANY_ITEM.match(text):
                text = " " * (indent + 4) + text
            parts[-1] += text
            blank = False
        elif found := src.scan(BLANK):
            nested = blank = True
            parts[-1] += found[0]
        else:
            break
    return False


def _inside(blocks: Blocks, el: El, closed: bool) -> El | None:
    """The items' own blocks; the blank lines behind the last one."""
    last: El | None = None
    for item in el.kids:
        for part in item.opts.pop("parts"):
            blocks.parse(item, part)
        kids = item.kids
        if not kids:
            continue
        first = kids[0]
        if first.kind == "p" and len(kids) >= 2 and kids[1].kind == "eob" and first.opts.get("ial") is not None:
            del kids[1]
        if first.kind == "p" and _is_tight(el, item, closed):
            if len(kids) > 1 and kids[1].kind != "blank":
                first.kids[0].value += "\n"
            first.opts["transparent"] = True
        last = kids.pop() if kids[-1].kind == "blank" else None
    return last


def _is_tight(el: El, item: El, closed: bool) -> bool:
    """Whether an item's first paragraph stands without air."""
    kids, is_last = item.kids, item is el.kids[-1]
    alone = len(kids) < 2 or kids[1].kind != "blank" or (is_last and len(kids) == 2 and not closed)
    if not alone:
        return False
    if not is_last or len(el.kids) == 1:
        return True
    return any(
        not other.kids or other.kids[0].kind != "p" or other.kids[0].opts.get("transparent") for other in el.kids[:-1]
    )


def _boxes(el: El) -> None:
    """The `[ ]` and `[x]` of a task list are drawn as boxes."""
    for item in el.kids:
        if item.kids and item.kids[0].kind == "p" and item.kids[0].kids:
            text = item.kids[0].kids[0]
            for box in (_OPEN_BOX, _DONE_BOX):
                if found := box.match(text.value):
                    text.value = f"<input />{text.value[found.end() :]}"


def definitions(blocks: Blocks) -> bool:
    """The definitions of the terms in the paragraph before."""
    kids = blocks.tree.kids
    if not blocks.src.check(DEFINITION) or not _terms_above(kids):
        return False
    spaced = kids[-1].kind == "blank"
    if spaced:
        kids.pop()
    terms = kids.pop()
    el = El("dl", ial=terms.opts.get("ial", []))
    for term in terms.kids[0].value.split("\n") if terms.kids else ():
        dt = El("dt")
        found = _ITEM_ATTRIBUTES.match(term)
        dt.add_text(term[found.end() :] if found else term, "raw_text")
        el.kids.append(dt)
    _collect_definitions(blocks.src, el, spaced)
    last = _inside_definitions(blocks, el)
    if kids and kids[-1].kind == "dl":
        kids[-1].kids += el.kids
    elif len(kids) >= 2 and kids[-1].kind == "blank" and kids[-2].kind == "dl":
        kids.pop()
        kids[-1].kids += el.kids
    else:
        kids.append(el)
    if last is not None:
        kids.append(last)
    return True


def _terms_above(kids: list[El]) -> bool:
    if not kids:
        return False
    if kids[-1].kind == "p":
        return True
    return len(kids) >= 2 and kids[-1].kind == "blank" and kids[-1].value == "\n" and kids[-2].kind == "p"


def _collect_definitions(src: Scanner, el: El, spaced: bool) -> None:
    start = _starts(":", 4)
    lines = _lines(0)
    item = El("dd")
    blank = False
    while not src.done:
        if found := src.scan(start):
            text, indent, lines, _ = _first_line(len(found[1]), found[2])
            item = El("dd", text, spaced=spaced)
            el.kids.append(item)
            start = _starts(":", indent)
            spaced = blank = False
        elif src.check(EOB_LINE):
            break
        elif found := src.scan(lines.content) or (None if blank else src.scan(lines.lazy)):
            text = found[0]
            tabs = len(text) - len(text.lstrip("\t"))
            text = " " * 4 * tabs + text[tabs:]
            indented = lines.indent.match(text)
            item.value += text[indented.end() :] if indented else text
            spaced = blank = False
        elif found := src.scan(BLANK):
            spaced = blank = True
            item.value += found[0]
        else:
            break


def _inside_definitions(blocks: Blocks, el: El) -> El | None:
    last: El | None = None
    for item in el.kids:
        if item.kind == "dt":
            continue
        text, item.value = item.value, ""
        blocks.parse(item, text)
        kids = item.kids
        if not kids:
            continue
        last = kids.pop() if kids[-1].kind == "blank" else None
        if kids and kids[0].kind == "p" and not item.opts.get("spaced"):
            if len(kids) > 1:
                kids[0].kids[0].value += "\n"
            kids[0].opts["transparent"] = True
    return last
