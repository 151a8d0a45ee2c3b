"""Slack's stand-in with several workspaces and one app: tokens, shared channels, the app leaving one of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.serve import Running
from newsbot.sandbox.slack.http import signed
from tests.cast import until
from tests.contract.slack_kit import actions, button, code_of, modal, plain, pull, web_client
from tests.contract.workspaces_kit import (
    BACK,
    BASIC_AUTH,
    BETA,
    consent,
    exchange,
    installed,
    refused,
    state_of,
    two_workspaces,
)

PRESSED = [actions({**button(action_id="mute", value="s1"), "text": plain("Mute")})]
pytestmark = pytest.mark.filterwarnings(BASIC_AUTH)


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    """The first workspace with the app, the second without."""
    async with two_workspaces() as running:
        yield running


@pytest.fixture
async def beta(sandbox: Running, http: aiohttp.ClientSession) -> AsyncWebClient:
    """Slack's own client as the bot of the second workspace."""
    return web_client(sandbox, http, (await installed(sandbox, http))["access_token"])


@pytest.fixture
async def shared(sandbox: Running, http: aiohttp.ClientSession, beta: AsyncWebClient) -> AsyncWebClient:
    """The same with #news of the first workspace shared, and both bots in it."""
    await pull(sandbox, http, "share", channel="#news", team=BETA)
    await beta.conversations_join(channel="C0NEWS")
    return beta


@pytest.fixture
async def told(sandbox: Running, http: aiohttp.ClientSession) -> AsyncIterator[list[dict[str, Any]]]:
    """Every payload that comes over the app's one socket, acknowledged at once."""
    got: list[dict[str, Any]] = []
    token = sandbox.world.slack.app_token
    opened = await web_client(sandbox, http, token).apps_connections_open(app_token=token)

    async def listen(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            if "payload" in envelope:
                got.append(envelope["payload"])
                await socket.send_json({"envelope_id": envelope["envelope_id"]})

    async with http.ws_connect(opened["url"]) as socket:
        task = asyncio.create_task(listen(socket))
        await until(lambda: sandbox.world.slack.wire.sockets)
        yield got
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class TestTokens:
    async def test_each_token_opens_its_own_workspace(
        self, sandbox: Running, client: AsyncWebClient, beta: AsyncWebClient
    ) -> None:
        assert await code_of(beta.chat_postMessage(channel="C0BETANEWS", text="x")) == "not_in_channel"
        assert (await beta.conversations_join(channel="C0BETANEWS"))["channel"]["context_team_id"] == BETA
        sent = await beta.chat_postMessage(channel="C0BETANEWS", text="x")
        message = sent["message"]
        assert (message["team"], message["user"], message["bot_id"]) == (BETA, "U0BETANEWSBOT", "B0BETANEWSBOT")
        assert (await beta.conversations_history(channel="C0BETANEWS"))["messages"][0]["ts"] == sent["ts"]
        for who, channel, user in [(client, "C0BETANEWS", "U0BETABEA"), (beta, "C0NEWS", "U0RAE")]:
            assert await code_of(who.chat_postMessage(channel=channel, text="x")) == "channel_not_found"
            assert await code_of(who.conversations_info(channel=channel)) == "channel_not_found"
            assert await code_of(who.users_info(user=user)) == "user_not_found"
        assert [room["id"] for room in (await beta.conversations_list())["channels"]] == ["C0BETANEWS"]
        assert (await beta.conversations_open(users="U0BETABEA"))["channel"]["id"] == "D0BETABEA"

    async def test_scopes_are_those_a_workspace_agreed_to(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        token = (await installed(sandbox, http, scope="users:read"))["access_token"]
        assert (
            await code_of(web_client(sandbox, http, token).chat_postMessage(channel="C0", text="x")) == "missing_scope"
        )
        assert (await client.chat_postMessage(channel="C0NEWS", text="x"))["ok"]

    async def test_an_unknown_token_opens_nothing(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        assert await code_of(web_client(sandbox, http, "xoxb-sandbox-0").auth_test()) == "invalid_auth"

    async def test_rates_are_counted_for_each_workspace(
        self, sandbox: Running, client: AsyncWebClient, shared: AsyncWebClient
    ) -> None:
        async def many(who: AsyncWebClient) -> list[str]:
            for _ in range(3):
                await who.chat_postMessage(channel="C0NEWS", text="x")
            for _ in range(20):
                await who.users_list()
            return [await code_of(who.chat_postMessage(channel="C0NEWS", text="x")), await code_of(who.users_list())]

        assert await many(client) == ["ratelimited"] * 2
        assert await many(shared) == ["ratelimited"] * 2


class TestSharing:
    async def test_both_workspaces_have_the_channel_under_one_id(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient, shared: AsyncWebClient
    ) -> None:
        for who, team, other in [(client, "T0SANDBOX", BETA), (shared, BETA, "T0SANDBOX")]:
            room = (await who.conversations_info(channel="C0NEWS"))["channel"]
            assert (room["is_ext_shared"], room["conversation_host_id"]) == (True, "T0SANDBOX")
            assert (room["context_team_id"], room["is_member"], room["internal_team_ids"]) == (team, True, [team])
            assert other in room["connected_team_ids"]
            members = (await who.conversations_members(channel="C0NEWS"))["members"]
            assert {"U0NEWSBOT", "U0BETANEWSBOT", "U0BETABEA"} <= set(members)
            bea, bot = [(await who.users_info(user=user))["user"] for user in ("U0BETABEA", "U0BETANEWSBOT")]
            assert (bea["team_id"], bea["is_stranger"], bot["is_bot"]) == (BETA, False, True)
        assert await code_of(client.users_info(user="U0BETABOB")) == "user_not_found"
        opened = [(await who.conversations_open(users="U0BETABEA"))["channel"]["id"] for who in (client, shared)]
        assert opened == ["D0SANDBOX0BETABEA", "D0BETABEA"]

    async def test_a_message_is_its_own_bots_alone(self, client: AsyncWebClient, shared: AsyncWebClient) -> None:
        ours = await client.chat_postMessage(channel="C0NEWS", text="a")
        theirs = await shared.chat_postMessage(channel="C0NEWS", text="b")
        seen = (await client.conversations_history(channel="C0NEWS"))["messages"]
        assert [(one["team"], one["bot_id"]) for one in seen] == [(BETA, "B0BETANEWSBOT"), ("T0SANDBOX", "B0NEWSBOT")]
        for who, ts in [(client, theirs["ts"]), (shared, ours["ts"])]:
            assert await code_of(who.chat_update(channel="C0NEWS", ts=ts, text="c")) == "cant_update_message"
            assert await code_of(who.chat_delete(channel="C0NEWS", ts=ts)) == "cant_delete_message"
        changed = await shared.chat_update(channel="C0NEWS", ts=theirs["ts"], text="c")
        assert (changed["message"]["bot_id"], changed["message"]["edited"]["user"]) == (
            "B0BETANEWSBOT",
            "U0BETANEWSBOT",
        )

    async def test_an_event_comes_once_for_one_installation(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        await pull(sandbox, http, "say", user="Rae", channel="#news", text="hi")
        (said,) = told
        assert (said["team_id"], said["context_team_id"], said["is_ext_shared_channel"]) == ("T0SANDBOX", BETA, True)
        (seen_by,) = said["authorizations"]
        assert (seen_by["team_id"], seen_by["user_id"]) == (BETA, "U0BETANEWSBOT")
        assert (said["event"]["team"], said["event"]["user_team"]) == ("T0SANDBOX", "T0SANDBOX")
        await pull(sandbox, http, "member", team=BETA, user="bot", channel="C0NEWS", joined=False)
        await pull(sandbox, http, "say", team=BETA, user="Bea", channel="C0NEWS", text="hi")
        assert [one["authorizations"][0]["team_id"] for one in told[1:]] == [BETA, "T0SANDBOX"]
        assert (told[2]["team_id"], told[2]["event"]["user_team"]) == (BETA, BETA)

    async def test_each_installation_can_be_told_for_itself(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        assert (await pull(sandbox, http, "settings", each=True))["each"]
        await pull(sandbox, http, "rename", channel="#news", name="alerts")
        assert [one["authorizations"][0]["team_id"] for one in told] == ["T0SANDBOX", BETA]
        assert len({one["event_id"] for one in told}) == 2

    async def test_a_bots_coming_and_going_is_told_to_its_installation(
        self, sandbox: Running, http: aiohttp.ClientSession, beta: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        await pull(sandbox, http, "settings", each=True)
        await pull(sandbox, http, "share", channel="#news", team=BETA)
        assert {one["event"]["type"] for one in told} == {"channel_shared"}
        told.clear()
        for bot, joined in [("U0BETANEWSBOT", True), ("U0BETANEWSBOT", False), ("U0NEWSBOT", False)]:
            await pull(sandbox, http, "member", team=BETA, user=bot, channel="C0NEWS", joined=joined)
        kinds = [(one["event"]["type"], one["authorizations"][0]["team_id"]) for one in told]
        assert kinds == [
            ("member_joined_channel", BETA),
            ("channel_left", BETA),
            ("channel_left", "T0SANDBOX"),
        ]


class TestPeople:
    async def test_a_command_is_that_of_the_persons_own_workspace(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        out = await pull(sandbox, http, "command", user="Bea", channel="#news", text="help")
        assert (told[0]["team_id"], told[0]["team_domain"], told[0]["user_id"]) == (BETA, "beta-desk", "U0BETABEA")
        async with http.post(out["response_url"], json={"text": "x", "response_type": "in_channel"}) as answer:
            assert answer.status == 200
        seen = (await shared.conversations_history(channel="C0NEWS"))["messages"][0]
        assert (seen["text"], seen["bot_id"]) == ("x", "B0BETANEWSBOT")
        await pull(sandbox, http, "command", team=BETA, user="Bob", text="help")
        assert (told[1]["team_id"], told[1]["channel_id"]) == (BETA, "D0BETABOB")
        assert "no channel of" in await refused(sandbox, http, "command", user="Bea", channel="#desk")

    async def test_a_press_goes_to_who_wrote_the_message(
        self,
        sandbox: Running,
        http: aiohttp.ClientSession,
        client: AsyncWebClient,
        shared: AsyncWebClient,
        told: list[dict[str, Any]],
    ) -> None:
        await client.chat_postMessage(channel="C0NEWS", text="a", blocks=PRESSED)
        await pull(sandbox, http, "press", team=BETA, user="Bea", channel="C0NEWS", action_id="mute")
        (press,) = told
        assert (press["user"]["team_id"], press["team"]) == (BETA, {"id": "T0SANDBOX", "domain": "sandbox"})
        assert [press["message"][key] for key in ("bot_id", "app_id", "team")] == [
            "B0NEWSBOT",
            "A0NEWSBOT",
            "T0SANDBOX",
        ]
        async with http.post(press["response_url"], json={"text": "b", "replace_original": False}) as answer:
            assert answer.status == 200
        aside = sandbox.world.record.messages("slack", "C0NEWS")[-1]
        assert (aside.view["to"], aside.view["bot"]) == ("U0BETABEA", "B0NEWSBOT")

    async def test_a_modal_is_opened_by_who_got_the_trigger(
        self,
        sandbox: Running,
        http: aiohttp.ClientSession,
        client: AsyncWebClient,
        shared: AsyncWebClient,
        told: list[dict[str, Any]],
    ) -> None:
        await client.chat_postMessage(channel="C0NEWS", text="a", blocks=PRESSED)
        await pull(sandbox, http, "press", team=BETA, user="Bea", channel="C0NEWS", action_id="mute")
        shows = {"trigger_id": told[0]["trigger_id"], "view": modal({"type": "divider"})}
        assert await code_of(shared.views_open(**shows)) == "invalid_trigger_id"
        opened = (await client.views_open(**shows))["view"]
        assert await code_of(shared.views_update(view_id=opened["id"], view=shows["view"])) == "not_found"
        await pull(sandbox, http, "submit", team=BETA, user="Bea")
        sent = told[1]
        assert (sent["type"], sent["team"]["id"], sent["user"]["team_id"]) == ("view_submission", BETA, BETA)
        view = sent["view"]
        assert (view["team_id"], view["app_installed_team_id"], view["bot_id"]) == (BETA, "T0SANDBOX", "B0NEWSBOT")

    async def test_the_home_is_that_of_ones_own_workspace(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient, beta: AsyncWebClient
    ) -> None:
        page = {"type": "home", "blocks": [{"type": "divider"}]}
        shown = (await beta.views_publish(user_id="U0BETABEA", view=page))["view"]
        assert (shown["team_id"], shown["bot_id"]) == (BETA, "B0BETANEWSBOT")
        assert await code_of(client.views_publish(user_id="U0BETABEA", view=page)) == "invalid_arguments"
        async with http.get(f"{sandbox.url}/sandbox/slack/views", params={"user": "Bea", "team": BETA}) as answer:
            assert (await answer.json())["home"]["id"] == shown["id"]

    async def test_bolt_finds_the_installation_of_everything(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        asked: list[str | None] = []

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            asked.append(team_id)
            bot = web_client(sandbox, http, sandbox.world.workspaces[str(team_id)].bot_token)
            me = await bot.auth_test()
            return AuthorizeResult(
                enterprise_id=enterprise_id, team_id=team_id, bot_id=me["bot_id"], bot_token=bot.token
            )

        secret = sandbox.world.slack.signing_secret
        app = AsyncApp(signing_secret=secret, authorize=authorize, client=web_client(sandbox, http, ""))
        await pull(sandbox, http, "say", user="Rae", channel="#news", text="hi")
        await pull(sandbox, http, "say", team=BETA, user="Bob", text="hi")
        await pull(sandbox, http, "say", user="Rae", text="hi")
        for payload in told:
            body = json.dumps(payload)
            proof = {name: [value] for name, value in signed(secret, body.encode(), time.time()).items()}
            await app.async_dispatch(
                AsyncBoltRequest(body=body, headers={**proof, "content-type": ["application/json"]})
            )
        assert asked == [BETA, BETA, "T0SANDBOX"]


class TestUninstalling:
    async def test_the_token_is_dead_and_the_app_is_told(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        await pull(sandbox, http, "uninstall", team=BETA)
        assert [(one["event"], one["team_id"], one["api_app_id"]) for one in told] == [
            ({"type": "app_uninstalled"}, BETA, "A0NEWSBOT"),
            ({"type": "tokens_revoked", "tokens": {"bot": ["U0BETANEWSBOT"]}}, BETA, "A0NEWSBOT"),
        ]
        assert not any("authorizations" in one for one in told)
        assert await code_of(shared.auth_test()) == "account_inactive"
        assert await code_of(shared.chat_postMessage(channel="C0NEWS", text="x")) == "account_inactive"
        told.clear()
        assert "not installed" in await refused(sandbox, http, "command", team=BETA, user="Bea", text="help")
        assert "not installed" in await refused(sandbox, http, "home", team=BETA, user="Bea")
        assert "not installed" in await refused(sandbox, http, "uninstall", team=BETA)
        assert (await pull(sandbox, http, "say", team=BETA, user="Bea", channel="#news", text="x"))[
            "reason"
        ] == "not_installed"
        await pull(sandbox, http, "say", user="Rae", channel="#news", text="x")
        assert [one["authorizations"][0]["team_id"] for one in told] == ["T0SANDBOX"]

    async def test_installing_anew_brings_another_token_and_a_bot_that_is_in_no_channel(
        self, sandbox: Running, http: aiohttp.ClientSession, shared: AsyncWebClient
    ) -> None:
        bot = sandbox.world.slack.users["U0BETANEWSBOT"]  # as the other workspace knows it
        await pull(sandbox, http, "uninstall", team=BETA)
        gone = [bot.deleted]
        again = await installed(sandbox, http, scope="chat:write,channels:read")
        gone.append(bot.deleted)
        assert (again["access_token"] == shared.token, again["scope"]) == (False, "channels:read,chat:write")
        fresh = web_client(sandbox, http, again["access_token"])
        assert not (await fresh.conversations_info(channel="C0NEWS"))["channel"]["is_member"]
        assert (await fresh.chat_postMessage(channel="U0BETABEA", text="x"))["channel"] == "D0BETABEA"
        assert await code_of(shared.auth_test()) == "account_inactive"
        assert gone == [True, False]

    async def test_the_first_workspace_can_be_left_too(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient, told: list[dict[str, Any]]
    ) -> None:
        await pull(sandbox, http, "uninstall")
        assert [one["team_id"] for one in told] == ["T0SANDBOX"] * 2
        assert await code_of(client.auth_test()) == "account_inactive"
        _, _, said = await consent(sandbox, http)
        token = (await exchange(sandbox, http, code=said["code"]))["access_token"]
        assert (await web_client(sandbox, http, token).auth_test())["user_id"] == "U0NEWSBOT"


class TestControls:
    async def test_the_state_lists_workspaces_and_what_the_app_needs(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        said = await state_of(sandbox, http)
        assert (said["client_id"], said["client_secret"]) == ("1000000000.2000000000", "sandbox-client-secret")
        assert (said["redirect_urls"], said["team"]) == ([BACK, f"{BACK}/2"], "T0SANDBOX")
        first, second = said["workspaces"]
        assert (first["team"], first["installed"], first["bot_token"]) == ("T0SANDBOX", True, said["bot_token"])
        assert (second["team"], second["name"], second["installed"], second["bot_token"]) == (
            BETA,
            "Beta Desk",
            False,
            "",
        )
        assert second["users"] == {"U0BETABEA": "bea", "U0BETABOB": "bob"}
        assert second["channels"] == {"C0BETANEWS": "#news"}
        await installed(sandbox, http)
        second = (await state_of(sandbox, http))["workspaces"][1]
        assert (second["installed"], second["users"]["U0BETANEWSBOT"]) == (True, "newsbot")

    async def test_people_and_channels_are_as_told(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        people = ["cho", {"name": "dan", "id": "U7DAN", "is_admin": True, "tz": "America/New_York"}]
        channels = [{"name": "ops", "id": "C7OPS", "private": True, "members": ["dan"]}, "general"]
        made = await pull(sandbox, http, "workspace", team="T0GAMMA", people=people, channels=channels)
        assert made["users"] == {"U0GAMMACHO": "cho", "U7DAN": "dan"}
        assert made["rooms"]["C7OPS"]["members"] == ["U7DAN"]
        assert made["rooms"]["C0GAMMAGENERAL"]["members"] == ["U0GAMMACHO", "U7DAN"]
        state = sandbox.world.workspaces["T0GAMMA"]
        assert (state.admin.id, state.domain) == ("U7DAN", "t0gamma")
        more = await pull(sandbox, http, "person", team="T0GAMMA", name="Eli")
        assert (more["user"]["id"], more["user"]["team_id"]) == ("U0GAMMAELI", "T0GAMMA")

    async def test_whom_slack_connect_brought_belongs_to_a_workspace_made_later(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        made = await pull(sandbox, http, "workspace", team="T0OTHER", name="Other")
        assert {"U0EXT": "ext", "U0OTHERBEA": "bea"}.items() <= made["users"].items()
        assert made["channels"]["C0NEWS"] == "#news"

    @pytest.mark.parametrize(
        ("string", "body", "why"),
        [
            ("workspace", {"team": BETA}, "and new"),
            ("workspace", {"team": "beta"}, "and new"),
            ("workspace", {"team": "T0GAMMA", "people": []}, "needs people"),
            ("workspace", {"team": "T0GAMMA", "people": ["한글"]}, "a-z"),
            ("workspace", {"team": "T0GAMMA", "people": [{"name": "a", "is_owner": True}]}, "is_owner"),
            ("workspace", {"team": "T0GAMMA", "channels": [{"name": "a", "id": "C0NEWS"}]}, "taken"),
            ("share", {"channel": "#news", "team": "T0NOWHERE"}, "T0NOWHERE"),
            ("share", {"channel": "#news", "team": "T0SANDBOX"}, "already"),
            ("share", {"channel": "#private", "team": BETA}, "not shared here"),
            ("share", {"channel": "@rae", "team": BETA}, "not shared here"),
            ("say", {"team": "T0NOWHERE", "user": "Rae", "text": "x"}, "T0NOWHERE"),
            ("say", {"team": BETA, "user": "Rae", "text": "x"}, "Rae"),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, sandbox: Running, http: aiohttp.ClientSession, string: str, body: dict[str, Any], why: str
    ) -> None:
        before = await state_of(sandbox, http)
        assert why in await refused(sandbox, http, string, **body)
        assert await state_of(sandbox, http) == before
