"""A reader says that an alert is wrong; the desk hears of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from newsbot.core import text
from newsbot.core.editorial import STORY_SIGNS
from newsbot.core.model import Ask, Inbound, Reply, Story
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.finding import public, told

MOST_A_DAY = 3
"""Reports of one place that are passed on in a day (messages §4)."""
MOST_SAID = 300  # characters
NUMBER = re.compile(rf"[{STORY_SIGNS}]{{5}}|(?=.*\d)[0-9A-Za-z]{{5}}")
"""What looks like an alert's number, whether there is such an alert or not."""


@dataclass(frozen=True)
class Reporting:
    """Passes on what readers report."""

    common: Common
    tell: Callable[..., Awaitable[None]]
    """(key, subject=…, fields…): a line to the desk's chats."""
    count: Callable[[str, str], Awaitable[int]]
    """(platform, what) → how often that was so today, this time included."""

    async def report(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """`K7F3M what is wrong`, or only what is wrong with the last alert that came here; without words they are asked for."""
        say = self.common.say
        story, words = await self._meant(inbound, arguments)
        if story is None:
            return Reply(say(language, "report.how" if arguments else "why.none"))
        words = text.clip(text.line(words), MOST_SAID)
        if not words:
            ask = Ask(say(language, "report.title"), say(language, "report.label"), f"report {story.id}")
            return Reply(say(language, "report.ask", headline=story.headline), ask=ask)
        if await self.count(inbound.address.platform, f"reported:{inbound.address.chat}") > MOST_A_DAY:
            return Reply(say(language, "report.many"))
        await self.tell(
            "reported",
            subject=f"{story.id} {inbound.event}",
            platform=inbound.address.platform,
            story=story.id,
            headline=story.headline,
            words=words,
        )
        return Reply(say(language, "report.done"))

    async def _meant(self, inbound: Inbound, arguments: Sequence[str]) -> tuple[Story | None, str]:
        """(the story named, or the last that came here; what is said of it)."""
        named = await self.common.stories.get(arguments[0]) if arguments else None
        if named and public(named):
            return named, " ".join(arguments[1:])
        if named or (arguments and NUMBER.fullmatch(arguments[0])):
            return None, ""
        found = await self.common.subscribers.get(inbound.address)
        return (await self.common.last(found, told) if found else None), " ".join(arguments)
