"""Whose text an entry is, read as in a folder."""

from __future__ import annotations

import pytest

from tests.contract.feed_kit import item, rss
from tests.contract.test_feed_read import told


@pytest.mark.parametrize(
    ("notice", "licence", "name"),
    [
        (
            "이 글은 공공누리 제1유형에 따라 이용할 수 있습니다. 자료출처=예시정책자료 https://policy.news.kr",
            "KOGL-1",
            "예시정책자료",
        ),
        ("이 글은 공공누리 제4유형입니다. 자료: 예시정책자료", "KOGL-4", "예시정책자료"),
        (
            "공공누리 제1유형과 공공누리 제4유형에 따라 이용할 수 있습니다. 자료: 예시정책자료",
            "unclear",
            "예시정책자료",
        ),
        ("예시군은 새 도서관을 연다.", None, None),
    ],
)
def test_a_credit_in_an_entrys_text_is_read_as_in_a_folder(notice: str, licence: str | None, name: str | None) -> None:
    [found] = told(rss(item(1, content_encoded=f"<![CDATA[<p>소식이다.</p><p>{notice}</p>]]>")))
    assert (found.attribution and found.attribution.licence, found.attribution and found.attribution.name) == (
        licence,
        name,
    )
