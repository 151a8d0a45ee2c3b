"""Preview of a whole archive against Jekyll's own build of it: posts a second, and memory at its peak."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.archive import write
from tests.benchmarks.figure import Figure, median_of
from tests.benchmarks.stage import Bench, Failed, child, environment

ROOT = Path(__file__).parents[2]
FASTER = 5.0
"""Times Jekyll's speed that are owed."""
MEMORY = 200.0
"""Megabytes (of a million bytes) that 10,000 posts may take."""


@dataclass(frozen=True)
class Took:
    """One run of a command."""

    seconds: float
    megabytes: float


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Speed and memory; Jekyll builds once, because that takes minutes."""
    posts = bench.size.archive
    site = await asyncio.to_thread(write, bench.folder / "archive", posts)
    ours = []
    for number in range(bench.size.previews):
        ours.append(await took(bench, sys.executable, "-m", "newsbot", "preview", str(site), "--json"))
        bench.say(f"preview round {number + 1}: {ours[-1].seconds:.1f} s, {ours[-1].megabytes:.0f} MB")
    seconds, how = median_of([one.seconds for one in ours])
    megabytes = max(one.megabytes for one in ours)
    jekyll = await build(bench, site)
    peer = "jekyll build" if jekyll else None
    yield Figure(
        *("preview.speed/jekyll", posts / seconds, "posts/s", peer, posts / jekyll.seconds if jekyll else None),
        at_least=FASTER if jekyll else None,
        how=f"{how} over {posts:,} posts; Jekyll once",
    )
    yield Figure(
        *("preview.memory/jekyll", megabytes, "MB", peer, jekyll.megabytes if jekyll else None),
        less=True,
        how="the most of all rounds",
    )
    yield Figure("preview.memory/allowed", megabytes, "MB", "allowed", MEMORY, 1.0, less=True, how="the same")


async def build(bench: Bench, site: Path) -> Took | None:
    """Jekyll's own build of that site, or None where there is no Jekyll."""
    jekyll = shutil.which("jekyll")
    if jekyll is None:
        bench.say("no `jekyll` on the PATH (Debian: apt-get install jekyll): preview has no peer")
        return None
    goal = ("--source", str(site), "--destination", str(bench.folder / "built"))
    found = await took(bench, jekyll, "build", "--quiet", "--disable-disk-cache", *goal)
    bench.say(f"jekyll build: {found.seconds:.1f} s, {found.megabytes:.0f} MB")
    return found


async def took(bench: Bench, *command: str) -> Took:
    """What a command took. Raises Failed where it failed."""
    pipe = asyncio.subprocess.PIPE
    # Started in the folder: no config of whoever runs this is read.
    environ = environment(PYTHONPATH=str(ROOT), LANG="C.UTF-8", TZ="Asia/Seoul", HOME=str(bench.folder))
    measure = (sys.executable, "-S", ROOT / "tests/benchmarks/measure.py")
    async with child(*measure, *command, env=environ, cwd=bench.folder, stdout=pipe, stderr=pipe) as process:
        out, err = await process.communicate()
    told: dict[str, Any] = json.loads(out) if process.returncode == 0 else {"code": process.returncode}
    if told["code"] != 0:
        said = " ".join(err.decode("utf-8", "replace").split())[-200:]
        raise Failed(f"{' '.join(command[:4])} ended with {told['code']}: {said}")
    return Took(told["seconds"], told["memory"] / 1e6)
