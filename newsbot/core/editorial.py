"""(article, what is known of it, the rules, now) → publish, hold with a reason, or ignore with a reason."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsbot.core import delivery, lineage, text, topics
from newsbot.core.model import Article, Story, Topic, Urgency

STORY_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
STORY_LETTERS = STORY_SIGNS[8:]
AHEAD = timedelta(minutes=5)
"""How far in the future a date may lie before a person has to look at it (reliability, "decided since")."""

UNDONE = "unfinished"
"""Held, and refused to editors too, until its source is mended: the mended text is then what waits."""

UNFINISHED = re.compile(r"\{\{|\{%|\blorem ipsum\b|\bTODO:", re.IGNORECASE)
"""What a template or a draft left behind; only plain placeholders (reliability A44, "decided since")."""

TEST = re.compile(
    r"[\[(【<]\s*(?:test|테스트|시험 발송)\b[^\])】>]*[\])】>]|(?:test(?:, not news)?|테스트|시험 발송)\s*(?::|$)",
    re.IGNORECASE,
)
"""A headline that begins by saying that it is a test: a tag, a word with a colon, or nothing else."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the newsroom configured."""

    topics: tuple[Topic, ...]
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """It goes out at once."""

    story: Story


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits for a person; `story.held` says why."""

    story: Story


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nobody is told; `reason` is one short phrase."""

    reason: str


Decision = Publish | Hold | Ignore


def decide(article: Article, story_id: str, rules: Rules, now: datetime) -> Decision:
    """What to do with an article nobody was told of yet. `now` is aware; `story_id` is the id a story would get."""
    if article.state != "publishable":
        return Ignore(article.problem or article.state)
    read = lineage.read(article.title)
    reason = unfit(article)
    if reason and reason != UNDONE:
        return Ignore(reason)
    story = draft(article, story_id, rules, now)
    held = reason or why_held(article, read, story.urgency, now)
    return Hold(story.model_copy(update={"held": held})) if held else Publish(story)


def unfit(article: Article) -> str | None:
    """Why this is never sent as news, whoever asks, or None."""
    read = lineage.read(article.title)
    if read.advertising:
        return "advertising"
    headline = text.clean(read.headline).strip()
    if not headline:
        return "headline empty"
    unfinished = UNFINISHED.search(f"{headline}\n{article.excerpt}")
    return UNDONE if unfinished or headline in ("None", "null") or TEST.match(headline) else None


def draft(article: Article, story_id: str, rules: Rules, now: datetime) -> Story:
    """The story this article would be, before anybody asks whether it may go out."""
    read = lineage.read(article.title)
    found = topics.find(rules.topics, article.categories, article.tags, read.headline, article.excerpt)
    return Story(
        id=story_id,
        article=article.id,
        urgency=read.urgency or Urgency.NORMAL,
        topics=found,
        labels=read.labels,
        headline=read.headline,
        excerpt=article.excerpt,
        link=article.url or None,
        image=article.image,
        published_at=article.published_at,
        zone=article.zone,
        publisher=rules.publisher or article.publisher,
        attribution=article.attribution,
        accepted_at=now.timestamp(),
    )


def why_held(article: Article, read: lineage.Lineage, urgency: Urgency, now: datetime) -> str | None:
    """The reason a person must look first, or None."""
    if not article.url.startswith(("http://", "https://")):
        return "no site address"
    if read.kill:
        return "withdrawal tag"
    if read.needs_target:
        return "correction without target"
    if article.attribution and article.attribution.licence == "unclear":
        return "licence unclear"
    return staleness(article, urgency, now)


def staleness(article: Article, urgency: Urgency, now: datetime) -> str | None:
    """Why its date keeps it from going out by itself, or None.

    A bare date counts from first sight on its calendar day and the next, in the source's zone; a date with a time as
    long as an alert of its urgency lives.
    """
    if article.published_at is None:
        return None
    if len(article.published_at) == 10:
        day = date.fromisoformat(article.published_at)
        today = now.astimezone(ZoneInfo(article.zone)).date()
        if day > today:
            return "dated ahead"
        return "old" if (today - day).days > 1 else None
    at = datetime.fromisoformat(article.published_at)
    if at > now + AHEAD:
        return "dated ahead"
    return "old" if (now - at).total_seconds() > delivery.time_to_live(urgency) else None


def new_story_id() -> str:
    """Five signs that can be typed on a phone, a letter first (messages §9)."""
    return secrets.choice(STORY_LETTERS) + "".join(secrets.choice(STORY_SIGNS) for _ in range(4))


def nearest(wrong: str, ids: Sequence[str]) -> str | None:
    """The one id that differs from `wrong` in a single sign, or None; it is offered, never acted on."""
    wrong = wrong.upper()
    close = [one for one in ids if len(one) == len(wrong) and sum(a != b for a, b in zip(one, wrong, strict=True)) == 1]
    return close[0] if len(close) == 1 else None


def moment(seconds: float) -> datetime:
    """Unix seconds as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)
