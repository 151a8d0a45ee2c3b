"""Rows about a platform that cannot be connected to: F21."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from newsbot.store import keys
from tests.cast import until
from tests.chaos.front import NAME, Front, Resolver, Says
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import Push, Stage

RESUMES = 10.0
"""Seconds after which sending goes on once the platform can be reached again (reliability F21)."""
TRIED = 60.0
"""Seconds in which every chat is tried once."""

CHATS, RATE = 60, 30

LASTS = 3.0
"""Seconds the trouble goes on once everybody was tried."""
PLATFORMS = ("telegram", "slack")


@dataclass(frozen=True)
class Trouble:
    """What keeps everybody from being reached, how it begins, and how it ends."""

    name: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


async def shut(stage: Stage, rng: Random) -> Verdict:
    """Nobody listens on the platforms' port; then somebody does, with a certificate that nobody we trust has signed."""
    await stage.up(CHATS, rate=RATE, workers=0, platforms=PLATFORMS, NEWSBOT_SLACK__RATE=str(RATE))
    front = await Front.open(stage)
    await stage.hire(2, **front.bases())
    port, paper = Trouble("port", nothing, front.work), Trouble("paper", partial(front.work, trusted=False), front.work)
    return await unreachable(stage, front, PLATFORMS, port, paper)


async def unnamed(stage: Stage, rng: Random) -> Verdict:
    """The name server says that there is no such platform; then it says nothing."""
    await stage.up(CHATS, rate=RATE, workers=0)
    front, resolver = await Front.open(stage), await Resolver.open(stage)
    for _ in range(2):
        await resolver.hire(stage, **front.bases(NAME))

    async def turn(says: Says) -> None:
        resolver.says, resolver.asked = says, 0
        await front.work()

    async def back() -> None:
        assert resolver.asked, "nobody asked for the name: this row shows nothing"
        resolver.says = "here"

    unknown, silent = (
        Trouble("nxdomain", partial(turn, "unknown"), back),
        Trouble("no_answer", partial(turn, "nothing"), back),
    )
    return await unreachable(stage, front, ("telegram",), unknown, silent)


async def nothing() -> None:
    """It stays as it is."""


async def unreachable(stage: Stage, front: Front, platforms: Sequence[str], *troubles: Trouble) -> Verdict:
    """A push while all is well; one in each trouble, which ends some seconds after everybody was tried."""
    pushes = [await stage.tell(platform=name) for name in platforms]
    await stage.drained(*pushes)
    figures, written = {}, 0
    for trouble in troubles:
        await front.close()
        await trouble.begin()
        asked, later = front.asked, [await stage.tell(platform=name) for name in platforms]
        for push in later:
            await until(partial(everybody_waits, stage, push), f"everybody on {push.platform} was tried", TRIED)
        await asyncio.sleep(LASTS)
        written += front.asked - asked
        await trouble.end()
        over = time.monotonic()
        figures[f"{trouble.name}_resumed_s"] = max(await asyncio.gather(*(stage.sends(push) for push in later)))
        await stage.drained(*later)
        figures[f"{trouble.name}_drained_s"] = round(time.monotonic() - over, 1)
        pushes += later
    verdict = await stage.verdict(*pushes, written=written, **figures)
    for trouble in troubles:
        resumed = figures[f"{trouble.name}_resumed_s"]
        verdict.expect(resumed <= RESUMES, f"{trouble.name}: {resumed} s until the next send")
    verdict.expect(not written, f"{written} bytes were written to somebody who is not the platform")
    verdict.expect(verdict.sent == CHATS * len(pushes), f"{verdict.sent} sent")
    return verdict


async def everybody_waits(stage: Stage, push: Push) -> bool:
    """Whether everybody was tried, and nobody was reached."""
    waiting = await stage.redis.ask("ZCARD", keys.push(push.platform, push.id) + ":retries")
    tally = await stage.tally(push)
    assert tally.sent + tally.doubt + tally.dead == 0, f"no trouble at all: {tally}"
    return int(waiting) == tally.audience


ROWS = [
    Row("F21", "platforms' port refused; then a certificate nobody trusts", shut),
    Row("F21-dns", "DNS: no such name; then no answer", unnamed),
]
