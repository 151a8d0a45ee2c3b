"""The first site's kind of post, from preview to one alert a chat. The real one is read where it lies beside the repo."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cast import until
from tests.e2e.house import House, Proc, kill

SEED = Path(__file__).parents[2] / ".." / "shared" / "seed"
READERS = ("telegram:1001", "telegram:-1001000000400", "slack:C0NEWS")

OWN = """---
title: 예시군 새 다리 점검표 나왔다! 주민 모임 뒷이야기
categories:
  - News
excerpt: >
  지난 1일 예시군 제임스 E. 예시와 메리 K. 예시 기념관에 모인 주민 백여 명은 새 다리를 누가 언제 살필지 정한 점검표를 함께 완성했다. 다리 서른 곳마다 맡은 사람이 있고 비가 많이 온 다음 날에는 하루 두 번 둘러보며, 금이 가거나 난간이 흔들리는 곳이 나오면 그 자리에서 사진을 찍어 군청에 알리고 다 고칠 때까지 차가 한 줄로만 다니게 한다. 점검표는 다음 달부터 군 누리집에서 누구나 볼 수 있다.
feature_text: >
  ## 예시뉴스 속보 알림판

  새 다리 점검표가 나왔다.
image: '/assets/img/banner.jpg'
---

<p><img src="/assets/img/banner.jpg" alt="예시뉴스 속보" /></p>

<h2 data-ke-size="size26">새 다리 안전 점검 지침</h2>

<p data-ke-size="size16">본문의 첫 문단이다.&nbsp;둘째 문장이다.</p>

<table>
  <tr>
    <td><img src="https://photos.example.net/image.jpg" alt="다리"/></td>
  </tr>
</table>

<hr>

<p data-ke-size="size16">예시청의 자료는 「공공누리 제1유형:출처표시」의 조건에 따라 이용할 수 있습니다. 다만, 사진은 제3자에게 저작권이 있습니다. <span>자료출처=예시청 https://www.example.go.kr</span></p>

실시간 뉴스 속보는, <a href="https://news.example.kr" rel="dofollow">https://news.example.kr</a>
"""  # noqa: E501 - an excerpt is one line


@dataclass(frozen=True)
class Post:
    """One post of that shape, and what must come of it."""

    name: str
    text: str
    site: str
    agency: tuple[str, str]
    topic: str

    @property
    def title(self) -> str:
        """As its front matter says."""
        return re.findall(r"^title: (.+)$", self.text, re.MULTILINE)[0]

    @property
    def excerpt(self) -> str:
        """As its front matter says."""
        return re.findall(r"^excerpt: >\n  (.+)$", self.text, re.MULTILINE)[0].strip()


@pytest.fixture(params=["own", pytest.param("seed", marks=pytest.mark.slow)])
def post(request: pytest.FixtureRequest) -> Post:
    """A fixture in the shape of the site's posts, and the site's own post where that is to be had."""
    if request.param == "own":
        name = "2024-07-12-bridge-guidelines.md"
        return Post(name, OWN, "https://news.example.kr", ("예시청", "https://www.example.go.kr"), "")
    found = sorted(SEED.glob("20*.md"))
    if not found:
        pytest.skip("no seed folder beside the repository")
    text = found[0].read_text("utf-8")
    return Post(found[0].name, text, "https://newsdao.kr", ("정책브리핑", "https://www.korea.kr"), "politics")


async def previewed(house: House, post: Post, **more: str) -> dict[str, Any]:
    """What `preview --json` says of a bare folder with this post."""
    folder = house.folder / "archive"
    folder.mkdir(exist_ok=True)
    (folder / post.name).write_text(post.text, "utf-8")
    done = await house.does("preview", "archive", "--url", post.site, "--json", TELEGRAM_BOT_TOKEN=None, **more)
    assert not done.err
    row: dict[str, Any] = done.row
    return row


async def test_preview_says_what_the_post_is(house: House, post: Post) -> None:
    row = await previewed(house, post)
    slug = post.name.removeprefix("2024-07-12-").removesuffix(".md")
    assert row["title"] == post.title
    assert row["excerpt"] == post.excerpt
    assert len(re.findall(r"다\.(?: |$)", row["excerpt"])) == 3
    assert row["published_at"] == "2024-07-12"
    assert row["url"] == f"{post.site}/news/2024/07/12/{slug}.html"
    assert {key: row["attribution"][key] for key in ("name", "url", "licence")} == {
        "name": post.agency[0],
        "url": post.agency[1],
        "licence": "KOGL-1",
    }
    assert (row["state"], row["urgency"], row["decision"], row["reason"]) == ("publishable", "normal", "hold", "old")
    assert row["topics"] == ([post.topic] if post.topic else row["topics"])
    assert set(row) == {
        *("id", "path", "url", "title", "excerpt", "image", "categories", "topics", "urgency", "published_at"),
        *("attribution", "state", "decision", "reason", "rule", "messages"),
    }


async def test_no_photo_of_the_body_is_in_any_message_and_the_source_is_in_all(house: House, post: Post) -> None:
    row = await previewed(house, post)
    photos = set(re.findall(r'<img[^>]* src="([^"]+)"', post.text))
    assert photos
    for platform, message in row["messages"].items():
        drawn = json.dumps(message["payload"], ensure_ascii=False)
        assert not [photo for photo in photos if photo in drawn], platform
        assert post.agency[0] in drawn, platform
        assert post.agency[1] in drawn, platform
        assert "공공누리 제1유형" in drawn, platform
        assert post.excerpt in drawn, platform


async def test_a_breaking_one_ends_after_its_first_sentence_and_not_after_an_initial(house: House, post: Post) -> None:
    breaking = Post(post.name, post.text.replace("title: ", "title: '[속보] ", 1), post.site, post.agency, post.topic)
    text = re.sub(r"^(title: '.+)$", r"\1'", breaking.text, count=1, flags=re.MULTILINE)
    row = await previewed(house, Post(post.name, text, post.site, post.agency, post.topic))
    assert row["urgency"] == "breaking"
    first = post.excerpt[: post.excerpt.index("완성했다.") + len("완성했다.")]
    assert re.search(r" [A-Z]\. ", first)
    for platform, message in row["messages"].items():
        drawn = json.dumps(message["payload"], ensure_ascii=False)
        assert first in drawn, platform
        assert post.excerpt[: len(first) + 4] not in drawn, platform


def copies(house: House, headline: str) -> Counter[str]:
    """How often each chat has it."""
    return Counter(f"{one.platform}:{one.chat}" for one in house.seen(headline))


async def watched(house: House, proc: Proc, marker: str) -> None:
    """Until everything that lies in the site was looked at: a post that comes last has arrived everywhere."""
    house.publish(marker, f"예시군 {marker} 소식")
    await until(lambda: len(copies(house, f"예시군 {marker} 소식")) == len(READERS), f"{marker} arrives", 20)


async def test_it_reaches_every_chat_once_whatever_is_restarted_or_touched(house: House, post: Post) -> None:
    await house.control("/telegram/say", user="Rae", text="hello")
    await house.does("subscribers", "add", *READERS)
    (house.site / "_config.yml").write_text(f"url: {post.site}\ntimezone: Asia/Seoul\n")
    proc = await (await house.run()).watching()
    today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
    path = house.site / "_posts" / post.name.replace("2024-07-12", today)
    path.write_text(post.text, "utf-8")
    await until(lambda: len(copies(house, post.title)) == len(READERS), "one in each chat", 20)
    await watched(house, proc, "second")
    os.utime(path)
    path.write_text(post.text, "utf-8")
    await watched(house, proc, "third")
    assert await proc.stops() == 0
    path.write_text(post.text.replace("둘째 문장", "두 번째 문장"), "utf-8")
    proc = await (await house.run()).ready()
    await watched(house, proc, "fourth")
    proc.kill()
    kill(await house.redis_pid())
    proc = await (await house.run()).ready()
    await watched(house, proc, "fifth")
    assert await proc.stops() == 0
    rows = (await house.does("stories", "--json")).rows
    assert len({row["headline"] for row in rows}) == len(rows) == 5, "one story an article"
    assert copies(house, post.title) == dict.fromkeys(READERS, 1)
    for marker in ("second", "third", "fourth", "fifth"):
        assert copies(house, f"예시군 {marker} 소식") == dict.fromkeys(READERS, 1)
