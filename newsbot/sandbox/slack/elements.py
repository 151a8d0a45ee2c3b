"""Buttons, menus and pictures inside blocks (docs.slack.dev/reference/block-kit/block-elements).

Limits: button text 75, value 2000, url 3000, action_id 255, option text 75 and value 150, 100 options (5 in an
overflow menu, 10 in checkboxes and radio buttons), confirm title 100, text 300, answers 30, image_url 3000,
alt_text 2000, text input 3000, placeholder 150: slack_sdk 3.47 models and Slack's element pages.
Text inputs and time pickers stand in views alone here: nobody can fill one in on a message of the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from newsbot.sandbox.slack.fields import (
    Press,
    Seen,
    boolean,
    choice,
    fail,
    image_url,
    integer,
    items,
    known,
    mapping,
    string,
    text_object,
    web_url,
    zone_known,
)

_MENU_SIZE = {"overflow": 5, "checkboxes": 10, "radio_buttons": 10, "static_select": 100, "multi_static_select": 100}
LONGEST_INPUT = 3000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DISPATCH = ("on_enter_pressed", "on_character_entered")
_INITIAL = {"checkboxes": "initial_options", "multi_static_select": "initial_options"}


def element(value: object, at: str, seen: Seen, allowed: Mapping[str, Callable[..., None]] | None = None) -> None:
    """Check one interactive element or picture and note what a reader can press."""
    obj = mapping(value, at)
    among = ELEMENTS if allowed is None else allowed
    among[choice(obj, "type", at, among)](obj, at, seen)


def image(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    """A picture inside a section or context; alt text is required."""
    known(obj, at, ("type", "image_url", "alt_text"))
    seen.images.append((image_url(obj, at), string(obj, "alt_text", at, 2000)))


def _action_id(obj: Mapping[str, Any], at: str, seen: Seen) -> str:
    """The element's action_id, unique inside its block."""
    if "action_id" not in obj:
        return ""
    action = string(obj, "action_id", at, 255)
    if action in seen.action_ids:
        fail(f"{at}/action_id", f"`action_id` {action} already exists in this block")
    seen.action_ids.add(action)
    return action


def _confirm(obj: Mapping[str, Any], at: str) -> None:
    if "confirm" not in obj:
        return
    where = f"{at}/confirm"
    confirm = mapping(obj["confirm"], where)
    known(confirm, where, ("title", "text", "confirm", "deny"), ("style",))
    unseen = Seen()
    text_object(confirm["title"], f"{where}/title", 100, unseen)
    text_object(confirm["text"], f"{where}/text", 300, unseen, mrkdwn=True)
    text_object(confirm["confirm"], f"{where}/confirm", 30, unseen)
    text_object(confirm["deny"], f"{where}/deny", 30, unseen)
    if "style" in confirm:
        choice(confirm, "style", where, ("primary", "danger"))


def _focus(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    """Only one element of a view may take the cursor when it opens."""
    if boolean(obj, "focus_on_load", at, False):
        if seen.focused:
            fail(f"{at}/focus_on_load", "only one element can be focused on load")
        seen.focused = True


def _placeholder(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    if "placeholder" in obj:
        text_object(obj["placeholder"], f"{at}/placeholder", 150, seen)


def _button(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    known(obj, at, ("type", "text"), ("action_id", "url", "value", "style", "confirm", "accessibility_label"))
    label = text_object(obj["text"], f"{at}/text", 75, seen)
    url = web_url(obj, "url", at) if "url" in obj else ""
    value = string(obj, "value", at, 2000) if "value" in obj else ""
    if "style" in obj:
        choice(obj, "style", at, ("primary", "danger"))
    if "accessibility_label" in obj:
        string(obj, "accessibility_label", at, 75)
    _confirm(obj, at)
    if url:
        seen.links.append((url, label))
    seen.buttons.append(Press(label, _action_id(obj, at, seen), seen.block_id, "button", value, url))


def _option(value: object, at: str, kind: str) -> tuple[str, str]:
    """An option's label and value."""
    option = mapping(value, at)
    known(option, at, ("text", "value"), ("description", "url") if kind == "overflow" else ("description",))
    rich = kind in ("checkboxes", "radio_buttons")
    label = text_object(option["text"], f"{at}/text", 75, Seen(), mrkdwn=rich)
    if "description" in option:
        text_object(option["description"], f"{at}/description", 75, Seen(), mrkdwn=rich)
    if "url" in option:
        web_url(option, "url", at)
    return label, string(option, "value", at, 150)


def _menu(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    """Any element with options; each option can be pressed by its label."""
    kind: str = obj["type"]
    may = {"action_id", "confirm", "focus_on_load"}
    if kind.endswith("select"):
        may |= {"placeholder"} | ({"max_selected_items"} if kind.startswith("multi") else set())
    initial = "" if kind == "overflow" else _INITIAL.get(kind, "initial_option")
    known(obj, at, ("type", "options"), may | ({initial} if initial else set()))
    _focus(obj, at, seen)
    options = items(obj, "options", at, _MENU_SIZE[kind])
    offered = [_option(value, f"{at}/options/{index}", kind) for index, value in enumerate(options)]
    if len({value for _, value in offered}) < len(offered):
        fail(f"{at}/options", "option values must be unique")
    if initial in obj:
        chosen = obj[initial] if initial == "initial_options" else [obj[initial]]
        if not isinstance(chosen, list) or not chosen or any(one not in options for one in chosen):
            fail(f"{at}/{initial}", "must exactly match one of the options")
    if "max_selected_items" in obj and integer(obj, "max_selected_items", at, 1, 100) < len(obj.get(initial, ())):
        fail(f"{at}/{initial}", "more than max_selected_items")
    _placeholder(obj, at, seen)
    _confirm(obj, at)
    action = _action_id(obj, at, seen)
    seen.buttons += [Press(label, action, seen.block_id, kind, value) for label, value in offered]


def _text_input(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    """A line or box to type into; its limits hold for what it begins with, too."""
    may = ("action_id", "placeholder", "initial_value", "multiline", "min_length", "max_length", "focus_on_load")
    known(obj, at, ("type",), (*may, "dispatch_action_config"))
    least = integer(obj, "min_length", at, 0, LONGEST_INPUT) if "min_length" in obj else 0
    most = integer(obj, "max_length", at, 1, LONGEST_INPUT) if "max_length" in obj else LONGEST_INPUT
    if least > most:
        fail(f"{at}/min_length", "must not be more than max_length")
    if "initial_value" in obj:
        string(obj, "initial_value", at, most, least)
    boolean(obj, "multiline", at, False)
    _placeholder(obj, at, seen)
    _focus(obj, at, seen)
    if "dispatch_action_config" in obj:
        where = f"{at}/dispatch_action_config"
        config = mapping(obj["dispatch_action_config"], where)
        known(config, where, ("trigger_actions_on",))
        for index, value in enumerate(items(config, "trigger_actions_on", where, len(_DISPATCH))):
            if value not in _DISPATCH:
                fail(f"{where}/trigger_actions_on/{index}", f"must be one of: {', '.join(sorted(_DISPATCH))}")
    _action_id(obj, at, seen)


def _time_picker(obj: Mapping[str, Any], at: str, seen: Seen) -> None:
    """A time of day, HH:mm in 24 hours."""
    known(obj, at, ("type",), ("action_id", "initial_time", "timezone", "placeholder", "confirm", "focus_on_load"))
    if "initial_time" in obj and not _TIME.fullmatch(string(obj, "initial_time", at, 5)):
        fail(f"{at}/initial_time", "must be in the format HH:mm")
    if "timezone" in obj and not zone_known(string(obj, "timezone", at, 255)):
        fail(f"{at}/timezone", "must be an IANA time zone")
    _placeholder(obj, at, seen)
    _focus(obj, at, seen)
    _confirm(obj, at)
    _action_id(obj, at, seen)


_Check = Callable[[Mapping[str, Any], str, Seen], None]

ELEMENTS: Mapping[str, _Check] = {
    "button": _button,
    "overflow": _menu,
    "static_select": _menu,
    "multi_static_select": _menu,
    "checkboxes": _menu,
    "radio_buttons": _menu,
}
ACCESSORIES: Mapping[str, _Check] = {**ELEMENTS, "image": image}
ACTIONS: Mapping[str, _Check] = {kind: check for kind, check in ELEMENTS.items() if kind != "multi_static_select"}
VIEW_ACCESSORIES: Mapping[str, _Check] = {**ACCESSORIES, "timepicker": _time_picker}
VIEW_ACTIONS: Mapping[str, _Check] = {**ACTIONS, "timepicker": _time_picker}
INPUTS: Mapping[str, _Check] = {
    **{kind: check for kind, check in ELEMENTS.items() if kind not in ("button", "overflow")},
    "plain_text_input": _text_input,
    "timepicker": _time_picker,
}
