"""Marks within a line: emphasis, code, quotes, dashes, entities, formulas."""

from __future__ import annotations

import re
from html.entities import html5, name2codepoint
from typing import NamedTuple

from newsbot.sources.jekyll.kramdown.spans import Spans
from newsbot.sources.jekyll.kramdown.tree import El, S, W

_LETTERS_BEFORE = re.compile(r"[^\W\d_]-?\Z")
_TICKS = re.compile("`+")
_SPACE = re.compile(S)
_MATH = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
_ENTITY = re.compile(r"&(?:([A-Za-z0-9_:][-A-Za-z0-9_.:]*);|#([0-9]+);|#x([0-9a-fA-F]+);)")
_SYMBOL = re.compile(r"---|--|\.\.\.|\\<<|\\>>|<< | >>|<<|>>")
_BREAK = re.compile(r"(?:  |\\\\)(?=\n)")
_STRIKE = re.compile(rf"~~(?!{S}|~).*?[^ \t\r\n\f\v~]~~", re.DOTALL)
_QUOTE = re.compile(r"""[^\\]?["']""")
_SYMBOLS = {
    "---": ("mdash", "—"),
    "--": ("ndash", "–"),
    "...": ("hellip", "…"),
    "<< ": ("laquo_space", "«\xa0"),
    " >>": ("raquo_space", "\xa0»"),
    "<<": ("laquo", "«"),
    ">>": ("raquo", "»"),
}
_WINDOWS = {at: ord(bytes([at]).decode("cp1252", "replace")) for at in range(128, 160)}


class _Rule(NamedTuple):
    """Which quote stands here: `opens` is None where the two signs are given."""

    pattern: re.Pattern[str]
    opens: bool | None
    signs: tuple[int, ...] = ()


_PUNCTUATION = r"""[!"#$%'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"""
# Signs by their place in `Options.quotes`: ‘ 0, ’ 1, “ 2, ” 3. Group 1 is what stands before, group "q" the quote.
_RULES = (
    _Rule(re.compile(r"""()(?P<q>["'])(?=[_*]{1,2}[^ \t\r\n\f\v])"""), True),
    _Rule(re.compile(rf"""()(?P<q>["'])(?={_PUNCTUATION}(?!\.\.)\B)"""), False),
    _Rule(re.compile(rf"""({S}?)"'(?={W})"""), None, (2, 0)),
    _Rule(re.compile(rf"""({S}?)'"(?={W})"""), None, (0, 2)),
    _Rule(re.compile(rf"""({S}?)'(?=[0-9][0-9]s)"""), None, (1,)),
    _Rule(re.compile(rf"""({S})(?P<q>["'])(?={W})"""), True),
    _Rule(re.compile(r"""([^ \\\t\r\n\[{(\-])(?P<q>["'])"""), False),
    _Rule(re.compile(rf"""()(?P<q>["'])(?={S}|s\b|$)""", re.MULTILINE), False),
    _Rule(re.compile(r"(.?)'", re.DOTALL), None, (0,)),
    _Rule(re.compile(r'(.?)"', re.DOTALL), None, (2,)),
)


def emphasis(spans: Spans) -> bool:
    """`*one*` and `**two**` signs, and underscores between words."""
    src = spans.src
    start = src.pos
    sign = src.text[start]
    delimiter = sign * 2 if src.text.startswith(sign * 2, start) else sign
    src.pos += len(delimiter)
    kind = "strong" if len(delimiter) == 2 else "em"
    if (delimiter[0] == "_" and _word_before(src.text, start)) or src.check(_SPACE) or spans.inside(kind):
        spans.el.add_text(delimiter)
        return True
    el = El(kind)
    found = _emphasised(spans, el, delimiter)
    if not found and kind == "strong" and spans.el.kind != "em":
        # Two signs may be one, and one that begins what is inside.
        src.pos = start + 1
        el = El("em")
        found = _emphasised(spans, el, sign)
    if found:
        src.pos += 1 if el.kind == "em" else 2
        spans.el.kids.append(el)
    else:
        src.pos = start + len(delimiter)
        spans.el.add_text(delimiter)
    return True


def _emphasised(spans: Spans, el: El, delimiter: str) -> bool:
    src, text = spans.src, spans.src.text
    size = len(delimiter)
    double, sign = delimiter[0] * 2 * size, delimiter[0]

    def ends(met: re.Match[str]) -> bool:
        at = met.start()
        if not el.kids or (at and text[at - 1] in " \t\r\n\f\v"):
            return False
        if el.kind == "em" and text.startswith(double, at) and not text.startswith(delimiter, at + 2 * size):
            return False
        after = text[at + size : at + size + 1]
        return sign != "_" or not after.isalnum()

    stop = re.compile(re.escape(delimiter))
    return spans.read(el, stop, ends) if src.pos <= len(text) else False


def code(spans: Spans) -> bool:
    """`` `code` ``."""
    src = spans.src
    start = src.pos
    ticks = src.scan(_TICKS)
    if ticks is None:
        return False
    run = ticks[0]
    if len(run) == 1 and (start == 0 or src.text[start - 1] in " \t\r\n\f\v") and src.check(_SPACE):
        spans.el.add_text(run)
        return True
    end = src.text.find(run, src.pos)
    if end < 0:
        spans.el.add_text(run)
        return True
    text = src.text[src.pos : end]
    src.pos = end + len(run)
    if len(run) > 1:
        text = text.removeprefix(" ").removesuffix(" ")
    spans.el.kids.append(El("codespan", text))
    return True


def line_break(spans: Spans) -> bool:
    """Two spaces, or two backslashes, before the end of a line."""
    if spans.options.hard_wrap or not spans.src.scan(_BREAK):
        return False
    spans.el.kids.append(El("br"))
    return True


def escaped(spans: Spans) -> bool:
    """A sign that a backslash makes a plain one."""
    found = spans.src.scan(spans.escaped)
    if not found:
        return False
    spans.el.add_text(found[1])
    return True


def strike(spans: Spans) -> bool:
    """`~~words~~`."""
    found = spans.src.scan(_STRIKE) if spans.options.gfm else None
    if not found:
        return False
    el = El("del")
    spans.el.kids.append(el)
    spans.parse(el, found[0][2:-2])
    return True


def math(spans: Spans) -> bool:
    """`$$formula$$`."""
    found = spans.src.scan(_MATH)
    if not found:
        return False
    spans.el.kids.append(El("math", found[1].strip(" \t\r\n\f\v\0")))
    return True


def entity(spans: Spans) -> bool:
    """`&name;` and `&#number;`."""
    found = spans.src.scan(_ENTITY)
    if not found:
        return False
    name, decimal, hexadecimal = found.groups()
    if name:
        known = name in name2codepoint or name in ("apos", "vellip")
        sign = (html5.get(f"{name};") or "⋮") if known else f"&{found[0][1:]}"
    else:
        sign = _character(int(decimal) if decimal else int(hexadecimal, 16))
    spans.el.kids.append(El("sign", sign))
    return True


def symbol(spans: Spans) -> bool:
    """Dashes, dots, guillemets."""
    if not spans.options.typographic:
        return False
    found = spans.src.scan(_SYMBOL)
    if not found:
        return False
    if found[0].startswith("\\"):
        spans.el.kids.append(El("sign", found[0][1:]))
    else:
        name, sign = _SYMBOLS[found[0]]
        spans.el.kids.append(El("sign", spans.options.symbols.get(name, sign)))
    return True


def quote(spans: Spans) -> bool:
    """A straight quote becomes a curly one."""
    src = spans.src
    if not _QUOTE.match(src.text, src.pos):
        return False
    for rule in _RULES:
        if found := src.scan(rule.pattern):
            el, signs = spans.el, spans.options.quotes
            if found[1]:
                el.add_text(found[1])
            if rule.opens is None:
                el.kids += [El("sign", signs[at]) for at in rule.signs]
            else:
                at = (0 if rule.opens else 1) + (2 if found["q"] == '"' else 0)
                el.kids.append(El("sign", signs[at]))
            return True
    return False


def _word_before(text: str, at: int) -> bool:
    return _LETTERS_BEFORE.search(text[max(0, at - 2) : at]) is not None


def _character(code: int) -> str:
    code = _WINDOWS.get(code, code) if code not in (129, 141, 143, 144, 157) else code
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "�"
