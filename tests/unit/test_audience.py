"""Who gets a story now, who later and why: one rule a test, several readers at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import audience, columns
from newsbot.core.audience import Split, Standing
from newsbot.core.columns import Columns, bit, bitmap, members
from newsbot.core.model import Address, Choices, Quiet, Slot, Story, Subscriber, Urgency

HOME = "Asia/Seoul"
FLASH, BREAKING, NORMAL = Urgency.FLASH, Urgency.BREAKING, Urgency.NORMAL
EVENING = (Slot(18 * 60 + 30),)
NIGHT = Quiet.parse("23:00-07:00")


def at(text: str, zone: str = HOME) -> float:
    """ "2025-01-08 03:00" there."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


NOON, DEEP_NIGHT = at("2025-01-08 12:00"), at("2025-01-08 03:00")


def reader(topics: str = "", floor: Urgency = NORMAL, state: Any = "active", **choices: Any) -> Subscriber:
    return Subscriber(
        Address("telegram", "1"), frozenset(topics.split()), floor, state=state, choices=Choices(**choices)
    )


def everybody(*readers: Subscriber) -> Columns:
    """These, by their places."""
    maps: dict[str, int] = {}
    for index, one in enumerate(readers):
        for name in columns.names(one):
            maps[name] = maps.get(name, 0) | bit(index, 1)
    return Columns(1, maps)


def story(urgency: Urgency = NORMAL, topics: str = "politics", source: str = "site") -> Story:
    return Story(id="A2345", article="a", urgency=urgency, topics=tuple(topics.split()), headline="예시", source=source)


def places(bits: int) -> list[int]:
    return members(bits, 1)


def told(found: Split) -> dict[str, list[int]]:
    """Whom it says what, by place."""
    bits = {"now": found.now & ~found.quietly, "quietly": found.quietly, **found.later}
    return {what: places(some) for what, some in bits.items() if some}


def judged(readers: Columns, urgency: Urgency = NORMAL, when: float = NOON, **standing: Any) -> dict[str, list[int]]:
    return told(audience.split(story(urgency), readers, Standing(**standing), when, HOME))


@pytest.mark.parametrize(
    ("urgency", "topics", "wanting"),
    [
        (NORMAL, "politics", [0, 1]),
        (NORMAL, "tech", [0, 3]),  # 3 wants all of tech, whatever else
        (NORMAL, "sports tech", [0, 2, 3]),
        (NORMAL, "", [0]),
        (BREAKING, "", [0, 3, 5]),
        (BREAKING, "politics", [0, 1, 3, 5]),
        (BREAKING, "tech", [0, 3, 5]),
        (FLASH, "tech", [0, 3, 4, 5]),
        (FLASH, "sports", [0, 2, 3, 4, 5]),
    ],
)
def test_topics_and_how_urgent_each_must_be(urgency: Urgency, topics: str, wanting: list[int]) -> None:
    readers = everybody(
        reader(),
        reader("politics"),
        reader("sports"),
        reader(floor=BREAKING, least=(("tech", NORMAL),)),
        reader(floor=FLASH),
        reader(floor=BREAKING, least=(("sports", FLASH),)),
        reader(state="stopped"),
        reader(state="quarantined"),
    )
    assert places(audience.wanted(story(urgency, topics), readers, Standing())) == wanting


def test_words_sources_and_muted_lines() -> None:
    readers = everybody(
        reader("tech", FLASH),  # named a word of it
        reader("tech", FLASH),
        reader(),  # named one it does not want
        reader("tech", sources=frozenset({"feed"})),  # named, but another source
        reader(sources=frozenset({"site", "feed"})),
        reader(),  # muted what this continues
        reader(state="stopped"),  # named
    )
    standing = Standing(named=bitmap([0, 2, 3, 6], 1), refused=bitmap([2], 1), hushed=bitmap([5], 1))
    assert places(audience.wanted(story(), readers, standing)) == [0, 4]
    assert places(audience.wanted(story(source="feed"), readers, standing)) == [0, 3, 4]


@pytest.mark.parametrize(
    ("urgency", "when", "expected"),
    [
        (NORMAL, NOON, {"now": [0, 1, 2, 3]}),
        (NORMAL, DEEP_NIGHT, {"now": [0], "quiet hours": [1, 2, 3]}),
        (BREAKING, DEEP_NIGHT, {"now": [0, 2], "quiet hours": [1, 3]}),
        (FLASH, DEEP_NIGHT, {"now": [0, 1, 2], "quiet hours": [3]}),
        (NORMAL, at("2025-01-08 06:59"), {"now": [0], "quiet hours": [1, 2, 3]}),
        (NORMAL, at("2025-01-08 07:00"), {"now": [0, 1, 2, 3]}),
        (NORMAL, at("2025-01-08 22:59"), {"now": [0, 1, 2, 3]}),
        (NORMAL, at("2025-01-08 23:00"), {"now": [0], "quiet hours": [1, 2, 3]}),
    ],
)
def test_quiet_hours_and_what_passes_them(urgency: Urgency, when: float, expected: dict[str, list[int]]) -> None:
    readers = everybody(
        reader(), reader(quiet=NIGHT), reader(quiet=NIGHT, passes=BREAKING), reader(quiet=NIGHT, passes=None)
    )
    assert judged(readers, urgency, when) == expected


def test_it_is_quiet_by_the_readers_clock() -> None:
    readers = everybody(reader(quiet=NIGHT), reader(quiet=NIGHT, zone="Europe/London"))
    assert judged(readers, NORMAL, DEEP_NIGHT) == {"quiet hours": [0], "now": [1]}
    assert judged(readers, NORMAL, NOON) == {"now": [0], "quiet hours": [1]}


def test_everything_passes_for_whoever_lets_normal_news_through() -> None:
    readers = everybody(reader(quiet=NIGHT, passes=NORMAL))
    for urgency in Urgency:
        assert judged(readers, urgency, DEEP_NIGHT) == {"now": [0]}


def test_who_named_the_newsrooms_zone_lives_as_those_who_named_none() -> None:
    readers = everybody(reader(quiet=NIGHT), reader(quiet=NIGHT, zone=HOME))
    assert judged(readers, NORMAL, DEEP_NIGHT) == {"quiet hours": [0, 1]}
    assert [(zone, places(there & readers["active"])) for zone, there in audience.zones(readers, HOME)] == [
        (HOME, [0]),
        (HOME, [1]),
    ]


def test_normal_news_is_gathered_where_there_is_a_digest() -> None:
    readers = everybody(
        reader(gather=True, digests=EVENING),
        reader(gather=True),
        reader(digests=EVENING),
        reader(gather=True, digests=EVENING),  # named a word of it
        reader(gather=True, digests=(Slot(480, 0),)),
    )
    named = {"named": bitmap([3], 1)}
    assert judged(readers, NORMAL, **named) == {"now": [1, 2, 3], "digest": [0, 4]}
    assert judged(readers, BREAKING, **named) == {"now": [0, 1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("had", "normal", "breaking"),
    [
        (0, {"now": [0, 1, 2, 3]}, {"now": [0, 1, 2, 3]}),
        (1, {"now": [1, 2, 3], "daily cap": [0]}, {"now": [1, 2, 3], "quietly": [0]}),
        (2, {"now": [1, 2, 3], "daily cap": [0]}, {"now": [1, 2, 3], "quietly": [0]}),
        (3, {"now": [2, 3], "daily cap": [0, 1]}, {"now": [2, 3], "quietly": [0, 1]}),
        (15, {"now": [2, 3], "daily cap": [0, 1]}, {"now": [3], "quietly": [0, 1, 2]}),
    ],
)
def test_above_the_cap_normal_news_waits_and_breaking_news_is_silent(
    had: int, normal: dict[str, list[int]], breaking: dict[str, list[int]]
) -> None:
    readers = everybody(
        reader(cap=1, digests=EVENING),
        reader(cap=3, digests=EVENING),
        reader(cap=15),  # where no digest is to come, nothing can wait for it
        reader(digests=EVENING),
    )
    counted = tuple(0xFF if had >> place & 1 else 0 for place in range(4))
    assert judged(readers, NORMAL, counted=counted) == normal
    assert judged(readers, BREAKING, counted=counted) == breaking
    assert judged(readers, FLASH, counted=counted) == {"now": [0, 1, 2, 3]}


def test_who_wants_no_sound_gets_none() -> None:
    readers = everybody(reader(sound=False), reader())
    for urgency in Urgency:
        assert judged(readers, urgency) == {"quietly": [0], "now": [1]}


def test_the_strongest_reason_counts() -> None:
    """A mute is stronger than quiet hours, these than the digest, that than the cap; and each reader is told of once."""
    everything: dict[str, Any] = {"quiet": NIGHT, "gather": True, "digests": EVENING, "cap": 1}
    readers = everybody(*(reader(**everything) for _ in range(3)), reader(digests=EVENING, cap=1), reader(cap=1))
    full = {"counted": (0xFF, 0, 0, 0)}
    muted = {"muted": bitmap([0], 1), **full}
    assert judged(readers, NORMAL, DEEP_NIGHT, **muted) == {
        "muted": [0],
        "quiet hours": [1, 2],
        "daily cap": [3],
        "now": [4],
    }
    assert judged(readers, NORMAL, NOON, **muted) == {"muted": [0], "digest": [1, 2], "daily cap": [3], "now": [4]}
    assert judged(readers, FLASH, DEEP_NIGHT, **muted) == {"muted": [0], "now": [1, 2, 3, 4]}


COUNTS = st.lists(st.integers(0, 15), min_size=8, max_size=8)


def sliced(numbers: list[int]) -> list[int]:
    """As four bitmaps of binary digits, the lowest first."""
    return [bitmap((i for i, number in enumerate(numbers) if number >> place & 1), 1) for place in range(4)]


@settings(deadline=None)
@given(COUNTS, st.lists(st.frozensets(st.integers(0, 7)), max_size=20))
def test_alerts_are_counted_as_anybody_counts(numbers: list[int], alerts: list[frozenset[int]]) -> None:
    digits = sliced(numbers)
    for alert in alerts:
        digits = audience.one_more(digits, bitmap(alert, 1))
        numbers = [min(number + (index in alert), audience.MOST_COUNTED) for index, number in enumerate(numbers)]
    assert digits == sliced(numbers)


@settings(deadline=None)
@given(COUNTS, st.integers(0, 40))
def test_so_many_or_more(numbers: list[int], many: int) -> None:
    found = audience.at_least(sliced(numbers), many) & 0xFF
    assert places(found) == [index for index, number in enumerate(numbers) if number >= many]


def test_nobody_at_all() -> None:
    assert told(audience.split(story(), Columns(0), Standing(), NOON, HOME)) == {}
