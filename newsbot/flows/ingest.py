"""Source → accepted story: watch, compare with what is known, decide, accept."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from newsbot.core import editorial, lineage, twins
from newsbot.core.model import Article, Known, Story
from newsbot.flows.again import SAID_BEFORE, Again
from newsbot.flows.gate import Gate
from newsbot.flows.plan import Plan
from newsbot.flows.revise import Revise
from newsbot.ports import Clock, Source, SourceError, StoreDown, Stories

log = structlog.get_logger()

FLOOD_SECONDS = 300.0
MOST_WAITING = 1000  # held stories compared with what their articles state now
RECENT = 500  # stories a new one may repeat or continue; the busiest day measured had 429
STATED = ("link", "image", "published_at")
RETRY = 2.0  # seconds before a source that failed is scanned again
WORDING: dict[str, int] = {"jekyll": 1, "feed": 0}
"""Whose wording is the record where several show one article: a feed's own is a rendering of the folder's."""
DECORATION = 3
"""Articles within a month that make their common image decoration (messages §0)."""
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Ingest:
    """The one way in for articles: the watcher and an editor's push both end in `accept`."""

    stories: Stories
    plan: Plan
    gate: Gate
    revise: Revise
    again: Again
    rules: editorial.Rules
    clock: Clock
    most_at_once: int = 20
    new_id: Callable[[], str] = editorial.new_story_id
    _recent: dict[str, deque[float]] = field(default_factory=dict)
    _images: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Image → up to DECORATION articles that show it."""
    _told: dict[str, str] = field(default_factory=dict)
    """Source → the trouble that was logged last."""

    async def watch(self, source: Source) -> None:
        """Scan once, then follow the source's changes for ever. A source that cannot be read is told and tried again."""
        while True:
            try:
                await self.start(source)
                self._over(source)
                async for articles in source.changes():
                    await self.seen(source, articles)
            except StoreDown as error:
                log.warning("source.waits", source=source.name, error=str(error))
            except SourceError as error:
                await self._trouble(source, str(error))
            except Exception as error:
                log.exception("source.failed", source=source.name)
                await self._trouble(source, f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY)  # what was missed meanwhile is found by the scan

    async def start(self, source: Source) -> None:
        """The scan at start. The very first one is a baseline: everything is noted, nobody is told."""
        articles = await source.scan()
        if await self.stories.source(source.name) is None:
            noted = await self.stories.note(await self._baseline(articles))
            await self._tell(source, ok=True, baseline=noted)
            log.info("source.first_run", source=source.name, noted=noted, message="older posts noted, none sent")
            return
        await self.seen(source, articles)

    async def _baseline(self, articles: Sequence[Article]) -> list[Article]:
        """What is published, but for what another source words already."""
        ours = [article for article in articles if article.state == "publishable"]
        for article in ours:
            self._count_image(article)
        known = await self.stories.known(ours)
        return [one for one, had in zip(ours, known, strict=True) if had is None or not outworded(one, had)]

    async def seen(self, source: Source, articles: Sequence[Article]) -> list[Story]:
        """What these articles led to: stories that were accepted (held ones included).

        An article that cannot be handled costs one line in the log, not the others.
        """
        accepted: list[Story] = []
        told: list[Story] | None = None
        waiting: dict[str, Story] | None = None
        for article, known in zip(articles, await self.stories.known(articles), strict=True):
            try:
                self._count_image(article)
                if known is None:
                    told = list(await self.stories.recent(RECENT)) if told is None else told
                    if story := await self._new(source, article, told):
                        accepted.append(story)
                        told.insert(0, story)
                    continue
                if outworded(article, known):
                    continue
                if known.kind and known.kind != article.kind:
                    await self.stories.note([article])  # its wording is the record from here on, and no revision
                elif known.print != article.fingerprint:
                    await self.again.redated(source, article)
                    await self.revise.article(article, known.story)
                elif known.story:
                    if waiting is None:
                        waiting = {one.id: one for one in await self.stories.recent(MOST_WAITING, held=True)}
                    if self._stale(article, waiting.get(known.story)):
                        await self.revise.article(article, known.story)
            except StoreDown:
                raise
            except Exception:
                log.exception("article.failed", source=source.name, article=article.path or article.id)
        await self.again.settle(source)
        await self._tell(source, ok=True)
        return accepted

    async def accept(self, article: Article, story: Story) -> tuple[bool, str]:
        """Accept under a free id; (True, id) or (False, the id this article's story has already)."""
        while True:
            if story.held:
                fresh, story_id = await self.stories.accept(article, story, ())
            else:
                way = self.gate.way(story)
                fresh, story_id = await self.stories.accept(article, way.story, way.bots, way.gate, way.links)
            if fresh or story_id:
                return fresh, story_id
            story = story.model_copy(update={"id": self.new_id()})

    async def _new(self, source: Source, article: Article, told: Sequence[Story]) -> Story | None:
        where = article.path or article.id
        held = await self.again.handled(source, article) if article.state == "publishable" else None
        if held == "":
            return None
        now = self.clock()
        decision = editorial.decide(article, self.new_id(), self.rules, now, self._past(article, told, now))
        match decision:
            case editorial.Ignore(reason):
                log.info("article.ignored", source=source.name, article=where, reason=reason)
                return None
            case editorial.Publish(story) | editorial.Hold(story):
                pass
        if held:
            story = story.model_copy(update={"held": held})
        if story.held is None and self._flooded(source.name):
            story = story.model_copy(update={"held": "too many at once"})
        fresh, story_id = await self.accept(article, story)
        if not fresh:
            return None
        story = story.model_copy(update={"id": story_id})
        log.info("accepted", story=story_id, article=where, held=story.held or "", problem=article.problem)
        if held == SAID_BEFORE:
            self.again.copied(source, story_id)
        if story.held is None:
            await self.plan.owed(story_id)
            self.gate.knock()
        return story

    def _past(self, article: Article, told: Sequence[Story], now: datetime) -> editorial.Past:
        """What the record says that bears on this article."""
        read = lineage.read(article.title)
        day = now.astimezone(ZoneInfo(article.zone)).date()
        parent = twins.parent(article, read, told, now)
        return editorial.Past(
            twin=twins.twin(read.headline, article.source, day, told, article.zone),
            parent=parent[0] if parent else None,
            take=parent[1] if parent else 2,
            overtaken=twins.overtaken(read, parent[0], told) if parent else False,
            decoration=len(self._images.get(article.image or "", ())) >= DECORATION,
        )

    def _count_image(self, article: Article) -> None:
        """Remember who shows this image, as far as it takes to call it decoration."""
        if not article.image or article.state != "publishable":
            return
        today = self.clock().date().isoformat()
        earliest = (self.clock() - MONTH).date().isoformat()
        if earliest <= (article.published_at or today)[:10] and len(self._images[article.image]) < DECORATION:
            self._images[article.image].add(article.id)

    def _stale(self, article: Article, story: Story | None) -> bool:
        """Whether a story that waits lacks what its article states beside its text: its address, its date, its image."""
        if story is None or article.state != "publishable":
            return False
        fresh = editorial.draft(article, story.id, self.rules, editorial.moment(story.accepted_at))
        return any(getattr(fresh, name) != getattr(story, name) for name in STATED)

    def _flooded(self, source: str) -> bool:
        now = self.clock().timestamp()
        recent = self._recent.setdefault(source, deque())
        while recent and recent[0] < now - FLOOD_SECONDS:
            recent.popleft()
        if len(recent) >= self.most_at_once:
            return True
        recent.append(now)
        return False

    async def _trouble(self, source: Source, error: str) -> None:
        """The source cannot be read: told once, and shown in status until it can."""
        if self._told.get(source.name) != error:
            self._told[source.name] = error
            log.error("source.unreadable", source=source.name, error=error)
        try:
            await self._tell(source, ok=False, error=error)
        except StoreDown as down:
            log.warning("source.waits", source=source.name, error=str(down))

    def _over(self, source: Source) -> None:
        if error := self._told.pop(source.name, ""):
            log.info("source.readable", source=source.name, was=error)

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


def outworded(article: Article, known: Known) -> bool:
    """Whether the record of this article is another kind of source's, which words it better."""
    return bool(known.kind) and WORDING.get(known.kind, 1) > WORDING[article.kind]
