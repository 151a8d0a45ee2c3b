"""Deliveries in doubt: each is settled by its policy, or shown as held, within a quarter of an hour (reliability §2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from newsbot.core import delivery
from newsbot.core.model import Doubt, Later, Policy, Sent, Urgency
from newsbot.ports import Clock, Ledger, Platform, Stories

log = structlog.get_logger()

AT_ONCE = 100  # doubts of one bot settled in a round
LOOKS = 3
"""Looks a round: every five seconds that is 36 a minute, below the 50 of Slack's tier 3 (platform-facts 2.1)."""


@dataclass
class Search:
    """How often one delivery was looked for in vain, and when last (unix seconds)."""

    empty: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Doubts:
    """One round every few seconds, by one process at a time."""

    stories: Stories
    ledger: Ledger
    platforms: Mapping[str, Platform]
    policies: Mapping[str, Mapping[Urgency, Policy]]
    clock: Clock
    _searches: dict[tuple[str, str, int], Search] = field(default_factory=dict)
    _rests: dict[str, float] = field(default_factory=dict)
    """Platform → when it may be asked again (unix seconds)."""

    async def once(self) -> int:
        """Settle what can be settled now on every platform; how many were."""
        return sum([await self._platform(bot, platform) for bot, platform in self.platforms.items()])

    async def _platform(self, bot: str, platform: Platform) -> int:
        now = self.clock().timestamp()
        found = await self.ledger.doubts(bot, AT_ONCE)
        self._forget(bot, found)
        settled, looks = 0, LOOKS
        for doubt in found:
            search = self._searches.setdefault((bot, doubt.push, doubt.position), Search())
            policy = await self._policy(bot, doubt)
            told = delivery.judge(doubt, policy, doubt.age, search.empty, reads_back=platform.reads_back)
            if told.verdict == "look":
                resting = now < self._rests.get(bot, 0.0) or now - search.last < delivery.LOOK_AGAIN
                if looks and not resting:
                    looks -= 1
                    settled += await self._look(platform, doubt, search, now)
            elif told.verdict:
                settled += await self._settle(bot, doubt, told)
        return settled

    async def _policy(self, bot: str, doubt: Doubt) -> Policy:
        """A withdrawal is as urgent as can be: who has the alert must not be left with it."""
        story = await self.stories.get(doubt.story)
        if story is None or not doubt.address.chat or doubt.push != doubt.story:
            return "hold"  # an edit is in doubt only where it was ended: nothing more is done about it
        urgency = Urgency.FLASH if story.kind == "retraction" else story.urgency
        return self.policies[bot][urgency]

    async def _settle(self, bot: str, doubt: Doubt, told: delivery.Look) -> int:
        done = await self.ledger.settle(bot, doubt, told.verdict, told.why)
        if not done and told.verdict == "resend":
            done = await self.ledger.settle(bot, doubt, "hold", "held: too late or cancelled")
        log.info("doubt.settled", platform=bot, story=doubt.push, index=doubt.index, verdict=told.verdict, why=told.why)
        return int(done)

    async def _look(self, platform: Platform, doubt: Doubt, search: Search, now: float) -> int:
        search.last = now
        found = await platform.find(
            doubt.address, doubt.story, doubt.since - delivery.LEASE - delivery.SEND_TIMEOUT, doubt.base
        )
        match found:
            case Sent():
                log.info("doubt.found", platform=platform.name, story=doubt.push, index=doubt.index)
                return int(await self.ledger.settle(platform.name, doubt, found, "found in the chat"))
            case Later(after, why):
                self._rests[platform.name] = now + (after or delivery.LOOK_AGAIN)
                log.info("doubt.unseen", platform=platform.name, story=doubt.push, index=doubt.index, why=why)
                return 0
            case None:
                search.empty += 1
                return 0

    def _forget(self, bot: str, found: Sequence[Doubt]) -> None:
        """Searches of what is settled by now."""
        open_now = {(bot, doubt.push, doubt.position) for doubt in found}
        for key in [key for key in self._searches if key[0] == bot and key not in open_now]:
            del self._searches[key]
