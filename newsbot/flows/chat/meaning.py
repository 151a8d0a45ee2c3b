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
        if alone and (said := self._sentence(inbound, typed)) and not (roles and isinstance(command, commands.Command)):
            command = commands.parse(said, press=True) or command
        if isinstance(command, commands.Unknown):
            return self._guessed(inbound, typed) or command if alone else command
        if command.verb.name == "undo" and (undo := self.lately.undo(inbound.address)):
            return commands.parse(undo, press=True) or command
        if command.verb.name == "start" and not alone and (linked := self.subscription.linked(command.arguments)):
            return commands.parse(f"/subscribe {' '.join(linked)}") or command
        return command

    def _sentence(self, inbound: Inbound, typed: str) -> str:
        """The command a whole sentence stands for, about the place that it names."""
        where, words = _apart(typed)
        if not where and phrases.drops(typed) and self.lately.asked(inbound.address):
            return "nevermind"
        said = phrases.sentence(words)
        return f"{said} {where}".rstrip() if said else ""

    def _guessed(self, inbound: Inbound, typed: str) -> Meant | None:
        """What the words would be an answer to, or look like."""
        where, words = _apart(typed)
        guess = phrases.guess(words, lambda word: topics.lookup(self.common.topics, word) is not None)
        found = commands.parse(f"/{guess} {where}") if guess else None
        verb = self.lately.asked(inbound.address)
        asked = verb.partition(" ")[0]
        other = isinstance(found, commands.Command) and found.verb.name != asked and asked in MEASURED
        return commands.parse(f"/{verb} {typed}") if verb and not typed.startswith("/") and not other else found


def _apart(typed: str) -> tuple[str, str]:
    """The place a sentence names ("@channel"), and its other words."""
    words = typed.split()
    where = next((word for word in words if word.startswith("@") and len(word) > 1), "")
    return where, " ".join(word for word in words if word != where)
