"""An archive that is renamed, re-dated or copied is no news: nobody is told, one question is asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cast import PLATFORMS, Actor, Cast, until

SIZE = 12


def today() -> str:
    return f"{datetime.now(ZoneInfo('Asia/Seoul')):%Y-%m-%d}"


def words(number: int) -> str:
    return f"---\ntitle: 예시군 소식 제{number}호\nexcerpt: 제{number}호의 첫 문장이다.\n---\n본문 {number}이다.\n"


@pytest.fixture
def site(site: Path) -> Path:
    """The small site with an archive of last year."""
    for number in range(1, SIZE + 1):
        (site / "_posts" / f"2025-03-{number:02}-old-{number}.md").write_text(words(number), "utf-8")
    return site


@pytest.fixture
async def readers(cast: Cast) -> list[Actor]:
    """Rae on both platforms, who wants everything."""
    found = [cast.on(platform, "Rae") for platform in PLATFORMS]
    for rae in found:
        await rae.says("/subscribe all")
        await rae.sees("모든 주제의 알림을 켰습니다.")
    return found


async def one_question(cast: Cast, site: Path, readers: list[Actor], count: int) -> str:
    """A later article arrives; of the archive nothing was sent and one question stands, with the number of pieces."""

    async def asked() -> dict[str, object] | None:
        rows = await cast.stories(held=True)
        return next((row for row in rows if f"(+{count - 1})" in row["headline"]), None)

    row = await until(asked, "the question")
    assert (row["kind"], row["reason"]) == ("question", "republished")
    await cast.publish(site, "marker", "예시은행, 기준금리 동결", categories="경제")
    for rae in readers:
        await until(lambda rae=rae: rae.has("기준금리 동결"))
        assert not rae.has("소식 제")
    assert len(await cast.stories(held=True)) == 1
    return str(row["id"])


async def test_a_redated_archive_sends_nothing_and_asks_once(cast: Cast, site: Path, readers: list[Actor]) -> None:
    for post in sorted((site / "_posts").glob("2025-*")):
        post.rename(post.with_name(post.name.replace(post.name[:10], today())))
    question = await one_question(cast, site, readers, SIZE)
    ed = cast.on("telegram", "Ed")
    await ed.says(f"/push {question}")
    await ed.sees("확인 요청입니다")
    await ed.says("/alerts")
    await ed.sees("다시 나옴")
    await ed.says(f"/drop {question}")
    await ed.sees("폐기했습니다")
    assert await cast.stories(held=True) == []


async def test_a_renamed_archive_sends_nothing_and_asks_once(cast: Cast, site: Path, readers: list[Actor]) -> None:
    for number, post in enumerate(sorted((site / "_posts").glob("2025-*"))):
        post.rename(post.with_name(f"{today()}-new-{number}.md"))
    await one_question(cast, site, readers, SIZE)


async def test_an_archive_redated_in_its_front_matter_sends_nothing_and_asks_once(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    (site / "_config.yml").write_text("url: https://example.com\ntimezone: Asia/Seoul\npermalink: /:title.html\n")
    for post in sorted((site / "_posts").glob("2025-*")):
        post.write_text(post.read_text("utf-8").replace("---\n", f"---\ndate: {today()}\n", 1), "utf-8")
    await one_question(cast, site, readers, SIZE)


async def test_an_archive_copied_under_todays_date_sends_nothing_and_asks_once(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    for post in sorted((site / "_posts").glob("2025-*")):
        (site / "_posts" / post.name.replace(post.name[:10], today())).write_text(post.read_text("utf-8"), "utf-8")
    await one_question(cast, site, readers, SIZE)


async def test_one_renamed_post_asks_nobody_and_keeps_its_record(cast: Cast, site: Path, readers: list[Actor]) -> None:
    post = site / "_posts" / "2025-03-01-old-1.md"
    url = f"https://example.com/{today().replace('-', '/')}/fresh.html"
    post.rename(site / "_posts" / f"{today()}-fresh.md")

    async def known() -> bool:
        return await cast.process.kit.stories.article(url) is not None

    await until(known)
    await cast.publish(site, "marker", "예시은행, 기준금리 동결", categories="경제")
    for rae in readers:
        await until(lambda rae=rae: rae.has("기준금리 동결"))
        assert not rae.has("소식 제")
    assert await cast.stories(held=True) == []


async def test_one_copy_waits_for_a_person_who_may_send_it(cast: Cast, site: Path, readers: list[Actor]) -> None:
    (site / "_posts" / f"{today()}-copy.md").write_text(words(1), "utf-8")
    story = await cast.held("소식 제1호", "said before")
    ed = cast.on("telegram", "Ed")
    await ed.says(f"/push {story}")
    await ed.sees("이미 있음")
    await ed.presses("보내기")
    for rae in readers:
        await until(lambda rae=rae: rae.has("소식 제1호"))
