"""Requests made from replies and edits: pure, everything but the chat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from newsbot.core.model import Button, Inbound, Rendered, Reply
from newsbot.platforms.telegram import marker
from newsbot.platforms.telegram.inbound import Handle

# Characters of one message. Telegram counts code points for bots; UTF-16 units are never fewer, so safe either way. The
# same holds for what is counted below.
MOST = 4096

FEW = 4  # buttons that stand one a line
ROW, BUTTONS = 8, 100  # buttons of one line and of one message (undocumented; telegram/constants.py)
DATA = 64  # bytes of callback_data (Bot API, InlineKeyboardButton)
PLACEHOLDER = 64  # characters of input_field_placeholder (Bot API, ForceReply)
TOAST = 200  # characters of answerCallbackQuery's text (Bot API)
GLANCE = 60  # a longer one is shown until it is closed: it would be gone before it is read

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
    """(method, body without its opening brace and chat) of each message the reply takes; buttons go under the last.

    Words of our own never carry formatting: by that an answer is told from an alert (`inbound.is_panel`).
    """
    if reply.alert is not None:
        yield reply.alert.method, reply.alert.body[1:]
        return
    sign = marker.mark(reply.ask.verb) if reply.ask else ""
    parts = pieces(marker.clean(reply.text), MOST - len(sign))
    if parts:
        parts[-1] += sign
    for place, part in enumerate(parts):
        payload: dict[str, Any] = {"text": part, "link_preview_options": {"is_disabled": True}}
        if place == 0 and (quote := _quote(to)):
            payload["reply_parameters"] = {"message_id": quote, "allow_sending_without_reply": True}
        if place == len(parts) - 1 and (markup := _markup(reply, to)):
            payload["reply_markup"] = markup
        yield "sendMessage", json.dumps(payload, ensure_ascii=False).encode()[1:]


def forces(reply: Reply, to: Inbound) -> bool:
    """Whether the reply opens the person's keyboard for an answer: where nobody else writes, and no buttons are in the way.

    Such a message cannot be an edit of another one, nor be edited (Bot API, editMessageText).
    """
    return reply.ask is not None and not reply.buttons and to.place == "private"


def toast_of(replies: Sequence[Reply], to: Inbound) -> str:
    """The words that answer a press by themselves, seen by the person who pressed alone; "" where it takes a message.

    In a group or channel everybody may press, and nobody else wants to read what they are told: under an alert, and where it
    changed nothing for everybody there. That takes the place of the panel, or goes again (`passing`).
    """
    if to.kind != "press" or to.place == "private" or len(replies) != 1:
        return ""
    (reply,) = replies
    alert = isinstance(to.handle, Handle) and to.handle.alert
    plain = reply.alert is None and not reply.buttons and reply.ask is None
    own = alert or not (reply.replaces or reply.passing)
    return reply.text if plain and own and fitting(reply.text, TOAST) == len(reply.text) else ""


def line_of(text: str) -> dict[str, Any]:
    """One message of plain words, cut to what it can hold; nothing in it is drawn as a card."""
    first, *rest = pieces(text) or [""]
    return {"text": f"{first[: MOST // 2 - 1]}…" if rest else first, "link_preview_options": {"is_disabled": True}}


def rows(buttons: Sequence[Button], wide: int = 0) -> list[list[dict[str, str]]]:
    """`wide` buttons a line; where that does not matter one, or two where they are many, so that they fit on a screen.

    One that Telegram would refuse is left out: it would take the whole message with it.
    """
    keys = [_key(button) for button in buttons if button.url or 0 < len(button.data.encode()) <= DATA][:BUTTONS]
    across = min(wide, ROW) or (1 if len(keys) <= FEW else 2)
    return [keys[start : start + across] for start in range(0, len(keys), across)]


def _key(button: Button) -> dict[str, str]:
    does = {"url": button.url} if button.url else {"callback_data": button.data}
    return {"text": button.label, **does}


def _markup(reply: Reply, to: Inbound) -> dict[str, Any]:
    if forces(reply, to):
        label = reply.ask.label[: fitting(reply.ask.label, PLACEHOLDER)] if reply.ask else ""
        return {"force_reply": True} | ({"input_field_placeholder": label} if label else {})
    keyboard = rows(reply.buttons, reply.wide)
    return {"inline_keyboard": keyboard} if keyboard else {}


def pieces(text: str, most: int = MOST) -> list[str]:
    """The text in parts one message can hold, cut at a line's end where there is one; nothing for an empty text."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        room = fitting(rest, most)
        if room < len(rest) and (line := rest.rfind("\n", 1, room)) > 0:
            room = line
        parts.append(rest[:room])
        rest = rest[room:].lstrip("\n")
    return parts


def fitting(text: str, most: int) -> int:
    """How many characters from the start fit into so many UTF-16 units."""
    units = 0
    for count, sign in enumerate(text):
        units += 2 if ord(sign) > 0xFFFF else 1
        if units > most:
            return count
    return len(text)


def _quote(to: Inbound) -> int:
    """The command's message in a group, so that it is clear whom we answer; 0 elsewhere."""
    quotes = to.place == "group" and to.kind == "say" and isinstance(to.handle, Handle)
    return to.handle.message if quotes else 0
