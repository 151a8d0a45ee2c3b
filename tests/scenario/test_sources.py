"""A source that goes away is seen, and what it publishes when it is back is told."""

from __future__ import annotations

from pathlib import Path

from tests.cast import Cast, until


async def test_a_folder_that_is_gone_is_shown_as_bad_until_it_is_back(cast: Cast, site: Path) -> None:
    rae, olu = cast.on("telegram", "Rae"), cast.on("telegram", "Olu")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    away = site.with_name("away")
    site.rename(away)

    async def state() -> bool:
        (row,) = await cast.process.kit.report.sources()
        return bool(row["ok"])

    async def bad() -> bool:
        return not await state()

    await until(bad, "the folder is missed")
    await olu.says("/status")
    await olu.sees("no such folder")
    away.rename(site)
    await until(state, "the folder is found again")
    await cast.publish(site, "back", "예시군 새 도서관 개관", categories="사회")
    await until(lambda: rae.has("도서관"))


async def test_a_fault_nobody_foresaw_costs_one_source_a_moment_and_not_the_process(cast: Cast, site: Path) -> None:
    rae = cast.on("telegram", "Rae")
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    stories = cast.process.kit.stories
    whole, faults = stories.known, [ValueError("a fault")]

    async def known(articles: object) -> object:
        if faults:
            raise faults.pop()
        return await whole(articles)  # type: ignore[arg-type]

    stories.known = known  # type: ignore[method-assign,assignment]
    await cast.publish(site, "fault", "예시군 새 도서관 개관", categories="사회")
    await until(lambda: rae.has("도서관"))
    assert faults == []
