"""A post's first words, as Jekyll cuts and renders them, and the plain text of its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from newsbot.sources.jekyll import kramdown, liquid, ruby, text
from newsbot.sources.jekyll.site import Site

_BLOCK_TAG = re.compile(r"\{%-?\s*(\w+)\s*.*?-?%\}", re.DOTALL)
_LIMIT = 100_000
"""Characters of an excerpt. A site that cuts nowhere has whole articles for excerpts; deep HTML costs the square."""
_DEFINITION = re.compile(r"^ {0,3}(\[[^\]]+\])(:.+)$", re.MULTILINE)
# Where none of this stands, Markdown changes nothing: no mark-up, no quotes or dashes to curl, no list or heading.
_MARKS = re.compile(r"[*_`<&\\\[\]{}$|~\"'^#>=\t\r\f\v\0]|--|\.\.\.|(?:\A|\n) *(?:[-:+]|[0-9]+\.| {4})|  \n")


def excerpt(values: Mapping[str, Any], body: str, site: Site, page: liquid.Page, *, markdown: bool) -> str:
    """The stated excerpt as it stands, else the body up to the separator, as words on one line.

    Raises liquid.Failed where Jekyll could not render it.
    """
    stated = values.get("excerpt")
    if stated is not None and stated is not False:
        return text.plain_html(ruby.text(stated, site.tz)[:_LIMIT])
    given = values.get("excerpt_separator")
    separator = site.separator if given is None or given is False else ruby.text(given, site.tz)
    if not separator:
        return "" if stated is None else "false"  # Jekyll shows the word itself where nothing replaces it
    part = first_part(body, separator)
    if ("{{" in part or "{%" in part) and values.get("render_with_liquid") is not False:
        part = liquid.render(part, site, page)
    return plain_markdown(part, site) if markdown else text.plain_html(part)


def first_part(body: str, separator: str) -> str:
    """What Jekyll takes as excerpt: the body up to the separator, blocks closed, and the link definitions it needs.

    At most `_LIMIT` characters of it.
    """
    head, _, tail = body.partition(separator)
    head = head[:_LIMIT]
    if not tail:
        return head
    if "{%" in head:
        head = _closed(head)
    if "[" not in head or "]:" not in tail:
        return head
    needed = [f"{name}{target}" for name, target in _DEFINITION.findall(tail) if name in head]
    return "\n\n".join([head, "\n".join(needed)]) if needed else head


def _closed(head: str) -> str:
    """The text with an end for every Liquid block whose own end was cut off."""
    for name in reversed(_BLOCK_TAG.findall(head)):
        if name in liquid.BLOCKS and not re.search(rf"\{{%-?\s*end{name}.*?\s*-?%\}}", head, re.DOTALL):
            head += f"\n{{% end{name} %}}"
    return head


def plain_markdown(source: str, site: Site) -> str:
    """The words of a Markdown text on one line, as the site's kramdown renders them."""
    if not _MARKS.search(source):
        return text.fold(source)
    try:
        return text.plain_html(kramdown.to_html(source, site.kramdown))
    except kramdown.TooComplex:
        return text.plain_html(source)


def body_text(body: str, *, markdown: bool) -> str:
    """The words of the body, one line a block, roughly: enough to look for words in (`text.LIMIT` characters)."""
    part = text.without_liquid(body[: 2 * text.LIMIT])
    if "<" in part or "&" in part:
        # A blank line parts paragraphs of Markdown, where HTML sees only space.
        source = part.replace("\n\n", "<br>") if markdown else part
        words = "\n".join(line.text for line in text.lines(source) if line.text)
    else:
        words = "\n".join(text.fold(piece) for piece in part.split("\n\n") if piece.strip())
    return (text.without_marks(words) if markdown else words)[: text.LIMIT]
