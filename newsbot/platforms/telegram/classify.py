"""What became of a request to the Bot API: the one place that knows its error dialect.

Strings are those of tdlib/telegram-bot-api (Client.cpp, Query.cpp) and TDLib; compared in lower case, because both
the server and python-telegram-bot change the case of the first letter.
"""

from __future__ import annotations

import json
import math
from typing import Any

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from newsbot.core.model import Address, Gone, Later, Moved, Outcome, Refused, Sent, Stopped, Uncertain
from newsbot.platforms.telegram.request import NotSent

# The ledger keeps a reference in four bytes; a larger message_id would wrap around there.
MOST_REF = 2**32
DEFAULT_WAIT = 30.0  # seconds, where a 429 does not say how long

MESSAGE_GONE = "message not found"

# The person is out of reach until they come back by themselves.
STOPPED = (
    "bot was blocked by the user",
    "user is deactivated",
    "user is deleted",
    "can't initiate conversation",
    "can't send messages to",
    "group chat was deleted",
    "group chat was deactivated",
    "user_is_blocked",
    "input_user_deactivated",
)

# The place exists but does not let us write; somebody may give the right back.
QUARANTINED = (
    "chat not found",
    "chat_id is empty",
    "was kicked",
    "not a member",
    "not enough rights",
    "no rights to send",
    "no write access",
    "need administrator rights",
    "upgraded to a supergroup",  # without the new id; with one it is Moved
    "thread not found",
    "topic_closed",
    "topic_deleted",
    "topic_id_invalid",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "chat_forbidden",
    "chat_guest_send_forbidden",
    "chat_send_",
    "channel_private",
    "channel_invalid",
    "chat_id_invalid",
    "peer_id_invalid",
    "user_banned_in_channel",
    "user_not_participant",
    "allow_payment_required",
)


def classify(status: int, body: bytes, chat: int) -> Outcome:
    """What became of a send to `chat`. Only a confirmation that names this chat and a usable message_id is Sent."""
    answer = _parse(body)
    if status != 200:
        return _refusal(status, answer)
    result = answer.get("result") if answer.get("ok") is True else None
    if not isinstance(result, dict):
        return Uncertain("200 without a message")
    ref, where = result.get("message_id"), result.get("chat")
    if type(ref) is not int or not 0 < ref < MOST_REF:
        return Uncertain("200 without a usable message_id")
    if not isinstance(where, dict) or where.get("id") != chat:
        return Uncertain("200 for another chat")
    return Sent(ref)


def classify_edit(status: int, body: bytes, chat: int, ref: int) -> Outcome:
    """What became of an edit; safe to repeat, so Uncertain means "ask again". Nothing left to edit is Gone."""
    text = _description(_parse(body)).lower()
    if status == 400 and "message is not modified" in text:
        return Sent(ref)
    if status == 400 and ("message to edit not found" in text or "message_id_invalid" in text):
        return Gone(MESSAGE_GONE, "kept")
    outcome = classify(status, body, chat)
    if isinstance(outcome, Sent) and outcome.ref != ref:
        return Uncertain("200 for another message")
    return outcome


def lets_go(outcome: Outcome) -> bool:
    """Whether an edit of one of our answers failed because of that message, so that a new one is due."""
    return isinstance(outcome, Refused) or (isinstance(outcome, Gone) and outcome.why == MESSAGE_GONE)


def classify_delete(status: int, body: bytes, ref: int) -> Outcome:
    """What became of a delete; "not found" is what was wanted. Older than 48 hours is Refused: edit it instead."""
    answer = _parse(body)
    if status == 200:
        return Sent(ref) if answer.get("ok") is True and answer.get("result") is True else Uncertain("200 without true")
    text = _description(answer).lower()
    if status == 400 and ("message to delete not found" in text or "message_id_invalid" in text):
        return Sent(ref)
    return _refusal(status, answer)


def classify_question(status: int, body: bytes) -> dict[str, Any] | bool | None:
    """What was asked about a chat: the result; False where the chat is not open to us, None where that is not said."""
    answer = _parse(body)
    if status == 200 and answer.get("ok") is True:
        result = answer.get("result")
        return result if isinstance(result, dict) or result is True else None
    return False if isinstance(_refusal(status, answer), Gone | Moved) else None


def classify_error(error: BaseException) -> Outcome:
    """What an exception says about a request. Only what certainly never left is Later; the unknown is in doubt."""
    match error:
        case NotSent():
            return Later(None, str(error))
        case RetryAfter():
            return Later(_seconds(error._retry_after.total_seconds()), "429")  # noqa: SLF001  the property warns
        case ChatMigrated():
            return _moved(error.new_chat_id)
        case InvalidToken():
            return Stopped("the token was refused")
        case Conflict():
            return Later(None, "409")
        case Forbidden():
            return _forbidden(_short(error.message))
        case BadRequest():
            return _bad_request(_short(error.message))
        case TimedOut() if error.message.startswith("Pool timeout"):
            return Later(None, "no free connection")
        case NetworkError() | TelegramError():
            return Uncertain(_short(error.message))
        case _:
            return Uncertain(type(error).__name__)


def _refusal(status: int, answer: dict[str, Any]) -> Outcome:
    text = _short(_description(answer))
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if status == 429:
        return Later(_seconds(parameters.get("retry_after")), "429")
    if status == 401:
        return Stopped(text or "401")
    if status >= 500 or status < 400:
        return Uncertain(f"{status} {text}".strip())
    if not text:
        # Something other than the Bot API answered (a proxy's error page): it cannot say what happened behind it.
        return Uncertain(f"{status} without a description")
    if (migrated := parameters.get("migrate_to_chat_id")) and type(migrated) is int:
        return _moved(migrated)
    if status == 404:
        # A bare "Not Found" is a malformed token. An unknown method is ours to mend and the same in every chat.
        return Refused(text) if "method" in text.lower() else Stopped(text)
    return _forbidden(text) if status == 403 else _bad_request(text)


def _forbidden(text: str) -> Outcome:
    # A 403 we do not know is still about this chat, never about the text: quarantine can be undone, Refused would let
    # three such chats stop a whole story.
    return _gone(text) or Gone(text or "403", "quarantined")


def _bad_request(text: str) -> Outcome:
    # The detail of a parse error quotes the text, which must not be taken for one of the phrases below.
    if text.lower().startswith("can't parse entities"):
        return Refused(text)
    # A 400 we do not know: certainly not sent, and more likely our text than the chat. Refused never silences a
    # subscriber, and if it happens everywhere the story stops after three chats.
    return _gone(text) or Refused(text or "400")


def _gone(text: str) -> Gone | None:
    low = text.lower()
    if any(phrase in low for phrase in STOPPED):
        return Gone(text, "stopped")
    if any(phrase in low for phrase in QUARANTINED):
        return Gone(text, "quarantined")
    return None


def _moved(chat: int) -> Moved:
    """The new address; without a thread, because a plain group had none."""
    return Moved(Address("telegram", str(chat)))


def _seconds(value: object) -> float:
    """The wait in full, however long; 30 s where it is missing, not a number, not finite or not positive."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        return DEFAULT_WAIT
    return float(value)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _description(answer: dict[str, Any]) -> str:
    text = answer.get("description")
    return text if isinstance(text, str) else ""


def _short(text: str) -> str:
    """The description without its prefix, cut to what fits a ledger's reason."""
    for prefix in ("Bad Request: ", "Forbidden: "):
        text = text.removeprefix(prefix)
    return text[:200]
