"""Telegram's stand-in against real clients: who may write where, edits, deletes and limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
import telegram
from telegram.request import HTTPXRequest

from tests.contract.telegram_kit import CHANNEL, ED, FORUM, GROUP, RAE, SAM, Api


async def test_token_and_method_are_checked(api: Api) -> None:
    answer = await api.client.post(f"{api.running.url}/bot1:x/getMe")
    assert (answer.status_code, answer.json()["description"]) == (401, "Unauthorized")
    assert await api.error("sendAlert") == (404, "Not Found: method not found")
    assert (await api.client.get(f"{api.base}/GETME")).json()["result"]["username"] == "sandbox_news_bot"


async def test_json_form_query_and_multipart_mean_the_same(api: Api) -> None:
    url = f"{api.base}/sendMessage"
    preview = json.dumps({"is_disabled": True})
    form = {"chat_id": str(RAE), "text": "b", "disable_notification": "true", "link_preview_options": preview}
    first = await api.client.post(url, data=form)
    second = await api.client.get(url, params={"chat_id": RAE, "text": "c"})
    third = await api.client.post(url, files={"chat_id": (None, str(RAE)), "text": (None, "한글")})
    numbers = [answer.json()["result"]["message_id"] for answer in (first, second, third)]
    assert numbers == [2, 3, 4]
    texts = [(message.text, message.silent) for message in api.world.record.messages("telegram", RAE)]
    assert texts == [("/start", False), ("b", True), ("c", False), ("한글", False)]


RIGHTS = [
    ({"chat_id": 777}, (400, "Bad Request: chat not found")),
    ({"chat_id": "@nobody_here"}, (400, "Bad Request: chat not found")),
    ({"chat_id": SAM}, (403, "Forbidden: bot can't initiate conversation with a user")),
    ({"chat_id": FORUM, "message_thread_id": 1}, (400, "Bad Request: message thread not found")),
    ({"chat_id": FORUM, "message_thread_id": 99}, (400, "Bad Request: message thread not found")),
    ({"chat_id": RAE, "reply_parameters": {"message_id": 99}}, (400, "Bad Request: message to be replied not found")),
]


@pytest.mark.parametrize(("params", "wanted"), RIGHTS)
async def test_where_the_bot_may_write(api: Api, params: dict[str, Any], wanted: tuple[int, str]) -> None:
    assert await api.error("sendMessage", text="x", **params) == wanted


KICKED = [
    (GROUP, "kicked", (403, "Forbidden: bot was kicked from the group chat")),
    (GROUP, "left", (403, "Forbidden: bot is not a member of the group chat")),
    (FORUM, "kicked", (403, "Forbidden: bot was kicked from the supergroup chat")),
    (FORUM, "restricted", (400, "Bad Request: not enough rights to send text messages to the chat")),
    (CHANNEL, "kicked", (403, "Forbidden: bot was kicked from the channel chat")),
    (CHANNEL, "member", (400, "Bad Request: need administrator rights in the channel chat")),
    (RAE, "kicked", (403, "Forbidden: bot was blocked by the user")),
]


@pytest.mark.parametrize(("chat", "status", "wanted"), KICKED)
async def test_losing_a_chat(api: Api, chat: int, status: str, wanted: tuple[int, str]) -> None:
    await api.control("telegram/member", user="Rae", chat=chat, status=status)
    update = (await api.ok("getUpdates"))[-1]["my_chat_member"]
    assert update["new_chat_member"]["status"] == status
    assert await api.error("sendMessage", chat_id=chat, text="x") == wanted


async def test_a_group_that_moves(api: Api) -> None:
    to = (await api.control("telegram/migrate", chat=GROUP))["to"]
    body = await api.call("sendMessage", chat_id=GROUP, text="x")
    assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["parameters"] == {"migrate_to_chat_id": to}
    assert (await api.ok("sendMessage", chat_id=to, text="x"))["chat"]["type"] == "supergroup"


async def test_topics_replies_and_ids(api: Api) -> None:
    post = await api.ok("sendMessage", chat_id=FORUM, message_thread_id=7, text="x")
    assert (post["message_id"], post["message_thread_id"], post["is_topic_message"]) == (9, 7, True)
    answer = await api.ok("sendMessage", chat_id=FORUM, text="y", reply_parameters={"message_id": 9})
    assert answer["reply_to_message"]["text"] == "x"
    gone = {"message_id": 99, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await api.ok("sendMessage", chat_id=FORUM, text="z", reply_parameters=gone)
    assert "from" not in await api.ok("sendMessage", chat_id="@example_news_flash", text="x")


async def test_edits(api: Api) -> None:
    post = await api.ok("sendMessage", chat_id=RAE, text="규모 5.7")
    where = {"chat_id": RAE, "message_id": post["message_id"]}
    code, words = await api.error("editMessageText", **where, text="규모 5.7")
    assert (code, words.partition(":")[2][:24]) == (400, " message is not modified")
    edited = await api.ok("editMessageText", **where, text="<b>[정정]</b> 규모 5.1", parse_mode="HTML")
    assert edited["edit_date"] >= edited["date"]
    record = api.world.record.find("telegram", RAE, str(post["message_id"]))
    assert record is not None
    assert (record.text, record.edits[0]["text"]) == ("[정정] 규모 5.1", "규모 5.7")
    markup = {"inline_keyboard": [[{"text": "설정", "callback_data": "s"}]]}
    assert (await api.ok("editMessageReplyMarkup", **where, reply_markup=markup))["reply_markup"] == markup
    assert (await api.error("editMessageReplyMarkup", **where, reply_markup=markup))[1].startswith(
        "Bad Request: message is not m"
    )
    assert await api.error("editMessageText", chat_id=RAE, message_id=1, text="x") == (
        400,
        "Bad Request: message can't be edited",
    )
    api.clock.advance(60 * 86400)  # own messages stay editable for ever
    await api.ok("editMessageText", **where, text="later")
    await api.ok(
        "deleteMessage", chat_id=RAE, message_id=(await api.ok("sendMessage", chat_id=RAE, text="t"))["message_id"]
    )
    assert await api.error("editMessageText", chat_id=RAE, message_id=99, text="x") == (
        400,
        "Bad Request: message to edit not found",
    )


async def test_an_edit_shows_only_what_it_names(api: Api) -> None:
    link, markup = (
        "https://example.com/a",
        {"inline_keyboard": [[{"text": "기사 보기", "url": "https://example.com/a"}]]},
    )
    first = await api.ok("sendMessage", chat_id=RAE, text="1보")
    post = await api.ok(
        "sendMessage",
        chat_id=RAE,
        text=f"2보 {link}",
        reply_markup=markup,
        reply_parameters={"message_id": first["message_id"]},
        link_preview_options={"url": link, "prefer_large_media": True, "show_above_text": True},
    )
    record = api.world.record.find("telegram", RAE, str(post["message_id"]))
    assert record is not None
    assert record.view["preview"] == {"url": link, "prefer_large_media": True, "show_above_text": True}
    where = {"chat_id": RAE, "message_id": post["message_id"]}
    edited = await api.ok("editMessageText", **where, text=f"2보 {link}")  # the same text, but without the keyboard
    assert "reply_markup" not in edited
    assert "buttons" not in record.view
    assert record.view["preview"] == {"url": link}, "without options the card is the usual one again"
    assert record.view["reply_to"] == first["message_id"], "what a message answers stays"
    assert (await api.error("editMessageText", **where, text=f"2보 {link}"))[1].startswith(
        "Bad Request: message is not m"
    )
    for wrong in ({"reply_parameters": {"message_id": 1}}, {"disable_notification": True}):
        assert (await api.error("editMessageText", **where, text="x", **wrong))[1].startswith(
            "Bad Request: unknown param"
        )


async def test_deletes_end_after_48_hours(api: Api) -> None:
    old = await api.ok("sendMessage", chat_id=CHANNEL, text="old")
    api.clock.advance(47 * 3600)
    young = await api.ok("sendMessage", chat_id=CHANNEL, text="young")
    api.clock.advance(2 * 3600)
    assert await api.error("deleteMessage", chat_id=CHANNEL, message_id=old["message_id"]) == (
        400,
        "Bad Request: message can't be deleted",
    )
    assert await api.ok("deleteMessage", chat_id=CHANNEL, message_id=young["message_id"]) is True
    assert await api.error("deleteMessage", chat_id=CHANNEL, message_id=young["message_id"]) == (
        400,
        "Bad Request: message to delete not found",
    )
    assert [m.deleted for m in api.world.record.messages("telegram", CHANNEL)] == [False, True]


async def test_limits_answer_with_the_real_429(api: Api) -> None:
    for number in range(3):  # the tolerated burst
        await api.ok("sendMessage", chat_id=RAE, text=str(number))
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    api.clock.advance(1)
    await api.ok("sendMessage", chat_id=RAE, text="x")


async def test_groups_take_20_a_minute_and_the_bot_30_a_second(api: Api) -> None:
    for number in range(20):
        await api.ok("sendMessage", chat_id=GROUP, text=str(number))
    assert (await api.error("sendMessage", chat_id=GROUP, text="x"))[1] == "Too Many Requests: retry after 3"
    await api.control("telegram/chats", count=40, first_id=500000)
    api.clock.advance(1)
    bodies = [await api.call("sendMessage", chat_id=500000 + number, text="x") for number in range(31)]
    assert [body["ok"] for body in bodies] == [True] * 30 + [False]
    paid = await api.call("sendMessage", chat_id=500031, text="x", allow_paid_broadcast=True)
    assert paid["ok"]
    await api.control("limits", telegram_rate=1000)
    assert (await api.call("sendMessage", chat_id=500032, text="x"))["ok"]


async def test_python_telegram_bot_speaks_to_it(api: Api) -> None:
    request = HTTPXRequest(read_timeout=5)
    bot = telegram.Bot(api.world.telegram.token, base_url=f"{api.running.url}/bot", request=request)
    async with bot:
        assert bot.username == "sandbox_news_bot"
        button = telegram.InlineKeyboardButton("기사 보기", url="https://example.com/a")
        message = await bot.send_message(
            RAE,
            "<b>속보</b>",
            parse_mode="HTML",
            link_preview_options=telegram.LinkPreviewOptions(url="https://example.com/a", prefer_small_media=True),
            reply_markup=telegram.InlineKeyboardMarkup([[button]]),
            disable_notification=True,
        )
        assert (message.text, message.entities[0].type) == ("속보", "bold")
        edited = await bot.edit_message_text("정정", RAE, message.message_id)
        assert isinstance(edited, telegram.Message)
        await api.say("Rae", "구독 정치")
        assert [update.message.text for update in await bot.get_updates(timeout=0)] == ["구독 정치"]
        admins = await bot.get_chat_administrators(CHANNEL)
        assert {admin.user.first_name for admin in admins} == {"Rae", "Ed", "예시뉴스"}
        assert (await bot.get_chat(FORUM)).is_forum
        assert (await bot.get_chat_member(GROUP, SAM)).status == "member"
        assert await bot.set_my_commands([telegram.BotCommand("start", "시작")])
        assert (await bot.get_my_commands())[0].command == "start"
        await api.control("telegram/member", user="Rae", status="kicked")
        with pytest.raises(telegram.error.Forbidden, match="bot was blocked by the user"):
            await bot.send_message(RAE, "x")
        api.world.faults.add("429", args={"retry_after": 3})
        with pytest.raises(telegram.error.RetryAfter):
            await bot.send_message(ED, "x")
        api.world.faults.add("migrated", args={"to": -1005})
        with pytest.raises(telegram.error.ChatMigrated) as moved:
            await bot.send_message(GROUP, "x")
        assert moved.value.new_chat_id == -1005
