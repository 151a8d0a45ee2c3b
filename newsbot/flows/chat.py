"""What readers say: start, subscribe, unsubscribe, topics, latest, help; and the bot's own coming and going."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from newsbot.core import commands, topics
from newsbot.core.model import Address, Button, Inbound, Person, Reply, Subscriber, Topic, Urgency
from newsbot.flows.report import Report
from newsbot.flows.words import Words
from newsbot.ports import Stories, Subscribers

log = structlog.get_logger()

ALL = {"all", "everything", "전체", "전부", "모두"}
LANGUAGES = {"ko", "en"}
URGENCIES = {
    "breaking": Urgency.BREAKING,
    "속보": Urgency.BREAKING,
    "속보만": Urgency.BREAKING,
    "normal": Urgency.NORMAL,
    "일반": Urgency.NORMAL,
    "flash": Urgency.FLASH,
    "긴급": Urgency.FLASH,
}
MOST_LATEST = 10
MOST_DATA = 64  # bytes a button may say


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for: topics, all of them (`every`), how urgent, in which language; `unknown` is no such word."""

    topics: tuple[Topic, ...] = ()
    every: bool = False
    urgency: Urgency | None = None
    language: str = ""
    unknown: str = ""


@dataclass(frozen=True)
class Chat:
    """The readers' half of the door."""

    subscribers: Subscribers
    stories: Stories
    report: Report
    topics: tuple[Topic, ...]
    words: Words
    publisher: str

    async def language(self, inbound: Inbound) -> str:
        """The language of this place: what it chose, else what the person's app says, else the default."""
        found = await self.subscribers.get(inbound.address)
        return self.words.pick(found.language if found else inbound.language)

    async def handle(
        self, inbound: Inbound, command: commands.Command, person: Person | None, language: str
    ) -> Sequence[Reply]:
        """The answer to a reader's verb."""
        match command.verb.name:
            case "start":
                return await self._start(inbound, language)
            case "stop":
                return await self._stop(inbound, person, language)
            case "restore":
                return await self._restore(inbound, command.arguments, language)
            case "subscribe":
                return await self._subscribe(inbound, command.arguments, language)
            case "unsubscribe":
                return await self._unsubscribe(inbound, command.arguments, language)
            case "topics":
                return await self._topics(inbound, language)
            case "latest":
                return await self._latest(command.arguments, language)
            case _:
                return self._help(person, language)

    async def membership(self, inbound: Inbound) -> Sequence[Reply]:
        """The bot was added, thrown out, blocked or unblocked, or the chat moved. Settings are kept throughout."""
        match inbound.kind:
            case "removed":
                for found in await self.subscribers.under(inbound.address):
                    if found.state == "active":  # who stopped stays stopped when the bot comes back
                        await self.subscribers.set_state(found.address, "quarantined")
            case "blocked":
                await self.subscribers.set_state(inbound.address, "stopped")
            case "moved":
                await self.subscribers.move(inbound.address, Address(inbound.address.platform, inbound.text))
            case "added":
                return await self._added(inbound)
            case _:
                pass  # unblocked: a person who comes back says /start or subscribes again
        log.info("membership", platform=inbound.address.platform, kind=inbound.kind)
        return ()

    async def _added(self, inbound: Inbound) -> Sequence[Reply]:
        resting = [one for one in await self.subscribers.under(inbound.address) if one.state == "quarantined"]
        for found in resting:
            await self.subscribers.set_state(found.address, "active")
        if resting:
            log.info("membership", platform=inbound.address.platform, kind="restored", places=len(resting))
            return ()
        if inbound.place == "channel":
            return ()  # a channel's readers are not addressed; its admins know what they added
        return (Reply(self.words.say(self.words.pick(inbound.language), "welcome.group", publisher=self.publisher)),)

    async def _start(self, inbound: Inbound, language: str) -> Sequence[Reply]:
        say = self.words.say
        if inbound.place == "channel" and not inbound.discreet:
            return (Reply(say(language, "welcome.group", publisher=self.publisher)),)
        found = await self.subscribers.get(inbound.address)
        if found and found.state == "quarantined":  # whoever speaks to us can be written to
            await self.subscribers.set_state(found.address, "active", "quarantined")
            found = await self.subscribers.get(inbound.address)
        text = say(language, "welcome", publisher=self.publisher)
        if found and found.state == "active":
            text += "\n" + self._now(found)
        again = (Button(say(language, "button.again"), "subscribe"),) if found and found.state != "active" else ()
        choices = (
            Button(say(language, "button.all"), f"subscribe all {language}"),
            Button(say(language, "button.breaking"), f"subscribe all breaking {language}"),
            Button(say(language, "button.topics"), "topics"),
        )
        return (Reply(text, (*again, *choices)),)

    def _wish(self, arguments: Sequence[str]) -> Wish:
        """The words in any order, with or without commas."""
        wish = Wish()
        for word in (part for argument in arguments for part in argument.split(",") if part):
            folded = word.casefold()
            if folded in LANGUAGES:
                wish = replace(wish, language=folded)
            elif folded in URGENCIES:
                wish = replace(wish, urgency=URGENCIES[folded])
            elif folded in ALL:
                wish = replace(wish, every=True)
            elif topic := topics.lookup(self.topics, word):
                wish = replace(wish, topics=(*wish.topics, topic))
            else:
                return Wish(unknown=word)
        return wish

    async def _subscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        wish = self._wish(arguments)
        language = wish.language or language
        if wish.unknown:
            return (Reply(self._no_topic(wish.unknown, language)),)
        found = await self.subscribers.get(inbound.address)
        before = found if found and found.state == "active" else None
        wanted = wanted_by(wish, inbound.address, found, language)
        if wanted == before:
            more = Button(self.words.say(language, "button.all"), "subscribe all")
            limited = bool(before.topics) or before.urgency is not Urgency.NORMAL
            text = self.words.say(language, "subscribe.already") + "\n" + self._now(before)
            return (Reply(text, (more,) if limited else ()),)
        await self.subscribers.put(wanted)
        shown = [topic.id for topic in wish.topics] if not wish.every else []
        undo = restoring(before) if before else "unsubscribe"
        buttons = self._undo(undo, language)
        if inbound.kind == "press":
            buttons = (*buttons, Button(self.words.say(language, "button.topics"), "topics"))
        return (Reply(self._subscribed(wanted, shown), buttons),)

    def _subscribed(self, wanted: Subscriber, shown: Sequence[str]) -> str:
        say, language = self.words.say, wanted.language
        names = self._names(shown or wanted.topics, language)
        text = say(language, "subscribe.topics", topics=names) if names else say(language, "subscribe.all")
        return text + self._least(wanted.urgency, language)

    def _now(self, subscriber: Subscriber) -> str:
        """What is on, in the subscriber's language."""
        say, language = self.words.say, self.words.pick(subscriber.language)
        names = self._names(subscriber.topics, language) or say(language, "subscribe.everything")
        return say(language, "subscribe.now", topics=names) + self._least(subscriber.urgency, language)

    def _least(self, urgency: Urgency, language: str) -> str:
        """The sentence about urgency, where not everything is sent."""
        return "" if urgency is Urgency.NORMAL else " " + self.words.say(language, f"subscribe.{urgency.value}")

    def _names(self, ids: Collection[str], language: str) -> str:
        return ", ".join(topic.label(language) for topic in self.topics if topic.id in ids)

    def _undo(self, data: str, language: str) -> tuple[Button, ...]:
        return (Button(self.words.say(language, "button.undo"), data),) if len(data.encode()) <= MOST_DATA else ()

    async def _restore(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        """The choices of before, as the button that undoes a change names them."""
        found = await self.subscribers.get(inbound.address)
        wish = self._wish(arguments)
        if found is None or wish.unknown or not wish.language or not wish.urgency:
            return (Reply(self.words.say(language, "unknown")),)
        ids = frozenset(topic.id for topic in wish.topics)
        wanted = replace(found, topics=ids, urgency=wish.urgency, language=wish.language, state="active")
        await self.subscribers.put(wanted)
        return (Reply(self.words.say(wanted.language, "restored") + "\n" + self._now(wanted)),)

    async def _stop(self, inbound: Inbound, person: Person | None, language: str) -> Sequence[Reply]:
        """Everything off; from somebody of the desk it could mean a fan-out, so nothing happens."""
        if person is not None:
            return (Reply(self.words.say(language, "stop.which")),)
        return await self._unsubscribe(inbound, (), language)

    async def _unsubscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        before = await self.subscribers.get(inbound.address)
        if before is None or before.state != "active":
            return (Reply(self.words.say(language, "unsubscribe.none")),)
        wish = self._wish(arguments)
        if wish.unknown:
            return (Reply(self._no_topic(wish.unknown, language)),)
        undo = self._undo(restoring(before), language)
        had = before.topics or frozenset(topic.id for topic in self.topics)
        gone = frozenset(topic.id for topic in wish.topics)
        if not gone and not wish.every and wish.urgency and wish.urgency is not before.urgency:
            return (Reply(self.words.say(language, "unsubscribe.not") + "\n" + self._now(before)),)
        if not gone or wish.every or not had - gone:
            await self.subscribers.set_state(inbound.address, "stopped")
            return (Reply(self.words.say(language, "unsubscribe.all"), undo),)
        if not gone & had:
            return (Reply(self.words.say(language, "unsubscribe.not") + "\n" + self._now(before)),)
        await self.subscribers.put(replace(before, topics=had - gone))
        return (Reply(self.words.say(language, "unsubscribe.topics", topics=self._names(gone, language)), undo),)

    async def _topics(self, inbound: Inbound, language: str) -> Sequence[Reply]:
        found = await self.subscribers.get(inbound.address)
        mine = found.topics if found and found.state == "active" else None
        lines, buttons = [self.words.say(language, "topics.title")], []
        for topic in self.topics:
            on = mine is not None and (not mine or topic.id in mine)
            lines.append(f"{'●' if on else '○'} {topic.label(language)} · {topic.id}")
            if not on:
                buttons.append(Button(topic.label(language), f"subscribe {topic.id} {language}"))
        first = self.topics[0]
        example = first.hashtag if language == "ko" else first.id
        lines.append(self.words.say(language, "topics.how", example=example))
        return (Reply("\n".join(lines), tuple(buttons)),)

    async def _latest(self, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        amount, topic = 5, None
        for word in arguments:
            if word.isdecimal():
                amount = min(max(int(word[:4]), 1), MOST_LATEST)
            elif found := topics.lookup(self.topics, word):
                topic = found
            else:
                return (Reply(self._no_topic(word, language)),)
        lines = []
        for story in await self.stories.recent(200):
            if (topic is None or topic.id in story.topics) and await self.report.went_out(story):
                lines.append(f"• {story.headline}\n  {story.link or ''}".rstrip())
            if len(lines) == amount:
                break
        if not lines:
            return (Reply(self.words.say(language, "latest.none")),)
        return (Reply("\n".join([self.words.say(language, "latest.title"), *lines])),)

    def _help(self, person: Person | None, language: str) -> Sequence[Reply]:
        lines = [self.words.say(language, "help.title")]
        for verb in commands.for_roles(person.roles if person else ()):
            korean = f" ({verb.korean[0]})" if language == "ko" and verb.korean else ""
            lines.append(f"{verb.example}{korean}: {self.words.say(language, f'help.{verb.name}')}")
        return (Reply("\n".join(lines)),)

    def _no_topic(self, word: str, language: str) -> str:
        near = topics.nearest(self.topics, word)
        if near:
            return self.words.say(language, "topic.near", near=near.label(language))
        return self.words.say(language, "topic.unknown")


def wanted_by(wish: Wish, address: Address, before: Subscriber | None, language: str) -> Subscriber:
    """What the subscriber is after this wish.

    Topics are added; "all" takes every limit away; a language or an urgency alone leaves the topics as they are. Who
    stopped and asks for nothing in particular gets what it had.
    """
    named = frozenset(topic.id for topic in wish.topics)
    if wish.every or before is None or (named and before.state != "active"):
        ids = frozenset() if wish.every else named
        fresh = Subscriber(address, ids, wish.urgency or Urgency.NORMAL, language)
        return replace(fresh, since=before.since, index=before.index) if before else fresh
    ids = before.topics | named if before.topics and named else before.topics
    urgency = wish.urgency or before.urgency
    return replace(before, topics=ids, urgency=urgency, language=language, state="active")


def restoring(subscriber: Subscriber) -> str:
    """What a button says to bring these choices back."""
    return " ".join(
        ["restore", subscriber.urgency.value, subscriber.language, ",".join(sorted(subscriber.topics))]
    ).strip()
