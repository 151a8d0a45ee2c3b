"""Rows about what is taken from the bot: its token, its chats, its being alone: F24, F25, F34."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.core.model import Address, Article, Subscriber, Urgency
from newsbot.procs import runtime
from tests.cast import GROUP, until
from tests.chaos.account import copies_of, leaks
from tests.chaos.calls import Calls
from tests.chaos.row import Row, Verdict
from tests.chaos.stage import IN_FLIGHT, Push, Stage, in_flight, sample
from tests.chaos.workers import Worker

STOPS = 1.0
"""Seconds after which nothing is sent any more with a token that was revoked (reliability F24)."""
RESUMES = 10.0
"""Seconds after which sending goes on with a token that is good again."""
OLD = 62.0
"""Seconds after which a deployment counts as being there before (newsbot/platforms/telegram/claim.py, YOUNG)."""
HALTS = 60.0
"""Seconds in which one of two deployments on one token halts (reliability F34)."""
NEW_TOKEN = f"{123456789}:{'NewTokenOfTheRow'.ljust(35, '0')}"
SPARE = 2_000_000
"""The first of the chats that others move to."""
SUPERGROUP = -1_009_000_000_001


async def revoked(stage: Stage, rng: Random) -> tuple[Push, Calls, float]:
    """A push under way whose bot lost its token; the push, its calls, and since when (unix seconds)."""
    chats = stage.pick(2000, 600)
    await stage.up(chats, rate=200)
    await in_flight(stage)
    calls = await Calls.listen(stage)
    push = await stage.tell()
    await stage.reaches(push, chats // 4 + rng.randrange(chats // 4))
    began = time.time()
    await stage.sandbox.post("/telegram/token", revoked=True)
    await asyncio.sleep(stage.pick(15, 7))
    return push, calls, began


async def judge_stop(stage: Stage, push: Push, calls: Calls, began: float, resumed: float) -> Verdict:
    """It stopped at once, nobody was given up for it, and it went on."""
    found = await calls.all()
    refused = [call for call in found if call.status == 401]
    stopped = max((call.at - began for call in refused), default=0.0)
    figures = {"stopped_s": round(stopped, 2), "refused": len(refused), "resumed_s": resumed}
    verdict = await stage.verdict(push, dead=(await stage.tally(push)).dead, **figures)
    verdict.expect(refused, "nothing was refused: this row shows nothing")
    verdict.expect(stopped <= STOPS, f"still sending {stopped:.1f} s after the token was revoked")
    verdict.expect(len(refused) <= 4 * IN_FLIGHT, f"{len(refused)} calls with a token that was revoked")
    verdict.expect(not verdict.figures["dead"], f"{verdict.figures['dead']} chats given up for it")
    verdict.expect(resumed <= RESUMES, f"{resumed} s from a good token to the next send")
    return verdict


async def same_token(stage: Stage, rng: Random) -> Verdict:
    """The token is revoked in the middle of a push, and good again later: the same workers go on by themselves."""
    push, calls, began = await revoked(stage, rng)
    await stage.sandbox.post("/telegram/token", revoked=False)
    resumed = await stage.sends(push)
    await stage.drained(push)
    verdict = await judge_stop(stage, push, calls, began, resumed)
    verdict.expect(len(stage.living) == 4, f"{len(stage.living)} of 4 workers are left")
    return verdict


async def new_token(stage: Stage, rng: Random) -> Verdict:
    """The token is revoked in the middle of a push, and another one takes its place: new workers finish it."""
    push, calls, began = await revoked(stage, rng)
    await stage.sandbox.post("/telegram/token", token=NEW_TOKEN, revoked=False)
    late = await stage.start("worker")  # somebody starts one with the old token
    code = await late.ended()
    await stage.rest()
    stage.environ["TELEGRAM_BOT_TOKEN"] = NEW_TOKEN
    replaced = asyncio.create_task(stage.hire(4))
    resumed = await stage.sends(push)
    await replaced
    await stage.drained(push)
    verdict = await judge_stop(stage, push, calls, began, resumed)
    verdict.expect(code == 1 and "token refused" in late.words, f"with the old token: {code}, {late.words!r}")
    verdict.expect("Traceback" not in late.words, f"with the old token: {late.words}")
    verdict.problems += leaks(stage.folder, [NEW_TOKEN])
    return verdict


async def migrated(stage: Stage, rng: Random) -> Verdict:
    """Chats move in the middle of two pushes, some to where somebody reads already: one copy each, at the new address."""
    chats, moving, known = stage.pick(600, 300), 30, 5
    await stage.up(chats, rate=100)
    await stage.kit.subscribers.put(Subscriber(Address("telegram", GROUP)))
    calls = await Calls.listen(stage)
    order = [one.address.chat for one in sorted([one async for one in stage.kit.subscribers.all()], key=by_index)]
    old = rng.sample(order[chats // 3 : -1], moving + known)  # whose turn has not come when they move
    news = [str(SPARE + number) for number in range(moving)] + rng.sample(order[: chats // 3], known)
    moves = dict(zip(old, news, strict=True))
    await stage.sandbox.post("/telegram/chats", count=moving, first_id=SPARE)
    pushes = [await stage.tell(), await stage.tell(Urgency.FLASH)]
    await stage.reaches(pushes[1], chats // 10 + rng.randrange(chats // 10))
    await stage.sandbox.post("/telegram/migrate", chat=int(GROUP), to=SUPERGROUP)
    for chat, to in moves.items():
        await stage.sandbox.fault("migrated", method="sendMessage", chat=chat, times=-1, args={"to": int(to)})
    await stage.drained(*pushes)
    moves[GROUP] = str(SUPERGROUP)
    asked = sum(call.chat in moves for call in await calls.all())
    pushes.append(await stage.tell())
    await stage.drained(pushes[-1])
    again = sum(call.chat in moves for call in await calls.all()) - asked
    verdict = await stage.verdict(*pushes, moved=len(moves), known_there=known, asked_at_the_old=asked)
    verdict.expect(len(moves) <= asked <= 2 * len(moves), f"{asked} calls to {len(moves)} old addresses")
    verdict.expect(not again, f"{again} calls to old addresses with the next story")
    verdict.expect(verdict.sent == 3 * (chats + 1 - known), f"{verdict.sent} sent")
    verdict.problems += [problem async for problem in misplaced(stage, moves, set(news[moving:]))]
    return verdict


def by_index(one: Subscriber) -> int:
    """In the order a push goes through them."""
    return one.index


async def misplaced(stage: Stage, moves: Mapping[str, str], known: Collection[str]) -> AsyncIterator[str]:
    """What is wrong in the registry: who moved is found at the new address alone, or stopped where that one is known."""
    for chat, to in moves.items():
        before, now = [await stage.kit.subscribers.get(Address("telegram", one)) for one in (chat, to)]
        if now is None or now.state != "active":
            yield f"{to}, where {chat} moved to: {now}"
        if (before.state if before else "gone") != ("stopped" if to in known else "gone"):
            yield f"{chat}, which moved to {to}: {before}"


@dataclass(frozen=True)
class Deployment:
    """Everything that works on one Redis: a way to look at it, and the process that hears readers."""

    kit: Kit
    web: Worker

    async def tell(self) -> Push:
        """A story to all its readers."""
        story = sample(Urgency.BREAKING)
        await self.kit.stories.accept(Article(id=story.article, source="chaos", title="x"), story, ["telegram"])
        await self.kit.plan.owed(story.id)
        return Push(story.id, story.headline)

    async def halted(self) -> str:
        """Who or what lets nothing begin there any more; empty where it goes on."""
        return str((await self.kit.ledger.gate("telegram"))["paused"] or "")


async def another(stage: Stage) -> Deployment:
    """A second one on the same token, with the same readers: its own Redis, folder, worker and web process."""
    server = await stage.server("other")
    more = {"REDIS_URL": server.url, "NEWSBOT_DATA__FOLDER": str(stage.folder / "other-data")}
    environ = stage.environ | more
    life = runtime.process(bootstrap.read_settings(environ), server.url, environ, live=False)
    kit = (await life.__aenter__()).kit
    stage.at_end(partial(life.__aexit__, None, None, None))
    worker = await stage.start("worker", **more)
    await worker.ready()
    async for reader in stage.kit.subscribers.all():
        await kit.subscribers.put(Subscriber(reader.address))
    return Deployment(kit, await stage.start("web", **more))


async def shared(stage: Stage, rng: Random, ahead: float) -> Verdict:
    """Two deployments on one token: one halts and says so, the other goes on; the later one where they are not as young."""
    chats = stage.pick(150, 60)
    await stage.up(chats, rate=6, workers=2, NEWSBOT_WEB__PORT="0")
    first = Deployment(stage.kit, await stage.start("web"))
    await first.web.ready()
    await stage.sandbox.post("/telegram/say", user="Rae", text="hello")  # its first poll has an answer
    await asyncio.sleep(ahead)
    second = await another(stage)
    running, since = await second.tell(), time.monotonic()

    async def one_halts() -> list[Deployment]:
        return [one for one in (second, first) if await one.halted()]

    loser = (await until(one_halts, "one of the two halts", HALTS))[0]
    winner, took = first if loser is second else second, time.monotonic() - since
    await asyncio.sleep(STOPS)
    meanwhile = await shown(stage, running)
    good, bad = await winner.tell(), await loser.tell()
    await until(partial(everybody_sees, stage, good, chats), "the other one goes on", 60)
    after = await shown(stage, bad) + (await shown(stage, running) - meanwhile if loser is second else 0)
    if loser is first:
        await first.kit.ledger.cancel("telegram", bad.id)
    halted = "the later" if loser is second else "the earlier"
    verdict = await stage.verdict(good if winner is first else bad, halted_s=round(took, 1), halted=halted)
    verdict.figures |= {"sent_before": meanwhile, "sent_after": after}
    verdict.expect(not after, f"{after} messages of the deployment that halted")
    verdict.expect(not await winner.halted(), f"the other one halted too: {await winner.halted()}")
    verdict.expect(loser is second or not ahead, "the one that was there before halted")
    verdict.expect(winner.web.events("telegram.token_shared"), "the one that goes on says nothing")
    refusals = [event["detail"] for event in loser.web.events("platform.refused")]
    verdict.expect(any("another deployment" in why for why in refusals), f"the one that halted says {refusals}")
    return verdict


async def shown(stage: Stage, push: Push) -> int:
    """How many messages of this push can be seen."""
    return sum(copies_of(push, await stage.sandbox.messages("telegram")).values())


async def everybody_sees(stage: Stage, push: Push, chats: int) -> bool:
    """Whether it has arrived everywhere."""
    return await shown(stage, push) == chats


ROWS = [
    Row("F24", "token revoked in the middle of a push, then good again", same_token),
    Row("F24-new", "token revoked in the middle of a push, then another one", new_token),
    Row("F25", "group becomes supergroup in the middle of a push, and 35 chats move", migrated),
    Row("F34", "a second deployment on the token", partial(shared, ahead=OLD)),
    Row("F34-young", "two deployments on one token, both just started", partial(shared, ahead=0)),
]
