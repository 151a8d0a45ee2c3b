"""One row of the fault matrix, and what came out of it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.chaos.stage import Stage


@dataclass
class Verdict:
    """What the row saw. `sent` to `bound` are deliveries (chats of one push, summed over the pushes of the row)."""

    sent: int = 0
    unaccounted: int = 0
    """Audience minus sent, dead, skipped, cancelled and doubt, after drain; and every chat whose entry disagrees with the
    counters."""
    duplicates: int = 0
    """Chats with more than one visible copy, beyond those a policy sent once more."""
    doubt: int = 0
    bound: int = 0
    """The most that may be in doubt."""
    problems: list[str] = field(default_factory=list)
    """Whatever else broke a promise, one line each; any makes the row fail."""
    figures: dict[str, Any] = field(default_factory=dict)
    """More of interest, as extra keys of the JSON line and in the document."""

    @property
    def ok(self) -> bool:
        """Whether every promise held."""
        return not (self.unaccounted or self.duplicates or self.problems) and self.doubt <= self.bound

    def expect(self, holds: object, problem: str) -> None:
        """Note the problem unless it holds."""
        if not holds:
            self.problems.append(problem)

    def took(self, what: str, seconds: Sequence[float], limit: float) -> None:
        """Tell the median and the worst; a median above `limit` is a problem."""
        middle = statistics.median(seconds)
        self.figures |= {f"{what}_s": round(middle, 2), f"{what}_worst_s": round(max(seconds), 2)}
        self.expect(middle <= limit, f"{what}: {middle:.1f} s, must be {limit:g}")

    def line(self, row: str, seed: int) -> str:
        """The JSON line."""
        facts = {"row": row, "seed": seed}
        counts = {name: getattr(self, name) for name in ("sent", "unaccounted", "duplicates", "doubt", "bound", "ok")}
        problems = {"problems": self.problems} if self.problems else {}
        return json.dumps({**facts, **counts, **self.figures, **problems}, ensure_ascii=False)


@dataclass(frozen=True)
class Row:
    """A row that can be played. `name` is the matrix' ("F6"), with a variant where there are several ("F6-everysec")."""

    name: str
    what: str
    """The fault in a few words, for the document."""
    play: Callable[[Stage, Random], Awaitable[Verdict]]
    quick: bool = False
    """Whether `--quick` plays it too (with the small numbers of `stage.pick`)."""
    runs: int = 1
    """How often, each with the next seed."""
    limit: float = 300.0
    """Seconds after which it counts as hung."""
