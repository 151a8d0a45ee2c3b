"""What each Bot API method does to the sandbox's world; every function returns the `result` of its answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from newsbot.sandbox.clock import Clock
from newsbot.sandbox.limits import Limits
from newsbot.sandbox.record import Message, Record
from newsbot.sandbox.telegram.check import Parsed, check_edit, check_markup, check_send
from newsbot.sandbox.telegram.error import NOT_MODIFIED, OLD_QUERY, ApiError, bad, too_many
from newsbot.sandbox.telegram.linked import forward_to_group
from newsbot.sandbox.telegram.links import utf16
from newsbot.sandbox.telegram.menu import language_key, scope_key
from newsbot.sandbox.telegram.state import Chat, Post, TelegramState, may_send
from newsbot.sandbox.telegram.updates import Updates

MAX_COMMANDS = 100  # Bot API setMyCommands: at most 100
MAX_ANSWER = 200  # Bot API answerCallbackQuery: text 0-200 characters
MAX_DELETE = 100  # Bot API deleteMessages: 1-100 ids
QUERY_LIFE = 150  # seconds; the open-source server keeps a callback query no longer
_COMMAND = re.compile(r"^[a-z0-9_]{1,32}$")  # Bot API BotCommand
_CHAT_ACTIONS = frozenset({"typing", "upload_photo", "upload_document", "find_location", "choose_sticker"})

Params = dict[str, Any]
Method = Callable[[Params], Awaitable[Any]]


@dataclass
class Query:
    """A pressed button waiting for its answer."""

    user: str
    at: float
    data: str
    chat: int


@dataclass
class Methods:
    """The methods over one world."""

    state: TelegramState
    updates: Updates
    record: Record
    limits: Limits
    clock: Clock
    queries: dict[str, Query] = field(default_factory=dict)

    async def getMe(self, _: Params) -> Any:
        """The bot itself."""
        return self.state.bot.api() | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def getUpdates(self, params: Params) -> Any:
        """Updates by long polling."""
        return await self.updates.poll(params)

    async def setWebhook(self, params: Params) -> Any:
        """Switches to pushing; at most one call a second, like the open-source server."""
        pause = self.limits.named("telegram", "setWebhook", 60.0, 1.0)
        if pause is not None:
            raise too_many(pause)
        return Described(True, await self.updates.set_webhook(params))

    async def deleteWebhook(self, params: Params) -> Any:
        """Switches back to polling."""
        return Described(True, await self.updates.delete_webhook(params))

    async def getWebhookInfo(self, _: Params) -> Any:
        """How pushing goes."""
        return self.updates.info()

    async def sendMessage(self, params: Params) -> Any:
        """Posts text; checks come before limits, so a wrong message costs no allowance."""
        chat = self.state.find(params.get("chat_id"))
        parsed = check_send(params, coerced=True)
        self.state.check_may_send(chat, parsed.thread)
        reply_to = self._reply(chat, parsed)
        self._spend(chat, parsed.paid)
        return self._post(chat, parsed, params, reply_to)

    def _reply(self, chat: Chat, parsed: Parsed) -> Post | None:
        if parsed.reply_to is None:
            return None
        post = chat.posts.get(parsed.reply_to)
        if post is None and not parsed.reply_optional:
            raise bad("message to be replied not found")
        return post

    def _spend(self, chat: Chat, paid: bool = False) -> None:
        pause = self.limits.telegram(chat.id, chat.is_group, paid)
        if pause is not None:
            raise too_many(pause)

    def _post(self, chat: Chat, parsed: Parsed, params: Params, reply_to: Post | None) -> dict[str, Any]:
        now, number = self.clock.now(), chat.take_id()
        api: dict[str, Any] = {"message_id": number, "date": int(now), "chat": chat.api()}
        if chat.type == "channel":
            api["sender_chat"] = api["chat"]
        else:
            api["from"] = self.state.bot.api()
        if parsed.thread is not None:
            api |= {"message_thread_id": parsed.thread, "is_topic_message": True}
        if reply_to is not None:
            api["reply_to_message"] = {k: v for k, v in reply_to.api.items() if k != "reply_to_message"}
        if parsed.protected:
            api["has_protected_content"] = True
        _fill(api, parsed)
        record = Message(
            platform="telegram",
            chat=str(chat.id),
            chat_title=chat.title,
            message_id=str(number),
            text=parsed.text,
            payload=params,
            at=now,
            thread=None if parsed.thread is None else str(parsed.thread),
            silent=parsed.silent,
            view=parsed.view(),
        )
        self.state.store(chat, api, record, own=True, fixed=parsed.asks is not None)
        if chat.linked is not None:
            forward_to_group(self.state, self.updates, self.clock, chat, api)
        return api

    async def editMessageText(self, params: Params) -> Any:
        """Replaces text and buttons of an own message; there is no age limit for these."""
        chat = self.state.find(params.get("chat_id"))
        parsed = check_edit(params, coerced=True)
        self.state.check_present(chat)
        post = self.state.own_post(chat, params.get("message_id"))
        api = {k: v for k, v in post.api.items() if k not in _CONTENT}
        _fill(api, parsed)
        if {k: post.api.get(k) for k in _CONTENT} == {k: api.get(k) for k in _CONTENT}:
            raise bad(NOT_MODIFIED.removeprefix("Bad Request: "))
        self._spend(chat)
        self._edited(post, api, parsed.text, params, _kept(post, "reply_to") | parsed.view())
        return post.api

    async def editMessageReplyMarkup(self, params: Params) -> Any:
        """Replaces only the buttons."""
        chat = self.state.find(params.get("chat_id"))
        buttons = check_markup(params.get("reply_markup"))
        self.state.check_present(chat)
        post = self.state.own_post(chat, params.get("message_id"))
        api = {k: v for k, v in post.api.items() if k != "reply_markup"}
        if buttons:
            api["reply_markup"] = {"inline_keyboard": buttons}
        if api.get("reply_markup") == post.api.get("reply_markup"):
            raise bad(NOT_MODIFIED.removeprefix("Bad Request: "))
        self._spend(chat)
        view = {k: v for k, v in post.record.view.items() if k != "buttons"} | ({"buttons": buttons} if buttons else {})
        self._edited(post, api, post.record.text, post.record.payload | params, view)
        return post.api

    def _edited(self, post: Post, api: dict[str, Any], text: str, payload: Params, view: dict[str, Any]) -> None:
        now = self.clock.now()
        api["edit_date"] = int(now)
        post.api = api
        self.record.edit(post.record, text, payload, view, now)

    async def deleteMessage(self, params: Params) -> Any:
        """Removes one message."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_present(chat)
        if "message_id" not in params:
            raise bad("message identifier is not specified")
        post = self.state.check_may_delete(chat, params["message_id"], self.clock.now())
        del chat.posts[params["message_id"]]
        self.record.delete(post.record)
        return True

    async def deleteMessages(self, params: Params) -> Any:
        """Removes up to 100 messages; those that are gone already are skipped."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_present(chat)
        numbers = params.get("message_ids", [])
        if not 1 <= len(numbers) <= MAX_DELETE or not all(isinstance(number, int) for number in numbers):
            raise bad("message identifiers are not specified" if not numbers else "too many message identifiers")
        for number in numbers:
            if number in chat.posts:
                post = self.state.check_may_delete(chat, number, self.clock.now())
                del chat.posts[number]
                self.record.delete(post.record)
        return True

    async def answerCallbackQuery(self, params: Params) -> Any:
        """Ends the wait after a pressed button; each query is answered once."""
        if utf16(params.get("text", "")) > MAX_ANSWER:
            raise bad("MESSAGE_TOO_LONG")
        if params.get("url") and not params["url"].startswith(f"https://t.me/{self.state.bot.username}?start="):
            raise bad("URL_INVALID")  # Bot API: a game's address, or t.me/your_bot?start=…
        query = self.queries.pop(params.get("callback_query_id", ""), None)
        if query is None or self.clock.now() - query.at > QUERY_LIFE:
            raise ApiError(400, OLD_QUERY)
        self.record.note(
            "answer",
            platform="telegram",
            query=params["callback_query_id"],
            chat=str(query.chat),
            user=query.user,
            data=query.data,
            text=params.get("text", ""),
            alert=params.get("show_alert", False),
            url=params.get("url", ""),
        )
        return True

    async def getChat(self, params: Params) -> Any:
        """A chat in full."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_readable(chat)
        permissions = {"permissions": may_send(not chat.read_only)} if chat.is_group else {}
        linked = {} if chat.linked is None else {"linked_chat_id": chat.linked}
        return chat.api() | {
            **permissions,
            **linked,
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": False,
                "limited_gifts": False,
                "unique_gifts": False,
                "premium_subscription": False,
                "gifts_from_channels": False,
            },
        }

    async def getChatMember(self, params: Params) -> Any:
        """Someone's standing in a chat."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_readable(chat, members=params.get("user_id") != self.state.bot.id)
        if params.get("user_id") not in self.state.users:
            raise bad("invalid user_id specified" if "user_id" not in params else "user not found")
        return self.state.member_api(chat, params["user_id"])

    async def getChatMemberCount(self, params: Params) -> Any:
        """How many are in a chat."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_readable(chat, members=True)
        return sum(status not in ("left", "kicked") for status in chat.members.values())

    async def getChatAdministrators(self, params: Params) -> Any:
        """The admins of a group or channel."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_readable(chat, members=True)
        if chat.type == "private":
            raise bad("there are no administrators in the private chat")
        return [self.state.member_api(chat, number) for number in self.state.administrators(chat)]

    async def leaveChat(self, params: Params) -> Any:
        """The bot goes."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_present(chat)
        if chat.type == "private":
            raise bad("chat member status can't be changed in private chats")
        chat.members[self.state.bot.id] = "left"
        return True

    async def sendChatAction(self, params: Params) -> Any:
        """The "typing" line; leaves no trace but a note."""
        chat = self.state.find(params.get("chat_id"))
        self.state.check_may_send(chat, params.get("message_thread_id"))
        if params.get("action") not in _CHAT_ACTIONS:
            raise bad("wrong parameter action in request")
        self.record.note("action", platform="telegram", chat=str(chat.id), action=params["action"])
        return True

    async def setMyCommands(self, params: Params) -> Any:
        """The command menu of one scope and language."""
        commands = params.get("commands")
        if commands is None or len(commands) > MAX_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH" if commands else "can't parse commands: array expected")
        for command in commands:
            if not isinstance(command, dict) or set(command) - {"command", "description", "is_ephemeral"}:
                raise bad("can't parse BotCommand: unknown field")
            if not _COMMAND.match(str(command.get("command", ""))):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        if len({command["command"] for command in commands}) < len(commands):
            raise bad("BOT_COMMAND_INVALID")  # assumed: a command listed twice is a mistake of the sender's
        self.state.commands[self._scope(params)] = commands
        return True

    async def getMyCommands(self, params: Params) -> Any:
        """The command menu as set."""
        return self.state.commands.get(self._scope(params), [])

    async def deleteMyCommands(self, params: Params) -> Any:
        """Forgets the command menu."""
        self.state.commands.pop(self._scope(params), None)
        return True

    def _scope(self, params: Params) -> tuple[str, str]:
        return scope_key(self.state, params.get("scope") or {"type": "default"}), language_key(params)


@dataclass(frozen=True, slots=True)
class Described:
    """A result whose answer carries a description too."""

    result: Any
    description: str


def _kept(post: Post, *names: str) -> dict[str, Any]:
    """What an edit cannot change of how a message is drawn."""
    return {name: post.record.view[name] for name in names if name in post.record.view}


_CONTENT = ("text", "entities", "link_preview_options", "reply_markup")


def _fill(api: dict[str, Any], parsed: Parsed) -> None:
    """Writes what can be edited into a Message object."""
    api["text"] = parsed.text
    entities = parsed.all_entities
    if entities:
        api["entities"] = entities
    if parsed.preview or parsed.preview_url is None:
        api["link_preview_options"] = parsed.preview or {"is_disabled": True}
    if parsed.buttons:
        api["reply_markup"] = {"inline_keyboard": parsed.buttons}
