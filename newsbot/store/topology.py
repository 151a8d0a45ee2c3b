"""What an address in REDIS_URL stands for: one server, the master that Sentinels name, or a cluster.

Each is a client of redis-py behind the same three questions. Why a cluster waits while a slot is moved, and why Sentinels
are asked again and again: `docs/decisions/0013-redis-topologies.md`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import redis.asyncio as aioredis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException
from redis.exceptions import TimeoutError as RedisTimeoutError

from newsbot.ports import StoreDown

MOST = 64
"""Calls to a server at once; one more waits. The plain pool would call a burst of updates "Redis down"."""

WAIT = 5.0
"""Seconds such a call waits for its turn."""

ASK_EVERY = 0.25
"""Seconds between two questions to the Sentinels; one costs half a millisecond."""

PORTS = {"redis+sentinel": 26379, "rediss+sentinel": 26379, "redis+cluster": 6379, "rediss+cluster": 6379}
KEYLESS = frozenset({"CONFIG", "DBSIZE", "ECHO", "FLUSHALL", "INFO", "PING", "ROLE", "SCRIPT", "TIME", "WAIT"})
"""Commands without a key: a cluster cannot tell by itself which of its servers is meant."""

SETTINGS: dict[str, Any] = {
    "protocol": 3,
    "decode_responses": False,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
}
WATCHER: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": 1, "socket_timeout": 1}
"""For Sentinels: there are others, so no second try. The old protocol, because all versions speak it."""


class One:
    """A server, or the master Sentinels name: everything in one place."""

    def __init__(self, pool: aioredis.BlockingConnectionPool) -> None:
        self.client: Any = aioredis.Redis.from_pool(pool)

    async def call(self, command: Sequence[Any], near: str) -> Any:  # noqa: ARG002 - there is one place
        """One command's reply."""
        return await self.client.execute_command(*command)

    async def everywhere(self, command: Sequence[Any]) -> Mapping[str, Any]:
        """The reply of every server that takes writes, by its name."""
        return {"": await self.client.execute_command(*command)}

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The replies of several commands, in one round trip."""
        pipe = self.client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute()
        return replies

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()


class Spread:
    """A cluster: every command goes to the master that has its slot."""

    def __init__(self, client: Slots) -> None:
        self.client = client
        self._free = asyncio.Semaphore(MOST)

    async def call(self, command: Sequence[Any], near: str) -> Any:
        """One command's reply; without a key it goes where `near` lives, or to every master: the first one's reply."""
        if command[0] in KEYLESS and not near:
            return next(iter((await self.everywhere(command)).values()))
        async with self._turn():
            if command[0] == "XREAD":  # redis-py would ask a server where the key stands, which may be gone
                near = command[command.index("STREAMS") + 1]
            where = {"target_nodes": self.client.get_node_from_key(near)} if near else {}
            return await self.client.execute_command(*command, **where)

    async def everywhere(self, command: Sequence[Any]) -> Mapping[str, Any]:
        """The reply of every server that takes writes, by its name."""
        async with self._turn():
            masters = self.client.get_primaries()
            ask = [self.client.execute_command(*command, target_nodes=[master]) for master in masters]
            return dict(zip((master.name for master in masters), await asyncio.gather(*ask), strict=True))

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The replies of several commands, in one round trip to each master concerned; of one slot, in their order.

        Commands without a key go where the first key lives.
        """
        async with self._turn():
            pipe = self.client.pipeline()
            keys = (command[1] for command in commands if command[0] not in KEYLESS)
            home = self.client.get_node_from_key(next(keys, ""))
            for command in commands:
                pipe.execute_command(*command, **({"target_nodes": home} if command[0] in KEYLESS else {}))
            replies: list[Any] = await pipe.execute()
            return replies

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of MOST at work, on a cluster whose servers are known."""
        try:
            async with asyncio.timeout(WAIT):
                await self._free.acquire()
        except TimeoutError:
            raise RedisConnectionError("no connection available") from None
        try:
            await self.client.initialize()
            yield
        except AttributeError as error:
            # redis-py closes every connection where a cluster is down, also those that others are just writing to: what
            # has no writer any more is None. A mistake of ours has an object.
            if error.obj is not None or not error.name:
                raise
            raise RedisConnectionError("the connection was closed meanwhile") from None
        finally:
            self._free.release()


class Slots(aioredis.RedisCluster):
    """A cluster's client that waits while a slot is being moved.

    Half the slot's keys are at the new place then. A script that went there (ASK) would find a push without its ledger.
    """

    def get_node(
        self,
        host: str | None = None,  # noqa: ARG002
        port: int | None = None,  # noqa: ARG002
        node_name: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        """Asked by the base class for one purpose: where to follow an ASK to."""
        raise StoreDown("redis: a slot of the cluster is being moved")


class Masters(SentinelConnectionPool, aioredis.BlockingConnectionPool):
    """Connections to the master that the Sentinels name now.

    redis-py asks them only where it must connect anew. But a master that is replaced on request goes on taking writes, all
    lost, until a Sentinel tells it ten seconds later: so they are asked four times a second, and where they know no working
    master, nothing is written.
    """

    def __init__(self, service: str, sentinels: Sentinel, **settings: Any) -> None:
        super().__init__(service, sentinels, **settings)  # type: ignore[no-untyped-call]
        self._asked, self._unknown, self._asking = -math.inf, "", asyncio.Lock()

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """A connection to the master of this very moment."""
        if time.monotonic() - self._asked >= ASK_EVERY:
            async with self._asking:  # one asks for all who came meanwhile
                if time.monotonic() - self._asked >= ASK_EVERY:
                    await self._ask()
        if self._unknown:
            raise MasterNotFoundError(self._unknown)
        return await super().get_connection()  # type: ignore[no-untyped-call]

    async def get_master_address(self) -> Any:
        """Its host and port. Whoever still talks to the one before connects anew next time."""
        before = self.master_address
        try:
            found = await super().get_master_address()  # type: ignore[no-untyped-call]
        except MasterNotFoundError:  # its words are a page of clients and their settings
            raise MasterNotFoundError(f"no Sentinel that answers has a working master {self.service_name!r}") from None
        if before not in (None, found):
            await self.update_active_connections_for_reconnect()  # type: ignore[no-untyped-call]
        return found

    async def aclose(self) -> None:
        """Close the connections, those to the Sentinels too."""
        await super().aclose()
        await self.sentinel_manager.aclose()

    async def _ask(self) -> None:
        try:
            await self.get_master_address()
        except MasterNotFoundError as error:
            self._unknown = str(error)
        else:
            self._unknown = ""
        self._asked = time.monotonic()


def connect(url: str) -> One | Spread:
    """The client for an address; nothing is connected yet.

    Raises ValueError with one line that quotes nothing of the address, because a broken one may show its password anywhere.
    """
    scheme = url.partition("://")[0]
    try:
        if scheme in ("redis", "rediss", "unix"):
            pool = aioredis.BlockingConnectionPool.from_url(
                url, **SETTINGS, max_connections=MOST, timeout=WAIT, **patience()
            )
            pool.connection_class(**pool.connection_kwargs)  # opens nothing: an unknown option shows here
            return One(pool)
        if scheme not in PORTS:
            raise Unreadable("not a redis://, rediss://, unix://, redis+sentinel:// or redis+cluster:// address")
        return several(scheme, url)
    except Unreadable:
        raise
    except (ValueError, TypeError, RedisClusterException):
        raise Unreadable(f"a {scheme}:// address with a part that cannot be read: host, port, or an option") from None


class Unreadable(ValueError):
    """An address that is none."""


def several(scheme: str, url: str) -> One | Spread:
    """The client for an address with several hosts. Raises ValueError."""
    parts = urlsplit(url)
    if parts.fragment:
        raise Unreadable(f"a {scheme}:// address with a # in it: in a password it is written %23")
    credentials, at, places = parts.netloc.rpartition("@")
    hosts = [urlsplit(f"//{place}") for place in places.split(",")]
    if not all(host.hostname and not host.path for host in hosts):
        raise Unreadable(f"{scheme}:// needs its hosts as host:port,host:port,…")
    found = [(str(host.hostname), host.port or PORTS[scheme]) for host in hosts]
    plain, _, kind = scheme.partition("+")
    options: dict[str, Any] = {**SETTINGS, **parse_url(f"{plain}://{credentials}{at}host?{parts.query}")}
    del options["host"]
    options["ssl"] = options.pop("connection_class", None) is SSLConnection
    path = [unquote(step) for step in parts.path.split("/")[1:]]
    if kind == "cluster":
        if any(step not in ("", "0") for step in path):
            raise Unreadable(f"{scheme}:// takes no database and no service: a cluster has database 0 alone")
        return cluster(found, options)
    service, *database = path or [""]
    if not service or len(database) > 1 or not all(number.isdecimal() for number in database):
        raise Unreadable(
            f"{scheme}:// needs the service after its hosts, then perhaps a database: host:port,…/service/0"
        )
    return watched(found, service, int("".join(database) or 0), options)


def watched(hosts: Sequence[tuple[str, int]], service: str, database: int, options: dict[str, Any]) -> One:
    """The master of that name; `sentinel_username` and `sentinel_password` among the options are for the Sentinels."""
    door = {name: options.pop(f"sentinel_{name}") for name in ("username", "password") if f"sentinel_{name}" in options}
    ssl = {name: value for name, value in options.items() if name.startswith("ssl")}
    sentinels = Sentinel(hosts, sentinel_kwargs={**WATCHER, **ssl, **door, "retry": Retry(NoBackoff(), 0)})  # type: ignore[no-untyped-call]
    pool = Masters(service, sentinels, db=database, max_connections=MOST, timeout=WAIT, **options, **patience())
    pool.connection_class(**pool.connection_kwargs)
    return One(pool)


def cluster(hosts: Sequence[tuple[str, int]], options: dict[str, Any]) -> Spread:
    """The cluster these are some servers of."""
    nodes = [ClusterNode(host, port) for host, port in hosts]
    # Twice as many connections as calls: one that is given back may still be closing. MOVED mends the slot it names.
    client = Slots(startup_nodes=nodes, max_connections=2 * MOST, reinitialize_steps=0, **options, **patience())
    return Spread(client)


def patience() -> dict[str, Any]:
    """How often a call is tried: repeating is safe, see `Redis`."""
    return {
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
    }
