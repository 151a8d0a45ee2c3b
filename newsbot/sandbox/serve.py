"""Running the sandbox: in-process for tests and the demo, or as the `newsbot sandbox` command's body."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from newsbot.sandbox.app import build
from newsbot.sandbox.clock import Clock
from newsbot.sandbox.line import LINE, Line
from newsbot.sandbox.world import World, new_world

BACKLOG = 2048
GRACE = 0.5  # seconds a call under way gets at the end


class Protocol(HttpToolsProtocol):
    """HTTP that lets a fault reach its own connection, to cut it like a broken network does."""

    line: Line

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection."""
        super().connection_made(transport)
        self.line = Line(transport)

    def on_message_begin(self) -> None:
        """Puts the connection where scripted trouble finds it."""
        super().on_message_begin()
        self.line.calls += 1
        self.scope["extensions"] = {LINE: self.line}  # type: ignore[dict-item]


class Server(uvicorn.Server):
    """A server inside someone else's process: signals stay theirs."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signal handlers alone."""
        yield

    async def main_loop(self) -> None:
        """Waits to be stopped, without the usual tenth of a second between looks: tests start many servers."""
        while not self.should_exit:
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes everything at once; calls under way get a moment, then end."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        running = set(self.server_state.tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.sleep(0)

    def end(self) -> None:
        """Stops at once."""
        self.should_exit = True
        self.ended.set()


@dataclass
class Running:
    """A sandbox that answers; `await stop()` ends it."""

    world: World
    url: str  # without a slash at the end
    port: int
    server: Server
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """Ends streams, polls and retries, then the server."""
        await self.world.close()
        await asyncio.sleep(0)  # closed connections leave first
        self.server.end()
        await self.task


async def serve(
    port: int = 0,
    host: str = "127.0.0.1",
    *,
    world: World | None = None,
    clock: Clock | None = None,
    limits: bool = True,
) -> Running:
    """Starts a sandbox and returns once it answers; port 0 takes a free one. Raises OSError when the port is taken."""
    world = world or new_world(clock, limits)
    sock = _listen(host, port)
    config = uvicorn.Config(
        build(world),
        http=Protocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=75,  # clients pool connections; a short value here would look like network trouble
        backlog=BACKLOG,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        if task.done():
            await task
            raise OSError("the sandbox did not start")
        await asyncio.sleep(0.005)
    taken = sock.getsockname()[1]
    return Running(world, f"http://{host}:{taken}", taken, server, task)


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named on purpose: without it asyncio leaves Nagle's algorithm on, and each answer takes 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def first_line(running: Running) -> dict[str, Any]:
    """All that a bot needs to talk to this sandbox, and where to look at the outcome."""
    world, url = running.world, running.url
    return {
        "telegram_api_base": url,
        "slack_api_base": f"{url}/api/",
        "telegram_token": world.telegram.token,
        "slack_bot_token": world.slack.bot_token,
        "slack_app_token": world.slack.app_token,
        "slack_signing_secret": world.slack.signing_secret,
        "page": url,
        "record": f"{url}/sandbox/messages",
        "control": f"{url}/sandbox",
    }
