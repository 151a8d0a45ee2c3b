"""`web`, `watcher` and `worker` as three processes do what `run` does, and all of them leave in good order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal

import pytest

from newsbot.procs.runtime import until_stopped
from tests.cast import until
from tests.e2e.house import House, Proc, alive
from tests.e2e.test_kill import CHATS, FIRST
from tests.e2e.test_trouble import READERS, SLACK_OFF, arrives, readers


async def three(house: House) -> list[Proc]:
    """The three processes of the Procfile on one data folder, started together."""
    sites = ("--site", str(house.site))
    started = [await house.start("web"), await house.start("watcher", *sites), await house.start("worker")]
    await started[0].ready()
    await until(lambda: house.baselines, "the baseline", 20)
    return started


async def stopped(house: House, procs: list[Proc]) -> None:
    """All are told to end together; each ends well, and so does the redis-server they share."""
    server = await house.redis_pid()
    assert alive(server)
    for proc in procs:
        proc.process.terminate()
    assert await asyncio.gather(*(proc.ended() for proc in procs)) == [0] * len(procs)
    assert not alive(server), "the last one out stops the server"
    for proc in procs:
        assert "Traceback" not in proc.stderr, proc.stderr


async def test_three_processes_do_what_run_does(house: House) -> None:
    procs = await three(house)
    await house.control("/telegram/say", user="Rae", text="/subscribe all")
    await until(lambda: len(house.seen("알림을 켰습니다")) == 1, "web answers", 15)
    await house.does("subscribers", "add", *READERS)
    house.publish("one", "예시군 셋이 보낸 소식")
    await arrives(house, "예시군 셋이 보낸 소식")
    await stopped(house, procs)


@pytest.mark.slow
async def test_any_of_the_three_may_be_killed_and_started_again(house: House) -> None:
    procs = await three(house)
    await readers(house)
    for number, proc in enumerate(procs):
        proc.kill()
        await proc.ended()
        house.publish(f"story-{number}", f"예시군 {number}번 소식")
        arguments = ("watcher", "--site", str(house.site)) if number == 1 else (("web", "", "worker")[number],)
        procs[number] = await house.start(*arguments)
        await arrives(house, f"예시군 {number}번 소식")
    await stopped(house, procs)


@pytest.mark.slow
async def test_sigterm_in_the_middle_of_a_fan_out_leaves_nothing_in_doubt(house: House) -> None:
    await house.control("/limits", telegram_rate=1000)
    await house.control("/telegram/chats", count=CHATS, first_id=FIRST)
    rows = [f'{{"address": "telegram:{FIRST + n}"}}\n' for n in range(CHATS)]
    (house.folder / "readers.jsonl").write_text("".join(rows))
    await house.does("subscribers", "import", "readers.jsonl")
    more = {**SLACK_OFF, "NEWSBOT_TELEGRAM__RATE": "1000"}
    proc = await (await house.run(**more)).watching()
    await house.fault("slow", platform="telegram", method="sendMessage", times=-1, every=3, args={"seconds": 0.2})
    house.publish("one", "예시군 긴 소식")
    await until(lambda: len(house.seen("예시군 긴 소식")) >= 100, "in the middle of it")
    server = await house.redis_pid()
    assert await proc.stops() == 0
    assert not alive(server)
    assert len(house.seen("예시군 긴 소식")) < CHATS
    (row,) = (await house.does("stories", "--json")).rows
    assert (row["sending"], row["doubt"], row["sent"]) == (0, 0, len(house.seen("예시군 긴 소식")))
    await house.no_faults()
    await house.run(**more)
    await until(lambda: len(house.seen("예시군 긴 소식")) >= CHATS, "the rest", 20)
    assert len({one.chat for one in house.seen("예시군 긴 소식")}) == len(house.seen("예시군 긴 소식")) == CHATS


async def test_a_job_that_swallows_a_cancellation_is_cancelled_again() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(5):
        await until_stopped(stop, stubborn())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_the_middle_of_the_start_leaves_no_process_behind(house: House, number: int) -> None:
    for moment in ("redis.log", "run.lock"):
        proc = await house.run()
        await until(lambda name=moment: (house.data / name).exists(), f"{moment} is there", 15)
        os.kill(proc.pid, number)
        assert await proc.ended() in (0, 130)
        assert not await house.redis_pid()
        assert "Traceback" not in proc.stderr, proc.stderr
        shutil.rmtree(house.data)
