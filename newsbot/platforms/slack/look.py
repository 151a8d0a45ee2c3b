"""What Slack shows of what we wrote, and whether it lets us write: one request a look, read here.

Pages: docs.slack.dev/reference/methods/conversations.history, conversations.replies and conversations.info. An app that is
distributed outside Slack's Marketplace may ask for history once a minute, 15 messages at a time
(docs.slack.dev/apis/web-api/rate-limits), so a look is one request and goes on where the last one ended.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from newsbot.core.model import Later, Sent
from newsbot.platforms.slack.classify import DOUBTFUL, LIMITED, parse, seconds_of, to_ref, to_ts
from newsbot.platforms.slack.inbound import Me
from newsbot.platforms.slack.render import EVENT

Answer = tuple[int, Mapping[str, str], bytes] | BaseException
"""Status, headers and body of one exchange, or what went wrong with it."""

PAGE = 15  # messages a request
PAGES = 20  # requests of one search at most: where 300 messages came in ten minutes nobody can tell
NEXT = 1.2  # seconds between two pages: tier 3 allows 50 requests a minute
AGAIN = 15.0  # seconds after an answer that says nothing
MARGIN = 5.0  # seconds our clock may be ahead of Slack's
REACH = 600.0  # seconds after `since` in which the message was posted, if it was: no request lives that long
SEARCHES = 1000  # searches under way that are remembered

UNREADABLE = "unreadable answer"


@dataclass(frozen=True, slots=True)
class Search:
    """One message looked for."""

    channel: str
    story: str
    since: float  # unix seconds
    answers: int  # the message it answers, 0 for none

    @property
    def method(self) -> str:
        """An answer stands in its thread, not in the history."""
        return "conversations.replies" if self.answers else "conversations.history"


@dataclass
class Searches:
    """Where each search that needs more than one page has got to: the next page's cursor, and pages read."""

    _open: OrderedDict[Search, tuple[str, int]] = field(default_factory=OrderedDict)

    def fields(self, search: Search) -> dict[str, str]:
        """What the next request asks."""
        cursor, _ = self._open.get(search, ("", 0))
        asked = {
            "channel": search.channel,
            "oldest": f"{search.since - MARGIN:.6f}",
            "latest": f"{search.since + REACH:.6f}",
            "limit": str(PAGE),
            "include_all_metadata": "true",
        }
        thread = {"ts": to_ts(search.answers)} if search.answers else {}
        return asked | thread | ({"cursor": cursor} if cursor else {})

    def result(self, search: Search, answer: Answer, me: Me) -> Sent | Later | None:
        """What this look saw; None only where everything was read. Later without a time: it cannot be told."""
        if isinstance(answer, BaseException):
            return Later(AGAIN, type(answer).__name__)
        status, headers, body = answer
        told = parse(body)
        messages = told.get("messages")
        if status != 200 or told.get("ok") is not True or not isinstance(messages, list):
            return self._refusal(search, status, headers, told)
        if not me.user:
            return Later(AGAIN, "not started")  # who we are is not known, so nothing would look like ours
        own = [message for message in messages if isinstance(message, dict) and _ours(message, me)]
        refs = [ref for message in own if (ref := _ref(message, search.story)) is not None]
        if refs:
            self._open.pop(search, None)
            return Sent(min(refs))
        if own and not any("metadata" in message for message in own):
            # Answers to commands have none; but where none is shown at all, what we look for may be among them.
            return Later(None, "the metadata of our messages is not shown")
        return self._next(search, told)

    def _next(self, search: Search, told: Mapping[str, Any]) -> Later | None:
        more = told.get("response_metadata")
        cursor = more.get("next_cursor") if isinstance(more, dict) else None
        _, read = self._open.pop(search, ("", 0))
        if not isinstance(cursor, str) or not cursor:
            return Later(AGAIN, "no next page") if told.get("has_more") is True else None
        if read + 1 >= PAGES:
            return Later(None, f"more than {PAGE * PAGES} messages to read")
        self._open[search] = (cursor, read + 1)
        if len(self._open) > SEARCHES:
            self._open.popitem(last=False)
        return Later(NEXT, "more to read")

    def _refusal(
        self, search: Search, status: int, headers: Mapping[str, str], told: Mapping[str, Any]
    ) -> Later | None:
        code = told.get("error") if told.get("ok") is False else None
        if status == 429 or code in LIMITED:
            return Later(seconds_of(headers), "429")
        self._open.pop(search, None)
        if status != 200 or not isinstance(code, str):
            return Later(AGAIN, f"status {status}" if status != 200 else UNREADABLE)
        return Later(AGAIN if code in DOUBTFUL or code == "invalid_cursor" else None, code[:80])


def _ours(message: Mapping[str, Any], me: Me) -> bool:
    return message.get("bot_id") == me.bot if me.bot else message.get("user") == me.user


def _ref(message: Mapping[str, Any], story: str) -> int | None:
    """The reference of this message where it is the alert of that story, or None."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT:
        return None
    payload = metadata.get("event_payload")
    return to_ref(message.get("ts")) if isinstance(payload, dict) and payload.get("story") == story else None


def told_ok(answer: Answer) -> Mapping[str, Any]:
    """What Slack answered, empty where it is no success."""
    if isinstance(answer, BaseException) or answer[0] != 200:
        return {}
    told = parse(answer[2])
    return told if told.get("ok") is True else {}


def may_write(answer: Answer) -> bool | None:
    """What conversations.info says about writing there; None where it does not say."""
    if isinstance(answer, BaseException):
        return None
    status, headers, body = answer
    told = parse(body)
    if status == 200 and told.get("ok") is False and told.get("error") == "channel_not_found":
        return False
    room = told.get("channel")
    if status != 200 or told.get("ok") is not True or not isinstance(room, dict):
        return None
    if any(room.get(flag) is True for flag in ("is_archived", "is_user_deleted", "is_read_only", "is_thread_only")):
        return False
    if room.get("is_im") is True or room.get("is_member") is True:
        return True
    # Every answer names the token's scopes (docs.slack.dev/authentication/tokens).
    scopes = {scope.strip() for scope in headers.get("X-OAuth-Scopes", "").split(",")}
    return room.get("is_private") is not True and "chat:write.public" in scopes
