"""What an outcome leads to, how long anything may take, and what is to be done about a doubt."""

from __future__ import annotations

from itertools import pairwise, product
from typing import get_args

import pytest

from newsbot.core import delivery
from newsbot.core.delivery import Terms, backoff, delay, judge, lane
from newsbot.core.model import (
    Address,
    Doubt,
    Gone,
    Later,
    Moved,
    Outcome,
    Policy,
    Refused,
    Sent,
    Stopped,
    Story,
    Uncertain,
    Urgency,
)

PLACE = Address("telegram", "1")


def story(kind: str = "alert", urgency: Urgency = Urgency.NORMAL) -> Story:
    return Story(id="AAAAA", article="/a", urgency=urgency, headline="제목", kind=kind)  # type: ignore[arg-type]


def doubt(*, again: bool = False) -> Doubt:
    return Doubt("AAAAA", 0, 0, PLACE, 0.0, "AAAAA", again=again)


def test_what_goes_first() -> None:
    flash, breaking, normal = Urgency.FLASH, Urgency.BREAKING, Urgency.NORMAL
    order = [
        [lane(story("retraction", urgency)) for urgency in Urgency] + [lane(story("retraction"), edits=True)],
        [lane(story(urgency=flash), edits=True), lane(story("correction", flash))],
        [lane(story(urgency=flash)), lane(story("follow-up", flash))],
        [lane(story(urgency=breaking), edits=True), lane(story("correction", breaking))],
        [lane(story(urgency=breaking))],
        [lane(story(urgency=normal), edits=True), lane(story("correction", normal))],
        [lane(story(urgency=normal))],
        [lane(story("digest", flash)), lane(story("digest"))],
    ]
    assert all(len(set(lanes)) == 1 for lanes in order)
    assert all(before[0] < after[0] for before, after in pairwise(order))


def test_a_second_of_age_never_outweighs_a_lane() -> None:
    """A score is lane x 1e11 + unix seconds, and Redis keeps it as a double."""
    lanes = sorted({lane(story(kind, urgency), edits=edits) for kind, urgency, edits in product(
        ("alert", "correction", "retraction", "digest"), Urgency, (False, True))})  # fmt: skip
    for first, second in pairwise(lanes):
        assert first * 1e11 + 4e9 < second * 1e11
    assert lanes[-1] * 1e11 + 1_800_000_000.001 > lanes[-1] * 1e11 + 1_800_000_000.0


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_tries_come_slower_and_slower_until_once_a_minute(jitter: float) -> None:
    waits = [backoff(attempt, jitter) for attempt in range(1, 2000)]
    assert waits[:7] == pytest.approx([base * (0.8 + 0.4 * jitter) for base in (1, 2, 4, 8, 15, 30, 60)])
    assert waits == sorted(waits)
    assert 47.9 < waits[-1] < 72.1


def test_a_platforms_own_delay_is_honoured_in_full() -> None:
    for after, jitter in product((0.0, 0.3, 30.0, 86400.0), (0.0, 0.999)):
        assert after <= delay(Later(after, "429"), 1, jitter) <= after + 1
    assert delay(Later(None, "connect"), 3, 0.5) == pytest.approx(4)
    assert delay(Stopped("401"), 1, 0.0) >= 1, "the bot stops meanwhile"


@pytest.mark.parametrize("outcome", [Sent(1), Uncertain("?"), Gone("blocked", "stopped"), Refused("?"), Moved(PLACE)])
def test_nothing_else_waits(outcome: Outcome) -> None:
    assert delay(outcome, 5, 0.9) == 0


def test_no_send_outlives_its_lease() -> None:
    assert delivery.SEND_TIMEOUT <= delivery.LEASE / 4
    assert delivery.LOOK_AGAIN >= 10
    assert delivery.RESEND_AFTER + delivery.LEASE < delivery.SHOWN_WITHIN == 900


@pytest.mark.parametrize("urgency", list(Urgency))
def test_late_alerts_are_sent_for_a_day_or_not_at_all(urgency: Urgency) -> None:
    fresh = {Urgency.FLASH: 60.0, Urgency.BREAKING: 1800.0, Urgency.NORMAL: 200_000.0}
    late, ends = Terms(fresh).times(urgency)
    assert (late, ends) == (fresh[urgency], max(86400.0, fresh[urgency]))
    assert Terms(fresh, drop=True).times(urgency) == (fresh[urgency], fresh[urgency])
    assert Terms().times(urgency)[0] == {"flash": 1800, "breaking": 1800, "normal": 21600}[urgency.value]


def test_an_edit_is_never_late_and_is_tried_for_a_week() -> None:
    assert Terms(drop=True).edits() == Terms().edits() == (7 * 86400, 7 * 86400)


def test_a_reason_is_kept_short() -> None:
    assert delivery.short("가" * 500) == "가" * delivery.REASON
    assert delivery.short("short") == "short"


@pytest.mark.parametrize("policy", get_args(Policy))
@pytest.mark.parametrize("reads_back", [True, False])
@pytest.mark.parametrize("age", [0.0, 30.0, 3600.0])
def test_what_was_sent_once_more_is_held_whatever_the_policy(policy: Policy, reads_back: bool, age: float) -> None:
    told = judge(doubt(again=True), policy, age, 2, reads_back=reads_back)
    assert (told.verdict, told.why) == ("hold", "held: sent once more already")


@pytest.mark.parametrize(
    ("policy", "reads_back", "age", "empty", "verdict"),
    [
        ("hold", True, 0.0, 0, "hold"), ("hold", False, 9999.0, 2, "hold"),
        ("resend", True, 59.9, 2, ""), ("resend", False, 60.0, 0, "resend"), ("resend", True, 5000.0, 0, "resend"),
        ("read", False, 0.0, 0, "hold"), ("read", False, 100.0, 2, "hold"),
        ("read", True, 4.9, 0, ""), ("read", True, 5.0, 0, "look"), ("read", True, 899.0, 1, "look"),
        ("read", True, 20.0, 2, "resend"), ("read", True, 901.0, 2, "resend"), ("read", True, 901.0, 1, "hold"),
    ],
)  # fmt: skip
def test_what_is_done_about_a_doubt(policy: Policy, reads_back: bool, age: float, empty: int, verdict: str) -> None:
    told = judge(doubt(), policy, age, empty, reads_back=reads_back)
    assert told.verdict == verdict
    assert bool(told.why) == (verdict in ("hold", "resend")), "whatever is settled says why"


def test_no_doubt_is_open_for_longer_than_a_quarter_of_an_hour() -> None:
    for policy, reads_back, empty in product(get_args(Policy), (True, False), range(3)):
        assert judge(doubt(), policy, 900.1, empty, reads_back=reads_back).verdict in ("hold", "resend")
