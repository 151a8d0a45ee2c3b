"""Telegram's webhook: closed to strangers, open to the sandbox's Telegram, and never stuck on a bad update."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from newsbot.core.model import Inbound, Reply
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import StoreDown
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram.people import RAE

SECRET = "a-webhook-secret"


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


def build(sandbox: Running, **settings: Any) -> TelegramPlatform:
    return TelegramPlatform(Settings(api_base=sandbox.url, **settings), sandbox.world.telegram.token)


class Door:
    """Remembers what came in and answers what it is told to."""

    def __init__(self) -> None:
        self.seen: list[Inbound] = []
        self.replies: Sequence[Reply] = ()
        self.down = 0

    async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
        self.seen.append(inbound)
        if self.down > 0:
            self.down -= 1
            raise StoreDown
        return self.replies


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture
async def web(sandbox: Running) -> AsyncIterator[tuple[httpx.AsyncClient, Door]]:
    platform = build(sandbox, webhook_url="https://news.example/telegram/webhook", webhook_secret=SecretStr(SECRET))
    await platform.start()
    door = Door()
    app = Starlette(routes=list(platform.routes(door)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client, door
    await platform.close()


def update(number: int = 1, text: str = "/start") -> dict[str, Any]:
    who = {"id": RAE, "is_bot": False, "first_name": "Rae"}
    chat = {"id": RAE, "type": "private", "first_name": "Rae"}
    return {"update_id": number, "message": {"message_id": 5, "date": 1, "chat": chat, "from": who, "text": text}}


async def test_the_webhook_is_closed_to_strangers(web: tuple[httpx.AsyncClient, Door]) -> None:
    client, door = web
    head = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    body = json.dumps(update()).encode()

    async def status(content: bytes, headers: dict[str, Any]) -> int:
        return (await client.post("/telegram/webhook", content=content, headers=headers)).status_code

    assert await status(body, {"Content-Type": "application/json"}) == 401
    assert await status(body, {**head, "X-Telegram-Bot-Api-Secret-Token": SECRET + "x"}) == 401
    assert await status(body, {**head, "X-Telegram-Bot-Api-Secret-Token": "비밀".encode()}) == 401
    assert await status(body, {**head, "Content-Type": "text/plain"}) == 415
    assert await status(b" " * 300_000, head) == 413
    assert not door.seen
    for poison in (b"not json", b"[]", b'{"update_id":"x"}', b"[" * 50_000, b'{"update_id":3,"message":[]}'):
        assert await status(poison, head) == 200
    assert not door.seen
    door.down = 1
    assert await status(body, head) == 503
    assert await status(body, head) == 200
    assert [inbound.event for inbound in door.seen] == ["tg:1", "tg:1"]
    assert (await client.get("/telegram/webhook")).status_code == 405


async def test_telegram_itself_gets_through_the_webhook(sandbox: Running) -> None:
    door, world = Door(), sandbox.world
    door.replies = [Reply("네")]
    platform = build(sandbox, webhook_url="http://localhost/telegram/webhook", webhook_secret=SecretStr(SECRET))
    await platform._request.initialize()
    app = Starlette(routes=list(platform.routes(door)))
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none"))
    task = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    world.updates.url, world.updates.secret = f"http://127.0.0.1:{port}/telegram/webhook", SECRET
    person.say(world, {"user": "Rae", "text": "/start"})
    await until(lambda: len(world.record.messages("telegram", RAE)) == 2)
    server.should_exit = True
    await task
    await platform.close()
    assert [inbound.text for inbound in door.seen] == ["/start"]


async def test_with_a_webhook_nothing_polls(sandbox: Running) -> None:
    platform = build(sandbox, webhook_url="https://news.example/telegram/webhook", webhook_secret=SecretStr(SECRET))
    await platform.receive(Door())
    assert build(sandbox).routes(Door()) == ()
