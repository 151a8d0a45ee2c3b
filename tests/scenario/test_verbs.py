"""Every reader's verb, typed, in both languages and on both platforms: what is answered, what is stored, and its undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsbot.core.model import Choices, Quiet, Slot, Subscriber, Urgency
from tests.cast import GROUP, NEWS, PLATFORMS, Actor, Cast, labels, until, views

both = pytest.mark.parametrize("platform", PLATFORMS)
Stored = Callable[[Subscriber], bool]
UNDO = {"ko": "되돌리기", "en": "Undo"}


def has(**wanted: Any) -> Stored:
    """Whether these choices are as given."""
    return lambda found: all(getattr(found.choices, name) == value for name, value in wanted.items())


# What is typed in Korean and in English → the answer in Korean and in English, and what is stored then.
CHANGES: tuple[tuple[str, str, str, str, Stored], ...] = (
    (
        "구독 경제",
        "/subscribe economy",
        "경제 알림을 켰습니다.",
        "Alerts are on for: Economy.",
        lambda s: "economy" in s.topics,
    ),
    ("구독 전체", "/subscribe all", "모든 주제의 알림을 켰습니다.", "All topics are on.", lambda s: not s.topics),
    ("구독 속보", "/subscribe breaking", "속보와 긴급만", "Breaking news and", lambda s: s.urgency is Urgency.BREAKING),
    (
        "해지 국제",
        "/unsubscribe world",
        "국제 알림을 껐습니다.",
        "Alerts are off for: World.",
        lambda s: s.topics == {"politics"},
    ),
    ("해지", "/unsubscribe", "알림을 모두 껐습니다.", "All alerts are off.", lambda s: s.state == "stopped"),
    ("모두 해지", "/stop", "그만 받으시는 이유", "Why are you leaving?", lambda s: s.state == "stopped"),
    (
        "단계 속보",
        "/level breaking",
        "모든 주제: 속보와 긴급만",
        "All topics: Breaking only.",
        lambda s: s.urgency is Urgency.BREAKING,
    ),
    (
        "단계 정치 속보",
        "/level politics breaking",
        "정치: 속보와 긴급만 받습니다.",
        "Politics: Breaking only.",
        lambda s: s.choices.least[0] == ("politics", Urgency.BREAKING),
    ),
    (
        "키워드 반도체",
        "/keyword chips",
        "알림을 켰습니다.",
        "are on.",
        lambda s: s.choices.words & {"반도체", "chips"} != set(),
    ),
    ("키워드 빼기 AI", "/keyword remove AI", "‘ai’ 알림을 껐습니다.", "“ai” are off.", has(words=frozenset())),
    ("키워드 AI 빼기", "/keyword delete ai", "‘ai’ 알림을 껐습니다.", "“ai” are off.", has(words=frozenset())),
    ("제외 야구", "/exclude golf", "보내지 않습니다.", "left out from now on.", lambda s: len(s.choices.without) == 2),
    ("제외 빼기 축구", "/exclude remove 축구", "다시 보내 드립니다.", "sent again.", has(without=frozenset())),
    ("조용히 23-7", "/quiet 23-7", "23:00-07:00에는 조용히", "Quiet hours: 23:00-07:00.", has(quiet=Quiet(1380, 420))),
    (
        "조용히 밤 11시부터 아침 7시까지",
        "/quiet from 11pm to 7am",
        "23:00-07:00",
        "23:00-07:00",
        has(quiet=Quiet(1380, 420)),
    ),
    ("조용히 끄기", "/quiet off", "조용한 시간을 껐습니다.", "Quiet hours are off.", has(quiet=None)),
    (
        "조용히 속보도",
        "/quiet breaking",
        "속보와 긴급은 보내",
        "Breaking news and flashes come",
        has(passes=Urgency.BREAKING),
    ),
    ("조용히 아무것도", "/quiet nothing", "아무것도 보내지", "Nothing is sent", has(passes=None)),
    (
        "모아보기 8시 18:30",
        "/digest 8 18:30",
        "모아보기: 08:00, 18:30.",
        "08:00, 18:30",
        has(digests=(Slot(480), Slot(1110))),
    ),
    (
        "모아보기 월요일 9시",
        "/digest mon 9am",
        "월요일 09:00",
        "Mon 09:00",
        has(digests=(Slot(540, 0),), gather=True),
    ),
    ("모아보기 7시 바로", "/digest 7 now", "일반 알림도 바로", "right away", has(digests=(Slot(420),), gather=False)),
    ("모아보기 바로", "/digest now", "일반 알림도 바로", "right away", has(gather=False)),
    ("모아보기 끄기", "/digest off", "모아보기를 껐습니다.", "off", has(digests=(), gather=False)),
    ("하루 8건", "/cap 8", "하루 8건으로 정했습니다.", "Set to 8 alerts a day.", has(cap=8)),
    ("하루 끄기", "/cap off", "제한하지 않습니다.", "No limit on alerts", has(cap=0)),
    ("길이 제목만", "/form headline", "제목만 보내", "Headlines only.", has(form="headline")),
    ("길이 사진", "/form image", "사진이 있으면", "picture", has(form="image")),
    ("소리 끄기", "/sound off", "소리 없이", "Sent without a sound.", has(sound=False)),
    ("시간대 뉴욕", "/zone New York", "뉴욕 시각", "New York time", has(zone="America/New_York")),
)
BEFORE = Choices(
    words=frozenset({"ai"}),
    without=frozenset({"축구"}),
    quiet=Quiet(0, 360),
    digests=(Slot(420),),
    gather=True,
    cap=3,
)


async def stored(cast: Cast, actor: Actor, language: str, choices: Choices = BEFORE) -> Subscriber:
    """Somebody who chose before, as is stored."""
    topics = frozenset({"politics", "world"})
    one = Subscriber(actor.address, topics, Urgency.NORMAL, language, choices=choices)
    await cast.process.kit.subscribers.put(one)
    found = await actor.subscriber()
    assert found is not None
    return found


async def became(actor: Actor, happens: Stored, what: str) -> Subscriber:
    """What is stored once it is so."""

    async def look() -> Subscriber | None:
        found = await actor.subscriber()
        return found if found is not None and happens(found) else None

    result: Subscriber = await until(look, what)
    return result


def chosen(subscriber: Subscriber) -> tuple[Any, ...]:
    """What a reader chose; the end of a mute is no choice."""
    one = replace(subscriber, choices=replace(subscriber.choices, muted=0))
    return one.topics, one.urgency, one.language, one.state, one.choices


@both
@pytest.mark.parametrize("language", ["ko", "en"])
async def test_every_change_is_said_stored_and_undone(cast: Cast, platform: str, language: str) -> None:
    rae = cast.on(platform, "Rae")
    for korean, english, said, told, happens in CHANGES:
        words, answer = (korean, said) if language == "ko" else (english, told)
        before = await stored(cast, rae, language)
        await rae.says(words)
        reply = await rae.sees(answer)
        now = await became(rae, happens, words)
        if chosen(now) == chosen(before):
            continue
        await rae.presses(UNDO[language], reply)
        had = chosen(before)
        back = await became(rae, lambda found, had=had: chosen(found) == had, f"{words} undone")
        assert back.index == before.index
        await cast.forget(rae)


@both
async def test_a_mute_says_until_when_and_can_be_ended(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await stored(cast, rae, "ko")
    for words in ("그만 2시간", "그만 하루", "그만 아침까지", "/mute 30m"):
        await rae.says(words)
        muted = await rae.sees("까지 알림을 멈춥니다.")
        now = cast.process.kit.door().chat.common.clock().timestamp()
        await became(rae, lambda found, now=now: found.choices.muted > now + 60, words)
        await rae.presses("되돌리기", muted)
        await rae.sees("알림을 다시 보내 드립니다.")
        await became(rae, lambda found, now=now: found.choices.muted < now + 10, "awake")
    await asyncio.sleep(1.1)  # a mute that was ended ends with its second
    await rae.says("다시받기")
    await rae.sees("멈춘 알림이 없습니다.")
    await rae.says("그만")
    offered = await rae.sees("얼마 동안 멈출지")
    assert labels(offered) == ["1시간 멈춤", "2시간 멈춤", "8시간 멈춤", "아침까지 멈춤", "하루 멈춤", "모두 해지"]
    await rae.presses("8시간 멈춤", offered)
    await rae.sees("까지 알림을 멈춥니다.")


@both
async def test_the_language_is_changed_both_ways(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/language en")
    asked = await rae.sees("Choose")  # the welcome, in the language that was asked for
    await rae.presses(labels(asked)[0], asked)
    await rae.sees("All topics are on.")
    await rae.says("언어 한국어")
    answer = await rae.sees("한국어로 보내 드립니다.")
    await rae.presses("되돌리기", answer)
    await rae.sees("The bot now speaks English.")
    await became(rae, lambda found: found.language == "en", "English again")


@both
async def test_sources_are_chosen_by_name(cast: Cast, platform: str) -> None:
    rae, stories = cast.on(platform, "Rae"), cast.process.kit.stories
    for name in ("예시뉴스", "예시일보"):
        await stories.note_source(name, {"kind": "feed", "ok": True})
    before = await stored(cast, rae, "ko")
    await rae.says("출처 예시일보")
    one = await rae.sees("받는 출처: 예시일보.")
    await rae.says("출처 예시뉴스")
    two = await rae.sees("받는 출처: 예시뉴스, 예시일보.")
    await rae.says("출처")
    shown = await rae.sees("고를 수 있는 출처")
    assert {"● 예시뉴스", "● 예시일보", "○ 모든 출처"} <= set(labels(shown))
    for _ in range(2):  # a double tap does nothing twice
        await rae.presses("● 예시뉴스", shown)
        await became(rae, has(sources=frozenset({"예시일보"})), "one of them")
    await rae.presses("되돌리기", two)
    await became(rae, has(sources=frozenset({"예시일보"})), "undone before")
    await rae.presses("되돌리기", one)
    await became(rae, lambda found: found == before, "every source")


# What is typed wrongly → what is said to type instead.
WRONG = (
    ("조용히 언제나", "/quiet 23-7"),
    ("조용히 7-7", "/quiet 23-7"),
    ("모아보기 가끔", "/digest 8:00 18:30"),
    ("하루 99", "/cap 8"),
    ("하루 많이", "/cap 8"),
    ("길이 길게", "/form 제목만"),
    ("소리 크게", "/sound 켜기"),
    ("시간대 화성", "/zone 뉴욕"),
    ("언어 프랑스어", "/language ko"),
    ("단계 정치", "/level 정치 속보"),
    ("단계 우주정거장 속보", "/topics"),
    ("그만 언젠가", "/mute 2시간"),
    ("그만 31일", "/mute 2시간"),
    ("키워드 가", "두 글자 이상"),
    ("키워드 " + "가" * 21, "스무 글자 이하"),
    ("키워드 빼기", "두 글자 이상"),
    ("키워드 빼기 반도체", "그런 키워드는 없습니다"),
    ("키워드", "/keyword 반도체"),
    ("제외", "/exclude 야구"),
    ("출처 없는곳", "고를 수 있는 출처"),
    ("검색", "/search 지진"),
    ("이유 ZZZZZ", "/why K7F3M"),
    ("이어보기 ZZZZZ", "/more K7F3M"),
    ("신고 ZZZZZ", "/report K7F3M"),
    ("최근 우주정거장", "/topics"),
)


async def shown(actor: Actor, text: str) -> None:
    """Until this is said to them: in the chat, or in a form that opened, which wants the words alone."""
    entered = text.removeprefix("/news ").partition(" ")[2] if text.startswith("/news") else text

    async def look() -> bool:
        if any(text in message.text for message in actor.news()):
            return True
        return actor.platform == "slack" and entered in str(await views(actor))

    await until(look, f"{actor.platform}: {text!r}; there is {[m.text for m in actor.news()]}")


@both
async def test_what_cannot_be_says_what_to_type_instead(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    before = await stored(cast, rae, "ko")
    for words, instead in WRONG:
        await rae.says(words)
        await shown(rae, rae.word(instead) if instead.startswith("/") else instead)
    assert await rae.subscriber() == before


@both
async def test_who_gets_nothing_yet_is_told_how_to_begin(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for words in (
        "조용히 23-7",
        "모아보기 8시",
        "하루 8",
        "길이 요약",
        "소리 끄기",
        "시간대 서울",
        "제외 야구",
    ):
        await rae.says(words)
        told = await rae.sees("먼저 알림을 켜 주십시오")
        assert labels(told) == ["알림 받기"]
    assert await rae.subscriber() is None
    await rae.presses("알림 받기", told)
    await rae.sees("모든 주제의 알림을 켰습니다.")


@both
async def test_a_first_keyword_subscribes_that_alone(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await cast.publish(site, "chips", "예시전자, 반도체 공장 짓는다", categories="경제")
    await cast.done((await cast.story("반도체"))["id"])
    await rae.says("키워드 반도체")
    added = await rae.sees("‘반도체’ 알림을 켰습니다. 지난 7일 동안 이 말이 든 기사는 1건입니다.")
    found = await rae.subscriber()
    assert found is not None
    assert (found.topics, found.choices.words, found.state) == ({"none"}, {"반도체"}, "active")
    await rae.says("설정")
    await rae.sees("지금 받는 알림: 키워드만.")
    await cast.publish(site, "rates", "예시은행, 기준금리 동결", categories="경제")
    await cast.publish(site, "more", "예시항에서 반도체가 가장 많이 나갔다", categories="경제")
    await until(lambda: rae.has("예시항에서"))
    await cast.done((await cast.story("기준금리"))["id"])
    assert not rae.has("기준금리")
    await rae.says("/unsubscribe politics")  # which is not on: nothing else may end by it
    await rae.sees("그렇게 받고 있는 알림이 없습니다.")
    await rae.presses("되돌리기", added)
    await rae.sees("이제 받는 알림이 없습니다.")
    await became(rae, lambda one: one.state == "stopped", "nothing is left")
    await rae.presses("다시 적용")
    await became(rae, lambda one: (one.state, one.choices.words) == ("active", {"반도체"}), "undone")


@both
async def test_who_stopped_gets_by_a_keyword_no_more_than_that(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 전체")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("모두 해지")
    await rae.sees("알림을 모두 껐습니다.")
    await rae.says("키워드 지진")
    await rae.sees("‘지진’ 알림을 켰습니다.")
    await became(rae, lambda one: (one.state, one.topics) == ("active", {"none"}), "the keyword alone")


@pytest.mark.parametrize(("platform", "chat"), [("telegram", GROUP), ("slack", NEWS)])
async def test_in_groups_the_same_words_follow_a_command(cast: Cast, platform: str, chat: str) -> None:
    rae = cast.on(platform, "Rae", chat)
    for words, answer, happens in (
        ("/news 구독 정치", "정치 알림을 켰습니다.", lambda s: s.topics == {"politics"}),
        ("/news 키워드 반도체", "알림을 켰습니다.", has(words=frozenset({"반도체"}))),
        ("/news 조용히 23-7", "23:00-07:00", has(quiet=Quiet(1380, 420))),
        ("/news 그만 2시간", "까지 알림을 멈춥니다.", lambda s: s.choices.muted > 0),
        ("/news 모두 해지", "알림을 모두 껐습니다.", lambda s: s.state == "stopped"),
    ):
        await rae.says(words)
        await rae.sees(answer)
        await became(rae, happens, words)
    for words, answer in (
        ("/news 도움말", "쓸 수 있는 명령"),
        ("/news 최근 3", "기사가 없습니다"),
        ("/news 검색 지진", "없습니다"),
    ):
        await rae.says(words)
        await rae.sees(answer)


@both
async def test_a_form_is_filled_in(cast: Cast, platform: str) -> None:
    """Tapping can add a keyword too: the words are asked for."""
    rae = cast.on(platform, "Rae")
    await stored(cast, rae, "ko")
    for panel, button, typed, happens in (
        ("키워드", "키워드 추가", "반도체", lambda s: "반도체" in s.choices.words),
        ("키워드", "안 받을 말 추가", "야구", lambda s: "야구" in s.choices.without),
        ("조용한 시간", "○ 다른 시간…", "22시부터 6시까지", has(quiet=Quiet(1320, 360))),
        ("모아보기", "● 다른 시각…", "오전 9시", has(digests=(Slot(540),))),
        ("조용한 시간", "시간대…", "도쿄", has(zone="Asia/Tokyo")),
    ):
        await rae.says("설정")
        await rae.sees("지금 설정")
        await rae.presses(panel)
        await until(lambda button=button: any(button in labels(m) for m in rae.news()), button)
        await rae.presses(button)
        if platform == "slack":

            async def form() -> Any:
                return (await views(rae))["modal"]

            await until(form, "a form")
            await cast.control("/slack/pick", user="Rae", view="modal", action_id="news:words", value=typed)
            await cast.control("/slack/submit", user="Rae")
        else:
            question = (
                await until(lambda: [m for m in rae.news() if m.payload.get("reply_markup", {}).get("force_reply")])
            )[0]
            await rae.says(typed, reply_to=int(question.message_id))
        await became(rae, happens, button)
