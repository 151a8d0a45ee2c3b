"""Whether we may write in a chat, read from what the Bot API says about it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ADMIN = ("creator", "administrator")


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
