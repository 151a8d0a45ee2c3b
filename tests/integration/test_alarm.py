"""What on-call is told unasked, on a real ledger whose time the test sets; the platform says what it was asked to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Article, Later, Outcome, Sent, Uncertain
from newsbot.flows.alarm import AGAIN, STUCK, TRY_AGAIN, Alarm
from newsbot.flows.words import Words
from newsbot.ports import StoreDown
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.stories import RedisStories
from tests.contract.store_kit import BOT, SetClock, Work, crowd, later, opened, sent, story

OPS = Address(BOT, "-200")
WORDS = bootstrap.read_words("en")


class Loud:
    """Says what it is asked to, or answers with `outcome`, or raises it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.outcome: Outcome | Exception = Sent(1)

    async def say(self, to: Address, text: str) -> Outcome:
        assert to == OPS
        if isinstance(self.outcome, Exception):
            raise self.outcome
        if isinstance(self.outcome, Sent):
            self.said.append(text)
        return self.outcome


class Ready(RedisLedger):
    """Knows how many deliveries could begin now, and how long nothing was begun."""

    ready, idle = 0, 0.0

    async def gate(self, bot: str) -> Mapping[str, Any]:
        return {**await super().gate(bot), "ready": self.ready, "idle_s": self.idle}


class Away(RedisLedger):
    """A Redis that may be away."""

    away = False

    async def hold(self, *how: Any) -> bool:
        if self.away:
            raise StoreDown("redis: Connection refused")
        return await super().hold(*how)


class Room:
    """A hundred subscribers, a ledger, an ops chat, and two processes that watch."""

    def __init__(self, redis: SetClock, ledger: RedisLedger) -> None:
        self.redis, self.ledger, self.loud = redis, ledger, Loud()
        self.first, self.second = self.alarm("w-1"), self.alarm("w-2")

    def alarm(self, owner: str, words: Words = WORDS, *ops: Address) -> Alarm:
        stories = RedisStories(self.redis)
        loud: Any = {BOT: self.loud}
        return Alarm(loud, ops or (OPS,), words, self.ledger, stories, self.clock, owner)

    def clock(self) -> datetime:
        return datetime.fromtimestamp(self.redis.micros / 1e6, UTC)

    async def planned(self, members: int = 100, name: str = "AAAAA") -> Work:
        await crowd(self.redis, range(members))
        found = story(name)
        await RedisStories(self.redis).accept(Article(id=found.article, source="s", title="제목"), found, [BOT])
        await opened(self.ledger, found, BOT, 4, self.clock().timestamp())
        return Work(self.ledger)

    async def looks(self, seconds: float) -> None:
        """A look of both processes every ten seconds."""
        for _ in range(int(seconds) // 10):
            self.redis.passes(10)
            await self.first.once()
            await self.second.once()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[SetClock]:
    connection = SetClock(redis_url)
    await connection.call("FLUSHALL")
    yield connection
    await connection.close()


@pytest.fixture
async def room(redis: SetClock) -> Room:
    return Room(redis, RedisLedger(redis, guarded=False))


async def doubtful(work: Work, number: int, most: int = 16) -> None:
    """So many of the next deliveries are in doubt, all others arrive."""

    def judge(window: Any) -> Any:
        nonlocal number
        results = []
        for intent, outcome, delay in sent(window):
            results.append((intent, Uncertain("HTTP 502") if number > 0 else outcome, delay))
            number -= 1
        return results

    await work.drain(judge, most)


async def test_doubts_of_a_story_are_told_once_whoever_looks(room: Room) -> None:
    await doubtful(await room.planned(), 3)
    await room.looks(60)
    assert room.loud.said == ["telegram: 3 of 100 deliveries of AAAAA are in doubt. See /doubt AAAAA"]
    room.redis.passes(AGAIN)
    await room.redis.call("DEL", *await room.redis.call("KEYS", keys.lease(BOT, "alarm:*")))
    await room.looks(30)
    assert len(room.loud.said) == 2


@pytest.mark.parametrize(("doubts", "audience"), [(2, 100), (3, 3000)])
async def test_few_doubts_are_no_alarm(room: Room, doubts: int, audience: int) -> None:
    await doubtful(await room.planned(audience), doubts, most=1000)
    await room.looks(60)
    assert room.loud.said == []


async def test_the_last_doubts_of_a_push_that_ended_between_two_looks_are_told(room: Room) -> None:
    work = await room.planned(name="AAAAA")
    await room.looks(10)
    for number in range(6):  # by now it is none of the newest
        await RedisStories(room.redis).accept(
            Article(id=f"/{number}", source="s", title="제목"), story(f"BBBB{number}", at=2e9), []
        )
    await doubtful(work, 4)
    await room.looks(10)
    assert len(room.loud.said) == 1


async def test_a_push_that_nobody_begins_is_told_within_a_minute(room: Room) -> None:
    await room.planned()
    await room.looks(STUCK - 10)
    assert room.loud.said == []
    await room.looks(20)
    assert room.loud.said == ["telegram: AAAAA does not go out: 100 wait, 0 workers are alive."]
    await room.looks(120)
    assert len(room.loud.said) == 1


async def test_a_push_that_is_kept_waiting_is_not_stuck(room: Room) -> None:
    work = await room.planned()
    await room.ledger.pause(BOT, "Olu")
    await room.looks(180)
    await room.ledger.resume(BOT)
    await work.drain(lambda window: later(window, 600.0))
    for _ in range(18):  # everything waits for another try, and the worker lives
        await room.ledger.beat(BOT, "w-0")
        await room.first.once()
        room.redis.passes(10)
    assert room.loud.said == []


async def test_a_worker_that_lives_and_begins_nothing_is_told(redis: SetClock) -> None:
    ledger = Ready(redis, guarded=False)
    room = Room(redis, ledger)
    await room.planned()
    for ready, idle in ((100, 5.0), (0, 300.0), (100, 300.0)):
        ledger.ready, ledger.idle = ready, idle
        assert room.loud.said == []
        for _ in range(7):
            await ledger.beat(BOT, "w-0")
            await room.first.once()
            redis.passes(10)
    assert room.loud.said == ["telegram: AAAAA does not go out: 100 wait, 1 workers are alive."]


async def test_a_bot_that_is_frozen_for_longer_than_a_minute_is_told(room: Room) -> None:
    work = await room.planned()
    window = await work.begin(3)
    await room.ledger.commit(BOT, window.push, [(one, Later(30.0, "429"), 30.0) for one in window.intents])
    await room.looks(20)
    room.redis.passes(30)
    await room.looks(10)  # free again
    assert room.loud.said == []
    window = await work.begin(3)
    await room.ledger.commit(BOT, window.push, [(one, Later(300.0, "429"), 300.0) for one in window.intents])
    await room.looks(10)
    assert room.loud.said == ["telegram: the platform refuses to be sent to; nothing goes out for 290 s."]


async def test_a_refused_token_is_told_where_it_can_be(room: Room) -> None:
    for _ in range(3):
        await room.first.once({"slack": "invalid_auth"})
        await room.second.once({"slack": "invalid_auth"})
    assert room.loud.said == ["slack: the token is refused, nothing is sent: invalid_auth"]


async def test_redis_away_is_told_without_it_after_a_minute_and_not_before(redis: SetClock) -> None:
    ledger = Away(redis)
    room = Room(redis, ledger)
    ledger.away = True
    for _ in range(6):
        await room.first.once()
        redis.passes(10)
    ledger.away = False
    await room.first.once()  # a restart is no alarm
    assert room.loud.said == []
    ledger.away = True
    for _ in range(20):
        await room.first.once()
        redis.passes(10)
    assert room.loud.said == ["Redis cannot be used, nothing is sent: redis: Connection refused"]


@pytest.mark.parametrize("trouble", [Later(3.0, "429"), Uncertain("HTTP 502"), RuntimeError("broken"), TimeoutError()])
async def test_a_chat_that_was_not_told_is_told_later(room: Room, trouble: Outcome | Exception) -> None:
    room.loud.outcome = trouble
    await room.first.tell("refused", "AAAAA", platform=BOT, story="AAAAA", why="too\nlong")
    room.loud.outcome = Sent(1)
    await room.first.once()
    assert room.loud.said == []
    room.redis.passes(TRY_AGAIN)
    for _ in range(3):
        await room.first.once()
    assert room.loud.said == ["telegram: AAAAA is stopped: three chats refused its text: too long"]


async def test_the_same_of_two_workers_and_of_two_stories(room: Room) -> None:
    for name in ("AAAAA", "BBBBB"):
        for alarm in (room.first, room.second, room.alarm("w-3")):
            await alarm.tell("refused", name, platform=BOT, story=name, why="too long")
    assert [line.split()[1] for line in room.loud.said] == ["AAAAA", "BBBBB"]


async def test_it_speaks_the_language_of_the_site_and_never_raises(room: Room) -> None:
    korean = room.alarm("w-4", bootstrap.read_words("ko"))
    await korean.tell("token", platform=BOT, why="Unauthorized")
    assert room.loud.said == ["telegram: 토큰이 거절되어 아무것도 보내지 않습니다: Unauthorized"]
    await korean.tell("token", "once more")
    await korean.tell("no such thing", platform=BOT)
    nobody = room.alarm("w-5", WORDS, Address("slack", "C0DESK"))
    await nobody.tell("token", "elsewhere", platform="slack", why="")
    assert len(room.loud.said) == 1
