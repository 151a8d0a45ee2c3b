"""What is kept, and for how long: old pushes are folded, chats that stopped long ago are erased with their references."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from newsbot.core import quarantine
from newsbot.ports import Clock, Ledger, Subscribers
from newsbot.ports.archive import Archive

log = structlog.get_logger()

DAY = 86400.0
FOLDS = 3
"""Pushes folded in one round: a million deliveries take a second or two of this process."""

ERASED = 1000
"""Chats whose references are cleared in one run over every push: one run costs hardly more for many than for one."""

CLEARED = 500
"""Pushes of such a run that are cleared in one round."""

LEASE = 60.0
"""Seconds the round is ours after each step; none takes nearly as long."""


@dataclass(frozen=True)
class Retention:
    """One round, every minute or so, by whoever has the lease. While anything is being sent it does next to nothing."""

    archive: Archive
    subscribers: Subscribers
    ledger: Ledger
    clock: Clock
    bots: tuple[str, ...]
    """Every platform there is, with a token or not: what was promised to a chat does not end with the token."""
    owner: str
    """Of the lease: this worker's name."""
    hot_days: float
    _runs: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)
    """Per bot the run under way: indexes of erased chats, and pushes still to be cleared, the next one last."""

    async def once(self) -> int:
        """How many pushes were folded."""
        return sum([await self._round(bot) for bot in self.bots])

    async def _round(self, bot: str) -> int:
        if not await self._ours(bot):
            return 0
        folded = await self._erase(bot) and await self._fold(bot)
        await self.ledger.hold(bot, "retention", self.owner, 0)
        return folded

    async def _ours(self, bot: str) -> bool:
        return await self.ledger.hold(bot, "retention", self.owner, LEASE)

    async def _erase(self, bot: str) -> bool:
        """Erase who stopped long ago, and go on clearing the references of who is erased; False where the lease is lost."""
        if not self._runs.get(bot, ([], []))[1]:
            await self._start(bot)
        indexes, left = self._runs.get(bot, ([], []))
        for done in range(min(CLEARED, len(left))):
            if done and await self.ledger.open(bot):
                break  # one a round while something is being sent
            if not await self._ours(bot):
                return False
            await self.archive.clear(bot, left[-1], indexes)
            left.pop()
        if indexes and not left:
            await self.subscribers.cleared(bot, indexes)
            del self._runs[bot]
            log.info("chats.erased", platform=bot, chats=len(indexes))
        return True

    async def _start(self, bot: str) -> None:
        """A run over every push, where there is anybody to run for. Who is erased now has its references cleared in a later
        one, when nothing can be in flight to it any more."""
        indexes = []
        for index, address in await self.subscribers.gone(bot, self._now() - quarantine.CHOICES_KEPT, ERASED):
            if address is None:
                indexes.append(index)
            else:
                await self.subscribers.erase(address, "stopped")
        if indexes:
            self._runs[bot] = (indexes, list(await self.archive.pushes(bot))[::-1])

    async def _fold(self, bot: str) -> int:
        """Fold what is old enough; while something is being sent only what should have been long ago, or a newsroom that
        never pauses would fill its Redis."""
        busy = 1 if await self.ledger.open(bot) else 0
        before = self._now() - self.hot_days * DAY * (1 + busy)
        folded = 0
        for push in await self.archive.due(bot, before, 1 if busy else FOLDS):
            if not await self._ours(bot):
                break
            if await self.archive.fold(bot, push):
                folded += 1
                log.info("push.folded", platform=bot, story=push)
        return folded

    def _now(self) -> float:
        return self.clock().timestamp()
