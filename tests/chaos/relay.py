"""A TCP relay between workers and Redis: the network, which can be cut, stalled, and led to another server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class Door:
    """One port of loopback that leads to a server's port. Rows give the worker they want to hurt a door of its own."""

    to: int
    port: int = 0
    shut: bool = False
    """Whether callers are hung up on."""
    lose: int = 0
    """So many of the next answers are lost: what was asked is done, and then the line is cut."""
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _pairs: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def open(self) -> Door:
        """Itself, listening."""
        self._flows.set()
        self._server = await asyncio.start_server(self._called, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def lead(self, port: int) -> None:
        """From now on to this server; every connection to the old one is cut."""
        self.to = port
        self.drop()

    def drop(self) -> None:
        """Cut every connection; new ones are welcome."""
        for pair in list(self._pairs.values()):
            for writer in pair:
                writer.transport.abort()

    def cut(self) -> None:
        """Cut every connection and hang up on new ones, until `heal`."""
        self.shut = True
        self.drop()

    def stall(self) -> None:
        """Let nothing through in either direction, until `heal`: what was written meanwhile arrives then."""
        self._flows.clear()

    def heal(self) -> None:
        """All is well again."""
        self.shut = False
        self._flows.set()

    async def close(self) -> None:
        """For good."""
        self.cut()
        self._flows.set()
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        pair = [writer]
        try:
            await self._flows.wait()
            if self.shut:
                return
            back, there = await asyncio.open_connection("127.0.0.1", self.to)
            pair.append(there)
            self._pairs[task] = pair
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, there, answers=False))
                group.create_task(self._pump(back, writer, answers=True))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            self._pairs.pop(task, None)
            for one in pair:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(CHUNK):
            await self._flows.wait()
            if answers and self.lose > 0:
                self.lose -= 1
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # one end hung up: so does the other
