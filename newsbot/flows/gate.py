"""Accepted story → its page: nobody is sent to an address that does not answer.

A Jekyll file exists minutes before its page. Normal waits until the page answers 200 and is held when it does not in
time; breaking waits a little, then goes without a link and gets it by edit; a flash never waits. A host that nobody can
ask (no such name, not public) keeps nothing back: there the gate is off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog

from newsbot.core.model import Story, Urgency
from newsbot.flows.plan import Plan
from newsbot.ports import Clock, Fetch, FetchError, StoreDown, Stories

log = structlog.get_logger()

PAGE_MISSING = "page not found"
LINK_LATER = 3600.0
"""Seconds in which an alert that went without a link may still get it by edit."""

FIRST_LOOK, LAST_LOOK, LATE_LOOK = 0.5, 5.0, 15.0
"""Seconds between two looks at one page: they double from the first to the last; late is for what went out already."""

TURN = 0.5  # seconds between two looks at what waits, where nobody knocks
AT_ONCE = 16  # pages asked side by side
HASTE = 3.0  # seconds an editor's own push waits for the first look


@dataclass(frozen=True, slots=True)
class Way:
    """How a story leaves: as it is stored, the bots it is planned for at once, and until when it waits or lacks its link."""

    story: Story
    bots: tuple[str, ...]
    gate: float | None = None
    links: float | None = None


@dataclass(frozen=True)
class Gate:
    """What stands between `accept` and the ledger. `patience`: seconds by urgency; any number of processes may look."""

    stories: Stories
    plan: Plan
    fetch: Fetch
    clock: Clock
    bots: tuple[str, ...]
    patience: Mapping[Urgency, float]
    on: bool = True
    _due: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Story → (when it is looked at next, by the clock nobody can set; seconds from there to the one after)."""
    _looking: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _knocked: asyncio.Event = field(default_factory=asyncio.Event)

    def way(self, story: Story) -> Way:
        """How this story, which nobody holds, goes out. One that was held because its page is missing goes without it."""
        if not self.on or not story.link:
            return Way(story.model_copy(update={"live": True}), self.bots)
        now = self.clock().timestamp()
        waiting = story.model_copy(update={"live": False})
        if story.urgency is Urgency.FLASH or not story.live:
            return Way(waiting, self.bots, links=now + LINK_LATER)
        return Way(waiting, (), gate=now + self.patience[story.urgency])

    async def relink(self, story: Story, link: str | None) -> Story | None:
        """A story that went out has another address now: its copies get it once that page answers. None: it moved on."""
        if link == story.link:
            return story
        changed = story.model_copy(update={"link": link, "live": not (self.on and link)})
        until = 0.0 if changed.live else self.clock().timestamp() + LINK_LATER
        return changed if await self.stories.advance(story, changed, links=until) else None

    def knock(self) -> None:
        """Something new waits: look at once."""
        self._knocked.set()

    async def run(self) -> None:
        """Look at what waits, for ever."""
        try:
            while True:
                try:
                    await self._turn()
                except StoreDown as error:
                    log.warning("gate.waits", error=str(error))
                    await asyncio.sleep(2)
                try:
                    async with asyncio.timeout(TURN):
                        await self._knocked.wait()
                except TimeoutError:
                    pass
                self._knocked.clear()
        finally:
            for task in self._looking.values():
                task.cancel()

    async def _turn(self) -> None:
        rows = [(story, until, False) for story, until in await self.stories.waiting()]
        rows += [(story, until, True) for story, until in await self.stories.linkless()]
        for gone in self._due.keys() - {story for story, _, _ in rows}:
            del self._due[gone]
        now = asyncio.get_running_loop().time()
        for story, until, sent in rows:
            due, step = self._due.get(story, (now, FIRST_LOOK))
            if story in self._looking or due > now or len(self._looking) >= AT_ONCE:
                continue
            self._due[story] = (now + step, min(step * 2, LATE_LOOK if sent else LAST_LOOK))
            self._looking[story] = asyncio.create_task(self._safely(story, until, sent))

    async def _safely(self, story: str, until: float, sent: bool) -> None:
        """One look; whatever goes wrong costs this look only."""
        try:
            await self.look(story, until, sent=sent)
        except StoreDown as error:
            log.warning("gate.waits", story=story, error=str(error))
        except Exception:
            log.exception("gate.failed", story=story)
        finally:
            self._looking.pop(story, None)

    async def hurry(self, story_id: str) -> None:
        """A person sent this story: one look at once, for as long as a person waits."""
        until = dict(await self.stories.waiting()).get(story_id)
        if until is None:
            return
        try:
            async with asyncio.timeout(HASTE):
                await self.look(story_id, until, sent=False)
        except TimeoutError:
            self.knock()

    async def look(self, story_id: str, until: float, *, sent: bool) -> None:
        """One look at the page of a story, and the step that follows from it. `sent`: it went out without its link."""
        story = await self.stories.get(story_id)
        if story is None or not story.link:
            return
        up = await self._answers(story.link)
        late = self.clock().timestamp() >= until
        if not up and not late:
            return
        step = self._linked if sent else self._opened
        if await step(story, up):
            await self.plan.owed(story_id)

    async def _opened(self, story: Story, up: bool) -> bool:
        """It need not wait any more."""
        if up:
            return await self.stories.advance(story, story.model_copy(update={"live": True}), self.bots, gate=0)
        log.warning("gate.late", story=story.id, link=story.link, urgency=story.urgency.value)
        if story.urgency is Urgency.NORMAL:
            await self.stories.advance(story, story.model_copy(update={"held": PAGE_MISSING}), gate=0)
            return False
        return await self.stories.advance(story, story, self.bots, gate=0, links=self.clock().timestamp() + LINK_LATER)

    async def _linked(self, story: Story, up: bool) -> bool:
        """Its page is there and the link goes into what was sent, or it is given up."""
        if not up:
            log.warning("gate.given_up", story=story.id, link=story.link)
            await self.stories.advance(story, story, links=0)
            return False
        fresh = story.model_copy(update={"live": True, "revision": story.revision + 1})
        return await self.stories.advance(story, fresh, self.bots, links=0)

    async def _answers(self, link: str) -> bool:
        """Whether readers may be sent there."""
        try:
            return await self.fetch.status(link) == 200
        except FetchError as error:
            if error.nobody and (host := urlsplit(link).hostname or "") not in self._told:
                self._told.add(host)
                log.info("gate.off", host=host, why=str(error))
            return error.nobody
