"""The row about a Redis Cluster (F10): a slot that moves, scripts that are gone, a master that dies, all mid push."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from newsbot import bootstrap
from newsbot.procs import runtime
from tests.cast import until
from tests.chaos.relay import Door
from tests.chaos.row import Row, Verdict
from tests.chaos.sandbox import Sandbox
from tests.chaos.stage import PATIENCE, Stage
from tests.chaos.workers import Worker
from tests.redis_servers import Spread
from tests.redis_servers import until as until_server

HEALED = 5.0
"""Seconds until messages go out again once the cluster is whole (reliability F10)."""
HALF_MOVED = 0.3
"""Seconds each stage of a moving slot lasts: whoever asks meanwhile is told ASK or TRYAGAIN."""
TAG = "telegram"
"""The hash tag of everything hot of the bot."""


class Clustered(Stage):
    """A stage on three masters with a replica each. There is no door: a client of a cluster goes where the nodes say."""

    @property
    def spread(self) -> Spread:
        """The cluster."""
        found: Spread = self._parts["spread"]
        return found

    async def up(self, chats: int, *, rate: float = 600, workers: int = 4, **environ: Any) -> None:
        """Cluster, sandbox, subscribers of everything, workers that are ready."""
        self._parts["spread"] = spread = Spread(self.folder / "cluster", replicas=1)
        self._stack.callback(spread.stop)
        await asyncio.to_thread(spread.start)
        self._parts["sandbox"] = sandbox = await Sandbox.start(self.folder)
        self._stack.push_async_callback(sandbox.close)
        await sandbox.post("/limits", telegram_rate=rate)
        self.doors += [Door(0), Door(0)]  # never opened: `start` leads past them
        self.environ = self._environ(("telegram",), rate) | {"REDIS_URL": spread.url} | environ
        process = await self._stack.enter_async_context(
            runtime.process(bootstrap.read_settings(self.environ), spread.url, self.environ, live=False)
        )
        self._parts["kit"] = process.kit
        await self.crowd(chats)
        await self.hire(workers)
        await until(lambda: (self.data / "mark").exists(), "a worker has noted how far Redis has come", PATIENCE)

    async def start(self, *arguments: str, **environ: Any) -> Worker:
        """`newsbot ARGUMENTS` on the cluster."""
        return await super().start(*arguments, **{"REDIS_URL": self.spread.url, **environ})


async def spread_out(stage: Stage, rng: Random) -> Verdict:
    """The bot's slot moves, its scripts are forgotten, a replica takes over, a master dies: once and complete."""
    chats = stage.pick(3000, 900)
    own = Clustered(stage.folder / "spread", stage.nursery, stage.quick)
    own.folder.mkdir()
    stage.at_end(own.close)
    random.seed(rng.random())  # the ports
    await own.up(chats, rate=200)
    spread, slot = own.spread, Spread.slot(TAG)
    push = await own.tell()
    steps: dict[str, Callable[[], object]] = {
        "moved": lambda: moves(spread, slot, rng),
        "forgotten": lambda: spread.owner(slot).call("SCRIPT", "FLUSH"),
        "promoted": lambda: spread.promote(slot),
        "lost": lambda: dies(spread, slot),
    }
    healed = {}
    for number, (what, step) in enumerate(steps.items(), start=1):
        await own.reaches(push, number * chats // 6)
        await asyncio.to_thread(step)
        healed[what] = await own.sends(push)
    await own.drained(push)
    verdict = await own.verdict(push, bound=0, **{f"{what}_s": seconds for what, seconds in healed.items()})
    late = [f"{what}: {seconds} s" for what, seconds in healed.items() if seconds > HEALED]
    verdict.expect(not late, f"sends again only after {', '.join(late)}; must be {HEALED:g}")
    verdict.expect(verdict.sent == chats, f"{verdict.sent} of {chats} were told")
    ended = [worker.log.name for worker in own.workers if not worker.running]
    verdict.expect(not ended, f"ended: {', '.join(ended)}: {last_words(own)}")
    return verdict


def last_words(own: Clustered) -> str:
    """The last line that is no log record, of whoever ended."""
    said = [worker.words.splitlines() for worker in own.workers if not worker.running]
    return next((line.strip(" |") for lines in said for line in reversed(lines) if line.strip(" |+-")), "")


def moves(spread: Spread, slot: int, rng: Random) -> None:
    """The slot goes to another master with everything in it, and is nobody's for some tenths of a second."""
    source = spread.owner(slot)
    others = [one for one in spread.nodes if one is not source and one.fact("role") == "master"]
    for _ in spread.moving(slot, rng.choice(others)):
        time.sleep(HALF_MOVED)


def dies(spread: Spread, slot: int) -> None:
    """The master of the slot is killed; returns once the cluster has made its replica master."""
    spread.settled()
    spread.owner(slot).kill()

    def another() -> bool:
        with suppress(AssertionError):  # nobody serves it yet
            return spread.owner(slot).running
        return False

    until_server(another, "the cluster has another master")


ROWS = [Row("F10", "Cluster: the bot's slot moves, scripts are forgotten, failover", spread_out, limit=180)]
