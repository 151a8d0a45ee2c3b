"""Subscribers of one bot in a Redis of their own, workers, and stories told to them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.core import editorial
from newsbot.core.model import Article, Attribution, Story, Tally, Urgency
from newsbot.procs import runtime
from newsbot.store import keys
from newsbot.store.embedded import Embedded
from tests.benchmarks.load import People, load, scan
from tests.benchmarks.peers import TOKEN
from tests.benchmarks.stage import PATIENCE, ROOT, Bench, Failed, Sink, child, environment, peak, spent, until


@dataclass(frozen=True)
class Crowd:
    """Everybody, and what is needed to tell them something. `environ` is that of a worker."""

    bench: Bench
    platform: str
    there: Sink
    kit: Kit
    environ: dict[str, str]

    @asynccontextmanager
    async def workers(
        self, many: int = 1, rate: float | None = None, cores: set[int] | None = None
    ) -> AsyncIterator[Crew]:
        """So many worker processes, alive. `rate` (messages a second) makes them plain `newsbot worker`s; without it
        they know no limit. `cores`: all of them run there."""
        environ = {**self.environ, **({f"NEWSBOT_{self.platform.upper()}__RATE": f"{rate:g}"} if rate else {})}
        what = ("newsbot", "worker") if rate else ("tests.benchmarks.worker",)
        async with AsyncExitStack() as stack:
            processes = []
            for _ in range(many):
                one = child(sys.executable, "-m", *what, cores=cores, env=environ, cwd=ROOT)
                processes.append(await stack.enter_async_context(one))
            crew = Crew(self, processes)

            async def alive() -> bool:
                crew.check()
                return await self.kit.ledger.alive(self.platform) >= many

            await until(alive, f"{many} workers are alive")
            yield crew

    async def accept(self, story: Story) -> float:
        """As a source's new article is: stored, planned, the doorbell rung; the moment before (monotonic seconds)."""
        began = time.monotonic()
        await self.kit.stories.accept(Article(id=story.article, source="bench", title="x"), story, [self.platform])
        await self.kit.plan.owed(story.id)
        return began

    async def tally(self, story: Story) -> Tally:
        """Its account. Raises Failed where it was never planned."""
        found = await self.kit.ledger.tally(self.platform, story.id)
        if found is None:
            raise Failed(f"{self.platform}: a story that was accepted has no account")
        return found

    async def cancel(self, story: Story) -> None:
        """Stop it, whatever is left of it."""
        await self.kit.ledger.cancel(self.platform, story.id)

    async def bytes_kept(self, story: Story) -> int:
        """What Redis needs for all keys of its push."""
        found = await scan(self.kit.redis, keys.push(self.platform, story.id) + "*")
        sizes = await self.kit.redis.pipeline([["MEMORY", "USAGE", key, "SAMPLES", 0] for key in found])
        return sum(int(size) for size in sizes)

    async def memory(self) -> int:
        """What Redis uses now, in bytes."""
        return int((await self.kit.redis.client.info("memory"))["used_memory"])


@dataclass(frozen=True)
class Crew:
    """Workers that were started, and are watched."""

    crowd: Crowd
    processes: Sequence[asyncio.subprocess.Process]

    def check(self) -> None:
        """Raises Failed where one has ended."""
        for process in self.processes:
            if process.returncode is not None:
                raise Failed(f"a worker ended with {process.returncode}")

    def cpu(self) -> float:
        """Seconds of processor time of all."""
        return sum(spent(process.pid) for process in self.processes)

    def peak(self) -> float:
        """Megabytes of the one that needed most."""
        return max(peak(process.pid) for process in self.processes)

    async def over(self, story: Story, patience: float = PATIENCE) -> Tally:
        """Wait for the last outcome of a story; its account."""
        found: list[Tally] = []

        async def done() -> bool:
            self.check()
            found[:] = [await self.crowd.tally(story)]
            return found[0].state != "open" and not found[0].sending

        await until(done, f"the last delivery of {found or story.topics}", patience=patience)
        return found[0]

    async def tell(self, story: Story, audience: int, patience: float = PATIENCE) -> float:
        """One story to everybody it is for; seconds from accepting it until the ledger says sent.

        Raises Failed unless ledger and sink agree that each of so many chats has it once.
        """
        there, mark = self.crowd.there, mark_of(story)
        await there.seen()
        began = await self.crowd.accept(story)
        tally = await self.over(story, patience)
        seconds = time.monotonic() - began
        agree(tally, await there.now(mark), audience)
        return seconds


def agree(tally: Tally, seen: Any, audience: int) -> None:
    """Raises Failed unless everybody has it, and once: in the ledger and at the sink."""
    if not tally.sent == tally.audience == audience == seen["taken"] == seen["chats"] or seen["twice"]:
        raise Failed(f"{audience} were to be sent: ledger {tally}, sink {dict(seen)}")


@asynccontextmanager
async def crowd(bench: Bench, name: str, platform: str, there: Sink, people: People) -> AsyncIterator[Crowd]:
    """These people in a new Redis, in a folder of that name."""
    folder = bench.folder / name
    embedded = Embedded(folder)
    tokens = {
        "telegram": {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_BASE": there.url},
        "slack": {"SLACK_BOT_TOKEN": f"xoxb-{TOKEN}", "SLACK_API_BASE": f"{there.url}/api/"},
    }
    try:
        url = embedded.acquire()
        environ = environment(
            REDIS_URL=url, NEWSBOT_DATA__FOLDER=str(folder), NEWSBOT_LOG__LEVEL="warning", **tokens[platform]
        )
        async with runtime.process(bootstrap.read_settings(environ), url, environ, live=False) as process:
            await load(process.kit.redis, platform, people)
            yield Crowd(bench, platform, there, process.kit, environ)
    finally:
        embedded.release()


def sample(topics: Sequence[str], mark: str = "all", urgency: Urgency = Urgency.BREAKING) -> Story:
    """A story as long as most are; its headline carries the mark that the sink counts it under."""
    story_id = editorial.new_story_id()
    credit = Attribution(name="예시청", url="https://www.example.org", licence="KOGL-1", text="공공누리 제1유형")
    facts: dict[str, Any] = {
        "id": story_id,
        "article": f"/bench/{story_id}",
        "source": "bench",
        "urgency": urgency,
        "topics": tuple(topics),
        "headline": f"예시군 앞바다 규모 5.1 지진, 도로 막혀 (bench-{mark})",
        "excerpt": "기상청은 예시군 동쪽 앞바다에서 규모 5.1 지진이 났다고 밝혔다. 해일 위험은 없다고 덧붙였다.",
        "link": "https://news.example.com/2026/01/05/quake.html",
        "publisher": "예시뉴스",
        "attribution": credit,
        "accepted_at": time.time(),
    }
    return Story(**facts)


def mark_of(story: Story) -> str:
    """What the sink counts it under."""
    return story.headline.rpartition("bench-")[2].rstrip(")")
