"""Answers that go again: in a busy group what one person asked for need not stay for everybody.

Kept in memory, and only so many: what a restart or a flood forgets simply stays.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

STAYS = 60.0  # seconds an answer can be read
MOST = 1000  # messages waiting to go; the oldest is forgotten for the newest


class Passing:
    """Deletes what it was given, STAYS seconds after it was last given. `delete` (chat, message) never raises."""

    def __init__(self, delete: Callable[[int, int], Awaitable[object]]) -> None:
        self._delete = delete
        self._due: OrderedDict[tuple[int, int], float] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def put(self, chat: int, message: int) -> None:
        """Let this message go after a while; one that is used again meanwhile stays longer."""
        self._due.pop((chat, message), None)
        self._due[chat, message] = asyncio.get_running_loop().time() + STAYS
        if len(self._due) > MOST:
            self._due.popitem(last=False)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Forget what waits."""
        self._due.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._due:
            message, due = next(iter(self._due.items()))
            if (wait := due - clock()) > 0:
                await asyncio.sleep(wait)
                continue  # meanwhile it may have been used again
            del self._due[message]
            await self._delete(*message)
