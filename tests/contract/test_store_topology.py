"""The same connection on one server, on a master that Sentinels name, and on a cluster; and what each does when it moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.crc import key_slot

from newsbot.ports import StoreDown
from newsbot.store.redis import Redis
from newsbot.store.topology import ASK_EVERY
from tests.cast import until
from tests.redis_servers import Spread, Watched, running

HEALED = 10.0
"""Seconds after which a client must have found the new master by itself."""

BOT, HOME = "nb:{telegram}:", "nb:{news}:"
SLOT = key_slot(b"telegram")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A master with a replica and three Sentinels."""
    with running(Watched(tmp_path_factory.mktemp("watched"))) as servers:
        yield servers


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The same for one test alone: the next promotion could only be in twenty seconds."""
    with running(Watched(tmp_path_factory.mktemp("fresh"))) as servers:
        yield servers


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spread]:
    """A cluster of three masters with a replica each."""
    with running(Spread(tmp_path_factory.mktemp("spread"), replicas=1)) as servers:
        yield servers


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    """A connection to what stands there, emptied."""
    redis = Redis(url)
    try:
        await until(lambda: answered(redis.call("FLUSHALL")), "it takes writes", HEALED)
        yield redis
    finally:
        await redis.close()


@pytest.fixture(
    params=["one", pytest.param("watched", marks=pytest.mark.slow), pytest.param("spread", marks=pytest.mark.slow)]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """Each topology in its turn, empty."""
    one = request.param == "one"
    url = request.getfixturevalue("redis_url") if one else request.getfixturevalue(request.param).url
    async with connected(url) as redis:
        yield redis


async def answered(work: Awaitable[Any]) -> bool:
    """Whether Redis answered."""
    try:
        await work
    except StoreDown:
        return False
    return True


class Writer:
    """Writes one number after the other, each until it is acknowledged."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.written, self.going = redis, 0, True
        self.troubles: list[str] = []

    async def goes(self) -> None:
        while self.going:
            try:
                await self.redis.call("SET", f"{BOT}n:{self.written}", self.written)
                assert await self.redis.run("hold", [f"{BOT}lease:x"], ["a", 1000]) == 1
                await self.redis.pipeline([["PING"], ["GET", f"{BOT}n:{self.written}"]])
            except StoreDown as error:
                self.troubles.append(str(error))
            else:
                self.written += 1
            await asyncio.sleep(0.005)

    async def waits(self) -> None:
        """Have a connection in use nearly all the time, and give it back now and then."""
        while self.going:
            await answered(self.redis.call("XREAD", "COUNT", 1, "BLOCK", 300, "STREAMS", f"{BOT}door", "$"))
            await asyncio.sleep(0.02)

    async def more(self, count: int = 20) -> None:
        """Until so many more are written."""
        wanted = self.written + count
        await until(
            lambda: self.written >= wanted, f"{count} more are written; last trouble: {self.troubles[-1:]}", HEALED
        )

    async def missing(self) -> list[int]:
        """Which are not there, as somebody sees it who comes now."""
        newcomer = Redis(self.redis.url)
        there = await newcomer.pipeline([["GET", f"{BOT}n:{number}"] for number in range(self.written)])
        await newcomer.close()
        return [number for number, value in enumerate(there) if value != b"%d" % number]


@asynccontextmanager
async def writing(redis: Redis) -> AsyncIterator[Writer]:
    """Somebody who writes all the time, while others wait for a bell."""
    writer = Writer(redis)
    tasks = [asyncio.create_task(job) for job in (writer.goes(), *(writer.waits() for _ in range(4)))]
    try:
        await writer.more()
        yield writer
    finally:
        writer.going = False
        await asyncio.gather(*tasks)


async def test_commands_scripts_and_streams(store: Redis) -> None:
    await store.call("SET", f"{BOT}next", 7)
    assert await store.call("GET", f"{BOT}next") == b"7"
    assert await store.run("hold", [f"{BOT}lease:x"], ["a", 1000]) == 1
    assert await store.run("hold", [f"{BOT}lease:x"], ["b", 1000]) == 0
    entry = await store.call("XADD", f"{BOT}door", "*", "push", "AAAAA")
    read = ["XREAD", "COUNT", 1, "BLOCK", 50, "STREAMS", f"{BOT}door"]
    assert entry in str(await store.call(*read, "0")).encode()
    assert not await store.call(*read, "$")


async def test_one_pipeline_over_several_slots(store: Redis) -> None:
    places = [BOT, HOME, "nb:{slack}:"]
    filled = [["SET", f"{place}k", number] for number, place in enumerate(places)]
    clock, *done = await store.pipeline([["TIME"], *filled])
    assert len(clock) == 2
    assert done == [True] * 3
    assert await store.pipeline([["GET", f"{place}k"] for place in places]) == [b"0", b"1", b"2"]
    # of one slot, in order
    assert await store.pipeline([["INCR", f"{BOT}n"] for _ in range(50)]) == list(range(1, 51))
    assert await store.pipeline([["PING"]]) == [True]
    assert await store.pipeline([]) == []


async def test_commands_without_a_key(store: Redis) -> None:
    assert await store.call("PING")
    assert await store.call("ECHO", "whole") == b"whole"
    assert len(await store.call("TIME")) == 2
    places = [BOT, HOME, "nb:{slack}:"]
    for place in places:
        near = (await store.call("INFO", "server", near=place))["run_id"]
        assert (await store.pipeline([["INFO", "server"], ["GET", f"{place}k"]]))[0]["run_id"] == near
    await store.pipeline([["SET", f"{place}k", 1] for place in places])
    await store.call("FLUSHALL")
    assert await store.pipeline([["GET", f"{place}k"] for place in places]) == [None] * 3


async def test_a_script_nobody_knows_is_sent_whole(store: Redis) -> None:
    for _ in range(2):
        await store.call("SCRIPT", "FLUSH")
        for place in (BOT, HOME, "nb:{slack}:"):
            assert await store.run("hold", [f"{place}lease:x"], ["a", 1000]) == 1


async def test_more_callers_than_connections_wait_their_turn(store: Redis) -> None:
    replies = await asyncio.gather(*(store.call("INCR", f"{BOT}n") for _ in range(400)))
    assert sorted(replies) == list(range(1, 401))
    pipes = await asyncio.gather(*(store.pipeline([["INCR", f"{BOT}n"], ["GET", f"{HOME}n"]]) for _ in range(200)))
    assert sorted(reply[0] for reply in pipes) == list(range(401, 601))


async def test_whoever_is_cancelled_leaves_a_connection_that_can_be_used(store: Redis) -> None:
    for pause in range(30):
        tasks = [asyncio.create_task(store.call("ECHO", f"lost {number}")) for number in range(10)]
        await asyncio.sleep(pause * 0.0002)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await store.call("ECHO", "whole") == b"whole"


async def test_our_own_mistake_is_no_store_down(store: Redis) -> None:
    await store.call("SET", f"{BOT}text", "x")
    for work in (store.call("HGET", f"{BOT}text", "f"), store.pipeline([["HGET", f"{BOT}text", "f"]])):
        with pytest.raises(Exception, match="WRONGTYPE"):
            await work


@pytest.mark.slow
async def test_a_promotion_is_followed_though_the_old_master_still_takes_writes(watched: Watched) -> None:
    async with connected(watched.url) as redis, connected(watched.url) as idle:
        before = await asyncio.to_thread(watched.master)
        async with writing(redis) as writer:
            await writer.more()
            safe = writer.written
            await asyncio.to_thread(watched.in_step)
            after = await asyncio.to_thread(watched.promote)
            await asyncio.sleep(ASK_EVERY + 0.1)
            agreed = writer.written
            await idle.call("SET", f"{BOT}idle", 1)
            await writer.more(100)
            assert before.fact("role") == "master", "the old one has not heard of it: that is what this is about"
        lost = await writer.missing()
        assert not [number for number in lost if number < safe or number > agreed], lost
        assert after.call("GET", f"{BOT}idle") == "1", "nor does a connection that was idle write to the old one"


@pytest.mark.slow
async def test_a_master_that_dies_is_replaced_within_seconds(fresh: Watched) -> None:
    async with connected(fresh.url) as redis:
        async with writing(redis) as writer:
            await writer.more()
            writer.going = False
        await asyncio.to_thread(fresh.in_step)
        dead = await asyncio.to_thread(fresh.master)
        async with writing(redis) as later:
            later.written = writer.written
            dead.kill()
            await later.more(50)
        assert later.troubles, "it was away for a moment"
        assert not [number for number in await later.missing() if number < writer.written]


@pytest.mark.slow
async def test_without_a_sentinel_that_knows_a_master_nothing_is_written(watched: Watched) -> None:
    other = watched.url.replace("redis+sentinel://", "redis+sentinel://us:hunter2@").replace("/news", "/else")
    redis = Redis(other)
    for work in (redis.call("PING"), redis.pipeline([["PING"]]), redis.run("hold", [f"{BOT}lease:x"], ["a", 1])):
        with pytest.raises(StoreDown, match=r"^redis: no Sentinel that answers has a working master 'else'$"):
            await work
    await redis.close()


@pytest.mark.slow
async def test_a_cluster_failover_loses_nothing_that_was_acknowledged(spread: Spread) -> None:
    async with connected(spread.url) as redis:
        async with writing(redis) as writer:
            await asyncio.to_thread(spread.promote, SLOT)
            await writer.more(100)
        assert not await writer.missing()


@pytest.mark.slow
async def test_a_cluster_master_that_dies_is_replaced_within_seconds(spread: Spread) -> None:
    async with connected(spread.url) as redis:
        async with writing(redis) as writer:
            await writer.more()
            writer.going = False
        dead = await asyncio.to_thread(spread.owner, SLOT)
        assert dead.call("WAIT", 1, 5000) == 1
        async with writing(redis) as later:
            later.written = writer.written
            dead.kill()
            await later.more(50)
        assert later.troubles
        assert not [number for number in await later.missing() if number < writer.written]
        assert not await redis.call("XREAD", "COUNT", 1, "BLOCK", 20, "STREAMS", f"{BOT}door", "$")
    dead.start()
    await asyncio.to_thread(spread.settled)


@pytest.mark.slow
async def test_while_a_slot_is_moved_its_bot_stands_still_and_goes_on_where_it_is_then(spread: Spread) -> None:
    async with connected(spread.url) as redis:
        await redis.pipeline([["SET", f"{BOT}push:{number}", number] for number in range(300)])
        await redis.run("subscribe", [f"{BOT}index:1", f"{BOT}next", BOT], ["1", "ko", 1, "active", "all", "", 0, ""])
        push = [f"{BOT}push:AAAAA{part}" for part in ("", ":refs", ":audience")]
        await redis.pipeline([["HSET", push[0], "refbytes", 4], ["SET", push[1], b"abcd"], ["SETBIT", push[2], 3, 1]])
        source = await asyncio.to_thread(spread.owner, SLOT)
        target = next(one for one in spread.nodes if one is not source and one.fact("role") == "master")
        keys = source.call("CLUSTER COUNTKEYSINSLOT", SLOT)
        moving = spread.moving(SLOT, target)
        await asyncio.to_thread(next, moving)
        await stands_still(redis)
        assert await redis.call("GET", f"{BOT}push:1") == b"1", "what is there still can be read"
        source.call("MIGRATE", "127.0.0.1", target.port, push[2], 0, 5000)
        with pytest.raises(StoreDown, match="slot of the cluster is being moved"):
            await redis.run("clear", push[:1], [3])  # its one key is still here, what it builds from it is not
        assert await redis.call("GET", push[1]) == b"abcd"
        await asyncio.to_thread(next, moving)
        await stands_still(redis)
        assert await redis.run("hold", [f"{HOME}lease:x"], ["a", 1000]) == 1, "other slots go on"
        assert target.call("CLUSTER COUNTKEYSINSLOT", SLOT) == keys, "nothing was written to the half-moved slot"
        await asyncio.to_thread(next, moving, None)
        await until(lambda: answered(redis.call("SET", f"{BOT}new", 1)), "it goes on", 5)
        await redis.run("subscribe", [f"{BOT}index:1", f"{BOT}next", BOT], ["2", "ko", 1, "active", "all", "", 0, ""])
        assert await redis.call("BITCOUNT", f"{BOT}map:active") == 2
        assert not await redis.call("XREAD", "COUNT", 1, "BLOCK", 20, "STREAMS", f"{BOT}door", "$")


async def stands_still(redis: Redis) -> None:
    """A script of the slot, and a command on a key that is not there, are not carried out anywhere."""
    subscribe = [f"{BOT}index:1", f"{BOT}next", BOT]
    for _ in range(5):
        for work in (
            redis.run("subscribe", subscribe, ["2", "ko", 1, "active", "all", "", 0, ""]),
            redis.run("reap", [BOT], [1000, 1000]),
            redis.call("SET", f"{BOT}new", 1),
            redis.pipeline([["GET", f"{HOME}k"], ["SET", f"{BOT}new", 1]]),
        ):
            with pytest.raises(StoreDown, match="slot of the cluster is being moved"):
                await work
