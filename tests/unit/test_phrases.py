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
        ("정치만 그만 보내줘", "unsubscribe 정치"),
        ("정치 안 받을래요", "unsubscribe 정치"),
        ("no more politics please", "unsubscribe politics"),
        ("I don't want politics", "unsubscribe politics"),
        ("정치 빼고 경제만", "subscribe only 경제"),
        ("모두 받기 말고 정치만", "subscribe only 정치"),
        ("경제 뉴스는 안 보고 싶어요", "unsubscribe 경제"),
        ("정치 알림 꺼줘", "unsubscribe 정치"),
        ("정치 구독 취소", "unsubscribe 정치"),
        ("경제도 추가해줘", "subscribe 경제"),
        ("정치 켜줘", "subscribe 정치"),
        ("정치만요", "subscribe only 정치"),
        ("속보만 보내주세요", "subscribe 속보"),
        ("긴급만 받을래요", "subscribe 긴급"),
        ("낮 12시랑 저녁 6시에 모아서 보내줘", "digest 낮 12시랑 저녁 6시에"),
        ("turn off politics", "unsubscribe politics"),
        ("add economy news", "subscribe economy"),
        ("politics breaking only", "subscribe only politics breaking"),
        ("just breaking news please", "subscribe breaking"),
        ("turn off quiet hours", "quiet off"),
        ("snooze 30 minutes", "mute 30 minutes"),
        ("pause until 6pm", "mute until 6pm"),
        ("don’t bother me at night", "quiet"),
        ("redo", "undo redo"),
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
        # What is said of a topic may be the contrary of wanting it alone.
        "정치만 보내지 마",
        "정치만 싫어요",
        "정치만 소리 꺼줘",
        "정치만 오니까 다른 것도 보내줘",
        "정치만 받고 싶지 않아요",
        "정치만 2시간 멈춰줘",
        "정치 속보만 빼고",
        "정치만 나오네요",
        "정치만 음소거",
        "turn off alerts about cheese",
        "don't stop",
        "don't stop politics",
        "undo everything",
    ],
)
def test_what_means_nothing_is_left_alone(said: str) -> None:
    assert meant(said) == ""


@pytest.mark.parametrize(
    ("behind", "means"),
    [
        ("", "stop"),
        ("everything please", "stop"),
        ("right now!", "stop"),
        ("sending me alerts", "stop"),
        ("해줘", "stop"),
        ("politics", "unsubscribe politics"),
        ("sending me politics and economy", "unsubscribe politics economy"),
        ("정치", "unsubscribe 정치"),
        ("for 2 hours", "mute for 2 hours"),
        ("the sound", "mute"),
        ("at 10pm", "mute"),
        ("sending so many", "mute"),
        ("취소", "mute"),
    ],
)
def test_stop_with_words_behind_it_is_not_the_end_of_everything(behind: str, means: str) -> None:
    assert phrases.stops(behind.split(), TOPICS.__contains__) == means


@pytest.mark.parametrize("word", ["말고", "정치만", "정치랑", "빼고", "no", "until", "취소", "2시간"])
def test_the_longest_message_of_any_word_is_looked_at_no_longer_than_a_sentence(word: str) -> None:
    """Telegram's 4,096 characters; what tries every "instead" of every other would not come back."""
    looked = 0

    def is_topic(said: str) -> bool:
        nonlocal looked
        looked += 1
        return said in TOPICS

    for count in (phrases.MOST_WORDS, 4096 // len(f"{word} ")):
        text = f"{word} " * count
        phrases.guess(text, is_topic)
        phrases.stops(text.split(), is_topic)
        phrases.named(text, is_topic)
    assert looked < 100 * phrases.MOST_WORDS
