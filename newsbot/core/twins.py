"""Which earlier story a new headline repeats, and which one it continues.

Both are judged by the pairs of neighbouring letters two headlines share. How well that works is measured on a labelled
set: `docs/editorial.md`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from zoneinfo import ZoneInfo

from newsbot.core import lineage, topics
from newsbot.core.lineage import Lineage
from newsbot.core.model import Article, Story

TWIN = 0.7
"""Similarity from which two headlines of one source on one day are the same news."""
KIN = 0.5
"""Similarity from which a tagged piece continues an earlier one (messages §5)."""
LONGEST = timedelta(hours=12)
"""How long after a story its takes are looked for (messages §5)."""
REPEATS = timedelta(hours=6)
"""The same for [속보] and [1보], which may as well begin another story (messages §5)."""

_AKIN = 0.6  # from which two words are forms of one; 호우주의보 and 폭염주의보 have 0.5
_MOST = 500  # characters of a headline that are compared; the longest of 7,478 real ones has 69
_NOT_LETTERS = re.compile(r"[\W_]+")
# Headline shorthand by its reading, so that 韓美 is 한미 and 北 is near 북한.
_HANJA = str.maketrans("北美中日韓英佛獨露與野檢警軍靑株尹南", "북미중일한영불독러여야검경군청주윤남")
_NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
_COUNTED = re.compile(
    r"(?<![가-힣])(한|두|세|네|석|넉|다섯|여섯|일곱|여덟|아홉|열|첫|둘|셋|넷|하루|이틀|사흘|나흘|닷새|수십|수백|수천)"
    r"(?=\s?(?:명|번|차례|곳|건|개|사람|마리|채|대|척|달|해|시간|배|경기|[째 ]))"
)
# Words that turn a headline into another one however alike the rest is; each pair by both ends.
_TURNS = (
    *("상승", "하락", "급등", "급락", "인상", "인하", "증가", "감소", "찬성", "반대", "가결", "부결", "통과", "무산"),
    *("승리", "패배", "우승", "탈락", "유죄", "무죄", "구속", "석방", "기각", "인용", "발령", "해제", "발효", "재개"),
    *("중단", "개막", "폐막", "당선", "낙선", "취임", "사임", "사퇴", "확정", "취소", "연기", "철회", "흑자", "적자"),
    *("사망", "생존", "구조", "실종", "허용", "금지", "합의", "결렬", "시작", "종료", "개통", "통제", "진화", "확산"),
)
# 안 before a noun is "inside" (터널 안 버스), so it negates only where a verb follows.
_NEGATIONS = re.compile(
    r"(?<![가-힣])(?:안\s?[하한할해했돼된되될가간갈나난내낸받왔온올쓰먹]|못\s)|않|없|못[하해했한할]|아니|불가|거부|부인"
)


def similarity(a: str, b: str) -> float:
    """How alike two headlines are, 0 to 1: Dice's measure over letter pairs, tags, blanks and punctuation aside."""
    return _dice("".join(_words(a)), "".join(_words(b)))


def _dice(left: str, right: str) -> float:
    """Twice the letter pairs they share, by all they have."""
    if len(left) < 2 or len(right) < 2:
        return float(left == right and bool(left))
    pairs, others = _pairs(left), _pairs(right)
    return 2 * (pairs & others).total() / (pairs.total() + others.total())


def numbers(words: str) -> tuple[str, ...]:
    """The numbers in these words in their order, counted words (두 명) among them; "1,000" is "1000"."""
    folded = unicodedata.normalize("NFKC", words)
    found = [(m.start(), m[0].replace(",", "")) for m in _NUMBER.finditer(folded)]
    found += [(m.start(), m[1]) for m in _COUNTED.finditer(folded)]
    return tuple(number for _, number in sorted(found))


def turns(words: str) -> frozenset[str]:
    """What turns a statement round: those of its words that have an opposite, and "not" with how many negations."""
    # Without blanks: "확인 하고" must not lose the 인하 that 확인하고 seems to have.
    squeezed = "".join(words.split())
    negations = len(_NEGATIONS.findall(words))
    return frozenset(turn for turn in _TURNS if turn in squeezed) | {f"not {negations}"}


def alike(a: str, b: str) -> bool:
    """Whether two headlines tell the same: hardly another word, and the same facts."""
    return similarity(a, b) >= TWIN and same_facts(a, b)


def same_facts(a: str, b: str) -> bool:
    """Whether two headlines that read alike have the same numbers, nothing turned round and no other who or what."""
    a, b = a[:_MOST], b[:_MOST]
    return (
        numbers(a) == numbers(b)
        and turns(a) == turns(b)
        and not _swapped([*map(topics.stem, _words(a))], [*map(topics.stem, _words(b))])
    )


def _swapped(old: list[str], new: list[str]) -> bool:
    """Whether one word stands in another's place (예시군, 보기군). The last, the verb of a headline, may be re-worded."""
    for move, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if move == "replace" and b - a == d - c:
            pairs = list(zip(old[a:b], new[c:d], strict=True))
            if b == len(old) and d == len(new):
                pairs.pop()
            if not all(_akin(one, other) for one, other in pairs):
                return True
    return False


def _akin(a: str, b: str) -> bool:
    """Whether two words may be forms of one: 올라 and 올랐다, 서울 and 서울시."""
    return a.startswith(b) or b.startswith(a) or _dice(a, b) >= _AKIN


def twin(headline: str, source: str, day: date, stories: Sequence[Story], zone: str) -> Story | None:
    """The story of this source, accepted on that day in that zone, whose headline is nearly this one; None without.

    A story that waits or was dropped is nobody's twin: nobody heard it. Of several the loudest is meant, then the first.
    """
    here = ZoneInfo(zone)
    words = lineage.read(headline).headline
    found = [
        story
        for story in stories
        if _told(story, source) and _at(story).astimezone(here).date() == day and alike(words, story.headline)
    ]
    return min(found, key=lambda one: (one.silent, one.urgency.lane, one.accepted_at), default=None)


def parent(article: Article, read: Lineage, stories: Sequence[Story], now: datetime) -> tuple[Story, int] | None:
    """The first alert of the story that a tagged article continues, and which take of it this is; None: it starts one.

    Looked for among what this source told within `LONGEST` (`REPEATS` for [속보] and [1보]), by address, then by words.
    """
    if not read.continues:
        return None
    since = now - (LONGEST if read.silent else REPEATS)
    known = {story.id: story for story in stories if _told(story, article.source)}
    near = [(_kinship(article, read, one), one.accepted_at, one.id) for one in known.values() if _at(one) >= since]
    best = max((one for one in near if one[0] >= KIN), default=None)
    if best is None:
        return None
    root = _root(known[best[2]], known)
    return root, _take(read, root, known.values())


def overtaken(read: Lineage, root: Story, stories: Sequence[Story]) -> bool:
    """Whether a higher take of this story was told already: then this one is for the record (messages §5)."""
    if not _plain(read.labels):
        return False
    later = [story for story in stories if _told(story, root.source) and story.parent == root.id]
    return any(_plain(story.labels) > read.number for story in later)


def decorations(images: Iterable[str | None], least: int = 3) -> frozenset[str]:
    """The images so many articles share that they show nothing of any (messages §0: one on 85 % of an archive)."""
    counted = Counter(image for image in images if image)
    return frozenset(image for image, times in counted.items() if times >= least)


@lru_cache(maxsize=2048)
def _words(headline: str) -> tuple[str, ...]:
    """A headline's words for comparing, with their particles, without tags and punctuation."""
    words = lineage.read(headline[:_MOST]).headline.translate(_HANJA)
    return tuple(_NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", words).casefold()).split())


def _pairs(letters: str) -> Counter[str]:
    return Counter(letters[at : at + 2] for at in range(len(letters) - 1))


def _at(story: Story) -> datetime:
    return datetime.fromtimestamp(story.accepted_at, UTC)


def _told(story: Story, source: str) -> bool:
    """Whether readers were told this of that source's."""
    return (
        story.source == source
        and story.kind in ("alert", "follow-up")
        and not (story.held or story.dropped or story.test)
    )


def _kinship(article: Article, read: Lineage, story: Story) -> float:
    """How surely the article continues this story: 1 for the same address, else how alike they read."""
    if story.article == article.id or (article.url and story.link == article.url):
        return 1.0
    return similarity(read.headline, story.headline)


def _root(story: Story, known: dict[str, Story]) -> Story:
    """The first of its line that is known."""
    seen = {story.id}
    while story.parent and story.parent in known and story.parent not in seen:
        story = known[story.parent]
        seen.add(story.id)
    return story


def _take(read: Lineage, root: Story, stories: Iterable[Story]) -> int:
    """[3보] says that it is the third; any other tag is one more than were told, a round-up at least its own number."""
    if read.number > 1 and _plain(read.labels):
        return read.number
    return max(read.number, 2 + sum(story.parent == root.id for story in stories))


def _plain(labels: Sequence[str]) -> int:
    """The number of [2보], [3보], …; 0 without one."""
    return max((int(label[:-1]) for label in labels if label[:-1].isdecimal() and label[-1:] == "보"), default=0)
