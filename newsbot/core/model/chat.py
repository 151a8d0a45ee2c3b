"""What people say to the bot and are told, and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from newsbot.core.model.message import Rendered
from newsbot.core.model.news import Address, Place, Role


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing a person or platform told the bot.

    `kind`: `say` (typed text), `press` (a button; `text` is the button's data), `added` / `removed` (the bot's own
    membership of a group or channel), `blocked` / `unblocked` (private chat), `moved` (`text` is the new chat).
    `genuine` is False for what must not command: edited, forwarded, anonymous, sent by a bot or through one.
    `event` is the platform's own id of this update, the same when it is delivered again. `discreet` says that only the
    person who spoke sees the answer. `language` is what the person's app is set to, or "". `handle` belongs to the adapter.
    """

    kind: Literal["say", "press", "added", "removed", "blocked", "unblocked", "moved"]
    address: Address
    place: Place
    user: str
    text: str
    event: str
    genuine: bool = True
    discreet: bool = False
    language: str = ""
    handle: Any = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a reply; pressing it says `data` (at most 64 bytes, Telegram's limit on callback_data)."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer in a chat: words, buttons, or an alert exactly as it would go out (`alert`)."""

    text: str
    buttons: tuple[Button, ...] = ()
    alert: Rendered | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in the config. `ids` maps platform to that platform's numeric (or U…) user id."""

    name: str
    roles: frozenset[Role]
    ids: tuple[tuple[str, str], ...] = ()
