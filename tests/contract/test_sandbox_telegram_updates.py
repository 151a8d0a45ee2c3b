"""What Telegram's stand-in tells a bot: polling, webhook, presses, and who speaks."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
import telegram

from newsbot.sandbox.telegram.error import POLL_ENDED_BY_WEBHOOK, POLL_TWICE, POLL_WHILE_WEBHOOK
from tests.cast import until
from tests.contract.telegram_kit import CHANNEL, FORUM, GROUP, RAE, Api


async def test_polling_hands_out_confirms_and_conflicts(api: Api) -> None:
    waiting = asyncio.create_task(api.call("getUpdates", timeout=5))
    await until(lambda: api.world.updates._poll is not None)
    second = asyncio.create_task(api.call("getUpdates", timeout=5))
    assert (await waiting)["description"] == POLL_TWICE
    said = await api.say("Rae", "구독 정치")
    update = (await second)["result"][0]
    assert update["update_id"] == said["update_id"]
    assert update["message"]["from"]["id"] == RAE
    assert len((await api.call("getUpdates"))["result"]) == 1  # nothing was confirmed yet
    assert (await api.call("getUpdates", offset=said["update_id"] + 1))["result"] == []
    assert await api.ok("getUpdates", allowed_updates=["callback_query"]) == []
    assert (await api.say("Rae", "x"))["update_id"] is None


async def test_a_second_conflict_soon_after_the_first_is_told_late(api: Api) -> None:
    updates = api.world.updates
    updates.conflict_pause = 0.3

    async def displaced() -> float:
        """Seconds until a waiting poll hears that another one came."""
        updates._poll = None
        waiting = asyncio.create_task(api.call("getUpdates", timeout=5))
        await until(lambda: updates._poll is not None)
        began = time.monotonic()
        await api.ok("getUpdates")
        assert (await waiting)["description"] == POLL_TWICE
        return time.monotonic() - began

    assert await displaced() < 0.25
    assert await displaced() >= 0.3


@pytest.mark.slow
async def test_webhook_delivers_with_its_secret_and_retries(api: Api) -> None:
    seen: list[tuple[str | None, int]] = []
    answers = [b"500 Oops", b"200 OK", b"200 OK"]

    async def receiver(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        found = head.split("x-telegram-bot-api-secret-token: ")
        seen.append((found[1].split("\r\n")[0] if len(found) > 1 else None, body["update_id"]))
        writer.write(b"HTTP/1.1 " + answers.pop(0) + b"\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    api.world.updates.conflict_pause = 0.0
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    waiting = asyncio.create_task(api.call("getUpdates", offset=10**9, timeout=5))
    await asyncio.sleep(0.05)
    await api.ok("setWebhook", url=url, secret_token="s3cret")
    assert (await waiting)["description"] == POLL_ENDED_BY_WEBHOOK
    assert await api.error("getUpdates") == (409, POLL_WHILE_WEBHOOK)
    said = await api.say("Rae", "x")
    for _ in range(400):
        if len(seen) == 2:
            break
        await asyncio.sleep(0.01)
    assert seen == [("s3cret", said["update_id"])] * 2
    assert "500" in (await api.ok("getWebhookInfo"))["last_error_message"]
    assert (await api.error("setWebhook", url="https://e.com:9000/"))[0] == 429  # once a second
    api.clock.advance(1)
    assert (await api.error("setWebhook", url="http://e.com/"))[1].endswith("An HTTPS URL must be provided for webhook")
    assert (await api.call("deleteWebhook"))["description"] == "Webhook was deleted"
    server.close()


async def test_buttons_are_pressed_and_answered_once(api: Api) -> None:
    markup = {"inline_keyboard": [[{"text": "설정", "callback_data": "settings"}]]}
    post = await api.ok("sendMessage", chat_id=RAE, text="x", reply_markup=markup)
    await api.control("telegram/press", user="Rae", message_id=post["message_id"], button="설정")
    query = (await api.ok("getUpdates"))[-1]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("settings", post["message_id"])
    assert await api.ok("answerCallbackQuery", callback_query_id=query["id"], text="됐습니다") is True
    assert api.world.record.notes[-1]["text"] == "됐습니다"
    code, words = await api.error("answerCallbackQuery", callback_query_id=query["id"])
    assert (code, words[:29]) == (400, "Bad Request: query is too old")


async def test_who_speaks_is_shown_like_on_the_platform(api: Api) -> None:
    assert (await api.say("Sam", "hello", chat=GROUP))["update_id"] is None  # privacy mode
    await api.say("Sam", "/news@sandbox_news_bot 구독", chat=GROUP)
    await api.say("Rae", "/news", chat=FORUM, anonymous=True, thread=7)
    await api.say("Rae", "/link", chat=CHANNEL)
    await api.say("Rae", "x", chat=FORUM, linked=True)
    await api.say("Rae", "y", forwarded=True)
    await api.say("Rae", "z", edited=True)
    sam, anonymous, channel, linked, forwarded, edited = (await api.ok("getUpdates"))[-6:]
    assert sam["message"]["entities"][0] == {"type": "bot_command", "offset": 0, "length": 22}
    assert anonymous["message"]["from"]["id"] == 1087968824
    assert anonymous["message"]["sender_chat"]["id"] == FORUM
    assert "from" not in channel["channel_post"]
    assert linked["message"]["is_automatic_forward"]
    assert linked["message"]["from"]["id"] == 777000
    assert forwarded["message"]["forward_origin"]["type"] == "hidden_user"
    assert edited["edited_message"]["text"] == "z"
    assert all(telegram.Update.de_json(update, None) for update in (sam, anonymous, channel, linked, edited))
