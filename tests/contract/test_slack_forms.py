"""Slack's forms: what is wrong is told beside the field, what is right on the page; and whose language is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from newsbot.core.model import Ask, Button, Inbound, Reply
from newsbot.platforms.slack.answer import as_entered, asked_again, payload_of
from newsbot.platforms.slack.inbound import Origin
from newsbot.platforms.slack.tongue import AGAIN, KEPT, Tongues
from newsbot.platforms.slack.view import form
from newsbot.platforms.slack.wire import Wire
from newsbot.platforms.slack.workspaces import Workspace
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running, serve
from tests.contract.front_kit import Door, People, labels, signed_http, slack_platform, socket, until

HOURS = Ask("조용한 시간", "예: 23-7", "quiet")
QUESTION = Reply("조용한 시간을 적어 주십시오: /quiet 23-7 · 끄기: /quiet 끄기", ask=HOURS)
WRONG = Reply("25:00은 없는 시각입니다.\n예: /quiet 23-7", ask=HOURS)
PAGE = Reply("지금 설정\n조용한 시간: 22-7", (Button("조용한 시간", "quiet"),))


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
    found = Door(quiet=[QUESTION])
    found.answers["quiet 25:00"] = [WRONG]
    async with socket(sandbox, found) if request.param == "socket" else signed_http(sandbox, found, people):
        yield found


def seen_in(sandbox: Running, channel: str) -> list[Message]:
    return [one for one in sandbox.world.record.messages("slack", channel) if not one.deleted and one.sender == "bot"]


async def enters(people: People, words: str) -> dict[str, Any]:
    await people("pick", user="Rae", action_id="news:words", value=words)
    return await people("submit", user="Rae")


async def test_what_is_wrong_is_told_beside_the_field_and_can_be_corrected(
    sandbox: Running, people: People, door: Door
) -> None:
    await people("command", user="Rae", channel="#news", text="quiet")
    modal = await until(lambda: sandbox.world.slack.modals.get("U0RAE"))
    assert modal.given["blocks"][0]["text"]["text"] == "조용한 시간을 적어 주십시오: 23-7 · 끄기: 끄기"
    for _ in range(2):  # the same once more is wrong once more, and no repeated delivery
        answer = await enters(people, "25:00")
        assert answer["shows"] == "errors"
        assert answer["errors"] == {"news:words": "25:00은 없는 시각입니다. 예: 23-7"}
    assert not seen_in(sandbox, "C0NEWS"), "nothing is said anywhere else"
    door.replies = [Reply("22-07에는 조용히 합니다.")]
    assert (await enters(people, "22-7"))["shows"] == "closed"
    await until(lambda: [one.text for one in seen_in(sandbox, "C0NEWS")] == ["22-07에는 조용히 합니다."])
    events = [one.event for one in door.seen]
    assert len(events) == len(set(events)) == 4


async def test_what_a_form_of_the_page_changed_is_shown_there(sandbox: Running, people: People, door: Door) -> None:
    door.replies = [PAGE]
    await people("home", user="Rae")
    await people("press", user="Rae", view="home", button="조용한 시간")
    door.answers["quiet 22-7"] = [Reply("22-07에는 조용히 합니다.\n긴급은 옵니다.", (Button("되돌리기", "quiet off"),))]
    assert (await enters(people, "22-7"))["shows"] == "closed"
    await until(lambda: seen_in(sandbox, "D0RAE"))
    page = await people.sees("Rae", "home")
    assert page["text"][:2] == ["지금 설정", "22-07에는 조용히 합니다.\n\n조용한 시간: 22-7"]
    assert [button["label"] for button in page["buttons"]] == ["조용한 시간"]
    (said,) = seen_in(sandbox, "D0RAE")
    assert labels(said) == ["되돌리기"]
    asked = door.seen[-1]
    assert (asked.kind, asked.genuine, asked.user) == ("home", True, "T0SANDBOX/U0RAE")


async def test_a_refused_press_on_the_page_is_answered_on_the_page(
    sandbox: Running, people: People, door: Door
) -> None:
    door.replies = [PAGE]
    await people("home", user="Rae")
    door.answers["quiet"] = [Reply("이 버튼은 오래되었습니다.")]
    await people("press", user="Rae", view="home", button="조용한 시간")
    await until(lambda: len(door.seen) == 3)
    await until(lambda: sandbox.world.record.count("slack", "views.publish") == 2)
    page = await people.sees("Rae", "home")
    assert page["text"][:2] == ["지금 설정", "이 버튼은 오래되었습니다.\n\n조용한 시간: 22-7"]
    assert not seen_in(sandbox, "D0RAE")


async def test_typed_words_that_are_wrong_are_answered_and_the_form_is_offered(
    sandbox: Running, people: People, door: Door
) -> None:
    answer = await people("command", user="Rae", channel="#news", text="quiet 25:00")
    assert answer["reply"]["response_type"] == "ephemeral"
    assert "25:00은 없는 시각입니다." in answer["reply"]["text"]
    assert not sandbox.world.slack.modals
    await people("press", user="Rae", channel="#news", button="조용한 시간", message_ts=answer["ts"])
    await until(lambda: sandbox.world.slack.modals.get("U0RAE"))


async def test_a_door_that_is_slow_to_say_what_is_wrong_says_it_afterwards(
    sandbox: Running, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.slack.listen.BUDGET", 0.05)
    gate = asyncio.Event()

    class Slow(Door):
        async def __call__(self, inbound: Inbound) -> Sequence[Reply]:
            if inbound.text == "/quiet 25:00":
                await gate.wait()
            return await super().__call__(inbound)

    door = Slow(quiet=[QUESTION])
    door.answers["quiet 25:00"] = [WRONG]
    async with socket(sandbox, door):
        await people("command", user="Rae", channel="#news", text="quiet")
        await until(lambda: sandbox.world.slack.modals.get("U0RAE"))
        assert (await enters(people, "25:00"))["shows"] == "closed"
        gate.set()
        await until(lambda: seen_in(sandbox, "C0NEWS"))
    (said,) = seen_in(sandbox, "C0NEWS")
    assert "25:00은 없는 시각입니다." in said.text
    assert (labels(said), said.view["to"]) == (["조용한 시간"], "U0RAE")


def test_a_form_asks_for_no_command() -> None:
    assert as_entered("보내기: /quiet 23-7 · /zone 뉴욕", "quiet") == "보내기: 23-7 · /news zone 뉴욕"
    assert (
        as_entered("/quiet 23-7 (/quiet off) a/quiet 1 /quiet", "quiet @C0NEWS") == "23-7 (off) a/quiet 1 /news quiet"
    )
    assert as_entered("쓰기: /report K7F3M 날짜", "report K7F3M") == "쓰기: 날짜"
    assert asked_again([WRONG]) == "25:00은 없는 시각입니다. 예: 23-7"
    assert len(asked_again([Reply("가" * 900, ask=HOURS)])) == 300
    assert asked_again([]) == asked_again([Reply("됐습니다.")]) == asked_again([WRONG, WRONG]) == ""


@pytest.mark.parametrize(
    ("title", "submit", "label"),
    [
        ("조용한 시간", "저장", "저장"),
        ("기사 찾기", "", "기사 찾기"),
        ("가" * 30, "", "가" * 24),
        ("x", "나" * 30, "나" * 24),
    ],
)
def test_the_button_of_a_form_says_what_it_does(title: str, submit: str, label: str) -> None:
    shown = form(Ask(title, "", "quiet", submit), "", Origin("C0NEWS", "quiet"))
    assert shown["submit"]["text"] == label


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("제목\nhttps://example.com/a?b=1&c=2\n끝", "제목\n<https://example.com/a?b=1&amp;c=2>\n끝"),
        ("https://example.com/정치/1", "<https://example.com/정치/1>"),
        ("제목 https://example.com/a", "제목 https://example.com/a"),
        ("<https://example.com|x>", "&lt;https://example.com|x&gt;"),
        ("https://example.com/a|x", "https://example.com/a|x"),
    ],
)
def test_an_address_alone_on_its_line_can_be_followed(said: str, shown: str) -> None:
    assert payload_of(Reply(said)) == {"text": shown}


# --- languages ---------------------------------------------------------------------------------------------------------


async def test_a_person_is_asked_for_once(sandbox: Running, people: People, door: Door) -> None:
    sandbox.world.slack.users["U0SAM"].locale = "fr-FR"
    for user in ("Rae", "Sam", "Rae", "Sam", "ext"):
        await people("command", user=user, channel="#news", text="topics")
    await people("home", user="Sam")
    assert [(one.user, one.language) for one in await door.next(6)] == [
        ("T0SANDBOX/U0RAE", "ko"),
        ("T0SANDBOX/U0SAM", "en"),
        ("T0SANDBOX/U0RAE", "ko"),
        ("T0SANDBOX/U0SAM", "en"),
        ("T0OTHER/U0EXT", ""),
        ("T0SANDBOX/U0SAM", "en"),
    ]
    assert sandbox.world.record.count("slack", "users.info") == 2


@pytest.mark.parametrize("fault", ["5xx", "garbage", "429"])
async def test_an_answer_never_fails_for_want_of_a_language(
    sandbox: Running, people: People, door: Door, fault: str
) -> None:
    sandbox.world.faults.add(fault, method="users.info", times=-1)
    door.replies = [Reply("받는 알림")]
    for _ in range(3):
        assert (await people("command", user="Rae", channel="#news", text="topics"))["reply"]["text"] == "받는 알림"
    assert [one.language for one in door.seen] == ["", "", ""]
    assert sandbox.world.record.count("slack", "users.info") == 1, "not asked before every answer"


async def test_a_language_is_forgotten_after_a_day_and_asked_in_a_second(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    platform = slack_platform(sandbox)
    wire = Wire(f"{sandbox.url}/api/")
    await platform.start()
    space: Workspace = platform._spaces.home
    tongues = Tongues(wire, lambda: now)
    rae = sandbox.world.slack.users["U0RAE"]
    assert await tongues.of(space, "U0RAE") == "ko"
    rae.locale = "en-GB"
    now = KEPT - 1
    assert await tongues.of(space, "U0RAE") == "ko"
    now = KEPT + 1
    sandbox.world.faults.add("5xx", method="users.info")
    assert await tongues.of(space, "U0RAE") == "ko", "what was known is better than nothing"
    now += AGAIN + 1
    assert await tongues.of(space, "U0RAE") == "en"
    monkeypatch.setattr("newsbot.platforms.slack.tongue.PATIENCE", 0.02)
    monkeypatch.setattr("newsbot.platforms.slack.tongue.PATIENCE", 0.05)
    sandbox.world.faults.add("hang", method="users.info", args={"seconds": 5})
    assert await tongues.of(space, "U0SAM") == ""
    monkeypatch.setattr("newsbot.platforms.slack.tongue.MOST", 2)
    now += 1
    await tongues.of(space, "U0ED")
    assert [user for _, user in tongues._known] == ["U0SAM", "U0ED"]
    await wire.close()
    await platform.close()
