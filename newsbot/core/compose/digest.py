"""Many stories in one quiet message: the morning's, the evening's, what quiet hours put off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from newsbot.core import text
from newsbot.core.compose import parts
from newsbot.core.compose.clock import Catalog, Clock, published
from newsbot.core.compose.parts import Frame
from newsbot.core.model import Message, Section, Story, Topic, Urgency

MOST_LINES = 10  # more is not read; the rest is counted
# UTF-16 units of a line and characters of its address: ten of the longest, every sign escaped, stay under the 13,200
# characters that Slack takes as blocks (slackapi/bolt-js#2509).
_MOST_LINE, _MOST_LINK = 150, 600
_MOST_TITLE = 100
_MOST_WITHDRAWN = 20


def digest(
    stories: Sequence[Story],
    *,
    title: str,
    language: str,
    catalog: Catalog,
    topics: Mapping[str, Topic],
    now: datetime,
    zone: str,
    more: int = 0,
    deferred: int = 0,
    withdrawn: Sequence[Story] = (),
    home: str = "",
    campaign: str = "",
    story: str = "",
    private: bool = False,
) -> Message:
    """One message of the first ten stories, by topic in the order they come; the others, and `more`, are only counted.

    `title` is a slot ("morning", "evening") or words of one's own. `deferred`: how many alerts quiet hours put off into
    it. `withdrawn` are named last, by topic and time alone. `private`: the way to that reader's settings stands below.
    """
    frame = Frame(language, catalog, topics, Clock(catalog, now, zone, home), campaign=campaign)
    kept = [one for one in stories if one.kind != "retraction"]
    shown, gone = kept[:MOST_LINES], [*withdrawn, *(one for one in stories if one.kind == "retraction")]
    return Message(
        urgency=Urgency.NORMAL,
        language=language,
        kind="digest",
        tag="",
        headline=_headline(title, len(shown), catalog),
        excerpt="",
        topics=(),
        when=frame.clock.today(),
        publisher="",
        link=None,
        credit=None,
        hashtags=(),
        read="",
        story=story,
        silent=True,
        sections=_sections(shown, frame),
        notes=_notes(deferred, more + len(kept) - len(shown), gone, frame),
        more=((catalog["button.settings"], "settings"),) if private else (),
    )


def _headline(title: str, shown: int, catalog: Catalog) -> str:
    named = catalog.get(f"digest.title.{title}") or text.clip(text.line(title), _MOST_TITLE)
    return catalog["digest.title"].format(title=named, count=_count("digest.count", shown, catalog))


def _sections(stories: Sequence[Story], frame: Frame) -> tuple[Section, ...]:
    """The stories under their first topic; topics in the order in which they come up, those without one last."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for story in sorted(stories, key=lambda story: not frame.known(story)):
        found.setdefault(frame.labels(story)[0], []).append(_line(story, frame))
    return tuple(Section(title, tuple(lines)) for title, lines in found.items())


def _line(story: Story, frame: Frame) -> tuple[str, str | None]:
    """Headline and address; what corrects, continues or is no plain news says so, yesterday's [속보] does not."""
    tags = (parts.lineage(story, frame.catalog), parts.nature(story, frame.catalog))
    words = " ".join([*(tag for tag in tags if tag), text.line(story.headline)])
    link = parts.link(story, frame.campaign)
    return text.clip(words, _MOST_LINE), link if link and len(link) <= _MOST_LINK else None


def _notes(deferred: int, more: int, gone: Sequence[Story], frame: Frame) -> tuple[str, ...]:
    """What is in it from quiet hours and what is not in it at all; then what was withdrawn."""
    catalog = frame.catalog
    said = [_count("digest.deferred", deferred, catalog)] if deferred else []
    said += [catalog["digest.more"].format(n=more)] if more > 0 else []
    notes = [" ".join(said)] if said else []
    named = ", ".join(_gone(story, frame) for story in gone[:_MOST_WITHDRAWN])
    return (*notes, catalog["digest.withdrawn"].format(alerts=named)) if named else tuple(notes)


def _gone(story: Story, frame: Frame) -> str:
    """A withdrawn alert without its words."""
    when = published(story, frame.clock)
    return " ".join([frame.labels(story)[0], *([when.text] if when else [])])


def _count(key: str, n: int, catalog: Catalog) -> str:
    """The catalog's words for one or for many."""
    return catalog[f"{key}.{'one' if n == 1 else 'many'}"].format(n=n)
