"""How much of what readers see an edit changes: small ones follow by themselves, large ones wait for a person.

The careful side wins: what is not known to be harmless is large.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import Literal

from newsbot.core import text, topics, twins
from newsbot.core.model import Story

Size = Literal["none", "small", "large"]

LIKE = 0.8
"""Similarity of headlines below which the change is large whatever else it is."""
_MOST = 4000  # characters of an excerpt that are compared; alerts show at most 280
_HANGUL = re.compile(r"[가-힣]+")
_NOT_LETTERS = re.compile(r"[\W_]+")
_MOST_JAMO = 2  # letters by which a long noun may differ and still be the same one, spelt right
_LONG = 4  # syllables: few pairs of real words of that length differ by so little
_NAMES = re.compile(r"[시군구읍면동리도역항산강섬당청처부]$")
"""How places and offices end: another one is another fact."""
_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진나지엄채원천방공현함변염여추도소석"
)
_VERBS = re.compile(r"[다고며서면니지]$")
"""How verbs end: 죽였다고 and 죽었다고 differ by one letter."""
_MISSPELT = {
    "됬": "됐",
    "됏": "됐",
    "햇다": "했다",
    "햇고": "했고",
    "혓": "혔",
    "엇다": "었다",
    "앗다": "았다",
    "겟다": "겠다",
    "잇다": "있다",
    "잇는": "있는",
    "잇고": "있고",
    "할께": "할게",
    "몇일": "며칠",
    "오랫만": "오랜만",
    "웬지": "왠지",
    "왠만": "웬만",
    "금새": "금세",
    "역활": "역할",
    "희안": "희한",
    "컨텐츠": "콘텐츠",
    "콘텐트": "콘텐츠",
    "메세지": "메시지",
    "리더쉽": "리더십",
    "까페": "카페",
    "쥬스": "주스",
    "텔레비젼": "텔레비전",
    "비젼": "비전",
    "설레임": "설렘",
    "어떻해": "어떡해",
    "할려고": "하려고",
    "안되": "안돼",
    "뵈요": "봬요",
    "갯수": "개수",
    "댓가": "대가",
    "촛점": "초점",
    "헛점": "허점",
}
"""Usual misspellings and the right words; of anything else nobody knows whether it is spelling or another word."""
_PARTICLES = (topics.PARTICLES | {"서"}) - {"나", "이나"}
"""서 is a headline's 에서; 나 is oftener the end of a name."""
_LONGEST = max(map(len, _PARTICLES))
_FITS = {"은": True, "이": True, "을": True, "과": True, "는": False, "가": False, "를": False, "와": False}
"""Whether a particle follows a consonant; the others follow either."""
_ROLES = {
    **dict.fromkeys(("이", "가", "은", "는", "께서"), "who"),
    **dict.fromkeys(("을", "를"), "whom"),
    **dict.fromkeys(("에", "에게", "께"), "to"),
    **dict.fromkeys(("에서", "서", "부터"), "from"),
}
"""What a word does in its sentence, by its particle; two that change are a swap of who did it to whom."""


def change(before: Story, after: Story) -> Size:
    """What the edit from one story to the other amounts to for readers of headline, excerpt, credit and notes."""
    if _seen(before) == _seen(after):
        return "none"
    if (before.labels, before.attribution, before.notes) != (after.labels, after.attribution, after.notes):
        return "large"
    if twins.similarity(_spelt(before.headline), _spelt(after.headline)) < LIKE:
        return "large"
    if not _same(before.headline, after.headline):
        return "large"
    return "small" if _follows(text.line(before.excerpt[:_MOST]), text.line(after.excerpt[:_MOST])) else "large"


def _seen(story: Story) -> tuple[object, ...]:
    """What readers see of it."""
    return text.line(story.headline), text.line(story.excerpt), story.labels, story.attribution, story.notes


def _follows(before: str, after: str) -> bool:
    """Whether the later excerpt says what the earlier said, sentence by sentence, and at most goes on after it."""
    old, new = text.sentences(before), text.sentences(after)
    if not old:
        return not new or (twins.numbers(new[0]), twins.turns(new[0])) == ((), twins.turns(""))
    return len(new) >= len(old) and all(_same(a, b) for a, b in zip(old, new, strict=False))


def _same(before: str, after: str) -> bool:
    """Whether two sentences tell the same: only typography, spelling and particles differ."""
    if twins.numbers(before) != twins.numbers(after) or twins.turns(before) != twins.turns(after):
        return False
    if _letters(before) == _letters(after):
        return True
    old, new = _words(before), _words(after)
    swapped = 0
    for move, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if move != "equal":
            if not _same_words(old[a:b], new[c:d]):
                return False
            swapped += sum(_role(one) != _role(other) for one, other in zip(old[a:b], new[c:d], strict=False))
    return swapped < 2


def _same_words(old: list[str], new: list[str]) -> bool:
    """Whether one run of words stands for the other: put together differently, or each the same word spelt right."""
    if _spelt("".join(old)) == _spelt("".join(new)):
        return True
    return len(old) == len(new) and all(_same_word(a, b) for a, b in zip(old, new, strict=True))


def _same_word(old: str, new: str) -> bool:
    """The same but for its particle, or for a letter or two of a long noun that is no name."""
    a, b = _spelt(_stem(old)), _spelt(_stem(new))
    if a == b:
        return True
    if min(len(a), len(b)) < _LONG or any(_NAMES.search(word) or _VERBS.search(word) for word in (a, b)):
        return False
    return _HANGUL.fullmatch(a + b) is not None and a[0] not in _SURNAMES and _distance(a, b) <= _MOST_JAMO


def _role(word: str) -> str:
    """What the word's particle makes of it; "" where it has none of these."""
    return _ROLES.get(word[len(_stem(word)) :], "")


def _stem(word: str) -> str:
    """The word without its particles, two syllables at least; 은 in 김가은 is none, for after a vowel it would be 는."""
    least = 2 if _HANGUL.match(word) else 1
    for length in range(min(_LONGEST, len(word) - least), 0, -1):
        short, particle = word[:-length], word[-length:]
        if particle in _PARTICLES and _FITS.get(particle, _ends_in_consonant(short)) == _ends_in_consonant(short):
            return _stem(short)
    return word


def _ends_in_consonant(word: str) -> bool:
    return "가" <= word[-1] <= "힣" and (ord(word[-1]) - ord("가")) % 28 > 0


def _spelt(word: str) -> str:
    """The word without the usual misspellings."""
    for wrong, right in _MISSPELT.items():
        word = word.replace(wrong, right)
    return word


def _distance(a: str, b: str) -> int:
    """Hangul letters that differ."""
    left, right = unicodedata.normalize("NFD", a), unicodedata.normalize("NFD", b)
    moves = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for move, i1, i2, j1, j2 in moves if move != "equal")


def _letters(sentence: str) -> str:
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", sentence).casefold())


def _words(sentence: str) -> list[str]:
    """Its words without punctuation."""
    return _NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", sentence).casefold()).split()
