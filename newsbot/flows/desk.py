"""What editors and on-call do, from chat and from the terminal alike: push, alerts, status, pause, resume, cancel.

Every deed is written to the audit before it happens. `Desk` answers in chat; `Deeds` is what it, and the terminal, do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from newsbot.core import commands, editorial, text
from newsbot.core.model import Article, Button, Inbound, Person, Rendered, Reply, Story, Urgency
from newsbot.flows.ingest import Ingest
from newsbot.flows.plan import Plan
from newsbot.flows.report import Report
from newsbot.flows.words import Words
from newsbot.ports import Audit, Clock, Ledger, Stories, Subscribers

SHOWN = 10
URGENCIES = {
    "breaking": Urgency.BREAKING,
    "속보": Urgency.BREAKING,
    "normal": Urgency.NORMAL,
    "일반": Urgency.NORMAL,
    "flash": Urgency.FLASH,
    "긴급": Urgency.FLASH,
}


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

    async def cancel(self, target: str, who: str) -> tuple[Story, Mapping[str, int]]:
        """The rest of a running fan-out is not sent; what it reached. Raises Impossible where nothing is running."""
        story = await self.find(target)
        if story.held:
            raise Impossible("cancel.held", id=story.id)
        owed = [bot for story_id, bot in await self.stories.todo() if story_id == story.id]
        before = [await self.ledger.tally(bot, story.id) for bot in self.everywhere]
        if not owed and all(tally is None or tally.state != "open" for tally in before):
            raise Impossible("cancel.over", id=story.id)
        await self.audit.record(who, "cancel", story.id)
        await self.plan.owed(story.id)  # an unplanned rest could be planned behind our back
        tallies = [await self.ledger.cancel(bot, story.id) for bot in self.everywhere]
        names = ("audience", "sent", "sending", "cancelled", "doubt", "dead", "skipped")
        return story, {name: sum(getattr(tally, name) for tally in tallies if tally) for name in names}


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


@dataclass(frozen=True)
class Desk:
    """The editors' and on-call's half of the door."""

    deeds: Deeds
    report: Report
    subscribers: Subscribers
    render: Callable[[Story, str, str], Rendered]
    rates: Mapping[str, float]
    words: Words

    async def handle(
        self, inbound: Inbound, command: commands.Command, person: Person, language: str
    ) -> Sequence[Reply]:
        """The answer to an editor's or on-call's verb."""
        try:
            match command.verb.name:
                case "push":
                    return await self._push(inbound, command.arguments, person, language)
                case "send":
                    return await self._send(command.arguments, person, language)
                case "close":
                    return await self._close(command.arguments, person, language)
                case "drop":
                    return await self._drop(command.arguments, person, language)
                case "alerts":
                    return await self._alerts(language)
                case "status":
                    return await self._status(language)
                case "pause":
                    await self.deeds.pause(person.name)
                    return (Reply(self.words.say(language, "paused")),)
                case "resume":
                    done = await self.deeds.resume(person.name)
                    return (Reply(self.words.say(language, "resumed" if done else "resume.none")),)
                case _:
                    return await self._cancel(command.arguments, person, language)
        except Impossible as error:
            fields = error.fields
            if error.key == "push.unfit":
                fields = {"reason": self.words.say(language, f"unfit.{fields['reason']}")}
            return (Reply(self.words.say(language, error.key, **fields)),)

    async def _push(self, inbound: Inbound, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if not arguments or len(arguments) > 2:
            raise Impossible("push.how")
        urgency = URGENCIES.get(arguments[1].casefold()) if len(arguments) == 2 else None
        if len(arguments) == 2 and urgency is None:
            raise Impossible("push.how")
        story = self._today(await self.deeds.prepare(arguments[0], urgency, None))
        nonce = secrets.token_urlsafe(9)
        await self.deeds.audit.offer(
            nonce, {"story": story.id, "hash": story.body_hash, "person": person.name, "shown": self._digest(story)}
        )
        say = self.words.say
        sizes = ", ".join([f"{bot} {await self.subscribers.count(bot):,}" for bot in self.deeds.bots])
        card = say(
            language,
            "push.card",
            id=story.id,
            urgency=say(language, f"urgency.{story.urgency.value}"),
            held=held_words(self.words, language, story.held or ""),
            most=sizes,
        )
        shown = self.render(story, inbound.address.platform, language)
        return Reply("", alert=shown), Reply(card, self._choice(story.id, nonce, language))

    def _choice(self, story: str, nonce: str, language: str) -> tuple[Button, Button]:
        say = self.words.say
        return (
            Button(say(language, "button.send"), f"send {story} {nonce}"),
            Button(say(language, "button.close"), f"close {story} {nonce}"),
        )

    async def _mine(self, arguments: Sequence[str], person: Person, language: str) -> Mapping[str, Any] | Reply:
        """What this card stands for; the answer instead, where it is another editor's: it stays pressable for that one."""
        what = await self.deeds.audit.see(arguments[1]) if len(arguments) == 2 else None
        if what is None:
            raise Impossible("send.expired")
        if what["person"] == person.name:
            return what
        words = self.words.say(language, "send.other", name=what["person"])
        return Reply(words, self._choice(what["story"], arguments[1], language))

    async def _close(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        what = await self._mine(arguments, person, language)
        if isinstance(what, Reply):
            return (what,)
        await self.deeds.audit.take(arguments[1])
        return (Reply(self.words.say(language, "push.closed")),)

    async def _send(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        what = await self._mine(arguments, person, language)
        if isinstance(what, Reply):
            return (what,)
        story = await self.deeds.find(what["story"])
        if await self.deeds.audit.take(arguments[1]) is None:
            raise Impossible("send.expired")
        if story.body_hash != what["hash"] or self._digest(self._today(story)) != what["shown"]:
            raise Impossible("send.changed", id=story.id)
        article = await self.deeds.stories.article(story.article)
        if article is not None:
            refuse_unfit(article)
        if not await self.deeds.release(story, person.name):
            raise Impossible("send.changed", id=story.id)
        return (Reply(self.words.say(language, "sent.out", id=story.id)),)

    def _today(self, story: Story) -> Story:
        """The story as it would go out now: an alert names its day once it is not of today."""
        return story.model_copy(update={"accepted_at": self.deeds.clock().timestamp()})

    async def _drop(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if len(arguments) != 1:
            raise Impossible("drop.how")
        story = await self.deeds.drop(arguments[0], person.name)
        return (Reply(self.words.say(language, "dropped", id=story.id)),)

    async def _alerts(self, language: str) -> Sequence[Reply]:
        """What waits for a person, then what went out."""
        say = self.words.say
        held = await self.report.recent(SHOWN, held=True)
        out = [row for row in await self.report.recent(2 * SHOWN) if not row["reason"]][:SHOWN]
        lines = [say(language, "alerts.held")] if held else []
        lines += [
            f"{row['id']} · {held_words(self.words, language, row['reason'])} · {row['headline']}" for row in held
        ]
        lines += [say(language, "alerts.recent")] if out else []
        lines += [
            f"{row['id']} · {say(language, 'state.' + row['state'])} · {row['sent']:,}/{row['audience']:,} · {row['headline']}"
            for row in out
        ]
        return (Reply("\n".join(lines) if lines else say(language, "latest.none")),)

    async def _status(self, language: str) -> Sequence[Reply]:
        say = self.words.say
        counts = await self.report.counts()
        lines = [say(language, "status.title", **counts)]
        for name, row in (await self.report.platforms(self.rates)).items():
            state = platform_state(row)
            fields = {**row, "name": name, "state": say(language, f"platform.{state}", by=row["paused"] or "")}
            lines.append(say(language, "status.platform", **fields))
        lines += [
            say(language, "status.source.ok" if source["ok"] else "status.source.bad", **source)
            for source in await self.report.sources()
        ]
        return (Reply("\n".join(lines)),)

    async def _cancel(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if len(arguments) != 1:
            raise Impossible("cancel.how")
        story, total = await self.deeds.cancel(arguments[0], person.name)
        figures = {name: f"{count:,}" for name, count in total.items()}
        lost = total["dead"] + total["skipped"]
        parts = [self.words.say(language, "cancelled", id=story.id, **figures)]
        parts += [
            self.words.say(language, f"cancelled.{name}", number=f"{number:,}")
            for name, number in (("sending", total["sending"]), ("doubt", total["doubt"]), ("lost", lost))
            if number
        ]
        return (Reply(" ".join(parts)),)

    def _digest(self, story: Story) -> str:
        """One hash over what every platform would send in every language."""
        drawn = [
            self.render(story, bot, language).digest for bot in self.deeds.bots for language in self.words.catalogs
        ]
        return " ".join(drawn)


def platform_state(row: Mapping[str, Any]) -> str:
    """The one word for a platform's row in `status`: what keeps it from sending comes first."""
    if not row["on"]:
        return "off"
    if not row["workers"]:
        return "dead"
    return "paused" if row["paused"] else "frozen" if row["frozen_s"] else "on"


def held_words(words: Words, language: str, reason: str) -> str:
    """Why a story waits, in the reader's language; a reason without words of its own stands as it is."""
    return words.catalog(language).get(f"held.{reason}", reason)
