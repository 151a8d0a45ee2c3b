"""The live half of Slack: one app, the workspaces it is installed in, one session, one door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from starlette.routing import Route

from newsbot.core.model import Address, Gone, Inbound, Later, Outcome, Refused, Rendered, Reply, Sent, Stopped
from newsbot.platforms.slack.answer import line_of
from newsbot.platforms.slack.classify import (
    STOPPED,
    classify,
    classify_delete,
    classify_edit,
    classify_error,
    to_ts,
)
from newsbot.platforms.slack.door import Guard, events
from newsbot.platforms.slack.inbound import Me, bare
from newsbot.platforms.slack.install import install_routes
from newsbot.platforms.slack.listen import Listener
from newsbot.platforms.slack.look import Search, Searches, may_write
from newsbot.platforms.slack.rights import Rights
from newsbot.platforms.slack.settings import Settings
from newsbot.platforms.slack.socket import FAILURES, listen, why
from newsbot.platforms.slack.speak import Speaker
from newsbot.platforms.slack.tongue import Tongues
from newsbot.platforms.slack.wire import ALL, LETS_GO, Wire, encode
from newsbot.platforms.slack.workspaces import Unreadable, Workspace, Workspaces, vault_of
from newsbot.ports import Door, Shelf, StoreDown, TokenRefused

log = structlog.get_logger()

# What chat.update takes of a posted message.
EDITABLE = ("text", "blocks", "attachments", "metadata")

NOT_OURS = "another workspace"
AGAIN = 60.0  # seconds until a token that cannot be read is tried again: a person has to put the key back


class SlackPlatform:
    """`ports.Platform` over the Web API. Sends are ready bytes in exactly one POST; Bolt parses what comes in."""

    name = "slack"
    reads_back = True

    def __init__(self, settings: Settings, token: str, shelf: Shelf | None = None) -> None:
        self._settings = settings
        self._wire = Wire(settings.api_base)
        self._spaces = Workspaces(settings, token, self._wire, vault_of(settings, shelf))
        self._rights = Rights(self._spaces, self._wire)
        self._tongues = Tongues(self._wire)
        self._listener: Listener | None = None
        self._searches = Searches()

    async def start(self) -> str:
        """`<team id>/<bot user id>` of our own workspace. Raises TokenRefused or ConnectionError; only its auth.test must
        succeed."""
        try:
            answer = await self._spaces.api().auth_test()
            me = Me(answer["team_id"], answer["user_id"], answer.get("bot_id") or "", answer.get("enterprise_id") or "")
        except FAILURES as error:
            code = why(error)
            if code in STOPPED:
                raise TokenRefused(f"slack: auth.test says {code}") from None
            raise ConnectionError(f"slack: auth.test: {code}") from None
        self._spaces.is_home(me)
        log.info("slack.started", team=me.team, user=me.user)
        try:
            if self._spaces.vault is not None:
                await self._spaces.vault.renew()
        except StoreDown:
            log.warning("slack.workspaces_unknown")  # each is looked up when it is needed
        return f"{me.team}/{me.user}"

    async def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            await self._listener.close()
        await self._wire.close()

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        """Exactly one request; never retried inside. `answers` puts it into the thread of that message.

        The caller keeps the clock: it cancels what takes too long (see LETS_GO).
        """
        place = await self._at(to)
        if not isinstance(place, tuple):
            return place
        space, channel = place
        head = {"channel": channel}
        if answers:
            head |= {"thread_ts": to_ts(answers), **message.reply}
        body = encode(head)[:-1] + b"," + message.body[1:]
        answer = await self._wire.post(space.token, message.method, body, LETS_GO)
        return of(space, classify_error(answer) if isinstance(answer, BaseException) else classify(*answer, channel))

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        """One request; a message that is not there any more is Gone("message not found"). The caller keeps the clock, as
        for `send`."""
        place = await self._at(to)
        if not isinstance(place, tuple):
            return place
        space, channel = place
        # Text without blocks would remove the old blocks; a message has both, so both are replaced.
        fields = {name: message.payload[name] for name in EDITABLE if name in message.payload}
        body = encode({"channel": channel, "ts": to_ts(ref), **fields})
        answer = await self._wire.post(space.token, "chat.update", body, LETS_GO)
        if isinstance(answer, BaseException):
            return classify_error(answer)
        return of(space, classify_edit(*answer, channel, ref))

    async def delete(self, to: Address, ref: int) -> Outcome:
        """One request; "already gone" is Sent."""
        place = await self._at(to)
        if not isinstance(place, tuple):
            return place
        space, channel = place
        body = encode({"channel": channel, "ts": to_ts(ref)})
        answer = await self._wire.post(space.token, "chat.delete", body)
        if isinstance(answer, BaseException):
            return classify_error(answer)
        return of(space, classify_delete(*answer, channel, ref))

    async def find(self, to: Address, story: str, since: float, answers: int = 0) -> Sent | Later | None:
        """One look, one request, for our own message of this story there, posted within ten minutes after `since` (unix
        seconds; five seconds of clock skew are allowed for).

        Sent: there it is. None: it is not there. Later with a time: ask again then, and the look goes on where this one
        ended. Later without a time: it cannot be told (a scope is missing, the bot is not in the channel).
        """
        place = await self._at(to)
        if not isinstance(place, tuple):
            return place if isinstance(place, Later) else Later(None, NOT_OURS)
        space, channel = place
        search = Search(channel, story, since, answers)
        answer = await self._wire.ask(space.token, search.method, **self._searches.fields(search))
        return self._searches.result(search, answer, space.me)

    async def probe(self, to: Address) -> bool | None:
        """Whether we may write there, by conversations.info; nothing is posted."""
        place = await self._at(to)
        if not isinstance(place, tuple):
            return None if isinstance(place, Later) else False
        space, channel = place
        return may_write(await self._wire.ask(space.token, "conversations.info", channel=channel))

    async def say(self, to: Address, text: str) -> Outcome:
        """One message of plain words. Exactly one request."""
        place = await self._at(to)
        if not isinstance(place, tuple):
            return place
        if not text.strip():
            return Refused("nothing to say")
        space, channel = place
        body = encode({"channel": channel, **line_of(text)})
        answer = await self._wire.post(space.token, "chat.postMessage", body, ALL)
        return of(space, classify_error(answer) if isinstance(answer, BaseException) else classify(*answer, channel))

    async def receive(self, door: Door) -> None:
        """Hold a socket until cancelled; returns at once where HTTP brings the events, or nothing does."""
        if self._settings.app_token is None:
            return
        listener = self._listen(door)
        await listen(listener.app, self._spaces.api(), self._settings.app_token.get_secret_value())

    def routes(self, door: Door) -> Sequence[Route]:
        """POST /slack/events where a signing secret is set and no app token (Socket Mode goes first); where further
        workspaces may be added, GET /slack/install and /slack/oauth_redirect."""
        adding = install_routes(self._settings, self._spaces, self._wire)
        secret = self._settings.signing_secret
        if secret is None or self._settings.app_token is not None:
            return adding
        return (events(self._listen(door).app, Guard(secret.get_secret_value())), *adding)

    async def reply(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Say these: in a form or in place of what was pressed where they ask for it; else to the person alone where Slack
        gave an address for that, or in the place itself."""
        place = await self._at(to.address)
        if isinstance(place, tuple):
            space, channel = place
            await Speaker(self._wire, space.token, channel).say(to, replies)
        else:
            log.warning("slack.reply_failed", call="", why=NOT_OURS)

    async def is_admin(self, inbound: Inbound) -> bool:
        """True in a direct message; in a channel for the workspace's owners and admins and for who made the channel."""
        if not inbound.genuine or not inbound.user:
            return False
        if inbound.place == "private":
            return True
        place = await self._at(inbound.address)
        return isinstance(place, tuple) and await self._rights.is_admin(inbound, *place)

    async def place_of(self, inbound: Inbound, name: str) -> tuple[Address, str] | None:
        """The channel of this name in the workspace of who spoke, who counts as its admin, and where we may post."""
        if not inbound.genuine or not inbound.user:
            return None
        place = await self._at(inbound.address)
        return await self._rights.place_of(inbound, place[0], name) if isinstance(place, tuple) else None

    async def _at(self, to: Address) -> tuple[Workspace, str] | Gone | Later:
        """The workspace and channel of an address, or why there is none."""
        try:
            return await self._spaces.at(to) or Gone(NOT_OURS, "quarantined")
        except Unreadable:
            return Later(AGAIN, "its token cannot be read: SLACK_TOKEN_KEY")
        except StoreDown:
            return Later(None, "its token is not known yet")

    def _listen(self, door: Door) -> Listener:
        if self._listener is None:
            self._listener = Listener(self._speaking(door), self.reply, self._rights.conversation, self._spaces)
        return self._listener

    def _speaking(self, door: Door) -> Door:
        """The door, told what language the person's Slack is in; events do not say."""

        async def heard(inbound: Inbound) -> Sequence[Reply]:
            if not inbound.genuine or not inbound.user:
                return await door(inbound)
            place = await self._at(inbound.address)
            tongue = await self._tongues.of(place[0], bare(inbound.user)) if isinstance(place, tuple) else ""
            return await door(replace(inbound, language=tongue))

        return heard


def of(space: Workspace, outcome: Outcome) -> Outcome:
    """A dead token stops the bot at home; of a further workspace it only silences that one's channels, until the app is
    installed there again."""
    if isinstance(outcome, Stopped) and not space.me.home:
        return Gone(outcome.why, "quarantined")
    return outcome
