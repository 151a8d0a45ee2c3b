"""What tests of fetching and of feeds share: a server on loopback that answers what it is told, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

import pytest

from newsbot.fetch import Fetcher
from newsbot.ports import FetchError

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True)
class Request:
    """One request as it came: names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes | str = b"", status: int = 200, *, length: int | None = None, **headers: str) -> bytes:
    """A whole HTTP/1.1 answer; header names are written with `_` for `-`."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(data) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + data


@dataclass
class Server:
    """Answers by path: bytes as they are, a handler that writes what it likes, or a list used up one by one."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    pages: dict[str, bytes | Handler | list[bytes]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def url(self, path: str = "/") -> str:
        return self.root + path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            method, target, _ = first.split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            request = Request(method, target, headers)
            self.asked.append(request)
            await self._say(request, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _say(self, request: Request, writer: asyncio.StreamWriter) -> None:
        page = self.pages.get(request.path, answer(status=404))
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if isinstance(page, bytes):
            writer.write(page)
            await writer.drain()
        else:
            await page(request, writer)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Server]:
    """A server on a free port of loopback, until the block ends."""
    made = Server(scheme="https" if tls else "http", host=host)
    listening = await asyncio.start_server(made.serve, host, 0, ssl=tls)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        await listening.wait_closed()


def rss(*items: str, head: str = "") -> str:
    """An RSS 2.0 document of our own with these items."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">\n'
        f"<channel><title>예시뉴스</title><link>https://news.kr/</link>{head}\n"
        + "\n".join(items)
        + "\n</channel></rss>"
    )


def item(number: int = 1, title: str = "예시군 앞바다 지진", **more: str) -> str:
    """One RSS item; further elements by name, `_` for `:`."""
    inside = {
        "title": title,
        "guid": f"https://news.kr/{number}",
        "link": f"https://news.kr/{number}",
        "description": f"예시군 앞바다에서 지진이 났다 {number}.",
        "pubDate": "Mon, 01 Jun 2026 10:00:00 +0900",
        **{name.replace("_", ":"): value for name, value in more.items()},
    }
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in inside.items() if value) + "</item>"


def open_fetcher(**more: object) -> Fetcher:
    """One that may ask loopback."""
    return Fetcher(LOOPBACK, **more)  # type: ignore[arg-type]


def knowing(*answers: Sequence[str] | OSError) -> Callable[[str], object]:
    """A resolver that gives these answers in turn, the last one for ever; it notes what it was asked."""
    left = list(answers)

    async def resolve(host: str) -> Sequence[str]:
        resolve.asked.append(host)  # type: ignore[attr-defined]
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, OSError):
            raise given
        return given

    resolve.asked = []  # type: ignore[attr-defined]
    return resolve


async def refused(fetcher: Fetcher, url: str) -> FetchError:
    """The error of an address that must give one, in one line."""
    with pytest.raises(FetchError) as caught:
        await fetcher.get(url)
    assert "\n" not in str(caught.value)
    return caught.value
