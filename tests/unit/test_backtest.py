"""A backtest's figures, by table: what is decided on which day, how it adds up, what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsbot import bootstrap
from newsbot.cli.common import language
from newsbot.cli.preview.advice import advice
from newsbot.cli.preview.say import Say
from newsbot.core import backtest, editorial, replay, twins
from newsbot.core.backtest import Daily, Entry, daily, figures
from newsbot.core.model import Article, Attribution, Topic, Urgency
from newsbot.settings import Settings, Site

NOW = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
SEOUL = "Asia/Seoul"
TOPICS = (Topic("economy", "경제", "Economy", "경제", ("금융",), ("금리",)),)
RULES = editorial.Rules(TOPICS, "예시뉴스")
WORDS = bootstrap.read_words("ko")


def article(title: str, stamp: str | None = "2024-07-12", **more: Any) -> Article:
    """A post that would be published."""
    path = f"_posts/{stamp}-{title}.md"
    shared = {"id": path, "source": "site", "path": path, "url": f"https://example.com/{path}"}
    return Article(**{**shared, "title": title, "published_at": stamp, **more})


def entries(*articles: Article, rules: editorial.Rules = RULES) -> list[Entry]:
    """What is kept of them after a backtest."""
    shared = twins.decorations(one.image for one in articles)
    decided = replay.replay(articles, rules, SEOUL, lambda one: replay.seen_at(one, NOW), shared)
    return [backtest.judged(one, decision, past, ZoneInfo(SEOUL)) for one, decision, past in decided]


# --- deciding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "zone", "seen"),
    [
        ("2024-07-12", SEOUL, "2024-07-12T12:00:00+09:00"),
        ("2024-07-12", "Europe/London", "2024-07-12T12:00:00+01:00"),
        ("2024-07-12T09:03:00+09:00", SEOUL, "2024-07-12T09:03:00+09:00"),
        ("2024-07-12T23:30:00Z", SEOUL, "2024-07-13T08:30:00+09:00"),
        (None, SEOUL, "2026-05-20T12:00:00+09:00"),
    ],
)
def test_a_post_is_seen_at_its_moment_or_the_noon_of_its_day(stamp: str | None, zone: str, seen: str) -> None:
    assert replay.seen_at(article("예시군 소식", stamp, zone=zone), NOW) == datetime.fromisoformat(seen)


@pytest.mark.parametrize(
    ("one", "outcome", "reason"),
    [
        (article("예시군 새 다리 점검"), "silent", ""),
        (article("[속보] 예시군 앞바다 지진"), "sounded", ""),
        (article("[속보] 예시군 앞바다 지진", "2024-07-12T03:00:00+09:00"), "sounded", ""),
        (article("예시군 소식", urgency=Urgency.BREAKING), "sounded", ""),
        (article("예시군 소식", url="/a.html"), "held", "no site address"),
        (article("[정정] 예시군 소식"), "held", "correction without target"),
        (article("예시군 소식", attribution=Attribution(name="", licence="unclear")), "held", "licence unclear"),
        (article("[광고] 예시군 호텔"), "left out", "advertising"),
        (article("예시군 호텔", marks=("advertising",)), "left out", "advertising"),
        (article("예시군 초안", None, state="draft"), "left out", "draft"),
        (article("예시군 소식", "2099-01-01", state="future"), "left out", "future"),
        (article("예시군 소식", state="invalid", problem="_posts/x.md:3: no"), "left out", "invalid"),
    ],
)
def test_what_becomes_of_a_post_on_its_day(one: Article, outcome: str, reason: str) -> None:
    (entry,) = entries(one)
    assert (entry.outcome, entry.reason) == (outcome, reason)


def test_age_holds_nothing_back_in_a_backtest_although_it_would_today() -> None:
    old = article("예시군 새 다리 점검", "2011-02-03")
    assert entries(old)[0].outcome == "silent"
    today = editorial.decide(old, "A2222", RULES, NOW)
    assert isinstance(today, editorial.Hold)
    assert today.story.held == "old"


def test_the_second_headline_of_a_day_makes_no_second_sound_the_next_day_it_does() -> None:
    first = article("[속보] 예시군 새 다리 점검표 첫 공개")
    again = article("[속보] 예시군 새 다리 점검표 첫 공개!")
    other = article("[속보] 가람시 도서관 하루 더 연다")
    later = article("[속보] 예시군 새 다리 점검표, 첫 공개", "2024-07-13")
    found = entries(first, again, other, later)
    assert [(one.outcome, one.twin) for one in found] == [
        *[("sounded", False), ("silent", True), ("sounded", False), ("sounded", False)]
    ]


@pytest.mark.parametrize(
    "pair", [("韓美 정상 공동성명 채택", "한미 정상 공동성명 채택"), ("예시 다리 A/S 점검", "예시 다리 AS 점검")]
)
def test_the_quick_search_for_twins_finds_what_the_slow_one_finds(pair: tuple[str, str]) -> None:
    assert twins.alike(*pair)
    assert [one.twin for one in entries(*map(article, pair))] == [False, True]


def test_what_was_held_or_comes_from_another_source_is_nobodys_twin() -> None:
    held = article("예시군 새 다리 점검표 첫 공개", url="")
    elsewhere = article("예시군 새 다리 점검표 첫 공개 ", source="other")
    mine = article("예시군 새 다리 점검표 첫 공개.")
    assert [one.twin for one in entries(held, elsewhere, mine)] == [False, False, False]


def test_a_later_take_follows_its_story_and_is_silent() -> None:
    alert = article("[속보] 예시군 앞바다 규모 5.1 지진", "2024-07-12T09:03:00+09:00")
    take = article("[2보] 예시군 앞바다 규모 5.1 지진 피해 신고", "2024-07-12T09:33:00+09:00")
    decided = list(replay.replay([alert, take], RULES, SEOUL, lambda one: replay.seen_at(one, NOW), frozenset()))
    assert decided[1][2].parent is not None
    assert decided[1][2].parent.article == alert.id
    assert [one.outcome for one in entries(alert, take)] == ["sounded", "silent"]


def test_every_story_of_a_run_has_an_id_of_its_own() -> None:
    many = [article(f"예시군 소식 {number}") for number in range(100)]
    decided = replay.replay(many, RULES, SEOUL, lambda one: replay.seen_at(one, NOW), frozenset())
    ids = [decision.story.id for _, decision, _ in decided if isinstance(decision, editorial.Publish)]
    assert len(set(ids)) == len(many)
    assert all(len(one) == 5 and one[0] in editorial.STORY_LETTERS for one in ids)


def test_the_day_of_a_post_is_the_newsrooms() -> None:
    (entry,) = entries(article("예시군 밤 소식", "2024-07-12T23:30:00+00:00"))
    assert (entry.day, entry.timed) == ("2024-07-13", True)


# --- counting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "days", "spread"),
    [
        ([], 0, Daily(0, 0, 0, 0)),
        ([], 3, Daily(0, 0, 0, 0)),
        ([7], 1, Daily(7, 7, 7, 7)),
        ([1, 3], 2, Daily(1, 3, 3, 3)),
        ([5, 5], 4, Daily(0, 5, 5, 5)),
        (list(range(1, 21)), 20, Daily(10, 18, 19, 20)),
        (list(range(1, 101)), 100, Daily(50, 90, 95, 100)),
        ([40], 100, Daily(0, 0, 0, 40)),
    ],
)
def test_the_spread_over_days_is_by_nearest_rank(amounts: Sequence[int], days: int, spread: Daily) -> None:
    assert daily(amounts, days) == spread


def entry(**more: Any) -> Entry:
    """Some post."""
    return Entry(**{"place": "_posts/a.md", "title": "예시군 소식", "outcome": "silent", "day": "2024-07-12", **more})


def test_every_post_is_counted_once() -> None:
    found = figures(
        [
            entry(),
            entry(outcome="sounded", urgency=Urgency.BREAKING),
            entry(outcome="held", reason="licence unclear", title="가", place="a"),
            entry(outcome="held", reason="licence unclear", title="나", place="b"),
            entry(outcome="held", reason="suicide item", title="다", place="c"),
            entry(outcome="left out", reason="invalid", problem="d:2: no", place="d", day=""),
        ]
    )
    parts = (found.sounded, found.silent, found.held, found.left_out)
    assert [part.posts for part in parts] == [1, 1, 3, 1]
    assert sum(part.posts for part in parts) == found.posts == 6
    assert found.news == 5
    assert found.held.reasons == (("licence unclear", 2, "가", "a"), ("suicide item", 1, "다", "c"))
    assert found.left_out.reasons == (("invalid", 1, "d:2: no", "d"),)
    assert found.by_urgency == {"breaking": 1}
    assert (found.days, found.first, found.last, found.no_date) == (1, "2024-07-12", "2024-07-12", 1)


def test_nothing_at_all_is_counted_too() -> None:
    found = figures([])
    assert (found.posts, found.days, found.first, found.news, found.per_day) == (0, 0, "", 0, Daily())


def test_shares_are_of_what_is_not_left_out() -> None:
    found = figures(
        [
            entry(topics=("economy",), timed=True),
            entry(title="짧은 것", excerpt=30),
            entry(outcome="left out", reason="advertising", title="가장 길지만 나가지 않는 제목", excerpt=999),
        ]
    )
    assert (found.no_topic, found.news, found.no_time) == (1, 2, 2)
    assert (found.title.title, found.excerpt.characters, found.excerpt.title) == ("예시군 소식", 30, "짧은 것")


@pytest.mark.parametrize(
    ("images", "decoration", "on_posts", "own", "without"),
    [
        ([], 0, 0, 0, 0),
        (["a", "a"], 0, 0, 2, 0),
        (["a", "a", "a"], 1, 3, 0, 0),
        (["a", "a", "a", "b", None, "c", "c", "c", "c"], 2, 7, 1, 1),
    ],
)
def test_a_picture_on_three_posts_is_decoration(
    images: list[str | None], decoration: int, on_posts: int, own: int, without: int
) -> None:
    found = figures([entry(image=image) for image in images]).pictures
    assert (found.decoration, found.on_posts, found.own, found.without) == (decoration, on_posts, own, without)


def test_licences_twins_literal_titles_and_zones_are_counted() -> None:
    found = figures(
        [
            entry(licence="KOGL-1", zone=SEOUL),
            entry(licence="KOGL-1", zone=SEOUL, twin=True),
            entry(licence="unclear", zone="Europe/London", literal=True, place="_posts/l.md"),
        ]
    )
    assert found.licences == {"KOGL-1": 2, "unclear": 1}
    assert (found.twins, found.literal, found.zones) == (1, ("_posts/l.md",), {SEOUL: 2, "Europe/London": 1})


def test_the_words_named_are_those_of_headlines_without_a_topic() -> None:
    without = [entry(title=f"나루 캠핑장에서는 {number}번째 모닥불") for number in range(4)]
    without += [
        entry(title="캠핑장 열다"),
        entry(title="캠핑장 붐빈다"),
        entry(title="캠핑장 붐빈다"),
        entry(title="캠핑장 붐빈다"),
    ]
    having = [entry(title="나루 금리 오른다", topics=("economy",)) for _ in range(9)]
    found = figures([*without, *having]).words
    assert found["캠핑장"] == 8, "the particle is off, each post counts once"
    assert "나루" not in found, "it stands rather in posts that have a topic"
    assert "금리" not in found
    assert "열다" not in found, "a word of one post is no keyword"
    assert "붐빈다" not in found, "a verb is none either"


def test_categories_that_name_no_topic_are_told_apart() -> None:
    posts = [entry(categories=("Local", "News")) for _ in range(4)]
    posts += [entry(categories=("금융",), topics=("economy",)) for _ in range(3)]
    posts += [entry(categories=("Rare", "News")), entry(categories=("News",))]
    posts += [entry(categories=("Camping", "News"), topics=("economy",))]
    posts += [entry(categories=("Camping",)) for _ in range(3)]
    found = figures(posts, TOPICS).unknown_categories
    assert found == {"Local": (4, 4), "Camping": (3, 4)}


def test_a_category_half_of_which_is_advertising_is_named() -> None:
    def posts(name: str, marked: int, every: int) -> list[Entry]:
        ads = [entry(categories=(name,), outcome="left out", reason="advertising") for _ in range(marked)]
        return ads + [entry(categories=(name,)) for _ in range(every - marked)]

    found = figures([*posts("Hotel", 5, 6), *posts("All", 4, 4), *posts("Few", 2, 9), *posts("None", 0, 3)])
    assert found.advertising == {"Hotel": (5, 6)}


# --- what is said about it ------------------------------------------------------------------------------------------


def about(found: list[Entry], **site: str) -> dict[str, str]:
    """The suggestions in English by what they are about."""
    return dict(advice(figures(found, TOPICS), Settings(site=Site(**site)), Say(WORDS, "en")))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([entry(outcome="held", reason="no site address")], "address"),
        ([entry(outcome="left out", reason="invalid", problem="a.md:2: no")], "invalid"),
        ([entry(literal=True)], "literal"),
        ([entry(problem="a.md: Liquid")], "troubled"),
        ([entry(zone="Europe/London")], "zone"),
        ([entry(outcome="held", reason="licence unclear")], "licence"),
        ([entry(outcome="held", reason="election poll incomplete")], "poll"),
        ([entry()], "silence"),
        ([entry()], "time"),
        ([entry()], "topics"),
        ([entry(outcome="sounded", urgency=Urgency.BREAKING)] * 6, "sound"),
        (
            [entry(categories=("Local",), title=f"{n}") for n in range(3)] + [entry(topics=("economy",))] * 9,
            "categories",
        ),
    ],
)
def test_each_finding_has_its_suggestion(found: list[Entry], said: str) -> None:
    assert said in about(found)


def test_an_archive_in_order_has_nothing_to_change() -> None:
    fine = entry(outcome="sounded", urgency=Urgency.BREAKING, topics=("economy",), timed=True, zone=SEOUL)
    assert about([fine]) == {}
    assert about([]) == {}


@pytest.mark.parametrize("spoken", ["ko", "en"])
def test_suggestions_say_numbers_and_names(spoken: str) -> None:
    posts = [entry(zone="Europe/London", title="나루 캠핑장", categories=("Local",)) for _ in range(1234)]
    said = dict(advice(figures(posts), Settings(), Say(WORDS, spoken)))
    assert "캠핑장 1,234" in said["topics"]
    assert "config/topics.toml" in said["topics"]
    assert "Europe/London" in said["zone"]
    assert "Asia/Seoul" in said["zone"]


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "0 %"), (0, 9, "0 %"), (1, 1000, "<1 %"), (41, 100, "41 %"), (9999, 10000, "99 %"), (5, 5, "100 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, whole: int, said: str) -> None:
    assert Say(WORDS, "en").share(part, whole) == said


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [({"LANG": "ko_KR.UTF-8"}, "ko"), ({"LANG": "en_GB"}, "en"), ({}, "en"), ({"LANG": "ko", "LC_ALL": "C"}, "en")],
)
def test_the_screen_speaks_the_terminals_language(environ: dict[str, str], spoken: str) -> None:
    assert language(environ) == spoken


def test_every_reason_a_story_is_held_or_left_out_has_words() -> None:
    reasons = [
        "old",
        "dated ahead",
        "no site address",
        "withdrawal tag",
        "correction without target",
        "licence unclear",
    ]
    reasons += [*editorial.HELD.values(), editorial.UNDONE, "advertising", "headline empty", "overtaken take"]
    for spoken in ("ko", "en"):
        say = Say(WORDS, spoken)
        catalog = WORDS.catalog(spoken)
        for reason in [*reasons, "draft", "future", "unpublished", "invalid"]:
            assert any(f"{start}.{reason}" in catalog for start in ("preview.reason", "held", "unfit")), reason
            assert say.reason(reason)
