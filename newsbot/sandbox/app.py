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
_KINDS = frozenset({".html", ".js", ".css"})
# The page draws what strangers wrote: only its own files may load, nothing may leave, and no text can become markup.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


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
    name = request.path_params["name"] or "index.html"
    known = {file.name: file for file in PAGE.iterdir() if file.suffix in _KINDS}
    if name not in known:
        return Response("Not Found", 404)
    return FileResponse(known[name], headers=_HEADERS)
