"""What one post brings about elsewhere: a channel's post in its discussion group, a topic's first message above all."""

from __future__ import annotations

from typing import Any

from newsbot.sandbox.clock import Clock
from newsbot.sandbox.record import Message
from newsbot.sandbox.telegram.state import Chat, TelegramState
from newsbot.sandbox.telegram.updates import Updates

TELEGRAM_SERVICE = 777000  # forwards channel posts into the linked group
TOPIC_COLOR = 7322096  # Bot API ForumTopicCreated.icon_color: one of six


def forward_to_group(
    state: TelegramState, updates: Updates, clock: Clock, channel: Chat, api: dict[str, Any]
) -> dict[str, Any] | None:
    """The copy of a channel's post that Telegram puts into the linked group by itself (Message.is_automatic_forward)."""
    group = state.chats.get(channel.linked) if channel.type == "channel" and channel.linked is not None else None
    if group is None:
        return None
    now = clock.now()
    origin = {"type": "channel", "chat": channel.api(), "message_id": api["message_id"], "date": api["date"]}
    copy: dict[str, Any] = {
        "message_id": group.take_id(),
        "date": int(now),
        "chat": group.api(),
        "from": state.users[TELEGRAM_SERVICE].api(),
        "sender_chat": channel.api(),
        "is_automatic_forward": True,
        "forward_origin": origin,
        **{name: api[name] for name in ("text", "entities", "link_preview_options", "reply_markup") if name in api},
    }
    record = Message(
        platform="telegram",
        chat=str(group.id),
        chat_title=group.title,
        message_id=str(copy["message_id"]),
        text=api["text"],
        payload={"text": api["text"]},
        at=now,
        sender=channel.title,
        view={"entities": api.get("entities", [])},
    )
    state.store(group, copy, record, own=False)
    if state.sees(group, copy):
        updates.push("message", copy, str(group.id))
    return copy


def opening(state: TelegramState, chat: Chat, thread: int) -> dict[str, Any]:
    """The service message that opened a topic; every message in it that answers nothing else answers this one."""
    creator = next((uid for uid, status in chat.members.items() if status == "creator"), state.bot.id)
    return {
        "message_id": thread,
        "date": 0,
        "chat": chat.api(),
        "from": state.users[creator].api(),
        "message_thread_id": thread,
        "is_topic_message": True,
        "forum_topic_created": {"name": chat.threads[thread], "icon_color": TOPIC_COLOR},
    }
