"""What the sandbox keeps open towards the app: sockets, unanswered envelopes, response URLs, retries under way."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket

TRIGGER_SECONDS = 3.0  # docs.slack.dev/surfaces/modals: a trigger_id expires after three seconds and works once
KEPT_TRIGGERS = 1000
CODE_SECONDS = 600  # docs.slack.dev/authentication/installing-with-oauth: a code expires after ten minutes
RESPONSE_USES, RESPONSE_SECONDS = 5, 1800  # docs.slack.dev/interactivity/handling-user-interaction#message_responses


@dataclass(slots=True)
class ResponseUrl:
    """A short right to answer in a channel, given with every command and press."""

    channel: str
    user: str
    made: float
    original: str = ""  # ts of the message the button was on
    team: str = ""  # the workspace whose bot answers; "": the first
    uses: int = 0

    def refusal(self, now: float) -> str:
        """Why it may not be used any more, or nothing."""
        if now - self.made > RESPONSE_SECONDS:
            return "expired_url"
        return "used_url" if self.uses >= RESPONSE_USES else ""


@dataclass(slots=True)
class Trigger:
    """A short right to open a modal for one person, given with everything that person does."""

    user: str
    made: float
    used: bool = False
    team: str = ""  # the workspace whose bot may open something; "": the first

    def refusal(self, now: float) -> str:
        """Why it opens nothing any more, or nothing."""
        if self.used:
            return "exchanged_trigger_id"
        return "expired_trigger_id" if now - self.made > TRIGGER_SECONDS else ""


@dataclass(slots=True)
class Grant:
    """What a person agreed to on the consent page; its code is exchanged for a token once."""

    team: str
    user: str
    scopes: frozenset[str]
    redirect_uri: str  # "": the request named none
    made: float
    used: bool = False

    def good(self, now: float) -> bool:
        """Whether its code still counts."""
        return not self.used and now - self.made <= CODE_SECONDS


@dataclass(slots=True)
class Ack:
    """How one delivery ended: acknowledged or why not, and what the app said with it."""

    acked: bool
    payload: dict[str, Any] | None = None
    reason: str = ""
    retry: bool = True


@dataclass(slots=True)
class Wire:
    """Open ends of one sandbox; `close` lets all of them go."""

    base: str = ""  # where the app reaches this sandbox, learned from its calls
    sockets: list[WebSocket] = field(default_factory=list)
    tickets: set[str] = field(default_factory=set)
    pending: dict[str, asyncio.Future[dict[str, Any] | None]] = field(default_factory=dict)
    urls: dict[str, ResponseUrl] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)  # by code
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    turn: int = 0

    def ticket(self) -> str:
        """A one-time pass for a socket."""
        ticket = secrets.token_urlsafe(16)
        self.tickets.add(ticket)
        return ticket

    def next_socket(self) -> WebSocket | None:
        """The socket whose turn it is: each envelope goes to one of them."""
        if not self.sockets:
            return None
        self.turn += 1
        return self.sockets[self.turn % len(self.sockets)]

    def response_url(self, entry: ResponseUrl) -> str:
        """A new address for answers."""
        key = secrets.token_urlsafe(16)
        self.urls[key] = entry
        return f"{self.base}/response/{key}"

    def trigger(self, user: str, now: float, team: str = "") -> str:
        """A new trigger_id for this person, given to the bot of this workspace; the oldest are forgotten."""
        key = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[key] = Trigger(user, now, team=team)
        if len(self.triggers) > KEPT_TRIGGERS:
            del self.triggers[next(iter(self.triggers))]
        return key

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run retries without anyone waiting for them."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """End retries and sockets."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for socket in list(self.sockets):
            with contextlib.suppress(RuntimeError):
                await socket.close(1001)
