"""What each worker begins and learns, in a file of its own beside the ledger.

A Redis that was promoted or restarted may have lost its last writes; the file has not. A window is written before its
first byte leaves, an outcome before the ledger is told. The file is held by a lock that ends with its process, so that
whoever shares the folder can tell a dead worker's file and finish what it left: what it knew to be sent is sent, what it
had under way is in doubt.

    <folder>/<bot>.<worker>.<n>     two at most a worker: the present one and the one before it

Nothing is forced to the disk: a killed process loses nothing of it, and a host without power is gone with its Redis'
tail anyway (reliability §2.9). Lines hold positions and references, never a chat's address or a word of the text.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from newsbot.core.model import Address, Gone, Intent, Later, Moved, Outcome, Receipt, Refused, Sent, Stopped, Uncertain
from newsbot.core.model import Window as Begun

KEPT = 30.0
"""Seconds a file is written to before the next one is begun; two are kept, so the last 30 to 60 s are known: longer than
a failover loses (replication lag, or `min-replicas-max-lag` 10 s)."""

OLD = 2 * KEPT
"""Seconds after its last line that the file of a worker which is gone is kept: it knows what a Redis may lose yet."""

SUFFIX = ".log"
NOWHERE = ""


@dataclass
class FileJournal:
    """`ports.Journal` of one worker of one bot. Nothing is opened before the first line."""

    folder: Path
    bot: str
    worker: str
    _files: list[tuple[Path, IO[str]]] = field(default_factory=list)
    _began: float = 0.0
    _number: int = 0

    def begun(self, window: Begun) -> None:
        """Before the first byte leaves."""
        told = [[one.position, one.index, one.attempt] for one in window.intents]
        self._write([window.push, window.intents[0].token, None, told])

    def learned(self, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Before the ledger is told."""
        told = [[one.position, one.index, one.attempt, *words(outcome), delay] for one, outcome, delay in results]
        self._write([push, results[0][0].token, 1, told])

    def own(self) -> list[Receipt]:
        """The last word about every delivery of the last minutes; without outcome: still under way."""
        return last_words(self.bot, [path for path, _ in self._files])

    def orphans(self) -> list[str]:
        """Workers that are gone and whose files are still there."""
        if not self.folder.is_dir():
            return []
        workers = sorted({path.name.split(".")[1] for path in self.folder.glob(f"{self.bot}.*{SUFFIX}")})
        return [one for one in workers if one != self.worker and all(abandoned(path) for path in self._paths(one))]

    def left(self, worker: str) -> list[Receipt]:
        """The last word of a worker that is gone about every delivery; what it had under way is in doubt."""
        return [lost(one) if one.outcome is None else one for one in last_words(self.bot, self._paths(worker))]

    def bury(self, worker: str) -> None:
        """Throw its files away where they are so old that no change of Redis can have lost what they say."""
        paths = self._paths(worker)
        if all(time.time() - written(path) > OLD for path in paths):
            for path in paths:
                path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let go: whoever shares the folder reads what is in the files."""
        for _, file in self._files:
            file.close()
        self._files.clear()

    def _paths(self, worker: str) -> list[Path]:
        return sorted(self.folder.glob(f"{self.bot}.{worker}.*{SUFFIX}"))

    def _write(self, line: Any) -> None:
        now = time.monotonic()
        if not self._files or now - self._began > KEPT:
            self._turn(now)
        _, file = self._files[-1]
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
        file.flush()

    def _turn(self, now: float) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        path = self.folder / f"{self.bot}.{self.worker}.{self._number:06}{SUFFIX}"
        fresh = path.with_suffix(".new")
        file = fresh.open("w", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        fresh.rename(path)  # nobody sees it before it is held
        self._files.append((path, file))
        self._began = now
        while len(self._files) > 2:
            old, closed = self._files.pop(0)
            old.unlink(missing_ok=True)
            closed.close()


def written(path: Path) -> float:
    """When the file was written to last (unix seconds)."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def abandoned(path: Path) -> bool:
    """Whether nobody holds this file any more."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def last_words(bot: str, paths: Sequence[Path]) -> list[Receipt]:
    """The newest line about each delivery, in the order of the files; a line that was cut off is none."""
    last: dict[tuple[str, int], Receipt] = {}
    for path in paths:
        try:
            lines = path.read_text("utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            continue
        for line in lines:
            for receipt in read(bot, line):
                last[receipt.push, receipt.intent.index] = receipt
    return list(last.values())


def read(bot: str, line: str) -> Iterator[Receipt]:
    """What one line says."""
    try:
        push, token, learned, told = json.loads(line)
        for position, index, attempt, *rest in told:
            intent = Intent(int(position), str(token), int(attempt), int(index), Address(bot, NOWHERE), NOWHERE)
            if learned is None:
                yield Receipt(str(push), intent, None)
            else:
                code, detail, why, delay = rest
                yield Receipt(str(push), intent, outcome(code, detail, why), delay)
    except (ValueError, TypeError):
        return


def words(outcome: Outcome) -> tuple[str, int, str]:
    """(code, reference, reason) of an outcome, as a line has them."""
    match outcome:
        case Sent(ref):
            return "S", ref, ""
        case Later(_, why) | Stopped(why):
            return "R", 0, why
        case Moved():
            return "R", 0, "moved"
        case Uncertain(why):
            return "D", 0, why
        case Gone(why, _) | Refused(why):
            return "X", 0, why


def outcome(code: str, ref: int, why: str) -> Outcome:
    """The outcome of a line."""
    match code:
        case "S":
            return Sent(ref)
        case "R":
            return Later(None, why)
        case "X":
            return Refused(why)
        case _:
            return Uncertain(why)


def lost(receipt: Receipt) -> Receipt:
    """What a worker that is gone had under way."""
    return Receipt(receipt.push, receipt.intent, Uncertain("worker lost"))
