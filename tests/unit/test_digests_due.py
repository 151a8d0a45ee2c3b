"""When what waited is told: whose digest is due, and from when to when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsbot.core import columns, digests
from newsbot.core.columns import Columns, bit, members
from newsbot.core.digests import NEVER
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber

HOME, NEW_YORK = "Asia/Seoul", "America/New_York"


def at(text: str, zone: str = HOME) -> float:
    """ "2025-01-08 08:00" there."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def slots(text: str) -> tuple[Slot, ...]:
    return tuple(Slot.parse(slot) for slot in text.split())


def chosen(times: str = "", quiet: str = "", **choices: Any) -> Choices:
    return Choices(digests=slots(times), quiet=Quiet.parse(quiet) if quiet else None, **choices)


def everybody(*choices: Choices, states: str = "") -> Columns:
    maps: dict[str, int] = {}
    for index, one in enumerate(choices):
        state: Any = dict(enumerate(states.split())).get(index, "active")
        for name in columns.names(Subscriber(Address("telegram", "1"), state=state, choices=one)):
            maps[name] = maps.get(name, 0) | bit(index, 1)
    return Columns(1, maps)


def due(readers: Columns, after: float, until: float, **more: Any) -> dict[int, tuple[float, float]]:
    """Place → (since, up to) of who is due; each is in one group only."""
    found: dict[int, tuple[float, float]] = {}
    for group in digests.due(readers, after, until, HOME, **more):
        for index in members(group.bits, 1):
            assert index not in found
            found[index] = (group.since, group.upto)
    return found


@pytest.mark.parametrize(
    ("times", "quiet", "occasions"),
    [
        ("", "", ""),
        ("08:00 18:30", "", "08:00 18:30"),
        ("", "23:00-07:00", "07:00"),
        # A digest within two hours of their end is waited for.
        ("08:00", "23:00-07:00", "08:00"),
        ("07:00", "23:00-07:00", "07:00"),
        ("09:00", "23:00-07:00", "09:00"),
        ("09:01", "23:00-07:00", "09:01 07:00"),
        ("06:59", "23:00-07:00", "06:59 07:00"),
        ("06:00 08:30", "23:00-07:00", "06:00 08:30"),
        # Over midnight.
        ("00:30", "13:00-23:30", "00:30"),
        ("01:31", "13:00-23:30", "01:31 23:30"),
        # Only on the day on which there is one.
        (
            "mon-08:00",
            "23:00-07:00",
            "mon-08:00 tue-07:00 wed-07:00 thu-07:00 fri-07:00 sat-07:00 sun-07:00",
        ),
        (
            "mon-00:30",
            "13:00-23:30",
            "mon-00:30 mon-23:30 tue-23:30 wed-23:30 thu-23:30 fri-23:30 sat-23:30",
        ),
        ("mon-08:00 07:30", "23:00-07:00", "mon-08:00 07:30"),
    ],
)
def test_when_what_waited_comes(times: str, quiet: str, occasions: str) -> None:
    found = [str(slot) for slot, bits in digests.times(everybody(chosen(times, quiet))) if bits]
    assert sorted(found) == sorted(occasions.split())


def test_a_weekly_digest_of_one_changes_nothing_for_another() -> None:
    readers = everybody(chosen("mon-08:00", "23:00-07:00"), chosen("08:00", "23:00-07:00"), chosen("", "22:00-07:00"))
    found = [(str(slot), members(bits, 1)) for slot, bits in digests.times(readers)]
    assert ("08:00", [1]) in found
    assert ("mon-08:00", [0]) in found
    assert [slot for slot, some in found if 0 in some and slot.endswith("07:00")] == [
        f"{day}-07:00" for day in ("tue", "wed", "thu", "fri", "sat", "sun")
    ]
    assert len([slot for slot, some in found if 2 in some]) == 7


MORNING, EVENING, YESTERDAY = at("2025-01-08 08:00"), at("2025-01-08 18:30"), at("2025-01-07 18:30")


def test_a_digest_reaches_from_the_last_one_to_this_one() -> None:
    readers = everybody(chosen("08:00 18:30"), chosen("08:00"), chosen())
    assert due(readers, MORNING - 60, MORNING) == {0: (YESTERDAY, MORNING), 1: (at("2025-01-07 08:00"), MORNING)}
    assert due(readers, MORNING, MORNING + 60) == {}
    assert due(readers, MORNING - 60, MORNING - 1) == {}
    assert due(readers, EVENING - 1, EVENING) == {0: (MORNING, EVENING)}


def test_after_an_outage_there_is_one_digest_for_all_that_were_missed() -> None:
    readers = everybody(chosen("08:00 18:30"), chosen("18:30"), chosen("12:00"))
    found = due(readers, MORNING - 60, EVENING + 3600)
    assert found == {
        0: (YESTERDAY, EVENING),
        1: (YESTERDAY, EVENING),
        2: (at("2025-01-07 12:00"), at("2025-01-08 12:00")),
    }


def test_each_by_the_clock_where_it_lives() -> None:
    readers = everybody(chosen("08:00"), chosen("08:00", zone=NEW_YORK), chosen("08:00", zone=HOME))
    there = at("2025-03-09 08:00", NEW_YORK)
    assert set(due(readers, MORNING - 60, MORNING)) == {0, 2}
    found = due(readers, there - 60, there)
    assert found == {1: (at("2025-03-08 08:00", NEW_YORK), there)}
    assert found[1][1] - found[1][0] == 23 * 3600  # that night the clock was put forward


def test_nobody_who_stopped_is_due() -> None:
    readers = everybody(*[chosen("08:00")] * 3, states="active stopped quarantined")
    assert set(due(readers, MORNING - 60, MORNING)) == {0}
    assert set(due(readers, MORNING - 60, MORNING, mutes={1: MORNING - 30.0})) == {0}


def test_who_is_muted_is_told_when_that_ends() -> None:
    readers = everybody(chosen("08:00"), chosen("08:00"), chosen(), chosen("08:00"))
    mutes = {0: MORNING + 3600, 1: MORNING - 30, 2: MORNING - 30, 3: MORNING - 60}
    starts = {1: YESTERDAY, 2: YESTERDAY}
    found = due(readers, MORNING - 60, MORNING, mutes=mutes, starts=starts)
    # 0 not yet; 1 up to the end of its mute, what came since then is for the next one; 3 was told at that end already.
    assert found == {
        1: (YESTERDAY, MORNING - 30),
        2: (YESTERDAY, MORNING - 30),
        3: (at("2025-01-07 08:00"), MORNING),
    }
    assert due(readers, MORNING + 3000, MORNING + 3600, mutes=mutes) == {0: (NEVER, MORNING + 3600)}


def test_a_beginning_of_its_own_counts_once_and_for_its_reader_alone() -> None:
    readers = everybody(chosen("08:00"), chosen("08:00"), chosen("08:00"), chosen("09:00"))
    starts = {1: MORNING - 300.0, 2: MORNING - 300.0, 3: YESTERDAY, 4: YESTERDAY, 99: YESTERDAY}
    usual = at("2025-01-07 08:00")
    assert due(readers, MORNING - 60, MORNING, starts=starts) == {
        0: (usual, MORNING),
        1: (MORNING - 300, MORNING),
        2: (MORNING - 300, MORNING),
    }
    groups = digests.due(readers, MORNING - 60, MORNING, HOME, starts=starts)
    assert len(groups) == 2  # those with the same beginning are one group


@pytest.mark.parametrize(
    ("choices", "when", "last"),
    [
        (chosen("08:00 18:30"), "2025-01-08 12:00", "2025-01-08 08:00"),
        (chosen("08:00 18:30"), "2025-01-08 08:00", "2025-01-08 08:00"),
        (chosen("08:00 18:30"), "2025-01-08 07:59", "2025-01-07 18:30"),
        (chosen("", "23:00-07:00"), "2025-01-08 12:00", "2025-01-08 07:00"),
        (chosen("wed-08:00"), "2025-01-08 07:59", "2025-01-01 08:00"),
    ],
)
def test_the_previous_occasion(choices: Choices, when: str, last: str) -> None:
    assert digests.previous(choices, at(when), HOME) == at(last)


def test_the_previous_occasion_there() -> None:
    there = at("2025-01-08 08:00", NEW_YORK)
    assert digests.previous(chosen("08:00", zone=NEW_YORK), there, HOME) == there
    assert digests.previous(Choices(), there, HOME) == NEVER


def test_who_is_among_them() -> None:
    assert [index for index in range(20) if digests.holds(0x8001, index, 2)] == [0, 15]
