"""What Slack sends to the app: commands, presses and events, over whichever door is open, with Slack's retries."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.http import send_signed, show
from newsbot.sandbox.slack.messages import as_slack, author
from newsbot.sandbox.slack.socket import send_envelope
from newsbot.sandbox.slack.state import APP, Channel, SlackState, User
from newsbot.sandbox.slack.wire import Ack, ResponseUrl

if TYPE_CHECKING:
    from newsbot.sandbox.record import Message
    from newsbot.sandbox.world import World

_BARE = frozenset({"app_uninstalled", "tokens_revoked"})  # told when no installation is left to see an event
_OWN = frozenset({"channel_left", "group_left"})  # about the bot at hand, whom they do not name


def domain(world: World, team: str) -> str:
    """A workspace's name in addresses; those that Slack Connect merely brings are all called alike."""
    return world.workspaces[team].domain if team in world.workspaces else "other"


def at_work(world: World) -> World:
    """The workspace at hand, where it has the app; else ValueError."""
    if not world.slack.installed:
        raise ValueError(f"the app is not installed in {world.slack.team}")
    return world


async def send(world: World, kind: str, payload: dict[str, Any], attempt: int = 0, why: str = "") -> Ack:
    """One delivery over signed HTTP when a request URL is set, else over a socket."""
    if world.home.request_url:
        return await send_signed(world, kind, payload, attempt, why)
    return await send_envelope(world, kind, payload, attempt, why)


async def command(world: World, user: User, channel: Channel, name: str, text: str) -> dict[str, Any]:
    """A slash command typed by a person: whether it was acknowledged in time, and the reply.

    In a shared channel it is the command of the person's own workspace.
    """
    world = at_work(world.of(user.team))
    if channel.id not in world.slack.channels:
        raise ValueError(f"{channel.id} is no channel of {world.slack.team}")
    entry = ResponseUrl(channel.id, user.id, world.clock.now(), team=world.slack.team)
    payload = {
        "token": world.home.verification_token,
        "team_id": user.team,
        "team_domain": domain(world, user.team),
        "channel_id": channel.id,
        "channel_name": channel.command_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": world.slack.wire.response_url(entry),
        "trigger_id": world.slack.wire.trigger(user.id, world.clock.now(), world.slack.team),
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


def interaction(world: World, kind: str, user: User, team: str) -> dict[str, Any]:
    """What every payload of something a person did says; its trigger opens a modal for three seconds.

    `team` is whose bot wrote the message that was pressed (github.com/slackapi/java-slack-sdk/issues/1041), in a view the
    person's own (github.com/slackapi/bolt-js/issues/1614).
    """
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP,
        "token": world.home.verification_token,
        "trigger_id": world.slack.wire.trigger(user.id, world.clock.now(), world.slack.team),
        "team": {"id": team, "domain": domain(world, team)},
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def press(world: World, user: User, channel: Channel, message: Message, button: dict[str, Any]) -> dict[str, Any]:
    """A person presses something on a message; the installation that wrote it hears of it. Slack shows no text from such
    an acknowledgement."""
    world = at_work(world.of(author(message)["team"]))
    team = world.slack.team
    entry = ResponseUrl(channel.id, user.id, world.clock.now(), original=message.message_id, team=team)
    container = {
        "type": "message",
        "message_ts": message.message_id,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    payload = interaction(world, "block_actions", user, team) | {
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
    """The outer form of an event for the installation at hand (docs.slack.dev/apis/events-api#event-type-structure).

    In a shared channel `team_id` is where the event came from and not always that installation, which is why Bolt goes by
    `authorizations` (github.com/slackapi/bolt-js/issues/687).
    """
    state = world.slack
    where = event.get("channel")
    room = state.channels.get(where) if isinstance(where, str) else None
    shared = room is not None and bool(state.strangers(room))
    actor = state.users.get(str(event.get("user")))
    payload = {
        "token": world.home.verification_token,
        "team_id": actor.team if shared and actor is not None else state.team,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(world.clock.now()),
    }
    if event.get("type") in _BARE:
        return payload
    mine = {
        "enterprise_id": None,
        "team_id": state.team,
        "user_id": state.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return payload | {"context_team_id": state.team, "authorizations": [mine], "is_ext_shared_channel": shared}


def audience(world: World, event: dict[str, Any]) -> list[SlackState]:
    """The installations an event is delivered to: the one at hand, or of a shared channel one that can see it.

    "No duplicated event triggering between shared channels" (docs.slack.dev/apis/slack-connect); here the one that came last
    has it, as seen in github.com/slackapi/bolt-js/issues/2008, which no page promises. A bot's own coming and going is told
    to its installation.
    """
    state, where = world.slack, event.get("channel")
    room = state.channels.get(str(where.get("id") if isinstance(where, dict) else where))
    if event.get("type") in _BARE:
        return [state]
    if room is None or not room.connected or event.get("type") in _OWN:
        return [state] if state.installed else []
    states = [world.workspaces[team] for team in (room.team, *room.connected)]
    seeing = [one for one in states if one.installed]
    inside = [one for one in seeing if one.bot_user in room.members] or seeing
    own = [one for one in seeing if one.bot_user == event.get("user")]
    return own or (inside if world.home.each else inside[-1:])


async def event(world: World, inner: dict[str, Any], event_id: str = "") -> dict[str, Any]:
    """Deliver an event to whom it concerns; the outcome of the first tries is returned, Slack's further tries go on by
    themselves. Without an installation that could see it nothing is sent."""
    seeing = audience(world, inner)
    if not seeing:
        return {"acked": False, "reason": "not_installed"}
    outcomes = [await _event(world.within(state), inner, event_id) for state in seeing]
    return next((one for one in outcomes if not one["acked"]), outcomes[0])


async def _event(world: World, inner: dict[str, Any], event_id: str) -> dict[str, Any]:
    """One delivery."""
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
    for attempt, delay in enumerate(world.home.retry_delays, start=1):
        await asyncio.sleep(delay)
        ack = await send(world, "events_api", payload, attempt, why)
        if ack.acked or not ack.retry:
            return
        why = ack.reason
    world.record.note("slack_event_given_up", event_id=payload["event_id"])
