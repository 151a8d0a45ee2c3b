"""Messages a second: the real worker with its ledger, and the libraries others send with, on one sink in one run.

Ours counts from the moment a story is accepted (then planned, begun, rendered, sent, committed with `appendfsync always`)
to the one at which the ledger says that all are sent. A peer counts from its first request to its last answer, after a
warm-up in the same process; it keeps no record of anything. Every sender is one process and has one core, the same for all
of them, with all its threads; the sink and Redis have the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.crowd import Crowd, crowd, sample
from tests.benchmarks.figure import Figure, median_of
from tests.benchmarks.load import People, some
from tests.benchmarks.stage import Bench, Failed, Sink, apart, bound, child, sink

PEERS = Path(__file__).with_name("peers.py")
SYNCS = 101


@dataclass(frozen=True)
class Rival:
    """One peer: its share of our messages (a slow one would take minutes), how many times better we must be, and whether
    it needs the environment of its own."""

    name: str
    share: float
    at_least: float | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class Field:
    """One platform's contest."""

    platform: str
    rivals: Sequence[Rival]


TELEGRAM = Field(
    "telegram",
    (
        Rival("python-telegram-bot", 0.2, 15, elsewhere=True),
        Rival("python-telegram-bot-no-limiter", 0.2),
        Rival("aiogram", 0.2, 3, elsewhere=True),
        Rival("aiogram-32", 0.5, 2, elsewhere=True),
        Rival("bare-http", 1.0, 0.5),
    ),
)
SLACK = Field("slack", (Rival("slack-sdk", 1.0),))


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
    rivals = [rival for rival in field.rivals if bench.peers or not rival.elsewhere]
    if len(rivals) < len(field.rivals):
        bench.say("aiogram and aiolimiter are not installed: `make bench` sets them up")
    runs, syncs = await contest(bench, field.platform, rivals)
    rate, how = median_of([run.rate for run in runs["newsbot"]])
    cost, _ = median_of([run.cost for run in runs["newsbot"]])
    bound_to = "each on one core" if apart()[0] else "bound to no core"
    for rival in rivals:
        theirs, _ = median_of([run.rate for run in runs[rival.name]])
        amount = f"{how}, {bound_to}; {runs[rival.name][0].messages:,} each of theirs"
        name = f"{field.platform}.delivery/{rival.name}"
        yield Figure(name, rate, "messages/s", rival.name, theirs, rival.at_least, how=amount)
    for rival in rivals:
        theirs, _ = median_of([run.cost for run in runs[rival.name]])
        name = f"{field.platform}.cpu/{rival.name}"
        yield Figure(name, cost, "µs/message", rival.name, theirs, less=True, how=f"{how}; the sending process alone")
    took, _ = median_of(syncs)
    yield Figure(f"{field.platform}.disk-sync", took * 1000, "ms", how=f"{how}; newsbot alone waits for the disk")


async def contest(bench: Bench, platform: str, rivals: Sequence[Rival]) -> tuple[Mapping[str, list[Run]], list[float]]:
    """Rounds in which all take turns: name → runs; and what the disk took to keep a kilobyte in each."""
    runs: dict[str, list[Run]] = defaultdict(list)
    syncs: list[float] = []
    size = bench.size
    many = size.warm_up + size.deliveries  # nobody gets both: a chat that has just been told something is left alone
    topics = {"bench-warm": some(range(size.warm_up), many), "bench-all": some(range(size.warm_up, many), many)}
    alone, rest = apart()
    with bound(rest):
        async with sink() as there, crowd(bench, platform, platform, there, People(many, topics)) as ours:
            payload = json.dumps(
                ours.kit.plain.render(sample(["bench-all"]), platform, "ko").payload, ensure_ascii=False
            )
            for number in range(size.rounds):
                syncs.append(await asyncio.to_thread(sync, bench.folder / "sync"))
                runs["newsbot"].append(await newsbot(ours, alone))
                for rival in rivals:
                    runs[rival.name].append(await peer(bench, rival, there, payload, alone))
                told = ", ".join(f"{name} {several[-1].rate:,.0f}" for name, several in runs.items())
                bench.say(f"{platform} round {number + 1}: messages/s: {told}")
    return runs, syncs


async def newsbot(ours: Crowd, alone: set[int] | None) -> Run:
    """One round: a fresh worker, a warm-up, everybody."""
    size = ours.bench.size
    async with ours.workers(cores=alone) as crew:
        await crew.tell(sample(["bench-warm"], "warm"), size.warm_up)
        cpu = crew.cpu()
        seconds = await crew.tell(sample(["bench-all"]), size.deliveries)
        cpu = crew.cpu() - cpu
    return Run(size.deliveries, seconds, cpu)


async def peer(bench: Bench, rival: Rival, there: Sink, payload: str, alone: set[int] | None) -> Run:
    """One round of a peer. Raises Failed unless the sink saw every message, each in a chat of its own."""
    python = str(bench.peers) if rival.elsewhere else sys.executable
    messages, warm_up = max(1, round(bench.size.deliveries * rival.share)), bench.size.warm_up // 5
    pipe = asyncio.subprocess.PIPE
    command = (python, "-P", PEERS, rival.name, there.url, str(messages), str(warm_up))
    await there.seen()
    async with child(*command, cores=alone, stdin=pipe, stdout=pipe) as process:
        out, _ = await process.communicate(payload.encode())
    seen = await there.now("all")
    if process.returncode or not seen["taken"] == seen["chats"] == messages + warm_up:
        raise Failed(f"{rival.name}: ended with {process.returncode}, the sink saw {seen}")
    told = json.loads(out)
    return Run(messages, told["seconds"], told["cpu"])


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
