"""Requests made from replies and edits: pure, everything but the chat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from newsbot.core.model import Button, Inbound, Rendered, Reply
from newsbot.platforms.telegram.inbound import Handle

# Characters of one message. Telegram counts code points for bots; UTF-16 units are never fewer, so safe either way.
MOST = 4096

FEW = 4  # buttons that stand one a line

# What editMessageText and editMessageCaption take; the rest (silence, threads, effects) belongs to sending.
TEXT_FIELDS = ("text", "parse_mode", "entities", "link_preview_options", "reply_markup")
CAPTION_FIELDS = ("caption", "parse_mode", "caption_entities", "show_caption_above_media", "reply_markup")


def edit_of(message: Rendered) -> tuple[str, dict[str, Any]]:
    """Method and payload that turn an earlier message into this one; lacks chat_id and message_id."""
    media = "text" not in message.payload
    fields = CAPTION_FIELDS if media else TEXT_FIELDS
    payload = {name: message.payload[name] for name in fields if name in message.payload}
    return ("editMessageCaption" if media else "editMessageText"), payload


def payload_of(reply: Reply, to: Inbound) -> Iterator[tuple[str, bytes]]:
    """(method, body without its opening brace and chat) of each message the reply takes; buttons go under the last."""
    if reply.alert is not None:
        yield reply.alert.method, reply.alert.body[1:]
        return
    parts = pieces(reply.text)
    for place, part in enumerate(parts):
        payload: dict[str, Any] = {"text": part, "link_preview_options": {"is_disabled": True}}
        if place == 0 and (quote := _quote(to)):
            payload["reply_parameters"] = {"message_id": quote, "allow_sending_without_reply": True}
        if reply.buttons and place == len(parts) - 1:
            payload["reply_markup"] = {"inline_keyboard": rows(reply.buttons)}
        yield "sendMessage", json.dumps(payload, ensure_ascii=False).encode()[1:]


def line_of(text: str) -> dict[str, Any]:
    """One message of plain words, cut to what it can hold; nothing in it is drawn as a card."""
    first, *rest = pieces(text) or [""]
    return {"text": f"{first[: MOST // 2 - 1]}…" if rest else first, "link_preview_options": {"is_disabled": True}}


def rows(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    """One button a line; many of them two a line, so that they fit on a phone's screen."""
    keys = [{"text": button.label, "callback_data": button.data} for button in buttons]
    wide = 1 if len(keys) <= FEW else 2
    return [keys[start : start + wide] for start in range(0, len(keys), wide)]


def pieces(text: str) -> list[str]:
    """The text in parts one message can hold, cut at a line's end where there is one; nothing for an empty text."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        room = _fitting(rest)
        if room < len(rest) and (line := rest.rfind("\n", 1, room)) > 0:
            room = line
        parts.append(rest[:room])
        rest = rest[room:].lstrip("\n")
    return parts


def _fitting(text: str) -> int:
    """How many characters from the start fit into MOST UTF-16 units."""
    units = 0
    for count, sign in enumerate(text):
        units += 2 if ord(sign) > 0xFFFF else 1
        if units > MOST:
            return count
    return len(text)


def _quote(to: Inbound) -> int:
    """The command's message in a group, so that it is clear whom we answer; 0 elsewhere."""
    quotes = to.place == "group" and to.kind == "say" and isinstance(to.handle, Handle)
    return to.handle.message if quotes else 0
