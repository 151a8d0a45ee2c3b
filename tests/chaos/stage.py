"""What a row is played on: a Redis, the network before it, the sandbox, worker processes, and a kit that accepts and looks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.core import editorial
from newsbot.core.model import Address, Article, Story, Subscriber, Tally, Urgency
from newsbot.ports import StoreDown
from newsbot.procs import runtime
from newsbot.procs.worker import IN_FLIGHT
from tests.cast import until
from tests.chaos import account
from tests.chaos.account import Push
from tests.chaos.relay import Door
from tests.chaos.row import Verdict
from tests.chaos.sandbox import Sandbox
from tests.chaos.server import Server
from tests.chaos.workers import Nursery, Worker

FIRST = 1_000_000
PATIENCE = 60.0
"""Seconds without any progress after which a row has failed; nothing passes by waiting."""
LOOK = 0.01

__all__ = ["IN_FLIGHT", "Push", "Stage", "in_flight", "staged"]


@dataclass
class Stage:
    """See the package's docstring for what a row does with it."""

    folder: Path
    nursery: Nursery
    quick: bool
    soak: float = 0.0
    """Seconds F35 goes on for."""
    servers: list[Server] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    """All that were ever hired."""
    started: int = 0
    environ: dict[str, str] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _parts: dict[str, Any] = field(default_factory=dict)

    def pick(self, full: int, quick: int) -> int:
        """A number for `make chaos`, or the one for the seconds of `--quick`."""
        return quick if self.quick else full

    @property
    def redis(self) -> Server:
        """The server that is master now."""
        return self.servers[0]

    @property
    def sandbox(self) -> Sandbox:
        """Both platforms."""
        found: Sandbox = self._parts["sandbox"]
        return found

    @property
    def kit(self) -> Kit:
        """The harness' own newsbot, which sends nothing; its door is never cut."""
        found: Kit = self._parts["kit"]
        return found

    @property
    def door(self) -> Door:
        """The way workers take to Redis, unless `hire` is given another one."""
        return self.doors[1]

    @property
    def data(self) -> Path:
        """The data folder all workers share, as on one host."""
        return self.folder / "data"

    @property
    def living(self) -> list[Worker]:
        """Workers that run, oldest first."""
        return [worker for worker in self.workers if worker.running]

    async def up(
        self,
        chats: int,
        *,
        rate: float = 600,
        workers: int = 4,
        fsync: str = "always",
        platforms: tuple[str, ...] = ("telegram",),
        limit: float | None = None,
        unlimited: bool = False,
        **environ: str,
    ) -> None:
        """Everything: Redis, sandbox, `chats` subscribers of everything on each platform, workers that are ready.

        `rate`: what newsbot is configured to, and what the sandbox enforces (or `limit`; 0: none). `environ`: for
        every process, such as NEWSBOT_TELEGRAM__DOUBT_BREAKING="resend".
        """
        server = await self.server("redis-0", appendfsync=fsync)
        self._parts["sandbox"] = sandbox = await Sandbox.start(self.folder)
        self._stack.push_async_callback(sandbox.close)
        self.doors += [await Door(server.port).open(), await Door(server.port).open()]
        limit = rate if limit is None else limit
        await sandbox.post(
            "/limits", **({"telegram_rate": limit, "slack_per_minute": limit * 60} if limit else {"on": 0})
        )
        self.environ = self._environ(platforms, rate) | environ
        own = self.environ | {"REDIS_URL": self.doors[0].url}
        process = await self._stack.enter_async_context(
            runtime.process(bootstrap.read_settings(own), self.doors[0].url, own, live=False)
        )
        self._parts["kit"] = process.kit
        for platform in platforms:
            await self.crowd(chats, platform)
        await self.hire(workers, unlimited=unlimited)
        if workers:
            await self.settled()

    async def settled(self) -> None:
        """Until the data folder knows this Redis: a row is about a bot that has run for a while."""
        await until(lambda: (self.data / "mark").exists(), "a worker has noted how far Redis has come", PATIENCE)

    async def hire_at(self, rate: float, workers: int = 4) -> None:
        """Workers of this rate, and whoever is hired from now on has it too."""
        self.environ["NEWSBOT_TELEGRAM__RATE"] = f"{rate:.4g}"
        await self.hire(workers)
        await self.settled()

    def _environ(self, platforms: tuple[str, ...], rate: float) -> dict[str, str]:
        facts = self.sandbox.facts
        config = self.folder / "newsbot.toml"
        config.touch()
        tokens = {
            "telegram": {
                "TELEGRAM_BOT_TOKEN": facts["telegram_token"],
                "TELEGRAM_API_BASE": facts["telegram_api_base"],
                "NEWSBOT_TELEGRAM__RATE": f"{min(rate, 1000):g}",
            },
            "slack": {"SLACK_BOT_TOKEN": facts["slack_bot_token"], "SLACK_API_BASE": facts["slack_api_base"]},
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "NEWSBOT_CONFIG": str(config),
            "NEWSBOT_DATA__FOLDER": str(self.data),
            "NEWSBOT_LOG__LEVEL": "info",
            "NEWSBOT_LOG__JSON_LINES": "true",
            **{name: value for platform in platforms for name, value in tokens[platform].items()},
        }

    async def server(self, name: str, **options: str) -> Server:
        """One more redis-server, running; options with _ for -."""
        server = Server(self.folder / name, {key.replace("_", "-"): value for key, value in options.items()})
        self._stack.push_async_callback(server.dies)
        await server.start()
        self.servers.append(server)
        return server

    async def crowd(self, chats: int, platform: str = "telegram") -> list[Address]:
        """So many more subscribers of everything, in places the sandbox knows."""
        if platform == "slack":
            made = await self.sandbox.post("/slack/channels", count=chats)
            places = [Address("slack", channel) for channel in made["channels"]]
        else:
            first = FIRST + sum(one.platform == platform for one in self._parts.setdefault("places", []))
            await self.sandbox.post("/telegram/chats", count=chats, first_id=first)
            places = [Address("telegram", str(first + number)) for number in range(chats)]
        self._parts.setdefault("places", []).extend(places)
        for start in range(0, chats, 500):
            await asyncio.gather(*(self.kit.subscribers.put(Subscriber(one)) for one in places[start : start + 500]))
        return places

    async def hire(
        self, count: int = 1, *, door: Door | None = None, unlimited: bool = False, **environ: str
    ) -> list[Worker]:
        """So many more workers, each ready to begin."""
        hired = [await self.start("worker", door=door, unlimited=unlimited, **environ) for _ in range(count)]
        self.workers += hired
        await asyncio.gather(*(worker.ready() for worker in hired))
        return hired

    async def start_seconds(self) -> float:
        """How long a worker takes here and now from its fork until it is ready, by the worse of two."""
        took = []
        for _ in range(2):
            began = time.monotonic()
            (worker,) = await self.hire()
            took.append(time.monotonic() - began)
            await worker.stops()
        return max(took)

    async def start(self, *arguments: str, door: Door | None = None, unlimited: bool = False, **environ: str) -> Worker:
        """`newsbot ARGUMENTS` in the row's folder, not waited for; REDIS_URL leads through `door`."""
        self.started += 1
        log = self.folder / f"{self.started:03}-{arguments[0]}.log"
        more = {**self.environ, "REDIS_URL": (door or self.door).url, **environ}
        process = await self.nursery.fork([*arguments], more, self.folder, log, unlimited=unlimited)
        self._stack.push_async_callback(process.ended)
        self._stack.callback(process.kill)
        return process

    async def open_door(self) -> Door:
        """One more way to Redis, for `hire`."""
        door = await Door(self.redis.port).open()
        self.doors.append(door)
        return door

    async def tell(self, urgency: Urgency = Urgency.BREAKING, platform: str = "telegram", **facts: Any) -> Push:
        """A story to everybody, accepted and planned; `facts` are more fields of Story. Raises StoreDown."""
        story = sample(urgency, **facts)
        await self.kit.stories.accept(Article(id=story.article, source="chaos", title="x"), story, [platform])
        await self.kit.plan.owed(story.id)
        return Push(story.id, story.headline, platform)

    async def tally(self, push: Push) -> Tally:
        """The account so far; waits for a Redis that is away."""
        while True:
            try:
                found = await self.kit.ledger.tally(push.platform, push.id)
            except StoreDown:
                await asyncio.sleep(0.1)
                continue
            assert found is not None, f"{push.id} was planned, and Redis does not know it"
            return found

    async def progress(self, push: Push) -> int:
        """How many deliveries have an outcome."""
        tally = await self.tally(push)
        return tally.audience - tally.pending - tally.sending

    async def reaches(self, push: Push, count: int, patience: float = PATIENCE) -> int:
        """Until so many have an outcome; how many have. Fails after `patience` seconds without any progress."""
        return await self._while_it_moves(push, lambda tally: ended(tally) >= count, f"{count} outcomes", patience)

    async def begun(self, push: Push, patience: float = PATIENCE) -> None:
        """Until nothing is left to begin; some may be in flight."""
        await self._while_it_moves(push, lambda tally: not tally.pending, "all begun", patience)

    async def drained(self, *pushes: Push, patience: float = PATIENCE) -> None:
        """Until nothing is left to begin and nothing in flight. Fails after `patience` seconds without any progress."""
        for push in pushes:
            await self._while_it_moves(push, lambda tally: not tally.pending and not tally.sending, "drain", patience)

    async def sends(self, to: Push | str = "telegram", patience: float = PATIENCE) -> float:
        """Seconds from now until the platform (or that of a push) is sent one more message, what is on the wire not
        counted; or until nothing of the push is left to begin."""
        platform, now = to if isinstance(to, str) else to.platform, time.time()
        method = "chat.postMessage" if platform == "slack" else "sendMessage"

        async def one_more() -> bool:
            if any(tenth > now * 10 for tenth in await self.sandbox.arrivals(platform, method)):
                return True
            return isinstance(to, Push) and not (await self.tally(to)).pending

        await until(one_more, f"{platform} is sent one more message", patience)
        return round(time.time() - now, 2)

    async def _while_it_moves(self, push: Push, over: Callable[[Tally], bool], what: str, patience: float) -> int:
        before, since = (-1, 0), time.monotonic()
        while True:
            tally = await self.tally(push)
            if over(tally):
                return ended(tally)
            now = (ended(tally), tally.sending)
            if now != before:
                before, since = now, time.monotonic()
            assert time.monotonic() - since < patience, f"{push.id}: no progress for {patience:.0f} s: {what}: {tally}"
            await asyncio.sleep(LOOK)

    async def replica(self) -> Server:
        """A replica of the master, in step with it."""
        name = f"redis-{len(self.servers)}"
        server = await self.server(name, **{key.replace("-", "_"): value for key, value in self.redis.options.items()})
        await server.follows(self.redis)
        return server

    async def failover(
        self, replica: Server, split: float = 0.3, last: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """The replica becomes master; for `split` seconds workers go on with the old one, which then is gone. `last` is
        what else happens at the end of that time."""
        old = self.redis
        await replica.promoted()
        await asyncio.sleep(split)
        if last:
            await last()
        self.servers.remove(replica)
        self.servers.insert(0, replica)
        for door in self.doors:
            door.lead(replica.port)
        await old.dies()

    async def rest(self) -> None:
        """Every worker ends in order, with what it still had to say."""
        await asyncio.gather(*(worker.stops() for worker in self.living))

    async def verdict(self, *pushes: Push, bound: int = 0, **figures: Any) -> Verdict:
        """The invariants over these pushes after drain; `figures` are told along."""
        found = await account.verdict(self, pushes, bound)
        found.figures |= figures
        return found

    def at_end(self, close: Callable[[], Awaitable[object]]) -> None:
        """Have this awaited when the row is over, before what was there earlier is ended."""
        self._stack.push_async_callback(close)

    async def close(self) -> None:
        """End whatever runs, each by its id."""
        await self._stack.aclose()
        for door in self.doors:
            await door.close()


@asynccontextmanager
async def staged(folder: Path, nursery: Nursery, *, quick: bool) -> AsyncIterator[Stage]:
    """A stage in a fresh folder; everything started on it is gone afterwards."""
    folder.mkdir(parents=True)
    stage = Stage(folder, nursery, quick)
    try:
        yield stage
    finally:
        await stage.close()


async def in_flight(stage: Stage, seconds: float = 0.1) -> None:
    """Telegram's answers take so long, so that something is on the wire whenever a fault strikes."""
    await stage.sandbox.fault("slow", method="sendMessage", times=-1, args={"seconds": seconds})


def sample(urgency: Urgency, **facts: Any) -> Story:
    """A story whose headline no other story has."""
    story_id = editorial.new_story_id()
    base: dict[str, Any] = {
        "id": story_id,
        "article": f"/chaos/{story_id}",
        "source": "chaos",
        "urgency": urgency,
        "headline": f"예시군 {story_id}번 소식",
        "excerpt": "예시군은 오늘 해안 도로 두 곳을 막았다고 밝혔다.",
        "link": f"https://news.example.com/{story_id}.html",
        "publisher": "예시뉴스",
        "accepted_at": time.time(),
    }
    return Story(**(base | facts))


def ended(tally: Tally) -> int:
    """How many deliveries have an outcome."""
    return tally.audience - tally.pending - tally.sending
