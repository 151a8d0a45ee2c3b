"""Whether we may write in a chat, read from what the Bot API says about it; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ADMIN = ("creator", "administrator")

NAME = re.compile(r"(?:@|(?:https?://)?t\.me/)([A-Za-z][A-Za-z0-9_]{3,31})/?")
ID = re.compile(r"@?(-[0-9]{1,16})")


def chat_named(name: str) -> int | str | None:
    """What getChat takes for "@news", "t.me/news" or "-1001234567890" (also after "@"); None for what names neither a group
    nor a channel."""
    if given := ID.fullmatch(name):
        return int(given[1])
    found = NAME.fullmatch(name)
    return f"@{found[1]}" if found else None


def may_write(chat: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
    """`chat` as getChat tells it, `member` as getChatMember tells of ourselves (Bot API, ChatMember and ChatPermissions).

    Raw fields, not the library's classes: those refuse a whole answer for one right they do not know yet.
    """
    status = member.get("status")
    if chat.get("type") == "channel":
        return status == "creator" or (status == "administrator" and member.get("can_post_messages") is True)
    if status == "restricted":
        return member.get("is_member") is True and member.get("can_send_messages") is True
    if status == "member":
        rights = chat.get("permissions")
        return not isinstance(rights, Mapping) or rights.get("can_send_messages") is not False
    return status in ADMIN
