"""What tests share: a real redis-server, the sandbox over HTTP, a whole newsbot in this process, and the cast."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from newsbot import bootstrap
from newsbot.procs import runtime, watcher, web, worker
from newsbot.procs.runtime import Process
from newsbot.sandbox.serve import Running, first_line, serve
from newsbot.store.embedded import Embedded
from newsbot.store.redis import Redis
from tests.cast import Cast

# What the product sets up when it serves; structlog's own default prints every local, which takes seconds.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(),
    ]
)

PEOPLE = [
    {"name": "Ed", "roles": ["editor"], "telegram": 2001, "slack": "U0ED"},
    {"name": "Eve", "roles": ["editor"], "telegram": 2002, "slack": "U0EVE"},
    {"name": "Olu", "roles": ["on-call"], "telegram": 3001, "slack": "U0OLU"},
]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded redis-server for the session."""
    embedded = Embedded(tmp_path_factory.mktemp("redis"))
    yield embedded.acquire()
    embedded.release()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty database."""
    connection = Redis(redis_url)
    await connection.call("FLUSHALL")
    yield connection
    await connection.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    """Both platforms' stand-ins, fresh."""
    running = await serve(0)
    yield running
    await running.stop()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small Jekyll site with one old post."""
    folder = tmp_path / "site"
    (folder / "_posts").mkdir(parents=True)
    (folder / "_config.yml").write_text("url: https://example.com\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n")
    (folder / "_posts" / "2026-01-05-old.md").write_text("---\ntitle: 예시군 새해 첫 회의\n---\n회의를 열었다.\n")
    return folder


def environment(running: Running, data: Path, **more: str) -> dict[str, str]:
    """The variables that point a newsbot at this sandbox."""
    facts = first_line(running)
    return {
        "TELEGRAM_API_BASE": facts["telegram_api_base"],
        "TELEGRAM_BOT_TOKEN": facts["telegram_token"],
        "SLACK_API_BASE": facts["slack_api_base"],
        "SLACK_BOT_TOKEN": facts["slack_bot_token"],
        "SLACK_APP_TOKEN": facts["slack_app_token"],
        "NEWSBOT_DATA__FOLDER": str(data),
        "NEWSBOT_PERSON": json.dumps(PEOPLE),
        "NEWSBOT_SITE__NAME": "예시뉴스",
        # Tests say more to one chat within a second than a newsroom does; what waits for whom has tests of its own.
        "NEWSBOT_TELEGRAM__PER_CHAT": "1000",
        "NEWSBOT_TELEGRAM__PER_GROUP": "60000",
        "NEWSBOT_SLACK__PER_CHANNEL": "1000",
        "PORT": "0",
        **more,
    }


@asynccontextmanager
async def newsbot(running: Running, redis: Redis, data: Path, *sites: Path, **more: str) -> AsyncIterator[Process]:
    """A whole newsbot in this process, as `newsbot run` puts it together, until the block ends."""
    environ = environment(running, data, REDIS_URL=redis.url, **more)
    settings = bootstrap.read_settings(environ)
    sources = bootstrap.sources(bootstrap.plain(settings), settings, sites)
    async with runtime.process(settings, redis.url, environ) as process:
        sock = web.listen(process)
        process.port = sock.getsockname()[1]  # type: ignore[attr-defined]
        await process.wait_for_redis()
        await process.start_bots()
        jobs = [web.serve(process, sock), *worker.jobs(process), *watcher.jobs(process, sources), *web.jobs(process)]
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            yield process
        finally:
            process.stop.set()
            await runtime.finish(tasks)


@pytest.fixture
async def bot(running_bot: Mapping[str, Any]) -> Process:
    """A whole newsbot against the sandbox, watching `site`."""
    process: Process = running_bot["process"]
    return process


@pytest.fixture
async def running_bot(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Mapping[str, Any]]:
    """The bot together with what it runs against."""
    async with newsbot(sandbox, redis, tmp_path / "data", site) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)  # a conversation is quicker here than a person types
        yield {"process": process, "cast": cast}


@pytest.fixture
def cast(running_bot: Mapping[str, Any]) -> Cast:
    """Rae reads, Ed and Eve edit, Olu is on call, Sam is nobody."""
    found: Cast = running_bot["cast"]
    return found
