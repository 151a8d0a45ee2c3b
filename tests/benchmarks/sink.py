"""The fastest thing that looks like a platform: every send is taken and answered, nothing is checked.

    python -m tests.benchmarks.sink [--keep]

Speaks as much HTTP/1.1 as clients need that keep a connection, and as much of the Bot API and of Slack's Web API as a
start and a send take. The strict stand-ins of `newsbot sandbox` check what they get and are several times slower; here
only the clients are to be measured. First line on stdout: {"port": …}. It ends when its stdin does.

GET /sink tells what was seen since the last look and forgets it: {"requests", "chats", "arrivals"}. With `--keep` each
arrival is [seconds of the monotonic clock, body]. Any other GET is a page that is there.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

import uvloop

POLL = 20.0
"""Seconds after which a long poll hears that there is nothing; nobody ever writes to this bot."""

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHAT = re.compile(rb'chat_id(?:": ?"?|=|"\r\n\r\n)(-?[0-9]+)')  # as JSON, form or multipart
CHANNEL = re.compile(rb'channel(?:": ?"|=|"\r\n\r\n)([A-Z0-9]+)')

BOT: dict[str, Any] = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
TEAM = {"ok": True, "team_id": "T0BENCH", "user_id": "U0BENCH", "bot_id": "B0BENCH", "team": "Bench", "user": "bench"}
STARTED = 1720742580  # unix seconds in every answer


class Seen:
    """What came since the last look."""

    def __init__(self, keep: bool) -> None:
        self.keep = keep
        self.number = 0  # message ids go on counting
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.requests = 0
        self.chats: set[bytes] = set()
        self.arrivals: list[tuple[float, str]] = []

    def message(self, chat: bytes, body: bytes) -> int:
        """Note one send; its message id."""
        self.requests += 1
        self.chats.add(chat)
        if self.keep:
            self.arrivals.append((time.monotonic(), body.decode("utf-8", "replace")))
        self.number += 1
        return self.number

    def told(self) -> bytes:
        """The account, which is forgotten with that."""
        account = {"requests": self.requests, "chats": len(self.chats), "arrivals": self.arrivals}
        self.forget()
        return json.dumps(account).encode()


class Sink(asyncio.Protocol):
    """One connection; answers go out in the order of the requests."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._rest = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            length = LENGTH.search(head)
            if head.startswith(b"POST") and length is None:
                self._say(b"", b"411 Length Required")
                self._transport.close()
                return
            after = end + 4 + (int(length[1]) if length else 0)
            if len(data) < after:
                break
            self._answer(head, data[end + 4 : after])
            data = data[after:]
        self._rest = data

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].partition(b"?")[0]
        match path.rpartition(b"/")[2]:
            case b"sendMessage" if found := CHAT.search(body):
                number = self._seen.message(found[1], body)
                self._say(
                    b'{"ok":true,"result":{"message_id":%d,"from":%s,"chat":{"id":%s,"type":"private",'
                    b'"first_name":"Rae"},"date":%d,"text":"ok"}}'
                    % (number, json.dumps(BOT).encode(), found[1], STARTED)
                )
            case b"chat.postMessage" if found := CHANNEL.search(body):
                number = self._seen.message(found[1], body)
                ts = b"%d.%06d" % (STARTED + number // 1_000_000, number % 1_000_000)
                self._say(
                    b'{"ok":true,"channel":"%s","ts":"%s","message":{"type":"message","text":"ok","ts":"%s"}}'
                    % (found[1], ts, ts)
                )
            case b"getUpdates":
                asyncio.get_running_loop().call_later(POLL, self._say, b'{"ok":true,"result":[]}')
            case b"getMe":
                self._say(json.dumps({"ok": True, "result": BOT}).encode())
            case b"auth.test":
                self._say(json.dumps(TEAM).encode())
            case b"sink":
                self._say(self._seen.told())
            case b"sendMessage" | b"chat.postMessage":
                self._say(b"", b"400 Bad Request")
            case _:
                self._say(b'{"ok":true,"result":true}')

    def _say(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
        )


async def serve(keep: bool) -> None:
    """Until stdin ends: whoever started this has gone."""
    seen = Seen(keep)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(seen), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # nobody writes there: readable means closed
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(serve("--keep" in sys.argv[1:]))
