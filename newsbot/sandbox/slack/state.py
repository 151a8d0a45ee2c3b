"""A Slack workspace of the sandbox: its people, channels, tokens and settings.

Data only; nothing here answers a call. There is one app; what belongs to it rather than to one workspace (signing secret,
app token, client id, request URL, what is open on the wire) is kept by the first workspace, `World.home`.
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
        *("app_mentions:read", "chat:write", "commands", "users:read", "im:read", "im:write", "im:history"),
        *("channels:read", "channels:history", "channels:join", "groups:read", "groups:history"),
    }
)
# Slack retries an event at once, after a minute and after five (docs.slack.dev/apis/events-api#retries).
RETRY_DELAYS = (0.0, 60.0, 300.0)
ACK_SECONDS = 3.0  # docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response


@dataclass(slots=True)
class User:
    """One person or bot, with the flags rights are decided by: a guest is restricted, a guest of one channel
    ultra-restricted too."""

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

    def as_slack(self, now: float, stranger: bool) -> dict[str, Any]:
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
            "is_stranger": stranger,
            "updated": 1_720_742_580,
        }


@dataclass(slots=True)
class Channel:
    """One conversation; `user` is the other side of a direct message, `team` the workspace that has it, `connected` the
    other workspaces it is shared with, in the order in which they came."""

    id: str
    name: str
    creator: str = "U0RAE"
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    user: str = ""
    is_archived: bool = False
    last_ts: int = 0
    team: str = TEAM
    connected: list[str] = field(default_factory=list)

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

    def as_slack(self, team: str, bot_user: str, strangers: Collection[str] = ()) -> dict[str, Any]:
        """The channel object of conversations.info asked by the bot of `team`; `strangers` are the other workspaces it is
        shared with."""
        shared: dict[str, Any] = {
            "id": self.id,
            "created": 1_720_742_580,
            "context_team_id": team,
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
            "shared_team_ids": [team, *sorted(strangers)],
            **({"conversation_host_id": self.team, "internal_team_ids": [team]} if strangers else {}),
            "is_member": bot_user in self.members,
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
    """One workspace and how the sandbox treats the app; tests set the plain fields at will.

    From `app_token` to `client_secret`, and `wire`: the app's, read from the first workspace alone.
    """

    team: str = TEAM
    name: str = "Sandbox"
    domain: str = TEAM_DOMAIN
    bot_user: str = BOT_USER
    bot: str = BOT
    installed: bool = True
    revoked: bool = False
    dead: dict[str, str] = field(default_factory=dict)  # earlier tokens, with what Slack says to them
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    bot_token: str = "xoxb-sandbox-newsbot"  # noqa: S105  a stand-in's token is no secret
    app_token: str = "xapp-sandbox-newsbot"  # noqa: S105
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105
    verification_token: str = "sandbox-verification"  # noqa: S105
    commercial: bool = False  # a distributed non-Marketplace app reads history once a minute, 15 messages
    request_url: str | None = None
    ack_seconds: float = ACK_SECONDS
    retry_delays: tuple[float, ...] = RETRY_DELAYS
    home_tab: bool = True  # switched on in the app's settings
    each: bool = False  # an event of a shared channel once for each installation; Slack delivers it once
    redirect_urls: list[str] = field(default_factory=list)
    client_id: str = "1000000000.2000000000"
    client_secret: str = "sandbox-client-secret"  # noqa: S105
    users: dict[str, User] = field(default_factory=_people)
    channels: dict[str, Channel] = field(default_factory=_rooms)
    homes: dict[str, View] = field(default_factory=dict)  # by the user who sees it
    modals: dict[str, View] = field(default_factory=dict)  # the one open in front of a user
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        """An installed bot has a direct message with everyone of its workspace."""
        if self.installed:
            self.open_directs()

    @property
    def mark(self) -> str:
        """What keeps the ids of another workspace apart from those of the first, where it is empty."""
        return "" if self.team == TEAM else self.team[1:]

    @property
    def admin(self) -> User:
        """Who acts for the workspace where nobody is named: its first admin, else its first person."""
        own = [user for user in self.users.values() if user.team == self.team and not user.is_bot]
        return next((user for user in own if user.is_admin), own[0])

    def user_id(self, name: str) -> str:
        """The id of somebody new."""
        return f"U{self.mark or '0'}{name.upper()}"

    def open_directs(self) -> None:
        """Give everyone of this workspace a direct message with the bot."""
        for user in list(self.users.values()):
            if not user.is_bot and user.team == self.team:
                self.direct(user.id)

    def direct(self, user_id: str) -> Channel:
        """The direct message between the bot and a user, opened when missing."""
        channel_id = self.direct_id(user_id)
        if channel_id not in self.channels:
            name, members = self.users[user_id].name, {user_id, self.bot_user}
            self.channels[channel_id] = Channel(channel_id, name, members=members, user=user_id, team=self.team)
        return self.channels[channel_id]

    def direct_id(self, user_id: str) -> str:
        """The id of that direct message, another one for each bot a person talks with."""
        plain = f"D{user_id[1:]}"
        own = self.users[user_id].team == self.team or plain in self.channels
        return plain if own else f"D{self.team[1:]}{user_id[1:]}"

    def user(self, who: str) -> User:
        """A user by id or name in any case (`Rae`, `@rae`, `bot`); KeyError when nobody answers to it."""
        if who in self.users:
            return self.users[who]
        name = who.lower().removeprefix("@")
        if name in ("bot", "newsbot") and self.bot_user in self.users:
            return self.users[self.bot_user]
        for user in sorted(self.users.values(), key=lambda one: one.team != self.team):  # its own people first
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
        """Many channels at once, bot and admin (Rae) inside, named and numbered after `prefix`."""
        made, admin = [], self.admin.id
        for number in range(count):
            channel_id = f"{prefix}{self.mark}{number:06d}"
            members = {admin, self.bot_user}
            room = Channel(channel_id, channel_id.lower(), admin, members, is_private=private, team=self.team)
            made.append(self.channels.setdefault(channel_id, room))
        return made

    def next_ts(self, channel: Channel, now: float) -> str:
        """A ts no other message of the channel has; ts are strings and rise within a channel."""
        micros = max(round(now * 1_000_000), channel.last_ts + 1)
        channel.last_ts = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def strangers(self, channel: Channel) -> set[str]:
        """The other workspaces that have a channel too, or whose people are in it."""
        teams = {self.users[member].team for member in channel.members if member in self.users}
        return (teams | {channel.team, *channel.connected}) - {self.team}

    def profile(self, user: User, now: float) -> dict[str, Any]:
        """The user object as Slack tells it. A stranger is of another workspace and in no channel with the bot; whoever is in
        one is external and no stranger (docs.slack.dev/apis/slack-connect, "Determining whether a user is external")."""
        stranger = user.team != self.team and not any(
            user.id in channel.members and self.bot_user in channel.members and not channel.is_im
            for channel in self.channels.values()
        )
        return user.as_slack(now, stranger)

    def shown(self, channel: Channel) -> dict[str, Any]:
        """The channel as Slack tells it."""
        return channel.as_slack(self.team, self.bot_user, self.strangers(channel))

    def as_json(self) -> dict[str, Any]:
        """What a page or a script needs to know to play a part here."""
        return {
            "team": self.team,
            "name": self.name,
            "installed": self.installed,
            "bot_user": self.bot_user,
            "bot": self.bot,
            "app": APP,
            "bot_token": self.bot_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "redirect_urls": self.redirect_urls,
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
