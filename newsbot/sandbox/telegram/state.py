"""Telegram's side of the world: people, chats, posts, and who may do what where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from newsbot.sandbox.record import Message, Record
from newsbot.sandbox.telegram.error import ApiError, bad, forbidden

DELETE_WITHIN = 48 * 3600  # Bot API deleteMessage: only messages less than 48 hours old
ADMIN = frozenset({"creator", "administrator"})
PRESENT = ADMIN | {"member", "restricted"}
_COMMAND = re.compile(r"^/[a-zA-Z0-9_]{1,64}(?:@([a-zA-Z0-9_]{3,32}))?(?!\S)")
FULL_NAME = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat"}


@dataclass(slots=True)
class User:
    """A person (or the bot) with an account."""

    id: int
    name: str
    username: str = ""
    language: str = "ko"
    is_bot: bool = False
    deactivated: bool = False

    def api(self) -> dict[str, Any]:
        """The User object of the Bot API."""
        user: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        if self.username:
            user["username"] = self.username
        if not self.is_bot:
            user["language_code"] = self.language
        return user


@dataclass(slots=True)
class Post:
    """One message as the Bot API knows it, beside its line in the record."""

    api: dict[str, Any]
    record: Message
    own: bool  # sent by the bot
    at: float
    fixed: bool = False  # sent with a keyboard that is not inline, and so never editable (tdlib, can_edit_message)


@dataclass(slots=True)
class Chat:
    """A private chat, group, supergroup or channel."""

    id: int
    type: str  # "private", "group", "supergroup", "channel"
    title: str
    username: str = ""
    is_forum: bool = False
    threads: dict[int, str] = field(default_factory=dict)
    closed_threads: set[int] = field(default_factory=set)
    members: dict[int, str] = field(default_factory=dict)  # user id -> status, the bot's own too
    started: bool = True  # private: the person has spoken to the bot
    read_only: bool = False  # members may not write
    may_post: bool = True  # channel: the bot, where it is an administrator, has the right to post
    linked: int | None = None  # a channel's discussion group, and that group's channel
    migrated_to: int | None = None
    deleted: bool = False
    next_id: int = 1
    posts: dict[int, Post] = field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        """Whether the group limit of 20 messages a minute applies."""
        return self.type in ("group", "supergroup")

    def api(self) -> dict[str, Any]:
        """The Chat object of the Bot API, as it stands inside messages."""
        chat: dict[str, Any] = {"id": self.id, "type": self.type}
        chat["first_name" if self.type == "private" else "title"] = self.title
        if self.username:
            chat["username"] = self.username
        if self.is_forum:
            chat["is_forum"] = True
        return chat

    def take_id(self) -> int:
        """The next message id; ids of one chat are sequential and positive."""
        number, self.next_id = self.next_id, self.next_id + 1
        return number


class TelegramState:
    """All users and chats, with the rules about rights; one per sandbox."""

    def __init__(self, record: Record, token: str, bot: User) -> None:
        self.record = record
        self.token = token
        self.revoked = False  # every call is refused as if nobody had this token
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.commands: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def add_user(self, user: User, started: bool = False) -> Chat:
        """A person with an own private chat to the bot, whose id is the person's."""
        self.users[user.id] = user
        chat = Chat(user.id, "private", user.name, user.username, started=started)
        chat.members = {user.id: "member", self.bot.id: "member"}
        self.chats[chat.id] = chat
        return chat

    def add_chat(self, chat: Chat, bot_status: str = "member") -> Chat:
        """A group, supergroup or channel in which the bot has this status."""
        chat.members[self.bot.id] = bot_status
        self.chats[chat.id] = chat
        return chat

    def user(self, who: int | str) -> User:
        """A user by id, name or username; KeyError when there is none."""
        if isinstance(who, int) or str(who).lstrip("-").isdigit():
            return self.users[int(who)]
        wanted = who.removeprefix("@").lower()
        for user in self.users.values():
            if wanted in (user.name.lower(), user.username.lower()):
                return user
        raise KeyError(who)

    def find(self, chat_id: int | str | None) -> Chat:
        """The chat of a request; ApiError when it does not exist or has moved."""
        if chat_id is None:
            raise bad("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else self._by_username(chat_id)
        if chat is None:
            raise bad("chat not found")
        if chat.migrated_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        return chat

    def _by_username(self, name: str) -> Chat | None:
        wanted = name.removeprefix("@").lower()
        # Only public groups and channels (and bots) are reachable by name, never people.
        return next(
            (c for c in self.chats.values() if c.type != "private" and c.username and c.username.lower() == wanted),
            None,
        )

    def check_present(self, chat: Chat) -> str:
        """The bot's status in the chat; ApiError with the server's words when it is not there."""
        if chat.type == "private":
            if self.users[chat.id].deactivated:
                raise forbidden("user is deactivated")
            if chat.members.get(chat.id) == "kicked":
                raise forbidden("bot was blocked by the user")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            return "member"
        status = chat.members.get(self.bot.id, "left")
        name = FULL_NAME[chat.type]
        if chat.deleted:
            raise forbidden("the group chat was deleted")
        if status == "kicked":
            raise forbidden(f"bot was kicked from the {name}")
        if status not in PRESENT:
            raise forbidden(f"bot is not a member of the {name}")
        return status

    def check_readable(self, chat: Chat, members: bool = False) -> None:
        """ApiError unless the bot may look at the chat, or at its `members`: less is needed than to write there.

        Rules: tdlib/telegram-bot-api, check_chat_access; a channel's members are told to its administrators alone.
        """
        if chat.type == "private":
            if not chat.started:
                raise bad("chat not found")
            return
        status = chat.members.get(self.bot.id, "left")
        if chat.type == "group":
            if members:
                self.check_present(chat)
            return
        if status == "kicked" or (status not in PRESENT and not chat.username):
            self.check_present(chat)
        if members and (status not in ADMIN if chat.type == "channel" else status not in PRESENT):
            raise bad("member list is inaccessible")

    def sees(self, chat: Chat, api: dict[str, Any]) -> bool:
        """Privacy mode: in groups a bot without rights sees only commands, mentions of itself and replies to it."""
        status = chat.members.get(self.bot.id, "left")
        if chat.type == "private":
            return True
        if status in ("left", "kicked"):
            return False
        if chat.type == "channel" or status in ADMIN:
            return True
        command = _COMMAND.match(api["text"])
        if command:
            return command.group(1) is None or command.group(1).lower() == self.bot.username.lower()
        replied = api.get("reply_to_message", {}).get("from", {}).get("id") == self.bot.id
        return replied or f"@{self.bot.username}".lower() in api["text"].lower()

    def check_may_send(self, chat: Chat, thread: int | None) -> None:
        """ApiError unless the bot may post there."""
        status = self.check_present(chat)
        if chat.type == "private":
            if self.users[chat.id].is_bot:
                raise forbidden("the bot can't send messages to the bot")
        elif chat.type == "channel":
            if status not in ADMIN or not chat.may_post:
                raise bad("need administrator rights in the channel chat")
        elif status == "restricted" or (chat.read_only and status not in ADMIN):
            raise bad("not enough rights to send text messages to the chat")
        self._check_thread(chat, thread)

    def _check_thread(self, chat: Chat, thread: int | None) -> None:
        if thread is None:
            if chat.is_forum and 1 in chat.closed_threads:
                raise bad("TOPIC_CLOSED")
            return
        # Thread 1 (General) is never found: it is addressed by leaving the parameter out.
        if not chat.is_forum or thread not in chat.threads or thread == 1:
            raise bad("message thread not found")
        if thread in chat.closed_threads:
            raise bad("TOPIC_CLOSED")

    def own_post(self, chat: Chat, message_id: int | None) -> Post:
        """The bot's post to edit; ApiError when it is gone or someone else's."""
        if message_id is None:
            raise bad("message identifier is not specified")
        post = chat.posts.get(message_id)
        if post is None:
            raise bad("message to edit not found")
        if not post.own or post.fixed:
            raise bad("message can't be edited")
        return post

    def check_may_delete(self, chat: Chat, message_id: int, now: float) -> Post:
        """The post to delete; ApiError by the rules of `deleteMessage`."""
        post = chat.posts.get(message_id)
        if post is None:
            raise bad("message to delete not found")
        status = chat.members.get(self.bot.id, "left")
        allowed = post.own or chat.type == "private" or status in ADMIN
        if chat.type == "channel" and status not in ADMIN:
            allowed = False
        if not allowed or now - post.at >= DELETE_WITHIN:
            raise bad("message can't be deleted")
        return post

    def store(self, chat: Chat, api: dict[str, Any], record: Message, own: bool, fixed: bool = False) -> Post:
        """Keeps a message that became visible."""
        post = Post(api, self.record.add(record), own, record.at, fixed)
        chat.posts[api["message_id"]] = post
        return post

    def member_api(self, chat: Chat, user_id: int) -> dict[str, Any]:
        """The ChatMember object of a user, "left" for a stranger."""
        status = chat.members.get(user_id, "left")
        return {"user": self.users[user_id].api(), "status": status, **member_fields(status, chat)}

    def administrators(self, chat: Chat) -> Iterable[int]:
        """Ids of the admins; other bots than this one are not listed (reference: getChatAdministrators)."""
        return [uid for uid, status in chat.members.items() if status in ADMIN]


_MAY_SEND = (
    "messages",
    "audios",
    "documents",
    "photos",
    "videos",
    "video_notes",
    "voice_notes",
    "polls",
    "other_messages",
)
_MAY = ("add_web_page_previews", "edit_tag", "change_info", "invite_users", "pin_messages", "manage_topics")


def may_send(allowed: bool) -> dict[str, bool]:
    """The fields that ChatPermissions and a restricted member share: everything is allowed to be sent, or nothing."""
    return {f"can_send_{what}": allowed for what in _MAY_SEND} | {f"can_{what}": False for what in _MAY}


def member_fields(status: str, chat: Chat) -> dict[str, Any]:
    """The fields that the Bot API requires beside `user` and `status`."""
    if status == "kicked":
        return {"until_date": 0}
    if status == "creator":
        return {"is_anonymous": False}
    if status == "restricted":
        return may_send(False) | {"is_member": True, "until_date": 0}
    if status != "administrator":
        return {}
    rights: dict[str, Any] = {
        "can_be_edited": False,
        "is_anonymous": False,
        "can_manage_chat": True,
        "can_delete_messages": True,
        "can_manage_video_chats": False,
        "can_restrict_members": False,
        "can_promote_members": False,
        "can_change_info": False,
        "can_invite_users": True,
        "can_post_stories": False,
        "can_edit_stories": False,
        "can_delete_stories": False,
    }
    if chat.type == "channel":
        return rights | {"can_post_messages": chat.may_post, "can_edit_messages": True}
    return rights | {"can_pin_messages": True, "can_manage_topics": chat.is_forum}
