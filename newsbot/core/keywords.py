"""Which keywords a text can meet: every beginning of every word of it, looked up, so that a hundred thousand readers' words
cost no more than one's. There are no patterns; what is met and missed is measured in docs/experiments/0003-keywords.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from newsbot.core import topics

MOST = 20
"""Characters of a keyword, blanks not counted."""
FEWEST = 2
MOST_WORDS = 50
"""Keywords of one reader, those not wanted included."""
_MOST_TEXT = 2500  # characters of headline and excerpt; the longest real ones have 69 and 561 (messages §0)
_HANJA = re.compile(r"[\u4e00-\u9fff]")
_SHORTHAND = re.compile(r"[\u4e00-\u9fff]+(?:·[\u4e00-\u9fff]+)*")
_ALSO = re.compile(r"(?:(?<=\d)|(?<=[^\W\d_]{2}))[中日]|[中日](?=\d)")
"""What means something else beside a number or behind a word: 조사中 is "during", 25日 a date, 中3 a class."""
_WORD = re.compile(r"[^\W_]+(?:(?<=[0-9a-z])[&.](?=[0-9a-z])[^\W_]+)*")
_NUMBER = re.compile(r"(?<=\d)[·.](?=\d)")
_NOTHING = re.compile(r"(?:[^\S\n]|·)*|-")
_LONGEST = 12  # characters of what follows a noun; 에게서부터까지는 has 8
_RIEUL = 8  # the place of ㄹ among the final consonants

# What may follow a noun: at most one of each layer, in this order, but for two of the second (에서부터). So 서울 finds
# 서울에서는 and not 서울대, 고속 not 고속도로 (도 comes last).
_CASES = (
    *("에", "에서", "에게", "한테", "께", "께서", "와", "과", "랑", "이랑", "하고", "부터", "까지", "보다"),
    *("로", "으로", "로서", "으로서", "로써", "으로써", "처럼", "만큼", "대로", "마다"),
)
_LAST = (
    *("이", "가", "은", "는", "을", "를", "의", "도", "엔", "에선", "에겐", "론", "으론", "까진", "나", "이나"),
    *("든", "이든", "다", "이다", "였다", "이었다", "일까", "이며", "이고", "인데", "이지만", "입니다"),
    *("라고", "이라고", "라는", "이라는", "이란", "라며", "이라며", "이라면"),
)
_LAYERS = (
    ("들", "씨", "님", "측", "산", "발", "행", "쪽", "형"),
    *(_CASES, _CASES),
    ("만", "뿐", "조차", "마저", "밖에"),
    _LAST,
)
_CLOSED = frozenset(["이", "은", "을", "과", "으로", "으론", "으로서", "으로써", "이나", "이랑", "이든"])
_OPEN = frozenset(["가", "는", "를", "와", "나", "랑", "든", "다", "였다", "라고", "라는", "라며"])
# 체포하다, 체포되다: the forms that stand in headlines.
_PAST = ("다", "다고", "다는", "던", "고", "으며", "지만", "는데", "습니다")
_ADNOMINAL = ("", "다", "다고", "다는", "다며")
_BARE = (
    *("는", "던", "며", "면", "자", "자는", "지", "기", "기로", "려", "려는", "다"),
    *("다가", "거나", "도록", "라", "라는", "게", "면서", "는데"),
)
_DOING = frozenset(
    [
        *("했" + end for end in _PAST),
        *("됐" + end for end in _PAST),
        *("한" + end for end in _ADNOMINAL),
        *("된" + end for end in _ADNOMINAL),
        *("하" + end for end in _BARE),
        *("되" + end for end in _BARE),
        *("해", "해서", "해도", "해야", "돼", "돼야", "할", "될", "합니다", "됩니다", "시킨", "시켜", "당한", "당해"),
    ]
)


class BadWord(ValueError):
    """A keyword that cannot be one; `why` is "short" or "long"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read_shorthand(table: Mapping[str, Any]) -> dict[str, str]:
    """The Hanja a parsed `shorthand.toml` states, each with its word. Raises ValueError with one line."""
    rows = table.get("shorthand")
    if not isinstance(rows, Mapping) or set(table) != {"shorthand"}:
        raise ValueError("Hanja and their words stand in one [shorthand] table, and nothing else does")
    for sign, word in rows.items():
        if not _HANJA.fullmatch(sign):
            raise ValueError(f"[shorthand] {sign!r}: must be one Hanja")
        if not isinstance(word, str) or not FEWEST <= len(word) <= MOST:
            raise ValueError(f"[shorthand] {sign}: its word must have {FEWEST} to {MOST} characters")
    return dict(rows)


def keyword(typed: str, shorthand: Mapping[str, str]) -> str:
    """The one form of a keyword: folded, without blanks, a Hanja shorthand as its word. Raises BadWord."""
    runs = _runs(_spelt(topics.fold(typed), shorthand, together=True))
    found = "".join(word for run in runs for word in run)
    if len(found) < FEWEST:
        raise BadWord("short")
    if len(found) > MOST:
        raise BadWord("long")
    return found


def said(text: str, shorthand: Mapping[str, str]) -> frozenset[str]:
    """Every keyword that matches this text: from a word's start on, up to where only an ending is left of a word."""
    text = topics.fold(text)[:_MOST_TEXT]
    found = set[str]()
    for spelt in {_spelt(text, shorthand, together=together) for together in (False, True)}:
        for run in _runs(spelt):
            for start in range(len(run)):
                whole = ""
                for word in run[start:]:
                    found.update(whole + stem for stem in _stems(word))
                    whole += word
                    if len(whole) >= MOST:
                        break
    return frozenset(word for word in found if FEWEST <= len(word) <= MOST)


def _spelt(text: str, shorthand: Mapping[str, str], *, together: bool) -> str:
    """The text with the shorthand of headlines (美, 北) as words; several signs `together` (韓美) as the word they make, 한미.
    Hanja with any other sign beside it is a word of its own: 北京 is no 北."""

    def word(found: re.Match[str]) -> str:
        signs = found[0].replace("·", "")
        if not all(sign in shorthand for sign in signs) or (len(signs) == 1 and _ALSO.match(text, found.start())):
            return found[0]
        if together and len(signs) > 1:
            return f" {''.join(shorthand[sign][0] for sign in signs)} "
        return f" {' '.join(shorthand[sign] for sign in signs)} "

    return _SHORTHAND.sub(word, text)


def _runs(text: str) -> list[list[str]]:
    """Words that may make a keyword together: nothing but blanks, middle dots or a hyphen is between them. Nothing matches
    across lines and other punctuation, but for what is inside R&D and 5.18."""
    found: list[list[str]] = []
    last = 0
    for word in _WORD.finditer(text := _NUMBER.sub(".", text)):
        if not found or not _NOTHING.fullmatch(text, last, word.start()):
            found.append([])
        found[-1].append(word[0])
        last = word.end()
    return found


@lru_cache(maxsize=16384)
def _stems(word: str) -> tuple[str, ...]:
    """The word, and what it may be without its ending: 체포됐다는 is 체포."""
    cuts = range(max(1, len(word) - _LONGEST), min(len(word), MOST + 1))
    ends = (at for at in cuts if _is_ending(word[at - 1], word[at:]) or _is_plural(word[:at], word[at:]))
    return (word, *(word[:at] for at in ends))


def _is_plural(word: str, rest: str) -> bool:
    return rest in ("s", "es") and len(word) > 2 and word.isascii() and word.isalpha()


def _is_ending(last: str, rest: str) -> bool:
    """Whether that may follow a noun that ends with this sign: particles in the order Korean has them, or "to do" it."""
    if rest in _DOING:
        return True
    reached = {0}
    for layer in _LAYERS:
        reached |= {
            begin + len(part)
            for begin in reached
            for part in layer
            if rest.startswith(part, begin) and _agrees(rest[begin - 1] if begin else last, part)
        }
    return len(rest) in reached


def _agrees(last: str, part: str) -> bool:
    """Whether this form of the particle stands behind that sign: 이 behind a final consonant, 가 where there is none."""
    if not "가" <= last <= "힣":
        return True
    final = (ord(last) - 0xAC00) % 28
    if part in ("로", "로서", "로써", "론"):
        return final in (0, _RIEUL)
    return final > 0 if part in _CLOSED else final == 0 if part in _OPEN else True
