"""`make bench` in miniature: whether it measures, not how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.figure import Figure, quantile

ROOT = Path(__file__).parents[2]
KEYS = ["name", "value", "unit", "peer", "peer_value", "ratio", "at_least"]
OWED = {
    "telegram.delivery/python-telegram-bot": 10,
    "telegram.delivery/bare-http": None,
    "slack.delivery/slack-sdk": None,
    "fresh.gate-on.p50": None,
    "fresh.gate-on.p99": None,
    "fresh.gate-off.p50": None,
    "fresh.gate-off.p99": None,
    "preview.memory/allowed": 1,
}
"""What is measured wherever newsbot runs, and how many times better it must be; aiogram and Jekyll may be missing."""


@pytest.mark.slow
def test_every_figure_is_measured_and_told_in_one_shape(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bench.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--small", "--out", out], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(list(row) == KEYS for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)
    told = {row["name"]: row["at_least"] for row in rows}
    assert {name: told.get(name, "not told") for name in OWED} == OWED
    for row in rows:
        assert row["value"] > 0, row
        assert (row["peer_value"] is None) == (row["peer"] is None) == (row["ratio"] is None), row
        assert row["name"] in done.stdout
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_ratio_above_one_is_always_good() -> None:
    faster = Figure("x", 20.0, "messages/s", "peer", 10.0, at_least=2)
    smaller = Figure("x", 10.0, "ms", "peer", 20.0, at_least=2, less=True)
    assert (faster.ratio, smaller.ratio) == (2.0, 2.0)
    assert not faster.missed
    assert Figure("x", 19.0, "messages/s", "peer", 10.0, at_least=2).missed
    assert Figure("x", 1.0, "ms").ratio is None


def test_a_quantile_is_a_value_that_occurred() -> None:
    values = [float(number) for number in range(1, 201)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (100.0, 198.0, 200.0)
    assert quantile([3.0], 0.99) == 3.0
