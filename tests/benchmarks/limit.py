"""How much of a platform's limit is used, and how often it answers 429: several workers, one limit.

The sink refuses what comes above its limit, a token bucket of one second's worth, with the platform's own answer, and
notes when each request came. It takes a moment to answer, as platforms do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tests.benchmarks.crowd import crowd, sample
from tests.benchmarks.figure import Figure
from tests.benchmarks.load import People
from tests.benchmarks.stage import Bench, Failed, sink

ANSWER = 0.03
"""Seconds the sink takes to answer."""
SLOW, SPREAD = 0.08, 0.87
"""Seconds and sigma of answers as platforms far away give them: half within 80 ms, one of a hundred after 600 ms."""
USED, OVER, TAKEN, TAKEN_MOVING = 0.98, 1.05, 0.995, 0.99
"""Share of the limit that must be used; times the limit that no second may exceed (and one message); shares of requests
that must not be answered 429, under a limit that is known and under one that is not."""
EDGE = 0.1
"""Share of all arrivals at either end that the middle leaves out."""
OURS = 30.0
"""What newsbot is configured to send under a limit it is not told."""
SEED = 11


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """For each rate and number of workers: share used, busiest second, share that was not refused."""
    kinds = [(rate, many, False) for rate in bench.size.rates for many in bench.size.workers]
    kinds += [(bench.size.rates[-1], many, True) for many in bench.size.workers]
    for rate, many, slow in kinds:
        seconds = bench.size.limited if rate < 100 else bench.size.limited / 2
        arrivals = await filled(bench, rate, seconds, many, slow=slow)
        used, most = middle(arrivals) / rate, busiest([at for at, *_ in arrivals])
        taken = sum(taken for *_, taken in arrivals) / len(arrivals)
        name = f"limit.{rate:g}" + ".slow" * slow
        how = f"{many} worker{'s' * (many > 1)}, {len(arrivals):,} messages"
        bench.say(f"{name}, {how}: {used:.1%} used, {most} in the busiest second, {taken:.2%} taken")
        yield Figure(f"{name}.used/{many}", used, "of the limit", "owed", USED, 1.0, how=how)
        allowed = OVER * rate + 1
        yield Figure(f"{name}.second/{many}", most, "messages", "allowed", allowed, 1.0, less=True, how=how)
        yield Figure(f"{name}.taken/{many}", taken, "of requests", "owed", TAKEN, 1.0, how=how)


async def filled(bench: Bench, rate: float, seconds: float, many: int, *, slow: bool = False) -> list[Any]:
    """One fan-out at the limit: [when, mark, whether it was taken] for each request.

    Raises Failed unless everybody has it, and once.
    """
    chats = round(rate * seconds)
    answers = (SLOW, SPREAD) if slow else (ANSWER, 0.0)
    options = ("--log", "--limit", str(rate), "--answer-after", str(answers[0]), "--spread", str(answers[1]))
    async with (
        sink(*options) as there,
        crowd(bench, f"limit-{rate:g}-{many}{slow:d}", "telegram", there, People(chats, {})) as ours,
    ):
        async with ours.workers(many, rate) as crew:
            await crew.tell(sample(["bench-all"]), chats, 3 * seconds + 30)
        arrivals: list[Any] = (await there.seen())["arrivals"]
    return arrivals


async def moving(bench: Bench) -> AsyncIterator[Figure]:
    """Share of requests taken under a limit that nobody is told and that moves; and how much of it was used."""
    seconds, many = bench.size.moving, round(bench.size.moving * OURS * 1.2)
    options = ("--log", "--moves", str(SEED), "--answer-after", str(ANSWER))
    async with sink(*options) as there, crowd(bench, "moving", "telegram", there, People(many, {})) as ours:
        async with ours.workers(2, OURS) as crew:
            story = sample(["bench-all"])
            began = await ours.accept(story)
            for _ in range(round(seconds)):
                await asyncio.sleep(1)
                crew.check()
            await ours.cancel(story)
            tally = await crew.over(story)
        now, seen = await there.now("all"), await there.seen()
    if not tally.sent == now["taken"] == now["chats"]:
        raise Failed(f"under a moving limit: ledger {tally}, sink {now}")
    taken = now["taken"] / (now["taken"] + now["refused"])
    used = now["taken"] / offered(seen["limits"], began, began + seconds)
    how = f"{seconds:.0f} s under 15 to 35 a second, {now['taken']:,} taken, {now['refused']} refused"
    bench.say(f"moving limit: {how}: {used:.1%} used, {taken:.2%} taken")
    yield Figure("moving.taken/owed", taken, "of requests", "owed", TAKEN_MOVING, 1.0, how=how)
    yield Figure(
        "moving.used", used, "of the limit", how=f"of what was both allowed and configured ({OURS:g} a second)"
    )


def offered(steps: Sequence[Sequence[float]], since: float, until: float) -> float:
    """Messages that could have been sent: under the limit of each moment (steps of [from, rate]), and as configured; and
    what the first bucket held."""
    ends = [step[0] for step in steps[1:]] + [until]
    return steps[0][1] + sum(
        max(0.0, min(end, until) - max(start, since)) * min(rate, OURS)
        for (start, rate), end in zip(steps, ends, strict=True)
    )


def middle(arrivals: Sequence[Any]) -> float:
    """Messages taken a second, without the beginning and the end."""
    times: list[float] = [at for at, _, taken in arrivals if taken]
    first, last = round(len(times) * EDGE), round(len(times) * (1 - EDGE)) - 1
    return (last - first) / (times[last] - times[first])


def busiest(times: Sequence[float]) -> int:
    """The most arrivals within any one second."""
    most = start = 0
    for end, at in enumerate(times):
        while times[start] <= at - 1:
            start += 1
        most = max(most, end - start + 1)
    return most
