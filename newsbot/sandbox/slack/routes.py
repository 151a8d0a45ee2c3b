"""Slack's Web API, sockets and response URLs as the app reaches them: who may call, how often, and what goes wrong.

Order of every call: body, token, scripted fault, rate, method. Refusals are HTTP 200 with `ok: false`, except 429.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from newsbot.sandbox.faults import Fault, cut, linger
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.http import respond
from newsbot.sandbox.slack.methods import CHAT, Method
from newsbot.sandbox.slack.reads import READS
from newsbot.sandbox.slack.socket import serve_socket
from newsbot.sandbox.slack.state import APP, TEAM

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

METHODS: Mapping[str, Method] = {**CHAT, **READS}
OPEN_SOCKET = "apps.connections.open"
# Calls a minute per workspace: the tier on each method's page (docs.slack.dev/apis/web-api/rate-limits). Tier 1 gets
# a burst here, since a reconnecting app is let through in practice.
PER_MINUTE: Mapping[str, float] = {
    OPEN_SOCKET: 60,
    "api.test": 600,
    "auth.test": 600,
    "chat.getPermalink": 600,
    "chat.postEphemeral": 100,
    "conversations.members": 100,
    "users.info": 100,
    "conversations.list": 20,
    "users.list": 20,
}
TIER_3 = 50.0
_CODES = {
    "blocked": "restricted_action",
    "kicked": "not_in_channel",
    "not_in_channel": "not_in_channel",
    "chat_not_found": "channel_not_found",
    "no_rights": "missing_scope",
    "migrated": "external_channel_migrating",
    "archived": "is_archived",
    "revoked": "token_revoked",
}
_BOOLEANS = {"link_names", "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn"}


@dataclass(slots=True)
class Asked:
    """A call under way, for the record."""

    method: str
    began: float
    channel: str = ""
    fault: Fault | None = None
    params: dict[str, Any] = field(default_factory=dict)


class Silence(Response):
    """No answer at all: the connection was cut before this."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing."""


def routes(world: World) -> list[BaseRoute]:
    """The Web API under /api/, sockets under /api-socket/, response URLs under /response/."""

    async def api(request: Request) -> Response:
        return await _call(world, request)

    async def response_url(request: Request) -> Response:
        try:
            said = json.loads(await request.body())
        except ValueError:
            said = None
        if not isinstance(said, dict):
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        status, body = respond(world, request.path_params["key"], said)
        world.record.call("slack", "response_url", "", status, body.get("error"))
        return JSONResponse(body, status)

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(world, websocket)

    return [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/response/{key}", response_url, methods=["POST"]),
        WebSocketRoute("/api-socket/", socket),
    ]


async def _call(world: World, request: Request) -> Response:
    """One Web API call from body to answer."""
    method = request.path_params["method"]
    world.slack.wire.base = str(request.url).split("/api/", 1)[0]
    asked = Asked(method, time.perf_counter())
    try:
        params = asked.params = await _params(request)
        asked.channel = _channel(world, params)
        _authorise(world, method, request, params)
    except SlackError as error:
        return _counted(world, asked, _refusal(world, error))
    fault = asked.fault = world.faults.take("slack", method, asked.channel)
    if fault is not None:
        return _counted(world, asked, await _strike(world, request, fault, asked))
    wait = _wait(world, method, asked.channel)
    if wait is not None:
        return _counted(world, asked, _later(wait))
    return _counted(world, asked, _run(world, method, params))


async def _params(request: Request) -> dict[str, Any]:
    """Arguments from query, form or JSON; a form's words for true and false become booleans."""
    text = parse_qsl(request.url.query, keep_blank_values=True)
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    given: dict[str, Any] = {}
    if body and kind == "application/json":
        try:
            given = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise SlackError("invalid_json") from error
        if not isinstance(given, dict):
            raise SlackError("json_not_object")
    elif body and kind == "application/x-www-form-urlencoded":
        try:
            text += parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise SlackError("invalid_charset") from error
    elif body:
        raise SlackError("invalid_post_type")
    words = {"true": True, "1": True, "false": False, "0": False}
    form = {key: words.get(value, value) if key in _BOOLEANS else value for key, value in text}
    params = {**form, **{key: value for key, value in given.items() if value is not None}}
    # Bolt adds team_id to every call of a request's client; Slack ignores it for tokens of one workspace.
    params.pop("team_id", None)
    return params


def _channel(world: World, params: Mapping[str, Any]) -> str:
    """The channel id a call is about; a user id counts as that user's direct message."""
    given = str(params.get("channel", ""))
    user = world.slack.users.get(given)
    return world.slack.direct(given).id if user is not None and not user.is_bot else given


def _authorise(world: World, method: str, request: Request, params: Mapping[str, Any]) -> None:
    """The token first, then whether such a method exists; tokens in a query string are long refused."""
    header = request.headers.get("authorization", "")
    token = header[7:] if header.lower().startswith("bearer ") else str(params.get("token", ""))
    if method == "api.test":
        return
    if method not in METHODS and method != OPEN_SOCKET:
        raise SlackError("unknown_method", method)
    if not token:
        raise SlackError("not_authed")
    state = world.slack
    if token not in (state.bot_token, state.app_token):
        raise SlackError("invalid_auth")
    if state.revoked:
        raise SlackError("token_revoked")
    if (token == state.app_token) != (method == OPEN_SOCKET):
        raise SlackError("not_allowed_token_type")


def _wait(world: World, method: str, channel: str) -> int | None:
    """Seconds to wait before this call may come again, or None when it may pass."""
    if method == "chat.postMessage":
        return world.limits.slack(channel, TEAM)
    if world.slack.commercial and method in ("conversations.history", "conversations.replies"):
        return world.limits.named("slack", method, 1.0, 1.0)
    rate = PER_MINUTE.get(method, TIER_3)
    return world.limits.named("slack", method, rate, rate)


def _result(world: World, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the method answers."""
    if method == OPEN_SOCKET:
        wire = world.slack.wire
        base = wire.base.replace("http", "ws", 1)
        return {"url": f"{base}/api-socket/?ticket={wire.ticket()}&app_id={APP}"}
    return METHODS[method](world, params)


def _run(world: World, method: str, params: Mapping[str, Any]) -> Response:
    """Perform the method; a refusal is an answer too."""
    try:
        # docs.slack.dev/authentication/tokens: every answer names the token's scopes
        said = {"ok": True, **_result(world, method, params)}
        return JSONResponse(said, headers={"X-OAuth-Scopes": ",".join(sorted(world.slack.scopes))})
    except SlackError as error:
        return _refusal(world, error)


def _counted(world: World, asked: Asked, done: Response) -> Response:
    """Note the call with the answer it got, once per request; a cut call was noted before the cut."""
    if not isinstance(done, Silence):
        _note(world, asked, done)
    return done


def _note(world: World, asked: Asked, done: Response | None = None) -> None:
    """Write the call down; `None` stands for no answer at all."""
    body = b"" if done is None else bytes(done.body)
    said = json.loads(body) if body.startswith(b"{") else {}
    error = said.get("error")
    detail = "; ".join(said.get("response_metadata", {}).get("messages", ())) if error else ""
    if done is not None and "retry-after" in done.headers:
        detail = f"Retry-After: {done.headers['retry-after']}"
    world.record.call(
        "slack",
        asked.method,
        asked.channel,
        0 if done is None else done.status_code,
        error,
        ms=(time.perf_counter() - asked.began) * 1000,
        detail=detail,
        fault=asked.fault.kind if asked.fault else None,
        payload=asked.params,
        answer=body if error or asked.fault else b"",
    )


def _refusal(world: World, error: SlackError, status: int = 200) -> Response:
    """`ok: false` with the code, and what Slack adds to it."""
    body: dict[str, Any] = {"ok": False, "error": error.code}
    if error.detail:
        body["response_metadata"] = {"messages": [f"[ERROR] {error.detail}"]}
    if error.code == "invalid_blocks":
        body["errors"] = [error.detail]
    if error.code == "missing_scope":
        body |= {"needed": error.detail.removeprefix("needed: "), "provided": ",".join(sorted(world.slack.scopes))}
    return JSONResponse(body, status)


def _later(seconds: int) -> Response:
    """429 as Slack gives it: the pause is in the header only."""
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)})


async def _strike(world: World, request: Request, fault: Fault, asked: Asked) -> Response:
    """Answer as the script says; `processed` faults take effect although the caller cannot know."""
    method, params = asked.method, asked.params
    done = _run(world, method, params) if fault.processed else None
    match fault.kind:
        case "429":
            return _later(fault.retry_after)
        case "hang":
            _note(world, asked)
            await linger(request.receive, fault.seconds)
            await cut(request.scope, "fin")
            return Silence()
        case "reset":
            _note(world, asked)
            await cut(request.scope)
            return Silence()
        case "slow":
            await asyncio.sleep(fault.seconds)
            return done or _run(world, method, params)
        case "garbage":
            return Response("<html><body>Service is having trouble</body></html>", 200, media_type="text/html")
        case "other_chat":
            return _elsewhere(done or _run(world, method, params))
        case _:
            return _scripted(world, method, fault)


def _scripted(world: World, method: str, fault: Fault) -> Response:
    """A scripted refusal; `args.error` and `args.status` override the usual code."""
    code = _CODES.get(fault.kind, "internal_error")
    if code == "is_archived" and method == "chat.update":
        code = "is_inactive"
    status = fault.status if fault.kind == "5xx" else 200
    code = str(fault.args.get("error", code))
    return _refusal(world, SlackError(code, "needed: chat:write" if code == "missing_scope" else ""), status)


def _elsewhere(done: Response) -> Response:
    """The same answer naming another channel than the one asked for."""
    body = json.loads(bytes(done.body))
    return JSONResponse(body | {"channel": "C0ELSEWHERE"}, done.status_code)
