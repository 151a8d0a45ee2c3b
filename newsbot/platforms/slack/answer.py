"""Slack payloads made from replies: pure, everything but the channel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from newsbot.core.commands import VERBS
from newsbot.core.model import Button, Reply
from newsbot.platforms.slack.inbound import OURS

# Limits of Block Kit (docs.slack.dev/reference/block-kit/blocks): a section's text, a button's label and value,
# elements of one actions block, blocks of a message; of a message's text (docs: truncated after 40,000).
SECTION, LABEL, VALUE, BUTTONS, BLOCKS, TEXT = 3000, 75, 2000, 25, 50, 39_000
ERROR = 300  # signs beside a form's field; Slack documents no limit, and more is not read there

# What an alert's payload has that an answer may have too; metadata and unfurling belong to posting.
FIELDS = ("text", "blocks", "attachments")

# Our own verbs where they are named as a word of their own; never inside an address.
COMMANDS = re.compile(rf"(?<![^\s(:])/({'|'.join(verb.name for verb in VERBS if not verb.button_only)})(?![\w/-]|\.\w)")


ADDRESS = re.compile(r"^(https?://[^\s<>|]+)$", re.MULTILINE)


def payload_of(reply: Reply) -> dict[str, Any]:
    """The message: text alone, or text (what a notification shows) with blocks where there are buttons."""
    if reply.alert is not None:
        return {name: reply.alert.payload[name] for name in FIELDS if name in reply.alert.payload}
    text = linked(escape(as_typed(reply.text.strip())))[:TEXT]
    buttons = rows(reply.buttons, reply.wide)
    if not buttons:
        return {"text": text}
    parts = pieces(text)
    # chat.update takes 4,000 characters of text; beside blocks only notifications show it.
    return {"text": parts[0] if parts else "", "blocks": [*map(section, parts), *buttons][:BLOCKS]}


def section(text: str) -> dict[str, Any]:
    """Escaped words as a block of their own."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def rows(buttons: Sequence[Button], wide: int = 0) -> list[dict[str, Any]]:
    """`wide` buttons a row; where that does not matter as many as a row takes, and Slack breaks it where it likes."""
    elements = [_button(button, number) for number, button in enumerate(buttons)]
    across = min(wide or BUTTONS, BUTTONS)
    return [
        {"type": "actions", "elements": elements[start : start + across]} for start in range(0, len(elements), across)
    ]


def _button(button: Button, number: int) -> dict[str, Any]:
    does = {"url": button.url} if button.url else {"value": button.data[:VALUE]}
    label = {"type": "plain_text", "text": button.label[:LABEL]}
    return {"type": "button", "action_id": f"{OURS}{number}", "text": label, **does}


def line_of(text: str) -> dict[str, Any]:
    """One message of plain words: nothing in it is markup, a mention or a card."""
    return {
        "text": escape(as_typed(text.strip()))[:TEXT],
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def as_entered(text: str, verb: str) -> str:
    """What a form says: its own command is written before what is entered, so nobody is asked to type that."""
    first, _, rest = verb.partition(" ")
    more = rf"(?: {re.escape(rest)})?" if rest else ""
    own = rf"(?<![^\s(:])/{re.escape(first)}{more} +(?=\S)"
    return as_typed(re.sub(own, "", text))


def asked_again(replies: Sequence[Reply]) -> str:
    """What was wrong with the words entered in a form, where the answer asks for them once more; "" where it does not."""
    asks = len(replies) == 1 and replies[0].alert is None and replies[0].ask
    return " ".join(as_entered(replies[0].text, asks.verb).split())[:ERROR] if asks else ""


def offered(reply: Reply) -> Reply:
    """A question as a message: its words, and a button that opens its form."""
    if reply.ask is None:
        return reply
    return replace(reply, buttons=(Button(reply.ask.title, reply.ask.verb), *reply.buttons))


def as_typed(text: str) -> str:
    """Commands as Slack takes them: what is "/subscribe" elsewhere is "/news subscribe" here, our one slash command."""
    return COMMANDS.sub(r"/news \1", text)


def escape(text: str) -> str:
    """The three signs Slack reads as markup, which takes every mention and link out of foreign text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def linked(text: str) -> str:
    """Escaped words in which an address alone on its line can be followed: a verbatim block links nothing itself."""
    return ADDRESS.sub(r"<\1>", text)


def pieces(text: str) -> list[str]:
    """The text in parts one section can hold, cut at a line's end where there is one and never inside an entity."""
    parts: list[str] = []
    while len(text) > SECTION:
        cut = text.rfind("\n", 1, SECTION)
        if cut < 0:
            cut = SECTION if (amp := text.rfind("&", SECTION - 5, SECTION)) < 0 else amp
        parts.append(text[:cut])
        text = text[cut:].lstrip("\n")
    return [*parts, text] if text else parts
