"""What the operator could change, one sentence a point: each says what was counted and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from newsbot.cli.preview.say import Say
from newsbot.core.backtest import Figures
from newsbot.settings import Settings

MOST_SOUNDING = 5  # a day at the 95th percentile (messages §9); readers get at most eight
MANY = 0.1  # of the news without a topic is worth a line
MOSTLY = 0.5  # of the posts without a time is
_NAMED = 4  # categories in one sentence


def advice(figures: Figures, settings: Settings, say: Say) -> Iterator[tuple[str, str]]:
    """(what it is about, the sentence), the most pressing first."""

    def point(key: str, **fields: object) -> tuple[str, str]:
        return key, say(f"advice.{key}", **fields)

    held = {reason: posts for reason, posts, _, _ in figures.held.reasons}
    if nowhere := held.get("no site address", 0):
        yield point("address", number=nowhere)
    for reason, posts, problem, _ in figures.left_out.reasons:
        if reason == "invalid":
            yield point("invalid", number=posts, problem=problem)
    if figures.literal:
        yield point("literal", number=len(figures.literal), place=figures.literal[0])
    if figures.troubled:
        yield point("troubled", number=len(figures.troubled), problem=figures.troubled[0][1])
    for zone, number in figures.zones.items():
        if zone != settings.site.zone:
            yield point("zone", site=zone, newsroom=settings.site.zone, number=number)
    for name, (marked, every) in figures.advertising.items():
        yield point("advertising", category=name, marked=marked, posts=every)
    yield from _sound(figures, say)
    yield from _topics(figures, say)
    if unclear := held.get("licence unclear", 0):
        yield point("licence", number=unclear)
    if polls := held.get("election poll incomplete", 0):
        yield point("poll", number=polls)
    if figures.no_time > MOSTLY * figures.posts:
        yield point(
            "time", number=figures.no_time, whole=figures.posts, share=say.share(figures.no_time, figures.posts)
        )


def _sound(figures: Figures, say: Say) -> Iterator[tuple[str, str]]:
    """Too many alerts that sound, or none at all."""
    often = figures.sounded.per_day.p95
    if often > MOST_SOUNDING:
        yield "sound", say("advice.sound", p95=often, most=MOST_SOUNDING)
    if figures.news and not figures.sounded.posts and figures.held.posts != figures.news:
        yield "silence", say("advice.silence")


def _topics(figures: Figures, say: Say) -> Iterator[tuple[str, str]]:
    """Which words and categories would give the posts without a topic one."""
    if figures.no_topic > MANY * figures.news:
        share = say.share(figures.no_topic, figures.news)
        words = ", ".join(f"{word} {n:,}" for word, n in figures.words.items())
        key = "advice.words" if words else "advice.no_words"
        yield "topics", say(key, share=share, number=figures.no_topic, words=words)
    if figures.unknown_categories:
        some = list(figures.unknown_categories.items())[:_NAMED]
        names = ", ".join(f"{name} ({lacking:,})" for name, (lacking, _) in some)
        yield "categories", say("advice.categories", names=names)
