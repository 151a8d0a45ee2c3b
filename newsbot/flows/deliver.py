"""Ledger → platform, the only way out:

    begin (which, allowed now, intent written) → render → send → outcome → commit

A window is begun, sent side by side and committed as one; several windows run at a time, so that one slow chat holds up
only its own.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from newsbot.core import delivery
from newsbot.core.model import (
    Gone,
    Intent,
    Later,
    Moved,
    Outcome,
    Refused,
    Rendered,
    Sent,
    Stopped,
    Story,
    Uncertain,
    Window,
)
from newsbot.ports import Clock, Ledger, Platform, StoreDown, Stories, Subscribers

log = structlog.get_logger()

WINDOW = 16
RENDERED_KEPT = 64


@dataclass(frozen=True)
class Deliver:
    """One bot's sender: `once` is one window. Windows that run side by side need a `worker` name each: the ledger keeps
    the last reply of `begin` per worker, for a repeated request."""

    platform: Platform
    stories: Stories
    subscribers: Subscribers
    ledger: Ledger
    render: Callable[[Story, str, str], Rendered]
    """(story, platform, language) → what is sent; pure."""
    worker: str
    rate: float
    clock: Clock
    observe: Callable[[str, str, float], None]
    """(platform, outcome, seconds since the story was accepted): for the metrics."""
    jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000
    _cache: OrderedDict[tuple[str, str], tuple[Rendered, float]] = field(default_factory=OrderedDict)
    _refusals: Counter[str] = field(default_factory=Counter)

    async def once(self) -> Window:
        """Begin one window, send it, commit it; what was begun. Raises StoreDown before anything was begun."""
        bot = self.platform.name
        nonce = secrets.token_hex(8)
        window = await self.ledger.begin(bot, self.worker, nonce, WINDOW, self.rate)
        if not window.intents:
            return window
        outcomes = await asyncio.gather(*(self._send(window.push, intent) for intent in window.intents))
        results = [
            (intent, outcome, delivery.delay(outcome, intent.attempt, self.jitter()))
            for intent, outcome in zip(window.intents, outcomes, strict=True)
        ]
        await self._commit(bot, window.push, results)
        for intent, outcome in zip(window.intents, outcomes, strict=True):
            await self._follow_up(window.push, intent, outcome)
        if stop := next((outcome for outcome in outcomes if isinstance(outcome, Stopped)), None):
            log.critical("token.refused", platform=bot, why=stop.why)
            raise BotStopped(stop.why)
        return window

    async def _send(self, push: str, intent: Intent) -> Outcome:
        try:
            found = await self._rendered(push, intent.language)
        except StoreDown as error:
            return Later(None, str(error))  # nothing has left yet
        if found is None:
            return Refused("story not found")
        message, accepted_at = found
        try:
            async with asyncio.timeout(delivery.SEND_TIMEOUT):
                outcome = await self.platform.send(intent.address, message)
        except TimeoutError:
            outcome = Uncertain("no answer in time")
        self.observe(self.platform.name, type(outcome).__name__.lower(), self.clock().timestamp() - accepted_at)
        return outcome

    async def _rendered(self, push: str, language: str) -> tuple[Rendered, float] | None:
        key = (push, language)
        if key not in self._cache:
            story = await self.stories.get(push)
            if story is None:
                return None
            self._cache[key] = (self.render(story, self.platform.name, language), story.accepted_at)
            while len(self._cache) > RENDERED_KEPT:
                self._cache.popitem(last=False)
        return self._cache[key]

    async def _commit(self, bot: str, push: str, results: list[tuple[Intent, Outcome, float]]) -> None:
        """Keeps the receipts and repeats until the ledger has them; nothing new is begun by this window meanwhile."""
        while True:
            try:
                await self.ledger.commit(bot, push, results)
            except StoreDown as error:
                log.warning("commit.waits", platform=bot, push=push, receipts=len(results), error=str(error))
                await asyncio.sleep(0.5)
            else:
                return

    async def _follow_up(self, push: str, intent: Intent, outcome: Outcome) -> None:
        match outcome:
            case Sent() | Later() | Stopped():
                return
            case Uncertain(why):
                log.warning("in_doubt", platform=self.platform.name, story=push, index=intent.index, why=why)
            case Gone(why, state):
                await self.subscribers.set_state(intent.address, state)
                log.info("chat.gone", platform=self.platform.name, index=intent.index, why=why, state=state)
            case Moved(to):
                await self.subscribers.move(intent.address, to)
                log.info("chat.moved", platform=self.platform.name, index=intent.index)
            case Refused(why):
                self._refusals[push] += 1
                log.error("text.refused", platform=self.platform.name, story=push, why=why)
                if self._refusals[push] == delivery.REFUSALS_TO_STOP:
                    await self.ledger.cancel(self.platform.name, push)
                    log.critical("push.stopped", platform=self.platform.name, story=push, why=why)
            case _:
                assert_never(outcome)


class BotStopped(Exception):
    """The platform refused the token in the middle of work: nothing more is begun until it accepts one."""
