"""Slack's stand-in against the real client libraries: what passes, what is refused with which code, and delivery."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.slack_blocks import SlackError, check_post, check_update
from newsbot.sandbox.slack_mrkdwn import render

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
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "예시군이 다리 점검표를 새로 마련했다."}]}
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


def rich(*elements: dict[str, Any], kind: str = "rich_text_section", **more: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements), **more}]}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


class TestChecker:
    def test_a_breaking_alert_reads_as_its_reader_sees_it(self) -> None:
        seen = check_post(BREAKING)
        assert seen.notification == seen.first_block_text == HEADLINE
        assert seen.plain == f"{HEADLINE}\n예시군이 다리 점검표를 새로 마련했다.\n정치 · 오전 9:03 · 예시뉴스"
        assert seen.links == [("https://example.com/a", "예시뉴스"), ("https://example.com/a", "기사 보기")]
        assert [press.label for press in seen.buttons] == ["기사 보기"]
        assert not seen.mentions

    def test_rich_text_styles_lists_and_pings_are_noticed(self) -> None:
        quote = rich(
            {"type": "text", "text": "5.7", "style": {"strike": True}},
            {"type": "text", "text": " → 5.1"},
            kind="rich_text_quote",
            border=0,
        )
        item = {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://e.com", "text": "국회"}]}
        bullets = rich(item, kind="rich_text_list", style="bullet")
        ping = rich({"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U1"})
        seen = check_post({"text": "t", "blocks": [quote, bullets, ping]})
        assert seen.plain == "5.7 → 5.1\n• 국회\n@here@U1"
        assert seen.styled == [("strike", "5.7")]
        assert (seen.mentions.broadcasts, seen.mentions.users) == (["here"], ["U1"])
        assert seen.links == [("https://e.com", "국회")]

    @pytest.mark.parametrize(
        ("source", "shown"),
        [
            ("&amp;lt; &lt;!channel&gt;", "&lt; <!channel>"),
            ("*b* _i_ ~s~ `c`", "b i s c"),
            ("*속보*가 2*3*4 a_b_c *no *", "*속보*가 2*3*4 a_b_c *no *"),
            ("*see <https://x.y/a*b|l &amp; m> now*", "see l & m now"),
            ("<!date^1^{time}|오전 9:03> <#C1|news> <!subteam^S1|@g>", "오전 9:03 #news @g"),
            ("&gt; quoted\nnext", "quoted\nnext"),
            ("a < b <nothing>", "a < b <nothing>"),
            ("```x *y*```", "x *y*"),
        ],
    )
    def test_mrkdwn_reads_as_slack_shows_it(self, source: str, shown: str) -> None:
        assert render(source).plain == shown

    @pytest.mark.parametrize("source", ["<!channel>", "*<!here>*", "`<!everyone>`", "<!here|label>", "> <!channel>"])
    def test_every_way_to_ping_everyone_is_seen(self, source: str) -> None:
        assert render(source, verbatim=True).mentions.broadcasts

    def test_verbatim_only_stops_auto_linking(self) -> None:
        source = "https://e.com/x, *b* <https://l.x|m>"
        assert [url for url, _ in render(source).links] == ["https://e.com/x", "https://l.x"]
        assert [url for url, _ in render(source, verbatim=True).links] == ["https://l.x"]
        assert render(source, verbatim=True).plain == "https://e.com/x, b m"

    @pytest.mark.parametrize(
        "payload",
        [
            {"text": "x" * 40_000},
            {"text": "t", "blocks": [header("x" * 150)] * 50},
            {"blocks": [header("only blocks")]},
            {"text": "t", "blocks": json.dumps([header()])},
            {"text": "t", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "가" * 3000}}]},
            {"text": "t", "blocks": [{"type": "section", "fields": [plain("x" * 2000)] * 6}]},
            {"text": "t", "blocks": [actions(*[button(action_id=str(n)) for n in range(25)])]},
            {"text": "t", "blocks": [{"type": "image", "image_url": "https://e.com/i.png", "alt_text": "a"}]},
            {"text": "t", "blocks": [{"type": "divider"}], "thread_ts": "1720742580.000100", "reply_broadcast": True},
            {"text": "t", "attachments": [{"color": "#ff0000", "blocks": [header()]}]},
        ],
    )
    def test_good_payloads_pass(self, payload: dict[str, Any]) -> None:
        check_post(payload)

    @pytest.mark.parametrize(
        ("payload", "code"),
        [
            ({}, "no_text"),
            ({"text": " "}, "no_text"),
            ({"text": "t", "blocks": [], "colour": "red"}, "invalid_arguments"),
            ({"text": "t", "thread_ts": 1720742580.0001}, "invalid_arguments"),
            ({"text": "t", "reply_broadcast": True}, "invalid_arguments"),
            ({"text": "t", "unfurl_links": "no"}, "invalid_arguments"),
            ({"text": 5}, "invalid_arguments"),
            ({"text": "t", "username": "BBC"}, "missing_scope"),
            ({"text": "t", "markdown_text": "m"}, "markdown_text_conflict"),
            ({"text": "x" * 40_001}, "msg_too_long"),
            ({"text": "😀" * 20_001}, "msg_too_long"),
            ({"text": "\ud83d"}, "invalid_charset"),
            ({"text": "t", "blocks": "[{"}, "invalid_blocks_format"),
            ({"text": "t", "blocks": {"type": "header"}}, "invalid_blocks_format"),
            ({"text": "t", "blocks": [header("x" * 150)] * 51}, "invalid_blocks"),
            (
                {"text": "t", "blocks": [{"type": "section", "text": plain("x" * 3000)}] * 5},
                "msg_blocks_too_long",
            ),
            ({"text": "t", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
            ({"text": "t", "metadata": {"event_type": "a", "event_payload": {"x": "y" * 9000}}}, "metadata_too_large"),
            ({"text": "t", "attachments": [{"blocks": [header()]}] * 101}, "too_many_attachments"),
        ],
    )
    def test_bad_payloads_get_slacks_own_code(self, payload: dict[str, Any], code: str) -> None:
        with pytest.raises(SlackError) as caught:
            check_post(payload)
        assert caught.value.code == code

    @pytest.mark.parametrize(
        ("block", "pointer"),
        [
            (header(""), "/blocks/0/text/text"),
            (header("x" * 151), "/blocks/0/text/text"),
            (header("😀" * 76), "/blocks/0/text/text"),
            (header(color="red"), "/blocks/0/color"),
            ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text/type"),
            ({"type": "header", "text": {"type": "plain_text", "text": "x", "verbatim": True}}, "/text/verbatim"),
            ({"type": "header", "text": {"type": "plain_text", "text": "x", "emoji": "no"}}, "/text/emoji"),
            ({"type": "alert", "text": plain("x")}, "/blocks/0/type"),
            ({"type": "section"}, "/blocks/0"),
            ({"type": "section", "text": plain("x" * 3001)}, "/blocks/0/text/text"),
            ({"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
            ({"type": "section", "fields": [plain("x" * 2001)]}, "/blocks/0/fields/0/text"),
            ({"type": "context", "elements": []}, "/blocks/0/elements"),
            ({"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
            ({"type": "context", "elements": [plain("x" * 3001)]}, "/blocks/0/elements/0/text"),
            ({"type": "image", "image_url": "https://e.com/i.png"}, "/blocks/0"),
            ({"type": "image", "image_url": "e.com/i.png", "alt_text": "a"}, "/blocks/0/image_url"),
            ({"type": "image", "image_url": "https://e.com/i", "alt_text": "a" * 2001}, "/blocks/0/alt_text"),
            (actions(*[button() for _ in range(26)]), "/blocks/0/elements"),
            (actions(button(action_id="a"), button(action_id="a")), "/blocks/0/elements/1/action_id"),
            (actions(button(action_id="a" * 256)), "/blocks/0/elements/0/action_id"),
            (actions(button(value="v" * 2001)), "/blocks/0/elements/0/value"),
            (actions(button(url="https://e.com/" + "u" * 3000)), "/blocks/0/elements/0/url"),
            (actions(button(url="https://e.com/a b")), "/blocks/0/elements/0/url"),
            (actions(button(style="green")), "/blocks/0/elements/0/style"),
            (actions({"type": "button", "text": plain("x" * 76)}), "/blocks/0/elements/0/text/text"),
            (actions({"type": "image", "image_url": "https://e.com", "alt_text": "a"}), "/blocks/0/elements/0/type"),
            (rich({"type": "text", "text": ""}), "/blocks/0/elements/0/elements/0/text"),
            (rich({"type": "text", "text": "x", "style": {"blink": True}}), "/elements/0/style/blink"),
            (rich({"type": "text", "text": "x", "style": {"bold": 1}}), "/elements/0/style/bold"),
            (rich({"type": "link", "url": "nope"}), "/elements/0/url"),
            (rich({"type": "broadcast", "range": "all"}), "/elements/0/range"),
            (rich({"type": "image"}), "/elements/0/type"),
            (rich({"type": "user", "user_id": "U1"}, kind="rich_text_preformatted"), "/elements/0/type"),
            (rich({"type": "text", "text": "x"}, kind="rich_text_list", style="bullet"), "/elements/0/type"),
            (rich({"type": "text", "text": "x"}, kind="rich_text_list"), "/blocks/0/elements/0"),
        ],
    )
    def test_a_bad_block_is_named_by_its_pointer(self, block: dict[str, Any], pointer: str) -> None:
        with pytest.raises(SlackError) as caught:
            check_post({"text": "t", "blocks": [block]})
        assert caught.value.code == "invalid_blocks"
        assert caught.value.detail.endswith(f"{pointer}]"), caught.value.detail

    def test_block_ids_are_unique(self) -> None:
        with pytest.raises(SlackError, match="already exists"):
            check_post({"text": "t", "blocks": [header(block_id="a"), header(block_id="a")]})

    def test_an_update_holds_less_text_than_a_post(self) -> None:
        check_update({"text": "x" * 4000})
        with pytest.raises(SlackError, match="msg_too_long"):
            check_update({"text": "x" * 4001})
        with pytest.raises(SlackError, match="invalid_arguments"):
            check_update({"text": "x", "unfurl_links": False})

    def test_it_is_fast_enough_to_check_everything(self) -> None:
        began = time.perf_counter()
        for _ in range(2000):
            check_post(BREAKING)
        assert time.perf_counter() - began < 1.2, "100,000 payloads must take less than a minute"


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(port=0)
    running.world.slack.ack_seconds = 0.5
    running.world.slack.retry_delays = (0.0, 0.05, 0.1)
    yield running
    await running.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(sandbox: Running, http: aiohttp.ClientSession) -> AsyncWebClient:
    return web_client(sandbox, http)


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


class TestWebApi:
    async def test_a_post_is_seen_and_read_back_by_its_metadata(self, sandbox: Running, client: AsyncWebClient) -> None:
        sent = await client.chat_postMessage(channel="C0NEWS", **copy.deepcopy(BREAKING))
        assert sent["channel"] == "C0NEWS"
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        assert (message.message_id, message.text.split("\n")[0]) == (sent["ts"], HEADLINE)
        bare = await client.conversations_history(channel="C0NEWS")
        assert "metadata" not in bare["messages"][0]
        full = await client.conversations_history(
            channel="C0NEWS", include_all_metadata=True, oldest=sent["ts"], inclusive=True, limit=15
        )
        assert full["messages"][0]["metadata"]["event_payload"] == {"push_id": "p1"}
        assert (await client.conversations_history(channel="C0NEWS", oldest=sent["ts"]))["messages"] == []

    async def test_an_update_with_text_alone_removes_the_blocks(self, sandbox: Running, client: AsyncWebClient) -> None:
        ts = (await client.chat_postMessage(channel="C0NEWS", **copy.deepcopy(BREAKING)))["ts"]
        changed = await client.chat_update(channel="C0NEWS", ts=ts, text="[알림 철회]")
        assert "blocks" not in changed["message"]
        assert changed["message"]["metadata"]["event_type"] == "newsbot_alert"
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        assert message.text == "[알림 철회]"
        assert message.edits[0]["text"].startswith(HEADLINE)
        again = await client.chat_update(channel="C0NEWS", ts=ts, text="x", metadata={})
        assert "metadata" not in again["message"]

    async def test_only_own_living_messages_can_be_changed(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        said = await pull(sandbox, http, "say", user="Rae", channel="#news", text="hi")
        assert await code_of(client.chat_update(channel="C0NEWS", ts=said["ts"], text="x")) == "cant_update_message"
        assert await code_of(client.chat_delete(channel="C0NEWS", ts=said["ts"])) == "cant_delete_message"
        assert await code_of(client.chat_update(channel="C0NEWS", ts="1.000000", text="x")) == "invalid_arguments"
        ts = (await client.chat_postMessage(channel="C0NEWS", text="mine"))["ts"]
        await client.chat_delete(channel="C0NEWS", ts=ts)
        assert await code_of(client.chat_delete(channel="C0NEWS", ts=ts)) == "message_not_found"
        assert await code_of(client.chat_update(channel="C0NEWS", ts=ts, text="x")) == "message_not_found"
        sandbox.world.slack.channels["C0NEWS"].is_archived = True
        assert await code_of(client.chat_update(channel="C0NEWS", ts=ts, text="x")) == "is_inactive"

    async def test_channels_refuse_as_slack_does(self, sandbox: Running, client: AsyncWebClient) -> None:
        assert await code_of(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
        assert await code_of(client.chat_postMessage(channel="#news", text="x")) == "channel_not_found"
        assert await code_of(client.chat_postMessage(channel="C0RANDOM", text="x")) == "not_in_channel"
        await client.conversations_join(channel="C0RANDOM")
        await client.chat_postMessage(channel="C0RANDOM", text="x")
        private = sandbox.world.slack.channels["G0PRIVATE"]
        private.members.discard("U0NEWSBOT")
        assert await code_of(client.chat_postMessage(channel="G0PRIVATE", text="x")) == "channel_not_found"
        sandbox.world.slack.channels["C0DESK"].is_archived = True
        assert await code_of(client.chat_postMessage(channel="C0DESK", text="x")) == "is_archived"
        direct = await client.chat_postMessage(channel="U0RAE", text="x")
        assert direct["channel"] == "D0RAE"

    async def test_nothing_unknown_gets_a_friendly_ok(self, sandbox: Running, client: AsyncWebClient) -> None:
        assert await code_of(client.api_call("chat.shout", json={})) == "unknown_method"
        assert await code_of(client.chat_postMessage(channel="C0NEWS", text="x", shout=True)) == "invalid_arguments"
        assert await code_of(client.api_call("chat.postMessage", json={"channel": "C0NEWS"})) == "no_text"
        assert await code_of(client.chat_postMessage(text="x", channel="")) == "invalid_arguments"
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="t", blocks=[header("x" * 151)])
        assert caught.value.response["error"] == "invalid_blocks"
        assert "/blocks/0/text/text" in caught.value.response["errors"][0]
        assert sandbox.world.record.messages("slack") == []

    async def test_tokens_decide_who_may_call(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        me = await web_client(sandbox, http).auth_test()
        assert (me["team_id"], me["user_id"], me["bot_id"]) == ("T0SANDBOX", "U0NEWSBOT", "B0NEWSBOT")
        assert await code_of(web_client(sandbox, http, "xoxb-other").auth_test()) == "invalid_auth"
        assert await code_of(web_client(sandbox, http, "").auth_test()) == "not_authed"
        app = web_client(sandbox, http, sandbox.world.slack.app_token)
        assert await code_of(app.auth_test()) == "not_allowed_token_type"
        sandbox.world.slack.revoked = True
        assert await code_of(web_client(sandbox, http).auth_test()) == "token_revoked"

    async def test_a_channel_takes_about_one_a_second(self, client: AsyncWebClient) -> None:
        for _ in range(3):
            await client.chat_postMessage(channel="C0NEWS", text="a small burst passes")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="x")
        assert caught.value.response.status_code == 429
        assert int(caught.value.response.headers["Retry-After"]) >= 1
        assert caught.value.response["error"] == "ratelimited"
        await client.chat_postMessage(channel="C0DESK", text="another channel has its own second")

    async def test_threads(self, client: AsyncWebClient) -> None:
        first = (await client.chat_postMessage(channel="C0NEWS", text="1보"))["ts"]
        second = (await client.chat_postMessage(channel="C0NEWS", text="2보", thread_ts=first))["ts"]
        lost = client.chat_postMessage(channel="C0NEWS", text="x", thread_ts="1720742580.000100")
        assert await code_of(lost) == "thread_not_found"
        flat = await client.conversations_history(channel="C0NEWS")
        assert [message["text"] for message in flat["messages"]] == ["1보"]
        thread = await client.conversations_replies(channel="C0NEWS", ts=first)
        assert [message["ts"] for message in thread["messages"]] == [first, second]

    async def test_people_and_rooms_can_be_looked_up(self, client: AsyncWebClient) -> None:
        room = (await client.conversations_info(channel="C0NEWS"))["channel"]
        assert (room["name"], room["creator"], room["is_member"]) == ("news", "U0RAE", True)
        assert "U0RAE" in (await client.conversations_members(channel="C0NEWS"))["members"]
        assert (await client.users_info(user="U0RAE"))["user"]["is_admin"]
        assert (await client.users_info(user="U0GUS"))["user"]["is_restricted"]
        assert (await client.users_info(user="U0EXT"))["user"]["team_id"] == "T0OTHER"
        assert (await client.conversations_open(users="U0OLU"))["channel"]["id"] == "D0OLU"
        listed = await client.conversations_list(types="public_channel,private_channel", limit=2)
        assert len(listed["channels"]) == 2
        more = await client.conversations_list(
            types="public_channel,private_channel", cursor=listed["response_metadata"]["next_cursor"]
        )
        assert [room["id"] for room in more["channels"]] == ["C0RANDOM", "G0PRIVATE"]

    async def test_a_distributed_app_reads_history_once_a_minute(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        await pull(sandbox, http, "settings", commercial=True)
        assert await code_of(client.conversations_history(channel="C0NEWS", limit=100)) == "invalid_limit"
        with pytest.raises(SlackApiError) as caught:
            await client.conversations_history(channel="C0NEWS", limit=15)
        assert 55 <= int(caught.value.response.headers["Retry-After"]) <= 60

    async def test_missing_scopes_are_named(
        self, sandbox: Running, http: aiohttp.ClientSession, client: AsyncWebClient
    ) -> None:
        await pull(sandbox, http, "settings", scopes=["channels:read"])
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="x")
        assert caught.value.response["error"] == "missing_scope"
        assert caught.value.response["needed"] == "chat:write"

    async def test_a_form_is_understood_like_json(self, sandbox: Running, http: aiohttp.ClientSession) -> None:
        form = {"token": sandbox.world.slack.bot_token, "channel": "C0NEWS", "text": "한글", "unfurl_links": "false"}
        form["blocks"] = json.dumps([header("한글")])
        async with http.post(f"{sandbox.url}/api/chat.postMessage", data=form) as answer:
            assert (await answer.json())["message"]["blocks"][0]["text"]["text"] == "한글"
        for body, kind, code in [
            (b"{", "application/json", "invalid_json"),
            (b"[]", "application/json", "json_not_object"),
            (b"x", "text/csv", "invalid_post_type"),
        ]:
            url = f"{sandbox.url}/api/chat.postMessage"
            async with http.post(url, data=body, headers={"Content-Type": kind}) as answer:
                assert (answer.status, (await answer.json())["error"]) == (200, code)

    async def test_a_permalink_leads_to_the_message(self, client: AsyncWebClient) -> None:
        ts = (await client.chat_postMessage(channel="C0NEWS", text="x"))["ts"]
        link = (await client.chat_getPermalink(channel="C0NEWS", message_ts=ts))["permalink"]
        assert link == f"https://sandbox.slack.com/archives/C0NEWS/p{ts.replace('.', '')}"

    async def test_an_ephemeral_is_for_one_reader_and_no_history(
        self, sandbox: Running, client: AsyncWebClient
    ) -> None:
        await client.chat_postEphemeral(channel="C0NEWS", user="U0RAE", text="only you")
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        assert (message.ephemeral, message.view["to"]) == (True, "U0RAE")
        assert (await client.conversations_history(channel="C0NEWS"))["messages"] == []
        stranger = client.chat_postEphemeral(channel="C0DESK", user="U0SAM", text="x")
        assert await code_of(stranger) == "user_not_in_channel"


class TestFaults:
    async def test_a_reset_after_the_post_leaves_the_message(self, sandbox: Running, client: AsyncWebClient) -> None:
        sandbox.world.faults.add("reset", platform="slack", method="chat.postMessage", args={"processed": True})
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel="C0NEWS", text="x")
        assert len(sandbox.world.record.messages("slack", "C0NEWS")) == 1
        assert sandbox.world.record.count("slack", "chat.postMessage") == 1

    async def test_scripted_refusals_carry_slacks_codes(self, sandbox: Running, client: AsyncWebClient) -> None:
        for kind, code in [("archived", "is_archived"), ("revoked", "token_revoked"), ("5xx", "internal_error")]:
            sandbox.world.faults.add(kind, platform="slack", chat="C0NEWS")
            assert await code_of(client.chat_postMessage(channel="C0NEWS", text="x")) == code
        sandbox.world.faults.add("5xx", platform="slack", args={"processed": True, "status": 503})
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="there")
        assert caught.value.response.status_code == 503
        assert [message.text for message in sandbox.world.record.messages("slack")] == ["there"]

    async def test_garbage_and_a_wrong_channel_are_answers_too(self, sandbox: Running, client: AsyncWebClient) -> None:
        sandbox.world.faults.add("other_chat", platform="slack")
        assert (await client.chat_postMessage(channel="C0NEWS", text="x"))["channel"] == "C0ELSEWHERE"
        sandbox.world.faults.add("429", platform="slack", args={"retry_after": 7})
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="x")
        assert caught.value.response.headers["Retry-After"] == "7"
        sandbox.world.faults.add("garbage", platform="slack")
        assert not (await code_or_data(client.chat_postMessage(channel="C0NEWS", text="y"))).get("ts")
        assert len(sandbox.world.record.messages("slack")) == 2


async def code_or_data(call: Any) -> dict[str, Any]:
    try:
        return dict((await call).data or {})
    except SlackApiError:
        return {}


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


async def until(condition: Any, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


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
