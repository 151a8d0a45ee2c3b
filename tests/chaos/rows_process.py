"""Rows about worker processes: F1 to F5."""

from __future__ import annotations

import asyncio
import time
from random import Random

from tests.chaos.row import Row, Verdict
from tests.chaos.stage import IN_FLIGHT, Push, Stage, in_flight

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
    """SIGKILL for a random worker of four, again and again, through the whole push."""
    chats, kills = stage.pick(10_000, 600), stage.pick(200, 8)
    await stage.up(chats, rate=1000, workers=0)
    await in_flight(stage, 0.2)
    step = chats // (kills + 2)
    # Few kills are over before a machine that gets busier than it was is noticed: they get twice the room.
    await stage.hire_at(min(300.0, stage.pick(0.6, 0.3) * step / await stage.start_seconds()))
    push = await stage.tell()
    killing = Killing(stage, push, rng)
    for number in range(1, kills + 1):
        await stage.reaches(push, number * step - rng.randrange(step // 2))
        await killing.one()
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=killing.in_flight, kills=kills)
    verdict.expect(killing.idle <= kills // 4, f"{killing.idle} kills came when everything was begun")
    return verdict


class Killing:
    """Kills by progress: the next only after the new worker is ready."""

    def __init__(self, stage: Stage, push: Push, rng: Random) -> None:
        self.stage, self.push, self.rng = stage, push, rng
        self.idle = 0
        """Kills that came too late to hurt."""
        self.in_flight = 0
        """The most that these kills can have left in doubt: what was in flight just after each, over all workers, and
        never more than one worker may have."""

    async def one(self) -> None:
        """One kill, and another worker in the place."""
        await self.strike()
        await self.stage.hire()

    async def strike(self) -> None:
        """One kill."""
        self.idle += not (await self.stage.tally(self.push)).pending
        victim = self.rng.choice(self.stage.living)
        victim.kill()
        await victim.ended()
        self.in_flight += min(IN_FLIGHT, (await self.stage.tally(self.push)).sending)


async def rolled(stage: Stage, rng: Random) -> Verdict:
    """SIGTERM for one worker after another: each ends what it began, and nothing is in doubt."""
    restarts = stage.pick(50, 4)
    step = 40
    chats = step * (restarts + 2)
    await stage.up(chats, rate=1000, workers=0)
    await in_flight(stage, 0.2)
    await stage.hire_at(min(200.0, 0.8 * step / (0.3 + await stage.start_seconds())))
    push = await stage.tell()
    codes, took, idle = [], [], 0
    for number in range(1, restarts + 1):
        await stage.reaches(push, number * step - rng.randrange(step // 2))
        idle += not (await stage.tally(push)).pending
        victim, began = rng.choice(stage.living), time.monotonic()
        codes.append(await victim.stops())
        took.append(time.monotonic() - began)
        await stage.hire()
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, restarts=restarts)
    verdict.took("end", took, DRAIN)
    verdict.expect(max(took) <= DRAIN + 5, f"a worker took {max(took):.1f} s to end")
    verdict.expect(not any(codes), f"exit codes {sorted(set(codes))}")
    verdict.expect(idle <= restarts // 4, f"{idle} restarts came when everything was begun")
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
    await in_flight(stage)
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
