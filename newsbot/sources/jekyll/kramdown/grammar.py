"""Which readers there are, and in which order they try: the grammar as a whole."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown import html, inline, links, lists, marks, plain, tables
from newsbot.sources.jekyll.kramdown.blocks import Blocks
from newsbot.sources.jekyll.kramdown.options import Options
from newsbot.sources.jekyll.kramdown.spans import Spans

_BLOCKS = (
    *(plain.blank, plain.code, plain.fence, plain.quotation, plain.atx_heading, plain.rule, lists.items),
    *(lists.definitions, html.html, plain.setext_heading, plain.math, tables.table, plain.note, plain.link),
    *(plain.abbreviation, plain.extensions, plain.end, plain.paragraph),
)
# A quote may follow any sign, so its reader stands in every row.
_SPANS = {
    "": (marks.quote,),
    "*": (marks.emphasis,),
    "_": (marks.emphasis,),
    "`": (marks.code,),
    "<": (links.autolink, inline.html, marks.quote, marks.symbol),
    "[": (links.marker, links.link, marks.quote),
    "!": (links.link, marks.quote),
    "$": (marks.quote, marks.math),
    "{": (marks.quote, inline.extension),
    "&": (marks.quote, marks.entity),
    ">": (marks.quote, marks.symbol),
    "-": (marks.quote, marks.symbol),
    ".": (marks.quote, marks.symbol),
    " ": (marks.quote, marks.symbol, marks.line_break),
    "\\": (marks.quote, marks.symbol, marks.line_break, marks.escaped),
    "~": (marks.quote, marks.strike),
}
_RAW = {"`": (marks.code,), "<": (inline.html,)}
_ESCAPED = re.compile(r"\\([\\.*_+`<>()\[\]{}#!:|\"'$=-])")
_ESCAPED_GFM = re.compile(r"\\([\\.*_+`<>()\[\]{}#!:|\"'$=\-~])")


def reader(options: Options) -> Blocks:
    """A reader for one text."""
    spans = Spans(options, {}, {}, _SPANS, _RAW, _ESCAPED_GFM if options.gfm else _ESCAPED)
    return Blocks(options, _BLOCKS, spans)
