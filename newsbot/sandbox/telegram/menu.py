"""Command menus: one list per scope and language, and which of them a person sees in a chat.

Page: core.telegram.org/bots/api#botcommandscope, with its order of scopes; refusals: tdlib, BotCommandScope.cpp.
"""

from __future__ import annotations

import re
from typing import Any

from newsbot.sandbox.telegram.error import bad
from newsbot.sandbox.telegram.state import ADMIN, Chat, TelegramState, User

_LANGUAGE = re.compile(r"^[a-z]{2}$")
_NEEDS: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


def scope_key(state: TelegramState, scope: dict[str, Any]) -> str:
    """The scope as a key; ApiError when it is none, or names a place that has no menu."""
    kind = scope.get("type")
    if kind not in _NEEDS:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    for name in _NEEDS[kind]:
        if name not in scope:
            raise bad(f"can't parse BotCommandScope: Can't find field \"{name}\"")
    if unknown := set(scope) - {"type", *_NEEDS[kind]}:
        raise bad(f'unknown field "{min(unknown)}" in "scope"')
    if not _NEEDS[kind]:
        return str(kind)
    chat = state.find(scope["chat_id"])
    if chat.type == "channel":
        raise bad("can't change commands in channel chats")
    if chat.type == "private" and kind != "chat":
        raise bad("can't use specified scope in private chats")
    state.check_readable(chat)
    return _key(kind, chat.id, *(scope[name] for name in _NEEDS[kind][1:]))


def language_key(params: dict[str, Any]) -> str:
    """The language of a menu, "" for everyone's; ApiError for what is no two-letter code."""
    language: str = params.get("language_code", "")
    if language and not _LANGUAGE.match(language):
        raise bad("invalid language code specified")
    return language


def _key(kind: str, *numbers: int) -> str:
    return ":".join((kind, *map(str, numbers)))


def menu(state: TelegramState, user: User, chat: Chat) -> list[dict[str, Any]]:
    """The commands this person is offered in this chat: the narrowest scope wins, in it the person's language."""
    scopes = ["default"]
    if chat.type == "private":
        scopes = [_key("chat", chat.id), "all_private_chats", *scopes]
    elif chat.type == "channel":
        return []
    else:
        above = [_key("chat_member", chat.id, user.id)]
        above += [_key("chat_administrators", chat.id)] if chat.members.get(user.id) in ADMIN else []
        middle = [_key("chat", chat.id)]
        middle += ["all_chat_administrators"] if chat.members.get(user.id) in ADMIN else []
        scopes = [*above, *middle, "all_group_chats", *scopes]
    for scope in scopes:
        for language in (user.language.partition("-")[0], ""):
            if state.commands.get((scope, language)):
                return state.commands[(scope, language)]
    return []
