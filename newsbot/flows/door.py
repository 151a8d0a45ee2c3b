"""The one door for everything people and platforms tell the bot, the same on every platform:

taken once → parsed → allowed? → handled → replies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from newsbot.core import commands
from newsbot.core.model import Address, Button, Inbound, Person, Reply, Role
from newsbot.flows.chat import Chat
from newsbot.flows.desk import Desk
from newsbot.flows.words import Words
from newsbot.ports import Audit, Platform, StoreDown

log = structlog.get_logger()

REFUSALS_A_MINUTE = 5
"""Answers a stranger gets to things they may not do (reliability A35); after that, silence."""

ANSWERS_A_MINUTE = 60
"""Answers anybody unlisted gets at all, one a second: answers share the platform's limit with alerts (reliability A47)."""

SPOKEN = ("say", "press")

FEW = 3
"""Words of a slip of the keyboard; more are a sentence."""

INVITE = "/invite @newsbot"
"""What is typed in a channel that can be set without the bot being in it (Slack)."""


@dataclass(frozen=True)
class Door:
    """Takes one update and says what to answer."""

    platforms: Mapping[str, Platform]
    people: tuple[Person, ...]
    ops: frozenset[Address]
    chat: Chat
    desk: Desk
    audit: Audit
    words: Words

    async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
        """The replies, in order. Nothing a person says makes it raise: who spoke is told to come back later.

        Raises StoreDown for the bot's own coming and going: nobody is there to be told, and the platform says it again.
        """
        try:
            if not await self.audit.take_event(inbound.address.platform, inbound.event):
                return ()
            if inbound.kind == "home":
                return await self.chat.home(inbound) if inbound.genuine else ()
            if inbound.kind not in SPOKEN:
                return await self.chat.membership(inbound)
            return await self._answer(inbound)
        except StoreDown as error:
            log.warning("door.store_down", error=str(error))
            if inbound.kind not in SPOKEN:
                raise
        except Exception:
            log.exception("door.failed", platform=inbound.address.platform, kind=inbound.kind)
        meant = alone(inbound) or isinstance(commands.parse(inbound.text), commands.Command)
        if not meant or inbound.kind not in SPOKEN or not inbound.genuine:
            return ()
        return (Reply(self.words.say(self.words.pick(inbound.language), "door.later")),)

    async def _answer(self, inbound: Inbound) -> Sequence[Reply]:
        command = commands.parse(inbound.text, press=inbound.kind == "press")
        person = commands.find_person(self.people, inbound.address.platform, inbound.user, inbound.visiting)
        if command is None or not commands.heard(inbound, command):
            return await self._ignore(inbound, command)
        if inbound.anonymous:
            person = None
        command = self.chat.meaning.of(inbound, command, person)
        unknown = isinstance(command, commands.Unknown)
        if unknown and not alone(inbound) and not inbound.named and inbound.kind != "press":
            return ()  # a group's talk is none of the bot's business
        over = await self._flooding(inbound) if person is None else 0
        if over > 1:
            return ()
        language = await self.chat.language(inbound)
        if over == 1:  # said once, to whom nobody else hears; who is refused was told so five times
            refused = isinstance(command, commands.Command) and command.verb.role is not Role.READER
            return (Reply(self.words.say(language, "door.much")),) if alone(inbound) and not refused else ()
        if isinstance(command, commands.Unknown):
            return self._unknown(inbound, command, person, language)
        if alone(inbound) and command.verb.role is Role.READER and (name := self._place(command)):
            return await self._elsewhere(inbound, command, name, person, language)
        allowed = commands.may(command.verb, inbound, person, self.ops)
        if allowed == "admins only":
            platform = self.platforms.get(inbound.address.platform)
            if platform is None or not await platform.is_admin(inbound):
                return await self._not_admin(inbound, language)
        elif allowed != "yes":
            return await self._refuse(inbound, command, language)
        if command.verb.role is Role.READER:
            here = person if alone(inbound) or inbound.address in self.ops else None
            reached = await self._reached(inbound, command)
            replies = public(inbound, await self.chat.handle(inbound, command, here, language))
            return replies if reached else await self._to_be_invited(inbound, replies)
        assert person is not None  # noqa: S101 - `may` says yes to nobody unlisted
        return await self.desk.handle(inbound, command, person, language)

    def _place(self, command: commands.Command) -> str:
        """The other place this command is about, or ""; "#정치" is a topic."""
        name = commands.place(command)
        return "" if name.startswith("#") and self.chat.subscription.wish([name]).topics else name

    async def _elsewhere(
        self, inbound: Inbound, command: commands.Command, name: str, person: Person | None, language: str
    ) -> Sequence[Reply]:
        """The settings of a channel or group, changed by its admin from a private chat: "/subscribe politics @channel"."""
        platform = self.platforms.get(inbound.address.platform)
        there = await platform.place_of(inbound, name) if platform else None
        if there is None:
            tries = await self._tries(inbound)
            return (Reply(self.words.say(language, "place.none", name=name)),) if tries <= REFUSALS_A_MINUTE else ()
        place, title = there
        meant = replace(inbound, address=place, place="channel", discreet=True)
        before = self.chat.lately.undo(place)
        # In its own language, as what it is told about its settings is; never in two at once.
        replies = await self.chat.handle(
            meant, commands.without(command, name), person, await self.chat.language(meant)
        )
        replies = [commands.aimed(reply, place.chat, title) for reply in replies]
        self.chat.lately.said(inbound.address, replies)
        if (undo := self.chat.lately.undo(place)) != before:  # a page shows none; typed here it is about that place
            self.chat.lately.undone_by(inbound.address, f"{undo} @{place.chat}")
        return replies

    async def _flooding(self, inbound: Inbound) -> int:
        """How many more times than are answered somebody spoke within this minute; not above 0 for whoever may go on."""
        # All anonymous admins have one id between them.
        who = f"talk:{inbound.address.chat if inbound.anonymous or not inbound.user else inbound.user}"
        return await self.audit.times(inbound.address.platform, who) - ANSWERS_A_MINUTE

    def _unknown(
        self, inbound: Inbound, unknown: commands.Unknown, person: Person | None, language: str
    ) -> Sequence[Reply]:
        """To words that are no command, and to a button whose words nobody knows any more."""
        settings = Button(self.words.say(language, "button.settings"), "settings")
        if inbound.kind == "press":
            return (Reply(self.words.say(language, "panel.old"), (settings,) if alone(inbound) else ()),)
        near = commands.nearest(unknown.word, person.roles if person else ())
        if len(inbound.text.split()) > FEW:  # a sentence that begins like a command was none
            near = ""
        if not near and (topics := self.chat.meaning.about(inbound)):
            return public(inbound, (self.chat.subscription.offered(topics, settings, language),))
        said = self.words.say(language, "unknown")
        if near:
            said = self.words.say(language, "unknown.nearest", nearest=near)
        return public(inbound, (Reply(said, (settings,) if alone(inbound) else ()),))

    async def _ignore(self, inbound: Inbound, command: commands.Command | commands.Unknown | None) -> Sequence[Reply]:
        """Not typed here and now by a real person: no answer; what would have been a deed is written down."""
        if isinstance(command, commands.Command) and command.verb.role is not Role.READER:
            await self._write_down(inbound, command, "not genuine")
        return ()

    async def _reached(self, inbound: Inbound, command: commands.Command) -> bool:
        """Whether alerts can come where this is set. A bot answers to one person also in a channel it is not in.

        One that was lost and is back without a word about it goes on here.
        """
        platform, settles = self.platforms.get(inbound.address.platform), command.verb.changes
        settles = settles or command.verb.name in ("start", "settings", "topics")
        if platform is None or inbound.place == "private" or not inbound.discreet or not settles:
            return True
        writes = await platform.probe(inbound.address)
        if writes:
            await self.chat.common.subscribers.set_state(inbound.address, "active", "quarantined")
        return writes is not False

    async def _to_be_invited(self, inbound: Inbound, replies: Sequence[Reply]) -> Sequence[Reply]:
        """The same, and that nothing comes before the bot is invited."""
        found = await self.chat.common.subscribers.get(inbound.address)
        if not replies or found is None or found.state == "stopped":
            return replies
        first, *rest = replies
        invite = self.words.say(self.words.pick(found.language), "place.invite", how=INVITE)
        return (replace(first, text=f"{first.text}\n\n{invite}"), *rest)

    async def _not_admin(self, inbound: Inbound, language: str) -> Sequence[Reply]:
        if silent(inbound) or (inbound.kind == "say" and await self._tries(inbound) > REFUSALS_A_MINUTE):
            return ()
        where = "refused.admins.workspace" if alone(inbound) else f"refused.admins.{inbound.place}"
        refusal = self.words.say(language, where)
        platform = self.platforms.get(inbound.address.platform)
        if alone(inbound) and platform and await platform.probe(inbound.address) is False:
            # Nobody tells a bot that is not there who made the channel.
            refusal += "\n\n" + self.words.say(language, "place.invite", how=INVITE)
        return (Reply(refusal),)

    async def _refuse(self, inbound: Inbound, command: commands.Command, language: str) -> Sequence[Reply]:
        tries = await self._write_down(inbound, command)
        if silent(inbound) or (inbound.kind == "say" and tries > REFUSALS_A_MINUTE):
            return ()
        return (Reply(self.words.say(language, "refused")),)

    async def _write_down(self, inbound: Inbound, command: commands.Command, how: str = "") -> int:
        """The try in the audit, and how many there were within the minute.

        The one after the last that is answered says that more may follow unwritten: a flood must not push deeds out of
        the record.
        """
        tries = await self._tries(inbound)
        if tries <= REFUSALS_A_MINUTE + 1:
            notes = [str(inbound.address), how, "more may follow" if tries > REFUSALS_A_MINUTE else ""]
            who = f"{inbound.address.platform}:{inbound.user}"
            await self.audit.record(who, "refused", command.verb.name, ", ".join(note for note in notes if note))
        return tries

    async def _tries(self, inbound: Inbound) -> int:
        return await self.audit.tries(inbound.address.platform, inbound.user or inbound.address.chat)


def alone(inbound: Inbound) -> bool:
    """Whether nobody but the person who spoke sees the answer."""
    return inbound.place == "private" or inbound.discreet


def silent(inbound: Inbound) -> bool:
    """Whether a refusal would be noise for everybody: in a channel. To a press the platform answers who pressed alone."""
    return not alone(inbound) and inbound.kind == "say" and inbound.place == "channel"


def public(inbound: Inbound, replies: Sequence[Reply]) -> Sequence[Reply]:
    """As everybody there sees them: in a channel without buttons, which would be there for its admins alone; in a group what
    has none may go again once it was read."""
    if inbound.discreet or inbound.place == "private":
        return replies
    if inbound.place == "channel":
        return [replace(reply, buttons=()) for reply in replies]
    return [replace(reply, passing=not reply.buttons and reply.alert is None) for reply in replies]
