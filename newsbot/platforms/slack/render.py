"""An alert as one Slack `chat.postMessage`, and how Slack writes places and message ids.

The article's words go where no markup is read: `plain_text` and `rich_text` text elements. Only the context line is
mrkdwn (it alone can hold a localised time and a link in small type); names in it are escaped and lose their marks.
The first line is `text` (phones notify from it) and the first block (the desktop app does, since 2026-07-13).
"""

from __future__ import annotations

import re
from typing import Any

from newsbot.core import text
from newsbot.core.model import Address, Message, Rendered, Urgency, When

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

    def render(self, message: Message) -> Rendered:
        """The `chat.postMessage` of this alert without its channel; under Slack's 13,200 characters of blocks."""
        link = text.web_address(message.link) if message.link else None
        if message.urgency is Urgency.NORMAL:
            blocks = [_paragraphs(_headline(message.first_line, link), message.excerpt)]
        else:
            blocks = _loud(message)
        blocks.append(_context(message, link))
        if link and message.urgency is not Urgency.NORMAL:
            blocks.append(_open(message.read, link))
        payload: dict[str, Any] = {
            "text": escape(message.first_line),
            "blocks": blocks,
            # The notification shows the line as it is, stars and underscores included.
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "newsbot_alert", "event_payload": {"story": message.story}},
        }
        return Rendered("chat.postMessage", payload)

    def parse(self, address: Address) -> Address:
        """`slack:<channel>` or `slack:<team>/<channel>` in capitals; ValueError says what is wrong."""
        found = _CHANNEL.fullmatch(address.chat)
        if not found:
            raise ValueError(
                f"address {str(address)!r}: a Slack place is a channel id (C…, G… or D…), e.g. slack:C0123ABC or "
                "slack:T0123/C0123ABC; the id is at the end of the channel's details"
            )
        return Address(self.name, found[0])

    def show_ref(self, ref: int) -> str:
        """The ts as Slack writes it: seconds, a dot, six digits."""
        return f"{ref // _MICRO}.{ref % _MICRO:06d}"


def escape(words: str) -> str:
    """The words with exactly the three signs that Slack decodes (docs.slack.dev, formatting) escaped."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _loud(message: Message) -> list[Block]:
    """Headline and excerpt of flash and breaking; a headline too long for a header is bold text, never cut."""
    first = message.first_line
    if text.utf16_len(first) > MOST_HEADER:
        return [_paragraphs(_headline(first, None), message.excerpt)]
    header = {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": first}}
    return [header, _paragraphs(None, message.excerpt)] if message.excerpt else [header]


def _headline(words: str, link: str | None) -> Block:
    """The first line in bold, as a link where there is one."""
    style = {"bold": True}
    if link:
        return {"type": "link", "url": link, "text": words, "style": style}
    return {"type": "text", "text": words, "style": style}


def _paragraphs(headline: Block | None, excerpt: str) -> Block:
    """One rich_text block with a section for each part that is there."""
    parts = [headline] if headline else []
    if excerpt:
        parts.append({"type": "text", "text": excerpt})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [part]} for part in parts]}


def _context(message: Message, link: str | None) -> Block:
    """Topics, time, publisher and credit in one line; the credit gets its own where that would be too long."""
    parts = [_words(", ".join(message.topics))]
    if message.when:
        parts.append(_time(message.when))
    if message.publisher:
        parts.append(_linked(message.publisher, link))
    lines = [" · ".join(parts)]
    if message.credit:
        url = text.web_address(message.credit.url) if message.credit.url else None
        credit = f"{_words(message.credit.label)} {_linked(message.credit.name, url)}"
        lines.append(f"{credit} · {_words(message.credit.licence)}" if message.credit.licence else credit)
    joined = " · ".join(lines)
    if len(joined) <= MOST_CONTEXT // 2:  # half: an astral sign counts two
        lines = [joined]
    return {"type": "context", "elements": [{"type": "mrkdwn", "verbatim": True, "text": line} for line in lines]}


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
    button = {"type": "button", "action_id": "open", "url": link, "text": {"type": "plain_text", "text": label}}
    return {"type": "actions", "elements": [button]}
