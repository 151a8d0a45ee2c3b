"""The control API under /sandbox: what the demo, the page and tests use to act as people and to look at the outcome."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from newsbot.sandbox.telegram import control as telegram
from newsbot.sandbox.telegram import places
from newsbot.sandbox.telegram.control import Refused
from newsbot.sandbox.telegram.error import ApiError
from newsbot.sandbox.world import World

KEEP_ALIVE = 15.0  # seconds between comments on a quiet event stream
WORLD_CHATS = 60  # more private chats than this are only counted for the page

Action = Callable[[World, dict[str, Any]], dict[str, Any]]


def routes(world: World) -> list[BaseRoute]:
    """All routes of the control API but Slack's own."""
    get: dict[str, Callable[[Request], Any]] = {
        "/sandbox/messages": lambda request: _messages(world, request.query_params),
        "/sandbox/requests": lambda _: world.record.requests_json(),
        "/sandbox/limits": lambda _: world.limits.as_json(),
        "/sandbox/faults": lambda _: world.faults.as_json(),
        "/sandbox/world": lambda _: world_json(world),
        "/sandbox/copies": lambda request: _copies(world, request.query_params),
        "/sandbox/telegram/menu": lambda request: _menu(world, request.query_params),
        "/sandbox/arrivals": lambda request: _arrivals(world, request.query_params),
    }
    post: dict[str, Action] = {
        "/sandbox/telegram/say": telegram.say,
        "/sandbox/telegram/press": telegram.press,
        "/sandbox/telegram/member": telegram.member,
        "/sandbox/telegram/chats": telegram.make_chats,
        "/sandbox/telegram/migrate": telegram.migrate,
        "/sandbox/telegram/token": telegram.token,
        "/sandbox/telegram/topic": places.topic,
        "/sandbox/telegram/link": places.link,
        "/sandbox/telegram/rename": places.rename,
        "/sandbox/telegram/start": places.start,
        "/sandbox/limits": _limits,
    }
    return [
        *(Route(path, _reads(action), methods=["GET"]) for path, action in get.items()),
        *(Route(path, _acts(world, action), methods=["POST"]) for path, action in post.items()),
        Route("/sandbox/faults", _add_faults(world), methods=["POST"]),
        Route("/sandbox/faults", _clear_faults(world), methods=["DELETE"]),
        Route("/sandbox/faults/{number:int}", _one_fault(world), methods=["POST", "DELETE"]),
        Route("/sandbox/requests/{number:int}", _one_call(world), methods=["GET"]),
        Route("/sandbox/events", _events(world), methods=["GET"]),
    ]


def _reads(read: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(read(request))
        except KeyError as problem:
            return JSONResponse({"error": f"missing in the query: {problem.args[0]}"}, 400)
        except Refused as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return endpoint


def _acts(world: World, action: Action) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise Refused("a JSON object is expected")
            done = action(world, body)
            world.record.announce("world")
            return JSONResponse(done)
        except (Refused, ApiError, ValueError, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return endpoint


def _limits(world: World, body: dict[str, Any]) -> dict[str, Any]:
    world.limits.configure(**body)
    return {"ok": True}


def _add_faults(world: World) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            lines = json.loads(await request.body())
            made = world.faults.add_all([lines] if isinstance(lines, dict) else lines)
        except (ValueError, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        world.record.announce("faults")
        return JSONResponse({"added": len(made), "numbers": [fault.number for fault in made]})

    return endpoint


def _clear_faults(world: World) -> Callable[[Request], Any]:
    async def endpoint(_: Request) -> Response:
        world.faults.clear()
        world.record.announce("faults")
        return JSONResponse({"ok": True})

    return endpoint


def _one_fault(world: World) -> Callable[[Request], Any]:
    """POST {"on": bool} switches one line of the script, DELETE takes it out."""

    async def endpoint(request: Request) -> Response:
        number = request.path_params["number"]
        try:
            if request.method == "DELETE":
                world.faults.remove(number)
            else:
                on = json.loads(await request.body())["on"]
                world.faults.find(number).on = bool(on)
        except (ValueError, TypeError, KeyError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        world.record.announce("faults")
        return JSONResponse({"ok": True})

    return endpoint


def _one_call(world: World) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        number = request.path_params["number"]
        found = next((call for call in world.record.requests if call.number == number), None)
        if found is None:
            return JSONResponse({"error": f"call {number} is not kept any more"}, 404)
        return JSONResponse(found.whole())

    return endpoint


def _messages(world: World, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The record, all or of one `platform` and `chat`; `newest=N` leaves older ones out."""
    found = world.record.messages(query.get("platform"), query.get("chat"))
    newest = query.get("newest", "")
    return [message.as_json() for message in (found[-int(newest) :] if newest.isdigit() and int(newest) else found)]


def _copies(world: World, query: Mapping[str, str]) -> dict[str, int]:
    """How many of the bot's messages each chat of `platform` shows, those with `text` alone where it is given."""
    return world.record.copies(query["platform"], query.get("text", ""))


def _menu(world: World, query: Mapping[str, str]) -> dict[str, Any]:
    """The commands `user` is offered in `chat`."""
    return places.menu_json(world, query["user"], query.get("chat", ""))


def _arrivals(world: World, query: Mapping[str, str]) -> dict[int, dict[str, int]]:
    """Calls of `platform` by tenth of a unix second and how they went; `method=A,B` counts those alone."""
    methods = [name for name in query.get("method", "").split(",") if name]
    return world.record.arrivals_by_tenth(query["platform"], methods)


def _events(world: World) -> Callable[[Request], Any]:
    async def endpoint(_: Request) -> Response:
        return StreamingResponse(_stream(world), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return endpoint


async def _stream(world: World) -> AsyncIterator[bytes]:
    """Server-sent events: one JSON change a line, with comments in between that keep the line open."""
    changes = aiter(world.record.changes())
    upcoming = asyncio.ensure_future(anext(changes))
    yield b": open\n\n"
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                change = upcoming.result()
            except StopAsyncIteration:
                return
            yield b"data: " + json.dumps(change, ensure_ascii=False).encode() + b"\n\n"
            upcoming = asyncio.ensure_future(anext(changes))
    finally:
        upcoming.cancel()


def world_json(world: World) -> dict[str, Any]:
    """Users, chats and channels of both platforms."""
    state = world.telegram
    private = [chat for chat in state.chats.values() if chat.type == "private"]
    shown = private[:WORLD_CHATS] + [chat for chat in state.chats.values() if chat.type != "private"]
    users = [state.users[chat.id] for chat in shown if chat.id in state.users]
    return {
        "telegram": {
            "bot": state.bot.api(),
            "token": state.token,
            "users": [{"id": user.id, "name": user.name} for user in users],
            "chats": [telegram.chat_json(chat, state) for chat in shown],
            "hidden_chats": max(0, len(private) - WORLD_CHATS),
            "webhook": world.updates.url,
            "listening": world.updates.listening,
            "commands": [
                {"scope": scope, "language": language, "commands": commands}
                for (scope, language), commands in state.commands.items()
            ],
        },
        "slack": world.slack.as_json(),
        "limits": world.limits.as_json(),
        "messages": world.record.total,
    }
