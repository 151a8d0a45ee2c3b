"""What contract tests of both stand-ins share: the clients that call them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, serve
from tests.contract.slack_kit import web_client
from tests.contract.telegram_kit import Api


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections of a test's own."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(sandbox: Running, http: aiohttp.ClientSession) -> AsyncWebClient:
    """Slack's own client, as the bot."""
    return web_client(sandbox, http)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """The Telegram bot of a sandbox whose clock stands still; Rae has started it."""
    clock = ManualClock()
    running = await serve(clock=clock)
    async with httpx.AsyncClient(timeout=5) as client:
        made = Api(running, client, clock)
        said = await made.say("Rae", "/start")
        await made.ok("getUpdates", offset=said["update_id"] + 1)
        yield made
    await running.stop()
