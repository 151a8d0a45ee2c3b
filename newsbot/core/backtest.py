"""The figures of a backtest: what would have become of every article of an archive. Counted, never estimated.

An `Entry` is all that is kept of an article, so that large archives fit; `figures` adds them up.
A share has a whole: `news` are the posts that are not left out. Days are those with at least one post. Percentiles are
by nearest rank: a number of posts that some day really had.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from newsbot.core import topics
from newsbot.core.editorial import Decision, Hold, Ignore, Past, Publish
from newsbot.core.model import Article, Topic, Urgency

Outcome = Literal["sounded", "silent", "held", "left out"]

NO_LICENCE = "none"
LITERAL = "the title was read literally"
"""How a source ends the `problem` of an article whose title is no YAML."""

DECORATION = 3  # posts that show one picture (messages §0)
WORDS = 8  # that are named of the posts without a topic
_DAY = len("2024-07-12")
_LEAST_SHARE = 0.01  # of the posts without a topic: a rarer word is no keyword worth a line
_CATCH_ALL = 0.4  # of the news: a category on more says nothing ("News")
_VERB = re.compile(r"[가-힣]{2,}다")
_WORD = re.compile(r"[가-힣]{2,}|[A-Za-z][A-Za-z0-9]{2,}|[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One article as a backtest counts it. `day` is "2024-07-12" in the newsroom's zone, "" where it has none.

    `place` is its path, or its id; `reason` says why it is held or left out, `problem` what its source cannot read;
    `excerpt` is a length in characters; `licence` is "KOGL-1", "unclear", … or "none"; `literal`: its title was no YAML and
    was read as it stands; `zone` is its source's.
    """

    place: str
    title: str
    outcome: Outcome
    reason: str = ""
    problem: str = ""
    day: str = ""
    timed: bool = False
    urgency: Urgency = Urgency.NORMAL
    topics: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    excerpt: int = 0
    image: str | None = None
    licence: str = NO_LICENCE
    twin: bool = False
    literal: bool = False
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Daily:
    """How many a day, over the days that had any post at all."""

    median: int = 0
    p90: int = 0
    p95: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """How many posts had one outcome; `reasons` are (reason, posts, headline of the first or what is wrong with it,
    its place), most first."""

    posts: int = 0
    per_day: Daily = Daily()
    reasons: tuple[tuple[str, int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """`decoration` pictures stand on three posts or more, on `on_posts` posts together; `own` posts have one of their own,
    `without` none. `most` is the picture on most posts, with their number."""

    decoration: int = 0
    on_posts: int = 0
    own: int = 0
    without: int = 0
    most: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest one: its characters, its file, the headline of the post."""

    characters: int = 0
    place: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """A backtest's outcome. sounded + silent + held + left out = posts. Mappings are counted posts, most first.

    `literal` are the places of titles that are no YAML; `troubled` are (place, problem) of news that lost something else.
    """

    posts: int
    days: int
    first: str
    last: str
    per_day: Daily
    sounded: Part
    silent: Part
    held: Part
    left_out: Part
    by_urgency: Mapping[str, int]
    topics: Mapping[str, int]
    no_topic: int
    words: Mapping[str, int]
    categories: Mapping[str, int]
    unknown_categories: Mapping[str, tuple[int, int]]
    no_time: int
    no_date: int
    pictures: Pictures
    licences: Mapping[str, int]
    twins: int
    literal: tuple[str, ...]
    troubled: tuple[tuple[str, str], ...]
    zones: Mapping[str, int]
    title: Longest
    excerpt: Longest
    advertising: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def news(self) -> int:
        """The posts that are not left out."""
        return self.posts - self.left_out.posts


def judged(article: Article, decision: Decision, past: Past, zone: ZoneInfo) -> Entry:
    """What is kept of an article."""
    outcome: Outcome
    match decision:
        case Publish(story):
            outcome, reason = ("silent" if story.silent or story.urgency is Urgency.NORMAL else "sounded"), ""
        case Hold(story):
            outcome, reason = "held", story.held or ""
        case Ignore(why):
            outcome, reason = "left out", article.state if article.state != "publishable" else why
    told = None if isinstance(decision, Ignore) else decision.story
    stamp = article.published_at or ""
    timed = len(stamp) > _DAY
    credit = article.attribution
    return Entry(
        place=article.path or article.id,
        title=article.title,
        outcome=outcome,
        reason=reason,
        problem=article.problem,
        day=datetime.fromisoformat(stamp).astimezone(zone).date().isoformat() if timed else stamp,
        timed=timed,
        urgency=told.urgency if told else Urgency.NORMAL,
        topics=told.topics if told else (),
        categories=article.categories,
        excerpt=len(article.excerpt),
        image=article.image,
        licence=(credit.licence if credit else None) or NO_LICENCE,
        twin=past.twin is not None and outcome != "left out",
        literal=article.problem.endswith(LITERAL),
        zone=article.zone,
    )


# --- counting -------------------------------------------------------------------------------------------------------


def figures(entries: Sequence[Entry], known: Sequence[Topic] = ()) -> Figures:
    """Everything counted; `known` are the topics there are. Works on no entries too."""
    news = [one for one in entries if one.outcome != "left out"]
    days = Counter(one.day for one in entries if one.day)
    dated = sorted(days)
    by_category = Counter(name for one in news for name in one.categories)
    title = max(news, key=lambda one: len(one.title), default=None)
    excerpt = max(news, key=lambda one: one.excerpt, default=None)
    return Figures(
        posts=len(entries),
        days=len(days),
        first=dated[0] if dated else "",
        last=dated[-1] if dated else "",
        per_day=daily(days.values(), len(days)),
        sounded=part(entries, "sounded", len(days)),
        silent=part(entries, "silent", len(days)),
        held=part(entries, "held", len(days)),
        left_out=part(entries, "left out", len(days)),
        by_urgency=_most_first(Counter(one.urgency.value for one in entries if one.outcome == "sounded")),
        topics=_most_first(Counter(name for one in news for name in one.topics)),
        no_topic=sum(not one.topics for one in news),
        words=frequent(news),
        categories=_most_first(by_category),
        unknown_categories=_unknown(news, by_category, known),
        no_time=sum(bool(one.day) and not one.timed for one in entries),
        no_date=sum(not one.day for one in entries),
        pictures=pictures(entries),
        licences=_most_first(Counter(one.licence for one in entries)),
        twins=sum(one.twin for one in entries),
        literal=tuple(one.place for one in entries if one.literal),
        troubled=tuple((one.place, one.problem) for one in news if one.problem and not one.literal),
        zones=_most_first(Counter(one.zone for one in entries)),
        title=Longest(len(title.title), title.place, title.title) if title else Longest(),
        excerpt=Longest(excerpt.excerpt, excerpt.place, excerpt.title) if excerpt else Longest(),
        advertising=_half_advertising(entries),
    )


def part(entries: Iterable[Entry], outcome: Outcome, days: int) -> Part:
    """The posts with this outcome; `days` had any post at all."""
    found = [one for one in entries if one.outcome == outcome]
    reasons = Counter(one.reason for one in found if one.reason)
    examples: dict[str, Entry] = {}
    for one in found:
        examples.setdefault(one.reason, one)
    return Part(
        len(found),
        daily(Counter(one.day for one in found if one.day).values(), days),
        tuple(
            (reason, n, examples[reason].problem or examples[reason].title, examples[reason].place)
            for reason, n in _most_first(reasons).items()
        ),
    )


def daily(amounts: Iterable[int], days: int) -> Daily:
    """The spread of these amounts over so many days; days without an amount count as 0."""
    ranked = sorted(amounts)
    ranked = [0] * (days - len(ranked)) + ranked
    if not ranked:
        return Daily()
    return Daily(*(ranked[-(-len(ranked) * share // 100) - 1] for share in (50, 90, 95, 100)))


def pictures(entries: Iterable[Entry]) -> Pictures:
    """Which pictures stand on how many posts."""
    shown = [one.image for one in entries]
    counts = Counter(image for image in shown if image)
    common = {image: n for image, n in counts.items() if n >= DECORATION}
    on_posts = sum(common.values())
    most = max(counts.items(), key=lambda one: one[1], default=("", 0))
    return Pictures(len(common), on_posts, sum(counts.values()) - on_posts, shown.count(None), most)


def frequent(news: Sequence[Entry]) -> dict[str, int]:
    """The most frequent words of headlines without a topic, each with its number of such posts.

    Words that stand in other headlines rather than there are left out: they would move posts that have a topic.
    """
    known = {word for one in news for word in _WORD.findall(one.title)}
    without: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for one in news:
        words = {_stem(word, known) for word in _WORD.findall(one.title)}
        everywhere.update(words)
        if not one.topics:
            without.update(words)
    lacking = sum(not one.topics for one in news)
    least, usual = max(3, lacking * _LEAST_SHARE), lacking / max(1, len(news))
    keep = {
        word: n
        for word, n in without.items()
        if n >= least and n >= usual * everywhere[word] and not _VERB.fullmatch(word)
    }
    return dict(list(_most_first(keep).items())[:WORDS])


def _stem(word: str, known: Set[str]) -> str:
    """The word without its particle, where it stands without one elsewhere."""
    stem = topics.stem(word)
    return stem if len(stem) > 1 and stem in known else word


def _unknown(
    news: Sequence[Entry], by_category: Mapping[str, int], known: Sequence[Topic]
) -> dict[str, tuple[int, int]]:
    """Categories that name no topic: (their posts without any, all their posts); one on nearly everything is left out."""
    lacking = Counter(name for one in news if not one.topics for name in one.categories)
    least = max(3, _LEAST_SHARE * len(news))
    return {
        name: (n, by_category[name])
        for name, n in _most_first(lacking).items()
        if n >= least and by_category[name] <= _CATCH_ALL * len(news) and topics.lookup(known, name) is None
    }


def _half_advertising(entries: Iterable[Entry]) -> dict[str, tuple[int, int]]:
    """Categories of which at least half, but not all, is known as advertising: (that many posts, all its posts)."""
    marked: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for one in entries:
        every.update(one.categories)
        if one.reason == "advertising":
            marked.update(one.categories)
    return {name: (n, every[name]) for name, n in marked.items() if every[name] / 2 <= n < every[name] and n >= 3}


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts, largest first, then by name."""
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
