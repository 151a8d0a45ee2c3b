"""Korean wire tags and their English kin: what kind of piece this is and what it continues.

A tag is a newsroom's word about its own piece; it stands at the start of a title, in brackets of any form. It is taken
out of the headline (the frame has its own), unknown brackets stay: on many sites they are section labels.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from newsbot.core import text
from newsbot.core.model import Urgency


@dataclass(frozen=True, slots=True)
class Tag:
    """What one tag means. `label` is its canonical Korean name; `urgency` None leaves that to others."""

    label: str
    urgency: Urgency | None = None
    silent: bool = False
    nature: str = ""
    needs_target: bool = False
    advertising: bool = False
    kill: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the tags of a title say: `labels` in their order, `headline` without them.

    `voice` is the label that `urgency` comes from. `silent`: a further take, which makes no sound of its own.
    `needs_target`: a correction, reply or kill that means nothing without the piece it is about. `kill`: the wire takes
    a piece back. `number` is a take's own (2 of [2보] and of [종합2보]), 0 where it has none.
    """

    labels: tuple[str, ...]
    headline: str
    urgency: Urgency | None
    silent: bool
    nature: str
    needs_target: bool
    advertising: bool
    kill: bool
    voice: str = ""
    number: int = 0

    @property
    def continues(self) -> bool:
        """Whether these tags may continue an earlier piece; [긴급] always starts one."""
        return self.silent or ("긴급" not in self.labels and any(label in ("속보", "1보") for label in self.labels))


def _table() -> dict[str, Tag]:
    """Every fixed tag by its spelling without blanks, in lower case."""
    loud, quiet = Urgency.BREAKING, Urgency.NORMAL
    table = {
        # [긴급] is abused ("[긴급] 모집"), so no tag alone makes a flash: a person does.
        "긴급": Tag("긴급", loud),
        "긴급속보": Tag("긴급", loud),
        "속보": Tag("속보", loud),
        "1보": Tag("1보", loud, number=1),
        "후속": Tag("후속", silent=True),
        "상보": Tag("상보", quiet, silent=True),
        "종합": Tag("종합", quiet, silent=True),
        "단독": Tag("단독", nature="exclusive"),
    }
    for spelling in ("정정", "바로잡습니다", "고침", "수정"):
        table[spelling] = Tag("정정", needs_target=True)
    for spelling in ("정정보도", "반론보도", "추후보도"):
        table[spelling] = Tag(spelling, needs_target=True)
    for spelling in ("전문취소", "기사취소", "철회"):
        table[spelling] = Tag(spelling, needs_target=True, kill=True)
    for spelling, nature in _NATURES.items():
        table[spelling] = Tag(spelling, quiet, nature=nature)
    for spelling in ("광고", "ad", "협찬"):
        table[spelling] = Tag("광고", advertising=True)
    table |= {spelling: table[label] for spelling, label in _ENGLISH.items()}
    return table


_NATURES = {
    "포토": "photo",
    "영상": "video",
    "그래픽": "graphic",
    "사설": "opinion",
    "칼럼": "opinion",
    "인터뷰": "interview",
    "르포": "reportage",
    "부고": "obituary",
    "인사": "appointments",
    "동정": "notices",
    "게시판": "notices",
}
# Spelling without blanks, lower case → the Korean tag of the same meaning.
_ENGLISH = {
    "flash": "긴급",
    "breaking": "속보",
    "breakingnews": "속보",
    "urgent": "속보",
    "update": "후속",
    "lead": "후속",
    "ld": "후속",
    "roundup": "종합",
    "exclusive": "단독",
    "correction": "정정",
    "corrected": "정정",
    "withdrawn": "철회",
    "kill": "철회",
    "photo": "포토",
    "photos": "포토",
    "video": "영상",
    "graphic": "그래픽",
    "editorial": "사설",
    "opinion": "칼럼",
    "column": "칼럼",
    "interview": "인터뷰",
    "obituary": "부고",
    "advertisement": "광고",
    "sponsored": "광고",
}
_TAGS = _table()

_BRACKETED = re.compile(
    r"\s*(?:\[([^\[\]]{1,40})\]|［([^［］]{1,40})］|【([^【】]{1,40})】|〔([^〔〕]{1,40})〕"
    r"|<([^<>]{1,40})>|\(([^()]{1,40})\)|＜([^＜＞]{1,40})＞|（([^（）]{1,40})）|〈([^〈〉]{1,40})〉)\s*"
)
# Without brackets only words that no headline begins with by chance: capitals, or one of the five usual ones.
_COLON = re.compile(r"\s*([A-Z]{2,}(?: [A-Z]+)?(?: [0-9]{1,2})?)\s*[:：]\s+")
_COLON_ANY_CASE = re.compile(
    r"\s*(breaking(?: news)?|exclusive|correction|update(?: [0-9]{1,2})?)\s*[:：]\s+", re.IGNORECASE
)
_REUTERS = re.compile(r"\s*(UPDATE [0-9]{1,2})\s*[-–—]\s*")
_TAKE = re.compile(r"([1-9][0-9]?)보|update([1-9][0-9]?)|([1-9])(?:st|nd|rd|th)?(?:ld|lead)")
_ROUND_UP = re.compile(r"종합([1-9][0-9]?)보")
_PARTS = re.compile(r"[·ㆍ・/|,+]")
_MOST_TAGS = 6  # a title is not a list of tags; more than this is somebody trying something


def read(title: str) -> Lineage:
    """What the title's tags say, and the headline without them."""
    rest = text.line(title)
    found: list[Tag] = []
    for _ in range(_MOST_TAGS):
        tags, length = _first(rest)
        if not tags:
            break
        found += tags
        rest = rest[length:].lstrip()
    return _together(found, rest)


def _first(rest: str) -> tuple[list[Tag], int]:
    """The tags of the first bracket or English word, and how many characters they took; ([], 0) for none."""
    for pattern in (_BRACKETED, _COLON, _COLON_ANY_CASE, _REUTERS):
        match = pattern.match(rest)
        if match:
            tags = list(_known(next(group for group in match.groups() if group)))
            if tags:
                return tags, match.end()
    return [], 0


def _known(inside: str) -> Iterator[Tag]:
    """The tags written in one bracket ("속보·단독" is two); nothing where any part is not a tag."""
    whole = _tag(inside)
    if whole:
        yield whole
        return
    parts = [_tag(part) for part in _PARTS.split(inside)]
    if all(parts):
        yield from (part for part in parts if part)


def _tag(spelling: str) -> Tag | None:
    """The tag spelled so, whatever blanks are in it."""
    key = unicodedata.normalize("NFKC", "".join(spelling.split())).casefold()
    tag = _TAGS.get(key)
    if tag:
        return tag
    if take := _TAKE.fullmatch(key):
        number = int(next(group for group in take.groups() if group))
        # An English wire counts its renewals, so "UPDATE 1" is the second news of a story.
        return Tag(f"{number}보", silent=True, number=number) if number > 1 else _TAGS["후속"]
    if round_up := _ROUND_UP.fullmatch(key):
        number = int(round_up[1])
        return Tag(f"종합{number}보", Urgency.NORMAL, silent=True, number=number)
    return None


def _together(tags: list[Tag], headline: str) -> Lineage:
    """Several tags as one statement: the loudest urgency, the first nature, and whatever any of them demands."""
    voices = [(tag.urgency, tag.label) for tag in tags if tag.urgency]
    urgency, voice = min(voices, key=lambda one: one[0].lane) if voices else (None, "")
    return Lineage(
        labels=tuple(dict.fromkeys(tag.label for tag in tags)),
        headline=headline,
        urgency=urgency,
        silent=any(tag.silent for tag in tags),
        nature=next((tag.nature for tag in tags if tag.nature), ""),
        needs_target=any(tag.needs_target for tag in tags),
        advertising=any(tag.advertising for tag in tags),
        kill=any(tag.kill for tag in tags),
        voice=voice,
        number=max((tag.number for tag in tags), default=0),
    )
