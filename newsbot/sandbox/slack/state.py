"""The Slack workspace of the sandbox: its people, channels, tokens and settings.

Data only; nothing here answers a call.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from newsbot.sandbox.slack.wire import Wire

if TYPE_CHECKING:
    from newsbot.sandbox.slack.views import View

TEAM, TEAM_DOMAIN, OTHER_TEAM = "T0SANDBOX", "sandbox", "T0OTHER"
BOT_USER, BOT, APP = "U0NEWSBOT", "B0NEWSBOT", "A0NEWSBOT"
SCOPES = frozenset(
    {
        *("chat:write", "commands", "users:read", "im:read", "im:write", "im:history"),
        *("channels:read", "channels:history", "channels:join", "groups:read", "groups:history"),
    }
)
# Slack retries an event at once, after a minute and after five (docs.slack.dev/apis/events-api#retries).
RETRY_DELAYS = (0.0, 60.0, 300.0)
ACK_SECONDS = 3.0  # docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response


@dataclass(slots=True)
class User:
    """One person or bot, with the flags rights are decided by: a guest is restricted, a guest of one channel
    ultra-restricted too, somebody of another workspace (Slack Connect) a stranger."""

    id: str
    name: str
    team: str = TEAM
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    tz: str = "Asia/Seoul"
    locale: str = "ko-KR"

    def as_slack(self, now: float) -> dict[str, Any]:
        """The user object of users.info; `now` in unix seconds decides about summer time."""
        title = self.name.capitalize()
        here = datetime.fromtimestamp(now, ZoneInfo(self.tz))
        offset = here.utcoffset()
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": title,
            "tz": self.tz,
            "tz_label": here.tzname(),
            "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
            "profile": {"real_name": title, "display_name": self.name, "team": self.team},
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted or self.is_ultra_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_stranger": self.team != TEAM,
            "updated": 1_720_742_580,
        }


@dataclass(slots=True)
class Channel:
    """One conversation; `user` is the other side of a direct message."""

    id: str
    name: str
    creator: str = "U0RAE"
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    user: str = ""
    is_archived: bool = False
    last_ts: int = 0

    @property
    def is_im(self) -> bool:
        """Whether this is a direct message with the bot."""
        return bool(self.user)

    @property
    def title(self) -> str:
        """How people call it."""
        return f"@{self.name}" if self.is_im else f"#{self.name}"

    @property
    def command_name(self) -> str:
        """`channel_name` of a slash command (docs.slack.dev/interactivity/implementing-slash-commands)."""
        if self.is_im:
            return "directmessage"
        return "privategroup" if self.is_private else self.name

    def as_slack(self, strangers: Collection[str] = ()) -> dict[str, Any]:
        """The channel object of conversations.info; `strangers` are the other workspaces it is shared with."""
        shared: dict[str, Any] = {
            "id": self.id,
            "created": 1_720_742_580,
            "context_team_id": TEAM,
            "is_im": self.is_im,
            "is_org_shared": False,
        }
        if self.is_im:
            return shared | {"user": self.user, "is_archived": self.is_archived, "is_open": True}
        return shared | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_private": self.is_private,
            "is_mpim": False,
            "is_general": False,
            "is_archived": self.is_archived,
            "is_shared": bool(strangers),
            "is_ext_shared": bool(strangers),
            "is_pending_ext_shared": False,
            "shared_team_ids": [TEAM, *sorted(strangers)],
            "is_member": BOT_USER in self.members,
            "creator": self.creator,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


def _people() -> dict[str, User]:
    cast = [
        User("U0RAE", "rae", is_admin=True),
        User("U0ED", "ed"),
        User("U0EVE", "eve"),
        User("U0OLU", "olu"),
        User("U0SAM", "sam"),
        User("U0GUS", "gus", is_restricted=True),
        User("U0EXT", "ext", team=OTHER_TEAM),
        User(BOT_USER, "newsbot", is_bot=True),
    ]
    return {user.id: user for user in cast}


def _rooms() -> dict[str, Channel]:
    crew = {"U0RAE", "U0ED", "U0EVE", "U0OLU"}
    rooms = [
        Channel("C0NEWS", "news", members=crew | {"U0SAM", "U0GUS", "U0EXT", BOT_USER}),
        Channel("C0DESK", "desk", creator="U0ED", members=crew | {BOT_USER}),
        Channel("C0RANDOM", "random", members=crew | {"U0SAM"}),
        Channel("G0PRIVATE", "private", members=crew | {BOT_USER}, is_private=True),
    ]
    return {room.id: room for room in rooms}


@dataclass(slots=True)
class SlackState:
    """The workspace and how the sandbox treats the app; tests set the plain fields at will."""

    bot_token: str = "xoxb-sandbox-newsbot"  # noqa: S105  a stand-in's token is no secret
    app_token: str = "xapp-sandbox-newsbot"  # noqa: S105
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105
    verification_token: str = "sandbox-verification"  # noqa: S105
    revoked: bool = False
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    commercial: bool = False  # a distributed non-Marketplace app reads history once a minute, 15 messages
    request_url: str | None = None
    ack_seconds: float = ACK_SECONDS
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    users: dict[str, User] = field(default_factory=_people)
    channels: dict[str, Channel] = field(default_factory=_rooms)
    home_tab: bool = True  # switched on in the app's settings
    homes: dict[str, View] = field(default_factory=dict)  # by the user who sees it
    modals: dict[str, View] = field(default_factory=dict)  # the one open in front of a user
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        """Everyone of this workspace has a direct message with the bot."""
        for user in list(self.users.values()):
            if not user.is_bot and user.team == TEAM:
                self.direct(user.id)

    def direct(self, user_id: str) -> Channel:
        """The direct message between the bot and a user, opened when missing."""
        channel_id = f"D{user_id[1:]}"
        if channel_id not in self.channels:
            name = self.users[user_id].name
            self.channels[channel_id] = Channel(channel_id, name, members={user_id, BOT_USER}, user=user_id)
        return self.channels[channel_id]

    def user(self, who: str) -> User:
        """A user by id or name in any case (`Rae`, `@rae`, `bot`); KeyError when nobody answers to it."""
        if who in self.users:
            return self.users[who]
        name = {"bot": "newsbot"}.get(who.lower(), who.lower()).removeprefix("@")
        for user in self.users.values():
            if user.name == name:
                return user
        raise KeyError(f"no Slack user {who!r}")

    def channel(self, where: str) -> Channel:
        """A channel by id, `#name`, or `@name` for a direct message; KeyError when there is none."""
        if where in self.channels:
            return self.channels[where]
        if where.startswith("@"):
            return self.direct(self.user(where).id)
        name = where.removeprefix("#")
        for channel in self.channels.values():
            if channel.name == name and not channel.is_im:
                return channel
        raise KeyError(f"no Slack channel {where!r}")

    def add_channels(self, count: int, prefix: str = "C9", private: bool = False) -> list[Channel]:
        """Many channels at once, bot and Rae inside, named and numbered after `prefix`."""
        made = []
        for number in range(count):
            channel_id = f"{prefix}{number:06d}"
            room = Channel(channel_id, channel_id.lower(), members={"U0RAE", BOT_USER}, is_private=private)
            made.append(self.channels.setdefault(channel_id, room))
        return made

    def next_ts(self, channel: Channel, now: float) -> str:
        """A ts no other message of the channel has; ts are strings and rise within a channel."""
        micros = max(round(now * 1_000_000), channel.last_ts + 1)
        channel.last_ts = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def strangers(self, channel: Channel) -> set[str]:
        """The other workspaces whose people are in a channel."""
        teams = {self.users[member].team for member in channel.members if member in self.users}
        return teams - {TEAM}

    def shown(self, channel: Channel) -> dict[str, Any]:
        """The channel as Slack tells it."""
        return channel.as_slack(self.strangers(channel))

    def as_json(self) -> dict[str, Any]:
        """What a page or a script needs to know to play a part here."""
        return {
            "team": TEAM,
            "bot_user": BOT_USER,
            "bot": BOT,
            "app": APP,
            "bot_token": self.bot_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
            "request_url": self.request_url,
            "revoked": self.revoked,
            "users": {user.id: user.name for user in self.users.values()},
            "channels": {channel.id: channel.title for channel in self.channels.values()},
            "rooms": {
                channel.id: {
                    "private": channel.is_private,
                    "archived": channel.is_archived,
                    "shared": bool(self.strangers(channel)),
                    "user": channel.user,
                    "members": sorted(channel.members),
                }
                for channel in self.channels.values()
            },
            "scopes": sorted(self.scopes),
            "listening": bool(self.request_url or self.wire.sockets),
        }
