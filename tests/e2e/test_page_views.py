"""The sandbox's page with a Slack App Home, a modal, and Telegram panels that change themselves, in a real browser."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.cast import until
from tests.e2e.browser import chromium
from tests.e2e.page_kit import HOSTILE, RAE, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no `chromium` on the PATH (Debian: apt-get install chromium)"),
]

TOPICS = [("politics", "정치"), ("economy", "경제"), ("world", "국제"), ("culture", "문화")]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(value: str, label: str) -> dict[str, Any]:
    return {"text": plain(label), "value": value}


def home(chosen: set[str]) -> dict[str, Any]:
    """The App Home of somebody who takes these topics."""
    options = [option(*topic) for topic in TOPICS]
    first = [one for one in options if one["value"] in chosen]
    topics = {"type": "checkboxes", "action_id": "topics", "options": options}
    topics |= {"initial_options": first} if first else {}
    least = {"type": "static_select", "action_id": "least", "placeholder": plain("얼마나 급한 것부터")}
    least |= {"options": [option("flash", "속보만"), option("normal", "모두")]}
    more = {"type": "button", "action_id": "more", "text": plain("자세히 정하기"), "style": "primary"}
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("알림 설정")},
            {"type": "section", "text": mrkdwn(f"*{len(chosen)}개 주제* · 바로 받습니다.")},
            {"type": "actions", "block_id": f"topics-{len(chosen)}", "elements": [topics]},
            {"type": "divider"},
            {"type": "section", "text": mrkdwn("*급한 정도*\n밤에는 속보만 소리가 납니다."), "accessory": least},
            {
                "type": "actions",
                "elements": [more, {"type": "button", "action_id": "mute", "text": plain("2시간 쉬기")}],
            },
            {"type": "context", "elements": [mrkdwn("나에게만 보이는 화면입니다.")]},
        ],
    }


def field(label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": label, "label": plain(label), "element": element, **more}


KINDS = [option("plain", "제목만"), option("whole", "제목과 요약"), option("image", "사진까지")]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "settings",
    "title": plain("자세한 설정"),
    "submit": plain("저장"),
    "close": plain("취소"),
    "blocks": [
        {"type": "section", "text": mrkdwn("방해하지 않을 시간과 찾을 낱말을 정합니다.")},
        field("찾을 낱말", {"type": "plain_text_input", "action_id": "words", "placeholder": plain("반도체, 예시군")}),
        field(
            "조용히 할 때부터",
            {"type": "timepicker", "action_id": "from", "initial_time": "23:00", "timezone": "Asia/Seoul"},
        ),
        field("모양", {"type": "radio_buttons", "action_id": "form", "options": KINDS, "initial_option": KINDS[1]}),
        field(
            "빼고 싶은 주제",
            {"type": "multi_static_select", "action_id": "without", "options": [option(*topic) for topic in TOPICS]},
            optional=True,
            hint=plain("고르지 않으면 모두 받습니다."),
        ),
    ],
}


class Front:
    """A small app: its Home is redrawn after each choice, its modal refuses an empty list of words."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self.chosen: dict[str, set[str]] = {}
        self.saved: list[dict[str, Any]] = []
        self.acts: list[str] = []
        self.app = AsyncApp(client=client, signing_secret="x")
        self.app.event("app_home_opened")(self.opened)
        for name in ("topics", "least", "mute", "more"):
            self.app.action(name)(self.act)
        self.app.view("settings")(self.save)

    async def show(self, user: str) -> None:
        await self.client.views_publish(user_id=user, view=home(self.chosen.setdefault(user, {"politics"})))

    async def opened(self, event: dict[str, Any]) -> None:
        await self.show(event["user"])

    async def act(self, ack: Any, body: dict[str, Any]) -> None:
        user, action = body["user"]["id"], body["actions"][0]
        if action["action_id"] == "more":
            await self.client.views_open(trigger_id=body["trigger_id"], view=copy.deepcopy(MODAL))
        elif action["action_id"] == "topics":
            self.chosen[user] = {one["value"] for one in action["selected_options"]}
            await self.show(user)
        self.acts.append(action["action_id"])
        await ack()

    async def save(self, ack: Any, body: dict[str, Any]) -> None:
        values = body["view"]["state"]["values"]
        if values["찾을 낱말"]["words"]["value"] == "가":
            await ack(response_action="errors", errors={"찾을 낱말": "두 글자 이상 적어 주십시오."})
            return
        self.saved.append(values)
        await ack()


@pytest.fixture
async def front(page: Page) -> AsyncIterator[Front]:
    async with aiohttp.ClientSession() as session:
        state = page.world.slack
        client = AsyncWebClient(
            state.bot_token, base_url=f"{page.sandbox.url}/api/", session=session, retry_handlers=[]
        )
        made = Front(client)
        handler = AsyncSocketModeHandler(made.app, state.app_token)
        await handler.connect_async()
        await until(lambda: bool(state.wire.sockets))
        yield made
        await handler.close_async()


async def opens_home(page: Page, person: str = "U0RAE") -> None:
    await page.browser.click("#sl-list [data-chat=home]")
    choose = "(n, who) => { n.value = who; n.dispatchEvent(new Event('change')); }"
    await page.browser.js(f"({choose})(document.querySelector('#sl-head select'), {json.dumps(person)})")
    await page.reads("알림 설정", "sl-home")


async def test_a_home_follows_what_is_chosen_in_it(page: Page, front: Front) -> None:
    await opens_home(page)
    await page.reads("1개 주제 · 바로 받습니다.", "sl-home")
    checks = "[...document.querySelectorAll('#sl-home input[type=checkbox]')]"
    assert await page.browser.js(f"{checks}.map(n => n.checked).join()") == "true,false,false,false"
    await page.browser.click("#sl-home label", "국제")
    await page.reads("2개 주제 · 바로 받습니다.", "sl-home")
    assert await page.browser.js(f"{checks}.map(n => n.checked).join()") == "true,false,true,false"
    assert front.chosen["U0RAE"] == {"politics", "world"}
    choose = "n => { n.value = 'flash'; n.dispatchEvent(new Event('change')); }"
    await page.browser.js(f"({choose})(document.querySelector('#sl-home select'))")
    await until(lambda: "least" in front.acts, "the urgency")
    await opens_home(page, "U0ED")
    await page.reads("1개 주제 · 바로 받습니다.", "sl-home")
    await page.browser.click("#sl-head .choice button", "메시지")
    await page.browser.shows("document.getElementById('sl-home').hidden && !document.getElementById('sl-form').hidden")
    assert "ed" in await page.browser.text("#sl-head")


async def test_a_modal_is_filled_in_refused_and_saved(page: Page, front: Front) -> None:
    await opens_home(page)
    await page.browser.click("#sl-home .button", "자세히 정하기")
    await page.reads("방해하지 않을 시간", "sl-modal")
    assert await page.browser.text("#sl-modal-title") == "자세한 설정"
    submit = "document.getElementById('sl-modal').requestSubmit()"
    await page.browser.js(submit)
    await page.reads("Please complete this required field.", "sl-modal")
    await page.browser.click("#sl-modal label", "사진까지")
    await until(lambda: "image" in json.dumps(page.world.slack.modals["U0RAE"].values), "the choice")
    words = "n => { n.value = '가'; n.dispatchEvent(new Event('input')); }"
    await page.browser.js(f"({words})(document.querySelector('#sl-modal input[autocomplete]'))")
    await page.browser.js(submit)
    await page.reads("두 글자 이상 적어 주십시오.", "sl-modal")
    assert await page.browser.js("document.querySelector('#sl-modal input[autocomplete]').value") == "가"
    await page.browser.js(f"({words.replace('가', '반도체')})(document.querySelector('#sl-modal input[autocomplete]'))")
    await page.browser.js(submit)
    await page.browser.shows("document.getElementById('sl-veil').hidden")
    (saved,) = front.saved
    assert saved["찾을 낱말"]["words"]["value"] == "반도체"
    assert saved["모양"]["form"]["selected_option"]["value"] == "image"
    assert saved["조용히 할 때부터"]["from"]["selected_time"] == "23:00"
    await page.browser.click("#sl-home .button", "자세히 정하기")
    await page.browser.shows("!document.getElementById('sl-veil').hidden")
    await page.browser.click("#sl-modal footer .button", "취소")
    await page.browser.shows("document.getElementById('sl-veil').hidden")
    assert len(front.saved) == 1


async def test_views_can_be_read_in_light_and_dark_and_fit_a_phone(page: Page, front: Front) -> None:
    await opens_home(page)
    home_parts = ["#sl-home h4", "#sl-home p", "#sl-home .context", "#sl-home .choices span", "#sl-home .button"]
    assert await page.faint([*home_parts, "#sl-home .button.primary", "#sl-head .choice button"]) == {}
    await page.browser.click("#sl-home .button", "자세히 정하기")
    await page.reads("방해하지 않을 시간", "sl-modal")
    await page.browser.js("document.getElementById('sl-modal').requestSubmit()")
    await page.reads("Please complete this required field.", "sl-modal")
    parts = ["h3", ".label", ".label small", ".error", ".hint", ".time small", ".choices span", "footer .button"]
    assert await page.faint([f"#sl-modal {part}" for part in parts]) == {}
    await page.browser.size(390, 844)
    await page.browser.js("document.querySelector('.tabs [data-tab=slack]').click()")
    await page.browser.shows("document.querySelector('#sl-modal footer').checkVisibility()")
    assert await page.browser.js("document.documentElement.scrollWidth") == 390
    assert await page.browser.js("document.querySelector('#sl-modal footer').getBoundingClientRect().bottom") < 844


async def test_a_hostile_view_is_shown_letter_by_letter(page: Page, front: Front) -> None:
    await opens_home(page)
    box = {"type": "checkboxes", "action_id": "topics", "options": [option("x", HOSTILE[:75])]}
    blocks = [
        {"type": "header", "text": plain(HOSTILE)},
        field("a", {"type": "plain_text_input", "action_id": "t", "initial_value": HOSTILE})
        | {"label": plain(HOSTILE)},
        {"type": "actions", "elements": [box]},
    ]
    await front.client.views_publish(user_id="U0RAE", view={"type": "home", "blocks": blocks})
    await page.browser.shows(f"document.querySelector('#sl-home h4')?.innerText === {json.dumps(HOSTILE)}")
    assert await page.browser.js("document.querySelector('#sl-home input[autocomplete]').value") == HOSTILE
    assert await page.browser.js("document.images.length") == 0
    assert await page.browser.js("document.title") == "newsbot sandbox"


def panel(on: bool) -> dict[str, Any]:
    row = [{"text": f"정치 {'✓' if on else '·'}", "callback_data": "t:p"}, {"text": "경제 ·", "callback_data": "t:e"}]
    return {"inline_keyboard": [row, [{"text": "됐습니다", "callback_data": "done"}]]}


async def heard(page: Page, kind: str, text: str = "") -> dict[str, Any]:
    """The newest update of this kind (and text) once the bot can have it."""

    async def look() -> Any:
        found = [update[kind] for update in await page.telegram("getUpdates") if kind in update]
        return next((one for one in reversed(found) if text in one.get("text", "")), None)

    update: dict[str, Any] = await until(look, f"{kind} {text}")
    return update


async def test_a_telegram_panel_changes_in_place(page: Page) -> None:
    post = await page.telegram("sendMessage", chat_id=RAE, text="무엇을 받으시겠습니까?", reply_markup=panel(False))
    await page.browser.click(".key", "정치 ·")
    query = await heard(page, "callback_query")
    await page.telegram("answerCallbackQuery", callback_query_id=query["id"])
    where = {"chat_id": RAE, "message_id": post["message_id"]}
    await page.telegram("editMessageReplyMarkup", **where, reply_markup=panel(True))
    await page.browser.shows("document.querySelector('.key')?.innerText === '정치 ✓'")
    assert await page.browser.js("document.querySelectorAll('.bubble .was').length") == 0, "buttons alone mark no edit"
    assert await page.browser.js("document.querySelectorAll('.keys').length") == 1


async def test_a_question_is_answered_as_a_reply_and_the_menu_is_the_persons(page: Page) -> None:
    await page.telegram(
        "setMyCommands",
        commands=[{"command": "settings", "description": "설정"}],
        scope={"type": "all_private_chats"},
    )
    await page.telegram("setMyCommands", commands=[{"command": "news", "description": "그룹"}])
    await page.browser.click("#tg-menu")
    await page.browser.shows("document.getElementById('tg-commands').innerText.includes('/settings')")
    assert "/news" not in await page.browser.text("#tg-commands")
    await page.browser.click("#tg-commands button")
    asks = {"force_reply": True, "input_field_placeholder": "반도체"}
    asked = await page.telegram("sendMessage", chat_id=RAE, text="어떤 낱말을 찾을까요?", reply_markup=asks)
    await page.browser.shows("document.getElementById('tg-reply').innerText === '답장: 어떤 낱말을 찾을까요?'")
    assert await page.browser.js("document.querySelector('#tg-form textarea').placeholder") == "반도체"
    await page.types("예시군 다리")
    await page.sends()
    said = await heard(page, "message", "예시군 다리")
    assert said["reply_to_message"]["message_id"] == asked["message_id"]
    await page.browser.shows("document.getElementById('tg-reply').hidden")


async def test_a_deep_link_starts_the_bot_without_leaving_the_page(page: Page) -> None:
    link = "https://t.me/sandbox_news_bot?start=politics"
    rows = [[{"text": "구독하기", "url": link}], [{"text": "다른 봇", "url": "https://t.me/other_bot?start=x"}]]
    await page.telegram("sendMessage", chat_id=-200, text="독자를 찾습니다", reply_markup={"inline_keyboard": rows})
    await page.open("예시 모임")
    await page.reads("독자를 찾습니다")
    await page.browser.js("document.querySelector('#tg-form select').value = '9001'")
    await page.browser.click(".key", "구독하기")
    await page.browser.shows("document.querySelector('#tg-head h3').innerText === 'Sam'")
    await page.reads("/start politics")
    assert (await heard(page, "message", "/start politics"))["chat"]["id"] == 9001
    await page.open("예시 모임")
    await page.browser.click(".key", "다른 봇")
    await page.browser.shows("document.getElementById('open-link').open")
