"""Subscribers on a real Redis: one index a chat for ever, choices as bitmaps, and audiences frozen from them; chats that
lost their rights are looked at now and then, chats that stopped are kept for a while and then forgotten."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from newsbot.core.model import Address, Subscriber, Urgency
from newsbot.core.quarantine import CHOICES_KEPT, Quarantined
from newsbot.store import keys
from newsbot.store import subscribers as store
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, Work, opened, sent, story

NOW = 1_800_000_000
MINUTE, DAY = 60, 86400


class Clock:
    """The time the store believes."""

    now = float(NOW)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subscribers(redis: Redis, clock: Clock) -> RedisSubscribers:
    return RedisSubscribers(redis, ("telegram", "slack"), lambda: clock.now, lambda: 0.5)


def chat(name: int | str, *topics: str, urgency: Urgency = Urgency.NORMAL, **more: str) -> Subscriber:
    return Subscriber(Address(BOT, str(name)), frozenset(topics), urgency, **more)  # type: ignore[arg-type]


async def test_what_is_put_is_what_is_read(subscribers: RedisSubscribers) -> None:
    kept = [
        await subscribers.put(chat(-100 - number, *topics, urgency=urgency, language=language, state=state))
        for number, (topics, urgency, language, state) in enumerate(
            itertools.product([(), ("정치",), ("a", "b")], Urgency, ["ko", "en"], ["active", "quarantined", "stopped"])
        )
    ]
    assert [one.index for one in kept] == list(range(54))
    assert [one async for one in subscribers.all()] == kept
    assert [await subscribers.get(one.address) for one in kept] == kept
    assert await subscribers.count(BOT) == 18


async def test_putting_again_replaces_the_choices_and_keeps_index_and_date(subscribers: RedisSubscribers) -> None:
    first = await subscribers.put(Subscriber(Address(BOT, "1"), frozenset({"a"}), since=1_700_000_000))
    again = await subscribers.put(chat(1, "b", language="en"))
    assert (again.index, again.since, again.topics) == (first.index, 1_700_000_000, {"b"})
    assert await subscribers.get(first.address) == again
    await subscribers.set_state(first.address, "stopped")
    assert (await subscribers.put(chat(1))).since == 1_800_000_000, "who comes back comes anew"


async def test_a_hundred_at_once_get_a_hundred_indexes(subscribers: RedisSubscribers) -> None:
    kept = await asyncio.gather(*(subscribers.put(chat(number % 50)) for number in range(100)))
    assert sorted({one.index for one in kept}) == list(range(50))
    assert [kept[number].index == kept[number + 50].index for number in range(50)] == [True] * 50


async def test_a_state_excludes_the_others(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(1))
    for state in ("quarantined", "active", "quarantined", "stopped", "active", "stopped"):
        assert await subscribers.set_state(one.address, state)
        found = await subscribers.get(one.address)
        assert found is not None
        assert found.state == state
        assert await subscribers.count(BOT) == (state == "active")
    assert not await subscribers.set_state(Address(BOT, "nobody"), "stopped")


async def test_a_moved_chat_keeps_its_index_and_is_known_by_its_new_address(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(-5, "a", language="en"))
    for _ in range(2):
        await subscribers.move(one.address, Address(BOT, "-1005"))
    found = await subscribers.get(Address(BOT, "-1005"))
    assert found is not None
    assert (found.index, found.topics, found.language, found.state) == (one.index, {"a"}, "en", "active")
    assert await subscribers.get(one.address) is None
    assert [str(each.address) async for each in subscribers.all()] == ["telegram:-1005"]


@pytest.mark.parametrize("state", ["active", "quarantined"])
async def test_moving_onto_a_subscribed_chat_stops_the_old_one(subscribers: RedisSubscribers, state: str) -> None:
    await subscribers.put(chat(-5, state=state))
    await subscribers.put(chat(-1005, "a"))
    await subscribers.move(Address(BOT, "-5"), Address(BOT, "-1005"))
    assert [(one.state, one.topics) async for one in subscribers.all()] == [("stopped", set()), ("active", {"a"})]


async def test_moving_to_itself_or_from_nowhere_changes_nothing(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(-5))
    await subscribers.move(one.address, one.address)
    await subscribers.move(Address(BOT, "-6"), one.address)
    assert [each async for each in subscribers.all()] == [one]


async def test_a_retry_after_a_move_goes_to_the_new_address(subscribers: RedisSubscribers, redis: Redis) -> None:
    ledger = RedisLedger(redis, guarded=False)
    await subscribers.put(chat(-5))
    await opened(ledger, story(), BOT, 4, 1.8e9)
    work = Work(ledger)
    window = await work.begin()
    await subscribers.move(window.intents[0].address, Address(BOT, "-1005"))
    await ledger.commit(BOT, "AAAAA", [(window.intents[0], _moved(), 0.0)])
    again = await work.begin()
    assert [str(one.address) for one in again.intents] == ["telegram:-1005"]
    await ledger.commit(BOT, "AAAAA", sent(again))


def _moved() -> object:
    from newsbot.core.model import Moved

    return Moved(Address(BOT, "-1005"))


async def test_the_audience_is_who_wants_the_topic_this_urgently_and_is_active(
    subscribers: RedisSubscribers, redis: Redis
) -> None:
    ledger, people = RedisLedger(redis, guarded=False), {}
    for number, (topics, floor, state) in enumerate(
        itertools.product([(), ("a",), ("b",), ("a", "b")], Urgency, ["active", "quarantined", "stopped"])
    ):
        people[number] = (set(topics), floor, state)
        await subscribers.put(chat(number, *topics, urgency=floor, state=state))
    for urgency in Urgency:
        for topics in [(), ("a",), ("b", "a"), ("nobody asked",)]:
            name = f"{urgency}{len(topics)}{''.join(topics)}".upper()
            wanted = [
                number
                for number, (asked, floor, state) in people.items()
                if state == "active" and (not asked or asked & set(topics)) and urgency.lane <= floor.lane
            ]
            assert await opened(ledger, story(name, urgency, *topics), BOT, 4, 0) == len(wanted)
            got = [number for number in people if await ledger.why(BOT, name, number)]
            assert got == wanted


async def test_paging_over_many_shards_misses_nobody(subscribers: RedisSubscribers, redis: Redis) -> None:
    total = 64 * keys.SHARD + 131
    names = [f"{number} ko 1" for number in range(total)]
    await redis.pipeline([["HSET", keys.chat(BOT, n), n, record] for n, record in enumerate(names)])
    await redis.call("SET", keys.next_index(BOT), total)
    assert [one.index async for one in subscribers.all()] == list(range(total))


async def test_who_stopped_is_not_quarantined_by_a_refusal_that_comes_in_late(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(1))
    await subscribers.set_state(one.address, "stopped")
    assert await subscribers.set_state(one.address, "quarantined")
    found = await subscribers.get(one.address)
    assert found is not None
    assert found.state == "stopped"


async def test_a_state_that_was_left_meanwhile_is_not_left_again(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(1))
    assert not await subscribers.set_state(one.address, "stopped", "quarantined")
    assert await subscribers.set_state(one.address, "stopped", "active")
    assert not await subscribers.set_state(one.address, "active", "quarantined")
    assert await subscribers.count(BOT) == 0


async def test_a_quarantined_chat_comes_up_when_it_is_due_and_keeps_what_it_chose(
    subscribers: RedisSubscribers, clock: Clock
) -> None:
    one = await subscribers.put(chat(-5, "a", language="en", urgency=Urgency.BREAKING))
    await subscribers.set_state(one.address, "quarantined")
    clock.now += 10 * MINUTE - 1
    await subscribers.set_state(one.address, "quarantined")  # a second refusal starts nothing anew
    assert await subscribers.probes(BOT, 10) == []
    clock.now += 1
    assert await subscribers.probes(BOT, 10) == [Quarantined(0, one.address, 0, NOW)]
    assert await subscribers.looked(one.address, 1, clock.now + 60 * MINUTE)
    assert await subscribers.probes(BOT, 10) == []
    clock.now += 60 * MINUTE
    assert await subscribers.probes(BOT, 10) == [Quarantined(0, one.address, 1, NOW)]
    assert await subscribers.set_state(one.address, "active", "quarantined")
    assert await subscribers.probes(BOT, 10) == []
    assert await subscribers.get(one.address) == one


async def test_chats_that_are_due_come_longest_overdue_first_and_no_more_than_asked_for(
    subscribers: RedisSubscribers, clock: Clock
) -> None:
    for number in (3, 1, 2):
        one = await subscribers.put(chat(number))
        await subscribers.set_state(one.address, "quarantined")
        clock.now += 1
    clock.now += 10 * MINUTE
    assert [found.address.chat for found in await subscribers.probes(BOT, 2)] == ["3", "1"]


@pytest.mark.parametrize("how", ["active", "stopped", "put", "erase"])
async def test_whoever_leaves_quarantine_is_looked_at_no_more_and_begins_anew_the_next_time(
    subscribers: RedisSubscribers, redis: Redis, clock: Clock, how: str
) -> None:
    one = await subscribers.put(chat(1))
    await subscribers.set_state(one.address, "quarantined")
    await subscribers.looked(one.address, 3, NOW)
    if how == "put":
        await subscribers.put(chat(1))
    elif how == "erase":
        await subscribers.erase(one.address)
    else:
        await subscribers.set_state(one.address, how)
    clock.now += DAY
    assert await redis.call("EXISTS", keys.bot(BOT) + "probes", keys.bot(BOT) + "probing") == 0
    assert not await subscribers.looked(one.address, 4, NOW)
    assert await subscribers.probes(BOT, 10) == []
    again = await subscribers.put(chat(1))
    await subscribers.set_state(one.address, "quarantined")
    clock.now += DAY
    assert await subscribers.probes(BOT, 10) == [Quarantined(again.index, one.address, 0, NOW + DAY)]


async def test_a_thread_that_moves_is_found_under_its_new_place_alone(
    subscribers: RedisSubscribers, redis: Redis
) -> None:
    await subscribers.put(chat("-5/7"))
    await subscribers.move(Address(BOT, "-5/7"), Address(BOT, "-1005/7"))
    assert [one.address.chat for one in await subscribers.under(Address(BOT, "-1005"))] == ["-1005/7"]
    assert await subscribers.erase(Address(BOT, "-1005/7"))
    assert await redis.call("KEYS", keys.threads(BOT, "*")) == []


async def test_a_chat_that_moves_is_looked_at_under_its_new_address(
    subscribers: RedisSubscribers, clock: Clock
) -> None:
    one = await subscribers.put(chat(-5))
    await subscribers.set_state(one.address, "quarantined")
    await subscribers.move(one.address, Address(BOT, "-1005"))
    clock.now += DAY
    assert [str(found.address) for found in await subscribers.probes(BOT, 10)] == ["telegram:-1005"]


async def test_a_stopped_chat_is_gone_when_its_time_is_over_and_not_when_it_came_back(
    subscribers: RedisSubscribers, clock: Clock
) -> None:
    for number in (1, 2, 3):
        one = await subscribers.put(chat(number, "a"))
        await subscribers.set_state(one.address, "stopped")
        clock.now += DAY
    await subscribers.set_state(Address(BOT, "1"), "stopped")  # said again: no new time
    await subscribers.put(chat(2, "b"))
    assert await subscribers.gone(BOT, NOW - 1, 10) == []
    assert await subscribers.gone(BOT, NOW, 10) == [(0, Address(BOT, "1"))]
    assert await subscribers.gone(BOT, NOW + 2 * DAY, 1) == [(0, Address(BOT, "1"))]
    assert await subscribers.gone(BOT, NOW + 2 * DAY, 10) == [(0, Address(BOT, "1")), (2, Address(BOT, "3"))]
    await subscribers.set_state(Address(BOT, "2"), "stopped")
    assert (1, Address(BOT, "2")) in await subscribers.gone(BOT, clock.now, 10)
    assert await subscribers.gone(BOT, NOW + 2 * DAY, 10) == [(0, Address(BOT, "1")), (2, Address(BOT, "3"))]


@pytest.mark.parametrize("how", ["active", "put"])
async def test_whoever_comes_back_is_not_on_the_way_out(subscribers: RedisSubscribers, redis: Redis, how: str) -> None:
    one = await subscribers.put(chat(1))
    await subscribers.set_state(one.address, "stopped")
    assert await redis.call("ZCARD", keys.bot(BOT) + "gone") == 1
    await (subscribers.put(chat(1)) if how == "put" else subscribers.set_state(one.address, how))
    assert await redis.call("ZCARD", keys.bot(BOT) + "gone") == 0


async def test_what_was_stored_quarantined_or_stopped_gets_its_time_like_everybody(
    subscribers: RedisSubscribers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BATCH", 7)
    for number in range(60):
        await subscribers.put(chat(number, state=("active", "quarantined", "stopped", "active", "stopped")[number % 5]))
    await subscribers.set_state(Address(BOT, "1"), "quarantined")
    assert await subscribers.probes(BOT, 9999) == []
    assert await subscribers.gone(BOT, clock.now - 1, 9999) == []
    stopped = [(n, Address(BOT, str(n))) for n in range(60) if n % 5 in (2, 4)]
    clock.now += 10 * MINUTE
    assert sorted(found.index for found in await subscribers.probes(BOT, 9999)) == list(range(1, 60, 5))
    assert {found.since for found in await subscribers.probes(BOT, 9999)} == {NOW}
    assert sorted(await subscribers.gone(BOT, clock.now, 9999), key=lambda one: one[0]) == stopped


async def test_an_entry_that_belongs_to_nobody_leaves_its_queue(
    subscribers: RedisSubscribers, redis: Redis, clock: Clock
) -> None:
    await subscribers.put(chat(1))
    for queue in ("probes", "gone"):
        await redis.call("ZADD", keys.bot(BOT) + queue, NOW - 1, 0)
    await redis.call("HSET", keys.bot(BOT) + "probing", 0, f"9 {NOW - DAY}")
    assert await subscribers.probes(BOT, 10) == []
    assert await subscribers.gone(BOT, NOW, 10) == []
    await subscribers.set_state(Address(BOT, "1"), "quarantined")
    clock.now += DAY
    assert await subscribers.probes(BOT, 10) == [Quarantined(0, Address(BOT, "1"), 0, NOW)]


async def everything(redis: Redis) -> str:
    """All that Redis holds, as one text."""
    read = {b"string": ["GET"], b"hash": ["HGETALL"], b"set": ["SMEMBERS"], b"zset": ["ZRANGE", 0, -1, "WITHSCORES"]}
    found = []
    for key in sorted(await redis.call("KEYS", "*")):
        name, *more = read[await redis.call("TYPE", key)]
        found.append(f"{key!r} {await redis.call(name, key, *more)!r}")
    return "\n".join(found)


async def test_of_an_erased_chat_nothing_is_left_but_an_index_that_is_never_given_again(
    subscribers: RedisSubscribers, redis: Redis, clock: Clock
) -> None:
    other = await subscribers.put(chat(1, "a"))
    address = Address(BOT, "-1007777/42")
    await subscribers.put(Subscriber(address, frozenset({"a", "b"}), Urgency.BREAKING))
    await subscribers.set_state(address, "quarantined")
    await redis.call("SETRANGE", keys.bot(BOT) + "paced", 0, b"\1" * 12)
    await redis.call("HSET", keys.bot(BOT) + "places", "-1007777", 5)
    assert "1007777" in await everything(redis)
    assert await subscribers.erase(address)
    assert "1007777" not in await everything(redis)
    assert await redis.call("GET", keys.bot(BOT) + "paced") == b"\1\1\1\1\0\0\0\0\1\1\1\1"
    maps = await redis.call("KEYS", keys.bitmap(BOT, "*"))
    assert len(maps) == 7, "three states, one topic of both and one of the erased alone, and a floor of each"
    assert {await redis.call("GETBIT", name, 1) for name in maps} == {0}
    assert not await subscribers.erase(address)
    assert await subscribers.get(address) is None
    assert [one async for one in subscribers.all()] == [other]
    assert (await subscribers.put(chat("-1007777/42"))).index == 2


async def test_an_erased_index_waits_until_nothing_can_be_in_flight_to_it_and_goes_when_its_references_are_gone(
    subscribers: RedisSubscribers, clock: Clock
) -> None:
    one = await subscribers.put(chat(1))
    await subscribers.erase(one.address)
    assert await subscribers.gone(BOT, clock.now - CHOICES_KEPT, 10) == []
    clock.now += 2 * MINUTE
    assert await subscribers.gone(BOT, clock.now - CHOICES_KEPT, 10) == [(0, None)]
    await subscribers.cleared(BOT, [0])
    assert await subscribers.gone(BOT, clock.now, 10) == []


async def test_who_came_back_in_the_last_moment_is_not_erased(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(chat(1, "a"))
    assert not await subscribers.erase(one.address, "stopped")
    assert await subscribers.get(one.address) == one
    await subscribers.set_state(one.address, "stopped")
    assert await subscribers.erase(one.address, "stopped")
