"""The strings people pull on the Slack side of the sandbox: type a command, press a button, join, leave, speak.

Names work as well as ids: users `Rae`, `bot`; channels `#news`, `@rae` (her direct message with the bot). Every string takes
`team`, the workspace in which it happens; without it that is the first.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from newsbot.sandbox.record import Message
from newsbot.sandbox.slack import deliver
from newsbot.sandbox.slack.messages import find
from newsbot.sandbox.slack.oauth import redirect_url
from newsbot.sandbox.slack.socket import disconnect
from newsbot.sandbox.slack.state import Channel, User
from newsbot.sandbox.slack.view_control import VIEW_CONTROLS, Control, only, views_json
from newsbot.sandbox.slack.view_control import press as press_view
from newsbot.sandbox.slack.workspaces import NEW_TEAM, WORKSPACE_CONTROLS, meet, workspaces_json

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

_SWITCHES = ("commercial", "home_tab", "each")
_SETTINGS = ("ack_seconds", "retry_delays", "redirect_urls", "scopes", "revoked", "bot_token", *_SWITCHES)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def routes(world: World) -> list[BaseRoute]:
    """One POST per string under /sandbox/slack/, GET /sandbox/slack/state, and /sandbox/slack/views?user=Rae."""

    def route(name: str, act: Control) -> Route:
        async def endpoint(request: Request) -> Response:
            if not world.slack.wire.base:
                world.slack.wire.base = str(request.url).split("/sandbox/", 1)[0]
            return await _answer(world, act, await request.body(), name not in NEW_TEAM)

        return Route(f"/sandbox/slack/{name}", endpoint, methods=["POST"])

    async def state(request: Request) -> Response:  # noqa: ARG001  starlette passes it
        more = {"sockets": len(world.slack.wire.sockets), "workspaces": workspaces_json(world)}
        return JSONResponse(world.slack.as_json() | more)

    async def views(request: Request) -> Response:
        try:
            within = world.of_team(request.query_params.get("team", world.home.team))
            return JSONResponse(views_json(within, request.query_params["user"]))
        except KeyError as error:
            return JSONResponse({"error": str(error.args[0])}, 400)

    return [
        Route("/sandbox/slack/state", state, methods=["GET"]),
        Route("/sandbox/slack/views", views, methods=["GET"]),
        *(route(*pair) for pair in _CONTROLS.items()),
    ]


async def _answer(world: World, act: Control, body: bytes, placed: bool) -> Response:
    """Run one control call, where it is `placed` in the workspace it names; a wrong one is 400 with the reason."""
    try:
        given = json.loads(body or b"{}")
        if not isinstance(given, dict):
            raise ValueError("the body must be a JSON object")
        if placed and "team" in given:
            world = world.of_team(str(given.pop("team")))
        done = await act(world, given)
        world.record.announce("world")
        return JSONResponse(done)
    except KeyError as error:
        return JSONResponse({"error": str(error.args[0])}, 400)
    except (ValueError, TypeError) as error:
        return JSONResponse({"error": str(error)}, 400)


def _who(world: World, given: dict[str, Any]) -> User:
    return world.slack.user(str(given["user"]))


def _where(world: World, given: dict[str, Any]) -> Channel:
    return world.slack.channel(str(given["channel"]))


async def _command(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person types a command; `channel` defaults to the direct message with the bot."""
    only(given, "user", "channel", "text", "command")
    user = _who(world, given)
    own = deliver.at_work(world.of(user.team)).slack
    channel = _where(world, given) if "channel" in given else own.direct(user.id)
    name = str(given.get("command", "/news"))
    return await deliver.command(world, user, channel, name, str(given.get("text", "")))


def _message(world: World, channel: Channel, user: User, given: dict[str, Any]) -> Message:
    """The message meant by `message_ts`, or the newest that has such a button and that the user can see."""
    if given.get("message_ts"):
        message = find(world, channel, given["message_ts"])
        if message is None:
            raise KeyError(f"no message {given['message_ts']} in {channel.id}")
        return message
    for message in reversed(world.record.messages("slack", channel.id)):
        mine = message.view.get("to", user.id) == user.id
        if mine and not message.deleted and _button(message, given) is not None:
            return message
    raise KeyError(f"nothing to press like that in {channel.id}")


def _button(message: Message, given: dict[str, Any]) -> dict[str, Any] | None:
    action, label, value = (str(given.get(key, "")) for key in ("action_id", "button", "value"))
    return deliver.pressable(message, action, label, value)


async def _press(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person presses a button or picks an option, found by action_id, label (`button`) or value.

    `channel` says where the message is; `view` ("home" or "modal") instead means a press in there.
    """
    if "view" in given:
        return await press_view(world, given)
    only(given, "user", "channel", "message_ts", "action_id", "button", "value")
    user, channel = _who(world, given), _where(world, given)
    message = _message(world, channel, user, given)
    if message.view.get("to", user.id) != user.id:
        raise KeyError("that message is shown to someone else")
    button = _button(message, given)
    if button is None:
        raise KeyError(f"nothing to press like that on {message.message_id}")
    return await deliver.press(world, user, channel, message, button)


async def _event(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Any event as given; `event_id` beside it repeats an earlier delivery."""
    only(given, "event", "event_id")
    if not isinstance(given["event"], dict):
        raise ValueError("event must be an object")
    return await deliver.event(world, given["event"], str(given.get("event_id", "")))


async def _member(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Someone joins or leaves (`joined`), or the channel is archived or not (`archived`)."""
    only(given, "user", "channel", "joined", "archived", "inviter")
    channel = _where(world, given)
    stamp = world.slack.next_ts(channel, world.clock.now())
    group = "group" if channel.is_private else "channel"
    actor = world.slack.user(str(given["inviter"])).id if "inviter" in given else world.slack.admin.id
    if "archived" in given:
        channel.is_archived = bool(given["archived"])
        kind = f"{group}_{'archive' if channel.is_archived else 'unarchive'}"
        return await deliver.event(world, {"type": kind, "channel": channel.id, "user": actor, "event_ts": stamp})
    user = _who(world, given)
    world = world.of(user.team) if user.is_bot else world
    letter = "G" if channel.is_private else "C"
    inner: dict[str, Any] = {"user": user.id, "channel": channel.id, "channel_type": letter, "team": user.team}
    if given.get("joined", True):
        channel.members.add(user.id)
        meet(world, channel)
        inner |= {"type": "member_joined_channel", "inviter": actor}
    else:
        channel.members.discard(user.id)
        if user.id == world.slack.bot_user:
            inner = {"type": f"{group}_left", "channel": channel.id, "actor_id": actor}
        else:
            inner["type"] = "member_left_channel"
    return await deliver.event(world, inner | {"event_ts": stamp})


async def _say(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A person writes: kept in the record and told to the app as a message event."""
    only(given, "user", "channel", "text", "thread_ts")
    user = _who(world, given)
    channel = _where(world, given) if "channel" in given else world.slack.direct(user.id)
    text = str(given["text"])
    stamp = world.slack.next_ts(channel, world.clock.now())
    bot = world.slack.bot_user
    typed = text.translate(_ESCAPES).replace(f"@{world.slack.users[bot].name}", f"<@{bot}>")
    payload = {"text": typed}  # Slack escapes what people type, and writes names as ids
    thread = str(given["thread_ts"]) if given.get("thread_ts") else None
    world.record.add(
        Message(
            platform="slack",
            chat=channel.id,
            chat_title=channel.title,
            message_id=stamp,
            text=text,
            payload=payload,
            at=float(stamp),
            sender=user.name.capitalize(),
            thread=thread,
            view={"user": user.id, "team": user.team},
        )
    )
    kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
    inner = {"type": "message", "channel": channel.id, "user": user.id, "text": payload["text"], "ts": stamp}
    inner |= {"event_ts": stamp, "channel_type": kind, "team": user.team}
    if world.slack.strangers(channel):
        inner |= {"user_team": user.team, "source_team": user.team}
    if thread:
        inner["thread_ts"] = thread
    if (
        not channel.is_im
        and bot in channel.members
        and f"<@{bot}>" in typed
        and "app_mentions:read" in world.slack.scopes
    ):
        # docs.slack.dev/reference/events/app_mention: beside the message event, never for a direct message.
        told = {key: inner[key] for key in inner if key != "channel_type"} | {"type": "app_mention"}
        await deliver.event(world, told)
    return await deliver.event(world, inner) | {"ts": stamp}


async def _rename(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A channel gets another name; its id stays."""
    only(given, "channel", "name")
    channel = _where(world, given)
    if channel.is_im:
        raise ValueError("a direct message has no name of its own")
    channel.name = str(given["name"]).removeprefix("#")
    kind = "group_rename" if channel.is_private else "channel_rename"
    told = {"id": channel.id, "name": channel.name, "created": int(world.clock.now())}
    stamp = world.slack.next_ts(channel, world.clock.now())
    return await deliver.event(world, {"type": kind, "channel": told, "event_ts": stamp})


async def _channels(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Many channels for a load test."""
    only(given, "count", "prefix", "private")
    made = world.slack.add_channels(int(given["count"]), str(given.get("prefix", "C9")), bool(given.get("private")))
    return {"channels": [channel.id for channel in made]}


async def _request_url(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Deliver over signed HTTP from now on (`null`: over sockets again); Slack's challenge is tried at once."""
    only(given, "url", "verify")
    url = given["url"]
    if url is not None and not str(url).startswith(("http://", "https://")):
        raise ValueError("url must be http(s) or null")
    world.home.request_url = url
    if url is None or not given.get("verify", True):
        return {"url": url, "verified": False}
    challenge = secrets.token_hex(16)
    token = world.home.verification_token
    ack = await deliver.send(world, "events_api", {"token": token, "challenge": challenge, "type": "url_verification"})
    said = ack.payload or {}
    return {"url": url, "verified": challenge in (said.get("challenge"), said.get("text"))}


async def _disconnect(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Close all sockets as Slack does from time to time; `warning` only announces it."""
    only(given, "reason")
    reason = str(given.get("reason", "refresh_requested"))
    if reason not in ("refresh_requested", "warning", "link_disabled"):
        raise ValueError("reason must be refresh_requested, warning or link_disabled")
    return {"told": await disconnect(world, reason)}


async def _settings(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """How Slack treats the app: ack window, retry pauses, kind of app, redirect URLs, how often it tells of a shared channel
    (`each` installation, or once); in one workspace its scopes, its token, and whether that is revoked."""
    only(given, *_SETTINGS)
    state, home = world.slack, world.home
    if "bot_token" in given:
        state.bot_token = str(given["bot_token"])
    if "ack_seconds" in given:
        home.ack_seconds = float(given["ack_seconds"])
    if "retry_delays" in given:
        home.retry_delays = tuple(float(delay) for delay in given["retry_delays"])
    if "scopes" in given:
        state.scopes = {str(name) for name in given["scopes"]}
    if "revoked" in given:
        state.revoked = bool(given["revoked"])
    if "redirect_urls" in given:
        home.redirect_urls = [redirect_url(str(url)) for url in given["redirect_urls"]]
    for key in _SWITCHES:
        if key in given:
            setattr(home, key, bool(given[key]))
    return {
        "ack_seconds": home.ack_seconds,
        "retry_delays": list(home.retry_delays),
        "redirect_urls": home.redirect_urls,
        "scopes": sorted(state.scopes),
        "revoked": state.revoked,
        **{key: getattr(home, key) for key in _SWITCHES},
    }


_CONTROLS: dict[str, Control] = {
    "command": _command,
    "press": _press,
    "event": _event,
    "member": _member,
    "say": _say,
    "rename": _rename,
    "channels": _channels,
    "request_url": _request_url,
    "disconnect": _disconnect,
    "settings": _settings,
    **VIEW_CONTROLS,
    **WORKSPACE_CONTROLS,
}
