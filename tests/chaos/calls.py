"""The calls of one method as the sandbox saw them, one by one: what a row that is about timing judges."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cast import until
from tests.chaos.stage import Stage

METHODS = {"telegram": "sendMessage", "slack": "chat.postMessage"}
BLUR = 0.2
"""Seconds between a call's arrival and its outcome in the ledger, at most, for what is judged by both."""
PAUSE = re.compile(r"(?:retry after|Retry-After:) (\d+)$")


@dataclass(frozen=True)
class Call:
    """One call: when it arrived (unix seconds), where it went, how it was answered (status 0: not at all)."""

    at: float
    chat: str
    status: int
    fault: str | None
    pause: float
    """Seconds a 429 asked for; 0 where it did not say or said nonsense."""


@dataclass
class Calls:
    """Every send on one platform from the moment it listens, in order of arrival."""

    stage: Stage
    platform: str
    _found: list[Call] = field(default_factory=list)
    _missed: bool = False

    @classmethod
    async def listen(cls, stage: Stage, platform: str = "telegram") -> Calls:
        """From now on, which must be before the first send, until the row ends."""
        calls, open_ = cls(stage, platform), asyncio.Event()
        task = asyncio.create_task(calls._follow(open_))

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        stage.at_end(end)
        await open_.wait()
        return calls

    async def all(self) -> list[Call]:
        """Those that have been answered by now. Fails where some were missed."""
        count = await self.stage.sandbox.calls(self.platform, METHODS[self.platform])
        await until(lambda: len(self._found) >= count or self._missed, f"{count} calls are heard of", 30)
        assert not self._missed, "the harness was too slow for the sandbox's events"
        return sorted(self._found, key=lambda call: call.at)

    async def _follow(self, open_: asyncio.Event) -> None:
        url = self.stage.sandbox.facts["control"] + "/events"
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client, client.stream("GET", url) as stream:
            async for line in stream.aiter_lines():
                open_.set()
                if line.startswith("data: "):
                    self._take(json.loads(line.removeprefix("data: ")))

    def _take(self, change: dict[str, Any]) -> None:
        self._missed |= change["kind"] == "gap"
        call = change.get("call", {})
        if (call.get("platform"), call.get("method")) == (self.platform, METHODS[self.platform]):
            said = PAUSE.search(f"{call['error']} {call['detail']}".strip()) if call["status"] == 429 else None
            pause = float(said[1]) if said else 0.0
            self._found.append(Call(call["at"], call["chat"], call["status"], call["fault"], pause))


def floods(calls: Sequence[Call]) -> list[Call]:
    """The refusals for being too fast among them."""
    return [call for call in calls if call.status == 429]


def too_early(calls: Sequence[Call]) -> int:
    """How many went to a chat before the pause was over that this chat had asked for."""
    free: dict[str, float] = {}
    early = 0
    for call in calls:
        early += call.at < free.get(call.chat, 0.0)
        if call.status == 429:
            free[call.chat] = max(free.get(call.chat, 0.0), call.at + call.pause)
    return early


def freezes(calls: Sequence[Call]) -> Iterator[tuple[float, float]]:
    """From when to when the whole bot had to be still: three different chats refused within a second, for the shortest of
    their pauses (unix seconds; what overlaps comes as one). Where the clocks of sandbox and ledger might differ about it,
    the bot's side is taken."""
    refused = floods(calls)
    begin = end = 0.0
    for call in refused:
        if len({one.chat for one in refused if call.at - 1 + BLUR < one.at <= call.at}) < 3:
            continue
        still = call.at + min(one.pause for one in refused if call.at - 1 - BLUR < one.at < call.at + BLUR)
        if end and call.at > end:
            yield begin, end
        begin, end = (call.at, still) if call.at > end else (begin, max(end, still))
    if end:
        yield begin, end


def share(calls: Sequence[Call]) -> float:
    """Which part of them was refused for being too fast, in per cent."""
    return round(100 * len(floods(calls)) / max(len(calls), 1), 2)


def pace(calls: Sequence[Call]) -> float:
    """Calls a second from the first to the last."""
    return (len(calls) - 1) / max(calls[-1].at - calls[0].at, 0.001) if len(calls) > 1 else 0.0
