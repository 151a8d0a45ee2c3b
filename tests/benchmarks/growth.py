"""What grows with the audience, and what does not: the same story to a thousand chats, and to a million.

One worker, no limit of messages a second. At each size a Redis of its own; first sends are timed on stories that are
cancelled at once, then one goes to everybody.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.crowd import Crew, Crowd, crowd, sample
from tests.benchmarks.figure import Figure, median_of, shown
from tests.benchmarks.load import People
from tests.benchmarks.size import EVERYBODY
from tests.benchmarks.stage import Bench, Failed, sink, until

FIRST = 0.5
"""What the time to the first send at the smallest size must be at least of that at the largest: within two times."""
APART = 1.5
"""Seconds between two stories: no chat is told two things within one."""
SLOWEST = 1500.0
"""Messages a second below which patience ends."""
KINDS: Mapping[str, tuple[str, str]] = {
    "plan": ("ms", "freezing the audience"),
    "first-send": ("ms", "from accepting to the first request"),
    "rate": ("messages/s", "from accepting to the last receipt"),
    "bytes": ("bytes/delivery", "of ledger, all sent"),
    "memory": ("MB", "of the worker at its peak"),
}
"""Kind of figure → its unit, and what it is."""


@dataclass(frozen=True)
class Point:
    """One size: a value of each kind."""

    chats: int
    values: Mapping[str, float]


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Every kind at every size; the largest against the smallest for first sends, against what is allowed for bytes."""
    points = []
    async with sink() as there:
        for chats in bench.size.growth:
            everybody = crowd(bench, f"growth-{chats}", "telegram", there, People(chats, {}))
            async with everybody as ours, ours.workers() as crew:
                points.append(await point(ours, crew, chats))
            values = ", ".join(f"{kind} {shown(value)}" for kind, value in points[-1].values.items())
            bench.say(f"growth: {chats:,} chats: {values}")
    for one in points:
        for kind, value in one.values.items():
            unit, how = KINDS[kind]
            yield Figure(f"growth.{kind}/{short(one.chats)}", value, unit, how=how)
    low, high = points[0], points[-1]
    first, told = high.values["first-send"], f"{short(low.chats)} chats"
    how = f"of {short(high.chats)} chats; median of {bench.size.firsts}"
    yield Figure("largest.first-send/smallest", first, "ms", told, low.values["first-send"], FIRST, less=True, how=how)
    how = f"{high.chats:,} deliveries, all sent"
    allowed = EVERYBODY["telegram"]
    each = high.values["bytes"]
    yield Figure("largest.ledger/allowed", each, "bytes/delivery", "allowed", allowed, 1.0, less=True, how=how)


async def point(ours: Crowd, crew: Crew, chats: int) -> Point:
    """Everything at this size."""
    firsts, plans = [], []
    for _ in range(ours.bench.size.firsts):
        plan, first = await started(ours, crew)
        plans.append(plan * 1000)
        firsts.append(first * 1000)
    story = sample(["bench-all"])
    seconds = await crew.tell(story, chats, 60 + chats / SLOWEST)
    return Point(
        chats,
        {
            "plan": median_of(plans)[0],
            "first-send": median_of(firsts)[0],
            "rate": chats / seconds,
            "bytes": await ours.bytes_kept(story) / chats,
            "memory": crew.peak(),
        },
    )


async def started(ours: Crowd, crew: Crew) -> tuple[float, float]:
    """Seconds until a story is planned, and until its first message arrives; then it is cancelled."""
    await ours.there.seen()
    story = sample(["bench-all"], "first")
    began = await ours.accept(story)
    planned = time.monotonic() - began

    async def come() -> bool:
        crew.check()
        return bool((await ours.there.now("first"))["taken"])

    await until(come, "a first message", every=0.005)
    await ours.cancel(story)
    await crew.over(story)
    first = (await ours.there.now("first"))["first"]
    if first < began:
        raise Failed("a message came before its story")
    await asyncio.sleep(APART)
    return planned, first - began


def short(chats: int) -> str:
    """1k, 10k, 1M."""
    if chats >= 1_000_000:
        return f"{chats // 1_000_000}M"
    return f"{chats // 1000}k" if chats >= 1000 else str(chats)


def read(figures: Sequence[Figure]) -> list[Point]:
    """The points again, out of their figures."""
    found: dict[int, dict[str, float]] = {}
    for figure in figures:
        kind, _, size = figure.name.removeprefix("growth.").partition("/")
        if figure.name.startswith("growth.") and kind in KINDS:
            chats = int(size.replace("k", "000").replace("M", "000000"))
            found.setdefault(chats, {})[kind] = figure.value
    return [Point(chats, values) for chats, values in sorted(found.items())]


def markdown(points: Sequence[Point]) -> str:
    """The table of a document: a row for each size."""
    head = ["chats", *(f"{kind.replace('-', ' ')}, {unit}" for kind, (unit, _) in KINDS.items())]
    rows = [[f"{one.chats:,}", *(shown(one.values[kind]) for kind in KINDS)] for one in points]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---:"] * len(head), *rows])


WIDE, HIGH, LEFT, TOP, INSET = 360, 200, 54, 44, 30
"""Of one small picture, where its drawing begins, and how far its first and last points stand off."""
DRAWN = {
    "first-send": "time to the first send, ms",
    "plan": "time to freeze the audience, ms",
    "rate": "messages a second of one worker",
    "bytes": "ledger, bytes a delivery",
}
STYLE = """
  text { font: 12px sans-serif; fill: #57606a } .name { font-weight: 600; fill: #24292f }
  .axis { stroke: #8c959f; stroke-width: 1 } .line { stroke: #0969da; stroke-width: 2; fill: none } .dot { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .name { fill: #f0f6fc } .axis { stroke: #656c76 } .line { stroke: #4493f8 } .dot { fill: #4493f8 }
  }
"""


def svg(points: Sequence[Point]) -> str:
    """Four small pictures over the number of chats; readable on light and on dark."""
    pictures = "".join(
        f'<g transform="translate({number % 2 * WIDE} {number // 2 * HIGH})">{picture(points, kind)}</g>\n'
        for number, kind in enumerate(DRAWN)
    )
    size = f'width="{2 * WIDE}" height="{2 * HIGH}" viewBox="0 0 {2 * WIDE} {2 * HIGH}"'
    title = "<title>What grows with the audience</title>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>{title}<style>{STYLE}</style>\n{pictures}</svg>\n'
    )


def picture(points: Sequence[Point], kind: str) -> str:
    """One kind: sizes side by side (each ten times the one before), values from nought up."""
    values = [one.values[kind] for one in points]
    most = ceiling(max(values))
    low, high = TOP, HIGH - 40
    step = (WIDE - 24 - LEFT - 2 * INSET) / max(len(points) - 1, 1)
    places = [(LEFT + INSET + number * step, high - (high - low) * value / most) for number, value in enumerate(values)]
    drawn = [
        f'<text class="name" x="{LEFT - 34}" y="20">{DRAWN[kind]}</text>',
        f'<path class="axis" d="M{LEFT} {low - 6}V{high}H{WIDE - 24}" fill="none"/>',
        f'<text x="{LEFT - 6}" y="{low + 4}" text-anchor="end">{shown(most)}</text>',
        f'<text x="{LEFT - 6}" y="{high + 4}" text-anchor="end">0</text>',
        f'<polyline class="line" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in places)}"/>',
    ]
    for (x, y), one, value in zip(places, points, values, strict=True):
        drawn.append(f'<circle class="dot" cx="{x:.0f}" cy="{y:.0f}" r="4"/>')
        drawn.append(f'<text x="{x:.0f}" y="{y - 9:.0f}" text-anchor="middle">{shown(value)}</text>')
        drawn.append(f'<text x="{x:.0f}" y="{high + 18}" text-anchor="middle">{short(one.chats)}</text>')
    return "".join(drawn)


def ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 … above."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value)
