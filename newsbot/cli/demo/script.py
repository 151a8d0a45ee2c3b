"""The demo's script: one line a step with its time, then what each chat received, then what to do next."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from newsbot.cli.common import Quit
from newsbot.cli.demo.stage import FALLBACK_URL, Stage, until
from newsbot.cli.demo.words import words
from newsbot.core.model import Article
from newsbot.sandbox.record import Message
from newsbot.sources.jekyll import read_folder
from newsbot.store.install import fitness

out = Console(highlight=False, soft_wrap=True)
WIDE = 66


@dataclass(frozen=True)
class Seat:
    """One chat of the demo: where it is, what its reader types, how the screen calls it."""

    label: str
    platform: str
    chat: str
    says: str
    how: dict[str, Any]


SEATS = (
    Seat("telegram private", "telegram", "1001", "구독 재난", {"user": "Rae"}),
    Seat("telegram English", "telegram", "9001", "/subscribe all", {"user": "Sam"}),
    Seat("telegram forum", "telegram", "-1001000000300", "/subscribe all", {"user": "Rae", "thread": 7}),
    Seat("telegram channel", "telegram", "-1001000000400", "/subscribe all", {"user": "Rae", "as_channel": True}),
    Seat("slack #news", "slack", "C0NEWS", "subscribe all en", {"user": "Rae"}),
    Seat("slack DM", "slack", "D0RAE", "subscribe all ko", {"user": "Rae"}),
)


class Script:
    """One performance."""

    def __init__(self, spoken: str, site: Path | None, port: int, since: float) -> None:
        self.words, self.site, self.port, self.since = words(spoken), site, port, since
        self.stage: Stage
        self.ok = True
        self.started = 0.0
        self.seats = SEATS

    async def play(self, *, once: bool) -> bool:
        """All steps; then keep the page open unless `once`. True when everything was as promised."""
        out.print(self.words["title"])
        with tempfile.TemporaryDirectory(prefix="newsbot-demo-") as room:
            self.stage = Stage(Path(room), self.site.resolve() if self.site else None)
            self.stage.prepare()
            self.step(1, "packages", self.words["ready"], time.time() - self.since)
            async with self.step_timed(2, "redis") as line:
                await asyncio.to_thread(self.stage.redis.acquire)
                await self.stage.open_sandbox(self.port)
                async with self.stage.kit() as kit:
                    line.append(self.words["redis.is"].format(version=(await fitness(kit.redis))[0]))
            try:
                await self.scenes()
                self.last_lines()
                if not once:
                    await self.stay()
            finally:
                await self.stage.close()
        return self.ok

    async def scenes(self) -> None:
        """Steps 3 to 6 and the account."""
        async with self.step_timed(3, "sandbox") as line:
            line.append(self.stage.sandbox.url)
            await self.stage.start()
        async with self.step_timed(4, "readers") as line:
            answers = [(seat, await self.subscribe(seat)) for seat in self.seats]
            line.append(self.words["readers.are"].format(count=len(self.seats)))
        for seat, answer in answers:
            said = seat.says if seat.platform == "telegram" else f"/news {seat.says}"
            self.detail(seat.label, f"{pad(said, 20)} {answer}")
        first = await self.first_alert()
        async with self.step_timed(6, "again") as line:
            if self.site is None:
                first.touch()
            await self.restart()
            twice = sum(len(self.alerts(seat)) > 1 for seat in self.seats)
            self.ok &= twice == 0
            line.append(self.words["again.is" if self.site is None else "again.site"].format(count=twice))
        await self.account()

    async def subscribe(self, seat: Seat) -> str:
        """Say it and wait for the answer."""
        before = len(self.stage.heard(seat.platform, seat.chat))
        if seat.platform == "slack":
            await self.stage.control("/slack/command", channel=seat.chat, text=seat.says, **seat.how)
        else:
            await self.stage.control("/telegram/say", chat=int(seat.chat), text=seat.says, **seat.how)
        found = await until(lambda: self.stage.heard(seat.platform, seat.chat)[before:], f"{seat.label} is answered")
        return str(found[0].text).splitlines()[0]

    async def first_alert(self) -> Path:
        """Step 5: a file appears (or the newest post of the own site is pushed); who has it after how long."""
        note = ""
        async with self.step_timed(5, "publish") as line:
            self.started = time.time()
            if self.site is None:
                path = self.stage.publish()
                line.append(self.words["written"].format(path=path.relative_to(self.stage.site)))
            else:
                path, line[:], note = await self.push_newest()
            await self.everybody(1)
        if self.site is not None and note:
            self.detail("", note)
        for seat in self.seats:
            for message in self.alerts(seat):
                late = (message.at - self.started) * 1000
                self.detail(seat.label, f"+{late:.0f} ms  {message.text.splitlines()[0]}")
        return path

    async def push_newest(self) -> tuple[Path, list[str], str]:
        """Alert the newest publishable post of the own site as if just published: its file, the step's line, a note."""
        folder = self.stage.site
        posts = await asyncio.to_thread(lambda: list(read_folder(folder)))
        found = [post for post in posts if post.state == "publishable" and post.path]
        if not found:
            raise Quit(f"{folder}: no publishable post found")
        newest = max(found, key=lambda post: (post.published_at or "", post.path or ""))
        line, note = [self.words["newest"].format(path=newest.path)], ""
        if not newest.url.startswith("http"):
            newest = await self.with_address(newest)
            note = self.words["address"].format(url=FALLBACK_URL)
        async with self.stage.kit() as kit:
            story = await kit.deeds.prepare(newest, None, None)
            await kit.deeds.release(story, "demo")
        return folder / (newest.path or ""), line, note

    async def with_address(self, article: Article) -> Article:
        """The same post under an address that leads nowhere real."""
        again = await asyncio.to_thread(lambda: list(read_folder(self.stage.site, url=FALLBACK_URL)))
        return next(post for post in again if post.path == article.path)

    async def everybody(self, count: int) -> None:
        """Until every seat has `count` alerts, or patience ends: then say who has not."""
        try:
            await until(
                lambda: all(len(self.alerts(seat)) >= count for seat in self.seats if self.wants(seat)), "all have it"
            )
        except Quit:
            missing = [seat.label for seat in self.seats if len(self.alerts(seat)) < count and self.wants(seat)]
            self.ok = False
            out.print("  " + self.words["missing"].format(chats=", ".join(missing)))

    def wants(self, seat: Seat) -> bool:
        """A seat that asked for one topic need not get whatever an own site has newest."""
        return self.site is None or "all" in seat.says

    def alerts(self, seat: Seat) -> list[Message]:
        """The alerts this chat has: what came since publishing and answers nobody."""
        heard = self.stage.heard(seat.platform, seat.chat)
        return [message for message in heard if message.at >= self.started and not message.ephemeral]

    async def restart(self) -> None:
        """Everything ends, everything starts, and the site is scanned once more."""
        await self.stage.stop()
        self.stage.redis.release()
        await asyncio.to_thread(self.stage.redis.acquire)
        began = time.time()
        await self.stage.start()
        async with self.stage.kit() as kit:

            async def scanned() -> bool:
                rows = await kit.report.sources()
                counts = await kit.report.counts()
                return bool(rows) and all(after(row["last_seen"], began) for row in rows) and counts["open"] == 0

            await until(scanned, "the site is scanned again")

    async def account(self) -> None:
        """The books of the first story: everything adds up."""
        async with self.stage.kit() as kit:
            row = (await kit.report.recent(1))[0]
        out.print(self.words["account"].format(**row))
        self.ok &= row["audience"] == row["sent"] + row["dead"] + row["skipped"] + row["doubt"]
        out.print()
        out.print(self.words["received"])
        for seat in self.seats:
            for message in self.alerts(seat)[:1]:
                lines = [line for line in message.text.splitlines() if line.strip()]
                for number, text in enumerate(lines):
                    out.print(f"  {pad(seat.label if number == 0 else '', 18)}{text}", markup=False)
        out.print()

    def last_lines(self) -> None:
        """What to do next."""
        out.print(self.words["page"].format(page=self.stage.sandbox.url))
        if self.site is not None:
            out.print(self.words["watching"].format(folder=self.site))
        out.print(self.words["own"])

    async def stay(self) -> None:
        """Keep the page open; keys where a person sits at a terminal."""
        if not sys.stdin.isatty():
            out.print(self.words["wait"])
            await asyncio.Event().wait()
        out.print(self.words["keys"] if self.site is None else self.words["keys"].split("   ", 1)[1])
        while True:
            key = (await asyncio.to_thread(sys.stdin.readline)).strip().lower()
            if key == "q":
                return
            if key == "r":
                await self.restart()
                out.print("  ok")
            elif key == "p" and self.site is None:
                out.print("  " + self.words["written"].format(path=self.stage.publish().name), markup=False)

    # --- the screen ---------------------------------------------------------------------------------------------------

    def step(self, number: int, name: str, text: str, seconds: float) -> None:
        """One line of the screen, its time at the right."""
        out.print(f"  {number} {pad(self.words[name], 10)} {pad(text, WIDE)} {seconds:6.1f} s", markup=False)

    def detail(self, label: str, text: str) -> None:
        """One line under a step."""
        out.print(f"               {pad(label, 18)}{text}", markup=False)

    @asynccontextmanager
    async def step_timed(self, number: int, name: str) -> AsyncIterator[list[str]]:
        """A step whose line is printed when it is done; the block appends what it says."""
        started, line = time.monotonic(), list[str]()
        yield line
        self.step(number, name, " ".join(line), time.monotonic() - started)


def pad(text: str, width: int) -> str:
    """Filled up to `width` columns; Hangul takes two."""
    return text + " " * max(0, width - cell_len(text))


def after(stamp: str | None, moment: float) -> bool:
    """Whether an RFC 3339 time lies after a unix time."""
    return stamp is not None and datetime.fromisoformat(stamp).timestamp() >= moment
