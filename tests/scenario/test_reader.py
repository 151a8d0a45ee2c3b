"""A reader subscribes, receives, changes the mind and leaves, on both platforms, with the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsbot.core.model import Urgency
from tests.cast import PLATFORMS, Cast, labels, until

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)


async def test_subscribes_and_receives_what_was_asked_for(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await cast.publish(site, "budget", "예시 국회, 새 의장 선출", categories="정치")
    await rae.sees("예시 국회, 새 의장 선출")
    await cast.done((await cast.story("지진"))["id"])
    assert not rae.has("지진")


WAYS: tuple[tuple[str, str, set[str], Urgency], ...] = (
    ("/subscribe", "모든 주제의 알림을 켰습니다.", set(), Urgency.NORMAL),
    ("/subscribe all", "모든 주제의 알림을 켰습니다.", set(), Urgency.NORMAL),
    ("구독 전체", "모든 주제의 알림을 켰습니다.", set(), Urgency.NORMAL),
    ("/subscribe politics economy", "정치, 경제 알림을 켰습니다.", {"politics", "economy"}, Urgency.NORMAL),
    ("/subscribe 정치, 경제", "정치, 경제 알림을 켰습니다.", {"politics", "economy"}, Urgency.NORMAL),
    ("구독 재난", "날씨·재난 알림을 켰습니다.", {"disaster"}, Urgency.NORMAL),
    ("/news 구독 정치", "정치 알림을 켰습니다.", {"politics"}, Urgency.NORMAL),
    ("/subscribe breaking", "속보와 긴급만 보내 드립니다.", set(), Urgency.BREAKING),
    ("구독 정치 속보", "정치 알림을 켰습니다. 속보와 긴급만 보내 드립니다.", {"politics"}, Urgency.BREAKING),
    ("/subscribe en politics", "Alerts are on for: Politics.", {"politics"}, Urgency.NORMAL),
    ("/subscribe ko", "모든 주제의 알림을 켰습니다.", set(), Urgency.NORMAL),
)


async def test_ways_to_subscribe(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for words, answer, topics, urgency in WAYS:
        await rae.says(words)
        await rae.sees(answer)
        stored = await rae.subscriber()
        assert stored is not None, words
        assert (stored.topics, stored.urgency, stored.state) == (topics, urgency, "active"), words
        await cast.forget(rae)


async def test_start_offers_buttons_that_work(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/start")
    welcome = await rae.sees("예시뉴스 속보 알림입니다.")
    assert labels(welcome) == ["모두 받기", "속보만", "주제 고르기"]
    await rae.presses("속보만")
    await rae.sees("모든 주제의 알림을 켰습니다. 속보와 긴급만 보내 드립니다.")
    await rae.presses("주제 고르기")
    await rae.offers("◐ 정치")

    await rae.says("/start")
    await rae.sees("지금 받는 알림: 모든 주제.")
    await rae.presses("모두 받기")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    stored = await rae.subscriber()
    assert stored is not None
    assert stored.urgency is Urgency.NORMAL


async def test_topics_are_chosen_one_after_the_other(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("주제")
    panel = await rae.sees("받을 주제")
    assert "정치" not in panel.text, "what the buttons show is not said twice"
    for press, shown, topics, least in (
        ("○ 정치", "● 정치", {"politics"}, ()),
        ("○ 경제", "● 경제", {"politics", "economy"}, ()),
        ("● 정치", "◐ 정치", {"politics", "economy"}, (("politics", Urgency.BREAKING),)),
        ("◐ 정치", "○ 정치", {"economy"}, ()),
        ("○ 정치", "● 정치", {"politics", "economy"}, ()),
        ("○ 모두 받기", "● 국제", set(), ()),
    ):
        await rae.presses(press)
        now = await rae.offers(shown)
        assert now.key == panel.key, "the panel is edited, and no other message comes"
        stored = await rae.subscriber()
        assert stored is not None
        assert (stored.topics, stored.choices.least, stored.state) == (topics, least, "active"), press
    await rae.presses("닫기") if "닫기" in labels(now) else await rae.presses("← 뒤로")
    await rae.sees("지금 받는 알림: 모든 주제.")
    assert len(rae.messages()) == 1


async def test_undo_brings_back_what_was(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics breaking")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    for change in ("/subscribe all", "/unsubscribe", "/subscribe economy", "/subscribe 일반"):
        await rae.says(change)
        answer = await rae.sees("알림을")
        assert await rae.subscriber() != before
        await rae.presses("되돌리기", answer)
        await rae.sees("되돌렸습니다.")
        assert await rae.subscriber() == before
    await rae.says("/unsubscribe")
    await rae.sees("알림을 모두 껐습니다.")
    await rae.says("/subscribe economy")
    await rae.sees("경제 알림을 켰습니다.")
    await rae.presses("되돌리기")
    await rae.sees("되돌렸습니다. 이곳에는 알림을 보내지 않습니다.")


async def test_undo_is_typed_and_undoes_nothing_twice(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("되돌리기")
    await rae.sees("되돌릴 것이 없습니다.")
    await rae.says("/subscribe politics")
    first = await rae.sees("정치 알림을 켰습니다.")
    await rae.says("/quiet 23-7")
    hours = await rae.sees("23:00-07:00")
    await rae.presses("되돌리기", hours)
    await rae.sees("되돌렸습니다. 조용한 시간을 껐습니다.")
    await rae.says("/subscribe economy")
    await rae.sees("경제 알림을 켰습니다.")
    await rae.presses("되돌리기", first)  # an old button must not end what was chosen since
    await rae.sees("그 뒤에 설정이 바뀌어 되돌리지 않았습니다.")
    found = await rae.subscriber()
    assert found is not None
    assert (found.state, found.topics, found.choices.quiet) == ("active", {"politics", "economy"}, None)
    await rae.says("되돌려줘")
    await rae.sees("지금 받는 알림: 정치.")
    found = await rae.subscriber()
    assert found is not None
    assert found.topics == {"politics"}


async def test_language_and_urgency_leave_the_topics_alone(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.says("/subscribe en")
    await rae.sees("Alerts are on for: Politics.")
    await rae.says("/subscribe breaking")
    await rae.sees("Alerts are on for: Politics. Breaking news and flashes only.")
    await rae.says("/subscribe")
    told = await rae.sees("You already get these.\nYou get: Politics.")
    assert labels(told) == ["Everything"]
    stored = await rae.subscriber()
    assert stored is not None
    assert (stored.topics, stored.urgency, stored.language) == ({"politics"}, Urgency.BREAKING, "en")


async def test_unsubscribes_from_one_topic_then_from_all(cast: Cast, site: Path, platform: str) -> None:
    rae, ed = cast.on(platform, "Rae"), cast.on(platform, "Ed")
    for reader in (rae, ed):
        await reader.says("/subscribe all")
        await reader.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("해지 정치")
    await rae.sees("정치 알림을 껐습니다.")
    await rae.says("해지 정치")
    await rae.sees("그렇게 받고 있는 알림이 없습니다.")
    await cast.publish(site, "budget", "예시 국회, 새 의장 선출", categories="정치")
    await ed.sees("새 의장 선출")
    await cast.publish(site, "rates", "예시은행, 기준금리 동결", categories="경제")
    await rae.sees("기준금리 동결")
    await rae.says("/unsubscribe")
    await rae.sees("알림을 모두 껐습니다.")
    await rae.says("/unsubscribe")
    await rae.sees("받고 있는 알림이 없습니다.")
    await cast.publish(site, "trade", "예시항 수출 늘어", categories="경제")
    await ed.sees("예시항 수출 늘어")
    await cast.done((await cast.story("예시항 수출"))["id"])
    assert not rae.has("새 의장 선출")
    assert not rae.has("예시항 수출 늘어")


async def test_who_comes_back_gets_what_it_had(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics economy")
    await rae.sees("정치, 경제 알림을 켰습니다.")
    await rae.says("/stop")
    await rae.sees("알림을 모두 껐습니다.")
    await rae.says("/start")
    assert "이전대로 받기" in labels(await rae.sees("속보 알림입니다."))
    await rae.presses("이전대로 받기")
    await rae.sees("이전대로 다시 보내 드립니다. 지금 받는 알림: 정치, 경제.")


async def test_latest_shows_what_was_sent_and_nothing_held(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/latest")
    await rae.sees("아직 나온 기사가 없습니다.")
    await cast.publish(site, "nobody", "예시군 아무도 못 받은 소식")
    await cast.done((await cast.story("아무도 못 받은"))["id"])
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    await cast.held("옛 소식", "old")
    await cast.publish(site, "budget", "예시 국회, 새 의장 선출", categories="정치")
    await cast.publish(site, "rates", "예시은행, 기준금리 동결", categories="경제")
    await until(lambda: rae.has("의장") and rae.has("기준금리"))
    await rae.says("최근")
    both = await rae.sees("최근 기사")
    assert "아무도" in both.text, "what nobody got at once can be read here all the same"
    assert "새 의장 선출" in both.text
    assert "기준금리" in both.text
    assert "옛 소식" not in both.text
    assert "https://example.com/" in both.text
    await rae.says("/latest 1 정치")
    one = await rae.sees("최근 기사")
    assert one.text.count("•") == 1
    assert "새 의장 선출" in one.text
    await rae.says("/latest " + "9" * 5000 if platform == "slack" else "/latest " + "9" * 4000)
    await rae.sees("최근 기사")


UNKNOWN = (
    ("/subscrbe politics", "비슷한 명령: {/subscribe}"),
    ("구둑 정치", "비슷한 명령: 구독"),
    ("psuh", "모르는 명령입니다. 쓸 수 있는 명령: {/help}"),
    ("안녕하세요", "모르는 명령입니다. 쓸 수 있는 명령: {/help}"),
    ("/subscribe 겅제", "모르는 주제입니다. 비슷한 주제: 경제."),
    ("/subscribe 우주정거장", "모르는 주제입니다. 전체 목록: {/topics}"),
    ("/send K7F3M abcdef", "모르는 명령입니다."),
    ("/restore breaking ko", "모르는 명령입니다."),
)


async def test_unknown_words_get_the_nearest(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for words, answer in UNKNOWN:
        before, _, rest = answer.partition("{")
        command, _, after = rest.partition("}")
        await rae.says(words)
        await rae.sees(before + (rae.word(command) if command else "") + after)
    assert await rae.subscriber() is None
    ed = cast.on(platform, "Ed")
    await ed.says("psuh K7F3M")
    await ed.sees("비슷한 명령: " + ed.word("/push"))


async def test_help_names_what_this_person_may_say(cast: Cast, platform: str) -> None:
    rae, ed, olu = (cast.on(platform, name) for name in ("Rae", "Ed", "Olu"))
    for person, sees, sees_not in (
        (rae, ["구독 정치", "조용히 23-7", "모두 해지", "/subscribe 정치"], ["/push", "/pause", "/restore"]),
        (ed, ["/subscribe", "/push K7F3M", "/alerts"], ["/pause"]),
        (olu, ["/status", "/pause", "/resume", "/cancel K7F3M"], ["/push"]),
    ):
        await person.says("/help")
        answer = await person.sees("쓸 수 있는 명령")
        assert all(person.word(command) in answer.text for command in sees)
        assert not any(person.word(command) in answer.text for command in sees_not)
        assert len(answer.text.splitlines()) <= 16
    assert len((await until(lambda: rae.has("쓸 수 있는 명령")))[0].text.splitlines()) <= 12


async def test_help_with_one_verb_in_detail(cast: Cast, platform: str) -> None:
    rae, ed = cast.on(platform, "Rae"), cast.on(platform, "Ed")
    for words in ("/help quiet", "/help /quiet", "도움말 조용히"):
        await rae.says(words)
        told = await rae.sees(f"조용히 ({rae.word('/quiet')})")
        assert 2 <= told.text.count("예: ") + told.text.count(" · ") <= 3
        assert len(told.text.splitlines()) == 4
    await rae.says("/help 모두 해지")
    await rae.sees("알림을 모두 끝냅니다.")
    await rae.says("/help push")  # which is not theirs: all that is
    assert "push" not in (await rae.sees("쓸 수 있는 명령")).text
    await ed.says("/help push")
    await ed.sees("보류된 기사를 미리 보고 보냅니다")


async def test_plain_korean_works_in_private(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.writes("구독 정치")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.writes("도움말")
    await rae.sees("쓸 수 있는 명령")


async def test_stop_is_not_guessed_at_the_desk(cast: Cast, platform: str) -> None:
    ed = cast.on(platform, "Ed")
    await ed.says("/subscribe all")
    await ed.sees("모든 주제의 알림을 켰습니다.")
    await ed.says("/stop")
    await ed.sees("해지 또는 발송 중단 가운데 골라 주십시오")
    stored = await ed.subscriber()
    assert stored is not None
    assert stored.state == "active"


async def test_who_wants_breaking_news_alone_may_want_all_of_one_topic(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 경제 속보")
    await rae.sees("경제 알림을 켰습니다.")
    await rae.says("/topics")
    panel = await rae.offers("◐ 경제")
    await rae.presses("○ 정치", panel)
    await rae.offers("● 정치")
    stored = await rae.subscriber()
    assert stored is not None
    assert (stored.topics, stored.urgency) == ({"politics", "economy"}, Urgency.BREAKING)
    assert stored.choices.least == (("politics", Urgency.NORMAL),)
    await rae.presses("◐ 경제", panel)
    await rae.offers("○ 경제")
