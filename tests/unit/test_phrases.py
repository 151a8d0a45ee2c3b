"""What people say who know no command."""

from __future__ import annotations

import pytest

from newsbot.core import phrases
from newsbot.core.commands import Command, parse

TOPICS = {"정치", "경제", "politics", "economy"}


def meant(text: str) -> str:
    return phrases.sentence(text) or phrases.guess(text, TOPICS.__contains__)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("모두 받기", "subscribe all"),
        ("모두 받기!", "subscribe all"),
        ("속보만 보내 줘", "subscribe breaking"),
        ("알림 꺼줘", "mute"),
        ("알림 켜 주세요", "subscribe"),
        ("그만 보내줘", "mute"),
        ("How do I stop this?", "mute"),
        ("되돌려 줘", "undo"),
        ("조용한 시간", "quiet"),
        ("왜 왔어?", "why"),
        ("English please", "language en"),
        ("정치만", "subscribe only 정치"),
        ("정치만 보고 싶어요", "subscribe only 정치"),
        ("정치 뉴스만", "subscribe only 정치"),
        ("only politics", "subscribe only politics"),
        ("politics only", "subscribe only politics"),
        ("I only want politics news", "subscribe only politics"),
        ("I'd like to see only politics and economy", "subscribe only politics economy"),
        ("정치랑 경제만", "subscribe only 정치 경제"),
        ("정치, 경제만 보고 싶어요", "subscribe only 정치 경제"),
        ("정치와 경제 뉴스만", "subscribe only 정치 경제"),
        ("정치 속보만", "subscribe only 정치 속보"),
        ("정치만 빼고", "unsubscribe 정치"),
        ("정치랑 경제는 빼줘", "unsubscribe 정치 경제"),
        ("정치 빼줘", "unsubscribe 정치"),
        ("2시간만 멈춰줘", "mute 2시간만"),
        ("하루만 꺼줘", "mute 하루만"),
        ("다시 켜줘", "unmute"),
        ("조용한 시간 꺼줘", "quiet off"),
        ("조용한 시간 23시-7시", "quiet 23시-7시"),
        ("밤 11시부터 7시까지 조용히 해줘", "quiet 밤 11시부터 7시까지"),
        ("밤에는 조용히 해줘", "quiet"),
        ("아침 7시에 모아줘", "digest 아침 7시에"),
        ("정치", "subscribe 정치"),
        ("정치 구독해 주세요", "subscribe 정치"),
        ("반도체 공장 검색", "search 반도체 공장"),
        ("반도체 검색해 줘", "search 반도체"),
        ("구독할래요", "subscribe"),
        ("밤 11시부터 7시", "quiet 밤 11시부터 7시"),
        ("from 10pm to 7am", "quiet from 10pm to 7am"),
        ("밤 10시부터 아침 7시까지 조용히", "quiet 밤 10시부터 아침 7시까지"),
        ("2시간", "mute 2시간"),
        ("pause for 2 hours", "mute for 2 hours"),
        ("/알림 꺼줘", "mute"),  # as it comes where commands alone reach the bot
    ],
)
def test_what_is_meant(said: str, means: str) -> None:
    assert meant(said) == means
    assert isinstance(parse(means), Command)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  ",
        "안녕하세요",
        "오늘 날씨 어때",
        "7시 반",
        "2",
        "지진",
        "고맙습니다",
        "/pause",
        "/everything",
        "정치 발송",
        "경제 정치",
        "정치가 뭐야",
        "경제가 좋아요",
        "정치만큼",
    ],
)
def test_what_means_nothing_is_left_alone(said: str) -> None:
    assert meant(said) == ""
