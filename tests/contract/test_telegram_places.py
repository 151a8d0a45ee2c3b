"""Who runs a place on Telegram, places named from elsewhere, what is offered to whom, and deep links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsbot.core import commands
from newsbot.core.model import Address, Inbound
from newsbot.platforms.telegram.client import TelegramPlatform
from newsbot.sandbox.serve import Running, serve
from newsbot.sandbox.telegram import control as person
from newsbot.sandbox.telegram import places
from newsbot.sandbox.telegram.people import ANONYMOUS_ADMIN, CHANNEL, FORUM, GROUP, RAE, SAM
from tests.contract.front_kit import Door, polling, telegram_platform, until

PRIVATE = Inbound("say", Address("telegram", str(RAE)), "private", str(RAE), "/x", "e")


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
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


@pytest.mark.parametrize(
    ("who", "genuine", "anonymous", "admin"),
    [
        ({"user": "Rae"}, True, False, True),
        ({"user": "Sam"}, True, False, False),
        ({"user": "Rae", "anonymous": True}, False, True, True),
        ({"user": "Rae", "anonymous": True, "forwarded": True}, False, False, False),
        ({"user": "Rae", "anonymous": True, "via_bot": True}, False, False, False),
        ({"user": "Rae", "linked": True}, False, False, False),
        ({"user": "Rae", "sender_channel": CHANNEL}, False, False, False),
        ({"user": "Rae", "forwarded": True}, False, False, False),
    ],
    ids=str,
)
async def test_who_runs_a_group(
    sandbox: Running,
    telegram: TelegramPlatform,
    door: Door,
    who: dict[str, Any],
    genuine: bool,
    anonymous: bool,
    admin: bool,
) -> None:
    person.say(sandbox.world, {"chat": FORUM, "thread": 7, "text": "/subscribe", **who})
    (said,) = await door.next(1)
    assert (said.genuine, said.anonymous, await telegram.is_admin(said)) == (genuine, anonymous, admin)


async def test_what_an_anonymous_admin_edits_in_is_nobodys(
    sandbox: Running, telegram: TelegramPlatform, door: Door
) -> None:
    await until(lambda: sandbox.world.updates.allowed is not None)
    said = person.say(sandbox.world, {"user": "Rae", "chat": FORUM, "anonymous": True, "text": "/topics"})
    edit = {"edited": True, "message_id": said["message_id"], "text": "/subscribe"}
    person.say(sandbox.world, {"user": "Rae", "chat": FORUM, "anonymous": True, **edit})
    assert [one.anonymous for one in await door.next(2)] == [True, False]
    assert not await telegram.is_admin(door.seen[1])


async def test_an_anonymous_admin_speaks_in_this_groups_name_alone(
    sandbox: Running, telegram: TelegramPlatform, door: Door
) -> None:
    chats = sandbox.world.telegram.chats
    nobody = {"id": ANONYMOUS_ADMIN, "is_bot": True, "first_name": "Group"}
    senders: list[dict[str, Any]] = [
        {"from": nobody, "sender_chat": chats[GROUP].api()},
        {"from": nobody, "sender_chat": chats[CHANNEL].api()},
        {"from": nobody},
        {"from": {**nobody, "id": 2001}, "sender_chat": chats[GROUP].api()},
        {"sender_chat": chats[GROUP].api()},
    ]
    await until(lambda: sandbox.world.updates.allowed is not None)
    for sender in senders:
        message = {"message_id": chats[GROUP].take_id(), "date": 1, "chat": chats[GROUP].api(), "text": "/subscribe"}
        sandbox.world.updates.push("message", message | sender, str(GROUP))
    assert [one.anonymous for one in await door.next(5)] == [True, False, False, False, False]
    assert not any(one.genuine for one in door.seen)


@pytest.mark.parametrize(
    ("user", "name", "wanted"),
    [
        (RAE, "@example_news_flash", CHANNEL),
        (RAE, "https://t.me/example_news_flash", CHANNEL),
        (RAE, str(CHANNEL), CHANNEL),
        (RAE, f"@{CHANNEL}", CHANNEL),
        (RAE, str(FORUM), FORUM),
        (SAM, "@example_news_flash", None),
        (SAM, str(FORUM), None),
        (RAE, "@nobody_here", None),
        (RAE, "-1009", None),
        (RAE, "1001", None),
        (RAE, "@rae_reads", None),
        (RAE, "정치", None),
        (RAE, "@x; drop", None),
    ],
)
async def test_a_place_is_named_from_elsewhere_by_its_admins(
    telegram: TelegramPlatform, user: int, name: str, wanted: int | None
) -> None:
    said = Inbound("say", Address("telegram", str(user)), "private", str(user), f"/subscribe {name}", "e")
    found = await telegram.place_of(said, name)
    assert (found and found[0]) == (Address("telegram", str(wanted)) if wanted else None)


async def test_a_place_we_may_not_write_to_is_none(sandbox: Running, telegram: TelegramPlatform) -> None:
    world = sandbox.world
    assert await telegram.place_of(PRIVATE, str(CHANNEL)) is not None
    person.member(world, {"user": "Rae", "chat": CHANNEL, "status": "administrator", "can_post_messages": False})
    assert await telegram.place_of(PRIVATE, str(CHANNEL)) is None
    person.member(world, {"user": "Rae", "chat": CHANNEL, "status": "kicked"})
    assert await telegram.place_of(PRIVATE, str(CHANNEL)) is None
    world.faults.add("5xx", method="getChatMember", times=-1)
    assert await telegram.place_of(PRIVATE, str(FORUM)) is None
    forged = Inbound("say", PRIVATE.address, "private", str(RAE), "/x", "e", genuine=False)
    world.faults.clear()
    assert await telegram.place_of(PRIVATE, str(FORUM)) is not None
    assert await telegram.place_of(forged, str(FORUM)) is None


# --- menus and links ------------------------------------------------------------------------------------------------


async def test_everybody_is_offered_what_they_may_use_in_their_language(sandbox: Running) -> None:
    verbs = [verb.name for verb in commands.for_roles(())]
    menu = {"ko": [(verb, f"{verb} 하기") for verb in verbs], "en": [(verb, f"to {verb}") for verb in verbs]}
    platform = telegram_platform(sandbox, menu)
    await platform.start()
    await platform.close()
    assert {call.status for call in sandbox.world.record.requests} == {200}

    def offered(user: str, chat: int) -> dict[str, str]:
        found = places.menu_json(sandbox.world, user, str(chat))["commands"]
        return {one["command"]: one["description"] for one in found}

    sandbox.world.telegram.users[2002].language = "fr"
    quiet = [verb for verb in verbs if not commands.BY_WORD[verb].changes]
    assert 0 < len(quiet) < len(verbs)
    assert list(offered("Rae", RAE)) == list(offered("Rae", GROUP)) == verbs
    assert list(offered("Sam", GROUP)) == quiet
    assert list(offered("Sam", SAM)) == verbs
    assert (offered("Sam", SAM)["help"], offered("Rae", RAE)["help"]) == ("to help", "help 하기")
    assert offered("Eve", GROUP)["help"] == "help 하기"


async def test_deep_links_say_their_payload(sandbox: Running, telegram: TelegramPlatform, door: Door) -> None:
    bot = f"https://t.me/{sandbox.world.telegram.bot.username}"
    sandbox.world.telegram.chats[GROUP].members[sandbox.world.telegram.bot.id] = "left"
    await until(lambda: sandbox.world.updates.allowed is not None)
    places.start(sandbox.world, {"user": "Sam", "link": f"{bot}?start=politics"})
    places.start(sandbox.world, {"user": "Rae", "link": f"{bot}?startgroup=politics", "chat": GROUP})
    seen = await door.next(3)
    said = {one.address.chat: one for one in seen if one.kind == "say"}
    assert {one.text for one in said.values()} == {"/start politics"}
    assert said.keys() == {str(SAM), str(GROUP)}
    assert {one.kind for one in seen if one.address.chat == str(GROUP)} == {"added", "say"}
    command = commands.parse(said[str(SAM)].text)
    assert isinstance(command, commands.Command)
    assert (command.verb.name, command.arguments) == ("start", ("politics",))
