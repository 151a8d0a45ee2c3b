"""An alert as one Slack `chat.postMessage`, and how Slack writes places and message ids.

The article's words go where no markup is read: `plain_text` and `rich_text` text elements. Only the context line is
mrkdwn (it alone can hold a localised time and a link in small type); names in it are escaped and lose their marks.
The first line is `text` (phones notify from it) and the first block (the desktop app does, since 2026-07-13).
"""

from __future__ import annotations

import re
from typing import Any

from newsbot.core import text
from newsbot.core.model import Address, Corrected, Message, Rendered, Section, Urgency, When

EVENT = "newsbot_alert"  # event_type of an alert's metadata, by which it is found again
MOST_HEADER = 150  # docs.slack.dev/reference/block-kit/blocks/header-block; counted in UTF-16 units, the strict way
MOST_CONTEXT = 3000  # text object in a context block (@slack/types composition-objects)
_MOST_LINK = 1800  # an escaped address longer than this leaves no room for the rest of the context line
_CHANNEL = re.compile(r"(?:([TE][A-Z0-9]{1,20})/)?([CGD][A-Z0-9]{1,20})")
_MICRO = 1_000_000

# Marks that would format a name in mrkdwn; their full-width forms look alike and do nothing. `_` inside a word is text.
_MARKS = re.compile(r"[*~`|]|(?<![^\W_])_|_(?![^\W_])|:(?=[a-z0-9_+'-]+:)")
_WIDE = {"*": "＊", "~": "～", "`": "｀", "_": "＿", ":": "：", "|": "｜"}
_IN_URL = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20"})

Block = dict[str, Any]


class SlackDialect:
    """How Slack is spoken: alerts as blocks, channels by id, messages by their ts in microseconds."""

    name = "slack"
    ref_bytes = 8
    reads_back = True

    def render(self, message: Message) -> Rendered:
        """The `chat.postMessage` of this alert without its channel; under Slack's 13,200 characters of blocks."""
        link = text.web_address(message.link) if message.link else None
        blocks = [*_top(message, link), *_image(message), *_context(message, link)]
        shows = link if message.urgency is not Urgency.NORMAL and _leads_on(message) else None
        if buttons := [*([_open(message.read, shows)] if shows else []), *_more(message)]:
            blocks.append({"type": "actions", "elements": buttons})
        payload: dict[str, Any] = {
            "text": escape(message.first_line),
            "blocks": blocks,
            # The notification shows the line as it is, stars and underscores included.
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT, "event_payload": {"story": message.story}},
        }
        # A thread is quiet; what is loud in the channel is shown there too.
        shown = message.kind in ("follow-up", "notice") and message.urgency is not Urgency.NORMAL
        shown = shown and not (message.kind == "notice" and message.silent)
        return Rendered("chat.postMessage", payload, {"reply_broadcast": True} if shown else {})

    def parse(self, address: Address) -> Address:
        """`slack:<channel>` or `slack:<team>/<channel>` in capitals; ValueError says what is wrong."""
        found = _CHANNEL.fullmatch(address.chat)
        if not found:
            raise ValueError(
                f"address {str(address)!r}: a Slack place is a channel id (C…, G… or D…), e.g. slack:C0123ABC or "
                "slack:T0123/C0123ABC; the id is at the end of the channel's details"
            )
        return Address(self.name, found[0])

    def is_private(self, address: Address) -> bool:
        """Direct messages begin with D (docs.slack.dev, conversations)."""
        return address.chat.rpartition("/")[2].startswith("D")

    def show_ref(self, ref: int) -> str:
        """The ts as Slack writes it: seconds, a dot, six digits."""
        return f"{ref // _MICRO}.{ref % _MICRO:06d}"


def escape(words: str) -> str:
    """The words with exactly the three signs that Slack decodes (docs.slack.dev, formatting) escaped."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _leads_on(message: Message) -> bool:
    """Whether a button may invite to the article: not while it may still say what was corrected."""
    return message.kind in ("alert", "follow-up") and not message.test


def _top(message: Message, link: str | None) -> list[Block]:
    """Everything in normal type: the first line, the article's words, what was corrected, a digest's lines.

    What sounds has its first line in a header; one too long for that is bold text, never cut. Routine news is bold text
    too, and the link itself.
    """
    first = message.first_line
    routine = message.urgency is Urgency.NORMAL and message.kind not in ("retraction", "digest")
    headed = not routine and text.utf16_len(first) <= MOST_HEADER
    lines = [] if headed else [_section(_words_of(first, link if routine else None, bold=True))]
    if message.excerpt:
        lines.append(_section(_words_of(message.excerpt)))
    if message.corrected:
        lines.append(_quote(message.corrected))
    lines += [line for section in message.sections for line in _topic(section)]
    header = {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": first}}
    return [*([header] if headed else []), *([{"type": "rich_text", "elements": lines}] if lines else [])]


def _words_of(words: str, link: str | None = None, **style: bool) -> Block:
    """Words that are shown as they are, as a link where there is one."""
    said: Block = {"type": "link", "url": link, "text": words} if link else {"type": "text", "text": words}
    return said | {"style": style} if style else said


def _section(*words: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(words)}


def _quote(corrected: Corrected) -> Block:
    """When it was corrected, over the old words struck through and the new ones."""
    change = bool(corrected.old or corrected.new)
    label = f"{corrected.label}: " if corrected.label and change else corrected.label
    said = [_words_of(f"{corrected.title}\n{label}" if label or change else corrected.title)]
    if corrected.old:
        said.append(_words_of(corrected.old, strike=True))
    if corrected.old and corrected.new:
        said.append(_words_of(" → "))
    if corrected.new:
        said.append(_words_of(corrected.new))
    return {"type": "rich_text_quote", "elements": said}


def _topic(section: Section) -> list[Block]:
    """One topic of a digest: its name over a list of links."""
    lines = [_section(_words_of(words, text.web_address(link) if link else None)) for words, link in section.lines]
    name = _section(_words_of(section.title, bold=True))
    return [name, {"type": "rich_text_list", "style": "bullet", "elements": lines}]


def _image(message: Message) -> list[Block]:
    """The article's own picture, with what it shows in words (image_url and alt_text: @slack/types, image block)."""
    if not message.image or not message.alt or not _leads_on(message):
        return []
    return [{"type": "image", "image_url": message.image, "alt_text": message.alt}]


def _context(message: Message, link: str | None) -> list[Block]:
    """Footer and credit in one line, the notes under it; the credit gets its own where that would be too long."""
    lines = [line for line in (_footer(message, link), _credit(message)) if line]
    joined = " · ".join(lines)
    if joined and len(joined) <= MOST_CONTEXT // 2:  # half: an astral sign counts two
        lines = [joined]
    notes = "\n".join(_words(note) for note in message.notes)
    lines = [*lines[:-1], "\n".join(part for part in (*lines[-1:], notes) if part)]
    said = [{"type": "mrkdwn", "verbatim": True, "text": line} for line in lines if line]
    return [{"type": "context", "elements": said}] if said else []


def _footer(message: Message, link: str | None) -> str:
    """Topics, time, publisher, and that it comes late; a digest's day is its first line's."""
    parts = [_words(", ".join(message.topics))]
    if message.when and message.kind != "digest":
        parts.append(_time(message.when))
    if message.publisher:
        parts.append(_linked(message.publisher, link))
    return " · ".join(part for part in (*parts, _words(message.late)) if part)


def _credit(message: Message) -> str:
    """Whose text it is."""
    if message.credit is None:
        return ""
    url = text.web_address(message.credit.url) if message.credit.url else None
    said = f"{_words(message.credit.label)} {_linked(message.credit.name, url)}"
    return f"{said} · {_words(message.credit.licence)}" if message.credit.licence else said


def _time(when: When) -> str:
    """A moment each reader sees on their own clock, or plain words where only a day is known."""
    if when.unix is None:
        return _words(when.text)
    form = "{date_short} {time}" if when.dated else "{time}"
    return f"<!date^{when.unix}^{form}|{_words(when.text)}>"


def _linked(words: str, url: str | None) -> str:
    """A mrkdwn link; just the words without an address, or with one that would crowd out the line."""
    target = escape(url.translate(_IN_URL)) if url else ""
    return f"<{target}|{_words(words)}>" if 0 < len(target) <= _MOST_LINK else _words(words)


def _words(words: str) -> str:
    """Words inside mrkdwn that neither format, nor link, nor call anybody."""
    return escape(_MARKS.sub(lambda found: _WIDE[found[0]], words))


def _open(label: str, link: str) -> Block:
    """The button that opens the article."""
    return {"type": "button", "action_id": "open", "url": link, "text": {"type": "plain_text", "text": label}}


def _more(message: Message) -> list[Block]:
    """The buttons for the one reader of a direct message."""
    return [
        {
            "type": "button",
            "action_id": f"more:{number}",  # not as those of answers begin: nothing takes an alert's place
            "text": {"type": "plain_text", "text": label},
            "value": data,
        }
        for number, (label, data) in enumerate(message.more)
    ]
