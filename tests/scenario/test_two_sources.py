"""One article seen by its folder and by the feed jekyll-feed makes of it: one alert, no revision, whoever is first."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Actor, Cast, until
from tests.conftest import newsbot

pytestmark = [
    pytest.mark.skipif(
        shutil.which("jekyll") is None, reason="no jekyll on the PATH (Debian: jekyll, ruby-jekyll-feed)"
    ),
    pytest.mark.slow,
    pytest.mark.timeout(150),
]

QUOTED = '"예시군이 먼저" -- 군수의 새해 다짐'  # jekyll-feed makes “…” – of it


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


async def build(site: Path, public: Path) -> None:
    """In a thread: newsbot lives in this process, and its loop must not stand still meanwhile."""
    command = ["jekyll", "build", "-q", "-s", site, "-d", public]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=50)


def write(site: Path, slug: str, title: str) -> None:
    day = f"{datetime.now(ZoneInfo('Asia/Seoul')):%Y-%m-%d}"
    text = f"---\ntitle: '{title}'\ncategories: 사회\n---\n첫 문장은 \"이렇다\" -- 라고 했다.\n\n둘째 문단이다.\n"
    (site / "_posts" / f"{day}-{slug}.md").write_text(text, "utf-8")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
async def cast(sandbox: Running, redis: Redis, site: Path, public: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    """A newsbot that watches the folder and the feed of the same site; the site's pages are served too."""
    public.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(public)))
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    (site / "_config.yml").write_text(f"url: {url}\ntimezone: Asia/Seoul\nplugins: [jekyll-feed]\n")
    await build(site, public)
    feed = [{"name": "feed", "kind": "feed", "url": f"{url}/feed.xml", "every": 10}]
    more = {"NEWSBOT_FETCH__ALLOW": '["127.0.0.0/8"]', "NEWSBOT_SOURCE": json.dumps(feed)}
    async with newsbot(sandbox, redis, tmp_path / "data", site, **more) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=2)
        await cast.control("/limits", on=False)
        yield cast
    server.shutdown()
    server.server_close()


@pytest.fixture
async def readers(cast: Cast) -> list[Actor]:
    found = [cast.on(platform, "Rae") for platform in PLATFORMS]
    for rae in found:
        await rae.says("/subscribe all")
        await rae.sees("모든 주제의 알림을 켰습니다.")
    return found


async def kind(cast: Cast, title: str) -> str:
    """Whose wording the record of this article is."""
    story = await cast.story(title)
    article = await cast.process.kit.stories.article(story["article"])
    return article.kind if article else ""


async def once(readers: list[Actor], text: str) -> None:
    for rae in readers:
        (alert,) = await until(lambda rae=rae: rae.has(text), patience=45)
        assert alert.edits == []


async def fetched(cast: Cast, since: str) -> str:
    """When the feed was last read, once that is later."""

    async def look() -> str | None:
        found = await cast.process.kit.stories.source("feed")
        seen = str((found or {}).get("last_seen"))
        return seen if seen > since else None

    when: str = await until(look, "the feed is read", patience=25)
    return when


async def test_the_folder_first_and_the_feed_later(cast: Cast, site: Path, public: Path, readers: list[Actor]) -> None:
    write(site, "quoted", QUOTED)
    await build(site, public)  # the page and the feed appear, the gate opens
    await once(readers, "군수의 새해 다짐")
    await fetched(cast, datetime.now(ZoneInfo("UTC")).isoformat())
    await once(readers, "군수의 새해 다짐")
    assert await kind(cast, "군수의 새해") == "jekyll"
    assert [row["revision"] for row in await cast.stories()] == [1]
    assert await cast.stories(held=True) == []


async def test_the_feed_first_and_the_folder_later(
    cast: Cast, site: Path, public: Path, readers: list[Actor], tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere"
    shutil.copytree(site, other)
    write(other, "quoted", QUOTED)
    await build(other, public)  # built where another machine has the folder
    await once(readers, "군수의 새해 다짐")
    assert await kind(cast, "군수의 새해") == "feed"
    write(site, "quoted", QUOTED)

    async def taken() -> bool:
        return await kind(cast, "군수의 새해") == "jekyll"

    await until(taken, "the folder's wording")
    await once(readers, "군수의 새해 다짐")
    assert [row["revision"] for row in await cast.stories()] == [1]
    assert await cast.stories(held=True) == []
