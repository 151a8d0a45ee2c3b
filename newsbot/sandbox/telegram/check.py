"""The rules for one message or edit, without any state: what Telegram accepts, and what a reader then gets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from newsbot.sandbox.telegram.entities import Content, piece, read_content
from newsbot.sandbox.telegram.error import ApiError, bad
from newsbot.sandbox.telegram.links import Entity, auto_entities, checked_link, utf16
from newsbot.sandbox.telegram.params import coerce

__all__ = ["ApiError", "Parsed", "auto_entities", "check_edit", "check_markup", "check_send"]

MAX_BUTTONS = 100  # undocumented; named by python-telegram-bot
MAX_ROW = 8  # same source
MAX_CALLBACK_DATA = 64  # bytes; Bot API InlineKeyboardButton: 1-64 bytes
MAX_PLACEHOLDER = 64  # Bot API ForceReply: 1-64 characters
MAX_COPY_TEXT = 256  # Bot API CopyTextButton: 1-256 characters
_ACTIONS = frozenset({"url", "callback_data", "copy_text", "switch_inline_query", "switch_inline_query_current_chat"})
_BUTTON = _ACTIONS | {"text", "style", "icon_custom_emoji_id"}
_STYLES = frozenset({"danger", "success", "primary"})  # Bot API 9.4
_PREVIEW = {
    "is_disabled": bool,
    "url": str,
    "prefer_small_media": bool,
    "prefer_large_media": bool,
    "show_above_text": bool,
}
_SIZES = ("prefer_small_media", "prefer_large_media")
_FORCE = {"force_reply": bool, "input_field_placeholder": str, "selective": bool}
_REPLY = {"message_id": int, "allow_sending_without_reply": bool}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message that passed, as its reader gets it."""

    text: str
    entities: tuple[Entity, ...]  # written by the sender
    auto: tuple[Entity, ...]  # links, mentions, hashtags and commands that Telegram adds by itself
    preview_url: str | None  # the page whose card is shown, None without a card
    preview: dict[str, Any]  # link_preview_options as sent
    buttons: list[list[dict[str, Any]]]
    warnings: tuple[str, ...]  # what the real server would drop without an error
    thread: int | None = None
    silent: bool = False
    protected: bool = False
    paid: bool = False
    reply_to: int | None = None
    reply_optional: bool = False
    asks: str | None = None  # the placeholder of a forced reply, None where none is forced

    @property
    def all_entities(self) -> list[Entity]:
        """Everything a reader sees or can tap, in order of the text."""
        return sorted((*self.entities, *self.auto), key=lambda e: (e["offset"], -e["length"]))

    @property
    def links(self) -> list[str]:
        """Every address a reader can open, in order of the text; then those of buttons."""
        found = [e["url"] if e["type"] == "text_link" else piece(self.text, e) for e in self._of("text_link", "url")]
        return found + [button["url"] for row in self.buttons for button in row if "url" in button]

    @property
    def mentions(self) -> list[str]:
        """Everyone who would be called by this message: "@name" or a user id."""
        return [
            str(e["user"]["id"]) if e["type"] == "text_mention" else piece(self.text, e)
            for e in self._of("text_mention", "mention")
        ]

    def _of(self, *kinds: str) -> list[Entity]:
        return [e for e in self.all_entities if e["type"] in kinds]

    def view(self) -> dict[str, Any]:
        """What the page and the record need to draw it."""
        view: dict[str, Any] = {"entities": self.all_entities}
        if self.preview_url:
            # A size is only obeyed beside an own url (Bot API LinkPreviewOptions).
            sizes = set() if self.preview.get("url") else set(_SIZES)
            view["preview"] = {k: v for k, v in self.preview.items() if k not in sizes} | {"url": self.preview_url}
        if self.buttons:
            view["buttons"] = self.buttons
        if self.reply_to is not None:
            view["reply_to"] = self.reply_to
        if self.asks is not None:
            view["asks"] = self.asks
        if self.warnings:
            view["warnings"] = list(self.warnings)
        return view


def check_send(params: dict[str, Any], is_json: bool = True, coerced: bool = False) -> Parsed:
    """What a `sendMessage` with these parameters shows; raises ApiError with the server's words."""
    if not coerced:
        params = coerce("sendMessage", params, is_json)
    if "chat_id" not in params:
        raise bad("chat_id is empty")
    content = _content(params)
    reply = _fields("reply_parameters", params.get("reply_parameters", {}), _REPLY)
    if reply and "message_id" not in reply:
        raise bad("can't parse reply parameters: Can't find field \"message_id\"")
    preview, url = _preview(content, params.get("link_preview_options", {}))
    markup = params.get("reply_markup") or {}
    asks = _check_force_reply(markup) if "force_reply" in markup else None
    return Parsed(
        content.text,
        content.entities,
        content.auto,
        url,
        preview,
        check_markup(markup) if asks is None else [],
        content.warnings + _preview_warnings(preview),
        params.get("message_thread_id"),
        params.get("disable_notification", False),
        params.get("protect_content", False),
        params.get("allow_paid_broadcast", False),
        reply.get("message_id"),
        reply.get("allow_sending_without_reply", False),
        asks,
    )


def check_edit(params: dict[str, Any], is_json: bool = True, coerced: bool = False) -> Parsed:
    """What an `editMessageText` with these parameters shows; raises ApiError with the server's words."""
    if not coerced:
        params = coerce("editMessageText", params, is_json)
    if "chat_id" not in params:
        raise bad("chat_id is empty")
    if "message_id" not in params:
        raise bad("message identifier is not specified")
    content = _content(params)
    preview, url = _preview(content, params.get("link_preview_options", {}))
    buttons = check_markup(params.get("reply_markup"))
    warnings = content.warnings + _preview_warnings(preview)
    return Parsed(content.text, content.entities, content.auto, url, preview, buttons, warnings)


def _content(params: dict[str, Any]) -> Content:
    text = params.get("text", "")
    if not text:
        raise bad("message text is empty")
    entities = params.get("entities")
    return read_content(text, params.get("parse_mode", ""), json.dumps(entities) if entities else "")


def _fields(name: str, value: dict[str, Any], known: dict[str, type]) -> dict[str, Any]:
    for field, found in value.items():
        if field not in known:
            raise bad(f'unknown field "{field}" in "{name}"')
        wanted = known[field]
        if not isinstance(found, wanted) or (wanted is int and isinstance(found, bool)):
            raise bad(f'can\'t parse {name}: Field "{field}" must be of type {_TYPES[wanted]}')
    return value


_TYPES: dict[type, str] = {bool: "Boolean", str: "String", int: "Number"}


def _preview(content: Content, options: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The options and the page whose card appears: the given `url`, else the first link of the text."""
    _fields("link_preview_options", options, _PREVIEW)
    if options.get("is_disabled"):
        return options, None
    given = options.get("url")
    if given:
        if checked_link(given) is None:
            # The server shows no card for such an address; a sender that names one has a bug.
            raise bad("wrong link preview URL specified")
        return options, given
    first = [e for e in (*content.entities, *content.auto) if e["type"] in ("text_link", "url")]
    if not first:
        return options, None
    entity = min(first, key=lambda e: e["offset"])
    return options, entity.get("url") or checked_link(piece(content.text, entity))


def _preview_warnings(options: dict[str, Any]) -> tuple[str, ...]:
    """What the server takes without a word although it changes nothing, or leaves to each client."""
    wished = [name for name in _SIZES if options.get(name)]
    if wished and not options.get("url"):
        return (f"{wished[0]} is ignored without an own url",)
    if len(wished) > 1:
        return ("prefer_small_media and prefer_large_media together: each client chooses",)
    return ()


def _check_force_reply(markup: dict[str, Any]) -> str:
    """The placeholder in the reader's text field, "" without one; raises ApiError on a wrong ForceReply."""
    _fields("force_reply", markup, _FORCE)
    if not markup["force_reply"]:
        raise bad("can't parse reply keyboard markup: force_reply must be True")
    words: str = markup.get("input_field_placeholder", "")
    if "input_field_placeholder" in markup and not 1 <= utf16(words) <= MAX_PLACEHOLDER:
        raise bad("can't parse reply keyboard markup: placeholder must be 1-64 characters")
    return words


def check_markup(markup: dict[str, Any] | None) -> list[list[dict[str, Any]]]:
    """Rows of inline buttons; raises ApiError on a wrong one. Other keyboards are refused."""
    if not markup:
        return []
    if set(markup) != {"inline_keyboard"}:
        raise bad("only inline_keyboard is supported as reply markup")
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('can\'t parse inline keyboard: Field "inline_keyboard" must be of type Array')
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad("REPLY_MARKUP_TOO_LONG")
    for row in rows:
        if len(row) > MAX_ROW:
            raise bad(f"more than {MAX_ROW} buttons in a row")
        for button in row:
            _check_button(button)
    return [row for row in rows if row]


def _check_button(button: Any) -> None:
    prefix = "can't parse inline keyboard button"
    if not isinstance(button, dict):
        raise bad(f"{prefix}: InlineKeyboardButton must be an Object")
    unknown = set(button) - _BUTTON
    if unknown:
        raise bad(f'{prefix}: unknown field "{min(unknown)}"')
    text = button.get("text")
    if text is None:
        raise bad(f'{prefix}: Can\'t find field "text"')
    if not isinstance(text, str):
        raise bad(f'{prefix}: Field "text" must be of type String')
    if not text.strip():
        raise bad("BUTTON_TEXT_INVALID")
    actions = _ACTIONS & set(button)
    if not actions:
        raise bad(f"{prefix}: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        # Reference: "Exactly one of the fields other than text, icon_custom_emoji_id, and style must be used".
        raise bad(f"{prefix}: exactly one action is allowed")
    if button.get("style", "primary") not in _STYLES:
        raise bad(f"{prefix}: invalid button style specified")
    _check_action(button)


def _check_action(button: dict[str, Any]) -> None:
    data, url, copy = button.get("callback_data"), button.get("url"), button.get("copy_text")
    if data is not None and not (isinstance(data, str) and 1 <= len(data.encode()) <= MAX_CALLBACK_DATA):
        raise bad("BUTTON_DATA_INVALID")
    if url is not None and (not isinstance(url, str) or checked_link(url) is None):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if copy is not None:
        words = copy.get("text") if isinstance(copy, dict) else None
        if not isinstance(words, str) or not 1 <= len(words) <= MAX_COPY_TEXT:
            raise bad("BUTTON_COPY_TEXT_INVALID")
