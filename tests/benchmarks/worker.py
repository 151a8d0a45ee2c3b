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
    """The jobs of a worker, on a kit whose limits nobody reaches."""
    process.kit = replace(process.kit, rates=dict.fromkeys(process.kit.rates, LIMITLESS))
    return worker.jobs(process)


if __name__ == "__main__":
    start(unlimited)
