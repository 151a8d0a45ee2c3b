"""What readers say, and the bot's own coming and going."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from newsbot.core import commands
from newsbot.core.model import Address, Button, Inbound, Person, Reply, Role, Subscriber
from newsbot.flows.chat import lately
from newsbot.flows.chat.choosing import Choosing
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.finding import Finding, public
from newsbot.flows.chat.lately import Lately
from newsbot.flows.chat.leaving import Leaving
from newsbot.flows.chat.meaning import Meaning
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
    recent = Lately(common.clock)
    panels = Panels(common, subscription, choosing, recent)
    return Chat(
        common,
        subscription,
        choosing,
        finding,
        panels,
        Leaving(common, panels, privacy_url),
        Reporting(common, tell, count),
        recent,
        Meaning(common, subscription, recent),
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
    lately: Lately
    meaning: Meaning

    async def language(self, inbound: Inbound) -> str:
        """The language of this place: what it chose, else what the person's app says, else the default."""
        found = await self.common.subscribers.get(inbound.address)
        return self.common.words.pick(found.language if found else inbound.language)

    async def handle(
        self, inbound: Inbound, command: commands.Command, person: Person | None, language: str
    ) -> Sequence[Reply]:
        """The answer to a reader's verb. In a group what one person wanted to read goes again."""
        replies = await self._answer(inbound, command, person, language)
        self.lately.said(inbound.address, replies)
        if inbound.kind == "say" and not inbound.discreet and command.arguments:  # not understood, and asked once more
            replies = [self._by_word(reply, language) for reply in replies]
        if inbound.place == "group" and not inbound.discreet:  # the bot hears nothing there but commands and replies
            replies = [self._by_reply(reply, language) for reply in replies]
        read = not command.verb.changes and command.verb.name != "start"
        if inbound.place != "group" or inbound.discreet or not (read or command.verb.name == "set"):
            return replies
        return [replace(reply, passing=True) for reply in replies]

    def _by_word(self, reply: Reply, language: str) -> Reply:
        leave = self.common.say(language, "ask.leave")
        return replace(reply, text=f"{reply.text}\n{leave}") if reply.ask else reply

    def _by_reply(self, reply: Reply, language: str) -> Reply:
        by_reply = self.common.say(language, "ask.reply")
        return replace(reply, text=f"{reply.text}\n{by_reply}") if reply.ask else reply

    async def _undo(
        self, inbound: Inbound, words: Sequence[str], person: Person | None, language: str
    ) -> Sequence[Reply]:
        """Take a change back, while nothing was changed after it."""
        say, found = self.common.say, await self.common.subscribers.get(inbound.address)
        settings = Button(say(language, "button.settings"), "settings")
        command = commands.parse(" ".join(words[1:]), press=True)
        if not words or not isinstance(command, commands.Command) or command.verb.role is not Role.READER:
            # "undo everything": what that would be nobody knows
            return (Reply(say(language, "help.undo" if words else "undo.none"), (settings,)),)
        again, before = words[0].startswith(commands.UNDOES), words[0].removeprefix(commands.UNDOES)
        if found is None or lately.state(found, self.common.clock().timestamp()) != before:
            typed = inbound.kind == "say"
            if not typed and self.lately.undone(inbound.address) == " ".join(words):
                return ()  # a second tap: the answer to the first stands there
            return (Reply(say(language, "undo.none" if typed else "undo.late"), (settings,) if typed else ()),)
        self.lately.undid(inbound.address, " ".join(words))
        if command.verb.name == "unsubscribe" and not command.arguments:
            return (await self.subscription.taken_back(found, language),)
        first, *rest = await self._answer(inbound, command, person, language)
        text, says_so = first.text, command.verb.name == "restore"
        if again:
            text = say(language, "redo.done") + " " + (text.partition("\n")[2] if says_so else text)
        elif not says_so:
            text = say(language, "undo.done") + " " + text
        buttons = first.buttons if again else lately.redoing(first.buttons, say(language, "button.redo"))
        return (replace(first, text=text, buttons=buttons, replaces=True), *rest)

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
            case "nevermind":
                return (Reply(self.common.say(language, "ask.dropped")),)
            case "undo":
                return await self._undo(inbound, words, person, language)
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
                return self._help(words, person, language)

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
        kept = [one for one in await subscribers.under(inbound.address) if one.state != "stopped"]
        resting = [one for one in kept if one.state == "quarantined"]
        for found in resting:
            await subscribers.set_state(found.address, "active")
        if resting:
            log.info("membership", platform=inbound.address.platform, kind="restored", places=len(resting))
        if inbound.discreet:
            return (self._to_who_added(inbound, kept),)
        if resting or inbound.place == "channel":
            return ()  # a channel's readers are not addressed
        say, language = self.common.say, self.common.words.pick(inbound.language)
        return (Reply(say(language, "welcome.group", publisher=self.common.publisher)),)

    def _to_who_added(self, inbound: Inbound, kept: Sequence[Subscriber]) -> Reply:
        """To the person who added the bot to a channel alone: what to do next, or that its alerts go on.

        `inbound.text` is what the channel is called, where it is said in another conversation.
        """
        say, language = self.common.say, self.common.words.pick(kept[0].language if kept else inbound.language)
        if kept:
            text = say(language, "added.back") + "\n" + self.subscription.now(kept[0])
            reply = Reply(text, (Button(say(language, "button.settings"), "settings"),))
        else:
            every = Button(say(language, "button.all"), f"subscribe all {language}")
            choices = (every, Button(say(language, "button.topics"), "topics"))
            reply = Reply(say(language, "added.channel", publisher=self.common.publisher), choices)
        return commands.aimed(reply, inbound.address.chat, inbound.text) if inbound.text else reply

    def _help(self, words: Sequence[str], person: Person | None, language: str) -> Sequence[Reply]:
        """What can be said: all of it in groups, and then what is this person's alone; or one verb in detail."""
        say, verbs = self.common.say, commands.for_roles(person.roles if person else ())
        settings = (Button(say(language, "button.settings"), "settings"),)
        asked = "".join(words).removeprefix("/").casefold()
        told = [*verbs, *(verb for verb in commands.VERBS if verb.name == "undo")]
        if one := next((verb for verb in told if asked in (verb.name, *verb.korean)), None):
            title = f"{one.korean[0]} (/{one.name})" if language == "ko" and one.korean else f"/{one.name}"
            return (Reply(f"{title}\n{say(language, f'help.{one.name}')}", settings),)
        lines = [say(language, "help.title"), say(language, "help.readers")]
        for verb in verbs:
            if verb.role is not Role.READER:
                korean = f" ({verb.korean[0]})" if language == "ko" and verb.korean else ""
                lines.append(f"{verb.example}{korean}: {say(language, f'help.{verb.name}')}")
        return (Reply("\n".join(lines), settings),)
