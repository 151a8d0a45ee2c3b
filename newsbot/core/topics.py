"""What an article is about: its own categories first, then words in its title, then in its excerpt.

Words come from `config/topics.toml`. Nothing here is a pattern from outside: matching is plain search, linear in the
text, so neither a topic file nor a long article can make it slow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from newsbot.core.model import Topic

MOST = 2  # topics of one article
_LIKE_ENOUGH = 0.6  # of 1; "겅제" is like "경제", "정치" is not

# What may follow a keyword inside its word. A word is matched at its start, so 서울 finds 서울은 but not 서울대.
PARTICLES = frozenset(
    [
        *("이", "가", "은", "는", "을", "를", "의", "에", "에서", "에게", "께", "께서", "와", "과", "도", "만"),
        *("로", "으로", "부터", "까지", "보다", "처럼", "이나", "나", "하고", "이며", "라고", "이라고"),
        *("측", "씨", "들"),
    ]
)
_LONGEST_PARTICLE = max(map(len, PARTICLES))
_MOST_PARTICLES = 12  # characters; 에서부터까지는 is 7
_DOTS = str.maketrans({"ㆍ": "·", "・": "·", "･": "·", "‧": "·", "•": "·"})
_WORD = re.compile(r"\w+")
_CROSSED = re.compile(r"[\s·]*")


def fold(text: str) -> str:
    """The text for comparing: one normal form, one width, one case, one middle dot."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text).translate(_DOTS)).casefold()


def find(
    topics: Sequence[Topic], categories: Sequence[str], tags: Sequence[str], title: str, excerpt: str
) -> tuple[str, ...]:
    """One or two topic ids, the surest first; () where nothing fits ("other").

    The excerpt is asked only when category and title say nothing: a word in passing must not reach a topic's readers.
    """
    found: list[str] = []
    for name in (*categories, *tags):
        topic = lookup(topics, name)
        if topic:
            _add(found, topic.id)
    if len(found) < MOST:
        for identity in _by_keyword(topics, title):
            _add(found, identity)
    if not found:
        for identity in _by_keyword(topics, excerpt):
            _add(found, identity)
    return tuple(found[:MOST])


def _add(found: list[str], identity: str) -> None:
    """Keep each topic once, in order."""
    if identity not in found:
        found.append(identity)


def lookup(topics: Sequence[Topic], word: str) -> Topic | None:
    """The topic of this id, label, hashtag or alias (case, width, blanks and form of dots do not matter), or None."""
    return _names(tuple(topics)).get(_name(word)) if word else None


def nearest(topics: Sequence[Topic], word: str) -> Topic | None:
    """The topic whose name looks most like a mistyped one, or None when none is near. Compared by Hangul letters."""
    typed = unicodedata.normalize("NFD", _name(word[:40]))
    best, best_ratio = None, _LIKE_ENOUGH
    for name, topic in _names(tuple(topics)).items():
        ratio = SequenceMatcher(None, typed, unicodedata.normalize("NFD", name), autojunk=False).ratio()
        if ratio > best_ratio:
            best, best_ratio = topic, ratio
    return best


def _name(word: str) -> str:
    """A name for comparing: folded, without blanks and a leading "#"."""
    return "".join(fold(word).split()).removeprefix("#")


@lru_cache(maxsize=16)
def _names(topics: tuple[Topic, ...]) -> dict[str, Topic]:
    """Every way to name a topic; an id or label beats another topic's alias."""
    names: dict[str, Topic] = {}
    for topic in topics:
        for word in (topic.id, topic.ko, topic.en, topic.hashtag):
            names.setdefault(_name(word), topic)
    for topic in topics:
        for word in topic.aliases:
            names.setdefault(_name(word), topic)
    return names


# --- keywords -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """A text without blanks and middle dots: 한·미 정상 회담 and 한미정상회담 read the same.

    `starts` are offsets at which a word begins; `ends[i]` is where the word of character i ends.
    """

    text: str
    starts: frozenset[int]
    ends: tuple[int, ...]


def matches(text: str, keyword: str) -> bool:
    """Whether the keyword stands in the text at a word's start, followed by nothing but particles."""
    return _place(_words(text), _squeeze(keyword)) >= 0


def _by_keyword(topics: Sequence[Topic], text: str) -> Iterator[str]:
    """Topic ids by where their first keyword stands; the file's order settles a tie."""
    words = _words(text)
    hits = []
    for order, (identity, keywords) in enumerate(_keywords(tuple(topics))):
        places = [place for place in (_place(words, keyword) for keyword in keywords) if place >= 0]
        if places:
            hits.append((min(places), order, identity))
    return (identity for _, _, identity in sorted(hits))


@lru_cache(maxsize=16)
def _keywords(topics: tuple[Topic, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Per topic its keywords and aliases, squeezed as the texts are."""
    return tuple((t.id, tuple(dict.fromkeys(map(_squeeze, (*t.keywords, *t.aliases))))) for t in topics)


def _squeeze(keyword: str) -> str:
    """The keyword as it is looked for."""
    return _CROSSED.sub("", fold(keyword))


def _words(text: str) -> _Words:
    """The text squeezed, with the places of its words. Other punctuation stays, so nothing matches across it."""
    folded = fold(text)
    parts: list[str] = []
    starts: set[int] = set()
    ends: list[int] = []
    last = 0
    for found in _WORD.finditer(folded):
        gap = _CROSSED.sub("", folded[last : found.start()])
        ends += range(len(ends) + 1, len(ends) + len(gap) + 1)
        starts.add(len(ends))
        ends += [len(ends) + len(found[0])] * len(found[0])
        parts += (gap, found[0])
        last = found.end()
    return _Words("".join(parts), frozenset(starts), tuple(ends))


def _place(words: _Words, keyword: str) -> int:
    """Where the keyword stands as a word, or -1."""
    at = words.text.find(keyword) if keyword else -1
    while at >= 0:
        end = at + len(keyword)
        if at in words.starts and _may_follow(words.text[end : words.ends[end - 1]], keyword):
            return at
        at = words.text.find(keyword, at + 1)
    return -1


def _may_follow(rest: str, keyword: str) -> bool:
    """Nothing or particles; after a lone Hanja sign (headline shorthand: 北미사일) any Hangul."""
    if not rest:
        return True
    if len(keyword) == 1 and "\u4e00" <= keyword <= "\u9fff":
        return "가" <= rest[0] <= "힣"
    return len(rest) <= _MOST_PARTICLES and _all_particles(rest)


def _all_particles(rest: str) -> bool:
    """Whether the rest is a chain of particles, tried from the left; each offset is settled once."""
    reached = {0}
    for end in range(1, len(rest) + 1):
        begins = range(max(0, end - _LONGEST_PARTICLE), end)
        if any(begin in reached and rest[begin:end] in PARTICLES for begin in begins):
            reached.add(end)
    return len(rest) in reached
