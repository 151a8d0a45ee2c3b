"""What Telegram alone has: toasts, forced replies, answers that go again, topics, anonymous admins, menus, deep links."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsbot.core.model import Address, Ask, Button, Inbound, Reply, Sent
from newsbot.platforms.telegram import marker, passing
from newsbot.platforms.telegram.answer import payload_of, rows
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram.people import CHANNEL, FORUM, GROUP, RAE, SAM
from tests.contract.front_kit import Door, alert, polling, telegram_platform, until

QUESTION = Reply("더할 키워드를 보내 주십시오.", ask=Ask("키워드 더하기", "키워드", "keyword"))
PRIVATE = Inbound("say", Address("telegram", str(RAE)), "private", str(RAE), "/x", "e")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Running]:
    running = await serve(clock=clock, limits=False)
    running.world.telegram.chats[RAE].started = True
    yield running
    await running.stop()


@pytest.fixture
async def telegram(sandbox: Running) -> AsyncIterator[TelegramPlatform]:
    platform = telegram_platform(sandbox)
    await platform.start()
    yield platform
    await platform.close()


@pytest.fixture
async def door(telegram: TelegramPlatform) -> AsyncIterator[Door]:
    found = Door()
    async with polling(telegram, found):
        yield found


def texts(sandbox: Running, chat: int) -> list[str]:
    return [one.text for one in sandbox.world.record.messages("telegram", chat) if not one.deleted]


def toasts(sandbox: Running) -> list[tuple[str, bool]]:
    """How each press was answered, in order: words, and whether they stay until they are closed."""
    return [(one["text"], one["alert"]) for one in sandbox.world.record.notes if one["kind"] == "answer"]


async def pressed(sandbox: Running, door: Door, user: str, chat: int, message: int | str, **how: Any) -> Inbound:
    """Press "settings" there, and what the door heard once the press is answered."""
    count = len(door.seen)
    person.press(sandbox.world, {"user": user, "chat": chat, "message_id": message, "data": "settings", **how})
    await until(lambda: not sandbox.world.queries)
    return (await door.next(count + 1))[-1]


@pytest.mark.parametrize("chat", [FORUM, CHANNEL])
async def test_under_an_alert_the_presser_alone_is_told(
    sandbox: Running, telegram: TelegramPlatform, door: Door, chat: int
) -> None:
    sent = await telegram.send(Address("telegram", str(chat)), alert("telegram"))
    assert isinstance(sent, Sent)
    before = texts(sandbox, chat)
    for words in ("오늘은 이 소식을 더 보내지 않습니다.", "가" * 200):
        door.replies = [Reply(words)]
        await pressed(sandbox, door, "Sam", chat, sent.ref)
    assert toasts(sandbox) == [("오늘은 이 소식을 더 보내지 않습니다.", False), ("가" * 200, True)]
    assert texts(sandbox, chat) == before
    for reply in (Reply("가" * 201), Reply("고르십시오.", (Button("예", "yes"),)), Reply("😀" * 101)):
        door.replies = [reply]
        await pressed(sandbox, door, "Sam", chat, sent.ref)
        await until(lambda words=reply.text: texts(sandbox, chat)[-1] == words)
    assert [words for words, _ in toasts(sandbox)][2:] == ["", "", ""]
    assert sandbox.world.record.count("telegram", "answerCallbackQuery") == 5


async def test_in_private_an_alerts_press_is_answered_by_a_message(
    sandbox: Running, telegram: TelegramPlatform, door: Door
) -> None:
    sent = await telegram.send(PRIVATE.address, alert("telegram"))
    assert isinstance(sent, Sent)
    door.replies = [Reply("이 소식을 더 보내지 않습니다.", replaces=True)]
    await pressed(sandbox, door, "Rae", RAE, sent.ref)
    assert texts(sandbox, RAE)[-1] == "이 소식을 더 보내지 않습니다."
    assert toasts(sandbox) == [("", False)]


async def test_words_that_come_too_late_for_the_press_are_not_said_to_everybody(
    sandbox: Running, telegram: TelegramPlatform, door: Door, clock: ManualClock
) -> None:
    sent = await telegram.send(Address("telegram", str(CHANNEL)), alert("telegram"))
    assert isinstance(sent, Sent)
    door.replies = [Reply("껐습니다.")]
    sandbox.world.faults.add("5xx", method="answerCallbackQuery")
    before = texts(sandbox, CHANNEL)
    person.press(sandbox.world, {"user": "Sam", "chat": CHANNEL, "message_id": sent.ref, "data": "settings"})
    await until(lambda: sandbox.world.record.count("telegram", "answerCallbackQuery") == 1)
    person.press(sandbox.world, {"user": "Sam", "chat": CHANNEL, "message_id": sent.ref, "data": "settings"})
    await until(lambda: ("껐습니다.", False) in toasts(sandbox))
    assert texts(sandbox, CHANNEL) == before


@pytest.mark.parametrize("chat", [GROUP, FORUM])
async def test_a_refused_press_on_a_panel_is_answered_where_the_presser_alone_sees_it(
    sandbox: Running, door: Door, chat: int
) -> None:
    panel = Reply("고르십시오.", (Button("가", "settings"),))
    door.replies = [panel]
    person.say(sandbox.world, {"user": "Rae", "chat": chat, "text": "/start"})
    await until(lambda: "고르십시오." in texts(sandbox, chat))
    message = sandbox.world.record.messages("telegram", chat)[-1].message_id
    before = texts(sandbox, chat)
    door.replies = [Reply("이 그룹의 관리자만 바꿀 수 있습니다.")]
    await pressed(sandbox, door, "Sam", chat, message)
    assert toasts(sandbox) == [("이 그룹의 관리자만 바꿀 수 있습니다.", True)]
    assert texts(sandbox, chat) == before
    # What changed something is for everybody there: it takes the panel's place, or stays a while.
    for reply in (Reply("되돌렸습니다.", passing=True), Reply("껐습니다.", replaces=True)):
        door.replies = [reply]
        await pressed(sandbox, door, "Rae", chat, message)
        await until(lambda words=reply.text: words in texts(sandbox, chat))
    assert [words for words, _ in toasts(sandbox)][1:] == ["", ""]


async def test_every_press_is_answered_once_also_when_the_store_was_down(
    sandbox: Running, telegram: TelegramPlatform, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.replies = [Reply("고르십시오.", (Button("가", "a"),))]
    person.say(sandbox.world, {"user": "Rae", "text": "/start"})
    await until(lambda: "고르십시오." in texts(sandbox, RAE))
    message = sandbox.world.record.messages("telegram", RAE)[-1].message_id
    real = asyncio.sleep
    monkeypatch.setattr("newsbot.platforms.telegram.client.asyncio.sleep", lambda _: real(0))
    door.down, door.replies = 1, []
    person.press(sandbox.world, {"user": "Rae", "message_id": message, "button": "가"})
    await until(lambda: not sandbox.world.queries and not sandbox.world.updates.waiting)
    assert [one.kind for one in door.seen] == ["say", "press", "press"]
    assert sandbox.world.record.count("telegram", "answerCallbackQuery") == 1


async def test_a_message_the_bot_cannot_see_any_more(sandbox: Running, telegram: TelegramPlatform, door: Door) -> None:
    door.replies = [Reply("고르십시오.", (Button("가", "settings"),))]
    for chat in (RAE, FORUM):
        person.say(sandbox.world, {"user": "Rae", "chat": chat, "text": "/start"})
        await until(lambda chat=chat: "고르십시오." in texts(sandbox, chat))
    old = {chat: sandbox.world.record.messages("telegram", chat)[-1].message_id for chat in (RAE, FORUM)}
    door.replies = [Reply("바꿨습니다.", replaces=True)]
    said = await pressed(sandbox, door, "Rae", RAE, old[RAE], inaccessible=True)
    assert (said.kind, said.text, said.genuine) == ("press", "settings", True)
    assert texts(sandbox, RAE)[-2:] == ["고르십시오.", "바꿨습니다."]
    # Which topic it stood in is not told: nothing may change for the whole chat, and who pressed is told so.
    door.answers["?"] = [Reply("이 버튼은 오래되었습니다.")]
    person.press(
        sandbox.world,
        {"user": "Rae", "chat": FORUM, "message_id": old[FORUM], "data": "settings", "inaccessible": True},
    )
    await until(lambda: not sandbox.world.queries)
    assert [one.text for one in door.seen[3:]] == ["?"]
    assert toasts(sandbox)[-1] == ("이 버튼은 오래되었습니다.", True)
    assert texts(sandbox, FORUM)[-1] == "고르십시오."


async def test_topics_are_places_of_their_own(sandbox: Running, telegram: TelegramPlatform, door: Door) -> None:
    door.replies = [Reply("고르십시오.", (Button("가", "settings"),))]
    for thread in (7, None):
        where = {"thread": thread} if thread else {}
        person.say(sandbox.world, {"user": "Rae", "chat": FORUM, "text": "/subscribe", **where})
    typed = {one.address.chat for one in await door.next(2)}
    assert typed == {f"{FORUM}/7", str(FORUM)}
    await until(lambda: texts(sandbox, FORUM).count("고르십시오.") == 2)
    found = [one for one in sandbox.world.record.messages("telegram", FORUM) if one.text == "고르십시오."]
    assert {one.thread for one in found} == {"7", None}
    for panel in found:
        said = await pressed(sandbox, door, "Rae", FORUM, panel.message_id)
        assert said.address.chat == (f"{FORUM}/7" if panel.thread else str(FORUM))


# --- questions ------------------------------------------------------------------------------------------------------


async def test_a_question_outlives_a_restart_and_yields_to_commands(sandbox: Running) -> None:
    world = sandbox.world
    for turn in range(2):
        door, platform = Door(), telegram_platform(sandbox)
        await platform.start()
        async with polling(platform, door):
            if turn == 0:
                door.replies = [QUESTION]
                person.say(world, {"user": "Rae", "text": "/keyword"})
                await until(lambda: len(texts(sandbox, RAE)) == 2)
                asked = world.record.messages("telegram", RAE)[-1]
                assert asked.view["asks"] == "키워드"
                await until(lambda: not world.updates.waiting)
            else:
                for words in ("반도체", "/help", "두 줄\n입력"):
                    person.say(world, {"user": "Rae", "text": words, "reply_to": asked.message_id})
                person.say(world, {"user": "Rae", "text": "반도체"})
                said = [one.text for one in await door.next(4)]
                assert said == ["/keyword 반도체", "/help", "/keyword 두 줄\n입력", "반도체"]
        await platform.close()


async def test_in_a_group_a_question_forces_nothing_and_can_be_answered(
    sandbox: Running, telegram: TelegramPlatform, door: Door
) -> None:
    door.replies = [QUESTION]
    person.say(sandbox.world, {"user": "Rae", "chat": GROUP, "text": "/keyword"})
    await until(lambda: len(texts(sandbox, GROUP)) == 2)
    asked = sandbox.world.record.messages("telegram", GROUP)[-1]
    assert "asks" not in asked.view
    person.say(sandbox.world, {"user": "Sam", "chat": GROUP, "text": "반도체", "reply_to": asked.message_id})
    said = (await door.next(2))[-1]
    assert (said.text, said.user) == ("/keyword 반도체", str(SAM))


async def test_nobody_elses_words_are_taken_for_a_question(
    sandbox: Running, telegram: TelegramPlatform, door: Door
) -> None:
    sign = marker.mark("unsubscribe")
    door.replies = [Reply(f"‘{sign}’ 키워드를 더했습니다{sign}")]
    forged = person.say(sandbox.world, {"user": "Rae", "text": f"질문{sign}"})
    await until(lambda: len(texts(sandbox, RAE)) == 2)
    echo = sandbox.world.record.messages("telegram", RAE)[-1]
    assert echo.text == "‘’ 키워드를 더했습니다"
    story = await telegram.send(PRIVATE.address, alert("telegram", excerpt=f"본문{sign}", hashtags=(f"속보{sign}",)))
    assert isinstance(story, Sent)
    for message in (forged["message_id"], echo.message_id, story.ref):
        person.say(sandbox.world, {"user": "Rae", "text": "네", "reply_to": message})
    assert [one.text for one in (await door.next(4))[1:]] == ["네"] * 3


def test_the_sign_of_a_question_is_read_back() -> None:
    for verb in ("keyword", "without 정치", "a"):
        assert marker.read(f"무엇을 더할까요?{marker.mark(verb)}") == verb
        assert marker.clean(f"가{marker.mark(verb)}나") == "가나"
    for text in ("", "가", marker.mark("keyword") + "끝", marker.SIGNS[:3], marker.SIGNS[3] * 4):
        assert marker.read(text) == ""
    long = json.loads(b"{" + list(payload_of(Reply("가" * 4096, ask=QUESTION.ask), PRIVATE))[-1][1])
    parts = [json.loads(b"{" + body)["text"] for _, body in payload_of(Reply("가" * 4096, ask=QUESTION.ask), PRIVATE)]
    assert max(len(part) for part in parts) <= 4096
    assert marker.read(long["text"]) == "keyword"


def test_a_button_telegram_would_refuse_does_not_take_the_message_with_it() -> None:
    fits, too_long = Button("가", "x" * 64), Button("나", "가" * 22)
    assert rows([fits, too_long, Button("다")]) == [[{"text": "가", "callback_data": "x" * 64}]]
    many = [Button(str(number), str(number)) for number in range(120)]
    assert sum(len(row) for row in rows(many)) == 100
    assert {len(row) for row in rows(many, 9)} == {8, 4}


# --- answers that go again ------------------------------------------------------------------------------------------


async def test_in_a_group_answer_and_command_go_again(
    sandbox: Running, telegram: TelegramPlatform, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "STAYS", 0.05)
    door.replies = [Reply("주제 목록입니다.", passing=True)]
    for chat in (FORUM, GROUP, RAE):
        person.say(sandbox.world, {"user": "Rae", "chat": chat, "text": "/topics"})
    await until(lambda: texts(sandbox, FORUM) == [])
    # A plain member cannot delete what others wrote, and says nothing about it.
    await until(lambda: texts(sandbox, GROUP) == ["/topics"])
    assert sandbox.world.record.count("telegram", "deleteMessage") == 4
    assert texts(sandbox, RAE) == ["/topics", "주제 목록입니다."]


async def test_a_panel_in_use_stays_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[tuple[int, int]] = []

    async def delete(chat: int, message: int) -> None:
        gone.append((chat, message))

    monkeypatch.setattr(passing, "MOST", 2)
    monkeypatch.setattr(passing, "STAYS", 0.05)
    waiting = passing.Passing(delete)
    for message in (1, 2, 1, 3):
        waiting.put(-200, message)
    assert len(waiting._due) == 2
    await until(lambda: len(gone) == 2)
    assert gone == [(-200, 1), (-200, 3)]
    waiting.put(-200, 4)
    await until(lambda: len(gone) == 3)
    monkeypatch.setattr(passing, "STAYS", 60.0)
    waiting.put(-200, 5)
    await waiting.close()
    assert gone[-1] == (-200, 4)
