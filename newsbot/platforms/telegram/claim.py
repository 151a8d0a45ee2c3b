"""Who works with a token that two deployments use: whoever came first insists, whoever came second gives in.

Telegram hands updates to one poller or one webhook at a time and lets the newest have them, so two deployments throw
each other out again and again. Each hears of it (409 on getUpdates, another address in getWebhookInfo) and takes the
token back; whoever has had it undisturbed for YOUNG seconds goes on doing so, the other one soon stops.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

YOUNG = 60.0  # seconds after its first undisturbed moment in which a receiver gives in
LOSSES = 3  # so often thrown out …
WITHIN = 30.0  # … in so many seconds
LOOK = 5.0  # seconds between two looks at the webhook
TELL = 60.0  # seconds between two lines about the same trouble


class ForeignPoller(Exception):
    """Somebody else receives for this bot, and was there before us; nothing is received any more. One line."""


class Claim:
    """How long this receiver has had the token, and how often it was thrown out."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._young = YOUNG
        self._since: float | None = None
        self._losses: deque[float] = deque(maxlen=LOSSES)
        self._told = -TELL

    @property
    def old(self) -> bool:
        """Whether we were here first."""
        return self._since is not None and self._clock() - self._since >= self._young

    def held(self) -> None:
        """The token was ours just now."""
        if self._since is None:
            self._since = self._clock()

    def lost(self, why: str) -> None:
        """It was taken from us. Raises ForeignPoller where that is the other one's right."""
        now = self._clock()
        self._losses.append(now)
        if not self.old and len(self._losses) == LOSSES and now - self._losses[0] <= WITHIN:
            raise ForeignPoller(why)
        if now - self._told >= TELL:
            self._told = now
            log.critical("telegram.token_shared", why=why, hint="another deployment uses this token: stop one of them")


async def watch(
    claim: Claim, ours: str, current: Callable[[], Awaitable[str | None]], insist: Callable[[], Awaitable[None]]
) -> None:
    """Until cancelled, see that the webhook is `ours` and `insist` where it is not. Raises ForeignPoller.

    `current` asks for the address that is set, None where that is not answered.
    """
    while True:
        url = await current()
        if url == ours:
            claim.held()
        elif url is not None:
            claim.lost("another webhook was set" if url else "the webhook was removed")
            await insist()
        await asyncio.sleep(LOOK)
