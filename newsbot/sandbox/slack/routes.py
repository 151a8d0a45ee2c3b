"""Slack's Web API, sockets, response URLs and consent page as the app reaches them: who may call, how often, and what
goes wrong.

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

from newsbot.sandbox.faults import SPOILED, Strike
from newsbot.sandbox.line import badly, reused
from newsbot.sandbox.slack import oauth
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.http import respond
from newsbot.sandbox.slack.methods import CHAT, Method
from newsbot.sandbox.slack.reads import READS
from newsbot.sandbox.slack.socket import serve_socket
from newsbot.sandbox.slack.state import APP
from newsbot.sandbox.slack.view_methods import VIEWS
from newsbot.sandbox.slack.workspaces import of_token

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

METHODS: Mapping[str, Method] = {**CHAT, **READS, **VIEWS, oauth.ACCESS: oauth.access}
OPEN_SOCKET = "apps.connections.open"
_OPEN = ("api.test", oauth.ACCESS)  # need no token
# Calls a minute, counted for each workspace: the tier on each method's page (docs.slack.dev/apis/web-api/rate-limits).
# Tier 1 gets a burst here, since a reconnecting app is let through in practice.
PER_MINUTE: Mapping[str, float] = {
    OPEN_SOCKET: 60,
    "api.test": 600,
    "auth.test": 600,
    oauth.ACCESS: 600,
    "chat.getPermalink": 600,
    "chat.postEphemeral": 100,
    "conversations.members": 100,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
    "views.update": 100,
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
    at: float
    began: float
    channel: str = ""
    strike: Strike | None = None
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What goes back, with what the record says of it."""

    body: bytes
    error: str | None = None
    status: int = 200
    detail: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: str = "application/json"
    silent: bool = False  # the connection was cut instead, and the call noted before that


def routes(world: World) -> list[BaseRoute]:
    """The Web API under /api/, sockets under /api-socket/, response URLs under /response/, consent at /oauth/v2/authorize."""

    api = Api(world)

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

    async def consent(request: Request) -> Response:
        return oauth.authorize(world, request.query_params)

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(world, websocket)

    return [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        Route("/response/{key}", response_url, methods=["POST"]),
        Route("/oauth/v2/authorize", consent, methods=["GET"]),
        WebSocketRoute("/api-socket/", socket),
    ]


class Api:
    """The ASGI endpoint of the Web API."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call from body to answer."""
        request = Request(scope, receive)
        asked = Asked(scope["path_params"]["method"], self.world.clock.now(), time.perf_counter())
        answer = await self._answer(request, asked)
        if answer.silent:
            return
        _note(self.world, asked, answer)
        kind = (b"content-type", answer.content_type.encode())
        headers = [kind, (b"content-length", str(len(answer.body)).encode()), *answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: Request, asked: Asked) -> Answer:
        world, method = self.world, asked.method
        wire = world.slack.wire
        if not wire.base or method == OPEN_SOCKET:
            wire.base = str(request.url).split("/api/", 1)[0]
        try:
            params = asked.params = await _params(request, method)
            token = _token(request, params)
            world = of_token(world, token)
            asked.channel = _channel(world, params)
            _authorise(world, method, token)
        except SlackError as error:
            return _refusal(world, error)
        if world.faults.script:
            asked.strike = world.faults.take("slack", method, asked.channel, reused=reused(request.scope))
        if asked.strike is not None:
            return await _struck(world, request, asked.strike, asked)
        wait = _wait(world, method, asked.channel)
        return _run(world, method, params) if wait is None else _later(wait)


async def _params(request: Request, method: str) -> dict[str, Any]:
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
    return params | oauth.basic(request.headers.get("authorization", "")) if method == oauth.ACCESS else params


def _token(request: Request, params: Mapping[str, Any]) -> str:
    """The token a call brings, in its header or among its arguments."""
    header = request.headers.get("authorization", "")
    return header[7:] if header.lower().startswith("bearer ") else str(params.get("token", ""))


def _channel(world: World, params: Mapping[str, Any]) -> str:
    """The channel id a call is about; a user id, that of a Home too, counts as that user's direct message."""
    given = str(params.get("channel") or params.get("user_id") or "")
    user = world.slack.users.get(given)
    return world.slack.direct(given).id if user is not None and not user.is_bot else given


def _authorise(world: World, method: str, token: str) -> None:
    """Whether such a method exists, then the token; `world` is seen from the token's workspace."""
    if method in _OPEN:
        return
    if method not in METHODS and method != OPEN_SOCKET:
        raise SlackError("unknown_method", method)
    if not token:
        raise SlackError("not_authed")
    state, app_token = world.slack, world.home.app_token
    if token in state.dead:
        raise SlackError(state.dead[token])
    if token not in (state.bot_token, app_token):
        raise SlackError("invalid_auth")
    if state.revoked:
        raise SlackError("token_revoked")
    if (token == app_token) != (method == OPEN_SOCKET):
        raise SlackError("not_allowed_token_type")


def _wait(world: World, method: str, channel: str) -> int | None:
    """Seconds to wait before this call may come again, or None when it may pass."""
    team = world.slack.team
    if method == "chat.postMessage":
        return world.limits.slack(f"{channel} {team}", team)
    if world.home.commercial and method in ("conversations.history", "conversations.replies"):
        return world.limits.named("slack", f"{method} {team}", 1.0, 1.0)
    rate = PER_MINUTE.get(method, TIER_3)
    return world.limits.named("slack", f"{method} {team}", rate, rate)


def _result(world: World, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the method answers."""
    if method == OPEN_SOCKET:
        wire = world.slack.wire
        base = wire.base.replace("http", "ws", 1)
        return {"url": f"{base}/api-socket/?ticket={wire.ticket()}&app_id={APP}"}
    return METHODS[method](world, params)


def _run(world: World, method: str, params: Mapping[str, Any]) -> Answer:
    """Perform the method; a refusal is an answer too."""
    try:
        said = {"ok": True, **_result(world, method, params)}
    except SlackError as error:
        return _refusal(world, error)
    # docs.slack.dev/authentication/tokens: every answer names the token's scopes
    scopes = ",".join(sorted(world.slack.scopes)).encode()
    return Answer(_json(said), headers=((b"x-oauth-scopes", scopes),))


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _note(world: World, asked: Asked, answer: Answer) -> None:
    """Write the call down, once per request; of an exchanged code neither secrets nor the token."""
    exchange = asked.method == oauth.ACCESS
    params = {key: value for key, value in asked.params.items() if not exchange or key not in oauth.SECRETS}
    world.record.call(
        "slack",
        asked.method,
        asked.channel,
        answer.status,
        answer.error,
        asked.at,
        ms=(time.perf_counter() - asked.began) * 1000,
        detail=answer.detail,
        fault=asked.strike.kind if asked.strike else None,
        payload=params,
        answer=answer.body if answer.error or (asked.strike and not exchange) else b"",
    )


def _refusal(world: World, error: SlackError, status: int = 200) -> Answer:
    """`ok: false` with the code, and what Slack adds to it."""
    body: dict[str, Any] = {"ok": False, "error": error.code}
    detail = f"[ERROR] {error.detail}" if error.detail else ""
    if detail:
        body["response_metadata"] = {"messages": [detail]}
    if error.code == "invalid_blocks":
        body["errors"] = [error.detail]
    if error.code == "missing_scope":
        body |= {"needed": error.detail.removeprefix("needed: "), "provided": ",".join(sorted(world.slack.scopes))}
    return Answer(_json(body), error.code, status, detail)


def _later(seconds: Any) -> Answer:
    """429 as Slack gives it: the pause is in the header only; None leaves it out."""
    headers = () if seconds is None else ((b"retry-after", str(seconds).encode()),)
    detail = "" if seconds is None else f"Retry-After: {seconds}"
    return Answer(_json({"ok": False, "error": "ratelimited"}), "ratelimited", 429, detail, headers)


async def _struck(world: World, request: Request, strike: Strike, asked: Asked) -> Answer:
    """Answer as the script says; `processed` faults take effect although the caller cannot know."""
    kind = strike.kind
    if kind == "slow":
        await asyncio.sleep(strike.seconds)
    done = _run(world, asked.method, asked.params) if strike.processed else Answer(b'{"ok":true}')
    if kind == "429":
        return _later(strike.retry_after)
    if strike.cuts:
        _note(world, asked, Answer(b"", kind, 0))
        await badly(strike, request.scope, request.receive, done.status, done.body)
        return Answer(b"", silent=True)
    if kind == "slow":
        return done
    if kind == "other_chat" and done.error is None:
        return Answer(_json(json.loads(done.body) | {"channel": "C0ELSEWHERE"}), kind)
    if kind in SPOILED:
        return Answer(strike.spoiled(done.body), kind, content_type=strike.content_type)
    return done if kind == "other_chat" else _scripted(world, asked.method, strike)


def _scripted(world: World, method: str, strike: Strike) -> Answer:
    """A scripted refusal; `args.error` and `args.status` override the usual code."""
    code = _CODES.get(strike.kind, "internal_error")
    if code == "is_archived" and method == "chat.update":
        code = "is_inactive"
    status = strike.status if strike.kind == "5xx" else 200
    code = str(strike.args.get("error", code))
    return _refusal(world, SlackError(code, "needed: chat:write" if code == "missing_scope" else ""), status)
