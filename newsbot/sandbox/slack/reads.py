"""Everything an app asks rather than posts: auth.test, conversations.*, users.* and permalinks.

Pages: docs.slack.dev/reference/methods/<name>; history for distributed apps: docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from newsbot.sandbox.record import Message
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.messages import as_slack, find
from newsbot.sandbox.slack.methods import Method, Params, arguments, scope, visible
from newsbot.sandbox.slack.state import Channel
from newsbot.sandbox.slack.workspaces import meet

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

T = TypeVar("T")
_TRUE, _FALSE = (True, "true", "1", 1), (False, "false", "0", 0, None)
_NUMBER = re.compile(r"\d+(\.\d+)?")
_HISTORY = ("oldest", "latest", "inclusive", "limit", "cursor", "include_all_metadata")


def flag(params: Params, key: str) -> bool:
    """A boolean argument in any of the spellings a query string gives it."""
    value = params.get(key)
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SlackError("invalid_arguments", f"{key} must be a boolean")


def paged(params: Params, found: list[T], default: int, most: int) -> tuple[list[T], dict[str, Any]]:
    """One page and the `response_metadata` with the cursor of the next, empty at the end."""
    raw = params.get("limit", default)
    if not str(raw).isdigit() or not 1 <= int(raw) <= most:
        raise SlackError("invalid_limit", f"1 to {most}")
    start = 0
    if params.get("cursor"):
        try:
            start = int(base64.b64decode(str(params["cursor"]), validate=True))
        except ValueError as error:
            raise SlackError("invalid_cursor") from error
    end = start + int(raw)
    cursor = base64.b64encode(str(end).encode()).decode() if end < len(found) else ""
    return found[start:end], {"next_cursor": cursor}


def kind_scope(world: World, channel: Channel, verb: str) -> None:
    """`channels:read` for public channels, `groups:…` for private ones, `im:…` for direct messages."""
    scope(world, f"{'im' if channel.is_im else 'groups' if channel.is_private else 'channels'}:{verb}")


def api_test(world: World, params: Params) -> dict[str, Any]:  # noqa: ARG001  one signature for all
    """api.test: repeats the arguments, or the error asked for."""
    if "error" in params:
        raise SlackError(str(params["error"]))
    return {"args": dict(params)}


def auth_test(world: World, params: Params) -> dict[str, Any]:
    """auth.test: who the token belongs to."""
    arguments(params, ())
    state = world.slack
    return {
        "url": f"https://{state.domain}.slack.com/",
        "team": state.name,
        "user": "newsbot",
        "team_id": state.team,
        "user_id": state.bot_user,
        "bot_id": state.bot,
        "is_enterprise_install": False,
    }


def info(world: World, params: Params) -> dict[str, Any]:
    """conversations.info."""
    arguments(params, ("channel",), ("include_locale", "include_num_members"))
    channel = visible(world, params)
    kind_scope(world, channel, "read")
    shown = world.slack.shown(channel)
    if shown.get("is_ext_shared"):
        shown["connected_team_ids"] = sorted(world.slack.strangers(channel))
    if not flag(params, "include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def members(world: World, params: Params) -> dict[str, Any]:
    """conversations.members, in a steady order."""
    arguments(params, ("channel",), ("cursor", "limit"))
    channel = visible(world, params)
    kind_scope(world, channel, "read")
    page, more = paged(params, sorted(channel.members), 100, 999)
    return {"members": page, "response_metadata": more}


def open_direct(world: World, params: Params) -> dict[str, Any]:
    """conversations.open for one user; groups of people are not offered here."""
    arguments(params, (), ("channel", "users", "return_im", "prevent_creation"))
    scope(world, "im:write")
    if params.get("channel"):
        return {"channel": {"id": visible(world, params).id}, "already_open": True, "no_op": True}
    users = str(params.get("users", "")).split(",")
    if len(users) != 1 or not users[0]:
        raise SlackError("users_list_not_supplied" if not users[0] else "invalid_arguments", "one user id")
    user = world.slack.users.get(users[0])
    if user is None:
        raise SlackError("user_not_found")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    if user.deleted:
        raise SlackError("user_disabled")
    before = {"no_op": True, "already_open": True} if world.slack.direct_id(user.id) in world.slack.channels else {}
    if flag(params, "prevent_creation") and not before:
        raise SlackError("channel_not_found")
    channel = world.slack.direct(user.id)
    return before | {"channel": world.slack.shown(channel) if flag(params, "return_im") else {"id": channel.id}}


def list_channels(world: World, params: Params) -> dict[str, Any]:
    """conversations.list of the asked types the bot may know of."""
    arguments(params, (), ("cursor", "exclude_archived", "limit", "team_id", "types"))
    types = str(params.get("types", "public_channel")).split(",")
    if not set(types) <= {"public_channel", "private_channel", "mpim", "im"}:
        raise SlackError("invalid_types")
    scope(world, "channels:read")
    hidden = flag(params, "exclude_archived")
    found = []
    for channel in world.slack.channels.values():
        kind = "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"
        mine = kind == "public_channel" or world.slack.bot_user in channel.members
        if kind in types and mine and not (hidden and channel.is_archived):
            found.append(world.slack.shown(channel))
    page, more = paged(params, found, 100, 999)
    return {"channels": page, "response_metadata": more}


def join(world: World, params: Params) -> dict[str, Any]:
    """conversations.join: public channels only."""
    arguments(params, ("channel",))
    scope(world, "channels:join")
    channel = visible(world, params)
    if channel.is_im or channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    already = world.slack.bot_user in channel.members
    channel.members.add(world.slack.bot_user)
    meet(world, channel)
    return {"channel": world.slack.shown(channel)} | ({"warning": "already_in_channel"} if already else {})


def _window(params: Params, found: list[Message]) -> list[Message]:
    """Messages between `oldest` and `latest`, both left out unless `inclusive`."""
    bounds = {}
    for key in ("oldest", "latest"):
        if params.get(key) not in (None, ""):
            if not _NUMBER.fullmatch(str(params[key])):
                raise SlackError(f"invalid_ts_{key}")
            bounds[key] = float(params[key])
    same = flag(params, "inclusive")
    low, high = bounds.get("oldest", 0.0), bounds.get("latest", float("inf"))
    return [
        message
        for message in found
        if low < float(message.message_id) < high or (same and float(message.message_id) in (low, high))
    ]


def _readable(world: World, params: Params) -> Channel:
    """The channel whose messages may be read: the bot must be inside."""
    channel = visible(world, params)
    kind_scope(world, channel, "history")
    if world.slack.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _listed(world: World, params: Params, found: list[Message]) -> dict[str, Any]:
    """A page of messages under the quota of the app's kind."""
    most = 15 if world.home.commercial else 999
    page, more = paged(params, found, min(100, most), most)
    metadata = flag(params, "include_all_metadata")
    shown = [as_slack(message, metadata=metadata) for message in page]
    return {"messages": shown, "has_more": bool(more["next_cursor"]), "response_metadata": more}


def history(world: World, params: Params) -> dict[str, Any]:
    """conversations.history, newest first; thread replies only when broadcast, ephemerals never."""
    arguments(params, ("channel",), _HISTORY)
    channel = _readable(world, params)
    found = [
        message
        for message in world.record.messages("slack", channel.id)
        if not message.deleted
        and not message.ephemeral
        and (not message.thread or message.payload.get("reply_broadcast"))
    ]
    return _listed(world, params, sorted(_window(params, found), key=lambda one: one.message_id, reverse=True))


def replies(world: World, params: Params) -> dict[str, Any]:
    """conversations.replies: the thread's first message, then its replies, oldest first."""
    arguments(params, ("channel", "ts"), _HISTORY)
    channel = _readable(world, params)
    parent = find(world, channel, params["ts"])
    if parent is None or parent.ephemeral:
        raise SlackError("thread_not_found")
    found = [
        message
        for message in world.record.messages("slack", channel.id)
        if message.thread == parent.message_id and not message.deleted and not message.ephemeral
    ]
    return _listed(world, params, [parent, *_window(params, found)])


def user_info(world: World, params: Params) -> dict[str, Any]:
    """users.info."""
    arguments(params, ("user",), ("include_locale",))
    scope(world, "users:read")
    user = world.slack.users.get(str(params["user"]))
    if user is None:
        raise SlackError("user_not_found")
    shown = world.slack.profile(user, world.clock.now())
    if flag(params, "include_locale"):
        shown["locale"] = user.locale
    return {"user": shown}


def user_list(world: World, params: Params) -> dict[str, Any]:
    """users.list."""
    arguments(params, (), ("cursor", "include_locale", "limit", "team_id"))
    scope(world, "users:read")
    found = [world.slack.profile(user, world.clock.now()) for user in world.slack.users.values()]
    page, more = paged(params, found, 100, 999)
    return {"members": page, "response_metadata": more}


def permalink(world: World, params: Params) -> dict[str, Any]:
    """chat.getPermalink: the address of one message in the browser."""
    arguments(params, ("channel", "message_ts"))
    channel = visible(world, params)
    message = find(world, channel, params["message_ts"])
    if message is None or message.ephemeral:
        raise SlackError("message_not_found")
    link = f"https://{world.slack.domain}.slack.com/archives/{channel.id}/p{message.message_id.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


READS: Mapping[str, Method] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "chat.getPermalink": permalink,
    "conversations.info": info,
    "conversations.members": members,
    "conversations.open": open_direct,
    "conversations.list": list_channels,
    "conversations.join": join,
    "conversations.history": history,
    "conversations.replies": replies,
    "users.info": user_info,
    "users.list": user_list,
}
