"""The table of docs/reliability.md, made of verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.row import Row, Verdict

BEGIN, END = "<!-- make chaos: begin -->\n", "<!-- make chaos: end -->\n"
COLUMNS = ("row", "fault", "sent", "unaccounted", "duplicates", "in doubt (at most)", "more", "held", "seconds")


@dataclass(frozen=True)
class Result:
    """One row as it was played."""

    row: Row
    seed: int
    verdict: Verdict
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """Of one table row, in the order of COLUMNS."""
        found = self.verdict
        more = ", ".join(f"{name} {value}" for name, value in found.figures.items())
        counts = (f"{found.sent:,}", str(found.unaccounted), str(found.duplicates), f"{found.doubt} ({found.bound:,})")
        return (self.row.name, self.row.what, *counts, more, "yes" if found.ok else "**no**", f"{self.seconds:.0f}")


def markdown(results: Sequence[Result]) -> str:
    """The table of a document."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(result.cells() for result in results)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def put(doc: Path, results: Sequence[Result]) -> None:
    """The table into the document, between its two marks. Exits where they are missing."""
    before, _, rest = doc.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"chaos: {doc}: the marks for the table are missing")
    day = datetime.now(UTC).date().isoformat()
    minutes = sum(result.seconds for result in results) / 60
    seeds = sorted({result.seed for result in results})
    head = f"{day}, {os.cpu_count()} cores, {minutes:.0f} minutes, seed {seeds[0]}"
    doc.write_text(f"{before}{BEGIN}{head}.\n\n{markdown(results)}{END}{after}", "utf-8")
