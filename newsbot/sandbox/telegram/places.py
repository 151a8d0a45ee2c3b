"""Playing a person in the places of Telegram: topics opened and closed, a channel linked, a deep link followed."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsbot.sandbox.telegram.control import Refused, chat_of, member, say, user_of
from newsbot.sandbox.telegram.linked import TOPIC_COLOR, opening
from newsbot.sandbox.telegram.menu import menu
from newsbot.sandbox.telegram.state import ADMIN, PRESENT, Chat, User
from newsbot.sandbox.world import World

GENERAL = 1  # the topic every forum has; it cannot be deleted
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")  # core.telegram.org/bots/features#deep-linking


def topic(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """A topic is opened (`name` alone), renamed (`thread`, `name`), closed or reopened (`closed`) or deleted (`deleted`).

    The bot hears of everything but a deletion; with a topic its messages go.
    """
    _only(body, "user", "chat", "thread", "name", "closed", "deleted")
    user, chat = user_of(world, body.get("user", "Ed")), chat_of(world, body.get("chat"))
    if not chat.is_forum:
        raise Refused(f"{chat.title} has no topics")
    if chat.members.get(user.id) not in ADMIN:
        raise Refused(f"{user.name} is no administrator of {chat.title}")
    if "thread" not in body:
        thread = chat.take_id()
        chat.threads[thread] = str(body["name"])
        return _serve(
            world, user, chat, thread, "forum_topic_created", {"name": body["name"], "icon_color": TOPIC_COLOR}
        )
    thread = int(body["thread"])
    if thread != GENERAL and thread not in chat.threads:
        raise Refused(f"no thread {thread} in {chat.title}")
    if body.get("deleted"):
        return _delete(world, chat, thread)
    if "closed" in body:
        closed = bool(body["closed"])
        (chat.closed_threads.add if closed else chat.closed_threads.discard)(thread)
        return _serve(world, user, chat, thread, "forum_topic_closed" if closed else "forum_topic_reopened", {})
    chat.threads[thread] = str(body["name"])
    return _serve(world, user, chat, thread, "forum_topic_edited", {"name": body["name"]})


def _serve(world: World, user: User, chat: Chat, thread: int, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """A service message: a bot in the chat gets every one, whatever its rights."""
    number = thread if kind == "forum_topic_created" else chat.take_id()
    api = {"message_id": number, "date": int(world.clock.now()), "chat": chat.api(), "from": user.api(), kind: value}
    if thread != GENERAL:
        api |= {"message_thread_id": thread, "is_topic_message": True}
    if number != thread and thread in chat.threads:
        api["reply_to_message"] = opening(world.telegram, chat, thread)
    here = chat.members.get(world.telegram.bot.id, "left") in PRESENT
    return {"thread": thread, "update_id": world.updates.push("message", api, str(chat.id)) if here else None}


def _delete(world: World, chat: Chat, thread: int) -> dict[str, Any]:
    if thread == GENERAL:
        raise Refused("General cannot be deleted")
    del chat.threads[thread]
    chat.closed_threads.discard(thread)
    gone = [number for number, post in chat.posts.items() if post.api.get("message_thread_id") == thread]
    for number in gone:
        world.record.delete(chat.posts.pop(number).record)
    return {"thread": thread, "update_id": None, "deleted": len(gone)}


def link(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """A channel gets a discussion group, into which its posts are forwarded from now on; `group` null unlinks it."""
    _only(body, "channel", "group")
    channel = chat_of(world, body.get("channel"))
    if channel.type != "channel":
        raise Refused(f"{channel.title} is no channel")
    if channel.linked is not None:
        world.telegram.chats[channel.linked].linked = None
        channel.linked = None
    if body.get("group") is not None:
        group = chat_of(world, body["group"])
        if group.type != "supergroup" or group.is_forum:
            raise Refused(f"{group.title} is no supergroup without topics; a group is migrated first")
        channel.linked, group.linked = group.id, channel.id
    return {"channel": channel.id, "group": channel.linked}


def rename(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """A group or channel gets another `title` (told by a service message) or `username` (told by nothing)."""
    _only(body, "user", "chat", "title", "username")
    user, chat = user_of(world, body.get("user", "Rae")), chat_of(world, body.get("chat"))
    if chat.members.get(user.id) not in ADMIN:
        raise Refused(f"{user.name} is no administrator of {chat.title}")
    chat.username = str(body.get("username", chat.username)).removeprefix("@")
    if "title" not in body:
        return {"update_id": None}
    chat.title = str(body["title"])
    number = chat.take_id()
    api = {"message_id": number, "date": int(world.clock.now()), "chat": chat.api(), "new_chat_title": chat.title}
    if chat.type == "channel":
        return {"update_id": world.updates.push("channel_post", api | {"sender_chat": chat.api()}, str(chat.id))}
    return {"update_id": world.updates.push("message", api | {"from": user.api()}, str(chat.id))}


def start(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Someone follows a deep link: `link` (https://t.me/bot?start=… or ?startgroup=…, the latter with a `chat`)."""
    _only(body, "user", "link", "chat")
    user, bot = user_of(world, body.get("user")), world.telegram.bot
    parts = urlsplit(str(body.get("link", "")))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.hostname not in ("t.me", "telegram.me") or parts.path.strip("/").lower() != bot.username.lower():
        raise Refused(f"not a link to @{bot.username}")
    if len(query) > 1 or set(query) - {"start", "startgroup"}:
        raise Refused("a deep link has start or startgroup")
    payload = next(iter(query.values()), "")
    if payload and not _PAYLOAD.fullmatch(payload):
        raise Refused("a payload is 1-64 characters A-Z a-z 0-9 _ -")
    if "startgroup" not in query:
        return say(world, {"user": user.name, "text": f"/start {payload}".strip()})
    chat = chat_of(world, body.get("chat"))
    if chat.members.get(bot.id, "left") not in PRESENT:
        member(world, {"user": user.name, "chat": chat.id, "status": "member"})
    return say(world, {"user": user.name, "chat": chat.id, "text": f"/start@{bot.username} {payload}".strip()})


def menu_json(world: World, user: str, chat: str) -> dict[str, Any]:
    """The commands a person is offered in a chat (their own without one)."""
    who = user_of(world, user)
    return {"commands": menu(world.telegram, who, chat_of(world, chat or who.id))}


def _only(body: dict[str, Any], *known: str) -> None:
    unknown = set(body) - set(known)
    if unknown:
        raise Refused(f"unknown field {min(unknown)!r}; known: {', '.join(sorted(known))}")
