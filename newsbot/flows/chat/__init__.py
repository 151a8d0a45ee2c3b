"""What readers say, and the bot's own coming and going."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from newsbot.core import commands
from newsbot.core.model import Address, Button, Inbound, Person, Reply
from newsbot.flows.chat.choosing import Choosing
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.finding import Finding, public
from newsbot.flows.chat.leaving import Leaving
from newsbot.flows.chat.panels import Panels
from newsbot.flows.chat.reporting import Reporting
from newsbot.flows.chat.subscription import Subscription

__all__ = ["Chat", "Common", "chat"]

log = structlog.get_logger()

CHOOSING = frozenset(
    {
        "level",
        "keyword",
        "exclude",
        "source",
        "quiet",
        "mute",
        "unmute",
        "digest",
        "cap",
        "form",
        "sound",
        "zone",
        "language",
    }
)


def chat(
    common: Common,
    privacy_url: str,
    tell: Callable[..., Awaitable[None]],
    count: Callable[[str, str], Awaitable[int]],
) -> Chat:
    """The readers' half, wired. `tell` and `count`: see `Reporting`."""
    subscription = Subscription(common)
    finding = Finding(common, subscription)
    choosing = Choosing(common, subscription, finding)
    panels = Panels(common, subscription, choosing)
    return Chat(
        common,
        subscription,
        choosing,
        finding,
        panels,
        Leaving(common, panels, privacy_url),
        Reporting(common, tell, count),
    )


@dataclass(frozen=True)
class Chat:
    """The readers' half of the door."""

    common: Common
    subscription: Subscription
    choosing: Choosing
    finding: Finding
    panels: Panels
    leaving: Leaving
    reporting: Reporting

    async def language(self, inbound: Inbound) -> str:
        """The language of this place: what it chose, else what the person's app says, else the default."""
        found = await self.common.subscribers.get(inbound.address)
        return self.common.words.pick(found.language if found else inbound.language)

    async def handle(
        self, inbound: Inbound, command: commands.Command, person: Person | None, language: str
    ) -> Sequence[Reply]:
        """The answer to a reader's verb. In a group what one person wanted to read goes again."""
        replies = await self._answer(inbound, command, person, language)
        read = not command.verb.changes and command.verb.name != "start"
        if inbound.place != "group" or inbound.discreet or not (read or command.verb.name == "set"):
            return replies
        return [replace(reply, passing=True) for reply in replies]

    async def _answer(
        self, inbound: Inbound, command: commands.Command, person: Person | None, language: str
    ) -> Sequence[Reply]:
        words, verb = command.arguments, command.verb.name
        if verb in CHOOSING:
            return (await self.choosing.handle(verb, inbound, words, language),)
        match verb:
            case "start":
                return await self.subscription.start(inbound, words, language)
            case "stop":
                return await self.subscription.stop(inbound, person, language)
            case "restore":
                return await self.subscription.restore(inbound, words, language)
            case "subscribe":
                return await self.subscription.subscribe(inbound, words, language)
            case "unsubscribe":
                return await self.subscription.unsubscribe(inbound, words, language)
            case "set":
                return (await self.panels.tap(inbound, words, language),)
            case "settings" | "topics":
                name = "topics" if verb == "topics" else "main"
                return (await self.panels.show(inbound, name, language, about=words[0] if words else ""),)
            case _:
                return await self._more(inbound, command, person, language)

    async def _more(
        self, inbound: Inbound, command: commands.Command, person: Person | None, language: str
    ) -> Sequence[Reply]:
        words = command.arguments
        match command.verb.name:
            case "latest":
                return (await self.finding.latest(words, language),)
            case "search":
                return (await self.finding.search(words, language),)
            case "why":
                return (await self.finding.why(inbound, words, language),)
            case "more":
                return (await self.finding.more(inbound, words, language),)
            case "report":
                return (await self.reporting.report(inbound, words, language),)
            case "hush":
                return (await self._hush(inbound, words, language),)
            case "privacy":
                return (await self.leaving.privacy(inbound, language),)
            case "forget":
                return (await self.leaving.forget(inbound, words, language),)
            case "reason":
                return (await self.leaving.reason(inbound, words, language),)
            case _:
                return self._help(person, language)

    async def home(self, inbound: Inbound) -> Sequence[Reply]:
        """The bot's own page of one person."""
        return (await self.panels.show(inbound, "main", await self.language(inbound)),)

    async def _hush(self, inbound: Inbound, words: Sequence[str], language: str) -> Reply:
        """No more news of one story here."""
        say = self.common.say
        found = await self.common.subscribers.get(inbound.address)
        story = await self.common.stories.get(words[0]) if words else None
        if found is None or story is None or not public(story):
            return Reply(say(language, "panel.old"))
        back = len(words) > 1 and words[1] == "off"
        await self.common.audiences.hush(inbound.address.platform, story.parent or story.id, found.index, on=not back)
        undo = Button(say(language, "button.undo"), f"hush {story.id} off")
        return Reply(say(language, "hush.off" if back else "hush.on"), () if back else (undo,), replaces=back)

    async def membership(self, inbound: Inbound) -> Sequence[Reply]:
        """The bot was added, thrown out, blocked or unblocked, or the chat moved. Settings are kept throughout."""
        subscribers = self.common.subscribers
        match inbound.kind:
            case "removed":
                for found in await subscribers.under(inbound.address):
                    if found.state == "active":  # who stopped stays stopped when the bot comes back
                        await subscribers.set_state(found.address, "quarantined")
            case "blocked":
                await subscribers.set_state(inbound.address, "stopped")
            case "moved":
                await subscribers.move(inbound.address, Address(inbound.address.platform, inbound.text))
            case "added":
                return await self._added(inbound)
            case _:
                pass  # unblocked: a person who comes back says /start or subscribes again
        log.info("membership", platform=inbound.address.platform, kind=inbound.kind)
        return ()

    async def _added(self, inbound: Inbound) -> Sequence[Reply]:
        subscribers = self.common.subscribers
        resting = [one for one in await subscribers.under(inbound.address) if one.state == "quarantined"]
        for found in resting:
            await subscribers.set_state(found.address, "active")
        if resting:
            log.info("membership", platform=inbound.address.platform, kind="restored", places=len(resting))
            return ()
        if inbound.place == "channel":
            return ()  # a channel's readers are not addressed; its admins know what they added
        say, language = self.common.say, self.common.words.pick(inbound.language)
        return (Reply(say(language, "welcome.group", publisher=self.common.publisher)),)

    def _help(self, person: Person | None, language: str) -> Sequence[Reply]:
        say = self.common.say
        lines = [say(language, "help.title")]
        for verb in commands.for_roles(person.roles if person else ()):
            korean = f" ({verb.korean[0]})" if language == "ko" and verb.korean else ""
            lines.append(f"{verb.example}{korean}: {say(language, f'help.{verb.name}')}")
        return (Reply("\n".join(lines), (Button(say(language, "button.settings"), "settings"),)),)
