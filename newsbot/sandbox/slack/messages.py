"""Slack messages in the sandbox's record: how they are kept, shown to the API again, replaced and removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.record import Message
from newsbot.sandbox.slack.blocks import Parsed
from newsbot.sandbox.slack.state import APP, Channel

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

_KEPT = ("text", "blocks", "attachments", "metadata", "thread_ts", "reply_broadcast", "client_msg_id")


def seen(parsed: Parsed, to: str = "") -> dict[str, Any]:
    """The parsed view a page draws from: blocks, links, buttons, pings; `to` is the one reader of an ephemeral."""
    return parsed.view() | {"to": to} if to else parsed.view()


def kept(params: Mapping[str, Any]) -> dict[str, Any]:
    """What of a call belongs to the message, JSON strings unpacked and blocks given ids as Slack does."""
    payload = {key: params[key] for key in _KEPT if key in params}
    for key in ("blocks", "attachments", "metadata"):
        if isinstance(payload.get(key), str):
            payload[key] = json.loads(payload[key])
    return payload


def post(
    world: World,
    channel: Channel,
    params: Mapping[str, Any],
    parsed: Parsed,
    *,
    to: str = "",
    sender: str = "bot",
) -> Message:
    """Make a message visible; `to` makes it ephemeral for that user."""
    ts = world.slack.next_ts(channel, world.clock.now())
    thread = {"thread_ts": params["thread_ts"]} if "thread_ts" in params else {}
    return world.record.add(
        Message(
            platform="slack",
            chat=channel.id,
            chat_title=channel.title,
            message_id=ts,
            text=parsed.plain,
            payload=kept({**parsed.given, **thread}),
            at=float(ts),
            sender=sender,
            thread=params.get("thread_ts"),
            ephemeral=bool(to),
            view=seen(parsed, to) | {"team": world.slack.team, "user": world.slack.bot_user, "bot": world.slack.bot},
        )
    )


def author(message: Message) -> dict[str, Any]:
    """Who wrote a message, kept beside what a page draws: user, team, and the bot's id where it was one."""
    return {key: message.view[key] for key in ("team", "user", "bot") if key in message.view}


def own(world: World, message: Message) -> bool:
    """Whether the bot of this workspace wrote a message."""
    return message.sender == "bot" and message.view["bot"] == world.slack.bot


def replace(world: World, message: Message, params: Mapping[str, Any], parsed: Parsed) -> None:
    """Show new content in place of the old; text without blocks removes the blocks, metadata stays unless given."""
    payload = kept(params)
    for key in ("metadata", "thread_ts", "reply_broadcast"):
        if key in message.payload:
            payload.setdefault(key, message.payload[key])
    if payload.get("metadata") == {}:
        del payload["metadata"]
    world.record.edit(message, parsed.plain, payload, seen(parsed, message.view.get("to", "")) | author(message))


def retained(message: Message, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call with what it leaves as it was: attachments unless given, blocks unless blocks or text are given.

    Page: docs.slack.dev/reference/methods/chat.update, arguments `attachments` and `blocks`.
    """
    kept_on = {"attachments"} if "attachments" not in params else set()
    if "blocks" not in params and "text" not in params:
        kept_on |= {"blocks", "text"}
    old = {key: message.payload[key] for key in kept_on if message.payload.get(key)}
    return {**old, **params} if old else params


def find(world: World, channel: Channel, ts: object) -> Message | None:
    """The message if readers can still see it."""
    message = world.record.find("slack", channel.id, str(ts))
    return None if message is None or message.deleted else message


def as_slack(message: Message, *, metadata: bool = True) -> dict[str, Any]:
    """The message object of the Web API; history leaves metadata out unless asked."""
    payload, by = message.payload, author(message)
    out: dict[str, Any] = {"type": "message", "ts": message.message_id, "text": payload.get("text", "")}
    out |= {"team": by["team"], "user": by["user"]}
    if message.sender == "bot":
        out |= {"bot_id": by["bot"], "app_id": APP}
    if payload.get("blocks"):
        out["blocks"] = [{"block_id": f"b{index}", **block} for index, block in enumerate(payload["blocks"])]
    for key in ("attachments", "client_msg_id"):
        if key in payload:
            out[key] = payload[key]
    if metadata and payload.get("metadata"):
        out["metadata"] = payload["metadata"]
    if message.thread:
        out["thread_ts"] = message.thread
        if payload.get("reply_broadcast"):
            out["subtype"] = "thread_broadcast"
    if message.edited_at is not None:
        out["edited"] = {"user": out["user"], "ts": f"{message.edited_at:.6f}"}
    return out
