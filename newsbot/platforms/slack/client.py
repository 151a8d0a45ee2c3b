"""The live half of Slack: one workspace's token, one session, one door."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import Route

from newsbot.core.delivery import LEASE, SEND_TIMEOUT
from newsbot.core.model import Address, Gone, Inbound, Later, Outcome, Refused, Rendered, Reply, Sent
from newsbot.platforms.slack.answer import line_of, payload_of
from newsbot.platforms.slack.classify import (
    STOPPED,
    classify,
    classify_delete,
    classify_edit,
    classify_error,
    parse,
    to_ts,
)
from newsbot.platforms.slack.door import Guard, events
from newsbot.platforms.slack.inbound import Handle, Me, Origin, address
from newsbot.platforms.slack.listen import Listener, library_log
from newsbot.platforms.slack.look import Answer, Search, Searches, may_write, told_ok
from newsbot.platforms.slack.places import ADMIN, GUEST, channel_named, in_channel
from newsbot.platforms.slack.settings import Settings
from newsbot.platforms.slack.socket import listen, why
from newsbot.platforms.slack.view import form, home
from newsbot.ports import Door, TokenRefused

log = structlog.get_logger()

CONNECT = 5.0  # seconds for a free connection, DNS, TCP and TLS
# Seconds from asking for a connection to the last byte.
ALL = aiohttp.ClientTimeout(total=SEND_TIMEOUT - 1.0, connect=CONNECT, sock_connect=CONNECT)
# An alert takes longer only where the process was stopped: its timers go off before the answers in its sockets are read,
# and every send under way became a doubt. The sender keeps the clock; this ends only what nobody waits for any more.
LETS_GO = aiohttp.ClientTimeout(total=LEASE, connect=CONNECT, sock_connect=CONNECT)
# Seconds an idle connection is kept: one the other side closes while we write would be a doubt.
IDLE = 15.0
MOST = 1 << 20  # bytes of one answer; a page of 15 posts with all their blocks stays below

# What chat.update takes of a posted message.
EDITABLE = ("text", "blocks", "attachments", "metadata")

TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
FAILURES = (SlackApiError, *TRANSPORT, KeyError, TypeError, AttributeError)

# An answer of its own, seen by the person alone.
NEW: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False}
DIRECT = 10_000  # people whose conversation with us is remembered


class SlackPlatform:
    """`ports.Platform` over the Web API. Sends are ready bytes in exactly one POST; Bolt parses what comes in."""

    name = "slack"
    reads_back = True

    def __init__(self, settings: Settings, token: str) -> None:
        self._settings = settings
        self._token = token
        self._me = Me()
        self._session: aiohttp.ClientSession | None = None
        self._web = AsyncWebClient(token, settings.api_base, logger=library_log, retry_handlers=[])
        self._web.proxy = None  # the library takes one from the environment
        self._listener: Listener | None = None
        self._searches = Searches()
        self._direct: OrderedDict[str, str] = OrderedDict()

    async def start(self) -> str:
        """`<team id>/<bot user id>`. Raises TokenRefused or ConnectionError; only auth.test must succeed."""
        self._web.session = self._connected()
        try:
            answer = await self._web.auth_test()
            self._me = Me(
                answer["team_id"], answer["user_id"], answer.get("bot_id") or "", answer.get("enterprise_id") or ""
            )
        except FAILURES as error:
            code = why(error)
            if code in STOPPED:
                raise TokenRefused(f"slack: auth.test says {code}") from None
            raise ConnectionError(f"slack: auth.test: {code}") from None
        log.info("slack.started", team=self._me.team, user=self._me.user)
        return f"{self._me.team}/{self._me.user}"

    async def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            await self._listener.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        """Exactly one request; never retried inside. `answers` puts it into the thread of that message.

        The caller keeps the clock: it cancels what takes too long (see LETS_GO).
        """
        if (channel := self._channel(to)) is None:
            return Gone("another workspace", "quarantined")
        head = {"channel": channel}
        if answers:
            head |= {"thread_ts": to_ts(answers), **message.reply}
        body = encode(head)[:-1] + b"," + message.body[1:]
        answer = await self._post(message.method, body, LETS_GO)
        return classify_error(answer) if isinstance(answer, BaseException) else classify(*answer, channel)

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        """One request; a message that is not there any more is Gone("message not found"). The caller keeps the clock, as
        for `send`."""
        if (channel := self._channel(to)) is None:
            return Gone("another workspace", "quarantined")
        # Text without blocks would remove the old blocks; a message has both, so both are replaced.
        fields = {name: message.payload[name] for name in EDITABLE if name in message.payload}
        answer = await self._post("chat.update", encode({"channel": channel, "ts": to_ts(ref), **fields}), LETS_GO)
        if isinstance(answer, BaseException):
            return classify_error(answer)
        return classify_edit(*answer, channel, ref)

    async def delete(self, to: Address, ref: int) -> Outcome:
        """One request; "already gone" is Sent."""
        if (channel := self._channel(to)) is None:
            return Gone("another workspace", "quarantined")
        answer = await self._post("chat.delete", encode({"channel": channel, "ts": to_ts(ref)}))
        if isinstance(answer, BaseException):
            return classify_error(answer)
        return classify_delete(*answer, channel, ref)

    async def find(self, to: Address, story: str, since: float, answers: int = 0) -> Sent | Later | None:
        """One look, one request, for our own message of this story there, posted within ten minutes after `since` (unix
        seconds; five seconds of clock skew are allowed for).

        Sent: there it is. None: it is not there. Later with a time: ask again then, and the look goes on where this one
        ended. Later without a time: it cannot be told (a scope is missing, the bot is not in the channel).
        """
        if (channel := self._channel(to)) is None:
            return Later(None, "another workspace")
        search = Search(channel, story, since, answers)
        answer = await self._ask(search.method, **self._searches.fields(search))
        return self._searches.result(search, answer, self._me)

    async def probe(self, to: Address) -> bool | None:
        """Whether we may write there, by conversations.info; nothing is posted."""
        if (channel := self._channel(to)) is None:
            return False
        return may_write(await self._ask("conversations.info", channel=channel))

    async def say(self, to: Address, text: str) -> Outcome:
        """One message of plain words. Exactly one request."""
        if (channel := self._channel(to)) is None:
            return Gone("another workspace", "quarantined")
        if not text.strip():
            return Refused("nothing to say")
        answer = await self._post("chat.postMessage", encode({"channel": channel, **line_of(text)}))
        return classify_error(answer) if isinstance(answer, BaseException) else classify(*answer, channel)

    async def receive(self, door: Door) -> None:
        """Hold a socket until cancelled; returns at once where HTTP brings the events, or nothing does."""
        if self._settings.app_token is None:
            return
        self._web.session = self._connected()
        listener = self._listen(door)
        await listen(listener.app, self._web, self._settings.app_token.get_secret_value())

    def routes(self, door: Door) -> Sequence[Route]:
        """POST /slack/events where a signing secret is set and no app token (Socket Mode goes first)."""
        secret = self._settings.signing_secret
        if secret is None or self._settings.app_token is not None:
            return ()
        return (events(self._listen(door).app, Guard(secret.get_secret_value())),)

    async def reply(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Say these: in a form or in place of what was pressed where they ask for it; else to the person alone where Slack
        gave an address for that, or in the place itself. The bot's page is drawn from the first; it shows one at a time."""
        handle = to.handle if isinstance(to.handle, Handle) else Handle()
        if to.kind == "home":
            if replies:
                await self._publish(handle.user, replies[0])
            return
        free = bool(handle.pressed)
        for reply in replies:
            if reply.ask and handle.trigger and await self._open_form(to, handle, reply):
                continue
            if free and reply.replaces and reply.alert is None and await self._replace(to, handle, reply):
                free = False
                continue
            await self._tell(to, handle, payload_of(reply))

    async def is_admin(self, inbound: Inbound) -> bool:
        """True in a direct message; in a channel for the workspace's owners and admins and for who made the channel.

        Slack tells a bot nothing else: channel managers are known to Enterprise admins' tokens alone. Guests
        (is_restricted, is_ultra_restricted) never count, not even in a channel of their own making, nor does anybody of
        another workspace (Slack Connect), who is not genuine to begin with.
        """
        if not inbound.genuine or not inbound.user:
            return False
        if inbound.place == "private":
            return True
        try:
            if (known := await self._rank(inbound.user)) is not None:
                return known
            room = (await self._web.conversations_info(channel=self._channel(inbound.address) or ""))["channel"]
            return bool(room.get("creator") == bare(inbound.user))
        except FAILURES as error:
            log.warning("slack.admin_unknown", why=why(error))
            return False

    async def place_of(self, inbound: Inbound, name: str) -> Address | None:
        """The channel "#news", "#C…" or "C…", where who spoke counts as its admin (see `is_admin`) and we may post.

        A private channel's people are asked for as well: its settings are no business of an admin who is not in it.
        """
        if not inbound.genuine or not inbound.user:
            return None
        try:
            known = await self._rank(inbound.user)
            channel = await channel_named(self._web, name) if known is not False else None
            if channel is None:
                return None
            answer = await self._ask("conversations.info", channel=channel)
            room = told_ok(answer).get("channel")
            if not isinstance(room, dict):
                return None
            if not known and room.get("creator") != bare(inbound.user):
                return None
            if room.get("is_private") and not await in_channel(self._web, channel, bare(inbound.user)):
                return None
        except FAILURES as error:
            log.warning("slack.place_unknown", why=why(error))
            return None
        return address(channel) if may_write(answer) else None

    async def _rank(self, who: str) -> bool | None:
        """Whether this person is an admin everywhere (True), a guest (False), or neither. Raises what asking raises."""
        person = (await self._web.users_info(user=bare(who)))["user"]
        if any(person.get(flag) for flag in GUEST):
            return False
        return True if any(person.get(flag) for flag in ADMIN) else None

    async def _conversation(self, user: str) -> str:
        """Our conversation with this person, opened where there was none; "" where Slack does not."""
        if user in self._direct:
            self._direct.move_to_end(user)
            return self._direct[user]
        try:
            found = str((await self._web.conversations_open(users=user))["channel"]["id"])
        except FAILURES as error:
            log.warning("slack.direct_unknown", why=why(error))
            return ""
        self._direct[user] = found
        if len(self._direct) > DIRECT:
            self._direct.popitem(last=False)
        return found

    def _listen(self, door: Door) -> Listener:
        if self._listener is None:
            self._listener = Listener(door, self.reply, self._conversation, lambda: self._me, self._web)
        return self._listener

    def _connected(self) -> aiohttp.ClientSession:
        """The one session; made when first needed, because it belongs to the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=ALL,
                connector=aiohttp.TCPConnector(limit=512, keepalive_timeout=IDLE),
                trust_env=False,
            )
        return self._session

    def _channel(self, to: Address) -> str | None:
        """The channel id, or None where the address names another workspace."""
        team, slash, channel = to.chat.rpartition("/")
        return None if slash and team != self._me.team else channel

    async def _post(self, method: str, body: bytes, timeout: aiohttp.ClientTimeout = ALL) -> Answer:
        """One POST of ready JSON to a Web API method: its answer, or what went wrong with it."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._exchange(self._settings.api_base + method, body, headers, timeout)

    async def _ask(self, method: str, **fields: str) -> Answer:
        """The same for what is only read: those methods take a form."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-www-form-urlencoded"}
        return await self._exchange(self._settings.api_base + method, urlencode(fields).encode(), headers)

    async def _exchange(
        self, url: str, body: bytes, headers: dict[str, str], timeout: aiohttp.ClientTimeout = ALL
    ) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"} | headers
        try:
            # aiohttp repeats a request on a dropped connection only for idempotent methods, never a POST.
            async with self._connected().post(
                url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                return response.status, response.headers, await read(response)
        except TRANSPORT as error:
            return error

    async def _tell(self, to: Inbound, handle: Handle, payload: dict[str, Any]) -> None:
        """A new message. In the person's own conversation one that stays, but for what answers a passing one there."""
        passing = to.place != "private" or to.kind == "say" or handle.pressed == "ephemeral"
        if not (handle.response_url and passing and await self._respond(handle.response_url, NEW | payload)):
            await self._answer(to, handle, payload)

    async def _replace(self, to: Inbound, handle: Handle, reply: Reply) -> bool:
        """Put the reply in the place of what was pressed; False where Slack does not let us (it is gone, it is too long)."""
        if handle.pressed == "home":
            return await self._publish(handle.user, reply)
        payload = payload_of(reply)
        if handle.pressed == "ephemeral":
            return await self._respond(handle.response_url, {"replace_original": True} | payload)
        return await self._done("chat.update", {"channel": self._channel(to.address), "ts": handle.ts, **payload})

    async def _publish(self, user: str, reply: Reply) -> bool:
        """Show the reply as the bot's page. The newest stays; no `hash`, because the door answers a person in order."""
        return await self._done("views.publish", {"user_id": user, "view": home(reply)})

    async def _open_form(self, to: Inbound, handle: Handle, reply: Reply) -> bool:
        """Open the form; False where it is too late for that, and the words have to do."""
        assert reply.ask is not None  # noqa: S101 - the caller looked
        channel = self._channel(to.address) or ""
        origin = Origin(channel, reply.ask.verb, handle.response_url, handle.pressed, handle.ts)
        view = form(reply.ask, reply.text, origin)
        return await self._done("views.open", {"trigger_id": handle.trigger, "view": view})

    async def _respond(self, url: str, payload: dict[str, Any]) -> bool:
        answer = await self._exchange(url, encode(payload), {})
        if isinstance(answer, BaseException):
            log.warning("slack.respond_failed", why=type(answer).__name__)
            return False
        if answer[0] != 200:
            log.warning("slack.respond_failed", status=answer[0])
        return answer[0] == 200

    async def _answer(self, to: Inbound, handle: Handle, payload: dict[str, Any]) -> None:
        """Without such an address: a message in a direct conversation or about the place, else to the person alone."""
        quiet = bool(handle.user) and to.place != "private"
        method, extra = ("chat.postEphemeral", {"user": handle.user}) if quiet else ("chat.postMessage", {})
        await self._done(method, {"channel": self._channel(to.address), **extra, **payload})

    async def _done(self, method: str, payload: Mapping[str, Any]) -> bool:
        """One call of which only success matters; a failure is logged with Slack's code."""
        answer = await self._post(method, encode(payload))
        told = told_ok(answer)
        if not told:
            code = type(answer).__name__ if isinstance(answer, BaseException) else parse(answer[2]).get("error")
            log.warning("slack.reply_failed", call=method, why=str(code)[:80])
        return bool(told)


def bare(who: str) -> str:
    """The user id of "team/user"."""
    return who.rpartition("/")[2]


async def read(response: aiohttp.ClientResponse) -> bytes:
    """The body; empty when it exceeds MOST, which makes it unreadable on purpose."""
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > MOST:
            return b""
    return bytes(parts)


def encode(payload: Mapping[str, Any]) -> bytes:
    """The payload as JSON bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
