"""How the bot hears of things: one queue of updates, handed out by long polling or pushed to a webhook."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from newsbot.sandbox.clock import Clock
from newsbot.sandbox.post import post_json
from newsbot.sandbox.telegram.error import (
    POLL_ENDED_BY_WEBHOOK,
    POLL_TWICE,
    POLL_WHILE_WEBHOOK,
    ApiError,
    bad,
)

MAX_POLL = 50  # seconds; the open-source server's own ceiling for getUpdates
MAX_BATCH = 100  # Bot API getUpdates: limit 1-100
KEPT = 24 * 3600  # Bot API: updates are kept for 24 hours
KEPT_CALLBACK = 150  # seconds a callback query stays queued (open-source server)
LONGEST_PAUSE = 60.0  # webhook retries start at 1 s and double up to about a minute
PORTS = frozenset({80, 88, 443, 8443})  # Bot API setWebhook
CONFLICT_PAUSE = 3.0  # seconds; the open-source server answers a second 409 within so many only that much later
NEVER_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_SECRET = re.compile(r"^[A-Za-z0-9_-]{1,256}$")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Queued:
    """One update waiting for the bot."""

    update: dict[str, Any]
    queue: str  # updates of one chat keep their order
    until: float

    @property
    def id(self) -> int:
        """Its update_id."""
        return int(self.update["update_id"])


class Updates:
    """The queue with both ways out; only one is open at a time."""

    def __init__(self, clock: Clock, first_id: int = 700_000_001) -> None:
        self.clock = clock
        self.waiting: deque[Queued] = deque()
        self.allowed: frozenset[str] | None = None  # None: all but NEVER_BY_DEFAULT; kept from call to call
        self.url = ""
        self.secret = ""
        self.max_connections = 40
        self.last_error: dict[str, Any] = {}
        self._next_id = first_id
        self.conflict_pause = CONFLICT_PAUSE
        self._conflict_at = -math.inf
        self._asked_at: float | None = None
        self._poll: asyncio.Future[None] | None = None
        self._pushers: dict[str, asyncio.Task[None]] = {}
        self._queues: defaultdict[str, deque[Queued]] = defaultdict(deque)
        self._slots = asyncio.Semaphore(self.max_connections)

    def push(self, kind: str, body: dict[str, Any], queue: str) -> int | None:
        """Makes an update of this kind; its id, or None when the bot did not ask for the kind."""
        wanted = kind in self.allowed if self.allowed is not None else kind not in NEVER_BY_DEFAULT
        if not wanted:
            return None
        number, self._next_id = self._next_id, self._next_id + 1
        life = KEPT_CALLBACK if kind == "callback_query" else KEPT
        item = Queued({"update_id": number, kind: body}, queue, self.clock.now() + life)
        self._take_in(item)
        return number

    @property
    def listening(self) -> bool:
        """Whether a bot takes updates: by a webhook, or by having polled within the longest poll there is."""
        asked = self._asked_at
        return bool(self.url) or (asked is not None and self.clock.monotonic() - asked <= MAX_POLL + 5)

    def replay(self, update: dict[str, Any], queue: str) -> None:
        """Delivers an update once more under its old id, as the real server does when it doubts."""
        self._take_in(Queued(update, queue, self.clock.now() + KEPT))

    def _take_in(self, item: Queued) -> None:
        if self.url:
            self._queue_push(item)
            return
        self.waiting.append(item)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def poll(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """The answer of getUpdates; a second poll ends the first one with 409."""
        if self.url:
            await self._pause_conflict()
            raise ApiError(409, POLL_WHILE_WEBHOOK)
        self._asked_at = self.clock.monotonic()
        limit = params.get("limit", MAX_BATCH)
        self.allow(params)
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError(409, POLL_TWICE))
        self._confirm(params.get("offset", 0))
        timeout = min(MAX_POLL, max(0, params.get("timeout", 0)))
        if not self.waiting and timeout:
            self._poll = mine = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(mine, timeout)
            except TimeoutError:
                return []
            except ApiError:
                await self._pause_conflict()
                raise
            finally:
                if self._poll is mine:
                    self._poll = None
        limit = limit if 1 <= limit <= MAX_BATCH else MAX_BATCH
        return [item.update for item in list(self.waiting)[:limit]]

    async def _pause_conflict(self) -> None:
        """The first 409 comes at once, each one soon after it late (tdlib/telegram-bot-api, fail_query_conflict)."""
        now = asyncio.get_running_loop().time()
        if now < self._conflict_at:
            await asyncio.sleep(self.conflict_pause)
        else:
            self._conflict_at = now + self.conflict_pause

    def _confirm(self, offset: int) -> None:
        """Forgets what the offset confirms; a negative one keeps only that many from the end."""
        now = self.clock.now()
        live = [item for item in self.waiting if item.until > now]
        live = live[offset:] if offset < 0 else [item for item in live if item.id >= offset]
        self.waiting = deque(live)

    def allow(self, params: dict[str, Any]) -> None:
        """Remembers `allowed_updates`; an empty list means the default again."""
        kinds = params.get("allowed_updates")
        if kinds is None:
            return
        if not all(isinstance(kind, str) for kind in kinds):
            raise bad("can't parse allowed_updates: strings expected")
        self.allowed = frozenset(kinds) or None

    async def set_webhook(self, params: dict[str, Any]) -> str:
        """Starts pushing to `url` (or stops, when it is empty); the description of the answer."""
        url = params.get("url", "")
        if not url:
            return await self.delete_webhook(params)
        _check_url(url)
        secret = params.get("secret_token", "")
        if secret and not _SECRET.match(secret):
            raise bad("secret token contains unallowed characters")
        connections = params.get("max_connections", 40)
        if not 1 <= connections <= 100:
            raise bad("max_connections must be between 1 and 100")
        self.allow(params)
        same = (url, secret, connections) == (self.url, self.secret, self.max_connections)
        await self._stop_pushing()
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError(409, POLL_ENDED_BY_WEBHOOK))
        self.url, self.secret, self.max_connections = url, secret, connections
        self._slots = asyncio.Semaphore(connections)
        backlog = [] if params.get("drop_pending_updates") else list(self.waiting)
        self.waiting.clear()
        for item in backlog:
            self._queue_push(item)
        return "Webhook is already set" if same else "Webhook was set"

    async def delete_webhook(self, params: dict[str, Any]) -> str:
        """Stops pushing; what was not delivered waits for polling unless dropped."""
        had, self.url, self.secret, self.last_error = bool(self.url), "", "", {}
        await self._stop_pushing()
        if params.get("drop_pending_updates"):
            self.waiting.clear()
        return "Webhook was deleted" if had else "Webhook is already deleted"

    def info(self) -> dict[str, Any]:
        """The WebhookInfo object."""
        info: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.waiting) + sum(len(queue) for queue in self._queues.values()),
            **self.last_error,
        }
        if self.url:
            info["max_connections"] = self.max_connections
        if self.allowed is not None:
            info["allowed_updates"] = sorted(self.allowed)
        return info

    async def stop(self) -> None:
        """Ends every waiting poll and push, for shutdown."""
        await self._stop_pushing()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def _stop_pushing(self) -> None:
        tasks = list(self._pushers.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._pushers.clear()
        left = [item for queue in self._queues.values() for item in queue]
        self._queues.clear()
        self.waiting = deque(sorted([*self.waiting, *left], key=lambda item: item.id))

    def _queue_push(self, item: Queued) -> None:
        self._queues[item.queue].append(item)
        if item.queue not in self._pushers:
            self._pushers[item.queue] = asyncio.create_task(self._push_queue(item.queue))

    async def _push_queue(self, name: str) -> None:
        """Delivers one chat's updates in order: the head is retried until it is taken or too old."""
        queue, pause = self._queues[name], 1.0
        while queue:
            item = queue[0]
            if item.until <= self.clock.now():
                queue.popleft()
                continue
            async with self._slots:
                problem, wish = await self._deliver(item)
            if problem is None:
                queue.popleft()
                pause = 1.0
                continue
            self.last_error = {"last_error_date": int(self.clock.now()), "last_error_message": problem}
            await asyncio.sleep(wish or pause)
            pause = min(LONGEST_PAUSE, pause * 2)
        del self._queues[name], self._pushers[name]

    async def _deliver(self, item: Queued) -> tuple[str | None, float | None]:
        """The problem (None when taken) and the Retry-After that the receiver asked for."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            status, answer = await post_json(self.url, json.dumps(item.update).encode(), headers)
        except (OSError, TimeoutError, ValueError, EOFError) as problem:
            return f"Connection failed: {problem}"[:200], None
        if 200 <= status < 300:
            return None, None
        wish = answer.get("retry-after", "")
        return f"Wrong response from the webhook: {status}", float(wish) if wish.isdigit() else None


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad("invalid webhook URL specified") from None
    if parts.hostname in _LOOPBACK:
        return  # like a local Bot API server, which takes plain HTTP on any port of this machine
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
