"""An article that changed: what waits follows it, what was sent is edited where the change is small, a person is asked
where it is large."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from newsbot.core import editorial, revision
from newsbot.core.model import Article, Story
from newsbot.flows.gate import Gate
from newsbot.flows.plan import Plan
from newsbot.flows.question import Question
from newsbot.ports import Clock, Stories

log = structlog.get_logger()

LARGE, TOO_OFTEN, MANY = "large change", "edited too often", "many changes"
FRESH = 2 * 86400.0
"""Seconds after which an alert is no more edited by itself: a site that is rebuilt must not touch half a year of chats."""
MOST_AT_ONCE, WINDOW = 20, 300.0
"""So many alerts of a source may change within so many seconds; then one question stands for all that follow."""
MOST_EDITS = 5
"""Edits of one alert that go out by themselves; a text that is never finished is a person's matter."""
MOST_WAITING = 1000  # held stories looked through for the open question about a story

KEPT = {
    *("id", "kind", "parent", "take", "urgency", "topics", "silent", "live", "image", "alt", "source"),
    *("late", "test", "accepted_at", "held", "change"),
}
"""What a new text of its article does not change in a story that went out."""
WAITING = KEPT - {"urgency", "topics", "change"}
"""The same for one that is held: nobody has seen it, so its tags still count."""


@dataclass(frozen=True)
class Revise:
    """What a changed article leads to. `drawn`: everything readers would see of a story, as one comparable text."""

    stories: Stories
    plan: Plan
    gate: Gate
    rules: editorial.Rules
    clock: Clock
    bots: tuple[str, ...]
    question: Question
    new_id: Callable[[], str]
    drawn: Callable[[Story], str]
    _changes: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def article(self, article: Article, story_id: str) -> None:
        """The record follows the source; its story by what it means for those who have it."""
        await self.stories.note([article])
        log.info("article.revised", article=article.path or article.id, story=story_id, state=article.state)
        story = await self.stories.get(story_id) if story_id else None
        if story is None or story.dropped or article.state != "publishable":
            return
        fresh = editorial.draft(article, story.id, self.rules, editorial.moment(story.accepted_at))
        if story.held:
            # The reason stays until a person says otherwise: also what was mended is looked at once.
            kept = {name: getattr(story, name) for name in WAITING} | {"revision": story.revision + 1}
            await self.stories.advance(story, fresh.model_copy(update=kept))
            return
        fresh = fresh.model_copy(update={name: getattr(story, name) for name in KEPT})
        if await self._waits(story):
            await self.stories.advance(story, fresh.model_copy(update={"revision": story.revision}))
            return
        await self._sent(story, fresh)

    async def _waits(self, story: Story) -> bool:
        return any(story_id == story.id for story_id, _ in await self.stories.waiting())

    async def _sent(self, story: Story, fresh: Story) -> None:
        """What readers have differs from what they should have: edit it, or ask."""
        fresh = fresh.model_copy(update={"revision": story.revision})
        young = self.clock().timestamp() - story.accepted_at < FRESH
        if self.drawn(fresh) != self.drawn(story) and (many := self._many(story.source)):
            await self.question.ask(story.source, MANY, f"{fresh.headline} (+{many - 1:,})")
            return
        relinked = await self.gate.relink(story, fresh.link) if young else story
        if relinked is None:
            return
        story, fresh = relinked, fresh.model_copy(update={"link": relinked.link, "live": relinked.live})
        asked = await self.asked(story.id)
        if self.drawn(fresh) == self.drawn(story):
            if asked:  # the article says again what was sent
                await self.stories.advance(asked, asked.model_copy(update={"held": None, "dropped": "its article"}))
            return
        size = revision.change(story, fresh)
        why = LARGE if size == "large" else TOO_OFTEN if story.revision > MOST_EDITS else None
        fresh = fresh.model_copy(update={"revision": story.revision + 1})
        if why is None and asked is None:
            if young:
                await self.edit(story, fresh)
            return
        await self._ask(story, fresh, why or LARGE, asked)

    def _many(self, source: str) -> int:
        """How many alerts of this source changed within the window, where that is too many at once; else 0."""
        now, recent = self.clock().timestamp(), self._changes[source]
        while recent and recent[0] < now - WINDOW:
            recent.popleft()
        recent.append(now)
        return len(recent) - MOST_AT_ONCE if len(recent) > MOST_AT_ONCE else 0

    async def edit(self, story: Story, fresh: Story) -> bool:
        """`fresh` goes into every copy of `story`; False where the story moved on meanwhile."""
        if not await self.stories.advance(story, fresh, self.bots):
            return False
        log.info("edited", story=story.id, revision=fresh.revision)
        await self.plan.owed(story.id)
        return True

    async def asked(self, story_id: str) -> Story | None:
        """The change of this story that waits for a person already."""
        for held in await self.stories.recent(MOST_WAITING, held=True):
            if held.kind == "revision" and held.parent == story_id:
                return held
        return None

    async def _ask(self, story: Story, fresh: Story, why: str, asked: Story | None) -> None:
        """One question a story, whatever the number of changes: the newest text is what waits."""
        facts = {"kind": "revision", "parent": story.id, "held": why, "accepted_at": self.clock().timestamp()}
        if asked:
            await self.stories.advance(asked, fresh.model_copy(update={**facts, "id": asked.id}))
            return
        while not await self.stories.ask(fresh.model_copy(update={**facts, "id": self.new_id()})):
            pass
        log.warning("change.held", story=story.id, why=why)

    async def release(self, waiting: Story) -> bool:
        """A person said that this change goes into what was sent; False where either moved on meanwhile."""
        story = await self.stories.get(waiting.parent or "")
        if story is None:
            return False
        kept = {name: getattr(story, name) for name in KEPT} | {"revision": story.revision + 1}
        if not await self.edit(story, waiting.model_copy(update=kept)):
            return False
        await self.stories.advance(waiting, waiting.model_copy(update={"held": None, "revision": story.revision + 1}))
        return True
