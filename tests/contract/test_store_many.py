"""Very many subscribers on a real Redis: stored many at once, and choices that few made kept as lists."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import columns
from newsbot.core.columns import bitmap, members
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber, SubscriberState, Urgency
from newsbot.store import keys
from newsbot.store.audiences import RedisAudiences
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT

FEW = 4096
"""As in `record.lua`: what more than these chose is a bitmap."""
SEOUL, LONDON = "Asia/Seoul", "Europe/London"
MORNING, NIGHT = (Slot(480),), Quiet(23 * 60, 7 * 60)


@pytest.fixture
def subscribers(redis: Redis) -> RedisSubscribers:
    return RedisSubscribers(redis, (BOT, "slack"), lambda: 1_800_000_000.0, lambda: 0.5)


@pytest.fixture
def audiences(redis: Redis) -> RedisAudiences:
    return RedisAudiences(redis)


def chat(number: int, *topics: str, state: SubscriberState = "active", bot: str = BOT, **choices: object) -> Subscriber:
    chosen = Choices(**choices)  # type: ignore[arg-type]
    return Subscriber(Address(bot, str(number)), frozenset(topics), state=state, since=1_700_000_000, choices=chosen)


async def everybody(subscribers: RedisSubscribers) -> list[Subscriber]:
    """All that is stored, without indexes."""
    return [replace(one, index=-1) async for one in subscribers.all()]


async def test_many_at_once_come_to_what_one_by_one_comes_to(redis: Redis, subscribers: RedisSubscribers) -> None:
    given = [chat(1), chat(2, "a", quiet=NIGHT), chat(3, cap=8, words=frozenset({"금리"}), muted=1_900_000_000)]
    given += [chat(4, state="stopped", zone=LONDON), chat(5, state="quarantined"), chat(7, bot="slack")]

    async def contents() -> dict[bytes, bytes]:
        names = sorted(await redis.call("KEYS", "*"))
        return dict(zip(names, await redis.pipeline([["DUMP", name] for name in names]), strict=True))

    for one in given:
        await subscribers.put(one)
    by_one = await contents()
    await redis.call("FLUSHALL")
    assert await subscribers.put_many(given) == []
    assert await contents() == by_one
    assert await everybody(subscribers) == given
    assert await subscribers.known() == 6
    assert await subscribers.put_many(given) == []
    assert await contents() == by_one, "again: nothing changes"


async def test_of_many_at_once_those_come_back_for_whom_something_may_wait(subscribers: RedisSubscribers) -> None:
    before = [
        chat(1, digests=MORNING),
        chat(2, quiet=NIGHT),
        chat(3, zone=LONDON),
        chat(4),
        chat(5),
        chat(6, "a", cap=3),
    ]
    await subscribers.put_many(before)
    await subscribers.set_state(before[4].address, "stopped")
    after = [chat(1, digests=(Slot(481),)), chat(2), chat(3, zone=SEOUL), chat(4, muted=1_900_000_000), chat(5)]
    assert await subscribers.put_many([*after, chat(6, "b", cap=4)]) == after
    kept = [*before[:4], replace(before[4], state="stopped"), chat(6, "b", cap=4)]
    assert await everybody(subscribers) == kept


async def test_a_list_becomes_a_bitmap_when_many_chose_it(
    redis: Redis, subscribers: RedisSubscribers, audiences: RedisAudiences
) -> None:
    name, crowd = f"quiet:{NIGHT}", [chat(number, quiet=NIGHT, digests=MORNING) for number in range(FEW + 3)]
    await subscribers.put_many(crowd[:FEW])
    assert await redis.call("EXISTS", keys.few(BOT, name), keys.bitmap(BOT, name)) == 1
    assert await redis.call("STRLEN", keys.few(BOT, name)) == 4 * FEW
    before = await audiences.columns(BOT)
    assert members(before[name], before.size) == list(range(FEW))
    await subscribers.put_many(crowd[FEW:])
    assert await redis.call("EXISTS", keys.few(BOT, name)) == 0
    found = await audiences.columns(BOT)
    assert members(found[name], found.size) == list(range(FEW + 3))
    await subscribers.put(chat(5))
    await subscribers.put(chat(FEW + 1, quiet=Quiet(0, 60)))
    await subscribers.erase(Address(BOT, "7"))
    found = await audiences.columns(BOT)
    assert found[name].bit_count() == FEW
    assert {5, 7, FEW + 1} & set(members(found[name], found.size)) == set()
    assert (await subscribers.get(Address(BOT, "6"))).choices == crowd[6].choices  # type: ignore[union-attr]
    assert (await subscribers.get(Address(BOT, "5"))).choices.quiet is None  # type: ignore[union-attr]


async def test_a_word_many_named_becomes_a_bitmap(
    redis: Redis, subscribers: RedisSubscribers, audiences: RedisAudiences
) -> None:
    size = (FEW + 3 + 7) // 8

    async def told(*words: str) -> tuple[list[int], list[int]]:
        found = await audiences.standing(BOT, size, words, [], 0.0)
        return members(found.named, size), members(found.refused, size)

    many, both = frozenset({"지진"}), frozenset({"지진", "금리"})
    await subscribers.put_many([chat(number, words=many) for number in range(FEW)])
    assert await told("지진", "금리") == (list(range(FEW)), [])
    await subscribers.put_many([chat(FEW, words=both), chat(FEW + 1, without=many), chat(FEW + 2, words=both)])
    assert await redis.call("EXISTS", keys.few(BOT, "word:지진")) == 0
    assert await told("지진") == ([*range(FEW + 1), FEW + 2], [FEW + 1])
    assert await told("금리", "지진해일") == ([FEW, FEW + 2], [])
    await subscribers.put(chat(FEW + 2, without=many))
    await subscribers.erase(Address(BOT, str(FEW)))
    assert await told("지진", "금리") == (list(range(FEW)), [FEW + 1, FEW + 2])
    assert await redis.call("SMISMEMBER", keys.bot(BOT) + "vocabulary", "지진", "-지진", "금리") == [1, 1, 0]
    assert await redis.call("KEYS", keys.few(BOT, "*")) == [keys.few(BOT, "word:-지진").encode()]


async def test_a_list_is_gone_with_the_last_who_chose_it(redis: Redis, subscribers: RedisSubscribers) -> None:
    await subscribers.put_many([chat(1, zone=LONDON, cap=3), chat(2, zone=LONDON), chat(3, zone=SEOUL)])
    await subscribers.put(chat(1))
    assert await redis.call("STRLEN", keys.few(BOT, f"zone:{LONDON}")) == 4
    await subscribers.erase(Address(BOT, "2"))
    await subscribers.erase(Address(BOT, "3"))
    assert await redis.call("KEYS", "*few:*") == []
    assert await redis.call("KEYS", "*rare*") == []


async def test_an_index_is_not_found_across_two_others(
    subscribers: RedisSubscribers, audiences: RedisAudiences
) -> None:
    """In a list of 4 bytes each, 00 00 01 00|00 00 … has 01 00 00 00 in its middle, and 256 is 00 00 01 00."""
    await subscribers.put_many([chat(number, *(() if number in (0, 1, 256) else ("x",))) for number in range(257)])
    for number in (256, 0, 1):
        await subscribers.put(chat(number, cap=5))
    await subscribers.put(chat(0))
    found = await audiences.columns(BOT)
    assert members(found["cap:5"], found.size) == [1, 256]


async def test_a_new_day_begins_for_a_zone_that_is_a_list(redis: Redis, subscribers: RedisSubscribers) -> None:
    zones = [LONDON, LONDON, SEOUL, "", "Asia/Tokyo"]
    await subscribers.put_many([chat(number, zone=zone) for number, zone in enumerate(zones)])
    audiences, left = RedisAudiences(redis), list(range(5))
    for days, begun in (({LONDON: "2026-11-22"}, [0, 1]), ({SEOUL: "2026-11-22"}, [2, 3]), ({SEOUL: "2026-11-23"}, [])):
        await redis.pipeline([["SETBIT", keys.bitmap(BOT, "count:1"), index, 1] for index in left])
        await audiences.turn(BOT, days, SEOUL)
        left = [index for index in left if index not in begun]
        counted = await redis.call("GET", keys.bitmap(BOT, "count:1"))
        assert members(int.from_bytes(counted), len(counted)) == left
    assert await redis.call("KEYS", "*tmp*") == []


async def test_a_choice_made_elsewhere_is_seen_at_once(redis: Redis, subscribers: RedisSubscribers) -> None:
    """The bitmaps that were made of lists are kept; they must not be older than the lists."""
    audiences = RedisAudiences(redis)
    for wanted in ([0], [0, 1], [1], [1, 2]):
        for index in range(3):
            await subscribers.put(chat(index, cap=9 if index in wanted else 0))
        found = await audiences.columns(BOT)
        assert members(found["cap:9"], found.size) == wanted


quiets = st.sampled_from([None, NIGHT, Quiet(0, 60)])
made = st.builds(
    Choices,
    least=st.sampled_from([(), (("a", Urgency.FLASH),), (("a", Urgency.FLASH), ("b", Urgency.BREAKING))]),
    words=st.frozensets(st.sampled_from(["금리", "반도체"])),
    sources=st.frozensets(st.sampled_from(["a b", "예시뉴스"])),
    zone=st.sampled_from(["", SEOUL, LONDON]),
    quiet=quiets,
    digests=st.sampled_from([(), MORNING, (Slot(480), Slot(480, 0))]),
    cap=st.sampled_from([0, 8]),
    gather=st.booleans(),
)
puts = st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), made), st.booleans()), max_size=12)


@settings(max_examples=40, deadline=None)
@given(puts)
def test_whatever_is_chosen_changed_and_erased_everything_says_the_same(
    redis_url: str, steps: list[tuple[int, Choices | None, bool]]
) -> None:
    """`None` erases. The columns of everybody are what one gets by asking everybody; so is each record."""

    async def run() -> None:
        redis = Redis(redis_url)
        await redis.call("FLUSHALL")
        subscribers, audiences = RedisSubscribers(redis, (BOT,)), RedisAudiences(redis)
        kept: dict[int, Subscriber] = {}
        for number, choices, many in steps:
            one = chat(number)
            if choices is None:
                await subscribers.erase(one.address)
                kept.pop(number, None)
                continue
            one = replace(one, choices=choices)
            for left in await subscribers.put_many([one]) if many else [one]:
                await subscribers.put(left)
            kept[number] = one
        stored = [one async for one in subscribers.all()]
        assert {int(one.address.chat): replace(one, index=-1) for one in stored} == kept
        found = await audiences.columns(BOT)
        has: dict[str, list[int]] = {}
        for one in stored:
            for name in columns.names(one):
                has.setdefault(name, []).append(one.index)
        assert {name: bits for name, bits in found.maps.items() if bits} == {
            name: bitmap(indexes, found.size) for name, indexes in has.items()
        }
        await redis.close()

    asyncio.run(run())
