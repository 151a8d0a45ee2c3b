"""The webhook: POST /telegram/webhook, closed to everybody who does not know the secret."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsbot.platforms.body import bounded
from newsbot.ports import StoreDown

log = structlog.get_logger()

PATH = "/telegram/webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST = 256 * 1024  # bytes of one update

Strict = Callable[[dict[str, Any]], Awaitable[None]]


def webhook(secret: str, handle: Strict) -> Route:
    """The route. 401 without the secret, 415/413 for what no update looks like, 503 while the store is down, else 200.

    `handle` returns when the update is dealt with; it raises StoreDown alone, and Telegram then tries again.
    """

    async def endpoint(request: Request) -> Response:
        # latin-1 is how Starlette decoded the header: bytes compare without a TypeError on foreign letters.
        shown = request.headers.get(HEADER, "").encode("latin-1")
        if not hmac.compare_digest(shown, secret.encode()):
            log.warning("telegram.webhook_refused")
            return Response(status_code=401)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Response(status_code=415)
        body = await bounded(request, MOST)
        if body is None:
            return Response(status_code=413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            update = None
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            log.warning("telegram.webhook_unreadable", size=len(body))
            return Response(status_code=200)  # anything else would block this chat's queue for a day
        try:
            await handle(update)
        except StoreDown:
            return Response(status_code=503, headers={"Retry-After": "5"})
        return Response(status_code=200)

    return Route(PATH, endpoint, methods=["POST"])
