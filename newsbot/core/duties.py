"""What a text obliges us to: advertising is no news, polls and suicides have rules of their own, AI is disclosed.

The words come from `config/duties.toml`. They are looked for as they stand, blanks, width and case aside: no pattern
comes from outside, and the time is linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from newsbot.core.model import Article

MARKS = ("advertising", "poll", "poll-incomplete", "suicide", "ai")
"""Every mark, in the order they are given."""

MOST_START, MOST_END = 200_000, 50_000
"""Characters that are read of a longer page: its start, and its end, where disclosures and help lines stand (A27)."""

MOST_PHRASES = 200
LEAST_LENGTH, MOST_LENGTH = 2, 100  # characters of one phrase, blanks aside

_KEYS = {
    "advertising": ("categories", "phrases"),
    "poll": ("words", "about", "client", "agency", "period", "sentence"),
    "suicide": ("words", "except", "helpline"),
}
_FIGURE = re.compile(r"[0-9](?:%|퍼센트|percent|포인트|p\b)")


@dataclass(frozen=True, slots=True)
class Duties:
    """What `config/duties.toml` says, as it is looked for: folded and without blanks, those on suicide with and without."""

    ad_categories: frozenset[str] = frozenset()
    ad_phrases: tuple[str, ...] = ()
    poll_words: tuple[str, ...] = ()
    poll_about: tuple[str, ...] = ()
    poll_parts: tuple[tuple[str, ...], ...] = ()
    suicide_words: tuple[str, ...] = ()
    suicide_except: tuple[str, ...] = ()
    suicide_helpline: tuple[str, ...] = ()


def read(table: Mapping[str, Any]) -> Duties:
    """The duties a parsed `duties.toml` states. Raises ValueError with one line that names the key and the limit.

    Every key must stand there: a list left out by mistake would switch its rule off without a word; [] does so openly.
    """
    for section in table:
        if section not in _KEYS:
            raise ValueError(f"[{section}]: unknown; known are {', '.join(f'[{name}]' for name in _KEYS)}")
    lists = {section: _section(table, section) for section in _KEYS}
    ads, poll, suicide = lists["advertising"], lists["poll"], lists["suicide"]
    return Duties(
        ad_categories=frozenset(ads["categories"]),
        ad_phrases=ads["phrases"],
        poll_words=poll["words"],
        poll_about=poll["about"],
        poll_parts=tuple(poll[name] for name in ("client", "agency", "period", "sentence")),
        suicide_words=suicide["words"],
        suicide_except=suicide["except"],
        suicide_helpline=suicide["helpline"],
    )


def marks(duties: Duties, article: Article, body: str) -> tuple[str, ...]:
    """The marks of an article whose page says `body` (as readers see it, without markup), in the order of `MARKS`.

    What the article is marked with already stays.
    """
    if len(body) > MOST_START + MOST_END:
        body = f"{body[:MOST_START]}\n{body[-MOST_END:]}"
    head = _fold(f"{article.title}\n{article.excerpt}")
    page = f"{head}\n{_fold(body)}"
    tight = page.replace(" ", "")
    found = set(article.marks)
    if _is_advertising(duties, article, tight):
        found.add("advertising")
    if _is_poll(duties, head.replace(" ", ""), tight):
        found.add("poll" if _complete(duties, tight) else "poll-incomplete")
    if _is_suicide(duties, head, page):
        found.add("suicide")
    return tuple(mark for mark in MARKS if mark in found)


def _is_advertising(duties: Duties, article: Article, page: str) -> bool:
    """A category that says so, or the disclosure the law asks of who was paid."""
    named = any(_squeeze(name) in duties.ad_categories for name in article.categories)
    return named or _any(duties.ad_phrases, page)


def _is_poll(duties: Duties, head: str, page: str) -> bool:
    """A poll about those in office or running, with its result in per cent: named in headline or excerpt, or in one
    paragraph with the figure."""
    if not _any(duties.poll_words, page) or not _any(duties.poll_about, page):
        return False
    if _any(duties.poll_words, head):
        return _FIGURE.search(page) is not None
    lines = page.split("\n")
    return any("%" in line and _any(duties.poll_words, line) and _any(duties.poll_about, line) for line in lines)


def _complete(duties: Duties, page: str) -> bool:
    """Whether it says all that a report of an election poll has to (messages §8)."""
    return all(_any(part, page) for part in duties.poll_parts)


def _is_suicide(duties: Duties, head: str, page: str) -> bool:
    """A word for it that is no idiom and no prevention policy, or a help line under an item that is not about those."""
    if _any(duties.suicide_helpline, page) and not _any(duties.suicide_except, head):
        return True
    if not _any(duties.suicide_words, page):
        return False
    for phrase in (*duties.suicide_helpline, *duties.suicide_except):
        page = page.replace(phrase, "\n")
    return any(_begins_a_word(word, page) for word in duties.suicide_words)


def _begins_a_word(word: str, page: str) -> bool:
    """Whether a word there begins so: 혼자살기 is no 자살."""
    at = page.find(word)
    while at > 0 and page[at - 1].isalnum():
        at = page.find(word, at + 1)
    return at >= 0


def _any(phrases: Iterable[str], page: str) -> bool:
    return any(phrase in page for phrase in phrases)


def _fold(words: str) -> str:
    """One width, one case, one blank; line ends stay, so that no phrase is made of the ends of two paragraphs."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    return "\n".join(" ".join(line.split()) for line in folded.split("\n"))


def _squeeze(words: str) -> str:
    """Folded and without blanks."""
    return "".join(_fold(words).split())


def _section(table: Mapping[str, Any], section: str) -> dict[str, tuple[str, ...]]:
    """The lists of one section, checked and squeezed."""
    given = table.get(section)
    if not isinstance(given, Mapping):
        raise ValueError(f"[{section}]: missing")
    for key in given:
        if key not in _KEYS[section]:
            raise ValueError(f"[{section}] {key}: unknown; known are {', '.join(_KEYS[section])}")
    lists = {key: _phrases(given.get(key), f"[{section}] {key}") for key in _KEYS[section]}
    # Words about suicide are too short to look for across blanks: 혼자 살기.
    forms = _both if section == "suicide" else _tight
    return {key: tuple(dict.fromkeys(form for phrase in lists[key] for form in forms(phrase))) for key in lists}


def _tight(phrase: str) -> tuple[str, ...]:
    return (phrase.replace(" ", ""),)


def _both(phrase: str) -> tuple[str, ...]:
    return phrase, phrase.replace(" ", "")


def _phrases(given: Any, name: str) -> tuple[str, ...]:
    """One list of phrases."""
    if given is None:
        raise ValueError(f"{name}: missing; [] switches the rule off")
    if not isinstance(given, list) or not all(isinstance(phrase, str) for phrase in given):
        raise ValueError(f"{name}: must be a list of phrases in quotes")
    if len(given) > MOST_PHRASES:
        raise ValueError(f"{name}: at most {MOST_PHRASES} phrases, has {len(given)}")
    folded = tuple(_fold(phrase.replace("\n", " ")) for phrase in given)
    for phrase, short in zip(given, folded, strict=True):
        if not LEAST_LENGTH <= len(short.replace(" ", "")) <= MOST_LENGTH:
            raise ValueError(
                f"{name}: {phrase[:20]!r} must have {LEAST_LENGTH} to {MOST_LENGTH} characters, not blanks"
            )
    return folded
