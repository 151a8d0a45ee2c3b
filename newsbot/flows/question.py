"""Questions to a person that are about a source, not about one alert: one a source and reason, whatever the number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from newsbot.core.model import Story, Urgency
from newsbot.ports import Clock, Stories

log = structlog.get_logger()

MOST_WAITING = 1000  # held stories looked through for the question that stands already


@dataclass(frozen=True)
class Question:
    """Asks by a held story of its own kind: it is listed with the others, can be dropped, and never goes out."""

    stories: Stories
    clock: Clock
    new_id: Callable[[], str]

    async def ask(self, source: str, reason: str, headline: str) -> None:
        """Ask, or bring the question that stands up to date."""
        for story in await self.stories.recent(MOST_WAITING, held=True):
            if (story.kind, story.source, story.held) == ("question", source, reason):
                if story.headline != headline:
                    await self.stories.advance(story, story.model_copy(update={"headline": headline}))
                return
        asked = False
        while not asked:
            question = Story(
                id=self.new_id(),
                article=f"question:{source}",
                source=source,
                kind="question",
                urgency=Urgency.NORMAL,
                headline=headline,
                accepted_at=self.clock().timestamp(),
                held=reason,
            )
            asked = await self.stories.ask(question)
        log.warning("source.question", source=source, reason=reason, question=question.id)
