"""Rows about worker processes: F1 to F5."""

from __future__ import annotations

import asyncio
import time
from random import Random

from tests.chaos.row import Row, Verdict
from tests.chaos.stage import IN_FLIGHT, Push, Stage
from tests.chaos.workers import Worker

DRAIN = 15.0
"""Seconds a worker may take to end after SIGTERM."""


async def calm(stage: Stage, rng: Random) -> Verdict:
    """Nothing goes wrong, as fast as it goes: one request a chat and not one more."""
    chats = stage.pick(10_000, 1000)
    await stage.up(chats, unlimited=True, limit=0)
    began = time.monotonic()
    push = await stage.tell()
    await stage.drained(push)
    seconds = time.monotonic() - began
    verdict = await stage.verdict(push, rate=round(chats / seconds))
    requests = await stage.sandbox.calls("telegram", "sendMessage")
    verdict.expect(requests == chats == verdict.sent, f"{requests} requests for {chats} chats, {verdict.sent} sent")
    return verdict


async def killed(stage: Stage, rng: Random) -> Verdict:
    """SIGKILL for a random worker, again and again; a replacement is ready the moment it dies."""
    chats, kills = stage.pick(10_000, 600), stage.pick(200, 8)
    await stage.up(chats, rate=300)
    push = await stage.tell()
    killing = Killing(stage, push, rng)
    await killing.run(kills, chats)
    await stage.drained(push)
    return await stage.verdict(push, bound=killing.in_flight, kills=killing.kills)


class Killing:
    """Kills by progress: the next only after the new worker began and some 50 outcomes were added."""

    def __init__(self, stage: Stage, push: Push, rng: Random) -> None:
        self.stage, self.push, self.rng = stage, push, rng
        self.kills = 0
        self.in_flight = 0
        """The most that these kills can have left in doubt: what was in flight just after each, over all workers, and
        never more than one worker may have."""

    async def run(self, kills: int, chats: int) -> None:
        """So many, spread over the push."""
        step = chats // (kills + 2)
        for number in range(1, kills + 1):
            await self.stage.reaches(self.push, number * step + self.rng.randrange(step))
            await self.one()

    async def one(self) -> Worker:
        """One kill; the worker that took the place."""
        victim = self.rng.choice(self.stage.living)
        victim.kill()
        await victim.ended()
        self.kills += 1
        self.in_flight += min(IN_FLIGHT, (await self.stage.tally(self.push)).sending)
        (new,) = await self.stage.hire()
        return new


async def rolled(stage: Stage, rng: Random) -> Verdict:
    """SIGTERM for one worker after another: each ends what it began, and nothing is in doubt."""
    chats, restarts = stage.pick(5000, 400), stage.pick(50, 4)
    await stage.up(chats, rate=300)
    await stage.sandbox.fault("slow", method="sendMessage", times=-1, args={"seconds": 0.1})
    push = await stage.tell()
    step, codes, took = chats // (restarts + 2), [], []
    for number in range(1, restarts + 1):
        await stage.reaches(push, number * step + rng.randrange(step))
        await stage.hire()
        began = time.monotonic()
        codes.append(await rng.choice(stage.living[:-1]).stops())
        took.append(time.monotonic() - began)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, restarts=restarts)
    verdict.took("end", took, DRAIN)
    verdict.expect(max(took) <= DRAIN + 5, f"a worker took {max(took):.1f} s to end")
    verdict.expect(not any(codes), f"exit codes {sorted(set(codes))}")
    return verdict


async def paused(stage: Stage, rng: Random) -> Verdict:
    """SIGSTOP: eight of 9 s one after another, while one worker is away for 120 s; all come back with what they sent."""
    long, short, stops = stage.pick(120, 15), stage.pick(9, 7), stage.pick(8, 1)
    rate = 60
    chats = round(rate * (long + 10))
    await stage.up(chats, rate=rate)
    await stage.sandbox.fault(
        "slow", method="sendMessage", times=-1, args={"seconds": 0.3}
    )  # some are always in flight
    push = await stage.tell()
    await stage.reaches(push, rng.randrange(rate, 3 * rate))
    away, *others = rng.sample(stage.living, 4)
    away.pause()
    end = time.monotonic() + long
    for _ in range(stops):
        await stage.reaches(push, await stage.progress(push) + rng.randrange(rate))
        victim = rng.choice(others)
        victim.pause()
        await asyncio.sleep(short)
        victim.resume()
    await asyncio.sleep(max(0.0, end - time.monotonic()))
    away.resume()
    await stage.drained(push)
    await stage.rest()
    return await stage.verdict(push, bound=(stops + 1) * IN_FLIGHT, stops=stops + 1)


async def deserted(stage: Stage, rng: Random) -> Verdict:
    """Every worker is killed at half-time, its host and journal with it; others come a minute later."""
    chats, away = stage.pick(3000, 400), stage.pick(60, 8)
    await stage.up(chats, rate=300)
    await stage.sandbox.fault("slow", method="sendMessage", times=-1, args={"seconds": 0.1})
    push = await stage.tell()
    await stage.reaches(push, chats // 2 + rng.randrange(chats // 10))
    workers = stage.living
    for worker in workers:
        worker.kill()
    await asyncio.gather(*(worker.ended() for worker in workers))
    await asyncio.sleep(away)
    await stage.hire(len(workers), NEWSBOT_DATA__FOLDER=str(stage.folder / "other-host"))
    resumed = await stage.sends(push)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=len(workers) * IN_FLIGHT)
    verdict.took("resumed", [resumed], stage.pick(10, 60))
    return verdict


ROWS = [
    Row("F1", "nothing, as fast as it goes", calm, quick=True),
    Row("F2", "SIGKILL of a random worker, 200 times", killed, quick=True),
    Row("F3", "SIGTERM, rolling, 50 times", rolled),
    Row("F4", "SIGSTOP of 9 s, 8 times, and one of 120 s", paused),
    Row("F5", "all workers and their hosts lost at half-time, others after 60 s", deserted),
]
