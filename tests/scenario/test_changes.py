"""An article that changes after its alert: small changes go into what was sent, large ones ask a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsbot.flows.revise import MOST_EDITS
from tests.cast import PLATFORMS, Actor, Cast, until

TITLE, TEXT = "예시군, 새 도서관 3월 2일 개관", "예시군은 새 도서관을 3월 2일에 연다고 밝혔다. 좌석은 200석이다."

MORE = " 주차장도 넓힌다."


@pytest.fixture
async def readers(cast: Cast, site: Path) -> list[Actor]:
    """Rae on both platforms, who has the alert about the library."""
    found = [cast.on(platform, "Rae") for platform in PLATFORMS]
    for rae in found:
        await rae.says("/subscribe all")
        await rae.sees("모든 주제의 알림을 켰습니다.")
    await library(cast, site)
    for rae in found:
        await until(lambda rae=rae: rae.has("도서관"))
    return found


async def library(cast: Cast, site: Path, title: str = TITLE, text: str = TEXT) -> None:
    await cast.publish(site, "library", title, text, categories="사회")


async def changed(cast: Cast, readers: list[Actor], words: str, edits: int = 1) -> None:
    """Every copy has these words now, after so many edits; nobody got a second message."""
    for rae in readers:
        await until(lambda rae=rae: words in rae.has("도서관")[0].text, words)
        (copy,) = rae.has("도서관")
        assert len(copy.edits) == edits


async def test_a_small_change_is_edited_into_every_copy(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await library(cast, site, text=TEXT + MORE)
    await changed(cast, readers, MORE)
    row = await cast.story("도서관")
    assert (row["revision"], row["state"], row["sent"]) == (2, "done", 2)
    assert not await cast.stories(held=True)


async def test_a_change_nobody_would_see_edits_nothing(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await cast.publish(site, "library", TITLE, TEXT, categories="사회", tags="[새소식]")
    await library(cast, site, text=TEXT + MORE)
    await changed(cast, readers, MORE, edits=1)


async def test_a_large_change_asks_once_and_goes_in_when_a_person_says_so(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    await library(cast, site, title=TITLE.replace("3월 2일", "4월 9일"))
    story = await cast.held("4월 9일", "large change")
    await library(cast, site, title=TITLE.replace("3월 2일", "4월 10일"))
    assert await cast.held("4월 10일", "large change") == story, "one question, whatever the number of changes"
    assert len(await cast.stories(held=True)) == 1
    assert all("3월 2일" in rae.has("도서관")[0].text for rae in readers)
    ed = cast.on("telegram", "Ed")
    await ed.says(f"/push {story}")
    await ed.sees("보낸 알림이 모두 고쳐짐")
    await ed.presses("보내기")
    await changed(cast, readers, "4월 10일")
    assert await cast.stories(held=True) == []


async def test_a_large_change_that_is_taken_back_asks_nobody_any_more(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    await library(cast, site, title=TITLE.replace("3월 2일", "4월 9일"))
    await cast.held("4월 9일", "large change")
    await library(cast, site)

    async def nobody() -> bool:
        return not await cast.stories(held=True)

    await until(nobody)
    assert all(rae.has("도서관")[0].edits == [] for rae in readers)


async def test_a_dropped_change_stays_out(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await library(cast, site, title=TITLE.replace("3월 2일", "4월 9일"))
    story = await cast.held("4월 9일", "large change")
    ed = cast.on("telegram", "Ed")
    await ed.says(f"/drop {story}")
    await ed.sees(f"{story}번을 폐기했습니다.")
    await ed.says(f"/drop {story}")
    await ed.sees("보류 중이 아닙니다")
    assert [row["state"] for row in await cast.stories() if row["id"] == story] == ["cancelled"]
    assert ("Ed", "drop", story) in [(one["who"], one["deed"], one["target"]) for one in await cast.audit()]
    assert all(rae.has("도서관")[0].edits == [] for rae in readers)


async def test_a_text_that_is_never_finished_becomes_a_persons_matter(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    for number in range(1, MOST_EDITS + 1):
        subject = "좌석이" if number % 2 else "좌석은"
        await library(cast, site, text=TEXT.replace("좌석은", subject))
        await changed(cast, readers, subject, edits=number)
    await library(cast, site, text=TEXT + MORE)
    await cast.held("도서관", "edited too often")
    assert all(len(rae.has("도서관")[0].edits) == MOST_EDITS for rae in readers)


async def test_a_new_address_goes_into_every_copy(cast: Cast, site: Path, readers: list[Actor]) -> None:
    await cast.publish(site, "library", TITLE, TEXT, categories="사회", permalink="/new/place.html")
    for rae in readers:
        await until(lambda rae=rae: "new/place.html" in str(rae.has("도서관")[0].payload))
        assert len(rae.has("도서관")) == 1


async def test_who_subscribes_later_gets_no_edit_of_what_they_never_had(
    cast: Cast, site: Path, readers: list[Actor]
) -> None:
    sam = cast.on("telegram", "Sam")
    await sam.says("/subscribe all")
    await until(sam.subscriber)
    await library(cast, site, text=TEXT + MORE)
    await changed(cast, readers, MORE)
    assert not sam.has("도서관")
