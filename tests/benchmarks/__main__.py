"""All figures, one after another; JSON lines as they come, a table at the end.

    python -m tests.benchmarks --out build/bench.jsonl [--doc docs/performance.md] [--peers PYTHON] [--only NAME] [--small]

Exit code 0 where everything could be measured, whatever came out; 1 where something could not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from newsbot import telemetry
from tests.benchmarks import archive, delivery, fanout, fresh, growth, limit, readers, size
from tests.benchmarks.figure import COLUMNS, Figure, markdown
from tests.benchmarks.stage import SMALL, Bench, Failed, Size

BENCHMARKS: Mapping[str, Callable[[Bench], AsyncIterator[Figure]]] = {
    "telegram": partial(delivery.figures, field=delivery.TELEGRAM),
    "slack": partial(delivery.figures, field=delivery.SLACK),
    "size": size.figures,
    "readers": readers.figures,
    "limit": limit.figures,
    "moving": limit.moving,
    "fanout": fanout.figures,
    "flash": fanout.flash,
    "cancel": fanout.cancel,
    "growth": growth.figures,
    "fresh": fresh.figures,
    "preview": archive.figures,
}
PLOT = "growth.svg"
"""Lies next to the document."""


@dataclass
class Result:
    """What was measured, how many seconds each benchmark took, and whether all could be measured."""

    figures: list[Figure] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    whole: bool = True


async def measure(bench: Bench, only: str | None, out: Path) -> Result:
    """Every figure that can be had, each written to `out` at once."""
    result = Result()
    with out.open("w", encoding="utf-8") as file:
        for name, figures in BENCHMARKS.items():
            if only not in (None, name):
                continue
            began = time.monotonic()
            try:
                async for figure in figures(bench):
                    result.figures.append(figure)
                    print(figure.line(), file=file, flush=True)
            except Failed as error:
                bench.say(f"{name}: {error}")
                result.whole = False
            result.took[name] = time.monotonic() - began
            bench.say(f"{name} took {result.took[name]:.0f} s")
    return result


def show(figures: Sequence[Figure]) -> None:
    """The table on the terminal."""
    table = Table(*COLUMNS, box=box.SIMPLE)
    for figure in figures:
        table.add_row(*figure.cells(), style="bold red" if figure.missed else None)
    Console(width=None if sys.stdout.isatty() else 240, highlight=False).print(table)


def put(doc: Path, result: Result, machine: str) -> None:
    """Both tables into the document, each between its two marks, and the plot next to it."""
    points = growth.read(result.figures)
    took = ", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in result.took.items())
    head = f"{datetime.now(UTC).date().isoformat()}, {machine}; minutes: {took}.\n\n"
    rows = [figure for figure in result.figures if not figure.name.startswith("growth.")]
    text = replaced(doc.read_text("utf-8"), "make bench", head + markdown(rows))
    doc.write_text(replaced(text, "make bench: growth", growth.markdown(points)), "utf-8")
    doc.with_name(PLOT).write_text(growth.svg(points), "utf-8")


def replaced(text: str, mark: str, new: str) -> str:
    """The text with what stands between `<!-- mark: begin -->` and `<!-- mark: end -->` replaced."""
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"bench: the document has no place for the table: {begin.strip()}")
    return f"{before}{begin}{new}{end}{after}"


def main() -> int:
    """Measure what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="where the JSON lines go")
    parser.add_argument("--doc", type=Path, help="the document whose tables are replaced")
    parser.add_argument("--peers", type=Path, help="a Python that has what peers.txt names")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark alone")
    parser.add_argument("--machine", default=f"{os.cpu_count()} cores", help="the machine in words, for the document")
    parser.add_argument("--small", action="store_true", help="tiny sizes: whether it works, not how fast")
    given = parser.parse_args()
    telemetry.configure("warning", json_lines=False, secrets=[])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    peers = given.peers.absolute() if given.peers and given.peers.exists() else None
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.out.parent) as folder:
        say = partial(print, "bench:", file=sys.stderr, flush=True)
        bench = Bench(SMALL if given.small else Size(), Path(folder).resolve(), peers, say)
        result = asyncio.run(measure(bench, given.only, given.out))
    show(result.figures)
    print(f"{len(result.figures)} figures in {sum(result.took.values()):.0f} s, as JSON lines in {given.out}")
    if given.doc and result.whole and not given.only:
        put(given.doc, result, given.machine)
    return 0 if result.whole else 1


if __name__ == "__main__":
    sys.exit(main())
