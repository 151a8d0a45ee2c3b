"""What is said when an alert was wrong: the box in the corrected copy, the reply that tells of it, the withdrawal.

A withdrawal never repeats the headline, names no link, and says when the alert was sent: copies that were forwarded
stay as they were, and their time is all that tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from newsbot.core import text
from newsbot.core.compose import parts
from newsbot.core.compose.clock import Catalog, Clock, sent
from newsbot.core.compose.parts import Frame
from newsbot.core.model import Change, Corrected, Message, Story, Topic, Urgency

# Characters of a correction's label, and of the old and new words in its box.
_MOST_LABEL, _MOST_WORDS = 60, 200
_SHORT = 40  # characters of old or new words that a headline can quote
_STOPS = ".!?…"


def notice(
    story: Story,
    *,
    language: str,
    catalog: Catalog,
    topics: Mapping[str, Topic],
    now: datetime,
    zone: str,
    commercial: bool = True,
    home: str = "",
    campaign: str = "",
) -> Message:
    """The reply that tells of a correction or withdrawal, as loud as the alert was; takes what `compose` takes."""
    clock = Clock(catalog, changed(story) or now, zone, home)
    frame = Frame(language, catalog, topics, clock, commercial, campaign)
    when = sent(story, clock)
    if story.kind == "retraction":
        said = catalog["notice.withdrawn"].format(sent=when)
        return _own(story, frame, "notice", said, catalog["notice.withdrawn_body"])
    label, old, new = _words(story.change)
    body = catalog["notice.body" if label else "notice.body_bare"].format(sent=when, label=text.Word(label))
    return _own(story, frame, "notice", _what(label, old, new, catalog), body)


def withdrawn(story: Story, frame: Frame) -> Message:
    """What stands in every copy of a withdrawn alert."""
    said = frame.catalog["retraction.headline"].format(sent=sent(story, frame.clock))
    return _own(story, frame, "retraction", said, frame.catalog["retraction.body"])


def box(change: Change, frame: Frame) -> Corrected:
    """The box in a corrected copy."""
    label, old, new = _words(change)
    at = frame.clock.moment(datetime.fromtimestamp(change.at, UTC)).text if change.at > 0 else ""
    return Corrected(frame.catalog["correction.box" if at else "correction.box_bare"].format(time=at), label, old, new)


def changed(story: Story) -> datetime | None:
    """When it was corrected or withdrawn; None where that is not known."""
    return datetime.fromtimestamp(story.change.at, UTC) if story.change and story.change.at > 0 else None


def _words(change: Change | None) -> tuple[str, str, str]:
    """Label, old and new words on one line each, of a length that fits a box."""
    if change is None:
        return "", "", ""
    old, new = (text.clip(text.line(words), _MOST_WORDS) for words in (change.old, change.new))
    return text.clip(text.line(change.label), _MOST_LABEL), old, new


def _what(label: str, old: str, new: str, catalog: Catalog) -> str:
    """The correction in one sentence: old and new where both can be quoted, else what it is about."""
    if not label:
        return catalog["notice.bare"]
    quotable = all(0 < len(words) <= _SHORT and words[-1] not in _STOPS for words in (old, new))
    key = "notice.changed" if quotable else "notice.label"
    return catalog[key].format(label=text.Word(label), old=text.Word(old), new=text.Word(new))


def _own(story: Story, frame: Frame, kind: Literal["notice", "retraction"], headline: str, body: str) -> Message:
    """A message of our words alone: no topic, link, credit or hashtag; a withdrawal says when and by whom."""
    gone = story.kind == "retraction"
    tags = [frame.catalog["tag.test"]] if story.test else []
    return Message(
        urgency=story.urgency,
        language=frame.language,
        kind=kind,
        tag=" ".join([*tags, frame.catalog["tag.retraction" if gone else "tag.correction"]]),
        headline=headline,
        excerpt=body,
        topics=(),
        when=frame.clock.dated(frame.clock.now) if kind == "retraction" else None,
        publisher=parts.name(story.publisher) if kind == "retraction" else "",
        link=None,
        credit=None,
        hashtags=(),
        read="",
        story=story.id,
        silent=story.silent or story.test or story.urgency is Urgency.NORMAL,
        test=story.test,
    )
