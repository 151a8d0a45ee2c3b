"""Titles that are no YAML: read literally, said so, and never empty or wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core.model import Article
from newsbot.sources.jekyll.post import to_article
from newsbot.sources.jekyll.recover import literal, recover
from newsbot.sources.jekyll.site import Site

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
SITE = Site(root=Path("/nowhere"), address="https://news.example", base="/b", publisher="예시뉴스")
REL = "_posts/2024-07-12-harbour.md"


def read(front: str, body: str = "첫 문단.\n\n둘째.", site: Site = SITE, now: datetime = NOW) -> Article:
    return to_article(f"---\n{front}\n---\n{body}".encode(), REL, site, source="예시", now=now)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("[예시군] 앞바다 지진", "[예시군] 앞바다 지진"),
        ("속보: 예시군 지진", "속보: 예시군 지진"),
        ('"짝 없는 따옴표', '"짝 없는 따옴표'),
        ('"단독" 예시군 발표', '"단독" 예시군 발표'),
        ("'그는 '네' 했다'", "'그는 '네' 했다'"),
        ("'It's here'", "It's here"),
        ('"가" 그리고 "나"', '"가" 그리고 "나"'),
        ("@예시군 발표", "@예시군 발표"),
        ("*별표 제목", "*별표 제목"),
        ("%10 할인", "%10 할인"),
        ("`백틱` 제목", "`백틱` 제목"),
        ("{중괄호} 제목", "{중괄호} 제목"),
        ("제목 [사진] 끝: 둘", "제목 [사진] 끝: 둘"),
        ("&앵커& 제목 *x", "&앵커& 제목 *x"),
        ("| 파이프 | 제목", "| 파이프 | 제목"),
        (":기호", ":기호"),
        ("a\x00b", "a b"),
    ],
)
def test_a_title_is_read_as_it_is_written(written: str, title: str) -> None:
    article = read(f"layout: post\ntitle: {written}\ncategories: News 지역")
    assert (article.title, article.state) == (title, "publishable")
    assert article.problem.startswith(f"{REL}:")
    assert article.problem.endswith("the title was read literally")
    assert "\n" not in article.problem


def test_the_other_keys_are_read_one_by_one() -> None:
    article = read(
        "title: [이름] 제목\ncategories:\n  - News\n  - 지역\nexcerpt: >\n  접은\n  요약\n"
        'image: {path: a.png, alt: "항구"}\ndate: 2024-07-11 10:00:00 +0900\nurgency: 속보\nsource: 예시청\ntags: a b'
    )
    assert (article.categories, article.tags) == (("News", "지역"), ())  # tags stay as they are written: no list
    assert (article.excerpt, article.alt) == ("접은 요약", "항구")
    assert article.image == "https://news.example/b/a.png"
    assert article.published_at == "2024-07-11T10:00:00+09:00"
    assert article.urgency == "breaking"
    assert article.attribution is not None
    assert article.attribution.name == "예시청"


def test_an_error_elsewhere_leaves_a_good_title_as_yaml_reads_it() -> None:
    article = read('title: "좋은 \\"제목\\""\nbad: [1\nmore: x')
    assert (article.title, article.state) == ('좋은 "제목"', "publishable")
    assert ":4:" in article.problem or ":5:" in article.problem


@pytest.mark.parametrize(
    "front", ["bad: [1", "title:\nbad: [1", "title: ''\nbad: [1", "- 목록", "그냥 글: [", "title: >\nx: ["]
)
def test_without_a_title_nothing_is_ever_alerted(front: str) -> None:
    article = read(front)
    assert article.state == "invalid"
    assert "title" in article.problem


def test_its_id_is_its_path_so_a_moved_address_is_no_new_article() -> None:
    """Jekyll puts such a post under the day of its build: the address moves every day, the id and the keys do not."""
    today, tomorrow = read("title: [이름] 제목"), read("title: [이름] 제목", now=NOW.replace(day=21))
    assert today.id == tomorrow.id == f"https://news.example/b/{REL}"
    assert today.url == "https://news.example/b/2024/07/20/2024-07-12-harbour.html"
    assert today.url != tomorrow.url
    assert today.keys[0] == tomorrow.keys[0] == f"path:{REL}"
    assert today.published_at == tomorrow.published_at == "2024-07-12"
    assert today.fingerprint == tomorrow.fingerprint
    assert today.content == tomorrow.content


def test_a_published_key_that_jekyll_cannot_read_changes_nothing() -> None:
    assert read("title: [이름] 제목\npublished: false").state == "publishable"


def test_front_matter_that_never_ends() -> None:
    article = to_article("---\ntitle: 끝이 없다\n\n본문".encode(), REL, SITE, source="s", now=NOW)
    assert (article.title, article.state) == ("끝이 없다", "publishable")
    assert article.url == "https://news.example/b/2024/07/12/harbour.html"
    assert "never closed" in article.problem


def test_categories_that_ruby_cannot_add_up_lose_the_front_matter_too() -> None:
    article = read("title: 좋은 제목\ncategories: 2024")
    assert (article.title, article.categories) == ("좋은 제목", ())
    assert "categories are neither words nor a list" in article.problem


@pytest.mark.parametrize(("written", "value"), [("", None), ('""', None), ("'가'", "가"), ('"', '"'), ("  가  ", "가")])
def test_literal(written: str, value: str | None) -> None:
    assert literal(written) == value


def test_only_known_keys_are_recovered() -> None:
    assert recover("evil: x\ntitle: [a] b\n  title: inner\n") == {"title": "[a] b"}
