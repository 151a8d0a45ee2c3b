"""The cast: people who say things in the sandbox and see what comes back, on both platforms with the same words."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from newsbot.core.model import Address, Subscriber
from newsbot.procs.runtime import Process
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running
from newsbot.store import keys

PATIENCE = 10.0
"""Seconds until a test that waits for something to happen gives up; no test passes by waiting."""

TRUST = ssl.create_default_context()  # made once: a client of its own for every call would read the certificates again

TELEGRAM_IDS = {"Rae": 1001, "Ed": 2001, "Eve": 2002, "Olu": 3001, "Sam": 9001}
PLATFORMS = ("telegram", "slack")

GROUP, FORUM, CHANNEL = "-200", "-1001000000300", "-1001000000400"
"""Telegram's group (Rae runs it, Eve and Sam are in it), forum (threads 7 and 8) and channel (Rae runs both)."""

NEWS, DESK = "C0NEWS", "C0DESK"
"""Slack's #news (Rae is the workspace's admin and made it; Sam, the guest Gus and the foreigner Ext read it), and #desk."""


async def until(happens: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """The first truthy value of `happens` (plain or awaitable). Fails with `what` when patience ends."""
    end = time.monotonic() + patience
    while True:
        value = happens()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {patience} s: {what or happens}")
        await asyncio.sleep(0.01)


@dataclass
class Actor:
    """One person on one platform in one place."""

    cast: Cast
    name: str
    platform: str
    chat: str
    thread: int | None = None
    _before: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        """The place, as subscribers are stored."""
        return Address(self.platform, f"{self.chat}/{self.thread}" if self.thread else self.chat)

    def word(self, command: str) -> str:
        """A command as this platform's answers write it."""
        return command if self.platform == "telegram" else command.replace("/", "/news ", 1)

    async def says(self, text: str, **how: Any) -> dict[str, Any]:
        """Type it; on Slack the words after /news. Returns the sandbox's answer."""
        self._mark()
        if self.platform == "telegram":
            if self.thread:
                how["thread"] = self.thread
            return await self.cast.control("/telegram/say", user=self.name, chat=int(self.chat), text=text, **how)
        words = text.removeprefix("/")
        return await self.cast.control("/slack/command", user=self.name, channel=self.chat, text=words, **how)

    async def writes(self, text: str) -> dict[str, Any]:
        """Write it as a message: on Telegram the same as saying it, on Slack without the slash command."""
        if self.platform == "telegram":
            return await self.says(text)
        self._mark()
        return await self.cast.control("/slack/say", user=self.name, channel=self.chat, text=text)

    async def presses(self, label: str, message: Message | None = None) -> dict[str, Any]:
        """Press the newest button of that label, or the one on `message`, even if it is not shown any more."""
        self._mark()
        if self.platform == "slack":
            which = {"message_ts": message.message_id} if message else {}
            return await self.cast.control("/slack/press", user=self.name, channel=self.chat, button=label, **which)
        if message is None:
            found = [m for m in self.messages() if label in labels(m)]
            assert found, f"{self.name} sees no button {label!r}"
            message = found[-1]
        return await self.cast.control(
            "/telegram/press", user=self.name, chat=int(self.chat), message_id=int(message.message_id), button=label
        )

    async def sends(self, data: str, message: Message) -> dict[str, Any]:
        """What a tampered Telegram client can do: press a button of any content under a message."""
        self._mark()
        return await self.cast.control(
            "/telegram/press", user=self.name, chat=int(self.chat), message_id=int(message.message_id), data=data
        )

    def messages(self) -> list[Message]:
        """What the bot wrote here for this person to see, oldest first, as it stands now."""
        found = self.cast.sandbox.world.record.messages(platform=self.platform, chat=self.chat)
        thread = str(self.thread) if self.thread else None
        return [
            m
            for m in found
            if m.sender == "bot"
            and not m.deleted
            and m.view.get("to") in (None, f"U0{self.name.upper()}")
            and (self.platform == "slack" or m.thread == thread)
        ]

    def news(self) -> list[Message]:
        """What is new or changed since the last thing said or pressed."""
        return [m for m in self.messages() if self._before.get(m.key, -1) < len(m.edits)]

    async def sees(self, text: str) -> Message:
        """The first message with this text that came after the last thing said or pressed (edits count)."""

        def look() -> Message | None:
            return next((m for m in self.news() if text in m.text), None)

        try:
            found: Message = await until(look)
        except AssertionError:
            seen = [m.text for m in self.messages()][-3:]
            raise AssertionError(f"{self.platform} {self.name} never saw {text!r}; saw {seen}") from None
        return found

    async def offers(self, label: str) -> Message:
        """The first message with this button that came or changed after the last thing said or pressed."""
        found: Message = await until(lambda: next((m for m in self.news() if label in labels(m)), None), label)
        return found

    def has(self, text: str) -> list[Message]:
        """Every message here that contains this text."""
        return [m for m in self.messages() if text in m.text]

    async def settled(self) -> list[Message]:
        """What was new before a later question was answered: updates of one chat are handled in their order."""
        before = self._before
        await self.says("/help start")
        mark = await self.sees(self.word("/start"))
        self._before = before
        return [m for m in self.news() if m.key != mark.key]

    async def subscriber(self) -> Subscriber | None:
        """What is stored for this place."""
        return await self.cast.process.kit.subscribers.get(self.address)

    def _mark(self) -> None:
        self._before = {m.key: len(m.edits) for m in self.messages()}


def labels(message: Message) -> list[str]:
    """The buttons under a message that can be pressed."""
    rows = message.view.get("buttons", [])
    if message.platform == "slack":
        return [button["label"] for button in rows]
    return [button["text"] for row in rows for button in row]


async def views(actor: Actor) -> dict[str, Any]:
    """The page and the form this person sees on Slack."""
    async with httpx.AsyncClient(trust_env=False, verify=TRUST) as client:
        reply = await client.get(f"{actor.cast.sandbox.url}/sandbox/slack/views", params={"user": actor.name})
    found: dict[str, Any] = reply.json()
    return found


class Cast:
    """Everybody, and what happens around them."""

    def __init__(self, sandbox: Running, process: Process) -> None:
        self.sandbox, self.process = sandbox, process

    def on(self, platform: str, name: str, chat: str | None = None, thread: int | None = None) -> Actor:
        """This person on this platform: in private, or in `chat` (Telegram id, Slack channel id)."""
        if chat is None:
            chat = str(TELEGRAM_IDS[name]) if platform == "telegram" else f"D0{name.upper()}"
        return Actor(self, name, platform, chat, thread)

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        """One call of the sandbox's control API."""
        async with httpx.AsyncClient(timeout=15, trust_env=False, verify=TRUST) as client:
            reply = await client.post(f"{self.sandbox.url}/sandbox{path}", json=body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        answer: dict[str, Any] = reply.json()
        return answer

    async def ready(self, sources: int) -> None:
        """Until polling and socket are open and every source has its baseline."""
        await until(lambda: self.sandbox.world.updates._poll is not None, "polling")
        await until(lambda: self.sandbox.world.slack.wire.sockets, "the socket")

        async def scanned() -> bool:
            return len(await self.process.kit.stories.sources()) >= sources

        await until(scanned, "the baseline")

    async def publish(self, site: Path, slug: str, title: str, excerpt: str = "", **front: str) -> Path:
        """Write a post under today's date, as an editor's machine would: a temporary file, then a rename.

        `day` names another date.
        """
        day = front.pop("day", datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat())
        lines = ["---", f"title: {title!r}", *(f"{key}: {value}" for key, value in front.items())]
        text = "\n".join([*lines, f"excerpt: {excerpt!r}" if excerpt else "layout: post", "---", "본문이다.", ""])
        path = site / "_posts" / f"{day}-{slug}.md"
        draft = site / f".{slug}.tmp"
        draft.write_text(text, "utf-8")
        draft.rename(path)
        return path

    async def forget(self, actor: Actor) -> None:
        """This place was never here."""
        where = actor.address
        await self.process.kit.redis.call("HDEL", keys.index(where.platform, where.chat), where.chat)

    async def stories(self, *, held: bool = False) -> list[dict[str, Any]]:
        """The rows of `newsbot stories`, newest first."""
        return await self.process.kit.report.recent(50, held=held)

    async def story(self, headline: str) -> dict[str, Any]:
        """The row of the story with this headline, once there is one."""

        async def look() -> dict[str, Any] | None:
            return next((row for row in await self.stories() if headline in row["headline"]), None)

        found: dict[str, Any] = await until(look, f"a story {headline!r}")
        return found

    async def held(self, headline: str, why: str) -> str:
        """The id of the story with this headline that waits for that reason, once there is one."""

        async def look() -> dict[str, Any] | None:
            rows = await self.stories(held=True)
            return next((row for row in rows if headline in row["headline"] and row["reason"] == why), None)

        found: dict[str, Any] = await until(look, f"{headline!r} held: {why}")
        assert found["state"] == "held"
        return str(found["id"])

    async def done(self, story: str) -> dict[str, Any]:
        """The row of this story once nothing of it is left to send."""

        async def look() -> dict[str, Any] | None:
            return next((row for row in await self.stories() if row["id"] == story and row["state"] == "done"), None)

        found: dict[str, Any] = await until(look, f"the end of {story}")
        return found

    async def audit(self) -> list[dict[str, str]]:
        """What was written down, oldest first."""
        rows = await self.process.kit.redis.call("XRANGE", keys.AUDIT, "-", "+")
        entries = []
        for _, fields in rows:
            pairs = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2], strict=True)
            entries.append({name.decode(): value.decode() for name, value in pairs})
        return entries
