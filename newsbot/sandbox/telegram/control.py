"""Playing a person on Telegram: say, press, join, block; each makes the Update the real platform would send."""

from __future__ import annotations

import secrets
from typing import Any

from newsbot.sandbox.record import Message
from newsbot.sandbox.telegram.entities import read_content
from newsbot.sandbox.telegram.linked import TELEGRAM_SERVICE, forward_to_group, opening
from newsbot.sandbox.telegram.methods import Query
from newsbot.sandbox.telegram.people import ANONYMOUS_ADMIN, CHANNEL_BOT
from newsbot.sandbox.telegram.state import ADMIN, Chat, Post, TelegramState, User, member_fields
from newsbot.sandbox.world import World

MAX_CHATS = 100_000
STATUSES = frozenset({"creator", "administrator", "member", "restricted", "left", "kicked"})
_SAY = frozenset(
    {"user", "chat", "thread", "text", "edited", "message_id", "reply_to", "forwarded", "anonymous", "via_bot"}
    | {"as_channel", "sender_channel", "linked"}
)


class Refused(Exception):
    """The control call makes no sense; `str()` says what to change."""


def chat_of(world: World, given: Any) -> Chat:
    """A chat by id, title or @name, or a person's private chat by name."""
    state = world.telegram
    if isinstance(given, int) or (isinstance(given, str) and given.lstrip("-").isdigit()):
        found = state.chats.get(int(given))
    else:
        names = (str(given).lower(), str(given).removeprefix("@").lower())
        found = next((c for c in state.chats.values() if c.title.lower() in names or c.username.lower() in names), None)
    if found is None:
        raise Refused(f"no Telegram chat {given!r}")
    if found.migrated_to is not None:
        raise Refused(f"chat {found.id} became {found.migrated_to}")
    return found


def user_of(world: World, given: Any) -> User:
    """A person by id, name or username."""
    try:
        return world.telegram.user(given)
    except (KeyError, ValueError, AttributeError):
        raise Refused(f"no Telegram user {given!r}") from None


def say(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Someone writes (or edits) a message; {"update_id": None} when the bot does not get to see it."""
    unknown = set(body) - _SAY
    if unknown:
        raise Refused(f"unknown field {min(unknown)!r}; known: {', '.join(sorted(_SAY))}")
    user = user_of(world, body.get("user"))
    chat = chat_of(world, body.get("chat", user.id))
    text = str(body.get("text", ""))
    _check_speaker(user, chat, body)
    if body.get("edited"):
        return _edit(world, user, chat, text, body)
    api = _message(world, user, chat, text, body)
    _keep(world, user, chat, api, text)
    forward_to_group(world.telegram, world.updates, world.clock, chat, api)
    if chat.type == "private":
        _unblock(world, chat)
    if not world.telegram.sees(chat, api):
        return {"update_id": None, "message_id": api["message_id"]}
    kind = "channel_post" if chat.type == "channel" else "message"
    return {"update_id": world.updates.push(kind, api, str(chat.id)), "message_id": api["message_id"]}


def _check_speaker(user: User, chat: Chat, body: dict[str, Any]) -> None:
    status = chat.members.get(user.id, "left")
    if body.get("linked") or body.get("sender_channel"):
        return
    if status in ("left", "kicked") and chat.type != "private":
        raise Refused(f"{user.name} is not in {chat.title}")
    if chat.type == "private" and chat.id != user.id:
        raise Refused(f"{user.name} cannot write into the private chat of {chat.title}")
    if (body.get("anonymous") or chat.type == "channel") and status not in ADMIN:
        raise Refused(f"{user.name} is no administrator of {chat.title}")
    if body.get("thread") is not None and int(body["thread"]) in chat.closed_threads and status not in ADMIN:
        raise Refused(f"topic {body['thread']} of {chat.title} is closed")


def _sender(world: World, user: User, chat: Chat, body: dict[str, Any]) -> dict[str, Any]:
    """The `from` and `sender_chat` that the Bot API shows for this kind of speaker."""
    users = world.telegram.users
    if chat.type == "channel" or body.get("as_channel"):
        return {"sender_chat": chat.api()}  # channel posts carry no `from`
    if body.get("anonymous"):
        return {"from": users[ANONYMOUS_ADMIN].api(), "sender_chat": chat.api()}
    if body.get("sender_channel") is not None:
        channel = chat_of(world, body["sender_channel"])
        return {"from": users[CHANNEL_BOT].api(), "sender_chat": channel.api()}
    if body.get("linked"):
        mirrored = (c for c in world.telegram.chats.values() if c.type == "channel" and c.linked in (None, chat.id))
        source = next(mirrored, None)
        if source is None:
            raise Refused(f"no channel is linked to {chat.title}")
        return {"from": users[TELEGRAM_SERVICE].api(), "sender_chat": source.api(), "is_automatic_forward": True}
    return {"from": user.api()}


def _message(world: World, user: User, chat: Chat, text: str, body: dict[str, Any]) -> dict[str, Any]:
    if not text.strip():
        raise Refused("text is empty")
    now = int(world.clock.now())
    content = read_content(text, "", "")
    api: dict[str, Any] = {"message_id": chat.take_id(), "date": now, "chat": chat.api(), "text": content.text}
    api |= _sender(world, user, chat, body)
    if content.auto:
        api["entities"] = list(content.auto)
    thread = body.get("thread")
    if thread is not None:
        if int(thread) not in chat.threads:
            raise Refused(f"no thread {thread} in {chat.title}")
        api |= {"message_thread_id": int(thread), "is_topic_message": True}
        # What is no reply to anything is one to the message that opened the topic.
        api["reply_to_message"] = opening(world.telegram, chat, int(thread))
    if body.get("reply_to") is not None:
        post = chat.posts.get(int(body["reply_to"]))
        if post is None:
            raise Refused(f"no message {body['reply_to']} in {chat.title}")
        api["reply_to_message"] = {k: v for k, v in post.api.items() if k != "reply_to_message"}
        if chat.type == "supergroup" and not chat.is_forum:
            # A number without is_topic_message names the chain of replies, not a topic.
            api["message_thread_id"] = post.api.get("message_thread_id", post.api["message_id"])
    if body.get("forwarded") or body.get("linked"):
        origin = {"type": "hidden_user", "sender_user_name": "Someone", "date": now - 60}
        if body.get("linked"):
            origin = {"type": "channel", "chat": api["sender_chat"], "message_id": 1, "date": now}
        api["forward_origin"] = origin
    if body.get("via_bot"):
        api["via_bot"] = {"id": 4242, "is_bot": True, "first_name": "Other", "username": "other_bot"}
    return api


def _keep(world: World, user: User, chat: Chat, api: dict[str, Any], text: str) -> None:
    sender = user.name if "from" in api or "sender_chat" not in api else chat.title
    thread = api.get("message_thread_id")
    record = Message(
        platform="telegram",
        chat=str(chat.id),
        chat_title=chat.title,
        message_id=str(api["message_id"]),
        text=api["text"],
        payload={"text": text},
        at=world.clock.now(),
        sender=sender,
        thread=None if thread is None else str(thread),
        view={"entities": api.get("entities", [])},
    )
    world.telegram.store(chat, api, record, own=False)


def _edit(world: World, user: User, chat: Chat, text: str, body: dict[str, Any]) -> dict[str, Any]:
    """The person changes their last message, or the one named by `message_id`."""
    if body.get("message_id") is not None:
        post: Post | None = chat.posts.get(int(body["message_id"]))
    else:
        mine = [p for p in chat.posts.values() if not p.own and p.record.sender in (user.name, chat.title)]
        post = mine[-1] if mine else None
    if post is None or post.own:
        raise Refused(f"{user.name} has no such message in {chat.title}")
    content = read_content(text, "", "")
    api = {k: v for k, v in post.api.items() if k != "entities"}
    api |= {"text": content.text, "edit_date": int(world.clock.now())}
    if content.auto:
        api["entities"] = list(content.auto)
    post.api = api
    world.record.edit(post.record, content.text, {"text": text}, {"entities": list(content.auto)})
    kind = "edited_channel_post" if chat.type == "channel" else "edited_message"
    number = world.updates.push(kind, api, str(chat.id)) if world.telegram.sees(chat, api) else None
    return {"update_id": number, "message_id": api["message_id"]}


def _unblock(world: World, chat: Chat) -> None:
    """Whoever writes to the bot has started it; writing after a block ends the block."""
    if chat.members.get(chat.id) == "kicked":
        _change(world, chat, world.telegram.users[chat.id], "member")
    chat.started = True


def member(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """The bot's standing in a chat changes by someone's hand; in a private chat "kicked" is a block.

    An administrator of a channel may lack the right to post: `can_post_messages` false.
    """
    user = user_of(world, body.get("user"))
    chat = chat_of(world, body.get("chat", user.id))
    status = str(body.get("status", ""))
    if status not in STATUSES or status == "creator":
        raise Refused(f"unknown status {status!r}")
    if chat.type == "private" and status not in ("kicked", "member"):
        raise Refused("in a private chat the status is kicked or member")
    if body.get("of") is not None:  # someone else than the bot: no update by default, only rights change
        other = user_of(world, body["of"])
        chat.members[other.id] = status
        return {"update_id": None}
    chat.may_post = bool(body.get("can_post_messages", True))
    return {"update_id": _change(world, chat, user, status)}


def _change(world: World, chat: Chat, by: User, status: str) -> int | None:
    bot = world.telegram.bot
    who = chat.id if chat.type == "private" else bot.id
    before = chat.members.get(who, "left")
    chat.members[who] = status
    body = {
        "chat": chat.api(),
        "from": by.api(),
        "date": int(world.clock.now()),
        "old_chat_member": {"user": bot.api(), "status": before, **member_fields(before, chat)},
        "new_chat_member": {"user": bot.api(), "status": status, **member_fields(status, chat)},
    }
    return world.updates.push("my_chat_member", body, str(chat.id))


def press(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Someone taps an inline button, found by its `data` or its label (`button`), however old the message is.

    `inaccessible` true: the bot cannot see the message any more, as on the platform one day. A message that was deleted
    is pressed so by whoever still has it on the screen, with `data` alone.
    """
    user = user_of(world, body.get("user"))
    chat = chat_of(world, body.get("chat", user.id))
    message_id, data = int(body.get("message_id", 0)), body.get("data")
    post = chat.posts.get(message_id)
    if post is None and (data is None or world.record.find("telegram", str(chat.id), str(message_id)) is None):
        raise Refused(f"no message {body.get('message_id')} in {chat.title}")
    if data is None and post is not None:
        buttons = [button for row in post.record.view.get("buttons", []) for button in row]
        button = next((b for b in buttons if b["text"] == body.get("button")), None)
        if button is None or "callback_data" not in button:
            raise Refused(f"no button {body.get('button')!r} to press; there are {[b['text'] for b in buttons]}")
        data = button["callback_data"]
    gone = post is None or bool(body.get("inaccessible"))
    # Bot API InaccessibleMessage: the date is always 0.
    message = {"message_id": message_id, "chat": chat.api(), "date": 0} if gone or post is None else post.api
    number = str(secrets.randbelow(10**18) + 10**17)
    world.queries[number] = Query(user.name, world.clock.now(), str(data), chat.id)
    query = {"id": number, "from": user.api(), "message": message, "chat_instance": str(-chat.id * 7919), "data": data}
    return {"update_id": world.updates.push("callback_query", query, str(chat.id)), "query": number}


def make_chats(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Many people at once, each with a private chat (started unless `started` is false)."""
    count, first = int(body.get("count", 1)), int(body.get("first_id", 500_000))
    if not 1 <= count <= MAX_CHATS:
        raise Refused(f"count must be between 1 and {MAX_CHATS}")
    taken = world.telegram.users.keys() & set(range(first, first + count))
    if taken:
        raise Refused(f"user {min(taken)} exists already")
    for number in range(first, first + count):
        user = User(number, f"Reader {number}", language=str(body.get("language", "ko")))
        world.telegram.add_user(user, started=bool(body.get("started", True)))
    return {"count": count, "first_id": first, "last_id": first + count - 1}


def token(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """The bot's token is changed (`token`; the old one is nobody's from then on), revoked or made good again
    (`revoked`), as @BotFather does."""
    if unknown := set(body) - {"token", "revoked"}:
        raise Refused(f"unknown field {min(unknown)!r}; known: revoked, token")
    state = world.telegram
    state.token = str(body.get("token", state.token))
    state.revoked = bool(body.get("revoked", "token" not in body and state.revoked))
    return {"token": state.token, "revoked": state.revoked}


def migrate(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """A group becomes a supergroup with a new id; the bot hears it in both chats."""
    old = chat_of(world, body.get("chat"))
    if old.type != "group":
        raise Refused("only a group can become a supergroup")
    to = int(body.get("to", -1_000_000_000_000 + old.id))
    if to in world.telegram.chats:
        raise Refused(f"chat {to} exists already")
    new = Chat(to, "supergroup", old.title)
    new.members = dict(old.members)
    world.telegram.chats[to] = new
    old.migrated_to = to
    now = int(world.clock.now())
    frame = {"date": now, "from": world.telegram.users[ANONYMOUS_ADMIN].api()}
    there = {"message_id": old.take_id(), "chat": old.api(), "migrate_to_chat_id": to, **frame}
    here = {"message_id": new.take_id(), "chat": new.api(), "migrate_from_chat_id": old.id, **frame}
    first = world.updates.push("message", there, str(old.id))
    world.updates.push("message", here, str(to))
    return {"update_id": first, "to": to}


def chat_json(chat: Chat, state: TelegramState) -> dict[str, Any]:
    """A chat as the page and tests see it."""
    return {
        "id": chat.id,
        "type": chat.type,
        "title": chat.title,
        "is_forum": chat.is_forum,
        "threads": {str(number): name for number, name in chat.threads.items()},
        "closed": sorted(chat.closed_threads),
        "linked": chat.linked,
        "started": chat.started,
        "username": chat.username,
        "moved": chat.migrated_to,
        "member_ids": {str(uid): status for uid, status in chat.members.items() if uid != state.bot.id},
        "bot": chat.members.get(chat.id if chat.type == "private" else state.bot.id, "left"),
        "members": {state.users[uid].name: status for uid, status in chat.members.items() if uid in state.users},
    }
