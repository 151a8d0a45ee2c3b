"""The fastest thing that looks like a platform: every send is taken and answered, little is checked.

    python -m tests.benchmarks.sink [--keep] [--log] [--answer-after SECONDS [--spread SIGMA]] [--limit RATE | --moves SEED]

Speaks as much HTTP/1.1 as clients need that keep a connection, and as much of the Bot API and of Slack's Web API as a
start and a send take. The strict stand-ins of `newsbot sandbox` check what they get and are several times slower; here
only the clients are to be measured. First line on stdout: {"port": …}. It ends when its stdin does.

Chats are numbered from FIRST_CHAT on (peers.py). A message whose text has `bench-<word>` in it is counted under that
mark. With a limit, what comes above it is refused as the platforms refuse: 429, whole seconds to wait.

GET /sink tells what came since the last look and forgets it: {"requests", "limits", "marks": {mark: {"taken", "refused",
"chats", "twice", "first", "last"}}, "arrivals"}; first and last are seconds of the monotonic clock. With `--log` each
arrival is [seconds, mark, whether it was taken], with `--keep` [seconds, body]. `limits` are the steps of a limit that
moves: [seconds, rate]. GET /sink/now tells the same without the arrivals and forgets nothing. Any other GET is a page
that is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvloop

from tests.benchmarks.peers import FIRST_CHAT

SEED = 7  # of the answers that come late
POLL = 20.0
"""Seconds after which a long poll hears that there is nothing; nobody ever writes to this bot."""
MOST_CHATS = 1 << 21

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHAT = re.compile(rb'chat_id(?:": ?"?|=|"\r\n\r\n)(-?[0-9]+)')  # as JSON, form or multipart
CHANNEL = re.compile(rb'channel(?:": ?"|=|"\r\n\r\n)C([0-9]+)')
MARK = re.compile(rb"bench-([a-z0-9]+)")

BOT = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
AUTHOR = json.dumps(BOT).encode()
TEAM = {"ok": True, "team_id": "T0BENCH", "user_id": "U0BENCH", "bot_id": "B0BENCH", "team": "Bench", "user": "bench"}
STARTED = 1720742580  # unix seconds in every answer

LOWEST, HIGHEST, SHORTEST, LONGEST = 15.0, 35.0, 5.0, 20.0
"""A limit that moves: between these rates (messages a second), each kept for so many seconds."""


class Limit:
    """A token bucket of one second's worth, full at the start. A refused message takes nothing out of it."""

    def __init__(self, steps: Iterator[tuple[float, float]]) -> None:
        """`steps`: (seconds it is kept, messages a second), without end."""
        self._steps = steps
        self._until = self._at = time.monotonic()
        self.told: list[tuple[float, float]] = []
        self.rate = self._tokens = 0.0
        self._follow(self._at)
        self._tokens = self.rate

    def _follow(self, now: float) -> None:
        while now >= self._until:
            kept, self.rate = next(self._steps)
            self.told.append((self._until, self.rate))
            self._until += kept

    def wait(self, now: float) -> float:
        """0 where this message is taken, else seconds until one would be."""
        self._follow(now)
        self._tokens = min(self.rate, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1 - 1e-9:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rate


def steady(rate: float) -> Iterator[tuple[float, float]]:
    """A limit that stays."""
    while True:
        yield math.inf, rate


def moving(seed: int) -> Iterator[tuple[float, float]]:
    """A limit nobody is told, up and down by chance; the same again for the same seed."""
    lots = random.Random(seed)
    while True:
        yield lots.uniform(SHORTEST, LONGEST), lots.uniform(LOWEST, HIGHEST)


@dataclass
class Book:
    """What came under one mark. `times` counts what each chat took, a byte a chat: exact up to 255."""

    taken: int = 0
    refused: int = 0
    first: float = 0.0
    last: float = 0.0
    times: bytearray = field(default_factory=bytearray)

    def note(self, chat: int, now: float, taken: bool) -> None:
        """One message."""
        self.first = self.first or now
        self.last = now
        if not taken:
            self.refused += 1
            return
        self.taken += 1
        if chat >= len(self.times):
            self.times.extend(bytes(chat + 65_536 - len(self.times)))
        self.times[chat] = min(self.times[chat] + 1, 255)

    def told(self) -> dict[str, Any]:
        """For the account."""
        chats = len(self.times) - self.times.count(0)
        names = ("taken", "refused", "first", "last")
        return {**{n: getattr(self, n) for n in names}, "chats": chats, "twice": chats - self.times.count(1)}


class Seen:
    """What came since the last look."""

    def __init__(self, limit: Limit | None, *, keep: bool, log: bool) -> None:
        self.limit, self._keep, self._log = limit, keep, log
        self.number = 0  # message ids go on counting
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.requests = 0
        self.books: dict[bytes, Book] = {}
        self.arrivals: list[tuple[float, str] | tuple[float, str, bool]] = []

    def message(self, chat: int, body: bytes) -> float:
        """Note one send; seconds it has to wait where it is refused, else 0."""
        now = time.monotonic()
        wait = self.limit.wait(now) if self.limit else 0.0
        found = MARK.search(body)
        mark = found[1] if found else b""
        book = self.books.get(mark)
        if book is None:
            book = self.books[mark] = Book()
        book.note(chat, now, not wait)
        self.requests += 1
        self.number += not wait
        if self._keep:
            self.arrivals.append((now, body.decode("utf-8", "replace")))
        elif self._log:
            self.arrivals.append((now, mark.decode(), not wait))
        return wait

    def told(self, *, whole: bool) -> bytes:
        """The account; the whole one is forgotten with that."""
        account = {
            "requests": self.requests,
            "marks": {mark.decode(): book.told() for mark, book in self.books.items()},
            "limits": self.limit.told if self.limit else [],
            "arrivals": self.arrivals if whole else [],
        }
        if whole:
            self.forget()
        return json.dumps(account).encode()


class Sink(asyncio.Protocol):
    """One connection; answers go out in the order of the requests."""

    def __init__(self, seen: Seen, answer_after: Callable[[], float]) -> None:
        self._seen, self._after = seen, answer_after
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
                self._message(int(found[1]), body, telegram)
            case b"chat.postMessage" if found := CHANNEL.search(body):
                self._message(int(found[1]), body, slack)
            case b"getUpdates":
                asyncio.get_running_loop().call_later(POLL, self._say, b'{"ok":true,"result":[]}')
            case b"getMe":
                self._say(json.dumps({"ok": True, "result": BOT}).encode())
            case b"auth.test":
                self._say(json.dumps(TEAM).encode())
            case b"sink":
                self._say(self._seen.told(whole=True))
            case b"now":
                self._say(self._seen.told(whole=False))
            case b"sendMessage" | b"chat.postMessage":
                self._say(b"", b"400 Bad Request")
            case _:
                self._say(b'{"ok":true,"result":true}')

    def _message(self, chat: int, body: bytes, answer: Any) -> None:
        if not FIRST_CHAT <= chat < FIRST_CHAT + MOST_CHATS:
            self._say(b"", b"400 Bad Request")
            return
        wait = self._seen.message(chat - FIRST_CHAT, body)
        said = answer(chat, self._seen.number, math.ceil(wait))
        if (after := self._after()) > 0:
            asyncio.get_running_loop().call_later(after, self._say, *said)
        else:
            self._say(*said)

    def _say(self, body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
            % (status, more, len(body), body)
        )


def telegram(chat: int, number: int, wait: int) -> tuple[bytes, bytes, bytes]:
    """Body, status and headers as the Bot API answers a send; `wait` > 0: refused for so many seconds."""
    if wait:
        body = (
            b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after %d","parameters":'
            b'{"retry_after":%d}}' % (wait, wait)
        )
        return body, b"429 Too Many Requests", b"Retry-After: %d\r\n" % wait
    body = (
        b'{"ok":true,"result":{"message_id":%d,"from":%s,"chat":{"id":%d,"type":"private",'
        b'"first_name":"Rae"},"date":%d,"text":"ok"}}' % (number, AUTHOR, chat, STARTED)
    )
    return body, b"200 OK", b""


def slack(channel: int, number: int, wait: int) -> tuple[bytes, bytes, bytes]:
    """The same as Slack answers."""
    if wait:
        return b'{"ok":false,"error":"ratelimited"}', b"429 Too Many Requests", b"Retry-After: %d\r\n" % wait
    ts = b"%d.%06d" % (STARTED + number // 1_000_000, number % 1_000_000)
    body = b'{"ok":true,"channel":"C%d","ts":"%s","message":{"type":"message","text":"ok","ts":"%s"}}' % (
        *(channel, ts, ts),
    )
    return body, b"200 OK", b""


async def serve(given: argparse.Namespace) -> None:
    """Until stdin ends: whoever started this has gone."""
    limit = None
    if given.limit or given.moves is not None:
        limit = Limit(steady(given.limit) if given.limit else moving(given.moves))
    seen = Seen(limit, keep=given.keep, log=given.log)
    loop = asyncio.get_running_loop()
    chance = random.Random(SEED)

    def after() -> float:
        """Most answers come soon and a few late: a lognormal distribution, as round trips mostly have."""
        return float(given.answer_after * (chance.lognormvariate(0, given.spread) if given.spread else 1))

    server = await loop.create_server(lambda: Sink(seen, after), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # nobody writes there: readable means closed
    await ended.wait()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sink")
    parser.add_argument("--keep", action="store_true", help="keep the bodies")
    parser.add_argument("--log", action="store_true", help="keep when each came")
    parser.add_argument("--answer-after", type=float, default=0.0, help="seconds an answer takes, the median")
    parser.add_argument("--spread", type=float, default=0.0, help="how much that varies: sigma of its logarithm")
    parser.add_argument("--limit", type=float, default=0.0, help="messages a second that are taken")
    parser.add_argument("--moves", type=int, help="a limit that moves: the seed")
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
