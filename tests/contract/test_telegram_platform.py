"""Telegram against the sandbox over HTTP: what is sent, what comes in, and what strangers are told at the door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from newsbot.core.model import (
    Address,
    Button,
    Gone,
    Inbound,
    Later,
    Moved,
    Outcome,
    Refused,
    Rendered,
    Reply,
    Sent,
    Stopped,
    Uncertain,
)
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import TokenRefused
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram.people import CHANNEL, FORUM, GROUP, RAE, SAM
from tests.contract.front_kit import Door, polling, until
from tests.contract.front_kit import telegram_platform as build

ALERT = Rendered("sendMessage", {"text": "<b>[속보]</b> 제목", "parse_mode": "HTML"})
TO = Address("telegram", str(RAE))


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    running.world.telegram.chats[RAE].started = True
    yield running
    await running.stop()


@pytest.fixture
async def telegram(sandbox: Running) -> AsyncIterator[TelegramPlatform]:
    platform = build(sandbox)
    await platform.start()
    yield platform
    await platform.close()


async def test_start_needs_a_token_that_works(sandbox: Running) -> None:
    platform = build(sandbox)
    assert await platform.start() == "123456789"
    await platform.close()
    wrong = TelegramPlatform(Settings(api_base=sandbox.url), "123:wrong-token-canary")
    with pytest.raises(TokenRefused) as caught:
        await wrong.start()
    await wrong.close()
    assert "canary" not in str(caught.value)
    nobody = TelegramPlatform(Settings(api_base="http://127.0.0.1:1"), "123:canary")
    with pytest.raises(ConnectionError) as refused:
        await nobody.start()
    await nobody.close()
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_start_survives_everything_but_getme(sandbox: Running) -> None:
    sandbox.world.faults.add("5xx", method="deleteWebhook", times=-1)
    platform = build(sandbox)
    assert await platform.start()
    await platform.close()


async def test_a_send_is_one_request_and_visible(sandbox: Running, telegram: TelegramPlatform) -> None:
    outcome = await telegram.send(TO, ALERT)
    (message,) = sandbox.world.record.messages("telegram", RAE)
    assert outcome == Sent(int(message.message_id))
    assert message.text == "[속보] 제목"
    assert sandbox.world.record.count("telegram", "sendMessage") == 1


async def test_a_send_goes_to_its_thread_and_general_is_not_named(sandbox: Running, telegram: TelegramPlatform) -> None:
    assert isinstance(await telegram.send(Address("telegram", f"{FORUM}/7"), ALERT), Sent)
    assert isinstance(await telegram.send(Address("telegram", f"{FORUM}/1"), ALERT), Sent)
    assert [message.thread for message in sandbox.world.record.messages("telegram", FORUM)] == ["7", None]
    assert isinstance(await telegram.send(Address("telegram", "@name"), ALERT), Gone)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ({"kind": "blocked"}, Gone("bot was blocked by the user", "stopped")),
        ({"kind": "kicked"}, Gone),
        ({"kind": "chat_not_found"}, Gone("chat not found", "quarantined")),
        ({"kind": "migrated", "args": {"to": -1009}}, Moved(Address("telegram", "-1009"))),
        ({"kind": "429", "args": {"retry_after": 17}}, Later(17.0, "429")),
        ({"kind": "5xx"}, Uncertain),
        ({"kind": "5xx", "args": {"processed": True, "status": 502}}, Uncertain),
        ({"kind": "reset"}, Uncertain),
        ({"kind": "reset", "args": {"processed": True}}, Uncertain),
        ({"kind": "reset", "args": {"processed": True, "how": "fin"}}, Uncertain),
        ({"kind": "garbage"}, Uncertain),
        ({"kind": "other_chat"}, Uncertain),
        ({"kind": "stale"}, Uncertain),
        ({"kind": "truncated"}, Uncertain),
        ({"kind": "truncated", "args": {"how": "fin"}}, Uncertain),
        ({"kind": "huge", "args": {"bytes": 2_000_000}}, Uncertain),
        ({"kind": "429", "args": {"retry_after": "soon"}}, Later(30.0, "429")),
        ({"kind": "revoked"}, Stopped),
    ],
    ids=str,
)
async def test_trouble_has_its_outcome_in_exactly_one_request(
    sandbox: Running, telegram: TelegramPlatform, fault: dict[str, Any], wanted: Outcome | type
) -> None:
    await telegram.send(TO, ALERT)  # a connection that idles in the pool: the usual case
    sandbox.world.faults.add(method="sendMessage", **fault)
    outcome = await telegram.send(TO, ALERT)
    assert type(outcome) is wanted if isinstance(wanted, type) else outcome == wanted
    assert sandbox.world.record.count("telegram", "sendMessage") == 2


async def test_a_hang_is_a_doubt_and_a_closed_port_is_not(
    sandbox: Running, telegram: TelegramPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsbot.platforms.telegram.client.LETS_GO", 0.2)
    sandbox.world.faults.add("hang", method="sendMessage")
    assert isinstance(await telegram.send(TO, ALERT), Uncertain)
    assert sandbox.world.record.count("telegram", "sendMessage") == 1
    monkeypatch.setattr(telegram, "_url", "http://127.0.0.1:1/bot1:x/")
    assert isinstance(await telegram.send(TO, ALERT), Later)
    monkeypatch.setattr(telegram, "_url", "http://nowhere.invalid/bot1:x/")
    outcome = await telegram.send(TO, ALERT)
    assert isinstance(outcome, Later)
    assert "bot1" not in outcome.why


async def test_a_text_telegram_refuses(telegram: TelegramPlatform) -> None:
    assert isinstance(await telegram.send(TO, Rendered("sendMessage", {"text": "<b>", "parse_mode": "HTML"})), Refused)


async def test_edit_and_delete_can_be_repeated(sandbox: Running, telegram: TelegramPlatform) -> None:
    sent = await telegram.send(TO, Rendered("sendMessage", {**ALERT.payload, "disable_notification": True}))
    assert isinstance(sent, Sent)
    new = Rendered("sendMessage", {"text": "고침", "disable_notification": True, "protect_content": True})
    for _ in range(2):
        assert await telegram.edit(TO, sent.ref, new) == sent
    assert sandbox.world.record.messages("telegram", RAE)[0].text == "고침"
    for _ in range(2):
        assert await telegram.delete(TO, sent.ref) == sent
    assert sandbox.world.record.messages("telegram", RAE)[0].deleted
    assert await telegram.edit(TO, sent.ref, ALERT) == Gone("message not found", "kept")


async def test_polling_brings_what_people_say_and_answers_them(sandbox: Running, telegram: TelegramPlatform) -> None:
    door = Door()
    door.replies = [Reply("골라 주세요", (Button("속보만", "u:breaking"),)), Reply("", alert=ALERT)]
    async with polling(telegram, door):
        person.say(sandbox.world, {"user": "Rae", "text": "/start"})
        (said,) = await door.next(1)
        assert (said.kind, said.address, said.place, said.user, said.text) == ("say", TO, "private", "1001", "/start")
        assert said.genuine
        assert said.language == "ko"
        await until(lambda: len(sandbox.world.record.messages("telegram", RAE)) == 3)
        question = sandbox.world.record.messages("telegram", RAE)[1]
        door.replies = [Reply("알겠습니다")]
        person.press(sandbox.world, {"user": "Rae", "message_id": question.message_id, "button": "속보만"})
        pressed = (await door.next(2))[1]
        assert (pressed.kind, pressed.text, pressed.genuine) == ("press", "u:breaking", True)
        await until(lambda: not sandbox.world.queries)
    assert [m.text for m in sandbox.world.record.messages("telegram", RAE)][-2:] == ["[속보] 제목", "알겠습니다"]
    assert question.view.get("buttons"), "what does not replace the question leaves its buttons"


async def test_what_must_not_command_is_not_genuine(sandbox: Running, telegram: TelegramPlatform) -> None:
    door, world = Door(), sandbox.world
    world.telegram.chats[GROUP].members[world.telegram.bot.id] = "administrator"
    async with polling(telegram, door):
        for said in (
            {"user": "Rae", "text": "/push", "forwarded": True},
            {"user": "Rae", "text": "/push", "via_bot": True},
            {"user": "Rae", "chat": GROUP, "text": "/push", "anonymous": True},
            {"user": "Rae", "chat": GROUP, "text": "/push", "linked": True},
            {"user": "Rae", "chat": GROUP, "text": "/push", "sender_channel": CHANNEL},
            {"user": "Rae", "text": "/push", "edited": True},
        ):
            await until(lambda: world.updates.allowed is not None)
            assert person.say(world, said)["update_id"]
        assert [inbound.genuine for inbound in await door.next(6)] == [False] * 6
        person.say(world, {"user": "Rae", "chat": CHANNEL, "text": "/subscribe@sandbox_news_bot all"})
        post = (await door.next(7))[6]
    assert (post.place, post.user, post.text, post.genuine) == ("channel", "", "/subscribe all", True)
    assert await telegram.is_admin(post)


async def test_groups_only_hear_commands_meant_for_us(sandbox: Running, telegram: TelegramPlatform) -> None:
    door, world = Door(), sandbox.world
    door.replies = [Reply("네")]
    async with polling(telegram, door):
        person.say(world, {"user": "Rae", "chat": FORUM, "text": "hello everybody"})
        person.say(world, {"user": "Rae", "chat": FORUM, "text": "/start@other_news_bot"})
        person.say(world, {"user": "Sam", "chat": FORUM, "thread": 7, "text": "/topics@Sandbox_News_Bot now"})
        (said,) = await door.next(1)
        await until(lambda: world.record.messages("telegram", FORUM)[-1].text == "네")
    assert said.address == Address("telegram", f"{FORUM}/7")
    assert said.text == "/topics now"
    answer = world.record.messages("telegram", FORUM)[-1]
    assert answer.thread == "7"
    assert answer.payload["reply_parameters"]["message_id"] == said.handle.message
    assert not await telegram.is_admin(said)
    rae = Inbound("say", said.address, "group", str(RAE), "/x", "e")
    assert await telegram.is_admin(rae)
    world.faults.add("5xx", method="getChatMember", times=-1)
    assert not await telegram.is_admin(rae)


async def test_coming_and_going(sandbox: Running, telegram: TelegramPlatform) -> None:
    door, world = Door(), sandbox.world
    async with polling(telegram, door):
        await until(lambda: world.updates.allowed is not None)
        person.member(world, {"user": "Rae", "chat": GROUP, "status": "left"})
        person.member(world, {"user": "Rae", "chat": GROUP, "status": "member"})
        person.member(world, {"user": "Rae", "chat": GROUP, "status": "administrator"})  # nothing new
        person.member(world, {"user": "Rae", "chat": GROUP, "status": "kicked"})
        person.member(world, {"user": "Rae", "chat": CHANNEL, "status": "left"})
        person.member(world, {"user": "Rae", "status": "kicked"})
        person.member(world, {"user": "Rae", "status": "member"})
        person.migrate(world, {"chat": GROUP})
        seen = await door.next(7)
    assert {(i.kind, i.place) for i in seen} == {
        ("added", "group"),
        ("removed", "group"),
        ("removed", "channel"),
        ("blocked", "private"),
        ("unblocked", "private"),
        ("moved", "group"),
    }
    assert next(i for i in seen if i.kind == "moved").text.startswith("-100")


async def test_nothing_is_confirmed_before_it_is_done(sandbox: Running, telegram: TelegramPlatform) -> None:
    """A slow chat keeps its own order and does not hold up another; killed, its update comes again."""
    gate, world, seen = asyncio.Event(), sandbox.world, []

    async def door(inbound: Inbound) -> Sequence[Reply]:
        if inbound.user == str(RAE) and inbound.text == "/1":
            await gate.wait()
        seen.append((inbound.user, inbound.text))
        return ()

    async with polling(telegram, door):
        person.say(world, {"user": "Rae", "text": "/1"})
        person.say(world, {"user": "Rae", "text": "/2"})
        person.say(world, {"user": "Sam", "text": "/1"})
        await until(lambda: seen == [(str(SAM), "/1")])
        person.say(world, {"user": "Sam", "text": "/2"})
        await until(lambda: len(seen) == 2)
        assert len(world.updates.waiting) >= 3
    async with polling(telegram, door):
        gate.set()
        await until(lambda: not world.updates.waiting)
    assert [text for user, text in seen if user == str(RAE)] == ["/1", "/2"]


async def test_poison_conflicts_and_a_store_that_is_down(
    sandbox: Running, telegram: TelegramPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, world = Door(), sandbox.world
    real = asyncio.sleep
    monkeypatch.setattr("newsbot.platforms.telegram.client.asyncio.sleep", lambda _: real(0))
    door.down = 1
    world.faults.add("5xx", method="getUpdates", times=2)
    world.faults.add("garbage", method="getUpdates")
    async with polling(telegram, door):
        await until(lambda: world.updates.allowed is not None)
        world.updates.replay({"update_id": 5, "message": {"message_id": "x", "chat": 1}}, "x")
        world.updates.replay({"update_id": 6, "message": []}, "x")
        person.say(world, {"user": "Rae", "text": "/start"})
        await door.next(2)
        await until(lambda: not world.updates.waiting)
    assert [inbound.text for inbound in door.seen] == ["/start", "/start"]
    assert door.seen[0].event == door.seen[1].event


def test_settings_name_the_field_and_never_the_value() -> None:
    for bad in (
        {"token": "123:canary\n"},
        {"token": "123: canary"},
        {"webhook_url": "https://x.example/canary"},
        {"webhook_url": "http://x.example/canary", "webhook_secret": "s"},
        {"unknown": "canary"},
    ):
        with pytest.raises(ValidationError) as caught:
            Settings.model_validate(bad)
        assert "canary" not in str(caught.value)
        assert next(iter(bad)).partition("_")[0] in str(caught.value)
    assert Settings.model_validate({"token": ""}).token is None
