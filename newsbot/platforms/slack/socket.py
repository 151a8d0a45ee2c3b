"""Socket Mode that comes back: the library reconnects by itself, and is replaced where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import random

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.platforms.slack.wire import TRANSPORT, library_log

log = structlog.get_logger()

PING = 5.0  # seconds between pings; four unanswered ones make the library reconnect
OPENING = 20.0  # seconds for apps.connections.open and the handshake
LOST = 30.0  # seconds without a connection after which the library's client is thrown away
LOOK = 1.0  # seconds between two looks at it

FAILURES = (SlackApiError, *TRANSPORT, KeyError, TypeError, AttributeError)


async def listen(app: AsyncApp, web: AsyncWebClient, app_token: str) -> None:
    """Hold a socket until cancelled; every failure is a warning and another try."""
    failures = 0
    while True:
        handler = AsyncSocketModeHandler(app, app_token, logger=library_log, web_client=web, ping_interval=PING)
        handler.client.proxy = None  # the library takes one from the environment
        try:
            async with asyncio.timeout(OPENING):
                # Asked here, because the library's own connect() tries one used-up address for ever.
                handler.client.wss_uri = await handler.client.issue_new_wss_url()
                await handler.connect_async()  # type: ignore[no-untyped-call]
            log.info("slack.socket_open")
            failures = 0
            await _until_lost(handler)
            log.warning("slack.socket_lost")
        except FAILURES as error:
            log.warning("slack.socket_failed", why=why(error))
        finally:
            with contextlib.suppress(*FAILURES):
                await handler.close_async()  # type: ignore[no-untyped-call]
        failures += 1
        await asyncio.sleep(min(30.0, 2.0 ** min(failures, 5)) * random.uniform(0.5, 1.0))


async def _until_lost(handler: AsyncSocketModeHandler) -> None:
    """Return once there has been no connection for LOST seconds."""
    clock = asyncio.get_running_loop().time
    seen = clock()
    while clock() - seen < LOST:
        if await handler.client.is_connected():
            seen = clock()
        await asyncio.sleep(LOOK)


def why(error: BaseException) -> str:
    """Slack's error code where it gave one, else the kind of failure; never an address or a body."""
    if isinstance(error, SlackApiError):
        response = error.response
        code = response.get("error") if hasattr(response, "get") else None
        return str(code or "unreadable answer")
    return type(error).__name__
