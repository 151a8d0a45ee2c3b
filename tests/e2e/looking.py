"""`newsbot preview` as a process of its own, where no config lies and nothing of ours is in the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEYS = [
    *("id", "path", "url", "title", "excerpt", "image", "categories", "topics", "urgency", "published_at"),
    *("attribution", "state", "decision", "reason", "rule", "messages"),
]


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def environ(**more: str) -> dict[str, str]:
    """What the command sees: nothing of ours."""
    return {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **more}


def command(*arguments: str | Path) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "newsbot", "preview", *map(str, arguments)]


def preview(*arguments: str | Path, cwd: Path, **more: str) -> Ran:
    """`newsbot preview ARGUMENTS`, run where no config lies."""
    done = subprocess.run(
        command(*arguments), cwd=cwd, env=environ(**more), capture_output=True, timeout=50, check=False
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def adds_up(found: Mapping[str, Any], posts: int) -> None:
    """Each post is in one part, each reason in its part."""
    parts = [found[name] for name in ("sounded", "silent", "held", "left_out")]
    assert sum(part["posts"] for part in parts) == found["posts"] == posts
    assert found["news"] == posts - found["left_out"]["posts"]
    for part in parts[2:]:
        assert sum(reason["posts"] for reason in part["reasons"]) == part["posts"]
        assert all(reason["place"] and reason["example"] for reason in part["reasons"])
    assert sum(found["licences"].values()) == posts
    pictures = found["pictures"]
    assert pictures["on_posts"] + pictures["own"] + pictures["without"] == posts
