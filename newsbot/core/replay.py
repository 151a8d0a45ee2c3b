"""What would have been decided of an archive's articles one after the other, each knowing what was told before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsbot.core import editorial, lineage, topics, twins
from newsbot.core.editorial import Decision, Past, Publish, Rules
from newsbot.core.model import Article, Story

NOON = time(12)
"""The hour at which an article dated by its day alone is taken to have been seen."""

_DAY = len("2024-07-12")
_MOST_RECENT = 1000  # stories that are remembered at least before those older than a day are forgotten
_MAYBE = 0.4  # similarity of letter pairs below which nobody is asked whether two headlines are twins
_NO_LETTER = re.compile(r"[\W_]+")


def seen_at(article: Article, otherwise: datetime) -> datetime:
    """When a newsbot that ran then would have seen it: its moment, or the noon of its day; `otherwise` without a date."""
    stamp = article.published_at
    if not stamp:
        return otherwise
    zone = ZoneInfo(article.zone)
    if len(stamp) == _DAY:
        return datetime.combine(date.fromisoformat(stamp), NOON, zone)
    moment = datetime.fromisoformat(stamp)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def replay(
    articles: Iterable[Article], rules: Rules, zone: str, seen: Callable[[Article], datetime], shared: frozenset[str]
) -> Iterator[tuple[Article, Decision, Past]]:
    """Each article, in the order given, with what is decided of it and what was told before it by then.

    `seen` gives the aware moment of the decision; `shared` are the images that are decoration.
    """
    told = _Told(zone)
    for number, article in enumerate(articles):
        now = seen(article)
        past = told.past(article, now, decoration=article.image in shared)
        decision = editorial.decide(article, _story_id(number), rules, now, past)
        if isinstance(decision, Publish):
            told.add(decision.story, now)
        yield article, decision, past


class _Told:
    """What readers were told so far, by source and day, so that a twin is looked for among few."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._here = ZoneInfo(zone)
        self._recent: list[Story] = []
        self._most = _MOST_RECENT
        self._days: dict[date, dict[str, _Day]] = {}

    def past(self, article: Article, now: datetime, *, decoration: bool) -> Past:
        """What the record would say of this article."""
        if article.state != "publishable":
            return Past(decoration=decoration)
        day = now.astimezone(self._here).date()
        read = lineage.read(article.title)
        told = self._days.get(day, {}).get(article.source)
        near = told.near(read.headline) if told else []
        twin = twins.twin(article.title, article.source, day, near, self._zone) if near else None
        parent = twins.parent(article, read, self._recent, now) if read.continues else None
        if parent is None:
            return Past(twin, decoration=decoration)
        return Past(twin, *parent, decoration, twins.overtaken(read, parent[0], self._recent))

    def add(self, story: Story, now: datetime) -> None:
        """This was told."""
        if len(self._recent) > self._most:
            since = (now - timedelta(days=1)).timestamp()
            self._recent = [one for one in self._recent if one.accepted_at > since]
            self._most = max(_MOST_RECENT, 2 * len(self._recent))
        self._recent.append(story)
        day = now.astimezone(self._here).date()
        if day not in self._days:
            self._days = {one: self._days[one] for one in self._days if one >= day - timedelta(days=1)} | {day: {}}
        self._days[day].setdefault(story.source, _Day()).add(story)


@dataclass(frozen=True)
class _Day:
    """What one source told on one day: the stories, each with how many letter pairs it has, and by pair where it stands."""

    stories: list[tuple[Story, int]] = field(default_factory=list)
    by_pair: dict[str, list[int]] = field(default_factory=dict)

    def add(self, story: Story) -> None:
        """This was told too."""
        pairs = _pairs(story.headline)
        for pair in pairs:
            self.by_pair.setdefault(pair, []).append(len(self.stories))
        self.stories.append((story, len(pairs)))

    def near(self, headline: str) -> list[Story]:
        """Those that share so many pairs that they may be twins (one may write 韓, the other 한)."""
        pairs = _pairs(headline)
        shared = Counter(at for pair in pairs for at in self.by_pair.get(pair, ()))
        of_both = ((self.stories[at][0], n, len(pairs) + self.stories[at][1]) for at, n in shared.items())
        return [story for story, n, both in of_both if 2 * n >= _MAYBE * both]


def _pairs(headline: str) -> set[str]:
    letters = _NO_LETTER.sub("", topics.fold(headline))
    return {letters[at : at + 2] for at in range(len(letters) - 1)}


def _story_id(number: int) -> str:
    """An id as stories have, another one for each number."""
    signs = ""
    for _ in range(4):
        number, sign = divmod(number, len(editorial.STORY_SIGNS))
        signs = editorial.STORY_SIGNS[sign] + signs
    return editorial.STORY_LETTERS[number % len(editorial.STORY_LETTERS)] + signs
