"""What Slack alone has: the bot's own page, forms, answers one person sees, and who counts as a channel's admin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from newsbot.core.model import Address, Ask, Button, Inbound, Rendered, Reply, Sent
from newsbot.platforms.slack.answer import payload_of, rows
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.inbound import Me, Origin, from_form, from_press
from newsbot.platforms.slack.view import form, home
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.slack.views import check_view
from tests.contract.front_kit import Door, People, alert, labels, signed_http, slack_platform, socket, until

HOME = Reply(
    "받는 알림\n정치, 경제\n평일 08:00에 모아 받기",
    (Button("정치 끄기", "off politics"), Button("키워드", "keyword")),
    wide=2,
)
QUESTION = Reply("더할 키워드를 보내 주십시오.", ask=Ask("키워드 더하기", "키워드", "keyword", "저장"))
ME = Me("T0SANDBOX", "U0NEWSBOT")


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


@pytest.fixture
async def people(sandbox: Running) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield People(sandbox.url, client)


@pytest.fixture(params=["socket", "http"])
async def door(request: pytest.FixtureRequest, sandbox: Running, people: People) -> AsyncIterator[Door]:
    """What Slack tells a bot that listens by either door."""
    found = Door()
    async with socket(sandbox, found) if request.param == "socket" else signed_http(sandbox, found, people):
        yield found


@pytest.fixture
async def slack(sandbox: Running) -> AsyncIterator[SlackPlatform]:
    platform = slack_platform(sandbox)
    await platform.start()
    yield platform
    await platform.close()


def seen_in(sandbox: Running, channel: str) -> list[Message]:
    return [one for one in sandbox.world.record.messages("slack", channel) if not one.deleted and one.sender == "bot"]


async def opened(people: People, door: Door, user: str = "Rae") -> Any:
    """The page of this person, once it is drawn."""
    door.replies = [HOME]
    assert (await people("home", user=user))["acked"]
    return await people.sees(user, "home")


# --- the page -------------------------------------------------------------------------------------------------------


async def test_the_page_is_drawn_when_it_is_opened(sandbox: Running, people: People, door: Door) -> None:
    page = await opened(people, door)
    (said,) = door.seen
    assert (said.kind, said.address, said.place) == ("home", Address("slack", "D0RAE"), "private")
    assert (said.user, said.genuine, said.discreet, said.text) == ("T0SANDBOX/U0RAE", True, True, "")
    assert [block["type"] for block in page["blocks"]] == ["header", "section", "actions"]
    assert page["blocks"][0]["text"]["text"] == "받는 알림"
    assert page["blocks"][1]["text"]["text"] == "정치, 경제\n평일 08:00에 모아 받기"
    assert [button["label"] for button in page["buttons"]] == ["정치 끄기", "키워드"]
    assert (await people("home", user="Rae", tab="messages"))["acked"]
    assert len(door.seen) == 1
    assert not seen_in(sandbox, "D0RAE"), "the page is no message"
    assert sandbox.world.record.count("slack", "conversations.open") == 0, "the event names the conversation"
    await people("home", user="Rae")
    assert door.seen[1].genuine
    assert door.seen[1].event != said.event


async def test_a_press_on_the_page_changes_the_page_or_is_answered_beside_it(
    sandbox: Running, people: People, door: Door
) -> None:
    await opened(people, door)
    door.replies = [
        Reply("받는 알림\n경제", (Button("정치 켜기", "on politics"),), replaces=True),
        Reply("정치를 껐습니다."),
    ]
    assert (await people("press", user="Rae", view="home", button="정치 끄기"))["acked"]
    said = door.seen[1]
    assert (said.kind, said.text, said.address, said.place) == (
        "press",
        "off politics",
        Address("slack", "D0RAE"),
        "private",
    )
    assert (said.genuine, said.discreet, said.user) == (True, True, "T0SANDBOX/U0RAE")
    page = await people.sees("Rae", "home")
    assert [button["label"] for button in page["buttons"]] == ["정치 켜기"]
    assert [(one.text, one.ephemeral) for one in seen_in(sandbox, "D0RAE")] == [("정치를 껐습니다.", False)]


async def test_a_press_asks_for_the_conversation_once(sandbox: Running, people: People, door: Door) -> None:
    await opened(people, door)
    for _ in range(3):
        await people("press", user="Rae", view="home", button="정치 끄기")
    assert len(door.seen) == 4
    assert sandbox.world.record.count("slack", "conversations.open") == 1


async def test_where_the_conversation_cannot_be_opened_nothing_happens(
    sandbox: Running, people: People, door: Door
) -> None:
    await opened(people, door)
    sandbox.world.faults.add("no_rights", method="conversations.open")
    assert (await people("press", user="Rae", view="home", button="정치 끄기"))["acked"]
    assert len(door.seen) == 1
    await people("press", user="Rae", view="home", button="정치 끄기")
    assert len(door.seen) == 2


async def test_two_quick_taps_leave_the_newer_page(
    sandbox: Running, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.listen.BUDGET", 0.05)
    first = asyncio.Event()

    class Slow(Door):
        async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
            await super().__call__(inbound)
            turn = len(self.seen)
            if turn == 2:
                await first.wait()  # the first tap is answered later than the second comes
            return [Reply(f"{turn}번째", HOME.buttons, replaces=True)]

    door = Slow()
    async with socket(sandbox, door):
        await people("home", user="Rae")
        taps = [asyncio.create_task(people("press", user="Rae", view="home", button="정치 끄기")) for _ in range(2)]
        await door.next(2)
        await asyncio.gather(*taps)
        first.set()
        await door.next(3)
        await until(lambda: sandbox.world.record.count("slack", "views.publish") == 3)
    page = await people.sees("Rae", "home")
    assert page["text"][0] == "3번째"


def test_the_fullest_page_is_one_slack_takes() -> None:
    many = tuple(Button(f"{number}" * 40, str(number)) for number in range(400))
    for text in ("", "한 줄", "가" * 200, "&" * 39_000, "제목\n" + "본문 <x> " * 5000):
        for wide in (0, 2, 30):
            view, parsed = check_view(home(Reply(text, many, wide=wide)), "home")
            assert len(view["blocks"]) <= 100
            assert parsed.blocks
    assert [len(block["elements"]) for block in rows(many[:30])] == [25, 5]
    assert len(payload_of(Reply("가" * 9000, many, wide=2))["blocks"]) == 50


# --- forms ----------------------------------------------------------------------------------------------------------


async def enters(people: People, words: str, user: str = "Rae") -> None:
    """Fill in the open form and send it off."""
    await people("pick", user=user, action_id="news:words", value=words)
    assert (await people("submit", user=user))["shows"] == "closed"


async def test_a_question_on_the_page_is_a_form(sandbox: Running, people: People, door: Door) -> None:
    await opened(people, door)
    door.answers["keyword"] = [QUESTION]
    await people("press", user="Rae", view="home", button="키워드")
    modal = await people.sees("Rae", "modal")
    assert (modal["title"], modal["submit"]) == ("키워드 더하기", "저장")
    assert modal["text"][0] == "더할 키워드를 보내 주십시오."
    door.replies = [Reply("받는 알림\n반도체", replaces=True), Reply("더했습니다.")]
    await enters(people, "반도체  HBM")
    said = door.seen[-1]
    assert (said.kind, said.text, said.address) == ("say", "/keyword 반도체 HBM", Address("slack", "D0RAE"))
    assert (said.user, said.genuine, said.discreet) == ("T0SANDBOX/U0RAE", True, True)
    await until(lambda: [one.text for one in seen_in(sandbox, "D0RAE")] == ["더했습니다."])
    assert (await people.sees("Rae", "home"))["text"] == ["받는 알림", "반도체"]


async def test_a_question_after_a_command_is_a_form_and_its_answer_is_hers_alone(
    sandbox: Running, people: People, door: Door
) -> None:
    door.replies = [QUESTION]
    answer = await people("command", user="Rae", channel="#news", text="keyword")
    assert answer["acked"]
    assert not answer["reply"], "the form asks already"
    await until(lambda: sandbox.world.slack.modals)
    door.replies = [Reply("더했습니다.")]
    await enters(people, "반도체")
    said = door.seen[-1]
    assert (said.text, said.address, said.place, said.discreet) == (
        "/keyword 반도체",
        Address("slack", "C0NEWS"),
        "channel",
        True,
    )
    await until(lambda: seen_in(sandbox, "C0NEWS"))
    assert [(one.text, one.view.get("to")) for one in seen_in(sandbox, "C0NEWS")] == [("더했습니다.", "U0RAE")]


async def test_a_form_that_opens_too_late_is_asked_in_words(sandbox: Running, people: People, door: Door) -> None:
    sandbox.world.faults.add("chat_not_found", method="views.open")
    door.replies = [QUESTION]
    await people("command", user="Rae", channel="#news", text="keyword")
    await until(lambda: seen_in(sandbox, "C0NEWS"))
    (asked,) = seen_in(sandbox, "C0NEWS")
    assert asked.text.startswith("더할 키워드를 보내 주십시오.")
    assert (asked.view.get("to"), labels(asked)) == ("U0RAE", ["키워드 더하기"]), "the form can be tried once more"
    assert await people.sees("Rae", "modal") is None


async def test_who_submits_is_who_speaks(people: People, door: Door) -> None:
    """A stranger of another workspace fills in a form: heard, and not genuine."""
    door.replies = [QUESTION]
    await people("command", user="ext", channel="#news", text="keyword")
    assert await people.sees("ext", "modal")
    door.replies = []
    await enters(people, "반도체", "ext")
    assert (door.seen[-1].user, door.seen[-1].genuine) == ("T0OTHER/U0EXT", False)


def test_a_form_is_within_slacks_limits_and_comes_back_whole() -> None:
    origin = Origin("C0NEWS", "keyword", "https://hooks.example/" + "x" * 200, "ephemeral", "1.000001")
    for ask, text in ((Ask("가" * 40, "나" * 3000, "keyword"), "&" * 9000), (Ask("가", "", "keyword"), "")):
        view, _ = check_view(form(ask, text, origin), "modal")
    body: dict[str, Any] = {
        "user": {"id": "U0RAE", "team_id": "T0SANDBOX"},
        "view": {**view, "id": "V1", "hash": "1.a"},
    }
    body["view"]["state"] = {"values": {"news:words": {"news:words": {"value": "가\n 나"}}}}
    said = from_form(body, ME)
    assert said is not None
    assert (said.text, said.handle.response_url, said.handle.pressed, said.handle.ts) == (
        "/keyword 가 나",
        origin.url,
        "ephemeral",
        "1.000001",
    )
    for broken in ("", "{}", "[]", '"x"', '{"channel":"C","verb":"x","more":1}', "null"):
        assert from_form({**body, "view": {**body["view"], "private_metadata": broken}}, ME) is None
    assert from_form({**body, "view": {**body["view"], "state": {"values": {}}}}, ME) is None
    assert from_form({}, ME) is None


# --- messages -------------------------------------------------------------------------------------------------------


async def test_in_a_channel_a_panel_for_one_changes_for_one(sandbox: Running, people: People, door: Door) -> None:
    door.replies = [HOME]
    answer = await people("command", user="Rae", channel="#news", text="settings")
    door.replies = [Reply("껐습니다.", (Button("정치 켜기", "on politics"),), replaces=True), Reply("하나 더")]
    await people("press", user="Rae", channel="#news", button="정치 끄기", message_ts=answer["ts"])
    await until(lambda: len(seen_in(sandbox, "C0NEWS")) == 2)
    panel, more = seen_in(sandbox, "C0NEWS")
    assert (panel.message_id, panel.text.split("[")[0].strip(), labels(panel)) == (
        answer["ts"],
        "껐습니다.",
        ["정치 켜기"],
    )
    assert (more.text, more.view["to"]) == ("하나 더", "U0RAE")
    assert (door.seen[1].discreet, door.seen[1].place) == (True, "channel")
    door.replies = [Reply("관리자만 바꿀 수 있습니다.", passing=True)]
    await people("press", user="Rae", channel="#news", button="정치 켜기")
    await until(lambda: len(seen_in(sandbox, "C0NEWS")) == 3)
    assert labels(seen_in(sandbox, "C0NEWS")[0]) == ["정치 켜기"]
    assert sandbox.world.record.count("slack", "chat.update") == 0


async def test_a_panel_everybody_sees_is_updated(
    sandbox: Running, people: People, door: Door, slack: SlackPlatform
) -> None:
    channel = Address("slack", "C0NEWS")
    sent = await slack.send(channel, Rendered("chat.postMessage", payload_of(HOME)))
    assert isinstance(sent, Sent)
    door.replies = [Reply("바꿨습니다.", replaces=True)]
    await people("press", user="Rae", channel="#news", button="정치 끄기")
    await until(lambda: sandbox.world.record.count("slack", "chat.update"))
    (panel,) = seen_in(sandbox, "C0NEWS")
    assert (panel.text, labels(panel), panel.ephemeral) == ("바꿨습니다.", [], False)
    assert not door.seen[0].discreet
    door.replies = [HOME]


async def test_under_an_alert_in_a_channel_the_presser_alone_is_told(
    sandbox: Running, people: People, door: Door, slack: SlackPlatform
) -> None:
    sent = await slack.send(Address("slack", "C0NEWS"), alert("slack"))
    assert isinstance(sent, Sent)
    door.replies = [Reply("받는 알림", HOME.buttons, replaces=True)]
    await people("press", user="Sam", channel="#news", button="설정")
    await until(lambda: len(seen_in(sandbox, "C0NEWS")) == 2)
    story, panel = seen_in(sandbox, "C0NEWS")
    assert labels(story) == ["기사 보기", "설정"]
    assert panel.view["to"] == "U0SAM"
    assert door.seen[0].discreet
    assert sandbox.world.record.count("slack", "chat.update") == 0


def test_a_press_without_a_place_or_a_value_says_nothing() -> None:
    body: dict[str, Any] = {"user": {"id": "U0RAE", "team_id": "T0SANDBOX"}, "view": {"type": "home"}}
    press = {**body, "actions": [{"action_id": "news:0", "value": "x"}], "container": {"type": "view"}}
    assert from_press(press, ME) is None
    assert from_press(press, ME, "D0RAE") is not None
    assert from_press({**press, "actions": [{"action_id": "news:0"}]}, ME, "D0RAE") is None
