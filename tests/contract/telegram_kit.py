"""What the tests of Telegram's stand-in share: the chats' ids and one bot's calls."""

from __future__ import annotations

import json
from typing import Any

import httpx

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running

RAE, ED, SAM, GROUP, FORUM, CHANNEL = 1001, 2001, 9001, -200, -1001000000300, -1001000000400


class Api:
    """One bot's calls to one sandbox."""

    def __init__(self, running: Running, client: httpx.AsyncClient, clock: ManualClock) -> None:
        self.running, self.client, self.clock = running, client, clock
        self.world = running.world
        self.base = f"{running.url}/bot{running.world.telegram.token}"

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        return (await self.client.post(f"{self.base}/{method}", json=params)).json()

    async def ok(self, method: str, **params: Any) -> Any:
        body = await self.call(method, **params)
        assert body["ok"], body
        return body["result"]

    async def error(self, method: str, **params: Any) -> tuple[int, str]:
        body = await self.call(method, **params)
        assert not body["ok"], body
        return body["error_code"], body["description"]

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{self.running.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def say(self, user: str, text: str, **more: Any) -> dict[str, Any]:
        return await self.control("telegram/say", user=user, text=text, **more)


BAD, NO = "Bad Request: ", "Forbidden: "


def refused(code: int, description: str, **parameters: Any) -> tuple[int, bytes]:
    """Status and body of a refusal."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return code, json.dumps(body).encode()
