"""A newsroom of simulated time on a real Redis: stories are told, hours pass, and platforms remember what came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsbot.core.model import (
    Address,
    Article,
    Choices,
    Outcome,
    Pace,
    Quiet,
    Rendered,
    Sent,
    Slot,
    Story,
    Subscriber,
    Urgency,
)
from newsbot.flows.contents import Contents
from newsbot.flows.deliver import Deliver
from newsbot.flows.digests import Digests
from newsbot.flows.plan import Plan
from newsbot.store.audiences import RedisAudiences
from newsbot.store.journal import FileJournal
from newsbot.store.ledger import RedisLedger
from newsbot.store.stories import RedisStories
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import SetClock, planner

BOTS = ("telegram", "slack")
HOME = "Asia/Seoul"
STEP = 900.0
NIGHT = Quiet(23 * 60, 7 * 60)
TWICE = (Slot(8 * 60), Slot(18 * 60 + 30))
GATHERED = Choices(digests=TWICE, gather=True)

Came = tuple[str, ...]
"""An alert is (its id,); a digest ("digest", its stories' ids in order)."""


class Platform:
    """Remembers what came to whom, and when."""

    reads_back = False

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self.name, self._now = name, now
        self.came: list[tuple[str, float, Rendered]] = []
        self.answer: Callable[[Address], Outcome] = lambda to: Sent(1)

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        outcome = self.answer(to)
        if isinstance(outcome, Sent):
            self.came.append((to.chat, self._now(), message))
        return outcome

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        return Sent(ref)


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """One port of a process that is killed right after (or before) it did this."""

    def __init__(self, port: object, deed: str = "", *, before: bool = False) -> None:
        self._port, self._deed, self._before = port, deed, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._deed:
            return found

        async def deed(*how: Any, **more: Any) -> Any:
            if not self._before:
                await found(*how, **more)
            raise Killed(name)

        return deed


@dataclass(frozen=True)
class Office:
    """One process: what it looks with, plans with, and sends with."""

    digests: Digests
    plan: Plan
    senders: Sequence[Deliver]

    async def round(self) -> None:
        """Look at the clock, plan, send."""
        await self.digests.once()
        await self.plan.owed()
        await self.send()

    async def send(self) -> None:
        """Whatever is open."""
        for sender in self.senders:
            while await sender.ledger.open(sender.platform.name) and (await sender.once()).intents:
                pass


@dataclass
class Room:
    """Readers on two platforms, and the newsroom's time."""

    clock: SetClock
    folder: Path
    drawn: Callable[..., Rendered] = lambda digest, lines, bot, language, slot, private: Rendered(
        "digest", {"lines": ("digest", *(story.id for story in lines)), "slot": slot, "stories": tuple(lines)}
    )
    journals: list[FileJournal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = RedisLedger(self.clock, guarded=False)
        self.stories = RedisStories(self.clock, lambda: self.now)
        self.audiences = RedisAudiences(self.clock)
        self.subscribers = RedisSubscribers(self.clock, BOTS, lambda: self.now)
        self.platforms = {bot: Platform(bot, lambda: self.now) for bot in BOTS}
        self.office = self.hire()

    @property
    def now(self) -> float:
        return self.clock.micros / 1e6

    def hire(self, name: str = "", mortal: Mapping[str, Callable[[Any], Any]] | None = None) -> Office:
        """One more process; `mortal`: stories, audiences or ledger → how that one fails."""
        name = name or f"w-{len(self.journals)}"
        plan = planner(self.ledger, self.stories, dict.fromkeys(BOTS, 4), lambda: datetime.fromtimestamp(self.now, UTC))
        if mortal:
            ports: dict[str, Any] = {"stories": self.stories, "audiences": self.audiences, "ledger": self.ledger}
            ports |= {which: made(ports[which]) for which, made in mortal.items()}
            digests = Digests(
                ports["stories"], ports["audiences"], plan.readers, ports["ledger"], BOTS, plan.digests.new_id
            )
            plan = Plan(ports["stories"], ports["ledger"], plan.dialects, plan.readers, digests, plan.clock)
        return Office(plan.digests, plan, [self._sender(bot, name) for bot in BOTS])

    def _sender(self, bot: str, name: str) -> Deliver:
        self.journals.append(FileJournal(self.folder, bot, name))
        return Deliver(
            self.platforms[bot],  # type: ignore[arg-type]
            self.stories,
            self.subscribers,
            self.ledger,
            self.journals[-1],
            lambda story, *_, **__: Rendered("alert", {"lines": (story.id,), "silent": story.silent}),
            lambda address: True,
            Contents(self.audiences, self.stories, self.drawn, lambda: self.now),
            name,
            Pace(1e6, 0.0, 0.0),
            lambda: datetime.fromtimestamp(self.now, UTC),
            lambda *_: None,
            _nobody,
            lambda: 0.0,
        )

    def close(self) -> None:
        for journal in self.journals:
            journal.leave()

    async def reader(self, chat: str, choices: Choices = GATHERED, *, bots: Sequence[str] = BOTS, **how: Any) -> None:
        """Somebody with these choices, on each platform."""
        for bot in bots:
            await self.subscribers.put(Subscriber(Address(bot, chat), choices=choices, **how))

    async def changes(self, chat: str, choices: Choices, *, bots: Sequence[str] = BOTS) -> None:
        """It chooses anew; what waits comes with its next digest."""
        for bot in bots:
            await self.subscribers.put(Subscriber(Address(bot, chat), choices=choices), starts=0.0)

    async def tells(self, name: str, urgency: Urgency = Urgency.NORMAL, **how: Any) -> None:
        """A story is accepted, planned, and sent to whoever gets it now."""
        story = Story(
            id=name, article=f"/{name}", urgency=urgency, headline=f"소식 {name}", accepted_at=self.now, **how
        )
        assert (await self.stories.accept(Article(id=f"/{name}", source="site", title=name), story, BOTS))[0]
        await self.office.plan.owed(name)
        await self.office.send()

    async def becomes(self, name: str, **how: Any) -> None:
        """A story changes before and after it was told."""
        before = await self.stories.get(name)
        assert before is not None
        after = before.model_copy(update={"revision": before.revision + 1, **how})
        assert await self.stories.advance(before, after, BOTS)

    async def until(self, time: str, *, rounds: bool = True, step: float = STEP) -> None:
        """Work until the clock at home shows that time next; without `rounds` nobody works."""
        hour, minute = map(int, time.split(":"))
        there = datetime.fromtimestamp(self.now, ZoneInfo(HOME))
        seconds = ((hour - there.hour) * 60 + minute - there.minute) * 60 - there.second - there.microsecond / 1e6
        await self.passes(seconds % 86400 or 86400, rounds=rounds, step=step)

    async def passes(self, seconds: float, *, rounds: bool = True, step: float = STEP) -> None:
        """Work for so long."""
        end = self.now + seconds
        while rounds and self.now + step < end:
            self.clock.passes(step)
            await self.office.round()
        self.clock.passes(end - self.now)
        if rounds:
            await self.office.round()

    def came(self, chat: str, bot: str = BOTS[0]) -> list[Came]:
        """What came to this chat."""
        return [message.payload["lines"] for to, _, message in self.platforms[bot].came if to == chat]

    def when(self, chat: str, bot: str = BOTS[0]) -> list[str]:
        """At what times of the home clock."""
        zone = ZoneInfo(HOME)
        return [f"{datetime.fromtimestamp(at, zone):%H:%M}" for to, at, _ in self.platforms[bot].came if to == chat]

    def lines(self, chat: str, bot: str = BOTS[0]) -> list[str]:
        """Every story that came to this chat in any digest."""
        return [line for came in self.came(chat, bot) if came[0] == "digest" for line in came[1:]]


async def _nobody(key: str, **_: object) -> None:
    await asyncio.sleep(0)
