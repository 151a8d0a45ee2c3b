"""The way in by a link, the way out, what is stored, and buttons that were made long ago."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Choices, Inbound, Quiet, Reply, Slot, Subscriber, Urgency
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import GROUP, PLATFORMS, Cast, labels, until
from tests.conftest import newsbot

both = pytest.mark.parametrize("platform", PLATFORMS)
EVENTS = itertools.count()


@both
async def test_stop_ends_everything_and_asks_why_once(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 정치 경제")
    await rae.sees("알림을 켰습니다.")
    before = await rae.subscriber()
    await rae.says("/stop")
    ended = await rae.sees("알림을 모두 껐습니다. 다시 받으려면: " + rae.word("/subscribe"))
    assert labels(ended) == ["되돌리기", "너무 많음", "쓸모없음", "다른 이유"]
    await cast.publish(site, "one", "예시 국회, 새 의장 선출", categories="정치")
    await cast.done((await cast.story("의장"))["id"])
    assert not rae.has("의장")
    await rae.presses("너무 많음", ended)
    thanked = await rae.sees("알려 주셔서 고맙습니다.")
    assert "다시 받으려면" in thanked.text
    assert labels(thanked) == ["되돌리기"]
    await rae.presses("되돌리기", thanked)
    await rae.sees("되돌렸습니다.")
    assert await rae.subscriber() == before


@both
async def test_privacy_shows_everything_and_deletes_it(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/privacy")
    await rae.sees("이곳에 대해 저장한 것이 없습니다.")
    choices = Choices(
        least=(("politics", Urgency.BREAKING),),
        words=frozenset({"반도체"}),
        without=frozenset({"야구"}),
        sources=frozenset({"예시뉴스"}),
        zone="Asia/Tokyo",
        quiet=Quiet(1380, 420),
        passes=None,
        digests=(Slot(480),),
        gather=True,
        cap=5,
        form="headline",
        sound=False,
        muted=4_000_000_000,
    )
    await cast.process.kit.subscribers.put(Subscriber(rae.address, frozenset({"politics"}), choices=choices))
    stored = await rae.subscriber()
    await rae.says("개인정보")
    shown = await rae.sees("이곳에 대해 저장한 것")
    for part in (
        *(
            str(rae.address),
            "받는 중",
            "정치",
            "속보와 긴급만",
            "반도체",
            "야구",
            "예시뉴스",
            "도쿄 시각",
            "23:00-07:00",
        ),
        *("아무것도 보내지", "08:00", "5건", "제목만", "소리 없이", "잠시 멈춤: 2096", "한국어", "200일"),
    ):
        assert part in shown.text, part
    await rae.presses("모두 지우기", shown)
    sure = await rae.sees("되돌릴 수 없습니다.")
    assert await rae.subscriber() == stored, "asked once before"
    await rae.presses("지우기", sure)
    await rae.sees("모두 지웠습니다.")
    assert await rae.subscriber() is None
    (again,) = await said(cast, platform, "forget yes")  # a second tap finds nothing, and says the same
    assert "모두 지웠습니다." in again.text
    keys = await cast.process.kit.redis.call("KEYS", f"nb:*{platform}*word:*")
    assert keys == []
    await rae.says("/privacy")
    await rae.sees("이곳에 대해 저장한 것이 없습니다.")


LINKS = (
    ("/start politics", {"politics"}, Urgency.NORMAL),
    ("/start politics_breaking", {"politics"}, Urgency.BREAKING),
    ("/start politics_economy", {"politics", "economy"}, Urgency.NORMAL),
    ("/start all", set(), Urgency.NORMAL),
)


@both
async def test_a_link_that_names_a_topic_subscribes_it(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for words, topics, urgency in LINKS:
        await rae.says(words)
        await rae.sees("알림을 켰습니다.")
        found = await rae.subscriber()
        assert found is not None
        assert (found.topics, found.urgency, found.state) == (topics, urgency, "active"), words
        await cast.forget(rae)
    await rae.says("/start something_else")
    await rae.sees("속보 알림입니다.")
    assert await rae.subscriber() is None


@both
async def test_the_welcome_shows_a_real_alert_and_subscribes_in_one_tap(cast: Cast, site: Path, platform: str) -> None:
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await cast.done((await cast.story("지진"))["id"])
    rae = cast.on(platform, "Rae")
    await rae.says("/start")
    welcome = await rae.sees("속보 알림입니다.")
    assert "예시군 앞바다 규모 5.1 지진" in welcome.text
    for _ in range(2):  # a double tap does nothing twice
        await rae.presses("모두 받기", welcome)
        await until(rae.news, "an answer")
    found = await rae.subscriber()
    assert found is not None
    assert (found.topics, found.state) == (frozenset(), "active")


async def test_who_is_new_begins_with_the_newsrooms_hours(
    sandbox: Running, redis: Redis, site: Path, tmp_path: Path
) -> None:
    """The real defaults: big news at once, the rest in two digests, quiet at night, and said so."""
    plain = {
        "NEWSBOT_READER__QUIET": "23:00-07:00",
        "NEWSBOT_READER__GATHER": "true",
        "NEWSBOT_READER__CAP": "8",
        "NEWSBOT_READER__DIGESTS": '["08:00", "18:30"]',
    }
    async with newsbot(sandbox, redis, tmp_path / "data", site, **plain) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        for platform in PLATFORMS:
            rae = cast.on(platform, "Rae")
            await rae.says("/start")
            await rae.sees("나머지는 모아서 보내 드립니다: 08:00, 18:30.")
            await rae.presses("모두 받기")
            told = await rae.sees("모든 주제의 알림을 켰습니다.")
            assert "일반 알림은 모아서 보내 드립니다: 08:00, 18:30." in told.text
            assert "23:00-07:00에는 가장 급한 소식(긴급)만 보내고" in told.text
            found = await rae.subscriber()
            assert found is not None
            assert found.choices == process.kit.plain.settings.reader.choices
            assert found.choices.cap == 8
        await cast.publish(site, "budget", "예시 국회, 예산안 처리", categories="정치")
        await cast.publish(site, "flash", "[긴급] 예시군 앞바다 규모 6.1 지진", categories="재난")
        row = await cast.story("예산안")
        await cast.done(row["id"])
        assert not cast.on("telegram", "Rae").has("예산안")


async def said(cast: Cast, platform: str, data: str) -> list[Reply]:
    """What is answered to a button that says this, pressed in private."""
    number = next(EVENTS)
    address = Address(platform, "1001" if platform == "telegram" else "D0RAE")
    inbound = Inbound("press", address, "private", f"88{number}", data, f"old:{number}")
    return list(await cast.process.kit.door()(inbound))


OLD = (
    ("subscribe all ko", "모든 주제의 알림을 켰습니다.", set(), Urgency.NORMAL, "ko"),
    ("subscribe all breaking ko", "속보와 긴급만", set(), Urgency.BREAKING, "ko"),
    ("subscribe politics ko", "이미 받고", set(), Urgency.BREAKING, "ko"),
    ("topics", "받을 주제", set(), Urgency.BREAKING, "ko"),
    ("restore normal ko politics,economy", "되돌렸습니다.", {"politics", "economy"}, Urgency.NORMAL, "ko"),
    ("restore breaking en politics", "Undone.", {"politics"}, Urgency.BREAKING, "en"),
    ("restore normal ko", "되돌렸습니다.", set(), Urgency.NORMAL, "ko"),
    ("start", "지금 받는 알림", set(), Urgency.NORMAL, "ko"),
)


@both
async def test_buttons_of_before_still_work(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for data, answer, topics, urgency, language in OLD:
        replies = await said(cast, platform, data)
        assert any(answer in reply.text for reply in replies), (data, replies)
        found = await rae.subscriber()
        assert found is not None, data
        assert (found.topics, found.urgency, found.language) == (topics, urgency, language), data
    (ended,) = await said(cast, platform, "unsubscribe")
    assert "알림을 모두 껐습니다." in ended.text


GONE = (
    *("set attic", "set topics paint red", "set how shout", "hush ZZZZZ", "restore", "restore loud ko"),
    *("restore normal ko attic", "restore normal ko x:politics", "restore normal ko po,,ec"),
)
UNKNOWN = ("attic open", "v9:17")


@both
@pytest.mark.parametrize("old_ones", [GONE, UNKNOWN], ids=["of a verb", "of none"])
async def test_buttons_nobody_knows_any_more_say_so(cast: Cast, platform: str, old_ones: tuple[str, ...]) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 정치")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    old = bootstrap.read_words("ko").catalogs["ko"]["panel.old"]
    for data in old_ones:
        assert [reply.text for reply in await said(cast, platform, data)] == [old], data
    assert await rae.subscriber() == before


async def test_a_members_tap_on_an_old_button_in_a_group_is_nobodys_business(cast: Cast) -> None:
    rae, sam = cast.on("telegram", "Rae", GROUP), cast.on("telegram", "Sam", GROUP)
    await rae.says("/start")
    welcome = await rae.sees("속보 알림입니다.")
    for data in (*UNKNOWN, "set how sound off", "forget yes", "restore normal ko"):
        await sam.sends(data, welcome)
    await rae.says("/privacy")
    await rae.sees("저장한 것이 없습니다.")
    assert await rae.subscriber() is None
    assert len(rae.messages()) == 2


@both
async def test_every_choice_of_topics_can_be_undone_by_a_button(cast: Cast, platform: str) -> None:
    """However many they are, the button says it within its bytes, and brings back exactly them."""
    rae, chat = cast.on(platform, "Rae"), cast.process.kit.door().chat
    ids = sorted(chat.subscription.every)
    least = tuple((topic, Urgency.FLASH) for topic in ids[:4])
    for topics in (frozenset(ids[:-1]), frozenset(ids[::2]), frozenset(ids), frozenset(ids[-1:]), frozenset({"none"})):
        choices = Choices(least=least, words=frozenset({"ai"}))
        await cast.process.kit.subscribers.put(Subscriber(rae.address, topics, Urgency.BREAKING, choices=choices))
        before = await rae.subscriber()
        await said(cast, platform, "subscribe all normal")
        (ended,) = await said(cast, platform, "stop")
        assert before is not None
        data = chat.subscription.restoring(before)
        assert len(data.encode()) <= 64
        await said(cast, platform, data)
        assert await rae.subscriber() == before, data
        assert ended.buttons
