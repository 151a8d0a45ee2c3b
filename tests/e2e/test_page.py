"""The sandbox's page in a real browser: what it draws, what its switches do, and that nothing leaves the machine."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from newsbot.sandbox.record import Message
from tests.cast import until
from tests.e2e.browser import chromium
from tests.e2e.page_kit import HOSTILE, RAE, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no `chromium` on the PATH (Debian: apt-get install chromium)"),
]

CHANNEL = -1001000000400
BUBBLES = "document.getElementById('tg-wall')"
PARTS = """
.bubble.in .text | .bubble.in .meta | .bubble.in .text a | .bubble.out .text | .bubble.out .meta | .bubble .key
.card .title | .card .site | .card .path | .tg-row:not([aria-current]) .last | .tg-row:not([aria-current]) time
.tg-row[aria-current] .last | .tg-head p | #tg-note | .tg-search h2 | .message p | .message h4 | .message .context
.message .context a | .message .app | .message .who time | .message .button | .sl-row | .sl-row[aria-current] | .sl-head p
.call .method | .call .chat | .call .why | .call .status | .of.telegram | .of.slack | .kind .switch b
.kind:not(.live) .switch small | .kind.live .hit | .chip | .about | .line | .rate .say
"""


async def test_hostile_text_is_shown_letter_by_letter(page: Page) -> None:
    link = {"url": "https://example.com/a", "prefer_large_media": True}
    await page.telegram("sendMessage", chat_id=RAE, text=HOSTILE, link_preview_options=link)
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": HOSTILE[:75]}}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": HOSTILE}]}],
        },
        {"type": "image", "image_url": "https://example.com/i.png", "alt_text": HOSTILE},
        {"type": "actions", "elements": [button]},
    ]
    await page.slack("chat.postMessage", channel="C0NEWS", text=HOSTILE, blocks=blocks)
    await page.client.post("/sandbox/telegram/say", json={"user": "Sam", "chat": -200, "text": HOSTILE})
    await page.reads(HOSTILE)
    await page.reads(HOSTILE, "sl-wall")
    await page.reads(HOSTILE, "tg-list")
    assert await page.browser.text(".message h4") == HOSTILE
    await page.telegram("sendMessage", chat_id=RAE, text=HOSTILE, parse_mode="HTML")  # refused, and so in the log
    await page.browser.shows("document.querySelector('.call .why').innerText.includes('Unsupported start tag')")
    await page.browser.click(".refused .call")
    await page.browser.shows("document.querySelector('.payload pre')?.innerText.includes('<img src=x onerror=')")
    assert await page.browser.js("document.images.length") == 0
    assert await page.browser.js("document.title") == "newsbot sandbox"


async def test_what_a_visitor_does_reaches_the_bot_and_its_answer_the_visitor(page: Page) -> None:
    seen = (await page.telegram("getUpdates"))[-1]["update_id"]
    rows = [[{"text": "설정", "callback_data": "s:1"}, {"text": "기사 보기", "url": "https://example.com/기사"}]]
    await page.telegram("sendMessage", chat_id=RAE, text="고르기", reply_markup={"inline_keyboard": rows})
    await page.browser.click(".key", "설정")

    async def pressed() -> Any:
        return await page.telegram("getUpdates", offset=seen + 1)

    (update,) = await until(pressed, "the press")
    assert (update["callback_query"]["data"], update["callback_query"]["from"]["id"]) == ("s:1", RAE)
    await page.browser.shows("Boolean(document.querySelector('.key.waiting'))")
    await page.telegram("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="바꾸었습니다")
    await page.browser.shows("document.getElementById('toasts').innerText.includes('바꾸었습니다')")
    await page.browser.shows("!document.querySelector('.key.waiting')")
    await page.browser.click(".key", "기사 보기")  # asks first, and opens nothing by itself
    assert await page.browser.text("#open-url") == "https://example.com/기사"
    assert await page.browser.js("document.getElementById('open-link').open")
    await page.browser.js("document.getElementById('open-link').close()")
    await page.types("구독 정치")
    await page.sends()
    (_, said) = await until(lambda: _two(page, seen), "the words")
    assert (said["message"]["text"], said["message"]["from"]["first_name"]) == ("구독 정치", "Rae")


async def _two(page: Page, seen: int) -> list[Any]:
    found: list[Any] = await page.telegram("getUpdates", offset=seen + 1)
    return found if len(found) == 2 else []


async def test_presses_and_commands_on_slack_reach_the_app(page: Page) -> None:
    opened = await page.client.post(
        "/api/apps.connections.open", headers={"Authorization": f"Bearer {page.world.slack.app_token}"}
    )
    button = {"type": "button", "action_id": "hold", "text": {"type": "plain_text", "text": "보류"}}
    blocks = [{"type": "actions", "elements": [button]}]
    await page.slack("chat.postMessage", channel="C0NEWS", text="x", blocks=blocks)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened.json()["url"]) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await page.browser.click(".message .button", "보류")
        envelope = await socket.receive_json()
        assert envelope["payload"]["actions"][0]["action_id"] == "hold"
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await page.types("/news subscribe all", "sl")
        await page.sends("sl")
        envelope = await socket.receive_json()
        assert (envelope["payload"]["command"], envelope["payload"]["text"]) == ("/news", "subscribe all")
        reply = {"response_type": "ephemeral", "text": "모든 주제를 켰습니다."}
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": reply})
        await page.reads("모든 주제를 켰습니다.", "sl-wall")
        await page.reads("나에게만 표시", "sl-wall")


async def test_a_fault_switched_on_makes_the_api_answer_with_it(page: Page) -> None:
    await page.browser.js("document.getElementById('scope').elements.times.value = '3'")
    await page.browser.click("[data-kind='429']")
    await page.browser.shows("document.querySelector('[data-kind=\"429\"]').ariaChecked === 'true'")
    await page.browser.shows("document.getElementById('active').innerText.includes('429 폭풍')")
    refusal = await page.telegram("sendMessage", chat_id=RAE, text="x")
    assert refusal == "Too Many Requests: retry after 5"
    await page.browser.click("[data-filter='refused']")
    await page.browser.shows("document.getElementById('calls').innerText.includes('Too Many Requests: retry after 5')")
    assert await page.browser.js("document.querySelectorAll('#calls > li').length") == 1, "others were not refused"
    await page.browser.shows("document.querySelector('.kind.live').innerText.includes('2번 남음')")
    await page.browser.click("#clear")
    await page.browser.shows("!document.getElementById('active').innerText.includes('429 폭풍')")
    assert (await page.telegram("sendMessage", chat_id=RAE, text="도착"))["text"] == "도착"
    await page.browser.click("[data-filter='all']")
    await page.browser.js("document.querySelector('[data-filter=refused]').focus()")
    await page.telegram("getMe")
    await page.browser.shows("document.querySelector('.call .method').innerText === 'getMe'")
    assert await page.browser.js("document.activeElement.dataset.filter") == "refused", "a new call takes no focus away"


async def test_real_states_are_changed_from_the_page(page: Page) -> None:
    news = "[...document.querySelectorAll('.rights li')].find(n => n.innerText.startsWith('#news'))"
    await page.browser.js(f"{news}.querySelector('[role=switch]').click()")
    await page.browser.shows(f"{news}.querySelector('[role=switch]').ariaChecked === 'true'")
    assert (await page.slack("chat.postMessage", channel="C0NEWS", text="x"))["error"] == "is_archived"
    choose = "n => { const s = n.querySelector('select'); s.value = 'kicked'; s.dispatchEvent(new Event('change')); }"
    row = "[...document.querySelectorAll('.rights li')].find(n => n.innerText.startsWith('Rae'))"
    await page.browser.js(f"({choose})({row})")
    await until(lambda: page.world.telegram.chats[RAE].members[RAE] == "kicked", "the block")
    assert await page.telegram("sendMessage", chat_id=RAE, text="x") == "Forbidden: bot was blocked by the user"
    await page.browser.shows("document.getElementById('tg-head').innerText.includes('차단')")


async def test_edits_and_deletes_appear_live_and_nothing_typed_is_lost(page: Page) -> None:
    post = await page.telegram("sendMessage", chat_id=RAE, text="지진 규모 5.7", disable_notification=True)
    await page.reads("지진 규모 5.7")
    await page.types("아직 쓰는 중")
    where = {"chat_id": RAE, "message_id": post["message_id"]}
    await page.telegram("editMessageText", **where, text="[정정] 지진 규모 5.1")
    await page.reads("[정정] 지진 규모 5.1")
    await page.browser.click(".bubble .was")
    await page.browser.shows("document.querySelector('.history').innerText.includes('지진 규모 5.7')")
    await page.telegram(
        "sendMessage", chat_id=RAE, text="바로잡음", reply_parameters={"message_id": post["message_id"]}
    )
    await page.browser.shows("document.querySelector('.quoted')?.innerText.includes('[정정] 지진 규모 5.1')")
    await page.telegram("deleteMessage", **where)
    await page.browser.shows("document.querySelector('.bubble .gone')?.innerText.includes('지워진 메시지')")
    await page.browser.shows("document.querySelector('.quoted').innerText.includes('지워진 메시지')")
    ts = (await page.slack("chat.postMessage", channel="C0NEWS", text="1보"))["ts"]
    await page.slack("chat.postMessage", channel="C0NEWS", text="2보", thread_ts=ts)
    await page.slack("chat.update", channel="C0NEWS", ts=ts, text="1보 고침")
    await page.browser.shows("document.getElementById('sl-wall').innerText.includes('1보 고침(편집됨)')")
    await page.browser.click(".replies")
    await page.reads("2보", "sl-wall")
    assert await page.browser.js("document.querySelector('#tg-form textarea').value") == "아직 쓰는 중"


async def test_a_thousand_messages_keep_the_place_one_reads_at(page: Page) -> None:
    for number in range(1000):
        said = Message(
            "telegram", str(CHANNEL), "예시뉴스 속보", f"{number + 500}", f"알림 {number}", {}, 1_784_000_000.0 + number
        )
        page.world.record.add(said)
    await page.browser.shows("document.getElementById('tg-list').innerText.includes('알림 999')")
    await page.open("예시뉴스 속보")
    await page.reads("알림 999")
    assert await page.browser.js(f"{BUBBLES}.querySelectorAll('.bubble').length") == 80
    await page.browser.js("document.querySelector('.older').click()")
    assert await page.browser.js(f"{BUBBLES}.querySelectorAll('.bubble').length") == 160
    middle = "[...document.querySelectorAll('#tg-wall .bubble')].find(n => n.innerText.startsWith('알림 900'))"
    await page.browser.js(f"{middle}.scrollIntoView({{block: 'center'}})")
    await page.browser.shows(f"{BUBBLES}.scrollHeight - {BUBBLES}.scrollTop - {BUBBLES}.clientHeight > 200")
    before = await page.browser.js(f"{middle}.getBoundingClientRect().top")
    await page.browser.js(
        "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
    )  # scroll events come late
    await page.telegram("sendMessage", chat_id=CHANNEL, text="맨 끝의 알림")
    await page.browser.shows("document.querySelector('#tg-wall + .jump').innerText === '새 메시지 1건'")
    assert await page.browser.js(f"{middle}.getBoundingClientRect().top") == before
    await page.browser.js("document.querySelector('#tg-wall + .jump').click()")
    await page.browser.shows(f"{BUBBLES}.scrollHeight - {BUBBLES}.scrollTop - {BUBBLES}.clientHeight < 60")


async def test_main_text_can_be_read_in_light_and_dark(page: Page) -> None:
    link = {"url": "https://example.com/a", "prefer_small_media": True}
    rows = {"inline_keyboard": [[{"text": "설정", "callback_data": "s"}]]}
    text = 'x <a href="https://example.com/a">예시뉴스</a> #정치'
    await page.telegram(
        "sendMessage", chat_id=RAE, text=text, parse_mode="HTML", link_preview_options=link, reply_markup=rows
    )
    await page.client.post("/sandbox/telegram/say", json={"user": "Ed", "text": "/start"})
    await page.telegram("sendMessage", chat_id=9001, text="refused")
    button = {"type": "button", "action_id": "hold", "text": {"type": "plain_text", "text": "보류"}}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "[속보] 예시군"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "정치 · <https://example.com|예시뉴스>"}]},
        {"type": "actions", "elements": [button]},
    ]
    await page.slack("chat.postMessage", channel="C0NEWS", text="x", blocks=blocks)
    await page.client.post("/sandbox/faults", json=[{"kind": "429", "chat": "-200"}])
    await page.browser.shows(
        "Boolean(document.querySelector('.kind.live .hit') && document.querySelector('.message .button'))"
    )
    await page.browser.shows("Boolean(document.querySelector('.tg-row:not([aria-current]) time'))")
    selectors = [part.strip() for line in PARTS.strip().splitlines() for part in line.split("|")]
    assert await page.faint(selectors) == {}


async def test_theme_and_language_are_remembered(page: Page) -> None:
    await page.browser.media("light")
    wall = "getComputedStyle(document.getElementById('sl-wall').parentElement).backgroundColor"
    assert await page.browser.js(wall) == "rgb(255, 255, 255)"
    await page.types("아직 쓰는 중")
    for _ in range(2):  # system, light, dark
        await page.browser.js("document.getElementById('theme').click()")
    await page.browser.js("document.getElementById('language').click()")
    await page.browser.shows("document.getElementById('log').innerText.includes('What the API saw')")
    assert await page.browser.js("document.querySelector('#tg-form textarea').value") == "아직 쓰는 중"
    await page.browser.goto(page.sandbox.url + "/?again")
    await page.reads("예시군 첫 알림")
    assert await page.browser.js("document.documentElement.lang") == "en"
    assert await page.browser.js(wall) == "rgb(26, 29, 33)"
    await page.browser.js("localStorage.clear()")
    await page.browser.goto(page.sandbox.url + "/?english", "en-GB")
    await page.reads("예시군 첫 알림")
    assert await page.browser.js("document.documentElement.lang") == "en"


async def test_a_phone_shows_one_thing_at_a_time(page: Page) -> None:
    await page.browser.size(390, 844)
    parts = "[...document.querySelectorAll('.tg-side, .tg-chat, .sl-side, .sl-chat, #log, #trouble')]"
    shown = f"{parts}.filter(n => n.checkVisibility()).map(n => n.id || n.className).join(' ')"
    assert await page.browser.js(shown) == "tg-side"
    await page.open("Rae")
    assert await page.browser.js(shown) == "tg-chat"
    assert await page.browser.js("document.documentElement.scrollWidth") == 390, "nothing is cut off at the side"
    await page.browser.js("document.querySelector('#tg-head .back').click()")
    assert await page.browser.js(shown) == "tg-side"
    for tab, seen in (("slack", "sl-side"), ("log", "log"), ("trouble", "trouble")):
        await page.browser.js(f"document.querySelector('.tabs [data-tab={tab}]').click()")
        assert await page.browser.js(shown) == seen
