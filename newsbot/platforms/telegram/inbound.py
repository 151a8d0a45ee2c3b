"""An update of the Bot API as the neutral `Inbound`; pure, and the only place that decides what is genuine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Message,
    MessageEntity,
    Update,
    User,
)
from telegram.constants import ChatID, ChatType

from newsbot.core.model import Address, Inbound, Place
from newsbot.platforms.telegram import marker

ALLOWED = ("message", "edited_message", "channel_post", "callback_query", "my_chat_member")

# Fake senders Telegram puts in `from`: the anonymous admin, the linked channel's forwarder, "user as a channel".
NOBODY = frozenset({int(ChatID.ANONYMOUS_ADMIN), int(ChatID.SERVICE_CHAT), int(ChatID.FAKE_CHANNEL)})

# What Telegram marks in any text by itself; every other entity was written by us, and only alerts have such.
FOUND = frozenset(
    {
        MessageEntity.MENTION,
        MessageEntity.HASHTAG,
        MessageEntity.CASHTAG,
        MessageEntity.BOT_COMMAND,
        MessageEntity.URL,
        MessageEntity.EMAIL,
        MessageEntity.PHONE_NUMBER,
    }
)

# What a 400 always follows if it is named as a thread: the General topic (tdlib/telegram-bot-api, Client.cpp).
GENERAL = 1

LOST = "?"
"""What a button says of which nobody knows any more what it meant: no command."""

COMMAND = re.compile(r"^(/[A-Za-z0-9_]{1,64})@([A-Za-z0-9_]{1,64})(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Handle:
    """What an answer needs: the message it answers (0: none can be named) and the button press, if it was one.

    `panel`: the pressed message is an answer of ours, which another may take the place of; `alert`: it is an alert.
    Neither where Telegram does not show it any more.
    """

    message: int = 0
    query: str = ""
    panel: bool = False
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Me:
    """The bot as getMe describes it."""

    id: int
    username: str


def to_inbound(update: Update, me: Me) -> Inbound | None:
    """What the update says to us, or None where it is nothing of ours."""
    event = f"tg:{update.update_id}"
    if update.callback_query is not None:
        return _press(update.callback_query, event)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member, event)
    for message, edited in ((update.message, False), (update.edited_message, True), (update.channel_post, False)):
        if message is not None:
            return _message(message, event, me, edited=edited)
    return None


def place(chat: Chat) -> Place:
    """Whether one person, a group or a channel reads there."""
    if chat.type == ChatType.PRIVATE:
        return "private"
    return "channel" if chat.type == ChatType.CHANNEL else "group"


def address(chat: int, thread: int | None = None) -> Address:
    """`telegram:<chat>[/<thread>]`; the General topic is written as the chat itself."""
    return Address("telegram", f"{chat}/{thread}" if thread and thread != GENERAL else str(chat))


def _message(message: Message, event: str, me: Me, *, edited: bool) -> Inbound | None:
    chat = message.chat
    if message.migrate_to_chat_id:
        return Inbound("moved", address(chat.id), place(chat), "", str(message.migrate_to_chat_id), event)
    text, named = _for_us(_answering(message, me), me), False
    if text is not None and place(chat) == "group" and not text.startswith("/"):
        text, named = _by_name(text, me), True
    if text is None or not text.strip() or (place(chat) == "channel" and not text.startswith("/")):
        return None
    user = str(message.from_user.id) if message.from_user else ""
    return Inbound(
        "say",
        _where(message),
        place(chat),
        user,
        text,
        event,
        genuine=not edited and _genuine(message),
        anonymous=not edited and _anonymous(message),
        named=named,
        language=_language(message.from_user),
        handle=Handle(message.message_id),
    )


def _answering(message: Message, me: Me) -> str:
    """The text; what answers a question of ours says the question's verb before it, unless it is a command itself.

    Only what we wrote counts as a question, and no alert: an alert holds foreign words.
    """
    text, question = message.text or "", message.reply_to_message
    if not text or question is None or not is_panel(question):
        return text
    asked = question.from_user
    verb = marker.read(question.text or "") if asked is not None and asked.id == me.id else ""
    first, _, where = verb.partition(" ")
    if text.startswith("/"):  # the whole command: about the place the question was about
        return f"{text} {where}" if where and text.split()[0] == f"/{first}" else text
    return f"/{verb} {text}" if verb else text


def is_panel(message: Message) -> bool:
    """Whether this message of ours is an answer: plain words. An alert always has formatting, its first line is bold."""
    return message.text is not None and all(entity.type in FOUND for entity in message.entities)


def _language(person: User | None) -> str:
    """What the person's app is set to: "ko" of "ko-KR", or ""."""
    return ((person and person.language_code) or "").partition("-")[0].lower()


def _for_us(text: str, me: Me) -> str | None:
    """The text without "@ourbot" behind its command, or None where the command is another bot's."""
    found = COMMAND.match(text)
    if found is None:
        return text
    return found[1] + text[found.end() :] if found[2].lower() == me.username.lower() else None


def _by_name(text: str, me: Me) -> str | None:
    """What is said to the bot by its name, first or last; the name alone asks for help. None for the talk of others.

    With privacy mode on a bot is shown what names it (what @BotFather says to /setprivacy).
    """
    name, words = f"@{me.username}".lower(), text.split()
    at = next((place for place in (0, -1) if words and words[place].lower().rstrip(",:!?.") == name), None)
    if at is None:
        return None
    del words[at]
    return " ".join(words) or "help"


def _where(message: Message) -> Address:
    # Without is_topic_message the number names a reply chain in a plain supergroup, not a topic.
    return address(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def _genuine(message: Message) -> bool:
    """Whether a real, named person typed this here and now (or the channel itself posted it)."""
    if message.forward_origin or message.via_bot or message.is_automatic_forward:
        return False
    if message.chat.type == ChatType.CHANNEL:
        return message.sender_chat is None or message.sender_chat.id == message.chat.id
    sender = message.from_user
    return sender is not None and not sender.is_bot and sender.id not in NOBODY and message.sender_chat is None


def _anonymous(message: Message) -> bool:
    """Whether an admin typed this in their own group's name (Bot API, Message.sender_chat).

    The linked channel's posts and people who write as a channel have another `sender_chat`.
    """
    if message.forward_origin or message.via_bot or message.is_automatic_forward:
        return False
    chat, sender = message.chat, message.from_user
    if chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP) or message.sender_chat is None:
        return False
    return message.sender_chat.id == chat.id and sender is not None and sender.id == ChatID.ANONYMOUS_ADMIN


def _press(query: CallbackQuery, event: str) -> Inbound | None:
    message = query.message
    if message is None or not query.data:
        return None
    # The library reads a message it cannot see (date 0) as an empty Message.
    seen = message if isinstance(message, Message) and message.is_accessible else None
    # Which topic of a forum it stood in is not told, and the whole chat must not get what one topic meant.
    lost = seen is None and bool(message.chat.is_forum)
    where = _where(seen) if seen else address(message.chat.id)
    panel = seen is not None and is_panel(seen)
    person = query.from_user
    stranger = message.chat.type == ChatType.PRIVATE and message.chat.id != person.id
    genuine = not person.is_bot and person.id not in NOBODY and not stranger
    return Inbound(
        "press",
        where,
        place(message.chat),
        str(person.id),
        LOST if lost else query.data,
        event,
        genuine=genuine,
        language=_language(person),
        handle=Handle(message.message_id, query.id, panel, seen is not None and not panel),
    )


def _membership(change: ChatMemberUpdated, event: str) -> Inbound | None:
    chat, user = change.chat, str(change.from_user.id)
    was, now = _writes(change.old_chat_member, chat), _writes(change.new_chat_member, chat)
    if chat.type == ChatType.PRIVATE:
        return Inbound("unblocked" if now else "blocked", address(chat.id), "private", user, "", event)
    if was == now:
        return None
    kind: Literal["added", "removed"] = "added" if now else "removed"
    # A channel's readers are told nothing; who added the bot may have a conversation with it.
    aside = now and chat.type == ChatType.CHANNEL
    name = (chat.title or (f"@{chat.username}" if chat.username else str(chat.id))) if aside else ""
    tongue = _language(change.from_user)
    return Inbound(kind, address(chat.id), place(chat), user, name, event, discreet=aside, language=tongue)


def _writes(member: ChatMember, chat: Chat) -> bool:
    """Whether the bot can post in this state; in a channel only an administrator with that right can."""
    if chat.type == ChatType.CHANNEL:
        return isinstance(member, ChatMemberAdministrator) and bool(member.can_post_messages)
    if isinstance(member, ChatMemberRestricted):
        return member.is_member and member.can_send_messages
    return member.status in (ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.OWNER)
