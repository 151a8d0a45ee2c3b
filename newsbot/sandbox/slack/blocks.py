"""Strict check of what chat.postMessage and chat.update are given, and what a reader will see of it.

An independent oracle: it imports nothing of the product. Unknown parameters, blocks, elements and fields are
errors, never a friendly ok. Lengths are counted in UTF-16 units (see slack_fields). Sources of the numbers:
docs.slack.dev/reference/block-kit/blocks (50 blocks; header 150; section 3000, fields 10 x 2000; context and
actions 10 and 25 elements; image 3000, 2000, 2000; ids 255), docs.slack.dev/reference/methods/chat.postMessage
(text 40,000) and chat.update (4,000), github.com/slackapi/bolt-js/issues/2509 (13,200 characters of blocks JSON).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from newsbot.sandbox.slack.elements import (
    ACCESSORIES,
    ACTIONS,
    INPUTS,
    VIEW_ACCESSORIES,
    VIEW_ACTIONS,
    element,
    image,
)
from newsbot.sandbox.slack.fields import (
    Press,
    Seen,
    SlackError,
    boolean,
    fail,
    image_url,
    items,
    known,
    mapping,
    string,
    text_object,
    units,
)
from newsbot.sandbox.slack.mrkdwn import Mentions, render
from newsbot.sandbox.slack.rich import rich_text

__all__ = [
    "Mentions",
    "Parsed",
    "Press",
    "SlackError",
    "check_post",
    "check_response",
    "check_update",
    "check_view_blocks",
]

POST_TEXT, UPDATE_TEXT, BLOCKS, BLOCKS_JSON, ATTACHMENTS = 40_000, 4_000, 50, 13_200, 100
VIEW_BLOCKS = 100  # docs.slack.dev/reference/views
METADATA_JSON = 8_000  # assumed: Slack names the error (metadata_too_large) but no number
_TS = re.compile(r"\d{10}\.\d{6}")
_COLOR = re.compile(r"good|warning|danger|#?[0-9a-fA-F]{6}")
_SHARED = frozenset(
    {"token", "channel", "text", "blocks", "attachments", "metadata", "link_names", "parse", "markdown_text"}
)
_PLACES = ("channel", "thread_ts", "token")
_POST = _SHARED | {"thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn", "client_msg_id"}
_UPDATE = _SHARED | {"ts", "reply_broadcast"}
_RESPONSE = (_SHARED - {"token", "channel"}) | {
    *("response_type", "replace_original", "delete_original", "thread_ts", "unfurl_links", "unfurl_media", "mrkdwn"),
}
_IDENTITY = {"username", "icon_emoji", "icon_url"}
_BOOLEANS = (
    "link_names",
    "reply_broadcast",
    "unfurl_links",
    "unfurl_media",
    "mrkdwn",
    "replace_original",
    "delete_original",
)


@dataclass(slots=True)
class Parsed:
    """What a reader sees. `links` are (url, label) as shown; `mentions` also counts the notification text,
    `blocks` has one plain text per block (buttons in brackets), `plain` leaves buttons and pictures out."""

    plain: str = ""
    blocks: list[str] = field(default_factory=list)
    notification: str = ""
    first_block_text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    mentions: Mentions = field(default_factory=Mentions)
    styled: list[tuple[str, str]] = field(default_factory=list)
    emoji: list[str] = field(default_factory=list)
    buttons: list[Press] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    metadata: Mapping[str, Any] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    """The arguments it was made of, without those that say where it goes; shared like all the rest: not to be changed."""
    _view: dict[str, Any] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """What a page draws from, as plain JSON values."""
        if not self._view:
            hidden = ("plain", "given", "_view")
            self._view = {name: value for name, value in asdict(self).items() if name not in hidden}
        return self._view


def check_post(params: Mapping[str, Any]) -> Parsed:
    """What readers of a chat.postMessage or chat.postEphemeral see; `channel` itself is the method's business."""
    _stamp(params, "thread_ts")
    if params.get("reply_broadcast") and "thread_ts" not in params:
        raise SlackError("invalid_arguments", "reply_broadcast needs thread_ts")
    return _cached(json.dumps({key: value for key, value in params.items() if key not in _PLACES}), _POST, POST_TEXT)


def check_update(params: Mapping[str, Any]) -> Parsed:
    """What readers see after a chat.update; text alone means the old blocks are gone."""
    _stamp(params, "ts")
    return _check(params, _UPDATE, UPDATE_TEXT)


def check_response(params: Mapping[str, Any]) -> Parsed:
    """What the answer to a command, or a post to its response_url, shows.

    Fields: docs.slack.dev/interactivity/handling-user-interaction#message_responses.
    """
    if params.get("response_type", "ephemeral") not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_arguments", "response_type must be ephemeral or in_channel")
    return _check(params, _RESPONSE, POST_TEXT)


def check_view_blocks(blocks: list[Any]) -> Parsed:
    """What the reader of an App Home or a modal with these blocks sees; pointers begin with /view."""
    out, seen = Parsed(), Seen(in_view=True)
    out.plain = _blocks(blocks, "/view/blocks", seen, out)
    out.mentions, out.links, out.styled, out.emoji = seen.mentions, seen.links, seen.styled, seen.emoji
    out.buttons, out.images = seen.buttons, seen.images
    return out


def _stamp(params: Mapping[str, Any], key: str) -> None:
    """A message's ts is a string key, never a number: a float would lose its last digits."""
    if key in params and not (isinstance(params[key], str) and _TS.fullmatch(params[key])):
        raise SlackError("invalid_arguments", f"{key} must be a string like 1720742580.000100")


@lru_cache(maxsize=512)
def _cached(params: str, allowed: frozenset[str], most: int) -> Parsed:
    """One story goes to many channels: it is checked once."""
    return _check(json.loads(params), allowed, most)


def _check(params: Mapping[str, Any], allowed: frozenset[str], most: int) -> Parsed:
    _arguments(params, allowed)
    text = params.get("text", "")
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", "text must be a string")
    if units(text) > most:
        raise SlackError("msg_too_long", f"text has {units(text)} characters, {most} allowed")
    blocks = _decoded(params, "blocks", "invalid_blocks_format")
    attachments = _decoded(params, "attachments", "invalid_attachments")
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    out = Parsed(metadata=_metadata(params), given=params)
    seen = Seen()
    names = bool(params.get("link_names")) or params.get("parse") == "full"
    note = render(text, marks=params.get("mrkdwn", True), names=names)
    plain = _blocks(blocks, "/blocks", seen, out) if blocks else ""
    if blocks:
        out.mentions.add(note.mentions)
    else:
        plain = seen.take(note)
    out.notification = note.plain or plain.partition("\n")[0]
    out.plain = "\n".join([plain, *_attachments(attachments, seen)]) if attachments else plain
    out.mentions.add(seen.mentions)
    out.links, out.styled, out.emoji = seen.links, seen.styled, seen.emoji
    out.buttons, out.images = seen.buttons, seen.images
    out.first_block_text = out.blocks[0] if out.blocks else ""
    return out


def _arguments(params: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """Refuse arguments nobody documents, and documented ones the sandbox cannot judge."""
    for key in params:
        if key in _IDENTITY:
            raise SlackError("missing_scope", f"{key} needs chat:write.customize")
        if key not in allowed:
            raise SlackError("invalid_arguments", f"unknown argument: {key}")
    if "markdown_text" in params:
        if params.get("text") or params.get("blocks"):
            raise SlackError("markdown_text_conflict")
        raise SlackError("invalid_arguments", "markdown_text: how Slack escapes it is unknown, so it is not offered")
    for key in _BOOLEANS:
        if key in params and not isinstance(params[key], bool):
            raise SlackError("invalid_arguments", f"{key} must be a boolean")
    if params.get("parse", "none") not in ("none", "full"):
        raise SlackError("invalid_arguments", "parse must be none or full")


def _decoded(params: Mapping[str, Any], key: str, code: str) -> list[Any]:
    """The list under `key`, which Slack also takes as a JSON string."""
    value = params.get(key, [])
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise SlackError(code, f"{key} is not JSON") from error
    if not isinstance(value, list):
        raise SlackError(code, f"{key} must be an array")
    return value


def _metadata(params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The message's metadata, `{}` to clear it, or None where none is given."""
    value = params.get("metadata")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise SlackError("invalid_metadata_format", "not JSON") from error
    if value is None or value == {}:
        return value
    if not isinstance(value, dict) or set(value) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format", "needs exactly event_type and event_payload")
    kind, payload = value["event_type"], value["event_payload"]
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format", "event_type is a string, event_payload an object")
    try:
        size = units(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError as error:
        raise SlackError("invalid_metadata_format", "NaN and infinity are not JSON") from error
    if size > METADATA_JSON:
        raise SlackError("metadata_too_large")
    return value


def _blocks(blocks: list[Any], at: str, seen: Seen, out: Parsed) -> str:
    """Check each block; its plain text goes to `out.blocks`, the text-bearing ones are returned joined."""
    most, kinds = (VIEW_BLOCKS, _VIEW_KINDS) if seen.in_view else (BLOCKS, _KINDS)
    if len(blocks) > most:
        fail(at, f"no more than {most} items allowed, found {len(blocks)}")
    ids: set[str] = set()
    shown = []
    for index, value in enumerate(blocks):
        where = f"{at}/{index}"
        block = mapping(value, where)
        kind = block.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            fail(f"{where}/type", f"unsupported type: {kind}")
        seen.block_id = f"b{index}"
        if "block_id" in block:
            seen.block_id = string(block, "block_id", where, 255)
            if seen.block_id in ids:
                fail(f"{where}/block_id", f"`block_id` {seen.block_id} already exists")
        ids.add(seen.block_id)
        seen.action_ids = set()
        text = kinds[kind](block, where, seen)
        out.blocks.append(text)
        if text and kind not in ("actions", "image"):
            shown.append(text)
    size = units(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    if size > BLOCKS_JSON and not seen.in_view:
        raise SlackError("msg_blocks_too_long", f"blocks are {size} characters of JSON, {BLOCKS_JSON} allowed")
    return "\n".join(shown)


def _attachments(attachments: list[Any], seen: Seen) -> list[str]:
    """Attachments only as a colour bar around blocks, the one use that is not legacy."""
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    lines = []
    for index, value in enumerate(attachments):
        at = f"/attachments/{index}"
        attachment = mapping(value, at)
        known(attachment, at, ("blocks",), ("color", "fallback"))
        if not _COLOR.fullmatch(str(attachment.get("color", "good"))):
            fail(f"{at}/color", "must be good, warning, danger or a hex colour")
        lines.append(_blocks(list(items(attachment, "blocks", at, BLOCKS)), f"{at}/blocks", seen, Parsed()))
    return lines


def _header(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(block, at, ("type", "text"), ("block_id", "level"))
    return text_object(block["text"], f"{at}/text", 150, seen)


def _section(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(block, at, ("type",), ("block_id", "text", "fields", "accessory", "expand"))
    if "text" not in block and "fields" not in block:
        fail(at, "missing required field: text or fields")
    boolean(block, "expand", at, False)
    lines = []
    if "text" in block:
        lines.append(text_object(block["text"], f"{at}/text", 3000, seen, mrkdwn=True))
    if "fields" in block:
        for index, value in enumerate(items(block, "fields", at, 10)):
            lines.append(text_object(value, f"{at}/fields/{index}", 2000, seen, mrkdwn=True))
    if "accessory" in block:
        element(block["accessory"], f"{at}/accessory", seen, VIEW_ACCESSORIES if seen.in_view else ACCESSORIES)
    return "\n".join(lines)


def _divider(block: Mapping[str, Any], at: str, seen: Seen) -> str:  # noqa: ARG001  one signature for all
    known(block, at, ("type",), ("block_id",))
    return ""


def _image(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(block, at, ("type", "image_url", "alt_text"), ("block_id", "title"))
    alt = string(block, "alt_text", at, 2000)
    seen.images.append((image_url(block, at), alt))
    return text_object(block["title"], f"{at}/title", 2000, seen) if "title" in block else alt


def _context(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(block, at, ("type", "elements"), ("block_id",))
    words = []
    for index, value in enumerate(items(block, "elements", at, 10)):
        where = f"{at}/elements/{index}"
        if isinstance(value, dict) and value.get("type") == "image":
            image(value, where, seen)
        else:
            words.append(text_object(value, where, 3000, seen, mrkdwn=True))
    return " ".join(words)


def _actions(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    known(block, at, ("type", "elements"), ("block_id",))
    before = len(seen.buttons)
    for index, value in enumerate(items(block, "elements", at, 25)):
        element(value, f"{at}/elements/{index}", seen, VIEW_ACTIONS if seen.in_view else ACTIONS)
    return " ".join(f"[{press.label}]" for press in seen.buttons[before:])


def _input(block: Mapping[str, Any], at: str, seen: Seen) -> str:
    """docs.slack.dev/reference/block-kit/blocks/input-block: label and hint 2000; shown by its label."""
    known(block, at, ("type", "label", "element"), ("block_id", "dispatch_action", "hint", "optional"))
    label = text_object(block["label"], f"{at}/label", 2000, seen)
    if "hint" in block:
        text_object(block["hint"], f"{at}/hint", 2000, seen)
    for key in ("dispatch_action", "optional"):
        boolean(block, key, at, False)
    element(block["element"], f"{at}/element", seen, INPUTS)
    return label


_KINDS: Mapping[str, Callable[[Mapping[str, Any], str, Seen], str]] = {
    "header": _header,
    "section": _section,
    "divider": _divider,
    "image": _image,
    "context": _context,
    "actions": _actions,
    "rich_text": rich_text,
}
_VIEW_KINDS = {**_KINDS, "input": _input}
