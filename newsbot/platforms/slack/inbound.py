"""What Slack tells the app as the neutral `Inbound`; pure, and the only place that decides what is genuine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from newsbot.core.model import Address, Inbound, Place

LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")

# Every way a channel can be closed to the bot without a word about the bot itself.
CLOSED = frozenset(
    {"channel_left", "group_left", "channel_archive", "group_archive", "channel_deleted", "group_deleted"}
)


@dataclass(frozen=True, slots=True)
class Handle:
    """What an answer needs: the bare user id, and the address Slack gave for answers (30 minutes, five times)."""

    user: str = ""
    response_url: str = ""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot and its workspace as auth.test describes them."""

    team: str = ""
    user: str = ""
    bot: str = ""
    enterprise: str = ""


def address(channel: str) -> Address:
    """`slack:<channel>`; the team is left out, because one token is one workspace."""
    return Address("slack", channel)


def place(channel: str) -> Place:
    """A direct message is private; everything else is a channel."""
    return "private" if channel.startswith("D") else "channel"


def from_command(body: dict[str, Any], me: Me) -> Inbound | None:
    """A slash command: "/news subscribe all" says "/subscribe all", a bare "/news" asks for help."""
    channel, user, team = _str(body, "channel_id"), _str(body, "user_id"), _str(body, "team_id")
    if not channel or not user:
        return None
    words = plain(_str(body, "text")).strip().lstrip("/") or "help"
    event = f"slack:{_str(body, 'trigger_id')}"
    handle = Handle(user, _str(body, "response_url"))
    return Inbound(
        "say",
        address(channel),
        place(channel),
        f"{team}/{user}",
        f"/{words}",
        event,
        genuine=_ours(team, _str(body, "enterprise_id"), me),
        discreet=True,
        handle=handle,
    )


def from_press(body: dict[str, Any], me: Me) -> Inbound | None:
    """A button of ours; one without a value (a link) says nothing."""
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    channel = _str(_dict(body, "channel"), "id") or _str(_dict(body, "container"), "channel_id")
    person, value = _dict(body, "user"), _str(action, "value")
    user = _str(person, "id")
    if not value or not channel or not user:
        return None
    team = _str(person, "team_id") or _str(_dict(body, "team"), "id")
    return Inbound(
        "press",
        address(channel),
        place(channel),
        f"{team}/{user}",
        value,
        f"slack:{_str(body, 'trigger_id') or _str(action, 'action_ts')}",
        genuine=_ours(team, _str(_dict(body, "enterprise"), "id"), me),
        discreet=_dict(body, "container").get("is_ephemeral") is True,
        handle=Handle(user, _str(body, "response_url")),
    )


def from_event(body: dict[str, Any], me: Me) -> Inbound | None:
    """The bot's own coming and going, and what people write to it directly; everything else is None."""
    event = _dict(body, "event")
    kind, ident = _str(event, "type"), f"slack:{_str(body, 'event_id')}"
    if kind == "message":
        return _direct(event, ident, me)
    channel = _str(event, "channel") or _str(_dict(event, "channel"), "id")
    if not channel:
        return None
    if kind in ("member_joined_channel", "member_left_channel"):
        if _str(event, "user") != me.user:
            return None
        who = f"{me.team}/{inviter}" if (inviter := _str(event, "inviter")) else ""
        joined = kind == "member_joined_channel"
        return Inbound("added" if joined else "removed", address(channel), place(channel), who, "", ident)
    if kind in CLOSED:
        return Inbound("removed", address(channel), place(channel), "", "", ident)
    return None


def plain(text: str) -> str:
    """Slack's wire text as typed: links without their brackets, the three entities decoded once."""
    text = LINK.sub(r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _direct(event: dict[str, Any], ident: str, me: Me) -> Inbound | None:
    channel, user, text = _str(event, "channel"), _str(event, "user"), plain(_str(event, "text"))
    if _str(event, "channel_type") != "im" or not channel or not user or user == me.user or not text.strip():
        return None
    team = _str(event, "user_team") or _str(event, "source_team") or _str(event, "team") or me.team
    typed = not event.get("subtype") and not event.get("bot_id") and not event.get("edited")
    genuine = typed and _ours(team, "", me)
    return Inbound(
        "say", address(channel), "private", f"{team}/{user}", text, ident, genuine=genuine, handle=Handle(user)
    )


def _ours(team: str, enterprise: str, me: Me) -> bool:
    """Whether the person belongs to our workspace (Slack Connect brings others); the organisation must not differ."""
    return bool(me.team) and team == me.team and (not enterprise or not me.enterprise or enterprise == me.enterprise)


def _str(part: dict[str, Any], key: str) -> str:
    value = part.get(key)
    return value if isinstance(value, str) else ""


def _dict(part: dict[str, Any], key: str) -> dict[str, Any]:
    value = part.get(key)
    return value if isinstance(value, dict) else {}
