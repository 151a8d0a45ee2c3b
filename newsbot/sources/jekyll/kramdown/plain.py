"""Plain blocks: blank lines, code, quotations, headings, rules, formulas, paragraphs; and what is defined for others."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown.blocks import (
    EOB_LINE,
    INDENTED,
    QUOTATION,
    RULE,
    WHITE,
    Blocks,
)
from newsbot.sources.jekyll.kramdown.links import link_id
from newsbot.sources.jekyll.kramdown.tree import (
    ANY,
    BLANK,
    IAL,
    ID,
    LAZY_END,
    El,
    S,
    W,
    is_html,
)

_LINE = re.compile(r".*?\n")
_LAZY = re.compile(LAZY_END)
_INDENT = re.compile(r"\t| {4}")
_LINE_INDENT = re.compile(r"^(?:\t| {4})", re.MULTILINE)
_CODE = re.compile(INDENTED)
_CONTINUED = re.compile(r"\n( {0,3}[^ \t\r\n\f\v])")
_FENCE_GFM = re.compile(
    rf" {{0,3}}(([~`]){{3,}}){S}*?((\S+?)(?:\?\S*)?)?{S}*?\n(.*?)^ {{0,3}}\1\2*{S}*?\n", re.DOTALL | re.MULTILINE
)
_FENCE = re.compile(rf"((~){{3,}}){S}*?((\S+?)(?:\?\S*)?)?{S}*?\n(.*?)^\1\2*{S}*?\n", re.DOTALL | re.MULTILINE)
_FENCE_START_GFM = re.compile(r" {0,3}[~`]{3,}")
_FENCE_LIMIT = 100  # signs: the search for the other end tries every part of a run
_QUOTED = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_ATX_GFM = re.compile(r"(#{1,6})[\t ]+(.*)\n")
_ATX = re.compile(r"(#{1,6})[\t ]*([^ \t].*)\n")
_SETEXT = re.compile(r" {0,3}([^ \t].*)\n([-=])[-=]*[ \t\r\f\v]*\n")
_HEADER_ID = re.compile(r"[\t ]\{#[^\W\d][\w:.\-]*\}\Z")
_CLOSING_GFM = re.compile(r"[\t ]#+\Z")
_CLOSING = re.compile(r"(?<!\\)#+\Z")
_MATH = re.compile(rf" {{0,3}}(\\)?\$\$(.*?)\$\$({S}*?\n)?", re.DOTALL)
_NOTE = re.compile(rf" {{0,3}}\[\^({ID})\]:{S}*?(.*?\n{INDENTED})")
_LINK = re.compile(
    r" {0,3}\[([^\n\]]+)\]:[ \t]*(?:<(.*?)>|([^\n]*?[^ \t\r\n\f\v][^\n]*?))"
    r"(?:(?:[ \t]*?\n|[ \t]+?)[ \t]*?([\"'])(.+?)\4)?[ \t]*?\n"
)
_TITLE_IN_ADDRESS = re.compile(r"[ \t]+[\"']")
_ABBREVIATION = re.compile(r" {0,3}\*\[(.+?)\]:(.*?)\n")
_ALD = re.compile(rf" {{0,3}}\{{:({ID}):({ANY}+)\}}{S}*?\n")
_IAL = re.compile(rf" {{0,3}}{IAL}")
_EXTENSION = re.compile(rf" {{0,3}}(?:\{{::({W}+)(?:{S}({ANY}*?)|)(/)?\}}|\{{:/(?:{ID})?\}}){S}*?\n")
_REFERENCE = re.compile(rf"(?:\A|{S})({ID})(?={S}|\Z)")


def blank(blocks: Blocks) -> bool:
    """Lines with nothing in them."""
    found = blocks.src.scan(BLANK)
    if not found:
        return False
    last = blocks.tree.last
    if last is not None and last.kind == "blank":
        last.value += found[0]
    else:
        blocks.add(El("blank", found[0]))
    return True


def code(blocks: Blocks) -> bool:
    """Indented code."""
    if not blocks.src.check(_INDENT):
        return False
    found = blocks.src.scan(_CODE)
    if not found or not found[0]:
        return False
    blocks.add(El("codeblock", _LINE_INDENT.sub("", _CONTINUED.sub(r" \1", found[0]))))
    return True


def fence(blocks: Blocks) -> bool:
    """Code between fences."""
    start = blocks.src.check(_FENCE_START_GFM)
    if not start or len(start[0]) > _FENCE_LIMIT:
        return False
    found = blocks.src.scan(_FENCE_GFM if blocks.options.gfm else _FENCE)
    if not found:
        return False
    blocks.add(El("codeblock", found[5]))
    return True


def _lines_until(blocks: Blocks, end: re.Pattern[str]) -> str:
    """This line and those that follow up to `end`."""
    src = blocks.src
    start = src.pos
    while True:
        if not src.scan(_LINE):
            src.rest()
        if src.done or src.check(end):
            return src.text[start : src.pos]


def quotation(blocks: Blocks) -> bool:
    """`> words`."""
    if not blocks.src.check(QUOTATION):
        return False
    text = _QUOTED.sub("", _lines_until(blocks, _LAZY))
    blocks.parse(blocks.add(El("blockquote")), text)
    return True


def atx_heading(blocks: Blocks) -> bool:
    """`# words`."""
    quirk = blocks.options.paragraph_end
    if not quirk and not blocks.after_boundary():
        return False
    found = blocks.src.check(_ATX_GFM if blocks.options.gfm else _ATX)
    if not found:
        return False
    text = _HEADER_ID.sub("", found[2].rstrip(WHITE)).rstrip(WHITE)
    text = (_CLOSING_GFM if quirk else _CLOSING).sub("", text).rstrip(WHITE)
    return _heading(blocks, found, text)


def setext_heading(blocks: Blocks) -> bool:
    """Words that are underlined."""
    found = blocks.src.check(_SETEXT)
    if not found or not blocks.after_boundary():
        return False
    return _heading(blocks, found, _HEADER_ID.sub("", found[1].rstrip(WHITE)).rstrip(WHITE))


def _heading(blocks: Blocks, found: re.Match[str], text: str) -> bool:
    if not text:
        return False
    blocks.src.pos = found.end()
    blocks.add(El("header")).add_text(text, "raw_text")
    return True


def rule(blocks: Blocks) -> bool:
    """`---`."""
    if not blocks.src.scan(RULE):
        return False
    blocks.add(El("hr"))
    return True


def math(blocks: Blocks) -> bool:
    """A formula by itself."""
    found = blocks.src.check(_MATH)
    if not found or not blocks.after_boundary():
        return False
    if found[1]:
        if found[3]:
            blocks.src.pos = found.end(1)
        return False
    saved, blocks.src.pos = blocks.src.pos, found.end()
    if not blocks.before_boundary():
        blocks.src.pos = saved
        return False
    blocks.add(El("math", found[2].strip(WHITE), block=True))
    return True


def paragraph(blocks: Blocks) -> bool:
    """Anything else."""
    src = blocks.src
    start = src.pos
    text = _lines_until(blocks, blocks.paragraph_end).rstrip(WHITE)
    last = blocks.tree.last
    if last is not None and last.kind == "p":
        joiner = "  \n" if src.text[max(0, start - 3) : start] == "  \n" else "\n"
        inner = last.last
        last.add_text(f"{joiner}{text}" if inner is not None and inner.kind == "raw_text" else text, "raw_text")
    else:
        blocks.add(El("p")).add_text(text.lstrip(WHITE), "raw_text")
    return True


def note(blocks: Blocks) -> bool:
    """What a footnote says."""
    found = blocks.src.scan(_NOTE)
    if not found:
        return False
    el = El("note")
    blocks.parse(el, _LINE_INDENT.sub("", found[2]))
    blocks.add(El("eob", "footnote_def"))
    blocks.notes[found[1]] = el
    return True


def link(blocks: Blocks) -> bool:
    """Where a named link leads."""
    found = blocks.src.check(_LINK)
    if not found or _TITLE_IN_ADDRESS.search(found[3] or ""):
        return False
    blocks.src.pos = found.end()
    blocks.add(El("eob", "link_def"))
    blocks.links[link_id(found[1])] = found[2] or found[3] or ""
    return True


def abbreviation(blocks: Blocks) -> bool:
    """What an abbreviation means; readers see the short form."""
    if not blocks.src.scan(_ABBREVIATION):
        return False
    blocks.add(El("eob", "abbrev_def"))
    return True


def extensions(blocks: Blocks) -> bool:
    """Attribute lists, and `{::comment}` and its kin."""
    src = blocks.src
    if found := src.scan(_ALD):
        blocks.references.setdefault(found[1], []).extend(_REFERENCE.findall(found[2]))
        blocks.add(El("eob", "ald"))
        return True
    if found := src.check(_EXTENSION):
        return _extension(blocks, found)
    if not (found := src.scan(_IAL)):
        return False
    references = _REFERENCE.findall(found[1])
    last = blocks.tree.last
    if (
        last is not None
        and last.kind != "blank"
        and (last.kind != "eob" or last.value in ("link_def", "abbrev_def", "footnote_def"))
    ):
        last.opts.setdefault("ial", []).extend(references)
        if not src.check(_IAL):
            blocks.add(El("eob", "ial"))
    else:
        blocks.pending = [*(blocks.pending or ()), *references]
    return True


def _extension(blocks: Blocks, found: re.Match[str]) -> bool:
    name, src = found[1], blocks.src
    if name not in ("comment", "nomarkdown", "options"):
        return False
    end, body = found.end(), None
    if not found[3]:
        stop = re.compile(rf"^ {{0,3}}\{{:/({name})?\}}{S}*?\n", re.MULTILINE).search(src.text, end)
        if stop is None:
            return False
        body, end = src.text[end : stop.start()].removesuffix("\n"), stop.end()
    src.pos = end
    if name == "options":
        blocks.add(El("eob", "extension"))
    elif body is not None:
        raw = name == "nomarkdown" and is_html(found[2])
        blocks.tree.kids.append(El("raw", f"{body}\n") if raw else El("comment", body if name == "comment" else ""))
    return True


def end(blocks: Blocks) -> bool:
    """`^`: what follows is a block of its own."""
    if not blocks.src.scan(EOB_LINE):
        return False
    blocks.add(El("eob"))
    return True
