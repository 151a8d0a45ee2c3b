"""Trouble by lot, bad connections, tokens that change, limits that move; and the outcome of many sends in one look."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.faults import Faults
from newsbot.sandbox.limits import Limits
from newsbot.sandbox.serve import Running
from tests.contract.slack_kit import code_of, pull, web_client
from tests.contract.telegram_kit import CHANNEL, ED, GROUP, RAE, SAM, Api

CHATS = [str(number) for number in range(500)]


def struck(chats: list[str], **fault: Any) -> dict[str, Any]:
    """Chat → what struck its one call, in the order of `chats`."""
    faults = Faults()
    faults.add(times=-1, **fault)
    found = {chat: faults.take("telegram", "sendMessage", chat) for chat in chats}
    return {chat: strike for chat, strike in found.items() if strike is not None}


def test_a_share_is_drawn_by_seed_whatever_the_order() -> None:
    one = struck(CHATS, kind="5xx", share=0.2, seed=7)
    assert 70 < len(one) < 130
    assert set(struck(CHATS[::-1], kind="5xx", share=0.2, seed=7)) == set(one)
    assert set(struck(CHATS, kind="5xx", share=0.2, seed=8)) != set(one)
    again = Faults()
    again.add("5xx", times=-1, share=0.2, seed=7)
    turns = [again.take("telegram", "sendMessage", "1") is not None for _ in range(100)]
    assert 5 < sum(turns) < 40, "a chat's next call draws anew"


def test_what_is_drawn_for_a_strike_stays_with_it() -> None:
    half = struck(CHATS, kind="5xx", seed=3, args={"processed": 0.5})
    assert len(half) == len(CHATS)
    assert 200 < sum(strike.processed for strike in half.values()) < 300
    pauses = {strike.retry_after for strike in struck(CHATS, kind="429", args={"retry_after": [1, 30]}).values()}
    assert pauses == set(range(1, 31))


@pytest.mark.parametrize(
    "wrong", [{"share": 0}, {"share": 1.1}, {"kind": "429", "args": {"retry_after": [1]}}, {"kind": "gremlin"}], ids=str
)
def test_a_script_that_cannot_strike_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fault"):
        Faults().add(**{"kind": "5xx", **wrong})


@pytest.mark.parametrize("pause", [0, -1, 1_000_000_000, "soon", None])
async def test_a_429_says_any_pause(api: Api, client: AsyncWebClient, sandbox: Running, pause: Any) -> None:
    api.world.faults.add("429", args={"retry_after": pause})
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert answer.status_code == 429
    assert answer.json().get("parameters", {}).get("retry_after") == pause
    assert answer.headers.get("retry-after") == (None if pause is None else str(pause))
    sandbox.world.faults.add("429", args={"retry_after": pause})
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {client.token}"}) as http,
        http.post(f"{sandbox.url}/api/chat.postMessage", json={"channel": "C0NEWS", "text": "x"}) as said,
    ):
        assert (said.status, (await said.json())["error"]) == (429, "ratelimited")
        assert said.headers.get("Retry-After") == (None if pause is None else str(pause))


BAD_LINES: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"kind": "stale"}, httpx.RemoteProtocolError),
    ({"kind": "stale", "args": {"how": "rst"}}, httpx.ReadError),
    ({"kind": "truncated", "args": {"how": "fin"}}, httpx.RemoteProtocolError),
    (
        {"kind": "drip", "args": {"seconds": 0.02}},
        TimeoutError,
    ),  # no wait between two bytes is long: only a total ends it
]


@pytest.mark.parametrize(("fault", "error"), BAD_LINES, ids=str)
@pytest.mark.parametrize("platform", ["telegram", "slack"])
async def test_connections_that_end_badly(
    api: Api, platform: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    """Each is in the record once, and only what spoils the answer alone took effect."""
    url, body = f"{api.base}/sendMessage", {"chat_id": RAE, "text": "x"}
    chat = str(RAE)
    if platform == "slack":
        url, chat = f"{api.running.url}/api/chat.postMessage", "C0NEWS"
        body = {"channel": chat, "text": "x", "token": api.world.slack.bot_token}
    before = api.world.record.copies(platform).get(chat, 0)
    api.world.faults.add(**{"times": -1, **fault})
    async with httpx.AsyncClient() as fresh:
        if fault["kind"] == "stale":
            assert (await fresh.post(url, json=body)).json()["ok"], "a new connection is none that idled"
            before += 1
        with pytest.raises(error):
            async with asyncio.timeout(0.3):
                await fresh.post(url, json=body)
    call = api.world.record.requests[-1]
    assert (call.status, call.error, call.fault) == (0, fault["kind"], fault["kind"])
    shown = before if fault["kind"] == "stale" else before + 1
    assert api.world.record.copies(platform)[chat] == shown


@pytest.mark.parametrize("platform", ["telegram", "slack"])
async def test_answers_of_status_200_that_cannot_be_read(api: Api, platform: str) -> None:
    url, body = f"{api.base}/sendMessage", {"chat_id": RAE, "text": "x"}
    if platform == "slack":
        url = f"{api.running.url}/api/chat.postMessage"
        body = {"channel": "C0NEWS", "text": "x", "token": api.world.slack.bot_token}
    api.world.faults.add("truncated")
    api.world.faults.add("huge", args={"bytes": 5_000_000})
    api.world.faults.add("truncated", args={"processed": False})
    half, huge, neither = [await api.client.post(url, json=body) for _ in range(3)]
    assert {half.status_code, huge.status_code, neither.status_code} == {200}
    with pytest.raises(json.JSONDecodeError):
        half.json()
    assert len(huge.content) > 5_000_000
    assert huge.json()["ok"]
    assert sum(api.world.record.copies(platform).values()) == 2


async def test_a_telegram_token_is_revoked_and_rotated(api: Api) -> None:
    old = api.world.telegram.token
    await api.control("telegram/token", revoked=True)
    assert await api.error("getMe") == (401, "Unauthorized")
    await api.control("telegram/token", revoked=False)
    await api.ok("getMe")
    await api.control("telegram/token", revoked=True)
    assert await api.control("telegram/token", token="123456789:new") == {"token": "123456789:new", "revoked": False}
    assert await api.error("getMe") == (401, "Unauthorized")
    api.base = api.base.replace(old, "123456789:new")
    await api.ok("getMe")
    refused = await api.client.post(f"{api.running.url}/sandbox/telegram/token", json={"tokn": "x"})
    assert refused.status_code == 400


async def test_a_slack_token_is_rotated(sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient) -> None:
    await pull(sandbox, http, "settings", bot_token="xoxb-new")
    assert await code_of(client.auth_test()) == "invalid_auth"
    assert (await web_client(sandbox, http, "xoxb-new").auth_test())["ok"]


def test_a_limit_that_moves_keeps_its_bucket() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    limits.configure(telegram_schedule=[[10, 30], [5, 15]], telegram_private=1000)

    def taken(seconds: float) -> int:
        """How many calls pass within so many seconds, one chat each, as fast as they are let."""
        done, end = 0, clock.now() + seconds
        while clock.now() < end - 1e-6:
            pause = limits.telegram(f"{clock.now()} {done}", group=False)
            assert pause in (None, 1)
            done += pause is None
            if pause is not None:
                clock.advance(1 / 90)
        return done

    assert taken(10) == pytest.approx(30 + 300, abs=2), "full at first, then the rate"
    assert taken(5) == pytest.approx(75, abs=2)
    assert taken(10) == pytest.approx(300, abs=2), "the first step again"
    clock.advance(5 + 9)
    assert taken(1) == pytest.approx(30 + 30, abs=2), "never more than a second's worth is saved up"
    clock.advance(0.5)
    assert taken(0.1) <= 15 + 2, "and not more than what the new rate allows"
    limits.configure(telegram_schedule=[[10, 100], [5, 50]])
    assert taken(9.9) == pytest.approx(100 + 990, abs=3)
    clock.advance(0.2)
    assert taken(0.001) in (14, 15, 16), (
        "0.1 s at 100 and 0.1 s at 50: what passed before the change counts at its rate"
    )
    clock.advance(10**6)
    assert taken(0.001) <= 100
    limits.configure(telegram_schedule=[])
    assert taken(1) == pytest.approx(60, abs=2)
    for wrong in ([[0, 1]], [[1, 0]], [[1]], 7):
        with pytest.raises((ValueError, TypeError)):
            limits.configure(telegram_schedule=wrong)


async def test_copies_are_what_readers_see_now(api: Api) -> None:
    url = f"{api.running.url}/sandbox/copies"
    for user in (ED, SAM):
        await api.say("Ed" if user == ED else "Sam", "/start")
    first = await api.ok("sendMessage", chat_id=RAE, text="[속보] 다리 점검")
    await api.ok("sendMessage", chat_id=RAE, text="[속보] 다리 점검")
    await api.ok("sendMessage", chat_id=ED, text="다른 말")
    await api.ok("sendMessage", chat_id=SAM, text="사라질 말")
    await api.ok(
        "deleteMessage", chat_id=SAM, message_id=(await api.ok("sendMessage", chat_id=SAM, text="x"))["message_id"]
    )
    await api.ok("editMessageText", chat_id=RAE, message_id=first["message_id"], text="[속보] 다리 점검, 바로잡음")
    seen = (await api.client.get(url, params={"platform": "telegram"})).json()
    assert seen == {str(RAE): 2, str(ED): 1, str(SAM): 1}
    assert (await api.client.get(url, params={"platform": "telegram", "text": "다리"})).json() == {str(RAE): 2}
    assert (await api.client.get(url, params={"platform": "slack"})).json() == {}
    assert (await api.client.get(url)).status_code == 400


async def test_arrivals_by_tenth_tell_how_it_went(api: Api) -> None:
    url = f"{api.running.url}/sandbox/arrivals"
    tenth = int(api.clock.now() * 10)
    await api.ok("sendMessage", chat_id=RAE, text="x")
    api.world.faults.add("429", method="sendMessage")
    await api.error("sendMessage", chat_id=RAE, text="x")
    await api.error("sendMessage", chat_id=RAE)
    api.clock.advance(0.25)
    api.world.faults.add("reset", method="sendMessage")
    with pytest.raises(httpx.ReadError):
        await api.call("sendMessage", chat_id=RAE, text="x")
    seen = (await api.client.get(url, params={"platform": "telegram", "method": "sendMessage,editMessageText"})).json()
    assert seen == {str(tenth): {"ok": 1, "429": 1, "error": 1}, str(tenth + 2): {"none": 1}}
    everything = (await api.client.get(url, params={"platform": "telegram"})).json()
    assert sum(everything[str(tenth)].values()) > 3, "getUpdates came too"


async def test_a_right_to_post_can_be_taken_and_is_told(api: Api) -> None:
    await api.control("telegram/member", user="Rae", chat=CHANNEL, status="administrator", can_post_messages=False)
    wanted = (400, "Bad Request: need administrator rights in the channel chat")
    assert await api.error("sendMessage", chat_id=CHANNEL, text="x") == wanted
    bot = api.world.telegram.bot.id
    assert not (await api.ok("getChatMember", chat_id=CHANNEL, user_id=bot))["can_post_messages"]
    await api.control("telegram/member", user="Rae", chat=CHANNEL, status="administrator")
    await api.ok("sendMessage", chat_id=CHANNEL, text="x")
    assert (await api.ok("getChat", chat_id=GROUP))["permissions"]["can_send_messages"]
    api.world.telegram.chats[GROUP].read_only = True
    assert not (await api.ok("getChat", chat_id=GROUP))["permissions"]["can_send_messages"]
