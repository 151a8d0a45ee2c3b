"""What counts as what: every row of the outcome table, for both platforms, and every word either library has for it."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import aiohttp
import pytest
import telegram.error
from telegram.error import TelegramError

from newsbot.core.model import Address, Gone, Later, Moved, Outcome, Refused, Sent, Stopped, Uncertain
from newsbot.platforms.slack import classify as slack
from newsbot.platforms.telegram import classify as telegram_words
from newsbot.platforms.telegram.request import Lost, NotSent
from tests.contract.slack_kit import failed
from tests.contract.telegram_kit import BAD, NO, refused

CHAT = -1001234567890


def message(message_id: Any = 7, chat: Any = CHAT, ok: Any = True) -> tuple[int, bytes]:
    return 200, json.dumps({"ok": ok, "result": {"message_id": message_id, "chat": {"id": chat}}}).encode()


TELEGRAM: list[tuple[tuple[int, bytes], Outcome | type]] = [
    (message(), Sent(7)),
    (message(2**32 - 1), Sent(2**32 - 1)),
    # 200 that proves nothing
    (message(2**32), Uncertain),
    (message(0), Uncertain),
    (message(-1), Uncertain),
    (message("7"), Uncertain),
    (message(True), Uncertain),
    (message(7.0), Uncertain),
    (message(7, chat=5), Uncertain),
    (message(7, chat=str(CHAT)), Uncertain),
    (message(ok=False), Uncertain),
    (message(ok=1), Uncertain),
    ((200, b'{"ok":true,"result":true}'), Uncertain),
    ((200, b"<html>Bad Gateway</html>"), Uncertain),
    ((200, b""), Uncertain),
    ((200, b"[]"), Uncertain),
    ((200, b"[" * 100_000), Uncertain),
    ((204, b""), Uncertain),
    ((302, b""), Uncertain),
    # certainly not sent, in full
    (refused(429, "Too Many Requests: retry after 7", retry_after=7), Later(7.0, "429")),
    (refused(429, "Too Many Requests: retry after 10072", retry_after=10072), Later(10072.0, "429")),
    *((refused(429, "Too Many Requests", retry_after=bad), Later(30.0, "429")) for bad in (0, -1, "7", True, None, [])),
    (refused(429, "Too Many Requests", adaptive_retry=0.4), Later(30.0, "429")),
    ((429, b"slow down"), Later(30.0, "429")),
    ((429, b'{"ok":false,"parameters":{"retry_after":1e999}}'), Later(30.0, "429")),
    # unknown
    *((refused(code, "Internal Server Error: restart"), Uncertain) for code in (500, 502, 503, 504, 520)),
    ((502, b"<html>"), Uncertain),
    # the chat
    (refused(403, NO + "bot was blocked by the user"), Gone("bot was blocked by the user", "stopped")),
    (refused(403, NO + "user is deactivated"), Gone("user is deactivated", "stopped")),
    (refused(403, NO + "bot can't initiate conversation with a user"), "stopped"),
    (refused(403, NO + "the bot can't send messages to the bot"), "stopped"),
    (refused(403, NO + "bot can't send messages to bots"), "stopped"),
    (refused(403, NO + "the group chat was deleted"), "stopped"),
    (refused(400, BAD + "USER_IS_BLOCKED"), "stopped"),
    (refused(400, BAD + "INPUT_USER_DEACTIVATED"), "stopped"),
    *(
        (refused(403, f"{NO}bot was kicked from the {c} chat"), "quarantined")
        for c in ("group", "supergroup", "channel")
    ),
    *((refused(403, f"{NO}bot is not a member of the {c} chat"), "quarantined") for c in ("supergroup", "channel")),
    (refused(403, NO + "something new in 2027"), "quarantined"),
    (refused(400, BAD + "chat not found"), "quarantined"),
    (refused(400, BAD + "private chat not found"), "quarantined"),
    (refused(400, BAD + "chat_id is empty"), "quarantined"),
    (refused(400, BAD + "not enough rights to send text messages to the chat"), "quarantined"),
    (refused(400, BAD + "have no write access to the chat"), "quarantined"),
    (refused(400, BAD + "need administrator rights in the channel chat"), "quarantined"),
    (refused(400, BAD + "CHAT_WRITE_FORBIDDEN"), "quarantined"),
    (refused(400, BAD + "CHAT_RESTRICTED"), "quarantined"),
    (refused(400, BAD + "CHAT_ADMIN_REQUIRED"), "quarantined"),
    (refused(400, BAD + "CHAT_SEND_PLAIN_FORBIDDEN"), "quarantined"),
    (refused(400, BAD + "TOPIC_CLOSED"), "quarantined"),
    (refused(400, BAD + "message thread not found"), "quarantined"),
    (refused(400, BAD + "ALLOW_PAYMENT_REQUIRED_5"), "quarantined"),
    (refused(400, BAD + "group chat was upgraded to a supergroup chat"), "quarantined"),
    # the new address
    (
        refused(400, BAD + "group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009),
        Moved(Address("telegram", "-1009")),
    ),
    # the text
    (refused(400, BAD + 'can\'t parse entities: Unsupported start tag "x" at byte offset 0'), Refused),
    (refused(400, BAD + 'can\'t parse entities: Unsupported start tag "chat not found" at byte offset 0'), Refused),
    (refused(400, BAD + "message is too long"), Refused),
    (refused(400, BAD + "message text is empty"), Refused),
    (refused(400, BAD + "wrong HTTP URL specified"), Refused),
    (refused(400, BAD + "BUTTON_URL_INVALID"), Refused),
    (refused(400, BAD + "something new in 2027"), Refused),
    (refused(413, "Request Entity Too Large"), Refused),
    # the token
    (refused(401, "Unauthorized"), Stopped),
    (refused(401, "Unauthorized: invalid token specified"), Stopped),
    ((401, b""), Stopped),
    (refused(404, "Not Found"), Stopped),
    (refused(404, "Not Found: method not found"), Refused),
    ((404, b"<html>no such page</html>"), Uncertain),
    ((403, b"<html>captive portal</html>"), Uncertain),
    ((400, b""), Uncertain),
]


def same(outcome: Outcome, wanted: Outcome | type | str) -> None:
    if isinstance(wanted, str):
        assert isinstance(outcome, Gone)
        assert outcome.state == wanted
    elif isinstance(wanted, type):
        assert type(outcome) is wanted
    else:
        assert outcome == wanted


@pytest.mark.parametrize(("answer", "wanted"), TELEGRAM, ids=[f"{i}" for i in range(len(TELEGRAM))])
def test_every_answer_to_a_telegram_send(answer: tuple[int, bytes], wanted: Outcome | type | str) -> None:
    same(telegram_words.classify(*answer, CHAT), wanted)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (message(7), Sent(7)),
        (message(8), Uncertain),
        (refused(400, BAD + "message is not modified: specified new message content and …"), Sent(7)),
        (refused(400, BAD + "message to edit not found"), Gone(telegram_words.MESSAGE_GONE, "kept")),
        (refused(400, BAD + "message can't be edited"), Refused),
        (refused(403, NO + "bot was blocked by the user"), "stopped"),
        (refused(429, "Too Many Requests", retry_after=3), Later(3.0, "429")),
        (refused(500, "Internal Server Error"), Uncertain),
    ],
)
def test_every_answer_to_a_telegram_edit(answer: tuple[int, bytes], wanted: Outcome | type | str) -> None:
    same(telegram_words.classify_edit(*answer, CHAT, 7), wanted)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ((200, b'{"ok":true,"result":true}'), Sent(7)),
        ((200, b"oops"), Uncertain),
        (refused(400, BAD + "message to delete not found"), Sent(7)),
        (refused(400, BAD + "message can't be deleted for everyone"), Refused),
        (refused(401, "Unauthorized"), Stopped),
        (refused(502, "Bad Gateway"), Uncertain),
    ],
)
def test_every_answer_to_a_telegram_delete(answer: tuple[int, bytes], wanted: Outcome | type | str) -> None:
    same(telegram_words.classify_delete(*answer, 7), wanted)


RAISED: dict[str, tuple[BaseException, type]] = {
    "BadRequest": (telegram.error.BadRequest("Message text is empty"), Refused),
    "ChatMigrated": (telegram.error.ChatMigrated(-1009), Moved),
    "Conflict": (telegram.error.Conflict("terminated by other getUpdates request"), Later),
    "EndPointNotFound": (telegram.error.EndPointNotFound("sendX"), Uncertain),
    "Forbidden": (telegram.error.Forbidden("Forbidden: bot was blocked by the user"), Gone),
    "InvalidToken": (telegram.error.InvalidToken("x"), Stopped),
    "NetworkError": (telegram.error.NetworkError("x"), Uncertain),
    "PassportDecryptionError": (telegram.error.PassportDecryptionError("x"), Uncertain),
    "RetryAfter": (telegram.error.RetryAfter(12), Later),
    "TelegramError": (TelegramError("x"), Uncertain),
    "TimedOut": (telegram.error.TimedOut(), Uncertain),
}


def test_every_exception_of_the_telegram_library_has_a_deliberate_outcome() -> None:
    known = {
        name
        for name, thing in vars(telegram.error).items()
        if inspect.isclass(thing) and issubclass(thing, TelegramError)
    }
    assert known == set(RAISED), "the library has an exception nobody decided about"
    for error, wanted in RAISED.values():
        assert type(telegram_words.classify_error(error)) is wanted, error


def test_only_what_never_left_is_repeated() -> None:
    assert telegram_words.classify_error(telegram.error.RetryAfter(12)) == Later(12.0, "429")
    assert isinstance(telegram_words.classify_error(NotSent("tcp connect error")), Later)
    assert isinstance(telegram_words.classify_error(telegram.error.TimedOut("Pool timeout: All connections …")), Later)
    for error in (Lost("reset"), TimeoutError(), ConnectionResetError(), ValueError("x"), asyncio.CancelledError()):
        assert isinstance(telegram_words.classify_error(error), Uncertain), error


CHANNEL, TS = "C0NEWS", "1700000000.000100"
NONE: dict[str, str] = {}


def posted(channel: Any = CHANNEL, ts: Any = TS, ok: Any = True) -> bytes:
    return json.dumps({"ok": ok, "channel": channel, "ts": ts}).encode()


SLACK_CODES: list[tuple[type | str, str]] = [
    (Later, "ratelimited rate_limited"),
    (Uncertain, "internal_error fatal_error service_unavailable request_timeout"),
    (Later, "team_added_to_org org_login_required accesslimited external_channel_migrating message_limit_exceeded"),
    (
        "quarantined",
        "channel_not_found is_archived is_inactive not_in_channel restricted_action "
        "restricted_action_read_only_channel restricted_action_thread_locked messages_tab_disabled "
        "ekm_access_denied no_permission access_denied "
        "cannot_dm_bot",
    ),
    ("stopped", "user_not_found"),
    (
        Stopped,
        "account_inactive token_revoked invalid_auth not_authed token_expired missing_scope team_not_found",
    ),
    (
        Refused,
        "invalid_blocks invalid_blocks_format msg_too_long msg_blocks_too_long no_text too_many_attachments "
        "metadata_too_large invalid_metadata_format markdown_text_conflict invalid_arg_name invalid_post_type "
        "invalid_charset something_new_in_2027",
    ),
]


@pytest.mark.parametrize(("wanted", "codes"), SLACK_CODES)
def test_every_code_of_slack(wanted: type | str, codes: str) -> None:
    for code in codes.split():
        same(slack.classify(200, NONE, failed(code), CHANNEL), wanted)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wanted"),
    [
        (200, NONE, posted(), Sent(1_700_000_000_000_100)),
        (200, NONE, posted(channel="C0OTHER"), Uncertain),
        (200, NONE, posted(ts="1700000000.1"), Uncertain),
        (200, NONE, posted(ts="1700000000.0001000"), Uncertain),
        (200, NONE, posted(ts=1700000000.0001), Uncertain),
        (200, NONE, posted(ts="\u0661700000000.000100"), Uncertain),
        (200, NONE, posted(ts="0.000000"), Uncertain),
        (200, NONE, posted(ok="true"), Uncertain),
        (200, NONE, b"<html>", Uncertain),
        (200, NONE, b"", Uncertain),
        (200, NONE, b'{"ok":false}', Uncertain),
        (302, NONE, b"", Uncertain),
        (500, NONE, failed("internal_error"), Uncertain),
        (503, NONE, failed("invalid_blocks"), Uncertain),
        (429, {"Retry-After": "120"}, failed("ratelimited"), Later(120.0, "429")),
        *((429, {"Retry-After": bad}, b"", Later(30.0, "429")) for bad in ("0", "-1", "soon", "inf", "nan", "")),
        (429, NONE, b"", Later(30.0, "429")),
        (200, NONE, failed("rate_limited"), Later(30.0, "429")),
    ],
)
def test_every_answer_to_a_slack_send(
    status: int, headers: dict[str, str], body: bytes, wanted: Outcome | type | str
) -> None:
    same(slack.classify(status, headers, body, CHANNEL), wanted)


def test_slack_edits_and_deletes_of_what_is_gone() -> None:
    ref = slack.to_ref(TS)
    assert ref is not None
    assert slack.to_ts(ref) == TS
    gone = failed("message_not_found")
    assert slack.classify_edit(200, NONE, gone, CHANNEL, ref) == Gone(slack.MESSAGE_GONE, "kept")
    assert slack.classify_delete(200, NONE, gone, CHANNEL, ref) == Sent(ref)
    assert slack.classify_edit(200, NONE, posted(), CHANNEL, ref) == Sent(ref)
    assert isinstance(slack.classify_edit(200, NONE, posted(ts="1700000001.000100"), CHANNEL, ref), Uncertain)
    assert isinstance(slack.classify_delete(200, NONE, failed("cant_delete_message"), CHANNEL, ref), Refused)


def test_only_slack_requests_that_never_left_are_repeated() -> None:
    for error in (aiohttp.ConnectionTimeoutError(), aiohttp.InvalidURL("x")):
        assert isinstance(slack.classify_error(error), Later), error
    doubts = (
        aiohttp.ServerDisconnectedError(),
        aiohttp.SocketTimeoutError(),
        aiohttp.ClientPayloadError(),
        aiohttp.ClientOSError(),
        TimeoutError(),
        ConnectionResetError(),
    )
    for doubt in doubts:
        assert isinstance(slack.classify_error(doubt), Uncertain), doubt
