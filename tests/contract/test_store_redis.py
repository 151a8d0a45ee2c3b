"""The connection itself: many callers at once, cancelled callers, a server that went away."""

from __future__ import annotations

import asyncio
import random

import pytest

from newsbot.ports import StoreDown
from newsbot.store.redis import Redis


async def test_more_callers_than_connections_wait_their_turn(redis: Redis) -> None:
    replies = await asyncio.gather(*(redis.call("INCR", "n") for _ in range(500)))
    assert sorted(replies) == list(range(1, 501))


async def test_whoever_is_cancelled_ends_whatever_it_waited_for(redis: Redis) -> None:
    going = False

    async def calls() -> None:
        after = 0
        while after < 5:
            await redis.call("PING")
            await redis.run("hold", ["nb:{telegram}:lease:x"], ["a", 1000])
            after += not going

    for _ in range(60):
        going = True
        tasks = [asyncio.create_task(calls()) for _ in range(3)]
        await asyncio.sleep(random.random() * 0.004)
        going = False
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError] * 3
    assert await redis.call("ECHO", "whole") == b"whole"


async def test_nobody_there_is_store_down_and_says_so() -> None:
    redis = Redis("unix:///nowhere/redis.sock")
    for work in (redis.call("PING"), redis.pipeline([["PING"]]), redis.run("hold", ["k"], ["a", 1])):
        with pytest.raises(StoreDown, match="redis: "):
            await work
    await redis.close()


async def test_a_script_is_sent_whole_where_the_server_does_not_know_it(redis: Redis) -> None:
    await redis.call("SCRIPT", "FLUSH")
    assert await redis.run("hold", ["nb:{telegram}:lease:x"], ["a", 1000]) == 1
    assert await redis.run("hold", ["nb:{telegram}:lease:x"], ["a", 1000]) == 1


async def test_our_own_mistake_is_no_store_down(redis: Redis) -> None:
    await redis.call("SET", "text", "x")
    with pytest.raises(Exception, match="WRONGTYPE"):
        await redis.call("HGET", "text", "field")
