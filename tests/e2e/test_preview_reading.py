"""`newsbot preview` on feeds, on trouble, on a large archive: what it reads, what it says, what it costs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests import archive
from tests.e2e.looking import KEYS, adds_up, command, environ, preview

LOOPBACK = {"NEWSBOT_FETCH__ALLOW": '["127.0.0.0/8"]'}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred posts."""
    return archive.write(tmp_path_factory.mktemp("small") / "site", 300)


# --- feeds ----------------------------------------------------------------------------------------------------------


def rss(moment: datetime) -> str:
    """A feed with one item of that moment."""
    item = f"""<item><title>[속보] 예시군 나루 다리 다시 열려</title><link>https://example.com/a.html</link>
      <guid>https://example.com/a.html</guid><pubDate>{format_datetime(moment)}</pubDate>
      <description>예시군이 밝혔다.</description></item>"""
    head = "<title>예시뉴스</title><link>https://example.com/</link><description>소식</description>"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{item}</channel></rss>'


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        """Not here."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An address and the folder behind it, with a feed of this minute."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "feed.xml").write_text(rss(datetime.now(UTC) - timedelta(minutes=1)), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def test_a_feed_by_its_address_and_by_its_file_says_the_same(served: tuple[str, Path]) -> None:
    base, folder = served
    by_address = preview(f"{base}/feed.xml", "--json", cwd=folder, **LOOPBACK)
    assert (by_address.code, by_address.err) == (0, "")
    (row,) = by_address.rows
    assert list(row) == KEYS
    assert (row["url"], row["state"], row["decision"]) == ("https://example.com/a.html", "publishable", "publish")
    assert "[속보] 예시군 나루 다리 다시 열려" in row["messages"]["telegram"]["payload"]["text"]
    by_file = preview(folder / "feed.xml", "--json", cwd=folder)
    assert by_file.err == ""
    assert [(one["id"], one["decision"], one["title"]) for one in by_file.rows] == [
        (row["id"], row["decision"], row["title"])
    ]


def test_what_cannot_be_had_is_one_line_and_does_not_stop_the_rest(served: tuple[str, Path], small: Path) -> None:
    base, folder = served
    post = min((small / "_posts").iterdir())
    missing = preview(folder / "nothing", f"{base}/nothing.xml", post, "--json", cwd=folder, **LOOPBACK)
    assert missing.code == 2
    assert [row["path"] for row in missing.rows] == [f"_posts/{post.name}"]
    first, second = missing.err.splitlines()
    assert first.startswith("newsbot: ")
    assert "no such file or folder" in first
    assert "404" in second


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/feed.xml", "ftp://example.com/feed.xml"])
def test_addresses_that_are_not_asked(address: str, tmp_path: Path) -> None:
    ran = preview(address, "--json", cwd=tmp_path)
    assert ran.code == (1 if address.startswith("http") else 2)
    assert ran.out == ""
    assert ran.err.startswith("newsbot: ")
    assert ran.err.count("\n") == 1


# --- manners --------------------------------------------------------------------------------------------------------


def test_whoever_stops_reading_hears_nothing(small: Path) -> None:
    with subprocess.Popen(
        command(small, "--json"), cwd=small, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


STARTER = """
import os, sys
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
# A small program of its own starts it: Linux counts the memory of who starts a process towards that process' peak.


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand posts."""
    return archive.write(tmp_path_factory.mktemp("large") / "site", 10_000)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [("--summary", "--json"), ("--json",)])
def test_ten_thousand_posts_need_no_more_than_200_mb(large: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    with (tmp_path / "out").open("wb") as out:
        starting = [sys.executable, "-S", "-c", STARTER, *command(large, *how)]
        done = subprocess.run(
            starting, cwd=large, env=environ(), stdout=out, stderr=subprocess.PIPE, check=True, text=True
        )
    peak = int(done.stderr.splitlines()[-1])
    assert peak <= 200 * 1024, f"{peak // 1024} MB"
    written = (tmp_path / "out").read_text("utf-8").splitlines()
    if "--summary" in how:
        adds_up(json.loads(written[0]), 10_000)
    else:
        assert len(written) == 10_000


@pytest.mark.slow
def test_ctrl_c_while_reading_ends_at_once_and_quietly(large: Path) -> None:
    master, terminal = os.openpty()
    with subprocess.Popen(
        command(large, "--summary"),
        cwd=large,
        env=environ(TERM="xterm-256color", LANG="en_GB.UTF-8"),
        stdout=subprocess.PIPE,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        seen = ""
        while "/10000" not in seen:
            seen += os.read(master, 4096).decode(errors="replace")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        seen += "".join(left(master))
        assert process.wait(20) == 130
        assert time.monotonic() - started < 5
        assert process.stdout is not None
        assert process.stdout.read() == b""
    os.close(master)
    assert "reading" in seen
    assert "Traceback" not in seen
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l"), "the cursor is back"


def left(master: int) -> Iterator[str]:
    """What was written to a terminal until its last user closed it."""
    with contextlib.suppress(OSError):  # EIO says that
        while data := os.read(master, 4096):
            yield data.decode(errors="replace")
