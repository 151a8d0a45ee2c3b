"""One HTTP POST with a JSON body over a fresh connection: how both platforms call a receiver on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit

TIMEOUT = 30.0


async def post_json(
    url: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
    timeout: float = TIMEOUT,
) -> tuple[int, dict[str, str]]:
    """Status and headers (names in lower case) of the answer; raises OSError, TimeoutError, EOFError or ValueError."""
    status, found, _ = await post(url, body, headers, content_type, timeout)
    return status, found


async def post(
    url: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
    timeout: float = TIMEOUT,
) -> tuple[int, dict[str, str], bytes]:
    """Like `post_json`, with the answer's body."""
    return await asyncio.wait_for(_exchange(url, body, headers or {}, content_type), timeout)


async def _exchange(
    url: str, body: bytes, headers: dict[str, str], content_type: str
) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if secure else None)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ")
    if len(words) < 2 or not words[1].isdigit():
        raise ValueError(f"no HTTP answer: {head[0][:80]!r}")
    found: dict[str, str] = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        found[name.strip().lower()] = value.strip()
    if found.get("transfer-encoding", "").lower() == "chunked":
        return int(words[1]), found, await _chunks(reader)
    length = found.get("content-length")
    return int(words[1]), found, await reader.readexactly(int(length)) if length else await reader.read()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces: list[bytes] = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readline()
    return b"".join(pieces)
