"""F35: whatever comes, in a drawn order, for minutes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from random import Random

from tests.chaos.row import Row, Verdict
from tests.chaos.stage import IN_FLIGHT, Push, Stage

CHATS = 1500
RATE = 150.0
SEEDS = 5
MB = 1 << 20
GROWTH_MB, GROWTH_FILES = 8.0, 8
"""What a worker may hold more at the end than after the first third: caches fill, connections come and go."""


class Soak:
    """One push after another, and trouble at drawn points of their progress."""

    def __init__(self, stage: Stage, rng: Random) -> None:
        self.stage, self.rng = stage, rng
        self.pushes: list[Push] = []
        self.bound = 0
        self.done: Counter[str] = Counter()
        self.pauses: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float) -> None:
        """So long."""
        trouble = [self.kill, self.pause, self.strike, self.promote, self.storm, self.drop]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            push = await self.running()
            await self.stage.reaches(push, min(CHATS, await self.stage.progress(push) + self.rng.randrange(20, 400)))
            action = self.rng.choice(trouble)
            self.done[action.__name__] += 1
            await action(push)

    async def slow(self) -> None:
        """A third of the answers take a moment."""
        await self.stage.sandbox.fault("slow", method="sendMessage", times=-1, every=3, args={"seconds": 0.1})

    async def drain(self) -> None:
        """No more trouble, and everything ends."""
        await self.stage.sandbox.no_faults()
        await asyncio.gather(*self.pauses)
        await self.stage.drained(*self.pushes)

    async def running(self) -> Push:
        """The push that is under way; a new one where the last has nothing left to begin."""
        if not self.pushes or not (await self.stage.tally(self.pushes[-1])).pending:
            self.pushes.append(await self.stage.tell())
        return self.pushes[-1]

    async def kill(self, _: Push) -> None:
        """F2, for any but the two oldest, whose memory is watched."""
        victim = self.rng.choice(self.stage.living[2:])
        victim.kill()
        await victim.ended()
        self.bound += IN_FLIGHT
        await self.stage.hire()

    async def pause(self, _: Push) -> None:
        """F4: up to 9 s, while the rest goes on."""
        victim, seconds = self.rng.choice(self.stage.living), self.rng.uniform(1, 9)
        self.bound += IN_FLIGHT

        async def away() -> None:
            victim.pause()
            await asyncio.sleep(seconds)
            victim.resume()

        task = asyncio.create_task(away())
        self.pauses.add(task)
        task.add_done_callback(self.pauses.discard)

    async def strike(self, _: Push) -> None:
        """F6."""
        await self.stage.redis.dies()
        await asyncio.sleep(self.rng.uniform(0, 1))
        await self.stage.redis.start()

    async def promote(self, _: Push) -> None:
        """F9."""
        await self.stage.failover(await self.stage.replica())

    async def storm(self, _: Push) -> None:
        """F16."""
        times, pause = self.rng.randrange(5, 15), self.rng.randrange(1, 3)
        await self.stage.sandbox.fault("429", method="sendMessage", every=5, times=times, args={"retry_after": pause})

    async def drop(self, _: Push) -> None:
        """F19: answers that never come, before and after the message was taken."""
        times, processed = self.rng.randrange(1, 5), self.rng.random() < 0.5
        self.bound += times
        await self.stage.sandbox.fault(
            "reset", method="sendMessage", every=20, times=times, args={"processed": processed}
        )


async def soaked(stage: Stage, rng: Random) -> Verdict:
    """Kills, stops, Redis kills, promotions, 429s and lost answers, as they are drawn; memory and descriptors stay flat."""
    await stage.up(CHATS, rate=RATE)
    soak = Soak(stage, rng)
    await soak.slow()
    survivors = stage.living[:2]
    await soak.run(stage.soak / 3)
    await soak.drain()  # at rest both times: connections that are in use are no growth
    before = [(worker.rss, worker.files) for worker in survivors]
    await soak.slow()
    await soak.run(stage.soak * 2 / 3)
    await soak.drain()
    after = [(worker.rss, worker.files) for worker in survivors]
    await stage.rest()
    memory = max(new[0] - old[0] for old, new in zip(before, after, strict=True)) / MB
    files = max(new[1] - old[1] for old, new in zip(before, after, strict=True))
    verdict = await stage.verdict(
        *soak.pushes,
        bound=soak.bound,
        pushes=len(soak.pushes),
        **soak.done,
        grown_mb=round(memory, 1),
        grown_files=files,
    )
    verdict.expect(memory <= GROWTH_MB, f"a worker has grown by {memory:.1f} MB")
    verdict.expect(files <= GROWTH_FILES, f"a worker holds {files} descriptors more")
    return verdict


ROWS = [Row("F35", "a drawn schedule of F2, F4, F6, F9, F16, F19", soaked, runs=SEEDS, limit=900)]
