"""The live half of Telegram: one token, one connection pool, one door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.routing import Route
from telegram import Bot, ChatMember, Update
from telegram.error import BadRequest, InvalidToken, TelegramError

from newsbot.core.model import Address, Gone, Inbound, Later, Outcome, Refused, Rendered, Reply, Sent
from newsbot.platforms.telegram.answer import GLANCE, edit_of, forces, line_of, payload_of, toast_of
from newsbot.platforms.telegram.claim import Claim, ForeignPoller, watch
from newsbot.platforms.telegram.classify import (
    classify,
    classify_delete,
    classify_edit,
    classify_error,
    classify_question,
    lets_go,
)
from newsbot.platforms.telegram.door import webhook
from newsbot.platforms.telegram.inbound import ALLOWED, Handle, Me, address, to_inbound
from newsbot.platforms.telegram.menu import lists
from newsbot.platforms.telegram.passing import Passing
from newsbot.platforms.telegram.probe import ADMIN, chat_named, may_write
from newsbot.platforms.telegram.receive import Poller
from newsbot.platforms.telegram.request import LETS_GO, FastRequest
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import Door, Menu, StoreDown, TokenRefused, TokenTaken

log = structlog.get_logger()

# What reading a malformed update or answer raises inside the library.
UNREADABLE = (TypeError, KeyError, ValueError, AttributeError, OverflowError, OSError)

SLOW = 60.0  # seconds the door may take for one update before its chat goes on without it
SETUP = 5.0  # seconds for each call at start that may fail
PATIENCE = 5.0  # seconds an answer waits out a 429; the person has gone by then


class TelegramPlatform:
    """`ports.Platform` over the Bot API. Sends are ready bytes; all other calls go through python-telegram-bot."""

    name = "telegram"
    reads_back = False

    def __init__(self, settings: Settings, token: str, menu: Menu | None = None) -> None:
        """`menu` is shown when a reader types "/"; languages it lacks see its first."""
        self._settings = settings
        self._menu = menu or {}
        self._request = FastRequest(token)
        self._poll_request = FastRequest(token, connections=1)
        root = f"{settings.api_base}/bot"
        self._url = f"{root}{token}/"
        self._bot = Bot(
            token,
            base_url=root,
            base_file_url=f"{settings.api_base}/file/bot",
            request=self._request,
            get_updates_request=self._poll_request,
        )
        # Only what is sent to readers is broadcast: Telegram charges for what exceeds the free 30 a second (Bot FAQ).
        self._paid = b'"allow_paid_broadcast":true,' if settings.paid else b""
        self._me = Me(0, "")
        self._passing = Passing(self._take_away)

    async def start(self) -> str:
        """The bot's numeric id. Raises TokenRefused or ConnectionError; only getMe must succeed."""
        await self._request.initialize()
        await self._poll_request.initialize()
        try:
            # Not Bot.initialize(): its error message quotes the token.
            user = await self._bot.get_me()
            self._me = Me(user.id, user.username or "")
        except InvalidToken:
            raise TokenRefused("telegram: getMe refused the token") from None
        except TelegramError as error:
            raise ConnectionError(f"telegram: {error.message}") from None
        except UNREADABLE as error:
            raise ConnectionError(f"telegram: getMe answered something unreadable ({type(error).__name__})") from None
        await asyncio.gather(self._open_door(), self._set_menu())
        log.info("telegram.started", id=self._me.id, username=self._me.username)
        return str(self._me.id)

    async def close(self) -> None:
        """Close every connection."""
        await self._passing.close()
        await self._request.shutdown()
        await self._poll_request.shutdown()

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        """Exactly one request; never retried inside. It is posted also where the message it answers is gone.

        The caller keeps the clock: it cancels what takes too long (see `request.LETS_GO`).
        """
        if (target := split(to)) is None:
            return Gone("not a Telegram chat", "quarantined")
        chat, head = target
        if answers:
            head += b'"reply_parameters":{"message_id":%d,"allow_sending_without_reply":true},' % answers
        body = head + self._paid + message.body[1:]
        return await self._post(message.method, body, lambda s, b: classify(s, b, chat), LETS_GO)

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        """One request; "not modified" is Sent, a message that is not there any more is Gone("message not found").

        The caller keeps the clock, as for `send`.
        """
        if (target := split(to)) is None:
            return Gone("not a Telegram chat", "quarantined")
        chat = target[0]
        method, payload = edit_of(message)
        body = encode({"chat_id": chat, "message_id": ref, **payload})
        return await self._post(method, body, lambda s, b: classify_edit(s, b, chat, ref), LETS_GO)

    async def delete(self, to: Address, ref: int) -> Outcome:
        """One request; "already gone" is Sent, older than 48 hours is Refused (Telegram's limit: edit instead)."""
        if (target := split(to)) is None:
            return Gone("not a Telegram chat", "quarantined")
        body = encode({"chat_id": target[0], "message_id": ref})
        return await self._post("deleteMessage", body, lambda s, b: classify_delete(s, b, ref))

    async def find(self, to: Address, story: str, since: float, answers: int = 0) -> Later:  # noqa: ARG002
        """Later without a time: a bot can read neither a chat's history nor a message by its number."""
        return Later(None, "a bot cannot read its history")

    async def probe(self, to: Address) -> bool | None:
        """Whether we may write there: a private chat and a topic are asked by the "typing" line, the rest by our rights."""
        if (target := split(to)) is None:
            return False
        chat, thread = target[0], to.chat.partition("/")[2]
        if chat < 0:
            allowed = await self._rights(chat)
            if not allowed or not thread or thread == "1":
                return allowed
        where = {"message_thread_id": int(thread)} if thread else {}
        told = await self._ask("sendChatAction", chat_id=chat, action="typing", **where)
        return told if isinstance(told, bool) else None

    async def _rights(self, chat: int) -> bool | None:
        """What getChat and getChatMember say about our writing in a group or channel."""
        room = await self._ask("getChat", chat_id=chat)
        if not isinstance(room, dict):
            return room
        member = await self._ask("getChatMember", chat_id=chat, user_id=self._me.id)
        return may_write(room, member) if isinstance(member, dict) else member

    async def say(self, to: Address, text: str) -> Outcome:
        """One message of plain words, with sound; what is longer than a message is cut. Exactly one request."""
        if (target := split(to)) is None:
            return Gone("not a Telegram chat", "quarantined")
        if not text.strip():
            return Refused("nothing to say")
        chat, head = target
        return await self._post("sendMessage", head + encode(line_of(text))[1:], lambda s, b: classify(s, b, chat))

    async def receive(self, door: Door) -> None:
        """Poll until cancelled, or, where the webhook brings the updates, see that it stays ours.

        Raises TokenTaken where another deployment was here first. Its webhook is taken away at start like any other (the
        operator may have moved house); a newsbot that still works there takes it back, and then this one gives in.
        """
        claim = Claim()
        try:
            if self._settings.webhook_url:
                await watch(claim, self._settings.webhook_url, self._webhook, self._set_door)
            else:
                await self._poll(door, claim)
        except ForeignPoller as error:
            raise TokenTaken(f"telegram: another deployment works with this token: {error}") from None

    async def _poll(self, door: Door, claim: Claim) -> None:
        async def patient(raw: dict[str, Any]) -> None:
            while True:
                try:
                    return await self._take(raw, door)
                except StoreDown:
                    await asyncio.sleep(2.0)  # unconfirmed meanwhile, so a crash here loses nothing

        await Poller(self._poll_request, self._url + "getUpdates", patient, claim, self._set_door).run()

    def routes(self, door: Door) -> Sequence[Route]:
        """POST /telegram/webhook where a webhook is configured."""
        secret = self._settings.webhook_secret
        if not self._settings.webhook_url or secret is None:
            return ()
        return (webhook(secret.get_secret_value(), lambda raw: self._take(raw, door)),)

    async def reply(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Say these where the update came from, or in the message that was pressed; failures are logged, never raised.

        Only what `replaces` changes the pressed message: a refusal must not take a button away from those whose it is.
        """
        # What is meant for who added the bot to a channel is said in private: it gets there if that is open.
        aside = to.kind == "added" and to.discreet
        if (target := split(address(int(to.user)) if aside else to.address)) is None:
            return
        chat, head = target
        handle = to.handle if isinstance(to.handle, Handle) else Handle()
        panel = handle.message if handle.panel else 0
        for reply in replies:
            passing = reply.passing and to.place == "group"
            if passing and to.kind == "say" and handle.message:
                self._passing.put(chat, handle.message)
            for method, rest in payload_of(reply, to):
                fits = panel and reply.replaces and reply.alert is None and not forces(reply, to)
                outcome = await self._replace(chat, panel, rest) if fits else None
                panel = 0 if fits else panel
                if outcome is None or lets_go(outcome):
                    outcome = await self._patiently(method, head + rest, lambda s, b: classify(s, b, chat))
                if not isinstance(outcome, Sent):
                    log.warning(
                        "telegram.reply_failed", outcome=type(outcome).__name__, why=getattr(outcome, "why", "")
                    )
                elif passing:
                    self._passing.put(chat, outcome.ref)

    async def is_admin(self, inbound: Inbound) -> bool:
        """True in a private chat, for a channel's own post and for what an admin says in a group's name; else what
        getChatMember says, False on failure.

        The linked channel's posts in a group and people who write as a channel are nobody: neither proves a right here.
        """
        if inbound.anonymous:
            return inbound.place == "group"
        if not inbound.genuine or (target := split(inbound.address)) is None:
            return False
        if inbound.place == "private" or (inbound.place == "channel" and not inbound.user):
            return True
        if not inbound.user.isdigit():
            return False
        try:
            member = await self._bot.get_chat_member(target[0], int(inbound.user))
        except (TelegramError, *UNREADABLE) as error:
            log.warning("telegram.admin_unknown", why=type(error).__name__)
            return False
        return member.status in (ChatMember.OWNER, ChatMember.ADMINISTRATOR)

    async def place_of(self, inbound: Inbound, name: str) -> tuple[Address, str] | None:
        """The group or channel "@name", t.me/name or -100…, where who spoke is administrator or creator and we may post."""
        wanted = chat_named(name)
        if wanted is None or not inbound.genuine or not inbound.user.isdigit():
            return None
        room = await self._ask("getChat", chat_id=wanted)
        if not isinstance(room, dict) or type(chat := room.get("id")) is not int or room.get("type") == "private":
            return None
        if room.get("is_direct_messages") is True:  # a channel's mailbox looks like a group
            return None
        person = await self._ask("getChatMember", chat_id=chat, user_id=int(inbound.user))
        if not isinstance(person, dict) or person.get("status") not in ADMIN:
            return None
        ourselves = await self._ask("getChatMember", chat_id=chat, user_id=self._me.id)
        if not isinstance(ourselves, dict) or not may_write(room, ourselves):
            return None
        return address(chat), str(room.get("title") or name)

    async def _take(self, raw: dict[str, Any], door: Door) -> None:
        """Put one raw update through the door and say its answers. Raises StoreDown alone."""
        try:
            update = Update.de_json(raw, self._bot)
            inbound = to_inbound(update, self._me)
        except UNREADABLE as error:
            log.warning("telegram.update_unreadable", update=raw.get("update_id"), why=type(error).__name__)
            return
        query = update.callback_query.id if update.callback_query else ""
        try:
            if inbound is not None:
                async with asyncio.timeout(SLOW):
                    replies = await door(inbound)
                    if words := toast_of(replies, inbound):
                        query = ""
                        await self._answer(inbound.handle.query, words, stays=not inbound.handle.alert)
                    else:
                        await self.reply(inbound, replies)
        except StoreDown:
            query = ""  # it comes again, and is answered then
            raise
        except Exception:  # whatever it is, this update must not come back for ever
            log.exception("telegram.update_failed", update=update.update_id)
        finally:
            if query:
                await self._answer(query)

    async def _answer(self, query: str, words: str = "", *, stays: bool = False) -> None:
        """End the wait after a press, with words where there are some: shown until they are closed where they are many or
        `stays`. Where it is too late for that nobody is told: who pressed has gone, and the others there never asked."""
        stays = stays or len(words) > GLANCE
        call = self._bot.answer_callback_query(query, words or None, show_alert=(bool(words) and stays) or None)
        await self._quietly(call, "answerCallbackQuery")

    async def _post(
        self, method: str, body: bytes, judge: Callable[[int, bytes], Outcome], total: float | None = None
    ) -> Outcome:
        try:
            status, data = await self._request.send(self._url + method, body, total)
        except TelegramError as error:
            return classify_error(error)
        return judge(status, data)

    async def _ask(self, method: str, **payload: Any) -> dict[str, Any] | bool | None:
        """A question about a chat; see `classify_question`. None where nobody answered."""
        try:
            status, data = await self._request.send(self._url + method, encode(payload))
        except TelegramError:
            return None
        return classify_question(status, data)

    async def _webhook(self) -> str | None:
        """The address that updates are brought to, "" for none; None where that is not answered."""
        told = await self._ask("getWebhookInfo")
        return str(told.get("url") or "") if isinstance(told, dict) else None

    async def _patiently(self, method: str, body: bytes, judge: Callable[[int, bytes], Outcome]) -> Outcome:
        """One answer; a short 429 is waited out once, because a person is waiting too."""
        outcome = await self._post(method, body, judge)
        if isinstance(outcome, Later) and (outcome.after or 0.5) <= PATIENCE:
            await asyncio.sleep(outcome.after or 0.5)
            outcome = await self._post(method, body, judge)
        return outcome

    async def _replace(self, chat: int, message: int, rest: bytes) -> Outcome:
        """Put an answer (a body without its chat) in the place of this message of ours, its buttons included."""
        body = b'{"chat_id":%d,"message_id":%d,' % (chat, message) + rest
        return await self._patiently("editMessageText", body, lambda s, b: classify_edit(s, b, chat, message))

    async def _take_away(self, chat: int, message: int) -> None:
        """Delete it where we may: our own always, a member's command as an administrator; silent where not."""
        await self._ask("deleteMessage", chat_id=chat, message_id=message)

    async def _open_door(self) -> None:
        """Set the webhook, or take away what would keep us from polling; say whose it was."""
        url = await self._webhook()
        if url and url != self._settings.webhook_url:
            log.warning("telegram.webhook_replaced", host=urlsplit(url).hostname)
        await self._set_door()

    async def _set_door(self) -> None:
        secret = self._settings.webhook_secret
        if self._settings.webhook_url and secret is not None:
            call = self._bot.set_webhook(
                self._settings.webhook_url,
                secret_token=secret.get_secret_value(),
                allowed_updates=ALLOWED,
                read_timeout=SETUP,
            )
            await self._quietly(call, "setWebhook")
        else:
            await self._quietly(self._bot.delete_webhook(read_timeout=SETUP), "deleteWebhook")

    async def _set_menu(self) -> None:
        for scope, language, commands in lists(self._menu):
            call = self._bot.set_my_commands(commands, scope, language or None, read_timeout=SETUP)
            await self._quietly(call, "setMyCommands")

    async def _quietly(self, call: Any, what: str) -> None:
        """Await a call that may fail: only a warning. An old press is not even that."""
        try:
            await call
        except BadRequest as error:
            log.info("telegram.call_refused", call=what, why=error.message)
        except (TelegramError, *UNREADABLE) as error:
            log.warning("telegram.call_failed", call=what, why=str(error)[:200])


def split(to: Address) -> tuple[int, bytes] | None:
    """The numeric chat and the opening of a request body for it, or None where it is no Telegram chat."""
    chat, slash, thread = to.chat.partition("/")
    try:
        number, topic = int(chat), int(thread) if slash else 0
    except ValueError:
        return None
    # Naming the General topic (1) is an error; leaving it out means it (tdlib/telegram-bot-api, Client.cpp).
    head = f'{{"chat_id":{number},"message_thread_id":{topic},' if topic > 1 else f'{{"chat_id":{number},'
    return number, head.encode()


def encode(payload: Mapping[str, Any]) -> bytes:
    """The payload as JSON bytes, numbers as numbers."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
