"""What one digest says to one reader. Many readers have the same lines: what is drawn once is kept."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from newsbot.core.columns import Columns
from newsbot.core.model import Intent, Rendered, Story
from newsbot.flows.digests import EVENING, LINE
from newsbot.ports import Audiences, Stories

KEPT = 256  # drawn digests
HELD = 4
"""Digests whose lines are at hand; each has at most 125 KB a line and million readers."""
FRESH = 5.0
"""Seconds after which the words of a digest's stories are read again: sending one may take an hour, and a story that is
withdrawn meanwhile is not to be told as if nothing had happened."""


@dataclass(frozen=True)
class Page:
    """One digest of one bot: its stories with who gets each, and to whom it is the evening's."""

    lines: Mapping[str, bytes]
    evening: bytes


@dataclass(frozen=True)
class Contents:
    """Draws digests."""

    audiences: Audiences
    stories: Stories
    render: Callable[..., Rendered]
    """(digest, its stories in order, platform, language, slot of the day, private=) → what is sent; pure."""
    elapsed: Callable[[], float] = time.monotonic
    _pages: OrderedDict[tuple[str, str], Page] = field(default_factory=OrderedDict)
    _known: dict[tuple[str, str], tuple[float, Sequence[Story]]] = field(default_factory=dict)
    """The stories of each page in order, and when they were read."""
    _drawn: OrderedDict[tuple[object, ...], Rendered] = field(default_factory=OrderedDict)

    async def drawn(self, digest: Story, bot: str, intent: Intent, *, private: bool) -> Rendered:
        """This reader's digest. `private`: nobody else sees it."""
        page = await self._page(digest, bot)
        mine = [story for story in await self._stories(digest, bot, page) if _has(page.lines[story.id], intent.index)]
        slot = "evening" if _has(page.evening, intent.index) else "morning"
        key = (
            digest.id,
            bot,
            intent.language,
            slot,
            private,
            *((story.id, story.revision, story.kind) for story in mine),
        )
        if key not in self._drawn:
            self._drawn[key] = self.render(digest, mine, bot, intent.language, slot, private=private)
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return self._drawn[key]

    async def _page(self, digest: Story, bot: str) -> Page:
        key = (digest.id, bot)
        if key not in self._pages:
            held = await self.audiences.digest(bot, digest.id) or Columns(0)
            lines = {name: bits.to_bytes(held.size) for name, bits in held.under(LINE)}
            self._pages[key] = Page(lines, held[EVENING].to_bytes(held.size))
            while len(self._pages) > HELD:
                self._known.pop(self._pages.popitem(last=False)[0], None)
        return self._pages[key]

    async def _stories(self, digest: Story, bot: str, page: Page) -> Sequence[Story]:
        at, known = self._known.get((digest.id, bot), (float("-inf"), ()))
        if self.elapsed() - at > FRESH:
            found = [await self.stories.get(name) for name in page.lines]
            known = sorted((story for story in found if story), key=_weight)
            self._known[digest.id, bot] = (self.elapsed(), known)
        return known


def _weight(story: Story) -> tuple[int, float, str]:
    """What mattered comes first: the more urgent, then the newer."""
    return story.urgency.lane, -story.accepted_at, story.id


def _has(bits: bytes, index: int) -> bool:
    return index // 8 < len(bits) and bool(bits[index // 8] >> (7 - index % 8) & 1)
