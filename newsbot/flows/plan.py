"""Accepted story → ledger: one idempotent plan per todo row, then the row is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from newsbot.ports import Clock, Dialect, Ledger, Stories

log = structlog.get_logger()


@dataclass(frozen=True)
class Plan:
    """Makes the plans that are owed. Whoever accepts calls it at once; the sweeper calls it for what was left over."""

    stories: Stories
    ledger: Ledger
    dialects: Mapping[str, Dialect]
    clock: Clock
    _told: set[tuple[str, str]] = field(default_factory=set)

    async def owed(self, story: str | None = None) -> int:
        """Plan every todo row (of one story, or all); how many. A row that cannot be planned stays, told once."""
        made = 0
        for push, bot in await self.stories.todo():
            story_id, _, revision = push.partition("@")
            if story is not None and story_id != story:
                continue
            found, dialect = await self.stories.get(story_id), self.dialects.get(bot)
            if found is None or dialect is None:
                if (push, bot) not in self._told:
                    self._told.add((push, bot))
                    log.error("plan.impossible", story=push, platform=bot, known=found is not None)
                continue
            plan = self.ledger.plan_edit if revision else self.ledger.plan
            size = await plan(found, bot, dialect.ref_bytes, self.clock().timestamp())
            await self.stories.done(push, bot)
            log.info("planned", story=push, platform=bot, audience=size, urgency=found.urgency.value)
            made += 1
        return made
