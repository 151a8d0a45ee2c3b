"""What the tests of Slack's stand-in share: a breaking alert, small blocks, and calls with their codes."""

from __future__ import annotations

import copy
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.serve import Running

HEADLINE = "[속보] 예시군, 다리 서른 곳 점검 지침 채택"
BREAKING: dict[str, Any] = {
    "text": HEADLINE,
    "unfurl_links": False,
    "unfurl_media": False,
    "metadata": {"event_type": "newsbot_alert", "event_payload": {"push_id": "p1"}},
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "emoji": False, "text": HEADLINE}},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "예시군이 다리 점검표를 새로 마련했다."}],
                }
            ],
        },
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "verbatim": True,
                    "text": "정치 · <!date^1720742580^{time}|오전 9:03> · <https://example.com/a|예시뉴스>",
                }
            ],
        },
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "open",
                    "url": "https://example.com/a",
                    "text": {"type": "plain_text", "text": "기사 보기"},
                }
            ],
        },
    ],
}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def header(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "header", "text": plain(text), **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def option(value: str, label: str = "") -> dict[str, Any]:
    return {"text": plain(label or value), "value": value}


TOPICS = [option("politics", "정치"), option("economy", "경제"), option("world", "국제")]


def menu(kind: str, action: str, options: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": action, "options": copy.deepcopy(options or TOPICS), **more}


def entry(element: dict[str, Any], block_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


def section(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": plain("x"), "accessory": element}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("설정"), "submit": plain("저장"), "blocks": list(blocks), **more}


def home(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks), **more}


TEXT = {"type": "plain_text_input", "action_id": "text"}
FORM = modal(
    entry(menu("checkboxes", "topics", initial_options=TOPICS[:1]), "주제"),
    entry(TEXT | {"min_length": 2, "max_length": 20}, "키워드", optional=True),
    entry({"type": "timepicker", "action_id": "from", "initial_time": "23:00", "timezone": "Asia/Seoul"}, "조용히"),
    entry(menu("static_select", "least"), "급한 것만", optional=True, hint=plain("비우면 모두")),
    callback_id="settings",
    private_metadata="D0RAE",
)


def web_client(sandbox: Running, http: aiohttp.ClientSession, token: str | None = None) -> AsyncWebClient:
    token = sandbox.world.slack.bot_token if token is None else token
    return AsyncWebClient(token, base_url=f"{sandbox.url}/api/", session=http, retry_handlers=[])


async def pull(sandbox: Running, http: aiohttp.ClientSession, string: str, **body: Any) -> dict[str, Any]:
    async with http.post(f"{sandbox.url}/sandbox/slack/{string}", json=body) as answer:
        out: dict[str, Any] = await answer.json()
        assert answer.status == 200, out
        return out


async def code_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def failed(code: str) -> bytes:
    """The body of a refusal."""
    return json.dumps({"ok": False, "error": code}).encode()
