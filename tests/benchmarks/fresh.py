"""File written → request at the platform: a whole `newsbot run`, one reader, posts written one after another.

The clock starts when the post is written and closed, as a plain program writes (no rename: that would spare newsbot the
wait for the writer), and stops when the request has reached the sink whole. With the gate on, the page's address is asked
in between and answers 200.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsbot import bootstrap
from newsbot.core.model import Address, Subscriber
from newsbot.procs import runtime
from newsbot.store.embedded import Embedded
from tests import archive
from tests.benchmarks.figure import Figure, quantile
from tests.benchmarks.peers import FIRST_CHAT, TOKEN
from tests.benchmarks.stage import Bench, Failed, Sink, child, environment, sink, until

TARGET = 200.0
"""Milliseconds that 99 of 100 posts may take."""
LATE = 5.0
"""Seconds the last post may take."""


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Median and 99th percentile, with the gate and without."""
    for gate in ("on", "off"):
        async with sink("--keep") as there:
            waits = await run(bench, there, gate)
        p50, p99 = quantile(waits, 0.5) * 1000, quantile(waits, 0.99) * 1000
        bench.say(
            f"gate {gate}: {len(waits)} posts: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {max(waits) * 1000:.0f} ms"
        )
        how = f"{len(waits)} posts, one reader"
        yield Figure(f"fresh.gate-{gate}.p50", p50, "ms", how=how)
        yield Figure(f"fresh.gate-{gate}.p99", p99, "ms", "target", TARGET, less=True, how=how)


async def run(bench: Bench, there: Sink, gate: str) -> list[float]:
    """Seconds each post took."""
    room = bench.folder / f"fresh-{gate}"
    site = await asyncio.to_thread(archive.write, room / "site", bench.size.old)
    (site / "_config.yml").write_text(f"url: {there.url}\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n", "utf-8")
    data = room / "data"
    environ = environment(
        NEWSBOT_DATA__FOLDER=str(data),
        NEWSBOT_LOG__LEVEL="warning",
        NEWSBOT_INGEST__MOST_AT_ONCE="100000",
        NEWSBOT_FETCH__ALLOW='["127.0.0.0/8"]',
        NEWSBOT_GATE__ON=str(gate == "on").lower(),
        NEWSBOT_TELEGRAM__PER_CHAT="1000",  # the one reader stands for many: a chat is told one thing a second
        TELEGRAM_BOT_TOKEN=TOKEN,
        TELEGRAM_API_BASE=there.url,
        PORT="0",
    )
    embedded = Embedded(data)  # held by us too, so that it is there before and after
    url = embedded.acquire()
    try:
        async with (
            runtime.process(bootstrap.read_settings(environ), url, environ, live=False) as process,
            child(sys.executable, "-m", "newsbot", "run", "--site", str(site), env=environ) as bot,
        ):

            async def ready() -> bool:
                if bot.returncode is not None:
                    raise Failed(f"newsbot run ended with {bot.returncode}")
                kit = process.kit
                return bool(await kit.stories.sources()) and await kit.ledger.alive("telegram") > 0

            await until(ready, "newsbot run watches the site")
            await process.kit.subscribers.put(Subscriber(Address("telegram", str(FIRST_CHAT))))
            written = await write(bench, site)
            return await arrived(there, written)
    finally:
        embedded.release()


async def write(bench: Bench, site: Path) -> dict[str, float]:
    """So many posts of today, one by one after random pauses; slug → when it was complete (monotonic seconds)."""
    lots, written = random.Random(7), {}
    for number in range(bench.size.posts):
        await asyncio.sleep(lots.uniform(0.2, 1.8) * bench.size.pause)
        slug, day = f"bench-{number:04}", datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
        (site / "_posts" / f"{day}-{slug}.md").write_text(post(lots, number), "utf-8")
        written[slug] = time.monotonic()
    return written


def post(lots: random.Random, number: int) -> str:
    """One that nothing keeps back; its headline is like no other, because near-identical ones of a day are."""
    syllables = "".join(chr(0xAC00 + lots.randrange(11_172)) for _ in range(15))
    told = " ".join(archive.sentence(lots, archive.PLAIN) for _ in range(3))
    body = "".join(f"<p>{archive.sentence(lots, archive.PLAIN)}</p>\n" for _ in range(30))
    front = f"title: {syllables[:5]} {syllables[5:10]} {syllables[10:]} {number}\ncategories: [News]\nexcerpt: {told}"
    return f"---\n{front}\n---\n\n{body}"


async def arrived(there: Sink, written: dict[str, float]) -> list[float]:
    """Seconds from written to the request with that slug. Raises Failed where one is missing or came twice."""
    came: dict[str, float] = {}
    twice = 0
    end = time.monotonic() + LATE
    while len(came) < len(written) and time.monotonic() < end:
        for at, body in (await there.seen())["arrivals"]:
            slug = next((slug for slug in written if slug in body), "")
            twice += slug in came
            came[slug] = at
        await asyncio.sleep(0.1)
    if twice or came.keys() != written.keys():
        missing = sorted(written.keys() - came.keys())
        raise Failed(f"{len(missing)} of {len(written)} posts never arrived ({', '.join(missing[:3])}), {twice} twice")
    return [came[slug] - at for slug, at in written.items()]
