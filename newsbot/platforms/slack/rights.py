"""Who may change what a channel gets, and where we talk with a person: what one workspace says about its people."""

from __future__ import annotations

from collections import OrderedDict

import structlog

from newsbot.core.model import Address, Inbound
from newsbot.platforms.slack.inbound import bare
from newsbot.platforms.slack.look import may_write, told_ok
from newsbot.platforms.slack.places import ADMIN, GUEST, channel_named, in_channel
from newsbot.platforms.slack.socket import FAILURES, why
from newsbot.platforms.slack.wire import Wire
from newsbot.platforms.slack.workspaces import Workspace, Workspaces

log = structlog.get_logger()

DIRECT = 10_000  # people whose conversation with us is remembered


class Rights:
    """Asked anew each time: rights change."""

    def __init__(self, spaces: Workspaces, wire: Wire) -> None:
        self._spaces, self._wire = spaces, wire
        self._direct: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def is_admin(self, inbound: Inbound, space: Workspace, channel: str) -> bool:
        """True for the workspace's owners and admins and for who made the channel.

        Slack tells a bot nothing else: channel managers are known to Enterprise admins' tokens alone. Guests
        (is_restricted, is_ultra_restricted) never count, not even in a channel of their own making, nor does anybody of
        another workspace (Slack Connect), who is not genuine to begin with. Where the workspace that made a shared channel has
        the bot as well, it alone sets it: two installations must not both write there.
        """
        try:
            known = await self._rank(space, inbound.user)
            if known is False or (known and self._spaces.vault is None):
                return known
            room = (await space.web.conversations_info(channel=channel))["channel"]
            if await self._elsewhere(space, room):
                return False
            return known is True or bool(room.get("creator") == bare(inbound.user))
        except FAILURES as error:
            log.warning("slack.admin_unknown", why=why(error))
            return False

    async def place_of(self, inbound: Inbound, space: Workspace, name: str) -> tuple[Address, str] | None:
        """The channel "#news", "#C…" or "C…", where who spoke counts as its admin (see `is_admin`) and we may post.

        A private channel's people are asked for as well: its settings are no business of an admin who is not in it.
        """
        try:
            known = await self._rank(space, inbound.user)
            channel = await channel_named(space.web, name) if known is not False else None
            if channel is None:
                return None
            answer = await self._wire.ask(space.token, "conversations.info", channel=channel)
            room = told_ok(answer).get("channel")
            if not isinstance(room, dict) or await self._elsewhere(space, room):
                return None
            if not known and room.get("creator") != bare(inbound.user):
                return None
            if room.get("is_private") and not await in_channel(space.web, channel, bare(inbound.user)):
                return None
        except FAILURES as error:
            log.warning("slack.place_unknown", why=why(error))
            return None
        return (space.me.at(channel), f"#{room.get('name') or channel}") if may_write(answer) else None

    async def conversation(self, space: Workspace, user: str) -> str:
        """Our conversation with this person, opened where there was none; "" where Slack does not."""
        key = (space.me.team, user)
        if key in self._direct:
            self._direct.move_to_end(key)
            return self._direct[key]
        try:
            found = str((await space.web.conversations_open(users=user))["channel"]["id"])
        except FAILURES as error:
            log.warning("slack.direct_unknown", why=why(error))
            return ""
        self._direct[key] = found
        if len(self._direct) > DIRECT:
            self._direct.popitem(last=False)
        return found

    async def _elsewhere(self, space: Workspace, room: dict[str, object]) -> bool:
        """Whether this is a shared channel of another workspace that has the bot too (docs: conversation object)."""
        host = room.get("conversation_host_id")
        if not room.get("is_ext_shared") or not isinstance(host, str) or host == space.me.team:
            return False
        return await self._spaces.has(host)

    async def _rank(self, space: Workspace, who: str) -> bool | None:
        """Whether this person is an admin everywhere (True), a guest (False), or neither. Raises what asking raises."""
        person = (await space.web.users_info(user=bare(who)))["user"]
        if any(person.get(flag) for flag in GUEST):
            return False
        return True if any(person.get(flag) for flag in ADMIN) else None
