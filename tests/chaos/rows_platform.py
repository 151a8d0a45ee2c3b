"""Rows about answers that are bad, late or missing: F18 to F20, F22, F23."""

from __future__ import annotations

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
from tests.chaos import rows_limits, rows_network, rows_rights
from tests.chaos.account import copies_of
from tests.chaos.calls import METHODS, Calls, pace
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import Push, Stage

MB = 1 << 20
ENDS = 15.0
"""Seconds in which a call ends, however slowly it is answered (reliability F20)."""
HUGE = 30 * MB
"""Bytes of an answer that is not to be read to its end."""
GROWN_MB = 28.0
"""Megabytes a worker may hold more after many of them, less than one: a megabyte of each is read, by many at a time."""
COMMITTED = 1.5
"""Seconds more until its outcome is in a log: the last look, the ledger, a busy machine."""


async def script(stage: Stage, rng: Random, *lines: Mapping[str, Any], platform: str = "telegram") -> None:
    """Trouble for sends until the row ends it, drawn anew for each line."""
    for line in lines:
        lot = {"seed": rng.randrange(1 << 30), "times": -1}
        await stage.sandbox.fault(platform=platform, method=METHODS[platform], **{**lot, **line})


async def spoilt(stage: Stage) -> int:
    """How many calls the script has spoiled."""
    return sum(line["struck"] for line in await stage.sandbox.faults())


async def judge(stage: Stage, pushes: Sequence[Push], chats: int, **figures: Any) -> Verdict:
    """Each spoiled call is a doubt, no other is, and there were `chats` calls in all: nobody was asked twice."""
    spoiled, asked = await spoilt(stage), await stage.sandbox.calls("telegram", METHODS["telegram"])
    verdict = await stage.verdict(*pushes, bound=spoiled, spoiled=spoiled, **figures)
    verdict.expect(spoiled >= 10, f"{spoiled} calls were spoiled: this row shows nothing")
    verdict.expect(verdict.doubt == spoiled, f"{spoiled} calls were spoiled, {verdict.doubt} are in doubt")
    verdict.expect(asked == chats, f"{asked} requests for {chats} chats")
    return verdict


def failing(share: float = 0.3) -> list[dict[str, Any]]:
    """Server errors on this part of all calls, half of them after the message was taken."""
    return [
        {"kind": "5xx", "share": share / 2, "args": {"status": 502, "processed": 0.5}},
        {"kind": "5xx", "share": share / 2, "args": {"status": 500, "processed": 0.5}},
    ]


def dropped(share: float = 0.02) -> list[dict[str, Any]]:
    """Connections cut before and after the message was taken, so many each; and a few that say nothing at all."""
    return [
        {"kind": "reset", "share": share, "args": {"how": "fin"}},
        {"kind": "reset", "share": share, "args": {"how": "rst", "processed": True}},
        {"kind": "hang", "share": share / 5, "args": {"processed": 0.5, "seconds": 60}},
    ]


async def errors(stage: Stage, rng: Random) -> Verdict:
    """Every server error is a doubt, whatever became of the message; the push goes on and is complete."""
    chats = stage.pick(1500, 300)
    await stage.up(chats, rate=300)
    await script(stage, rng, *failing())
    push = await stage.tell()
    await stage.drained(push)
    return await judge(stage, [push], chats)


async def lost(stage: Stage, rng: Random) -> Verdict:
    """Answers that never come: each is a doubt, and nothing is sent again."""
    chats = stage.pick(3000, 600)
    await stage.up(chats, rate=300)
    await script(stage, rng, *dropped())
    push = await stage.tell()
    await stage.drained(push)
    return await judge(stage, [push], chats)


async def resent(stage: Stage, rng: Random) -> Verdict:
    """A flash on Telegram: what is in doubt is sent once more after a minute, silently, and never a third time."""
    chats = stage.pick(300, 100)
    await stage.up(chats, rate=200)
    await script(stage, rng, *failing())
    push = await stage.tell(Urgency.FLASH)
    await stage.drained(push)
    first = (await stage.tally(push)).doubt

    async def once_more() -> bool:
        many = await stage.redis.ask("HGET", keys.push("telegram", push.id), "resent")
        return int(many or 0) == first

    await until(once_more, f"{first} doubts are sent once more", 120)
    await stage.drained(push)
    spoiled = await spoilt(stage)
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
    chats = stage.pick(40, 25)
    await stage.up(chats, rate=30, platforms=("slack",), NEWSBOT_SLACK__RATE="30")
    await script(stage, rng, *lines, platform="slack")
    push = await stage.tell(platform="slack")
    await stage.drained(push)
    spoiled, since = await spoilt(stage), time.monotonic()
    await stage.sandbox.no_faults()

    async def settled() -> bool:
        tally = await stage.tally(push)
        return not tally.doubt and not tally.pending and not tally.sending

    await until(settled, "every doubt is settled", 240)
    took = time.monotonic() - since
    # What was not there is sent once more, some of it before the others are done.
    again = await stage.sandbox.calls("slack", METHODS["slack"]) - chats
    found = spoiled - again
    verdict = await stage.verdict(push, spoiled=spoiled, found=found, sent_once_more=again, settled_s=round(took))
    # Some are settled before the last one is known: each is counted where it was told, not in the account.
    doubts = sum(len(worker.events("in_doubt")) for worker in stage.workers)
    verdict.expect(doubts == spoiled >= 5, f"{spoiled} calls were spoiled, {doubts} were in doubt")
    verdict.expect(found > 0 and again > 0, f"{found} could be found, {again} not: this row shows nothing")
    verdict.expect(verdict.sent == chats, f"{verdict.sent} of {chats} sent")
    return verdict


async def hung(stage: Stage, rng: Random) -> Verdict:
    """Answers that never come, or a byte a second: the call ends, is a doubt, and the others go on."""
    chats, rate = stage.pick(1500, 400), 100
    await stage.up(chats, rate=rate)
    calls = await Calls.listen(stage)
    await script(
        stage,
        rng,
        {"kind": "drip", "share": 0.025},
        {"kind": "hang", "share": 0.025, "args": {"processed": 0.5, "seconds": 60}},
    )
    push = await stage.tell()
    await stage.drained(push)
    found = await calls.all()
    began = {call.chat: call.at for call in found if call.fault}
    longest, got = 0.0, pace(found)
    for record in [one for worker in stage.workers for one in worker.events("in_doubt")]:
        address = await stage.kit.subscribers.address("telegram", record["index"])
        assert address
        longest = max(longest, datetime.fromisoformat(record["timestamp"]).timestamp() - began[address.chat])
    verdict = await judge(
        stage, [push], chats, longest_call_s=round(longest, 1), rate_percent=round(100 * got / rate, 1)
    )
    verdict.expect(0 < longest <= ENDS + COMMITTED, f"a call was waited for {longest:.1f} s")
    verdict.expect(got >= 0.8 * rate, f"{got:.1f} a second of {rate}")
    return verdict


async def stale(stage: Stage, rng: Random) -> Verdict:
    """The other side closes a connection that was kept, just as we write: a doubt, and no request that nobody began."""
    chats = stage.pick(3000, 600)
    await stage.up(chats, rate=300)
    await script(stage, rng, {"kind": "stale", "share": 0.02})
    push = await stage.tell()
    await stage.drained(push)
    return await judge(stage, [push], chats)


async def unreadable(stage: Stage, rng: Random) -> Verdict:
    """Status 200 with something else than the confirmation for this chat, 30 MB of it too: a doubt, and nothing piles up."""
    chats = stage.pick(700, 400)
    await stage.up(chats, rate=100)  # slowly: how much is held depends on how many come at once
    await stage.drained(await stage.tell())  # every connection and cache there will be
    workers = stage.living
    before = [worker.rss for worker in workers]
    await script(
        stage,
        rng,
        {"kind": "garbage", "share": 0.02},
        {"kind": "truncated", "share": 0.02},
        {"kind": "truncated", "share": 0.02, "args": {"how": "fin"}},
        {"kind": "other_chat", "share": 0.02},
        {"kind": "huge", "share": 0.02, "args": {"bytes": HUGE}},
    )
    push = await stage.tell()
    await stage.drained(push)
    grown = max(worker.rss - was for worker, was in zip(workers, before, strict=True)) / MB
    verdict = await judge(stage, [push], 2 * chats, grown_mb=round(grown, 1))
    met = {line["kind"]: line["struck"] for line in await stage.sandbox.faults()}
    verdict.expect(all(met.values()), f"some were never met: {met}")
    verdict.expect(grown <= GROWN_MB, f"a worker has grown by {grown:.1f} MB")
    return verdict


ROWS: list[Row] = [
    *rows_limits.ROWS,
    *rows_rights.ROWS,
    *rows_network.ROWS,
    Row("F18", "5xx on 30 %, half of them after processing", errors),
    Row("F18-flash", "the same, a flash whose doubts are sent once more", resent),
    Row("F18-slack", "the same on Slack, which is read back", partial(read_back, lines=failing())),
    Row("F19", "answers dropped before and after processing, 2 % each; 0.4 % hang", lost),
    Row("F19-slack", "answers dropped on Slack, which is read back", partial(read_back, lines=dropped(0.15))),
    Row("F20", "5 % hang or drip a byte a second", hung),
    Row("F22", "idle connection closed as we write, 2 %", stale),
    Row("F23", "200 with HTML, half a JSON, another chat, 30 MB", unreadable),
]
