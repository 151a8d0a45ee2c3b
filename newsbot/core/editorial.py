"""(article, what is known of it, the rules, now) → publish, hold with a reason, or ignore with a reason."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
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


HELD = {"poll-incomplete": "election poll incomplete", "suicide": "suicide item"}
"""Marks of an article that keep it from going out by itself, with the reason."""

NOTES = ("poll", "suicide", "ai")
"""Marks of an article that put a line under its alert."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the newsroom configured. `images`: whether an article's own picture is shown."""

    topics: tuple[Topic, ...]
    publisher: str = ""
    images: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What the record says about an article nobody was told of yet; empty for a look without a record.

    `twin` and `parent` with `take` are `twins.twin` and `twins.parent`; `decoration`: its image is one of many articles;
    `overtaken`: a higher take of the story was told already.
    """

    twin: Story | None = None
    parent: Story | None = None
    take: int = 2
    decoration: bool = False
    overtaken: bool = False


NOTHING = Past()


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


def decide(article: Article, story_id: str, rules: Rules, now: datetime, past: Past = NOTHING) -> Decision:
    """What to do with an article nobody was told of yet. `now` is aware; `story_id` is the id a story would get."""
    if article.state != "publishable":
        return Ignore(article.problem or article.state)
    read = lineage.read(article.title)
    reason = unfit(article)
    if reason and reason != UNDONE:
        return Ignore(reason)
    if past.overtaken:
        return Ignore("overtaken take")
    story = draft(article, story_id, rules, now, past)
    held = reason or why_held(article, read, story.urgency, now)
    return Hold(story.model_copy(update={"held": held})) if held else Publish(story)


def unfit(article: Article) -> str | None:
    """Why this is never sent as news, whoever asks, or None."""
    read = lineage.read(article.title)
    if read.advertising or "advertising" in article.marks:
        return "advertising"
    headline = text.clean(read.headline).strip()
    if not headline:
        return "headline empty"
    unfinished = UNFINISHED.search(f"{headline}\n{article.excerpt}")
    return UNDONE if unfinished or headline in ("None", "null") or TEST.match(headline) else None


def draft(article: Article, story_id: str, rules: Rules, now: datetime, past: Past = NOTHING) -> Story:
    """The story this article would be, before anybody asks whether it may go out."""
    read = lineage.read(article.title)
    voice = _voice(article, read, past)
    image = article.image if rules.images and _may_show(article, past) else None
    return Story(
        id=story_id,
        article=article.id,
        source=article.source,
        kind="follow-up" if voice.parent else "alert",
        parent=voice.parent.id if voice.parent else None,
        take=past.take if voice.parent else 1,
        urgency=voice.urgency,
        topics=tuple(identity for identity, _ in _topics(article, read, rules)),
        labels=read.labels,
        headline=read.headline,
        excerpt=article.excerpt,
        link=article.url or None,
        image=image,
        alt=(article.alt or read.headline) if image else "",
        silent=voice.silent or "suicide" in article.marks,
        notes=tuple(mark for mark in NOTES if mark in article.marks),
        published_at=article.published_at,
        zone=article.zone,
        publisher=rules.publisher or article.publisher,
        attribution=article.attribution,
        accepted_at=now.timestamp(),
    )


def rule(article: Article, rules: Rules, past: Past = NOTHING) -> str:
    """Which rules gave the urgency and the topics: "urgency: tag [속보]; topics: category Economy"."""
    read = lineage.read(article.title)
    found = ", ".join(why for _, why in _topics(article, read, rules))
    return f"urgency: {_voice(article, read, past).why}; topics: {found or 'none found'}"


# --- how loud -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Voice:
    """How loud a story is and why; `parent` where it continues one."""

    urgency: Urgency
    silent: bool
    why: str
    parent: Story | None = None


def _voice(article: Article, read: lineage.Lineage, past: Past) -> _Voice:
    """How loud this is: what it says of itself, unless the record knows that its readers heard it before."""
    own = _own_voice(article, read)
    twin, parent = past.twin, past.parent
    if parent and (read.silent or not twin or "1보" in read.labels):
        urgency = own.urgency if read.urgency else _no_flash(parent.urgency)
        rose = urgency.lane < parent.urgency.lane
        why = f"{own.why if read.urgency else _tag(read)}, follow-up of {parent.id}"
        return _Voice(urgency, read.silent or not rose, why, parent)
    if twin is None:
        return own
    if own.urgency.lane < twin.urgency.lane and not own.silent:
        return replace(own, why=f"{own.why}, louder than its twin {twin.id}")
    return _Voice(Urgency.NORMAL, True, f"{own.why}, but twin of {twin.id}: normal, silent")


def _own_voice(article: Article, read: lineage.Lineage) -> _Voice:
    """What tag, front matter or source make of it. None of them makes a flash: that needs two people (messages §5)."""
    if read.urgency:
        return _Voice(read.urgency, read.silent, f"tag [{read.voice}]")
    if article.urgency is None:
        return _Voice(Urgency.NORMAL, read.silent, _tag(read) if read.silent else "no tag: normal")
    urgency = _no_flash(article.urgency)
    capped = " (flash needs two people)" if urgency is not article.urgency else ""
    return _Voice(urgency, read.silent, f"front matter or source default: {urgency}{capped}")


def _tag(read: lineage.Lineage) -> str:
    """The tag of a further take, which has no urgency of its own."""
    return f"tag [{next((label for label in read.labels if label != '단독'), '')}]"


def _no_flash(urgency: Urgency) -> Urgency:
    """Breaking at most."""
    return Urgency.BREAKING if urgency is Urgency.FLASH else urgency


# --- topics and image -----------------------------------------------------------------------------------------------


def _topics(article: Article, read: lineage.Lineage, rules: Rules) -> tuple[tuple[str, str], ...]:
    """Topic ids with what gave each; the source's default where the article names none."""
    known = {topic.id for topic in rules.topics}
    found = topics.explain(rules.topics, article.categories, article.tags, read.headline, article.excerpt)
    if read.nature in known:  # [사설], [칼럼]: a view on something is no news of it
        return ((read.nature, f"tag of nature {read.nature}"),)
    if found:
        return found
    return tuple((name, "source default") for name in article.topics if name in known)[: topics.MOST]


def _may_show(article: Article, past: Past) -> bool:
    """Whether its picture may go along: no decoration, nobody else's piece (KOGL: photos stay out), no suicide."""
    return not past.decoration and article.attribution is None and "suicide" not in article.marks


# --- held -----------------------------------------------------------------------------------------------------------


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
    for mark, reason in HELD.items():
        if mark in article.marks:
            return reason
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
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(article.zone))
    if at > now + AHEAD:
        return "dated ahead"
    return "old" if (now - at).total_seconds() > delivery.FRESH[urgency] else None


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
