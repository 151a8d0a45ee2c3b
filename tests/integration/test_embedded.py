"""The redis-server in the data folder: found again after any death, never two of them, gone with its last user."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsbot.store import embedded
from newsbot.store.embedded import Embedded, NoRedis, command, find_server

HOLDER = """
import signal, sys
from pathlib import Path
from newsbot.store.embedded import Embedded
print(Embedded(Path(sys.argv[1])).acquire(), flush=True)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever server is left in it is stopped at the end."""
    place = tmp_path / "data"
    yield place
    if place.exists() and (last := Embedded(place)).running():
        os.kill(pid(last), signal.SIGCONT)
        last.acquire()
        last.release()


def pid(held: Embedded) -> int:
    """The server's process id, by the socket it listens on."""
    found = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"--dir\0%b\0" % bytes(held.folder) in readable(process / "cmdline")
        or b"unixsocket:%b" % bytes(held.socket) in readable(process / "cmdline")
    ]
    assert len(found) == 1, found
    return found[0]


def readable(file: Path) -> bytes:
    """What stands in a process's file; nothing once it has ended."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def hold_and_die(folder: Path) -> None:
    """Another process takes hold and is killed without a chance to let go."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("unix://")
        holder.kill()


def test_the_last_one_out_stops_the_server(folder: Path) -> None:
    first, second = Embedded(folder), Embedded(folder)
    assert first.acquire() == second.acquire()
    server = pid(first)
    first.release()
    assert pid(second) == server
    assert command(second.socket, "SET", "a", "1") == b"+OK\r\n"
    second.release()
    second.release()
    assert not first.running()
    assert not second.socket.exists()
    third = Embedded(folder)
    third.acquire()
    assert command(third.socket, "GET", "a") == b"$1\r\n1\r\n"
    third.release()


def test_a_server_left_behind_by_a_kill_is_found_and_taken_over(folder: Path) -> None:
    hold_and_die(folder)
    held = Embedded(folder)
    assert held.running()
    before = pid(held)
    held.acquire()
    assert pid(held) == before
    held.release()
    assert not held.running()


def test_what_was_acknowledged_survives_a_kill_of_the_server(folder: Path) -> None:
    held = Embedded(folder)
    held.acquire()
    for number in range(200):
        assert command(held.socket, "SET", f"k{number}", str(number)) == b"+OK\r\n"
    os.kill(pid(held), signal.SIGKILL)
    again = Embedded(folder)  # its socket file is still there, and nobody behind it
    assert again.socket.exists()
    again.acquire()
    assert command(again.socket, "DBSIZE") == b":200\r\n"
    held.release()
    assert command(again.socket, "PING") == b"+PONG\r\n"
    again.release()


def test_many_at_once_share_one_server(folder: Path) -> None:
    holds = [Embedded(folder) for _ in range(8)]
    threads = [threading.Thread(target=held.acquire) for held in holds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pid(holds[0])  # exactly one
    for held in holds:
        held.release()
    assert not holds[0].running()


@pytest.mark.slow
def test_a_server_that_does_not_answer_gets_no_rival(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_SECONDS", 0.05)
    hold_and_die(folder)
    held = Embedded(folder)
    server = pid(held)
    os.kill(server, signal.SIGSTOP)
    with pytest.raises(NoRedis, match="did not start"):
        held.acquire()
    assert pid(held) == server
    os.kill(server, signal.SIGCONT)
    held.acquire()
    held.release()


def test_a_socket_file_nobody_listens_on_is_no_obstacle(folder: Path) -> None:
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "redis.sock"))
    held = Embedded(folder)
    held.acquire()
    held.release()


def test_a_long_path_gets_a_short_socket_in_a_folder_of_our_own(tmp_path: Path) -> None:
    folder = tmp_path / ("긴 이름 " * 8) / ("x" * 60)
    held = Embedded(folder)
    held.acquire()
    assert len(str(held.socket)) < embedded.SOCKET_PATH_LIMIT
    assert held.socket.parent.stat().st_mode & 0o777 == 0o700
    assert command(held.socket, "SET", "a", "1") == b"+OK\r\n"
    held.release()
    assert (folder / "appendonly.aof").exists() or (folder / "appendonlydir").exists()


def test_somebody_elses_socket_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Embedded(tmp_path / ("x" * 120))
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(NoRedis, match="belongs to somebody else"):
        held.acquire()


def test_a_broken_start_says_why_and_holds_nothing(folder: Path) -> None:
    folder.mkdir()
    (folder / "appendonly.aof").write_text("garbage\n")
    held = Embedded(folder)
    if subprocess.run([find_server(), "-v"], capture_output=True, text=True, check=True).stdout.find("v=6") < 0:
        pytest.skip("newer servers keep their file elsewhere")
    with pytest.raises(NoRedis, match=r"did not start: .*[Bb]ad file format"):
        held.acquire()
    (folder / "appendonly.aof").unlink()
    held.acquire()
    held.release()


def test_without_a_server_the_error_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoRedis, match="apt install redis-server"):
        Embedded(folder).acquire()
