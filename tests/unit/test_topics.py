"""Topics: categories first, then words, with Korean particles."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path

import pytest

from newsbot.core import topics
from newsbot.core.model import Topic

FILE = Path(__file__).parents[2] / "config" / "topics.toml"


TABLE = tomllib.loads(FILE.read_text(encoding="utf-8"))
ALL = topics.read(TABLE)


def test_the_file_has_the_twelve_topics() -> None:
    expected = "politics northkorea economy society world culture sports tech entertainment life disaster opinion"
    assert {topic.id for topic in ALL} == set(expected.split())
    assert len(ALL) == 12
    assert {topic.id: topic.hashtag for topic in ALL}["tech"] == "과학_IT"
    for topic in ALL:
        assert topic.hashtag.replace("_", "").isalnum()
        assert topic.ko
        assert topic.en


def test_no_name_means_two_topics() -> None:
    owners: dict[str, str] = {}
    for topic in ALL:
        for word in {topic.id, topic.ko, topic.en, *topic.aliases}:
            assert owners.setdefault(topics.fold(word).replace(" ", ""), topic.id) == topic.id, word


@pytest.mark.parametrize(
    ("categories", "tags", "title", "excerpt", "found"),
    [
        (["정치"], [], "제목", "", ("politics",)),
        (["News", "POLITICS"], ["금융"], "제목", "", ("politics", "economy")),
        (["북한ㆍ국방"], [], "제목", "", ("northkorea",)),
        (["Science & IT"], [], "제목", "", ("tech",)),
        (["정치", "경제", "사회"], [], "제목", "", ("politics", "economy")),
        (["경제"], [], "예시군 앞바다 지진", "", ("economy", "disaster")),
        (["News"], [], "예시군 앞바다 규모 5.1 지진", "국회가 열렸다.", ("disaster",)),
        (["News"], [], "예시군 소식", "국회가 열렸다.", ("politics",)),
        (["News"], [], "예시군 소식", "아무 일도 없었다.", ()),
        ([], [], "北미사일 발사", "", ("northkorea",)),
        ([], [], "", "", ()),
    ],
)
def test_find(categories: list[str], tags: list[str], title: str, excerpt: str, found: tuple[str, ...]) -> None:
    assert topics.find(ALL, categories, tags, title, excerpt) == found


@pytest.mark.parametrize(
    ("text", "keyword", "hit"),
    [
        ("서울은 맑음", "서울", True),
        ("서울에서는 비", "서울", True),
        ("‘서울’에 비", "서울", True),
        ("서울대 합격", "서울", False),
        ("북서울 공원", "서울", False),
        ("한미 정상회담에서", "한미정상회담", True),
        ("한미정상회담", "한미 정상 회담", True),
        ("한·미 정상회담", "한미 정상회담", True),
        ("한ㆍ미 정상회담", "한・미 정상회담", True),
        ("한미, 정상회담", "한미정상회담", False),
        ("ＡＩ가 쓴 글", "ai", True),
        ("AIDS 예방", "ai", False),
        ("정치부터까지는", "정치", True),
        ("정치부터요", "정치", False),
        ("이나이나이나이나이나이나요", "이나", False),
        ("北미사일", "北", True),
        ("北美 회담", "北", False),
        ("남北", "北", False),
        ("사고가 났다", "사고", True),
        ("회사 고발", "사고", False),
        ("아무 글", "", False),
        ("가" * 60, "가" * 20, False),
    ],
)
def test_keywords_match_words(text: str, keyword: str, hit: bool) -> None:
    assert topics.matches(text, keyword) is hit


def test_names_are_looked_up_however_they_are_typed() -> None:
    for word in ("tech", "과학·IT", "과학ㆍit", "#과학_IT", " AI ", "Science & IT", "인공 지능"):
        found = topics.lookup(ALL, word)
        assert found is not None
        assert found.id == "tech", word
    assert topics.lookup(ALL, "") is None
    assert topics.lookup(ALL, "없는주제") is None


def test_a_typing_error_finds_its_neighbour() -> None:
    for typed, meant in (("겅제", "economy"), ("정차", "politics"), ("스포스", "sports"), ("polotics", "politics")):
        found = topics.nearest(ALL, typed)
        assert found is not None
        assert found.id == meant
    assert topics.nearest(ALL, "zzzzzz") is None
    assert topics.nearest(ALL, "") is None


@pytest.mark.parametrize(
    ("keyword", "text", "hit"),
    [
        ("반도체*", "반도체업계 긴장", True),
        ("반도체*", "반도체", True),
        ("반도체*", "비반도체 부문", False),
        ("반도체", "반도체업계 긴장", False),
        ("ai", "AI로 만든 반도체", True),
    ],
)
def test_a_star_stands_for_any_ending(keyword: str, text: str, hit: bool) -> None:
    only = (Topic("one", "하나", "One", "하나", (), (keyword,)),)
    assert topics.find(only, [], [], text, "") == (("one",) if hit else ())
    assert not topics.matches("반도체업계 긴장", "반도체*")  # readers' own words have no such sign


def test_a_second_topic_needs_two_of_its_words() -> None:
    two = (Topic("one", "하나", "One", "하나", (), ("국회",)), Topic("two", "둘", "Two", "둘", (), ("수출", "관세")))
    assert topics.find(two, [], [], "국회, 수출 논의", "") == ("one",)
    assert topics.find(two, [], [], "국회, 수출 논의", "수출을 다뤘다.") == ("one",)
    assert topics.find(two, [], [], "국회, 수출·관세 논의", "") == ("one", "two")
    assert topics.find(two, [], [], "국회, 수출 논의", "관세를 다뤘다.") == ("one", "two")
    assert topics.find(two, [], [], "수출 논의한 국회", "") == ("two",)
    assert topics.find(two, ["하나"], [], "수출 논의", "") == ("one", "two")


def test_an_alias_is_a_name_and_no_keyword() -> None:
    only = (Topic("world", "국제", "World", "국제", ("해외",), ("유엔",)),)
    assert topics.find(only, ["해외"], [], "소식", "") == ("world",)
    assert topics.find(only, [], [], "해외 직구 주의", "") == ()


GOOD = {"id": "one", "ko": "하나", "en": "One"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "[[topic]] tables"),
        ({"topic": []}, "[[topic]] tables"),
        ({"topic": [GOOD], "topics": []}, "nothing else"),
        ({"topic": ["one"]}, "[[topic]] 1: not a table"),
        ({"topic": [{"id": "one", "ko": "하나"}]}, "[[topic]] one: en is missing"),
        ({"topic": [GOOD | {"keyword": ["국회"]}]}, "[[topic]] one: unknown key keyword"),
        ({"topic": [GOOD | {"keywords": "국회"}]}, "[[topic]] one keywords: must be a list"),
        ({"topic": [GOOD | {"keywords": ["가" * 10_000]}]}, "[[topic]] one keywords: '가가"),
        ({"topic": [GOOD | {"keywords": [" · "]}]}, "must have 1 to 60 characters"),
        ({"topic": [GOOD | {"keywords": ["국회"] * 10_000}]}, "at most 500 words, has 10000"),
        ({"topic": [GOOD | {"ko": ""}]}, "[[topic]] one ko: must be 1 to 60"),
        ({"topic": [GOOD, GOOD]}, "stands there twice"),
        ({"topic": [GOOD | {"id": str(n)} for n in range(65)]}, "at most 64, there are 65"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        topics.read(table)
    assert "\n" not in str(caught.value)


def test_a_pattern_is_only_text_and_a_megabyte_costs_little() -> None:
    hostile = topics.read({"topic": [GOOD | {"keywords": ["(a+)+$", *(f"낱말{n}" for n in range(499))]}]})
    begin = time.perf_counter()
    assert topics.find(hostile, [], [], "a" * 1_000_000, "a " * 500_000) == ()
    assert topics.find(ALL, [], [], "제목" * 400_000, "서울 " * 300_000) == ()
    assert time.perf_counter() - begin < 0.5


def test_matching_is_linear() -> None:
    hostile = "이나" * 50_000 + " " + "서울서울" * 20_000
    begin = time.perf_counter()
    topics.find(ALL, [], [], "제목", hostile)
    topics.matches(hostile, "이나이나이나이나")
    assert time.perf_counter() - begin < 5
