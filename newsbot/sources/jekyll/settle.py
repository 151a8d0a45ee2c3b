"""When a file is complete: the rule that keeps half-written articles from being read.

Three kinds of writer exist, and what the kernel can say of each decides how long we wait:

- One that holds the file open while it writes (an editor, cp, scp, rsync --inplace). Linux knows whether anybody has a
  file open for writing and says so to who asks for a read lease; while the answer is yes the file is not read, however
  long it pauses. The lease is given back at once, so nobody is ever held up by it.
- One that writes beside and renames (most editors, rsync, git). The name appears with a complete file behind it.
- One that opens, appends and closes again and again, or writes where leases do not work (another owner's file, NFS,
  macOS). Only time tells: the longer the silence, the surer.

A file is taken when two looks at least `TICK` apart show the same signature, nobody has it open, and it has been quiet
for: `QUIET` where the lease vouches for it or it was renamed into place; `QUIET_BLIND` where nothing vouches;
`QUIET_GROWN` where it was seen to grow while closed; `QUIET_OPEN` while it is empty or its front matter has no end.
A file that does not settle within `GIVE_UP` is left to its next change, or to the next full look at the folder.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from newsbot.sources.jekyll import front
from newsbot.sources.jekyll.files import Signature, Unreadable, read_bytes, signature

TICK = 0.02
QUIET = 0.04
QUIET_BLIND = 0.3
QUIET_GROWN = 1.0
QUIET_OPEN = 2.0
GIVE_UP = 30.0

Writers = Literal["none", "some", "unknown"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that settled: its bytes (or why it has none) and the signature they belong to."""

    signature: Signature
    data: bytes | None
    problem: str = ""


@dataclass(slots=True)
class _Look:
    """What is remembered of one file between looks; times are monotonic seconds."""

    seen: Signature
    first: float
    since: float
    grown: bool = False
    closed: bool = False  # nobody had it open at the last look
    taken: Taken | None = None
    whole: bool = False
    looks: int = 1


class Settler:
    """The files that changed and are not complete yet. Not for use by two threads at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._looks: dict[str, _Look] = {}
        self.given_up: list[str] = []

    def __len__(self) -> int:
        return len(self._looks)

    def add(self, rel: str, before: Signature | None = None) -> None:
        """Look at this file (site-relative) from now on; `before` is how it was when it was last taken."""
        if rel not in self._looks and (seen := signature(self._root / rel)):
            now = time.monotonic()
            self._looks[rel] = _Look(seen, now, now - _age(seen), grown=_appended(before, seen))

    def look(self) -> Mapping[str, Taken]:
        """The files that are complete now, forgotten from here on. Call it every `TICK` seconds while there are any."""
        done: dict[str, Taken] = {}
        self.given_up = []
        for rel, look in list(self._looks.items()):
            taken = self._look(self._root / rel, look)
            if taken:
                done[rel] = taken
            elif taken is False or time.monotonic() - look.first > GIVE_UP:
                if taken is None:
                    self.given_up.append(rel)
            else:
                continue
            del self._looks[rel]
        return done

    def _look(self, path: Path, look: _Look) -> Taken | Literal[False] | None:
        """What was read, False where the file is gone, None while it is not complete."""
        found = signature(path)
        if found is None:
            return False
        now = time.monotonic()
        writers = open_writers(path)
        if found != look.seen:
            grew = look.closed and found.size > look.seen.size
            look.grown = (look.grown or grew) and found.inode == look.seen.inode
            look.seen, look.since, look.taken = found, now - _age(found), None
            look.looks = 0
        look.closed = writers != "some"
        look.looks += 1
        if writers == "some" or look.looks < 2:
            return None
        quiet = now - look.since
        if quiet < _least(found, look, writers):
            return None
        if look.taken is None:
            look.taken, look.whole = self._read(path, found)
            if look.taken is None:
                return None
        return look.taken if look.whole or quiet >= QUIET_OPEN else None

    def _read(self, path: Path, found: Signature) -> tuple[Taken | None, bool]:
        """The bytes and whether they look whole; None where the file changed under the reader."""
        try:
            data = read_bytes(path, self._root)
        except Unreadable as error:
            return Taken(found, None, str(error)), True
        if signature(path) != found:
            return None, False
        return Taken(found, data), is_whole(data)


def _appended(before: Signature | None, now: Signature) -> bool:
    """Whether somebody goes on with a file that was taken moments ago: there may be more to come."""
    if before is None or before.inode != now.inode or now.size <= before.size:
        return False
    return now.mtime - before.mtime < QUIET_OPEN * 1e9


def _least(found: Signature, look: _Look, writers: Writers) -> float:
    if look.grown:
        return QUIET_GROWN
    # A rename touches the inode after the last byte was written, so a later ctime means: put here complete.
    return QUIET if writers == "none" or found.ctime > found.mtime else QUIET_BLIND


def _age(found: Signature) -> float:
    """Seconds since the last byte changed by the file's own clock; 0 where that clock runs ahead of ours."""
    return max(0.0, time.time() - found.mtime / 1e9)


def is_whole(data: bytes) -> bool:
    """Whether there is something, and front matter that was begun is also closed."""
    if not data.strip():
        return False
    return front.split(data.decode("utf-8-sig", errors="replace")).closed


def open_writers(path: Path) -> Writers:
    """Whether anybody has this file open for writing; "unknown" where the system does not say."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return "unknown"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "unknown"
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return "unknown"
        # Breaking a lease sends SIGIO, which kills who does not expect it; SIGURG is ignored by default.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return "none"
    except BlockingIOError:
        return "some"
    except OSError:
        return "unknown"
    finally:
        os.close(handle)
