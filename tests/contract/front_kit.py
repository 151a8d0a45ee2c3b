"""What tests of both front ends share: a door that answers what it is told to, and people before either platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from newsbot.core import model as core
from newsbot.core.model import Address, Inbound, Rendered, Reply, Urgency, When
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.slack.settings import Settings as SlackSettings
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.platforms.telegram.render import TelegramDialect
from newsbot.platforms.telegram.settings import Settings as TelegramSettings
from newsbot.ports import Menu, StoreDown
from newsbot.procs.runtime import end
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running
from newsbot.sandbox.telegram import control as person

RAE, NEWS = 1001, "C0NEWS"


async def until(true: Callable[[], Any]) -> Any:
    """The first truthy value of `true`."""
    async with asyncio.timeout(8):
        while not (found := true()):
            await asyncio.sleep(0.005)
        return found


class Door:
    """Remembers what came in and answers what it is told to: `answers` by what was said, else `replies`."""

    def __init__(self, **answers: Sequence[Reply]) -> None:
        self.seen: list[Inbound] = []
        self.answers = answers
        self.replies: Sequence[Reply] = ()
        self.down = 0
        self.came = asyncio.Event()

    async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
        self.seen.append(inbound)
        self.came.set()
        if self.down > 0:
            self.down -= 1
            raise StoreDown
        return self.answers.get(inbound.text.removeprefix("/"), self.replies)

    async def next(self, count: int) -> list[Inbound]:
        """The first so many, once they came."""
        async with asyncio.timeout(5):
            while len(self.seen) < count:
                self.came.clear()
                await self.came.wait()
        return self.seen


def telegram_platform(sandbox: Running, menu: Menu | None = None, **settings: Any) -> TelegramPlatform:
    """The live half before this sandbox."""
    token = sandbox.world.telegram.token
    return TelegramPlatform(TelegramSettings(token=SecretStr(token), api_base=sandbox.url, **settings), token, menu)


def slack_platform(sandbox: Running, **settings: Any) -> SlackPlatform:
    """The live half before this sandbox."""
    token = sandbox.world.slack.bot_token
    return SlackPlatform(SlackSettings(bot_token=SecretStr(token), api_base=f"{sandbox.url}/api", **settings), token)


@asynccontextmanager
async def polling(platform: TelegramPlatform, door: Callable[[Inbound], Awaitable[Sequence[Reply]]]) -> Any:
    """Updates reach the door by long polling."""
    task = asyncio.create_task(platform.receive(door))
    try:
        yield
    finally:
        await end(task)


class People:
    """The cast on Slack, acting through the sandbox's control API."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client

    async def __call__(self, act: str, **given: Any) -> dict[str, Any]:
        response = await self._client.post(f"{self._url}/sandbox/slack/{act}", json=given)
        answer = response.json()
        assert response.status_code == 200, answer
        assert isinstance(answer, dict)
        return answer

    async def sees(self, user: str, which: str) -> Any:
        """The Home or the open modal of this person, None where there is none."""
        response = await self._client.get(f"{self._url}/sandbox/slack/views", params={"user": user})
        return response.json()[which]


@asynccontextmanager
async def socket(sandbox: Running, door: Door) -> AsyncIterator[SlackPlatform]:
    """Slack by Socket Mode."""
    platform = slack_platform(sandbox, app_token=SecretStr(sandbox.world.slack.app_token))
    await platform.start()
    task = asyncio.create_task(platform.receive(door))
    try:
        await until(lambda: sandbox.world.slack.wire.sockets)
        yield platform
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await platform.close()


@asynccontextmanager
async def signed_http(sandbox: Running, door: Door, people: People) -> AsyncIterator[SlackPlatform]:
    """Slack by signed HTTP."""
    platform = slack_platform(sandbox, signing_secret=SecretStr(sandbox.world.slack.signing_secret))
    await platform.start()
    app = Starlette(routes=list(platform.routes(door)))
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none"))
    task = asyncio.create_task(server._serve())
    try:
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/slack/events"
        assert await people("request_url", url=url) == {"url": url, "verified": True}
        yield platform
    finally:
        server.should_exit = True
        await task
        await platform.close()


class Front(Protocol):
    """Rae before one platform, in a conversation of her own with the bot."""

    door: Door
    platform: Any
    home: Address

    async def writes(self, text: str) -> None: ...
    async def presses(self, label: str, message: Message | None = None) -> None: ...
    async def answers(self, question: str, words: str) -> None: ...
    async def loses(self, message: Message) -> None: ...
    def messages(self) -> list[Message]: ...


@dataclass
class OnTelegram:
    """Rae's private chat."""

    sandbox: Running
    door: Door
    platform: TelegramPlatform
    home = Address("telegram", str(RAE))

    async def writes(self, text: str) -> None:
        person.say(self.sandbox.world, {"user": "Rae", "text": text})

    async def presses(self, label: str, message: Message | None = None) -> None:
        message = message or next(one for one in reversed(self.messages()) if label in labels(one))
        button = next(b for row in message.view["buttons"] for b in row if b["text"] == label)
        data = button["callback_data"]
        person.press(self.sandbox.world, {"user": "Rae", "message_id": message.message_id, "data": data})
        await until(lambda: not self.sandbox.world.queries)

    async def answers(self, question: str, words: str) -> None:
        asked = await until(lambda: [one for one in self.messages() if one.text.startswith(question)])
        person.say(self.sandbox.world, {"user": "Rae", "text": words, "reply_to": asked[-1].message_id})

    async def loses(self, message: Message) -> None:
        """The message is deleted while the button is pressed: the bot still sees it, and cannot change it."""
        post = self.sandbox.world.telegram.chats[RAE].posts.pop(int(message.message_id))
        number = "1"
        query = {"id": number, "from": self.sandbox.world.telegram.users[RAE].api(), "message": post.api}
        self.sandbox.world.updates.push(
            "callback_query", query | {"chat_instance": "1", "data": "on politics"}, str(RAE)
        )
        self.sandbox.world.record.delete(message)

    def messages(self) -> list[Message]:
        found = self.sandbox.world.record.messages("telegram", RAE)
        return [one for one in found if one.sender == "bot" and not one.deleted]


@dataclass
class OnSlack:
    """Rae's direct conversation with the bot."""

    sandbox: Running
    door: Door
    platform: SlackPlatform
    people: People
    home = Address("slack", "D0RAE")

    async def writes(self, text: str) -> None:
        await self.people("say", user="Rae", text=text)

    async def presses(self, label: str, message: Message | None = None) -> None:
        which = {"message_ts": message.message_id} if message else {}
        await self.people("press", user="Rae", channel="D0RAE", button=label, **which)

    async def answers(self, question: str, words: str) -> None:
        modal = await self.people.sees("Rae", "modal")
        assert any(text.startswith(question) for text in modal["text"]), modal["text"]
        await self.people("pick", user="Rae", action_id="news:words", value=words)
        assert (await self.people("submit", user="Rae"))["shows"] == "closed"

    async def loses(self, message: Message) -> None:
        """The message is deleted between the press and the answer to it."""
        self.sandbox.world.faults.add("chat_not_found", method="chat.update")
        await self.presses("정치")
        self.sandbox.world.record.delete(message)

    def messages(self) -> list[Message]:
        found = self.sandbox.world.record.messages("slack", "D0RAE")
        return [one for one in found if one.sender == "bot" and not one.deleted]


def labels(message: Message) -> list[str]:
    """What can be pressed under a message."""
    rows = message.view.get("buttons", [])
    return [one["label"] for one in rows] if message.platform == "slack" else [b["text"] for row in rows for b in row]


def alert(platform: str, **fields: Any) -> Rendered:
    """An alert with buttons to press, as readers get it."""
    given: dict[str, Any] = {
        "urgency": Urgency.BREAKING,
        "language": "ko",
        "tag": "[속보]",
        "headline": "예시군 지진",
        "excerpt": "규모 5.1",
        "topics": ("재난",),
        "when": When("오전 9:03", 1720742580),
        "publisher": "예시뉴스",
        "link": "https://example.com/a",
        "credit": None,
        "hashtags": ("속보",),
        "read": "기사 보기",
        "story": "K7F3M",
        "more": (("설정", "settings"),),
    }
    message = core.Message(**{**given, **fields})
    return (TelegramDialect() if platform == "telegram" else SlackDialect()).render(message)
