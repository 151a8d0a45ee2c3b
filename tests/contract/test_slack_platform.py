"""Slack against the sandbox over HTTP and sockets: what is sent, what comes in, and what the door refuses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.applications import Starlette

from newsbot.core.model import (
    Address,
    Button,
    Gone,
    Inbound,
    Later,
    Outcome,
    Refused,
    Rendered,
    Reply,
    Sent,
    Stopped,
    Uncertain,
)
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.door import Guard
from newsbot.platforms.slack.settings import Settings
from newsbot.ports import TokenRefused
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.slack.http import signed
from tests.contract.front_kit import Door, People, signed_http, socket, until
from tests.contract.front_kit import slack_platform as build

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*[속보]* 제목"}}]
ALERT = Rendered("chat.postMessage", {"text": "[속보] 제목", "blocks": BLOCKS, "unfurl_links": False})
TO = Address("slack", "C0NEWS")


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


@pytest.fixture
async def slack(sandbox: Running) -> AsyncIterator[SlackPlatform]:
    platform = build(sandbox)
    await platform.start()
    yield platform
    await platform.close()


@pytest.fixture
async def people(sandbox: Running) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield People(sandbox.url, client)


def visible(sandbox: Running, channel: str) -> list[str]:
    return [message.text for message in sandbox.world.record.messages("slack", channel) if not message.deleted]


async def test_start_needs_a_token_that_works(sandbox: Running, slack: SlackPlatform) -> None:
    assert await slack.start() == "T0SANDBOX/U0NEWSBOT"
    wrong = SlackPlatform(Settings(api_base=f"{sandbox.url}/api"), "xoxb-wrong-canary")
    with pytest.raises(TokenRefused) as caught:
        await wrong.start()
    await wrong.close()
    assert "canary" not in str(caught.value)
    nobody = SlackPlatform(Settings(api_base="http://127.0.0.1:1/api/"), "xoxb-canary")
    with pytest.raises(ConnectionError):
        await nobody.start()
    await nobody.close()
    sandbox.world.faults.add("garbage", method="auth.test")
    with pytest.raises(ConnectionError):
        await slack.start()


async def test_a_send_is_one_request_and_visible(sandbox: Running, slack: SlackPlatform) -> None:
    outcome = await slack.send(TO, ALERT)
    assert isinstance(outcome, Sent)
    (message,) = sandbox.world.record.messages("slack", "C0NEWS")
    assert message.message_id == f"{outcome.ref // 10**6}.{outcome.ref % 10**6:06d}"
    assert sandbox.world.record.count("slack", "chat.postMessage") == 1
    assert isinstance(await slack.send(Address("slack", "T0SANDBOX/C0NEWS"), ALERT), Sent)
    assert isinstance(await slack.send(Address("slack", "T0OTHER/C0NEWS"), ALERT), Gone)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ({"kind": "blocked"}, Gone("restricted_action", "quarantined")),
        ({"kind": "archived"}, Gone("is_archived", "quarantined")),
        ({"kind": "chat_not_found"}, Gone("channel_not_found", "quarantined")),
        ({"kind": "429", "args": {"retry_after": 17}}, Later(17.0, "429")),
        ({"kind": "5xx"}, Uncertain),
        ({"kind": "5xx", "args": {"processed": True, "status": 503}}, Uncertain),
        ({"kind": "reset"}, Uncertain),
        ({"kind": "reset", "args": {"processed": True}}, Uncertain),
        ({"kind": "reset", "args": {"processed": True, "how": "fin"}}, Uncertain),
        ({"kind": "garbage"}, Uncertain),
        ({"kind": "other_chat"}, Uncertain),
        ({"kind": "stale"}, Uncertain),
        ({"kind": "truncated"}, Uncertain),
        ({"kind": "truncated", "args": {"how": "fin"}}, Uncertain),
        ({"kind": "huge", "args": {"bytes": 2_000_000}}, Uncertain),
        ({"kind": "429", "args": {"retry_after": "soon"}}, Later(30.0, "429")),
        ({"kind": "revoked"}, Stopped),
    ],
    ids=str,
)
async def test_trouble_has_its_outcome_in_exactly_one_request(
    sandbox: Running, slack: SlackPlatform, fault: dict[str, Any], wanted: Outcome | type
) -> None:
    await slack.send(TO, ALERT)  # a connection that idles in the pool: the usual case
    sandbox.world.faults.add(method="chat.postMessage", **fault)
    outcome = await slack.send(TO, ALERT)
    assert type(outcome) is wanted if isinstance(wanted, type) else outcome == wanted
    assert sandbox.world.record.count("slack", "chat.postMessage") == 2


@pytest.mark.parametrize("base", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
async def test_a_closed_port_is_no_doubt(base: str) -> None:
    slack = SlackPlatform(Settings(api_base=base), "xoxb-canary")
    assert isinstance(await slack.send(TO, ALERT), Later)
    await slack.close()


async def test_a_payload_slack_refuses(slack: SlackPlatform) -> None:
    assert isinstance(await slack.send(TO, Rendered("chat.postMessage", {"blocks": [{"type": "nonsense"}]})), Refused)


async def test_edit_and_delete_can_be_repeated(sandbox: Running, slack: SlackPlatform) -> None:
    sent = await slack.send(TO, ALERT)
    assert isinstance(sent, Sent)
    for _ in range(2):
        assert await slack.edit(TO, sent.ref, Rendered("chat.postMessage", {**ALERT.payload, "text": "고침"})) == sent
    for _ in range(2):
        assert await slack.delete(TO, sent.ref) == sent
    assert visible(sandbox, "C0NEWS") == []
    assert await slack.edit(TO, sent.ref, ALERT) == Gone("message not found", "kept")


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_a_command_and_a_button(sandbox: Running, people: People, way: str) -> None:
    door = Door()
    door.replies = [Reply("a <!here> & b", (Button("속보만", "u:breaking"),)), Reply("", alert=ALERT)]
    async with socket(sandbox, door) if way == "socket" else signed_http(sandbox, door, people):
        answer = await people("command", user="Rae", channel="#news", text="subscribe all")
        said = door.seen[0]
        assert (said.kind, said.address, said.place, said.user) == ("say", TO, "channel", "T0SANDBOX/U0RAE")
        assert (said.text, said.genuine, said.discreet) == ("/subscribe all", True, True)
        assert answer["acked"]
        assert answer["reply"]["response_type"] == "ephemeral"
        assert "&lt;!here&gt; &amp; b" in answer["reply"]["text"]
        await until(lambda: len(visible(sandbox, "C0NEWS")) == 2)
        door.replies = [Reply("알겠습니다", replaces=True)]
        assert (await people("press", user="Rae", channel="#news", button="속보만"))["acked"]
        await until(lambda: "알겠습니다" in visible(sandbox, "C0NEWS"))
        assert not any("here" in text for text in visible(sandbox, "C0NEWS")), "the question gives way to the answer"
        pressed = door.seen[1]
        assert (pressed.kind, pressed.text, pressed.user) == ("press", "u:breaking", "T0SANDBOX/U0RAE")
        assert pressed.event != said.event
        await people("command", user="Rae", text="")
        assert (door.seen[2].text, door.seen[2].place) == ("/help", "private")


@pytest.mark.parametrize("way", ["socket", "http"])
async def test_events(sandbox: Running, people: People, way: str) -> None:
    door = Door()
    async with socket(sandbox, door) if way == "socket" else signed_http(sandbox, door, people):
        await people("member", user="bot", channel="#desk", joined=True, inviter="Ed")
        await people("member", user="Sam", channel="#desk", joined=True)
        await people("member", user="bot", channel="#desk", joined=False)
        await people("member", channel="#desk", archived=True)
        await people("say", user="Rae", channel="#news", text="nothing for you")
        door.replies = [Reply("안녕하세요")]
        await people("say", user="Rae", text="topics <now> & then")
        assert [(i.kind, i.address.chat) for i in door.seen[:3]] == [
            ("added", "C0DESK"),
            ("removed", "C0DESK"),
            ("removed", "C0DESK"),
        ]
        said = door.seen[3]
        assert (said.kind, said.place, said.text, said.genuine) == ("say", "private", "topics <now> & then", True)
        await until(lambda: "안녕하세요" in visible(sandbox, said.address.chat))


async def test_a_lost_store_means_no_acknowledgement_and_the_event_comes_again(
    sandbox: Running, people: People
) -> None:
    door = Door()
    door.down = 1
    await people("settings", retry_delays=[0.01], ack_seconds=0.3)
    async with signed_http(sandbox, door, people):
        assert not (await people("say", user="Rae", text="topics"))["acked"]
        await until(lambda: len(door.seen) == 2)
    assert door.seen[0].event == door.seen[1].event


async def test_the_socket_comes_back(sandbox: Running, people: People) -> None:
    door, world = Door(), sandbox.world
    async with socket(sandbox, door):
        first = world.slack.wire.sockets[0]
        await people("disconnect")
        await until(lambda: world.slack.wire.sockets and world.slack.wire.sockets[0] is not first)
        async with asyncio.timeout(8):
            # The library opens two sockets in a row here and drops the first: what Slack sent through it is repeated.
            while not (await people("command", user="Rae", text="topics"))["acked"]:
                await asyncio.sleep(0.05)


async def test_a_socket_that_cannot_open_is_tried_again(
    sandbox: Running, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.socket.random.uniform", lambda *_: 0.01)
    sandbox.world.faults.add("5xx", method="apps.connections.open", times=2)
    door = Door()
    async with socket(sandbox, door):
        assert (await people("command", user="Rae", text="topics"))["acked"]


async def test_strangers_are_not_genuine_and_guests_no_admins(sandbox: Running, people: People) -> None:
    door = Door()
    async with socket(sandbox, door) as platform:
        for name in ("ext", "Ed", "Gus", "Sam"):
            await people("command", user=name, channel="#desk" if name == "Ed" else "#news", text="settings")
        assert [inbound.genuine for inbound in door.seen] == [False, True, True, True]
        assert [await platform.is_admin(inbound) for inbound in door.seen] == [False, True, False, False]
        sandbox.world.faults.add("5xx", method="users.info", times=-1)
        assert not await platform.is_admin(door.seen[1])


async def test_a_slow_door_is_acknowledged_first(
    sandbox: Running, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.listen.BUDGET", 0.05)
    gate = asyncio.Event()

    class Slow(Door):
        async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
            await gate.wait()
            return [Reply("spät"), Reply("später")]

    async with socket(sandbox, Slow()):
        assert await people("command", user="Rae", channel="#news", text="topics")
        assert visible(sandbox, "C0NEWS") == []
        gate.set()
        await until(lambda: visible(sandbox, "C0NEWS") == ["spät", "später"])


async def test_the_door_refuses_what_slack_did_not_sign(sandbox: Running, slack: SlackPlatform) -> None:
    secret = sandbox.world.slack.signing_secret
    platform, door = build(sandbox, signing_secret=SecretStr(secret)), Door()
    transport = httpx.ASGITransport(Starlette(routes=list(platform.routes(door))))
    body = urlencode({"command": "/news", "text": "x", "team_id": "T", "user_id": "U", "channel_id": "C"}).encode()
    good = signed(secret, body, time.time())
    stamp, sign = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    bad: list[tuple[bytes, dict[str, Any]]] = [
        (body, {}),
        (body, {**good, stamp: "abc"}),
        (body, {**good, stamp: "1" * 5000}),
        (body, {**good, sign: "v0=서명".encode()}),
        (body, {**good, sign: good[sign][:-1]}),
        (body + b"&text=y", good),
        (body, signed(secret, body, time.time() - 360)),
        (body, signed(secret, body, time.time() + 360)),
        (body, signed("another", body, time.time())),
        (b"\xff\xfe", signed(secret, b"\xff\xfe", time.time())),
    ]
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        for content, headers in bad:
            answer = await client.post("/slack/events", content=content, headers=headers)
            assert answer.status_code == 401, headers
        too_big = b"a" * 300_000
        big = await client.post("/slack/events", content=too_big, headers=signed(secret, too_big, time.time()))
        assert big.status_code == 413
        assert not door.seen
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answers = [await client.post("/slack/events", content=body, headers=good | kind) for _ in range(2)]
    await platform.close()
    assert [answer.status_code for answer in answers] == [200, 401], "a replayed request is refused"
    assert len(door.seen) == 1


def test_the_replay_cache_forgets_in_time_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.door.ENTRIES", 3)
    now = 1_000_000.0
    guard = Guard("secret", lambda: now)
    for number in range(10):
        body = str(number).encode()
        headers = {key.lower(): value for key, value in signed("secret", body, now).items()}
        assert guard.admits(body, headers)
        assert not guard.admits(body, headers)
    assert len(guard._seen) == 3
    now += 601
    body = b"later"
    assert guard.admits(body, {key.lower(): value for key, value in signed("secret", body, now).items()})
    assert len(guard._seen) == 1


async def test_without_app_token_and_secret_it_only_sends(sandbox: Running) -> None:
    platform = build(sandbox)
    await platform.receive(Door())
    assert platform.routes(Door()) == ()
    both = build(sandbox, app_token=SecretStr("xapp-1"), signing_secret=SecretStr("s"))
    assert both.routes(Door()) == ()


def test_settings_name_the_field_and_never_the_value() -> None:
    for bad in ({"bot_token": "xoxb-canary\n"}, {"signing_secret": "can ary"}, {"unknown": "canary"}):
        with pytest.raises(ValidationError) as caught:
            Settings.model_validate(bad)
        assert "canary" not in str(caught.value)
        assert "can ary" not in str(caught.value)
        assert next(iter(bad)) in str(caught.value)
    assert json.loads(Settings.model_validate({"bot_token": ""}).model_dump_json())["bot_token"] is None
