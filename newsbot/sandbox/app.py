"""The sandbox as one ASGI app: both platforms, the control API and the page."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from newsbot.sandbox import control
from newsbot.sandbox.slack import control as slack_control
from newsbot.sandbox.slack import routes as slack
from newsbot.sandbox.telegram import routes as telegram
from newsbot.sandbox.world import World

PAGE = Path(__file__).parent / "page"
_NAMES = ("style.css", "page.js", "telegram.js", "slack.js", "words.js")
_FILES = {"": "index.html"} | {name: name for name in _NAMES}


def build(world: World) -> Starlette:
    """The app over a world; the Bot API stands first, because a fan-out goes through it."""
    routes: list[BaseRoute] = [
        *telegram.routes(world),
        *slack.routes(world),
        *control.routes(world),
        *slack_control.routes(world),
        Route("/{name:path}", _page, methods=["GET"]),
    ]
    return Starlette(routes=routes)


async def _page(request: Request) -> Response:
    file = _FILES.get(request.path_params["name"])
    if file is None:
        return Response("Not Found", 404)
    # The page draws what strangers wrote: only its own scripts may run.
    headers = {"Content-Security-Policy": "default-src 'self'; img-src 'self' data:", "Cache-Control": "no-store"}
    return FileResponse(PAGE / file, headers=headers)
