"""Bolt as parser and acknowledger: every command, press and event goes through one door."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.core.model import Inbound, Reply
from newsbot.platforms.slack.answer import payload_of
from newsbot.platforms.slack.inbound import Me, from_command, from_event, from_press
from newsbot.ports import Door, StoreDown

log = structlog.get_logger()

Payload = dict[str, Any]
Acknowledge = Callable[..., Awaitable[Any]]
Say = Callable[[Inbound, Sequence[Reply]], Awaitable[None]]

# Slack waits 3 seconds for an acknowledgement; what takes longer is answered afterwards.
BUDGET = 2.5
# Seconds until the second answer of a command: the first travels with the acknowledgement and should be read first.
AFTER = 0.3

TOGETHER = 16  # updates at the door at the same time; a flood waits here instead of growing in the store

ANY = re.compile(".*")

# The library writes whole request bodies below this level, and looks at the logger's own level, not the inherited.

T = TypeVar("T")

library_log = logging.getLogger("newsbot.slack.library")
library_log.setLevel(logging.ERROR)


class Listener:
    """One Bolt app with catch-all listeners. Work that outlives its acknowledgement is kept until `close`."""

    def __init__(self, door: Door, say: Say, me: Callable[[], Me], web: AsyncWebClient) -> None:
        self._door = door
        self._say = say
        self._me = me
        self._room = asyncio.Semaphore(TOGETHER)
        self._work: set[asyncio.Task[Any]] = set()
        self.app = self._build(web)

    async def close(self) -> None:
        """Drop the work still going on."""
        work = list(self._work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    def _build(self, web: AsyncWebClient) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            # Without this Bolt asks auth.test before every single event.
            me = self._me()
            return AuthorizeResult(
                enterprise_id=me.enterprise or None,
                team_id=me.team,
                bot_user_id=me.user,
                bot_id=me.bot,
                bot_token=web.token,
            )

        app = AsyncApp(
            name="bolt",  # a logger of this name gets its level set by the library: not ours
            client=web,
            authorize=authorize,
            logger=library_log,
            # Acknowledge when the door is done, not before: a crash in between must not lose an event.
            process_before_response=True,
            request_verification_enabled=False,  # door.Guard did it over the raw body; sockets carry no signature
        )

        async def command(body: Payload, ack: Acknowledge) -> None:
            await self._command(body, ack)

        async def press(body: Payload, ack: Acknowledge) -> None:
            await ack()
            await self._through(from_press(body, self._me()))

        async def event(body: Payload) -> None:
            self._notice(body)
            await self._through(from_event(body, self._me()))

        async def failed(error: Exception) -> None:
            # Answered with 500 (or not at all over a socket); Slack tries an event again and tells who typed a command.
            log.warning("slack.not_acknowledged", why=type(error).__name__)

        app.error(failed)
        app.command(ANY)(command)
        app.action(ANY)(press)
        app.event(ANY)(event)
        return app

    async def _command(self, body: Payload, ack: Acknowledge) -> None:
        """The first answer goes into the acknowledgement, the others after it."""
        inbound = from_command(body, self._me())
        if inbound is None:
            await ack()
            return
        asked = self._keep(self._ask(inbound))
        done, _ = await asyncio.wait({asked}, timeout=BUDGET)
        if not done:
            await ack()
            self._keep(self._finish(inbound, asked))
            return
        replies = asked.result()
        if not replies:
            await ack()
            return
        await ack({"response_type": "ephemeral", **payload_of(replies[0])})
        if len(replies) > 1:
            self._keep(self._rest(inbound, replies[1:]))

    async def _through(self, inbound: Inbound | None) -> None:
        """Ask the door and say its answers, in the background once the budget is spent. Raises StoreDown."""
        if inbound is None:
            return
        asked = self._keep(self._ask(inbound))
        finish = self._keep(self._finish(inbound, asked))
        await asyncio.wait({finish}, timeout=BUDGET)
        if asked.done() and not asked.cancelled():
            asked.result()

    async def _ask(self, inbound: Inbound) -> Sequence[Reply]:
        try:
            async with self._room:
                return await self._door(inbound)
        except StoreDown:
            raise  # not acknowledged: Slack tries an event again
        except Exception:
            log.exception("slack.update_failed", event_id=inbound.event)
            return ()

    async def _finish(self, inbound: Inbound, asked: asyncio.Task[Sequence[Reply]]) -> None:
        try:
            replies = await asked
        except StoreDown:
            log.warning("slack.store_down", event_id=inbound.event)
            return
        await self._say(inbound, replies)

    async def _rest(self, inbound: Inbound, replies: Sequence[Reply]) -> None:
        await asyncio.sleep(AFTER)
        await self._say(inbound, replies)

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _notice(self, body: Payload) -> None:
        """Say in the log what ends the installation; sending will find out by itself."""
        event = body.get("event")
        kind = event.get("type") if isinstance(event, dict) else None
        if kind in ("app_uninstalled", "tokens_revoked"):
            log.error("slack.installation_ended", event_type=kind)
