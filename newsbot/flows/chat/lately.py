"""What was said last in each chat: the question that still waits for its words, and how the last change is taken back.

Kept by this process, for minutes: a reply to the question and the button under the change work after a restart, too. What is
here serves those who just type on.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from newsbot.core.commands import MOST_DATA, UNDOES
from newsbot.core.model import Address, Button, Reply, Subscriber
from newsbot.ports import Clock

CHATS = 10_000
WAITS = 300.0  # seconds a question waits for words that are no reply to it
STANDS = 3600.0  # seconds "undo" means the last change


@dataclass(frozen=True)
class Lately:
    """By chat; the oldest are forgotten."""

    clock: Clock
    _asked: OrderedDict[Address, tuple[float, str]] = field(default_factory=OrderedDict)
    _undo: OrderedDict[Address, tuple[float, str]] = field(default_factory=OrderedDict)
    _undone: OrderedDict[Address, tuple[float, str]] = field(default_factory=OrderedDict)

    def said(self, chat: Address, replies: Sequence[Reply]) -> None:
        """These were the answers there."""
        now = self.clock().timestamp()
        self._asked.pop(chat, None)
        for reply in replies:
            if reply.ask is not None:
                _keep(self._asked, chat, (now + WAITS, reply.ask.verb))
            for button in reply.buttons:
                if button.data.startswith(UNDOES):
                    _keep(self._undo, chat, (now + STANDS, button.data))

    def undone_by(self, chat: Address, data: str) -> None:
        """There this takes the last change back."""
        _keep(self._undo, chat, (self.clock().timestamp() + STANDS, data))

    def undid(self, chat: Address, words: str) -> None:
        """There this took the last change back."""
        _keep(self._undone, chat, (self.clock().timestamp() + STANDS, words))

    def undone(self, chat: Address) -> str:
        """The words that took the last change back; or ""."""
        return self._fresh(self._undone, chat)

    def asked(self, chat: Address) -> str:
        """The verb whose words are waited for, with its place; or ""."""
        return self._fresh(self._asked, chat)

    def undo(self, chat: Address) -> str:
        """What the button says that takes the last change back; or ""."""
        return self._fresh(self._undo, chat)

    def _fresh(self, kept: OrderedDict[Address, tuple[float, str]], chat: Address) -> str:
        until, found = kept.get(chat, (0.0, ""))
        return found if self.clock().timestamp() < until else ""


def undo_button(after: Subscriber, data: str, label: str, now: float) -> tuple[Button, ...]:
    """What takes a change back: `data`, as long as the choices are those of `after`. None where there is nothing to say,
    or more than a button may. `now` in unix seconds."""
    said = f"{UNDOES}{state(after, now)} {data}"
    return (Button(label, said),) if data and len(said.encode()) <= MOST_DATA else ()


def redoing(buttons: Sequence[Button], label: str) -> tuple[Button, ...]:
    """The buttons under what was undone: what would undo that in turn says so, and is marked by a second sign."""
    return tuple(
        replace(one, label=label, data=f"{UNDOES}{one.data}")
        if one.data.startswith(UNDOES) and len(one.data.encode()) < MOST_DATA
        else one
        for one in buttons
    )


def state(subscriber: Subscriber, now: float) -> str:
    """Four signs that are others when the choices are: an undo of long ago must not undo what was chosen since."""
    chosen = subscriber.choices
    muted = chosen.muted if chosen.muted > now + 1 else 0  # one that is over is nobody's choice any more
    sets = (subscriber.topics, chosen.words, chosen.without, chosen.sources)
    rest = (
        chosen.zone,
        chosen.quiet,
        chosen.passes,
        chosen.digests,
        chosen.gather,
        chosen.cap,
        chosen.form,
        chosen.sound,
    )
    all_of_it = (
        *map(sorted, sets),
        chosen.least,
        *map(str, rest),
        muted,
        subscriber.urgency,
        subscriber.language,
    )
    return f"{zlib.crc32(repr((*all_of_it, subscriber.state)).encode()) & 0xFFFF:04x}"


def _keep(kept: OrderedDict[Address, tuple[float, str]], chat: Address, what: tuple[float, str]) -> None:
    kept[chat] = what
    kept.move_to_end(chat)
    if len(kept) > CHATS:
        kept.popitem(last=False)
