"""Time as the sandbox sees it, so that tests move days and rate windows without sleeping."""

from __future__ import annotations

import time


class Clock:
    """Real time: `now()` in unix seconds, `monotonic()` for rate limits."""

    def now(self) -> float:
        """Unix seconds, for dates that a reader sees."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back, for rate limits."""
        return time.monotonic()


class ManualClock(Clock):
    """Time that stands still until a test calls `advance`."""

    def __init__(self, start: float = 1_784_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Unix seconds as last set."""
        return self._now

    def monotonic(self) -> float:
        """The same hand-moved seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves time on; nothing waits."""
        self._now += seconds
