"""Rows about a Redis that dies, loses its tail, or is another one: F6 to F9, F14."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from functools import partial
from random import Random

from tests.cast import until
from tests.chaos.row import Row, Verdict
from tests.chaos.rows_process import Killing
from tests.chaos.server import Server
from tests.chaos.stage import IN_FLIGHT, Push, Stage, in_flight, staged

ALARM = 60.0
"""Seconds in which a worker says that Redis is away (F8, F13)."""
LOST = 2.0
"""Seconds of acknowledged writes that `everysec` may lose with the host's power."""


async def struck(stage: Stage, rng: Random, fsync: str) -> Verdict:
    """SIGKILL for Redis in the middle of a push: nothing it acknowledged is lost, nothing is in doubt."""
    chats, kills = stage.pick(10_000, 600), stage.pick(10, 2)
    await stage.up(chats, fsync=fsync)
    await in_flight(stage)
    push = await stage.tell()
    step, lost, resumed = chats // (kills + 2), 0, []
    for number in range(1, kills + 1):
        await stage.reaches(push, number * step + rng.randrange(step // 2))
        before = await stage.tally(push)
        await stage.redis.dies()
        await stage.redis.start()
        lost += max(0, before.sent - (await stage.tally(push)).sent)
        resumed.append(await stage.sends(push))
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, kills=kills)
    verdict.expect(not lost, f"{lost} acknowledged writes lost")
    verdict.took("resumed", resumed, stage.pick(5, 60))
    return verdict


class Tide:
    """How large the append-only file was, and when."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sizes: list[tuple[float, int]] = []

    async def watch(self) -> None:
        """Look again and again."""
        while True:
            self.sizes.append((time.monotonic(), self.server.aof.stat().st_size))
            await asyncio.sleep(0.02)

    def before(self, seconds: float) -> int:
        """The size so many seconds ago, or the first one seen."""
        then = time.monotonic() - seconds
        return max((size for at, size in self.sizes if at <= then), default=self.sizes[0][1])


async def unplugged(stage: Stage, rng: Random) -> Verdict:
    """The host loses power: the last 2 s of the append-only file are gone, in the middle of a command."""
    chats, losses = stage.pick(5000, 1500), stage.pick(3, 1)
    await stage.up(chats, rate=300, fsync="everysec")
    await in_flight(stage)
    push = await stage.tell()
    tide = Tide(stage.redis)
    watching = asyncio.create_task(tide.watch())
    step, gone, back = chats // (losses + 2), 0, 0
    for number in range(2, losses + 2):
        await stage.reaches(push, number * step + rng.randrange(step // 4))
        before = await stage.tally(push)
        await stage.redis.dies()
        size = max(tide.sizes[0][1], tide.before(LOST) - rng.randrange(60))
        gone += stage.redis.aof.stat().st_size - size
        with stage.redis.aof.open("r+b") as file:
            file.truncate(size)
        await stage.redis.start()
        back += before.sent - (await stage.tally(push)).sent
    watching.cancel()
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, losses=losses, bytes_lost=gone, receipts_lost=back)
    verdict.expect(gone > 0, "nothing was cut off: this row shows nothing")
    return verdict


async def spoiled(stage: Stage, rng: Random) -> Verdict:
    """The append-only file ends in half a command (loads), then has garbage in its middle (Redis refuses to start)."""
    chats = stage.pick(2000, 600)
    await stage.up(chats, rate=200)
    await in_flight(stage)
    push = await stage.tell()
    await stage.reaches(push, chats // 4 + rng.randrange(chats // 10))
    server = stage.redis
    await server.dies()
    with server.aof.open("r+b") as file:
        file.truncate(server.aof.stat().st_size - rng.randrange(1, 30))
    await server.start()
    await stage.reaches(push, chats // 2 + rng.randrange(chats // 10))
    told = alarms(stage)
    await server.dies()
    good = server.folder / "good.aof"
    shutil.copy(server.aof, good)
    raw = good.read_bytes()
    at = raw.index(b"\r\n*", rng.randrange(len(raw) // 3, len(raw) // 2)) + 2
    server.aof.write_bytes(raw[:at] + rng.randbytes(64) + raw[at + 64 :])
    await server.launch()
    assert server.process
    code = await asyncio.wait_for(server.process.wait(), 30)
    landed = await landing(stage)
    alarm = await alarmed(stage, told)
    meanwhile = await calls(stage) - landed
    shutil.copy(good, server.aof)
    good.unlink()
    await server.start()
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, alarm_s=alarm)
    verdict.expect(code != 0, "Redis started on garbage")
    verdict.expect(meanwhile == 0, f"{meanwhile} sends without a Redis")
    return verdict


async def calls(stage: Stage) -> int:
    """How many messages were asked for."""
    return await stage.sandbox.calls("telegram", "sendMessage")


async def landing(stage: Stage) -> int:
    """How many there are once what was on the wire has landed: answers take a tenth of a second here, and this waits a whole
    one without any."""
    before = -1
    while (now := await calls(stage)) != before:
        before = now
        await asyncio.sleep(1)
    return now


def alarms(stage: Stage) -> int:
    """How often workers said that Redis is away."""
    return sum(len(worker.events("redis.waiting")) for worker in stage.workers)


async def alarmed(stage: Stage, before: int) -> float:
    """Seconds until a worker says once more that Redis is away. Fails after a minute."""
    began = time.monotonic()
    await until(lambda: alarms(stage) > before, "a worker says that Redis is away", ALARM)
    return round(time.monotonic() - began, 1)


async def promoted(stage: Stage, rng: Random) -> Verdict:
    """Failovers with a split window, and worker kills, some of them inside it; then without the barrier, to see it bite."""
    chats, failovers, kills = stage.pick(10_000, 900), stage.pick(5, 1), stage.pick(20, 2)
    await stage.up(chats, rate=1000, workers=0)
    step = chats // (failovers + kills + 2)
    await stage.hire_at(min(600.0, 0.5 * step / await stage.start_seconds()))
    push, shut, idle = await take_turns(stage, rng, chats, failovers, kills)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=kills * IN_FLIGHT, failovers=failovers, kills=kills)
    verdict.expect(idle <= kills // 4, f"{idle} of the faults came when everything was begun")
    verdict.took("shut", shut, stage.pick(5, 60))
    async with staged(stage.folder / "control", stage.nursery, quick=stage.quick) as control:
        chats = stage.pick(2000, 600)
        await control.up(chats, rate=200, NEWSBOT_REDIS__BARRIER="false")
        push, *_ = await take_turns(control, rng, chats, stage.pick(2, 1), 0)
        await control.begun(push)
        await landing(control)
        naked = await control.verdict(push)
    verdict.figures["duplicates_without_barrier"] = naked.duplicates
    verdict.expect(naked.duplicates, "without the barrier nobody saw it twice: this row shows nothing")
    return verdict


async def take_turns(
    stage: Stage, rng: Random, chats: int, failovers: int, kills: int
) -> tuple[Push, list[float], int]:
    """A push under so many failovers and kills in a drawn order; how long the gate was shut each time, in seconds; and how
    many of these came too late to hurt."""
    await in_flight(stage)
    push = await stage.tell()
    killing = Killing(stage, push, rng)
    inside = min(failovers, kills) // 2 + min(failovers, kills) % 2
    turns = ["failover"] * (failovers - inside) + ["both"] * inside + ["kill"] * (kills - inside)
    rng.shuffle(turns)
    step, shut = chats // (len(turns) + 2), list[float]()
    for number, turn in enumerate(turns, 1):
        replica = None if turn == "kill" else await stage.replica()
        await stage.reaches(push, number * step + rng.randrange(step // 2))
        if replica is None:
            await killing.one()
            continue
        killing.idle += not (await stage.tally(push)).pending
        await stage.failover(replica, last=killing.strike if turn == "both" else None)
        shut.append(await stage.sends(push))
        if turn == "both":
            await stage.hire()
    return push, shut, killing.idle


async def stalled(stage: Stage, rng: Random) -> Verdict:
    """Redis stands still for 5 s, as with a disk that does not sync: all wait, and nobody is taken for dead."""
    chats, stalls = stage.pick(3000, 600), stage.pick(5, 1)
    await stage.up(chats, rate=300)
    await in_flight(stage)
    push = await stage.tell()
    step, resumed = chats // (stalls + 1), []
    for number in range(1, stalls + 1):
        await stage.reaches(push, number * step - rng.randrange(step // 2))
        stage.redis.signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        stage.redis.signal(signal.SIGCONT)
        resumed.append(await stage.sends(push))
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, stalls=stalls)
    verdict.took("resumed", resumed, stage.pick(5, 60))
    reaped = [event for worker in stage.workers for event in worker.events("in_doubt")]
    verdict.expect(not reaped, f"taken for dead: {reaped[:1]}")
    return verdict


ROWS = [
    Row("F6", "SIGKILL of Redis, 10 times, `always`", partial(struck, fsync="always"), quick=True),
    Row("F6-everysec", "SIGKILL of Redis, 10 times, `everysec`", partial(struck, fsync="everysec")),
    Row("F7", "power loss, 3 times: last 2 s of the AOF gone", unplugged),
    Row("F8", "AOF ends in half a command; then garbage in it", spoiled),
    Row("F9", "5 promotions with a split of 0.3 s, and 20 worker kills", promoted, quick=True),
    Row("F14", "Redis stands still for 5 s, 5 times", stalled),
]
