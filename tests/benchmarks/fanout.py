"""A fan-out to very many chats at 1000 a second: how long, at what cost, and what becomes of it when a flash comes in
between or somebody cancels it. The sink takes a moment to answer, as platforms do.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from newsbot.core.model import Story, Urgency
from tests.benchmarks.crowd import Crew, Crowd, agree, crowd, sample
from tests.benchmarks.figure import Figure
from tests.benchmarks.limit import ANSWER
from tests.benchmarks.load import People, some
from tests.benchmarks.stage import Bench, Failed, sink, until

RATE = 1000.0
SECONDS, CORES, MEGABYTES = 103.0, 1.5, 150.0
"""What 100,000 chats may take: time, processors of all workers together, memory of each worker."""
HUNDRED = 100_000
FIRST, SHARE = 2.0, 0.95
"""Seconds until a flash starts; its share of the limit while it lasts."""
CANCELLED = 250.0
"""Milliseconds after the answer of `cancel` in which something may still arrive."""
QUIET = 1.2
"""Seconds in which nothing more arrives that ever will, and after which a chat may be told something again."""


@asynccontextmanager
async def crew_of(bench: Bench, name: str, people: People) -> AsyncIterator[tuple[Crowd, Crew]]:
    """These people, and workers under a limit."""
    async with (
        sink("--answer-after", str(ANSWER)) as there,
        crowd(bench, name, "telegram", there, people) as ours,
        ours.workers(max(bench.size.workers), RATE) as crew,
    ):
        yield ours, crew


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Everybody, undisturbed."""
    many = bench.size.crowd
    async with crew_of(bench, "fanout", People(many, {})) as (_, crew):
        cpu = crew.cpu()
        seconds = await crew.tell(sample(["bench-all"]), many, 3 * many / RATE + 30)
        cores, megabytes = (crew.cpu() - cpu) / seconds, crew.peak()
    how = f"{many:,} chats at {RATE:g} a second, {max(bench.size.workers)} workers"
    bench.say(f"{how}: {seconds:.1f} s, {cores:.2f} cores, {megabytes:.0f} MB at most")
    allowed = SECONDS * many / HUNDRED
    yield Figure("fanout.time/allowed", seconds, "s", "allowed", allowed, 1.0, less=True, how=how)
    yield Figure("fanout.cores/allowed", cores, "cores", "allowed", CORES, 1.0, less=True, how="all workers together")
    yield Figure(
        "fanout.memory/allowed", megabytes, "MB", "allowed", MEGABYTES, 1.0, less=True, how="of the largest worker"
    )


async def flash(bench: Bench) -> AsyncIterator[Figure]:
    """A flash in the middle of it: when it starts, what share of the limit it gets. Both reach everybody, once."""
    many, few = bench.size.crowd, bench.size.interrupted
    lots = some(range(0, many, many // few), many)
    people = People(many, {"bench-flash": lots, "bench-all": some(range(many), many)})
    slow, quick = sample(["bench-all"], "all", Urgency.NORMAL), sample(["bench-flash"], "flash", Urgency.FLASH)
    async with crew_of(bench, "flash", people) as (ours, crew):
        await ours.accept(slow)
        await arrived(ours, crew, "all", many // 3)
        began = await ours.accept(quick)
        tally = await crew.over(quick, 3 * few / RATE + 30)
        mine = await ours.there.now("flash")
        agree(tally, mine, int.from_bytes(lots, "big").bit_count())
        agree(await crew.over(slow, 3 * many / RATE + 30), await ours.there.now("all"), many)
    first, lasted = mine["first"] - began, mine["last"] - mine["first"]
    share = (mine["taken"] - 1) / lasted / RATE
    how = f"to {mine['taken']:,} chats in the middle of {many:,} at {RATE:g} a second; both reached everybody, once"
    bench.say(f"flash: first send after {first:.3f} s, then {share:.1%} of the limit; {how}")
    yield Figure("flash.first-send/allowed", first, "s", "allowed", FIRST, 1.0, less=True, how=how)
    yield Figure(
        "flash.share/owed", share, "of the limit", "owed", SHARE, 1.0, how="from its first to its last arrival"
    )


async def cancel(bench: Bench) -> AsyncIterator[Figure]:
    """How long after the answer of `cancel` the last message still arrives."""
    async with crew_of(bench, "cancel", People(bench.size.crowd, {})) as (ours, crew):
        trials = range(bench.size.cancels)
        waits = [await stopped(ours, crew, sample(["bench-all"]), 100 + 37 * number) for number in trials]
    worst, middle = max(waits) * 1000, statistics.median(waits) * 1000
    how = f"worst of {len(waits)}, median {middle:.0f} ms; at {RATE:g} a second, {max(bench.size.workers)} workers"
    bench.say(f"cancel: last arrival {worst:.0f} ms after the answer, {how}")
    yield Figure("cancel.last-arrival/allowed", worst, "ms", "allowed", CANCELLED, 1.0, less=True, how=how)
    yield Figure("cancel.last-arrival.median", middle, "ms", how=f"of {len(waits)}")


async def stopped(ours: Crowd, crew: Crew, story: Story, after: int) -> float:
    """Cancel a story when so many have it; seconds from the answer to the last arrival, at least a millisecond: what comes
    before the answer cannot be told apart from none.

    Raises Failed where ledger and sink do not agree on who has it.
    """
    await ours.there.seen()
    await ours.accept(story)
    await arrived(ours, crew, "all", after)
    await ours.cancel(story)
    answered = time.monotonic()
    tally = await crew.over(story)
    await asyncio.sleep(QUIET)
    seen = await ours.there.now("all")
    if not tally.sent == seen["taken"] == seen["chats"] or tally.sent + tally.cancelled != tally.audience:
        raise Failed(f"cancelled: ledger {tally}, sink {seen}")
    return max(0.001, float(seen["last"]) - answered)


async def arrived(ours: Crowd, crew: Crew, mark: str, many: int) -> None:
    """Wait until so many of them have come."""

    async def there() -> bool:
        crew.check()
        return bool((await ours.there.now(mark))["taken"] >= many)

    await until(there, f"{many} messages arrived")
