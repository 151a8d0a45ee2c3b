"""What a worker writes down beside the ledger: it outlives the worker, is told by whoever shares the folder, and says no
more than it must."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from newsbot.core.model import (
    Address,
    Gone,
    Intent,
    Later,
    Moved,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Stopped,
    Uncertain,
    Window,
)
from newsbot.store import journal
from newsbot.store.journal import KEPT, OLD, FileJournal

BOT, CHAT, LANGUAGE = "telegram", "-1009876543210", "ko"
EVERY: list[tuple[Outcome, Outcome, float]] = [
    (Sent(4_000_000_000), Sent(4_000_000_000), 0.0),
    (Sent(1_800_000_000_123_457), Sent(1_800_000_000_123_457), 0.0),
    (Later(30.0, "429"), Later(None, "429"), 30.4),
    (Later(None, "connect"), Later(None, "connect"), 1.0),
    (Stopped("401"), Later(None, "401"), 5.0),
    (Moved(Address(BOT, "-100777")), Later(None, "moved"), 0.0),
    (Uncertain("no answer in time"), Uncertain("no answer in time"), 0.0),
    (Gone("blocked", "stopped"), Refused("blocked"), 0.0),
    (Refused("can't parse"), Refused("can't parse"), 0.0),
]


def window(*positions: int, push: str = "AAAAA", nonce: int = 1, attempt: int = 1) -> Window:
    place = Address(BOT, CHAT)
    intents = [Intent(at, f"w:{nonce}:5", attempt, at + 100, place, LANGUAGE, 7) for at in positions]
    return Window(push, tuple(intents), 0.0, push)


def results(of: Window, *outcomes: Outcome) -> list[tuple[Intent, Outcome, float]]:
    return [(one, what, 0.0) for one, what in zip(of.intents, outcomes, strict=True)]


def facts(receipts: Sequence[Receipt]) -> dict[tuple[str, int], Outcome | None]:
    return {(one.push, one.intent.position): one.outcome for one in receipts}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal"


@pytest.fixture
def mine(folder: Path) -> Iterator[FileJournal]:
    made = FileJournal(folder, BOT, "mine")
    yield made
    made.leave()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the clock that the journal reads."""
    seconds = [1000.0]
    monkeypatch.setattr(journal, "time", SimpleNamespace(monotonic=lambda: seconds[0], time=lambda: seconds[0]))
    return seconds


def left_behind(folder: Path, name: str, *windows: Window) -> list[Path]:
    """The files of a worker that is gone, with these windows under way."""
    dead = FileJournal(folder, BOT, name)
    for one in windows:
        dead.begun(one)
    dead.leave()
    return sorted(folder.glob(f"*{name}*"))


def orphans(of: FileJournal) -> dict[tuple[str, int], Outcome | None]:
    return {key: what for worker in of.orphans() for key, what in facts(of.left(worker)).items()}


def test_nothing_is_written_before_there_is_something_to_write(mine: FileJournal, folder: Path) -> None:
    assert mine.own() == []
    assert list(mine.orphans()) == []
    assert not folder.exists()


def test_every_outcome_is_read_as_it_was_told(mine: FileJournal) -> None:
    begun = window(*range(len(EVERY)))
    mine.begun(begun)
    assert facts(mine.own()) == {("AAAAA", at): None for at in range(len(EVERY))}
    mine.learned("AAAAA", [(one, told, wait) for one, (told, _, wait) in zip(begun.intents, EVERY, strict=True)])
    read = mine.own()
    assert [(one.outcome, one.delay) for one in read] == [(outcome, wait) for _, outcome, wait in EVERY]
    kept = [(one.intent.position, one.intent.index, one.intent.attempt, one.intent.token) for one in read]
    assert kept == [(at, at + 100, 1, "w:1:5") for at in range(len(EVERY))]


def test_the_last_word_about_each_delivery_counts(mine: FileJournal) -> None:
    first, other = window(1, 2), window(1, push="BBBBB")
    mine.begun(first)
    mine.begun(other)
    mine.learned("AAAAA", results(first, Later(None, "connect"), Sent(5)))
    mine.begun(window(1, nonce=2, attempt=2))
    found = {(one.push, one.intent.position): one for one in mine.own()}
    assert facts(list(found.values())) == {("AAAAA", 1): None, ("AAAAA", 2): Sent(5), ("BBBBB", 1): None}
    assert (found["AAAAA", 1].intent.token, found["AAAAA", 1].intent.attempt) == ("w:2:5", 2)


def test_a_place_in_the_audience_may_be_anothers_after_a_plan_was_made_again(mine: FileJournal) -> None:
    before = window(1)
    mine.begun(before)
    mine.learned("AAAAA", results(before, Sent(5)))
    moved = replace(before.intents[0], index=999)
    mine.begun(replace(before, intents=(moved,)))
    assert {one.intent.index: one.outcome for one in mine.own()} == {101: Sent(5), 999: None}


def test_it_says_where_in_the_audience_and_no_more(mine: FileJournal, folder: Path) -> None:
    """No address and no word of the text: it is a file that nobody erases when a chat asks to be forgotten."""
    begun = window(1, 2)
    mine.begun(begun)
    mine.learned("AAAAA", results(begun, Moved(Address(BOT, "-100777")), Sent(5)))
    text = "".join(path.read_text() for path in folder.iterdir())
    assert "AAAAA" in text
    for secret in (CHAT, CHAT.lstrip("-"), "100777", LANGUAGE):
        assert secret not in text


@pytest.mark.parametrize(
    "odd", ["\u2028", "\x85", "\x0c", "\r", '"', "\n", "\\", "\ud800", "…"], ids=lambda odd: f"U+{ord(odd):04X}"
)
def test_a_reason_of_any_signs_takes_no_receipt_along(mine: FileJournal, odd: str) -> None:
    begun = window(1, 2)
    mine.begun(begun)
    mine.learned("AAAAA", results(begun, Refused(f"can't{odd}parse"), Sent(5)))
    found = facts(mine.own())
    assert isinstance(found["AAAAA", 1], Refused)
    assert found["AAAAA", 2] == Sent(5)


@pytest.mark.parametrize("cut", [1, 2, 10, 25])
def test_a_line_that_was_cut_off_is_none_and_spoils_no_other(mine: FileJournal, folder: Path, cut: int) -> None:
    (path,) = left_behind(folder, "dead", window(1), window(2))
    path.write_bytes(path.read_bytes()[:-cut])
    whole = {1, 2} if cut == 1 else {1}  # but for the end of the line
    assert orphans(mine) == {("AAAAA", at): Uncertain("worker lost") for at in whole}


@pytest.mark.parametrize(
    "line",
    [b"", b"\0" * 40, b"null", b"17", b"{}", b"[]", b"[1,2,3]", b'["A","t",null,7]', b'["A","t",null,[[1]]]',
     b'["A","t",1,[[1,2,3,"S"]]]', b"\xff\xfe\xfa", b'"abcd"', b"[" * 50],
)  # fmt: skip
def test_what_is_no_receipt_is_passed_over(mine: FileJournal, folder: Path, line: bytes) -> None:
    """As a host without power may leave it."""
    (path,) = left_behind(folder, "dead", window(1))
    path.write_bytes(line + b"\n" + path.read_bytes() + line)
    assert orphans(mine)["AAAAA", 1] == Uncertain("worker lost")


def test_the_last_minute_is_known_and_not_much_more(mine: FileJournal, folder: Path, now: list[float]) -> None:
    started = now[0]
    while now[0] < started + 10 * KEPT:
        mine.begun(window(int(now[0] - started)))
        age = now[0] - started
        known = [one.intent.position for one in mine.own()]
        assert known == list(range(known[0], int(age) + 1)), "nothing is missing in between"
        assert min(age, KEPT) <= age - known[0] <= 2 * KEPT + 1
        assert len(list(folder.iterdir())) <= 2
        now[0] += 1


def test_a_rest_of_hours_costs_no_receipt(mine: FileJournal, now: list[float]) -> None:
    mine.begun(window(1))
    now[0] += 7200
    assert facts(mine.own()) == {("AAAAA", 1): None}
    mine.begun(window(2))
    assert facts(mine.own()) == {("AAAAA", 1): None, ("AAAAA", 2): None}


def test_what_came_later_is_in_the_later_file(mine: FileJournal, now: list[float]) -> None:
    begun = window(1)
    mine.begun(begun)
    now[0] += KEPT + 1
    mine.learned("AAAAA", results(begun, Sent(5)))
    assert facts(mine.own()) == {("AAAAA", 1): Sent(5)}
    mine.leave()


def test_nobody_takes_what_somebody_still_holds(mine: FileJournal, folder: Path) -> None:
    alive = FileJournal(folder, BOT, "alive")
    alive.begun(window(1))
    mine.begun(window(2))
    assert orphans(mine) == orphans(alive) == {}
    left_behind(folder, "dead", window(3))
    assert orphans(mine) == orphans(alive) == {("AAAAA", 3): Uncertain("worker lost")}
    alive.leave()
    assert set(orphans(mine)) == {("AAAAA", 1), ("AAAAA", 3)}


def test_it_is_kept_until_no_change_of_redis_can_have_lost_what_it_says(mine: FileJournal, folder: Path) -> None:
    paths = left_behind(folder, "dead", window(3))
    mine.bury("dead")
    assert orphans(mine) == {("AAAAA", 3): Uncertain("worker lost")}
    for age, is_there in ((OLD - 5, True), (OLD + 5, False)):
        for path in paths:
            os.utime(path, (time.time() - age, time.time() - age))
        mine.begun(window(1))
        mine.bury("dead")
        assert [path.exists() for path in paths] == [is_there]
    assert facts(mine.own()) == {("AAAAA", 1): None}
    mine.bury("nobody")


def test_each_bot_has_its_own(mine: FileJournal, folder: Path) -> None:
    left_behind(folder, "dead", window(3))
    assert list(FileJournal(folder, "slack", "other").orphans()) == []
    assert len(list(mine.orphans())) == 1


def test_a_file_that_was_begun_and_never_held_is_nobodys(mine: FileJournal, folder: Path) -> None:
    (path,) = left_behind(folder, "dead", window(3))
    path.rename(path.with_suffix(".new"))
    assert list(mine.orphans()) == []


CHILD = """
import resource, signal, sys, time
from pathlib import Path
from newsbot.core.model import Address, Intent, Sent, Window
from newsbot.store import journal

def window(*positions):
    place = Address("telegram", "5")
    return Window("AAAAA", tuple(Intent(at, "w:1:5", 1, at, place, "ko") for at in positions), 0.0)

worker = journal.FileJournal(Path(sys.argv[1]), "telegram", "child")
"""


@contextmanager
def child(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that does this to its journal and says when it has."""
    process = subprocess.Popen([sys.executable, "-c", CHILD + code, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process
    finally:
        process.kill()
        process.communicate()


AT_WORK = """
journal.KEPT = -1.0  # a file a line: two are kept
first = window(1, 2, 3)
worker.begun(first)
worker.learned("AAAAA", [(one, Sent(one.position + 10), 0.0) for one in first.intents[:2]])
print("done", flush=True)
time.sleep(60)
"""


def test_a_worker_that_was_killed_leaves_what_it_knew_and_one_that_is_stopped_keeps_it(
    mine: FileJournal, folder: Path
) -> None:
    with child(folder, AT_WORK) as process:
        assert orphans(mine) == {}
        process.send_signal(signal.SIGSTOP)
        assert orphans(mine) == {}
        process.kill()
        process.wait()
        told = {("AAAAA", 1): Sent(11), ("AAAAA", 2): Sent(12), ("AAAAA", 3): Uncertain("worker lost")}
        assert orphans(mine) == told
        assert orphans(mine) == told, "whoever took it over and died leaves it to the next"
        assert len(list(folder.iterdir())) == 2


FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
worker.begun(window(1))
(path,) = Path(sys.argv[1]).iterdir()
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for room in range(1, 400, 7):
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room % 60, hard))
    failed = False
    for at in (room * 10, room * 10 + 1):
        try:
            worker.begun(window(at))
        except OSError:
            failed = True
    assert failed or room % 60 > 50, room
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    flying = window(room * 10 + 2)
    worker.begun(flying)
    worker.learned("AAAAA", [(one, Sent(5), 0.0) for one in flying.intents])
print("done", flush=True)
time.sleep(60)
"""


def test_a_disk_that_was_full_for_a_while_costs_no_receipt_of_later(mine: FileJournal, folder: Path) -> None:
    """What could not be written raises OSError, and no half line of it spoils the next."""
    with child(folder, FULL):
        pass
    found = orphans(mine)
    assert {at: found.get(("AAAAA", at)) for at in (room * 10 + 2 for room in range(1, 400, 7))} == {
        room * 10 + 2: Sent(5) for room in range(1, 400, 7)
    }
    assert found["AAAAA", 1] == Uncertain("worker lost")
