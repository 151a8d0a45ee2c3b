"""The connection to Redis and the scripts that run there."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from newsbot.ports import StoreDown
from newsbot.store.topology import connect

LUA = Path(__file__).parent / "lua"
PRELUDES = {
    "plan": ("common",),
    "begin": ("common", "candidates"),
    "commit": ("common",),
    "reap": ("common",),
    "cancel": ("common",),
    "resolve": ("common",),
    "gate": ("common",),
    "doubts": ("common",),
    "barrier": ("common",),
    "accept": ("home",),
    "note": ("home",),
    "subscribe": ("record",),
    "enlist": ("record",),
    "erase": ("record",),
    "turn": ("record",),
}
"""What is put in front of a script when it is loaded."""
STANDS_STILL = {
    *("OOM", "MISCONF", "LOADING", "BUSY", "READONLY", "NOREPLICAS", "UNBLOCKED"),
    *("CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "ASK"),
}
"""Error words by which a reachable Redis says that it takes no writes now."""
SAID = re.compile(rf"(?:^|-)((?:{'|'.join(sorted(STANDS_STILL))}) .*)", re.DOTALL)
"""Such a word at the beginning, or in what a script reports of a command inside it (Redis 6.2)."""
ELSEWHERE = "attempted to access a non local key"
"""What a script says whose slot is half moved to another server of a cluster."""


class Redis:
    """One server, the master Sentinels name, or a cluster; every failure to reach or write becomes StoreDown.

    Repeating is safe because every script is idempotent and plain commands here are reads or absolute writes.
    """

    def __init__(self, url: str) -> None:
        """Connects nothing yet. Raises ValueError for an address that is none, in a line without its password."""
        self.url = url
        self._wire = connect(url)
        self.client: Any = self._wire.client

    async def close(self) -> None:
        """Give the connections back."""
        await self._wire.close()

    async def call(self, *command: Any, near: str = "") -> Any:
        """One plain command's reply, bytes as they are.

        A command without a key goes to the server that has the key `near`; without `near`, in a cluster, to every master:
        the first one's reply.
        """
        async with translated():
            return await self._wire.call(command, near)

    async def everywhere(self, *command: Any) -> Mapping[str, Any]:
        """The replies of all masters to a command without a key, by the master's name; "" where there is but one."""
        async with translated():
            return await self._wire.everywhere(command)

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The replies of several commands sent together; not a transaction.

        In a cluster those of one slot keep their order, and commands without a key go where the first key lives.
        """
        if not commands:
            return []
        async with translated():
            return await self._wire.pipeline(commands)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """The reply of `lua/<script>.lua`, by EVALSHA, and EVAL where the server does not know it yet."""
        source, digest = load(script)
        words = [len(keys), *keys, *arguments]
        async with translated():
            try:
                return await self._wire.call(["EVALSHA", digest, *words], "")
            except NoScriptError:
                return await self._wire.call(["EVAL", source, *words], "")


@functools.cache
def load(script: str) -> tuple[str, str]:
    """A script's text, with its prelude, and the sha1 Redis knows it by."""
    source = "".join((LUA / f"{name}.lua").read_text("utf-8") for name in (*PRELUDES.get(script, ()), script))
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
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise StoreDown(f"redis: {plain(error) or type(error).__name__}") from error
    except ResponseError as error:
        if said := refusal(error):
            raise StoreDown(f"redis takes no writes: {said}") from error
        raise
    except (RedisError, RedisClusterException) as error:
        raise StoreDown(f"redis: {plain(error)}") from error


def refusal(error: ResponseError) -> str:
    """Why a reachable Redis takes no writes now; "" where the mistake is ours."""
    said = plain(error)
    if error.status_code in STANDS_STILL:
        return f"{error.status_code} {said}"
    if ELSEWHERE in said:
        return "a slot of the cluster is being moved, or a script touches two"
    found = SAID.search(said)
    return found[1] if found else ""


def plain(error: Exception) -> str:
    """What was said, without the command that a pipeline puts before it."""
    _, wrapped, said = str(error).rpartition(" of pipeline caused error: ")
    return said.strip("(),'\"") if wrapped else said
