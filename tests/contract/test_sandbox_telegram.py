"""The Telegram stand-in against real clients: what it takes, what it refuses and in which words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import telegram
from telegram.request import HTTPXRequest

from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, first_line, serve
from newsbot.sandbox.telegram_check import Parsed, auto_entities, check_send
from newsbot.sandbox.telegram_error import POLL_ENDED_BY_WEBHOOK, POLL_TWICE, POLL_WHILE_WEBHOOK, ApiError
from newsbot.sandbox.telegram_html import parse_html

RAE, ED, SAM, GROUP, FORUM, CHANNEL = 1001, 2001, 9001, -200, -1001000000300, -1001000000400
ENTITIES = "Bad Request: can't parse entities: "


class Api:
    """One bot's calls to one sandbox."""

    def __init__(self, running: Running, client: httpx.AsyncClient, clock: ManualClock) -> None:
        self.running, self.client, self.clock = running, client, clock
        self.world = running.world
        self.base = f"{running.url}/bot{running.world.telegram.token}"

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        return (await self.client.post(f"{self.base}/{method}", json=params)).json()

    async def ok(self, method: str, **params: Any) -> Any:
        body = await self.call(method, **params)
        assert body["ok"], body
        return body["result"]

    async def error(self, method: str, **params: Any) -> tuple[int, str]:
        body = await self.call(method, **params)
        assert not body["ok"], body
        return body["error_code"], body["description"]

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{self.running.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def say(self, user: str, text: str, **more: Any) -> dict[str, Any]:
        return await self.control("telegram/say", user=user, text=text, **more)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    clock = ManualClock()
    running = await serve(clock=clock)
    async with httpx.AsyncClient(timeout=5) as client:
        made = Api(running, client, clock)
        said = await made.say("Rae", "/start")
        await made.ok("getUpdates", offset=said["update_id"] + 1)
        yield made
    await running.stop()


def shown(text: str, **more: Any) -> Parsed:
    return check_send({"chat_id": 1, "text": text, "parse_mode": "HTML", **more})


def refused(params: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as caught:
        check_send(params)
    return caught.value.description


BROKEN = [
    ("한글<abc>", 'Unsupported start tag "abc" at byte offset 6'),
    ("a<br>b", 'Unsupported start tag "br" at byte offset 1'),
    ("a<br/>b", 'Unsupported start tag "br/" at byte offset 1'),
    ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ("🚨<P>x</P>", 'Unsupported start tag "p" at byte offset 4'),
    ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<i><b>x</b>", 'Can\'t find end tag corresponding to start tag "i"'),
    ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("<b>가<i>x</b></i>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
    ("x</b>", "Unexpected end tag at byte offset 1"),
    ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ("<b", "Unclosed start tag at byte offset 0"),
    ("<a href=https://e.com>x</a>", "Unexpected end of name token at byte offset 8"),
    ('<a href="https://e.com>x</a>', "Unclosed start tag at byte offset 0"),
    ("<a href", 'Unclosed start tag "a" at byte offset 0'),
    ('<a ="x">x</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
    ('<span class="x">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
]


@pytest.mark.parametrize(("source", "detail"), BROKEN)
def test_broken_markup_is_refused_in_the_servers_words(source: str, detail: str) -> None:
    assert refused({"chat_id": 1, "text": source, "parse_mode": "HTML"}) == ENTITIES + detail


GOOD = [
    ("<b>속보</b> x", "속보 x", [("bold", 0, 2)]),
    ("🚨<B>x</b>", "🚨x", [("bold", 2, 1)]),
    ("<b>x</>", "x", [("bold", 0, 1)]),
    ("&lt;b&gt; &amp; &quot; &nbsp; &apos; &#54620;&#x1F6A8;", '<b> & " &nbsp; &apos; 한🚨', []),
    ("<b><i>x</i>y</b>", "xy", [("bold", 0, 2), ("italic", 0, 1)]),
    ('<a href="https://e.com/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
    ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1)]),
    ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
    ('<tg-time unix="1720742580" format="t">9:03</tg-time>', "9:03", [("date_time", 0, 4)]),
    ("  <b> x </b> ", "x", [("bold", 0, 1)]),
    ('<span class="tg-spoiler">x</span><s>y</s><u>z</u>', "xyz", [("spoiler", 0, 1), ("strikethrough", 1, 1)]),
]


@pytest.mark.parametrize(("source", "text", "entities"), GOOD)
def test_good_markup_becomes_text_and_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    parsed = shown(source)
    assert parsed.text == text
    assert [(e["type"], e["offset"], e["length"]) for e in parsed.entities][: len(entities)] == entities


def test_what_the_server_drops_in_silence_is_a_warning() -> None:
    assert shown('<a href="javascript:alert(1)">x</a>').links == []
    assert "javascript" in shown('<a href="javascript:alert(1)">x</a>').warnings[0]
    assert shown("<blockquote>a<blockquote>b</blockquote></blockquote>").warnings
    assert shown("<code><b>x</b></code>").warnings
    assert not shown("<blockquote><b>a</b></blockquote>").warnings


REFUSED = [
    ({"text": "x"}, "chat_id is empty"),
    ({"chat_id": "1", "text": "x"}, 'parameter "chat_id" must be a JSON number'),
    ({"chat_id": "Rae", "text": "x"}, "chat not found"),
    ({"chat_id": 1}, "message text is empty"),
    ({"chat_id": 1, "text": " \n\t"}, "message text is empty"),
    ({"chat_id": 1, "text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
    ({"chat_id": 1, "text": "x" * 4097}, "message is too long"),
    ({"chat_id": 1, "text": "🚨" * 2049}, "message is too long"),
    ({"chat_id": 1, "text": 5}, 'parameter "text" must be a string'),
    ({"chat_id": 1, "text": "\ud800"}, "strings must be encoded in UTF-8"),
    ({"chat_id": 1, "text": "x", "parse_mode": "Fancy"}, "unsupported parse_mode"),
    ({"chat_id": 1, "text": "x", "disable_notification": "true"}, 'parameter "disable_notification" must be JSON bool'),
    ({"chat_id": 1, "text": "x", "disable_web_page_preview": True}, 'unknown parameter "disable_web_page_preview"'),
    ({"chat_id": 1, "text": "x", "link_preview_options": {"x": 1}}, 'unknown field "x" in "link_preview_options"'),
    ({"chat_id": 1, "text": "x", "reply_parameters": {}, "reply_markup": {"keyboard": []}},
     "only inline_keyboard is supported as reply markup"),
    ({"chat_id": 1, "text": "x", "reply_parameters": {"message_id": "2"}},
     'can\'t parse reply_parameters: Field "message_id" must be of type Number'),
    ({"chat_id": 1, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
     "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 1"),
    ({"chat_id": 1, "text": "🚨", "entities": [{"type": "bold", "offset": 0, "length": 1}]},
     "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "detail"), REFUSED)
def test_wrong_parameters_are_never_a_friendly_ok(params: dict[str, Any], detail: str) -> None:
    assert refused(params) == f"Bad Request: {detail}"


BUTTONS = [
    ({"text": "x"}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
    ({"callback_data": "x"}, 'can\'t parse inline keyboard button: Can\'t find field "text"'),
    ({"text": "x", "callback_data": "가" * 22}, "BUTTON_DATA_INVALID"),
    ({"text": "x", "url": "http://localhost/a"},
     "inline keyboard button URL 'http://localhost/a' is invalid: Wrong HTTP URL"),
    ({"text": "x", "url": "ftp://e.com"}, "inline keyboard button URL 'ftp://e.com' is invalid: Wrong HTTP URL"),
    ({"text": "x", "colour": "red"}, 'can\'t parse inline keyboard button: unknown field "colour"'),
]  # fmt: skip


@pytest.mark.parametrize(("button", "detail"), BUTTONS)
def test_wrong_buttons(button: dict[str, Any], detail: str) -> None:
    params = {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
    assert refused(params) == f"Bad Request: {detail}"


def test_limits_hold_to_the_last_unit() -> None:
    assert shown("<b>" + "가" * 4096 + "</b>").text == "가" * 4096
    assert shown("x", reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "a" * 64}]]}).buttons
    row = [{"text": "x", "callback_data": "a"}] * 8
    assert refused({"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [row] * 13}}).endswith("TOO_LONG")


def test_every_link_and_mention_a_reader_gets_is_listed() -> None:
    parsed = shown(
        '@rae_reads www.example.com <a href="https://a.example">b.example</a> <code>c.example</code>'
        '<a href="tg://user?id=5">x</a>',
        reply_markup={"inline_keyboard": [[{"text": "x", "url": "https://d.example"}]]},
        link_preview_options={"is_disabled": True},
    )
    assert parsed.links == ["www.example.com", "https://a.example", "https://d.example"]
    assert parsed.mentions == ["@rae_reads", "5"]
    assert parsed.preview_url is None
    assert shown("a https://e.com/x, b").preview_url == "https://e.com/x"
    assert shown("https://e.com", link_preview_options={"url": "https://f.com"}).preview_url == "https://f.com"


AUTO = [
    ("속보 https://example.com/a(b)? 끝", [("url", "https://example.com/a(b)")]),
    ("(example.co.kr)", [("url", "example.co.kr")]),
    ("규모 5.1 v1.2 3.14", []),
    ("@channel @ab a@b.com", [("mention", "@channel"), ("email", "a@b.com")]),
    ("#속보 #1 a#b #과학_IT", [("hashtag", "#속보"), ("hashtag", "#과학_IT")]),
    ("/stop 10/11 /a/b", [("bot_command", "/stop")]),
    ("$KRW $krw", [("cashtag", "$KRW")]),
]


@pytest.mark.parametrize(("text", "wanted"), AUTO)
def test_bare_text_turns_into_links_by_itself(text: str, wanted: list[tuple[str, str]]) -> None:
    found = [(e["type"], text[e["offset"] : e["offset"] + e["length"]]) for e in auto_entities(text)]
    assert found == wanted


def test_parsing_is_fast_enough_to_judge_every_message() -> None:
    source = (
        "<b>[속보] 예시군 규모 5.1 &amp; 지진</b>\n" + "기상청은 밝혔다. " * 50 + '<a href="https://e.com/a">예시</a>'
    )
    began = time.perf_counter()
    for _ in range(2000):
        parse_html(source)
    assert time.perf_counter() - began < 1.0  # 100,000 in well under a minute, even on a busy machine


async def test_first_line_has_everything_a_bot_needs(api: Api) -> None:
    line = first_line(api.running)
    number, secret = line["telegram_token"].split(":")
    assert number.isdigit()
    assert len(secret) == 35
    assert line["slack_bot_token"].startswith("xoxb-")
    assert line["slack_app_token"].startswith("xapp-")
    assert line["slack_api_base"] == line["telegram_api_base"] + "/api/"
    assert (await api.client.get(line["record"])).json()[0]["text"] == "/start"


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


async def test_polling_hands_out_confirms_and_conflicts(api: Api) -> None:
    waiting = asyncio.create_task(api.call("getUpdates", timeout=5))
    await asyncio.sleep(0.05)
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


FAULTS = [
    ({"kind": "429", "args": {"retry_after": 7}}, 429, "Too Many Requests: retry after 7", 0),
    ({"kind": "5xx"}, 500, "Internal Server Error: restart", 0),
    ({"kind": "5xx", "args": {"status": 502, "processed": True}}, 502, "Bad Gateway", 1),
    ({"kind": "blocked"}, 403, "Forbidden: bot was blocked by the user", 0),
    ({"kind": "kicked"}, 403, "Forbidden: bot was kicked from the group chat", 0),
    ({"kind": "chat_not_found"}, 400, "Bad Request: chat not found", 0),
    ({"kind": "revoked"}, 401, "Unauthorized", 0),
]


@pytest.mark.parametrize(("fault", "status", "words", "visible"), FAULTS)
async def test_scripted_refusals(api: Api, fault: dict[str, Any], status: int, words: str, visible: int) -> None:
    answer = await api.client.post(f"{api.running.url}/sandbox/faults", json=[{"platform": "telegram", **fault}])
    assert answer.status_code == 200
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert (answer.status_code, answer.json()["description"]) == (status, words)
    assert len(api.world.record.messages("telegram", RAE)) == 1 + visible
    assert api.world.record.refused[("telegram", "sendMessage", words)] == 1
    await api.ok("sendMessage", chat_id=RAE, text="y")  # a fault strikes once unless told otherwise


LOST = [
    ("reset", {"processed": True}, httpx.ReadError, 1),
    ("reset", {}, httpx.ReadError, 0),
    ("reset", {"how": "fin"}, httpx.RemoteProtocolError, 0),
    ("hang", {"processed": True, "seconds": 0.2}, httpx.TransportError, 1),
]


@pytest.mark.parametrize(("kind", "args", "error", "visible"), LOST)
async def test_lost_answers(api: Api, kind: str, args: dict[str, Any], error: type[Exception], visible: int) -> None:
    api.world.faults.add(kind, platform="telegram", method="sendMessage", args=args)
    with pytest.raises(error):
        await api.call("sendMessage", chat_id=RAE, text="x")
    assert len(api.world.record.messages("telegram", RAE)) == 1 + visible
    assert api.world.record.requests[-1].status == 0


async def test_a_client_that_gives_up_on_a_hang(api: Api) -> None:
    api.world.faults.add("hang", args={"processed": True, "seconds": 60})
    with pytest.raises(httpx.ReadTimeout):
        await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"}, timeout=0.2)
    assert len(api.world.record.messages("telegram", RAE)) == 2


async def test_other_odd_answers_and_the_script_itself(api: Api) -> None:
    api.world.faults.add("other_chat", args={"to": 5})
    assert (await api.ok("sendMessage", chat_id=RAE, text="x"))["chat"]["id"] == 5
    api.world.faults.add("garbage", chat=str(RAE))
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert (answer.status_code, answer.text[:6]) == (200, "<html>")
    api.clock.advance(10)
    api.world.faults.add("5xx", times=2, after=1, every=2)
    statuses = [(await api.call("getMe"))["ok"] for _ in range(7)]
    assert statuses == [True, True, False, True, False, True, True]
    with pytest.raises(ValueError, match="unknown"):
        api.world.faults.add("gremlin")
    answer = await api.client.post(f"{api.running.url}/sandbox/faults", json=[{"kind": "gremlin"}])
    assert answer.status_code == 400


async def test_the_record_counts_requests(api: Api) -> None:
    before = api.world.record.count("telegram", "sendMessage")
    await api.ok("sendMessage", chat_id=RAE, text="x")
    await api.error("sendMessage", chat_id=RAE)
    seen = (await api.client.get(f"{api.running.url}/sandbox/requests")).json()
    assert api.world.record.count("telegram", "sendMessage") == before + 2
    assert seen["refused"][-1]["error"] == "Bad Request: message text is empty"
    assert sum(api.world.record.arrivals("telegram", "sendMessage").values()) == before + 2


async def test_changes_arrive_as_server_sent_events(api: Api) -> None:
    async with api.client.stream("GET", f"{api.running.url}/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith(":")
        await api.ok("sendMessage", chat_id=RAE, text="x")
        async for line in lines:
            if line.startswith("data: "):
                change = json.loads(line.removeprefix("data: "))
                break
    assert (change["kind"], change["message"]["text"]) == ("message", "x")


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


async def test_the_page_and_the_world_are_served(api: Api) -> None:
    page = await api.client.get(api.running.url)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    for name in ("style.css", "page.js", "telegram.js", "slack.js", "words.js"):
        file = await api.client.get(f"{api.running.url}/{name}")
        assert file.status_code == 200
        assert "innerHTML" not in file.text
    assert (await api.client.get(f"{api.running.url}/../serve.py")).status_code == 404
    world = (await api.client.get(f"{api.running.url}/sandbox/world")).json()
    assert {chat["id"] for chat in world["telegram"]["chats"]} >= {RAE, GROUP, FORUM, CHANNEL}
