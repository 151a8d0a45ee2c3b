"""The watcher: every source scanned and followed, each in its own task."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from newsbot.ports import Source
from newsbot.procs.runtime import Process, until_stopped

log = structlog.get_logger()


def jobs(process: Process, sources: Sequence[Source]) -> list[Coroutine[Any, Any, None]]:
    """One coroutine a source, and one for the gate; they end at the stop signal."""
    if not sources:
        log.warning("nothing_watched", hint="name a folder with --site, a feed with --feed, or a [[source]] section")
    work = [process.kit.ingest.watch(source) for source in sources]
    return [until_stopped(process.stop, one) for one in [*work, process.kit.gate.run()]]
