"""The harness' hold on newsbot processes: start, signals, logs, end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.stage import environment
from tests.cast import until

ROOT = Path(__file__).parents[2]
START = 30.0
"""Seconds a process may take to start on a busy machine."""
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Worker:
    """One newsbot process; what it writes goes to `log`."""

    pid: int
    log: Path
    end: asyncio.Future[int]

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self.end.done()

    def signal(self, number: signal.Signals) -> None:
        """To this one process, if it runs: its id cannot have been given to another one before its end was told."""
        if self.running:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.signal(signal.SIGCONT)

    async def ended(self, within: float = START) -> int:
        """Its exit code (minus the signal's number where one ended it), once it ended."""
        await asyncio.wait([self.end], timeout=within)
        assert self.end.done(), f"{self.log.name} has not ended within {within:.0f} s"
        return self.end.result()

    async def stops(self, within: float = START) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended(within)

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Its log so far: records of one event, or all; lines that are no records are left out."""
        found = []
        for line in self.log.read_text("utf-8", errors="replace").splitlines():
            if name in line and line.startswith("{") and line.endswith("}"):
                record = json.loads(line)
                if name in ("", record["event"]):
                    found.append(record)
        return found

    @property
    def words(self) -> str:
        """What it said beside its log: the lines that are no records."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(line for line in lines if not line.startswith("{"))

    async def says(self, name: str, within: float = START, **fields: Any) -> dict[str, Any]:
        """The newest log record of that event and those fields, once there is one; it may end meanwhile."""

        def look() -> list[dict[str, Any]]:
            return [one for one in self.events(name) if all(one.get(key) == value for key, value in fields.items())]

        found: list[dict[str, Any]] = await until(look, f"{self.log.name} says {name} {fields}", within)
        return found[-1]

    async def ready(self) -> Worker:
        """Itself, once a platform accepted its token: it begins with whatever is open."""
        await self.says("platform.on")
        return self

    @property
    def rss(self) -> int:
        """Bytes of memory it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    @property
    def files(self) -> int:
        """How many file descriptors it holds."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())


@dataclass
class Nursery:
    """The process that forks workers; see nursery.py."""

    process: asyncio.subprocess.Process
    _asked: deque[asyncio.Future[int]] = field(default_factory=deque)
    _ends: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls) -> Nursery:
        """One that is ready to fork."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.nursery"), cwd=ROOT, env=environment(), stdin=pipe, stdout=pipe
        )
        nursery = cls(process)
        assert process.stdout
        assert b"ready" in await process.stdout.readline(), "the nursery does not start"
        nursery._task = asyncio.create_task(nursery._listen())
        return nursery

    async def fork(
        self, arguments: list[str], environ: Mapping[str, str], folder: Path, log: Path, *, unlimited: bool = False
    ) -> Worker:
        """`newsbot ARGUMENTS` in this folder; `unlimited`: a worker with no limit on messages a second."""
        order = {"arguments": arguments, "environ": dict(environ), "folder": str(folder), "log": str(log)}
        log.touch()
        asked = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        assert self.process.stdin
        self.process.stdin.write(json.dumps({**order, "unlimited": unlimited}).encode() + b"\n")
        await self.process.stdin.drain()
        pid = await asked
        return Worker(pid, log, self._ends[pid])

    async def _listen(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            facts = json.loads(line)
            if "ended" in facts:
                self._ends.pop(facts["ended"]).set_result(facts["status"])
            else:
                self._ends[facts["pid"]] = asyncio.get_running_loop().create_future()
                self._asked.popleft().set_result(facts["pid"])

    async def close(self) -> None:
        """End everything that still runs, then itself."""
        assert self.process.stdin
        with suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.close()
        async with asyncio.timeout(START):
            await self.process.wait()
            if self._task:
                await self._task
