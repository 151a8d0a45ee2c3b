"""Chats that lost their rights: looked at now and then, and taken back by themselves with all they had chosen."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from newsbot.core import delivery, quarantine
from newsbot.core.quarantine import Quarantined
from newsbot.ports import Clock, Ledger, Platform, Subscribers

log = structlog.get_logger()

ROUND = 30
"""Chats looked at in one round."""

PACE = 1.0
"""Seconds between two looks: each is a request that counts against the limit the alerts need."""

LEASE = 60.0
"""Seconds the round is ours after each look: longer than the longest."""


@dataclass(frozen=True)
class Probe:
    """One round over what is due, by whoever has the lease; nothing is looked at while anything is being sent."""

    subscribers: Subscribers
    ledger: Ledger
    platforms: Mapping[str, Platform]
    clock: Clock
    bots: tuple[str, ...]
    owner: str
    """Of the lease: this worker's name."""
    count: Callable[[str, str], None]
    """(platform, what came of a look: back, not yet, unknown, given up, left): for the metrics."""
    jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def once(self) -> int:
        """How many chats came back."""
        return sum([await self._round(bot) for bot in self.bots if bot in self.platforms])

    async def _round(self, bot: str) -> int:
        back = 0
        for chat in await self.subscribers.probes(bot, ROUND):
            # Renewed for each: a round may last longer than the lease, and somebody else's must not run beside it.
            if await self.ledger.open(bot) or not await self._ours(bot):
                break
            back += await self._look(chat)
            await self.rest(PACE)
        await self.ledger.hold(bot, "probe", self.owner, 0)
        return back

    async def _ours(self, bot: str) -> bool:
        return await self.ledger.hold(bot, "probe", self.owner, LEASE)

    async def _look(self, chat: Quarantined) -> bool:
        """Look once and write down what came of it; whether the chat is back."""
        bot, answer, back = chat.address.platform, await self._ask(chat), False
        now = self.clock().timestamp()
        if answer:
            # Only from quarantine: whoever stopped or was erased meanwhile is not brought back.
            back = await self.subscribers.set_state(chat.address, "active", "quarantined")
            what = "back" if back else "left"
        elif answer is None:
            await self.subscribers.looked(chat.address, chat.tries, now + self._spread(quarantine.ASK_AGAIN))
            what = "unknown"
        elif now - chat.since >= quarantine.GIVEN_UP:
            await self.subscribers.set_state(chat.address, "stopped", "quarantined")
            what = "given up"
        else:
            tries = chat.tries + 1
            await self.subscribers.looked(chat.address, tries, now + quarantine.next_look(tries, self.jitter()))
            what = "not yet"
        self.count(bot, what)
        tell = log.info if what in ("back", "given up") else log.debug
        tell("chat.looked_at", platform=bot, index=chat.index, tries=chat.tries + 1, came=what)
        return back

    async def _ask(self, chat: Quarantined) -> bool | None:
        """Never raises: one poisonous chat must not keep the others waiting."""
        try:
            async with asyncio.timeout(delivery.SEND_TIMEOUT):
                return await self.platforms[chat.address.platform].probe(chat.address)
        except TimeoutError:
            return None
        except Exception:
            log.exception("probe.failed", platform=chat.address.platform, index=chat.index)
            return None

    def _spread(self, seconds: float) -> float:
        return quarantine.spread(seconds, self.jitter())
