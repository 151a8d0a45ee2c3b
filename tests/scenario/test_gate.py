"""Nobody is sent to a page that does not answer: what waits for it, what goes without it, and how the link follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from newsbot.core.model import Article, Urgency
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Actor, Cast, labels, until
from tests.conftest import newsbot

ALLOWED = {"NEWSBOT_FETCH__ALLOW": '["127.0.0.0/8"]'}


@dataclass
class Pages:
    """A web server whose pages are there when a test says so."""

    port: int = 0
    there: bool = False
    status: int = 404
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split()[1].decode())
        status = 200 if self.there else self.status
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok" % status)
        writer.close()


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    found = Pages()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


@pytest.fixture
async def patience() -> dict[str, str]:
    """How long alerts wait for their pages here."""
    return {"NEWSBOT_GATE__NORMAL": "600", "NEWSBOT_GATE__BREAKING": "60"}


@pytest.fixture
async def gated(
    sandbox: Running, redis: Redis, site: Path, tmp_path: Path, pages: Pages, patience: dict[str, str]
) -> AsyncIterator[Cast]:
    """A newsbot whose site has a public address, and Rae on both platforms, who wants everything."""
    (site / "_config.yml").write_text(f"url: {pages.url}\ntimezone: Asia/Seoul\n")
    async with newsbot(sandbox, redis, tmp_path / "data", site, **ALLOWED, **patience) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)
        for platform in PLATFORMS:
            rae = cast.on(platform, "Rae")
            await rae.says("/subscribe all")
            await rae.sees("모든 주제의 알림을 켰습니다.")
        yield cast


def readers(cast: Cast) -> list[Actor]:
    return [cast.on(platform, "Rae") for platform in PLATFORMS]


def linked(message: Message, pages: Pages) -> bool:
    return pages.url in str(message.payload)


async def asked(pages: Pages, times: int) -> None:
    await until(lambda: len(pages.asked) >= times, f"{times} looks at the page")


async def test_a_normal_alert_waits_for_its_page_and_then_goes_with_its_link(
    gated: Cast, site: Path, pages: Pages
) -> None:
    await gated.publish(site, "story", "예시군 새 도서관 개관", categories="사회")
    await asked(pages, 3)
    assert not any(rae.has("도서관") for rae in readers(gated))
    assert (await gated.story("도서관"))["state"] == "open"
    pages.there = True
    for rae in readers(gated):
        (alert,) = await until(lambda rae=rae: rae.has("도서관"))
        assert linked(alert, pages)
        assert alert.edits == []


@pytest.mark.parametrize("patience", [{"NEWSBOT_GATE__NORMAL": "0.7"}])
async def test_a_normal_alert_whose_page_never_comes_waits_for_a_person_who_may_send_it_without(
    gated: Cast, site: Path, pages: Pages
) -> None:
    await gated.publish(site, "story", "예시군 새 도서관 개관", categories="사회")
    story = await gated.held("도서관", "page not found")
    assert not any(rae.has("도서관") for rae in readers(gated))
    ed = gated.on("telegram", "Ed")
    await ed.says(f"/push {story}")
    await ed.sees("기사 페이지가 아직 없음")
    await ed.presses("보내기")
    alerts = [(await until(lambda rae=rae: rae.has("도서관")))[0] for rae in readers(gated)]
    assert not any(linked(alert, pages) for alert in alerts)
    pages.there = True
    for rae in readers(gated):
        await until(lambda rae=rae: linked(rae.has("도서관")[0], pages))
        assert len(rae.has("도서관")) == 1


@pytest.mark.parametrize("patience", [{"NEWSBOT_GATE__BREAKING": "0.7"}])
async def test_breaking_waits_a_little_then_goes_without_and_gets_its_link_by_edit(
    gated: Cast, site: Path, pages: Pages
) -> None:
    await gated.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", "규모 5.1이다.", categories="재난")
    alerts = [(await until(lambda rae=rae: rae.has("앞바다")))[0] for rae in readers(gated)]
    for alert in alerts:
        assert not linked(alert, pages)
        assert "기사 보기" not in labels(alert)
    pages.there = True
    for rae in readers(gated):
        await until(lambda rae=rae: linked(rae.has("앞바다")[0], pages))
        (alert,) = rae.has("앞바다")
        assert "기사 보기" in labels(alert)
    row = await gated.story("앞바다")
    assert (row["revision"], row["sent"]) == (2, 2)


async def test_a_flash_never_waits(gated: Cast, pages: Pages) -> None:
    kit = gated.process.kit
    article = Article(id=f"{pages.url}/f", source="s", url=f"{pages.url}/f.html", title="예시군 앞바다 규모 7.1 지진")
    story = await kit.deeds.prepare(article, None, None)
    flash = story.model_copy(update={"urgency": Urgency.FLASH})
    assert await kit.stories.advance(story, flash)
    assert await kit.deeds.release(flash, "Ed")
    for rae in readers(gated):
        (alert,) = await until(lambda rae=rae: rae.has("규모 7.1"))
        assert not linked(alert, pages)
    pages.there = True
    for rae in readers(gated):
        await until(lambda rae=rae: linked(rae.has("규모 7.1")[0], pages))


async def test_an_editors_push_goes_at_once_where_the_page_is_there(gated: Cast, site: Path, pages: Pages) -> None:
    pages.there = True
    await gated.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await gated.held("옛 소식", "old")
    assert pages.asked == [], "what waits for a person asks no page"
    ed = gated.on("telegram", "Ed")
    await ed.says(f"/push {story}")
    await ed.sees("보류 이유")
    await ed.presses("보내기")
    for rae in readers(gated):
        assert linked((await until(lambda rae=rae: rae.has("옛 소식")))[0], pages)


async def test_a_text_that_changes_while_it_waits_goes_out_in_its_last_words(
    gated: Cast, site: Path, pages: Pages
) -> None:
    await gated.publish(site, "story", "예시군 새 도서관 개관", "3월에 연다.", categories="사회")
    await asked(pages, 1)
    await gated.publish(site, "story", "예시군 새 도서관 개관", "4월에 연다.", categories="사회")
    story = (await gated.story("도서관"))["id"]

    async def followed() -> bool:
        found = await gated.process.kit.stories.get(story)
        return found is not None and "4월" in found.excerpt

    await until(followed)
    pages.there = True
    for rae in readers(gated):
        (alert,) = await until(lambda rae=rae: rae.has("도서관"))
        assert "4월에 연다." in alert.text
        assert alert.edits == []


@pytest.mark.parametrize("patience", [{"NEWSBOT_GATE__ON": "false"}])
async def test_switched_off_it_asks_nobody(gated: Cast, site: Path, pages: Pages) -> None:
    await gated.publish(site, "story", "예시군 새 도서관 개관", categories="사회")
    for rae in readers(gated):
        assert linked((await until(lambda rae=rae: rae.has("도서관")))[0], pages)
    assert pages.asked == []


async def test_a_host_nobody_can_ask_keeps_nothing_back(gated: Cast, site: Path, pages: Pages) -> None:
    (site / "_config.yml").write_text("url: https://news.example\ntimezone: Asia/Seoul\n")
    await gated.publish(site, "story", "예시군 새 도서관 개관", categories="사회")
    for rae in readers(gated):
        (alert,) = await until(lambda rae=rae: rae.has("도서관"))
        assert "https://news.example" in str(alert.payload)
