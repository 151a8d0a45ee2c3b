"""Several workspaces that have the one app: whose token a call brings, making and sharing, the app coming and leaving.

Pages: docs.slack.dev/apis/slack-connect; docs.slack.dev/reference/events/app_uninstalled, tokens_revoked, channel_shared.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack import deliver
from newsbot.sandbox.slack.state import Channel, SlackState, User
from newsbot.sandbox.slack.view_control import PERSON, Control, only

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

_TEAM = re.compile(r"T[A-Z0-9]{2,20}")
_PEOPLE, _CHANNELS = ("bea", "bob"), ("news",)
_TOLD = ("team", "name", "installed", "revoked", "bot_user", "bot", "bot_token", "users", "channels", "rooms", "scopes")


def of_token(world: World, token: str) -> World:
    """The sandbox seen from the workspace of a bot's token, dead ones too; from the first for any other token."""
    for state in world.workspaces.values():
        if token and (token == state.bot_token or token in state.dead):
            return world.within(state)
    return world.within(world.home)


def workspaces_json(world: World) -> list[dict[str, Any]]:
    """Every workspace with its people, channels and token."""
    found = [(state, state.as_json()) for state in world.workspaces.values()]
    return [{"domain": state.domain} | {key: told[key] for key in _TOLD} for state, told in found]


def install(state: SlackState, scopes: Collection[str]) -> str:
    """The app comes into a workspace, or is installed once more; the bot's token.

    A living token stays and its scopes only grow (docs.slack.dev/authentication/installing-with-oauth).
    """
    if state.installed and not state.revoked:
        state.scopes |= set(scopes)
        return state.bot_token
    if state.bot_token:
        state.dead[state.bot_token] = "token_revoked"
    state.bot_token = f"xoxb-sandbox-{secrets.token_hex(12)}"
    state.scopes, state.installed, state.revoked = set(scopes), True, False
    bot = User(state.bot_user, "newsbot", state.team, is_bot=True)
    state.users.setdefault(bot.id, bot).deleted = False
    state.open_directs()
    return state.bot_token


def meet(world: World, room: Channel) -> None:
    """Everyone in a shared channel becomes known to all workspaces that have it."""
    states = [world.workspaces[team] for team in (room.team, *room.connected) if team in world.workspaces]
    known = {user.id: user for state in states for user in state.users.values() if user.id in room.members}
    for state in states:
        for user in known.values():
            state.users.setdefault(user.id, user)


async def _workspace(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A workspace without the app: `people` and `channels` are names, or objects with a name and more; the first of the
    people is an admin unless somebody else is said to be."""
    only(given, "team", "name", "people", "channels")
    team = str(given["team"])
    if not _TEAM.fullmatch(team) or team in world.workspaces:
        raise ValueError(f"team must be T and 2 to 20 more of A-Z and 0-9, and new: {team!r}")
    name, mark = str(given.get("name", team)), team[1:]
    state = SlackState(
        team=team,
        name=name,
        domain=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or team.lower(),
        bot_user=f"U{mark}NEWSBOT",
        bot=f"B{mark}NEWSBOT",
        bot_token="",
        installed=False,
        scopes=set(),
        users={},
        channels={},
        wire=world.home.wire,
    )
    _populate(state, given.get("people", _PEOPLE))
    _furnish(state, given.get("channels", _CHANNELS))
    taken = {key for other in world.workspaces.values() for key in (*other.users, *other.channels)}
    if both := taken & {*state.users, *state.channels}:
        raise ValueError(f"ids are taken: {', '.join(sorted(both))}")
    world.workspaces[team] = state
    _adopt(world, state)
    return next(one for one in workspaces_json(world) if one["team"] == team)


def _adopt(world: World, state: SlackState) -> None:
    """Those whom Slack Connect brought from here before belong to it, and the channels they are in are shared with it."""
    for other in world.workspaces.values():
        ours = {user.id: user for user in other.users.values() if user.team == state.team}
        state.users |= ours
        for room in other.channels.values():
            if other is not state and not room.is_im and room.members & set(ours):
                room.connected.append(state.team)
                state.channels[room.id] = room
                meet(world, room)


def _populate(state: SlackState, people: Collection[Any]) -> None:
    told = [one if isinstance(one, dict) else {"name": one} for one in people]
    if not told:
        raise ValueError("a workspace needs people")
    for given in told:
        only(given, "name", "id", *PERSON)
        name = _name(given)
        user = User(str(given.get("id") or state.user_id(name)), name, state.team)
        for key in PERSON:
            if key in given:
                setattr(user, key, given[key])
        state.users[user.id] = user
    state.admin.is_admin = True


def _furnish(state: SlackState, channels: Collection[Any]) -> None:
    for one in channels:
        given = one if isinstance(one, dict) else {"name": one}
        only(given, "name", "id", "private", "members")
        name = _name(given)
        channel_id = str(given.get("id") or f"C{state.mark}{name.upper()}")
        inside = {state.user(str(who)).id for who in given.get("members", tuple(state.users))}
        private = bool(given.get("private"))
        state.channels[channel_id] = Channel(channel_id, name, state.admin.id, inside, private, team=state.team)


def _name(given: Mapping[str, Any]) -> str:
    """A name that can be part of an id."""
    name = str(given["name"]).lower().removeprefix("#")
    if not (name.isascii() and name.isalnum()):
        raise ValueError(f"a name is made of a-z and 0-9: {name!r}")
    return name


async def _share(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A channel becomes that of another workspace too, under the same id; whoever acts for it there comes in."""
    only(given, "channel", "team")
    other = world.of_team(str(given["team"])).slack
    where = str(given["channel"])
    has = next((state for state in world.workspaces.values() if where in state.channels), world.slack)
    room = has.channel(where)
    if room.is_im or room.id.startswith("G"):
        # docs.slack.dev/apis/slack-connect: such a channel's id changes to C… when it is shared.
        raise ValueError("direct messages and channels with an id that begins with G are not shared here")
    if other.team == room.team or other.team in room.connected:
        raise ValueError(f"{room.id} is already a channel of {other.team}")
    room.connected.append(other.team)
    room.members.add(other.admin.id)
    other.channels[room.id] = room
    meet(world, room)
    stamp = has.next_ts(room, world.clock.now())
    inner = {"type": "channel_shared", "connected_team_id": other.team, "channel": room.id, "event_ts": stamp}
    return await deliver.event(world.within(has), inner)


async def _uninstall(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The app is taken out of a workspace: its token dies, its bot leaves all channels, and it hears of it."""
    only(given)
    state = deliver.at_work(world).slack
    # docs.slack.dev/reference/methods/auth.test: account_inactive is what the bot token of a removed app gets
    state.dead[state.bot_token] = "account_inactive"
    state.bot_token, state.installed, state.revoked = "", False, False
    state.users[state.bot_user].deleted = True
    for room in state.channels.values():
        if not room.is_im:
            room.members.discard(state.bot_user)
    state.homes.clear()
    state.modals.clear()
    told: tuple[dict[str, Any], ...] = (
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {"bot": [state.bot_user]}},
    )
    return {inner["type"]: await deliver.event(world, inner) for inner in told}


WORKSPACE_CONTROLS: dict[str, Control] = {"workspace": _workspace, "share": _share, "uninstall": _uninstall}
NEW_TEAM = ("workspace", "share")  # where `team` is not the workspace in which something happens
