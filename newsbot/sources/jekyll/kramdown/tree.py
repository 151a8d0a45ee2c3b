"""The tree that blocks and words are read into, and the pieces of grammar that several readers share."""

from __future__ import annotations

import re
from html import escape
from typing import Any

STEPS = 60_000
"""Steps of one text: an article takes a few hundred; only built-up nesting needs more (the grammar may backtrack)."""


class TooComplex(Exception):
    """A text that nobody wrote by hand: reading on would cost seconds."""


class El:
    """One element: its kind, a text or name, its children, and what else is known of it."""

    __slots__ = ("kids", "kind", "opts", "value")

    def __init__(self, kind: str, value: str = "", **opts: Any) -> None:
        self.kind = kind
        self.value = value
        self.kids: list[El] = []
        self.opts = opts

    @property
    def last(self) -> El | None:
        """The last child."""
        return self.kids[-1] if self.kids else None

    def add_text(self, text: str, kind: str = "text") -> None:
        """Text at the end, joined with text that is there already."""
        last = self.last
        if last is not None and last.kind == kind:
            last.value += text
        elif text:
            self.kids.append(El(kind, text))


class Scanner:
    """A place in a text. Patterns are matched where it stands."""

    __slots__ = ("pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0

    @property
    def done(self) -> bool:
        """Whether all is read."""
        return self.pos >= len(self.text)

    def check(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match here, without moving."""
        return pattern.match(self.text, self.pos)

    def scan(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match here; moves behind it."""
        found = pattern.match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found

    def rest(self) -> str:
        """What is left; moves to the end."""
        rest = self.text[self.pos :]
        self.pos = len(self.text)
        return rest


# Ruby's \s, \d and \w know ASCII alone, its \b knows all letters.
S = r"[ \t\r\n\f\v]"
W = r"[A-Za-z0-9_]"
NAME = r"(?:[^\W\d][\w.\-]*:)?[^\W\d][\w.\-]*"

_SPAN = """
a abbr acronym b big bdo br button cite code del dfn em i img input ins kbd label mark option q rb rbc rp rt rtc ruby
samp select small span strong sub sup tt u var
"""
_BLOCK = """
address article aside applet body blockquote caption col colgroup dd div dl dt fieldset figcaption figure footer form
h1 h2 h3 h4 h5 h6 header hgroup hr html head iframe legend menu li main map nav ol optgroup p pre section summary table
tbody td th thead tfoot tr ul
"""
_VOID = "area base br col command embed hr img input keygen link meta param source track wbr"
_BLOCKS_INSIDE = """
address applet article aside blockquote body dd details div dl fieldset figure figcaption footer form header hgroup
iframe li main map menu nav noscript object section summary td
"""
_SPANS_INSIDE = """
a abbr acronym b bdo big button cite caption del dfn dt em h1 h2 h3 h4 h5 h6 i ins label legend optgroup p q rb rbc rp
rt rtc ruby select small span strong sub sup th tt
"""
_RAW_INSIDE = "script style math option textarea pre code kbd samp var"
SPAN_TAGS = frozenset(_SPAN.split())
BLOCK_TAGS = frozenset(_BLOCK.split())
VOID_TAGS = frozenset(_VOID.split())
MODEL = {
    **dict.fromkeys(_BLOCKS_INSIDE.split(), "block"),
    **dict.fromkeys(_SPANS_INSIDE.split(), "span"),
    **dict.fromkeys(_RAW_INSIDE.split(), "raw"),
}
"""How the inside of an element is read where its author asks for Markdown in it; others are raw."""

KNOWN_TAGS = SPAN_TAGS | BLOCK_TAGS | VOID_TAGS | MODEL.keys()

COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
INSTRUCTION = re.compile(r"<\?(.*?)\?>", re.DOTALL)
TAG = re.compile(
    rf"<((?>{NAME})){S}*((?>{S}+{NAME}(?:{S}*={S}*(?:\w+|([\"']).*?\3))?)*){S}*(/)?>",
    re.DOTALL,
)
TAG_CLOSE = re.compile(rf"</({NAME}){S}*>")
ATTRIBUTE = re.compile(rf"{S}*({NAME})(?:{S}*={S}*(?:(\w+)|([\"'])(.*?)\3))?", re.DOTALL)

ANY = r"(?:\\\}|[^}])"
ID = rf"{W}[A-Za-z0-9_-]*"
BLANK = re.compile(rf"{S}*\n")
EOB = r"\^[ \t\r\n\f\v]*?\n"
IAL = rf"\{{:(?!:|/)({ANY}+)\}}{S}*?\n"
_NO_BLOCK = "|".join(sorted(SPAN_TAGS | {"script"}))
HTML_STOP = rf"</(?!(?:{_NO_BLOCK})\b){NAME}{S}*>"
HTML_START = rf"<(?>(?!(?:{_NO_BLOCK})\b){NAME})"
LAZY_END = rf"{S}*\n| {{0,3}}\{{:(?!:|/){ANY}+\}}{S}*?\n|{EOB}| {{0,3}}{HTML_STOP}| {{0,3}}{HTML_START}|\Z"
"""Where a paragraph or a quotation ends although its next line is not blank."""


def attributes(text: str) -> dict[str, str]:
    """The attributes of a start tag, names in lower case."""
    return {found[0].lower(): found[1] or found[3] or "" for found in ATTRIBUTE.findall(text)}


def kept(name: str, written: str) -> str:
    """The attributes that matter: addresses; and all of a tag that is none for browsers, who show it as it stands."""
    if name in KNOWN_TAGS:
        wanted = {"a": "href", "img": "src"}.get(name)
        found = attributes(written).get(wanted, "") if wanted else ""
        return f' {wanted}="{escape(found)}"' if found else ""
    return "".join(f' {key}="{escape(value)}"' for key, value in attributes(written).items()) if written else ""


def is_html(written: str | None) -> bool:
    """Whether unread text is meant for HTML: its attributes name no type, or that one."""
    found = _TYPE.search(written or "")
    return found is None or not found[2].split() or "html" in found[2].split()


_TYPE = re.compile(r"type=([\"'])(.*?)\1")
