"""What alerts, corrections and digests are made of: headline, tags, excerpt, credit, link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsbot.core import text
from newsbot.core.compose.clock import Catalog, Clock
from newsbot.core.model import Attribution, Credit, Story, Topic, Urgency

# Longest excerpt: characters, whole sentences.
EXCERPT = {Urgency.FLASH: (0, 0), Urgency.BREAKING: (160, 2), Urgency.NORMAL: (280, 3)}
_FOLLOW_UP = (160, 3)

# Headlines are not cut in practice (the longest of 7,478 real ones has 69 characters). This is for what is no headline:
# with its invisible joiners, excerpt, correction and footer it stays under Telegram's 4096 UTF-16 units, and escaped under the
# 4,000 characters that Slack's chat.update takes as text.
MOST_HEADLINE = 1700
# A statement that is published because somebody has a right to it is shown whole; the desk refuses a longer one. UTF-16
# units: with joiners, and the shorter headline it leaves room for, still one message on both platforms.
MOST_LEGAL = 2000
_MOST_LEGAL_HEADLINE = 300
_MOST_ESCAPED = 3000
_MOST_NAME = 100

LEGAL = frozenset({"정정보도", "반론보도", "추후보도"})
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
UNCLEAR = "unclear"
_UNCHANGED = frozenset({"KOGL-3", "KOGL-4", UNCLEAR})  # "변경 금지": the excerpt whole or not at all
_NOT_COMMERCIAL = frozenset({"KOGL-2", "KOGL-4", UNCLEAR})  # "상업적 이용 금지"; unclear: the strictest wins


@dataclass(frozen=True, slots=True)
class Frame:
    """Who is spoken to, and how: language and words, clock, what the site may do, whether links say where they stood."""

    language: str
    catalog: Catalog
    topics: Mapping[str, Topic]
    clock: Clock
    commercial: bool = True
    campaign: str = ""

    def known(self, story: Story) -> list[Topic]:
        """The story's topics, as far as they are (still) configured."""
        return [self.topics[identity] for identity in story.topics if identity in self.topics]

    def labels(self, story: Story) -> tuple[str, ...]:
        """What the reader calls them; one without any is "other"."""
        known = tuple(topic.label(self.language) for topic in self.known(story))
        return known or (self.catalog["topic.other"],)


# --- words of the article ---------------------------------------------------------------------------------------------


def headline(story: Story) -> str:
    """The headline on one line; only what could not be sent at all is cut."""
    words = text.clip(text.line(story.headline), _MOST_LEGAL_HEADLINE if legal(story) else MOST_HEADLINE)
    if len(words) * 5 <= _MOST_ESCAPED:
        return words
    escaped = len(words) + 4 * words.count("&") + 3 * (words.count("<") + words.count(">"))
    return words if escaped <= _MOST_ESCAPED else text.clip(words, _MOST_ESCAPED // 5)


def legal(story: Story) -> bool:
    """Whether somebody has a right to these words (Press Arbitration Act 15 to 17)."""
    return not LEGAL.isdisjoint(story.labels)


def name(words: str) -> str:
    """A publisher's or agency's name on one line, of a length that leaves room for the news."""
    return text.clip(text.line(words), _MOST_NAME)


def publisher(story: Story) -> str:
    """Who reports it; the site's host where nobody is named."""
    link = text.web_address(story.link) if story.link else None
    return name(story.publisher) or (urlsplit(link).hostname or "" if link else "")


def excerpt(story: Story, shown: str, frame: Frame) -> str:
    """As much of the excerpt as layout and licence allow; "" where it only repeats the headline (`shown`)."""
    if legal(story):
        return text.clip(text.clean(story.excerpt).strip(), MOST_LEGAL)
    most, count = _FOLLOW_UP if story.kind == "follow-up" or story.take > 1 else EXCERPT[story.urgency]
    licence = story.attribution.licence if story.attribution else None
    if not most or not story.excerpt or (frame.commercial and licence in _NOT_COMMERCIAL):
        return ""
    if licence in _UNCHANGED:
        whole = text.line(story.excerpt)
        words = whole if len(whole) <= most else ""
    else:
        words = text.excerpt(story.excerpt, most, count)
    return "" if text.repeats_headline(words, shown) else words


# --- tags -------------------------------------------------------------------------------------------------------------


def tag(story: Story, catalog: Catalog) -> str:
    """At most one tag for urgency or lineage and one for nature, in the frame's form; a test says so before both.

    [긴급] and [1보] in a title have become an urgency by now: the tag shows what was decided, not what was shouted.
    """
    first = lineage(story, catalog) or _urgent(story, catalog)
    parts = [catalog["tag.test"]] if story.test else []
    return " ".join([*parts, *(part for part in (first, nature(story, catalog)) if part)])


def lineage(story: Story, catalog: Catalog) -> str:
    """The tag that says how this continues or corrects another piece; "" where it stands alone.

    A further take that makes a sound does so because it became more urgent: then that is what its tag says.
    """
    found = next((words for label in story.labels if (words := _of_label(label, catalog))), "")
    if story.kind == "correction" and not legal(story):
        return catalog["tag.correction"]
    if found or story.kind != "follow-up" or (story.urgency is not Urgency.NORMAL and not story.silent):
        return found
    return catalog["tag.followup"]


def nature(story: Story, catalog: Catalog) -> str:
    """The tag of what kind of piece it is; "" for plain news."""
    return next((catalog[_NATURE[label]] for label in story.labels if label in _NATURE), "")


def _of_label(label: str, catalog: Catalog) -> str:
    """The tag of a further take, round-up or correction; "" for any other label."""
    if label in _LINEAGE:
        return catalog[_LINEAGE[label]]
    take = _TAKE.fullmatch(label)
    if not take or label == "1보":
        return ""
    return catalog["tag.roundup_take" if take[1] else "tag.take"].format(n=take[2])


def _urgent(story: Story, catalog: Catalog) -> str:
    """The tag of an urgency; a flash has its mark before it unless the catalog leaves that empty, or it is a test."""
    if story.urgency is Urgency.NORMAL:
        return ""
    if story.urgency is Urgency.BREAKING:
        return catalog["tag.breaking"]
    return catalog["tag.flash"] if story.test else f"{catalog['mark.flash']} {catalog['tag.flash']}".strip()


# --- link and credit --------------------------------------------------------------------------------------------------


def link(story: Story, campaign: str) -> str | None:
    """The address readers are sent to; None where there is none, or its page does not answer yet.

    `campaign` (the platform's name) adds where the click came from, never who clicked; the address's own words stay.
    """
    address = text.web_address(story.link) if story.link and story.live else None
    if not address or not campaign:
        return address
    whole, mark, fragment = address.partition("#")
    path, asked, query = whole.partition("?")
    given = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    ours = {"utm_source": campaign, "utm_medium": "alert", "utm_campaign": story.id}
    added = urlencode({key: value for key, value in ours.items() if key not in given})
    joined = "&".join(part for part in (query, added) if part) if asked else added
    return text.web_address(f"{path}?{joined}{mark}{fragment}" if joined else address) or address


def credit(source: Attribution | None, catalog: Catalog) -> Credit | None:
    """Whose text it is and under which licence; None for the newsroom's own."""
    agency = name(source.name) if source else ""
    if source is None or not agency:
        return None
    kogl = _KOGL.fullmatch(source.licence or "")
    stated = "" if source.licence == UNCLEAR else name(source.licence or "")
    licence = catalog["licence.kogl"].format(n=kogl[1]) if kogl else stated
    url = text.web_address(source.url) if source.url else None
    # Agencies with an English name of their own have it in the catalog.
    return Credit(catalog["footer.credit"], catalog.get(f"agency.{agency}", agency), url, licence)
