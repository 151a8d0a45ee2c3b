"""The lines of a post that may say whose text it is."""

from __future__ import annotations

from newsbot.sources.jekyll import kramdown
from newsbot.sources.jekyll.text import lines
from newsbot.sources.licence import Line, may_credit

_LIMIT = 50_000
_BREAKS = kramdown.Options(hard_wrap=True)


def credit_lines(body: str, *, markdown: bool) -> list[Line]:
    """The lines of those paragraphs that may hold a credit. Rendering only these halves an archive's scan."""
    part = "\n\n".join(piece for piece in body.split("\n\n") if may_credit(piece.lower()))
    part = part[-_LIMIT:]  # credits stand at the end; deep nesting costs the HTML parser the square of its depth
    if not part:
        return []
    try:
        return lines(kramdown.to_html(part, _BREAKS) if markdown else part)
    except kramdown.TooComplex:
        return lines(part)
