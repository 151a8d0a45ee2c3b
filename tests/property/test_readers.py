"""Readers in simulated time: everybody's rules at once (bitmaps) against one chat at a time (`tests.readers.oracle`).

Every story that a chat wants comes exactly once, at once or in exactly one digest, not early, not twice, with a sound or not:
over changes of the clock, while readers change their times, mute and unmute, and while the process is down for hours.
NEWSBOT_TEST_YEAR=1 runs a whole year for 1,000 chats.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core import audience, changes, columns, digests, schedule
from newsbot.core.audience import Standing
from newsbot.core.columns import Columns, bit, bitmap, members
from newsbot.core.model import Address, Choices, Quiet, Slot, Story, Subscriber, Urgency
from tests.readers import oracle

HOME = "Asia/Seoul"
ZONES = (
    *("", "Asia/Seoul", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"),
    *("Asia/Beirut", "Antarctica/Troll", "Europe/Dublin", "Asia/Kathmandu", "Pacific/Chatham", "Atlantic/Azores"),
    *(
        "America/Havana",
        "America/St_Johns",
        "Africa/Casablanca",
        "Pacific/Kiritimati",
        "Pacific/Honolulu",
        "Asia/Tehran",
    ),
    *("America/Nuuk", "Pacific/Pago_Pago"),
)
QUIET = (
    *("23:00-07:00", "22:30-06:15", "00:00-02:30", "02:10-03:05", "02:30-03:00", "01:30-02:30", "13:00-15:00"),
    *("12:00-11:30", "00:30-23:45", "23:59-00:01"),
)
DIGESTS = (
    "08:00 18:30",
    "02:30",
    "00:00",
    "mon-08:00",
    "sun-02:30 fri-23:59",
    "07:30",
    "01:15 09:00 13:00",
    "sat-00:00",
)
TOPICS, SOURCES = ("politics", "tech", "sports"), ("site", "feed")
SETTLED, TICK, DAY = 5.0, 60.0, 86400.0


def drawn(dice: random.Random, zone: str) -> Choices:
    """Anybody's choices; a third has a weekly digest or none."""
    quiet = dice.choice((None, *QUIET))
    slots = dice.choice(("", "", *DIGESTS)).split()
    return Choices(
        least=tuple((topic, dice.choice(list(Urgency))) for topic in TOPICS if dice.random() < 0.15),
        sources=frozenset({"site"}) if dice.random() < 0.1 else frozenset(),
        zone=zone,
        quiet=Quiet.parse(quiet) if quiet else None,
        passes=dice.choice((*Urgency, None)),
        digests=tuple(map(Slot.parse, slots)),
        gather=dice.random() < 0.5,
        cap=dice.choice((0, 0, 1, 3, 8, 15)),
        sound=dice.random() < 0.8,
    )


@dataclass
class Engine:
    """What flows and store do with the rules of `core`, in memory."""

    columns: Columns
    made: float
    choices: list[Choices]
    counted: tuple[int, ...] = (0, 0, 0, 0)
    days: dict[tuple[str, bool], str] = field(default_factory=dict)
    mutes: dict[int, float] = field(default_factory=dict)
    starts: dict[int, float] = field(default_factory=dict)
    last: dict[int, float] = field(default_factory=dict)
    """Up to when the last digest that reached each had lines."""
    waits: list[tuple[int, float, int]] = field(default_factory=list)

    def change(self, index: int, after: Choices, at: float) -> Choices:
        """One reader's times change; what is kept."""
        before, own = self.choices[index], bit(index, self.columns.size)
        one = Subscriber(Address("telegram", str(index)), index=index, choices=before)
        kept, starts = changes.changed(one, replace(one, choices=after), self.made, at, HOME)
        after = kept.choices
        if starts is not None:  # who changes times twice before a digest came keeps the first beginning
            self.starts.setdefault(index, starts or self.last.get(index, 0.0))
        maps = dict(self.columns.maps)
        for name in columns.chosen(before):
            maps[name] &= ~own
        for name in columns.chosen(after):
            maps[name] = maps.get(name, 0) | own
        self.columns, self.choices[index] = Columns(self.columns.size, maps), after
        self.mutes.pop(index, None)
        if after.muted:
            self.mutes[index] = after.muted
        return after

    def split(self, story: Story, number: int, at: float, standing: Standing) -> audience.Split:
        """A story is judged."""
        for place, (zone, there) in enumerate(audience.zones(self.columns, HOME)):
            day, name = (
                schedule.day_of(zone, at),
                (zone, place == 0),
            )  # who named the newsroom's zone, and who named none
            if self.days.setdefault(name, day) != day:
                self.days[name] = day
                self.counted = tuple(digit & ~there for digit in self.counted)
        muted = bitmap((index for index, until in self.mutes.items() if until > at), self.columns.size)
        found = audience.split(story, self.columns, replace(standing, muted=muted, counted=self.counted), at, HOME)
        self.counted = tuple(audience.one_more(self.counted, found.now))
        self.waits += [(number, at, bits) for bits in found.later.values()]
        return found

    def tick(self, until: float) -> dict[int, tuple[float, list[int]]]:
        """Chat → (up to when, the stories) of the digests that are made by a look at the clock."""
        size, found = self.columns.size, dict[int, tuple[float, list[int]]]()
        self.waits = [wait for wait in self.waits if wait[1] > until - oracle.KEPT]
        groups = digests.due(self.columns, self.made, until, HOME, mutes=self.mutes, starts=self.starts)
        seen = 0
        for group in groups:
            assert not seen & group.bits, "groups are disjoint"
            seen |= group.bits
            for number, at, bits in self.waits:
                if group.since < at <= group.upto and bits & group.bits:
                    for index in members(bits & group.bits, size):
                        found.setdefault(index, (group.upto, []))[1].append(number)
        self.last |= {index: upto for index, (upto, _) in found.items()}
        for index in [index for index in self.starts if digests.holds(seen, index, size)]:
            del self.starts[index]
        for index, end in [(index, end) for index, end in self.mutes.items() if end <= until]:
            del self.mutes[index]
            self.starts.setdefault(index, end)
        self.made = until
        return found


@dataclass
class World:
    """One run: the engine, as many oracles as there are chats, and the lots that are drawn."""

    seed: int
    chats: int
    begin: float
    a_day: float
    every: float
    restless: float
    """Stories a day; seconds between two looks on average; changes a day of each of those who change anything."""
    figures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.size = (self.chats + 7) // 8
        maps, each, self.oracles = dict[str, list[int]](), list[Choices](), list[oracle.Chat]()
        for index in range(self.chats):
            chosen = drawn(self.dice, ZONES[index % len(ZONES)])
            topics = frozenset(topic for topic in TOPICS if self.dice.random() < 0.2)
            floor = self.dice.choice((Urgency.NORMAL, Urgency.NORMAL, Urgency.BREAKING, Urgency.FLASH))
            reader = Subscriber(Address("telegram", str(index)), topics, floor, index=index, choices=chosen)
            for name in columns.names(reader):
                maps.setdefault(name, []).append(index)
            each.append(chosen)
            self.oracles.append(oracle.Chat(HOME, chosen, topics, floor))
        everybody = Columns(self.size, {name: bitmap(indexes, self.size) for name, indexes in maps.items()})
        self.engine = Engine(everybody, self.begin, each)
        self.movers = range(len(ZONES), self.chats, 3)  # in every zone somebody stays
        self.told = dict[int, int]()
        self.wanted = dict[int, int]()
        self.number = 0

    def run(self, days: float) -> Counter[str]:
        """So many days; then nobody publishes, and what waits is told within a week."""
        end = self.begin + days * DAY
        story, look, move = self.begin + 1, self.begin + TICK, self.begin + 2
        down = 0.0
        while look < end + 9 * DAY:
            at = min(story, look, move)
            if at == look:
                self.look(look)
                look += max(TICK / 2, self.dice.expovariate(1 / self.every)) if at < end else 6 * 3600
                if self.dice.random() < 0.01:  # the process is down, and nothing is judged meanwhile
                    down = look = at + self.dice.uniform(2, 30) * 3600
                    story, move = max(story, down + self.dice.random()), max(move, down + self.dice.random())
                    self.figures["outages"] += 1
            elif at == story:
                self.publish(at)
                story += self.dice.expovariate(self.a_day / DAY)
                story = story if story < end else 1e18
            else:
                self.move(self.dice.choice(self.movers), at)
                move += self.dice.expovariate(len(self.movers) * self.restless / DAY)
                move = move if move < end else 1e18
        assert not any(chat.waiting for chat in self.oracles), "somebody was never told"
        for chat, index in ((chat, index) for index, chat in enumerate(self.oracles)):
            for story in chat.dropped:
                assert not self.told[story] & bit(index, self.size), "told after more than eight days"
                self.told[story] |= bit(index, self.size)
        assert self.told == self.wanted, "lost, or told without being asked for"
        self.figures["too old"] = sum(len(chat.dropped) for chat in self.oracles)
        self.figures["stories"] = len(self.wanted)
        self.figures["wanted"] = sum(bits.bit_count() for bits in self.wanted.values())
        return self.figures

    def publish(self, at: float) -> None:
        """A story, judged by both."""
        dice, self.number = self.dice, self.number + 1
        urgency = dice.choices(list(Urgency), (1, 3, 12))[0]
        topics = tuple(topic for topic in TOPICS if dice.random() < 0.4)
        source = dice.choice(SOURCES)
        named, refused, hushed = (set(dice.sample(range(self.chats), self.chats // 40)) for _ in range(3))
        story = Story(id="A2345", article="a", urgency=urgency, topics=topics, headline="예시", source=source)
        standing = Standing(*(bitmap(some, self.size) for some in (named, refused, hushed)))
        found = self.engine.split(story, self.number, at, standing)
        expected = dict[str, list[int]]()
        for index, chat in enumerate(self.oracles):
            if index in refused or index in hushed:
                continue
            if chat.wants(urgency, topics, source, named=index in named):
                what = chat.hears(self.number, urgency, at, named=index in named)
                expected.setdefault(what, []).append(index)
        known = {"sound": found.now & ~found.quietly, "quietly": found.quietly, **found.later}
        self.agree({what: members(bits, self.size) for what, bits in known.items() if bits}, expected, at)
        self.told[self.number] = found.now
        self.wanted[self.number] = bitmap((one for some in expected.values() for one in some), self.size)
        for what, some in expected.items():
            self.figures[what] += len(some)

    def look(self, at: float) -> None:
        """A look at the clock."""
        after, until = self.engine.made, (at - SETTLED) // TICK * TICK
        if until <= after:
            return
        found = self.engine.tick(until)
        expected = {index: told for index, chat in enumerate(self.oracles) if (told := chat.told(after, until))}
        self.agree(found, expected, at)
        for index, (upto, stories) in found.items():
            assert after < upto <= until
            own = bit(index, self.size)
            for story in stories:
                assert not self.told[story] & own, "told twice"
                self.told[story] |= own
        self.figures["looks"] += 1
        self.figures["digests"] += len(found)
        self.figures["lines"] += sum(len(stories) for _, stories in found.values())

    def move(self, index: int, at: float) -> None:
        """A reader mutes, unmutes, or changes its times."""
        dice, chat, had = self.dice, self.oracles[index], self.engine.choices[index]
        muted = self.engine.mutes.get(index, 0)
        if muted > at and dice.random() < 0.5:
            after = replace(had, muted=int(at) + 1)
        elif dice.random() < 0.5:
            after = replace(had, muted=int(at + dice.choice((600, 2 * 3600, 8 * 3600, 2 * DAY))))
        else:
            zone = had.zone if had.cap else dice.choice(ZONES)  # whose day it is, is asked when the next day begins
            new = drawn(dice, zone)
            after = replace(had, zone=zone, quiet=new.quiet, digests=new.digests, gather=new.gather, muted=int(muted))
        kept = self.engine.change(index, after, at)
        chat.choices, chat.muted = kept, kept.muted
        self.figures["changes"] += 1

    def agree(self, found: object, expected: object, at: float) -> None:
        """Both say the same."""
        assert found == expected, f"seed {self.seed} at {datetime.fromtimestamp(at, UTC)}"


def unix(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("day", "days"),
    [
        pytest.param("2025-03-07", 4, marks=pytest.mark.slow),
        ("2025-03-28", 4),
        pytest.param("2025-04-04", 10, marks=pytest.mark.slow),
        ("2025-09-05", 3),
        ("2025-10-24", 4),
        ("2025-11-01", 3),
    ],
)
@pytest.mark.slow
def test_weeks_in_which_clocks_change(day: str, days: int) -> None:
    begin = unix(day)
    figures = World(seed=int(begin), chats=120, begin=begin, a_day=20, every=5400, restless=1).run(days)
    assert min(figures[what] for what in ("quietly", "muted", "quiet hours", "daily cap", "digest", "digests")) > 20


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    "NEWSBOT_TEST_YEAR" not in os.environ, reason="takes a quarter of an hour; NEWSBOT_TEST_YEAR=1 runs it"
)
def test_a_year() -> None:
    figures = World(seed=1, chats=1000, begin=unix("2025-01-01"), a_day=40, every=1800, restless=0.1).run(365)
    print("\n" + " · ".join(f"{what} {many:,}" for what, many in sorted(figures.items())))


def test_the_oracle_shares_no_rule() -> None:
    text = Path(oracle.__file__).read_text("utf-8")
    assert set(re.findall(r"(?:from|import) (newsbot[\w.]*)", text)) == {"newsbot.core.model"}
