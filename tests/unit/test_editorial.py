"""What is decided of an article, and by which rule: every reason, every urgency, what the record changes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core import editorial
from newsbot.core.editorial import Hold, Ignore, Past, Publish, Rules
from newsbot.core.model import Article, Attribution, Story, Topic, Urgency

F, B, N = Urgency.FLASH, Urgency.BREAKING, Urgency.NORMAL
NOW = datetime(2026, 3, 4, 0, 3, tzinfo=UTC)  # 09:03 in Seoul
TODAY = "2026-03-04"
RULES = Rules(
    (
        Topic("economy", "경제", "Economy", "경제", ("금융",), ("반도체", "수출")),
        Topic("disaster", "재난", "Disasters", "재난", (), ("지진",)),
        Topic("opinion", "오피니언", "Opinion", "오피니언", ("사설",), ()),
    ),
    images=True,
)
HEADLINE = "예시군 앞바다 규모 5.1 지진"
DOCUMENT = (Path(__file__).parents[2] / "docs" / "editorial.md").read_text("utf-8")


def article(title: str = HEADLINE, **fields: object) -> Article:
    given = {"id": "a", "source": "main", "url": "https://example.com/a", "published_at": TODAY, "title": title}
    return Article.model_validate(given | fields)


def story(**fields: object) -> Story:
    given = {"id": "K7F3M", "article": "b", "source": "main", "urgency": B, "headline": HEADLINE}
    return Story.model_validate(given | fields)


def draft(one: Article, past: Past = editorial.NOTHING) -> Story:
    return editorial.draft(one, "H2345", RULES, NOW, past)


def outcome(one: Article, past: Past = editorial.NOTHING) -> tuple[str, str | None]:
    match editorial.decide(one, "H2345", RULES, NOW, past):
        case Publish(found):
            return "publish", found.held
        case Hold(found):
            return "hold", found.held
        case Ignore(reason):
            return "ignore", reason


KOGL = Attribution(name="예시청", licence="KOGL-1")
UNCLEAR = Attribution(name="예시청", licence="unclear")
REASONS = [
    ({}, "publish", None),
    ({"state": "draft"}, "ignore", "draft"),
    ({"state": "future"}, "ignore", "future"),
    ({"state": "unpublished"}, "ignore", "unpublished"),
    ({"state": "invalid", "problem": "front matter is not YAML"}, "ignore", "front matter is not YAML"),
    ({"title": "[광고] 봄맞이 행사"}, "ignore", "advertising"),
    ({"title": "（AD）봄맞이 행사"}, "ignore", "advertising"),
    ({"marks": ("advertising",)}, "ignore", "advertising"),
    ({"title": ""}, "ignore", "headline empty"),
    ({"title": "[속보] \u200b"}, "ignore", "headline empty"),
    ({"title": "{{ page.title }}"}, "hold", "unfinished"),
    ({"excerpt": "Lorem ipsum dolor"}, "hold", "unfinished"),
    ({"title": "None"}, "hold", "unfinished"),
    ({"title": "[TEST] 지진"}, "hold", "unfinished"),
    ({"title": "테스트: 지진"}, "hold", "unfinished"),
    ({"title": "의사 국가시험 테스트 결과"}, "publish", None),
    ({"url": ""}, "hold", "no site address"),
    ({"url": "/2026/a.html"}, "hold", "no site address"),
    ({"title": "[전문취소] 예시군 지진"}, "hold", "withdrawal tag"),
    ({"title": "[철회] 예시군 지진"}, "hold", "withdrawal tag"),
    ({"title": "[정정] 예시군 지진"}, "hold", "correction without target"),
    ({"title": "[반론보도] 예시군 지진"}, "hold", "correction without target"),
    ({"attribution": UNCLEAR}, "hold", "licence unclear"),
    ({"attribution": KOGL}, "publish", None),
    ({"marks": ("poll-incomplete",)}, "hold", "election poll incomplete"),
    ({"marks": ("poll",)}, "publish", None),
    ({"marks": ("suicide",)}, "hold", "suicide item"),
    ({"marks": ("ai",)}, "publish", None),
    ({"published_at": "2026-03-03"}, "publish", None),
    ({"published_at": "2026-03-02"}, "hold", "old"),
    ({"published_at": "2026-03-05"}, "hold", "dated ahead"),
    ({"published_at": "2026-03-04T09:09:00+09:00"}, "hold", "dated ahead"),
    ({"published_at": "2026-03-04T09:07:00+09:00"}, "publish", None),
    ({"published_at": "2026-03-04T03:04:00+09:00"}, "publish", None),
    ({"published_at": "2026-03-04T03:02:00+09:00"}, "hold", "old"),
    ({"published_at": "2026-03-04T03:02:00"}, "hold", "old"),  # no offset: its source's clock
    ({"published_at": "2026-03-04T08:30:00+09:00", "title": "[속보] 지진"}, "hold", "old"),
    ({"published_at": "2026-03-04T08:34:00+09:00", "title": "[속보] 지진"}, "publish", None),
    ({"published_at": "1970-01-01"}, "hold", "old"),
    ({"published_at": None}, "publish", None),
]


@pytest.mark.parametrize(("fields", "decision", "reason"), REASONS, ids=lambda one: str(one)[:60])
def test_every_reason(fields: dict[str, object], decision: str, reason: str | None) -> None:
    given = dict(fields)
    assert outcome(article(str(given.pop("title", HEADLINE)), **given)) == (decision, reason)


def test_a_bare_date_is_judged_in_the_zone_of_its_source() -> None:
    assert outcome(article(published_at="2026-03-05", zone="Pacific/Kiritimati")) == ("hold", "dated ahead")
    assert outcome(article(published_at="2026-03-02", zone="America/Los_Angeles")) == ("publish", None)


def test_a_take_below_one_that_was_told_is_for_the_record() -> None:
    assert outcome(article("[2보] 지진"), Past(parent=story(), overtaken=True)) == ("ignore", "overtaken take")


def test_the_document_has_every_reason_with_its_exit() -> None:
    told = {reason for _, _, reason in REASONS if reason} | {"overtaken take"}
    told -= {"front matter is not YAML"}  # the source's own words
    table = dict(re.findall(r"^\| `([^`]+)` \| (?:hold|ignore) \| .+? \| (.+) \|$", DOCUMENT, re.MULTILINE))
    assert told <= table.keys()
    assert all(way_out.strip() for way_out in table.values())


# --- urgency --------------------------------------------------------------------------------------------------------

URGENCIES = [
    ("지진", None, N, False, "no tag: normal"),
    ("지진", B, B, False, "front matter or source default: breaking"),
    ("지진", N, N, False, "front matter or source default: normal"),
    ("지진", F, B, False, "front matter or source default: breaking (flash needs two people)"),
    ("[긴급] 지진", None, B, False, "tag [긴급]"),
    ("[긴급] 지진", F, B, False, "tag [긴급]"),
    ("[속보] 지진", N, B, False, "tag [속보]"),
    ("[1보] 지진", None, B, False, "tag [1보]"),
    ("[단독] 지진", None, N, False, "no tag: normal"),
    ("[단독] 지진", B, B, False, "front matter or source default: breaking"),
    ("[단독][속보] 지진", None, B, False, "tag [속보]"),
    ("[포토] 지진", B, N, False, "tag [포토]"),
    ("[사설] 지진", B, N, False, "tag [사설]"),
    ("[2보] 지진", None, N, True, "tag [2보]"),
    ("[2보] 지진", B, B, True, "front matter or source default: breaking"),
    ("[상보] 지진", B, N, True, "tag [상보]"),
    ("[종합2보] 지진", B, N, True, "tag [종합2보]"),
    ("[올림픽] 지진", None, N, False, "no tag: normal"),
]


@pytest.mark.parametrize(("title", "own", "urgency", "silent", "why"), URGENCIES)
def test_tag_then_front_matter_then_normal(title: str, own: Urgency, urgency: Urgency, silent: bool, why: str) -> None:
    found = draft(article(title, urgency=own))
    assert (found.urgency, found.silent) == (urgency, silent)
    assert editorial.rule(article(title, urgency=own), RULES).startswith(f"urgency: {why}; topics: ")


FOLLOW_UPS = [
    # tag, urgency of the first alert; urgency, silent
    ("[2보]", B, B, True),
    ("[3보]", F, B, True),
    ("[2보]", N, N, True),
    ("[상보]", B, N, True),
    ("[종합]", F, N, True),
    ("[후속]", B, B, True),
    ("[1보]", B, B, True),
    ("[1보]", F, B, True),
    ("[속보]", B, B, True),
    ("[속보]", N, B, False),  # it rose
]


@pytest.mark.parametrize(("tag", "first", "urgency", "silent"), FOLLOW_UPS)
def test_a_follow_up_is_silent_unless_it_rose(tag: str, first: Urgency, urgency: Urgency, silent: bool) -> None:
    past = Past(parent=story(urgency=first), take=4)
    one = article(f"{tag} 예시군 지진, 신고 12건")
    found = draft(one, past)
    assert (found.kind, found.parent, found.take) == ("follow-up", "K7F3M", 4)
    assert (found.urgency, found.silent) == (urgency, silent)
    assert f"tag {tag}, follow-up of K7F3M" in editorial.rule(one, RULES, past)


TWINS = [
    # title, its twin; kind, urgency, silent
    ("지진", {"urgency": N}, "alert", N, True),
    ("[속보] 지진", {"urgency": B}, "alert", N, True),
    ("[속보] 지진", {"urgency": F}, "alert", N, True),
    ("[긴급] 지진", {"urgency": B}, "alert", N, True),
    ("[속보] 지진", {"urgency": N}, "alert", B, False),  # nobody heard the first
    ("[2보] 지진", {"urgency": B}, "alert", N, True),
]


@pytest.mark.parametrize(("title", "twin", "kind", "urgency", "silent"), TWINS)
def test_a_twin_never_sounds_twice(
    title: str, twin: dict[str, object], kind: str, urgency: Urgency, silent: bool
) -> None:
    past = Past(twin=story(**twin))
    found = draft(article(title), past)
    assert (found.kind, found.urgency, found.silent) == (kind, urgency, silent)
    assert "twin" in editorial.rule(article(title), RULES, past)
    assert "K7F3M" in editorial.rule(article(title), RULES, past)


@pytest.mark.parametrize(
    ("tag", "kind", "urgency"),
    [("[속보]", "alert", N), ("[2보]", "follow-up", B), ("[1보]", "follow-up", B), ("[종합]", "follow-up", N)],
)
def test_a_twin_that_says_it_is_a_further_take_is_a_follow_up(tag: str, kind: str, urgency: Urgency) -> None:
    found = draft(article(f"{tag} 지진"), Past(twin=story(), parent=story()))
    assert (found.kind, found.urgency, found.silent) == (kind, urgency, True)


# --- the rest of the draft ------------------------------------------------------------------------------------------

TOPICS = [
    ({}, ("disaster",), "keyword 지진 in title"),
    ({"categories": ("Economy",)}, ("economy", "disaster"), "category Economy, keyword 지진 in title"),
    ({"tags": ("금융",)}, ("economy", "disaster"), "tag 금융, keyword 지진 in title"),
    ({"title": "예시군 소식", "excerpt": "반도체를 만든다."}, ("economy",), "keyword 반도체 in excerpt"),
    ({"title": "예시군 소식", "topics": ("economy",)}, ("economy",), "source default"),
    ({"title": "예시군 소식", "topics": ("nowhere",)}, (), "none found"),
    ({"topics": ("economy",)}, ("disaster",), "keyword 지진 in title"),
    ({"title": "[사설] 반도체 수출"}, ("opinion",), "tag of nature opinion"),
]


@pytest.mark.parametrize(("fields", "found", "why"), TOPICS)
def test_topics_and_what_gave_them(fields: dict[str, object], found: tuple[str, ...], why: str) -> None:
    given = dict(fields)
    one = article(str(given.pop("title", HEADLINE)), **given)
    assert draft(one).topics == found
    assert editorial.rule(one, RULES).endswith(f"topics: {why}")


@pytest.mark.parametrize(
    ("fields", "past", "images", "shown"),
    [
        ({}, Past(), True, True),
        ({}, Past(), False, False),
        ({}, Past(decoration=True), True, False),
        ({"attribution": KOGL}, Past(), True, False),
        ({"marks": ("suicide",)}, Past(), True, False),
        ({"marks": ("ai",)}, Past(), True, True),
    ],
)
def test_an_image_goes_along_only_where_it_may(
    fields: dict[str, object], past: Past, images: bool, shown: bool
) -> None:
    one = article(image="https://example.com/a.jpg", alt="무너진 담", **fields)
    found = editorial.draft(one, "H2345", Rules((), images=images), NOW, past)
    assert (found.image, found.alt) == (("https://example.com/a.jpg", "무너진 담") if shown else (None, ""))
    without = one.model_copy(update={"alt": ""})
    assert editorial.draft(without, "H2345", Rules((), images=images), NOW, past).alt == (HEADLINE if shown else "")


def test_marks_become_notes_and_a_suicide_makes_no_sound() -> None:
    found = draft(article("[속보] 지진", marks=("advertising", "poll", "poll-incomplete", "suicide", "ai")))
    assert found.notes == ("poll", "suicide", "ai")
    assert found.silent
    assert not draft(article("[속보] 지진", marks=("poll", "ai"))).silent


def test_a_draft_says_where_it_comes_from() -> None:
    found = draft(article(publisher="예시뉴스"))
    assert (found.source, found.article, found.kind, found.take, found.parent) == ("main", "a", "alert", 1, None)
    assert (found.publisher, found.link, found.accepted_at) == ("예시뉴스", "https://example.com/a", NOW.timestamp())


def test_ids_can_be_typed_and_mistyped() -> None:
    one = editorial.new_story_id()
    assert len(one) == 5
    assert set(one) <= set(editorial.STORY_SIGNS)
    assert one[0].isalpha()
    assert editorial.nearest("k7f3n", ["K7F3M", "H2345"]) == "K7F3M"
    assert editorial.nearest("K7F3N", ["K7F3M", "K7F3P"]) is None
