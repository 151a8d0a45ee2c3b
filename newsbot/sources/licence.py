"""Whose text an article is: the agency and the KOGL (공공누리) type, 0 to 4, that its page states."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from newsbot.core.model import Attribution

UNCLEAR = "unclear"
"""The licence of a page that names several types, or KOGL without saying which."""

UNKNOWN = "출처 미상"
"""The name of a source that nobody names."""

_TEXT_LIMIT = 1000
_NAME_LIMIT = 60
_WORDS = ("공공누리", "공공 누리", "kogl", "opentype", "opencode", "자료", "출처", "제공", "source")
_HINT = re.compile(
    r"공공\s?누리|kogl|open_?(?:type|code)|(?:자료|출처|제공|source)[^가-힣]{0,40}?[:：=]",
)
_NAMED = re.compile(r"공공\s?누리|kogl", re.IGNORECASE)
_TERMS = re.compile(r"유형|조건|이용|저작물|저작권|라이선스|마크|개방|licen[sc]e", re.IGNORECASE)
_TYPES = (
    re.compile(r"(?<![0-9])([0-4])\s*유형"),
    re.compile(r"(?:공공\s?누리|kogl)[\s)(:_-]{0,4}(?:type|제)?[\s:_-]{0,3}([0-4])(?![0-9.])", re.IGNORECASE),
)
_MARK = re.compile(r"(?:open_?(?:type|code)|licen[sc]e_?type)[_-]?0?([0-4])(?![0-9])", re.IGNORECASE)
_KOGL_HOST = re.compile(r"//(?:www\.)?kogl\.or\.kr/", re.IGNORECASE)
_CUE = re.compile(
    r"(?<![가-힣A-Za-z])(?:자료\s?출처|기사\s?출처|자료\s?제공|출처|자료|제공|source)\s*[:：=]\s*(?=\S)",
    re.IGNORECASE,
)
_OF_PICTURE = re.compile(r"(?:사진|이미지|그림|영상|그래픽)\s*[(/·,]?\s*$")
_LEAD = re.compile(r"^[\s※*▶▷■□●○◆◇·ㆍ\-–—<\[(【「『〈《]*$")
_ADDRESS = re.compile(
    r"https?://[^\s<>\"'\])}」』】〉》,]+|www\.[a-z0-9.-]+\.[a-z]{2,}[^\s<>\"'\])}」』】〉》,]*", re.IGNORECASE
)
_NAME_END = re.compile(
    r"https?://|www\.|[\])}」』】〉》>|/※▶,;<(\[【「『]|\s[-–—·]\s|[.。](?=\s|$)|\s[a-z0-9-]+\.(?:go\.)?kr",
    re.IGNORECASE,
)
_MAKER = (
    re.compile(r"저작물은\s*['\"‘“\[(「]?\s*([^'\"’”\])」]{2,40}?)\s*['\"’”\])」]?에서"),
    re.compile(r"^\s*([가-힣A-Za-z0-9 ·()]{2,30}?)의\s[^.]{0,40}?[「'\"‘“\[(]?\s*공공\s?누리"),
)


@dataclass(slots=True)
class Line:
    """One block or broken line of a page: its text (whitespace folded), the links and image addresses in it."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)  # (address, words)
    images: list[str] = field(default_factory=list)


def may_credit(piece: str) -> bool:
    """Whether a paragraph, in lower case, is worth a closer look. Most are not, and this is quick."""
    # The plain search goes first: it is ten times as fast as the pattern, and most paragraphs have none of the words.
    return any(word in piece for word in _WORDS) and _HINT.search(piece) is not None


def find_attribution(page: Sequence[Line], front: Mapping[str, Any], publisher: str = "") -> Attribution | None:
    """Who must be credited and under which licence, or None where the page says nothing of the kind.

    Front matter that names an agency or a licence is believed before the body; two different types on one page make
    the licence "unclear". Where a licence is stated and nobody is named, the host of the given address stands for the
    name, else the `publisher`, else "출처 미상" (source unknown): a credit line is never empty.
    """
    stated = _stated(front)
    types = {kind for line in page for kind in _types(line)} | ({stated.licence} if stated.licence else set())
    unclear = len(types) > 1 or (not types and any(_names_kogl(line) for line in page))
    licence = UNCLEAR if unclear else next(iter(types), None)
    found = _in_page(page)
    name = stated.name or (found.name if found else "")
    if not name and licence is None:
        return None
    own = bool(stated.name)
    url = stated.url if own else (stated.url or (found.url if found else None))
    name = name or _host(url) or publisher or UNKNOWN
    return Attribution(name=name, url=url, licence=licence, text=(found.text if found else "") or stated.text)


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _types(line: Line) -> set[str]:
    """The KOGL types a line states ("KOGL-1"), by words, mark or link; "unclear" where it names KOGL and no type."""
    named = bool(_NAMED.search(line.text))
    found = {match[1] for pattern in _TYPES for match in pattern.finditer(line.text)} if named else set()
    marks = [*line.images, *(address for address, _ in line.links)]
    found |= {match[1] for mark in marks if (match := _MARK.search(unquote(mark)))}
    if found:
        return {f"KOGL-{kind}" for kind in found}
    return set()


def _names_kogl(line: Line) -> bool:
    """Whether a line speaks of KOGL as its licence (by its terms, or a link to its site), whatever the type."""
    if _NAMED.search(line.text) and _TERMS.search(line.text):
        return True
    return any(_KOGL_HOST.search(address) for address, _ in line.links)


def _in_page(page: Sequence[Line]) -> Attribution | None:
    """The credit the page gives: at its last licence line if there is one, else its last line that is a credit."""
    licensed = [at for at, line in enumerate(page) if _types(line) or _names_kogl(line)]
    if not licensed:
        credits = [credit for line in page if (credit := _credit(line, anywhere=False))]
        return credits[-1] if credits else None
    at = licensed[-1]
    line = page[at]
    if own := _credit(line, anywhere=True):
        return own
    if made := _maker(line):
        return Attribution(name=made, url=_address(line.text, line.links, made), text=_clip(line.text))
    near = [page[place] for place in (at + 1, at - 1, at + 2, at - 2) if 0 <= place < len(page)]
    beside = next((credit for other in near if (credit := _credit(other, anywhere=False))), None)
    return (beside or Attribution(name="")).model_copy(update={"text": _clip(line.text)} if line.text else {})


def _credit(line: Line, *, anywhere: bool) -> Attribution | None:
    """The agency after the line's last "자료:", "출처=" …; `anywhere`: it may stand behind a sentence."""
    matches = [
        match
        for match in _CUE.finditer(line.text)
        if not _OF_PICTURE.search(before := line.text[: match.start()]) and (anywhere or _LEAD.match(before))
    ]  # a cue in running prose ("출처: 불명이라고 했다") credits nobody
    for match in reversed(matches):
        rest = line.text[match.end() :]
        name = _name(rest)
        if name:
            return Attribution(name=name, url=_address(rest, line.links, name), text=_clip(line.text))
    return None


def _name(rest: str) -> str:
    """The agency's name at the start of the text, or "" where what stands there is no name."""
    rest = rest.lstrip(" '\"‘“[(「『<")
    end = _NAME_END.search(rest)
    name = _fold(rest[: end.start()] if end else rest).strip(" '\"’”.:=")
    return name if 0 < len(name) <= _NAME_LIMIT else ""


def _address(text: str, links: Sequence[tuple[str, str]], name: str) -> str | None:
    """The agency's address: written beside its name, or behind the words that are its name."""
    if found := _ADDRESS.search(text):
        address = found[0].rstrip(".,;:'\"’”")
        return address if "://" in address else f"https://{address}"
    for address, words in links:
        if address.startswith(("https://", "http://")) and name and (name in words or (words and words in name)):
            return address
    return None


def _maker(line: Line) -> str:
    for pattern in _MAKER:
        if found := pattern.search(line.text):
            return _fold(found[1])
    return ""


def _stated(front: Mapping[str, Any]) -> Attribution:
    """What the front matter says: `attribution: {name, url, licence}`, or `source`, `source_url`, `license`, `kogl`."""
    record = front.get("attribution")
    given = record if isinstance(record, dict) else {"name": record} if isinstance(record, str) else {}
    name = _word(given.get("name")) or _word(front.get("source"))
    url = _word(given.get("url")) or _word(front.get("source_url"))
    licence = given.get("licence") or given.get("license") or front.get("licence") or front.get("license")
    if name.startswith(("http://", "https://")):
        name, url = "", url or name
    kind = _kind(_word(licence)) or _kind(f"KOGL {_word(front.get('kogl'))}")
    return Attribution(name=name, url=url or None, licence=kind, text=_word(given.get("text")))


def _kind(text: str) -> str | None:
    """The licence a front matter value names: a KOGL type as "KOGL-n", anything else as it stands."""
    for pattern in _TYPES if _NAMED.search(text) else ():
        if found := pattern.search(text):
            return f"KOGL-{found[1]}"
    return None if _NAMED.search(text) or not text else text[:_NAME_LIMIT]


def _word(value: Any) -> str:
    return _fold(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _fold(words: str) -> str:
    return " ".join(words.split())


def _clip(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
