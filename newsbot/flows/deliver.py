"""Ledger → platform, the only way out:

    begin (which, allowed now, intent written) → journal → render → send → outcome → journal → commit

A window is begun as one, sent side by side, and committed as its answers come; several windows run at a time. A slow chat
holds up nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from newsbot.core import delivery
from newsbot.core.model import (
    Address,
    Form,
    Gone,
    Intent,
    Later,
    Moved,
    Outcome,
    Pace,
    Refused,
    Rendered,
    Sent,
    Stopped,
    Uncertain,
    Window,
)
from newsbot.flows.contents import Contents
from newsbot.ports import Clock, Journal, Ledger, Platform, StoreDown, Stories, Subscribers

log = structlog.get_logger()

Result = tuple[Intent, Outcome, float]
"""A delivery, what became of it, and seconds before another try."""

WINDOW = 32
SETTLE = 0.05  # seconds between two commits of what was answered of a window; most are answered within the first
GRACE = 0.5  # seconds to read what had arrived before the clock of a window was looked at
RENDERED_KEPT = 64


@dataclass(frozen=True)
class Claim:
    """A window that was begun, and when it was first asked for (seconds of the clock nobody can set)."""

    window: Window
    asked: float


@dataclass(frozen=True)
class Deliver:
    """One bot's sender. Windows are begun one after another (the ledger keeps one reply of `begin` a worker, for a
    repeated request) and finished side by side."""

    platform: Platform
    stories: Stories
    subscribers: Subscribers
    ledger: Ledger
    journal: Journal
    render: Callable[..., Rendered]
    """(story, platform, language, form, private=…) → what is sent; pure."""
    is_private: Callable[[Address], bool]
    """Whether nobody but one reader sees what is sent there."""
    digests: Contents
    worker: str
    pace: Pace
    clock: Clock
    observe: Callable[[str, str, float], None]
    """(platform, outcome, seconds since the story was accepted): for the metrics."""
    alarm: Callable[..., Awaitable[None]]
    """(key, **fields): tells the desk what a person must know."""
    jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000
    _cache: OrderedDict[tuple[str, int, str, bool, bool, Form, bool], tuple[Rendered, float]] = field(
        default_factory=OrderedDict
    )
    _asked: dict[str, float] = field(default_factory=dict)
    """The nonce of a `begin` that has no reply yet, and when it was first asked."""
    _told: list[str] = field(default_factory=list)
    """The run of Redis that was told last what this worker knows; empty before the first."""
    _heard: set[str] = field(default_factory=set)
    """Workers that are gone and whose last words this run of Redis was told."""
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def once(self) -> Window:
        """Begin one window and finish it; what was begun."""
        claim = await self.begin(WINDOW)
        if claim.window.barrier:
            await self.tell(claim.window.barrier)
        await self.finish(claim)
        return claim.window

    async def begin(self, most: int) -> Claim:
        """Claim up to `most` deliveries. Raises StoreDown where that was not answered: the next call then asks the same
        again, because it may have been done and only its reply was lost."""
        if not self._asked:
            self._asked[secrets.token_hex(8)] = elapsed()
        nonce, asked = next(iter(self._asked.items()))
        run = self._told[-1] if self._told else ""
        window = await self.ledger.begin(self.platform.name, self.worker, nonce, min(most, WINDOW), self.pace, run)
        self._asked.clear()
        return Claim(window, asked)

    async def tell(self, run: str) -> bool:
        """Tell a Redis that was not there before what was written down beside the ledger; whether sending goes on.

        Raises StoreDown. It may have lost its last writes, or nothing: what it knows stays as it is.
        """
        bot = self.platform.name
        async with self._telling:
            if self._told[-1:] != [run]:
                # Whoever comes new to a Redis that everybody knows has nothing to tell; the dead are told of beside.
                known = not self._told and await self.ledger.barrier(bot, "", run)
                receipts = self.journal.own()
                changed = await self.ledger.replay(bot, receipts)
                if not known:
                    self._heard.clear()
                    changed += await self._take_over()
                self._told[:] = [run]
                log.info("journal.told", platform=bot, receipts=len(receipts), changed=changed)
            return await self.ledger.barrier(bot, self.worker, run)

    def knows(self, run: str) -> bool:
        """Whether the Redis of this run was told what this worker knows; one that never asked for work knows nothing."""
        return not run or not self._told or self._told[-1] == run

    async def take_over(self) -> int:
        """Finish what workers that are gone left in this folder; how many deliveries were settled by it."""
        async with self._telling:
            return await self._take_over() if self._told else 0

    async def _take_over(self) -> int:
        changed = 0
        for worker in self.journal.orphans():
            if worker not in self._heard:
                receipts = self.journal.left(worker)
                changed += await self.ledger.replay(self.platform.name, receipts)
                self._heard.add(worker)
                log.info("journal.taken_over", platform=self.platform.name, receipts=len(receipts), changed=changed)
            # Only where the Redis that was told is the one that answers now: another one may not have heard of it.
            if await self.ledger.barrier(self.platform.name, "", self._told[-1] if self._told else ""):
                self.journal.bury(worker)
        return changed

    async def finish(self, claim: Claim, settled: Callable[[int], None] = lambda _: None) -> None:
        """Send what was begun and commit it as answers come, whatever happens meanwhile; `settled` hears of how many each
        time. Raises BotStopped after that."""
        push, stopped = claim.window.push, ""
        learned: list[Result] = []
        writing: asyncio.Task[str] | None = None
        try:
            async with contextlib.aclosing(self._answers(claim)) as answers:
                async for answered, more in answers:
                    learned += self._learned(push, answered)
                    # Redis may be away: what is answered meanwhile is written down beside it all the same.
                    if more and (writing is None or writing.done()):
                        stopped = (writing.result() if writing else "") or stopped
                        writing, learned = asyncio.create_task(self._write(push, learned, settled)), []
            stopped = (await writing if writing else "") or stopped
            if learned:
                stopped = await self._write(push, learned, settled) or stopped
        finally:
            if writing:
                writing.cancel()
        if stopped:
            log.critical("token.refused", platform=self.platform.name, why=stopped)
            raise BotStopped(stopped)

    def _learned(self, push: str, answered: Iterable[tuple[Intent, Outcome]]) -> list[Result]:
        """What follows from these answers, written down beside the ledger."""
        results = [
            (
                intent,
                outcome,
                0.0 if isinstance(outcome, Sent) else delivery.delay(outcome, intent.attempt, self.jitter()),
            )
            for intent, outcome in answered
        ]
        try:
            self.journal.learned(push, results)
        except OSError as error:
            log.error("journal.failed", platform=self.platform.name, why=error.strerror)
        return results

    async def _write(self, push: str, results: list[Result], settled: Callable[[int], None]) -> str:
        """Commit these and tell whom they concern; why the platform refused the token, "" where it did not."""
        await self._commit(self.platform.name, push, results)
        settled(len(results))
        return await self._tell(push, [(intent, outcome) for intent, outcome, _ in results])

    async def _answers(self, claim: Claim) -> AsyncGenerator[tuple[list[tuple[Intent, Outcome]], bool]]:
        """What became of each delivery of a window, all sent side by side, as far as it is known each time; and whether more
        is to come."""
        window = claim.window
        if not window.intents:
            return
        try:
            self.journal.begun(window)
        except OSError as error:  # a full disk: without a receipt nothing leaves
            log.error("journal.failed", platform=self.platform.name, why=error.strerror)
            yield [(intent, Later(None, "journal cannot be written")) for intent in window.intents], False
            return
        sends = {asyncio.ensure_future(self._send(window, intent, claim.asked)): intent for intent in window.intents}
        waiting, ends = set(sends), elapsed() + delivery.SEND_TIMEOUT
        try:
            # One clock for the window: one for each send costs more than the ledger does (docs/performance.md).
            while waiting and (left := ends - elapsed()) > 0:
                answered, waiting = await asyncio.wait(waiting, timeout=min(SETTLE, left))
                if answered:
                    yield [(intent, send.result()) for send, intent in sends.items() if send in answered], bool(waiting)
            if waiting:
                # After a pause of this process the answers may lie in the sockets already (reliability §2.3): a last look.
                answered, waiting = await asyncio.wait(waiting, timeout=GRACE)
                if answered:
                    yield [(intent, send.result()) for send, intent in sends.items() if send in answered], bool(waiting)
        finally:
            for send in waiting:
                send.cancel()
        if waiting:
            await asyncio.wait(waiting)
            lost = Uncertain("no answer in time")
            yield [(sends[send], lost if send.cancelled() else send.result()) for send in waiting], False

    async def _send(self, window: Window, intent: Intent, asked: float) -> Outcome:
        """What became of one delivery; never raises: one poisonous text must not take the receipts of a window along."""
        push = window.push
        try:
            found = await self._rendered(window, intent)
        except StoreDown as error:
            return Later(None, str(error))  # nothing has left yet
        except Exception as error:  # noqa: BLE001  whatever drawing it raises, it would raise for every chat
            return Refused(f"cannot be drawn: {type(error).__name__}: {error}")
        if found is None:
            return Refused("story not found")
        message, accepted_at = found
        if elapsed() - asked > delivery.SEND_TIMEOUT:
            return Later(None, "begun too long ago")  # a pause of this process, or of Redis: its lease may be over
        try:
            if window.edits:
                outcome = again(await self.platform.edit(intent.address, intent.base, message))
            else:
                outcome = await self.platform.send(intent.address, message, intent.base)
        except TimeoutError:
            outcome = Uncertain("no answer in time")
        except Exception as error:
            log.exception("send.failed", platform=self.platform.name, story=push)
            outcome = Uncertain(f"{type(error).__name__}: {error}")
        self.observe(self.platform.name, type(outcome).__name__.lower(), self.clock().timestamp() - accepted_at)
        return outcome

    async def _rendered(self, window: Window, intent: Intent) -> tuple[Rendered, float] | None:
        """The words as they stand now; what was begun for a revision is never drawn from an older text. What is late, and
        what is sent once more, makes no sound."""
        private = self.is_private(intent.address)
        key = (window.story, window.revision, intent.language, window.late, intent.quietly, intent.form, private)
        if key not in self._cache:
            story = await self.stories.get(window.story)
            if story is None:
                return None
            if story.kind == "digest":
                drawn = await self.digests.drawn(story, self.platform.name, intent, private=private)
                return drawn, story.accepted_at
            if window.late or intent.quietly:
                story = story.model_copy(update={"late": window.late, "silent": True})
            drawn = self.render(story, self.platform.name, intent.language, intent.form, private=private)
            self._cache[key] = (drawn, story.accepted_at)
            while len(self._cache) > RENDERED_KEPT:
                self._cache.popitem(last=False)
        return self._cache[key]

    async def _commit(self, bot: str, push: str, results: list[Result]) -> None:
        """Keeps the receipts and repeats until Redis has them; nothing new is begun by this window meanwhile.

        What was learned about chats is written first: a retry that another window begins must find the new address.
        """
        told = False
        while True:
            try:
                for intent, outcome, _ in results:
                    if isinstance(outcome, Moved):
                        await self.subscribers.move(intent.address, outcome.to)
                    elif isinstance(outcome, Gone) and outcome.state != "kept":
                        await self.subscribers.set_state(intent.address, outcome.state)
                await self.ledger.commit(bot, push, results)
            except StoreDown as error:
                if not told:
                    log.warning("commit.waits", platform=bot, push=push, receipts=len(results), error=str(error))
                told = True
                await asyncio.sleep(0.5)
            else:
                return

    async def _stop_if_refused(self, push: str, whys: set[str]) -> None:
        """Stops a push whose text several chats refused for the same reason, counted over all windows and workers."""
        bot = self.platform.name
        tally = await self.ledger.tally(bot, push)
        reasons = dict(tally.reasons) if tally else {}
        for why in whys:
            if reasons.get(delivery.short(why), 0) >= delivery.REFUSALS_TO_STOP:
                await self.ledger.cancel(bot, push)
                log.critical("push.stopped", platform=bot, story=push, why=why)
                story = push.partition("@")[0]
                await self.alarm("refused", subject=story, platform=bot, story=story, why=why)

    async def _tell(self, push: str, answered: list[tuple[Intent, Outcome]]) -> str:
        """Tell whom it concerns; why the platform refused the token, "" where it did not."""
        bot, stopped = self.platform.name, ""
        log.debug("delivered", platform=bot, story=push, sent=sum(isinstance(outcome, Sent) for _, outcome in answered))
        for intent, outcome in answered:
            match outcome:
                case Sent() | Later():
                    pass
                case Stopped(why):
                    stopped = why
                case Uncertain(why):
                    log.warning("in_doubt", platform=bot, story=push, index=intent.index, why=why)
                case Gone(why, state):
                    log.info("chat.gone", platform=bot, index=intent.index, why=why, state=state)
                case Moved():
                    log.info("chat.moved", platform=bot, index=intent.index)
                case Refused(why):
                    log.error("text.refused", platform=bot, story=push, why=why)
                case _:
                    assert_never(outcome)
        if refused := {outcome.why for _, outcome in answered if isinstance(outcome, Refused)}:
            await self._stop_if_refused(push, refused)
        return stopped


def again(outcome: Outcome) -> Outcome:
    """An edit in doubt is done once more: doing it twice changes nothing."""
    return Later(None, outcome.why) if isinstance(outcome, Uncertain) else outcome


def elapsed() -> float:
    """Seconds of the clock nobody can set; it runs on while the process is stopped."""
    return asyncio.get_running_loop().time()


class BotStopped(Exception):
    """The platform refused the token in the middle of work: nothing more is begun until it accepts one."""
