"""The libraries we are compared with, each as its own documents show it, 32 requests under way at a time.

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
from typing import Any

IN_FLIGHT = 32
TOKEN = "1234567890:AA-example-token-for-the-bench-only-xx"
FIRST_CHAT = 1_000_000

Send = Callable[[int], Awaitable[Any]]
"""Sends the payload to one chat; raises where that failed."""


@asynccontextmanager
async def python_telegram_bot(base: str, payload: dict[str, Any]) -> AsyncIterator[Send]:
    """The stock library: httpx, and a pool as large as what is under way (its default of 1 would time out)."""
    from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions
    from telegram.request import HTTPXRequest

    async with Bot(TOKEN, base_url=f"{base}/bot", request=HTTPXRequest(connection_pool_size=IN_FLIGHT)) as bot:
        more = dict(payload)
        more["link_preview_options"] = LinkPreviewOptions.de_json(more.pop("link_preview_options"), bot)
        if "reply_markup" in more:
            more["reply_markup"] = InlineKeyboardMarkup.de_json(more["reply_markup"], bot)
        yield lambda chat: bot.send_message(chat_id=chat, **more)


@asynccontextmanager
async def aiogram(base: str, payload: dict[str, Any]) -> AsyncIterator[Send]:
    """Its default session, an aiohttp one with at most 100 connections."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

    more = dict(payload)
    more["link_preview_options"] = LinkPreviewOptions(**more.pop("link_preview_options"))
    if "reply_markup" in more:
        more["reply_markup"] = InlineKeyboardMarkup.model_validate(more["reply_markup"])
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(base))) as bot:
        yield lambda chat: bot.send_message(chat_id=chat, **more)


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


PEERS: dict[str, Callable[[str, dict[str, Any]], Any]] = {
    "python-telegram-bot": python_telegram_bot,
    "aiogram": aiogram,
    "bare-http": bare_http,
    "slack-sdk": slack_sdk,
}


async def broadcast(send: Send, first: int, messages: int) -> None:
    """One message to each of so many chats."""
    chats = iter(range(first, first + messages))

    async def runner() -> None:
        for chat in chats:
            await send(chat)

    await asyncio.gather(*(runner() for _ in range(IN_FLIGHT)))


async def main(name: str, base: str, messages: int, warm_up: int) -> None:
    """Warm up, measure, print."""
    async with PEERS[name](base, json.load(sys.stdin)) as send:
        await broadcast(send, FIRST_CHAT, warm_up)
        began, cpu = time.perf_counter(), time.process_time()
        await broadcast(send, FIRST_CHAT + warm_up, messages)
        told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(told), flush=True)
    # Not a plain end: threads of pyreqwest that still let go of Python objects then abort the interpreter, now and then.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
