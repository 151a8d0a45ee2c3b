"""The connection to Redis and the scripts that run there."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis.asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from newsbot.ports import StoreDown

LUA = Path(__file__).parent / "lua"
PRELUDES = {
    "plan": "common",
    "begin": "common",
    "commit": "common",
    "reap": "common",
    "cancel": "common",
    "accept": "home",
    "note": "home",
}
"""What is put in front of a script when it is loaded."""
STANDS_STILL = ("OOM", "MISCONF", "LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN")
"""Error words by which a reachable Redis says that it takes no writes now."""


class Redis:
    """One pool of connections; every failure to reach or write becomes StoreDown.

    Repeating is safe because every script is idempotent and plain commands here are reads or absolute writes.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        pool: Any = aioredis.BlockingConnectionPool.from_url(
            url,
            protocol=3,
            decode_responses=False,
            socket_connect_timeout=2,
            socket_timeout=5,
            max_connections=64,
            timeout=5,  # the 65th caller waits; the plain pool would call a burst of updates "Redis down"
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
        self.client: Any = aioredis.Redis.from_pool(pool)

    async def close(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    async def call(self, *command: Any) -> Any:
        """One plain command's reply, bytes as they are."""
        async with translated():
            return await self.client.execute_command(*command)

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The replies of several commands sent together; not a transaction."""
        if not commands:
            return []
        async with translated():
            pipe = self.client.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            replies: list[Any] = await pipe.execute()
            return replies

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """The reply of `lua/<script>.lua`, by EVALSHA, and EVAL where the server does not know it yet."""
        source, digest = load(script)
        async with translated():
            try:
                return await self.client.evalsha(digest, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self.client.eval(source, len(keys), *keys, *arguments)


@functools.cache
def load(script: str) -> tuple[str, str]:
    """A script's text, with its prelude, and the sha1 Redis knows it by."""
    names = [PRELUDES[script], script] if script in PRELUDES else [script]
    source = "".join((LUA / f"{name}.lua").read_text("utf-8") for name in names)
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turns the client's errors into StoreDown; a mistake in our own command stays an error.

    The client waits with `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that comes together with
    what it waits for: whoever was cancelled meanwhile is told here, or it would never end.
    """
    task = asyncio.current_task()
    cancelled = task.cancelling() if task else 0
    try:
        yield
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError
    except (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OSError) as error:
        raise StoreDown(f"redis: {str(error) or type(error).__name__}") from error
    except ResponseError as error:
        if str(error).startswith(STANDS_STILL):
            raise StoreDown(f"redis takes no writes: {error}") from error
        raise
    except RedisError as error:
        raise StoreDown(f"redis: {error}") from error
