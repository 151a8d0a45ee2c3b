"""Who gets a story, and who gets it later: everybody's choices, read and asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from newsbot.core import audience, schedule
from newsbot.core.audience import Split, Standing
from newsbot.core.columns import Columns
from newsbot.core.model import Story
from newsbot.ports import Audiences, Stories

LINE = 20  # stories of one line that are looked up, the newest first


@dataclass(frozen=True)
class Readers:
    """Asks the rules of `core.audience` about everybody."""

    audiences: Audiences
    stories: Stories
    said: Callable[[str], frozenset[str]]
    """text → every keyword that matches it"""
    home: str
    """the newsroom's zone, which is that of everybody who named none"""

    async def split(self, story: Story, bot: str) -> tuple[Split, int]:
        """What becomes of this story on one bot, and how many bytes its bitmaps have."""
        now = await self.audiences.now(bot)
        columns = await self.audiences.columns(bot)
        await self.audiences.turn(bot, _days(columns, now, self.home), self.home)
        standing = await self.standing(story, bot, columns, now)
        return audience.split(story, columns, standing, now, self.home), columns.size

    async def standing(self, story: Story, bot: str, columns: Columns, now: float) -> Standing:
        """What stands beside the choices for this story at that moment."""
        words = self.said(f"{story.headline}\n{story.excerpt}")
        return await self.audiences.standing(bot, columns.size, words, await self.line(story), now)

    async def declined(self, story: Story, bot: str, columns: Columns) -> int:
        """Who said since it was judged that they do not want it: by a word, or by muting it."""
        words = self.said(f"{story.headline}\n{story.excerpt}")
        return await self.audiences.declined(bot, columns.size, words, await self.line(story))

    async def line(self, story: Story) -> list[str]:
        """The stories that this one continues, itself first."""
        found = [story.id]
        parent = story.parent
        while parent and parent not in found and len(found) < LINE:
            found.append(parent)
            known = await self.stories.get(parent)
            parent = known.parent if known else None
        return found


def _days(columns: Columns, now: float, home: str) -> dict[str, str]:
    """Zone → its date, of every zone somebody lives by."""
    return {zone: schedule.day_of(zone, now) for zone, there in audience.zones(columns, home) if there}
