"""Checks of the bots: tokens, who else uses them, rights, clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from newsbot.cli.doctor import api
from newsbot.cli.doctor.here import running
from newsbot.cli.doctor.room import Finding, Room
from newsbot.store import keys

SKEW = 5.0  # seconds our clock may be off; Slack's signatures bear 300, dates readers see do not
LISTEN = 3  # seconds one question for updates waits for somebody else to interrupt it
TRIES = 2
SCOPES = "x-oauth-scopes"  # docs.slack.dev/authentication/tokens: the scopes of the token, in every answer


async def telegram(room: Room) -> Sequence[Finding]:
    """Whether the token is accepted, what the bot is called, and what it sees in groups."""
    section = room.sections["telegram"]
    me = await api.telegram(section, "getMe")
    if not me.ok:
        return [room.bad("error", "telegram.refused", why=me.why)]
    found = [room.ok("telegram", name=me.result.get("username", ""), id=me.result.get("id", 0))]
    if me.result.get("can_join_groups") is False:
        found.append(room.bad("warning", "telegram.no_groups"))
    if me.result.get("can_read_all_group_messages") is True:
        found.append(room.bad("warning", "telegram.reads_all"))
    return found + skewed(room, "Telegram", me)


async def webhook(room: Room) -> Sequence[Finding]:
    """Whether another deployment's webhook is set on this token, or ours fails."""
    section = room.sections["telegram"]
    answer = await api.telegram(section, "getWebhookInfo")
    url, trouble = str(answer.result.get("url") or ""), str(answer.result.get("last_error_message") or "")
    if not answer.ok:
        return []  # the token's own check says so
    if url != section.webhook_url:
        if not url:
            return [room.ok("webhook.unset")]
        return [room.bad("warning", "webhook.other", host=urlsplit(url).hostname)]
    if trouble:
        return [room.bad("warning", "webhook.failing", why=trouble[:200])]
    return [room.ok("webhook" if url else "webhook.none")]


async def poller(room: Room) -> Sequence[Finding]:
    """Whether somebody else asks for this bot's updates. Not asked where our own newsbot does: it would be thrown out."""
    section = room.sections["telegram"]
    if section.webhook_url:
        return []
    if running(room.settings.data.folder) or await ours(room, "telegram"):
        return [room.ok("poller.ours")]
    for _ in range(TRIES):
        # Without an offset nothing is confirmed: whoever is meant to hear of the updates still will.
        answer = await api.telegram(section, "getUpdates", timeout=LISTEN, limit=1)
        if answer.status == 409 and "webhook" not in answer.why:
            return [room.bad("error", "poller.other")]
        if not answer.ok or not answer.body.get("result"):
            break
        await asyncio.sleep(1.0)  # news came at once; the other one may come back meanwhile
    return [room.ok("poller")]


async def ours(room: Room, name: str) -> bool:
    """Whether a newsbot on this Redis receives for this bot."""
    return room.redis is not None and bool(await room.redis.call("GET", keys.lease(name, "receive")))


async def slack(room: Room) -> Sequence[Finding]:
    """Whether the token is accepted, where the bot is at home, and what it may do."""
    section = room.sections["slack"]
    me = await api.slack(section, "auth.test", section.bot_token)
    if not me.ok:
        return [room.bad("error", "slack.refused", why=me.why)]
    found = [room.ok("slack", name=me.body.get("user", ""), team=me.body.get("team", ""))]
    if (said := me.headers.get(SCOPES)) is not None:
        missing = needed() - {scope.strip() for scope in said.split(",")}
        if missing:
            found.append(room.bad("error", "slack.scopes", scopes=", ".join(sorted(missing))))
    return found + skewed(room, "Slack", me)


def needed() -> set[str]:
    """The bot scopes of the manifest that comes with newsbot."""
    text = (files("newsbot.cli") / "sample" / "slack-manifest.yaml").read_text("utf-8")
    found: Any = yaml.safe_load(text)
    return set(found["oauth_config"]["scopes"]["bot"])


async def door(room: Room) -> Sequence[Finding]:
    """How Slack's commands come in."""
    section = room.sections["slack"]
    if section.app_token is None:
        return [room.ok("door.signed") if section.signing_secret else room.bad("warning", "door.none")]
    opened = await api.slack(section, "apps.connections.open", section.app_token)
    return [room.ok("door.socket") if opened.ok else room.bad("error", "door.refused", why=opened.why)]


def skewed(room: Room, platform: str, answer: api.Answer) -> list[Finding]:
    """A clock that is off, as the platform sees it."""
    if abs(answer.skew) <= SKEW:
        return []
    return [room.bad("warning", "clock", platform=platform, seconds=f"{-answer.skew:+.0f}")]
