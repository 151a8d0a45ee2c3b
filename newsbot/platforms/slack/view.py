"""The bot's own page (App Home) and its form, as Slack views; pure.

Limits: docs.slack.dev/reference/views (100 blocks; title and submit 24 characters; private_metadata 3000),
docs.slack.dev/reference/block-kit/blocks/header-block (150) and input-block (label 2000).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from newsbot.core.model import Ask, Reply
from newsbot.platforms.slack.answer import TEXT, as_entered, as_typed, escape, pieces, rows, section
from newsbot.platforms.slack.inbound import FIELD, FORM, Origin

BLOCKS, HEADER, TITLE, WORDS = 100, 150, 24, 2000
ENTRY = 300  # characters that can be entered: more than any list of words the bot takes


def home(reply: Reply) -> dict[str, Any]:
    """The page: the first line as its heading, the rest under it, then the buttons."""
    first, _, rest = as_typed(reply.text.strip()).partition("\n")
    blocks: list[dict[str, Any]] = []
    if 0 < len(first) <= HEADER:
        blocks.append({"type": "header", "text": {"type": "plain_text", "text": first, "emoji": False}})
    else:
        rest = f"{first}\n{rest}"
    blocks += [section(part) for part in pieces(escape(rest.strip())[:TEXT])]
    return {"type": "home", "blocks": [*blocks, *rows(reply.buttons, reply.wide)][:BLOCKS]}


def form(ask: Ask, text: str, origin: Origin) -> dict[str, Any]:
    """A form with one line to fill in, or to change; `origin` comes back with what is entered."""
    title = {"type": "plain_text", "text": ask.title[:TITLE], "emoji": False}
    submit = {"type": "plain_text", "text": (ask.submit or ask.title)[:TITLE], "emoji": False}
    entry = {"type": "plain_text_input", "action_id": FIELD, "max_length": ENTRY, "focus_on_load": True}
    if 0 < len(ask.stands) <= ENTRY:
        entry["initial_value"] = ask.stands
    label = {"type": "plain_text", "text": (ask.label or ask.title)[:WORDS], "emoji": False}
    said = [section(part) for part in pieces(escape(as_entered(text.strip(), ask.verb))[:TEXT])]
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": title,
        "submit": submit,
        "private_metadata": json.dumps(asdict(origin), separators=(",", ":")),
        "blocks": [*said[: BLOCKS - 1], {"type": "input", "block_id": FIELD, "label": label, "element": entry}],
    }
