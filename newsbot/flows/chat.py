"""What readers say: start, subscribe, unsubscribe, topics, latest, help; and the bot's own coming and going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from newsbot.core import commands, topics
from newsbot.core.model import Address, Button, Inbound, Person, Reply, Subscriber, Topic, Urgency
from newsbot.flows.words import Words
from newsbot.ports import Clock, Stories, Subscribers

log = structlog.get_logger()

ALL = {"all", "전체", "모두"}
LANGUAGES = {"ko", "en"}
URGENCIES = {"breaking": Urgency.BREAKING, "속보": Urgency.BREAKING, "속보만": Urgency.BREAKING}
MOST_LATEST = 10


@dataclass(frozen=True)
class Chat:
    """The readers' half of the door."""

    subscribers: Subscribers
    stories: Stories
    topics: tuple[Topic, ...]
    words: Words
    clock: Clock
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
                return self._start(inbound, language)
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
                await self.subscribers.set_state(inbound.address, "quarantined")
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
        found = await self.subscribers.get(inbound.address)
        if found and found.state == "quarantined":
            await self.subscribers.set_state(inbound.address, "active")
            log.info("membership", platform=inbound.address.platform, kind="restored")
            return ()
        if inbound.place == "channel":
            return ()  # a channel's readers are not addressed; its admins know what they added
        return (Reply(self.words.say(self.words.pick(inbound.language), "welcome.group", publisher=self.publisher)),)

    def _start(self, inbound: Inbound, language: str) -> Sequence[Reply]:
        say = self.words.say
        return (
            Reply(
                say(language, "welcome", publisher=self.publisher),
                (
                    Button(say(language, "button.all"), f"subscribe all {language}"),
                    Button(say(language, "button.breaking"), f"subscribe all breaking {language}"),
                    Button(say(language, "button.topics"), "topics"),
                ),
            ),
        )

    async def _subscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        named = [word for word in arguments if word.casefold() not in LANGUAGES]
        language = next((word.casefold() for word in arguments if word.casefold() in LANGUAGES), language)
        urgency = next((URGENCIES[word.casefold()] for word in named if word.casefold() in URGENCIES), None)
        named = [word for word in named if word.casefold() not in URGENCIES]
        every = not named or any(word.casefold() in ALL for word in named)
        found: list[Topic] = []
        for word in named if not every else ():
            if topic := topics.lookup(self.topics, word):
                found.append(topic)
            else:
                return (Reply(self._no_topic(word, language)),)
        before = await self.subscribers.get(inbound.address)
        if before is None or before.state != "active":
            before = None
        wanted = Subscriber(inbound.address, frozenset(t.id for t in found), urgency or Urgency.NORMAL, language)
        if before:
            keep = frozenset() if every or not before.topics else before.topics | wanted.topics
            wanted = replace(before, topics=keep, language=language, urgency=urgency or before.urgency)
            if wanted == before:
                return (Reply(self.words.say(language, "subscribe.already")),)
        await self.subscribers.put(wanted)
        return (self._subscribed(found, language, urgency),)

    def _subscribed(self, found: Sequence[Topic], language: str, urgency: Urgency | None) -> Reply:
        say = self.words.say
        names = ", ".join(topic.label(language) for topic in found)
        text = say(language, "subscribe.topics", topics=names) if found else say(language, "subscribe.all")
        if urgency is Urgency.BREAKING:
            text += " " + say(language, "subscribe.breaking")
        undo = "unsubscribe " + " ".join(topic.id for topic in found)
        return Reply(text, (Button(say(language, "button.undo"), undo.strip()),) if len(undo) <= 64 else ())

    async def _unsubscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        before = await self.subscribers.get(inbound.address)
        if before is None or before.state != "active":
            return (Reply(self.words.say(language, "unsubscribe.none")),)
        if not arguments or any(word.casefold() in ALL for word in arguments):
            await self.subscribers.set_state(inbound.address, "stopped")
            return (Reply(self.words.say(language, "unsubscribe.all")),)
        gone: list[Topic] = []
        for word in arguments:
            if topic := topics.lookup(self.topics, word):
                gone.append(topic)
            else:
                return (Reply(self._no_topic(word, language)),)
        had = before.topics or frozenset(topic.id for topic in self.topics)
        left = had - {topic.id for topic in gone}
        if left:
            await self.subscribers.put(replace(before, topics=left))
        else:
            await self.subscribers.set_state(inbound.address, "stopped")
        names = ", ".join(topic.label(language) for topic in gone)
        return (Reply(self.words.say(language, "unsubscribe.topics", topics=names)),)

    async def _topics(self, inbound: Inbound, language: str) -> Sequence[Reply]:
        found = await self.subscribers.get(inbound.address)
        mine = found.topics if found and found.state == "active" else None
        lines = [self.words.say(language, "topics.title")]
        for topic in self.topics:
            on = mine is not None and (not mine or topic.id in mine)
            lines.append(f"{'●' if on else '○'} {topic.label(language)} · {topic.id}")
        lines.append(self.words.say(language, "topics.how", example=self.topics[0].label(language)))
        return (Reply("\n".join(lines)),)

    async def _latest(self, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        amount, topic = 5, None
        for word in arguments:
            if word.isdecimal():
                amount = min(max(int(word), 1), MOST_LATEST)
            elif found := topics.lookup(self.topics, word):
                topic = found
            else:
                return (Reply(self._no_topic(word, language)),)
        lines = []
        for story in await self.stories.recent(200):
            if story.held is None and (topic is None or topic.id in story.topics):
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
