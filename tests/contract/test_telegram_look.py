"""What Telegram lets a bot know against the sandbox: may we write there; and what is paid for, and a line of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from newsbot.core.model import Address, Gone, Later, Pace, Refused, Rendered, Sent
from newsbot.platforms.telegram.classify import classify_question
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.platforms.telegram.probe import may_write
from newsbot.platforms.telegram.settings import Settings
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram.people import CHANNEL, FORUM, GROUP, RAE
from tests.contract.telegram_kit import BAD, NO, refused

ALERT = Rendered("sendMessage", {"text": "<b>[속보]</b> 제목", "parse_mode": "HTML"})
TO = Address("telegram", str(RAE))


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    running.world.telegram.chats[RAE].started = True
    yield running
    await running.stop()


def build(sandbox: Running, **settings: Any) -> TelegramPlatform:
    token = sandbox.world.telegram.token
    return TelegramPlatform(Settings(token=SecretStr(token), api_base=sandbox.url, **settings), token)


@pytest.fixture
async def telegram(sandbox: Running) -> AsyncIterator[TelegramPlatform]:
    platform = build(sandbox)
    await platform.start()
    yield platform
    await platform.close()


async def test_only_what_readers_get_is_paid_for(sandbox: Running) -> None:
    platform = build(sandbox, paid=True, rate=500)
    await platform.start()
    sent = await platform.send(TO, ALERT)
    assert isinstance(sent, Sent)
    assert await platform.edit(TO, sent.ref, Rendered("sendMessage", {"text": "고침"})) == sent
    assert isinstance(await platform.say(TO, "x"), Sent)
    await platform.close()
    alert, line = sandbox.world.record.messages("telegram", RAE)
    assert alert.edits[0]["payload"]["allow_paid_broadcast"] is True
    assert "allow_paid_broadcast" not in line.payload


def test_the_pace_is_what_the_settings_say() -> None:
    assert Settings().pace == Pace(30, 1, 3, "-")
    assert Settings(rate=1000, paid=True, per_chat=2, per_group=30).pace == Pace(1000, 0.5, 2, "-")


async def test_a_bot_cannot_read_back(telegram: TelegramPlatform) -> None:
    assert not telegram.reads_back
    assert await telegram.find(TO, "S1", 0.0) == Later(None, "a bot cannot read its history")


async def test_a_line_of_our_own(sandbox: Running, telegram: TelegramPlatform) -> None:
    line = "3 < 4 & <b>x</b> https://example.com/a"
    assert isinstance(await telegram.say(Address("telegram", f"{FORUM}/7"), line), Sent)
    (message,) = sandbox.world.record.messages("telegram", FORUM)
    assert (message.text, message.thread, message.silent) == (line, "7", False)
    assert "preview" not in message.view
    assert isinstance(await telegram.say(TO, "가" * 5000), Sent)
    assert len(sandbox.world.record.messages("telegram", RAE)[0].text) <= 4096
    assert isinstance(await telegram.say(TO, " "), Refused)
    assert isinstance(await telegram.say(Address("telegram", "@name"), "x"), Gone)
    sandbox.world.faults.add("429", method="sendMessage", args={"retry_after": 9})
    assert await telegram.say(TO, "x") == Later(9.0, "429")


async def test_a_probe_tells_whether_we_may_write_and_writes_nothing(
    sandbox: Running, telegram: TelegramPlatform
) -> None:
    world = sandbox.world
    chats, bot = world.telegram.chats, world.telegram.bot.id
    group, forum, channel = Address("telegram", str(GROUP)), Address("telegram", str(FORUM)), str(CHANNEL)

    async def may(to: Address | str) -> bool | None:
        return await telegram.probe(to if isinstance(to, Address) else Address("telegram", to))

    assert [await may(to) for to in (TO, group, forum, f"{FORUM}/7", f"{FORUM}/1", channel)] == [True] * 6
    chats[FORUM].closed_threads.add(7)
    assert [await may(f"{FORUM}/7"), await may(f"{FORUM}/99"), await may(f"{FORUM}/8")] == [False, False, True]
    chats[GROUP].read_only = True
    assert await may(group) is False
    chats[GROUP].members[bot] = "administrator"
    assert await may(group) is True
    for status in ("restricted", "left", "kicked"):
        chats[GROUP].members[bot] = status
        assert await may(group) is False, status
    chats[CHANNEL].may_post = False
    assert await may(channel) is False
    chats[CHANNEL].members[bot] = "left"
    assert await may(channel) is False
    chats[RAE].members[RAE] = "kicked"
    assert [await may(TO), await may("77"), await may("@name")] == [False, False, False]
    person.migrate(world, {"chat": GROUP})
    assert await may(group) is False
    for fault in ({"kind": "5xx"}, {"kind": "429"}, {"kind": "garbage"}, {"kind": "reset"}, {"kind": "revoked"}):
        world.faults.add(times=2, **fault)
        assert [await may(TO), await may(forum)] == [None, None], fault
        world.faults.clear()
    assert world.record.copies("telegram") == {}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ((200, b'{"ok":true,"result":{"id":7}}'), {"id": 7}),
        ((200, b'{"ok":true,"result":true}'), True),
        ((200, b'{"ok":true,"result":"x"}'), None),
        ((200, b"<html>"), None),
        (refused(403, NO + "bot was blocked by the user"), False),
        (refused(400, BAD + "chat not found"), False),
        (refused(400, BAD + "TOPIC_CLOSED"), False),
        (refused(400, BAD + "group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009), False),
        (refused(400, BAD + "wrong parameter action in request"), None),
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), None),
        (refused(401, "Unauthorized"), None),
        (refused(502, "Bad Gateway"), None),
    ],
)
def test_every_answer_to_a_question_about_a_telegram_chat(answer: tuple[int, bytes], wanted: Any) -> None:
    assert classify_question(*answer) == wanted


CHANNEL_, GROUP_ = {"type": "channel"}, {"type": "supergroup", "permissions": {"can_send_messages": True}}


@pytest.mark.parametrize(
    ("chat", "member", "wanted"),
    [
        (CHANNEL_, {"status": "creator"}, True),
        (CHANNEL_, {"status": "administrator", "can_post_messages": True}, True),
        (CHANNEL_, {"status": "administrator", "can_post_messages": False}, False),
        (CHANNEL_, {"status": "administrator"}, False),
        (CHANNEL_, {"status": "member"}, False),
        (GROUP_, {"status": "administrator", "can_post_messages": False}, True),
        (GROUP_, {"status": "member"}, True),
        ({"type": "group"}, {"status": "member"}, True),
        ({"type": "supergroup", "permissions": {"can_send_messages": False}}, {"status": "member"}, False),
        ({"type": "supergroup", "permissions": {"can_send_messages": False}}, {"status": "administrator"}, True),
        (GROUP_, {"status": "restricted", "is_member": True, "can_send_messages": True}, True),
        (GROUP_, {"status": "restricted", "is_member": False, "can_send_messages": True}, False),
        (GROUP_, {"status": "restricted", "is_member": True}, False),
        (GROUP_, {"status": "left"}, False),
        (GROUP_, {"status": "kicked"}, False),
        (GROUP_, {}, False),
    ],
)
def test_what_our_rights_in_a_telegram_chat_allow(chat: dict[str, Any], member: dict[str, Any], wanted: bool) -> None:
    assert may_write(chat, member) is wanted
