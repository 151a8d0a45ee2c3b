"""What every part of the readers' half works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location

from newsbot.core.changes import changed
from newsbot.core.compose.clock import Clock as ReaderClock
from newsbot.core.model import Choices, Story, Subscriber, Topic, Urgency, clock
from newsbot.core.topics import NONE
from newsbot.flows.report import Report
from newsbot.flows.words import Words
from newsbot.ports import Audiences, Clock, Stories, Subscribers

KOREA = "Asia/Seoul"
GOT = ("sent", "sending", "doubt")
LOOKED_AT = 50  # stories looked through for the last that came somewhere


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
    pictures: bool = False
    """Whether the newsroom sends pictures at all."""

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

    def when(self, at: float, zone: str, language: str, *, dated: bool = False) -> str:
        """The moment (unix seconds) by that zone's clock, written as the times of quiet hours and digests are; with its day
        where that is another, or where `dated`."""
        there = datetime.fromtimestamp(at, ZoneInfo(zone))
        time = clock(there.hour * 60 + there.minute)
        if not dated and there.date() == self.clock().astimezone(there.tzinfo).date():
            return time
        day = ReaderClock(self.words.catalog(language), self.clock(), zone).day(there.date()).text
        return self.say(language, "date.with_time", day=day, time=time)

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

    def zone_name(self, zone: str, language: str) -> str:
        """A zone as people call it: "뉴욕 시각", "New York time"; Korea is a country with one."""
        if zone == KOREA:
            return self.say(language, "zone.korea")
        return self.say(language, "zone.city", city=city(zone, language))

    async def last(self, found: Subscriber, fits: Callable[[Story], bool]) -> Story | None:
        """The newest story that came here, of those that fit."""
        for story in filter(fits, await self.stories.recent(LOOKED_AT)):
            if (await self.report.why(story, found.address))["state"] in GOT:
                return story
        return None


@lru_cache(maxsize=1024)
def city(zone: str, language: str) -> str:
    """What the zone's place is called in that language; its own name where nobody knows another."""
    try:
        found = get_timezone_location(zone, locale=language, return_city=True)
    except LookupError:
        found = zone
    return found.rpartition("/")[2].replace("_", " ")


def wants_normal(found: Subscriber) -> bool:
    """Whether normal news of any topic is wanted; keywords are told of whatever this is."""
    least = dict(found.choices.least)
    if not found.topics:
        return Urgency.NORMAL in (found.urgency, *least.values())
    return any(least.get(topic, found.urgency) is Urgency.NORMAL for topic in found.topics - {NONE})


def gathers(found: Subscriber) -> bool:
    """Whether normal news waits for a digest here: it is wanted, and there is one."""
    return found.choices.gather and bool(found.choices.digests) and wants_normal(found)
