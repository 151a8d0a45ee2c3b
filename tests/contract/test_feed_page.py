"""One address looked at: a feed, a site that names its feed, an article's own page, or neither."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from newsbot.core.model import Article
from newsbot.fetch import Fetcher
from newsbot.ports import SourceError
from newsbot.sources.feed import read_url
from tests.contract.feed_kit import LOOPBACK, Server, answer, item, rss, serving

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made


async def look(server: Server, path: str) -> list[Article]:
    return await read_url(server.url(path), fetch=Fetcher(LOOPBACK), now=lambda: NOW, publisher="")


def page(head: str, body: str = "") -> bytes:
    source = f"<!doctype html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return answer(source, Content_Type="text/html; charset=utf-8")


OG = (
    '<meta property="og:type" content="article"><meta property="og:title" content="예시군 &amp;lt;앞바다&amp;gt; 지진">'
    '<meta property="og:description" content="예시군 앞바다에서 지진이 났다."><meta property="og:site_name" content="예시뉴스">'
    '<meta property="article:published_time" content="2026-06-01T10:00:00+09:00">'
    '<meta property="article:section" content="사회"><meta property="og:image" content="/a.png">'
    '<meta property="og:image:alt" content="무너진 담"><link rel=canonical href="/news/1">'
)
ALTERNATE = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'


async def test_a_feed_is_its_entries(server: Server) -> None:
    server.pages["/feed.xml"] = answer(rss(item(2), item(1)))
    assert [article.id for article in await look(server, "/feed.xml")] == ["https://news.kr/2", "https://news.kr/1"]


async def test_an_article_page_is_one_article(server: Server) -> None:
    body = "<nav>메뉴</nav><article><h1>예시군</h1><p>첫 문단이다.</p><script>x()</script></article>"
    server.pages["/news/1"] = page(OG + ALTERNATE, body)
    [found] = await look(server, "/news/1?utm_source=chat")
    assert (found.id, found.url) == (server.url("/news/1"), server.url("/news/1"))
    assert (found.title, found.excerpt) == ("예시군 &lt;앞바다&gt; 지진", "예시군 앞바다에서 지진이 났다.")
    assert (found.published_at, found.publisher) == ("2026-06-01T10:00:00+09:00", "예시뉴스")
    assert (found.image, found.alt, found.categories) == (server.url("/a.png"), "무너진 담", ("사회",))


async def test_json_ld_alone_is_enough_and_broken_ones_are_passed_over(server: Server) -> None:
    data = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "예시뉴스"},
            {
                "@type": ["NewsArticle"],
                "headline": "예시군 지진",
                "datePublished": "2026-06-01T10:00:00+09:00",
                "description": "요약이다.",
                "image": [{"@type": "ImageObject", "url": "/b.png"}],
            },
        ],
    }
    blocks = ["{broken", json.dumps(data, ensure_ascii=False)]
    server.pages["/n/2"] = page("".join(f'<script type="application/ld+json">{block}</script>' for block in blocks))
    [found] = await look(server, "/n/2")
    assert (found.id, found.title, found.excerpt) == (server.url("/n/2"), "예시군 지진", "요약이다.")
    assert (found.image, found.published_at) == (server.url("/b.png"), "2026-06-01T10:00:00+09:00")


async def test_a_site_leads_to_its_feed(server: Server) -> None:
    server.pages |= {"/": page(OG + ALTERNATE), "/list": page(ALTERNATE), "/feed.xml": answer(rss(item(1)))}
    for path in ("/", "/list"):
        assert [article.id for article in await look(server, path)] == ["https://news.kr/1"]


async def test_names_made_with_a_feeds_address_are_the_same_however_it_was_found(server: Server) -> None:
    server.pages |= {
        "/": page(ALTERNATE),
        "/feed.xml": answer(rss(item(1, guid="4711", link="").replace("<guid", "<guid isPermaLink='false'"))),
    }
    assert [one.id for one in await look(server, "/")] == [one.id for one in await look(server, "/feed.xml")]


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (page("<title>예시</title>", "<p>글</p>"), "is neither a feed nor an article page"),
        (page('<meta property="og:type" content="article">'), "is neither a feed nor an article page"),
        (answer("plain words", Content_Type="text/plain"), "is neither a feed nor an article page"),
        (answer(b"\x89PNG", Content_Type="image/png"), "is neither a feed nor an article page"),
        (answer("", Content_Type="text/html"), "is neither a feed nor an article page"),
        (answer(status=404), "answers 404"),
        (answer(status=429, Retry_After="30"), r"answers 429 \(it asks to wait 30 s\)"),
        (
            page('<link rel="alternate" type="application/rss+xml" href="/other.html">'),
            "/other.html: not a feed: an HTML page",
        ),
        (page('<link rel="alternate" type="application/rss+xml" href="http://10.0.0.1/">'), "not public"),
    ],
)
async def test_what_is_neither_is_one_line(server: Server, served: bytes, why: str) -> None:
    server.pages |= {"/x": served, "/other.html": page("")}
    with pytest.raises(SourceError, match=why) as caught:
        await look(server, "/x?key=geheim")
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_korean_page_in_its_own_encoding_is_read(server: Server) -> None:
    source = f'<html><head><meta charset="euc-kr">{OG.replace("예시군", "똠방군")}</head></html>'
    server.pages["/news/1"] = answer(source.encode("cp949"), Content_Type="text/html")
    [found] = await look(server, "/news/1")
    assert found.title.startswith("똠방군")
