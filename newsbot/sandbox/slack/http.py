"""Signed delivery to the app's request URL, and the response URLs it may answer to later.

Signature: docs.slack.dev/authentication/verifying-requests-from-slack (v0, HMAC-SHA256 of `v0:{ts}:{body}`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from newsbot.sandbox.post import post as post_to
from newsbot.sandbox.slack.blocks import check_response
from newsbot.sandbox.slack.fields import SlackError
from newsbot.sandbox.slack.messages import find, post, replace
from newsbot.sandbox.slack.wire import Ack

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    """The two headers that prove a request comes from Slack."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def encode(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
    """Commands as a form, presses as a form with one JSON field, events as JSON."""
    if kind == "slash_commands":
        return urlencode(payload).encode(), FORM
    text = json.dumps(payload, ensure_ascii=False)
    if kind == "interactive":
        return urlencode({"payload": text}).encode(), FORM
    return text.encode(), JSON


async def send_signed(world: World, kind: str, payload: dict[str, Any], attempt: int, why: str) -> Ack:
    """POST one delivery to the request URL; any 2xx in time acknowledges it."""
    body, content = encode(kind, payload)
    headers = {"User-Agent": "Slackbot 1.0 (sandbox)"}
    headers |= signed(world.home.signing_secret, body, world.clock.now())
    if attempt:
        headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": why}
    try:
        status, found, said = await post_to(str(world.home.request_url), body, headers, content, world.home.ack_seconds)
    except TimeoutError:
        return Ack(False, reason="http_timeout")
    except (OSError, EOFError, ValueError):
        return Ack(False, reason="connection_failed")
    if not 200 <= status < 300:
        return Ack(False, reason="http_error", retry=found.get("x-slack-no-retry") != "1")
    return Ack(True, _said(found.get("content-type", ""), said))


def _said(content: str, body: bytes) -> dict[str, Any] | None:
    """The body of an acknowledgement: JSON, or plain words as Slack also takes them."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return None
    if content.startswith(JSON):
        try:
            value = json.loads(text)
        except ValueError:
            return {"text": text}
        return value if isinstance(value, dict) else None
    return {"text": text}


def show(world: World, channel_id: str, user: str, said: dict[str, Any], original: str = "") -> str:
    """Make an answer visible, or replace or remove the original; the new or touched message's ts."""
    channel = world.slack.channels[channel_id]
    message = find(world, channel, original) if original else None
    if said.get("delete_original") is True:
        if message is not None:
            world.record.delete(message)
        return original
    parsed = check_response(said)
    if said.get("replace_original") is True and message is not None:
        replace(world, message, said, parsed)
        return original
    hidden = said.get("response_type", "ephemeral") == "ephemeral"
    return post(world, channel, said, parsed, to=user if hidden else "").message_id


def respond(world: World, key: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """One use of a response URL: status and body of the answer."""
    entry = world.slack.wire.urls.get(key)
    refusal = "no_such_url" if entry is None else entry.refusal(world.clock.now())
    if entry is None or refusal:
        return 404, {"ok": False, "error": refusal}
    entry.uses += 1
    try:
        show(world.of(entry.team), entry.channel, entry.user, said, entry.original)
    except SlackError as error:
        return 400, {"ok": False, "error": error.code, "detail": error.detail}
    return 200, {"ok": True}
