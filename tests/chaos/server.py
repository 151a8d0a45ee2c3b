"""A redis-server of a row's own: started, killed, stopped, starved of disk, promoted."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from newsbot.ports import StoreDown
from newsbot.store.embedded import find_server
from newsbot.store.install import info
from newsbot.store.redis import Redis
from tests.cast import until
from tests.chaos.child import ends_with_us

START = 30.0


def free_port() -> int:
    """A port of loopback nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Server:
    """One server on a folder of its own. `options` are redis.conf's, by name."""

    folder: Path
    options: dict[str, str]
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    environ: dict[str, str] = field(default_factory=dict)
    """More variables of the process, from its next start on."""

    @property
    def url(self) -> str:
        """Where it listens, whether it runs or not."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def aof(self) -> Path:
        """The append-only file (one file up to Redis 6.2, the newest increment from 7 on)."""
        found = sorted(self.folder.glob("appendonlydir/*.incr.aof"))
        return found[-1] if found else self.folder / "appendonly.aof"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "redis.log"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id; it must have been started."""
        assert self.process
        return self.process.pid

    async def launch(self) -> None:
        """Start, or start again on the same files, and do not wait."""
        assert not self.running
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "repl-diskless-sync": "yes",
            "repl-diskless-sync-delay": "0",
            **self.options,
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        with self.log.open("ab") as log:
            # Python ignores SIGXFSZ and hands that on here: a full disk is then an error of write(), as it is for real.
            self.process = await asyncio.create_subprocess_exec(
                *(find_server(), *flags),
                stdout=log,
                stderr=log,
                env=os.environ | self.environ,
                restore_signals=False,
                start_new_session=True,
                preexec_fn=ends_with_us,
            )

    async def start(self) -> None:
        """Launch it; returns once it takes commands."""
        await self.launch()
        await self.up()

    async def up(self) -> None:
        """Until it takes commands. Fails when it ends instead."""
        await until(self.answers, f"redis-server on {self.folder.name}", START)

    async def answers(self) -> bool:
        """Whether it takes commands. Fails when it has ended."""
        assert self.running, f"redis-server ended: {self.log.read_text(errors='replace')[-300:]}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.read(64)
        writer.close()
        return answer.startswith(b"+PONG")

    def signal(self, number: signal.Signals) -> None:
        """To this one process, if it runs."""
        if self.running:
            os.kill(self.pid, number)

    async def dies(self) -> None:
        """SIGKILL, and it is gone."""
        self.signal(signal.SIGKILL)
        if self.process:
            await self.process.wait()

    async def ask(self, *command: Any) -> Any:
        """One command's reply, past every door. Raises StoreDown."""
        redis = Redis(self.url)
        try:
            return await redis.call(*command)
        finally:
            await redis.close()

    async def info(self, section: str) -> dict[str, str]:
        """INFO of one section."""
        return info(await self.ask("INFO", section))

    async def follows(self, master: Server) -> None:
        """Be its replica, up to date."""
        await self.ask("REPLICAOF", "127.0.0.1", master.port)

        async def synced() -> bool:
            try:
                facts, theirs = await self.info("replication"), await master.info("replication")
            except StoreDown:
                return False
            same = facts.get("slave_repl_offset") == theirs.get("master_repl_offset")
            return facts.get("master_link_status") == "up" and (same or int(facts["slave_read_repl_offset"]) > 0)

        await until(synced, "the replica is in step", START)

    async def promoted(self) -> None:
        """A replica becomes a master."""
        await self.ask("REPLICAOF", "NO", "ONE")

    def fill_disk(self, room: int = 0) -> None:
        """No file of this server may grow past the append-only file's size plus `room` bytes, as on a full disk."""
        size = self.aof.stat().st_size + room
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def free_disk(self) -> None:
        """There is space again."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
