"""An App Home or a modal: the rules for its content, what its reader entered in it, and how Slack tells of it.

Limits: docs.slack.dev/reference/views (100 blocks; title, submit and close 24; private_metadata 3,000; callback_id
255), docs.slack.dev/reference/methods/views.update (external_id 255; `view_too_large` above 250 kB).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from newsbot.sandbox.slack.blocks import Parsed, check_view_blocks
from newsbot.sandbox.slack.fields import Seen, SlackError, boolean, choice, fail, items, known, string, text_object
from newsbot.sandbox.slack.state import APP

TITLE, METADATA, CALLBACK, EXTERNAL, LARGEST = 24, 3000, 255, 255, 250_000
_NAMES = ("private_metadata", "callback_id", "external_id")
_HOME_TITLE = {"type": "plain_text", "text": "View Title", "emoji": True}  # what Slack says of a Home's title
# What an element without an answer says in `state.values`, and where its first answer comes from.
_ANSWERS: Mapping[str, tuple[str, str, object]] = {
    "plain_text_input": ("value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "multi_static_select": ("selected_options", "initial_options", []),
    "checkboxes": ("selected_options", "initial_options", []),
    "timepicker": ("selected_time", "initial_time", None),
}
Values = dict[str, dict[str, dict[str, Any]]]


@dataclass(slots=True)
class View:
    """One view in front of one person; `values` is what it holds now, entered or given.

    `team` is the person's workspace, `installed` that of the bot which shows it: in a shared channel they may differ.
    """

    id: str
    user: str
    team: str
    installed: str
    bot: str
    given: dict[str, Any]  # as the app sent it, with ids and defaults filled in
    parsed: Parsed
    hash: str
    values: Values = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # by block_id, shown beside inputs
    touched: set[tuple[str, str]] = field(default_factory=set)  # (block_id, action_id) the person changed
    changes: int = 0  # how often the app replaced its content

    @property
    def kind(self) -> str:
        """ "home" or "modal"."""
        return str(self.given["type"])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks, each with a block_id."""
        blocks: list[dict[str, Any]] = self.given["blocks"]
        return blocks

    def as_slack(self) -> dict[str, Any]:
        """The view object of answers and payloads."""
        given = self.given
        return {
            "id": self.id,
            "team_id": self.team,
            "type": self.kind,
            "blocks": self.blocks,
            **{name: given.get(name, "") for name in _NAMES},
            "state": {"values": json.loads(json.dumps(self.values))},
            "hash": self.hash,
            "title": given.get("title", _HOME_TITLE),
            "clear_on_close": given.get("clear_on_close", False),
            "notify_on_close": given.get("notify_on_close", False),
            "close": given.get("close"),
            "submit": given.get("submit"),
            "previous_view_id": None,
            "root_view_id": self.id,
            "app_id": APP,
            "app_installed_team_id": self.installed,
            "bot_id": self.bot,
        }

    def as_json(self) -> dict[str, Any]:
        """What its reader sees now, for the page and for tests."""
        told = self.as_slack()
        names = ("id", "type", "hash", "blocks", "private_metadata", "callback_id", "external_id")
        words = {name: told[name]["text"] if told[name] else "" for name in ("title", "submit", "close")}
        return {
            **{name: told[name] for name in names},
            **(dict.fromkeys(words, "") if self.kind == "home" else words),
            "user": self.user,
            "text": self.parsed.blocks,
            "buttons": self.parsed.view()["buttons"],
            "links": self.parsed.links,
            "values": self.values,
            "errors": self.errors,
            "changes": self.changes,
        }


def check_view(view: object, kind: str) -> tuple[dict[str, Any], Parsed]:
    """The view with its ids filled in and what a reader sees of it; SlackError `invalid_arguments` or `view_too_large`."""
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError as error:
            raise SlackError("invalid_arguments", "view is not JSON [json-pointer:/view]") from error
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "must be an object [json-pointer:/view]")
    if len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) > LARGEST:
        raise SlackError("view_too_large")
    filled = _filled(view)
    try:
        _frame(filled, kind)
        return filled, check_view_blocks(list(items(filled, "blocks", "/view", 1000)))
    except SlackError as error:
        # Slack words a bad view as bad arguments, where a bad message is invalid_blocks.
        raise SlackError(error.code.replace("invalid_blocks", "invalid_arguments"), error.detail) from error


def _frame(view: Mapping[str, Any], kind: str) -> None:
    """Everything of a view but its blocks."""
    choice(view, "type", "/view", (kind,))
    if kind == "home":
        known(view, "/view", ("type", "blocks"), _NAMES)
    else:
        flags = ("clear_on_close", "notify_on_close", "submit_disabled")
        known(view, "/view", ("type", "blocks", "title"), (*_NAMES, "submit", "close", *flags))
        for name in ("title", "submit", "close"):
            if name in view:
                text_object(view[name], f"/view/{name}", TITLE, Seen())
        for name in flags:
            boolean(view, name, "/view", False)
        blocks = view["blocks"] if isinstance(view["blocks"], list) else []
        if "submit" not in view and any(isinstance(one, dict) and one.get("type") == "input" for one in blocks):
            fail("/view/submit", "missing required field: submit, as there are input blocks")
    for name, most in zip(_NAMES, (METADATA, CALLBACK, EXTERNAL), strict=True):
        if name in view:
            string(view, name, "/view", most, 0)


def _filled(view: dict[str, Any]) -> dict[str, Any]:
    """A copy with the ids and flags Slack adds: without an id of its own nothing is the same after an update."""
    copy: dict[str, Any] = json.loads(json.dumps(view))
    _flags(copy)
    blocks = copy.get("blocks")
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            block.setdefault("block_id", secrets.token_urlsafe(4))
            for part in _elements(block):
                if part.get("type") != "image":
                    part.setdefault("action_id", secrets.token_urlsafe(4))
    return copy


def _flags(value: Any) -> None:
    """`emoji` on every plain text and `verbatim` on every mrkdwn text, as they come back from Slack."""
    if isinstance(value, list):
        for one in value:
            _flags(one)
    elif isinstance(value, dict):
        flag = {"plain_text": "emoji", "mrkdwn": "verbatim"}.get(str(value.get("type")))
        if flag and "text" in value:
            value.setdefault(flag, flag == "emoji")
        for one in value.values():
            _flags(one)


def _elements(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of one block, whatever else is wrong with it."""
    found = {
        "actions": block.get("elements"),
        "section": [block.get("accessory")],
        "input": [block.get("element")],
    }.get(str(block.get("type")))
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield one


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each (block, element) a person can use, in order."""
    for block in blocks:
        for one in _elements(block):
            if one["type"] != "image":
                yield block, one


def answer(element: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an untouched element says in `state.values`; None for buttons and overflow menus, which hold nothing."""
    if element["type"] not in _ANSWERS:
        return None
    key, initial, empty = _ANSWERS[element["type"]]
    return {"type": element["type"], key: element.get(initial, empty)}


def answer_key(element: Mapping[str, Any]) -> str:
    """Where the answer of such an element stands: `value`, `selected_option`, `selected_options`, `selected_time`."""
    return _ANSWERS[element["type"]][0]


def start(view: View, given: dict[str, Any], parsed: Parsed, now: float) -> None:
    """Put this content into a view. What the person entered stays where block_id, action_id and kind stay the same,
    whatever the new content begins with (docs.slack.dev/reference/views, "Preserving input entry in views")."""
    before, kept = view.values, set[tuple[str, str]]()
    view.given, view.parsed, view.hash, view.errors = given, parsed, f"{int(now)}.{secrets.token_hex(4)}", {}
    view.values = {}
    for block, one in elements(view.blocks):
        fresh, where = answer(one), (block["block_id"], one["action_id"])
        if fresh is None:
            continue
        old = before.get(where[0], {}).get(where[1])
        if old is not None and where in view.touched and old["type"] == one["type"] and _offered(one, old):
            fresh = old
            kept.add(where)
        view.values.setdefault(where[0], {})[where[1]] = fresh
    view.touched = kept


def _offered(element: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether everything chosen can still be chosen."""
    if "options" not in element:
        return True
    chosen = old[answer_key(element)]
    return all(one in element["options"] for one in (chosen if isinstance(chosen, list) else [chosen]) if one)
