"""The words of `phrases`: whole sentences with the command each stands for, and what single words do in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

SIGNS = re.compile(r"[\s.,!?~…·'’\"]+")

_SENTENCES = """
subscribe all = 모두 받기 / 전체 받기 / 다 받기 / 다 받을래 / 다 받을래요 / everything / send everything / everything please
subscribe all = give me everything / give me everything again
subscribe breaking = 속보만 / 속보만 받기 / 속보만 보내 줘 / breaking only / only breaking / only breaking news
subscribe breaking = just breaking news
subscribe flash = 긴급만 / 긴급만 받기 / 긴급만 보내 줘 / flashes only / only flashes
subscribe = 알림 받기 / 알림 켜 / 알림 켜 줘 / 알림 켜기 / 알림 켜 주세요 / 이전대로 받기 / turn on / turn on alerts / alerts on
subscribe = turn it back on
mute = 알림 꺼 / 알림 꺼 줘 / 알림 끄기 / 알림 꺼 주세요 / 잠시 멈춤 / turn off / turn off alerts / alerts off
mute = pause / leave me alone
mute = 그만 보내 / 그만 보내 줘 / 그만 보내 주세요 / 보내지 마 / 보내지 마세요 / 알림 그만 / 이제 그만 받을래요
mute = 어떻게 그만둬요
mute = how do I stop this / how do I stop / how do I unsubscribe / stop this / stop it / stop sending
mute = please stop / I want to stop
stop = 알림 해지 / 알림 중단 / 안 받을래요 / 그만 받을래요 / 수신거부할래요
topics = 주제 고르기 / 주제 목록 / choose topics / pick topics
quiet = 조용한 시간 / 밤에는 조용히 / 밤에는 조용히 해 줘 / 밤에 조용히 해 줘 / 밤에는 알림 꺼 줘 / quiet hours
quiet = turn off alerts at night / don't bother me at night
quiet off = 조용한 시간 꺼 줘 / 조용한 시간 끄기 / 조용한 시간 없음 / no quiet hours / turn off quiet hours
unmute = 다시 켜 줘 / 다시 켜 / 다시 보내 줘 / 다시 보내 주세요
digest = 모아보기 시각 / 모아볼 때 / 하루에 한 번만 / 하루에 한 번만 보내 줘 / digest times / change digest time
settings = 시간 바꾸고 싶어요 / 알림 시간 변경 / 너무 자주 와요 / 너무 많이 와요 / 왜 이렇게 많이 와 / 지금 뭐 받고 있어
settings = too many alerts / less news / what am I subscribed to / menu
latest = 최신 뉴스 / 최근 뉴스 / 오늘 뉴스 / 뉴스 / 오늘 무슨 일 있었어 / latest news / news / what happened today
why = 왜 왔어 / 왜 왔어요 / 왜 받았어요 / 왜 받았습니까 / 왜 온 거야 / why did I get this / why this
undo = 되돌려 / 되돌려 줘 / 되돌려 주세요 / undo that / undo it / undo this / undo please / take it back
undo redo = redo / 다시 적용 / 다시 적용해 줘
help = 도움 / 도와 줘 / 도와 주세요 / 사용법 / 어떻게 써 / 어떻게 써요 / help me
language en = 영어로 / 영어로 보내 줘 / 영어로 바꿔 줘 / English please / in English / switch to English
language ko = 한국어로 / 한국어로 보내 줘 / 한국어로 바꿔 줘 / Korean please / in Korean / switch to Korean
"""


def squeezed(text: str) -> str:
    """Without blanks and punctuation, in small letters: sentences are compared so."""
    return SIGNS.sub("", text.casefold())


def _table() -> Mapping[str, str]:
    rows = (line.partition(" = ") for line in _SENTENCES.strip().splitlines())
    return MappingProxyType(
        {squeezed(said): command for command, _, all_said in rows for said in all_said.split(" / ")}
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SAID = _table()
"""sentence, squeezed → the command it stands for"""
DROPS = _words("취소 됐어 됐어요 아니요 아니 그만 cancel nevermind no nothing forgetit exit leaveit stop")
"""What takes a question back that waits for its words."""

AFTER = _words("해 해줘 해주세요 줘 주세요 주십시오 줄래요 싶어 싶어요 좀 please")
"""What stands behind a verb: "검색 좀", "구독 해줘"."""
NOUNS = _words("뉴스 뉴스는 뉴스를 소식 소식은 기사 기사는 알림 알림은 알림을 구독 쪽 쪽은")
ONLY_NOUNS = _words("뉴스만 기사만 소식만 알림만")
WANTS = (
    NOUNS
    | AFTER
    | _words("보고 받고 받아 받아보고 싶습니다 볼래 볼래요 볼게 볼게요 받을래 받을래요 받을게 받을게요 받기 보기")
)
WANTS |= _words(
    "보내 보내줘 보내주세요 보여줘 보여주세요 알려줘 알려주세요 부탁해 부탁해요 부탁드려요 구독할래 구독할래요 원해 원해요"
)
"""What only asks for what stands before it: "받고 싶어요". Anything else may turn the sentence into its contrary."""
OFF = _words("꺼 꺼줘 꺼주세요 끄기")
PAUSES = OFF | _words("pause snooze 멈춤 멈춰 멈춰줘 멈춰주세요 쉬기 쉬어줘")
INSTEAD = _words("빼고 말고")
LESS = OFF | INSTEAD | _words("빼 빼줘 빼주세요 제외 제외하고 그만 안 받지 보내지 해지 취소 취소해줘")
MORE = _words("추가 추가해줘 추가해주세요 더해줘 넣어줘 켜 켜줘 켜주세요 켜기")
GATHERS = _words("모아줘 모아주세요 모아서 보내줘 보내주세요")
URGENT = MappingProxyType({"속보만": "속보", "긴급만": "긴급"})

ONLY = _words("only just")
AND = _words("and & 그리고")
NOT = _words("no not don never without less except but stop drop off")
ADDS = _words("add also too")
BREAKING = _words("breaking")
AROUND = (
    ONLY
    | AND
    | _words("i d t do would like want to show send sending me us get getting see news please about from any more")
)
AROUND |= _words("alerts messages notifications everything all turn anymore the now right immediately forever")
"""English words that change nothing about which topics are meant."""
