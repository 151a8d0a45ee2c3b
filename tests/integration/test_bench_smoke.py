"""`make bench` in miniature: whether it measures, not how fast anything is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from newsbot.core.model import Subscriber
from newsbot.store.redis import Redis
from tests.benchmarks import growth, limit, sink
from tests.benchmarks.figure import Figure, quantile
from tests.benchmarks.load import People, differs, some

ROOT = Path(__file__).parents[2]
KEYS = ["name", "value", "unit", "peer", "peer_value", "ratio", "at_least"]
OWED = {
    "telegram.delivery/python-telegram-bot-no-limiter": None,
    "telegram.delivery/bare-http": 0.5,
    "slack.delivery/slack-sdk": None,
    "size.subscribers/allowed": 1,
    "size.subscribers/hash-each": None,
    "size.audience/allowed": 1,
    "size.ledger.few/allowed": 1,
    "size.ledger.few/key-each": None,
    "size.ledger.everybody-telegram/allowed": 1,
    "size.ledger.everybody-slack/allowed": 1,
    "readers.import": None,
    "readers.export": None,
    "readers.memory/allowed": 1,
    "readers.split/allowed": 1,
    "readers.words/allowed": 1,
    "limit.1000.used/2": 1,
    "limit.1000.second/2": 1,
    "limit.1000.taken/2": 1,
    "moving.taken/owed": 1,
    "fanout.time/allowed": 1,
    "fanout.cores/allowed": 1,
    "fanout.memory/allowed": 1,
    "flash.first-send/allowed": 1,
    "flash.share/owed": 1,
    "cancel.last-arrival/allowed": 1,
    "growth.rate/1k": None,
    "largest.first-send/smallest": 0.5,
    "largest.ledger/allowed": 1,
    "fresh.gate-on.p50": None,
    "fresh.gate-on.p99": None,
    "fresh.gate-off.p50": None,
    "fresh.gate-off.p99": None,
    "preview.memory/allowed": 1,
}
"""What is measured wherever newsbot runs, and how many times better it must be; the peers of an environment of their own
and Jekyll may be missing."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_figure_is_measured_and_told_in_one_shape(tmp_path: Path) -> None:
    out, doc = tmp_path / "deep" / "bench.jsonl", tmp_path / "performance.md"
    shutil.copy(ROOT / "docs" / "performance.md", doc)
    command = [sys.executable, "-m", "tests.benchmarks", "--small", "--out", out, "--doc", doc, "--machine", "a toy"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
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
    text = doc.read_text("utf-8")
    assert all(f"| {name} |" in text for name in OWED if not name.startswith("growth."))
    assert "a toy" in text
    assert "| 1,000 |" in text
    assert len(etree.parse(tmp_path / "growth.svg").findall(".//{*}circle")) == 8


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


@pytest.mark.parametrize("platform", ["telegram", "slack"])
async def test_loading_in_bulk_comes_to_what_put_writes(redis: Redis, platform: str) -> None:
    count = 300
    topics = {
        "quake": some(range(0, count, 3), count),
        "flood": some(range(0, 100, 2), count),
        "nobody": some([], count),
    }
    people = People(count, topics, english=some(range(7, count, 5), count))
    for size in (1, 8, count):
        assert await differs(redis, platform, people.first(size)) == ""
    assert await redis.call("DBSIZE") == 0


async def test_a_difference_between_the_two_ways_is_named(redis: Redis) -> None:
    class Turned(People):
        """People whose language is another one when they are put one by one."""

        def one(self, platform: str, number: int) -> Subscriber:
            return replace(super().one(platform, number), language="en")

    assert await differs(redis, "telegram", Turned(3, {})) == "nb:{telegram}:chat:0"


def test_the_sink_takes_what_its_limit_allows_and_not_one_more() -> None:
    bucket = sink.Limit(sink.steady(30.0))
    began = bucket.told[0][0]
    assert [bucket.wait(began) for _ in range(30)] == [0.0] * 30
    assert bucket.wait(began) == pytest.approx(1 / 30)
    assert bucket.wait(began + 1 / 30) == 0.0
    assert bucket.wait(began + 1 / 30) > 0
    assert sum(bucket.wait(began + 2 + n / 100) == 0.0 for n in range(400)) == 30 + 119  # full again, then 30 a second


def test_a_moving_limit_is_the_same_again_and_stays_within_its_bounds() -> None:
    first, again = sink.moving(11), sink.moving(11)
    steps = [next(first) for _ in range(100)]
    assert steps == [next(again) for _ in range(100)]
    assert all(5 <= kept <= 20 and 15 <= rate <= 35 for kept, rate in steps)


def test_refusals_are_worded_as_the_platforms_word_them() -> None:
    body, status, head = sink.telegram(1, 1, 3)
    assert (json.loads(body)["parameters"], status, head) == (
        {"retry_after": 3},
        b"429 Too Many Requests",
        b"Retry-After: 3\r\n",
    )
    assert json.loads(sink.slack(1, 1, 3)[0]) == {"ok": False, "error": "ratelimited"}


def test_a_book_counts_each_chat_and_who_was_told_twice() -> None:
    book = sink.Book()
    for chat in (0, 1, 1, 70_000):
        book.note(chat, 5.0, taken=True)
    book.note(2, 7.0, taken=False)
    assert book.told() == {"taken": 4, "refused": 1, "first": 5.0, "last": 7.0, "chats": 3, "twice": 1}


def test_the_busiest_second_and_the_middle_of_a_fan_out() -> None:
    times = [0.0, 0.1, 0.2, 1.0, 1.15, 1.2, 1.9]
    assert limit.busiest(times) == 4  # from 0.2 (left out: exactly a second before 1.2) or from 1.0
    steady = [[n / 10, "all", True] for n in range(100)]
    assert limit.middle([*steady[:50], [4.95, "all", False], *steady[50:]]) == pytest.approx(10.0)


def test_what_could_have_been_sent_under_a_moving_limit() -> None:
    steps = [[0.0, 20.0], [10.0, 35.0], [20.0, 15.0]]
    assert limit.offered(steps, 5.0, 22.0) == 20 + 5 * 20 + 10 * limit.OURS + 2 * 15


def test_the_points_of_growth_survive_being_told_as_figures() -> None:
    values = dict.fromkeys(growth.KINDS, 2.0)
    figures = [Figure(f"growth.{kind}/{size}", 2.0, "x") for size in ("1k", "100k", "1M") for kind in growth.KINDS]
    assert growth.read([*figures, Figure("largest.ledger/allowed", 1.0, "x")]) == [
        growth.Point(chats, values) for chats in (1000, 100_000, 1_000_000)
    ]


def test_what_peers_and_newsbot_both_use_has_one_version() -> None:
    """But for pydantic, which is why the peers have an environment of their own."""
    ours, theirs = (
        dict(line.split("==") for line in (ROOT / name).read_text("utf-8").splitlines() if "==" in line)
        for name in ("constraints.txt", "tests/benchmarks/peers.txt")
    )
    shared = ours.keys() & theirs.keys()
    assert shared > {"aiohttp", "httpx", "python-telegram-bot", "sniffio"}
    assert {name for name in shared if ours[name] != theirs[name]} == {"pydantic", "pydantic_core"}
