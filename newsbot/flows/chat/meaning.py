"""What is meant by what was said, where it is more than a verb and its words."""

from __future__ import annotations

from dataclasses import dataclass

from newsbot.core import commands, phrases, topics
from newsbot.core.model import Inbound, Person, Role
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.lately import Lately
from newsbot.flows.chat.subscription import Subscription

Meant = commands.Command | commands.Unknown

MEASURED = frozenset({"quiet", "digest", "cap", "zone"})
"""Questions whose answers are times and numbers: a sentence that asks for something else is none."""


@dataclass(frozen=True)
class Meaning:
    """Turns sentences, answers and "undo" into commands; says and changes nothing."""

    common: Common
    subscription: Subscription
    lately: Lately

    def of(self, inbound: Inbound, command: Meant, person: Person | None) -> Meant:
        """The command behind what was said: sentences, the words a question waits for, "undo", a link into a group.

        What a listed person's verbs are called is a word like any other to everybody else.
        """
        if inbound.kind == "press":
            return command
        alone, typed = inbound.place == "private" or inbound.discreet or inbound.named, inbound.text
        roles = person.roles if person else ()
        theirs = isinstance(command, commands.Command) and command.verb.role not in (Role.READER, *roles)
        if theirs and alone and not typed.startswith("/"):
            command = commands.Unknown(typed.split()[0])
        if inbound.discreet:  # where commands alone reach the bot
            typed = typed.removeprefix("/")
        # To somebody of the desk a word of the desk means what it is there; a whole sentence is one also to them.
        desk = bool(roles) and isinstance(command, commands.Command) and not command.arguments
        if alone and not desk and (said := self._sentence(inbound, typed) or self._stops(command)):
            command = commands.parse(said, press=True) or command
        if isinstance(command, commands.Unknown):
            return self._guessed(inbound, typed) or command if alone else command
        if command.verb.name == "undo" and (undo := self.lately.undo(inbound.address)):
            # What was undone is undone: said once more it is no wish to have it again.
            again = undo.startswith(commands.UNDOES * 2)
            return commands.parse(undo, press=True) or command if again is bool(command.arguments) else command
        if command.verb.name == "start" and not alone and (linked := self.subscription.linked(command.arguments)):
            return commands.parse(f"/subscribe {' '.join(linked)}") or command
        return command

    def _sentence(self, inbound: Inbound, typed: str) -> str:
        """The command a whole sentence stands for, about the place that it names."""
        where, words = self._apart(typed)
        # Where forms open "stop" is never meant for one: it has a button for that.
        drops = phrases.drops(typed) and not (inbound.discreet and typed == "stop")
        if not where and drops and self.lately.asked(inbound.address):
            return "nevermind"
        said = phrases.sentence(words)
        return f"{said} {where}".rstrip() if said else ""

    def _stops(self, command: Meant) -> str:
        """What "stop" with words behind it means: "stop politics" is not the end of everything."""
        if not isinstance(command, commands.Command) or command.verb.name != "stop":
            return ""
        where, words = self._apart(" ".join(command.arguments))
        return f"{phrases.stops(words.split(), self._is_topic)} {where}".rstrip()

    def about(self, inbound: Inbound) -> list[str]:
        """The ids of the topics that words speak of which are no command; none where they name another place."""
        where, words = self._apart(inbound.text.removeprefix("/") if inbound.discreet else inbound.text)
        named = [] if where else phrases.named(words, self._is_topic)
        found = (topics.lookup(self.common.topics, word) for word in named)
        return list(dict.fromkeys(topic.id for topic in found if topic))

    def _is_topic(self, word: str) -> bool:
        return topics.lookup(self.common.topics, word) is not None

    def _guessed(self, inbound: Inbound, typed: str) -> Meant | None:
        """What the words would be an answer to, or look like."""
        where, words = self._apart(typed)
        guess = phrases.guess(words, self._is_topic)
        found = commands.parse(f"/{guess} {where}") if guess else None
        verb = self.lately.asked(inbound.address)
        asked = verb.partition(" ")[0]
        other = isinstance(found, commands.Command) and found.verb.name != asked and asked in MEASURED
        return commands.parse(f"/{verb} {typed}") if verb and not typed.startswith("/") and not other else found

    def _apart(self, typed: str) -> tuple[str, str]:
        """The place a sentence names ("@channel", "#channel"), and its other words; "#정치" is a topic."""
        words = typed.split()
        marked = (word for word in words if len(word) > 1 and word[0] in "@#")
        where = next((word for word in marked if word[0] == "@" or not self._is_topic(word)), "")
        return where, " ".join(word for word in words if word != where)
