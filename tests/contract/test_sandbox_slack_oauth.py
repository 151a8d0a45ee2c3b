"""Slack's stand-in: the consent page, and codes exchanged for tokens, with the real libraries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running
from tests.contract.slack_kit import code_of, pull, web_client
from tests.contract.workspaces_kit import (
    BACK,
    BASIC_AUTH,
    BETA,
    SCOPES,
    consent,
    exchange,
    installed,
    refused,
    two_workspaces,
)

pytestmark = pytest.mark.filterwarnings(BASIC_AUTH)


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    """The first workspace with the app, the second without."""
    async with two_workspaces() as running:
        yield running


class TestConsent:
    async def test_a_person_agrees_and_goes_back_with_a_code(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        status, where, said = await consent(sandbox, http, team=BETA)
        assert (status, where, said["state"], set(said)) == (302, BACK, "s/1", {"code", "state"})
        assert (await consent(sandbox, http, redirect_uri=f"{BACK}/2"))[1] == f"{BACK}/2"
        _, _, said = await consent(sandbox, http, team=BETA, answer="deny")
        assert said == {"error": "access_denied", "state": "s/1"}

    @pytest.mark.parametrize(
        ("query", "why"),
        [
            ({"client_id": "1.2"}, "invalid_client_id"),
            ({"redirect_uri": "http://127.0.0.1:9/elsewhere"}, "bad_redirect_uri"),
            ({"redirect_uri": f"{BACK}/3"}, "bad_redirect_uri"),
            ({"scope": ""}, "invalid_scope"),
            ({"scope": "chat:write,<b>"}, "invalid_scope"),
            ({"user_scope": "chat:write"}, "invalid_scope"),
            ({"team": "T0NOWHERE"}, "invalid_team"),
            ({"as": "Rae", "team": BETA}, "invalid_team"),
            ({"as": "Gus"}, "access_denied"),
        ],
    )
    async def test_a_wrong_request_goes_nowhere(
        self, sandbox: Running, http: aiohttp.ClientSession, query: dict[str, str], why: str
    ) -> None:
        status, page, _ = await consent(sandbox, http, **query)
        assert (status, page.partition(":")[0]) == (400, why)

    async def test_without_a_registered_address_there_is_no_way_back(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        await pull(sandbox, http, "settings", redirect_urls=[])
        assert (await consent(sandbox, http))[0] == 400
        for url in ("http://example.com/back", "https:///x", "https://example.com/#x", "back"):
            assert "https://" in await refused(sandbox, http, "settings", redirect_urls=[url])
        await pull(sandbox, http, "settings", redirect_urls=["https://example.com/back?a=b"])
        assert (await consent(sandbox, http))[2].keys() == {"a", "code", "state"}


class TestExchange:
    async def test_a_code_becomes_the_token_of_its_workspace(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        told = await installed(sandbox, http, **{"as": "Bob"})
        token = told.pop("access_token")
        assert token.startswith("xoxb-sandbox-")
        assert told == {
            "ok": True,
            "token_type": "bot",
            "scope": ",".join(sorted(SCOPES.split(","))),
            "bot_user_id": "U0BETANEWSBOT",
            "app_id": "A0NEWSBOT",
            "team": {"id": BETA, "name": "Beta Desk"},
            "enterprise": None,
            "authed_user": {"id": "U0BETABOB"},
            "is_enterprise_install": False,
        }
        me = await web_client(sandbox, http, token).auth_test()
        assert (me["team_id"], me["team"], me["user_id"], me["bot_id"]) == (
            BETA,
            "Beta Desk",
            "U0BETANEWSBOT",
            "B0BETANEWSBOT",
        )
        assert me["url"] == "https://beta-desk.slack.com/"
        assert set(me.headers["x-oauth-scopes"].split(",")) == set(SCOPES.split(","))

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"client_id": "1.2"}, "invalid_client_id"),
            ({"client_secret": "x"}, "bad_client_secret"),
            ({"code": "1.2.3"}, "invalid_code"),
            ({"code": None}, "invalid_code"),
            ({"redirect_uri": f"{BACK}/2"}, "bad_redirect_uri"),
            ({"redirect_uri": None}, "bad_redirect_uri"),
            ({"grant_type": "refresh_token"}, "invalid_grant_type"),
        ],
    )
    async def test_a_wrong_exchange_is_refused_and_the_code_stays(
        self, sandbox: Running, http: aiohttp.ClientSession, given: dict[str, Any], code: str
    ) -> None:
        _, _, said = await consent(sandbox, http, redirect_uri=BACK)
        right = {"code": said["code"], "redirect_uri": BACK}
        assert await code_of(exchange(sandbox, http, **{**right, **given})) == code
        assert (await exchange(sandbox, http, **right))["ok"]

    async def test_a_code_counts_once_and_for_ten_minutes(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        clock = sandbox.world.clock
        assert isinstance(clock, ManualClock)
        first, second = [(await consent(sandbox, http))[2]["code"] for _ in range(2)]
        clock.advance(600)
        assert (await exchange(sandbox, http, code=first))["ok"]
        assert await code_of(exchange(sandbox, http, code=first)) == "invalid_code"
        clock.advance(1)
        assert await code_of(exchange(sandbox, http, code=second)) == "invalid_code"

    async def test_secrets_are_taken_from_a_form_too_and_never_recorded(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        home, (_, _, said) = sandbox.world.slack, await consent(sandbox, http, team=BETA)
        form = {"client_id": home.client_id, "client_secret": home.client_secret, "code": said["code"]}
        async with http.post(f"{sandbox.url}/api/oauth.v2.access", data=form) as answer:
            token = (await answer.json())["access_token"]
        whole = json.dumps([call.whole() for call in sandbox.world.record.requests])
        assert "oauth.v2.access" in whole
        assert not [secret for secret in (token, home.client_secret, said["code"]) if secret in whole]

    async def test_installing_again_keeps_the_token_until_it_is_revoked(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        first = await installed(sandbox, http)
        again = await installed(sandbox, http, scope="groups:read")
        assert again["access_token"] == first["access_token"]
        assert again["scope"] == ",".join(sorted([*SCOPES.split(","), "groups:read"]))
        await pull(sandbox, http, "settings", team=BETA, revoked=True)
        old = web_client(sandbox, http, first["access_token"])
        assert await code_of(old.auth_test()) == "token_revoked"
        fresh = (await installed(sandbox, http))["access_token"]
        assert fresh != first["access_token"]
        assert (await web_client(sandbox, http, fresh).auth_test())["team_id"] == BETA
        assert await code_of(old.auth_test()) == "token_revoked"

    async def test_bolts_own_flow_installs_the_app(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        home = sandbox.world.slack
        settings = AsyncOAuthSettings(
            client_id=home.client_id,
            client_secret=home.client_secret,
            scopes=SCOPES.split(","),
            redirect_uri=BACK,
            authorization_url=f"{sandbox.url}/oauth/v2/authorize",
            install_page_rendering_enabled=False,
            state_validation_enabled=False,
        )
        client = AsyncWebClient(base_url=f"{sandbox.url}/api/", session=http)
        flow = AsyncOAuthFlow(client=client, settings=settings)
        goes = await flow.handle_installation(AsyncBoltRequest(body="", query={"team": BETA}))
        async with http.get(goes.headers["location"][0], allow_redirects=False) as answer:
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        done = await flow.run_installation(code)
        assert done is not None
        assert (done.team_id, done.bot_id, done.bot_user_id, done.user_id) == (
            BETA,
            "B0BETANEWSBOT",
            "U0BETANEWSBOT",
            "U0BETABEA",
        )
        assert await flow.run_installation(code) is None
