"""Many subscribers into a real Redis and out again, by file."""

from __future__ import annotations

import asyncio
import json
import random
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import Quit
from newsbot.cli.subscribers import files
from newsbot.cli.subscribers.rows import FIELDS, record
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber
from newsbot.store.redis import Redis

NIGHT, MORNING = Quiet(23 * 60, 7 * 60), (Slot(8 * 60),)


@pytest.fixture
async def kit(redis: Redis) -> AsyncIterator[Kit]:
    """Everything on the session's Redis; nothing is sent."""
    made = bootstrap.kit(bootstrap.read_settings({"REDIS_URL": redis.url}), redis.url, {}, live=False)
    yield made
    await made.redis.close()


async def bring(kit: Kit, file: Path) -> tuple[int, int, list[str]]:
    """Import it: how many came in, how many were bad, and what was said of those."""
    said: list[str] = []
    return *await files.read_in(kit, file, said.append, lambda _: None), said


async def give(kit: Kit, file: Path) -> bytes:
    """Export into this file; what it holds then."""
    await files.write_out(kit, file, lambda _: None)
    return file.read_bytes()


def people(count: int) -> list[Subscriber]:
    """Two platforms, all states, a third with choices."""
    lots = random.Random(5)
    found = []
    for number in range(count):
        platform, chat = ("telegram", str(1000 + number)) if number % 3 else ("slack", f"C0{number:06}")
        choices = Choices()
        if number % 3 == 1:
            words = frozenset(lots.sample(["반도체", "금리", "태풍", "환율"], 2))
            zone, cap = lots.choice(["", "Europe/London", "Asia/Tokyo"]), lots.randrange(16)
            choices = Choices(
                words=words, zone=zone, cap=cap, quiet=NIGHT, digests=MORNING, sources=frozenset({'a, "b"'})
            )
        state = lots.choice(["active", "active", "quarantined", "stopped"])
        found.append(Subscriber(Address(platform, chat), state=state, since=1_700_000_000 + number, choices=choices))
    return found


def written(file: Path, rows: Sequence[Subscriber]) -> Path:
    """These as JSON lines."""
    file.write_text("".join(json.dumps(record(one)) + "\n" for one in rows), "utf-8")
    return file


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_what_is_exported_imported_and_exported_again_is_the_same_to_the_byte(
    kit: Kit, tmp_path: Path, ending: str
) -> None:
    await bring(kit, written(tmp_path / "first.jsonl", people(600)))
    first = await give(kit, tmp_path / f"one.{ending}")
    assert first.count(b"\n") == 600 + (ending == "csv")
    for again in range(2):  # into the same store, then into an empty one
        assert (await bring(kit, tmp_path / f"one.{ending}"))[:2] == (600, 0)
        assert await give(kit, tmp_path / f"two.{ending}") == first
        if not again:
            await kit.redis.call("FLUSHALL")


async def test_bad_rows_are_told_by_line_and_the_rest_come_in(kit: Kit, tmp_path: Path) -> None:
    lines = [f"telegram:{number},politics," for number in range(1, 1001)]
    lines[9], lines[499], lines[998] = "telegram:10,cheese,", 'telegram:500,"politics', "telegram:999,politics,99"
    file = tmp_path / "some.csv"
    file.write_text("address,topics,cap\n" + "\n".join(lines), "utf-8")
    good, bad, said = await bring(kit, file)
    assert (good, bad) == (997, 3)
    assert [line.split(": ")[0] for line in said] == [f"{file}:11", f"{file}:501", f"{file}:1000"]
    assert "cheese" in said[0]
    assert "cap" in said[2]
    assert await kit.subscribers.count("telegram") == 997


async def test_lines_that_are_no_rows(kit: Kit, tmp_path: Path) -> None:
    good = b'{"address": "telegram:%d", "language": "en"}\r\n'
    bad = [
        *(b"{broken\n", b"[1]\n", b'"x"\n', b"[" * 60_000 + b"\n", b"\xff\xfe\n", b'{"address": "telegram:7"}{}\n'),
        b'{"address": "telegram:8", "sources": ["\xb1\xe2"]}\n',
        b'{"address": "telegram:9", "topics": ["' + b"x" * 200_000 + b'"]}\n',
    ]
    file = tmp_path / "lines.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + good % 1 + b"\n \n" + b"".join(bad) + good % 2 + b'{"address": "telegram:3"}')
    found = await bring(kit, file)
    assert found[:2] == (3, len(bad))
    assert [line.split(": ")[0] for line in found[2]] == [f"{file}:{4 + place}" for place in range(len(bad))]
    assert all(len(line) < len(str(file)) + 200 for line in found[2])
    assert [one.address.chat async for one in kit.subscribers.all()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("chat,topics", "address"),
        ("address,colour", "colour"),
        ("address,cap,cap", "twice"),
        ("address;cap", "address"),
    ],
)
async def test_a_header_that_cannot_be_read_ends_it_at_once(kit: Kit, tmp_path: Path, header: str, says: str) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(f"{header}\ntelegram:1,2,3\n", "utf-8")
    with pytest.raises(Quit, match=says) as told:
        await bring(kit, file)
    assert told.value.code == 2
    assert str(told.value).startswith(f"{file}:1: ")


async def test_an_import_that_was_cut_off_is_completed_by_another(kit: Kit, tmp_path: Path) -> None:
    file, seen = written(tmp_path / "all.jsonl", people(1500)), list[int]()

    def cut(upto: int) -> None:
        seen.append(upto)
        if len(seen) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await files.read_in(kit, file, print, cut)
    assert await kit.subscribers.known() == 3 * files.BATCH
    assert (await bring(kit, file))[:2] == (1500, 0)
    whole = await give(kit, tmp_path / "whole.csv")
    await kit.redis.call("FLUSHALL")
    await bring(kit, file)
    assert await give(kit, tmp_path / "at-once.csv") == whole
    assert seen == sorted(seen)
    assert seen[-1] < file.stat().st_size


async def test_the_last_of_two_rows_for_one_chat_counts(kit: Kit, tmp_path: Path) -> None:
    rows = [
        {"address": "telegram:1"},
        {"address": "telegram:1", "digests": "08:00"},
        {"address": "telegram:1", "cap": 3},
    ]
    file = tmp_path / "twice.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert (await bring(kit, file))[:2] == (3, 0)
    (one,) = [one async for one in kit.subscribers.all()]
    assert one.choices == Choices(cap=3, muted=one.choices.muted)


async def test_what_waits_for_a_chat_comes_once_whatever_times_a_file_gives_it(kit: Kit, tmp_path: Path) -> None:
    """Whose times change begins where its last digest ended; who stopped begins anew; the others need nothing."""
    kept = Choices(digests=MORNING)
    before = [Subscriber(Address("telegram", str(number)), choices=kept) for number in range(4)]
    await kit.subscribers.put_many(before)
    await kit.subscribers.set_state(before[2].address, "stopped")
    assert await kit.audiences.starts("telegram") == {}
    rows = [{"address": f"telegram:{number}", "digests": "08:00"} for number in range(4)] + [{"address": "telegram:9"}]
    rows[1]["digests"] = "09:00"
    file = tmp_path / "times.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    now = await kit.audiences.now("telegram")
    await bring(kit, file)
    starts = await kit.audiences.starts("telegram")
    assert set(starts) == {1, 2}
    assert starts[1] == 0, "since the last digest that reached it, which is looked up when the next one is made"
    assert starts[2] >= now - 1


@pytest.mark.slow
async def test_a_file_of_any_length_needs_the_same_memory(kit: Kit, tmp_path: Path) -> None:
    peaks = []
    for count in (500, 4000):
        file = written(tmp_path / f"{count}.jsonl", people(count))
        tracemalloc.start()
        await bring(kit, file)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert file.stat().st_size > 1_000_000
    assert peaks[1] < 1.2 * peaks[0] + 200_000, peaks


async def test_columns_in_any_order_and_no_columns_but_the_address(kit: Kit, tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    file.write_text("﻿cap, address\n3,telegram:1\n,telegram:2\n\n4\n", "utf-8")
    good, bad, said = await bring(kit, file)
    assert (good, bad) == (2, 1)
    assert said[0].startswith(f"{file}:5: address")
    assert [one.choices.cap async for one in kit.subscribers.all()] == [3, 0]
    assert set(FIELDS) >= {"cap", "address"}
