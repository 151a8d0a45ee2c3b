"""What people say to the bot and are told, and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from newsbot.core.model.message import Rendered
from newsbot.core.model.news import Address, Place, Role


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing a person or platform told the bot.

    `kind`: `say` (typed text), `press` (a button; `text` is the button's data), `home` (the bot's own page was opened: only
    there is no chat but the person's own), `added` / `removed` (the bot's own
    membership of a group or channel), `blocked` / `unblocked` (private chat), `moved` (`text` is the new chat).
    `genuine` is False for what must not command: edited, forwarded, anonymous, sent by a bot or through one. `anonymous`:
    not genuine for that reason alone, because an admin of this group typed it in the group's own name; nobody is known to
    have said it, but it is one of those who run the place.
    `visiting`: said in a workspace that is not our own, where the bot is at work as well; nobody has a role there but by the
    whole "workspace/user".
    `event` is the platform's own id of this update, the same when it is delivered again. `discreet` says that only the
    person who spoke sees the answer. `named`: said to the bot by its name, where others talk as well. `language` is what the
    person's app is set to, or "". `handle` belongs to the adapter.
    """

    kind: Literal["say", "press", "home", "added", "removed", "blocked", "unblocked", "moved"]
    address: Address
    place: Place
    user: str
    text: str
    event: str
    genuine: bool = True
    anonymous: bool = False
    visiting: bool = False
    discreet: bool = False
    named: bool = False
    language: str = ""
    handle: Any = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a reply; pressing it says `data` (at most 64 bytes, Telegram's limit on callback_data), or opens `url`."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for words: where a platform has forms one opens, with this title (at most 24 characters, Slack's limit on a
    modal's) and label, and `submit` on its button (the title where that is ""); what is entered is said after `verb`.
    `stands`: what is set now, as it would be entered. Elsewhere the reply's text says what to type."""

    title: str
    label: str
    verb: str
    submit: str = ""
    stands: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer in a chat: words, buttons, or an alert exactly as it would go out (`alert`).

    `replaces`: it takes the place of the message whose button was pressed, where that is possible. `wide`: buttons beside one
    another, 0 where that does not matter. `passing`: in a busy place it may go again once it was read.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    alert: Rendered | None = None
    replaces: bool = False
    wide: int = 0
    ask: Ask | None = None
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in the config. `ids` maps platform to that platform's numeric (or U…) user id."""

    name: str
    roles: frozenset[Role]
    ids: tuple[tuple[str, str], ...] = ()
