"""What is kept, and for how long: old pushes are folded, chats that stopped long ago are forgotten everywhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from newsbot.core.model import Address, Subscriber
from newsbot.core.quarantine import CHOICES_KEPT
from newsbot.flows import retention
from newsbot.flows.retention import FOLDS, Retention
from newsbot.store import keys
from newsbot.store.archive import RedisArchive
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import Work, opened, story

BOT = "telegram"
NOW = 1_800_000_000.0
DAY = 86400.0


class House:
    """A store whose clock is set, with a worker's round."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.now = redis, NOW
        self.subscribers = RedisSubscribers(redis, (BOT, "slack"), lambda: self.now, lambda: 0.5)
        self.ledger, self.archive = RedisLedger(redis, guarded=False), RedisArchive(redis, lambda: self.now)
        self.flow = self.worker("w-1")

    def worker(self, name: str) -> Retention:
        return Retention(
            self.archive,
            self.subscribers,
            self.ledger,
            lambda: datetime.fromtimestamp(self.now, UTC),
            ("slack", BOT),
            name,
            hot_days=7.0,
        )

    async def sent(self, *names: str, age: float = 0.0) -> None:
        """Stories that went out to everybody, so many days ago."""
        for name in names:
            await opened(self.ledger, story(name), BOT, 4, self.now - age * DAY)
            await Work(self.ledger).drain()

    async def folded(self, name: str) -> bool:
        return bool(await self.redis.call("EXISTS", keys.past(BOT, name)))

    async def refs(self, name: str) -> bytes:
        assert await self.archive.hot(BOT, name)
        return bytes(await self.redis.call("GET", keys.push(BOT, name, "refs")))

    async def until_erased(self) -> None:
        """Rounds, minute after minute, until nobody waits any more."""
        for _ in range(20):
            await self.flow.once()
            self.now += 60
        assert await self.redis.call("ZCARD", keys.bot(BOT) + "gone") == 0


@pytest.fixture
async def house(redis: Redis) -> House:
    made = House(redis)
    for number in range(3):
        await made.subscribers.put(Subscriber(Address(BOT, str(number))))
    return made


async def test_what_is_older_than_its_hot_days_is_folded_a_few_a_round(house: House) -> None:
    await house.sent("A1111", "B1111", "C1111", "D1111", age=8)
    await house.sent("E1111", age=6)
    assert await house.flow.once() == FOLDS
    assert await house.flow.once() == 1
    assert await house.flow.once() == 0
    assert [await house.folded(f"{letter}1111") for letter in "ABCDE"] == [True, True, True, True, False]


async def test_while_something_is_sent_only_what_is_long_overdue_is_folded(house: House) -> None:
    await house.sent("A1111", age=13)
    await house.sent("B1111", "C1111", age=15)
    await opened(house.ledger, story("E1111"), BOT, 4, NOW)
    assert await house.flow.once() == 1
    assert await house.flow.once() == 1
    assert await house.flow.once() == 0
    assert not await house.folded("A1111")
    await Work(house.ledger).drain()
    assert await house.flow.once() == 1


async def test_what_was_needed_again_stays_hot_for_as_long_again(house: House) -> None:
    await house.sent("A1111", age=8)
    await house.flow.once()
    assert await house.archive.hot(BOT, "A1111")
    house.now += 6.9 * DAY
    assert await house.flow.once() == 0
    house.now += 0.2 * DAY
    assert await house.flow.once() == 1


async def test_one_worker_at_a_time(house: House) -> None:
    await house.sent("A1111", age=8)
    await house.subscribers.set_state(Address(BOT, "1"), "stopped")
    house.now += CHOICES_KEPT + 1
    assert await house.ledger.hold(BOT, "retention", "w-2", 60)
    assert await house.flow.once() == 0
    assert await house.subscribers.get(Address(BOT, "1")) is not None
    assert await house.ledger.hold(BOT, "retention", "w-2", 0)
    assert await house.flow.once() == 1
    assert await house.subscribers.get(Address(BOT, "1")) is None
    assert await house.ledger.hold(BOT, "retention", "w-2", 60), "given back at the end of a round"


async def test_a_chat_that_stopped_is_forgotten_after_thirty_days_with_its_references_hot_and_folded(
    house: House,
) -> None:
    await house.sent("A1111", age=8)
    await house.sent("B1111", "C1111")
    await house.flow.once()
    before = {name: await house.refs(name) for name in ("B1111", "C1111")}
    assert await house.folded("A1111")
    await house.subscribers.set_state(Address(BOT, "1"), "stopped")
    house.now += CHOICES_KEPT - 60
    await house.flow.once()
    assert await house.subscribers.get(Address(BOT, "1")) is not None
    house.now += 120
    with capture_logs() as logs:
        await house.until_erased()
    assert [log["chats"] for log in logs if log["event"] == "chats.erased"] == [1]
    assert await house.subscribers.get(Address(BOT, "1")) is None
    assert await house.refs("A1111") == b"\0\0\0\1\0\0\0\0\0\0\0\3"
    assert {name: await house.refs(name) for name in before} == {
        name: old[:4] + b"\0\0\0\0" + old[8:] for name, old in before.items()
    }
    tally = await house.ledger.tally(BOT, "A1111")
    assert tally is not None
    assert (tally.audience, tally.sent) == (3, 3), "the account stays"


async def test_a_chat_that_asked_is_forgotten_at_once_and_its_references_within_minutes(house: House) -> None:
    await house.sent("A1111")
    assert await house.subscribers.erase(Address(BOT, "0"))
    await house.flow.once()
    assert await house.refs("A1111") == b"\0\0\0\1\0\0\0\2\0\0\0\3", "an answer may still come in"
    house.now += 121
    await house.flow.once()
    assert await house.refs("A1111") == b"\0\0\0\0\0\0\0\2\0\0\0\3"


async def test_who_came_back_in_time_is_kept(house: House) -> None:
    address = Address(BOT, "1")
    await house.subscribers.set_state(address, "stopped")
    house.now += CHOICES_KEPT - 1
    await house.subscribers.put(Subscriber(address))
    house.now += DAY
    await house.until_erased()
    assert await house.subscribers.get(address) is not None


async def test_who_comes_back_while_it_is_being_erased_is_kept(house: House) -> None:
    address = Address(BOT, "1")

    class Late(RedisSubscribers):
        async def gone(self, platform: str, before: float, most: int) -> list[tuple[int, Address | None]]:
            found = await super().gone(platform, before, most)
            if found:
                await self.put(Subscriber(address))
            return found

    await house.subscribers.set_state(address, "stopped")
    house.now += CHOICES_KEPT + 1
    object.__setattr__(house.flow, "subscribers", Late(house.redis, (BOT,), lambda: house.now))
    await house.flow.once()
    found = await house.subscribers.get(address)
    assert found is not None
    assert (found.state, found.index) == ("active", 1)


async def test_a_run_over_many_pushes_goes_on_where_it_was_and_creeps_while_something_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CLEARED", 2)
    names = ["A1111", "B1111", "C1111", "D1111", "E1111"]
    await house.sent(*names)
    await house.subscribers.erase(Address(BOT, "0"))
    house.now += 121

    async def left() -> list[str]:
        return [name for name in names if (await house.refs(name))[:4] != bytes(4)]

    await house.flow.once()
    assert len(await left()) == 3
    await house.subscribers.erase(Address(BOT, "1"))  # its turn comes after this run
    await opened(house.ledger, story("F1111"), BOT, 4, house.now)
    await house.flow.once()
    assert len(await left()) == 2, "one a round while something is being sent"
    await Work(house.ledger).drain()
    await house.flow.once()
    assert await left() == []
    house.now += 121
    await house.until_erased()
    assert {(await house.refs(name))[:8] for name in names} == {bytes(8)}


async def test_what_was_promised_holds_on_a_platform_whose_token_is_gone(house: House) -> None:
    slack = Address("slack", "C0NEWS")
    await house.subscribers.put(Subscriber(slack))
    await house.subscribers.set_state(slack, "stopped")
    house.now += CHOICES_KEPT + 1
    await house.flow.once()
    assert await house.subscribers.get(slack) is None
