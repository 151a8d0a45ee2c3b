"""A story as a neutral message: which words, in which order of importance, in the language of the frame.

The frame (tag, topics, time, credit) speaks the reader's language; the article's own words are cleaned, fitted at
sentence ends and never restyled. How it is drawn is each platform's matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsbot.core import text
from newsbot.core.model import Attribution, Credit, Message, Story, Topic, Urgency, When

Catalog = Mapping[str, str]
"""Message key → words with {named} fields, as read from `newsbot/locales`."""

# Longest excerpt: characters, whole sentences.
EXCERPT = {Urgency.FLASH: (0, 0), Urgency.BREAKING: (160, 2), Urgency.NORMAL: (280, 3)}

# Headlines are not cut in practice (the longest of 7,478 real ones has 69 characters). This is for what is no headline:
# with its invisible joiners, excerpt and footer it stays under Telegram's 4096 UTF-16 units, and escaped under the
# 4,000 characters that Slack's chat.update takes as text.
MOST_HEADLINE = 2000
_MOST_ESCAPED = 3000
_MOST_NAME = 100
_HASHTAGS = 2

_LINEAGE = {
    "후속": "tag.followup",
    "상보": "tag.detail",
    "종합": "tag.roundup",
    "정정": "tag.correction",
    "정정보도": "tag.legal_correction",
    "반론보도": "tag.reply",
    "추후보도": "tag.later_report",
}
_NATURE = {
    "단독": "tag.exclusive",
    "포토": "tag.photo",
    "영상": "tag.video",
    "그래픽": "tag.graphic",
    "사설": "tag.editorial",
    "칼럼": "tag.opinion",
    "인터뷰": "tag.interview",
    "르포": "tag.reportage",
    "부고": "tag.obituary",
    "인사": "tag.appointments",
    "동정": "tag.people",
    "게시판": "tag.notices",
}
_TAKE = re.compile(r"(종합)?([1-9][0-9]?)보")
_KOGL = re.compile(r"KOGL-([0-4])")
_UNCHANGED = frozenset({"KOGL-3", "KOGL-4"})  # "변경 금지": the excerpt whole or not at all
_NOT_COMMERCIAL = frozenset({"KOGL-2", "KOGL-4"})  # "상업적 이용 금지"
_TAG_SIGNS = re.compile(r"[^\w]+")


def compose(
    story: Story,
    *,
    language: str,
    catalog: Catalog,
    topics: Mapping[str, Topic],
    now: datetime,
    zone: str,
    commercial: bool = True,
) -> Message:
    """The message of this story in one language. Raises KeyError where the catalog lacks a key.

    `now` decides what "today" is; `zone` (a tz database name) is the clock the reader is shown. `commercial`: whether
    the site earns by its texts, which licences of type 2 and 4 do not allow.
    """
    headline = _headline(story.headline)
    known = [topics[identity] for identity in story.topics if identity in topics]
    link = text.web_address(story.link) if story.link else None
    tag, lineage = _tag(story, catalog)
    return Message(
        urgency=story.urgency,
        language=language,
        tag=tag,
        headline=headline,
        excerpt=_excerpt(story, headline, commercial),
        topics=tuple(topic.label(language) for topic in known) or (catalog["topic.other"],),
        when=_when(story, catalog, now, zone),
        publisher=_name(story.publisher) or _host(link),
        link=link,
        credit=_credit(story.attribution, catalog),
        hashtags=() if lineage else _hashtags(story.urgency, known, language, catalog),
        read=catalog["button.read"],
        story=story.id,
    )


def _headline(words: str) -> str:
    """The headline on one line; only what could not be sent at all is cut."""
    headline = text.clip(text.line(words), MOST_HEADLINE)
    if len(headline) * 5 <= _MOST_ESCAPED:
        return headline
    escaped = len(headline) + 4 * headline.count("&") + 3 * (headline.count("<") + headline.count(">"))
    return headline if escaped <= _MOST_ESCAPED else text.clip(headline, _MOST_ESCAPED // 5)


def _name(words: str) -> str:
    """A publisher's or agency's name on one line, of a length that leaves room for the news."""
    return text.clip(text.line(words), _MOST_NAME)


def _host(link: str | None) -> str:
    """What stands for a publisher without a name."""
    return urlsplit(link).hostname or "" if link else ""


def _excerpt(story: Story, headline: str, commercial: bool) -> str:
    """As much of the excerpt as urgency and licence allow; "" where it only repeats the headline."""
    most, count = EXCERPT[story.urgency]
    licence = story.attribution.licence if story.attribution else None
    if not most or not story.excerpt or (commercial and licence in _NOT_COMMERCIAL):
        return ""
    if licence in _UNCHANGED:
        whole = text.line(story.excerpt)
        words = whole if len(whole) <= most else ""
    else:
        words = text.excerpt(story.excerpt, most, count)
    return "" if text.repeats_headline(words, headline) else words


# --- tags -----------------------------------------------------------------------------------------------------------


def _tag(story: Story, catalog: Catalog) -> tuple[str, bool]:
    """The tag in the frame's form, and whether it says that this continues or corrects another piece.

    At most one for urgency or lineage and one for nature. [긴급] and [1보] in a title have become an urgency by now:
    the tag shows what was decided, not what the source shouted.
    """
    lineage = next((words for label in story.labels if (words := _lineage(label, catalog))), "")
    nature = next((catalog[_NATURE[label]] for label in story.labels if label in _NATURE), "")
    first = lineage or _urgent(story.urgency, catalog)
    return " ".join(part for part in (first, nature) if part), bool(lineage)


def _urgent(urgency: Urgency, catalog: Catalog) -> str:
    """The tag of an urgency; a flash has its mark before it unless the catalog leaves that empty."""
    if urgency is Urgency.NORMAL:
        return ""
    if urgency is Urgency.BREAKING:
        return catalog["tag.breaking"]
    return f"{catalog['mark.flash']} {catalog['tag.flash']}".strip()


def _lineage(label: str, catalog: Catalog) -> str:
    """The tag of a further take, round-up or correction; "" for any other label."""
    if label in _LINEAGE:
        return catalog[_LINEAGE[label]]
    take = _TAKE.fullmatch(label)
    if not take or label == "1보":
        return ""
    return catalog["tag.roundup_take" if take[1] else "tag.take"].format(n=take[2])


def _hashtags(urgency: Urgency, topics: list[Topic], language: str, catalog: Catalog) -> tuple[str, ...]:
    """At most two, from urgency and topics only, never from the text."""
    tags = [] if urgency is Urgency.NORMAL else [catalog[f"hashtag.{urgency}"]]
    # The topic's own hashtag is Korean; an English frame makes one of its English name.
    tags += [topic.hashtag if language == "ko" else _TAG_SIGNS.sub("_", topic.en).strip("_") for topic in topics]
    return tuple(tag for tag in tags if tag)[:_HASHTAGS]


# --- time and credit ------------------------------------------------------------------------------------------------


def _when(story: Story, catalog: Catalog, now: datetime, zone: str) -> When | None:
    """When it was published, as a reader there would say it today; None where the source gives nothing readable.

    A source that gives only a date gets only a date: its midnight is nobody's publishing time.
    """
    stamp = (story.published_at or "").strip()
    if not stamp:
        return None
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    try:
        if len(stamp) <= len("2024-07-12"):
            return When(_day(date.fromisoformat(stamp), today, catalog))
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(story.zone))
        local = moment.astimezone(here)
    except (ValueError, OverflowError, KeyError):  # KeyError: the source names a zone nobody knows
        return None
    day = local.date()
    clock = _clock(local, catalog)
    if day == today:
        return When(clock, int(moment.timestamp()))
    if day.year != today.year:
        return When(_day(day, today, catalog))
    both = catalog["date.with_time"].format(day=_day(day, today, catalog), time=clock)
    return When(both, int(moment.timestamp()), dated=True)


def _day(day: date, today: date, catalog: Catalog) -> str:
    """The day with its weekday; the year only where it is another."""
    return catalog["date.day" if day.year == today.year else "date.day_year"].format(
        year=day.year,
        month=catalog[f"date.month.{day.month}"],
        day=day.day,
        weekday=catalog[f"date.weekday.{day.isoweekday()}"],
    )


def _clock(moment: datetime, catalog: Catalog) -> str:
    """The time on a twelve-hour clock; noon is 12 PM, midnight 12 AM, in both languages."""
    half = catalog["date.am" if moment.hour < 12 else "date.pm"]
    return catalog["date.time"].format(half=half, hour=moment.hour % 12 or 12, minute=f"{moment.minute:02d}")


def _credit(source: Attribution | None, catalog: Catalog) -> Credit | None:
    """Whose text it is and under which licence; None for the newsroom's own."""
    name = _name(source.name) if source else ""
    if source is None or not name:
        return None
    kogl = _KOGL.fullmatch(source.licence or "")
    licence = catalog["licence.kogl"].format(n=kogl[1]) if kogl else _name(source.licence or "")
    url = text.web_address(source.url) if source.url else None
    # Agencies with an English name of their own have it in the catalog.
    return Credit(catalog["footer.credit"], catalog.get(f"agency.{name}", name), url, licence)
