"""What was published can be found again; why an alert came, what else there is of it, and no more of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsbot.core.model import Choices, Subscriber
from tests.cast import PLATFORMS, Cast, labels, until

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)

QUAKE = "예시군 앞바다 규모 5.1 지진"


async def test_why_right_after_an_alert(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/why")
    await rae.sees("받고 있는 알림이 없습니다.")
    await rae.says("구독 재난")
    await rae.sees("알림을 켰습니다.")
    await rae.says("키워드 지진")
    await rae.sees("알림을 켰습니다.")
    await rae.says("/why")
    await rae.sees("이곳에 보낸 알림이 아직 없습니다.")
    await rae.says("/why ZZZZZ")
    await rae.sees(rae.word("/why K7F3M"))
    await cast.publish(site, "quake", f"[속보] {QUAKE}", categories="재난")
    await until(lambda: rae.has(QUAKE))
    await rae.says("이유")
    told = await rae.sees("받으신 이유: ")
    story = (await cast.story("지진"))["id"]
    assert f"{QUAKE} ({story})" in told.text
    for reason in ("키워드 지진", "주제 날씨·재난", "속보"):
        assert reason in told.text
    assert labels(told) == ["다른 소식", "이 이야기 그만", "설정"]
    await rae.presses("다른 소식", told)
    await rae.sees("이 이야기의 다른 소식은 없습니다.")
    await cast.publish(site, "budget", "예시 국회, 예산안 처리", categories="정치")
    other = (await cast.story("예산안"))["id"]
    await cast.done(other)
    await rae.says(f"이유 {other.lower()}")
    await rae.sees("고르신 주제와 급한 정도에 들지 않아")


async def test_why_says_that_it_waits_for_the_digest(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    for words, reason in (("그만 2시간", "멈추신 동안"), ("모아보기 8시 18:30", "일반 알림이라 다음 모아보기에")):
        await cast.process.kit.subscribers.put(Subscriber(rae.address))
        await rae.says(words)
        await until(rae.news, "an answer")
        await cast.publish(site, f"n{len(reason)}", f"예시 국회, 예산안 처리 {len(reason)}", categories="정치")
        story = (await cast.story(f"처리 {len(reason)}"))["id"]
        await cast.done(story)
        await rae.says(f"/why {story}")
        await rae.sees(reason)


async def test_what_waits_for_a_person_is_shown_to_no_reader(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 전체")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await cast.publish(site, "old", "예시군 비밀 소식", day="2026-01-02")
    story = await cast.held("비밀 소식", "old")
    for words in (f"/why {story}", f"/more {story}", "/latest 10", "검색 비밀"):
        await rae.says(words)
        await until(rae.news, words)
    assert not rae.has("비밀 소식")


async def test_search_and_latest(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await cast.publish(site, "quake", f"[속보] {QUAKE}", "피해는 없었다.", categories="재난")
    await cast.publish(site, "budget", "예시 국회, 예산안 처리", categories="정치")
    for headline in ("지진", "예산안"):
        await cast.done((await cast.story(headline))["id"])
    for words, found in (
        ("검색 지진", [QUAKE]),
        ("/search 예산안 국회", ["예산안 처리"]),
        ("검색 예시", [QUAKE, "예산안 처리"]),
        ("검색 피해는 없었다", [QUAKE]),
        ("최근 정치 3건", ["예산안 처리"]),
    ):
        await rae.says(words)
        answer = await rae.sees(found[0])
        assert all(headline in answer.text for headline in found), words
        assert answer.text.count("•") == len(found), words
    await rae.says("검색 우주정거장")
    await rae.sees("지난 30일 기사에는 없습니다.")


async def test_a_story_is_muted_under_its_alert_and_heard_again(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("구독 전체")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await cast.publish(site, "quake", f"[속보] {QUAKE}", categories="재난")
    alert = (await until(lambda: rae.has(QUAKE)))[0]
    story = await cast.process.kit.stories.get((await cast.story("지진"))["id"])
    assert story is not None
    for _ in range(2):  # a double tap does nothing twice
        await rae.presses("이 이야기 그만", alert)
        hushed = await rae.sees("이 이야기의 다음 소식은 보내지 않습니다.")
    found = await rae.subscriber()
    assert found is not None
    audiences = cast.process.kit.audiences

    async def hush() -> bool:
        columns = await audiences.columns(platform)
        return bool((await audiences.standing(platform, columns.size, (), (story.id,), 0.0)).hushed)

    assert await hush()
    assert QUAKE in rae.has(QUAKE)[0].text, "the alert itself stays as it is"
    await rae.presses("되돌리기", hushed)
    await rae.sees("이 이야기의 소식을 다시 보내 드립니다.")
    assert not await hush()
    await rae.presses("설정", alert)
    await rae.sees("지금 설정")
    assert rae.has(QUAKE)[0].key == alert.key, "and no panel takes its place"


async def test_more_shows_the_line_of_a_story(cast: Cast, site: Path, platform: str) -> None:
    rae, stories = cast.on(platform, "Rae"), cast.process.kit.stories
    await cast.process.kit.subscribers.put(Subscriber(rae.address, choices=Choices()))
    await cast.publish(site, "quake", f"[속보] {QUAKE}", categories="재난")
    await cast.publish(site, "after", "예시군 여진 세 차례", categories="재난")
    first, later = [await stories.get((await cast.story(words))["id"]) for words in ("규모 5.1", "여진")]
    assert first is not None
    assert later is not None
    for one in (first, later):
        await cast.done(one.id)
    assert await stories.advance(later, later.model_copy(update={"kind": "follow-up", "parent": first.id}))
    for asked, shown in ((first, "여진"), (later, "규모 5.1")):
        await rae.says(f"/more {asked.id}")
        told = await rae.sees("이 이야기의 다른 소식")
        assert shown in told.text
        assert told.text.count("•") == 1
