"""What Telegram offers when somebody types "/": one list for each kind of place and language."""

from __future__ import annotations

from collections.abc import Iterator

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from newsbot.core.commands import BY_WORD
from newsbot.ports import Menu

MOST = 100  # commands Telegram accepts in one scope and language

# Whether all of it is shown there; the most specific scope wins (Bot API, BotCommandScope).
SCOPES = (
    (BotCommandScopeAllPrivateChats(), True),
    (BotCommandScopeAllGroupChats(), False),
    (BotCommandScopeAllChatAdministrators(), True),
)


def lists(menu: Menu) -> Iterator[tuple[BotCommandScope, str, list[BotCommand]]]:
    """Scope, language and commands; "" is what languages that are not there see, the menu's first.

    A group's members see what they may use, its admins everything.
    """
    first = next(iter(menu.values()), ())
    for language, entries in {"": first, **menu}.items():
        for scope, every in SCOPES:
            shown = [BotCommand(name, text) for name, text in entries if every or not changes(name)]
            if shown:
                yield scope, language, shown[:MOST]


def changes(verb: str) -> bool:
    """Whether this verb is for a place's admins."""
    return verb in BY_WORD and BY_WORD[verb].changes
