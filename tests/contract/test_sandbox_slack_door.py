"""Slack's stand-in at the app's door: Socket Mode and signed HTTP with the real libraries, and the strings to pull."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsbot.sandbox.serve import Running
from tests.cast import until
from tests.contract.slack_kit import BREAKING, actions, button, header, plain, pull, web_client


@pytest.fixture
async def sandbox(sandbox: Running) -> Running:
    """Both stand-ins, with a Slack that does not wait long for an answer."""
    sandbox.world.slack.ack_seconds = 0.5
    sandbox.world.slack.retry_delays = (0.0, 0.05, 0.1)
    return sandbox


class Desk:
    """A small Bolt app that remembers what it was told."""

    def __init__(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        world = sandbox.world
        self.app = AsyncApp(
            client=web_client(sandbox, http),
            signing_secret=world.slack.signing_secret,
        )
        self.pressed: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.app.command("/news")(self.news)
        self.app.action("mute")(self.mute)
        for kind in ("member_joined_channel", "message", "channel_left"):
            self.app.event(kind)(self.event)

    async def news(self, ack: Any, command: dict[str, Any], respond: Any) -> None:
        if command["text"] == "sleep":
            await asyncio.sleep(2)
            return
        if command["text"] == "bad":
            await ack(blocks=[header("x" * 151)])
            return
        blocks = [actions({**button(action_id="mute", value="s1"), "text": plain("Mute story")})]
        await ack(text=f"{command['user_name']} in {command['channel_name']}: {command['text']}", blocks=blocks)
        if command["text"] == "later":
            await respond(text="and later", response_type="in_channel")

    async def mute(self, ack: Any, body: dict[str, Any], respond: Any) -> None:
        self.pressed.append(body)
        await ack()
        await respond(text="muted", replace_original=True)

    async def event(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        self.events.append(body)


@pytest.fixture
async def desk(sandbox: Running, http: aiohttp.ClientSession) -> AsyncIterator[Desk]:
    desk = Desk(sandbox, http)
    handler = AsyncSocketModeHandler(desk.app, sandbox.world.slack.app_token)
    await handler.connect_async()
    await until(lambda: bool(sandbox.world.slack.wire.sockets))
    yield desk
    await handler.close_async()


class TestSocketMode:
    async def test_a_command_is_answered_to_its_author_only(
        self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk
    ) -> None:
        out = await pull(sandbox, http, "command", user="Rae", channel="#news", text="subscribe all")
        assert out["acked"]
        assert out["reply"]["text"] == "rae in news: subscribe all"
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        assert (message.ephemeral, message.view["to"]) == (True, "U0RAE")
        direct = await pull(sandbox, http, "command", user="Olu", text="status")
        assert direct["reply"]["text"] == "olu in directmessage: status"

    async def test_a_late_answer_uses_the_response_url(
        self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk
    ) -> None:
        await pull(sandbox, http, "command", user="Ed", channel="#news", text="later")
        await until(lambda: len(sandbox.world.record.messages("slack", "C0NEWS")) == 2)
        shown = {message.text: message.ephemeral for message in sandbox.world.record.messages("slack", "C0NEWS")}
        assert shown == {"": True, "and later": False}, "a message of buttons alone has no words"

    @pytest.mark.slow
    async def test_an_unanswered_or_bad_reply_is_told(
        self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk
    ) -> None:
        out = await pull(sandbox, http, "command", user="Ed", channel="#news", text="bad")
        assert (out["acked"], out["error"]) == (True, "invalid_blocks")
        slow = await pull(sandbox, http, "command", user="Ed", channel="#news", text="sleep")
        assert (slow["acked"], slow["reason"]) == (False, "timeout")

    async def test_a_press_reaches_the_app_and_replaces_the_message(
        self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk
    ) -> None:
        await pull(sandbox, http, "command", user="Rae", channel="#news", text="x")
        out = await pull(sandbox, http, "press", user="Rae", channel="#news", button="Mute story")
        assert out["acked"]
        await until(lambda: sandbox.world.record.messages("slack", "C0NEWS")[0].text == "muted")
        body = desk.pressed[0]
        assert body["actions"][0]["value"] == "s1"
        assert body["container"]["is_ephemeral"]
        assert (body["user"]["id"], body["user"]["team_id"]) == ("U0RAE", "T0SANDBOX")

    async def test_events_and_messages_arrive(self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk) -> None:
        await pull(sandbox, http, "say", user="Rae", text="a < b")
        await pull(sandbox, http, "member", user="bot", channel="#random", joined=True)
        await pull(sandbox, http, "member", user="bot", channel="#random", joined=False)
        await until(lambda: len(desk.events) == 3)
        said, joined, left = (body["event"] for body in desk.events)
        assert (said["channel_type"], said["text"]) == ("im", "a &lt; b")
        assert (joined["user"], joined["inviter"]) == ("U0NEWSBOT", "U0RAE")
        assert (left["type"], left["channel"]) == ("channel_left", "C0RANDOM")

    async def test_the_app_comes_back_after_a_disconnect(
        self, sandbox: Running, http: aiohttp.ClientSession, desk: Desk
    ) -> None:
        assert (await pull(sandbox, http, "disconnect"))["told"] == 1
        await until(lambda: bool(sandbox.world.slack.wire.sockets))
        out = await pull(sandbox, http, "command", user="Rae", channel="#news", text="again")
        assert out["acked"]

    async def test_an_event_nobody_acknowledged_comes_again(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        sandbox.world.slack.ack_seconds = 0.1
        opened = await web_client(sandbox, http, sandbox.world.slack.app_token).apps_connections_open(
            app_token=sandbox.world.slack.app_token
        )
        async with http.ws_connect(opened["url"]) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            asking = asyncio.create_task(pull(sandbox, http, "event", event={"type": "app_home_opened"}))
            first, second = await socket.receive_json(), await socket.receive_json()
            assert not (await asking)["acked"]
            await socket.send_json({"envelope_id": second["envelope_id"]})
            assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
            assert second["retry_reason"] == "timeout"
            assert first["payload"]["event_id"] == second["payload"]["event_id"]
            with pytest.raises(TimeoutError):
                await socket.receive_json(timeout=0.3)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(opened["url"])

    async def test_nobody_listening_is_said(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        out = await pull(sandbox, http, "command", user="Rae", channel="#news", text="x")
        assert (out["acked"], out["reason"]) == (False, "no_socket")


class Receiver:
    """The app's own server: keeps each request and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Response] = []

    async def endpoint(self, request: Request) -> Response:
        body = await request.body()
        self.got.append((dict(request.headers), body))
        if b"challenge" in body:
            return JSONResponse({"challenge": json.loads(body)["challenge"]})
        return self.answers.pop(0) if self.answers else PlainTextResponse("")


@contextlib.asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    """The app's address while it is served."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def receiver(sandbox: Running, http: aiohttp.ClientSession) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/slack/events", receiver.endpoint, methods=["POST"])])
    async with listening(app) as url:
        assert (await pull(sandbox, http, "request_url", url=f"{url}/slack/events"))["verified"]
        receiver.got.clear()
        yield receiver


class TestSignedHttp:
    async def test_every_delivery_is_signed(
        self, sandbox: Running, http: aiohttp.ClientSession, receiver: Receiver
    ) -> None:
        receiver.answers = [JSONResponse({"text": "안녕"}), PlainTextResponse("")]
        out = await pull(sandbox, http, "command", user="Gus", channel="#private", text="a & b 한글")
        assert out["reply"] == {"text": "안녕"}
        await pull(sandbox, http, "say", user="Rae", text="hi")
        verifier = SignatureVerifier(sandbox.world.slack.signing_secret)
        assert len(receiver.got) == 2
        for headers, body in receiver.got:
            assert verifier.is_valid_request(body, headers)
            assert not verifier.is_valid_request(body + b" ", headers)
        form, event = receiver.got
        assert form[0]["content-type"] == "application/x-www-form-urlencoded"
        assert b"channel_name=privategroup" in form[1]
        assert b"is_enterprise_install=false" in form[1]
        assert json.loads(event[1])["type"] == "event_callback"

    async def test_a_press_is_a_form_with_one_json_field(
        self, sandbox: Running, http: aiohttp.ClientSession, receiver: Receiver, client: AsyncWebClient
    ) -> None:
        await client.chat_postMessage(channel="C0NEWS", **copy.deepcopy(BREAKING))
        out = await pull(sandbox, http, "press", user="Rae", channel="#news", action_id="open")
        assert (out["acked"], out["url"]) == (True, "https://example.com/a")
        assert receiver.got[0][1].startswith(b"payload=%7B")

    async def test_retries_are_numbered_until_told_to_stop(
        self, sandbox: Running, http: aiohttp.ClientSession, receiver: Receiver
    ) -> None:
        receiver.answers = [PlainTextResponse("", 500), PlainTextResponse("", 500)]
        await pull(sandbox, http, "event", event={"type": "app_home_opened"})
        await until(lambda: len(receiver.got) == 3)
        numbers = [headers.get("x-slack-retry-num") for headers, _ in receiver.got]
        assert numbers == [None, "1", "2"]
        assert receiver.got[1][0]["x-slack-retry-reason"] == "http_error"
        receiver.answers = [PlainTextResponse("", 500, {"X-Slack-No-Retry": "1"})]
        await pull(sandbox, http, "event", event={"type": "app_home_opened"})
        await asyncio.sleep(0.2)
        assert len(receiver.got) == 4

    async def test_a_response_url_works_five_times_for_half_an_hour(
        self, sandbox: Running, http: aiohttp.ClientSession, receiver: Receiver
    ) -> None:
        out = await pull(sandbox, http, "command", user="Rae", channel="#news", text="x")
        hook = AsyncWebhookClient(out["response_url"], session=http)
        assert (await hook.send(text="bad", blocks=[header("")])).status_code == 400
        for _ in range(4):
            assert (await hook.send(text="again", response_type="in_channel")).status_code == 200
        used = await hook.send(text="too often")
        assert (used.status_code, json.loads(used.body)["error"]) == (404, "used_url")
        for entry in sandbox.world.slack.wire.urls.values():
            entry.uses, entry.made = 0, entry.made - 1801
        assert json.loads((await hook.send(text="late")).body)["error"] == "expired_url"

    async def test_a_response_url_changes_or_removes_what_was_pressed(
        self, sandbox: Running, http: aiohttp.ClientSession, receiver: Receiver, client: AsyncWebClient
    ) -> None:
        async def pressed(user: str) -> AsyncWebhookClient:
            await pull(sandbox, http, "press", user=user, channel="#news", action_id="go")
            payload = json.loads(parse_qs(receiver.got[-1][1].decode())["payload"][0])
            return AsyncWebhookClient(payload["response_url"], session=http)

        blocks = [actions(button(action_id="go"))]
        await client.chat_postMessage(channel="C0NEWS", text="모두에게", blocks=blocks)
        public = sandbox.world.record.messages("slack", "C0NEWS")[-1]
        hook = await pressed("Rae")
        assert (await hook.send(text="바뀜", replace_original=True)).status_code == 200
        assert (public.text, public.ephemeral) == ("바뀜", False)
        assert (await hook.send(text="나에게만")).status_code == 200
        aside = sandbox.world.record.messages("slack", "C0NEWS")[-1]
        assert (aside.text, aside.ephemeral, aside.view["to"]) == ("나에게만", True, "U0RAE")
        assert (await hook.send(text="모두에게 하나 더", response_type="in_channel")).status_code == 200
        assert not sandbox.world.record.messages("slack", "C0NEWS")[-1].ephemeral
        assert (await hook.send(text="x", response_type="direct")).status_code == 400
        assert (await hook.send(delete_original=True)).status_code == 200
        assert (public.deleted, aside.deleted) == (True, False)
        await client.chat_postEphemeral(channel="C0NEWS", user="U0ED", text="에드에게", blocks=blocks)
        quiet = sandbox.world.record.messages("slack", "C0NEWS")[-1]
        hook = await pressed("Ed")
        assert (await hook.send(text="에드만 봄", replace_original=True)).status_code == 200
        assert (quiet.text, quiet.ephemeral, quiet.view["to"]) == ("에드만 봄", True, "U0ED")
        assert (await hook.send(delete_original=True)).status_code == 200
        assert quiet.deleted


class TestControl:
    async def test_a_wrong_pull_says_what_is_wrong(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        for string, body, reason in [
            ("command", {"user": "Nobody", "text": ""}, "no Slack user 'Nobody'"),
            ("command", {"user": "Rae", "channel": "#nope"}, "no Slack channel '#nope'"),
            ("press", {"user": "Rae", "channel": "#news", "button": "x"}, "nothing to press like that in C0NEWS"),
            ("settings", {"colour": 1}, "unknown fields: colour"),
        ]:
            async with http.post(f"{sandbox.url}/sandbox/slack/{string}", json=body) as answer:
                assert (answer.status, (await answer.json())["error"]) == (400, reason)

    async def test_a_hundred_channels_at_once(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        made = (await pull(sandbox, http, "channels", count=100, prefix="C9"))["channels"]
        assert len(set(made)) == 100
        await client.chat_postMessage(channel=made[-1], text="x")

    async def test_stamps_are_unique_strings(self, sandbox: Running) -> None:
        room = sandbox.world.slack.channels["C0NEWS"]
        stamps = [sandbox.world.slack.next_ts(room, 1_720_742_580.0001) for _ in range(3)]
        assert stamps == ["1720742580.000100", "1720742580.000101", "1720742580.000102"]
