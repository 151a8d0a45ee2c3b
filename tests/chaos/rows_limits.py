"""Rows about a platform that says "too many requests": F16, F17."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

from newsbot.core.model import Urgency
from tests.chaos.calls import METHODS, Call, Calls, floods, freezes, pace, share, too_early
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import FIRST, IN_FLIGHT, Stage, in_flight

HEARD = 1.0
"""Seconds after which every worker must have heard that the bot is to be still."""
UNSAID = 30.0
"""Seconds to wait where a 429 does not say how long, or says nonsense (reliability F17)."""
HUGE = 1_000_000_000
NONSENSE = (None, 0, -1, "soon", HUGE)
"""Pauses no platform should ask for; the last is to be believed, for that one chat."""
LATE = 5.0
"""Seconds a chat may wait beyond its pause: the jitter of one, and a busy machine."""
OURS = 30.0
"""Messages a second newsbot is configured to where the limit is hidden."""


async def storm(stage: Stage, rng: Random) -> Verdict:
    """A fifth of all calls is refused for a while, each with a pause of its own; a flash comes in the middle of it."""
    chats, seconds = stage.pick(400, 150), stage.pick(20, 5)
    await stage.up(chats, rate=100)
    calls = await Calls.listen(stage)
    lot = {"share": 0.2, "seed": rng.randrange(1 << 30)}
    await stage.sandbox.fault("429", method="sendMessage", times=-1, args={"retry_after": [1, 10]}, **lot)
    await in_flight(stage)
    pushes = [await stage.tell()]
    await stage.reaches(pushes[0], 20 + rng.randrange(20))
    pushes.append(await stage.tell(Urgency.FLASH))
    await asyncio.sleep(seconds)
    await stage.sandbox.no_faults()
    over = time.time()
    await stage.drained(*pushes)
    return judge_storm(await stage.verdict(*pushes), await calls.all(), over)


def judge_storm(verdict: Verdict, found: Sequence[Call], over: float) -> Verdict:
    """What the calls say: nobody is asked in a pause, the bot is still when it has to be, and never for nothing."""
    still = list(freezes(found))
    inside = max((sum(begin < call.at < end for call in found) for begin, end in still), default=0)
    late = sum(begin + HEARD < call.at < end for begin, end in still for call in found)
    after = share([call for call in found if call.at > over])
    whole, idle, early = found[-1].at - found[0].at, idleness(found, still), too_early(found)
    verdict.figures |= {
        "refused": len(floods(found)),
        "called_in_a_pause": early,
        "freezes": len(still),
        "called_in_a_freeze": inside,
        "frozen_s": round(sum(end - begin for begin, end in still), 1),
        "idle_s": round(idle, 1),
        "finished_s": round(whole, 1),
        "refused_after_percent": after,
    }
    verdict.expect(len(still) >= 2, f"frozen {len(still)} times: this row shows nothing")
    verdict.expect(not early, f"{early} calls to chats in their pause")
    verdict.expect(inside <= 4 * IN_FLIGHT, f"{inside} calls inside a freeze")
    verdict.expect(not late, f"{late} calls inside a freeze that began {HEARD:g} s before")
    verdict.expect(after < 1, f"{after} % refused after it was over")
    verdict.expect(idle <= 0.1 * whole, f"{idle:.1f} of {whole:.1f} s without a call although nothing was frozen")
    return verdict


def idleness(found: Sequence[Call], still: Sequence[tuple[float, float]]) -> float:
    """Seconds without a call while the bot was free to send and somebody was left who had never been refused; a second
    of each such spell is what a falling rate may take."""
    refused = {call.chat: call.at for call in reversed(floods(found))}
    last = max(call.at for call in found if refused.get(call.chat, call.at) >= call.at)
    idle = 0.0
    for before, call in pairwise(found):
        frozen = max((end for begin, end in still if begin <= before.at + HEARD), default=0.0)
        if call.at <= last:
            idle += max(0.0, call.at - max(before.at, frozen) - 1.0)
    return idle


async def hidden(stage: Stage, rng: Random) -> Verdict:
    """A limit nobody is told moves between 15 and 35 a second: it is found again and again, and hardly ever hit."""
    seconds = stage.pick(60, 10)
    steps = [(rng.uniform(10, 20), rng.uniform(15, 35)) for _ in range(10)]
    await stage.up(seconds * 20, rate=OURS)
    await stage.sandbox.post("/limits", telegram_schedule=steps)
    calls = await Calls.listen(stage)
    push = await stage.tell()
    await stage.drained(push)
    found = await calls.all()
    refused, early = share(found), too_early(found)
    used = (len(found) - len(floods(found))) / capacity(steps, found[-1].at - found[0].at)
    verdict = await stage.verdict(push, refused_percent=refused, used_percent=round(100 * used))
    verdict.expect(refused <= 1, f"{refused} % refused")
    verdict.expect(not early, f"{early} calls to chats in their pause")
    verdict.expect(used >= 0.5, f"only {used:.0%} of what was both allowed and configured")
    return verdict


def capacity(steps: Sequence[tuple[float, float]], seconds: float) -> float:
    """Messages that both this moving limit and our own let through in so many seconds."""
    many = 0.0
    for lasts, rate in steps:
        many += min(lasts, seconds) * min(rate, OURS)
        seconds = max(0.0, seconds - lasts)
    return many


async def one_alone(stage: Stage, rng: Random) -> Verdict:
    """One chat is refused for an hour: it alone waits, also with the next story; the others hear at the full rate."""
    chats, rate = stage.pick(1000, 300), 100
    await stage.up(chats, rate=rate, limit=0)
    calls = await Calls.listen(stage)
    victim = str(FIRST + rng.randrange(chats // 2))
    await stage.sandbox.fault("429", method="sendMessage", chat=victim, times=-1, args={"retry_after": 3600})
    pushes = []
    for _ in range(2):
        pushes.append(await stage.tell())
        await stage.reaches(pushes[-1], chats - 1)
    found = await calls.all()
    for push in pushes:
        await stage.kit.ledger.cancel(push.platform, push.id)
    others = pace([call for call in found if call.chat != victim][:chats])
    asked = sum(call.chat == victim for call in found)
    verdict = await stage.verdict(*pushes, rate_percent=round(100 * others / rate, 1), asked_it=asked)
    verdict.expect(others >= 0.95 * rate, f"the others got {others:.1f} a second of {rate}")
    verdict.expect(asked == 1, f"the chat in its pause was asked {asked} times")
    verdict.expect(verdict.sent == 2 * (chats - 1), f"{verdict.sent} sent")
    return verdict


async def nonsense(stage: Stage, rng: Random) -> Verdict:
    """Pauses that are missing, 0, below 0, a word: 30 s; one of 31 years is believed, for that one chat. On both platforms."""
    chats, apart = 240, 45  # far enough apart that they are trouble of single chats, not of the bot
    await stage.up(chats, rate=30, limit=0, platforms=("telegram", "slack"), NEWSBOT_SLACK__RATE="30")
    heard = {platform: await Calls.listen(stage, platform) for platform in METHODS}
    asked: dict[str, dict[str, Any]] = {}
    for platform in METHODS:
        first = rng.randrange(15)
        places = [one.address.chat async for one in stage.kit.subscribers.all() if one.address.platform == platform]
        asked[platform] = dict(zip(places[first::apart], rng.sample(NONSENSE, len(NONSENSE)), strict=False))
        for chat, said in asked[platform].items():
            fault = {"platform": platform, "method": METHODS[platform], "chat": chat, "args": {"retry_after": said}}
            await stage.sandbox.fault("429", **fault)
    pushes = [await stage.tell(platform=platform) for platform in METHODS]
    for push in pushes:
        await stage.reaches(push, chats - 1)
        await stage.kit.ledger.cancel(push.platform, push.id)
    verdict = await stage.verdict(*pushes)
    for platform, calls in heard.items():
        judge_nonsense(verdict, platform, await calls.all(), asked[platform])
    return verdict


def judge_nonsense(verdict: Verdict, platform: str, found: Sequence[Call], asked: dict[str, Any]) -> None:
    """When those chats were asked again, and whether anybody else had to wait."""
    again = []
    for chat, said in asked.items():
        times = [call.at for call in found if call.chat == chat]
        waited = times[1] - times[0] if len(times) > 1 else 0.0
        if said == HUGE:
            verdict.expect(len(times) == 1, f"{platform}: asked again {waited:.1f} s after a pause of {said} s")
            continue
        again.append(waited)
        verdict.expect(UNSAID <= waited < UNSAID + LATE, f"{platform}: asked again {waited:.1f} s after {said!r}")
    others = [call.at for call in found if call.chat not in asked]
    longest = max(late - early for early, late in pairwise(others))
    verdict.figures |= {f"{platform}_again_s": f"{min(again):.1f} to {max(again):.1f}"}
    verdict.expect(
        len(again) == len(NONSENSE) - 1, f"{platform}: {len(again)} of those chats were asked: shows nothing"
    )
    verdict.expect(longest < 2, f"{platform}: the others waited for {longest:.1f} s")


ROWS = [
    Row("F16", "429 on 20 % of calls, pauses of 1 to 10 s", storm),
    Row("F16-hidden", "a hidden limit that moves between 15 and 35 a second", hidden),
    Row("F17", "one chat 429 for 3600 s", one_alone),
    Row("F17-nonsense", "429 without a pause, or with 0, −1, a word, 10⁹ s", nonsense),
]
