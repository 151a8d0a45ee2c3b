"""Whose text an article is: agencies and licences, by words, marks, links and front matter."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core.model import Article
from newsbot.sources.jekyll.post import to_article
from newsbot.sources.jekyll.site import Site

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
SITE = Site(root=Path("/nowhere"), address="https://news.example", publisher="예시뉴스")


def fields(lines: str, body: str = "본문") -> Article:
    data = f"---\n{lines}\n---\n{body}".encode()
    return to_article(data, "_posts/2024-07-12-x.md", SITE, source="예시", now=NOW)


KOGL = "예시청의 자료는 「공공누리 제1유형:출처표시」의 조건에 따라 이용할 수 있습니다. <span>자료출처=예시청 https://www.example.go.kr</span>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"<p>기사</p>\n\n<p>{KOGL}</p>", ("예시청", "https://www.example.go.kr", "KOGL-1")),
        ("자료: 예시부, 공공누리 제 4 유형", ("예시부", None, "KOGL-4")),
        ("[자료제공 : 예시군청(www.example.go.kr)]\n\nKOGL-2", ("예시군청", "https://www.example.go.kr", "KOGL-2")),
        ("출처: [예시부](https://www.example.go.kr/a)", ("예시부", "https://www.example.go.kr/a", None)),
        ('<p>출처 : <a href="https://www.example.go.kr">예시부</a></p>', ("예시부", "https://www.example.go.kr", None)),
        ("공공누리(KOGL) 제0유형\n출처: 예시부", ("예시부", None, "KOGL-0")),
        ('출처: 예시부\n\n<img src="/img/img_opentype03.png">', ("예시부", None, "KOGL-3")),
        ('출처: 예시부\n\n<a href="https://www.kogl.or.kr/info/licenseType2.do">마크</a>', ("예시부", None, "KOGL-2")),
        ("본 저작물은 '예시원'에서 작성하여 공공누리 제1유형으로 개방한 것입니다.", ("예시원", None, "KOGL-1")),
        ("공공누리 제1유형 조건\n\n출처: 예시부\n\n공공누리 제4유형 조건", ("예시부", None, "unclear")),
        ("출처: 예시부\n\n공공누리 조건에 따라 이용할 수 있습니다.", ("예시부", None, "unclear")),
        ("공공누리 제1유형의 조건에 따라 이용할 수 있습니다.", ("예시뉴스", None, "KOGL-1")),
        ("출처: 첫째부\n\n본문\n\n자료: 둘째부 / 공공누리 제1유형", ("둘째부", None, "KOGL-1")),
        ("공공누리 제1유형. [사진제공: 예시사진] 자료출처=예시청", ("예시청", None, "KOGL-1")),
        ("그는 이 소문의 출처: 모른다고 말했다.", None),
        ("사진 출처: 예시사진", None),
        ("자료를 내고 이렇게 밝혔다. 정보 제공: 없음 상태라고 했다.", None),
    ],
)  # fmt: skip
def test_attribution(body: str, expected: tuple[str, str | None, str | None] | None) -> None:
    found = fields("title: t", body).attribution
    assert (found and (found.name, found.url, found.licence)) == expected


def test_attribution_keeps_the_line_it_was_found_in() -> None:
    found = fields("title: t", f"<p>{KOGL}</p>").attribution
    assert found
    assert found.text == KOGL.replace("<span>", "").replace("</span>", "")


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("attribution: {name: 가, url: 'https://e.ex', licence: KOGL Type 3}", ("가", "https://e.ex", "KOGL-3")),
        ("source: 예시부\nkogl: 1", ("예시부", None, "KOGL-1")),
        ("source: 예시부\nlicense: CC BY 4.0", ("예시부", None, "CC BY 4.0")),
    ],
)  # fmt: skip
def test_attribution_in_the_front_matter(front: str, expected: tuple[str, str | None, str]) -> None:
    found = fields(front).attribution
    assert found
    assert (found.name, found.url, found.licence) == expected


def test_front_matter_and_body_that_disagree_are_unclear() -> None:
    found = fields("kogl: 4", f"<p>{KOGL}</p>").attribution
    assert found
    assert found.licence == "unclear"
