"""All figures, one after another; JSON lines as they come, a table at the end.

    python -m tests.benchmarks --out build/bench.jsonl [--doc docs/performance.md] [--aiogram PYTHON] [--only NAME] [--small]

Exit code 0 where everything could be measured, whatever came out; 1 where something could not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from newsbot import telemetry
from tests.benchmarks import archive, delivery, fresh
from tests.benchmarks.figure import COLUMNS, Figure, markdown
from tests.benchmarks.stage import SMALL, Bench, Failed, Size

BENCHMARKS: Mapping[str, Callable[[Bench], AsyncIterator[Figure]]] = {
    "telegram": partial(delivery.figures, field=delivery.TELEGRAM),
    "slack": partial(delivery.figures, field=delivery.SLACK),
    "fresh": fresh.figures,
    "preview": archive.figures,
}
BEGIN, END = "<!-- make bench: begin -->\n", "<!-- make bench: end -->\n"


async def measure(bench: Bench, only: str | None, out: Path) -> tuple[list[Figure], bool]:
    """Every figure that can be had, each written to `out` at once; whether all could."""
    found: list[Figure] = []
    whole = True
    with out.open("w", encoding="utf-8") as file:
        for name, figures in BENCHMARKS.items():
            if only not in (None, name):
                continue
            try:
                async for figure in figures(bench):
                    found.append(figure)
                    print(figure.line(), file=file, flush=True)
            except Failed as error:
                print(f"bench: {name}: {error}", file=sys.stderr)
                whole = False
    return found, whole


def show(figures: list[Figure]) -> None:
    """The table on the terminal."""
    table = Table(*COLUMNS, box=box.SIMPLE)
    for figure in figures:
        table.add_row(*figure.cells(), style="bold red" if figure.missed else None)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


def put(doc: Path, figures: list[Figure], machine: str) -> None:
    """The table into the document, between its two marks."""
    before, _, rest = doc.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"bench: {doc}: the marks for the table are missing")
    day = datetime.now(UTC).date().isoformat()
    doc.write_text(f"{before}{BEGIN}{day}, {machine}.\n\n{markdown(figures)}{END}{after}", "utf-8")


def main() -> int:
    """Measure what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="where the JSON lines go")
    parser.add_argument("--doc", type=Path, help="the document whose table is replaced")
    parser.add_argument("--aiogram", type=Path, help="a Python that has aiogram")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark alone")
    parser.add_argument("--machine", default=f"{os.cpu_count()} cores", help="the machine in words, for the document")
    parser.add_argument("--small", action="store_true", help="tiny sizes: whether it works, not how fast")
    given = parser.parse_args()
    telemetry.configure("warning", json_lines=False, secrets=[])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    aiogram = given.aiogram.absolute() if given.aiogram and given.aiogram.exists() else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.out.parent) as folder:
        say = partial(print, "bench:", file=sys.stderr, flush=True)
        bench = Bench(SMALL if given.small else Size(), Path(folder).resolve(), aiogram, say)
        figures, whole = asyncio.run(measure(bench, given.only, given.out))
    show(figures)
    print(f"{len(figures)} figures in {time.monotonic() - began:.0f} s, as JSON lines in {given.out}")
    if given.doc and whole and not given.only:
        put(given.doc, figures, given.machine)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
