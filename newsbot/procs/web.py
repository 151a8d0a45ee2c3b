"""HTTP and the chat door: health, metrics, the platforms' own routes, and polling or sockets under a lease."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsbot import bootstrap
from newsbot.core.model import Inbound, Reply
from newsbot.flows.door import Door
from newsbot.ports import StoreDown, TokenTaken
from newsbot.procs.runtime import Bot, Failed, Process, end, until_stopped

log = structlog.get_logger()

LEASE = 6.0
RENEW = 2.0
"""Seconds a lease on receiving holds, and how often it is renewed: after a kill the chat door opens again within LEASE."""


class Server(uvicorn.Server):
    """A server whose process handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handlers alone."""
        yield


def listen(process: Process) -> socket.socket:
    """The listening socket of `[web]`. Raises Failed where the port is taken."""
    web = process.settings.web
    try:
        return socket.create_server((web.host, web.port), reuse_port=False)
    except OSError as error:
        # Python adds the address to the system's words; it stands here already.
        raise Failed(f"port {web.port} on {web.host}: {os.strerror(error.errno or 0)}") from None


def app(process: Process) -> Starlette:
    """The HTTP side: /healthz, /readyz, /metrics, and what each platform brings."""
    door = guarded(process)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        return await readiness(process)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(process.kit.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    for platform in process.kit.platforms.values():
        routes += platform.routes(door)
    return Starlette(routes=routes)


def guarded(process: Process) -> Any:
    """The door with its count. It raises nothing but StoreDown, and that only for what the platform will say again."""
    door: Door = process.kit.door()

    async def through(inbound: Inbound) -> Sequence[Reply]:
        process.kit.metrics.inbound.labels(inbound.address.platform, inbound.kind).inc()
        return await door(inbound)

    return through


async def readiness(process: Process) -> Response:
    """200 once Redis is there and a token was accepted; the body says what is and what is not."""
    try:
        alive = bool(await process.kit.redis.call("PING"))
    except StoreDown:
        alive = False
    process.kit.metrics.redis_up.set(int(alive))
    body = {
        "ready": alive and process.ready,
        "redis": alive,
        "warnings": list(process.redis.warnings) if process.redis else [],
        "platforms": {name: bot.state for name, bot in process.bots.items()},
    }
    return JSONResponse(body, 200 if body["ready"] else 503)


async def serve(process: Process, sock: socket.socket) -> None:
    """Answer HTTP until the stop signal."""
    config = uvicorn.Config(
        app(process),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
        h11_max_incomplete_event_size=65536,
    )
    host, port = sock.getsockname()[:2]
    log.info("web.listening", host=host, port=port)
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await process.stop.wait()
    server.should_exit = True
    await task


def jobs(process: Process) -> list[Coroutine[Any, Any, None]]:
    """The chat doors that have to be opened from here (polling, sockets), one coroutine each."""
    door = guarded(process)
    owner = bootstrap.worker_name()
    return [until_stopped(process.stop, receive(process, bot, door, owner)) for bot in process.bots.values()]


async def receive(process: Process, bot: Bot, door: Any, owner: str) -> None:
    """Receive while holding the platform's lease: two pollers on one token would throw each other out."""
    name = bot.platform.name
    while True:
        await bot.ready.wait()
        try:
            mine = await process.kit.ledger.hold(name, "receive", owner, LEASE)
        except StoreDown:
            mine = False
        if mine:
            await while_held(process, bot, door, owner)
        await asyncio.sleep(1)


async def while_held(process: Process, bot: Bot, door: Any, owner: str) -> None:
    """One spell of receiving; ends when the lease is lost, the platform stops, or receiving ends by itself."""
    task = asyncio.create_task(bot.platform.receive(door))
    try:
        while not task.done():
            await asyncio.wait([task], timeout=RENEW)
            try:
                if not await process.kit.ledger.hold(bot.platform.name, "receive", owner, LEASE):
                    return
            except StoreDown:
                pass  # nobody else can take the lease either
            if task.done():
                try:
                    task.result()
                except TokenTaken as error:
                    bot.taken_by_others(str(error))
                    # Workers elsewhere on this Redis must not go on either; a person resumes.
                    await process.kit.ledger.pause(bot.platform.name, "token taken")
                await asyncio.sleep(RENEW)
                return
    finally:
        await end(task)
        with contextlib.suppress(StoreDown):
            await process.kit.ledger.hold(bot.platform.name, "receive", owner, 0)  # whoever comes next need not wait
