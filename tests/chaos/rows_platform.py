"""Rows about answers that are bad, late, missing, or say that something is over: F18 to F20, F22 to F25."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from newsbot.core.model import Urgency
from newsbot.store import keys
from tests.cast import until
from tests.chaos import rows_limits
from tests.chaos.account import copies_of
from tests.chaos.calls import METHODS, Calls, pace
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import FIRST, IN_FLIGHT, Push, Stage

MB = 1 << 20
ENDS = 15.0
"""Seconds in which a call ends, however slowly it is answered (reliability F20)."""
COMMITTED = 1.5
"""Seconds more until its outcome is in a log: the last look, the ledger, a busy machine."""


async def script(stage: Stage, rng: Random, *lines: Mapping[str, Any], platform: str = "telegram") -> None:
    """Trouble for sends until the row ends it, drawn anew for each line."""
    for line in lines:
        lot = {"seed": rng.randrange(1 << 30), "times": -1}
        await stage.sandbox.fault(platform=platform, method=METHODS[platform], **{**lot, **line})


async def struck(stage: Stage) -> int:
    """How many calls the script has spoiled."""
    return sum(line["struck"] for line in await stage.sandbox.faults())


async def judge(stage: Stage, push: Push, chats: int, **figures: Any) -> Verdict:
    """Each spoiled call is a doubt, no other is, and nobody was asked twice."""
    spoiled, asked = await struck(stage), await stage.sandbox.calls("telegram", METHODS["telegram"])
    verdict = await stage.verdict(push, bound=spoiled, spoiled=spoiled, **figures)
    verdict.expect(spoiled >= 10, f"{spoiled} calls were spoiled: this row shows nothing")
    verdict.expect(verdict.doubt == spoiled, f"{spoiled} calls were spoiled, {verdict.doubt} are in doubt")
    verdict.expect(asked == chats, f"{asked} requests for {chats} chats")
    return verdict


def failing(rng: Random) -> dict[str, Any]:
    """A server error on 30 % of all calls, half of them after the message was taken."""
    return {"kind": "5xx", "share": 0.3, "args": {"status": rng.choice([500, 502, 503, 504]), "processed": 0.5}}


def dropped() -> list[dict[str, Any]]:
    """Connections cut before and after the message was taken, and a few that say nothing at all."""
    return [
        {"kind": "reset", "share": 0.02, "args": {"how": "fin"}},
        {"kind": "reset", "share": 0.02, "args": {"how": "rst", "processed": True}},
        {"kind": "hang", "share": 0.004, "args": {"processed": 0.5, "seconds": 60}},
    ]


async def errors(stage: Stage, rng: Random) -> Verdict:
    """Every server error is a doubt, whatever became of the message; the push goes on and is complete."""
    chats = stage.pick(1500, 300)
    await stage.up(chats, rate=300)
    await script(stage, rng, failing(rng))
    push = await stage.tell()
    await stage.drained(push)
    return await judge(stage, push, chats)


async def lost(stage: Stage, rng: Random) -> Verdict:
    """Answers that never come: each is a doubt, and nothing is sent again."""
    chats = stage.pick(3000, 600)
    await stage.up(chats, rate=300)
    await script(stage, rng, *dropped())
    push = await stage.tell()
    await stage.drained(push)
    return await judge(stage, push, chats)


async def resent(stage: Stage, rng: Random) -> Verdict:
    """A flash on Telegram: what is in doubt is sent once more after a minute, silently, and never a third time."""
    chats = stage.pick(300, 100)
    await stage.up(chats, rate=200)
    await script(stage, rng, failing(rng))
    push = await stage.tell(Urgency.FLASH)
    await stage.drained(push)
    first = (await stage.tally(push)).doubt

    async def once_more() -> bool:
        many = await stage.redis.ask("HGET", keys.push("telegram", push.id), "resent")
        return int(many or 0) == first

    await until(once_more, f"{first} doubts are sent once more", 120)
    await stage.drained(push)
    spoiled = await struck(stage)
    asked = await stage.sandbox.calls("telegram", METHODS["telegram"])
    messages = await stage.sandbox.messages("telegram")
    copies = copies_of(push, messages)
    loud = Counter(message["chat"] for message in messages if not message["silent"])
    twice = sum(many > 1 for many in copies.values())
    verdict = await stage.verdict(push, bound=spoiled - first, resent=first, shown_twice=twice, spoiled=spoiled)
    verdict.expect(0 < twice <= first, f"{twice} chats show it twice after {first} were sent once more")
    verdict.expect(verdict.doubt == spoiled - first, f"{verdict.doubt} in doubt, {spoiled - first} spoiled again")
    verdict.expect(asked == chats + first, f"{asked} requests for {chats} chats and {first} sent once more")
    verdict.expect(max(loud.values()) == 1, "somebody heard it twice")
    return verdict


async def read_back(stage: Stage, rng: Random, lines: Sequence[Mapping[str, Any]]) -> Verdict:
    """Slack: what is in doubt is looked for; found is sent, not found is sent once more, and nobody has it twice."""
    chats, begun = stage.pick(40, 25), time.time()
    await stage.up(chats, rate=30, platforms=("slack",), NEWSBOT_SLACK__RATE="30")
    await script(stage, rng, *lines, platform="slack")
    push = await stage.tell(platform="slack")
    await stage.drained(push)
    spoiled = await struck(stage)
    there = len(copies_of(push, await stage.sandbox.messages("slack")))
    doubts, since = (await stage.tally(push)).doubt, time.monotonic()
    await stage.sandbox.no_faults()

    async def settled() -> bool:
        tally = await stage.tally(push)
        return not tally.doubt and not tally.pending and not tally.sending

    await until(settled, "every doubt is settled", 240)
    took = time.monotonic() - since
    asked = await stage.sandbox.calls("slack", METHODS["slack"])
    found, missing = doubts - (chats - there), chats - there
    verdict = await stage.verdict(push, spoiled=spoiled, found=found, sent_once_more=missing, settled_s=round(took))
    verdict.expect(doubts == spoiled >= 5, f"{spoiled} calls were spoiled, {doubts} in doubt")
    verdict.expect(found and missing, f"{found} could be found, {missing} not: this row shows nothing")
    verdict.expect(asked == chats + missing, f"{asked} requests for {chats} chats, {missing} of them missing")
    verdict.expect(verdict.sent == chats, f"{verdict.sent} of {chats} sent")
    verdict.expect(took <= 900, f"{took:.0f} s until all were settled, since {begun}")
    return verdict
