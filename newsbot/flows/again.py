"""Old pieces under new names: a renamed, re-dated or republished archive is no news. Nobody is told, one question is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from newsbot.core.model import Article
from newsbot.flows.question import Question
from newsbot.flows.revise import Revise
from newsbot.ports import Clock, Source, Stories

log = structlog.get_logger()

SAID_BEFORE, REPUBLISHED = "said before", "republished"
WINDOW = 300.0
"""Seconds after which the next old piece is a new matter."""
MANY = 3
"""So many old pieces of one source within the window are no single mistake: a person is asked, once."""


@dataclass
class Matter:
    """The old pieces of one source that came again within one window."""

    first: str
    last: float
    count: int = 0
    copies: list[str] = field(default_factory=list)
    """Stories held one by one, before they were many."""


@dataclass(frozen=True)
class Again:
    """Recognises a piece by its words."""

    stories: Stories
    question: Question
    revise: Revise
    clock: Clock
    _matters: dict[str, Matter] = field(default_factory=dict)

    async def handled(self, source: Source, article: Article) -> str | None:
        """None for a piece nobody knows. SAID_BEFORE: hold it, its twin is still there. "": it is taken care of.

        Where the piece is gone under its old name it only moved: it keeps its record, and its story, under the new one.
        """
        earlier = await self.stories.same_words(article)
        if earlier is None or earlier.id == article.id:
            return None
        matter = self._count(source, article)
        if not source.has(earlier):
            names = tuple(dict.fromkeys((*article.keys, article.id)))
            log.info("article.moved", source=source.name, article=article.path or article.id)
            moved = article.model_copy(update={"id": earlier.id, "keys": names})
            await self.revise.article(moved, await self.stories.story_of(earlier))
            return ""
        log.info("article.copied", source=source.name, article=article.path or article.id, earlier=earlier.path)
        if matter.count < MANY:
            return SAID_BEFORE
        await self.stories.note([article])  # an editor can still push it by its address
        return ""

    async def redated(self, source: Source, article: Article) -> None:
        """A known piece that changed: where only its date did, it counts with the others."""
        before = await self.stories.record(article)
        same = before is not None and before.content == article.content != ""
        if before and same and before.published_at != article.published_at and not article.problem:
            self._count(source, article)

    def _count(self, source: Source, article: Article) -> Matter:
        now = self.clock().timestamp()
        matter = self._matters.get(source.name)
        if matter is None or now - matter.last > WINDOW:
            matter = self._matters[source.name] = Matter(article.title, now)
        matter.count, matter.last = matter.count + 1, now
        return matter

    def copied(self, source: Source, story_id: str) -> None:
        """This story was held because its words were said before."""
        if matter := self._matters.get(source.name):
            matter.copies.append(story_id)

    async def settle(self, source: Source) -> None:
        """After a batch: ask once where there were many; what was held one by one goes into that question."""
        matter = self._matters.get(source.name)
        if matter is None or matter.count < MANY:
            return
        for story_id in matter.copies:
            if (held := await self.stories.get(story_id)) and held.held:
                await self.stories.advance(held, held.model_copy(update={"held": None, "dropped": REPUBLISHED}))
        matter.copies.clear()
        await self.question.ask(source.name, REPUBLISHED, f"{matter.first} (+{matter.count - 1:,})")
