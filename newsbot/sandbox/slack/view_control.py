"""The strings people pull in an App Home or a modal, and what they see there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack import people
from newsbot.sandbox.slack.fields import zone_known
from newsbot.sandbox.slack.state import OTHER_TEAM, User
from newsbot.sandbox.slack.views import View

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

Control = Callable[["World", dict[str, Any]], Awaitable[dict[str, Any]]]
_WHICH = ("user", "view", "action_id", "block_id", "button", "value")
PERSON = ("is_admin", "is_restricted", "is_ultra_restricted", "deleted", "tz", "locale")


def only(given: Mapping[str, Any], *known: str) -> None:
    """Refuse fields that this string does not have."""
    unknown = set(given) - set(known)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")


def shown(world: World, user: User, which: str) -> tuple[World, View | None]:
    """The Home or the open modal of a person, if there is one, and the workspace whose bot shows it: the one at hand, or
    for a modal any that shares a channel with theirs."""
    if which not in ("home", "modal"):
        raise ValueError("view must be home or modal")
    if which == "home":
        return world, world.slack.homes.get(user.id)
    for state in (world.slack, *world.workspaces.values()):
        if user.id in state.modals:
            return world.within(state), state.modals[user.id]
    return world, None


def views_json(world: World, who: str) -> dict[str, Any]:
    """What a person has in front of them: {"home": … | None, "modal": … | None}."""
    user = world.slack.user(who)
    found = {which: shown(world, user, which)[1] for which in ("home", "modal")}
    return {which: None if view is None else view.as_json() for which, view in found.items()}


def _in(world: World, given: Mapping[str, Any], which: str) -> tuple[World, User, View]:
    user = world.slack.user(str(given["user"]))
    world, view = shown(world, user, which)
    if view is None:
        raise KeyError(f"{user.name} sees no {which}")
    return world, user, view


def _found(view: View, given: Mapping[str, Any], value: str) -> people.Found:
    action, block, label = (str(given.get(key, "")) for key in ("action_id", "block_id", "button"))
    found = people.look(view, action, block, label, value)
    if found is None:
        raise KeyError(f"nothing to press like that in the {view.kind}; there are {view.parsed.blocks}")
    return found


async def press(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person clicks in their Home or modal (`view`): a button, or an option by its label or value."""
    only(given, *_WHICH)
    world, user, view = _in(world, given, str(given["view"]))
    value = str(given.get("value", ""))
    return await people.press(world, user, view, _found(view, given, value), value or str(given.get("button", "")))


async def _home(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person opens the App Home; the answer says how the event went, GET /sandbox/slack/views what is shown."""
    only(given, "user", "tab")
    tab = str(given.get("tab", "home"))
    if tab not in ("home", "messages"):
        raise ValueError("tab must be home or messages")
    return await people.open_home(world, world.slack.user(str(given["user"])), tab)


async def _pick(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person sets an element as a whole: `values` (a list), or `value`: an option, a time, a text, null for none."""
    only(given, *_WHICH, "values")
    if ("value" in given) == ("values" in given):
        raise ValueError("exactly one of value and values is needed")
    world, user, view = _in(world, given, str(given.get("view", "modal")))
    wanted = given["values"] if "values" in given else given["value"]
    return await people.pick(world, user, view, _found(view, given, ""), wanted)


async def _submit(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person submits the open modal."""
    only(given, "user")
    return await people.submit(*_in(world, given, "modal"))


async def _close(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person closes the open modal without submitting."""
    only(given, "user")
    return await people.close(*_in(world, given, "modal"))


async def _person(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Somebody new by `name` (`stranger`: of another workspace), or somebody known with other flags."""
    only(given, "name", "stranger", *PERSON)
    name = str(given["name"]).lower()
    if "tz" in given and not zone_known(str(given["tz"])):
        raise ValueError(f"no time zone {given['tz']!r}")
    try:
        user = world.slack.user(name)
    except KeyError:
        user = User(world.slack.user_id(name), name, team=OTHER_TEAM if given.get("stranger") else world.slack.team)
        world.slack.users[user.id] = user
        if user.team == world.slack.team and world.slack.installed:
            world.slack.direct(user.id)
    for key in PERSON:
        if key in given:
            setattr(user, key, str(given[key]) if key in ("tz", "locale") else bool(given[key]))
    return {"user": world.slack.profile(user, world.clock.now())}


VIEW_CONTROLS: dict[str, Control] = {
    "home": _home,
    "pick": _pick,
    "submit": _submit,
    "close": _close,
    "person": _person,
}
