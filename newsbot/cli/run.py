"""`newsbot run` (everything in one process) and its parts: `web`, `watcher`, `worker`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

if sys.platform != "win32":
    import uvloop

from newsbot import bootstrap
from newsbot.bootstrap.sources import build_sources
from newsbot.cli.common import NOTHING_ON, Quit, configured
from newsbot.ports import Source
from newsbot.procs import runtime, watcher, web, worker
from newsbot.procs.runtime import Process
from newsbot.settings import Settings

Sites = Annotated[list[Path] | None, typer.Option("--site", help="A Jekyll site folder to watch; repeatable.")]
Feeds = Annotated[list[str] | None, typer.Option("--feed", help="The address of a feed to watch; repeatable.")]
Jobs = list[Coroutine[Any, Any, None]]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def run(site: Sites = None, feed: Feeds = None) -> None:
        """Watch, answer and deliver, all in one process."""
        start(lambda p, s: [*worker.jobs(p), *watcher.jobs(p, s), *web.jobs(p)], site, feed, serve=True, alone=True)

    @app.command("web")
    def web_command() -> None:
        """The HTTP door and the chat commands."""
        start(lambda p, _: [*web.jobs(p), *runtime.keep_started(p)], serve=True)

    @app.command("watcher")
    def watcher_command(site: Sites = None, feed: Feeds = None) -> None:
        """Watch the sources and accept what is new."""
        start(watcher.jobs, site, feed, needs_sources=True, needs_bots=False)

    @app.command("worker")
    def worker_command() -> None:
        """Deliver."""
        start(lambda p, _: worker.jobs(p))


def start(
    work: Callable[[Process, list[Source]], Jobs],
    sites: list[Path] | None = None,
    feeds: list[str] | None = None,
    *,
    serve: bool = False,
    alone: bool = False,
    needs_sources: bool = False,
    needs_bots: bool = True,
) -> None:
    """Check everything that can be wrong beforehand, then run the jobs until a signal."""
    settings = configured(serves=True)
    bootstrap.check_redis(settings)  # before the data folder is taken: a mistake is told whoever has it
    try:
        sources = build_sources(bootstrap.plain(settings), settings, sites or (), feeds or ())
    except ValidationError:
        raise Quit("--feed: must start with http:// or https://", 2) from None
    if needs_sources and not sources:
        raise Quit(
            "nothing to watch: name a folder with --site, a feed with --feed, or either in a [[source]] section", 2
        )
    with runtime.only_one(settings.data.folder) if alone else nullcontext(), runtime.redis_url(settings) as url:
        forever(running(settings, url, sources, work, serve=serve, needs_bots=needs_bots))


def forever(main: Coroutine[Any, Any, None]) -> None:
    """Run it on the quicker loop where there is one; a delivery costs a third less there (docs/performance.md)."""
    if sys.platform == "win32":
        asyncio.run(main)
    else:
        uvloop.run(main)


async def running(
    settings: Settings,
    url: str,
    sources: list[Source],
    work: Callable[[Process, list[Source]], Jobs],
    *,
    serve: bool,
    needs_bots: bool,
) -> None:
    """The process itself: HTTP first (so that /readyz can say what is missing), then Redis, tokens, jobs."""
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(runtime.process(settings, url, os.environ))
        if not process.bots:
            raise Quit(NOTHING_ON, 2)
        sock = web.listen(process) if serve else None
        jobs = [whole(process, sources, work, needs_bots), process.watch_redis()]
        await process.run(*([web.serve(process, sock)] if sock else []), *jobs)


async def whole(
    process: Process, sources: list[Source], work: Callable[[Process, list[Source]], Jobs], needs_bots: bool
) -> None:
    """Redis, then tokens, then the work until the stop signal. Raises Failed."""
    await process.wait_for_redis()
    if process.stop.is_set():
        return
    if needs_bots:
        await process.start_bots()
    async with asyncio.TaskGroup() as group:
        for job in work(process, sources):
            group.create_task(job)
