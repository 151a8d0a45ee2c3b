"""The blocks of a text, read line by line into a tree: each kind of block has a reader in a module of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from newsbot.sources.jekyll.kramdown.options import Options
from newsbot.sources.jekyll.kramdown.spans import Spans
from newsbot.sources.jekyll.kramdown.tree import (
    ANY,
    EOB,
    HTML_START,
    HTML_STOP,
    IAL,
    LAZY_END,
    STEPS,
    El,
    S,
    Scanner,
    TooComplex,
)

WHITE = " \t\r\n\f\v\0"
TAIL = r"[\t| ].*?\n"
LIST_START = re.compile(rf" {{0,3}}(?:[+*-]|[0-9]+\.){TAIL}")
DEFINITION = re.compile(rf"( {{0,3}}:)({TAIL})")
EOB_LINE = re.compile(EOB)
RULE = re.compile(r" {0,3}(\*|-|_)[ \t]*\1[ \t]*\1(?:\1|[ \t])*\n")
QUOTATION = re.compile(r" {0,3}> ?")
INDENTED = (
    rf"(?:(?>{S}*\n)?(?:(?:\t| {{4}})[ \t]*[^ \t\r\n\f\v].*\n)+"
    rf"(?:(?! {{0,3}}\{{:(?!:|/){ANY}+\}}{S}*?\n|{EOB}| {{0,3}}{HTML_STOP}| {{0,3}}{HTML_START})"
    rf"[ \t]*[^ \t\r\n\f\v].*\n)*)*"
)
_BOUNDARY = re.compile(rf"{S}*\n|{EOB}| {{0,3}}{IAL}|\Z")
_LINE = re.compile(r".*?\n")
_PARAGRAPH_END = re.compile(f"{LAZY_END}|{DEFINITION.pattern}")
_PARAGRAPH_END_GFM = re.compile(
    rf"{LAZY_END}|{LIST_START.pattern}|#{{1,6}}[\t ]+.*\n|{DEFINITION.pattern}|{QUOTATION.pattern}| {{0,3}}[~`]{{3,}}"
)

Reader = Callable[["Blocks"], bool]


class Ended(Exception):
    """The closing tag of the element whose inside is being read."""


class Blocks:
    """Reads blocks into a tree; what it learns on the way (links, notes) is kept for the words."""

    def __init__(self, options: Options, readers: Sequence[Reader], spans: Spans) -> None:
        self.options = options
        self.spans = spans
        self.links = spans.links
        self.notes = spans.notes
        self.references: dict[str, list[str]] = {}
        self.src = Scanner("")
        self.tree = El("root")
        self.pending: list[str] | None = None  # an attribute line that stands before its block
        self.steps = STEPS
        self.paragraph_end = _PARAGRAPH_END_GFM if options.paragraph_end else _PARAGRAPH_END
        self._readers = readers

    def parse(self, el: El, text: str | None = None) -> bool:
        """The blocks of `text` (or of what follows here) as children of `el`; True where its closing tag was met."""
        saved = self.tree, self.src, self.pending
        self.tree, self.pending = el, None
        if text is not None:
            self.src = Scanner(text)
        try:
            while not self.src.done:
                self.steps -= 1
                if self.steps < 0:
                    raise TooComplex
                if not any(reader(self) for reader in self._readers):
                    line = self.src.scan(_LINE)
                    self.tree.add_text(line[0] if line else self.src.rest(), "raw_text")
        except Ended:
            ended = True
        else:
            ended = False
        self.tree, self.src, self.pending = saved[0], self.src if text is None else saved[1], saved[2]
        return ended

    def add(self, el: El) -> El:
        """A new block at the end, with the attributes that stood before it."""
        if self.pending is not None:
            el.opts["ial"] = self.pending
            self.pending = None
        self.tree.kids.append(el)
        return el

    def after_boundary(self) -> bool:
        """Whether a block that needs air above it may begin here."""
        last = self.tree.last
        return (
            last is None or last.kind == "blank" or (last.kind == "eob" and not last.value) or self.pending is not None
        )

    def before_boundary(self) -> bool:
        """Whether a block that needs air below it may end here."""
        return self.src.check(_BOUNDARY) is not None
