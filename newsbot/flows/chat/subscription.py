"""Starting, choosing topics, and leaving: what a reader subscribes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from newsbot.core import topics
from newsbot.core.commands import MOST_DATA
from newsbot.core.model import Address, Button, Choices, Inbound, Person, Reply, Subscriber, Topic, Urgency
from newsbot.flows.chat.common import Common, gathers
from newsbot.flows.chat.lately import undo_button

ONLY = {"only", "just", "만"}
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
NONE = topics.NONE  # no topic at all, keywords alone
REASONS = ("many", "useless", "other")
"""What may be said at the way out."""
AROUND = {"to", "from", "about", "news", "alerts", "please", "the", "뉴스", "소식", "기사"}
"""What people say around a topic."""
RECENT = 50  # stories looked through for an example


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for: topics, all of them (`every`), how urgent, in which language; `unknown` is no such word."""

    topics: tuple[Topic, ...] = ()
    every: bool = False
    urgency: Urgency | None = None
    language: str = ""
    unknown: str = ""
    nothing: bool = False  # no topic, keywords alone
    only: bool = False  # these topics and no other


@dataclass(frozen=True)
class Subscription:
    """What is subscribed here."""

    common: Common

    async def start(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        """The welcome; a link that named a topic (t.me/…?start=politics) subscribes it at once."""
        say, linked = self.common.say, self.linked(arguments)
        if linked and (inbound.place == "private" or inbound.discreet):
            return await self.subscribe(inbound, linked, language)
        if inbound.place == "channel" and not inbound.discreet:
            return (Reply(say(language, "welcome.group", publisher=self.common.publisher)),)
        found = await self.common.subscribers.get(inbound.address)
        if found and found.state == "quarantined":  # whoever speaks to us can be written to
            await self.common.subscribers.set_state(found.address, "active", "quarantined")
            found = await self.common.subscribers.get(inbound.address)
        active = found if found and found.state == "active" else None
        text = self.welcome(language, active)
        if example := await self._example(language):
            text += "\n\n" + example
        if active:
            text += "\n\n" + self.now(active)
        again = (Button(say(language, "button.again"), "subscribe"),) if found and not active else ()
        everything = active and not active.topics and active.urgency is Urgency.NORMAL and not active.choices.least
        choices = (
            *(() if everything else (Button(say(language, "button.all"), f"subscribe all {language}"),)),
            Button(say(language, "button.breaking"), f"subscribe breaking {language}"),
            Button(say(language, "button.topics"), "topics"),
        )
        return (Reply(text, (*again, *choices)),)

    def linked(self, arguments: Sequence[str]) -> list[str]:
        """The words a link carries, which joins them by "_"; nothing where they name no topic."""
        for words in (list(arguments), [part for word in arguments for part in word.split("_") if part]):
            wish = self.wish(words)
            if wish.topics or wish.every:
                return words
        return []

    def welcome(self, language: str, active: Subscriber | None = None) -> str:
        """What somebody who knows nothing of us is told first; to whom we write already, by its own hours."""
        say, chosen = self.common.say, active.choices if active else self.common.defaults
        lines = [say(language, "welcome", publisher=self.common.publisher)]
        if gathers(active) if active else chosen.gather and chosen.digests:
            lines.append(say(language, "welcome.gather", times=self.common.slots(chosen, language)))
        return "\n".join([*lines, say(language, "welcome.stored")])

    async def _example(self, language: str) -> str:
        """The newest alert that went out at once: what readers are in for."""
        for story in await self.common.stories.recent(RECENT):
            loud = story.urgency is not Urgency.NORMAL and story.kind == "alert" and not story.test
            if loud and not story.held and not story.dropped:
                return self.common.say(language, "welcome.example", headline=story.headline)
        return ""

    def wish(self, arguments: Sequence[str]) -> Wish:
        """The words in any order, with or without commas."""
        wish = Wish()
        for word in (part for argument in arguments for part in argument.split(",") if part):
            folded = word.casefold()
            if folded in LANGUAGES:
                wish = replace(wish, language=folded)
            elif folded in URGENCIES:
                wish = replace(wish, urgency=URGENCIES[folded])
            elif folded == NONE:
                wish = replace(wish, nothing=True)
            elif folded in ALL:
                wish = replace(wish, every=True)
            elif folded in ONLY:
                wish = replace(wish, only=True)
            elif topic := topics.lookup(self.common.topics, word):
                wish = replace(wish, topics=(*wish.topics, topic))
            elif folded.endswith("만") and (topic := topics.lookup(self.common.topics, word.removesuffix("만"))):
                wish = replace(wish, topics=(*wish.topics, topic), only=True)
            elif folded not in AROUND:
                return Wish(unknown=word)
        return wish

    async def subscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        """Topics on, how urgent, in which language; whoever is new begins with the newsroom's defaults."""
        wish = self.wish(arguments)
        language = wish.language or language
        if wish.unknown:
            return (Reply(self.no_topic(wish.unknown, language)),)
        found = await self.common.subscribers.get(inbound.address)
        before = found if found and found.state == "active" else None
        wanted = wanted_by(wish, inbound.address, found, language, self.common.defaults)
        alone = not (wish.urgency or wish.language or wish.every or wish.only)
        if before and not before.topics and wish.topics and alone:
            return (self._all_of_it(before, wish, language),)
        if wanted == before:
            more = Button(self.common.say(language, "button.all"), "subscribe all")
            limited = bool(before.topics) or before.urgency is not Urgency.NORMAL
            text = self.common.say(language, "subscribe.already") + "\n" + self.now(before)
            return (self._though_muted(before, Reply(text, (more,) if limited else ()), language),)
        stored = await self.common.keep(found, wanted)
        shown = [topic.id for topic in wish.topics] if not wish.every else []
        undo = self.restoring(before) if before else "unsubscribe"
        buttons = (
            *self._undo(stored, undo, language),
            Button(self.common.say(language, "button.settings"), "settings"),
        )
        if inbound.kind == "press":
            buttons = (*buttons, Button(self.common.say(language, "button.topics"), "topics"))
        again = found is not None and before is None and wish in (Wish(), Wish(language=wish.language))
        text = self.now(wanted) if NONE in wanted.topics or wish.only or again else self._subscribed(wanted, shown)
        text = self.common.say(wanted.language, "subscribe.again") + " " + text if again else text
        if NONE in wanted.topics and not wanted.choices.words:
            text += "\n" + self.common.say(wanted.language, "keyword.how")
        if before is None:
            text += "\n" + self._first(wanted)
        return (Reply(text, buttons),)

    def _though_muted(self, found: Subscriber, reply: Reply, language: str) -> Reply:
        """With the mute that keeps what is on from coming, and its end."""
        if not self.common.muted(found.choices):
            return reply
        when = self.common.when(found.choices.muted, self.common.zone(found), language)
        end = Button(self.common.say(language, "mute.end"), "unmute")
        text = f"{reply.text}\n{self.common.say(language, 'chosen.mute', when=when)}"
        return replace(reply, text=text, buttons=(end, *reply.buttons))

    def _all_of_it(self, before: Subscriber, wish: Wish, language: str) -> Reply:
        """To somebody who has everything and asks for a topic: it may have been meant as this one alone."""
        say, ids = self.common.say, [topic.id for topic in wish.topics]
        only = Button(say(language, "button.only", topics=self.names(ids, language)), f"subscribe only {' '.join(ids)}")
        picks = (only, Button(say(language, "button.topics"), "topics"))
        text = say(language, "subscribe.already") + "\n" + self.now(before)
        reply = Reply(text, tuple(one for one in picks if len(one.data.encode()) <= MOST_DATA))
        return self._though_muted(before, reply, language)

    def offered(self, ids: Sequence[str], settings: Button, language: str) -> Reply:
        """To words about these topics that ask for nothing we understand: what could be done with them."""
        say, names = self.common.say, self.names(ids, language)
        picks = (
            Button(say(language, "button.only", topics=names), f"subscribe only {' '.join(ids)}"),
            Button(say(language, "button.add", topics=names), f"subscribe {' '.join(ids)}"),
            Button(say(language, "button.less", topics=names), f"unsubscribe {' '.join(ids)}"),
            settings,
        )
        fitting = tuple(one for one in picks if len(one.data.encode()) <= MOST_DATA)
        return Reply(say(language, "unknown.topics", topics=names), fitting, wide=2)

    def _first(self, wanted: Subscriber) -> str:
        """What somebody new should know of the hours and the number."""
        say, language, chosen = self.common.say, wanted.language, wanted.choices
        lines = []
        if gathers(wanted):
            lines.append(say(language, "first.digest", times=self.common.slots(chosen, language)))
        if chosen.quiet:
            lines.append(say(language, "first.quiet", hours=str(chosen.quiet)))
        return "\n".join(lines)

    def _subscribed(self, wanted: Subscriber, shown: Sequence[str]) -> str:
        say, language = self.common.say, wanted.language
        names = self.names(shown or wanted.topics, language)
        text = say(language, "subscribe.topics", topics=names) if names else say(language, "subscribe.all")
        return text + self._least(wanted, language)

    def now(self, subscriber: Subscriber) -> str:
        """What is on, in the subscriber's language."""
        say, language = self.common.say, self.common.words.pick(subscriber.language)
        names = self.names(subscriber.topics, language)
        names = names or say(language, "subscribe.words" if subscriber.topics else "subscribe.everything")
        return say(language, "subscribe.now", topics=names) + self._least(subscriber, language)

    def _least(self, subscriber: Subscriber, language: str) -> str:
        """The sentence about urgency, where not everything is sent; keywords are told of whatever it is."""
        plain = subscriber.urgency is Urgency.NORMAL or NONE in subscriber.topics
        return "" if plain else " " + self.common.say(language, f"subscribe.{subscriber.urgency.value}")

    @property
    def every(self) -> frozenset[str]:
        """The ids of all topics."""
        return frozenset(topic.id for topic in self.common.topics)

    def names(self, ids: Collection[str], language: str) -> str:
        """What these topics are called."""
        return ", ".join(topic.label(language) for topic in self.common.topics if topic.id in ids)

    def _undo(self, after: Subscriber, data: str, language: str) -> tuple[Button, ...]:
        return undo_button(after, data, self.common.say(language, "button.undo"), self.common.clock().timestamp())

    async def taken_back(self, found: Subscriber, language: str) -> Reply:
        """The subscription itself is undone: nobody is asked why."""
        await self.common.subscribers.set_state(found.address, "stopped")
        return Reply(self.common.say(language, "undo.stopped"), replaces=True)

    async def restore(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        """The choices of before, as the button that undoes a change names them."""
        found = await self.common.subscribers.get(inbound.address)
        wanted = self._restored(found, arguments) if found else None
        if wanted is None:
            settings = Button(self.common.say(language, "button.settings"), "settings")
            return (Reply(self.common.say(language, "panel.old"), (settings,)),)
        undo = self.restoring(found) if found and found.state == "active" else ""
        stored = await self.common.keep(found, wanted)
        text = self.common.say(wanted.language, "restored") + "\n" + self.now(wanted)
        settings = Button(self.common.say(wanted.language, "button.settings"), "settings")
        return (Reply(text, (*self._undo(stored, undo, wanted.language), settings)),)

    def _restored(self, found: Subscriber, arguments: Sequence[str]) -> Subscriber | None:
        """`<urgency> <language> [topics] [b:topics…]`, where "b" is another urgency's first letter and whose topics come from
        there on; None for what names no choices of ours."""
        if len(arguments) < 2 or arguments[0] not in URGENCIES or arguments[1] not in LANGUAGES:
            return None
        ids, least = set[str](), list[tuple[str, Urgency]]()
        for floor, _, names in (word.rpartition(":") for word in arguments[2:]):
            urgency = next((one for one in Urgency if floor and one.value.startswith(floor)), None)
            topics = [self._meant(name) for name in names.split(",")]
            if not all(topics) or (floor and urgency is None):
                return None
            if urgency:
                least += [(topic, urgency) for topic in topics]
            else:
                ids |= set(topics)
        choices = replace(found.choices, least=tuple(sorted(least)))
        urgency = URGENCIES[arguments[0]]
        after = replace(found, topics=frozenset(ids), urgency=urgency, language=arguments[1], choices=choices)
        return replace(after, state="active")

    def _meant(self, name: str) -> str:
        """The topic whose id begins like this and no other's; a whole id is itself."""
        near = [topic for topic in sorted(self.every) if name and topic.startswith(name)]
        return name if name == NONE or name in near else near[0] if len(near) == 1 else ""

    def restoring(self, subscriber: Subscriber) -> str:
        """What a button says to bring these choices back: each topic by the first letters that name it alone."""
        short = {topic: next(s for s in _starts(topic) if self._meant(s) == topic) for topic in self.every}
        words = [",".join(short.get(topic, topic) for topic in sorted(subscriber.topics))]
        for urgency in Urgency:
            theirs = [short[topic] for topic, floor in subscriber.choices.least if floor is urgency and topic in short]
            words += [f"{urgency.value[0]}:{','.join(theirs)}"] if theirs else []
        return " ".join(filter(None, ["restore", subscriber.urgency.value, subscriber.language, *words]))

    async def stop(self, inbound: Inbound, person: Person | None, language: str) -> Sequence[Reply]:
        """Everything off; from somebody of the desk it could mean a fan-out, so nothing happens."""
        if person is not None:
            mine = Button(self.common.say(language, "button.unsubscribe"), "unsubscribe")
            return (Reply(self.common.say(language, "stop.which"), (mine,)),)
        return await self.unsubscribe(inbound, (), language)

    async def unsubscribe(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        before = await self.common.subscribers.get(inbound.address)
        if before is None or before.state != "active":
            return (Reply(self.common.say(language, "unsubscribe.none")),)
        wish = self.wish(arguments)
        if wish.unknown:
            return (Reply(self.no_topic(wish.unknown, language)),)
        had = before.topics - {NONE} or (frozenset() if before.topics else self.every)
        gone = frozenset(topic.id for topic in wish.topics)
        other = bool(wish.urgency) and wish.urgency is not before.urgency
        if not wish.every and (not gone & had if gone else other or wish.nothing):
            return (Reply(self.common.say(language, "unsubscribe.not") + "\n" + self.now(before)),)
        if not gone or wish.every or (not had - gone and not before.choices.words):
            return await self._end(inbound, before, language)
        least = tuple(pair for pair in before.choices.least if pair[0] not in gone)
        left = had - gone or frozenset({NONE})
        after = replace(before, topics=left, choices=replace(before.choices, least=least))
        undo = self._undo(await self.common.keep(before, after), self.restoring(before), language)
        if NONE in left:
            text = self.common.say(language, "unsubscribe.words", words=", ".join(sorted(before.choices.words)))
        else:
            text = self.common.say(language, "unsubscribe.topics", topics=self.names(gone, language))
        return (Reply(text, undo),)

    async def _end(self, inbound: Inbound, before: Subscriber, language: str) -> Sequence[Reply]:
        """Nothing comes any more; whoever is asked alone may say why."""
        await self.common.subscribers.set_state(inbound.address, "stopped")
        undo = self._undo(replace(before, state="stopped"), self.restoring(before), language)
        say = self.common.say
        if inbound.place != "private" and not inbound.discreet:
            return (Reply(say(language, "unsubscribe.all"), undo),)
        reasons = [Button(say(language, f"reason.{reason}"), f"reason {reason}") for reason in REASONS]
        text = say(language, "unsubscribe.all") + "\n" + say(language, "reason.ask")
        return (Reply(text, (*undo, *reasons)),)

    def ended(self, subscriber: Subscriber, language: str, said: str) -> Reply:
        """What is said to somebody who has stopped, and how it is undone."""
        text = self.common.say(language, "unsubscribe.all") + "\n" + said
        undo = self._undo(replace(subscriber, state="stopped"), self.restoring(subscriber), language)
        return Reply(text, undo, replaces=True)

    def no_topic(self, word: str, language: str) -> str:
        near = topics.nearest(self.common.topics, word)
        if near:
            return self.common.say(language, "topic.near", near=near.label(language))
        return self.common.say(language, "topic.unknown")


def wanted_by(wish: Wish, address: Address, before: Subscriber | None, language: str, defaults: Choices) -> Subscriber:
    """What the subscriber is after this wish.

    Topics are added; "all" takes every limit away; a language or an urgency alone leaves the topics as they are. Who
    stopped and asks for nothing in particular gets what it had, and always the hours, words and amounts of before.
    """
    named = frozenset(topic.id for topic in wish.topics)
    words = frozenset({NONE}) if wish.nothing else frozenset[str]()
    if before is None:
        return Subscriber(address, named or words, wish.urgency or Urgency.NORMAL, language, choices=defaults)
    plain = replace(before.choices, least=())
    if wish.every or (named and before.state != "active"):
        ids = frozenset[str]() if wish.every else named
        urgency = wish.urgency or Urgency.NORMAL
        return replace(before, topics=ids, urgency=urgency, language=language, state="active", choices=plain)
    ids = (before.topics - {NONE}) | named if before.topics and named else words or before.topics
    if wish.urgency and NONE in ids and not words:  # whoever had keywords alone and asks for all that is urgent
        ids = named
    if wish.only and named:
        ids, plain = named, replace(plain, least=tuple(pair for pair in before.choices.least if pair[0] in named))
    return replace(
        before,
        topics=ids,
        urgency=wish.urgency or before.urgency,
        language=language,
        state="active",
        choices=plain if wish.only or (wish.urgency and not named) else before.choices,
    )


def _starts(word: str) -> list[str]:
    """Its beginnings, the shortest first."""
    return [word[:end] for end in range(1, len(word) + 1)]
