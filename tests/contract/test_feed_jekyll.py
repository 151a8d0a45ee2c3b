"""N2: jekyll-feed's own feed.xml and the folder it was built from are the same articles, by the real Jekyll."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from newsbot.core.model import Article
from newsbot.sources.feed.entry import Frame, articles
from newsbot.sources.feed.read import read
from newsbot.sources.jekyll import read_folder

NOW = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)
URL = "https://news.example/feed.xml"
POSTS = {
    "2026-01-05-new-year.md": "title: 예시군 새해 첫 회의\ncategories: [News, 지역]\nimage: /assets/a.png",
    "2026-01-06-예시군-지진.md": "title: 예시군 앞바다 지진\ncategories: News\ntags: [지진, 속보]",
    "2026-01-07-time.md": "title: 예시시 태풍\ndate: 2026-01-07 10:11:12 +0900",
    "2026-01-08-pretty.md": "title: 예시읍 축제\npermalink: /pretty/",
    "2026-01-09-given.html": "title: 예시면 장터\npermalink: /x/한글 이름.html",
    "2026-01-10-signs.md": "title: 예시도 R&D 예산 < 작년",
}


@pytest.fixture(scope="module", params=["", "/news", "/소식"])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Article], list[Article]]:
    """(the folder's articles, the feed's) of one site, with and without a base path."""
    if shutil.which("jekyll") is None:
        pytest.skip("no `jekyll` on the PATH (Debian: apt-get install jekyll ruby-jekyll-feed)")
    site = tmp_path_factory.mktemp("jekyll") / "site"
    (site / "_posts").mkdir(parents=True)
    config = f"url: https://news.example\nbaseurl: {request.param}\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n"
    (site / "_config.yml").write_text(f"{config}plugins: [jekyll-feed]\nfeed: {{posts_limit: 100}}\n")
    for name, front in POSTS.items():
        (site / "_posts" / name).write_text(f"---\n{front}\n---\n\n본문 첫 문단이다.\n\n둘째 문단.\n")
    environ = {**os.environ, "LANG": "C.UTF-8", "JEKYLL_ENV": "production"}
    command = ["jekyll", "build", "--future", "--quiet", "-s", str(site), "-d", str(site / "_site")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if "jekyll-feed" in done.stderr and done.returncode:
        pytest.skip("no jekyll-feed (Debian: apt-get install ruby-jekyll-feed)")
    assert done.returncode == 0, done.stderr
    data = (site / "_site" / "feed.xml").read_bytes()
    frame = Frame("feed", URL, "Asia/Seoul")
    return read_folder(site, now=lambda: NOW), articles(read(data, "application/xml", URL), frame, URL)[0]


def test_folder_and_feed_are_the_same_articles(built: tuple[list[Article], list[Article]]) -> None:
    folder, feed = built
    assert len(feed) == len(POSTS)
    for field in ("url", "title", "published_at", "excerpt", "image", "publisher"):
        ours = {article.url: getattr(article, field) for article in feed}
        assert ours == {article.url: getattr(article, field) for article in folder}, field


def test_they_go_by_the_same_names(built: tuple[list[Article], list[Article]]) -> None:
    folder, feed = built
    assert {article.id for article in feed} == {article.id for article in folder}
    for one in feed:
        twin = next(article for article in folder if article.url == one.url)
        assert set(one.keys) <= set(twin.keys) | {twin.id}
