"""Keywords: one form for what is typed, met in a text at a word's start, up to its ending."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import keywords
from newsbot.core.keywords import BadWord
from tests.readers import keywords as readers
from tests.readers.keywords import SHORTHAND


def meets(text: str, typed: str) -> bool:
    """Whether the keyword that is typed so matches."""
    return keywords.keyword(typed, SHORTHAND) in keywords.said(text, SHORTHAND)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("반도체", "반도체"),
        ("  한·미  정상 회담 ", "한미정상회담"),
        ("ＡＩ", "ai"),
        ("美", "미국"),
        ("韓美", "한미"),
        ("한ㆍ미", "한미"),
        ("北京", "北京"),
        ("“반도체”", "반도체"),
        ("#반도체", "반도체"),
        ("-반도체", "반도체"),  # the store marks words that are not wanted with a hyphen
        ("K-팝", "k팝"),
        ("R&D", "r&d"),
        ("5·18", "5.18"),
        ("한미, 정상회담", "한미정상회담"),
        ("가" * keywords.MOST, "가" * keywords.MOST),
    ],
)
def test_what_is_typed_has_one_form(typed: str, kept: str) -> None:
    assert keywords.keyword(typed, SHORTHAND) == kept
    assert keywords.keyword(unicodedata.normalize("NFD", typed), SHORTHAND) == kept
    assert keywords.keyword(kept, SHORTHAND) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [("", "short"), ("가", "short"), ("!!", "short"), ("__", "short"), ("a-", "short"), ("가" * 21, "long")],
)
def test_what_cannot_be_a_keyword(typed: str, why: str) -> None:
    with pytest.raises(BadWord) as refused:
        keywords.keyword(typed, SHORTHAND)
    assert refused.value.why == why


@pytest.mark.parametrize(
    ("text", "typed", "met"),
    [
        # What may follow.
        ("서울", "서울", True),
        ("서울에서는 비", "서울", True),
        ("서울에서부터는 비", "서울", True),
        ("서울대 합격", "서울", False),
        ("북서울 공원", "서울", False),
        ("중국산 배추", "중국", True),
        ("버스 파업했다고 한다", "파업", True),
        ("체포된 사람", "체포", True),
        # Only the form that Korean has behind this sign, and in its order.
        ("국민은 안다", "국민", True),
        ("국민는 안다", "국민", False),
        ("국민은행 지점", "국민", False),
        ("전문가 의견", "전문", False),
        ("고속도로 공사", "고속", False),
        ("서울로 간다", "서울", True),
        ("부산로 간다", "부산", False),
        # Blanks, dots, quotes, punctuation.
        ("한·미 정상 회담에서", "한미정상회담", True),
        ("한미, 정상회담", "한미정상회담", False),
        ("한미\n정상회담", "한미 정상회담", False),
        ("‘서울’에 비", "서울", True),
        ("공사.서울에 비", "서울", True),
        ("코로나-19 백신", "코로나19", True),
        ("R&D는 길게", "r&d", True),
        ("M&A", "a", False),
        ("5·18 기념식", "5.18", True),
        # Hanja.
        ("美대통령 방문", "미국", True),
        ("미국 대통령 방문", "美", True),
        ("대北 제재", "북한", True),
        ("韓美 정상회담", "한미 정상회담", True),
        ("韓·美 정상회담", "한미 정상회담", True),
        ("韓美 정상회담", "미국", True),
        ("北京 올림픽", "북한", False),
        ("25日 오후", "일본", False),
        ("조사中", "중국", False),
        ("中3 교실", "중국", False),
        ("中, 맞불 관세", "중국", True),
        ("\uf963 미사일", "북한", True),  # the other code of 北
        # Latin.
        ("The tariffs are back", "tariff", True),
        ("tariffless", "tariff", False),
        ("AI가 쓴 글", "ai", True),
        ("AIDS 예방", "ai", False),
        ("ais", "ai", False),
    ],
)
def test_a_keyword_is_met_as_a_word(text: str, typed: str, met: bool) -> None:
    if len(typed) >= keywords.FEWEST:
        assert meets(text, typed) is met
        assert meets(unicodedata.normalize("NFD", text), typed) is met
    assert not any(len(word) < keywords.FEWEST for word in keywords.said(text, SHORTHAND))


def test_recall_and_false_hits_are_those_of_the_document() -> None:
    found = readers.measure()
    assert found.share("pvs") > 0.99
    assert found.share("pvsc") > 0.8
    assert found.share("x") < 0.03
    assert found.share("xo") < 0.15
    document = readers.HERE.parents[1] / "docs" / "experiments" / "0003-keywords.md"
    assert readers.table(found) in document.read_text("utf-8")


def test_the_form_of_unicode_changes_nothing() -> None:
    assert readers.measure("NFD") == readers.measure("NFC")


def test_every_keyword_has_six_sentences() -> None:
    words = [word for word, _, _ in readers.sentences()]
    assert len(set(words)) >= 60
    assert {words.count(word) for word in words} == {6}


SIGNS = st.text(st.one_of(st.sampled_from("서울대 은는이가에서·.&-19aZ美北京中\n,"), st.characters()), max_size=30)


@settings(deadline=None)
@given(SIGNS)
def test_a_keyword_meets_itself_and_stays_what_it_is(typed: str) -> None:
    try:
        kept = keywords.keyword(typed, SHORTHAND)
    except BadWord:
        return
    assert keywords.FEWEST <= len(kept) <= keywords.MOST
    assert not kept.startswith("-")
    assert not any(sign.isspace() for sign in kept)
    assert kept in keywords.said(kept, SHORTHAND)
    assert keywords.keyword(kept, SHORTHAND) == kept


@settings(deadline=None)
@given(SIGNS, SIGNS)
def test_what_stands_on_another_line_takes_nothing_away(one: str, other: str) -> None:
    assert keywords.said(one, SHORTHAND) <= keywords.said(f"{one}\n{other}", SHORTHAND)


@pytest.mark.parametrize(
    "text", ["가" * 3000, "이나" * 3000, "a.b" * 3000, "北" * 3000, "가 " * 3000, "들에서만이 " * 3000]
)
def test_no_text_is_slow(text: str) -> None:
    start = time.process_time()
    keywords.said(text, SHORTHAND)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "one [shorthand] table"),
        ({"shorthand": {}, "more": 1}, "nothing else"),
        ({"shorthand": ["美"]}, "one [shorthand] table"),
        ({"shorthand": {"美國": "미국"}}, "'美國': must be one Hanja"),
        ({"shorthand": {"A": "미국"}}, "must be one Hanja"),
        ({"shorthand": {"軍": "군"}}, "軍: its word must have 2 to 20 characters"),
        ({"shorthand": {"軍": 1}}, "軍: its word"),
    ],
)
def test_a_wrong_shorthand_file_is_told_in_one_line(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        keywords.read_shorthand(table)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
