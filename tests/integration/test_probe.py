"""Chats that lost their rights come back by themselves: the round on a real Redis, against a platform that says what the
test says."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from newsbot.core.model import Address, Subscriber, Urgency
from newsbot.core.quarantine import LOOKS, next_look
from newsbot.flows.probe import PACE, ROUND, Probe
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.subscribers import RedisSubscribers

BOT = "telegram"
NOW = 1_800_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class World:
    """A platform's answers, and a clock that goes on when somebody rests."""

    def __init__(self) -> None:
        self.now, self.answers, self.asked = NOW, dict[str, object](), list[tuple[float, str]]()
        self.rests = list[float]()

    async def probe(self, to: Address) -> bool | None:
        self.asked.append((self.now, to.chat))
        answer = self.answers.get(to.chat, False)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


class Rounds:
    """Rounds of the flow over quarantined chats."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.world, self.counted = redis, World(), Counter[str]()
        self.subscribers = RedisSubscribers(redis, (BOT,), lambda: self.world.now, lambda: 0.5)
        self.ledger = RedisLedger(redis, guarded=False)
        self.flow = self.worker("w-1")

    def worker(self, name: str) -> Probe:
        return Probe(
            self.subscribers,
            self.ledger,
            {BOT: self.world},  # type: ignore[dict-item]
            lambda: datetime.fromtimestamp(self.world.now, UTC),
            (BOT, "slack"),
            name,
            lambda bot, what: self.counted.update([f"{bot} {what}"]),
            lambda: 0.5,
            self.world.rest,
        )

    async def quarantined(self, *chats: str) -> list[Subscriber]:
        found = []
        for name in chats:
            one = Subscriber(Address(BOT, name), frozenset({"a"}), Urgency.BREAKING, "en")
            found.append(await self.subscribers.put(one))
            assert await self.subscribers.set_state(one.address, "quarantined")
        return found

    async def state(self, name: str) -> str:
        found = await self.subscribers.get(Address(BOT, name))
        assert found is not None
        return found.state

    async def until(self, moment: float) -> None:
        """Round after round until then, each when the next chat is due."""
        while due := await self.redis.call("ZRANGE", keys.bot(BOT) + "probes", 0, 0, "WITHSCORES"):
            self.world.now = max(self.world.now, float(due[0][1]))
            if self.world.now >= moment:
                return
            await self.flow.once()


@pytest.fixture
def rounds(redis: Redis) -> Rounds:
    return Rounds(redis)


async def test_a_chat_that_may_be_written_to_again_is_back_with_all_it_chose(rounds: Rounds) -> None:
    (before,) = await rounds.quarantined("-5")
    rounds.world.answers["-5"] = True
    rounds.world.now += 10 * MINUTE
    with capture_logs() as logs:
        assert await rounds.flow.once() == 1
    assert await rounds.subscribers.get(before.address) == before
    assert rounds.counted == {"telegram back": 1}
    assert [(log["event"], log["came"], log["index"]) for log in logs] == [("chat.looked_at", "back", 0)]
    assert "-5" not in str(logs), "logs name the index, never the chat"
    rounds.world.now += DAY
    assert await rounds.flow.once() == 0
    assert len(rounds.world.asked) == 1


async def test_it_is_asked_after_ten_minutes_an_hour_six_hours_and_then_once_a_day_until_it_is_given_up(
    rounds: Rounds,
) -> None:
    await rounds.quarantined("-5")
    await rounds.until(NOW + 40 * DAY)
    times = [when - NOW for when, _ in rounds.world.asked]
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert [round(gap / MINUTE) for gap in gaps[:6]] == [10, 60, 360, 1440, 1440, 1440]
    assert len(times) == 33
    assert times[-2] < 30 * DAY <= times[-1] < 31 * DAY
    assert await rounds.state("-5") == "stopped"
    assert rounds.counted == {"telegram not yet": 32, "telegram given up": 1}
    assert (await rounds.subscribers.gone(BOT, rounds.world.now, 9))[0][1] == Address(BOT, "-5")


def test_looks_are_spread_by_a_fifth_either_way() -> None:
    for tries, seconds in enumerate([*LOOKS, LOOKS[-1]]):
        assert next_look(tries, 0.0) == pytest.approx(0.8 * seconds)
        assert next_look(tries, 1.0) == pytest.approx(1.2 * seconds)


@pytest.mark.parametrize("answer", [None, RuntimeError("a poisonous chat"), TimeoutError()])
async def test_a_platform_that_cannot_tell_is_asked_again_in_minutes_and_no_try_counts(
    rounds: Rounds, answer: object
) -> None:
    await rounds.quarantined("-5", "-6")
    rounds.world.answers |= {"-5": answer, "-6": True}
    await rounds.until(NOW + 60 * MINUTE)
    assert await rounds.state("-6") == "active"
    asked = [when - NOW for when, name in rounds.world.asked if name == "-5"]
    assert 9 <= len(asked) <= 11
    assert (await rounds.redis.call("HGET", keys.bot(BOT) + "probing", 0)).startswith(b"0 ")
    rounds.world.now += 40 * DAY  # not knowing gives nobody up
    await rounds.flow.once()
    assert await rounds.state("-5") == "quarantined"
    rounds.world.answers["-5"] = False
    rounds.world.now += HOUR
    await rounds.flow.once()
    assert await rounds.state("-5") == "stopped"


async def test_one_look_a_second_and_a_bounded_number_a_round(rounds: Rounds) -> None:
    await rounds.quarantined(*(str(-number) for number in range(1, ROUND + 6)))
    rounds.world.now += DAY
    began = rounds.world.now
    await rounds.flow.once()
    await rounds.flow.once()
    assert len(rounds.world.asked) == ROUND + 5
    assert [when - began for when, _ in rounds.world.asked] == [number * PACE for number in range(ROUND + 5)]
    assert len({name for _, name in rounds.world.asked}) == ROUND + 5


async def test_nobody_is_looked_at_while_anything_is_being_sent(rounds: Rounds) -> None:
    await rounds.quarantined("-5", "-6")
    rounds.world.now += DAY
    await rounds.redis.call("ZADD", keys.act(BOT), 1, "AAAAA")
    await rounds.flow.once()
    assert rounds.world.asked == []

    async def planned(seconds: float) -> None:
        await rounds.redis.call("ZADD", keys.act(BOT), 1, "AAAAA")

    await rounds.redis.call("DEL", keys.act(BOT))
    object.__setattr__(rounds.flow, "rest", planned)
    await rounds.flow.once()
    assert len(rounds.world.asked) == 1, "a round stops for an alert that comes in the middle"


async def test_two_workers_do_not_look_side_by_side(rounds: Rounds) -> None:
    await rounds.quarantined("-5", "-6")
    rounds.world.now += DAY
    other = rounds.worker("w-2")
    looked: list[int] = []

    async def meanwhile(seconds: float) -> None:
        looked.append(len(rounds.world.asked))
        await other.once()
        looked.append(len(rounds.world.asked))

    object.__setattr__(rounds.flow, "rest", meanwhile)
    await rounds.flow.once()
    assert looked == [1, 1, 2, 2]
    rounds.world.now += 2 * HOUR
    await other.once()
    assert len(rounds.world.asked) == 4, "the lease is given back at the end of a round"


@pytest.mark.parametrize("state", ["stopped", "erased"])
async def test_who_leaves_while_it_is_asked_about_is_not_brought_back(rounds: Rounds, state: str) -> None:
    (one,) = await rounds.quarantined("-5")
    rounds.world.now += DAY
    rounds.world.answers["-5"] = True
    ask = rounds.world.probe

    async def leaves(to: Address) -> bool | None:
        if state == "stopped":
            await rounds.subscribers.set_state(to, "stopped")
        else:
            await rounds.subscribers.erase(to)
        return await ask(to)

    rounds.world.probe = leaves  # type: ignore[method-assign]
    assert await rounds.flow.once() == 0
    assert await rounds.subscribers.count(BOT) == 0
    assert rounds.counted == {"telegram left": 1}
    assert one.index == 0


async def test_a_platform_without_a_client_is_left_alone(rounds: Rounds) -> None:
    slack = RedisSubscribers(rounds.redis, ("slack",), lambda: NOW, lambda: 0.5)
    await slack.put(Subscriber(Address("slack", "C0NEWS"), state="quarantined"))
    assert await rounds.flow.once() == 0
