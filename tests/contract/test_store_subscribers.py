"""Subscribers on a real Redis: one index a chat for ever, choices as bitmaps, and audiences frozen from them."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from newsbot.core.model import Address, Subscriber, Urgency
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, Work, sent, story


@pytest.fixture
def subscribers(redis: Redis) -> RedisSubscribers:
    return RedisSubscribers(redis, ("telegram", "slack"), lambda: 1_800_000_000)


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
    for state in ("quarantined", "stopped", "active", "stopped", "quarantined"):
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
    ledger = RedisLedger(redis)
    await subscribers.put(chat(-5))
    await ledger.plan(story(), BOT, 4, 1.8e9)
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
    ledger, people = RedisLedger(redis), {}
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
            assert await ledger.plan(story(name, urgency, *topics), BOT, 4, 0) == len(wanted)
            got = [number for number in people if await ledger.why(BOT, name, number)]
            assert got == wanted


async def test_paging_over_many_shards_misses_nobody(subscribers: RedisSubscribers, redis: Redis) -> None:
    total = 64 * keys.SHARD + 131
    names = [f"{number} ko 1" for number in range(total)]
    await redis.pipeline([["HSET", keys.chat(BOT, n), n, record] for n, record in enumerate(names)])
    await redis.call("SET", keys.next_index(BOT), total)
    assert [one.index async for one in subscribers.all()] == list(range(total))
