"""The row about a Redis Cluster (F10): a slot that moves, scripts that are gone, a master that dies, all mid push."""

from __future__ import annotations

import asyncio
import random
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

HEALED = 5.0
"""Seconds until messages go out again (reliability F10)."""
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
    """The bot's slot moves to another master, its scripts are forgotten, its master dies: once and complete."""
    chats = stage.pick(3000, 900)
    own = Clustered(stage.folder / "spread", stage.nursery, stage.quick)
    own.folder.mkdir()
    stage.at_end(own.close)
    random.seed(rng.random())  # the ports
    await own.up(chats, rate=200)
    slot = Spread.slot(TAG)
    push = await own.tell()
    await own.reaches(push, chats // 6)
    await asyncio.to_thread(move, own.spread, slot, rng)
    moved = await own.sends(push)
    await own.reaches(push, 2 * chats // 6)
    await asyncio.to_thread(own.spread.owner(slot).call, "SCRIPT", "FLUSH")
    forgot = await own.sends(push)
    await own.reaches(push, 3 * chats // 6)
    master = await asyncio.to_thread(own.spread.owner, slot)
    await asyncio.to_thread(own.spread.promote, slot)
    promoted = await own.sends(push)
    await own.reaches(push, 4 * chats // 6)
    await asyncio.to_thread(own.spread.settled)
    master = await asyncio.to_thread(own.spread.owner, slot)
    master.kill()
    lost = await own.sends(push)
    await own.drained(push)
    verdict = await own.verdict(push, bound=0, moved_s=moved, noscript_s=forgot, promoted_s=promoted, lost_s=lost)
    for what in ("moved_s", "noscript_s", "promoted_s", "lost_s"):
        verdict.expect(verdict.figures[what] <= HEALED, f"{what}: {verdict.figures[what]} s, must be {HEALED:g}")
    verdict.expect(verdict.sent == chats, f"{verdict.sent} of {chats} were told")
    verdict.expect(len(own.living) == len(own.workers), "a worker ended")
    return verdict


def move(spread: Spread, slot: int, rng: Random) -> None:
    """The slot goes to another master, with everything in it."""
    source = spread.owner(slot)
    others = [one for one in spread.nodes if one is not source and one.fact("role") == "master"]
    for _ in spread.moving(slot, rng.choice(others)):
        pass


ROWS = [Row("F10", "Cluster: the bot's slot moves, scripts are forgotten, failover", spread_out, limit=180)]
