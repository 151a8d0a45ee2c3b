"""How answers are drawn, the same words on both platforms: panels that change in place, links, rows, questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args, get_type_hints

import httpx
import pytest

from newsbot.core.model import Ask, Button, Message, Reply, Sent
from newsbot.sandbox.serve import Running, serve
from tests.contract.front_kit import (
    Door,
    Front,
    OnSlack,
    OnTelegram,
    People,
    alert,
    labels,
    polling,
    socket,
    telegram_platform,
    until,
)

PANEL = Reply("주제를 고르십시오.", (Button("정치", "on politics"), Button("경제", "on economy")), wide=2)
CHANGED = Reply("정치를 켰습니다.", (Button("정치 ✓", "off politics"),), replaces=True)
QUESTION = Reply("더할 키워드를 보내 주십시오.", ask=Ask("키워드 더하기", "키워드", "keyword"))


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    running.world.telegram.chats[1001].started = True
    yield running
    await running.stop()


@pytest.fixture(params=["telegram", "slack"])
async def front(request: pytest.FixtureRequest, sandbox: Running) -> AsyncIterator[Front]:
    """Rae in her own conversation with the bot; "/panel" is answered with a panel."""
    door = Door(panel=[PANEL])
    if request.param == "telegram":
        platform = telegram_platform(sandbox)
        await platform.start()
        async with polling(platform, door):
            yield OnTelegram(sandbox, door, platform)
        await platform.close()
        return
    async with httpx.AsyncClient(timeout=5) as client, socket(sandbox, door) as slack:
        yield OnSlack(sandbox, door, slack, People(sandbox.url, client))


async def shown(front: Front, text: str) -> None:
    """Wait until a message says this."""
    await until(lambda: [one for one in front.messages() if text in one.text])


async def test_an_answer_takes_the_place_of_its_panel(front: Front) -> None:
    await front.writes("/panel")
    await shown(front, "주제를 고르십시오.")
    front.door.replies = [CHANGED]
    await front.presses("정치")
    await shown(front, "정치를 켰습니다.")
    (panel,) = front.messages()
    assert "주제를" not in panel.text
    assert labels(panel) == ["정치 ✓"]
    pressed = front.door.seen[1]
    assert (pressed.kind, pressed.text, pressed.address, pressed.place) == (
        "press",
        "on politics",
        front.home,
        "private",
    )
    front.door.replies = [Reply("모두 껐습니다.", replaces=True)]
    await front.presses("정치 ✓")
    await shown(front, "모두 껐습니다.")
    (panel,) = front.messages()
    assert labels(panel) == []


async def test_the_same_again_is_fine(front: Front) -> None:
    await front.writes("/panel")
    await shown(front, "주제를")
    front.door.replies = [Reply(PANEL.text, PANEL.buttons, wide=2, replaces=True)]
    await front.presses("정치")
    front.door.replies = [CHANGED]
    await front.presses("경제")
    await shown(front, "정치를 켰습니다.")
    assert len(front.messages()) == 1


async def test_an_answer_beside_its_panel_leaves_the_buttons(front: Front) -> None:
    await front.writes("/panel")
    await shown(front, "주제를")
    front.door.replies = [Reply("이 채널의 관리자만 바꿀 수 있습니다.")]
    await front.presses("정치")
    await shown(front, "관리자만")
    panel, answer = front.messages()
    assert labels(panel) == ["정치", "경제"]
    assert labels(answer) == []
    assert not answer.ephemeral, "in a conversation of their own it stays"


async def test_of_two_answers_one_takes_the_place(front: Front) -> None:
    await front.writes("/panel")
    await shown(front, "주제를")
    front.door.replies = [Reply("하나."), CHANGED, Reply("셋.", replaces=True)]
    await front.presses("정치")
    await shown(front, "셋.")
    assert [one.text.split()[0] for one in front.messages()] == ["정치를", "하나.", "셋."]


@pytest.mark.parametrize("kind", get_args(get_type_hints(Message)["kind"]))
async def test_an_alert_is_never_replaced(front: Front, kind: str) -> None:
    sent = await front.platform.send(front.home, alert(front.home.platform, kind=kind))
    assert isinstance(sent, Sent)
    front.door.replies = [CHANGED]
    await front.presses("설정")
    await shown(front, "정치를 켰습니다.")
    story, panel = front.messages()
    assert "예시군 지진" in story.text
    assert labels(story)[-1] == "설정"
    assert labels(panel) == ["정치 ✓"]


async def test_what_cannot_be_changed_is_said_anew(front: Front) -> None:
    """Somebody deleted the panel, and whoever still has it on the screen presses it."""
    await front.writes("/panel")
    await shown(front, "주제를")
    (panel,) = front.messages()
    front.door.replies = [CHANGED]
    await front.loses(panel)
    await shown(front, "정치를 켰습니다.")
    assert [labels(one) for one in front.messages()] == [["정치 ✓"]]


async def test_buttons_stand_in_rows_and_lead_out(front: Front) -> None:
    topics = tuple(Button(f"주제 {number}", f"on {number}") for number in range(6))
    front.door.replies = [Reply("고르십시오.", (*topics, Button("기사", url="https://example.com/a")), wide=3)]
    await front.writes("/settings")
    await shown(front, "고르십시오.")
    (panel,) = front.messages()
    if front.home.platform == "telegram":
        rows = [[button["text"] for button in row] for row in panel.view["buttons"]]
    else:
        blocks = [block for block in panel.payload["blocks"] if block["type"] == "actions"]
        rows = [[one["text"]["text"] for one in block["elements"]] for block in blocks]
    assert [len(row) for row in rows] == [3, 3, 1]
    last = panel.payload["reply_markup"]["inline_keyboard"] if front.home.platform == "telegram" else blocks
    assert "https://example.com/a" in str(last[-1])
    assert "None" not in str(last)


async def test_a_question_is_answered_with_words(front: Front) -> None:
    """Pressed, asked, entered: the words are said after the question's verb."""
    front.door.answers["on politics"] = [QUESTION]
    await front.writes("/panel")
    await shown(front, "주제를")
    await front.presses("정치")
    front.door.replies = [Reply("‘반도체’를 더했습니다.")]
    await front.answers("더할 키워드를", "  반도체 HBM ")
    await shown(front, "더했습니다.")
    said = front.door.seen[-1]
    assert (said.kind, " ".join(said.text.split()), said.address) == ("say", "/keyword 반도체 HBM", front.home)
    assert said.genuine
    assert said.user.endswith("1001" if front.home.platform == "telegram" else "T0SANDBOX/U0RAE")
    assert labels(front.messages()[0]) == ["정치", "경제"], "the panel is still there"


async def test_a_question_nobody_can_open_a_form_for_is_words(front: Front) -> None:
    front.door.replies = [QUESTION]
    await front.writes("키워드")
    await shown(front, "더할 키워드를 보내 주십시오.")
