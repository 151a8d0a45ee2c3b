"""chat.*: posting, changing and removing messages under Slack's rules, each refusal with Slack's own code.

Pages: docs.slack.dev/reference/methods/chat.postMessage, chat.update, chat.delete, chat.postEphemeral.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack.blocks import check_post, check_update
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.messages import as_slack, find, own, post, replace, retained
from newsbot.sandbox.slack.state import Channel

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

Params = Mapping[str, Any]
Method = Callable[["World", Params], dict[str, Any]]


def arguments(params: Params, need: Collection[str], may: Collection[str] = ()) -> None:
    """Refuse missing and undocumented arguments (`token` may always come as one)."""
    for key in need:
        if params.get(key) in (None, ""):
            raise SlackError("invalid_arguments", f"missing required field: {key}")
    for key in params:
        if key not in need and key not in may and key != "token":
            raise SlackError("invalid_arguments", f"unknown argument: {key}")


def scope(world: World, *names: str) -> None:
    """Refuse with missing_scope unless the app has one of the scopes."""
    if not world.slack.scopes.intersection(names):
        raise SlackError("missing_scope", f"needed: {','.join(names)}")


def visible(world: World, params: Params) -> Channel:
    """The channel meant, if the bot can know of it: private ones only from inside; names are not ids."""
    channel = world.slack.channels.get(str(params.get("channel", "")))
    if channel is None or (channel.is_private and world.slack.bot_user not in channel.members):
        raise SlackError("channel_not_found")
    return channel


def target(world: World, params: Params) -> Channel:
    """Where a post goes; a user id means the direct message with that user, as in Slack."""
    arguments({"channel": params.get("channel")}, ("channel",))
    user = world.slack.users.get(str(params["channel"]))
    if user is not None:
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
        return world.slack.direct(user.id)
    channel = visible(world, params)
    if channel.is_archived:
        raise SlackError("is_archived")
    if world.slack.bot_user not in channel.members and "chat:write.public" not in world.slack.scopes:
        raise SlackError("not_in_channel")
    return channel


def post_message(world: World, params: Params) -> dict[str, Any]:
    """chat.postMessage: the new message with the channel's real id."""
    scope(world, "chat:write")
    channel = target(world, params)
    parsed = check_post(params)
    if "thread_ts" in params:
        parent = find(world, channel, params["thread_ts"])
        # What Slack does with a thread_ts nobody wrote is undocumented; a stand-in refuses.
        if parent is None or parent.ephemeral:
            raise SlackError("thread_not_found")
        if parent.thread and parent.thread != parent.message_id:
            raise SlackError("cannot_reply_to_message", "thread_ts must be a thread's first message")
    message = post(world, channel, params, parsed)
    return {"channel": channel.id, "ts": message.message_id, "message": as_slack(message)}


def post_ephemeral(world: World, params: Params) -> dict[str, Any]:
    """chat.postEphemeral: shown to one member of the channel, gone from every history."""
    scope(world, "chat:write")
    channel = target(world, params)
    user = world.slack.users.get(str(params.get("user", "")))
    if user is None:
        raise SlackError("invalid_arguments" if "user" not in params else "user_not_found")
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    allowed = {key: value for key, value in params.items() if key != "user"}
    for key in ("reply_broadcast", "unfurl_links", "unfurl_media", "metadata", "client_msg_id"):
        if key in allowed:
            raise SlackError("invalid_arguments", f"unknown argument: {key}")
    message = post(world, channel, allowed, check_post(allowed), to=user.id)
    return {"message_ts": message.message_id}


def update(world: World, params: Params) -> dict[str, Any]:
    """chat.update: own messages only; the answer repeats what is shown now."""
    scope(world, "chat:write")
    arguments({key: params.get(key) for key in ("channel", "ts")}, ("channel", "ts"))
    channel = visible(world, params)
    if channel.is_archived:
        raise SlackError("is_inactive")
    parsed = check_update(params)
    message = find(world, channel, params["ts"])
    if message is None or message.ephemeral:
        raise SlackError("message_not_found")
    if not own(world, message):
        raise SlackError("cant_update_message")
    full = retained(message, params)
    replace(world, message, full, parsed if full is params else check_update(full))
    shown = as_slack(message)
    return {"channel": channel.id, "ts": message.message_id, "text": shown["text"], "message": shown}


def delete(world: World, params: Params) -> dict[str, Any]:
    """chat.delete: own messages only; a second time it is message_not_found."""
    scope(world, "chat:write")
    arguments(params, ("channel", "ts"))
    channel = visible(world, params)
    message = find(world, channel, params["ts"])
    if message is None or message.ephemeral:
        raise SlackError("message_not_found")
    if not own(world, message):
        raise SlackError("cant_delete_message")
    world.record.delete(message)
    return {"channel": channel.id, "ts": message.message_id}


CHAT: Mapping[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
}
