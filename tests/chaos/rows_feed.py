"""Rows about what feeds send: slow and hanging ones (F26), boundless ones (F27), poison among the news (F30)."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from newsbot.core.model import Story
from tests.cast import until
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import Push, Stage
from tests.chaos.workers import Worker

Answer = Callable[[asyncio.StreamWriter], Awaitable[object]]
"""Writes one whole answer, or as much of it as is wanted."""

CHATS = 50
EVERY = 10
"""Seconds a feed is left alone: the least newsbot can be configured to."""
CUT = 10.0
"""Seconds after which newsbot gives a fetch up (reliability F26)."""
LATE = EVERY + 2.0
"""Seconds after which news of another feed must be accepted: one interval, and two for a busy machine."""
GROWTH = 32_000_000
"""Bytes the watcher may grow by, whatever is sent to it (reliability F27)."""
ON_THE_WAY = 16_000_000
"""Bytes of one answer that may leave a server: 5 MB that newsbot reads, and what two sockets' buffers hold."""
POISONED = 1.0
"""Seconds a healthy post may be late because of its neighbour (reliability F30), beside what the watcher waits for a core."""
PIECE = b"<item/>\n" * 8192
ROOM: dict[str, Any] = {"NEWSBOT_TELEGRAM__PER_CHAT": "1000", "NEWSBOT_INGEST__MOST_AT_ONCE": "100"}


@dataclass(frozen=True)
class Visit:
    """One answer: when it was asked for (unix seconds), how long until the caller had gone, and the bytes written."""

    name: str
    at: float
    seconds: float
    written: int


@dataclass
class Pages:
    """A small web server: feeds by name, and a page for every story."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    """How often each was asked for since `cleared`."""
    changed: dict[str, float] = field(default_factory=dict)
    """When each feed was given its present items (unix seconds)."""
    visits: list[Visit] = field(default_factory=list)
    port: int = 0
    _items: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> Pages:
        """Itself, listening."""
        self._server = await asyncio.start_server(self._called, "127.0.0.1", 0)
        for one in self._server.sockets:  # what lies in buffers was not taken
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def url(self, name: str) -> str:
        """Where this one is found."""
        return f"http://127.0.0.1:{self.port}/{name}"

    def shows(self, name: str, *items: Mapping[str, Any]) -> None:
        """A JSON Feed with these items from now on."""
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "예시뉴스", "items": items}
        self.changed[name] = time.time()
        self.answers[name] = whole(json.dumps(feed).encode())  # as ASCII: a half surrogate is written \ud800

    def item(self, title: str, **fields: Any) -> dict[str, Any]:
        """An item dated now; its page is there."""
        self._items += 1
        words = f"예시군은 오늘 {self._items}번째 소식을 전했다."
        link = self.url(f"story/{self._items}")
        now = datetime.now(UTC).isoformat()
        return {"id": link, "url": link, "title": title, "content_text": words, "date_published": now, **fields}

    def cleared(self) -> None:
        """Count anew."""
        self.asked.clear()
        self.visits.clear()

    async def close(self) -> None:
        """For good."""
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
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split(b" ")[1].decode().strip("/")
            self.asked[name] = self.asked.get(name, 0) + 1
            await self._answered(name, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _answered(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until all is written or the caller has gone."""
        at, counted = time.time(), Counted(writer)
        answer = asyncio.ensure_future(self.answers.get(name, whole(b"<p>page</p>"))(counted))  # type: ignore[arg-type]
        gone = asyncio.ensure_future(reader.read())
        try:
            await asyncio.wait([answer, gone], return_when=asyncio.FIRST_COMPLETED)
            if answer.done() and not answer.exception():
                writer.write_eof()
                await gone
        finally:
            self.visits.append(Visit(name, at, time.time() - at, counted.written))
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)


@dataclass
class Counted:
    """A writer that counts what it is given."""

    writer: asyncio.StreamWriter
    written: int = 0

    def write(self, data: bytes) -> None:
        """As a StreamWriter's."""
        self.written += len(data)
        self.writer.write(data)

    async def drain(self) -> None:
        """As a StreamWriter's."""
        await self.writer.drain()


def head(*lines: str) -> bytes:
    """The beginning of a good answer."""
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: application/feed+json", *lines, "\r\n"]).encode()


def whole(body: bytes) -> Answer:
    """A good answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(f"Content-Length: {len(body)}", "Connection: close") + body)
        await writer.drain()

    return answer


async def trickle(writer: asyncio.StreamWriter) -> None:
    """A byte a second."""
    writer.write(head())
    for byte in b'{"version": "https://jsonfeed.org/version/1.1", "items": []}' * 2:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def hang(writer: asyncio.StreamWriter) -> None:
    """Headers, and then nothing."""
    writer.write(head("Content-Length: 1000"))
    await writer.drain()
    await asyncio.Event().wait()


async def huge(writer: asyncio.StreamWriter) -> None:
    """100 MB."""
    writer.write(head("Content-Length: 100000000"))
    for _ in range(100_000_000 // len(PIECE) + 1):
        writer.write(PIECE)
        await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    """Chunk after chunk."""
    writer.write(head("Transfer-Encoding: chunked"))
    while True:
        writer.write(f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n")
        await writer.drain()


def bomb() -> Answer:
    """100 MB in a thousandth of it."""
    pack = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    packed = b"".join(pack.compress(b" " * 1_000_000) for _ in range(100)) + pack.flush()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)
        await writer.drain()

    return answer


async def watched(stage: Stage, pages: Pages, names: Sequence[str]) -> Worker:
    """A watcher of these feeds that has taken its baseline of each."""
    for name in names:
        pages.shows(name, pages.item(f"예시군 {name} 옛 소식"))
    section = [{"name": name, "kind": "feed", "url": pages.url(name), "every": EVERY} for name in names]
    watcher = await stage.start("watcher", NEWSBOT_SOURCE=json.dumps(section), NEWSBOT_FETCH__ALLOW='["127.0.0.0/8"]')
    for name in names:
        await watcher.says("source.first_run", source=name)
    pages.cleared()
    return watcher


async def story(stage: Stage, words: str, patience: float) -> Story:
    """The story whose headline has these words, held ones too, once it was accepted."""

    async def look() -> Story | None:
        found = [*await stage.kit.stories.recent(1000), *await stage.kit.stories.recent(1000, held=True)]
        return next((one for one in found if words in one.headline), None)

    found: Story = await until(look, f"{words} is accepted", patience)
    return found


async def planned(stage: Stage, story_id: str, words: str) -> Push:
    """Its push, once its page was seen and it was planned."""
    await until(lambda: stage.kit.ledger.tally("telegram", story_id), f"{words} is planned", 3 * EVERY)
    return Push(story_id, words)


def memory(pid: int, name: str) -> int:
    """Bytes: VmRSS is what a process holds, VmHWM the most it held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{name}:"))) * 1024


def queued(pid: int) -> float:
    """Seconds its threads could have run and had no core: what a busy machine costs, and nobody's poison."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[1]) for one in threads) / 1e9


async def besieged(stage: Stage, bad: Mapping[str, Answer], rounds: int) -> Verdict:
    """Feeds that go bad after their baseline, while another one has news."""
    await stage.up(CHATS, rate=100, workers=2)
    pages = await Pages().open()
    stage.at_end(pages.close)
    watcher = await watched(stage, pages, ["good", *bad])
    pages.answers |= bad
    Path(f"/proc/{watcher.pid}/clear_refs").write_text("5")  # the most it held counts from here
    before = memory(watcher.pid, "VmRSS")
    await until(lambda: all(pages.asked.get(name) for name in ["good", *bad]), "every feed is asked", 3 * EVERY)
    headline = "예시군 새 소식"
    pages.shows("good", pages.item(headline))
    published = time.time()
    accepted = await story(stage, headline, 6 * EVERY)
    late = time.time() - published
    push = await planned(stage, accepted.id, headline)
    await until(lambda: all(pages.asked[name] >= rounds for name in bad), f"{rounds} rounds", 6 * EVERY)
    for name in bad:
        await watcher.says("feed.failed", source=name)
    await stage.drained(push)
    verdict = await stage.verdict(push)
    judge(verdict, [visit for visit in pages.visits if visit.name in bad], late)
    grown = memory(watcher.pid, "VmHWM") - before
    verdict.figures["grown_mb"] = round(grown / 1e6, 1)
    verdict.expect(grown <= GROWTH, f"the watcher grew by {grown / 1e6:.0f} MB")
    verdict.expect(watcher.running, "the watcher ended")
    verdict.expect({visit.name for visit in pages.visits} >= bad.keys(), "a bad feed was not given up")
    return verdict


def judge(verdict: Verdict, visits: Sequence[Visit], late: float) -> None:
    """What the server saw of the bad fetches, and how late the good feed was."""
    longest = max(visit.seconds for visit in visits)
    most = max(visit.written for visit in visits)
    verdict.figures |= {"good_late_s": round(late, 1), "longest_fetch_s": round(longest, 1), "fetches": len(visits)}
    verdict.figures["most_written_mb"] = round(most / 1e6, 1)
    verdict.expect(verdict.sent == CHATS, f"{verdict.sent} of {CHATS} were told")
    verdict.expect(late <= LATE, f"the good feed was {late:.1f} s late")
    verdict.expect(longest <= CUT + 0.5, f"a bad fetch took {longest:.1f} s")
    verdict.expect(most <= ON_THE_WAY, f"{most / 1e6:.0f} MB of one answer were taken")


async def slow(stage: Stage, rng: Random) -> Verdict:
    """A feed of a byte a second and one that hangs after its headers: cut at 10 s, another feed is not late."""
    return await besieged(stage, {"trickle": trickle, "hang": hang}, 1)


async def boundless(stage: Stage, rng: Random) -> Verdict:
    """100 MB, a gzip bomb, chunks without end, twice each: cut at 5 MB, the watcher stays small, another feed is not late."""
    return await besieged(stage, {"huge": huge, "bomb": await asyncio.to_thread(bomb), "endless": endless}, 2)


def marker(name: str) -> str:
    """What a headline begins with, whatever follows."""
    return f"예시군 {name} 소식"


def poisons(pages: Pages) -> dict[str, dict[str, Any]]:
    """Items as nasty as a JSON Feed below 5 MB can hold, by name."""
    deep = "<div>" * 200_000 + "예시" + "</div>" * 200_000
    tails: dict[str, tuple[str, dict[str, Any]]] = {
        "bulk": ("가나다 " * 200_000, {}),
        "marks": ("a" + "\u0301" * 5000, {"content_text": "b" + "\u0334" * 100_000}),
        "deep": ("<b><i>" * 300, {"content_html": deep}),
        "nul": ("\0\0가\x1b[31m\u202e나\u2028다", {"content_text": "라\0마\u0085바\ufeff" * 1000}),
        "half": ("가\ud800나\udfff", {"content_text": "\udc00" * 100, "summary": "\ud83d"}),
        "id": ("이름", {"id": "\0" * 100_000 + "\ud800", "tags": ["\ud800", "\0" * 1000] * 100}),
    }
    return {name: pages.item(f"{marker(name)} {tail}", **more) for name, (tail, more) in tails.items()}


async def poison(stage: Stage, rng: Random) -> Verdict:
    """Poison items, each beside a healthy one; a headline of 10 MB and 100,000 brackets as whole feeds."""
    await stage.up(CHATS, rate=500, limit=0, workers=2, **ROOM)
    pages = await Pages().open()
    stage.at_end(pages.close)
    nasty = poisons(pages)
    refused = {"heavy": b'{"items":[{"title":"' + b"A" * 10_000_000 + b'"}]}', "nested": b"[" * 100_000}
    watcher = await watched(stage, pages, ["good", *nasty, *refused])
    before = queued(watcher.pid)
    pages.shows("good", pages.item(marker("good-fresh")))
    for name, bad in rng.sample(sorted(nasty.items()), len(nasty)):
        pages.shows(name, bad, pages.item(marker(f"{name}-fresh")))
    pages.answers |= {name: whole(body) for name, body in refused.items()}
    for name in refused:
        await watcher.says("feed.failed", source=name)
    fresh, waits, missing = await healthy(stage, pages, ["good", *nasty])
    queue, late = queued(watcher.pid) - before, max(waits, default=0.0)
    told, fates = await outcome(stage, watcher, nasty)
    pushes = [*fresh, *told]
    await stage.drained(*pushes)
    verdict = await stage.verdict(*pushes, pushes=len(pushes), fates=fates)
    verdict.figures |= {"late_s": round(late, 2), "queued_s": round(queue, 2)}
    verdict.expect(
        late <= POISONED + queue, f"a healthy post was {late:.1f} s late, {queue:.1f} s of it for want of a core"
    )
    verdict.expect(not missing, f"never accepted, beside the poison of: {', '.join(missing)}")
    lost = [name for name, fate in fates.items() if fate == "lost"]
    verdict.expect(not lost, f"neither sent nor held nor refused with a reason: {', '.join(lost)}")
    broken = {one.get("source", "") for event in ("source.failed", "article.failed") for one in watcher.events(event)}
    verdict.expect(not broken, f"an error nobody expected: {', '.join(sorted(broken))}")
    ended = [one.log.name for one in (watcher, *stage.workers) if not one.running]
    verdict.expect(not ended, f"ended: {', '.join(ended)}")
    return verdict


async def healthy(stage: Stage, pages: Pages, names: Sequence[str]) -> tuple[list[Push], list[float], list[str]]:
    """The healthy posts: their pushes, how many seconds after its document was served each was accepted, and who has none."""
    pushes, waits, missing = [], [], []
    for name in names:
        words = marker(f"{name}-fresh")
        with suppress(AssertionError):
            found = await story(stage, words, EVERY / 2)
            pushes.append(await planned(stage, found.id, words))
            served = min(one.at for one in pages.visits if one.name == name and one.at >= pages.changed[name])
            waits.append(found.accepted_at - served)
            continue
        missing.append(name)
    return pushes, waits, missing


async def outcome(stage: Stage, watcher: Worker, names: Mapping[str, Any]) -> tuple[list[Push], dict[str, str]]:
    """What became of each poison item: "sent", "held: why", "refused: why" or "lost"; pushes of those that were sent."""
    pushes, fates = [], {}
    for name in names:
        why = [one["reason"] for one in watcher.events("article.ignored") if one["source"] == name]
        fates[name] = f"refused: {why[-1]}" if why else "lost"
        with suppress(AssertionError):
            found = await story(stage, marker(name), 1.0)
            fates[name] = f"held: {found.held}" if found.held else "sent"
            if not found.held:
                pushes.append(await planned(stage, found.id, marker(name)))
    return pushes, fates


ROWS = [
    Row("F26", "a feed of 1 B/s, a feed that hangs after its headers", slow, limit=120),
    Row("F27", "100 MB, gzip 1000:1, endless chunks", boundless, limit=120),
    Row("F30", "poison among the news", poison, limit=120),
]
