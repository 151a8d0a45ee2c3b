"""What editors and on-call can do, the same from chat and from the terminal; every deed is in the audit before it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, unquote

from newsbot.core import editorial, text
from newsbot.core.model import Article, Doubt, Story, Tally, Urgency
from newsbot.flows.ingest import Ingest
from newsbot.flows.plan import Plan
from newsbot.flows.report import COUNTS, pushes_of
from newsbot.ports import Audit, Clock, Ledger, Stories

TURNS = 5
"""So often a step is tried again that another process was quicker with."""


class Impossible(Exception):
    """A deed that cannot be done: the catalog key of the answer, and its fields."""

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(key)
        self.key, self.fields = key, fields


@dataclass(frozen=True)
class Deeds:
    """What can be done to stories and bots; `who` is a person's name, written down first."""

    stories: Stories
    ledger: Ledger
    audit: Audit
    ingest: Ingest
    plan: Plan
    bots: tuple[str, ...]
    clock: Clock

    @property
    def everywhere(self) -> tuple[str, ...]:
        """Every platform, also one whose token this process does not have: on-call stops all of them."""
        return tuple(self.plan.dialects)

    async def find(self, target: str) -> Story:
        """The story of this id. Raises Impossible, with the nearest open id where one sign is wrong."""
        if story := await self.stories.get(target):
            return story
        near = editorial.nearest(target, [story.id for story in await self.stories.recent(200)])
        raise (
            Impossible("desk.nearest", nearest=near)
            if near
            else Impossible("desk.no_story", target=text.line(target)[:80])
        )

    async def prepare(self, target: str | Article, urgency: Urgency | None, topics: tuple[str, ...] | None) -> Story:
        """The held story an editor wants out, named by story id, by the article's address, or as the article itself.

        An article nobody was told of becomes a held story. Raises Impossible for what went out already, and for what
        its source does not publish (any more).
        """
        article = target if isinstance(target, Article) else await self._article(target)
        if urgency is Urgency.FLASH:
            raise Impossible("push.flash")
        if article is None:
            story = await self.find(str(target))
            if story.dropped:  # whoever wants it after all names the article, not the number somebody dropped
                raise Impossible("push.dropped", id=story.id, name=story.dropped)
            article = await self.stories.article(story.article)
        else:
            story = await self._held_story(article)
        if story.kind == "question":
            raise Impossible("push.question", id=story.id)
        if story.dropped:
            story = await self._change(story, {"held": "editor", "dropped": None})
        if story.held is None:
            raise Impossible("push.already", id=story.id)
        if article is not None:
            refuse_unfit(article)
        if not story.link or not story.link.startswith(("http://", "https://")):
            raise Impossible("push.no_link", id=story.id)
        changes: dict[str, Any] = {"urgency": urgency} if urgency else {}
        if topics is not None:
            changes["topics"] = topics
        return await self._change(story, changes) if changes and story.kind != "revision" else story

    async def _change(self, story: Story, changes: Mapping[str, Any]) -> Story:
        changed = story.model_copy(update=dict(changes))
        if not await self.stories.advance(story, changed):
            raise Impossible("send.changed", id=story.id)
        return changed

    async def _article(self, target: str) -> Article | None:
        """The article of this address, as copied from a browser: with a campaign, a mark, a slash too many."""
        for spelling in spellings(target):
            if found := await self.stories.article(spelling):
                return found
        return None

    async def _held_story(self, article: Article) -> Story:
        if not (story_id := await self.stories.story_of(article)):
            refuse_unfit(article)
            if not article.url.startswith(("http://", "https://")):
                raise Impossible("push.no_link", id=article.path or article.title)
            draft = editorial.draft(article, self.ingest.new_id(), self.ingest.rules, self.clock())
            _, story_id = await self.ingest.accept(article, draft.model_copy(update={"held": "editor"}))
        return await self.find(story_id)

    async def release(self, story: Story, who: str) -> bool:
        """The held story goes out as it was shown; False if it changed or went out meanwhile."""
        if story.held is None:
            return False
        await self.audit.record(who, "push", story.id, story.body_hash)
        if story.kind == "revision":
            return await self.ingest.revise.release(story)
        gate = self.ingest.gate
        way = gate.way(story.model_copy(update={"held": None, "accepted_at": self.clock().timestamp()}))
        if not await self.stories.advance(story, way.story, way.bots, gate=way.gate, links=way.links):
            return False
        await self.plan.owed(story.id)
        await gate.hurry(story.id)
        return True

    async def drop(self, target: str, who: str) -> Story:
        """A held story that never goes out. Raises Impossible for one that is not held."""
        story = await self.find(target)
        if story.held is None:
            raise Impossible("drop.not_held", id=story.id)
        await self.audit.record(who, "drop", story.id, story.body_hash)
        return await self._change(story, {"held": None, "dropped": who})

    async def pause(self, who: str) -> None:
        """Nothing more begins on any platform."""
        await self.audit.record(who, "pause", "all")
        for bot in self.everywhere:
            await self.ledger.pause(bot, who)

    async def resume(self, who: str) -> bool:
        """Sending goes on; False where nothing was paused."""
        await self.audit.record(who, "resume", "all")
        return any([await self.ledger.resume(bot) for bot in self.everywhere])

    async def cancel(self, target: str, who: str) -> Cancelled:
        """Nothing of this story begins any more: what waits is dropped, what runs is stopped, its edits with it. Raises
        Impossible where there is nothing to stop."""
        story = await self.find(target)
        waits, running = await self._waits(story), await self._running(story)
        if not waits and not running:
            raise Impossible("cancel.over", id=story.id)
        await self.audit.record(who, "cancel", story.id)
        for _ in range(TURNS if waits else 0):
            gone = story.model_copy(update={"held": None, "dropped": who})
            if await self.stories.advance(story, gone, gate=0, links=0):
                break
            story = await self.find(story.id)  # it went out meanwhile, or its article changed
            if not await self._waits(story):
                break
        await self.plan.owed(story.parent if story.kind == "revision" else story.id)  # or it is planned behind our back
        made = await asyncio.gather(*(self._stop(push) for push in pushes_of(story)))
        own, edits = made[:1], [tallies for tallies in made[1:] if tallies.keys() & running]
        return Cancelled(story, *(summed(tally for one in some for tally in one.values()) for some in (own, edits)))

    async def _stop(self, push: str) -> Mapping[tuple[str, str], Tally | None]:
        """The account of a push on every platform, (platform, push) → tally, once nothing of it begins any more."""
        tallies = await asyncio.gather(*(self.ledger.cancel(bot, push) for bot in self.everywhere))
        return {(bot, push): tally for bot, tally in zip(self.everywhere, tallies, strict=True)}

    async def _waits(self, story: Story) -> bool:
        """Whether it is still to go out by somebody's word, or when its page is there."""
        return bool(story.held) or any(story_id == story.id for story_id, _ in await self.stories.waiting())

    async def _running(self, story: Story) -> set[tuple[str, str]]:
        """(platform, push) of what is owed or open of it, edits too."""
        pushes = [(bot, push) for push in pushes_of(story) for bot in self.everywhere]
        owed = {(bot, push) for push, bot in await self.stories.todo()}
        tallies = await asyncio.gather(*(self.ledger.tally(bot, push) for bot, push in pushes))
        known = zip(pushes, tallies, strict=True)
        return {one for one, tally in known if one in owed or (tally is not None and tally.state == "open")}

    async def doubts(self, target: str) -> tuple[Story, Sequence[Doubt]]:
        """A story and its deliveries in doubt, settled or not. Raises Impossible where there are none."""
        story = await self.find(target)
        found = await asyncio.gather(*(self.ledger.doubtful(bot, story.id) for bot in self.everywhere))
        doubts = [doubt for some in found for doubt in some]
        if not doubts:
            raise Impossible("doubt.none", id=story.id)
        return story, doubts

    async def settle(self, target: str, verdict: Literal["resend", "hold"], who: str) -> Settled:
        """Every delivery in doubt of a story is sent once more, silently and never twice, or stays as it is. Raises
        Impossible where there is none, and where nothing can be sent any more."""
        story, doubts = await self.doubts(target)
        if verdict == "resend":
            tallies = await asyncio.gather(*(self.ledger.tally(bot, story.id) for bot in self.everywhere))
            if any(tally is not None and tally.state == "cancelled" for tally in tallies):
                raise Impossible("doubt.cancelled", id=story.id)
            if all(doubt.again for doubt in doubts):
                raise Impossible("doubt.again", id=story.id)
        await self.audit.record(who, "doubt", story.id, verdict)
        why = f"{'resent' if verdict == 'resend' else 'held'} by {who}"
        done = 0
        for doubt in doubts:
            done += await self.ledger.settle(doubt.address.platform, doubt, verdict, why)
        if not done and verdict == "resend":
            raise Impossible("doubt.old", id=story.id)
        return Settled(story, verdict, done, len(doubts) - done)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What was stopped: the account of the story as it stood then, and of those of its edits that were running."""

    story: Story
    account: Mapping[str, int]
    edits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Settled:
    """How many deliveries in doubt were settled so, and how many were not: sent once more already, or answered meanwhile."""

    story: Story
    verdict: Literal["resend", "hold"]
    done: int
    left: int


def summed(tallies: Iterable[Tally | None]) -> dict[str, int]:
    """The counts of several accounts together."""
    known = [tally for tally in tallies if tally]
    return {name: sum(getattr(tally, name) for tally in known) for name in COUNTS}


def refuse_unfit(article: Article) -> None:
    """Raises Impossible for what is no news to send, whoever asks."""
    if article.state != "publishable":
        raise Impossible("push.not_publishable", state=article.state, problem=article.problem)
    if reason := editorial.unfit(article):
        raise Impossible("push.unfit", reason=reason)


def spellings(address: str) -> Sequence[str]:
    """The ways an address may be known: as given, without what follows "?" or "#", encoded or not, ± the last slash."""
    bare = address.partition("#")[0].partition("?")[0]
    if not bare.startswith(("http://", "https://")):
        return (address,)
    encoded = quote(unquote(bare), safe=":/@!$&'()*+,;=~-._")
    found = [address]
    for one in (bare, encoded, unquote(bare)):
        found += [one, one.rstrip("/"), one.rstrip("/") + "/"]
    return tuple(dict.fromkeys(found))
