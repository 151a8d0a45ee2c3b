"""What waited for readers, told in one message at the time they chose.

tick (whose is due?) → a digest is accepted like any story → planned: who gets which lines, written down → delivered
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import structlog

from newsbot.core import audience, digests, schedule
from newsbot.core.audience import Split, Standing
from newsbot.core.columns import Columns, bitmap, members
from newsbot.core.model import Article, Story, Urgency
from newsbot.flows.readers import Readers
from newsbot.ports import Audiences, Ledger, Stories

log = structlog.get_logger()

TICK = 60.0  # seconds between two looks
SETTLED = 5.0
"""Seconds after which everything that was judged by a moment is written down (`plan.lua` refuses what took longer)."""
REACH = 8 * 86400.0
"""Seconds a story can wait for a digest: a week, and a day more."""
NOON = 12
MISSED = ("skipped", "dead", "cancelled")
LINE, EVENING = "story:", "evening"
"""What a digest holds: per story who gets it, and to whom it is the evening's."""


@dataclass(frozen=True, slots=True)
class Share:
    """Readers who get what waited for them between two moments, but for what an earlier digest told them (`told`)."""

    group: digests.Group
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Digests:
    """Makes the digests that are due, any number of processes side by side."""

    stories: Stories
    audiences: Audiences
    readers: Readers
    ledger: Ledger
    bots: tuple[str, ...]
    new_id: Callable[[], str]

    async def once(self) -> Story | None:
        """One look at the clock: the digest that was accepted by it, or None where nobody's was due."""
        now = min([await self.audiences.now(bot) for bot in self.bots])
        until = (now - SETTLED) // TICK * TICK
        after = await self.audiences.digested()
        if after is None or until <= after:
            if after is None or after > until + REACH:  # the first look ever, or a clock that was far ahead
                await self.audiences.tick(until, after)
            return None
        article = Article(id=f"digest:{after:.0f}", source="digest", title=f"{after:.0f} {until:.0f}")
        made, known = None, await self.stories.article(article.id)
        if known is None:
            if not await self._anybody(after, until):
                await self.audiences.tick(until, after)
                return None
            made = self._story(article, until)
            accepted, identity = await self.stories.accept(article, made, self.bots)
            if not identity:
                return None  # that id is taken: another one in the next round
            if accepted:
                known = article
                log.info("digest.due", story=identity, until=until)
            else:
                made, known = None, await self.stories.article(article.id)
        if known is not None:  # of whoever was first, who may have seen another time on the clock
            await self.audiences.tick(_span(known.title)[1], after)
        return made

    def _story(self, article: Article, until: float) -> Story:
        return Story(
            id=self.new_id(),
            article=article.id,
            source="digest",
            kind="digest",
            urgency=Urgency.NORMAL,
            headline=article.title,
            silent=True,
            accepted_at=until,
        )

    async def _anybody(self, after: float, until: float) -> bool:
        for bot in self.bots:
            columns, ends = await self.audiences.columns(bot), _ends(await self.audiences.mutes(bot), after, until)
            if digests.due(columns, after, until, self.readers.home, mutes=ends):
                return True
        return False

    async def split(self, digest: Story, bot: str) -> tuple[Split, int]:
        """Who gets this digest: whoever is due and has a line in it. What it holds for whom is written down before."""
        begins, until = _span(digest.headline)
        while True:  # until it was read in one go, without a long pause
            shut = await self.audiences.shut(bot, digest.id, begins, until)
            columns = await self.audiences.columns(bot)
            if shut is None:  # who made this one slept while others went on
                return Split(), columns.size
            made, after = shut
            mutes, starts = await self.audiences.mutes(bot), await self.audiences.starts(bot)
            ends = _ends(mutes, after, until)
            groups = digests.due(columns, after, until, self.readers.home, mutes=ends, starts=starts)
            shares = await self._shares(bot, digest.id, groups, columns.size)
            maps = {**await self._lines(bot, columns, shares, until), EVENING: self._evening(columns, groups)}
            due = _union(group.bits for group in groups)
            over = {index: mutes[index] for index in _of(due, mutes, columns.size)}
            used = {index: starts[index] for index in _of(due, starts, columns.size)}
            kept = await self.audiences.keep_digest(bot, digest.id, made, maps, columns.size, over, used)
            if kept is not None:
                return Split(now=_union(bits for _, bits in kept.under(LINE))), kept.size

    async def _shares(self, bot: str, digest: str, groups: Sequence[digests.Group], size: int) -> list[Share]:
        """What each group gets. Who has no beginning, being back or having changed its times, gets what waited since the last
        digest that reached it."""
        found = [Share(group) for group in groups if group.since > 0]
        without = [group for group in groups if group.since <= 0]
        rest = _union(group.bits for group in without)
        for earlier, after in await self.audiences.made(bot) if rest else ():
            held = await self.audiences.digest(bot, earlier, size) if earlier != digest and rest else None
            if held is None:
                continue
            told = dict(held.under(LINE))
            if reached := await self._reached(bot, earlier, rest & _union(told.values()), size):
                found += [Share(replace(group, bits=group.bits & reached, since=after), told) for group in without]
                rest &= ~reached
        return [*found, *(Share(replace(group, bits=group.bits & rest)) for group in without)]

    async def _reached(self, bot: str, digest: str, bits: int, size: int) -> int:
        """Who of these has that digest, or will have it."""
        tally = await self.ledger.tally(bot, digest) if bits else None
        if tally is None or not tally.dead + tally.skipped + tally.cancelled:
            return bits
        facts = {index: await self.ledger.why(bot, digest, index) for index in members(bits, size)}
        return bitmap((index for index, fact in facts.items() if not fact or fact["state"] not in MISSED), size)

    async def _lines(self, bot: str, columns: Columns, shares: Sequence[Share], until: float) -> dict[str, int]:
        """Story → who gets it in this digest: it waited for them since their last one, and they still want such news."""
        oldest = max(min((share.group.since for share in shares), default=until), until - REACH)
        found = {}
        for push, judged, reasons in await self.audiences.waits(bot, oldest, columns.size):
            story = await self.stories.get(push)
            if story is None or story.dropped:
                continue
            waiting = 0
            for reason, bits in reasons.items():
                # What was put off by hours or number was wanted for sure; what only waits for the digest is asked again.
                still = audience.wanted(story, columns, Standing()) if reason == audience.GATHER else -1
                waiting |= bits & still
            if waiting:
                waiting &= ~await self.readers.declined(story, bot, columns)
            found[LINE + push] = _union(
                share.group.bits & waiting & ~share.told.get(push, 0)
                for share in shares
                if share.group.since < judged <= share.group.upto
            )
        return found

    def _evening(self, columns: Columns, groups: Sequence[digests.Group]) -> int:
        """To whom it comes after noon, by their own clocks."""
        return _union(
            there & group.bits
            for zone, there in audience.zones(columns, self.readers.home)
            for group in groups
            if there & group.bits and schedule.hour_of(zone, group.upto) >= NOON
        )


def _span(words: str) -> tuple[float, float]:
    """(after, until) when a digest is for."""
    after, _, until = words.partition(" ")
    return float(after), float(until)


def _ends(mutes: Mapping[int, float], after: float, until: float) -> dict[int, float]:
    """When each mute ends; one whose end nobody was told of, being away, ends now."""
    return {index: end if end > after else until for index, end in mutes.items()}


def _of(bits: int, indexes: Iterable[int], size: int) -> list[int]:
    """Those of these indexes whose bits are set."""
    return members(bits & bitmap(indexes, size), size)


def _union(parts: Iterable[int]) -> int:
    return reduce(operator.or_, parts, 0)
