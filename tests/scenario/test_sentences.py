"""Words of one's own: sentences, answers to a question, a group that was linked to, and what is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsbot.core.model import Quiet, Urgency
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import GROUP, NEWS, PLATFORMS, Cast, labels, until
from tests.conftest import newsbot

FLASH = "-1001000000400"  # @example_news_flash
both = pytest.mark.parametrize("platform", PLATFORMS)


@both
async def test_only_one_topic_by_a_sentence_or_a_tap(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("모두 받기")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("구독 경제")
    told = await rae.sees("이미")
    assert labels(told)[0] == "‘경제’만 받기"
    await rae.presses("‘경제’만 받기", told)
    await rae.sees("경제")
    for words in ("정치만 보고 싶어요", "only politics", "구독 정치만"):
        await rae.says("구독 모두")
        await rae.sees("모든 주제의 알림을 켰습니다.")
        await rae.says(words)
        await rae.sees("정치")
        found = await rae.subscriber()
        assert found is not None
        assert found.topics == {"politics"}, words


@both
async def test_who_wants_it_quiet_is_asked_for_how_long(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("알림 꺼줘")
    await rae.sees("받고 있는 알림이 없습니다.")
    await rae.says("알림 켜줘")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("알림 꺼줘")
    told = await rae.sees("/mute" if platform == "telegram" else "/news mute")
    assert any("모두" in label or "그만" in label for label in labels(told))
    await rae.says("두 시간")
    await rae.sees("알림을 멈춥니다.")
    await rae.says("수신거부할래요")
    await rae.sees("알림을 모두 껐습니다.")


@both
async def test_a_question_is_answered_without_replying(cast: Cast, platform: str) -> None:
    """The words alone, within minutes; a command in between takes the question back."""
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/digest 25:00")
    await rae.settled()
    await rae.says("7시 반")
    await rae.sees("모르는 명령입니다.")  # another command came in between
    await rae.says("/digest 25:00")
    await rae.sees("알아듣지 못한 말")
    await rae.says("7시 반")
    await rae.sees("07:30")


@both
async def test_a_question_is_dropped_and_nothing_is_undone(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("정치만")
    await rae.sees("정치")
    before = await rae.subscriber()
    for words in ("취소", "never mind"):
        await rae.says("/quiet 25:00")
        await rae.sees("알아듣지 못한 말")
        await rae.says(words)
        await rae.sees("바뀐 것은 없습니다.")
    assert await rae.subscriber() == before
    await rae.says("/quiet 25:00")
    await rae.sees("알아듣지 못한 말")
    await rae.says("경제만 보고 싶어요")  # asks for something else, and gets it
    await rae.sees("경제")
    found = await rae.subscriber()
    assert found is not None
    assert found.topics == {"economy"}


@pytest.mark.parametrize(
    ("platform", "chat", "name", "title"),
    [("telegram", FLASH, "@example_news_flash", "예시뉴스 속보"), ("slack", NEWS, "#news", "news")],
)
async def test_a_sentence_about_a_channel_is_about_the_channel(
    cast: Cast, platform: str, chat: str, name: str, title: str
) -> None:
    rae, there = cast.on(platform, "Rae"), cast.on(platform, "Rae", chat)
    await rae.says(f"/subscribe all {name}")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    for said, topics in ((f"정치만 {name}", {"politics"}), (f"{name} 정치랑 경제만", {"politics", "economy"})):
        await rae.says(said)
        assert title in (await rae.sees("지금 받는 알림: 정치")).text
        found = await there.subscriber()
        assert found is not None
        assert found.topics == topics
    assert await rae.subscriber() is None


async def test_what_is_asked_about_a_channel_shows_no_command_of_ones_own_chat(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae")
    await rae.says("/subscribe all @example_news_flash")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/quiet @example_news_flash")
    asked = await rae.sees("조용한 시간을 적어 주십시오")
    assert "/quiet" not in asked.text, "typed as it stands there it would be about Rae's own chat"


@both
async def test_a_tap_on_a_page_is_undone_by_typing(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/settings")
    await rae.sees("지금 설정")
    await rae.presses("조용한 시간")
    await rae.sees("조용한 시간: 없음")
    await rae.presses("○ 22:00-07:00")
    await rae.sees("조용한 시간: 22:00-07:00")
    await rae.says("되돌려줘")
    await rae.sees("되돌렸습니다.")
    found = await rae.subscriber()
    assert found is not None
    assert found.choices.quiet is None


@both
async def test_what_is_not_understood_is_said_and_nothing_changes(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    before = await rae.subscriber()
    for words, wrong in (
        ("/quiet 25:00", "25:00"),
        ("/digest 25:00", "25:00"),
        ("/mute 2", "2"),
        ("/cap many", "many"),
        ("/zone Atlantis", "Atlantis"),
    ):
        await rae.writes(words) if platform == "telegram" else await rae.says(words)
        await rae.sees(f"알아듣지 못한 말: ‘{wrong}’")
    assert await rae.subscriber() == before


@both
async def test_a_mute_until_a_time_of_day(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("그만 저녁 9시까지")
    await rae.sees("21:00")
    await rae.says("/unmute")
    await rae.sees("다시")
    await rae.says("되돌리기")
    await rae.sees("되돌렸습니다.")
    found = await rae.subscriber()
    assert found is not None
    assert found.choices.muted


async def test_a_link_into_a_group_subscribes_it_for_its_admin_alone(cast: Cast) -> None:
    sam, rae = cast.on("telegram", "Sam", GROUP), cast.on("telegram", "Rae", GROUP)
    await sam.says("/start politics")
    await sam.sees("Only admins of this group")
    assert await rae.subscriber() is None
    await rae.says("/start politics")
    await rae.sees("정치 알림을 켰습니다.")


async def test_a_word_of_the_desk_is_a_word_like_any_other_to_a_reader(cast: Cast) -> None:
    """`/alerts` is of the desk and refused; "알림" alone is what anybody says."""
    rae = cast.on("telegram", "Rae")
    await rae.says("/alerts")
    await rae.sees("쓸 수 없")
    await rae.says("알림")
    told = (await until(rae.news, "an answer"))[0]
    assert "쓸 수 없" not in told.text


async def test_pictures_that_are_never_sent_cannot_be_chosen(
    sandbox: Running, redis: Redis, site: Path, tmp_path: Path
) -> None:
    async with newsbot(sandbox, redis, tmp_path / "data", site, NEWSBOT_MESSAGE__IMAGE="false") as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        rae = cast.on("telegram", "Rae")
        await rae.says("/subscribe all")
        await rae.sees("모든 주제의 알림을 켰습니다.")
        await rae.says("/form image")
        await rae.sees("이 편집국은 사진을 보내지 않습니다.")
        found = await rae.subscriber()
        assert found is not None
        assert found.choices.form == "excerpt"


async def test_a_double_tap_on_undo_undoes_once(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("정치만")
    told = await rae.sees("지금 받는 알림: 정치.")
    undo = told.payload["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    for _ in range(2):
        await rae.sends(undo, told)
    await rae.says("/why")
    await rae.sees("이곳에 보낸 알림이 아직 없습니다.")
    assert not rae.has("되돌리지 않았습니다")
    found = await rae.subscriber()
    assert found is not None
    assert not found.topics


@both
async def test_what_was_undone_can_be_had_again(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/quiet 22-6")
    told = await rae.sees("22:00-06:00")
    for label, said, hours in (
        ("되돌리기", "되돌렸습니다.", None),
        ("다시 적용", "다시 적용했습니다. 22:00-06:00", Quiet(22 * 60, 6 * 60)),
        ("되돌리기", "되돌렸습니다.", None),
    ):
        await rae.presses(label, told)
        told = await rae.sees(said)
        found = await rae.subscriber()
        assert found is not None
        assert found.choices.quiet == hours


@both
async def test_breaking_alone_keeps_the_topics(cast: Cast, platform: str) -> None:
    """The button of the welcome and the sentence; who has keywords alone gets all that is urgent."""
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.says("/start")
    await rae.presses("속보만", await rae.offers("속보만"))
    await rae.sees("속보와 긴급만")
    found = await rae.subscriber()
    assert found is not None
    assert (found.topics, found.urgency) == ({"politics"}, Urgency.BREAKING)
    await rae.says("/subscribe none")
    await rae.says("속보만")
    await until(lambda: rae.has("모든 주제의 알림을 켰습니다. 속보와 긴급만"))


@both
async def test_who_gets_nothing_yet_is_welcomed_in_the_language_asked_for(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("언어")
    await rae.presses("English", await rae.offers("English"))
    told = await rae.sees("Choose")
    assert await rae.subscriber() is None
    await rae.presses("Everything", told)
    await rae.sees("All topics are on.")
    found = await rae.subscriber()
    assert found is not None
    assert found.language == "en"


@both
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("stop sending me politics", "Alerts are off for: Politics."),
        ("stop #politics", "Alerts are off for: Politics."),
        ("stop at 10pm", "For how long?"),
        ("don't stop", "I do not know"),
        ("undo everything", "Takes the last change back"),
    ],
)
async def test_stop_with_words_behind_it_ends_no_more_than_they_say(
    cast: Cast, platform: str, said: str, told: str
) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe politics economy en")
    await rae.sees("Alerts are on")
    await rae.says(said)
    await until(rae.news)
    assert told in "\n".join(one.text for one in rae.news())
    found = await rae.subscriber()
    assert found is not None
    assert (found.state, found.topics - {"politics"}) == ("active", {"economy"})


@both
async def test_what_was_undone_is_not_had_again_by_saying_undo_once_more(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("정치만")
    await rae.sees("지금 받는 알림: 정치.")
    for said, told, topics in (
        ("되돌려줘", "되돌렸습니다.", set()),
        ("되돌려줘", "되돌릴 것이 없습니다.", set()),
        ("다시 적용", "다시 적용했습니다. 지금 받는 알림: 정치.", {"politics"}),
    ):
        await rae.says(said)
        await rae.sees(told)
        found = await rae.subscriber()
        assert found is not None
        assert found.topics == topics, said


async def test_a_sentence_means_the_same_to_people_of_the_desk(cast: Cast) -> None:
    """Though it begins with a word of theirs: "알림" lists the alerts."""
    ed = cast.on("telegram", "Ed")
    await ed.says("/subscribe all")
    await ed.sees("모든 주제의 알림을 켰습니다.")
    await ed.says("알림 꺼줘")
    await ed.sees("얼마 동안")


@both
async def test_words_about_a_topic_that_ask_for_nothing_known_are_offered_what_can_be_done(
    cast: Cast, platform: str
) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    before = await rae.subscriber()
    await rae.says("정치는 이제 좀 지겹습니다 정말로")
    told = await rae.sees("정치: 어떻게 할지 골라 주십시오.")
    assert labels(told) == ["‘정치’만 받기", "‘정치’ 더하기", "‘정치’ 빼기", "설정"]
    assert await rae.subscriber() == before
    await rae.presses("‘정치’ 빼기", told)
    await rae.sees("정치 알림을 껐습니다.")
    await rae.says("politics is rather boring these days" if platform == "slack" else "Politics? rather boring")
    await rae.sees("정치: 어떻게 할지 골라 주십시오.")
    await rae.says(f"정치는 이제 좀 지겹습니다 {'#news' if platform == 'slack' else '@example_news_flash'}")
    await rae.sees("모르는 명령입니다.")  # what it would be offered for is another place
    await rae.says("아무 말이나 길게 적어 봅니다")
    assert labels(await rae.sees("모르는 명령입니다.")) == ["설정"]


@both
async def test_who_is_muted_and_asks_for_what_is_on_is_told_of_the_mute(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.says("/mute 2h")
    await rae.sees("알림을 멈춥니다.")
    await rae.says("알림 켜줘")
    told = await rae.sees("이미 받고 계신 알림입니다.")
    assert "잠시 멈춤" in told.text
    await rae.says("구독 정치")
    assert "잠시 멈춤" in (await rae.sees("이미 받고 계신 알림입니다.")).text
    await rae.presses("다시 받기", told)
    await rae.sees("다시")


@both
async def test_what_is_said_twice_is_still_undone(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    for _ in range(2):
        await rae.says("/quiet 22-6")
        await rae.sees("22:00-06:00")
    await rae.says("되돌려줘")
    await rae.sees("되돌렸습니다. 조용한 시간을 껐습니다.")


async def test_stop_at_a_question_leaves_the_question(cast: Cast) -> None:
    rae = cast.on("telegram", "Rae")
    await rae.says("/subscribe all en")
    await rae.sees("All topics are on.")
    await rae.says("/quiet 25:00")
    await rae.sees("To leave it as it is: cancel")
    await rae.says("stop")
    await rae.sees("Nothing was changed.")
    await rae.says("stop")
    await rae.sees("All alerts are off.")
