"""What Slack sends to the app: commands, presses and events, over whichever door is open, with Slack's retries."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.http import send_signed, show
from newsbot.sandbox.slack.messages import as_slack
from newsbot.sandbox.slack.socket import send_envelope
from newsbot.sandbox.slack.state import APP, BOT_USER, OTHER_TEAM, TEAM, TEAM_DOMAIN, Channel, User
from newsbot.sandbox.slack.wire import Ack, ResponseUrl

if TYPE_CHECKING:
    from newsbot.sandbox.record import Message
    from newsbot.sandbox.world import World

_DOMAINS = {TEAM: TEAM_DOMAIN, OTHER_TEAM: "other"}


async def send(world: World, kind: str, payload: dict[str, Any], attempt: int = 0, why: str = "") -> Ack:
    """One delivery over signed HTTP when a request URL is set, else over a socket."""
    if world.slack.request_url:
        return await send_signed(world, kind, payload, attempt, why)
    return await send_envelope(world, kind, payload, attempt, why)


async def command(world: World, user: User, channel: Channel, name: str, text: str) -> dict[str, Any]:
    """A slash command typed by a person: whether it was acknowledged in time, and the reply."""
    entry = ResponseUrl(channel.id, user.id, world.clock.now())
    payload = {
        "token": world.slack.verification_token,
        "team_id": user.team,
        "team_domain": _DOMAINS[user.team],
        "channel_id": channel.id,
        "channel_name": channel.command_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": world.slack.wire.response_url(entry),
        "trigger_id": world.slack.wire.trigger(user.id, world.clock.now()),
    }
    ack = await send(world, "slash_commands", payload)
    return _with_reply(world, ack, channel, user) | {"response_url": payload["response_url"]}


def _with_reply(world: World, ack: Ack, channel: Channel, user: User) -> dict[str, Any]:
    """The outcome for the caller; a reply is shown as Slack would, a bad one refused with its code."""
    out: dict[str, Any] = {"acked": ack.acked, "reply": ack.payload}
    if not ack.acked:
        return out | {"reason": ack.reason}
    if ack.payload:
        try:
            out["ts"] = show(world, channel.id, user.id, ack.payload)
        except SlackError as error:
            world.record.note("slack_reply_refused", error=error.code, detail=error.detail)
            out |= {"error": error.code, "detail": error.detail}
    return out


def pressable(message: Message, action_id: str, label: str, value: str) -> dict[str, Any] | None:
    """The button or option of a message that fits all that is given."""
    for button in message.view.get("buttons", ()):
        wanted = (("action_id", action_id), ("label", label), ("value", value))
        if all(not want or button[key] == want for key, want in wanted):
            return dict(button)
    return None


def _action(button: dict[str, Any], ts: str) -> dict[str, Any]:
    """The entry under `actions` of a block_actions payload."""
    text = {"type": "plain_text", "text": button["label"], "emoji": True}
    out = {
        "type": button["kind"],
        "action_id": button["action_id"] or f"auto_{button['block_id']}",
        "block_id": button["block_id"],
        "action_ts": ts,
    }
    if button["kind"] == "button":
        out |= {"text": text}
        return out | {key: button[key] for key in ("value", "url") if button[key]}
    option = {"text": text, "value": button["value"]}
    many = button["kind"] in ("checkboxes", "multi_static_select")
    return out | ({"selected_options": [option]} if many else {"selected_option": option})


def interaction(world: World, kind: str, user: User) -> dict[str, Any]:
    """What every payload of something a person did says; its trigger opens a modal for three seconds."""
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": world.slack.verification_token,
        "trigger_id": world.slack.wire.trigger(user.id, world.clock.now()),
        "team": {"id": user.team, "domain": _DOMAINS[user.team]},
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def press(world: World, user: User, channel: Channel, message: Message, button: dict[str, Any]) -> dict[str, Any]:
    """A person presses something on a message; Slack shows no text from such an acknowledgement."""
    entry = ResponseUrl(channel.id, user.id, world.clock.now(), original=message.message_id)
    container = {
        "type": "message",
        "message_ts": message.message_id,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    payload = interaction(world, "block_actions", user) | {
        "container": container,
        "channel": {"id": channel.id, "name": channel.command_name},
        "state": {"values": {}},
        "response_url": world.slack.wire.response_url(entry),
        "actions": [_action(button, f"{world.clock.now():.6f}")],
    }
    if not message.ephemeral:
        payload["message"] = as_slack(message)
    ack = await send(world, "interactive", payload)
    out = {"acked": ack.acked, "url": button["url"], "action_id": payload["actions"][0]["action_id"]}
    return out if ack.acked else out | {"reason": ack.reason}


def envelope_of(world: World, event: dict[str, Any]) -> dict[str, Any]:
    """The outer form of an event (docs.slack.dev/apis/events-api#event-type-structure)."""
    mine = {
        "enterprise_id": None,
        "team_id": TEAM,
        "user_id": BOT_USER,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    where = event.get("channel")
    room = world.slack.channels.get(where) if isinstance(where, str) else None
    return {
        "token": world.slack.verification_token,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(world.clock.now()),
        "authorizations": [mine],
        "is_ext_shared_channel": room is not None and bool(world.slack.strangers(room)),
    }


async def event(world: World, inner: dict[str, Any], event_id: str = "") -> dict[str, Any]:
    """Deliver an event; the first try's outcome is returned, Slack's further tries go on by themselves."""
    payload = envelope_of(world, inner)
    if event_id:
        payload["event_id"] = event_id
    ack = await send(world, "events_api", payload)
    if not ack.acked and ack.retry:
        world.slack.wire.background(_again(world, payload, ack.reason))
    out = {"acked": ack.acked, "event_id": payload["event_id"]}
    return out if ack.acked else out | {"reason": ack.reason}


async def _again(world: World, payload: dict[str, Any], why: str) -> None:
    """Slack's retries of an unacknowledged event, numbered from 1, until one is acknowledged."""
    for attempt, delay in enumerate(world.slack.retry_delays, start=1):
        await asyncio.sleep(delay)
        ack = await send(world, "events_api", payload, attempt, why)
        if ack.acked or not ack.retry:
            return
        why = ack.reason
    world.record.note("slack_event_given_up", event_id=payload["event_id"])
