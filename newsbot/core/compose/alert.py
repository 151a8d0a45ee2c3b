"""An alert, a follow-up, a corrected alert, and the words that stand where a withdrawn one stood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from newsbot.core import text
from newsbot.core.compose import amend, parts
from newsbot.core.compose.clock import Catalog, Clock, published
from newsbot.core.compose.parts import Frame
from newsbot.core.model import Form, Message, Story, Topic, Urgency

_HASHTAGS = 2
_TAG_SIGNS = re.compile(r"[^\w]+")
_ORDINALS = 20  # the highest place that is said in words
_MOST_ALT = 300  # characters; Slack takes 2000, a screen reader's listener fewer


def compose(
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
    form: Form = "excerpt",
    private: bool = False,
) -> Message:
    """The message of this story as it stands, in one language. Raises KeyError where the catalog lacks a key.

    `now` decides what "today" is (a change's own time does where there is one); `zone` (a tz database name) is the
    reader's clock, `home` the newsroom's, "" for the same. `commercial`: whether the site earns by its texts, which
    licences of type 2 and 4 do not allow. `campaign`: the platform's name where links say that they were clicked there.
    `form`: how much of it the reader wants. `private`: nobody else sees it, so buttons for that one reader stand below.
    """
    clock = Clock(catalog, amend.changed(story) or now, zone, home)
    frame = Frame(language, catalog, topics, clock, commercial, campaign)
    if story.kind == "retraction":
        return amend.withdrawn(story, frame)
    message = _told(story, frame, asked=form == "image")
    if form == "headline" and message.kind != "correction":
        message = replace(message, excerpt="", image=None, alt="")
    if private and not story.test and message.kind in ("alert", "follow-up"):
        hush = (catalog["button.hush"], f"hush {story.id}")
        earlier = ((catalog["button.more"], f"more {story.id}"),) if message.kind == "follow-up" else ()
        message = replace(message, more=(hush, *earlier, (catalog["button.settings"], f"settings {story.id}")))
    return message


def _told(story: Story, frame: Frame, *, asked: bool) -> Message:
    """Everything but a withdrawal."""
    catalog = frame.catalog
    shown = parts.headline(story)
    link = parts.link(story, frame.campaign)
    corrected = story.kind == "correction"
    alone = not (corrected or story.kind == "follow-up" or parts.lineage(story, catalog))
    image = _image(story, link, asked=asked) if alone else None
    return Message(
        urgency=story.urgency,
        language=frame.language,
        kind=story.kind if story.kind in ("follow-up", "correction") else "alert",
        tag=parts.tag(story, catalog),
        headline=shown,
        excerpt=parts.excerpt(story, shown, frame),
        topics=frame.labels(story),
        when=published(story, frame.clock),
        publisher=parts.publisher(story),
        late=catalog["footer.late"] if story.late else "",
        link=link,
        credit=parts.credit(story.attribution, catalog),
        notes=_notes(story, catalog),
        hashtags=_hashtags(story, frame) if alone and not story.test else (),
        read=catalog["button.read"],
        story=story.id,
        silent=story.silent or story.test or story.urgency is Urgency.NORMAL,
        test=story.test,
        corrected=amend.box(story.change, frame) if corrected and story.change else None,
        image=image,
        alt=text.clip(text.line(story.alt), _MOST_ALT) or text.clip(shown, _MOST_ALT) if image else "",
    )


def _image(story: Story, link: str | None, *, asked: bool) -> str | None:
    """The article's own picture under breaking news that can be opened, and under normal news for whoever asked; both
    platforms fetch it themselves."""
    shown = story.urgency is Urgency.BREAKING or (asked and story.urgency is Urgency.NORMAL)
    if not shown or story.test or not story.image or not link:
        return None
    address = text.web_address(story.image)
    return address if address and address.startswith("https://") else None


def _notes(story: Story, catalog: Catalog) -> tuple[str, ...]:
    """The lines under the footer: which news of its story it is, and what the law or its codes want said."""
    notes = [catalog[f"note.{name}"] for name in story.notes]
    if story.take > _ORDINALS:
        return (catalog["note.take_many"].format(n=story.take), *notes)
    if story.take > 1:
        return (catalog["note.take"].format(nth=catalog[f"ordinal.{story.take}"]), *notes)
    return tuple(notes)


def _hashtags(story: Story, frame: Frame) -> tuple[str, ...]:
    """At most two, from urgency and topics only, never from the text."""
    tags = [] if story.urgency is Urgency.NORMAL else [frame.catalog[f"hashtag.{story.urgency}"]]
    # The topic's own hashtag is Korean; an English frame makes one of its English name.
    korean = frame.language == "ko"
    tags += [topic.hashtag if korean else _TAG_SIGNS.sub("_", topic.en).strip("_") for topic in frame.known(story)]
    return tuple(tag for tag in tags if tag)[:_HASHTAGS]
