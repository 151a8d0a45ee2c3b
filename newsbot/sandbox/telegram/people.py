"""The named cast: who lives in a fresh sandbox, in which chats, with which rights."""

from __future__ import annotations

from newsbot.sandbox.record import Record
from newsbot.sandbox.telegram.linked import TELEGRAM_SERVICE
from newsbot.sandbox.telegram.state import Chat, TelegramState, User

BOT = User(123456789, "예시뉴스", "sandbox_news_bot", is_bot=True)
# Right in form (digits, colon, 35 characters) and plainly no secret.
TELEGRAM_TOKEN = "123456789:AAsandbox-Token_of-No_Value_0000000"  # noqa: S105
GROUP, FORUM, CHANNEL = -200, -1001000000300, -1001000000400
ANONYMOUS_ADMIN = 1087968824  # GroupAnonymousBot: the sender shown for admins who post as the group
CHANNEL_BOT = 136817688  # Channel Bot: the sender shown for people who post as a channel

RAE, ED, EVE, OLU, SAM = 1001, 2001, 2002, 3001, 9001
PEOPLE = (
    User(RAE, "Rae", "rae_reads"),
    User(ED, "Ed", "ed_edits"),
    User(EVE, "Eve", "eve_edits"),
    User(OLU, "Olu", "olu_on_call"),
    User(SAM, "Sam", "sam_nobody", language="en"),
)


def telegram_world(record: Record) -> TelegramState:
    """Telegram with the cast: nobody has started the bot; Rae runs the group, the forum and the channel."""
    bot = User(BOT.id, BOT.name, BOT.username, is_bot=True)
    state = TelegramState(record, TELEGRAM_TOKEN, bot)
    for person in PEOPLE:
        state.add_user(User(person.id, person.name, person.username, person.language))
    for special, name in ((ANONYMOUS_ADMIN, "Group"), (CHANNEL_BOT, "Channel")):
        state.users[special] = User(special, name, f"{name}Bot", is_bot=True)
    state.users[TELEGRAM_SERVICE] = User(TELEGRAM_SERVICE, "Telegram")
    group = Chat(GROUP, "group", "예시 모임")
    group.members = {RAE: "administrator", ED: "creator", EVE: "member", SAM: "member"}
    state.add_chat(group)
    forum = Chat(FORUM, "supergroup", "예시뉴스 독자 포럼", is_forum=True, threads={7: "속보", 8: "정치"})
    forum.members = {RAE: "administrator", ED: "creator", SAM: "member"}
    forum.next_id = 9  # a thread's id is the message that opened it
    state.add_chat(forum, "administrator")
    channel = Chat(CHANNEL, "channel", "예시뉴스 속보", username="example_news_flash")
    channel.members = {RAE: "administrator", ED: "creator"}
    state.add_chat(channel, "administrator")
    return state
