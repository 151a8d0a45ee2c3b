"""What every part of the readers' half works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from newsbot.core.changes import changed
from newsbot.core.compose.clock import Clock as ReaderClock
from newsbot.core.model import Choices, Subscriber, Topic, clock
from newsbot.flows.report import Report
from newsbot.flows.words import Words
from newsbot.ports import Audiences, Clock, Stories, Subscribers


@dataclass(frozen=True)
class Common:
    """Ports, words and defaults. `home` is the newsroom's zone; `defaults` is what a new reader begins with."""

    subscribers: Subscribers
    stories: Stories
    audiences: Audiences
    report: Report
    topics: tuple[Topic, ...]
    words: Words
    publisher: str
    home: str
    defaults: Choices
    clock: Clock
    keyword: Callable[[str], str]
    """What is typed → the keyword it is. Raises keywords.BadWord."""
    said: Callable[[str], frozenset[str]]
    """text → every keyword that matches it"""

    def say(self, language: str, key: str, **fields: object) -> str:
        """The sentence of that key."""
        return self.words.say(language, key, **fields)

    async def keep(self, before: Subscriber | None, after: Subscriber) -> Subscriber:
        """Store what was chosen, and what follows from it for the next digest."""
        made = await self.audiences.digested()
        return await self.subscribers.put(*changed(before, after, made, self.clock().timestamp(), self.home))

    def muted(self, choices: Choices) -> bool:
        """Whether nothing comes for now. A mute that was ended ends with the second after."""
        return choices.muted > self.clock().timestamp() + 1

    def when(self, at: float, zone: str, language: str) -> str:
        """The moment (unix seconds) as a reader of that zone would say it."""
        clock = ReaderClock(self.words.catalog(language), self.clock(), zone)
        return clock.moment(datetime.fromtimestamp(at, UTC)).text

    def slots(self, choices: Choices, language: str) -> str:
        """When the digests come, in words."""
        weekday = [self.say(language, f"date.weekday.{day}") for day in range(1, 8)]
        return ", ".join(
            clock(slot.minute)
            if slot.day is None
            else self.say(language, "digest.weekly", day=weekday[slot.day], time=clock(slot.minute))
            for slot in choices.digests
        )

    def zone(self, subscriber: Subscriber | None) -> str:
        """The zone this reader lives by."""
        return (subscriber.choices.zone if subscriber else "") or self.home
