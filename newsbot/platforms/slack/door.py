"""Slack's HTTP door: POST /slack/events for events, commands and presses, closed to everything not signed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsbot.platforms.body import bounded

log = structlog.get_logger()

PATH = "/slack/events"
MOST = 256 * 1024  # bytes of one request
REMEMBER = 600.0  # seconds a signature is remembered: twice the ± 5 minutes the verifier allows
ENTRIES = 20_000  # signatures remembered at most; Slack sends at most 30,000 events an hour


class Guard:
    """Tells Slack's requests from everybody else's: signature over the raw body, ± 5 minutes, each one once."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        clock = Clock()
        clock.now = now  # type: ignore[method-assign]
        self._verifier = SignatureVerifier(secret, clock)
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()

    def admits(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether this request is genuine and new; anything the verifier stumbles over is not."""
        signature = headers.get("x-slack-signature", "")
        try:
            valid = self._verifier.is_valid(body, headers.get("x-slack-request-timestamp"), signature)
        except (ValueError, TypeError, OverflowError):  # a timestamp "abc", foreign letters, a body that is no UTF-8
            return False
        return valid and self._first(signature)

    def forget(self, headers: Mapping[str, str]) -> None:
        """Admit this request again: Slack's first retry comes at once, in the same second with the same signature."""
        self._seen.pop(headers.get("x-slack-signature", ""), None)

    def _first(self, signature: str) -> bool:
        now = self._now()
        while self._seen and next(iter(self._seen.values())) < now - REMEMBER:
            self._seen.popitem(last=False)
        if signature in self._seen:
            return False
        if len(self._seen) >= ENTRIES:
            self._seen.popitem(last=False)
        self._seen[signature] = now
        return True


def events(app: AsyncApp, guard: Guard) -> Route:
    """The route. 413 over 256 KB, 401 for what Slack did not sign; bodies are never logged."""

    async def endpoint(request: Request) -> Response:
        body = await bounded(request, MOST)
        if body is None:
            return Response(status_code=413)
        if not guard.admits(body, request.headers):
            log.warning("slack.request_refused", size=len(body))
            return Response(status_code=401)
        answer = await app.async_dispatch(to_async_bolt_request(request, body))
        if answer.status >= 300:
            guard.forget(request.headers)
        return to_starlette_response(answer)

    return Route(PATH, endpoint, methods=["POST"])
