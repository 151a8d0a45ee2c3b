"""Rows about a platform that cannot be connected to: F21."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from newsbot.store import keys
from tests.cast import until
from tests.chaos.calls import METHODS
from tests.chaos.front import NAME, Front, Resolver, Says
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import Push, Stage

RESUMES = 10.0
"""Seconds after which sending goes on once the platform can be reached again (reliability F21)."""
TRIED = 60.0
"""Seconds in which every chat is tried once."""

CHATS, RATE = 120, 30

Change = Callable[[], Awaitable[None]]


async def refused(stage: Stage, rng: Random) -> Verdict:
    """Nobody listens on the platforms' port."""
    front = await behind(stage)
    return await unreachable(stage, front, nothing, front.work, stage.pick(40, 5))


async def untrusted(stage: Stage, rng: Random) -> Verdict:
    """Whoever listens there shows a certificate that nobody we trust has signed."""
    front = await behind(stage)
    return await unreachable(stage, front, partial(front.work, trusted=False), front.work, 5)


async def unnamed(stage: Stage, rng: Random, says: Says) -> Verdict:
    """The name server does not know the platform, or does not answer."""
    await stage.up(CHATS, rate=RATE, workers=0)
    front, resolver = await Front.open(stage), await Resolver.open(stage)
    for _ in range(2):
        await resolver.hire(stage, **front.bases(NAME))

    async def begin() -> None:
        resolver.says = says
        await front.work()

    async def end() -> None:
        resolver.says = "here"

    verdict = await unreachable(stage, front, begin, end, 5)
    verdict.expect(resolver.asked, "nobody asked for the name: this row shows nothing")
    return verdict


async def behind(stage: Stage) -> Front:
    """Workers of both platforms that reach them through a front."""
    await stage.up(CHATS, rate=RATE, workers=0, platforms=("telegram", "slack"), NEWSBOT_SLACK__RATE=str(RATE))
    front = await Front.open(stage)
    await stage.hire(2, **front.bases())
    return front


async def nothing() -> None:
    """It stays as it is."""


async def unreachable(stage: Stage, front: Front, begin: Change, end: Change, seconds: float) -> Verdict:
    """A push before, one in the trouble, which goes on for some seconds once everybody was tried; then all is well."""
    platforms = [name for name in METHODS if f"{name.upper()}_BOT_TOKEN" in stage.environ]
    pushes = [await stage.tell(platform=name) for name in platforms]
    await stage.drained(*pushes)
    await front.close()
    await begin()
    asked, later = front.asked, [await stage.tell(platform=name) for name in platforms]
    for push in later:
        await until(partial(everybody_waits, stage, push), f"everybody on {push.platform} was tried", TRIED)
    await asyncio.sleep(seconds)
    written = front.asked - asked
    await end()
    over = time.monotonic()
    resumed = max(await asyncio.gather(*(stage.sends(push) for push in later)))
    await stage.drained(*later)
    drained = round(time.monotonic() - over, 1)
    verdict = await stage.verdict(*pushes, *later, resumed_s=resumed, drained_s=drained)
    verdict.expect(resumed <= RESUMES, f"{resumed} s until the next send")
    verdict.expect(not written, f"{written} bytes were written to somebody who is not the platform")
    verdict.expect(verdict.sent == 2 * CHATS * len(platforms), f"{verdict.sent} sent")
    return verdict


async def everybody_waits(stage: Stage, push: Push) -> bool:
    """Whether everybody was tried, and nobody was reached."""
    waiting = await stage.redis.ask("ZCARD", keys.push(push.platform, push.id) + ":retries")
    tally = await stage.tally(push)
    assert tally.sent + tally.doubt + tally.dead == 0, f"no trouble at all: {tally}"
    return int(waiting) == tally.audience


ROWS = [
    Row("F21", "platforms' port refused for 40 s", refused),
    Row("F21-certificate", "a certificate nobody trusts", untrusted),
    Row("F21-nxdomain", "DNS: no such name", partial(unnamed, says="unknown")),
    Row("F21-timeout", "DNS: no answer", partial(unnamed, says="nothing")),
]
