"""What the tests of Slack's stand-in with several workspaces share: a second one, consent, and the exchange of codes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, serve
from tests.contract.slack_kit import pull, web_client

BETA, BACK = "T0BETA", "http://127.0.0.1:9/slack/oauth_redirect"
SCOPES = "chat:write,commands,channels:read,channels:history,channels:join,users:read,im:write"
# slack_sdk hands aiohttp a class that a later version will not have.
BASIC_AUTH = "ignore:BasicAuth is deprecated:DeprecationWarning"


@contextlib.asynccontextmanager
async def two_workspaces() -> AsyncIterator[Running]:
    """A sandbox whose clock stands still, with a second workspace that does not have the app."""
    running = await serve(clock=ManualClock())
    try:
        async with aiohttp.ClientSession() as http:
            await pull(running, http, "workspace", team=BETA, name="Beta Desk")
            await pull(running, http, "settings", redirect_urls=[BACK, f"{BACK}/2"], ack_seconds=1, retry_delays=[])
        yield running
    finally:
        await running.stop()


async def consent(running: Running, http: aiohttp.ClientSession, **query: str) -> tuple[int, str, dict[str, str]]:
    """Status, where to, and the query that comes along; the words of the page where it goes nowhere."""
    asked = {"client_id": running.world.slack.client_id, "scope": SCOPES, "state": "s/1", **query}
    url = f"{running.url}/oauth/v2/authorize"
    async with http.get(url, params=asked, allow_redirects=False) as answer:
        goes = urlsplit(answer.headers.get("location", ""))
        said = {key: values[0] for key, values in parse_qs(goes.query).items()}
        return answer.status, goes._replace(query="").geturl() or await answer.text(), said


async def exchange(running: Running, http: aiohttp.ClientSession, **given: Any) -> dict[str, Any]:
    home = running.world.slack
    proof = {"client_id": home.client_id, "client_secret": home.client_secret}
    answer = await web_client(running, http, "").oauth_v2_access(**{**proof, **given})
    assert isinstance(answer.data, dict)
    return answer.data


async def installed(running: Running, http: aiohttp.ClientSession, **query: str) -> dict[str, Any]:
    """What the exchange answers once a person of Beta agreed."""
    _, _, said = await consent(running, http, team=BETA, **query)
    return await exchange(running, http, code=said["code"])


async def refused(running: Running, http: aiohttp.ClientSession, string: str, **body: Any) -> str:
    async with http.post(f"{running.url}/sandbox/slack/{string}", json=body) as answer:
        assert answer.status == 400, await answer.text()
        return str((await answer.json())["error"])


async def state_of(running: Running, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.get(f"{running.url}/sandbox/slack/state") as answer:
        out: dict[str, Any] = await answer.json()
        return out
