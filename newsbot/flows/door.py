"""The one door for everything people and platforms tell the bot, the same on every platform:

taken once → parsed → allowed? → handled → replies
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from newsbot.core import commands
from newsbot.core.model import Address, Inbound, Person, Reply, Role
from newsbot.flows.chat import Chat
from newsbot.flows.desk import Desk
from newsbot.flows.words import Words
from newsbot.ports import Audit, Platform, StoreDown, Subscribers

log = structlog.get_logger()

REFUSALS_A_MINUTE = 5
"""Answers a stranger gets to things they may not do (reliability A35); after that, silence."""


@dataclass(frozen=True)
class Door:
    """Takes one update and says what to answer."""

    platforms: Mapping[str, Platform]
    people: tuple[Person, ...]
    ops: frozenset[Address]
    chat: Chat
    desk: Desk
    audit: Audit
    subscribers: Subscribers
    words: Words

    async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
        """The replies, in order. Never raises for what a person said; without Redis it says to come back later."""
        try:
            if not await self.audit.take_event(inbound.address.platform, inbound.event):
                return ()
            return await self._answer(inbound)
        except StoreDown as error:
            log.warning("door.store_down", error=str(error))
            if inbound.kind in ("say", "press") and inbound.genuine:
                return (Reply(self.words.say(inbound.language or self.words.default, "door.later")),)
            return ()

    async def _answer(self, inbound: Inbound) -> Sequence[Reply]:
        if inbound.kind not in ("say", "press"):
            return await self.chat.membership(inbound)
        command = commands.parse(inbound.text, press=inbound.kind == "press")
        if command is None or not inbound.genuine:
            return ()
        language = await self.chat.language(inbound)
        if isinstance(command, commands.Unknown):
            return self._unknown(inbound, command, language)
        person = commands.find_person(self.people, inbound.address.platform, inbound.user)
        allowed = commands.may(command.verb, inbound, person, self.ops)
        if allowed == "admins only":
            platform = self.platforms.get(inbound.address.platform)
            if platform is None or not await platform.is_admin(inbound):
                return (Reply(self.words.say(language, f"refused.admins.{inbound.place}")),)
        elif allowed != "yes":
            return await self._refuse(inbound, command, language)
        if command.verb.role is Role.READER:
            return await self.chat.handle(inbound, command, person, language)
        assert person is not None  # noqa: S101 - `may` says yes to nobody unlisted
        return await self.desk.handle(inbound, command, person, language)

    def _unknown(self, inbound: Inbound, unknown: commands.Unknown, language: str) -> Sequence[Reply]:
        if inbound.kind == "press" or (inbound.place != "private" and not inbound.discreet):
            return ()  # a group's talk is none of the bot's business
        if unknown.nearest:
            return (Reply(self.words.say(language, "unknown.nearest", nearest=unknown.nearest)),)
        return (Reply(self.words.say(language, "unknown")),)

    async def _refuse(self, inbound: Inbound, command: commands.Command, language: str) -> Sequence[Reply]:
        who = f"{inbound.address.platform}:{inbound.user}"
        if await self.audit.tries(inbound.address.platform, inbound.user) > REFUSALS_A_MINUTE:
            return ()
        await self.audit.record(who, "refused", command.verb.name, str(inbound.address))
        return (Reply(self.words.say(language, "refused")),)
