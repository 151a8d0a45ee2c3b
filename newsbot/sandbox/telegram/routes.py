"""The Bot API on the wire: `/bot<token>/<method>`, its real bodies and statuses, and scripted trouble."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from newsbot.sandbox.faults import SPOILED, Strike
from newsbot.sandbox.line import badly, reused
from newsbot.sandbox.telegram.error import NO_METHOD, UNAUTHORIZED, ApiError, bad, forbidden, too_many
from newsbot.sandbox.telegram.methods import Described, Methods
from newsbot.sandbox.telegram.params import BY_LOWER, METHODS, coerce, read
from newsbot.sandbox.telegram.state import FULL_NAME
from newsbot.sandbox.world import World

MAX_BODY = 10 * 1024 * 1024
_UNAVAILABLE = {500: "Internal Server Error: restart", 502: "Bad Gateway", 504: "Gateway Timeout"}


@dataclass(slots=True)
class Reply:
    """An answer before it is written out."""

    status: int
    body: bytes
    error: str | None = None
    retry_after: Any = None
    content_type: str = "application/json"


@dataclass(slots=True)
class Asked:
    """A call under way, for the record."""

    name: str
    at: float
    began: float
    chat: str = ""
    strike: Strike | None = None
    payload: dict[str, Any] = field(default_factory=dict)


class TelegramApi:
    """The ASGI endpoint; kept lean, because a fan-out of thousands of chats goes through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.methods = Methods(world.telegram, world.updates, world.record, world.limits, world.clock, world.queries)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one call, unless a fault says otherwise."""
        path = scope["path_params"]
        name = BY_LOWER.get(path["method"].lower(), path["method"])
        asked = Asked(name, self.world.clock.now(), time.perf_counter())
        strike: Strike | None = None
        try:
            raw, is_json = await self._read(scope, receive)
            chat = str(raw.get("chat_id", ""))
            asked.chat, asked.payload = chat, raw
            if path["token"] != self.world.telegram.token or self.world.telegram.revoked:
                raise ApiError(401, UNAUTHORIZED)
            if self.world.faults.script:
                strike = asked.strike = self.world.faults.take("telegram", name, chat, reused=reused(scope))
            early = None if strike is None else await self._before(strike, chat)
            reply = early or _good(await self._run(name, raw, is_json))
        except ApiError as error:
            reply = _refused(error)
        if strike is None or not await self._instead(strike, reply, asked, scope, receive, send):
            self._note(asked, reply)
            await _write(reply, send)

    def _note(self, asked: Asked, reply: Reply) -> None:
        self.world.record.call(
            "telegram",
            asked.name,
            asked.chat,
            reply.status,
            reply.error,
            asked.at,
            ms=(time.perf_counter() - asked.began) * 1000,
            fault=asked.strike.kind if asked.strike else None,
            payload=asked.payload,
            answer=b"" if reply.error is None else reply.body,
        )

    async def _read(self, scope: Scope, receive: Receive) -> tuple[dict[str, Any], bool]:
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                raise ApiError(413, "Request Entity Too Large")
        content_type = next((value for key, value in scope["headers"] if key == b"content-type"), b"")
        return read(content_type.decode("latin-1"), body, scope["query_string"])

    async def _run(self, name: str, raw: dict[str, Any], is_json: bool) -> Any:
        if name not in METHODS:
            raise ApiError(404, NO_METHOD)
        return await getattr(self.methods, name)(coerce(name, raw, is_json))

    async def _before(self, strike: Strike, chat: str) -> Reply | None:
        """What a fault does before the call takes effect; None lets the call through."""
        if strike.kind == "slow":
            await asyncio.sleep(strike.seconds)
            return None
        refusal = self._refusal(strike, chat)
        if refusal is not None:
            raise refusal
        return None if strike.processed else Reply(200, b'{"ok":true,"result":{}}')

    def _refusal(self, strike: Strike, chat: str) -> ApiError | None:
        """The platform's own words for a scripted refusal."""
        found = self.world.telegram.chats.get(int(chat)) if chat.removeprefix("-").isdigit() else None
        name = FULL_NAME.get(found.type if found else "", "group chat")
        match strike.kind:
            case "429":
                return too_many(strike.retry_after)
            case "blocked":
                return forbidden("bot was blocked by the user")
            case "kicked":
                return forbidden(f"bot was kicked from the {name}")
            case "not_in_channel":
                return forbidden(f"bot is not a member of the {name}")
            case "archived":
                return bad("have no write access to the chat")
            case "chat_not_found":
                return bad("chat not found")
            case "migrated":
                to = {"migrate_to_chat_id": int(strike.args.get("to", -1_000_000_000_000 - abs(int(chat or 0))))}
                return ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", to)
            case "no_rights" if found is not None and found.type == "channel":
                return bad("need administrator rights in the channel chat")
            case "no_rights":
                return bad("not enough rights to send text messages to the chat")
            case "revoked":
                return ApiError(401, UNAUTHORIZED)
            case _:
                return None

    async def _instead(
        self, strike: Strike, reply: Reply, asked: Asked, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Answers in the fault's way, or not at all; False when the usual reply stands."""
        kind, sent = strike.kind, reply.body
        if kind == "5xx":
            reply = _refused(ApiError(strike.status, _UNAVAILABLE.get(strike.status, "Internal Server Error")))
        elif kind == "other_chat" and reply.error is None:
            reply = Reply(200, _elsewhere(sent, int(strike.args.get("to", 424242))), kind)
        elif kind in SPOILED and not strike.cuts:
            reply = Reply(200, strike.spoiled(sent), kind, content_type=strike.content_type)
        elif strike.cuts:
            self._note(asked, Reply(0, b"", kind))
            await badly(strike, scope, receive, reply.status, sent)
            return True
        else:
            return False
        self._note(asked, reply)
        await _write(reply, send)
        return True


def _good(result: Any) -> Reply:
    body: dict[str, Any] = {"ok": True, "result": result}
    if isinstance(result, Described):
        body = {"ok": True, "result": result.result, "description": result.description}
    return Reply(200, json.dumps(body).encode())


def _refused(error: ApiError) -> Reply:
    pause = error.parameters.get("retry_after") if error.parameters else None
    return Reply(error.code, json.dumps(error.body()).encode(), error.description, pause)


def _elsewhere(body: bytes, chat_id: int) -> bytes:
    """The same answer, as if the message had gone to another chat."""
    answer = json.loads(body)
    if isinstance(answer.get("result"), dict) and "chat" in answer["result"]:
        answer["result"]["chat"]["id"] = chat_id
    return json.dumps(answer).encode()


async def _write(reply: Reply, send: Send) -> None:
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", str(len(reply.body)).encode())]
    if reply.retry_after is not None:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def routes(world: World) -> list[BaseRoute]:
    """The Bot API's one route; anything else below /bot is a 404 of the app."""
    return [Route("/bot{token}/{method}", endpoint=TelegramApi(world), methods=["GET", "POST"])]
