"""What keeps the promises when something died: heartbeats, doubts, plans that were left over."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from newsbot.core import delivery
from newsbot.flows.plan import Plan
from newsbot.ports import Ledger

log = structlog.get_logger()


@dataclass(frozen=True)
class Upkeep:
    """One round, every second or so; any number of processes may do it side by side."""

    ledger: Ledger
    plan: Plan
    bots: tuple[str, ...]

    async def once(self) -> int:
        """Plan what is owed, turn lost intents into doubt; how many became doubt."""
        await self.plan.owed()
        doubts = 0
        for bot in self.bots:
            reaped = await self.ledger.reap(bot, delivery.LEASE)
            if reaped:
                log.warning("in_doubt", platform=bot, deliveries=reaped, why="worker lost or overdue")
            doubts += reaped
        return doubts
