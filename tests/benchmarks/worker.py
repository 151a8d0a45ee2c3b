"""`newsbot worker`, with one difference: no limit on messages a second, which the config caps at what platforms allow.

python -m tests.benchmarks.worker
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from newsbot.cli.run import start
from newsbot.ports import Source
from newsbot.procs import worker
from newsbot.procs.runtime import Process

LIMITLESS = 1_000_000.0


def unlimited(process: Process, _: list[Source]) -> list[Coroutine[Any, Any, None]]:
    """The jobs of a worker, on a kit whose limit nobody reaches; how often one chat may be told something stays."""
    paces = {name: replace(pace, rate=LIMITLESS) for name, pace in process.kit.paces.items()}
    process.kit = replace(process.kit, paces=paces)
    return worker.jobs(process)


if __name__ == "__main__":
    start(unlimited)
