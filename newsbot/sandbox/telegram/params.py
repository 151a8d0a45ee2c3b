"""Parameters of each Bot API method: names, types, and how they travel in JSON, forms and query strings."""

from __future__ import annotations

import json
import re
from email.parser import BytesParser
from email.policy import HTTP
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from newsbot.sandbox.telegram.error import ApiError, bad

_SEND = {
    "chat_id": "chat",
    "message_thread_id": "int",
    "text": "str",
    "parse_mode": "str",
    "entities": "list",
    "link_preview_options": "object",
    "disable_notification": "bool",
    "protect_content": "bool",
    "allow_paid_broadcast": "bool",
    "reply_parameters": "object",
    "reply_markup": "object",
}
_COMMANDS = {"scope": "object", "language_code": "str"}
_CHAT = {"chat_id": "chat"}
_POST = {"chat_id": "chat", "message_id": "int"}

# Names and types from the Bot API reference. What the sandbox cannot act out is left out on purpose:
# a parameter it would have to ignore is refused, never accepted in silence.
METHODS: dict[str, dict[str, str]] = {
    "getMe": {},
    "getUpdates": {"offset": "int", "limit": "int", "timeout": "int", "allowed_updates": "list"},
    "setWebhook": {
        "url": "str",
        "max_connections": "int",
        "allowed_updates": "list",
        "drop_pending_updates": "bool",
        "secret_token": "str",
    },
    "deleteWebhook": {"drop_pending_updates": "bool"},
    "getWebhookInfo": {},
    "sendMessage": _SEND,
    "editMessageText": {
        **_POST,
        "text": "str",
        "parse_mode": "str",
        "entities": "list",
        "link_preview_options": "object",
        "reply_markup": "object",
    },
    "editMessageReplyMarkup": {**_POST, "reply_markup": "object"},
    "deleteMessage": _POST,
    "deleteMessages": {"chat_id": "chat", "message_ids": "list"},
    "answerCallbackQuery": {
        "callback_query_id": "str",
        "text": "str",
        "show_alert": "bool",
        "url": "str",
        "cache_time": "int",
    },
    "getChat": _CHAT,
    "getChatMember": {"chat_id": "chat", "user_id": "int"},
    "getChatMemberCount": _CHAT,
    "getChatAdministrators": _CHAT,
    "leaveChat": _CHAT,
    "sendChatAction": {"chat_id": "chat", "message_thread_id": "int", "action": "str"},
    "setMyCommands": {"commands": "list", **_COMMANDS},
    "getMyCommands": _COMMANDS,
    "deleteMyCommands": _COMMANDS,
}
BY_LOWER = {name.lower(): name for name in METHODS}  # the server ignores case in method names
_CHAT_FIRST = re.compile(rb'\{"chat_id": ?(-?[1-9][0-9]{0,17}), ?(?=")')
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0", ""})


def read(content_type: str, body: bytes, query: bytes) -> tuple[dict[str, Any], bool]:
    """The parameters as sent and whether they came as JSON; raises ApiError when the body cannot be read."""
    raw: dict[str, Any] = dict(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)) if query else {}
    if not body:
        return raw, False
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return raw | _json_object(body), True
    if kind == "application/x-www-form-urlencoded":
        try:
            return raw | dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict")), False
        except UnicodeDecodeError:
            raise bad("strings must be encoded in UTF-8") from None
    if kind == "multipart/form-data":
        return raw | _multipart(content_type, body), False
    raise bad(f"content type {kind!r} is not supported")


def _json_object(body: bytes) -> dict[str, Any]:
    """The object; what follows a chat's number is read once for all chats, and shared by what is kept of the calls."""
    found = _CHAT_FIRST.match(body)
    return {"chat_id": int(found[1])} | _read_json(b"{" + body[found.end() :]) if found else _read_json(body)


@lru_cache(maxsize=512)
def _read_json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        raise bad("can't parse JSON object") from None
    if not isinstance(value, dict):
        raise bad("JSON object expected")
    return value


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body
    )
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            raise bad("file uploads are not supported")
        payload = part.get_payload(decode=True)
        fields[str(name)] = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return fields


def coerce(method: str, raw: dict[str, Any], is_json: bool) -> dict[str, Any]:
    """Typed parameters; raises ApiError on an unknown name, a wrong type or text that is not valid Unicode."""
    kinds = METHODS[method]
    typed: dict[str, Any] = {}
    for name, value in raw.items():
        kind = kinds.get(name)
        if kind is None:
            raise bad(f'unknown parameter "{name}"')
        if value is None:
            continue
        typed[name] = _typed(name, kind, value, is_json)
    return typed


def _typed(name: str, kind: str, value: Any, is_json: bool) -> Any:
    if kind == "str":
        if not isinstance(value, str):
            raise _wrong(name, "a string")
        return _unicode(value)
    if kind == "chat":
        return _chat(value, is_json)
    if not is_json:
        return _from_form(name, kind, value)
    wanted = {"int": int, "bool": bool, "list": list, "object": dict}[kind]
    if isinstance(value, wanted) and not (kind == "int" and isinstance(value, bool)):
        return value
    if kind in ("list", "object") and isinstance(value, str):
        return _from_form(name, kind, value)  # the reference allows "a JSON-serialized object" inside JSON too
    raise _wrong(name, f"JSON {kind}")


def _chat(value: Any, is_json: bool) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value == "":
            raise bad("chat_id is empty")
        if value.startswith("@"):
            return value
        number = value.removeprefix("-")
        if number.isascii() and number.isdigit():
            if is_json:
                # The server is lenient here; the sandbox wants what the reference says, an Integer.
                raise _wrong("chat_id", "a JSON number")
            return int(value)
    raise bad("chat not found")


def _from_form(name: str, kind: str, value: Any) -> Any:
    text = str(value)
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise _wrong(name, "an integer") from None
    if kind == "bool":
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise _wrong(name, "a boolean")
    try:
        found = json.loads(text)
    except ValueError:
        raise bad(f'can\'t parse "{name}" JSON object') from None
    if not isinstance(found, list if kind == "list" else dict):
        raise _wrong(name, f"JSON {kind}")
    return found


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
    return text


def _wrong(name: str, wanted: str) -> ApiError:
    return bad(f'parameter "{name}" must be {wanted}')
