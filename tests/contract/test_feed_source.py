"""A feed as a source, over HTTP: what is asked and when, what is told, and what happens when it cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from newsbot.core.model import Article
from newsbot.fetch import Fetcher
from newsbot.ports import Source, SourceError
from newsbot.sources.feed import FeedSource, polite
from tests.contract.feed_kit import LOOPBACK, Server, answer, item, rss, serving

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
GONE_AFTER = 100  # looks of a test that waits for something


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made


class Watched:
    """A feed source whose waits are noted and take no time."""

    def __init__(self, server: Server, path: str = "/feed.xml", **more: Any) -> None:
        self.waits: list[float] = []
        self.clock = NOW
        self.source: FeedSource = FeedSource(
            "예시",
            server.url(path),
            fetch=Fetcher(LOOPBACK),
            now=lambda: self.clock,
            wait=self.wait,
            lot=lambda: 0.0,
            **more,
        )
        self.changes = self.source.changes()

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock += timedelta(seconds=seconds)
        assert len(self.waits) < GONE_AFTER
        await asyncio.sleep(0)

    async def next(self) -> Sequence[Article]:
        return await asyncio.wait_for(anext(self.changes), 10)


def titles(found: Sequence[Article]) -> list[str]:
    return [article.title for article in found]


def ok(document: str, **headers: str) -> bytes:
    return answer(document, Content_Type="application/rss+xml", **headers)


LAST = ok(rss(item(99, "끝")))
"""What a test's last look finds, so that `next` returns whatever came before."""


async def test_it_is_a_source_and_its_scan_is_what_the_feed_says(server: Server) -> None:
    server.pages["/feed.xml"] = ok(rss(item(2, "둘째"), item(1, "첫째")))
    watched = Watched(server)
    source: Source = watched.source
    found = await source.scan()
    assert (source.kind, source.name, titles(found)) == ("feed", "예시", ["둘째", "첫째"])
    assert source.has(found[0])
    assert source.has(found[1].model_copy(update={"id": "other:1", "keys": ("https://news.kr/1",)}))
    assert not source.has(found[0].model_copy(update={"id": "other:1", "keys": ()}))
    assert watched.waits == []


async def test_what_is_new_or_reworded_is_told_and_nothing_else(server: Server) -> None:
    server.pages["/feed.xml"] = [
        ok(rss(item(1, "첫째"))),
        ok(rss(item(1, "첫째"))),
        ok(rss(item(1, "첫째"), head="<lastBuildDate>Mon, 01 Jun 2026 11:00:00 GMT</lastBuildDate>")),
        ok(rss(item(2, "둘째"), item(1, "첫째"))),
        ok(rss(item(2, "둘째 (고침)"), item(1, "첫째"))),
        ok(rss(item(1, "첫째"))),
        ok(rss(item(2, "둘째 (고침)"), item(1, "첫째"))),
        LAST,
    ]
    watched = Watched(server)
    assert titles(await watched.source.scan()) == ["첫째"]
    assert titles(await watched.next()) == ["둘째"]
    assert titles(await watched.next()) == ["둘째 (고침)"]
    assert titles(await watched.next()) == ["끝"]
    assert watched.waits == [60.0] * 7


async def test_the_same_bytes_are_not_even_read_again(server: Server) -> None:
    looked: list[str] = []

    def mark(article: Article, _: str) -> tuple[str, ...]:
        looked.append(article.title)
        return ()

    server.pages["/feed.xml"] = [*[ok(rss(item(1, "첫째")), ETag=f'"{n}"') for n in range(3)], LAST]
    watched = Watched(server, mark=mark)
    await watched.source.scan()
    await watched.next()
    assert looked == ["첫째", "끝"]
    assert [request.headers.get("if-none-match") for request in server.asked] == [None, '"0"', '"1"', '"2"']


async def test_without_a_scan_the_first_document_is_known(server: Server) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1))), ok(rss(item(2, "둘째"), item(1)))]
    assert titles(await Watched(server).next()) == ["둘째"]


# --- asking as little as can be -------------------------------------------------------------------------------------


async def test_validators_go_back_exactly_and_a_304_is_nothing_new(server: Server) -> None:
    modified = "Mon, 01 Jun 2026 01:00:00 GMT"
    server.pages["/feed.xml"] = [
        ok(rss(item(1)), ETag='W/"a\xe9-gzip"', Last_Modified=modified),
        answer(status=304, ETag='"b"'),
        answer("changed body of a 304", status=304),
        ok(rss(item(2, "둘째"))),
        LAST,
    ]
    watched = Watched(server)
    await watched.source.scan()
    assert titles(await watched.next()) == ["둘째"]
    await watched.next()
    sent = [(r.headers.get("if-none-match"), r.headers.get("if-modified-since")) for r in server.asked]
    assert sent == [(None, None), ('W/"a\xe9-gzip"', modified), ('"b"', modified), ('"b"', modified), (None, None)]


async def test_a_scan_that_gets_a_304_still_says_all(server: Server) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1)), ETag='"a"'), answer(status=304)]
    source = Watched(server).source
    assert await source.scan() == await source.scan() != []


async def test_a_304_that_nobody_asked_for_is_an_error(server: Server) -> None:
    server.pages["/feed.xml"] = answer(status=304)
    with pytest.raises(SourceError, match="answers 304"):
        await Watched(server).source.scan()


async def test_the_validators_of_what_was_no_feed_are_not_kept(server: Server) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1)), ETag='"good"'), answer("<html>", ETag='"bad"'), LAST]
    watched = Watched(server)
    await watched.source.scan()
    await watched.next()
    assert server.asked[2].headers["if-none-match"] == '"good"'


@pytest.mark.parametrize(
    ("headers", "ttl", "wait"),
    [
        ({}, "", 60),
        ({"Cache_Control": "max-age=30"}, "", 60),
        ({"Cache_Control": "public, max-age=300"}, "", 300),
        ({"Cache_Control": "s-maxage=600, max-age=86400"}, "", 900),
        ({"Cache_Control": "s-maxage=600"}, "", 60),
        ({}, "<ttl>5</ttl>", 300),
        ({}, "<ttl>1440</ttl>", 900),
        ({}, "<ttl>bald</ttl>", 60),
    ],
)
async def test_the_interval_is_what_the_feed_asks_for_within_what_news_can_bear(
    server: Server, headers: Mapping[str, str], ttl: str, wait: float
) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1), head=ttl), **headers), LAST]
    watched = Watched(server)
    await watched.source.scan()
    await watched.next()
    assert watched.waits == [wait]


def test_feeds_are_not_asked_in_step() -> None:
    assert polite.interval(60, "", 0, 0.0) == 60
    assert polite.interval(60, "", 0, 1.0) == pytest.approx(66)
    assert polite.interval(7200, "max-age=60", 0, 0.0) == 7200


async def test_a_move_is_believed_the_third_time_and_forgotten_when_it_fails(server: Server) -> None:
    server.pages["/feed.xml"] = answer(status=301, Location="/new.xml")
    server.pages["/new.xml"] = [*[ok(rss(item(n))) for n in range(1, 6)], answer(status=404), LAST]
    watched = Watched(server)
    await watched.source.scan()
    while titles(await watched.next()) != ["끝"]:
        pass
    assert [request.path for request in server.asked] == [
        *["/feed.xml", "/new.xml"] * 3,
        *["/new.xml"] * 3,
        *["/feed.xml", "/new.xml"],
    ]


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_passing_redirect_is_asked_again_every_time(server: Server, status: int) -> None:
    server.pages["/feed.xml"] = answer(status=status, Location="/now.xml")
    server.pages["/now.xml"] = [ok(rss(item(n))) for n in range(1, 7)]
    watched = Watched(server)
    await watched.source.scan()
    for _ in range(5):
        await watched.next()
    assert [request.path for request in server.asked] == ["/feed.xml", "/now.xml"] * 6


# --- when it cannot be had ------------------------------------------------------------------------------------------


async def test_failures_back_off_and_the_third_in_a_row_is_an_error(server: Server) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1))), *[answer(status=500)] * 6, LAST]
    watched = Watched(server)
    await watched.source.scan()
    with structlog.testing.capture_logs() as logs, pytest.raises(SourceError, match="answers 500"):
        await watched.next()
    assert [log["event"] for log in logs] == ["feed.failed"]
    assert watched.waits == [60, 120, 240]
    for wait in (480, 960, 1920):
        with pytest.raises(SourceError):
            await watched.source.scan()
        assert watched.waits[-1] == wait
    with structlog.testing.capture_logs() as logs:
        assert titles(await watched.source.scan()) == ["끝"]
    assert watched.waits[-1] == 3600
    assert [log["event"] for log in logs] == ["feed.recovered"]


async def test_each_kind_of_failure_is_logged_once_until_it_is_over(server: Server) -> None:
    bad, worse = answer(status=503), answer("<html>")
    good = [ok(rss(item(n))) for n in range(1, 5)]
    server.pages["/feed.xml"] = [good[0], bad, bad, good[1], worse, bad, good[2], bad, good[3]]
    watched = Watched(server)
    await watched.source.scan()
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await watched.next()
    said = [(log["event"], log.get("error", "").partition(": ")[2]) for log in logs]
    assert said == [
        ("feed.failed", "answers 503"),
        ("feed.recovered", ""),
        ("feed.failed", "not a feed: an HTML page"),
        ("feed.failed", "answers 503"),
        ("feed.recovered", ""),
        ("feed.failed", "answers 503"),
        ("feed.recovered", ""),
    ]


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("10", 120),
        ("7200", 7200),
        ("999999999", 86400),
        ("Mon, 01 Jun 2026 03:01:00 GMT", 7200),
        ("Mon, 01 Jun 2020 00:00:00 GMT", 120),
        ("bald", 120),
        ("-5", 120),
    ],
)
async def test_retry_after_is_honoured_in_full_up_to_a_day(server: Server, value: str, wait: float) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1))), answer(status=429, Retry_After=value), LAST]
    watched = Watched(server)
    await watched.source.scan()
    assert titles(await watched.next()) == ["끝"]
    assert watched.waits == [60, wait]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 204, 206])
async def test_a_scan_that_fails_is_one_line_without_keys(server: Server, status: int) -> None:
    server.pages["/feed.xml"] = answer(status=status)
    with pytest.raises(SourceError) as caught:
        await Watched(server, "/feed.xml?key=geheim").source.scan()
    assert str(caught.value) == f"{server.url('/feed.xml')}: answers {status}"


@pytest.mark.parametrize("body", ["", "<!doctype html><html>", '{"error":"login"}', "\x89PNG", "<rss"])
async def test_what_is_no_feed_is_told_and_backed_off(server: Server, body: str) -> None:
    server.pages["/feed.xml"] = [answer(body.encode("latin-1")), LAST]
    watched = Watched(server)
    with pytest.raises(SourceError, match="not a feed: "):
        await watched.source.scan()
    assert titles(await watched.source.scan()) == ["끝"]
    assert watched.waits == [120]


async def test_a_feed_that_is_gone_says_so_once_and_is_never_asked_again(server: Server) -> None:
    server.pages["/feed.xml"] = [ok(rss(item(1))), answer(status=410)]
    watched = Watched(server)
    await watched.source.scan()
    with pytest.raises(SourceError, match=r"gone for good \(410\); not asked again"):
        await watched.next()
    again = asyncio.create_task(watched.source.scan())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
    assert len(server.asked) == 2


async def test_a_feed_nobody_serves_is_one_line(server: Server) -> None:
    refused = FeedSource("예시", "http://10.0.0.1/feed.xml?key=geheim", fetch=Fetcher(), now=lambda: NOW)
    with pytest.raises(SourceError, match="not public") as caught:
        await refused.scan()
    assert "geheim" not in str(caught.value)


async def test_two_feeds_fail_alone(server: Server) -> None:
    server.pages |= {"/a.xml": answer(status=500), "/b.xml": ok(rss(item(1, "첫째")))}
    one, two = Watched(server, "/a.xml"), Watched(server, "/b.xml")
    results = await asyncio.gather(one.source.scan(), two.source.scan(), return_exceptions=True)
    assert isinstance(results[0], SourceError)
    assert titles(results[1]) == ["첫째"]  # type: ignore[arg-type]
    assert two.waits == []


async def test_entries_without_a_name_are_told_of_once(server: Server) -> None:
    nameless = item(1, guid="", link="")
    server.pages["/feed.xml"] = [ok(rss(nameless, item(n))) for n in (1, 2, 3)]
    watched = Watched(server)
    with structlog.testing.capture_logs() as logs:
        await watched.source.scan()
        await watched.next()
        await watched.next()
    assert [(log["event"], log["entries"]) for log in logs] == [("feed.unnamed", 1)]


@pytest.mark.parametrize(
    ("modified", "date", "asks"),
    [
        ("Mon, 01 Jun 2026 01:00:00 GMT", "Mon, 01 Jun 2026 01:00:00 GMT", False),  # it may change again in this second
        ("Mon, 01 Jun 2026 01:00:00 GMT", "Mon, 01 Jun 2026 01:00:01 GMT", True),
        ("yesterday", "Mon, 01 Jun 2026 01:00:01 GMT", True),
        ("Mon, 01 Jun 2026 01:00:00 GMT", "", True),
    ],
)
def test_a_document_of_this_very_second_is_asked_for_without_its_date(modified: str, date: str, asks: bool) -> None:
    assert polite.settled(modified, date) is asks
