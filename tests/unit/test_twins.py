"""Which story a headline repeats or continues."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from newsbot.core import lineage, twins
from newsbot.core.model import Article, Story, Urgency

B, N = Urgency.BREAKING, Urgency.NORMAL
NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # noon in Seoul
DAY = date(2026, 3, 4)
SEOUL = "Asia/Seoul"
HEADLINE = "예시군 앞바다 규모 5.1 지진"


def story(story_id: str = "K7F3M", hours: float = 1, **fields: object) -> Story:
    at = (NOW - timedelta(hours=hours)).timestamp()
    given = {"id": story_id, "article": story_id, "source": "main", "urgency": B, "headline": HEADLINE}
    return Story.model_validate(given | {"accepted_at": at, "link": f"https://example.com/{story_id}"} | fields)


def parent(title: str, *stories: Story, **fields: object) -> tuple[str, int] | None:
    given = {"id": "new", "source": "main", "title": title, "url": "https://example.com/new"}
    found = twins.parent(Article.model_validate(given | fields), lineage.read(title), stories, NOW)
    return (found[0].id, found[1]) if found else None


@pytest.mark.parametrize(
    ("a", "b", "least", "most"),
    [
        (HEADLINE, HEADLINE, 1, 1),
        (HEADLINE, f"[속보] {HEADLINE}!", 1, 1),
        ("한미 정상회담", "韓美정상회담", 1, 1),
        ("ＡＩ 시대", "AI시대", 1, 1),
        ("북한 미사일", "날씨 맑음", 0, 0),
        ("", "", 0, 0),
        ("", HEADLINE, 0, 0),
        ("가", "가", 1, 1),
        ("가", "나", 0, 0),
        ("가나다", "가나라", 0.5, 0.5),
        (HEADLINE, "예시군 앞바다서 지진 규모 5.1", 0.5, 0.9),
    ],
)
def test_similarity(a: str, b: str, least: float, most: float) -> None:
    assert least <= twins.similarity(a, b) <= most
    assert twins.similarity(a, b) == twins.similarity(b, a)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("규모 5.1 지진, 1,204명 대피", ("5.1", "1204")),
        ("２명 사망", ("2",)),
        ("두 명 숨지고 세 곳 통제", ("두", "세")),
        ("첫 금메달", ("첫",)),
        ("세 번째 금메달 뒤 3위", ("세", "3")),
        ("세계 한국 두부", ()),
        ("2-1 승리", ("2", "1")),
        ("오전 9:03 발생", ("9:03",)),
    ],
)
def test_numbers(words: str, found: tuple[str, ...]) -> None:
    assert twins.numbers(words) == found


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("탄핵안 가결", "탄핵안 부결", False),
        ("터널 안 버스", "터널 버스", True),
        ("장관 사퇴 안 한다", "장관 사퇴한다", False),
        ("피해 없다", "피해 있다", False),
        ("확인하고 있다", "확인 하고 있다", True),
        ("가지 않았다", "가지 못했다", True),  # either way it did not happen
    ],
)
def test_turns(a: str, b: str, same: bool) -> None:
    assert (twins.turns(a) == twins.turns(b)) is same


TWINS = [
    ({}, True),
    ({"headline": f"{HEADLINE}!"}, True),
    ({"headline": "예시군 앞바다서 규모 5.1 지진"}, True),
    ({"headline": "예시군 앞바다 규모 5.7 지진"}, False),
    ({"headline": "보기군 앞바다 규모 5.1 지진"}, False),
    ({"headline": "오늘의 날씨"}, False),
    ({"source": "other"}, False),
    ({"kind": "digest"}, False),
    ({"kind": "retraction"}, False),
    ({"kind": "follow-up"}, True),
    ({"held": "old"}, False),
    ({"dropped": "Ed"}, False),
    ({"test": True}, False),
]


@pytest.mark.parametrize(("fields", "hit"), TWINS, ids=str)
def test_whose_twin_it_is(fields: dict[str, object], hit: bool) -> None:
    assert bool(twins.twin(f"[속보] {HEADLINE}", "main", DAY, [story(**fields)], SEOUL)) is hit


def test_a_day_ends_at_midnight_in_its_zone() -> None:
    late = story(hours=12.5)  # 23:30 of the day before in Seoul, 14:30 UTC
    assert twins.twin(HEADLINE, "main", DAY, [late], SEOUL) is None
    assert twins.twin(HEADLINE, "main", date(2026, 3, 3), [late], SEOUL) == late
    assert twins.twin(HEADLINE, "main", date(2026, 3, 3), [story(hours=2)], "America/Los_Angeles") is not None


def test_of_several_twins_the_one_that_sounded_is_meant() -> None:
    quiet, loud, silent = story("A2222", 3, urgency=N), story("B2222", 2), story("C2222", 1, silent=True)
    assert twins.twin(HEADLINE, "main", DAY, [quiet, loud, silent], SEOUL) == loud
    assert twins.twin(HEADLINE, "main", DAY, [quiet, silent], SEOUL) == quiet


NEWER = "예시군 앞바다 규모 5.1 지진, 피해 신고 12건"  # 0.7 like HEADLINE


@pytest.mark.parametrize(
    ("title", "stories", "found"),
    [
        (f"[2보] {NEWER}", [{}], ("K7F3M", 2)),
        (f"[3보] {NEWER}", [{}], ("K7F3M", 3)),
        (f"[상보] {NEWER}", [{}], ("K7F3M", 2)),
        (f"[종합2보] {NEWER}", [{}], ("K7F3M", 2)),
        (f"[종합3보] {NEWER}", [{}], ("K7F3M", 3)),
        (f"[후속] {NEWER}", [{}], ("K7F3M", 2)),
        (f"UPDATE 4: {NEWER}", [{}], ("K7F3M", 4)),
        (f"[1보] {NEWER}", [{"labels": ("긴급",)}], ("K7F3M", 2)),
        (f"[속보] {NEWER}", [{}], ("K7F3M", 2)),
        (f"[긴급] {NEWER}", [{}], None),
        (f"[단독] {NEWER}", [{}], None),
        (NEWER, [{}], None),
        ("[2보] 국회, 예산안 처리", [{}], None),
        (f"[2보] {NEWER}", [{"hours": 11.9}], ("K7F3M", 2)),
        (f"[2보] {NEWER}", [{"hours": 12.1}], None),
        (f"[속보] {NEWER}", [{"hours": 5.9}], ("K7F3M", 2)),
        (f"[속보] {NEWER}", [{"hours": 6.1}], None),
        (f"[1보] {NEWER}", [{"hours": 6.1}], None),
        (f"[2보] {NEWER}", [{"source": "other"}], None),
        (f"[2보] {NEWER}", [{"held": "old"}], None),
        (f"[2보] {NEWER}", [{"dropped": "Ed"}], None),
        (f"[2보] {NEWER}", [{"kind": "correction"}], None),
        (f"[2보] {NEWER}", [{"kind": "question"}], None),
        ("[2보] 다른 말", [{"link": "https://example.com/new"}], ("K7F3M", 2)),
        ("[2보] 다른 말", [{"article": "new"}], ("K7F3M", 2)),
    ],
)
def test_what_a_tag_continues(title: str, stories: list[dict[str, object]], found: tuple[str, int] | None) -> None:
    assert parent(title, *(story(**one) for one in stories)) == found  # type: ignore[arg-type]


def test_an_article_without_address_continues_none_without_one() -> None:
    assert parent("[2보] 다른 말", story(link=None), url="") is None


def test_the_first_alert_is_meant_and_the_takes_are_counted() -> None:
    first = story("A2222", 3)
    second = story("B2222", 2, kind="follow-up", parent="A2222", headline=NEWER)
    third = story("C2222", 1, kind="follow-up", parent="A2222", headline=NEWER)
    waits = story("D2222", 1, kind="follow-up", parent="A2222", headline=NEWER, held="old")
    assert parent(f"[상보] {NEWER}", first, second, third, waits) == ("A2222", 4)
    assert parent(f"[종합2보] {NEWER}", first, second, third) == ("A2222", 4)
    assert parent(f"[5보] {NEWER}", first, second, third) == ("A2222", 5)
    assert parent(f"[2보] {NEWER}", first, second, third) == ("A2222", 2)
    assert parent(f"[상보] {NEWER}", second) == ("B2222", 2)  # the first is not known any more
    assert parent(f"[상보] {NEWER}", first, story("E2222", 1, headline="보기시 정전")) == ("A2222", 2)


def test_stories_that_name_each_other_end() -> None:
    one, other = story("A2222", 2, parent="B2222"), story("B2222", 1, parent="A2222")
    assert parent(f"[2보] {NEWER}", one, other) is not None


@pytest.mark.parametrize(
    ("tag", "told", "over"),
    [
        ("[2보]", ("3보",), True),
        ("[2보]", ("2보",), False),
        ("[3보]", ("2보",), False),
        ("[2보]", ("종합2보",), False),
        ("[2보]", ("상보",), False),
        ("[상보]", ("3보",), False),
        ("[종합2보]", ("3보",), False),
        ("[속보]", ("3보",), False),
        ("[10보]", ("9보",), False),
    ],
)
def test_a_lower_take_after_a_higher_one(tag: str, told: tuple[str, ...], over: bool) -> None:
    root = story()
    later = story("B2222", kind="follow-up", parent=root.id, labels=told)
    read = lineage.read(f"{tag} {NEWER}")
    assert twins.overtaken(read, root, [root, later]) is over
    assert not twins.overtaken(read, root, [root, later.model_copy(update={"held": "old"})])
    assert not twins.overtaken(read, root, [root, later.model_copy(update={"parent": "other"})])


def test_decorations_are_images_of_many() -> None:
    images = ["/banner.jpg"] * 3 + ["/a.jpg", "/b.jpg", "/b.jpg", None, "", None, "", None, ""]
    assert twins.decorations(images) == {"/banner.jpg"}
    assert twins.decorations(images, least=2) == {"/banner.jpg", "/b.jpg"}
    assert twins.decorations([]) == frozenset()


def test_a_long_headline_costs_little() -> None:
    begin = time.perf_counter()
    assert twins.alike("가나 " * 300_000, "가나 " * 300_000)
    twins.parent(
        Article(id="a", source="main", title="[2보] " + "가" * 10**6), lineage.read("[2보] 가"), [story()], NOW
    )
    assert time.perf_counter() - begin < 0.5
