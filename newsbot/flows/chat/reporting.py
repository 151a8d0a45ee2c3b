"""A reader says that an alert is wrong; the desk hears of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from newsbot.core import text
from newsbot.core.model import Ask, Inbound, Reply
from newsbot.flows.chat.common import Common

MOST_A_DAY = 3
"""Reports of one place that are passed on in a day (messages §4)."""
MOST_SAID = 300  # characters


@dataclass(frozen=True)
class Reporting:
    """Passes on what readers report."""

    common: Common
    tell: Callable[..., Awaitable[None]]
    """(key, subject=…, fields…): a line to the desk's chats."""
    count: Callable[[str, str], Awaitable[int]]
    """(platform, what) → how often that was so today, this time included."""

    async def report(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """`K7F3M what is wrong`; without words they are asked for."""
        say = self.common.say
        story = await self.common.stories.get(arguments[0]) if arguments else None
        if story is None:
            return Reply(say(language, "report.how"))
        words = text.clip(text.line(" ".join(arguments[1:])), MOST_SAID)
        if not words:
            ask = Ask(say(language, "report.title"), say(language, "report.label"), f"report {story.id}")
            return Reply(say(language, "report.ask", id=story.id), ask=ask)
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
