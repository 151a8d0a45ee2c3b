"""One figure, and what is made of a list of them: JSON lines for machines, a table for readers."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value with its unit, and the same of a peer in the same run."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    at_least: float | None = None
    """What `ratio` must be at least."""
    less: bool = False
    """Whether less is better."""
    how: str = ""
    """How it was measured, for readers: "median of 5"."""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer: peer/ours where less is better, else ours/peer."""
        if self.peer_value is None:
            return None
        up, down = (self.peer_value, self.value) if self.less else (self.value, self.peer_value)
        return up / down if down else None

    @property
    def missed(self) -> bool:
        """Whether it must be better than it is."""
        return self.at_least is not None and (self.ratio is None or self.ratio < self.at_least)

    def line(self) -> str:
        """The JSON line."""
        ratio = None if self.ratio is None else rounded(self.ratio)
        peer_value = None if self.peer_value is None else rounded(self.peer_value)
        row = {"name": self.name, "value": rounded(self.value), "unit": self.unit, "peer": self.peer}
        return json.dumps({**row, "peer_value": peer_value, "ratio": ratio, "at_least": self.at_least})

    def cells(self) -> tuple[str, ...]:
        """Of one table row, in the order of COLUMNS."""
        peer = (
            f"{self.peer}: {shown(self.peer_value)}" if self.peer and self.peer_value is not None else self.peer or ""
        )
        wanted = "" if self.at_least is None else f"{self.at_least:g}" + (" (missed)" if self.missed else "")
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, f"{shown(self.value)} {self.unit}", peer, ratio, wanted, self.how


COLUMNS = ("figure", "newsbot", "peer", "times better", "at least", "how")


def rounded(value: float) -> float:
    """Five significant digits: more is noise."""
    return float(f"{value:.5g}")


def shown(value: float) -> str:
    """As a reader takes it in."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 2 else f"{value:.3f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stay at or below: one that occurred, none in between."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median_of(values: Sequence[float]) -> tuple[float, str]:
    """The median, and how to say so."""
    return statistics.median(values), f"median of {len(values)}" if len(values) > 1 else "once"


def markdown(figures: Sequence[Figure]) -> str:
    """The table of a document."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(figure.cells() for figure in figures)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
