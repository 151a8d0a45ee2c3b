"""What goes out by itself, what waits for a person, and what is never told twice."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Actor, Cast, until
from tests.conftest import newsbot


def today() -> datetime:
    """Asked for when it is used: a run across midnight has two of them."""
    return datetime.now(ZoneInfo("Asia/Seoul"))


@pytest.fixture
async def readers(cast: Cast) -> list[Actor]:
    """Rae on both platforms, who wants everything."""
    found = [cast.on(platform, "Rae") for platform in PLATFORMS]
    for rae in found:
        await rae.says("/subscribe all")
        await rae.sees("모든 주제의 알림을 켰습니다.")
    return found


async def nothing_came(cast: Cast, site: Path, readers: list[Actor], text: str) -> None:
    """A later article arrives everywhere; of this one nothing was seen."""
    await cast.publish(site, "marker", "예시은행, 기준금리 동결", categories="경제")
    for rae in readers:
        await until(lambda rae=rae: rae.has("기준금리 동결"))
        assert not rae.has(text)


async def once_each(cast: Cast, site: Path, readers: list[Actor], text: str) -> None:
    """A later article arrives everywhere; this one was seen once."""
    await cast.publish(site, "marker", "예시은행, 기준금리 동결", categories="경제")
    for rae in readers:
        await until(lambda rae=rae: rae.has("기준금리 동결"))
        assert len(rae.has(text)) == 1


async def test_yesterday_goes_the_day_before_waits(cast: Cast, site: Path, readers: list[Actor]) -> None:
    yesterday, before = (f"{today() - timedelta(days=days):%Y-%m-%d}" for days in (1, 2))
    await cast.publish(site, "older", "예시군 그저께 소식", day=before)
    await cast.held("그저께 소식", "old")
    await cast.publish(site, "newer", "예시군 어제 소식", day=yesterday)
    for rae in readers:
        await until(lambda rae=rae: rae.has("어제 소식"))
    await nothing_came(cast, site, readers, "그저께 소식")


async def test_a_date_ahead_waits_for_a_person(cast: Cast, site: Path, readers: list[Actor]) -> None:
    (site / "_config.yml").write_text("url: https://example.com\ntimezone: Asia/Seoul\nfuture: true\n")
    await cast.publish(site, "ahead", "예시군 내일모레 소식", day=f"{today() + timedelta(days=2):%Y-%m-%d}")
    await cast.held("내일모레 소식", "dated ahead")
    hour = datetime.now(ZoneInfo("Asia/Seoul")) + timedelta(minutes=30)
    await cast.publish(site, "hour", "예시군 조금 뒤 소식", date=repr(f"{hour:%Y-%m-%d %H:%M}"))
    await cast.held("조금 뒤 소식", "dated ahead")
    await nothing_came(cast, site, readers, "뒤 소식")


async def test_what_the_site_does_not_publish_is_not_even_a_story(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await cast.publish(site, "advert", "[광고] 예시군 특산물 장터")
    await cast.publish(site, "hidden", "예시군 숨은 소식", published="false")
    await cast.publish(site, "later", "예시군 앞날 소식", day=f"{today() + timedelta(days=2):%Y-%m-%d}")
    (site / "_drafts").mkdir()
    (site / "_drafts" / "idea.md").write_text("---\ntitle: 예시군 생각만 한 소식\n---\n본문이다.\n")
    await nothing_came(cast, site, readers, "예시군")
    assert [row["headline"] for row in await cast.stories()] == ["예시은행, 기준금리 동결"]
    await cast.publish(site, "hidden", "예시군 숨은 소식")  # until it is published: then it is news
    for rae in readers:
        await until(lambda rae=rae: rae.has("숨은 소식"))


async def test_what_calls_itself_a_test_is_held_and_nobody_can_send_it(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    await cast.publish(site, "test", "[테스트] 예시군 시험 소식")
    story = await cast.held("예시군 시험 소식", "unfinished")
    ed = cast.on("telegram", "Ed")
    await ed.says(f"/push {story}")
    await ed.sees("쓰다 만 글이나 시험용 글")
    await nothing_came(cast, site, readers, "예시군 시험")


async def test_the_same_article_again_is_no_second_alert(cast: Cast, site: Path, readers: list[Actor]) -> None:
    post = await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", "규모 5.1이다.", categories="재난")
    for rae in readers:
        await until(lambda rae=rae: rae.has("예시군 앞바다"))
    os.utime(post)
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", "규모 5.1이다.", categories="재난")
    post.rename(site / "_posts" / f"{today() - timedelta(days=1):%Y-%m-%d}-quake.md")  # moved in time
    await once_each(cast, site, readers, "예시군 앞바다")
    assert len([row for row in await cast.stories() if "앞바다" in row["headline"]]) == 1


async def test_a_piece_moved_in_time_is_still_known_by_its_new_name(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    post = await cast.publish(site, "quake", "예시군 앞바다 지진", "규모 5.1이다.", categories="재난")
    for rae in readers:
        await until(lambda rae=rae: rae.has("예시군 앞바다"))
    before, after = (f"{today() - timedelta(days=days):%Y/%m/%d}" for days in (0, 1))
    url = (await cast.story("앞바다"))["url"].replace(before, after)
    moved = post.rename(site / "_posts" / f"{today() - timedelta(days=1):%Y-%m-%d}-quake.md")

    async def known() -> bool:
        return await cast.process.kit.stories.article(url) is not None

    await until(known)
    moved.write_text(moved.read_text("utf-8").replace("5.1", "5.2"), "utf-8")
    await once_each(cast, site, readers, "예시군 앞바다")


async def test_a_held_piece_moved_to_today_still_waits_and_has_its_new_address(cast: Cast, site: Path) -> None:
    post = await cast.publish(site, "old", "예시군 옛 소식", "옛 문장이다.", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    post.rename(site / "_posts" / f"{today():%Y-%m-%d}-old.md")

    async def moved() -> bool:
        return f"{today():%Y/%m/%d}" in str((await cast.story("옛 소식"))["url"])

    await until(moved)
    assert [row["id"] for row in await cast.stories()] == [story]


async def test_the_same_headline_without_a_text_waits(cast: Cast, site: Path, readers: list[Actor]) -> None:
    words = "---\ntitle: 오늘의 하늘\nexcerpt: ''\n---\n<img src='sky.png'>\n"
    (site / "_posts" / f"{today() - timedelta(days=1):%Y-%m-%d}-sky.md").write_text(words, "utf-8")
    for rae in readers:
        await until(lambda rae=rae: rae.has("오늘의 하늘"))
    (site / "_posts" / f"{today():%Y-%m-%d}-sky.md").write_text(words, "utf-8")
    await cast.held("오늘의 하늘", "said before")


async def test_an_edited_article_is_a_revision_without_a_message(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await cast.publish(site, "quake", "예시군 앞바다 지진", "규모 5.1이다.", categories="재난")
    for rae in readers:
        await until(lambda rae=rae: rae.has("예시군 앞바다"))
    await cast.publish(site, "quake", "예시군 앞바다 지진, 정정", "규모 5.2이다.", categories="재난")
    await once_each(cast, site, readers, "예시군 앞바다")
    url = (await cast.story("앞바다"))["url"]
    article = await cast.process.kit.stories.article(url)
    assert article is not None
    assert article.excerpt == "규모 5.2이다."
    assert not [m for rae in readers for m in rae.messages() if m.edits]


async def test_a_held_story_follows_its_article_address_and_date_included(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    ed = cast.on("telegram", "Ed")
    await cast.publish(site, "old", "예시군 옛 소식", "옛 문장이다.", day="2026-01-02")
    story = await cast.held("옛 소식", "old")
    await cast.publish(site, "old", "예시군 옛 소식", "옛 문장이다.", day="2026-01-02", permalink="/new/place.html")

    async def moved() -> bool:
        return (await cast.story("옛 소식"))["url"] == "https://example.com/new/place.html"

    await until(moved)
    await ed.says(f"/push {story}")
    await ed.sees("위 그대로 나갑니다.")
    assert "new/place.html" in str(ed.news()[0].payload)
    await ed.presses("보내기")
    await ed.sees("보내기 시작했습니다")
    await once_each(cast, site, readers, "옛 소식")


@asynccontextmanager
async def running(sandbox: Running, redis: Redis, site: Path, data: Path, **more: str) -> AsyncIterator[Cast]:
    """A newsbot of its own for the length of the block."""
    async with newsbot(sandbox, redis, data, site, **more) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)
        yield cast


async def test_without_an_address_of_the_site_it_waits(
    sandbox: Running, redis: Redis, site: Path, tmp_path: Path
) -> None:
    (site / "_config.yml").write_text("timezone: Asia/Seoul\n")
    async with running(sandbox, redis, site, tmp_path / "data") as cast:
        ed = cast.on("telegram", "Ed")
        await cast.publish(site, "quake", "예시군 앞바다 지진", "규모 5.1이다.")
        story = await cast.held("앞바다", "no site address")
        await ed.says(f"/push {story}")
        await ed.sees(f"{story}번은 기사 주소를 몰라 보낼 수 없습니다.")
    # Started again with the address, the story that waits knows it too.
    async with running(sandbox, redis, site, tmp_path / "data", NEWSBOT_SITE__URL="https://example.com") as cast:
        ed = cast.on("telegram", "Ed")

        async def addressed() -> bool:
            return str((await cast.story("앞바다"))["url"]).startswith("https://example.com/")

        await until(addressed)
        await ed.says(f"/push {story}")
        await ed.sees("위 그대로 나갑니다.")


async def test_too_many_at_once_wait(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> None:
    async with running(sandbox, redis, site, tmp_path / "data", NEWSBOT_INGEST__MOST_AT_ONCE="2") as cast:
        for number in range(5):
            await cast.publish(site, f"many-{number}", f"예시군 소식 {number}", f"문장 {number}이다.")

        async def five() -> bool:
            return len(await cast.stories()) == 5

        await until(five)
        reasons = sorted(row["reason"] or "" for row in await cast.stories())
        assert reasons == ["", "", *["too many at once"] * 3]
        assert len(await cast.stories(held=True)) == 3
        ed = cast.on("slack", "Ed")
        await ed.says("/alerts")
        assert (await ed.sees("보류 중")).text.count("한꺼번에 너무 많음") == 3
