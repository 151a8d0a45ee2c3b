"""The other rows: clocks (F29), cancelling and correcting (F31, B7), one article many ways (F33), lanes (B6), late alerts."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

from newsbot.core.model import Article, Urgency
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import Push, Stage, sample

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
"""Debian's libfaketime; the row about clocks is not ok where it is missing."""
TENTHS = 10


def faked(stamp: Path) -> dict[str, str]:
    """The variables by which one child believes the offset that stands in `stamp`."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def busiest(arrivals: Mapping[int, Mapping[str, int]]) -> int:
    """The most calls within ten neighbouring tenths of a second."""
    counts = {tenth: sum(split.values()) for tenth, split in arrivals.items()}
    return max((sum(counts.get(tenth + more, 0) for more in range(TENTHS)) for tenth in counts), default=0)


async def clocks(stage: Stage, rng: Random) -> Verdict:
    """Redis' clock jumps an hour ahead, back, an hour behind, and back; one worker's own is an hour fast."""
    rate, chats = 200, stage.pick(4000, 1200)
    assert FAKETIME.exists(), "libfaketime is not installed (Debian: apt install faketime)"
    await stage.up(chats, rate=rate, limit=0, workers=2)
    stamp, fast = stage.folder / "redis.clock", stage.folder / "worker.clock"
    stamp.write_text("+0\n")
    fast.write_text("+3600\n")
    await stage.redis.dies()
    stage.redis.environ = faked(stamp)
    await stage.redis.start()
    environ = os.environ | stage.environ | {"REDIS_URL": stage.door.url} | faked(fast)
    log = (stage.folder / "fast-worker.log").open("wb")
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "newsbot", "worker"), env=environ, cwd=stage.folder, stdout=log, stderr=log
    )
    log.close()

    async def end() -> None:
        if worker.returncode is None:
            worker.terminate()
        await worker.wait()

    stage.at_end(end)
    push = await stage.tell()
    stalls = []
    for number, offset in enumerate(["+3600", "+0", "-3600", "+0"], start=1):
        await stage.reaches(push, number * chats // 6)
        stamp.write_text(f"{offset}\n")
        stalls.append(await stage.sends())
    await stage.drained(push)
    arrivals = await stage.sandbox.arrivals("telegram", "sendMessage")
    most = busiest(arrivals)
    verdict = await stage.verdict(push, bound=0, busiest_second=most, rate=rate)
    verdict.took("stall", stalls, 5.0)
    verdict.expect(most <= 1.1 * rate + 10, f"{most} in one second at {rate}/s")
    return verdict


async def cancelled(stage: Stage, rng: Random) -> Verdict:
    """Cancel at half, then correct: who has it gets the correction, who has not gets nothing."""
    chats = stage.pick(4000, 900)
    await stage.up(chats, rate=600)
    push = await stage.tell()
    await stage.reaches(push, chats // 2)
    tally = await stage.kit.ledger.cancel("telegram", push.id)
    at = time.time()
    assert tally
    await stage.drained(push)
    story = await stage.kit.stories.get(push.id)
    assert story
    words = f"{story.headline} (고침)"
    await stage.kit.stories.advance(story, story.model_copy(update={"revision": 2, "headline": words}), ["telegram"])
    await stage.kit.plan.owed(push.id)
    correction = Push(f"{push.id}@2", words, "telegram")
    await stage.drained(correction)
    arrivals = await stage.sandbox.arrivals("telegram", "sendMessage")
    after = sum(sum(split.values()) for tenth, split in arrivals.items() if tenth > at * TENTHS)
    shown = [one for one in await stage.sandbox.messages("telegram") if words.split(" (")[0] in one["text"]]
    corrected = [one for one in shown if one["edits"]]
    verdict = await stage.verdict(push, bound=0, landed_after=after, corrected=len(corrected))
    edits = await stage.tally(correction)
    verdict.expect(after <= tally.sending, f"{after} landed after the answer, {tally.sending} were on the wire")
    verdict.expect(len(corrected) == verdict.sent == edits.sent, f"{len(corrected)} corrected of {verdict.sent}")
    verdict.expect(len(shown) == verdict.sent, "somebody who was never told shows it")
    verdict.expect(edits.sent + edits.skipped == edits.audience, f"the correction's account: {edits}")
    return verdict


async def cancels(stage: Stage, rng: Random) -> Verdict:
    """Cancel at a drawn moment, again and again: how long after the answer the last new send arrives."""
    trials, chats = stage.pick(30, 4), 2000
    await stage.up(chats, rate=1000, NEWSBOT_TELEGRAM__PER_CHAT="1000", NEWSBOT_TELEGRAM__PER_GROUP="60000")
    waits, pushes = [], []
    await stage.sandbox.post("/limits", telegram_rate=1000, telegram_private=1000)
    for _ in range(trials):
        push = await stage.tell()
        pushes.append(push)
        await stage.reaches(push, rng.randrange(20, 400))
        await stage.kit.ledger.cancel("telegram", push.id)
        answered = time.time()
        await stage.drained(push)
        last = max(await stage.sandbox.arrivals("telegram", "sendMessage"))
        waits.append(max(0.0, (last + 1) / TENTHS - answered))  # at the latest: the sandbox counts by tenths
    verdict = await stage.verdict(*pushes, bound=0, trials=trials)
    ordered = sorted(waits)
    verdict.figures |= {"last_send_ms": round(ordered[trials // 2] * 1000), "worst_ms": round(ordered[-1] * 1000)}
    verdict.expect(ordered[trials // 2] <= 0.25, f"last send {ordered[trials // 2] * 1000:.0f} ms after the answer")
    return verdict


async def overtaken(stage: Stage, rng: Random) -> Verdict:
    """A flash in the middle of a fan-out: it starts at once, has the limit for itself, and the other one is complete."""
    rate, chats = 1000, stage.pick(20_000, 3000)
    await stage.up(chats, rate=rate)
    slow = await stage.tell(Urgency.NORMAL)
    await stage.reaches(slow, chats // 4)
    began = time.time()
    flash = await stage.tell(Urgency.FLASH)
    first = await stage.reaches(flash, 1)
    started = time.time() - began
    others = await stage.progress(slow)
    await stage.begun(flash)
    took = time.time() - began
    share = chats / (took * rate)
    meanwhile = await stage.progress(slow) - others
    await stage.drained(flash, slow)
    verdict = await stage.verdict(flash, slow, bound=0, first=first, meanwhile=meanwhile)
    verdict.figures |= {"first_send_s": round(started, 2), "share_of_limit": round(share, 3)}
    verdict.expect(started <= 2.0, f"the flash began after {started:.1f} s")
    # Who got the other one within the last second waits for its chat's own pace.
    verdict.expect(share >= 0.95, f"the flash had {share:.0%} of the limit")
    return verdict


async def one_article(stage: Stage, rng: Random) -> Verdict:
    """One article by folder, feed and an editor, a hundred at once: one push. (There is no inbound API yet.)"""
    chats = stage.pick(300, 100)
    await stage.up(chats, rate=600)
    url = "https://news.example.com/2026/once.html"
    story = sample(Urgency.BREAKING, link=url)
    ways = [
        Article(id=url, source="site", title=story.headline, url=url, keys=("path:_posts/2026-01-05-once.md", url)),
        Article(id="tag:once", source="feed", title=story.headline, url=url, keys=("tag:once", url)),
        Article(id=url, source="editor", title=story.headline, url=url, keys=(url,)),
    ]

    async def accept(number: int) -> tuple[bool, str]:
        draft = sample(Urgency.BREAKING, link=url, headline=story.headline)
        return await stage.kit.stories.accept(ways[number % 3], draft, ["telegram"])

    told = await asyncio.gather(*(accept(number) for number in rng.sample(range(100), 100)))
    await stage.kit.plan.owed()
    ids = {story_id for _, story_id in told}
    push = Push(next(iter(ids)), story.headline, "telegram")
    await stage.drained(push)
    verdict = await stage.verdict(push, bound=0, ways=len(told), pushes=len(ids))
    verdict.expect(len(ids) == 1 and sum(new for new, _ in told) == 1, f"{len(ids)} pushes of one article")
    return verdict


async def late(stage: Stage, rng: Random) -> Verdict:
    """An alert outlives its time half-way: the rest goes silently and marked; or, as configured, not at all."""
    chats = stage.pick(1000, 400)
    drop = rng.random() < 0.5
    then = "drop" if drop else "send"
    await stage.up(chats, rate=100, workers=1, NEWSBOT_LATE__FLASH="60", NEWSBOT_LATE__THEN=then)
    stamp = stage.folder / "redis.clock"
    stamp.write_text("+0\n")
    await stage.redis.dies()
    stage.redis.environ = faked(stamp)
    await stage.redis.start()
    push = await stage.tell(Urgency.FLASH)
    await stage.reaches(push, chats // 2)
    stamp.write_text("+120\n")
    await stage.drained(push)
    messages = [one for one in await stage.sandbox.messages("telegram") if push.headline in one["text"]]
    marked = [one for one in messages if "늦게 전함" in one["text"]]
    verdict = await stage.verdict(push, bound=0, late=len(marked), dropped=(await stage.tally(push)).dead)
    tally = await stage.tally(push)
    if drop:
        verdict.expect(tally.dead and dict(tally.reasons).get("expired") == tally.dead, f"no receipt: {tally}")
        verdict.expect(not marked, "sent late although it is to be dropped")
    else:
        verdict.expect(tally.sent == chats and 0 < len(marked) <= chats // 2, f"{len(marked)} marked late")
        verdict.expect(all(one["silent"] for one in marked), "a late one sounded")
    return verdict


ROWS = [
    Row("F29", "Redis' clock ± 1 h, a worker's clock + 1 h", clocks, limit=240),
    Row("F31", "cancel at 50 %, then a correction", cancelled, quick=True),
    Row("F33", "one article by folder, feed and editor, 100 at once", one_article, quick=True),
    Row("B6", "a flash in the middle of a fan-out", overtaken),
    Row("B7", "cancel, 30 times", cancels),
    Row("F36-late", "an alert outlives its time: sent late or dropped", late, runs=2),
]
