"""The cast: people who say things in the sandbox and see what comes back, on both platforms with the same words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from newsbot.procs.runtime import Process
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running

PATIENCE = 10.0
"""Seconds until a test that waits for something to happen gives up; no test passes by waiting."""

TELEGRAM_IDS = {"Rae": 1001, "Ed": 2001, "Eve": 2002, "Olu": 3001, "Sam": 9001}


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
    """One person on one platform in one chat."""

    cast: Cast
    name: str
    platform: str
    chat: str
    _seen: int = 0

    async def says(self, text: str, **how: Any) -> dict[str, Any]:
        """Type it; on Slack the words after /news. Returns the sandbox's answer."""
        self._seen = len(self.messages())
        if self.platform == "telegram":
            return await self.cast.control("/telegram/say", user=self.name, chat=int(self.chat), text=text, **how)
        words = text.removeprefix("/")
        return await self.cast.control("/slack/command", user=self.name, channel=self.chat, text=words, **how)

    async def presses(self, label: str) -> dict[str, Any]:
        """Press the newest button of that label."""
        self._seen = len(self.messages())
        if self.platform == "slack":
            return await self.cast.control("/slack/press", user=self.name, channel=self.chat, button=label)
        found = [m for m in self.messages() if any(b.get("text") == label for row in _rows(m) for b in row)]
        assert found, f"{self.name} sees no button {label!r}"
        return await self.cast.control(
            "/telegram/press", user=self.name, chat=int(self.chat), message_id=int(found[-1].message_id), button=label
        )

    def messages(self) -> list[Message]:
        """What the bot wrote in this chat, oldest first, as it stands now."""
        found = self.cast.sandbox.world.record.messages(platform=self.platform, chat=self.chat)
        return [m for m in found if m.sender == "bot" and not m.deleted]

    async def sees(self, text: str) -> Message:
        """The first message with this text that came after the last thing said or pressed (edits count)."""

        def look() -> Message | None:
            fresh = self.messages()[self._seen :]
            edited = [m for m in self.messages()[: self._seen] if m.edited_at]
            return next((m for m in [*fresh, *edited] if text in m.text), None)

        texts = [m.text for m in self.messages()]
        found: Message = await until(look, f"{self.platform} {self.name} sees {text!r}; saw {texts[-3:]}")
        return found


def _rows(message: Message) -> list[list[dict[str, Any]]]:
    markup = message.payload.get("reply_markup") or {}
    rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    return rows


class Cast:
    """Everybody, and what happens around them."""

    def __init__(self, sandbox: Running, process: Process) -> None:
        self.sandbox, self.process = sandbox, process

    def on(self, platform: str, name: str, chat: str | None = None) -> Actor:
        """This person on this platform: in private, or in `chat` (Telegram id, Slack channel id)."""
        if chat is None:
            chat = str(TELEGRAM_IDS[name]) if platform == "telegram" else f"D0{name.upper()}"
        return Actor(self, name, platform, chat)

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        """One call of the sandbox's control API."""
        async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
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
        """Write a post under today's date, as an editor's machine would: a temporary file, then a rename."""
        today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
        lines = ["---", f"title: {title!r}", *(f"{key}: {value}" for key, value in front.items())]
        text = "\n".join([*lines, f"excerpt: {excerpt!r}" if excerpt else "layout: post", "---", "본문이다.", ""])
        path = site / "_posts" / f"{today}-{slug}.md"
        draft = site / f".{slug}.tmp"
        draft.write_text(text, "utf-8")
        draft.rename(path)
        return path
