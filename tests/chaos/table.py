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


def markdown(lines: Sequence[str]) -> str:
    """The table of a document."""
    return "".join(f"{line}\n" for line in (_line(COLUMNS), _line(("---",) * len(COLUMNS)), *lines))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def put(doc: Path, results: Sequence[Result], names: Sequence[str]) -> None:
    """The table into the document, between its two marks, rows in the order of `names`: those that were played instead of
    what stood there of them. Exits where the marks are missing."""
    before, _, rest = doc.read_text("utf-8").partition(BEGIN)
    table, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"chaos: {doc}: the marks for the table are missing")
    played = {result.row.name for result in results}
    kept = [(line.split(" | ")[0].removeprefix("| "), line) for line in table.splitlines() if line.startswith("| ")]
    lines = [(name, line) for name, line in kept if name in names and name not in played]
    lines += [(result.row.name, _line(result.cells())) for result in results]
    lines.sort(key=lambda found: names.index(found[0]))
    day = datetime.now(UTC).date().isoformat()
    minutes = sum(result.seconds for result in results) / 60
    seeds = sorted({result.seed for result in results})
    some = f", {len(played)} of {len(names)} rows" if len(played) < len(names) else ""
    head = f"{day}, {os.cpu_count()} cores, {minutes:.0f} minutes, seed {seeds[0]}{some}"
    doc.write_text(f"{before}{BEGIN}{head}.\n\n{markdown([line for _, line in lines])}{END}{after}", "utf-8")
