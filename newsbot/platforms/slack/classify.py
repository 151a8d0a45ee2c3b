"""What became of a Web API call: the one place that knows Slack's error dialect.

Codes are those of docs.slack.dev/reference/methods/chat.postMessage (also chat.update and chat.delete).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from newsbot.core.model import Gone, Later, Outcome, Refused, Sent, Stopped, Uncertain

DEFAULT_WAIT = 30.0  # seconds, where a 429 does not say how long
PAUSE = 60.0  # seconds while a workspace or channel is being moved
STAMP = re.compile(r"([0-9]{1,12})\.([0-9]{6})")

MESSAGE_GONE = "message not found"

# Certainly not sent; Slack says when.
LIMITED = frozenset({"ratelimited", "rate_limited"})

# The workspace (or channel) is being moved or closed for a while: certainly not sent, worth another try.
PAUSED = frozenset(
    {
        "team_added_to_org",
        "org_login_required",
        "accesslimited",
        "external_channel_migrating",
        "message_limit_exceeded",  # a free workspace's quota: waits, and expires with the story
    }
)

# Slack says "some aspect may have succeeded".
DOUBTFUL = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "update_failed"})

# This channel cannot be written to; somebody may change that.
QUARANTINED = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "messages_tab_disabled",
        "ekm_access_denied",
        "no_permission",
        "access_denied",
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "thread_locked",
        "channel_type_not_supported",
    }
)
# The person behind the conversation is gone.
GONE = frozenset({"user_not_found", "user_disabled", "users_not_found"})

# The installation itself is dead or lacks a right: the bot stops and nothing becomes dead.
STOPPED = frozenset(
    {
        "account_inactive",
        "token_revoked",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "missing_scope",
        "team_not_found",
        "not_allowed_token_type",
        "two_factor_setup_required",
        "enterprise_is_restricted",
        "team_access_not_granted",
    }
)

# chat.delete and chat.update on what is not there any more.
NOT_THERE = frozenset({"message_not_found"})


def classify(status: int, headers: Mapping[str, str], body: bytes, channel: str) -> Outcome:
    """What became of chat.postMessage to `channel`. Only ok, this channel and a proper ts make it Sent."""
    answer = parse(body)
    if status != 200 or answer.get("ok") is not True:
        return _refusal(status, headers, answer)
    if answer.get("channel") != channel:
        return Uncertain("ok for another channel")
    ref = to_ref(answer.get("ts"))
    return Uncertain("ok without a usable ts") if ref is None else Sent(ref)


def classify_edit(status: int, headers: Mapping[str, str], body: bytes, channel: str, ref: int) -> Outcome:
    """What became of chat.update; safe to repeat. Nothing left to edit is Gone."""
    answer = parse(body)
    if status == 200 and answer.get("ok") is False and answer.get("error") in NOT_THERE:
        return Gone(MESSAGE_GONE, "kept")
    outcome = classify(status, headers, body, channel)
    if isinstance(outcome, Sent) and outcome.ref != ref:
        return Uncertain("ok for another message")
    return outcome


def classify_delete(status: int, headers: Mapping[str, str], body: bytes, channel: str, ref: int) -> Outcome:
    """What became of chat.delete; "not found" is what was wanted."""
    answer = parse(body)
    if status == 200 and answer.get("ok") is False and answer.get("error") in NOT_THERE:
        return Sent(ref)
    return classify_edit(status, headers, body, channel, ref)


def classify_error(error: BaseException) -> Outcome:
    """What an exception says. DNS, TCP and TLS failures and the connect timer come before the request: Later."""
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.InvalidURL():
            return Later(None, type(error).__name__)
        case _:
            return Uncertain(type(error).__name__)


def to_ref(ts: object) -> int | None:
    """The ts in microseconds, or None where it has not the form 1234567890.123456."""
    found = STAMP.fullmatch(ts) if isinstance(ts, str) else None
    return int(found[1]) * 1_000_000 + int(found[2]) if found and int(found[1]) else None


def to_ts(ref: int) -> str:
    """The ts of a reference."""
    return f"{ref // 1_000_000}.{ref % 1_000_000:06d}"


def _refusal(status: int, headers: Mapping[str, str], answer: dict[str, Any]) -> Outcome:
    code = answer.get("error") if answer.get("ok") is False else None
    if status == 429 or code in LIMITED:
        return Later(seconds_of(headers), "429")
    if status >= 500 or not isinstance(code, str) or not code:
        # An error page, a redirect, ok missing: nothing here says what happened behind it.
        return Uncertain(f"{status} without a code" if not isinstance(code, str) else f"{status} {code[:80]}")
    return _by_code(code[:80])


def _by_code(code: str) -> Outcome:
    if code in STOPPED:
        return Stopped(code)
    if code in DOUBTFUL:
        return Uncertain(code)
    if code in PAUSED:
        return Later(PAUSE, code)
    if code in GONE:
        return Gone(code, "stopped")
    # restricted_action_read_only_channel, _thread_locked, _non_threadable_channel, …: always about the place.
    if code in QUARANTINED or code.startswith("restricted_action"):
        return Gone(code, "quarantined")
    # Named content errors (invalid_blocks, msg_too_long, no_text, …) and codes we do not know: Slack answered, so it
    # was not sent. Refused never silences a subscriber; if it happens everywhere the story stops after three.
    return Refused(code)


def seconds_of(headers: Mapping[str, str]) -> float:
    """Retry-After in full; 30 s where it is missing, not a number or not positive."""
    try:
        value = float(headers.get("Retry-After", ""))
    except ValueError:
        return DEFAULT_WAIT
    return value if math.isfinite(value) and value > 0 else DEFAULT_WAIT


def parse(body: bytes) -> dict[str, Any]:
    """The answer, {} where it is no JSON object."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
