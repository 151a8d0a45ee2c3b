"""Other people's ways to send one message to many chats, timed from the inside.

    python -P tests/benchmarks/peers.py NAME BASE_URL MESSAGES WARM_UP < payload.json

A program of its own that imports nothing of newsbot: aiogram wants other versions of shared packages than newsbot does
and runs in another environment. The payload is the one newsbot sends, without its chat. Prints one line:
{"seconds", "cpu"}: wall clock and processor time of the messages after the warm-up.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

IN_FLIGHT = 32
TOKEN = "1234567890:AA-example-token-for-the-bench-only-xx"
FIRST_CHAT = 5_000_000_000
"""Ten digits and past 32 bits, as the ids of most people on Telegram are by now."""
NEVER = 1e9
"""Messages a second that no limiter ever makes wait."""

Send = Callable[[int], Awaitable[Any]]
"""Sends the payload to one chat; raises where that failed."""


@asynccontextmanager
async def python_telegram_bot(base: str, payload: dict[str, Any], *, limiter: bool) -> AsyncIterator[Send]:
    """The stock library: httpx, and a pool as large as what is under way (its default of 1 would time out). With
    `limiter` its own AIORateLimiter counts every message, at a rate that never makes it wait."""
    from telegram import InlineKeyboardMarkup, LinkPreviewOptions
    from telegram.ext import AIORateLimiter, ExtBot
    from telegram.request import HTTPXRequest

    counts = AIORateLimiter(overall_max_rate=NEVER, group_max_rate=NEVER) if limiter else None
    request = HTTPXRequest(connection_pool_size=IN_FLIGHT)
    async with ExtBot(TOKEN, base_url=f"{base}/bot", request=request, rate_limiter=counts) as bot:
        more = dict(payload)
        more["link_preview_options"] = LinkPreviewOptions.de_json(more.pop("link_preview_options"), bot)
        if "reply_markup" in more:
            more["reply_markup"] = InlineKeyboardMarkup.de_json(more["reply_markup"], bot)
        yield lambda chat: bot.send_message(chat_id=chat, **more)


@asynccontextmanager
async def aiogram(base: str, payload: dict[str, Any]) -> AsyncIterator[Send]:
    """Its default session, an aiohttp one with at most 100 connections; a flood is waited out, as in the example of its
    documentation (docs.aiogram.dev, 2.25: Broadcast example; version 3 has none of its own)."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.exceptions import TelegramRetryAfter
    from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

    more = dict(payload)
    more["link_preview_options"] = LinkPreviewOptions(**more.pop("link_preview_options"))
    if "reply_markup" in more:
        more["reply_markup"] = InlineKeyboardMarkup.model_validate(more["reply_markup"])
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(base))) as bot:

        async def send(chat: int) -> None:
            try:
                await bot.send_message(chat_id=chat, **more)
            except TelegramRetryAfter as error:
                await asyncio.sleep(error.retry_after)
                await send(chat)

        yield send


@asynccontextmanager
async def bare_http(base: str, payload: dict[str, Any]) -> AsyncIterator[Send]:
    """The HTTP client newsbot sends with, a body that is encoded already, and an answer nobody looks at."""
    from pyreqwest.client import ClientBuilder

    rest = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()[1:]
    url = f"{base}/bot{TOKEN}/sendMessage"
    client = ClientBuilder().no_proxy().max_connections(IN_FLIGHT).build()

    async def send(chat: int) -> None:
        body = b'{"chat_id":%d,%s' % (chat, rest)
        request = client.post(url).header("Content-Type", "application/json").body_bytes(body)
        response = await request.build().send()
        await response.bytes()
        if response.status != 200:
            raise ConnectionError(f"status {response.status}")

    async with client:
        yield send


@asynccontextmanager
async def slack_sdk(base: str, payload: dict[str, Any]) -> AsyncIterator[Send]:
    """One client for all messages, everything at its default."""
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(f"xoxb-{TOKEN}", base_url=f"{base}/api/")
    yield lambda chat: client.chat_postMessage(channel=f"C{chat}", **payload)


@dataclass(frozen=True)
class Peer:
    """How a library is opened, and how many requests it has under way."""

    opened: Callable[[str, dict[str, Any]], Any]
    in_flight: int = IN_FLIGHT


PEERS = {
    "python-telegram-bot": Peer(partial(python_telegram_bot, limiter=True)),
    "python-telegram-bot-no-limiter": Peer(partial(python_telegram_bot, limiter=False)),
    # The documented loop: one message after another. It sleeps 0.05 s between two, which is left out here.
    "aiogram": Peer(aiogram, in_flight=1),
    "aiogram-32": Peer(aiogram),
    "bare-http": Peer(bare_http),
    "slack-sdk": Peer(slack_sdk),
}


async def broadcast(send: Send, first: int, messages: int, in_flight: int) -> None:
    """One message to each of so many chats."""
    chats = iter(range(first, first + messages))

    async def runner() -> None:
        for chat in chats:
            await send(chat)

    await asyncio.gather(*(runner() for _ in range(in_flight)))


async def main(name: str, base: str, messages: int, warm_up: int) -> None:
    """Warm up, measure, print."""
    peer = PEERS[name]
    async with peer.opened(base, json.load(sys.stdin)) as send:
        await broadcast(send, FIRST_CHAT, warm_up, peer.in_flight)
        began, cpu = time.perf_counter(), time.process_time()
        await broadcast(send, FIRST_CHAT + warm_up, messages, peer.in_flight)
        told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(told), flush=True)
    # Not a plain end: threads of pyreqwest that still let go of Python objects then abort the interpreter, now and then.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
