"""`newsbot subscribers import` and `export` as a person at a terminal and as a program see them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.stage import environment

ROOT = Path(__file__).parents[2]
ROWS = 3000


def told(folder: Path, *words: str, terminal: bool = True) -> tuple[int, str, str]:
    """(exit code, stdout, what a terminal, or else a pipe, got as stderr) of `newsbot subscribers …`."""
    environ = environment(PYTHONPATH=str(ROOT), TERM="xterm-256color", COLUMNS="100")
    command = [sys.executable, "-m", "newsbot", "subscribers", *words]
    if not terminal:
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    seen = bytearray()
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out, seen.decode()


@pytest.mark.slow
def test_a_terminal_shows_how_far_it_is_and_every_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "readers.csv"
    rows = [f"telegram:{number},8" for number in range(1, ROWS + 1)]
    rows[1000] = "telegram:1001,80"
    file.write_text("address,cap\n" + "\n".join(rows) + "\n", "utf-8")
    code, out, seen = told(tmp_path, "import", file.name)
    assert (code, out) == (1, f"{ROWS - 1} in, 1 bad\n")
    assert "readers.csv:1002: cap: '80' is not 0 (any number) to 15 alerts a day" in seen
    assert "━" in seen
    assert re.search(r"\d+%", seen)
    code, out, seen = told(tmp_path, "import", file.name, "--json")
    assert (code, out) == (1, f'{{"imported": {ROWS - 1}, "bad": 1}}\n')
    assert "━" not in seen
    code, _, seen = told(tmp_path, "import", file.name, terminal=False)
    assert code == 1
    assert seen.splitlines() == ["readers.csv:1002: cap: '80' is not 0 (any number) to 15 alerts a day"]
    code, out, seen = told(tmp_path, "export", "out.jsonl")
    assert (code, out) == (0, f"{ROWS - 1} written to out.jsonl\n")
    assert "━" in seen
    code, out, seen = told(tmp_path, "list", terminal=False)
    assert (code, seen) == (0, "")
    assert out.splitlines()[4] == "telegram:5  all  normal  ko  active  cap 8"


@pytest.mark.slow
def test_what_add_is_told_show_shows(tmp_path: Path) -> None:
    words = [
        "--digest",
        "8:00",
        "--digest",
        "sun-9:00",
        "--quiet",
        "22:00-6:30",
        "--zone",
        "Europe/London",
        "--cap",
        "5",
    ]
    words += ["--keywords", "금리, 정상 회담", "--source", "x, y", "--silent", "--passes", "breaking", "--gather"]
    code, _, said = told(tmp_path, "add", "telegram:7", *words, terminal=False)
    assert (code, said) == (0, "")
    code, out, _ = told(tmp_path, "show", "telegram:7", terminal=False)
    shown = dict(line.split(None, 1) for line in out.splitlines() if " " in line)
    del shown["since"]
    assert shown == {
        "address": "telegram:7",
        "topics": "all",
        "urgency": "normal",
        "language": "ko",
        "state": "active",
        "keywords": "금리,정상회담",
        "sources": '"x, y"',
        "zone": "Europe/London",
        "quiet": "22:00-06:30",
        "passes": "breaking",
        "digests": "08:00 sun-09:00",
        "gather": "yes",
        "cap": "5",
        "form": "excerpt",
        "sound": "no",
    }
    for wrong, says in ((["--cap", "16"], "cap"), (["--zone", "Mars"], "tz database"), (["--digest", "soon"], "07:05")):
        code, out, said = told(tmp_path, "add", "telegram:8", *wrong, terminal=False)
        assert (code, out, said.count("\n")) == (2, "", 1)
        assert says in said
