"""An alert as one Telegram `sendMessage`, and how Telegram writes places and message ids.

Telegram links by itself whatever looks like `@name`, `#tag`, `/command`, `$CASH`, an e-mail or a web address, also
inside formatting and whatever entities are given; nothing in `sendMessage` switches that off. A headline must not be
able to call somebody or to lead away, so those shapes, and only those, get one WORD JOINER (U+2060) inside: it has no
width, forbids a line break just where none is wanted, belongs to none of the shapes (tdlib, td/telegram/
MessageEntity.cpp: not a word sign, not a URL sign) and no reader sees it. The other ways cost more: `code` changes the
face of the text, a link over the words makes the headline tappable, a look-alike sign changes what is read.
"""

from __future__ import annotations

import re
from typing import Any

from newsbot.core import text
from newsbot.core.model import Address, Corrected, Credit, Message, Rendered, Section, Urgency, When

JOINER = "\u2060"
_SPECIAL = re.compile(r"[@#$/.:]")
# Each alternative ends behind the sign after which the joiner goes.
_TAPPABLE = re.compile(
    r"@(?=[\w-])"  # mention, e-mail
    r"|\#(?=[\w·])"  # hashtag
    r"|\$(?=[A-Z1])"  # cashtag
    r"|(?<![\w/<>])/(?=\w)"  # command; 24/7 and A/B are none
    r"|:(?=//)"  # any scheme
    r"|\.(?=[^\W\d_](?:[\w-]|[^\x00-\x7f]))"  # host name: a letter and more after the dot, so 5.1 and U.S. stay
    r"|(?<=[0-9])\.(?=[0-9]{1,3}\.[0-9]{1,3}\.[0-9])"  # IPv4 address
)
# Telegram refuses a card, and drops a link, for a host without a dot (localhost) or in IPv6 form.
_LINKABLE = re.compile(
    r"https?://[^/?#:\[\]]+\.[^./?#:\[\]]{2,}(?:[:/?#]|$)|https?://[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:\D|$)"
)
_CHAT = re.compile(r"(-?[0-9]{1,16})(?:/([0-9]{1,10}))?")
_CHAT_BITS = 52  # Bot API, Chat.id: at most 52 significant bits
_MOST_THREAD = 2**31 - 1  # message ids are signed 32-bit


class TelegramDialect:
    """How Telegram is spoken: alerts as HTML text messages, chats as integers with an optional forum topic."""

    name = "telegram"
    ref_bytes = 4
    reads_back = False

    def render(self, message: Message) -> Rendered:
        """The `sendMessage` of this alert without its chat; at most 4096 UTF-16 units of text (Bot API)."""
        link = message.link if message.link and linkable(message.link) else None
        body = _sections(message) if message.kind == "digest" else [plain(message.excerpt)]
        paragraphs = [_first_line(message), *body, "\n".join(line for line in _end(message, link) if line)]
        payload: dict[str, Any] = {
            "text": "\n\n".join(paragraph for paragraph in paragraphs if paragraph),
            "parse_mode": "HTML",
            "link_preview_options": _card(message, link),
            "disable_notification": message.silent or message.urgency is Urgency.NORMAL,
        }
        rows = [[{"text": message.read, "url": link}]] if link and _leads_on(message) else []
        if message.more:
            rows.append([{"text": label, "callback_data": data} for label, data in message.more])
        if rows:
            payload["reply_markup"] = {"inline_keyboard": rows}
        return Rendered("sendMessage", payload)

    def parse(self, address: Address) -> Address:
        """`telegram:<chat>` or `telegram:<chat>/<thread>` in canonical form; ValueError says what is wrong."""
        found = _CHAT.fullmatch(address.chat)
        if not found:
            raise ValueError(f"address {str(address)!r}: a Telegram chat is its number, e.g. telegram:-1001234567890/7")
        chat = int(found[1])
        if not 0 < abs(chat) < 2**_CHAT_BITS:
            raise ValueError(f"address {str(address)!r}: the chat id must be a non-zero number of at most 52 bits")
        if found[2] is None:
            return Address(self.name, str(chat))
        thread = int(found[2])
        if not 0 < thread <= _MOST_THREAD:
            raise ValueError(f"address {str(address)!r}: the thread must be a positive number below 2147483648")
        return Address(self.name, f"{chat}/{thread}")

    def show_ref(self, ref: int) -> str:
        """The message id."""
        return str(ref)

    def is_private(self, address: Address) -> bool:
        """Groups and channels have numbers below zero (Bot API, Chat.id)."""
        return not address.chat.startswith("-")


def escape(words: str) -> str:
    """The words with the four signs that HTML mode reads (Bot API formatting options) escaped."""
    if "&" in words:
        words = words.replace("&", "&amp;")
    return words.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def plain(words: str) -> str:
    """The words as text that is only read: escaped, and nothing in it becomes a link or a mention by itself."""
    if _SPECIAL.search(words):
        words = _TAPPABLE.sub(lambda found: found[0] + JOINER, words)
    return escape(words)


def linkable(url: str) -> bool:
    """Whether Telegram takes this address as a link."""
    return _LINKABLE.match(url) is not None and text.web_address(url) is not None


def _leads_on(message: Message) -> bool:
    """Whether a button and a card may invite to the article: not while it may still say what was corrected."""
    return message.kind in ("alert", "follow-up") and not message.test


def _first_line(message: Message) -> str:
    """Tag and headline in bold; a mark like 🚨 stands before the bold, a digest's day behind it."""
    words, mark, day = message.first_line, "", ""
    if message.kind == "digest":
        words, day = message.headline, plain(message.first_line.removeprefix(message.headline))
    if message.tag and not (message.tag[0].isalnum() or message.tag[0] == "["):
        sign, _, words = words.partition(" ")
        mark = f"{escape(sign)} "
    return f"{mark}<b>{plain(words)}</b>{day}"


def _sections(message: Message) -> list[str]:
    """A digest's topics, each over the lines it has."""
    return [_section(section) for section in message.sections]


def _section(section: Section) -> str:
    lines = [f"• {_linked(words, link if link and linkable(link) else None)}" for words, link in section.lines]
    return "\n".join([f"<b>{plain(section.title)}</b>", *lines])


def _end(message: Message, link: str | None) -> list[str]:
    """What stands under the article's words: the correction, the footer, the credit, the notes, the hashtags."""
    return [
        _box(message.corrected) if message.corrected else "",
        _footer(message, link),
        _credit(message.credit) if message.credit else "",
        *(plain(note) for note in message.notes),
        " ".join(f"#{tag}" for tag in message.hashtags),
    ]


def _box(corrected: Corrected) -> str:
    """When it was corrected, over the old words struck through and the new ones."""
    old = f"<s>{plain(corrected.old)}</s>" if corrected.old else ""
    change = " → ".join(part for part in (old, plain(corrected.new)) if part)
    lines = [plain(corrected.title), ": ".join(part for part in (plain(corrected.label), change) if part)]
    return "<blockquote>" + "\n".join(line for line in lines if line) + "</blockquote>"


def _footer(message: Message, link: str | None) -> str:
    """Topics, time, publisher, and that it comes late; the publisher is the link. A digest's day is its first line's."""
    parts = [plain(", ".join(message.topics))]
    if message.when and message.kind != "digest":
        parts.append(_time(message.when))
    if message.publisher:
        parts.append(_linked(message.publisher, link))
    return " · ".join(part for part in (*parts, plain(message.late)) if part)


def _time(when: When) -> str:
    """A moment each reader sees on their own clock (`tg-time`, Bot API 9.5), or plain words for a day alone."""
    if when.unix is None:
        return plain(when.text)
    form = "wDt" if when.dated else "t"
    return f'<tg-time unix="{when.unix}" format="{form}">{escape(when.text)}</tg-time>'


def _linked(words: str, url: str | None) -> str:
    """The words as a link, inside which Telegram links nothing else; plain without an address."""
    return f'<a href="{escape(url)}">{escape(words)}</a>' if url else plain(words)


def _credit(credit: Credit) -> str:
    """Whose text it is."""
    url = credit.url if credit.url and linkable(credit.url) else None
    line = f"{escape(credit.label)} {_linked(credit.name, url)}"
    return f"{line} · {plain(credit.licence)}" if credit.licence else line


def _card(message: Message, link: str | None) -> dict[str, Any]:
    """The card of the article and nothing else: the url is explicit, never the first link. Routine news has none."""
    quiet = message.kind == "alert" and message.urgency is Urgency.NORMAL
    if not link or quiet or not _leads_on(message):
        return {"is_disabled": True}
    return {"url": link, "prefer_large_media" if message.image else "prefer_small_media": True}
