"""One client's connection, as far as scripted trouble treats it badly: cut, left hanging, answered byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope

from newsbot.sandbox.faults import Strike

LINE = "sandbox.line"  # scope["extensions"] key that the sandbox's own server fills in


@dataclass(slots=True)
class Line:
    """A connection and how many requests came over it so far, the one under way included."""

    transport: Any
    calls: int = 0


def reused(scope: Scope) -> bool:
    """Whether this connection carried a request before: an idle one that the client kept."""
    line: Line | None = scope.get("extensions", {}).get(LINE)
    return line is not None and line.calls > 1


async def cut(scope: Scope, how: str = "rst") -> None:
    """Closes the client's connection without an answer: a TCP reset, or with how="fin" a quiet close.

    Return from the app right after it. Raises ConnectionResetError when the server is not the sandbox's own.
    """
    transport = _transport(scope)
    raw = transport.get_extra_info("socket")
    if raw is not None and how == "rst":
        # Linger of zero seconds makes the kernel send RST, which clients report as a read error.
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.001)  # lets the server notice, so that it does not try to answer


async def badly(strike: Strike, scope: Scope, receive: Receive, status: int, body: bytes) -> None:
    """Ends a connection in the way of this fault: at once, after a wait, in the middle of the answer or with its end."""
    match strike.kind:
        case "drip":
            await _drip(_transport(scope), head(status, len(body)) + body, strike.seconds)
        case "truncated":
            _transport(scope).write(head(status, len(body)) + body[: len(body) // 2])
            await asyncio.sleep(0.01)  # a reset right behind would take the half along
        case "hang":
            await linger(receive, strike.seconds)
        case _:
            pass  # at once
    await cut(scope, strike.how)


async def _drip(transport: Any, answer: bytes, seconds: float) -> None:
    """One byte every so many seconds, status line first, until the client has enough."""
    for byte in answer:
        if transport.is_closing():
            return
        transport.write(bytes((byte,)))
        await asyncio.sleep(seconds)


async def linger(receive: Receive, seconds: float) -> None:
    """Waits without answering, at most `seconds`, but no longer than the client holds the line."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), seconds)


def head(status: int, length: int) -> bytes:
    """The lines before a body in JSON, on a connection that ends with it."""
    status_line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    lines = (status_line, "content-type: application/json", f"content-length: {length}", "connection: close", "", "")
    return "\r\n".join(lines).encode()


def _transport(scope: Scope) -> Any:
    line: Line | None = scope.get("extensions", {}).get(LINE)
    if line is None:
        raise ConnectionResetError("scripted reset")
    return line.transport
