"""Edits and follow-ups in the ledger: they reach who has the first message, with its reference, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from newsbot.core.model import Gone, Later, Sent, Story, Uncertain, Window
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, LIMITLESS, SetClock, crowd, opened, sent, story

NOW = 1_800_000_000.0
FIRST = story()
SECOND = FIRST.model_copy(update={"revision": 2})
THIRD = FIRST.model_copy(update={"revision": 3})
SLACK_TS = 1_800_000_000_123_456


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock, guarded=False)


async def planned(ledger: RedisLedger, size: int = 6, ref_bytes: int = 4) -> None:
    await crowd(ledger._redis, range(size))
    assert await opened(ledger, FIRST, BOT, ref_bytes, NOW) == size


async def begin(ledger: RedisLedger, most: int = 16) -> Window:
    begin.count = getattr(begin, "count", 0) + 1  # type: ignore[attr-defined]
    return await ledger.begin(BOT, "w", f"n{begin.count}", most, LIMITLESS)  # type: ignore[attr-defined]


async def send_all(ledger: RedisLedger) -> Window:
    window = await begin(ledger)
    await ledger.commit(BOT, window.push, sent(window))
    return window


async def edit(ledger: RedisLedger, to: Story, ref_bytes: int = 4) -> int:
    return await ledger.plan_edit(to, BOT, ref_bytes, NOW)


async def test_an_edit_reaches_every_copy_with_its_reference(ledger: RedisLedger) -> None:
    await planned(ledger)
    first = await send_all(ledger)
    assert (first.story, first.revision, first.edits) == ("AAAAA", 1, False)
    assert await edit(ledger, SECOND) == 6
    window = await begin(ledger)
    assert (window.push, window.story, window.revision, window.edits) == ("AAAAA@2", "AAAAA", 2, True)
    assert [(one.index, one.base) for one in window.intents] == [(n, n + 1) for n in range(6)]
    await ledger.commit(BOT, window.push, sent(window))
    tally = await ledger.tally(BOT, "AAAAA@2")
    assert tally is not None
    assert (tally.sent, tally.state) == (6, "done")


async def test_a_slack_reference_keeps_every_digit(ledger: RedisLedger) -> None:
    await planned(ledger, 2, ref_bytes=8)
    window = await begin(ledger)
    await ledger.commit(BOT, window.push, [(one, Sent(SLACK_TS + one.index), 0.0) for one in window.intents])
    await edit(ledger, SECOND, ref_bytes=8)
    assert [one.base for one in (await begin(ledger)).intents] == [SLACK_TS, SLACK_TS + 1]


async def test_only_who_has_it_is_edited_and_everybody_else_is_accounted_for(ledger: RedisLedger) -> None:
    await planned(ledger)
    window = await begin(ledger, 4)
    outcomes = [Sent(11), Uncertain("lost"), Gone("blocked", "stopped"), Later(5, "busy")]
    await ledger.commit(BOT, window.push, [(i, o, 5.0) for i, o in zip(window.intents, outcomes, strict=True)])
    await edit(ledger, SECOND)
    edits = await begin(ledger)
    assert edits.push == "AAAAA@2", "a correction goes ahead of what it corrects"
    assert [(one.index, one.base) for one in edits.intents] == [(0, 11)]
    await ledger.commit(BOT, edits.push, sent(edits))
    rest = await begin(ledger, 2)
    assert (rest.push, rest.revision) == ("AAAAA", 2), "what was not sent yet is sent in the new words"
    tally = await ledger.tally(BOT, "AAAAA@2")
    assert tally is not None
    assert (tally.audience, tally.sent, tally.skipped, tally.pending) == (6, 1, 5, 0)
    assert dict(tally.reasons) == {"in doubt": 1, "not there to edit": 4}


async def test_what_is_in_flight_is_edited_when_it_has_arrived(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger, 2)
    flying = await begin(ledger)
    await edit(ledger, SECOND)
    assert (await begin(ledger)).intents == ()
    await ledger.commit(BOT, flying.push, sent(flying))
    clock.passes(1.1)
    window = await begin(ledger)
    assert [(one.index, one.base, one.attempt) for one in window.intents] == [(0, 1, 1), (1, 2, 1)]


async def test_a_newer_edit_ends_the_older_and_waits_for_what_that_one_has_in_flight(
    ledger: RedisLedger, clock: SetClock
) -> None:
    await planned(ledger)
    await send_all(ledger)
    await edit(ledger, SECOND)
    older = await begin(ledger, 2)
    await edit(ledger, THIRD)
    newer = await begin(ledger)
    assert (newer.push, [one.index for one in newer.intents]) == ("AAAAA@3", [2, 3, 4, 5])
    await ledger.commit(BOT, older.push, sent(older))
    clock.passes(1.1)
    assert [one.index for one in (await begin(ledger)).intents] == [0, 1]
    tally = await ledger.tally(BOT, "AAAAA@2")
    assert tally is not None
    assert (tally.sent, tally.cancelled, tally.state) == (2, 4, "cancelled")
    assert await edit(ledger, SECOND) == 6, "planned before: told the same"
    assert await ledger.plan_edit(FIRST.model_copy(update={"revision": 1}), BOT, 4, NOW) == 0


async def test_an_edit_of_what_was_never_planned_here_is_over_at_once(ledger: RedisLedger) -> None:
    assert await edit(ledger, SECOND) == 0
    assert (await begin(ledger)).intents == ()


async def test_who_left_still_gets_the_correction_of_what_they_have(ledger: RedisLedger) -> None:
    await planned(ledger, 3)
    await send_all(ledger)
    await ledger._redis.call("SETBIT", keys.bitmap(BOT, "active"), 1, 0)
    await edit(ledger, SECOND)
    assert [one.index for one in (await begin(ledger)).intents] == [0, 1, 2]


async def test_a_follow_up_answers_the_first_alert_where_that_is(ledger: RedisLedger) -> None:
    await crowd(ledger._redis, range(20))
    for index in (0, 9, 10, 17):  # a parent that went to some: position and index differ
        await ledger._redis.call("SETBIT", keys.bitmap(BOT, "active"), index, 0)
    assert await opened(ledger, FIRST, BOT, 4, NOW) == 16
    await send_all(ledger)
    for index in (0, 9, 10, 17):
        await ledger._redis.call("SETBIT", keys.bitmap(BOT, "active"), index, 1)
    later = story("BBBBB").model_copy(update={"kind": "follow-up", "parent": "AAAAA"})
    assert await opened(ledger, later, BOT, 4, NOW) == 20
    begun = [*(await begin(ledger)).intents, *(await begin(ledger)).intents]
    assert {one.index: one.base for one in begun} == {n: 0 if n in (0, 9, 10, 17) else n + 1 for n in range(20)}
