"""Receipts told to a Redis that lost its last writes: nobody who was reached is begun again, whatever it lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from newsbot.core.model import Gone, Intent, Later, Outcome, Receipt, Sent, Tally, Uncertain
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, SetClock, Teller, account, at_work, bitmap, crowd, let_through, opened, story

D, R, X = Uncertain("no answer"), Later(None, "connect"), Gone("blocked", "stopped")


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock)


async def planned(ledger: RedisLedger, members: Sequence[int] = range(12), push: str = "AAAAA") -> None:
    await crowd(ledger._redis, members)
    await opened(ledger, story(push), BOT, 4, 1_800_000_000.0)


async def test_nobody_who_was_reached_is_begun_again(ledger: RedisLedger, clock: SetClock) -> None:
    """Every way a delivery can stand when the last writes are lost, at once."""
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    kept = (await other.begin(1)).intents
    await other.learn("AAAAA", kept)
    before = await clock.copied()
    done, lost, gone, flying, again = [(await one.begin(2)).intents for _ in range(5)]
    clock.passes(5)
    for intents, outcome in ((done, None), (lost, D), (gone, X), (again, R)):
        await one.learn("AAAAA", intents, outcome)
    truth = await account(ledger)
    await clock.promoted(before)
    assert (await account(ledger)).pending == 11
    await let_through(ledger, one, other)
    tally = await account(ledger)
    # Certainly not sent is as good as never begun: it is begun again, and that is right.
    assert (tally.sent, tally.doubt, tally.dead, tally.sending, tally.pending) == (3, 2, 2, 2, 3)
    assert dict(tally.reasons) == dict(truth.reasons)
    assert [(await ledger.why(BOT, "AAAAA", one.index) or {})["ref"] for one in (*kept, *done)] == [1, 2, 3]
    assert sorted(doubt.index for doubt in await ledger.doubts(BOT, 10)) == [one.index for one in lost]
    begun = await other.drain()
    assert sorted(intent.index for intent in begun) == [*(intent.index for intent in again), 11]
    await one.learn("AAAAA", flying)
    assert (await account(ledger)).state == "done"


@pytest.mark.parametrize(("outcome", "state"), [(None, "sent"), (D, "doubt"), (X, "dead"), (R, "retry")])
async def test_what_was_under_way_is_still_its_workers(
    ledger: RedisLedger, clock: SetClock, outcome: Outcome | None, state: str
) -> None:
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    before = await clock.copied()
    flying = (await one.begin(3)).intents
    await clock.promoted(before)
    await let_through(ledger, one)
    await one.learn("AAAAA", flying, outcome, 5.0)
    await account(ledger)
    assert {(await ledger.why(BOT, "AAAAA", intent.index) or {})["state"] for intent in flying} == {state}


async def test_what_was_under_way_is_in_doubt_when_its_worker_dies_after_all(
    ledger: RedisLedger, clock: SetClock
) -> None:
    await planned(ledger)
    one, other = await at_work(ledger, "v", "w")
    before = await clock.copied()
    await one.begin(3)
    await clock.promoted(before)
    await let_through(ledger, one, other)
    for _ in range(8):
        clock.passes(1)
        await ledger.beat(BOT, "w")
        await ledger.reap(BOT, 60)
    assert (await account(ledger)).doubt == 3


@pytest.mark.parametrize(("outcome", "state"), [(None, "sent"), (D, "doubt"), (X, "dead")])
async def test_another_try_whose_beginning_was_lost_is_not_tried_once_more(
    ledger: RedisLedger, clock: SetClock, outcome: Outcome | None, state: str
) -> None:
    """That Redis believes that the second try is still to come."""
    await planned(ledger, range(3))
    (one,) = await at_work(ledger, "v")
    await one.learn("AAAAA", (await one.begin()).intents, R, 1.0)
    before = await clock.copied()
    clock.passes(2)
    second = (await one.begin()).intents
    assert [intent.attempt for intent in second] == [2, 2, 2]
    await one.learn("AAAAA", second, outcome)
    await clock.promoted(before)
    await let_through(ledger, one)
    assert await one.drain() == []
    await account(ledger)
    assert (await ledger.why(BOT, "AAAAA", 0) or {})["state"] == state


async def test_another_try_that_is_on_the_wire_is_not_begun_beside_it(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger, range(3))
    one, other = await at_work(ledger, "v", "w")
    await one.learn("AAAAA", (await one.begin()).intents, R, 1.0)
    before = await clock.copied()
    clock.passes(2)
    second = (await one.begin()).intents
    await clock.promoted(before)
    await let_through(ledger, one, other)
    assert (await other.begin()).intents == ()
    await one.learn("AAAAA", second)
    assert (await account(ledger)).sent == 3


@pytest.mark.parametrize("outcome", [D, X, None])
async def test_the_last_word_about_an_earlier_try_does_not_end_the_one_that_is_queued(
    ledger: RedisLedger, clock: SetClock, outcome: Outcome | None
) -> None:
    """As the journal of a worker that died long ago would have it: its doubt is settled by sending once more."""
    await planned(ledger, range(3))
    one, other = await at_work(ledger, "v", "w")
    window = await one.begin()
    await one.learn("AAAAA", window.intents, D)
    for doubt in await ledger.doubts(BOT, 10):
        assert await ledger.settle(BOT, doubt, "resend", "by policy")
    words = [Receipt("AAAAA", intent, outcome) for intent in window.intents]
    assert await ledger.replay(BOT, words) == 0
    assert len((await other.begin(2)).intents) == 2
    assert await ledger.replay(BOT, words) == 0, "nor the one that is on the wire"
    assert [intent.again for intent in (await one.begin()).intents] == [True]


async def test_telling_what_is_known_changes_nothing(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    for outcome in (None, D, X, R):
        await one.learn("AAAAA", (await one.begin(2)).intents, outcome, 9.0)
    await one.begin(2)
    before = await account(ledger), dict(await clock.call("HGETALL", keys.push(BOT, "AAAAA")))
    assert await ledger.replay(BOT, list(one.words.values())) == 0
    assert (await account(ledger), dict(await clock.call("HGETALL", keys.push(BOT, "AAAAA")))) == before
    assert await ledger.copies(BOT) == []
    lost = await clock.copied()
    await one.learn("AAAAA", (await one.begin(2)).intents)
    await clock.promoted(lost)
    words = list(one.words.values())
    assert await ledger.replay(BOT, words) == 2
    assert await ledger.replay(BOT, words) == 0


async def test_a_whole_fan_out_can_be_told(ledger: RedisLedger, clock: SetClock) -> None:
    members = [3 * n + n % 7 // 6 for n in range(700)]
    await planned(ledger, members)
    await opened(ledger, story("BBBBB"), BOT, 4, 1_800_000_000.0)
    (one,) = await at_work(ledger, "v")
    before = await clock.copied()
    assert len(await one.drain()) == 1400
    await clock.promoted(before)
    await let_through(ledger, one)
    for push in ("AAAAA", "BBBBB"):
        assert (await account(ledger, push)).sent == 700
        for index in members[:40]:
            assert (await ledger.why(BOT, push, index) or {})["ref"] == index + 1


async def refrozen(ledger: RedisLedger, clock: SetClock, joined: int, left: int) -> tuple[Teller, list[Intent]]:
    """Sent to the even indexes below 40; then the plan itself is lost and made again, while one came and one went."""
    members = list(range(0, 40, 2))
    await crowd(clock, [*members, joined])
    await clock.call("SETBIT", keys.bitmap(BOT, "active"), joined, 0)
    (one,) = await at_work(ledger, "v")
    before = await clock.copied()
    await opened(ledger, story(), BOT, 4, 1_800_000_000.0)
    reached = [*(await one.begin(9)).intents]
    await one.learn("AAAAA", reached)
    reached += (await one.begin(2)).intents  # on the wire
    await clock.promoted(before)
    await clock.call("SET", keys.bitmap(BOT, "active"), bitmap({*members, joined} - {left}))
    await opened(ledger, story(), BOT, 4, 1_800_000_000.0)
    return one, reached


@pytest.mark.parametrize(("joined", "left"), [(1, -1), (13, 4), (15, 16), (39, 0)])
@pytest.mark.parametrize("told", [True, False])
async def test_nobody_is_taken_for_another_whose_place_in_the_audience_moved(
    ledger: RedisLedger, clock: SetClock, joined: int, left: int, told: bool
) -> None:
    """Also by what was on the wire, which its worker commits whether or not it has told this Redis anything."""
    one, reached = await refrozen(ledger, clock, joined, left)
    if told:
        await let_through(ledger, one)
    await one.learn("AAAAA", reached[9:])
    await let_through(ledger, one)
    begun = {intent.index for intent in await one.drain()}
    assert begun >= {joined, *range(22, 40, 2)} - {left}, "nobody is passed over"
    assert await ledger.copies(BOT) == [], "nobody's only copy is taken away"
    for intent in reached:
        facts = await ledger.why(BOT, "AAAAA", intent.index)
        assert facts is None or facts["ref"] == intent.index + 1


@pytest.mark.parametrize(("joined", "left"), [(1, -1), (13, 4), (39, 0), (15, 16)])
async def test_who_was_reached_is_not_begun_again_though_places_in_the_audience_moved(
    ledger: RedisLedger, clock: SetClock, joined: int, left: int
) -> None:
    one, reached = await refrozen(ledger, clock, joined, left)
    await let_through(ledger, one)
    begun = {intent.index for intent in await one.drain()}
    assert begun.isdisjoint(intent.index for intent in reached)


@pytest.mark.parametrize("outcome", [Sent(9), D, None])
async def test_what_was_reached_is_no_rest_that_was_cancelled(
    ledger: RedisLedger, clock: SetClock, outcome: Outcome | None
) -> None:
    """Somebody cancels after the change and before this worker told it."""
    await planned(ledger)
    (one,) = await at_work(ledger, "v")
    before = await clock.copied()
    reached = (await one.begin(2)).intents
    if outcome:
        await one.learn("AAAAA", reached, outcome)
    await clock.promoted(before)
    assert (await ledger.cancel(BOT, "AAAAA") or Tally()).cancelled == 12
    await let_through(ledger, one)
    tally = await account(ledger)
    found = {Sent: "sent", Uncertain: "doubt", type(None): "sending"}[type(outcome)]
    assert (getattr(tally, found), tally.cancelled, dict(tally.reasons)["cancelled"]) == (2, 10, 10)


async def test_an_edit_in_doubt_is_told_as_one_to_repeat(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger, range(3))
    (one,) = await at_work(ledger, "v")
    await one.drain()
    await ledger.plan_edit(story().model_copy(update={"revision": 2}), BOT, 4, 1_800_000_000.0)
    edits = (await one.begin()).intents
    assert await ledger.replay(BOT, [Receipt("AAAAA@2", intent, Uncertain("worker lost")) for intent in edits]) == 3
    clock.passes(2)
    assert [intent.index for intent in (await one.begin()).intents] == [0, 1, 2]
    assert (await account(ledger, "AAAAA@2")).doubt == 0


async def test_a_doubt_that_was_sent_once_more_is_not_sent_a_third_time(ledger: RedisLedger, clock: SetClock) -> None:
    await planned(ledger, [5])
    (one,) = await at_work(ledger, "v")
    await one.learn("AAAAA", (await one.begin()).intents, D)
    before = await clock.copied()
    (doubt,) = await ledger.doubts(BOT, 10)
    assert await ledger.settle(BOT, doubt, "resend", "by policy")
    second = (await one.begin()).intents
    await one.learn("AAAAA", second, D)
    await clock.promoted(before)
    await let_through(ledger, one)
    for doubt in await ledger.doubts(BOT, 10):
        await ledger.settle(BOT, doubt, "resend", "by policy")
    assert (await one.begin()).intents == ()
