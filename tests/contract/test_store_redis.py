"""The connection itself: its address, many callers at once, cancelled callers, a server that went away or takes no writes."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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


@pytest.mark.slow
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


REFUSED = {
    "no scheme": ("localhost:6379", "not a redis://"),
    "another scheme": ("http://:hunter2/x@1", "not a redis://"),
    "unknown topology": ("redis+ring://:hunter2@localhost", "not a redis://"),
    "a # in the password": ("redis://:hunter2#x@localhost", "cannot be read"),
    "a # in the password, several hosts": ("redis+cluster://:hunter2#x@a:1", "%23"),
    "port": ("redis://localhost:hunter2", "cannot be read"),
    "port of one of several": ("redis+cluster://a:1,b:hunter2", "cannot be read"),
    "option": ("redis://localhost?hunter2=1", "cannot be read"),
    "option, Sentinel": ("redis+sentinel://a/news?hunter2=1", "cannot be read"),
    "option, cluster": ("redis+cluster://a?hunter2=1", "cannot be read"),
    "value of an option": ("redis+cluster://a?socket_timeout=hunter2", "cannot be read"),
    "no host": ("redis+sentinel:///news", "host:port"),
    "an empty host": ("redis+cluster://a:1,,b:2", "host:port"),
    "a / in the password": ("redis+sentinel://:hunter2/x@a:1/news", "host"),
    "no service": ("redis+sentinel://a:1,b:2", "needs the service"),
    "an empty service": ("redis+sentinel://a:1,b:2/", "needs the service"),
    "database of a service": ("redis+sentinel://a:1/news/hunter2", "needs the service"),
    "too long a path": ("redis+sentinel://a:1/news/0/hunter2", "needs the service"),
    "database of a cluster": ("redis+cluster://a:1/1", "database 0"),
    "database of a cluster as an option": ("redis+cluster://a:1?db=1", "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_address_is_told_in_one_line_without_the_password(name: str) -> None:
    address, told = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        Redis(address)
    line = str(caught.value)
    assert "hunter2" not in line
    assert "\n" not in line
    assert caught.value.__suppress_context__ or caught.value.__context__ is None, "nor in a traceback"


def settings(address: str) -> dict[str, object]:
    """What the connections to the server itself get."""
    client = Redis(address).client
    found: dict[str, object] = (
        client.connection_kwargs if hasattr(client, "nodes_manager") else client.connection_pool.connection_kwargs
    )
    return found


def test_user_password_database_and_options_are_read_in_every_form() -> None:
    for address in (
        "redis://us%40:p%23w@h:1/3?socket_timeout=7",
        "redis+sentinel://us%40:p%23w@h:1,i:2/news/3?socket_timeout=7&sentinel_password=s%25",
        "redis+cluster://us%40:p%23w@h:1,i:2?socket_timeout=7",
    ):
        read = settings(address)
        assert (read["username"], read["password"], read["socket_timeout"]) == ("us@", "p#w", 7)
        assert read.get("db", 3) == 3
    sentinels = Redis(
        "redis+sentinel://h,i:2,[::1]:3/news?sentinel_password=s%25"
    ).client.connection_pool.sentinel_manager
    doors = [sentinel.connection_pool.connection_kwargs for sentinel in sentinels.sentinels]
    assert [(door["host"], door["port"], door["password"]) for door in doors] == [
        ("h", 26379, "s%"),
        ("i", 2, "s%"),
        ("::1", 3, "s%"),
    ]
    nodes = Redis("redis+cluster://h,i:2").client.startup_nodes
    assert [(node.host, node.port) for node in nodes] == [("h", 6379), ("i", 2)]


def test_rediss_means_tls_in_every_form() -> None:
    one = Redis("rediss://h").client.connection_pool
    watched = Redis("rediss+sentinel://h/news?ssl_ca_certs=ca.pem").client.connection_pool
    spread = Redis("rediss+cluster://h?ssl_ca_certs=ca.pem").client
    kinds = [one.connection_class, watched.connection_class, spread.connection_kwargs["connection_class"]]
    assert ["SSL" in kind.__name__ for kind in kinds] == [True] * 3
    assert watched.connection_kwargs["ssl_ca_certs"] == spread.connection_kwargs["ssl_ca_certs"] == "ca.pem"
    door = watched.sentinel_manager.sentinels[0].connection_pool
    assert "SSL" in door.connection_class.__name__
    assert door.connection_kwargs["ssl_ca_certs"] == "ca.pem"


@asynccontextmanager
async def refusing(redis: Redis, name: str, value: object) -> AsyncIterator[None]:
    """A server with this setting."""
    before = (await redis.call("CONFIG", "GET", name))[name.encode()]
    await redis.call("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        await redis.call("CONFIG", "SET", name, before)


@pytest.mark.parametrize(
    ("name", "value", "word"), [("maxmemory", 1, "OOM"), ("min-replicas-to-write", 1, "NOREPLICAS")]
)
async def test_a_server_that_takes_no_writes_is_store_down_and_says_why(
    redis: Redis, name: str, value: int, word: str
) -> None:
    async with refusing(redis, name, value):
        for work in (
            redis.call("SET", "k", "v"),
            redis.pipeline([["SET", "k", "v"]]),
            redis.run("hold", ["nb:{telegram}:lease:x"], ["a", 1000]),
        ):
            with pytest.raises(StoreDown, match=f"^redis takes no writes: {word} [^\n]*$") as caught:
                await work
            assert "SET" not in str(caught.value), "not what was to be written"


async def test_a_replica_is_store_down_and_says_why(redis: Redis) -> None:
    await redis.call("REPLICAOF", "127.0.0.1", "1")
    try:
        for work in (
            redis.call("SET", "k", "v"),
            redis.pipeline([["SET", "k", "v"]]),
            redis.run("hold", ["nb:{telegram}:lease:x"], ["a", 1000]),
        ):
            with pytest.raises(StoreDown, match=r"^redis takes no writes: READONLY "):
                await work
    finally:
        await redis.call("REPLICAOF", "NO", "ONE")
