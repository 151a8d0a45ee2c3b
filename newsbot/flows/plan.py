"""Accepted story → ledger: one idempotent plan per todo row, then the row is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from newsbot.core.model import Story
from newsbot.flows.digests import Digests
from newsbot.flows.readers import Readers
from newsbot.ports import Clock, Dialect, Ledger, Stories

log = structlog.get_logger()


@dataclass(frozen=True)
class Plan:
    """Makes the plans that are owed. Whoever accepts calls it at once; the sweeper calls it for what was left over."""

    stories: Stories
    ledger: Ledger
    dialects: Mapping[str, Dialect]
    readers: Readers
    digests: Digests
    clock: Clock
    _told: set[tuple[str, str]] = field(default_factory=set)

    async def owed(self, story: str | None = None) -> int:
        """Plan every todo row (of one story, or all); how many. A row that cannot be planned stays, told once."""
        rows = []
        for push, bot in await self.stories.todo():
            story_id = push.partition("@")[0]
            if story is not None and story_id != story:
                continue
            found, dialect = await self.stories.get(story_id), self.dialects.get(bot)
            if found is not None and dialect is not None:
                # Digests last, one after another: each begins where the one before it ended.
                rows.append((found.accepted_at if found.kind == "digest" else 0.0, push, bot, found, dialect))
            elif (push, bot) not in self._told:
                self._told.add((push, bot))
                log.error("plan.impossible", story=push, platform=bot, known=found is not None)
        for _, push, bot, found, dialect in sorted(rows, key=lambda row: row[0]):
            size = await self._plan(push, bot, found, dialect.ref_bytes)
            await self.stories.done(push, bot)
            log.info("planned", story=push, platform=bot, audience=size, urgency=found.urgency.value)
        return len(rows)

    async def _plan(self, push: str, bot: str, story: Story, ref_bytes: int) -> int:
        now = self.clock().timestamp()
        if "@" in push:
            return await self.ledger.plan_edit(story, bot, ref_bytes, now)
        choose = self.digests.split if story.kind == "digest" else self.readers.split
        size = -1
        while size < 0:  # whoever took too long to judge judges again
            size = await self.ledger.plan(story, bot, ref_bytes, now, *await choose(story, bot))
        return size
