"""Slack's stand-in against the real Web API client: posts, rooms, rights, limits and scripted faults."""

from __future__ import annotations

import copy
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.sandbox.serve import Running
from tests.contract.slack_kit import BREAKING, HEADLINE, code_of, header, pull, web_client


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

    async def test_an_update_keeps_what_it_does_not_name(self, sandbox: Running, client: AsyncWebClient) -> None:
        bar = [{"color": "danger", "blocks": [header("곁들인 글")]}]
        sent = await client.chat_postMessage(channel="C0NEWS", text="x", blocks=[header("1보")], attachments=bar)
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        await client.chat_update(channel="C0NEWS", ts=sent["ts"], text="y", blocks=[header("2보")])
        assert message.text == "2보\n곁들인 글"
        await client.chat_update(
            channel="C0NEWS", ts=sent["ts"], attachments=[{"fallback": "다른 글", "blocks": [header("다른 글")]}]
        )
        assert (message.text, message.payload["text"]) == ("2보\n다른 글", "y")
        await client.chat_update(channel="C0NEWS", ts=sent["ts"], text="z", attachments=[])
        assert message.text == "z"
        assert "blocks" not in message.payload

    async def test_a_broadcast_reply_stands_in_the_channel_too(self, sandbox: Running, client: AsyncWebClient) -> None:
        first = (await client.chat_postMessage(channel="C0NEWS", text="1보"))["ts"]
        alone = client.chat_postMessage(channel="C0NEWS", text="2보", reply_broadcast=True)
        assert await code_of(alone) == "invalid_arguments"
        reply = await client.chat_postMessage(channel="C0NEWS", text="2보", thread_ts=first, reply_broadcast=True)
        assert reply["message"]["subtype"] == "thread_broadcast"
        flat = await client.conversations_history(channel="C0NEWS")
        assert [message["text"] for message in flat["messages"]] == ["2보", "1보"]
        await client.chat_update(channel="C0NEWS", ts=reply["ts"], text="2보 고침")
        assert sandbox.world.record.messages("slack", "C0NEWS")[1].payload["reply_broadcast"]

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
        for kind, code in [
            ("archived", "is_archived"),
            ("revoked", "token_revoked"),
            ("5xx", "internal_error"),
            ("no_rights", "missing_scope"),
        ]:
            sandbox.world.faults.add(kind, platform="slack", chat="C0NEWS")
            assert await code_of(client.chat_postMessage(channel="C0NEWS", text="x")) == code
        sandbox.world.faults.add("5xx", platform="slack", args={"processed": True, "status": 503})
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0NEWS", text="there")
        assert caught.value.response.status_code == 503
        assert [message.text for message in sandbox.world.record.messages("slack")] == ["there"]

    async def test_a_call_is_kept_with_its_reason_but_without_the_token(
        self, sandbox: Running, http: aiohttp.ClientSession
    ) -> None:
        form = {"token": sandbox.world.slack.bot_token, "channel": "C0NEWS", "text": "t", "blocks": "[{}]"}
        await http.post(f"{sandbox.url}/api/chat.postMessage", data=form)
        call = sandbox.world.record.requests[-1]
        assert (call.error, call.detail) == (
            "invalid_blocks",
            "[ERROR] unsupported type: None [json-pointer:/blocks/0/type]",
        )
        whole = call.whole()
        assert whole["payload"]["token"] == "•••"
        assert sandbox.world.slack.bot_token not in json.dumps(whole)
        sandbox.world.faults.add("429", platform="slack", args={"retry_after": 7})
        await http.post(f"{sandbox.url}/api/chat.postMessage", data=form)
        call = sandbox.world.record.requests[-1]
        assert (call.status, call.fault, call.detail) == (429, "429", "Retry-After: 7")
        assert [one["method"] for one in sandbox.world.record.requests_json()["requests"]] == ["chat.postMessage"] * 2

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
