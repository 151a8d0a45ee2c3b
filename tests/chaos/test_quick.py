"""`make chaos` in miniature: a few rows, small. What a whole run shows stands in docs/reliability.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = ["row", "seed", "sent", "unaccounted", "duplicates", "doubt", "bound", "ok"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_promises_hold_under_kills_promotions_and_a_deaf_doorbell(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "chaos.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--quick", "--seed", "35", "--out", out],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {"F1", "F2", "F6", "F9", "F32"} <= {row["row"] for row in rows}
    assert all(list(row)[: len(KEYS)] == KEYS for row in rows)
    assert all(row["ok"] and row["sent"] and row["seed"] == 35 for row in rows)
    assert [path.name for path in out.parent.iterdir()] == [out.name], "nothing is left behind"


def test_a_row_nobody_has_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--only", "F99", "--out", tmp_path / "x.jsonl"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("chaos: no row 'F99'; there are F1, ")
