"""A process that is stopped while its sends are under way (SIGSTOP, swap, a sleeping host) still reads their answers."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control
from tests.cast import until

SENDS = 16
# What a send may usually take is over before the process goes on; what is left is the sender's clock, which is not here.
CHILD = """
import asyncio, json, sys
import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
import newsbot.core.delivery
newsbot.core.delivery.SEND_TIMEOUT = 1.3
from newsbot import platforms
from newsbot.core.model import Address, Rendered

async def main(name, url, key, token, method, chats):
    module = platforms.load(name)
    platform = module.build(module.Settings(**{key: token, "api_base": url}), {}, None)
    await platform.start()
    message = Rendered(method, {"text": "x"})
    print("started", flush=True)
    outcomes = await asyncio.gather(*(platform.send(Address(name, chat), message) for chat in chats))
    print(json.dumps([type(outcome).__name__ for outcome in outcomes]), flush=True)
    await platform.close()

asyncio.run(main(*json.loads(sys.argv[1])))
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    control.make_chats(running.world, {"count": SENDS})
    running.world.slack.add_channels(SENDS)
    yield running
    await running.stop()


@pytest.mark.parametrize("name", ["telegram", "slack"])
@pytest.mark.slow
async def test_no_send_becomes_a_doubt_because_the_process_stood_still(sandbox: Running, name: str) -> None:
    world = sandbox.world
    given = {
        "telegram": (
            sandbox.url,
            "token",
            world.telegram.token,
            "sendMessage",
            [str(500_000 + n) for n in range(SENDS)],
        ),
        "slack": (
            f"{sandbox.url}/api/",
            "bot_token",
            world.slack.bot_token,
            "chat.postMessage",
            [f"C9{n:06d}" for n in range(SENDS)],
        ),
    }
    slow = world.faults.add("slow", method=given[name][3], times=-1, args={"seconds": 0.2})
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, json.dumps([name, *given[name]])),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert child.stdout
        assert (await child.stdout.readline()).strip() == b"started"
        await until(lambda: slow.struck == SENDS)
        child.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.6)
        assert sum(world.record.copies(name).values()) == SENDS, (
            "all are visible, and their answers wait in the sockets"
        )
        child.send_signal(signal.SIGCONT)
        assert json.loads(await child.stdout.readline()) == ["Sent"] * SENDS
        assert await child.wait() == 0
        assert world.record.count(name, given[name][3]) == SENDS
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
