"""Real processes for end-to-end tests: `python -m newsbot …` with its own Redis, against a sandbox over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from newsbot.ports import StoreDown
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running, first_line
from newsbot.store.embedded import find_server, socket_path
from newsbot.store.redis import Redis
from tests.cast import until
from tests.conftest import environment

START = 20.0
"""Seconds a process may take to start on a busy machine; nothing passes by waiting."""

SECRETS = ("telegram_token", "slack_bot_token", "slack_app_token", "slack_signing_secret")


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """What it printed, one JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> Any:
        """The only JSON value it printed."""
        (row,) = self.rows
        return row


@dataclass
class Proc:
    """A process that runs; all it writes goes to files of the house."""

    house: House
    process: asyncio.subprocess.Process
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None

    @property
    def stderr(self) -> str:
        """What it wrote to stderr so far."""
        return self.err.read_text("utf-8", errors="replace")

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """Its log so far, one record a line, all or those of one event; lines that are no records are left out."""
        found = []
        for line in self.stderr.splitlines():
            if line.startswith("{") and line.endswith("}"):
                record = json.loads(line)
                if name in ("", record["event"]):
                    found.append(record)
        return found

    async def says(self, name: str, count: int = 1, **fields: Any) -> dict[str, Any]:
        """The newest log record of that event and those fields, once there are `count`."""

        def look() -> list[dict[str, Any]]:
            assert self.running, f"ended meanwhile: {self.stderr[-500:]}"
            found = [one for one in self.events(name) if all(one.get(k) == v for k, v in fields.items())]
            return found if len(found) >= count else []

        found: list[dict[str, Any]] = await until(look, f"log says {name} {fields}", START)
        return found[-1]

    async def get(self, path: str) -> httpx.Response:
        """An answer of its HTTP door."""
        port = (await self.says("web.listening"))["port"]
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"http://127.0.0.1:{port}{path}")

    async def ready(self) -> Proc:
        """Itself, once /readyz says so."""

        async def answer() -> bool:
            return (await self.get("/readyz")).status_code == 200

        await until(answer, "/readyz 200", START)
        return self

    async def watching(self, sources: int = 1) -> Proc:
        """Itself, once it is ready and every source has its baseline."""
        await self.ready()
        await until(lambda: self.house.baselines >= sources, "the baseline", START)
        return self

    async def ended(self, within: float = START) -> int:
        """Its exit code, once it ended."""
        async with asyncio.timeout(within):
            return await self.process.wait()

    def kill(self) -> None:
        """SIGKILL, to this one alone."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)

    async def stops(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return await self.ended()


@dataclass
class House:
    """One folder with a site, data and logs; what runs in it, and the sandbox it talks to."""

    sandbox: Running
    folder: Path
    more: dict[str, str] = field(default_factory=dict)  # environment of every process
    procs: list[Proc] = field(default_factory=list)
    made: int = 0

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def site(self) -> Path:
        """The watched site."""
        return self.folder / "site"

    @property
    def secrets(self) -> list[str]:
        """Every secret the processes are given."""
        facts = first_line(self.sandbox)
        return [facts[name] for name in SECRETS]

    @property
    def baselines(self) -> int:
        """How many sources were noted for the first time, by any process."""
        return sum(len(proc.events("source.first_run")) for proc in self.procs)

    def environ(self, more: Mapping[str, str | None]) -> dict[str, str]:
        """What a process of this house sees; None takes a variable away."""
        base: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "NEWSBOT_LOG__JSON_LINES": "true",
            **environment(self.sandbox, self.data),
            **self.more,
            **more,
        }
        return {name: value for name, value in base.items() if value is not None}

    async def start(self, *arguments: str, **more: str | None) -> Proc:
        """`newsbot ARGUMENTS`, started in the house's folder."""
        self.made += 1
        out, err = (self.folder / f"{self.made:03}-{arguments[0]}.{end}" for end in ("out", "err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "newsbot", *arguments),
                cwd=self.folder,
                env=self.environ(more),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        proc = Proc(self, process, out, err)
        self.procs.append(proc)
        return proc

    async def run(self, **more: str | None) -> Proc:
        """`newsbot run` on the house's site."""
        return await self.start("run", "--site", str(self.site), **more)

    async def does(self, *arguments: str, **more: str | None) -> Done:
        """A command's end."""
        proc = await self.start(*arguments, **more)
        code = await proc.ended()
        return Done(code, proc.out.read_text("utf-8"), proc.stderr)

    def publish(self, slug: str, title: str, excerpt: str = "", **front: str) -> Path:
        """A post under today's date, written aside and moved in."""
        today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
        lines = [f"title: {title!r}", f"excerpt: {excerpt!r}", *(f"{key}: {value}" for key, value in front.items())]
        path = self.site / "_posts" / f"{today}-{slug}.md"
        draft = self.site / f".{slug}.tmp"
        draft.write_text("\n".join(["---", *lines, "---", "본문이다.", ""]), "utf-8")
        return draft.rename(path)

    def seen(self, text: str, platform: str | None = None) -> list[Message]:
        """What the bot wrote that has this text, in every chat, not deleted."""
        found = self.sandbox.world.record.messages(platform)
        return [one for one in found if one.sender == "bot" and not one.deleted and text in one.text]

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        """One call of the sandbox's control API."""
        async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
            reply = await client.post(f"{self.sandbox.url}/sandbox{path}", json=body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        answer: dict[str, Any] = reply.json()
        return answer

    async def fault(self, kind: str, **fields: Any) -> None:
        """Script some trouble."""
        await self.control("/faults", kind=kind, **fields)

    async def no_faults(self) -> None:
        """End all trouble."""
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.delete(f"{self.sandbox.url}/sandbox/faults")).status_code == 200

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A connection to the house's own server, which must be running."""
        connection = Redis(f"unix://{socket_path(self.data.resolve())}")
        try:
            yield connection
        finally:
            await connection.close()

    async def redis_pid(self) -> int:
        """The process id of the house's own server; 0 where none runs."""
        if not socket_path(self.data.resolve()).exists():
            return 0
        async with self.redis() as redis:
            facts = await redis.call("INFO", "server")
        return int(facts["process_id"])

    def written(self) -> bytes:
        """All that the processes wrote: outputs, logs, the data folder with the append-only file."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and self.site not in path.parents]
        return b"\n".join(path.read_bytes() for path in files)


@asynccontextmanager
async def housed(sandbox: Running, folder: Path, **more: str) -> AsyncIterator[House]:
    """A house with a small site; what was started in it is gone afterwards."""
    house = House(sandbox, folder, more)
    (house.site / "_posts").mkdir(parents=True)
    (house.site / "_config.yml").write_text("url: https://example.com\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n")
    try:
        yield house
    finally:
        for proc in house.procs:
            proc.kill()
            await proc.ended()
        with contextlib.suppress(StoreDown):
            if pid := await house.redis_pid():
                kill(pid)


def kill(pid: int) -> None:
    """SIGKILL for this one process; 0 and below would mean groups of processes, our own among them."""
    assert pid > 1, f"no process: {pid}"
    os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether this process runs; one that ended and was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (OSError, IndexError):
        return False


@dataclass
class Server:
    """A redis-server of a test's own, for REDIS_URL."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens, whether it runs or not."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start, or start again on the same append-only file; returns once it answers."""
        self.folder.mkdir(exist_ok=True)
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "appendonly": "yes", "save": ""}
        flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = await asyncio.create_subprocess_exec(
            *(find_server(), *flags, "--appendfsync", "always"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self.answers, "redis-server", START)

    @asynccontextmanager
    async def hung_up_on(self) -> AsyncIterator[list[int]]:
        """Somebody on its port who hangs up on every caller, and has a list with one entry a call."""
        calls: list[int] = []

        def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append(self.port)
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", self.port):
            yield calls

    async def answers(self) -> bool:
        """Whether it takes commands."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.read(64)
        writer.close()
        return answer.startswith(b"+PONG")

    async def dies(self) -> None:
        """SIGKILL, where it runs."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
