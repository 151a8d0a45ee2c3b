"""A subscriber, and what readers choose: when, how loud, how much, and which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from newsbot.core.model.news import Address, Urgency

SubscriberState = Literal["active", "quarantined", "stopped"]
Form = Literal["excerpt", "headline", "image"]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60


class Slot(NamedTuple):
    """When a digest comes: `minute` of the day by the reader's clock, every day or on one `day` (0 is Monday)."""

    minute: int
    day: int | None = None

    def __str__(self) -> str:
        return clock(self.minute) if self.day is None else f"{DAYS[self.day]}-{clock(self.minute)}"

    @classmethod
    def parse(cls, text: str) -> Slot:
        """ "08:00" or "mon-08:00"; raises ValueError."""
        day, dash, time = text.strip().casefold().rpartition("-")
        if dash and day not in DAYS:
            raise ValueError(f"{text!r}: the day is one of {', '.join(DAYS)}")
        return cls(minute(time), DAYS.index(day) if dash else None)


class Quiet(NamedTuple):
    """Quiet hours: from one minute of the day up to another, over midnight where the second is the smaller."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{clock(self.start)}-{clock(self.end)}"

    @classmethod
    def parse(cls, text: str) -> Quiet:
        """ "23:00-07:00"; raises ValueError, also where it would be quiet all day or never."""
        start, dash, end = text.partition("-")
        if not dash:
            raise ValueError(f"{text!r}: quiet hours are written 23:00-07:00")
        found = cls(minute(start), minute(end))
        if found.start == found.end:
            raise ValueError(f"{text!r}: quiet hours begin and end at the same time")
        return found


def clock(at: int) -> str:
    """The minute of a day as 07:05."""
    return f"{at // 60:02}:{at % 60:02}"


def minute(text: str) -> int:
    """The minute of the day that "7:05" says; raises ValueError."""
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ValueError(f"{text!r}: a time is written 07:05")
    found = int(hours) * 60 + int(minutes)
    if int(minutes) >= 60 or found >= _DAY:
        raise ValueError(f"{text!r}: a day has the times 00:00 to 23:59")
    return found


@dataclass(frozen=True, slots=True)
class Choices:
    """The plain value is what an operator subscribes: everything at once, with sound, at any hour.

    `least` names, per topic, the least urgent wanted of it where that is another than the subscriber's own. `words` are
    told of whatever their topic and urgency, `without` are never told of. `sources`: only these, all of them where empty.
    `zone` is a name of the tz database, "" for the newsroom's. In `quiet` hours only what is at least as urgent as `passes`
    comes (None: nothing); the rest waits for a digest. `gather`: normal news waits for the digest as well. `cap` alerts come
    in a day (0: any number): then normal ones join the digest, and breaking ones make no sound. `muted`: until then (unix
    seconds) nothing comes at all.
    """

    least: tuple[tuple[str, Urgency], ...] = ()
    words: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    zone: str = ""
    quiet: Quiet | None = None
    passes: Urgency | None = Urgency.FLASH
    digests: tuple[Slot, ...] = ()
    gather: bool = False
    cap: int = 0
    form: Form = "excerpt"
    sound: bool = True
    muted: int = 0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One address with its choices. Empty `topics` means every topic; `urgency` is the least urgent it wants."""

    address: Address
    topics: frozenset[str] = frozenset()
    urgency: Urgency = Urgency.NORMAL
    language: str = "ko"
    state: SubscriberState = "active"
    since: int = 0  # unix seconds
    index: int = -1  # dense, per platform, never reused; -1 while not stored
    choices: Choices = Choices()
