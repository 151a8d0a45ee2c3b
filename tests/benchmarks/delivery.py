"""Messages a second: the real worker with its ledger, and the libraries others send with, on one sink in one run.

Ours counts from the moment a story is accepted (then planned, begun, rendered, sent, committed with `appendfsync always`)
to the one at which the ledger says that all are sent. A peer counts from its first request to its last answer, after a
warm-up in the same process; it keeps no record of anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.core import editorial
from newsbot.core.model import Address, Article, Attribution, Rendered, Story, Subscriber, Urgency
from newsbot.procs import runtime
from newsbot.store.embedded import Embedded
from tests.benchmarks.figure import Figure, median_of
from tests.benchmarks.peers import TOKEN
from tests.benchmarks.stage import Bench, Failed, Sink, child, environment, sink, until

PEERS = Path(__file__).with_name("peers.py")
SYNCS = 101
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Rival:
    """One peer: its share of our messages (a slow one would take minutes), and how many times better we must be."""

    name: str
    share: float
    at_least: float | None


@dataclass(frozen=True)
class Field:
    """One platform's contest."""

    platform: str
    rivals: Sequence[Rival]


TELEGRAM = Field(
    "telegram", (Rival("python-telegram-bot", 0.2, 10), Rival("aiogram", 0.5, 2), Rival("bare-http", 1.0, None))
)
SLACK = Field("slack", (Rival("slack-sdk", 1.0, None),))


@dataclass(frozen=True)
class Run:
    """So many messages: wall clock and the sender's processor time, in seconds."""

    messages: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the sender's processor time a message."""
        return self.cpu / self.messages * 1e6


async def figures(bench: Bench, field: Field) -> AsyncIterator[Figure]:
    """One for each peer, and the cost of a message."""
    runs: dict[str, list[Run]] = defaultdict(list)
    syncs: list[float] = []
    async with sink() as there, crowd(bench, field.platform, there) as ours:
        rivals = [rival for rival in field.rivals if rival.name != "aiogram" or bench.aiogram]
        if len(rivals) < len(field.rivals):
            bench.say("aiogram is not installed: `make bench` sets it up")
        payload = json.dumps(ours.rendered.payload, ensure_ascii=False)
        for number in range(bench.size.rounds):
            syncs.append(await asyncio.to_thread(sync, bench.folder / "sync"))
            runs["newsbot"].append(await ours.run())
            for rival in rivals:
                runs[rival.name].append(await peer(bench, rival, there, payload))
            told = ", ".join(f"{name} {several[-1].rate:,.0f}" for name, several in runs.items())
            bench.say(f"{field.platform} round {number + 1}: messages/s: {told}")
    rate, how = median_of([run.rate for run in runs["newsbot"]])
    cost, _ = median_of([run.cost for run in runs["newsbot"]])
    for rival in rivals:
        theirs, _ = median_of([run.rate for run in runs[rival.name]])
        name, amount = (
            f"{field.platform}.delivery/{rival.name}",
            f"{how}; {runs[rival.name][0].messages:,} each of theirs",
        )
        yield Figure(name, rate, "messages/s", rival.name, theirs, rival.at_least, how=amount)
    for rival in rivals:
        theirs, _ = median_of([run.cost for run in runs[rival.name]])
        name = f"{field.platform}.cpu/{rival.name}"
        yield Figure(name, cost, "µs/message", rival.name, theirs, less=True, how=f"{how}; the sending process alone")
    took, _ = median_of(syncs)
    yield Figure(f"{field.platform}.disk-sync", took * 1000, "ms", how=f"{how}; newsbot alone waits for the disk")


async def peer(bench: Bench, rival: Rival, there: Sink, payload: str) -> Run:
    """One round of a peer. Raises Failed unless the sink saw every message, each in a chat of its own."""
    python = bench.aiogram if rival.name == "aiogram" else Path(sys.executable)
    messages, warm_up = max(1, round(bench.size.deliveries * rival.share)), bench.size.warm_up // 5
    pipe = asyncio.subprocess.PIPE
    numbers = (str(messages), str(warm_up))
    async with child(str(python), "-P", PEERS, rival.name, there.url, *numbers, stdin=pipe, stdout=pipe) as process:
        out, _ = await process.communicate(payload.encode())
    seen = await there.seen()
    if process.returncode or seen["requests"] != messages + warm_up or seen["chats"] != messages + warm_up:
        raise Failed(f"{rival.name}: ended with {process.returncode}, the sink saw {seen['requests']}")
    told = json.loads(out)
    return Run(messages, told["seconds"], told["cpu"])


@dataclass(frozen=True)
class Crowd:
    """The subscribers of one bot in a Redis of their own, and what is needed to tell them something."""

    bench: Bench
    platform: str
    there: Sink
    kit: Kit
    environ: dict[str, str]
    rendered: Rendered

    async def run(self) -> Run:
        """One round: a fresh worker, a warm-up, everybody. Raises Failed unless ledger and sink agree that all are sent."""
        size = self.bench.size
        async with child(sys.executable, "-m", "tests.benchmarks.worker", env=self.environ) as process:

            async def alive() -> bool:
                if process.returncode is not None:
                    raise Failed(f"the worker ended with {process.returncode}")
                return await self.kit.ledger.alive(self.platform) > 0

            await until(alive, "a worker is alive")
            await self.tell("warm", size.warm_up)
            cpu = spent(process.pid)
            seconds = await self.tell("all", size.deliveries)
            cpu = spent(process.pid) - cpu
        return Run(size.deliveries, seconds, cpu)

    async def tell(self, topic: str, audience: int) -> float:
        """One story to everybody of that topic; seconds until the ledger says sent."""
        await self.there.seen()
        story = sample(topic)
        began = time.perf_counter()
        await self.kit.stories.accept(Article(id=story.article, source="bench", title="x"), story, [self.platform])
        await self.kit.plan.owed(story.id)

        async def over() -> bool:
            tally = await self.kit.ledger.tally(self.platform, story.id)
            return tally is not None and tally.state == "done"

        await until(over, f"{audience} deliveries are over")
        seconds = time.perf_counter() - began
        tally, seen = await self.kit.ledger.tally(self.platform, story.id), await self.there.seen()
        if tally is None or not tally.sent == tally.audience == audience == seen["requests"] == seen["chats"]:
            raise Failed(f"{self.platform}: {audience} were to be sent: ledger {tally}, sink {seen['requests']}")
        return seconds


@asynccontextmanager
async def crowd(bench: Bench, platform: str, there: Sink) -> AsyncIterator[Crowd]:
    """So many subscribers of one platform, the first of them also of the warm-up's topic."""
    folder = bench.folder / platform
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
            kit = process.kit
            for start in range(0, bench.size.deliveries, 500):
                numbers = range(start, min(start + 500, bench.size.deliveries))
                await asyncio.gather(*(kit.subscribers.put(one(platform, n, bench.size.warm_up)) for n in numbers))
            rendered = kit.plain.render(sample("all"), platform, "ko")
            yield Crowd(bench, platform, there, kit, environ, rendered)
    finally:
        embedded.release()


def one(platform: str, number: int, warm_up: int) -> Subscriber:
    """One of the crowd."""
    chat = f"C{1_000_000 + number}" if platform == "slack" else str(1_000_000 + number)
    topics = frozenset({"all", "warm"} if number < warm_up else {"all"})
    return Subscriber(Address(platform, chat), topics=frozenset(f"bench-{topic}" for topic in topics))


def sample(topic: str) -> Story:
    """A breaking story as long as most are."""
    story_id = editorial.new_story_id()
    credit = Attribution(name="예시청", url="https://www.example.org", licence="KOGL-1", text="공공누리 제1유형")
    facts: dict[str, Any] = {
        "id": story_id,
        "article": f"/bench/{story_id}",
        "source": "bench",
        "urgency": Urgency.BREAKING,
        "topics": (f"bench-{topic}",),
        "headline": "예시군 앞바다 규모 5.1 지진, 해안 도로 두 곳 막혀",
        "excerpt": "기상청은 예시군 동쪽 앞바다에서 규모 5.1 지진이 났다고 밝혔다. 해일 위험은 없다고 덧붙였다.",
        "link": "https://news.example.com/2026/01/05/quake.html",
        "publisher": "예시뉴스",
        "attribution": credit,
        "accepted_at": time.time(),
    }
    return Story(**facts)


def sync(path: Path) -> float:
    """Seconds this disk takes now to keep a kilobyte for good, as the append-only file asks it with every window."""
    took = []
    with path.open("ab", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(1024))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[SYNCS // 2]


def spent(pid: int) -> float:
    """Seconds of processor time a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
