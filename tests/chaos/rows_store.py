"""Rows about a Redis that cannot be reached, takes no writes, or is not ours: F11 to F13, F15, F32."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from random import Random
from typing import Any

from newsbot.flows.deliver import WINDOW
from newsbot.ports import StoreDown
from newsbot.store import keys
from tests.chaos.row import Row, Verdict
from tests.chaos.rows_redis import alarmed, alarms, calls, landing
from tests.chaos.stage import IN_FLIGHT, Stage, in_flight
from tests.chaos.workers import Worker


async def cut_off(stage: Stage, rng: Random) -> Verdict:
    """No worker reaches Redis for a minute: what was on the wire lands, and nothing else begins."""
    chats = stage.pick(1500, 400)
    await stage.up(chats, rate=200)
    await in_flight(stage)
    push = await stage.tell()
    await stage.reaches(push, chats // 3 + rng.randrange(chats // 10))
    before, told = await calls(stage), alarms(stage)
    stage.door.stall()
    began = time.monotonic()
    landed = await landing(stage)
    alarm = await alarmed(stage, told)
    await asyncio.sleep(max(0.0, stage.pick(60, 10) - (time.monotonic() - began)))
    meanwhile = await calls(stage) - landed
    stage.door.heal()
    resumed = await stage.sends(push)
    await stage.drained(push)
    await stage.rest()
    # A window whose `begin` was done and never answered: a minute later its lease is over. One a worker.
    verdict = await stage.verdict(push, bound=4 * WINDOW, landed=landed - before, alarm_s=alarm)
    verdict.took("resumed", [resumed], stage.pick(10, 60))
    verdict.expect(meanwhile == 0, f"{meanwhile} sends begun without Redis")
    verdict.expect(landed - before <= 4 * IN_FLIGHT, f"{landed - before} landed")
    return verdict


async def cut_off_alone(stage: Stage, rng: Random) -> Verdict:
    """One worker of four does not reach Redis for a minute; the others go on, and its receipts count when it is back."""
    chats = stage.pick(3000, 400)
    await stage.up(chats, rate=200, workers=3)
    door = await stage.open_door()
    await stage.hire(door=door)
    await in_flight(stage)
    push = await stage.tell()
    await stage.reaches(push, chats // 4 + rng.randrange(chats // 10))
    door.stall()
    began = time.monotonic()
    others = await stage.sends(push)
    await stage.drained(push)
    await asyncio.sleep(max(0.0, stage.pick(60, 10) - (time.monotonic() - began)))
    left = (await stage.tally(push)).doubt
    door.heal()
    await stage.rest()  # the one that was alone says what it knows
    verdict = await stage.verdict(push, bound=0, doubt_meanwhile=left, others_waited_s=others)
    verdict.expect(left <= IN_FLIGHT, f"{left} in doubt meanwhile")
    return verdict


async def unheard(stage: Stage, rng: Random) -> Verdict:
    """Redis does what it is asked and its answer is lost, hundreds of times: whoever asks again is told the same."""
    chats, times = stage.pick(3000, 500), stage.pick(200, 40)
    await stage.up(chats, rate=stage.pick(100, 50))
    await in_flight(stage)
    push = await stage.tell()
    step = chats // (times + 1)
    for number in range(1, times + 1):
        await stage.reaches(push, number * step - rng.randrange(step))
        stage.door.lose += rng.randrange(1, 4)
    await stage.drained(push, patience=90)  # what nobody answers for is in doubt after a minute
    return await stage.verdict(push, bound=0, times=times)


async def full_memory(stage: Stage, rng: Random) -> Verdict:
    """`maxmemory` is reached, five times: a new story is refused with the reason, the running one waits and goes on."""
    chats, times = stage.pick(2000, 600), stage.pick(5, 2)
    await stage.up(chats, rate=300)
    await in_flight(stage)
    push = await stage.tell()
    step, told = chats // (times + 1), ""
    for number in range(1, times + 1):
        await stage.reaches(push, number * step - rng.randrange(step // 2))
        await stage.redis.ask("CONFIG", "SET", "maxmemory", "1mb")
        try:
            await stage.tell()
        except StoreDown as error:
            told = str(error)
        landed = await landing(stage)
        await asyncio.sleep(1)
        meanwhile = await calls(stage) - landed
        await stage.redis.ask("CONFIG", "SET", "maxmemory", "0")
        await stage.sends(push)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, times=times)
    verdict.expect("maxmemory" in told, f"a new story was not refused with the reason: {told!r}")
    verdict.expect(meanwhile == 0, f"{meanwhile} sends begun while Redis took no writes")
    return verdict


async def full_disk(stage: Stage, rng: Random, fsync: str) -> Verdict:
    """No space for the append-only file: `everysec` refuses writes, `always` ends Redis; either way nothing is sent."""
    chats = stage.pick(2000, 600)
    await stage.up(chats, rate=300, fsync=fsync)
    await in_flight(stage)
    push = await stage.tell()
    await stage.reaches(push, chats // 3 + rng.randrange(chats // 10))
    told = alarms(stage)
    stage.redis.fill_disk()
    await asyncio.sleep(1)  # a second is what sends may go on for
    landed = await calls(stage)
    alarm = await alarmed(stage, told)
    await asyncio.sleep(5)
    meanwhile = await calls(stage) - landed
    if stage.redis.running:
        stage.redis.free_disk()
    else:
        await stage.redis.start()
    resumed = await stage.sends(push)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, alarm_s=alarm)
    verdict.took("resumed", [resumed], stage.pick(10, 60))
    verdict.expect(meanwhile <= 4 * IN_FLIGHT, f"{meanwhile} sends without a place to write them down")
    return verdict


async def not_ours(stage: Stage, rng: Random) -> Verdict:
    """Another database, FLUSHALL, a backup of yesterday: nothing is sent and it is said why; put right, all goes on."""
    chats = stage.pick(1500, 500)
    await stage.up(chats, rate=100)
    await in_flight(stage, 0.2)
    push = await stage.tell()
    server, refusals = stage.redis, Refusals(stage)
    install = (await server.ask("GET", keys.INSTALL)).decode()
    await stage.reaches(push, chats // 5 + rng.randrange(chats // 10))
    backup = server.aof.read_bytes()
    await stage.reaches(push, chats // 2 + rng.randrange(chats // 10))
    await refusals.by("another database", install, stage.door.url.replace("/0", "/5"))

    assert (await stage.tally(push)).pending, "everything was begun before FLUSHALL: this shows nothing"
    before, workers = await calls(stage), stage.living
    await server.ask("FLUSHALL")
    await asyncio.gather(*(worker.ended() for worker in workers))
    landed = await calls(stage)
    for worker in workers:
        refusals.check("flushed", worker, install, "emptied")  # whichever look came first
    await refusals.by("flushed before", install)

    await server.dies()
    whole = server.aof.read_bytes()
    server.aof.write_bytes(backup)
    await server.start()
    now = marks(stage, ahead=DAY)
    await refusals.by("a backup of yesterday", "backup")
    quiet = await calls(stage) - landed

    await server.dies()
    server.aof.write_bytes(whole[: whole.rindex(b"*1\r\n$8\r\nFLUSHALL")])
    (stage.data / "mark").write_text(now)
    await server.start()
    await stage.hire(4)
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=4 * IN_FLIGHT, landed_after_flush=landed - before)
    verdict.problems += refusals.problems
    verdict.expect(landed - before <= 4 * IN_FLIGHT, f"{landed - before} sends after FLUSHALL")
    verdict.expect(quiet == 0, f"{quiet} sends by workers that met a Redis which is not theirs")
    return verdict


DAY = 86_400


def marks(stage: Stage, ahead: int) -> str:
    """Let the data folder have seen Redis so many seconds later than it did; its note as it was."""
    file = stage.data / "mark"
    was = file.read_text()
    note = json.loads(was)
    file.write_text(json.dumps({**note, "seen": {slot: seen + ahead for slot, seen in note["seen"].items()}}))
    return was


class Refusals:
    """Workers that must end with 1 and one line that has this word."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.problems: list[str] = []

    async def by(self, name: str, word: str, url: str = "") -> None:
        """One more worker is started, and refuses."""
        worker = await self.stage.start("worker", REDIS_URL=url or self.stage.door.url)
        await worker.ended()
        self.check(name, worker, word)

    def check(self, name: str, worker: Worker, *words: str) -> None:
        """It has ended."""
        told = any(word in worker.words for word in words) and "Traceback" not in worker.words
        if worker.end.result() != 1 or not told:
            self.problems.append(f"{name}: exit {worker.end.result()}, says {worker.words!r}")


async def deaf(stage: Stage, rng: Random) -> Verdict:
    """The doorbell is destroyed, trimmed, and rung for nothing: it is only a doorbell."""
    chats, times = stage.pick(2000, 600), 10
    await stage.up(chats, rate=300)
    door = keys.door("telegram")
    for worker in stage.living:
        worker.pause()
    push = await stage.tell()
    await stage.redis.ask("DEL", door)  # nobody heard the ring, and now there was none
    for worker in stage.living:
        worker.resume()
    waited = await stage.sends(push)
    began, before = time.monotonic(), lines(stage)
    for number in range(1, times + 1):
        await stage.reaches(push, number * (chats // (times + 1)) - rng.randrange(chats // 20))
        trouble: list[list[Any]] = [["DEL", door], ["XTRIM", door, "MAXLEN", 0]]
        trouble += [["XADD", door, "*", "push", push.id]] * 20
        for command in rng.sample(trouble, rng.randrange(1, len(trouble))):
            await stage.redis.ask(*command)
    await stage.drained(push)
    rate = (lines(stage) - before) / (time.monotonic() - began)
    verdict = await stage.verdict(push, bound=0, rung_s=waited, log_lines_a_s=round(rate, 1))
    verdict.expect(waited <= 30, f"{waited} s until somebody looked")
    verdict.expect(rate <= 10, f"{rate:.0f} log lines a second")
    return verdict


def lines(stage: Stage) -> int:
    """How many lines all workers have logged."""
    return sum(len(worker.events()) for worker in stage.workers)


ROWS = [
    Row("F11", "no worker reaches Redis for 60 s", cut_off),
    Row("F11-one", "one worker does not reach Redis for 60 s", cut_off_alone),
    Row("F11-answers", "answers of Redis lost, 200 times and more", unheard),
    Row("F12", "`maxmemory` is reached, 5 times", full_memory),
    Row("F13", "disk of the AOF full, `always`", partial(full_disk, fsync="always")),
    Row("F13-everysec", "disk of the AOF full, `everysec`", partial(full_disk, fsync="everysec")),
    Row("F15", "another database, FLUSHALL, a backup of yesterday", not_ours),
    Row("F32", "doorbell destroyed, trimmed, rung for nothing", deaf, quick=True),
]
