"""All rows, one after another; a JSON line each as it ends, and the table of the document.

    python -m tests.chaos [--only F2,F9] [--seed N] [--out build/chaos.jsonl] [--doc docs/reliability.md] [--quick]
                          [--soak-seconds 360]

Exit code 0 where every row held, 1 where one did not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from newsbot import telemetry
from tests.chaos import (
    rows_cluster,
    rows_feed,
    rows_more,
    rows_platform,
    rows_process,
    rows_redis,
    rows_soak,
    rows_store,
)
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import staged
from tests.chaos.table import Result, put
from tests.chaos.workers import Nursery

PARTS = (rows_process, rows_redis, rows_store, rows_soak, rows_platform, rows_more, rows_feed, rows_cluster)
ROWS = sorted(
    (row for part in PARTS for row in part.ROWS), key=lambda row: (int(row.name.partition("-")[0][1:]), row.name)
)
SOAK = 90.0
"""Seconds of one soak unless told otherwise: five seeds of it leave room for all the other rows in 45 minutes."""


def chosen(only: str | None, *, quick: bool) -> list[Row]:
    """The rows that were asked for: "F6" means its variants too. Exits on a name no row has."""
    if only is None:
        return [row for row in ROWS if row.quick or not quick]
    found = []
    for name in only.split(","):
        rows = [row for row in ROWS if name in (row.name, row.name.partition("-")[0])]
        if not rows:
            raise SystemExit(f"chaos: no row {name!r}; there are {', '.join(row.name for row in ROWS)}")
        found += [row for row in rows if row not in found]
    return found


async def played(row: Row, seed: int, folder: Path, *, quick: bool, soak: float) -> Verdict:
    """One row in a fresh folder. Whatever it raises is its failure, not the end of the others."""
    nursery = await Nursery.start()
    try:
        async with asyncio.timeout(row.limit), staged(folder, nursery, quick=quick) as stage:
            stage.soak = soak
            return await row.play(stage, random.Random(f"{row.name} {seed}"))
    except TimeoutError as error:
        return Verdict(problems=[f"hung, or a wait too long: {str(error) or f'{row.limit:.0f} s'}"])
    except Exception as error:  # noqa: BLE001  AssertionError of a wait above all
        return Verdict(problems=[f"{type(error).__name__}: {error}"])
    finally:
        await nursery.close()


async def play(rows: list[Row], seed: int, out: Path, *, quick: bool, soak: float) -> list[Result]:
    """Every row as often as it wants; each result told and written at once, folders of failures kept."""
    whole = asyncio.current_task()
    assert whole
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)
    results = []
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            for number in range(seed, seed + (1 if quick else row.runs)):
                folder = Path(tempfile.mkdtemp(prefix=f"chaos-{row.name}-{number}-", dir=out.parent)).resolve()
                began = time.monotonic()
                verdict = await played(row, number, folder / "stage", quick=quick, soak=soak)
                results.append(Result(row, number, verdict, time.monotonic() - began))
                print(verdict.line(row.name, number), file=file, flush=True)
                tell(results[-1], folder)
                if verdict.ok:
                    shutil.rmtree(folder)
    return results


def tell(result: Result, folder: Path) -> None:
    """On the terminal."""
    found = result.verdict
    counts = f"{found.sent:,} sent, {found.unaccounted} unaccounted, {found.duplicates} duplicates"
    words = f"{counts}, {found.doubt} of {found.bound} in doubt, {result.seconds:.0f} s"
    print(f"{'ok  ' if found.ok else 'FAIL'} {result.row.name:12} {words}", flush=True)
    if not found.ok:
        for problem in found.problems:
            print(f"     {problem}")
        print(f"     again: make chaos ONLY={result.row.name} SEED={result.seed}    (logs: {folder})", flush=True)


def main() -> int:
    """Play what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--only", help="rows, joined by commas")
    parser.add_argument("--seed", type=int, help="replay; drawn and told otherwise")
    parser.add_argument("--out", type=Path, default=Path("build/chaos.jsonl"), help="where the JSON lines go")
    parser.add_argument("--doc", type=Path, help="the document whose table gets these rows")
    parser.add_argument("--quick", action="store_true", help="a few rows, small")
    parser.add_argument("--soak-seconds", type=float, default=SOAK, help=f"of each seed of F35 ({SOAK:.0f})")
    given = parser.parse_args()
    telemetry.configure("error", json_lines=False, secrets=[])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    rows = chosen(given.only, quick=given.quick)
    print(f"chaos: {len(rows)} rows, seed {seed}", flush=True)
    began = time.monotonic()
    try:
        results = asyncio.run(play(rows, seed, given.out, quick=given.quick, soak=given.soak_seconds))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("chaos: stopped; what was started is ended", file=sys.stderr)
        return 1
    failed = sum(not result.verdict.ok for result in results)
    print(f"{len(results)} rows, {failed} failed, {time.monotonic() - began:.0f} s, as JSON lines in {given.out}")
    if given.doc and not given.quick:
        put(given.doc, results, [row.name for row in ROWS])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
