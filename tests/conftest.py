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
from newsbot.bootstrap.sources import build_sources
from newsbot.ports import StoreDown
from newsbot.procs import runtime, watcher, web, worker
from newsbot.procs.runtime import Process
from newsbot.sandbox.serve import Running, first_line, serve
from newsbot.store.embedded import Embedded
from newsbot.store.redis import Redis
from tests.cast import Cast, until
from tests.redis_servers import Spread, Watched
from tests.redis_servers import running as servers_run

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--redis sentinel` runs the same tests where masters are replaced between them, `--redis cluster` on three masters."""
    parser.addoption("--redis", choices=("single", "sentinel", "cluster"), default="single", help="what Redis is")


@pytest.fixture(scope="session")
def redis_servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedded | Watched | Spread]:
    """What `--redis` says, for the session; the default is one embedded redis-server."""
    folder, kind = tmp_path_factory.mktemp("redis"), request.config.getoption("--redis")
    if kind == "single":
        embedded = Embedded(folder)
        embedded.acquire()
        yield embedded
        embedded.release()
    else:
        with servers_run(Watched(folder) if kind == "sentinel" else Spread(folder)) as servers:
            yield servers
        if isinstance(servers, Watched):
            assert servers.promotions or servers.tests < 4, "no master was replaced"


@pytest.fixture(scope="session")
def redis_url(redis_servers: Embedded | Watched | Spread) -> str:
    """Where the session's Redis is."""
    return redis_servers.url


@pytest.fixture
async def redis(redis_servers: Embedded | Watched | Spread) -> AsyncIterator[Redis]:
    """An empty database."""
    if isinstance(redis_servers, Watched):
        await asyncio.to_thread(redis_servers.between_tests)
    connection = Redis(redis_servers.url)
    await until(lambda: flushed(connection), "Redis is emptied")
    yield connection
    await connection.close()


async def flushed(connection: Redis) -> bool:
    """Whether nothing is left; a master that was just replaced says no."""
    try:
        await connection.call("FLUSHALL")
    except StoreDown:
        return False
    return True


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
        # Everything at once at any hour, unless a test says otherwise.
        "NEWSBOT_READER__QUIET": "",
        "NEWSBOT_READER__GATHER": "false",
        "NEWSBOT_READER__CAP": "0",
        "NEWSBOT_READER__DIGESTS": "[]",
        "NEWSBOT_MESSAGE__IMAGE": "true",
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
    sources = build_sources(bootstrap.plain(settings), settings, sites)
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
