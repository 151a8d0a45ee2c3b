"""What an article is about: its own categories first, then words in its title, then in its excerpt.

Words come from `config/topics.toml`. Nothing here is a pattern from outside: matching is plain search, linear in the
text, so neither a topic file nor a long article can make it slow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from newsbot.core.model import Topic

MOST = 2  # topics of one article
ALL, NONE = "all", "none"
"""What readers call every topic, and no topic: keywords alone. No topic may have such an id."""
_SURE = 2  # words that a second topic needs
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
MOST_TOPICS = 64
MOST_WORDS = 500  # of one list; with the limits below an article costs milliseconds, whatever the file says (A27)
MOST_WORD = 60  # characters
_NAMES = ("id", "ko", "en", "hashtag")
_LISTS = ("aliases", "keywords")
# What is searched; the longest of 7,478 real titles has 69 characters, the longest excerpt 561 (messages §0, §10).
_MOST_TITLE = 500
_MOST_EXCERPT = 2000


def fold(text: str) -> str:
    """The text for comparing: one normal form, one width, one case, one middle dot."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text).translate(_DOTS)).casefold()


def read(table: Mapping[str, Any]) -> tuple[Topic, ...]:
    """The topics a parsed `topics.toml` states. Raises ValueError with one line that names the topic, key and limit."""
    rows = table.get("topic")
    if not isinstance(rows, list) or not rows or set(table) != {"topic"}:
        raise ValueError("topics stand in [[topic]] tables, and nothing else does")
    if len(rows) > MOST_TOPICS:
        raise ValueError(f"[[topic]]: at most {MOST_TOPICS}, there are {len(rows)}")
    found = [_topic(row, place) for place, row in enumerate(rows, 1)]
    for place, topic in enumerate(found):
        if topic.id in (ALL, NONE):
            raise ValueError(f"[[topic]] id {topic.id!r}: means every topic or none; choose another id")
        if any(topic.id == other.id for other in found[:place]):
            raise ValueError(f"[[topic]] id {topic.id!r}: stands there twice")
    return tuple(found)


def _topic(row: Any, place: int) -> Topic:
    """One table of the file."""
    if not isinstance(row, Mapping):
        raise ValueError(f"[[topic]] {place}: not a table")
    name = f"[[topic]] {row.get('id', place)}"
    for key in row:
        if key not in (*_NAMES, *_LISTS):
            raise ValueError(f"{name}: unknown key {key}; known are {', '.join((*_NAMES, *_LISTS))}")
    for key in ("id", "ko", "en"):
        if key not in row:
            raise ValueError(f"{name}: {key} is missing")
    words = {key: row.get(key, row["ko"]) for key in _NAMES}
    for key, word in words.items():
        if not isinstance(word, str) or not 1 <= len(word) <= MOST_WORD:
            raise ValueError(f"{name} {key}: must be 1 to {MOST_WORD} characters")
    aliases, keywords = (_list(row.get(key, []), f"{name} {key}") for key in _LISTS)
    return Topic(**words, aliases=aliases, keywords=keywords)


def _list(words: Any, name: str) -> tuple[str, ...]:
    """One list of words."""
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{name}: must be a list of words in quotes")
    if len(words) > MOST_WORDS:
        raise ValueError(f"{name}: at most {MOST_WORDS} words, has {len(words)}")
    for word in words:
        if not 1 <= len(_squeeze(word)) <= MOST_WORD:
            raise ValueError(f"{name}: {word[:20]!r} must have 1 to {MOST_WORD} characters")
    return tuple(words)


def find(
    topics: Sequence[Topic], categories: Sequence[str], tags: Sequence[str], title: str, excerpt: str
) -> tuple[str, ...]:
    """One or two topic ids, the surest first; () where nothing fits ("other")."""
    return tuple(identity for identity, _ in explain(topics, categories, tags, title, excerpt))


def explain(
    topics: Sequence[Topic], categories: Sequence[str], tags: Sequence[str], title: str, excerpt: str
) -> tuple[tuple[str, str], ...]:
    """The topic ids of `find`, each with what gave it: "category 경제", "tag 금융", "keyword 반도체 in title".

    The excerpt is asked only when category and title say nothing: a word in passing must not reach a topic's readers.
    For the same reason a second topic found by words needs two of them, in title and excerpt together.
    """
    found: dict[str, str] = {}
    for kind, names in (("category", categories), ("tag", tags)):
        for name in names:
            if topic := lookup(topics, name):
                found.setdefault(topic.id, f"{kind} {name}")
    title, excerpt = title[:_MOST_TITLE], excerpt[:_MOST_EXCERPT]
    if len(found) < MOST:
        _add(found, topics, title, "title", excerpt)
    if not found:
        _add(found, topics, excerpt, "excerpt")
    return tuple(found.items())[:MOST]


def _add(found: dict[str, str], topics: Sequence[Topic], text: str, where: str, more: str = "") -> None:
    """Add the topics named by words of one text: the first as it is, any other where two of its words are named."""
    named = _named(topics, text)
    also = _named(topics, more) if len(named) > 1 else {}
    for place, (identity, keywords) in enumerate(named.items()):
        if place == 0 or len({*keywords, *also.get(identity, ())}) >= _SURE:
            found.setdefault(identity, f"keyword {keywords[0]} in {where}")


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
    return _place(_words(text), _squeeze(keyword).rstrip("*")) >= 0


def _named(topics: Sequence[Topic], text: str) -> dict[str, list[str]]:
    """Topic id → its keywords that stand there, in order, by where each topic's first one stands.

    The file's order settles a tie. Only keywords that begin as a word does are looked at: a thousand cost as much as ten.
    """
    words, index = _words(text), _index(tuple(topics))
    hits = []
    for at in words.starts:
        for begin in (words.text[at : at + 2], words.text[at : at + 1]):
            for order, identity, keyword in index.get(begin, ()):
                if _stands(words, at, keyword):
                    hits.append((at, order, keyword, identity))
    found: dict[str, list[str]] = {}
    for _, _, keyword, identity in sorted(hits):
        if keyword not in found.setdefault(identity, []):
            found[identity].append(keyword)
    return found


@lru_cache(maxsize=16)
def _index(topics: tuple[Topic, ...]) -> dict[str, list[tuple[int, str, str]]]:
    """(place of the topic in its file, topic id, keyword) by the keyword's first two characters, or its only one."""
    index: dict[str, list[tuple[int, str, str]]] = {}
    for order, topic in enumerate(topics):
        for keyword in dict.fromkeys(map(_squeeze, topic.keywords)):
            if bare := keyword.removesuffix("*"):
                index.setdefault(bare[:2], []).append((order, topic.id, keyword))
    return index


def squeezed(keyword: str) -> str:
    """The keyword as it is looked for: folded, without blanks and middle dots."""
    return _squeeze(keyword)


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
    while at >= 0 and not (at in words.starts and _stands(words, at, keyword)):
        at = words.text.find(keyword, at + 1)
    return at


def _stands(words: _Words, at: int, keyword: str) -> bool:
    """Whether the word that begins there is the keyword; "반도체*" is any that begins so."""
    bare = keyword.removesuffix("*")
    if not words.text.startswith(bare, at):
        return False
    end = at + len(bare)
    return bare != keyword or _may_follow(words.text[end : words.ends[end - 1]], bare)


def _may_follow(rest: str, keyword: str) -> bool:
    """Nothing or particles; after a lone Hanja sign (headline shorthand: 北미사일) any Hangul."""
    if not rest:
        return True
    if len(keyword) == 1 and "\u4e00" <= keyword <= "\u9fff":
        return "가" <= rest[0] <= "힣"
    return len(rest) <= _MOST_PARTICLES and _all_particles(rest)


def stem(word: str) -> str:
    """The word without its particles: 서울에서는 is 서울. At least one character stays."""
    for length in range(min(_LONGEST_PARTICLE, len(word) - 1), 0, -1):
        if word[-length:] in PARTICLES:
            return stem(word[:-length]) if len(word) - length > 1 else word[:-length]
    return word


def _all_particles(rest: str) -> bool:
    """Whether the rest is a chain of particles, tried from the left; each offset is settled once."""
    reached = {0}
    for end in range(1, len(rest) + 1):
        begins = range(max(0, end - _LONGEST_PARTICLE), end)
        if any(begin in reached and rest[begin:end] in PARTICLES for begin in begins):
            reached.add(end)
    return len(rest) in reached
