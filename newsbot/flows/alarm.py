"""What on-call must hear of without asking, one line in every ops chat:

something is wrong → told within the last hour? → words → the platforms that can speak

`Alarm.once` looks every ten seconds or so; what happens in between is told where it happens, by `Alarm.tell`.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from newsbot.core import text
from newsbot.core.model import Address, Sent, Tally
from newsbot.flows.words import Words
from newsbot.ports import Clock, Ledger, Platform, StoreDown, Stories

log = structlog.get_logger()

AGAIN = 3600.0
"""Seconds in which nobody is told the same twice."""
TRY_AGAIN = 60.0
"""Seconds until a chat is told that could not be reached."""
SAY_TIMEOUT = 15.0

STUCK = 50.0
"""Seconds without a send that could be made; with a look every ten seconds on-call knows within 60 (reliability O13)."""
FROZEN = 60.0
DOWN = 60.0
FEW_DOUBTS, SHARE = 3, 0.001
"""Doubts of a story that are told: so many at least, and more than this part of its audience (reliability §2.4)."""

LEASE = 30.0
"""Seconds the look belongs to who looked last: one process watches, and another goes on when it is gone."""
NEWEST, OPEN = 5, 20
"""Stories and open pushes whose accounts one look asks for."""

KEYS = {
    "refused": "alarm.refused",  # platform, story, why
    "doubts": "alarm.doubts",  # platform, story, number, audience
    "token": "alarm.token",  # platform, why
    "redis": "alarm.redis",  # why
    "stuck": "alarm.stuck",  # platform, story, pending, workers
    "frozen": "alarm.frozen",  # platform, seconds
    "reported": "alarm.reported",  # platform, story, headline, words
}
"""What can be told, its words, and their fields."""

EVENTS = {"refused", "reported"}
"""Told by whom it happened to; what lasts is seen again at the next look."""


@dataclass(frozen=True)
class Alarm:
    """Looks and tells; any number of processes may have one. `platforms`: those whose token this process has; `ops`: the
    chats that are told; `owner`: a name no other process has."""

    platforms: Mapping[str, Platform]
    ops: Collection[Address]
    words: Words
    ledger: Ledger
    stories: Stories
    clock: Clock
    owner: str
    _due: dict[tuple[str, str], float] = field(default_factory=dict)
    """(key, platform and subject) → when it may be told again."""
    _unheard: dict[tuple[str, str], tuple[str, dict[str, object]]] = field(default_factory=dict)
    """Events that some ops chat could not be told."""
    _since: dict[tuple[str, str], float] = field(default_factory=dict)
    """(bot, what) → since when it is so at every look."""
    _watched: dict[str, frozenset[str]] = field(default_factory=dict)
    """Bot → pushes that were open at the last look: their last doubts may have come since."""

    async def tell(self, key: str, subject: str = "", **fields: object) -> None:
        """One line, at most once an hour for a key, a platform and a subject, whichever process notices; never raises.

        A chat that cannot be told, or does not answer, is tried again after a minute. While Redis is away each process
        tells for itself.
        """
        now, same = self.clock().timestamp(), (key, f"{fields.get('platform', '')} {subject}")
        if self._due.get(same, -math.inf) > now:
            return
        self._due[same] = now + AGAIN
        log.warning("alarm", key=key, **fields)
        try:
            plain = {name: text.line(str(value)) for name, value in fields.items()}
            line = self.words.say(self.words.default, KEYS[key], **plain)
        except KeyError:
            log.exception("alarm.failed", key=key)
            return
        chats = [to for to in self.ops if to.platform in self.platforms]
        told = await asyncio.gather(*(self._tell(to, f"alarm:{':'.join(same)}:{to.chat}", line) for to in chats))
        self._unheard.pop(same, None)
        if not all(told):
            self._due[same] = now + TRY_AGAIN
            if key in EVENTS:
                self._unheard[same] = (subject, fields)

    async def _tell(self, to: Address, what: str, line: str) -> bool:
        """Whether this chat was told, by whomever."""
        nonce = secrets.token_hex(8)  # a lease of one's own would be renewed, not refused
        try:
            if not await self._lease(to, what, nonce, AGAIN):
                return True
            async with asyncio.timeout(SAY_TIMEOUT):
                outcome = await self.platforms[to.platform].say(to, line)
            if isinstance(outcome, Sent):
                return True
            log.error("alarm.unheard", platform=to.platform, outcome=str(outcome))
        except Exception:
            log.exception("alarm.failed", platform=to.platform)
        await self._lease(to, what, nonce, 0)
        return False

    async def _lease(self, to: Address, what: str, nonce: str, seconds: float) -> bool:
        try:
            return await self.ledger.hold(to.platform, what, nonce, seconds)
        except StoreDown:
            return True

    async def once(self, refused: Mapping[str, str] | None = None) -> None:
        """One look, by one process at a time; never raises. `refused`: platform → why its token is not taken."""
        refused = refused or {}
        for (key, _), (subject, fields) in list(self._unheard.items()):
            await self.tell(key, subject, **fields)
        for bot, why in refused.items():
            await self.tell("token", platform=bot, why=why)
        try:
            for bot in self.platforms:
                if await self.ledger.hold(bot, "alarm", self.owner, LEASE):
                    await self._look(bot, sends=bot not in refused)
        except StoreDown as error:
            if self._lasts("", "redis", so=True) >= DOWN:
                await self.tell("redis", why=str(error))
        except Exception:
            log.exception("alarm.failed")
        else:
            self._lasts("", "redis", so=False)

    def _lasts(self, bot: str, what: str, *, so: bool) -> float:
        """How many seconds this is so without a break, by what was seen at each look; -1 where it is not."""
        if not so:
            self._since.pop((bot, what), None)
            return -1.0
        now = self.clock().timestamp()
        return now - self._since.setdefault((bot, what), now)

    async def _look(self, bot: str, *, sends: bool) -> None:
        """One look at one bot."""
        gate, order, newest = await asyncio.gather(
            self.ledger.gate(bot), self.ledger.open(bot), self.stories.recent(NEWEST)
        )
        asked = list(dict.fromkeys([*order[:OPEN], *(story.id for story in newest), *self._watched.get(bot, ())]))
        self._watched[bot] = frozenset(order[:OPEN])
        answers = await asyncio.gather(*(self.ledger.tally(bot, push) for push in asked))
        tallies = {push: tally for push, tally in zip(asked, answers, strict=True) if tally}
        for push, tally in tallies.items():
            if tally.doubt >= FEW_DOUBTS and tally.doubt > SHARE * tally.audience:
                fields = {"number": f"{tally.doubt:,}", "audience": f"{tally.audience:,}"}
                await self.tell("doubts", push, platform=bot, story=push.partition("@")[0], **fields)
        await self._look_frozen(bot, gate["frozen_s"])
        if sends:
            await self._look_stuck(bot, gate, [(push, tallies[push]) for push in order if push in tallies])

    async def _look_frozen(self, bot: str, left: float) -> None:
        """Told as soon as it is known that it lasts."""
        lasted = self._lasts(bot, "frozen", so=left > 0)
        if left > FROZEN or lasted >= FROZEN:
            await self.tell("frozen", platform=bot, seconds=f"{math.ceil(left):,}")

    async def _look_stuck(self, bot: str, gate: Mapping[str, Any], pushes: list[tuple[str, Tally]]) -> None:
        """Something could be sent, and nobody begins it."""
        waiting = [(push, tally) for push, tally in pushes if tally.pending]
        free = not gate["paused"] and not gate["frozen_s"] and not (gate["barrier"] and gate["workers"])
        ready = bool(waiting) and (gate["ready"] > 0 if gate["workers"] else True)
        lasted = self._lasts(bot, "stuck", so=free and ready)
        if lasted >= STUCK and (gate["idle_s"] is None or gate["idle_s"] >= STUCK):
            push, tally = waiting[0]
            fields = {"pending": f"{tally.pending:,}", "workers": gate["workers"]}
            await self.tell("stuck", push, platform=bot, story=push.partition("@")[0], **fields)
