"""Telegram's webhook: closed to strangers, open to the sandbox's Telegram, and never stuck on a bad update."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from newsbot.core.model import Inbound, Reply
from newsbot.platforms.telegram.claim import Claim, ForeignPoller
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import StoreDown, TokenTaken
from newsbot.procs.runtime import end
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram.people import RAE

SECRET = "a-webhook-secret"
URL = "https://news.example/telegram/webhook"


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


@asynccontextmanager
async def receiving(platform: TelegramPlatform, door: Door | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """What the platform hears goes to the door until the block ends."""
    task = asyncio.create_task(platform.receive(door or Door()))
    try:
        yield task
    finally:
        await end(task)


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
    platform = build(sandbox, webhook_url=URL, webhook_secret=SecretStr(SECRET))
    await platform.start()
    async with receiving(platform) as task:
        await until(lambda: sandbox.world.record.count("telegram", "getWebhookInfo") > 1)
        assert not task.done()
    await platform.close()
    assert sandbox.world.record.count("telegram", "getUpdates") == 0
    assert build(sandbox).routes(Door()) == ()


class TestTwoDeploymentsOnOneToken:
    """Whoever came first insists, whoever came second stops; reliability F34."""

    @pytest.fixture(autouse=True)
    def soon(self, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        """What takes a minute takes a moment here."""
        sandbox.world.limits.on = False
        monkeypatch.setattr("newsbot.platforms.telegram.claim.LOOK", 0.02)
        monkeypatch.setattr("newsbot.platforms.telegram.receive.CONFLICT", (0.02, 0.04))
        sandbox.world.updates.conflict_pause = 0.0

    @asynccontextmanager
    async def old(self, sandbox: Running, **settings: Any) -> AsyncIterator[tuple[asyncio.Task[None], Door]]:
        """The deployment that was first: it is old as soon as it has received once."""
        platform, door = build(sandbox, **settings), Door()
        await platform.start()
        looks = sandbox.world.record.count("telegram", "getWebhookInfo")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("newsbot.platforms.telegram.claim.YOUNG", 0.0)
            task = asyncio.create_task(platform.receive(door))
            if settings:
                await until(lambda: sandbox.world.record.count("telegram", "getWebhookInfo") > looks + 1)
            else:
                await until(lambda: sandbox.world.updates.allowed is not None)
                person.say(sandbox.world, {"user": "Rae", "text": "/start"})
                await until(lambda: door.seen)
        try:
            yield task, door
        finally:
            await end(task)
            await platform.close()

    @pytest.mark.parametrize("first", ["polling", "webhook"])
    @pytest.mark.parametrize("second", ["polling", "webhook"])
    async def test_the_second_gives_in(self, sandbox: Running, first: str, second: str) -> None:
        ways: dict[str, dict[str, Any]] = {
            "polling": {},
            "webhook": {"webhook_url": URL, "webhook_secret": SecretStr(SECRET)},
        }
        other = {"webhook_url": URL.replace("news", "other")} if second == "webhook" else {}
        with structlog.testing.capture_logs() as logs:
            async with self.old(sandbox, **ways[first]) as (task, door):
                young = build(sandbox, **(ways[second] | other))
                await young.start()
                with pytest.raises(TokenTaken, match="another deployment"):
                    async with asyncio.timeout(5):
                        await young.receive(Door())
                await young.close()
                assert not task.done()
                if first == "polling":
                    seen = len(door.seen)
                    person.say(sandbox.world, {"user": "Rae", "text": "/topics"})
                    await until(lambda: len(door.seen) > seen)
                else:
                    await until(lambda: sandbox.world.updates.url == URL)
        told = [entry for entry in logs if entry["event"] == "telegram.token_shared"]
        assert 1 <= len([entry for entry in told if entry["log_level"] == "critical"]) <= 2, (
            "each says it once a minute"
        )

    async def test_of_two_that_came_together_one_stays(self, sandbox: Running) -> None:
        both, doors = [build(sandbox), build(sandbox)], [Door(), Door()]
        for platform in both:
            await platform.start()
        pairs = zip(both, doors, strict=True)
        tasks = [asyncio.create_task(platform.receive(door)) for platform, door in pairs]
        done, left = await asyncio.wait(tasks, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [TokenTaken]
        (stays,) = left
        person.say(sandbox.world, {"user": "Rae", "text": "/start"})
        await until(lambda: doors[tasks.index(stays)].seen)
        await end(stays)
        for platform in both:
            await platform.close()

    @pytest.mark.slow
    async def test_a_door_that_is_busy_keeps_nobody(self, sandbox: Running) -> None:
        """What is under way is dropped unconfirmed: whoever receives now is told."""
        seen: list[Inbound] = []

        async def busy(inbound: Inbound) -> Sequence[Reply]:
            seen.append(inbound)
            await asyncio.Event().wait()
            return ()

        platform = build(sandbox)
        await platform.start()
        task = asyncio.create_task(platform.receive(busy))
        person.say(sandbox.world, {"user": "Rae", "text": "/start"})
        await until(lambda: seen)
        sandbox.world.updates.url = "https://other.example/telegram/webhook"
        with pytest.raises(TokenTaken):
            async with asyncio.timeout(5):
                await task
        await platform.close()
        assert len(sandbox.world.updates.waiting) == 1

    async def test_a_webhook_that_nobody_defends_is_replaced_with_a_word(self, sandbox: Running) -> None:
        sandbox.world.updates.url = "https://old.example/telegram/webhook"
        door, platform = Door(), build(sandbox)
        with structlog.testing.capture_logs() as logs:
            await platform.start()
        replaced = [entry for entry in logs if entry["event"] == "telegram.webhook_replaced"]
        assert [entry["host"] for entry in replaced] == ["old.example"]
        async with receiving(platform, door):
            person.say(sandbox.world, {"user": "Rae", "text": "/start"})
            await until(lambda: door.seen)
        await platform.close()


def test_who_was_first_never_gives_in() -> None:
    now = 0.0
    claim = Claim(lambda: now)
    claim.lost("once")
    claim.lost("twice")
    now = 31.0
    claim.lost("a third time, but the first was long ago")
    claim.held()
    assert not claim.old
    now = 62.0
    claim.lost("x")
    claim.lost("y")
    with pytest.raises(ForeignPoller):
        claim.lost("z")
    now = 91.0
    assert claim.old
    for _ in range(10):
        claim.lost("again and again")
