"""Deliveries nobody knows the end of: shown, held, found, sent once more and never twice; a second copy is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import pytest

from newsbot.core.model import Doubt, Gone, Later, Outcome, Sent, Tally, Uncertain, Urgency, Window
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from tests.contract.store_kit import BOT, START, SetClock, Work, account, crowd, later, opened, sent, story

D, X = Uncertain("no answer"), Gone("blocked", "stopped")
EVER = START / 1e6 + 1e6
SPARSE = (2, 7, 8, 30, 31, 64)


@pytest.fixture
async def clock(redis: Redis) -> AsyncIterator[SetClock]:
    connection = SetClock(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def ledger(clock: SetClock) -> RedisLedger:
    return RedisLedger(clock, guarded=False)


@pytest.fixture
def work(ledger: RedisLedger) -> Work:
    return Work(ledger)


async def commit(ledger: RedisLedger, window: Window, *outcomes: Outcome) -> None:
    await ledger.commit(BOT, window.push, [(i, o, 1.0) for i, o in zip(window.intents, outcomes, strict=True)])


async def doubtful(ledger: RedisLedger, members: Sequence[int] = SPARSE, urgency: Urgency = Urgency.NORMAL) -> Window:
    """A push whose every delivery is in doubt; the window it was begun in."""
    await crowd(ledger._redis, members)
    await opened(ledger, story(urgency=urgency), BOT, 4, START / 1e6)
    window = await Work(ledger, "first").begin()
    await commit(ledger, window, *[D for _ in window.intents])
    return window


async def open_doubts(ledger: RedisLedger) -> list[Doubt]:
    return await ledger.doubts(BOT, 100)


async def settled(ledger: RedisLedger, verdict: Sent | str, of: Iterable[Doubt] | None = None) -> list[bool]:
    doubts = await open_doubts(ledger) if of is None else of
    return [await ledger.settle(BOT, doubt, verdict, f"told to {verdict}") for doubt in doubts]


async def state(ledger: RedisLedger, index: int) -> tuple[str, str | None]:
    facts = await ledger.why(BOT, "AAAAA", index)
    assert facts is not None
    return facts["state"], facts["reason"]


async def test_a_doubt_says_whose_it_is_and_since_when(ledger: RedisLedger, clock: SetClock) -> None:
    await crowd(clock, SPARSE)
    await opened(ledger, story(), BOT, 4, START / 1e6)
    work = Work(ledger)
    for _ in range(3):
        await commit(ledger, await work.begin(2), Sent(5), D)
        clock.passes(10)
    found = await open_doubts(ledger)
    assert [(one.push, one.story, one.position, one.index, one.address.chat) for one in found] == [
        ("AAAAA", "AAAAA", position, SPARSE[position], str(1_000_000 + SPARSE[position])) for position in (1, 3, 5)
    ]
    assert [one.since - START / 1e6 for one in found] == [0, 10, 20]
    assert await ledger.doubts(BOT, 1) == found[:1]
    assert await ledger.doubtful(BOT, "AAAAA") == found
    assert await ledger.doubtful(BOT, "OTHER") == []


async def test_what_is_held_stays_a_doubt_and_is_not_asked_about_again(ledger: RedisLedger) -> None:
    await doubtful(ledger)
    assert all(await settled(ledger, "hold"))
    assert await open_doubts(ledger) == []
    tally = await account(ledger)
    assert (tally.doubt, dict(tally.reasons)) == (6, {"no answer; told to hold": 6})
    shown = await ledger.doubtful(BOT, "AAAAA")
    assert [one.index for one in shown] == list(SPARSE)
    assert all(await settled(ledger, "hold", shown)), "saying so again is no mistake"
    assert dict((await account(ledger)).reasons) == {"no answer; told to hold": 6}


async def test_what_was_found_is_sent_with_its_reference(ledger: RedisLedger, clock: SetClock) -> None:
    await doubtful(ledger)
    clock.passes(7)
    assert all(await settled(ledger, Sent(77)))
    assert (await account(ledger)).sent == 6
    assert dict((await account(ledger)).reasons) == {}
    for index in SPARSE:
        facts = await ledger.why(BOT, "AAAAA", index)
        assert facts is not None
        assert (facts["ref"], facts["at"]) == (77, START / 1e6 + 7)
    assert await open_doubts(ledger) == await ledger.doubtful(BOT, "AAAAA") == []
    assert await ledger.copies(BOT) == []


@pytest.mark.parametrize("ref", [0, 1 << 32])
async def test_what_was_found_under_no_reference_is_not_found(ledger: RedisLedger, ref: int) -> None:
    await doubtful(ledger, [3])
    assert await settled(ledger, Sent(ref)) == [False]
    assert (await account(ledger)).doubt == 1


async def test_a_doubt_is_sent_once_more_and_never_a_third_time(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    first = await doubtful(ledger)
    assert (await account(ledger)).state == "done"
    doubts = await open_doubts(ledger)
    assert all(await settled(ledger, "resend"))
    tally = await account(ledger)
    assert (tally.doubt, tally.pending, tally.state, tally.reasons) == (0, 6, "open", ())
    assert not any(await settled(ledger, "resend", doubts)), "said again"
    again = await work.begin()
    assert [one.index for one in again.intents] == list(SPARSE)
    assert all(one.again for one in again.intents)
    assert not any(one.again for one in first.intents)
    assert not any(await settled(ledger, "resend", doubts)), "said while it is on the wire"
    await commit(ledger, again, *[D for _ in SPARSE])
    assert all(one.again for one in await open_doubts(ledger))
    assert not any(await settled(ledger, "resend"))
    clock.passes(100)
    assert (await work.begin()).intents == ()
    assert all(await settled(ledger, "hold"))
    assert (await account(ledger)).doubt == 6


async def test_what_is_sent_once_more_may_be_tried_until_it_is_answered(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await doubtful(ledger, [3])
    await settled(ledger, "resend")
    for _ in range(3):
        window = await work.begin()
        assert [one.again for one in window.intents] == [True]
        await ledger.commit(BOT, window.push, later(window))
        clock.passes(1)
    await ledger.commit(BOT, "AAAAA", sent(await work.begin()))
    assert ((await account(ledger)).sent, (await account(ledger)).state) == (1, "done")


@pytest.mark.parametrize("edits", [False, True])
async def test_however_many_tries_are_no_doubt_that_is_sent_once_more(
    ledger: RedisLedger, clock: SetClock, work: Work, edits: bool
) -> None:
    """An edit is tried once a minute for a week."""
    await crowd(clock, range(2))
    await opened(ledger, story(), BOT, 4, START / 1e6)
    push = "AAAAA"
    if edits:
        await ledger.commit(BOT, push, sent(await work.begin()))
        push = "AAAAA@2"
        await ledger.plan_edit(SECOND, BOT, 4, START / 1e6)
    await ledger.commit(BOT, push, later(await work.begin()))
    retries = keys.push(BOT, push, "retries")
    await clock.call("DEL", retries)
    await clock.call("ZADD", retries, 1, "0:0:12000", 1, "1:1:12000")
    clock.passes(2)
    window = await work.begin(1)
    assert [(one.attempt, one.again) for one in window.intents] == [(12000, False)]
    await commit(ledger, window, X)
    await clock.call("HDEL", keys.chat(BOT, 0), 1)  # erased
    assert (await work.begin()).intents == ()
    tally = await account(ledger, push)
    assert (tally.dead, tally.skipped, tally.doubt) == (1, 1, 0)


async def test_only_a_doubt_is_settled(ledger: RedisLedger, work: Work) -> None:
    await doubtful(ledger, range(3))
    one, two, three = await open_doubts(ledger)
    assert await ledger.settle(BOT, one, Sent(5), "found")
    for verdict in ("hold", "resend"):
        assert not await ledger.settle(BOT, one, verdict, "too late")
    assert await state(ledger, 0) == ("sent", None)
    assert await ledger.settle(BOT, two, "resend", "policy")
    assert not await ledger.settle(BOT, two, "hold", "too late")
    nobody = Doubt("OTHER", 0, 0, three.address, 0.0, "OTHER")
    for anything in ("hold", "resend", Sent(5)):
        assert not await ledger.settle(BOT, nobody, anything, "?")
    assert await ledger.tally(BOT, "OTHER") is None


async def at_its_end(ledger: RedisLedger, clock: SetClock, end: str) -> Tally | None:
    if end == "cancel":
        return await ledger.cancel(BOT, "AAAAA")
    clock.passes(86401)
    return None


@pytest.mark.parametrize(("end", "word"), [("cancel", "cancelled"), ("expiry", "expired")])
async def test_a_doubt_of_what_is_closed_is_not_sent_once_more(
    ledger: RedisLedger, clock: SetClock, work: Work, end: str, word: str
) -> None:
    await crowd(clock, range(20))
    await opened(ledger, story(), BOT, 4, START / 1e6)
    await commit(ledger, await work.begin(3), D, D, D)
    await at_its_end(ledger, clock, end)
    assert (await work.begin()).intents == ()
    assert not any(await settled(ledger, "resend"))
    tally = await account(ledger)
    assert (tally.doubt, dict(tally.reasons)) == (3, {"no answer": 3, word: 17})


async def test_a_doubt_older_than_its_alert_is_not_sent_once_more(ledger: RedisLedger, clock: SetClock) -> None:
    await doubtful(ledger)
    clock.passes(86401)
    assert not any(await settled(ledger, "resend"))
    assert (await account(ledger)).doubt == 6


@pytest.mark.parametrize("end", ["cancel", "expiry"])
async def test_what_cannot_be_sent_once_more_is_in_doubt_again(
    ledger: RedisLedger, clock: SetClock, work: Work, end: str
) -> None:
    """Its first copy may be there: it is neither cancelled nor dead."""
    await crowd(clock, range(20))
    await opened(ledger, story(), BOT, 4, START / 1e6)
    await commit(ledger, await work.begin(4), D, D, D, D)
    queued, flying, lost, _ = await open_doubts(ledger)
    await settled(ledger, "resend", [flying, lost])
    window = await work.begin(2)
    await settled(ledger, "resend", [queued])
    await at_its_end(ledger, clock, end)
    assert (await work.begin()).intents == ()
    await commit(ledger, window, Later(None, "connect"), D)
    tally = await account(ledger)
    rest = {"cancel": tally.cancelled, "expiry": tally.dead}[end]
    assert (tally.doubt, rest, tally.sending, tally.pending) == (4, 16, 0, 0)
    assert {(await state(ledger, index))[0] for index in range(4)} == {"doubt"}
    assert sum(why.startswith("in doubt") for why, _ in tally.reasons) >= 1
    assert [one.index for one in await ledger.doubtful(BOT, "AAAAA")] == [0, 1, 2, 3]
    await commit(ledger, window, Sent(5), Sent(6))
    tally = await account(ledger)
    assert (tally.sent, tally.doubt) == (2, 2)


@pytest.mark.parametrize("how", ["unsubscribed", "erased"])
async def test_who_leaves_before_it_is_sent_once_more_is_in_doubt_again(
    ledger: RedisLedger, clock: SetClock, work: Work, how: str
) -> None:
    await doubtful(ledger, [3])
    await settled(ledger, "resend")
    await clock.call("SETBIT", keys.bitmap(BOT, "active"), 3, 0)
    if how == "erased":
        await clock.call("HDEL", keys.chat(BOT, 3), 3)
    assert (await work.begin()).intents == ()
    assert (await account(ledger)).doubt == 1, "nobody knows that it was skipped"


async def test_what_is_lost_while_it_is_sent_once_more_is_in_doubt_again(
    ledger: RedisLedger, clock: SetClock, work: Work
) -> None:
    await doubtful(ledger, [3])
    await settled(ledger, "resend")
    await work.begin()
    clock.passes(61)
    assert await ledger.reap(BOT, 60) == 1
    (doubt,) = await open_doubts(ledger)
    assert doubt.again


@pytest.mark.parametrize("first_comes", ["queued", "flying", "sent", "doubtful"])
async def test_a_late_answer_of_the_first_copy_makes_the_second_one_known(
    ledger: RedisLedger, work: Work, first_comes: str
) -> None:
    """Sent always wins; the copy whose reference comes second is taken away, once."""
    first = await doubtful(ledger, [3])
    await settled(ledger, "resend")
    if first_comes == "queued":
        await commit(ledger, first, Sent(11))
        assert (await work.begin()).intents == ()
        assert (await ledger.copies(BOT), (await account(ledger)).state) == ([], "done")
        return
    second = await work.begin()
    if first_comes == "flying":
        await commit(ledger, first, Sent(11))
        assert (await account(ledger)).sent == 1
        assert await ledger.copies(BOT) == []
        await commit(ledger, second, Sent(22))
    else:
        await commit(ledger, second, Sent(22) if first_comes == "sent" else D)
        await commit(ledger, first, Sent(11))
    tally = await account(ledger)
    assert (tally.sent, tally.doubt, tally.state) == (1, 0, "done")
    copies = {"flying": [("AAAAA", 3, 22)], "sent": [("AAAAA", 3, 11)], "doubtful": []}[first_comes]
    for _ in range(2):
        assert await ledger.copies(BOT) == copies, "until it is gone"
    for copy in copies:
        await ledger.copy_gone(BOT, *copy)
    await commit(ledger, second, Sent(22 if first_comes == "sent" else 11))
    assert await ledger.copies(BOT) == [], "the same answer again is no copy"
    facts = await ledger.why(BOT, "AAAAA", 3)
    assert facts is not None
    assert facts["ref"] == (22 if first_comes == "sent" else 11)


@pytest.mark.parametrize("end", [D, X, Later(None, "connect")])
async def test_nothing_is_left_of_a_try_that_a_late_answer_made_needless(
    ledger: RedisLedger, clock: SetClock, work: Work, end: Outcome
) -> None:
    first = await doubtful(ledger, [3])
    await settled(ledger, "resend")
    second = await work.begin()
    await commit(ledger, first, Sent(11))
    await commit(ledger, second, end)
    tally = await account(ledger)
    assert (tally.sent, tally.audience, tally.state) == (1, 1, "done")
    clock.passes(100)
    assert (await work.begin()).intents == ()
    assert await clock.call("EXISTS", keys.push(BOT, "AAAAA", "intents")) == 0


async def test_a_copy_of_a_slack_message_keeps_every_digit(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    await crowd(clock, [9])
    await opened(ledger, story(), BOT, 8, START / 1e6)
    first = await work.begin()
    await commit(ledger, first, D)
    await settled(ledger, "resend")
    await commit(ledger, await work.begin(), Sent(1_800_000_000_123_457))
    await commit(ledger, first, Sent(1_800_000_000_123_456))
    assert await ledger.copies(BOT) == [("AAAAA", 9, 1_800_000_000_123_456)]


SECOND = story().model_copy(update={"revision": 2})


async def edited(ledger: RedisLedger, work: Work) -> Window:
    """Three chats that have it, and the window in which it is edited."""
    await crowd(ledger._redis, range(3))
    await opened(ledger, story(), BOT, 4, START / 1e6)
    await ledger.commit(BOT, "AAAAA", sent(await work.begin()))
    await ledger.plan_edit(SECOND, BOT, 4, START / 1e6)
    window = await work.begin()
    assert (window.push, len(window.intents)) == ("AAAAA@2", 3)
    return window


@pytest.mark.parametrize("how", ["reaped", "told"])
async def test_an_edit_in_doubt_is_made_again_until_it_is_answered(
    ledger: RedisLedger, clock: SetClock, work: Work, how: str
) -> None:
    window = await edited(ledger, work)
    for _ in range(3):
        clock.passes(61)
        if how == "reaped":
            assert await ledger.reap(BOT, 60) == 0
        else:
            await commit(ledger, window, *[D for _ in range(3)])
        clock.passes(2)
        window = await work.begin()
        assert [(one.index, one.base) for one in window.intents] == [(0, 1), (1, 2), (2, 3)]
    assert await open_doubts(ledger) == []
    await commit(ledger, window, *[Sent(one.base) for one in window.intents])
    tally = await account(ledger, "AAAAA@2")
    assert (tally.sent, tally.state, await ledger.copies(BOT)) == (3, "done", [])


async def test_an_edit_that_a_newer_one_ended_is_in_doubt(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    window = await edited(ledger, work)
    await ledger.plan_edit(story().model_copy(update={"revision": 3}), BOT, 4, START / 1e6)
    await commit(ledger, window, D, D, Sent(3))
    tally = await account(ledger, "AAAAA@2")
    assert (tally.doubt, tally.sent, tally.state) == (2, 1, "cancelled")
    clock.passes(2)
    assert [(one.index, one.base) for one in (await work.begin()).intents] == [(0, 1), (1, 2), (2, 3)]


async def test_a_follow_up_in_doubt_knows_what_it_answers(ledger: RedisLedger, clock: SetClock, work: Work) -> None:
    """In whose thread it is to be looked for."""
    await crowd(clock, SPARSE)
    await opened(ledger, story(), BOT, 4, START / 1e6)
    await ledger.commit(BOT, "AAAAA", sent(await work.begin()))
    clock.passes(2)
    await opened(ledger, story("BBBBB").model_copy(update={"parent": "AAAAA"}), BOT, 4, START / 1e6)
    await commit(ledger, await work.begin(), *[D for _ in SPARSE])
    assert [(one.index, one.base) for one in await open_doubts(ledger)] == [(n, n + 1) for n in SPARSE]
