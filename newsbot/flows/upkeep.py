"""What keeps the promises when something died: heartbeats, doubts, plans that were left over, second copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from newsbot.core import delivery
from newsbot.core.model import Later, Stopped, Uncertain
from newsbot.flows.plan import Plan
from newsbot.ports import Ledger, Platform, Subscribers

log = structlog.get_logger()


@dataclass(frozen=True)
class Upkeep:
    """One round, every second or so; any number of processes may do it side by side."""

    ledger: Ledger
    plan: Plan
    platforms: Mapping[str, Platform]
    subscribers: Subscribers
    bots: tuple[str, ...]

    async def once(self) -> int:
        """Plan what is owed, turn lost intents into doubt, take second copies away; how many became doubt."""
        await self.plan.owed()
        doubts = 0
        for bot in self.bots:
            reaped = await self.ledger.reap(bot, delivery.LEASE)
            if reaped:
                log.warning("in_doubt", platform=bot, deliveries=reaped, why="worker lost or overdue")
            doubts += reaped
        for bot, platform in self.platforms.items():
            for push, index, ref in await self.ledger.copies(bot):
                await self._take_away(platform, push, index, ref)
        return doubts

    async def _take_away(self, platform: Platform, push: str, index: int, ref: int) -> None:
        """A chat that showed an alert twice, because its answer came after it was sent once more, shows it once again."""
        address = await self.subscribers.address(platform.name, index)
        outcome = await platform.delete(address, ref) if address else None
        if not isinstance(outcome, Later | Uncertain | Stopped):  # those are asked for again in the next round
            await self.ledger.copy_gone(platform.name, push, index, ref)
            log.warning("copy.deleted", platform=platform.name, story=push, index=index, outcome=type(outcome).__name__)
