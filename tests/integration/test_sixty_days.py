"""Sixty days of a newsroom of 120 articles a day, as somebody hears of them who subscribed and chose nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsbot import bootstrap
from newsbot.core import audience, columns, digests, replay, schedule, topics
from newsbot.core.audience import Standing
from newsbot.core.compose import MOST_LINES
from newsbot.core.editorial import Publish
from newsbot.core.model import Address, Article, Story, Subscriber, Urgency
from newsbot.flows.chat.finding import FOUND, MONTH
from newsbot.settings import Reader
from newsbot.sources.jekyll.once import read_folder
from tests.archive import write

HOME = "Asia/Seoul"
DAYS, A_DAY = 60, 120
URGENT = 3.2 / A_DAY
"""Articles that the desk calls breaking: what US news apps send a day on average (messages §0)."""
MOST_SOUNDS = 5
TICK = 60.0

pytestmark = pytest.mark.slow


def seen(site: Path) -> Iterator[tuple[datetime, Article]]:
    """The archive's articles at a time of their day; some are breaking."""
    lots = random.Random(5)
    plain = bootstrap.plain(
        bootstrap.read_settings({"NEWSBOT_SITE__URL": "https://news.example.kr", "NEWSBOT_CONFIG": ""})
    )
    articles = read_folder(
        site, name="site", url="https://news.example.kr", zone=HOME, publisher="예시뉴스", mark=plain.mark
    )
    for article in articles:
        day = datetime.fromisoformat(str(article.published_at)[:10]).date()
        at = datetime.combine(day, time(), ZoneInfo(HOME)) + timedelta(minutes=lots.triangular(0, 24 * 60 - 1, 14 * 60))
        if lots.random() < URGENT:
            article = article.model_copy(update={"title": f"[속보] {article.title}"})
        yield at, article


@dataclass
class New:
    """A reader with the newsroom's defaults, and what becomes of each story there."""

    reader: Subscriber = field(default_factory=lambda: Subscriber(Address("telegram", "1"), choices=Reader().choices))
    counted: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    day: str = ""
    looked: float = 0.0
    sounds: Counter[str] = field(default_factory=Counter)
    at_once: set[str] = field(default_factory=set)
    waiting: list[tuple[float, Story]] = field(default_factory=list)
    digests: list[list[Story]] = field(default_factory=list)

    def passes(self, now: float) -> None:
        """Time goes on until then, and digests come when they are due."""
        while self.looked + TICK <= now:
            after, self.looked = self.looked, min(self.looked + 30 * TICK, now // TICK * TICK)
            for group in digests.due(columns.of_one(self.reader), after, self.looked, HOME):
                mine = [story for at, story in self.waiting if group.since < at <= group.upto]
                self.waiting = [(at, story) for at, story in self.waiting if story not in mine]
                if mine:
                    self.digests.append(mine)

    def hears(self, story: Story, now: float) -> None:
        """One story is published."""
        self.passes(now)
        if (day := schedule.day_of(HOME, now)) != self.day:
            self.day, self.counted = day, [0, 0, 0, 0]
        everybody = columns.of_one(self.reader)
        split = audience.split(story, everybody, Standing(counted=tuple(self.counted)), now, HOME)
        if split.now:
            self.counted = audience.one_more(self.counted, split.now)
            self.at_once.add(story.id)
            if not split.quietly and story.urgency is not Urgency.NORMAL and not story.silent:
                self.sounds[self.day] += 1
        for _ in split.later:
            self.waiting.append((now, story))


def test_few_sounds_a_day_and_everything_can_be_found(tmp_path: Path) -> None:
    site = write(tmp_path / "site", DAYS * A_DAY)
    plain = bootstrap.plain(bootstrap.read_settings({"NEWSBOT_SITE__URL": "https://news.example.kr"}))
    pieces = sorted(seen(site), key=lambda piece: piece[0])
    times = {article.id: at for at, article in pieces}
    decided = replay.replay(
        (article for _, article in pieces), plain.rules, HOME, lambda article: times[article.id], frozenset()
    )
    new, told = New(looked=pieces[0][0].timestamp() // TICK * TICK), list[tuple[float, Story]]()
    for article, decision, _ in decided:
        if isinstance(decision, Publish):
            at = times[article.id].timestamp()
            told.append((at, decision.story))
            new.hears(decision.story, at)
    new.passes(pieces[-1][0].timestamp() + 86400)

    days = {schedule.day_of(HOME, at) for at, _ in told}
    sounds = sorted(new.sounds[day] for day in days)
    p95 = sounds[int(0.95 * (len(sounds) - 1))]
    listed = {story.id for digest in new.digests for story in digest[:MOST_LINES]}
    in_digests = [story.id for digest in new.digests for story in digest]
    print(
        f"{len(told)} told in {len(days)} days: {len(new.at_once)} at once, {len(new.digests)} digests, p95 {p95} sounds"
    )

    assert len(told) > 0.7 * DAYS * A_DAY
    assert p95 <= MOST_SOUNDS
    assert sum(sounds) > 0
    assert len(in_digests) == len(set(in_digests))
    assert new.at_once | set(in_digests) == {story.id for _, story in told}
    assert not new.at_once & set(in_digests)
    assert not new.waiting
    texts = [(at, story.id, topics.squeezed(f"{story.headline}\n{story.excerpt}")) for at, story in told]
    for at, story in told:
        if story.id not in new.at_once | listed:
            assert story.id in found(texts, story.headline, at + 3600), story.headline


def found(texts: list[tuple[float, str, str]], words: str, now: float) -> list[str]:
    """What a search for these words shows then."""
    wanted = [topics.squeezed(word) for word in words.split()]
    recent = ((name, text) for at, name, text in reversed(texts) if now - MONTH < at <= now)
    return list(islice((name for name, text in recent if all(word in text for word in wanted)), FOUND))


def test_the_defaults_are_the_documented_ones() -> None:
    chosen = Reader().choices
    assert (str(chosen.quiet), [str(one) for one in chosen.digests], chosen.gather, chosen.cap) == (
        "23:00-07:00",
        ["08:00", "18:30"],
        True,
        8,
    )
