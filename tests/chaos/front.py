"""What stands between workers and the platform: a name that is asked for, a certificate, a port. Each can be in trouble."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.benchmarks.stage import environment
from tests.cast import until
from tests.chaos.relay import CHUNK
from tests.chaos.stage import Stage
from tests.chaos.workers import Worker

NAME = "platform.test"
Says = Literal["here", "unknown", "nothing"]
CLOSED = 10.0
"""Seconds in which a worker must notice that a connection was closed."""
NO_AUTHORITY = ("-addext", "basicConstraints=critical,CA:FALSE")
AUTHORITY = ("req", "-x509", "-subj", "/CN=chaos authority", "-addext", "basicConstraints=critical,CA:TRUE")
SERVER = ("req", "-x509", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", *NO_AUTHORITY)
FRESH = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


async def certificate(folder: Path, name: str, kind: tuple[str, ...], by: str = "") -> Path:
    """A certificate and its key, made on the spot: `name`.pem and `name`.key, signed by itself or by another one."""
    signed = ("-CA", str(folder / f"{by}.pem"), "-CAkey", str(folder / f"{by}.key")) if by else ()
    files = ("-out", str(folder / f"{name}.pem"), "-keyout", str(folder / f"{name}.key"))
    process = await asyncio.create_subprocess_exec(
        *("openssl", *kind, *FRESH, *signed, *files), stderr=asyncio.subprocess.PIPE
    )
    _, words = await process.communicate()
    assert process.returncode == 0, f"openssl makes no certificate: {words.decode()[-300:]}"
    return folder / f"{name}.pem"


@dataclass
class Front:
    """TLS before the sandbox, on a port that can be shut, with a certificate that can be worthless."""

    stage: Stage
    good: Path
    bad: Path
    authority: Path
    port: int = 0
    asked: int = 0
    """Bytes that came through, decrypted."""
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    async def open(cls, stage: Stage) -> Front:
        """One that works; workers started from now on go through it, and trust its authority alone."""
        folder = stage.folder / "tls"
        folder.mkdir()
        authority = await certificate(folder, "authority", AUTHORITY)
        good = await certificate(folder, "good", SERVER, "authority")
        front = cls(stage, good, await certificate(folder, "bad", SERVER), authority)
        await front.work()
        stage.at_end(front.close)
        return front

    def bases(self, host: str = "127.0.0.1") -> Mapping[str, str]:
        """What a worker is told of it."""

        def through(fact: str) -> str:
            path = self.stage.sandbox.facts[fact].split("/", 3)[3:]
            return "/".join([f"https://{host}:{self.port}", *path])

        bases = {"TELEGRAM_API_BASE": through("telegram_api_base"), "SLACK_API_BASE": through("slack_api_base")}
        return {**bases, "SSL_CERT_FILE": str(self.authority)}

    async def work(self, *, trusted: bool = True) -> None:
        """Listen, with a good certificate or a worthless one."""
        await self.close()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.good if trusted else self.bad, (self.good if trusted else self.bad).with_suffix(".key")
        )
        self._server = await asyncio.start_server(self._called, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Nobody listens any more, and whoever was connected has heard of it. Nothing may be under way."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if any(worker.running for worker in self.stage.workers):
            await until(lambda: not self._connected(), "workers have closed their connections", CLOSED)

    def _connected(self) -> int:
        """Sockets of others that lead here: established, or closed by us and not yet by them (proc(5), net/tcp)."""
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        sockets = [line.split()[2:4] for line in lines]
        return sum(int(remote.split(":")[1], 16) == self.port and state in ("01", "08") for remote, state in sockets)

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        to = int(self.stage.sandbox.facts["control"].split(":")[2].split("/")[0])
        back, there = await asyncio.open_connection("127.0.0.1", to)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, there, asks=True))
                group.create_task(self._pump(back, writer))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            there.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool = False) -> None:
        while data := await reader.read(CHUNK):
            self.asked += len(data) if asks else 0
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # one end hung up: so does the other


@dataclass
class Resolver(asyncio.DatagramProtocol):
    """A name server of this row's own, on an address of loopback nobody else uses; port 53, because no other can be named."""

    address: str
    says: Says = "here"
    asked: int = 0
    _transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, stage: Stage) -> Resolver:
        """One that knows every name. Fails where port 53 may not be taken."""
        address = f"127.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250 + 1}.53"
        loop = asyncio.get_running_loop()
        try:
            transport, resolver = await loop.create_datagram_endpoint(lambda: cls(address), (address, 53))
        except OSError as error:
            raise AssertionError(f"needs port 53 of {address} (root): {error}") from None
        resolver._transport = transport
        stage.at_end(resolver.close)
        return resolver

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A question (RFC 1035, 4.1): its own words again, and 127.0.0.1 where an IPv4 address is asked for."""
        self.asked += 1
        if self.says == "nothing" or not self._transport:
            return
        end = data.index(b"\0", 12) + 5
        wants_it = self.says == "here" and data[end - 4 : end - 2] == b"\0\1"
        flags = b"\x81\x83" if self.says == "unknown" else b"\x81\x80"
        head = data[:2] + flags + b"\0\1" + (b"\0\1" if wants_it else b"\0\0") + b"\0\0\0\0"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if wants_it else b""
        self._transport.sendto(head + data[12:end] + answer, addr)

    async def close(self) -> None:
        """For good."""
        if self._transport:
            self._transport.close()

    async def hire(self, stage: Stage, **environ: str) -> Worker:
        """A worker that asks this server for every name, and nobody else; the machine's own configuration is untouched."""
        names, order = stage.folder / "resolv.conf", stage.folder / "nsswitch.conf"
        names.write_text(f"nameserver {self.address}\n")
        order.write_text("hosts: dns\n")
        mount = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'
        apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        command = (*apart, "sh", "-c", mount, "sh", str(names), str(order), sys.executable, "-m", "newsbot", "worker")
        log = stage.folder / f"apart-{len(stage.workers)}.log"
        more = {**environment(), **stage.environ, "REDIS_URL": stage.door.url, **environ}
        with log.open("wb") as words:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=stage.folder, env=more, stdin=asyncio.subprocess.DEVNULL, stdout=words, stderr=words
            )
        worker = Worker(process.pid, log, asyncio.ensure_future(process.wait()))
        stage.workers.append(worker)

        async def end() -> None:
            worker.kill()
            await worker.ended()

        stage.at_end(end)
        return await worker.ready()
