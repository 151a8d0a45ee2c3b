"""What people say who do not know the commands: sentences of their own, as the command that does what they ask for.

Only where they are alone with the bot. What asks for two things, or for none we have, is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType

from newsbot.core import wishes
from newsbot.core.commands import BY_WORD, Verb
from newsbot.core.model import Role

# Squeezed: no blanks, no punctuation, small letters.
_SAID: dict[str, str] = {
    **dict.fromkeys(
        ("모두받기", "전체받기", "다받기", "다받을래", "다받을래요", "everything", "sendeverything"), "subscribe all"
    ),
    **dict.fromkeys(
        ("속보만", "속보만받기", "속보만보내줘", "속보만받을래요", "breakingonly", "onlybreaking", "onlybreakingnews"),
        "subscribe breaking",
    ),
    **dict.fromkeys(
        (
            "알림받기",
            "알림켜",
            "알림켜줘",
            "알림켜기",
            "알림켜주세요",
            "이전대로받기",
            "turnon",
            "turnonalerts",
            "alertson",
        ),
        "subscribe",
    ),
    **dict.fromkeys(
        (
            "알림꺼",
            "알림꺼줘",
            "알림끄기",
            "알림꺼주세요",
            "잠시멈춤",
            "turnoff",
            "turnoffalerts",
            "alertsoff",
            "pause",
        ),
        "mute",
    ),
    **dict.fromkeys(
        (
            "그만보내",
            "그만보내줘",
            "그만보내주세요",
            "보내지마",
            "보내지마세요",
            "알림그만",
        ),
        "mute",
    ),
    **dict.fromkeys(("알림해지", "알림중단", "안받을래요", "그만받을래요", "수신거부할래요"), "stop"),
    **dict.fromkeys(
        ("howdoistopthis", "howdoistop", "howdoiunsubscribe", "stopthis", "stopit", "stopsending"),
        "mute",
    ),
    **dict.fromkeys(("주제고르기", "주제목록", "choosetopics", "picktopics"), "topics"),
    **dict.fromkeys(("조용한시간", "quiethours", "밤에는조용히", "밤에는조용히해줘", "밤에조용히해줘"), "quiet"),
    **dict.fromkeys(("다시켜줘", "다시켜", "다시보내줘", "다시보내주세요"), "unmute"),
    **dict.fromkeys(("조용한시간꺼줘", "조용한시간끄기", "조용한시간없음", "noquiethours"), "quiet off"),
    **dict.fromkeys(("모아보기시각", "모아볼때", "digesttimes"), "digest"),
    **dict.fromkeys(("최신뉴스", "최근뉴스", "오늘뉴스", "뉴스", "latestnews", "news"), "latest"),
    **dict.fromkeys(
        ("왜왔어", "왜왔어요", "왜받았어요", "왜받았습니까", "왜온거야", "whydidigetthis", "whythis"), "why"
    ),
    **dict.fromkeys(("되돌려", "되돌려줘", "되돌려주세요", "undothat", "takeitback"), "undo"),
    **dict.fromkeys(("도움", "도와줘", "도와주세요", "사용법", "어떻게써", "어떻게써요", "helpme"), "help"),
    **dict.fromkeys(("영어로", "영어로보내줘", "englishplease", "inenglish"), "language en"),
    **dict.fromkeys(("한국어로", "한국어로보내줘", "koreanplease", "inkorean"), "language ko"),
}
SAID = MappingProxyType(_SAID)

_DROPS = frozenset(
    {"취소", "됐어", "됐어요", "아니요", "아니", "그만", "cancel", "nevermind", "no", "nothing", "forgetit"}
)

_SIGNS = re.compile(r"[\s.,!?~…·'\"]+")
# "구독해 주세요", "검색 좀": what a verb may be followed by.
_ENDING = re.compile(r"(?:해\s*(?:줘|주세요|주십시오|줄래요)?|할래요?|할게요|하기|하고\s*싶어요?|좀|요|please)$")
_AFTER = frozenset({"해", "해줘", "해주세요", "줘", "주세요", "주십시오", "줄래요", "싶어", "싶어요", "좀", "please"})
_NEWS = frozenset({"뉴스만", "기사만", "소식만", "알림만"})
_OFF = frozenset({"꺼", "꺼줘", "꺼주세요", "끄기"})
_PAUSES = frozenset({"pause", "멈춤", "멈춰", "멈춰줘", "멈춰주세요", "쉬기", "쉬어줘", *_OFF})
_LESS = frozenset({"빼", "빼줘", "빼주세요", "빼고", "말고", *_OFF})
_GATHERS = frozenset({"모아줘", "모아주세요", "모아서", "보내줘", "보내주세요"})
_ONLY = frozenset({"only", "just"})
_AND = frozenset({"and", "&", "그리고"})
_AROUND = frozenset(
    {
        "i",
        "d",
        "would",
        "like",
        "want",
        "to",
        "show",
        "send",
        "me",
        "get",
        "see",
        "news",
        "please",
        "about",
        *_ONLY,
        *_AND,
    }
)
_PARTICLE = re.compile(r"(?:이랑|랑|하고|와|과|은|는|을|를|도)$")
_URGENT = frozenset({"속보만", "긴급만"})


def sentence(text: str) -> str:
    """The command for a sentence that as a whole stands for one, or ""."""
    return SAID.get(_SIGNS.sub("", _words(text).casefold()), "")


def drops(text: str) -> bool:
    """Whether this takes back a question that waits for its words."""
    return _SIGNS.sub("", _words(text).casefold()) in _DROPS


def guess(text: str, is_topic: Callable[[str], bool]) -> str:
    """The command for words that begin with none: "정치만 보고 싶어요", "반도체 검색해 줘", "밤 11시부터 7시"; or ""."""
    text = _words(text)
    words, typed = _SIGNS.sub(" ", text.casefold()).split(), text.split()
    if not words:
        return ""
    if chosen := _chosen(words, is_topic):
        return chosen
    if (hours := _quiet(typed)) is not None:
        return f"quiet {hours}"
    if not any(word.isdecimal() for word in typed) and wishes.span(typed) is not None:
        return f"mute {text}"
    for pause, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        if pause in _PAUSES and wishes.span(rest) is not None:
            return f"mute {' '.join(rest)}"
    if len(words) > 1 and words[-1] in _GATHERS and wishes.slots(words[:-1]):
        return f"digest {' '.join(words[:-1])}"
    if verb := _last(words):
        return " ".join([verb.name, *words[: -_width(words)]])
    return f"subscribe {words[0]}" if len(words) == 1 and is_topic(words[0]) else ""


def _words(text: str) -> str:
    """Without the slash that stands before Korean words where commands alone reach the bot; "/pause" is no sentence."""
    return text if not text.startswith("/") else "" if text[1:2].isascii() else text[1:]


def _chosen(words: Sequence[str], is_topic: Callable[[str], bool]) -> str:
    """Topics alone, or none of them: "정치랑 경제만", "정치 속보만", "only politics and economy", "정치만 빼고"."""
    plain = [word for word in words if word not in _AND]
    named: list[str] = []
    only = False
    for word in plain:
        found = _topic(word, is_topic) or _topic(word.removesuffix("만"), is_topic)
        if not found or only:
            break
        named.append(found)
        only = word.endswith("만") and not is_topic(word)
    rest = plain[len(named) :]
    if named and rest and rest[0] in _LESS:
        return " ".join(["unsubscribe", *named])
    if named and rest and rest[0] in _URGENT:
        return " ".join(["subscribe only", *named, rest[0].removesuffix("만")])
    if named and (only or (rest and rest[0] in _NEWS)):
        return " ".join(["subscribe only", *named])
    rest = [word for word in words if word not in _AROUND]
    english = rest and not _ONLY.isdisjoint(words) and all(map(is_topic, rest))
    return " ".join(["subscribe only", *rest]) if english else ""


def _topic(word: str, is_topic: Callable[[str], bool]) -> str:
    """The topic this word names, without the particle behind it; or ""."""
    bare = _PARTICLE.sub("", word)
    return word if is_topic(word) else bare if is_topic(bare) else ""


def _quiet(typed: Sequence[str]) -> str | None:
    """The hours that should be quiet, where a sentence names some."""
    words = list(typed)
    if words[:2] == ["조용한", "시간"]:
        words = words[2:]
    while words and words[-1] in ("조용히", "조용하게", *_AFTER):
        words.pop()
    return " ".join(words) if words and wishes.quiet(words) is not None else None


def _last(words: Sequence[str]) -> Verb | None:
    """The readers' verb these words end with, as Korean sentences do."""
    said = "".join(words[-_width(words) :])
    verb = BY_WORD.get(_ENDING.sub("", said)) or BY_WORD.get(said)
    fits = verb is not None and verb.role is Role.READER and not verb.button_only
    return verb if fits else None


def _width(words: Sequence[str]) -> int:
    """How many of the last words belong to the verb: "검색해 줘" has two."""
    return 2 if len(words) > 1 and words[-1] in _AFTER else 1
