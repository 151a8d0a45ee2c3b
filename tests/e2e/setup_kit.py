"""A new operator in front of `newsbot init`, and somebody between newsbot and the platforms who bends the answers."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsbot.sandbox.serve import Server as Asgi
from tests.cast import until
from tests.e2e.house import START, Done, House

# A house is made for `newsbot run`; a new operator has none of this yet.
NOTHING: dict[str, str | None] = {
    **dict.fromkeys(("TELEGRAM_BOT_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "NEWSBOT_PERSON")),
    **dict.fromkeys(("NEWSBOT_SITE__NAME", "NEWSBOT_LOG__JSON_LINES", "NEWSBOT_DATA__FOLDER", "PORT")),
    "LANG": "ko_KR.UTF-8",
}


@dataclass
class Operator:
    """Somebody who reads the screen and types."""

    house: House
    process: asyncio.subprocess.Process
    printed: bytes = b""
    read_to: int = 0
    reader: asyncio.Task[None] | None = None

    async def reads(self) -> None:
        """Everything the command prints, as it comes."""
        assert self.process.stdout is not None
        while piece := await self.process.stdout.read(4096):
            self.printed += piece

    @property
    def screen(self) -> str:
        """What stands on it so far."""
        return self.printed.decode("utf-8", "replace")

    async def sees(self, text: str) -> None:
        """Until this stands on the screen, after what was seen before."""
        with suppress(AssertionError):  # said below, with the screen
            await until(lambda: text in self.screen[self.read_to :] or self.reader_done, "", START)
        at = self.screen.find(text, self.read_to)
        assert at >= 0, f"never saw {text!r} in: {self.screen[self.read_to :]}"
        self.read_to = at + len(text)

    @property
    def reader_done(self) -> bool:
        """Whether the screen is complete."""
        return self.reader is not None and self.reader.done()

    async def answers(self, question: str, *lines: str) -> None:
        """Wait for the question, type the answer."""
        await self.sees(question)
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines or ("",)).encode())
        await self.process.stdin.drain()

    async def ended(self) -> Done:
        """The command's end."""
        async with asyncio.timeout(START):
            code = await self.process.wait()
            assert self.reader is not None
            await self.reader
        return Done(code, self.screen, "")


@asynccontextmanager
async def operator(house: House, *arguments: str, **more: str | None) -> AsyncIterator[Operator]:
    """`newsbot init ARGUMENTS` with somebody in front of it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "newsbot", "init", *arguments),
        cwd=house.folder,
        env=house.environ({**NOTHING, **more}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    found = Operator(house, process)
    found.reader = asyncio.create_task(found.reads())
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await found.reader


async def polled(house: House) -> None:
    """Until the bot listens on Telegram."""
    await until(lambda: house.sandbox.world.updates._poll is not None, "polling", START)


async def listening(house: House) -> None:
    """Until the bot listens on Slack."""
    await until(lambda: house.sandbox.world.slack.wire.sockets, "the socket", START)


PAGE, FEED, HOME = "/pages", "/feed", "/home"

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>예시뉴스</title><link>https://example.com/</link>
<item><title>예시군 새 다리 개통</title><link>https://example.com/bridge.html</link><guid>https://example.com/bridge.html</guid>
<pubDate>Mon, 05 Jan 2026 09:00:00 +0900</pubDate><description>예시군이 새 다리를 열었다.</description></item>
</channel></rss>"""


@dataclass
class Between:
    """Stands between newsbot and the sandbox, and says what the sandbox cannot: other clocks, other rights. Below
    `/pages`, `/feed` and `/home` it is the newsroom's own site."""

    url: str
    sandbox: str
    headers: dict[str, str] = field(default_factory=dict)
    replace: dict[bytes, bytes] = field(default_factory=dict)
    page: int = 200
    feed: str = ""  # what stands at /feed
    home: str = "<html></html>"  # what stands at /home and below

    async def answer(self, request: Request) -> Response:
        """The sandbox's answer, or the site's."""
        path = request.url.path
        if path.startswith(PAGE):
            return Response("", self.page)
        if path == FEED:
            return Response(self.feed, media_type="application/xml")
        if path.startswith(HOME):
            return Response(self.home, media_type="text/html")
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            sent = {
                name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers
            }
            got = await client.post(self.sandbox + path, content=await request.body(), headers=sent)
        body = got.content
        for old, new in self.replace.items():
            body = body.replace(old, new)
        kept = {"content-type": got.headers["content-type"], "date": formatdate(usegmt=True), **self.headers}
        return Response(body, got.status_code, kept)


@asynccontextmanager
async def standing_between(sandbox: str, headers: dict[str, str]) -> AsyncIterator[Between]:
    """One that answers, with these headers on every answer of the sandbox."""
    sock = socket.create_server(("127.0.0.1", 0))
    found = Between(f"http://127.0.0.1:{sock.getsockname()[1]}", sandbox, headers)
    app = Starlette(routes=[Route("/{path:path}", found.answer, methods=["GET", "POST"])])
    server = Asgi(uvicorn.Config(app, lifespan="off", log_config=None, date_header=False, ws="none"))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await until(lambda: server.started, "the one between")
    try:
        yield found
    finally:
        server.end()
        await task
