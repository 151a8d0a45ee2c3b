"""Channels by the names people write, and who is in them, asked page by page."""

from __future__ import annotations

import re

from slack_sdk.web.async_client import AsyncWebClient

# Flags of users.info.
GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")
ADMIN = ("is_admin", "is_owner", "is_primary_owner")

PAGE = 500  # channels or people a request
PAGES = 10  # requests one question may take: Slack allows 20 a minute of conversations.list

ID = re.compile(r"[#@]?([CG][A-Z0-9]{2,20})")
NAME = re.compile(r"#([\w-]{1,80})")


async def channel_named(web: AsyncWebClient, name: str) -> str | None:
    """The id of "#news", or of an id with or without a sign before it; None where no channel we see is called so.

    Names have no capitals, ids nothing else. Private channels are seen from inside alone. Raises what the library raises.
    """
    if found := ID.fullmatch(name):
        return found[1]
    if not (called := NAME.fullmatch(name)):
        return None
    wanted, cursor = called[1].lower(), ""
    for _ in range(PAGES):
        page = await web.conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=PAGE, cursor=cursor
        )
        for room in page["channels"]:
            if room.get("name") == wanted:
                return str(room["id"])
        if not (cursor := (page.get("response_metadata") or {}).get("next_cursor") or ""):
            return None
    return None


async def in_channel(web: AsyncWebClient, channel: str, user: str) -> bool:
    """Whether this person is in the channel; False where it has more people than a question may read through."""
    cursor = ""
    for _ in range(PAGES):
        page = await web.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
        if user in page["members"]:
            return True
        if not (cursor := (page.get("response_metadata") or {}).get("next_cursor") or ""):
            return False
    return False
