"""Long polling: every chat's updates in their order, chats beside one another, nothing confirmed before it is done."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from telegram.error import TelegramError

from newsbot.platforms.telegram.claim import Claim, ForeignPoller
from newsbot.platforms.telegram.inbound import ALLOWED
from newsbot.platforms.telegram.request import FastRequest

log = structlog.get_logger()

Handler = Callable[[dict[str, Any]], Awaitable[None]]

POLL = 25  # seconds one request waits for news; the server allows up to 50
PAGE = 100  # updates in one answer, the server's own limit
MOST = 5 << 20  # bytes of one answer; the open-source server ends a page at 4 MB
TOGETHER = 16  # chats handled at the same time
# Seconds a page may take before the next is asked for while some chat is still busy.
PATIENCE = 0.5
# Seconds between two pages without news: a server that answers at once must not be asked in a circle.
PACE = 0.3
# Seconds before polling again when somebody else does too: soon, or the other one would not hear of us.
CONFLICT = (2.0, 4.0)
# After a week of silence ids start anew, perhaps below the offset (Bot API, Update.update_id): forget it well before.
FORGET = 86400.0


class Lanes:
    """Runs updates one after another within a chat, up to TOGETHER chats at once."""

    def __init__(self, handle: Handler, tasks: asyncio.TaskGroup) -> None:
        self._handle = handle
        self._group = tasks
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(TOGETHER)
        self._lanes: dict[object, deque[dict[str, Any]]] = {}
        self.open: set[int] = set()
        self._changed = asyncio.Event()

    def put(self, update: dict[str, Any]) -> None:
        """Queue one update behind those of its chat."""
        self.open.add(update["update_id"])
        key = chat_of(update)
        if (lane := self._lanes.get(key)) is not None:
            lane.append(update)
            return
        self._lanes[key] = deque([update])
        task = self._group.create_task(self._run(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop(self) -> None:
        """End what is under way: nothing of it is confirmed, so whoever polls now hears of it."""
        for task in self._tasks:
            task.cancel()

    async def settle(self) -> None:
        """Wait until everything is done, PATIENCE at most."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.open:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    async def _run(self, key: object) -> None:
        lane = self._lanes[key]
        while lane:
            update = lane.popleft()
            async with self._room:
                await self._handle(update)
            self.open.discard(update["update_id"])
            self._changed.set()
        del self._lanes[key]


class Poller:
    """Asks getUpdates for ever. An update is confirmed once its handler returned; the handler never raises.

    `insist` takes a webhook away that another deployment set.
    """

    def __init__(
        self, request: FastRequest, url: str, handle: Handler, claim: Claim, insist: Callable[[], Awaitable[None]]
    ) -> None:
        self._request = request
        self._url = url
        self._handle = handle
        self._offset = 0  # the oldest update_id not confirmed yet
        self._seen: set[int] = set()
        self._claim = claim
        self._insist = insist
        self._failures = 0
        self._news_at = 0.0

    async def run(self) -> None:
        """Poll until cancelled; network errors and refusals only make it wait. Raises ForeignPoller."""
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(self._handle, tasks)
            try:
                while True:
                    await self._turn(lanes)
            except ForeignPoller as error:
                foreign = error  # raised outside, or it would come in a group
                lanes.drop()
        raise foreign

    async def _turn(self, lanes: Lanes) -> None:
        """One page, handed on; or the wait after none."""
        clock = asyncio.get_running_loop().time
        asked = clock()
        updates = await self._page(lanes)
        if updates is None:
            return
        self._failures = 0
        for update in updates:
            if (ident := update["update_id"]) not in self._seen:
                self._seen.add(ident)
                lanes.put(update)
        await lanes.settle()
        self._advance(lanes, clock(), news=bool(updates))
        if not updates:
            await asyncio.sleep(max(0.0, PACE - (clock() - asked)))

    def _advance(self, lanes: Lanes, now: float, *, news: bool) -> None:
        if news or lanes.open:
            self._news_at = now
            self._offset = min(lanes.open, default=max(self._seen) + 1)
            self._seen = {ident for ident in self._seen if ident >= self._offset}
        elif now - self._news_at > FORGET:
            self._offset = 0  # the empty page confirmed all before it

    async def _page(self, lanes: Lanes) -> list[dict[str, Any]] | None:
        """The updates waiting; None after a failure that has been logged and waited for. Raises ForeignPoller."""
        wait = 0 if lanes.open else POLL  # the unconfirmed would come back at once anyway
        ask = {"offset": self._offset, "limit": PAGE, "timeout": wait, "allowed_updates": ALLOWED}
        body = json.dumps({key: value for key, value in ask.items() if key != "offset" or value}).encode()
        try:
            status, data = await self._request.send(self._url, body, wait + 15.0, MOST)
        except TelegramError as error:
            await self._failed(why=str(error))
            return None
        updates, why = read(status, data)
        if updates is not None:
            self._claim.held()
            return updates
        if status == 409:
            await self._conflict(why)
        else:
            await self._failed(status=status, why=why)
        return None

    async def _failed(self, **what: Any) -> None:
        log.warning("telegram.poll_failed", **what)
        self._failures += 1
        await asyncio.sleep(min(30.0, 2.0 ** min(self._failures, 5)) * random.uniform(0.5, 1.0))

    async def _conflict(self, why: str) -> None:
        """Somebody else polls with our token, or set a webhook; whoever was here first insists."""
        self._claim.lost(why)
        if self._claim.old and "webhook" in why.lower():
            await self._insist()
        await asyncio.sleep(random.uniform(*CONFLICT))


def read(status: int, data: bytes) -> tuple[list[dict[str, Any]] | None, str]:
    """The updates of an answer, or None and why there are none."""
    try:
        answer = json.loads(data)
        if status == 200 and answer["ok"] is True:
            return [one for one in answer["result"] if isinstance(one["update_id"], int)], ""
        return None, str(answer.get("description", ""))[:200]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, "unreadable answer"


def chat_of(update: dict[str, Any]) -> object:
    """What orders the update: its chat, else the update itself (which then waits for nobody)."""
    for part in update.values():
        if isinstance(part, dict):
            message = part.get("message") if isinstance(part.get("message"), dict) else part
            chat = message.get("chat") if isinstance(message, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return chat["id"]
    return ("update", update["update_id"])
