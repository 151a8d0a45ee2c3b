"""What a person does in an App Home or a modal: opens it, presses, picks, types, submits, closes.

Payloads: docs.slack.dev/reference/interaction-payloads (block_actions, view_submission, view_closed) and
docs.slack.dev/reference/events/app_home_opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack import deliver
from newsbot.sandbox.slack.elements import LONGEST_INPUT
from newsbot.sandbox.slack.fields import SlackError, units
from newsbot.sandbox.slack.state import User
from newsbot.sandbox.slack.view_methods import replace
from newsbot.sandbox.slack.views import View, answer_key, elements

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

Found = tuple[dict[str, Any], dict[str, Any]]
_TOGGLES = ("checkboxes", "multi_static_select")
_BEGINS: Sequence[str] = ("placeholder", "initial_option", "initial_options", "initial_time")
_INCOMPLETE = "Please complete this required field."


async def open_home(world: World, user: User, tab: str) -> dict[str, Any]:
    """A person opens the app's Home (or its messages): the event, with the view if there is one already."""
    if user.team != world.slack.team:
        raise ValueError(f"{user.name} is of another workspace, where the app has no Home")
    now = deliver.at_work(world).clock.now()
    inner: dict[str, Any] = {"type": "app_home_opened", "user": user.id, "channel": world.slack.direct(user.id).id}
    inner |= {"tab": tab, "event_ts": f"{now:.6f}"}
    home = world.slack.homes.get(user.id)
    if tab == "home" and home is not None:
        inner["view"] = home.as_slack()
    return await deliver.event(world, inner)


def look(view: View, action_id: str = "", block_id: str = "", label: str = "", value: str = "") -> Found | None:
    """The first element that fits all that is given; `label` is a button's, an option's or an input's."""
    for block, one in elements(view.blocks):
        if (action_id and one["action_id"] != action_id) or (block_id and block["block_id"] != block_id):
            continue
        options = one.get("options", ())
        if label and label not in _labels(block, one):
            continue
        if value and value not in (one.get("value"), *(option["value"] for option in options)):
            continue
        return block, one
    return None


def _labels(block: Mapping[str, Any], one: Mapping[str, Any]) -> list[str]:
    texts = [one.get("text"), block.get("label"), *(option["text"] for option in one.get("options", ()))]
    return [text["text"] for text in texts if text]


def option_of(one: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """The option of this value or label; KeyError when it is not offered."""
    for option in one.get("options", ()):
        if wanted in (option["value"], option["text"]["text"]):
            return dict(option)
    raise KeyError(f"no option {wanted!r} in {one['action_id']}")


async def press(world: World, user: User, view: View, found: Found, wanted: str) -> dict[str, Any]:
    """A click: on a button, an overflow item, or an option, which a checkbox switches on and off."""
    one = found[1]
    if one["type"] == "button":
        return await _told(world, user, view, found, {key: one[key] for key in ("text", "value", "url") if key in one})
    option = option_of(one, wanted)
    if one["type"] == "overflow":
        return await _told(world, user, view, found, {"selected_option": option})
    if one["type"] in _TOGGLES:
        chosen = list(_state(view, found)["selected_options"])
        chosen = [other for other in chosen if other != option] if option in chosen else [*chosen, option]
        # Slack tells chosen options in the order in which they are offered.
        return await _enter(world, user, view, found, [other for other in one["options"] if other in chosen])
    return await _enter(world, user, view, found, option)


async def pick(world: World, user: User, view: View, found: Found, wanted: Any) -> dict[str, Any]:
    """Set an element as a whole: a list of options, one option (None takes it back), a time, or a text."""
    one = found[1]
    if one["type"] in ("button", "overflow"):
        raise ValueError(f"{one['action_id']} holds nothing to set; it is pressed")
    if one["type"] in _TOGGLES:
        if not isinstance(wanted, list):
            raise ValueError("values must be a list")
        chosen = [option_of(one, str(each)) for each in wanted]
        if len(chosen) > one.get("max_selected_items", len(chosen)):
            raise ValueError(f"at most {one['max_selected_items']} options")
        return await _enter(world, user, view, found, [option for option in one["options"] if option in chosen])
    if one["type"] in ("static_select", "radio_buttons"):
        return await _enter(world, user, view, found, None if wanted is None else option_of(one, str(wanted)))
    if one["type"] == "timepicker":
        hour, _, minute = str(wanted).partition(":")
        if wanted is not None and not (len(str(wanted)) == 5 and int(hour) < 24 and int(minute) < 60):
            raise ValueError("value must be HH:MM")
    elif wanted is not None and units(str(wanted)) > one.get("max_length", LONGEST_INPUT):
        raise ValueError(f"at most {one.get('max_length', LONGEST_INPUT)} characters fit in")
    return await _enter(world, user, view, found, wanted or None)


def _state(view: View, found: Found) -> dict[str, Any]:
    block, one = found
    return view.values[block["block_id"]][one["action_id"]]


async def _enter(world: World, user: User, view: View, found: Found, value: Any) -> dict[str, Any]:
    """Keep the answer; the app hears of it at once, but for an input block that does not dispatch."""
    block, one = found
    entered = {"type": one["type"], answer_key(one): value}
    view.values[block["block_id"]][one["action_id"]] = entered
    view.touched.add((block["block_id"], one["action_id"]))
    view.errors.pop(block["block_id"], None)
    world.record.announce("views")
    if block["type"] == "input" and not block.get("dispatch_action"):
        return {"acked": True, "told": False}
    initial = {key: one[key] for key in _BEGINS if key in one}
    return await _told(world, user, view, found, {**initial, **entered})


async def _told(world: World, user: User, view: View, found: Found, said: Mapping[str, Any]) -> dict[str, Any]:
    """Deliver one block_actions payload from a view: it has no channel and no response_url."""
    block, one = found
    action = {"type": one["type"], "action_id": one["action_id"], "block_id": block["block_id"], **said}
    payload = deliver.interaction(world, "block_actions", user, user.team) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.as_slack(),
        "actions": [action | {"action_ts": f"{world.clock.now():.6f}"}],
    }
    ack = await deliver.send(world, "interactive", payload)
    out = {"acked": ack.acked, "told": True, "action_id": one["action_id"], "url": one.get("url", "")}
    return out if ack.acked else out | {"reason": ack.reason}


def missing(view: View) -> dict[str, str]:
    """What Slack's own client says beside inputs before it lets a modal be submitted, by block_id."""
    found = {}
    for block, one in elements(view.blocks):
        if block["type"] != "input":
            continue
        value = view.values[block["block_id"]][one["action_id"]][answer_key(one)]
        if not value and not block.get("optional"):
            found[block["block_id"]] = _INCOMPLETE
        elif value and units(str(value)) < one.get("min_length", 0):
            found[block["block_id"]] = f"At least {one['min_length']} characters are needed."
    return found


async def submit(world: World, user: User, modal: View) -> dict[str, Any]:
    """The person presses the modal's submit button; what the app answers decides what is shown next."""
    if "submit" not in modal.given:
        raise ValueError("this modal has no submit button")
    if modal.given.get("submit_disabled"):
        raise ValueError("this modal's submit button is disabled")
    modal.errors = missing(modal)
    if modal.errors:
        world.record.announce("views")
        return {"acked": False, "reason": "incomplete", "errors": modal.errors}
    payload = deliver.interaction(world, "view_submission", user, user.team)
    payload |= {"view": modal.as_slack(), "response_urls": []}
    ack = await deliver.send(world, "interactive", payload)
    if not ack.acked:
        return {"acked": False, "reason": ack.reason}  # the modal stays; Slack offers to try again
    out: dict[str, Any] = {"acked": True, "reply": ack.payload}
    try:
        out["shows"] = _answered(world, modal, ack.payload or {})
    except SlackError as error:
        world.record.note("slack_reply_refused", error=error.code, detail=error.detail)
        out |= {"error": error.code, "detail": error.detail}
    if modal.errors:
        out["errors"] = modal.errors
    world.record.announce("views")
    return out


def _answered(world: World, modal: View, said: Mapping[str, Any]) -> str:
    """Do what the answer to a submission says: "closed", "errors" or "updated".

    Page: docs.slack.dev/surfaces/modals#response_actions.
    """
    action = said.get("response_action")
    if (not said or action == "clear") and set(said) <= {"response_action"}:
        world.slack.modals.pop(modal.user, None)
        return "closed"
    if action == "update" and set(said) == {"response_action", "view"}:
        replace(world, modal, said["view"])
        return "updated"
    if action == "errors" and set(said) == {"response_action", "errors"}:
        modal.errors = _errors(modal, said["errors"])
        return "errors"
    raise SlackError("invalid_arguments", f"not an answer to a submission here: {', '.join(map(str, said))}")


def _errors(modal: View, errors: object) -> dict[str, str]:
    """Errors by the block_id of an input block; Slack shows none of them when one names another block."""
    inputs: Sequence[str] = [block["block_id"] for block in modal.blocks if block["type"] == "input"]
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_arguments", "errors must be an object of block_id and message")
    for block_id, words in errors.items():
        if block_id not in inputs:
            raise SlackError("invalid_arguments", f"errors: no input block {block_id}")
        if not isinstance(words, str) or not words:
            raise SlackError("invalid_arguments", f"errors/{block_id}: a message is needed")
    return dict(errors)


async def close(world: World, user: User, modal: View) -> dict[str, Any]:
    """The person closes the modal; the app hears of it where it asked to."""
    world.slack.modals.pop(modal.user, None)
    world.record.announce("views")
    if not modal.given.get("notify_on_close"):
        return {"acked": True, "told": False}
    payload = deliver.interaction(world, "view_closed", user, user.team)
    payload |= {"view": modal.as_slack(), "is_cleared": False}
    ack = await deliver.send(world, "interactive", payload)
    return {"acked": ack.acked, "told": True} | ({} if ack.acked else {"reason": ack.reason})
