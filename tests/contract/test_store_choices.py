"""What readers choose, on a real Redis: it comes back as it was put, and of what was taken back nothing is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from newsbot.core.columns import Columns, bit
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber, Urgency
from newsbot.store import keys
from newsbot.store.audiences import RedisAudiences
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT

HOME = keys.bot(BOT)
NIGHT = Quiet(23 * 60, 7 * 60)
CHOSEN = {
    "nothing": Choices(),
    "least": Choices(least=(("economy", Urgency.FLASH), ("sports", Urgency.BREAKING))),
    "words": Choices(words=frozenset({"반도체", "금리"}), without=frozenset({"연예", "금리인하"})),
    "sources": Choices(sources=frozenset({"site", "wire: the other"})),
    "zone": Choices(zone="America/New_York"),
    "quiet": Choices(quiet=NIGHT),
    "quiet but for breaking": Choices(quiet=NIGHT, passes=Urgency.BREAKING),
    "quiet whatever comes": Choices(quiet=NIGHT, passes=None),
    "digests": Choices(digests=(Slot(480), Slot(1110), Slot(540, 0)), gather=True),
    "cap": Choices(cap=15),
    "form": Choices(form="headline"),
    "image": Choices(form="image"),
    "sound": Choices(sound=False),
    "muted": Choices(muted=1_900_000_000),
}
EVERYTHING = Choices(
    least=(("economy", Urgency.FLASH),),
    words=frozenset({"반도체"}),
    without=frozenset({"연예"}),
    sources=frozenset({"site"}),
    zone="Asia/Tokyo",
    quiet=NIGHT,
    passes=None,
    digests=(Slot(480),),
    gather=True,
    cap=8,
    form="image",
    sound=False,
    muted=1_900_000_000,
)


@pytest.fixture
def subscribers(redis: Redis) -> RedisSubscribers:
    return RedisSubscribers(redis, (BOT,))


def reader(chat: str = "1", choices: Choices = CHOSEN["nothing"], **how: Any) -> Subscriber:
    return Subscriber(Address(BOT, chat), since=1_700_000_000, choices=choices, **how)


async def stored(redis: Redis) -> dict[str, Any]:
    """Everything of the bot that speaks of choices, by key."""
    found: dict[str, Any] = {}
    for name in await redis.call("KEYS", f"{HOME}*"):
        key = name.decode().removeprefix(HOME)
        kind = (await redis.call("TYPE", name)).decode()
        if kind == "string" and key.startswith("map:"):
            found[key] = int.from_bytes(await redis.call("GET", name))
        elif kind != "string" and not key.startswith(("index:", "chat:", "names")):
            read = {"hash": "HGETALL", "set": "SMEMBERS"}.get(kind)
            found[key] = await redis.call(read, name) if read else await redis.call("ZRANGE", name, 0, -1)
    return {key: value for key, value in found.items() if value}


@pytest.mark.parametrize("name", [*CHOSEN, "everything"])
async def test_what_was_chosen_comes_back_as_it_was_put(subscribers: RedisSubscribers, name: str) -> None:
    wanted = CHOSEN.get(name, EVERYTHING)
    for number in range(3):  # neighbours with other choices
        await subscribers.put(reader(f"before {number}".replace(" ", ""), CHOSEN["nothing"]))
    one = reader("1", wanted, topics=frozenset({"economy", "sports"}), urgency=Urgency.BREAKING, language="en")
    put = await subscribers.put(one)
    assert put == replace(one, index=3)
    await subscribers.put(reader("2", EVERYTHING if wanted != EVERYTHING else CHOSEN["cap"]))
    assert await subscribers.get(put.address) == put
    assert [found async for found in subscribers.all() if found.address.chat == "1"] == [put]


@pytest.mark.parametrize("name", CHOSEN)
async def test_whatever_is_chosen_instead_leaves_nothing_of_what_was(
    redis: Redis, subscribers: RedisSubscribers, name: str
) -> None:
    await subscribers.put(reader("1", CHOSEN[name]))
    fresh = await stored(redis)
    await redis.call("FLUSHALL")
    await subscribers.put(reader("1", EVERYTHING, topics=frozenset({"economy"}), urgency=Urgency.FLASH))
    await subscribers.put(reader("1", CHOSEN[name]))
    assert await stored(redis) == fresh
    assert await subscribers.get(Address(BOT, "1")) == replace(reader("1", CHOSEN[name]), index=0)


async def test_a_word_is_known_while_anybody_has_it(redis: Redis, subscribers: RedisSubscribers) -> None:
    async def known() -> tuple[set[str], dict[str, set[int]]]:
        words = {word.decode() for word in await redis.call("SMEMBERS", f"{HOME}vocabulary")}
        lists = {word: await redis.call("GET", f"{HOME}few:word:{word}") for word in words}
        who = {word: {int.from_bytes(ids[at : at + 4]) for at in range(0, len(ids), 4)} for word, ids in lists.items()}
        assert len(await redis.call("KEYS", f"{HOME}few:word:*")) == len(words)
        return words, who

    chips, rates = frozenset({"반도체"}), frozenset({"금리"})
    await subscribers.put(reader("1", Choices(words=chips | rates)))
    await subscribers.put(reader("2", Choices(words=chips, without=rates)))
    assert await known() == ({"반도체", "금리", "-금리"}, {"반도체": {0, 1}, "금리": {0}, "-금리": {1}})
    await subscribers.put(reader("1", Choices(words=chips)))
    assert await known() == ({"반도체", "-금리"}, {"반도체": {0, 1}, "-금리": {1}})
    await subscribers.erase(Address(BOT, "2"))
    assert await known() == ({"반도체"}, {"반도체": {0}})
    await subscribers.put(reader("1"))
    assert await known() == (set(), {})


async def test_of_whoever_is_erased_no_choice_is_left(redis: Redis, subscribers: RedisSubscribers) -> None:
    await subscribers.put(reader("1"))
    before = await stored(redis)
    await subscribers.put(reader("2", EVERYTHING, topics=frozenset({"economy"})), starts=5.0)
    for place in range(4):
        await redis.call("SETBIT", keys.bitmap(BOT, f"count:{place}"), 1, 1)
    await redis.call("SET", f"{HOME}making", 1)
    await subscribers.put(reader("2", EVERYTHING), starts=5.0)
    assert "changed" in await stored(redis)
    assert await subscribers.erase(Address(BOT, "2"))
    after = await stored(redis)
    assert after.pop("gone") == [b"1"]
    trimmed = {key: bits.bit_count() if isinstance(bits, int) else bits for key, bits in after.items()}
    assert trimmed == {key: bits.bit_count() if isinstance(bits, int) else bits for key, bits in before.items()}
    assert {await redis.call("GETBIT", name, 1) for name in await redis.call("KEYS", keys.bitmap(BOT, "*"))} == {0}


async def test_who_stops_and_comes_back_finds_its_choices(subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(reader("1", EVERYTHING, topics=frozenset({"economy"})))
    await subscribers.set_state(one.address, "stopped")
    assert await subscribers.get(one.address) == replace(one, state="stopped")
    await subscribers.set_state(one.address, "active")
    assert await subscribers.get(one.address) == one


async def test_a_move_keeps_every_choice(redis: Redis, subscribers: RedisSubscribers) -> None:
    one = await subscribers.put(reader("-100", EVERYTHING, topics=frozenset({"economy"})), starts=7.0)
    before = await stored(redis)
    await subscribers.move(one.address, Address(BOT, "-200"))
    assert await subscribers.get(one.address) is None
    assert await subscribers.get(Address(BOT, "-200")) == replace(one, address=Address(BOT, "-200"))
    assert await stored(redis) == before


async def test_an_old_chat_stops_where_the_new_one_has_choices_of_its_own(subscribers: RedisSubscribers) -> None:
    old = await subscribers.put(reader("-100", EVERYTHING))
    new = await subscribers.put(reader("-200", CHOSEN["cap"]))
    await subscribers.move(old.address, new.address)
    assert await subscribers.get(new.address) == new
    assert await subscribers.get(old.address) == replace(old, state="stopped")


async def test_columns_are_what_everybody_chose(redis: Redis, subscribers: RedisSubscribers) -> None:
    await subscribers.put(reader("1", CHOSEN["digests"]))
    for number in range(2, 10):
        await subscribers.put(reader(str(number)))
    await subscribers.put(reader("10", CHOSEN["quiet"], urgency=Urgency.FLASH))
    columns = await RedisAudiences(redis).columns(BOT)
    assert isinstance(columns, Columns)
    assert columns.size == 2
    assert columns["active"] == columns["all"] == 0b1111111111 << 6
    assert columns["gather"] == columns["digest:08:00"] == columns["digest:mon-09:00"] == bit(0, 2)
    assert columns["quiet:23:00-07:00"] == columns["floor:flash"] == bit(9, 2)
    assert columns["floor:normal"] == 0b111111111 << 7
    assert columns["stopped"] == columns["nobody ever chose this"] == 0


@pytest.mark.parametrize(("first", "then", "kept"), [(3.0, 9.0, b"3.0"), (None, 9.0, b"9.0"), (3.0, None, b"3.0")])
async def test_what_waits_begins_where_the_first_change_said(
    redis: Redis, subscribers: RedisSubscribers, first: float | None, then: float | None, kept: bytes
) -> None:
    await subscribers.put(reader("1"))
    await subscribers.put(reader("1", CHOSEN["digests"]), starts=first)
    await subscribers.put(reader("1", CHOSEN["quiet"]), starts=then)
    assert await redis.call("HGETALL", f"{HOME}starts") == {b"0": kept}


async def test_whoever_is_back_gets_what_waited_since_its_last_digest(
    redis: Redis, subscribers: RedisSubscribers
) -> None:
    for number in range(3):
        one = await subscribers.put(reader(str(number), CHOSEN["digests"]))
        await subscribers.set_state(one.address, "quarantined")
    await subscribers.set_state(Address(BOT, "0"), "active", "quarantined")
    await subscribers.put(reader("1", CHOSEN["digests"]))
    await subscribers.set_state(Address(BOT, "2"), "stopped")
    assert await RedisAudiences(redis).starts(BOT) == {0: 0.0, 1: 0.0}
