"""A story as words: tags, excerpt, time, credit, hashtags, in both languages."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from newsbot.core.compose import MOST_HEADLINE, compose
from newsbot.core.model import Attribution, Credit, Message, Story, Topic, Urgency, When

LOCALES = Path(__file__).parents[2] / "newsbot" / "locales"


def _catalog(language: str) -> dict[str, str]:
    with (LOCALES / language / "alert.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


CATALOGS = {language: _catalog(language) for language in ("ko", "en")}
TOPICS = {
    "disaster": Topic("disaster", "날씨·재난", "Weather & disasters", "재난"),
    "politics": Topic("politics", "정치", "Politics", "정치"),
    "tech": Topic("tech", "과학·IT", "Science & IT", "과학_IT"),
}
NOW = datetime(2024, 7, 12, 0, 10, tzinfo=UTC)  # 09:10 in Seoul
EXCERPT = "기상청은 12일 오전 예시군 앞바다에서 지진이 났다고 밝혔다. 군청은 주민을 대피시켰다. 피해는 아직 없다."


def _compose(language: str = "ko", now: datetime = NOW, zone: str = "Asia/Seoul", **fields: Any) -> Message:
    more = {name: fields.pop(name) for name in ("commercial", "home", "campaign") if name in fields}
    how = fields.pop("how", compose)
    given = {
        "id": "K7F3M",
        "article": "a1",
        "urgency": Urgency.BREAKING,
        "topics": ("disaster",),
        "headline": "예시군 앞바다 규모 5.1 지진",
        "excerpt": EXCERPT,
        "link": "https://example.com/a",
        "published_at": "2024-07-12T09:03:00+09:00",
        "publisher": "예시뉴스",
    }
    message: Message = how(
        Story(**{**given, **fields}),
        language=language,
        catalog=CATALOGS[language],
        topics=TOPICS,
        now=now,
        zone=zone,
        **more,
    )
    return message


def test_both_catalogs_say_the_same_things() -> None:
    only_english = {key for key in CATALOGS["en"] if key.startswith("agency.")}
    assert set(CATALOGS["ko"]) == set(CATALOGS["en"]) - only_english
    for key, words in CATALOGS["ko"].items():
        assert words or key == "mark.flash"
        if not key.startswith("date.day"):
            fields = [{name for _, name, _, _ in string.Formatter().parse(c[key]) if name} for c in CATALOGS.values()]
            assert fields[0] == fields[1], key
        assert "취소" not in words


@pytest.mark.parametrize(
    ("urgency", "labels", "korean", "english"),
    [
        (Urgency.FLASH, (), "🚨 [긴급]", "🚨 FLASH:"),
        (Urgency.BREAKING, (), "[속보]", "BREAKING:"),
        (Urgency.NORMAL, (), "", ""),
        (Urgency.NORMAL, ("속보",), "", ""),
        (Urgency.BREAKING, ("긴급",), "[속보]", "BREAKING:"),
        (Urgency.BREAKING, ("1보",), "[속보]", "BREAKING:"),
        (Urgency.BREAKING, ("속보", "단독"), "[속보] [단독]", "BREAKING: EXCLUSIVE:"),
        (Urgency.NORMAL, ("단독", "포토"), "[단독]", "EXCLUSIVE:"),
        (Urgency.NORMAL, ("2보",), "[2보]", "UPDATE 2:"),
        (Urgency.BREAKING, ("속보", "3보"), "[3보]", "UPDATE 3:"),
        (Urgency.NORMAL, ("종합",), "[종합]", "ROUND-UP:"),
        (Urgency.NORMAL, ("종합2보", "2보"), "[종합2보]", "ROUND-UP 2:"),
        (Urgency.NORMAL, ("상보",), "[상보]", "IN DETAIL:"),
        (Urgency.NORMAL, ("정정",), "[정정]", "CORRECTION:"),
        (Urgency.NORMAL, ("사설",), "[사설]", "EDITORIAL:"),
    ],
)
def test_tags(urgency: Urgency, labels: tuple[str, ...], korean: str, english: str) -> None:
    messages = [_compose(language, urgency=urgency, labels=labels) for language in ("ko", "en")]
    assert [message.tag for message in messages] == [korean, english]


def test_the_first_line_stands_alone() -> None:
    assert _compose().first_line == "[속보] 예시군 앞바다 규모 5.1 지진"
    assert _compose("en").first_line == "BREAKING: 예시군 앞바다 규모 5.1 지진"
    assert _compose(urgency=Urgency.NORMAL).first_line == "예시군 앞바다 규모 5.1 지진"


def test_without_its_mark_a_flash_keeps_its_tag() -> None:
    catalog = {**CATALOGS["ko"], "mark.flash": ""}
    story = Story(id="K7F3M", article="a", urgency=Urgency.FLASH, headline="지진")
    message = compose(story, language="ko", catalog=catalog, topics={}, now=NOW, zone="Asia/Seoul")
    assert message.tag == "[긴급]"


def test_excerpts_by_urgency() -> None:
    first, second, _ = (part + "." for part in EXCERPT.rstrip(".").split(". "))
    assert _compose(urgency=Urgency.FLASH).excerpt == ""
    assert _compose(urgency=Urgency.BREAKING).excerpt == f"{first} {second}"
    assert _compose(urgency=Urgency.NORMAL).excerpt == EXCERPT
    long = ("가나다라마바사 " * 13).strip() + "했다. "  # 107 characters a sentence
    assert _compose(excerpt=long * 3).excerpt == long.strip()
    assert _compose(excerpt=long * 3, urgency=Urgency.NORMAL).excerpt == (long * 2).strip()


def test_an_excerpt_that_repeats_the_headline_is_dropped() -> None:
    assert _compose(excerpt="예시군 앞바다, 규모 5.1 지진.").excerpt == ""


@pytest.mark.parametrize(
    ("licence", "commercial", "shown", "credit"),
    [
        ("KOGL-0", True, "cut", "공공누리 제0유형"),
        ("KOGL-1", True, "cut", "공공누리 제1유형"),
        ("KOGL-2", True, "", "공공누리 제2유형"),
        ("KOGL-3", True, "", "공공누리 제3유형"),
        ("KOGL-4", True, "", "공공누리 제4유형"),
        ("KOGL-1", False, "cut", "공공누리 제1유형"),
        ("KOGL-2", False, "cut", "공공누리 제2유형"),
        ("KOGL-3", False, "", "공공누리 제3유형"),
        ("KOGL-4", False, "", "공공누리 제4유형"),
        ("unclear", True, "", ""),
        ("unclear", False, "", ""),
        ("CC BY 4.0", True, "cut", "CC BY 4.0"),
        (None, True, "cut", ""),
    ],
)
def test_licences_decide_how_much_is_shown(licence: str | None, commercial: bool, shown: str, credit: str) -> None:
    long = ("가나다라마바사 " * 13).strip() + "했다. "
    source = Attribution(name="예시청", licence=licence)
    message = _compose(excerpt=long * 2, attribution=source, commercial=commercial)
    assert message.excerpt == (long.strip() if shown else "")
    assert message.credit == Credit("자료:", "예시청", None, credit)


def test_an_unchangeable_excerpt_that_fits_is_shown_whole() -> None:
    short = Attribution(name="예시청", licence="KOGL-3")
    assert _compose(attribution=short, urgency=Urgency.NORMAL).excerpt == EXCERPT
    assert _compose(attribution=short).excerpt == EXCERPT  # whole beats the count of sentences


def test_the_credit_speaks_the_language_of_the_frame() -> None:
    source = Attribution(name="정책브리핑", url="https://www.korea.kr", licence="KOGL-1")
    assert _compose(attribution=source).credit == Credit(
        "자료:", "정책브리핑", "https://www.korea.kr", "공공누리 제1유형"
    )
    assert _compose("en", attribution=source).credit == Credit(
        "Source:", "Korea Policy Briefing", "https://www.korea.kr", "KOGL Type 1"
    )
    assert _compose(attribution=None).credit is None
    for nobody in ("", " ", "\u200b\u202e"):
        assert _compose(attribution=Attribution(name=nobody)).credit is None


UNIX = 1720742580
WHENS = [
    # Columns: published; now, in UTC; zone; Korean; English
    ("2024-07-12T09:03:00+09:00", NOW, "Asia/Seoul", When("오전 9:03", UNIX), When("9:03 AM", UNIX)),
    ("2024-07-12T00:03:00Z", NOW, "Asia/Seoul", When("오전 9:03", UNIX), When("9:03 AM", UNIX)),
    ("2024-07-12T09:03:00", NOW, "Asia/Seoul", When("오전 9:03", UNIX), When("9:03 AM", UNIX)),
    ("2024-07-12", NOW, "Asia/Seoul", When("7월 12일(금)"), When("Fri 12 July")),
    ("2023-07-12", NOW, "Asia/Seoul", When("2023년 7월 12일(수)"), When("Wed 12 July 2023")),
    (
        "2024-07-11T12:00:00+09:00",
        NOW,
        "Asia/Seoul",
        When("7월 11일(목) 오후 12:00", 1720666800, dated=True),
        When("Thu 11 July 12:00 PM", 1720666800, dated=True),
    ),
    ("2024-07-12T00:00:00+09:00", NOW, "Asia/Seoul", When("오전 12:00", 1720710000), When("12:00 AM", 1720710000)),
    ("2023-12-31T23:59:00+09:00", NOW, "Asia/Seoul", When("2023년 12월 31일(일)"), When("Sun 31 December 2023")),
    # The reader's own zone: the evening before, and summer time.
    (
        "2024-07-12T09:03:00+09:00",
        NOW,
        "America/New_York",
        When("오후 8:03", UNIX),
        When("8:03 PM", UNIX),
    ),
    (
        "2024-01-12T09:03:00+09:00",
        NOW,
        "America/New_York",
        When("1월 11일(목) 오후 7:03", 1705017780, dated=True),
        When("Thu 11 January 7:03 PM", 1705017780, dated=True),
    ),
    (None, NOW, "Asia/Seoul", None, None),
    ("yesterday", NOW, "Asia/Seoul", None, None),
    ("2024-13-45", NOW, "Asia/Seoul", None, None),
    ("9999-12-31T23:59:59Z", NOW, "Asia/Seoul", None, None),
]


@pytest.mark.parametrize(("published", "now", "zone", "korean", "english"), WHENS)
def test_when(published: str | None, now: datetime, zone: str, korean: When | None, english: When | None) -> None:
    assert _compose(published_at=published, now=now, zone=zone).when == korean
    assert _compose("en", published_at=published, now=now, zone=zone).when == english


@pytest.mark.parametrize(
    ("urgency", "topics", "labels", "korean", "english"),
    [
        (Urgency.FLASH, ("disaster",), (), ("긴급", "재난"), ("Flash", "Weather_disasters")),
        (Urgency.BREAKING, ("politics", "tech"), (), ("속보", "정치"), ("Breaking", "Politics")),
        (Urgency.NORMAL, ("politics", "tech"), (), ("정치", "과학_IT"), ("Politics", "Science_IT")),
        (Urgency.NORMAL, (), (), (), ()),
        (Urgency.BREAKING, (), (), ("속보",), ("Breaking",)),
        (Urgency.BREAKING, ("politics",), ("2보",), (), ()),
    ],
)
def test_hashtags(
    urgency: Urgency,
    topics: tuple[str, ...],
    labels: tuple[str, ...],
    korean: tuple[str, ...],
    english: tuple[str, ...],
) -> None:
    assert _compose(urgency=urgency, topics=topics, labels=labels).hashtags == korean
    assert _compose("en", urgency=urgency, topics=topics, labels=labels).hashtags == english


def test_topics_have_names_and_none_is_other() -> None:
    assert _compose(topics=("politics", "tech")).topics == ("정치", "과학·IT")
    assert _compose("en", topics=("tech",)).topics == ("Science & IT",)
    assert _compose(topics=()).topics == ("기타",)
    assert _compose("en", topics=("forgotten",)).topics == ("Other",)


def test_what_may_not_be_linked_is_not_a_link() -> None:
    for link in (None, "", "javascript:alert(1)", "https://user@evil.example/"):
        assert _compose(link=link).link is None
    assert _compose(link="https://예시.한국/a").link == "https://xn--vv4b11d.xn--3e0b707e/a"
    assert _compose(publisher="").publisher == "example.com"
    assert _compose(publisher="", link=None).publisher == ""


def test_headlines_are_cleaned_and_only_absurd_ones_cut() -> None:
    assert _compose(headline=" 속\u200b보 \u202e제목\n둘째 줄 ").headline == "속보 제목 둘째 줄"
    long = "예시군 소식 " * 200
    assert _compose(headline=long).headline == long.strip()
    assert len(_compose(headline="가" * 5000).headline) == MOST_HEADLINE
    assert _compose(headline="가" * 5000).headline.endswith("가…")
    assert len(_compose(headline="&" * 5000).headline) <= 600
