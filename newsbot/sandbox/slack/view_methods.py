"""views.*: showing a person an App Home or a modal.

Pages: docs.slack.dev/reference/methods/views.publish, views.open, views.update. A person has one modal at a time here:
views.push and stacks of modals are not offered.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack.blocks import Parsed
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.methods import Method, Params, arguments
from newsbot.sandbox.slack.views import View, check_view, start

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

_TRIGGER = re.compile(r"\d+\.\d+\.[0-9a-f]+")


def publish(world: World, params: Params) -> dict[str, Any]:
    """views.publish: the Home of one person, shown from now on."""
    arguments(params, ("user_id", "view"), ("hash",))
    user = world.slack.users.get(str(params["user_id"]))
    if user is None or user.is_bot or user.deleted or user.team != world.slack.team:
        raise SlackError("invalid_arguments", "invalid `user_id`")
    if not world.home.home_tab:
        raise SlackError("not_enabled")
    given, parsed = check_view(params["view"], "home")
    home = world.slack.homes.get(user.id)
    _same(params, home)
    _unique(world, given, home)
    if home is None:
        home = world.slack.homes[user.id] = _new(world, user.id, given, parsed)
    return _show(world, home, given, parsed)


def open_modal(world: World, params: Params) -> dict[str, Any]:
    """views.open: a modal in front of whoever caused the trigger, in place of one that is open."""
    arguments(params, ("trigger_id", "view"))
    given, parsed = check_view(params["view"], "modal")
    key = str(params["trigger_id"])
    trigger = world.slack.wire.triggers.get(key)
    if trigger is None or not _TRIGGER.fullmatch(key) or world.of(trigger.team).slack is not world.slack:
        raise SlackError("invalid_trigger_id")
    refusal = trigger.refusal(world.clock.now())
    if refusal:
        raise SlackError(refusal)
    _unique(world, given, None)
    trigger.used = True
    modal = world.slack.modals[trigger.user] = _new(world, trigger.user, given, parsed)
    return _show(world, modal, given, parsed)


def update(world: World, params: Params) -> dict[str, Any]:
    """views.update: new content for a modal that is still open."""
    arguments(params, ("view",), ("view_id", "external_id", "hash"))
    if bool(params.get("view_id")) == bool(params.get("external_id")):
        raise SlackError("invalid_arguments", "exactly one of view_id and external_id is needed")
    modal = find(world, str(params.get("view_id", "")), str(params.get("external_id", "")))
    if modal is None or modal.kind != "modal":
        raise SlackError("not_found")
    _same(params, modal)
    return replace(world, modal, params["view"])


def replace(world: World, view: View, content: object) -> dict[str, Any]:
    """Checked new content for a view, by views.update or the answer to a submission."""
    given, parsed = check_view(content, view.kind)
    _unique(world, given, view)
    return _show(world, view, given, parsed)


def find(world: World, view_id: str, external_id: str = "") -> View | None:
    """A view that somebody sees, by either id."""
    state = world.slack
    return next(
        (
            view
            for view in (*state.homes.values(), *state.modals.values())
            if view.id == view_id or (external_id and view.given.get("external_id") == external_id)
        ),
        None,
    )


def _new(world: World, user: str, given: dict[str, Any], parsed: Parsed) -> View:
    state, view_id = world.slack, f"V{secrets.token_hex(5).upper()}"
    return View(view_id, user, state.users[user].team, state.team, state.bot, given, parsed, "")


def _show(world: World, view: View, given: dict[str, Any], parsed: Parsed) -> dict[str, Any]:
    start(view, given, parsed, world.clock.now())
    view.changes += 1
    world.record.announce("views")
    return {"view": view.as_slack()}


def _same(params: Params, view: View | None) -> None:
    """A hash, where one is given, must be that of what is shown now."""
    if params.get("hash") and (view is None or view.hash != params["hash"]):
        raise SlackError("hash_conflict")


def _unique(world: World, given: Mapping[str, Any], mine: View | None) -> None:
    name = given.get("external_id", "")
    other = find(world, "", name) if name else None
    if other is not None and other is not mine:
        raise SlackError("duplicate_external_id")


VIEWS: Mapping[str, Method] = {"views.publish": publish, "views.open": open_modal, "views.update": update}
