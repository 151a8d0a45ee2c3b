"""Source → accepted story: poll or watch, compare with what is known, decide, accept, plan."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from newsbot.core import editorial
from newsbot.core.model import Article, Story
from newsbot.flows.plan import Plan
from newsbot.ports import Clock, Source, SourceError, StoreDown, Stories

log = structlog.get_logger()

FLOOD_SECONDS = 300.0
MOST_WAITING = 1000  # held stories compared with what their articles state now
RECENT = 100  # stories among which a new article may be an old one under another date
STATED = ("link", "image", "published_at")
DATED = re.compile(r"\d{2,4}[-_.]?\d{1,2}[-_.]?\d{1,2}[-_.]")


@dataclass(frozen=True)
class Ingest:
    """The one way in for articles: the watcher and an editor's push both end in `accept`."""

    stories: Stories
    plan: Plan
    rules: editorial.Rules
    clock: Clock
    bots: tuple[str, ...]
    most_at_once: int = 20
    new_id: Callable[[], str] = editorial.new_story_id
    _recent: dict[str, deque[float]] = field(default_factory=dict)

    async def watch(self, source: Source) -> None:
        """Scan once, then follow the source's changes for ever. A source that cannot be read is told and tried again."""
        while True:
            try:
                await self.start(source)
                async for articles in source.changes():
                    await self.seen(source, articles)
            except SourceError as error:
                log.error("source.unreadable", source=source.name, error=str(error))
                await self._tell(source, ok=False, error=str(error))
            except StoreDown as error:
                log.warning("source.waits", source=source.name, error=str(error))
            await asyncio.sleep(2)  # what was missed meanwhile is found by the scan

    async def start(self, source: Source) -> None:
        """The scan at start. The very first one is a baseline: everything is noted, nobody is told."""
        articles = await source.scan()
        if await self.stories.source(source.name) is None:
            noted = await self.stories.note([a for a in articles if a.state == "publishable"])
            await self._tell(source, ok=True, baseline=noted)
            log.info("source.first_run", source=source.name, noted=noted, message="older posts noted, none sent")
            return
        await self.seen(source, articles)

    async def seen(self, source: Source, articles: Sequence[Article]) -> list[Story]:
        """What these articles led to: stories that were accepted (held ones included).

        An article that cannot be handled costs one line in the log, not the others.
        """
        accepted: list[Story] = []
        told: list[Story] | None = None
        waiting: dict[str, Story] | None = None
        for article, known in zip(articles, await self.stories.known(articles), strict=True):
            try:
                if known is None:
                    told = list(await self.stories.recent(RECENT)) if told is None else told
                    if story := await self._new(source, article, told):
                        accepted.append(story)
                        told.append(story)
                elif known[0] != article.fingerprint:
                    await self._revised(article, known[1])
                elif known[1]:
                    if waiting is None:
                        waiting = {one.id: one for one in await self.stories.recent(MOST_WAITING, held=True)}
                    if self._stale(article, waiting.get(known[1])):
                        await self._revised(article, known[1])
            except StoreDown:
                raise
            except Exception:
                log.exception("article.failed", source=source.name, article=article.path or article.id)
        await self._tell(source, ok=True)
        return accepted

    async def accept(self, article: Article, story: Story) -> tuple[bool, str]:
        """Accept under a free id; (True, id) or (False, the id this article's story has already)."""
        while True:
            fresh, story_id = await self.stories.accept(article, story, self.bots)
            if fresh or story_id:
                return fresh, story_id
            story = story.model_copy(update={"id": self.new_id()})

    async def _new(self, source: Source, article: Article, told: Sequence[Story]) -> Story | None:
        decision = editorial.decide(article, self.new_id(), self.rules, self.clock())
        match decision:
            case editorial.Ignore(reason):
                log.info("article.ignored", source=source.name, article=article.path or article.id, reason=reason)
                return None
            case editorial.Publish(story) | editorial.Hold(story):
                pass
        if earlier := await self._said_before(article, story, told):
            if story.excerpt:
                await self._moved(article, earlier)
                return None
            story = story.model_copy(update={"held": "said before"})
        if story.held is None and self._flooded(source.name):
            story = story.model_copy(update={"held": "too many at once"})
        fresh, story_id = await self.accept(article, story)
        if not fresh:
            return None
        story = story.model_copy(update={"id": story_id})
        log.info("accepted", story=story_id, article=article.path or article.id, held=story.held or "")
        if story.held is None:
            await self.plan.owed(story_id)
        return story

    async def _revised(self, article: Article, story_id: str) -> None:
        """The record follows the source; a story that still waits follows too, one that went out is not touched."""
        await self.stories.note([article])
        story = await self.stories.get(story_id) if story_id else None
        if story and story.held and article.state == "publishable":
            fresh = editorial.draft(article, story.id, self.rules, editorial.moment(story.accepted_at))
            await self.stories.renew(fresh.model_copy(update={"held": story.held, "revision": story.revision + 1}))
        log.info("article.revised", article=article.path or article.id, story=story_id, state=article.state)

    def _stale(self, article: Article, story: Story | None) -> bool:
        """Whether a story that waits lacks what its article states beside its text: its address, its date, its image."""
        if story is None or article.state != "publishable":
            return False
        fresh = editorial.draft(article, story.id, self.rules, editorial.moment(story.accepted_at))
        return any(getattr(fresh, name) != getattr(story, name) for name in STATED)

    async def _said_before(self, article: Article, story: Story, told: Sequence[Story]) -> Story | None:
        """Of these stories one of the same words, about an article whose name differs in nothing but its date."""
        name = undated(article.path)
        for earlier in told if name else ():
            if (earlier.headline, earlier.excerpt) == (story.headline, story.excerpt):
                known = await self.stories.article(earlier.article)
                if known and known.source == article.source and undated(known.path) == name:
                    return earlier
        return None

    async def _moved(self, article: Article, story: Story) -> None:
        """The article of this story has another date now, and so other names: it is the same one, nobody is told again."""
        keys = tuple(dict.fromkeys((*article.keys, article.id)))
        log.info("article.moved", article=article.path, story=story.id)
        await self._revised(article.model_copy(update={"id": story.article, "keys": keys}), story.id)

    def _flooded(self, source: str) -> bool:
        now = self.clock().timestamp()
        recent = self._recent.setdefault(source, deque())
        while recent and recent[0] < now - FLOOD_SECONDS:
            recent.popleft()
        if len(recent) >= self.most_at_once:
            return True
        recent.append(now)
        return False

    async def _tell(self, source: Source, *, ok: bool, error: str = "", baseline: int | None = None) -> None:
        before = await self.stories.source(source.name) or {}
        if baseline is None and not before:
            return  # not even a baseline was taken: the next scan is still the first
        facts = {
            "kind": source.kind,
            "ok": ok,
            "error": error,
            "last_seen": self.clock().isoformat() if ok else before.get("last_seen"),
            "baseline": before.get("baseline", baseline),
        }
        await self.stories.note_source(source.name, facts)


def undated(path: str | None) -> str:
    """The file's name without folder and leading date; "" where there is none."""
    return DATED.sub("", (path or "").rpartition("/")[2], count=1)
