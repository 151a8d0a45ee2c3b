"""Whoever is not meant to command the desk changes nothing, hears little, and is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from newsbot.core.model import Address, Subscriber
from newsbot.sandbox.serve import Running
from newsbot.sandbox.slack.state import OTHER_TEAM, User
from newsbot.sandbox.telegram.people import ANONYMOUS_ADMIN
from newsbot.store.redis import Redis
from tests.cast import GROUP, NEWS, PLATFORMS, Actor, Cast, until
from tests.conftest import newsbot

REFUSAL = "이 명령은 여기서 쓸 수 없습니다."
both = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
async def ops(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    """A newsbot whose desk is the Telegram group; Ed is listed for Telegram alone, Eve for Slack alone."""
    people = [
        {"name": "Ed", "roles": ["editor", "on-call"], "telegram": 2001},
        {"name": "Eve", "roles": ["editor", "on-call"], "slack": "U0EVE"},
    ]
    more = {"NEWSBOT_TELEGRAM__OPS_CHAT": GROUP, "NEWSBOT_PERSON": json.dumps(people)}
    async with newsbot(sandbox, redis, tmp_path / "data", site, **more) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)
        yield cast


async def waiting(cast: Cast, site: Path) -> str:
    """A held story, and somebody who would get it."""
    await cast.process.kit.subscribers.put(Subscriber(Address("telegram", "1001")))
    await cast.process.kit.subscribers.put(Subscriber(Address("slack", "D0RAE")))
    await cast.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    return await cast.held("옛 소식", "old")


async def untouched(cast: Cast) -> None:
    """Nothing was sent, nothing is paused, the story waits."""
    await cast.held("옛 소식", "old")
    for bot in PLATFORMS:
        assert (await cast.process.kit.ledger.gate(bot))["paused"] is None
    assert not [m for m in cast.sandbox.world.record.messages() if "예시군" in m.text and m.chat in ("1001", "D0RAE")]
    assert {entry["deed"] for entry in await cast.audit()} <= {"refused"}


async def refusals(cast: Cast) -> list[str]:
    """What was refused, as written down: "who verb"."""
    return [f"{entry['who']} {entry['target']}" for entry in await cast.audit() if entry["deed"] == "refused"]


@both
async def test_five_refusals_a_minute_then_silence(cast: Cast, site: Path, platform: str) -> None:
    story = await waiting(cast, site)
    sam = cast.on(platform, "Sam")
    await sam.says("/subscribe ko politics")
    await sam.sees("정치 알림을 켰습니다.")
    # "/news pause" is a reader's sentence on Slack, where commands alone reach the bot.
    drop = f"drop {story}"
    verbs = [f"push {story} 속보", drop, f"cancel {story}", "status", "alerts", "resume", f"push {story}", drop]
    for verb in verbs:
        await sam.says(f"/{verb}")
    await sam.settled()
    assert len(sam.has(REFUSAL)) == 5
    await untouched(cast)
    who = "telegram:9001" if platform == "telegram" else "slack:T0SANDBOX/U0SAM"
    # Six are written, and the sixth says that more may follow: a flood must not push deeds out of the record.
    assert await refusals(cast) == [f"{who} {verb.split()[0]}" for verb in verbs[:6]]
    assert (await cast.audit())[-1]["detail"].endswith("more may follow")


async def test_the_desks_chat_obeys_the_listed_and_nobody_else(ops: Cast, site: Path) -> None:
    story = await waiting(ops, site)
    sam, ed = ops.on("telegram", "Sam", GROUP), ops.on("telegram", "Ed", GROUP)
    await ed.says("/subscribe ko")
    await ed.sees("모든 주제의 알림을 켰습니다.")
    await sam.says(f"/push {story}")
    await sam.sees(REFUSAL)
    await ed.says(f"/push {story}")
    card = await ed.sees("위 그대로 나갑니다.")
    await sam.presses("보내기", card)
    await sam.says("/help")
    await sam.sees("쓸 수 있는 명령")
    await untouched(ops)
    assert await refusals(ops) == ["telegram:9001 push", "telegram:9001 send"]
    await ed.presses("보내기", card)  # the stranger's tap has not taken the button away
    await ed.sees("보내기 시작했습니다")


FORMS: tuple[dict[str, Any], ...] = (
    {"forwarded": True},
    {"via_bot": True},
    {"anonymous": True},
    {"linked": True},
    {"sender_channel": "@example_news_flash"},
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: next(iter(form)))
async def test_only_what_a_person_types_here_and_now_counts(ops: Cast, site: Path, form: dict[str, Any]) -> None:
    story = await waiting(ops, site)
    ed = ops.on("telegram", "Ed", GROUP)
    for verb in (f"push {story}", "pause"):
        await ed.says(f"/{verb}", **form)
    assert await ed.settled() == []
    await untouched(ops)
    assert [entry["detail"] for entry in await ops.audit()] == [f"telegram:{GROUP}, not genuine"] * 2


async def test_edited_in_counts_for_nothing(ops: Cast, site: Path) -> None:
    story = await waiting(ops, site)
    for ed in (ops.on("telegram", "Ed"), ops.on("telegram", "Ed", GROUP)):
        said = await ed.says("/topics")
        await ed.sees("받을 주제")
        await ed.says(f"/push {story}", edited=True, message_id=said["message_id"])
        assert await ed.settled() == []
    await untouched(ops)
    assert await refusals(ops) == ["telegram:2001 push"] * 2


async def test_a_bot_with_an_editors_number_counts_for_nothing(ops: Cast, site: Path) -> None:
    story = await waiting(ops, site)
    world = ops.sandbox.world
    chat = world.telegram.chats[int(GROUP)]
    senders: tuple[dict[str, Any], ...] = (
        {"from": {"id": 2001, "is_bot": True, "first_name": "Ed"}},
        {"from": {"id": ANONYMOUS_ADMIN, "is_bot": False, "first_name": "Ed"}},
        {"from": {"id": 2001, "is_bot": False, "first_name": "Ed"}, "sender_chat": chat.api()},
        {"sender_chat": chat.api()},
    )
    for sender in senders:
        message = {"message_id": chat.take_id(), "date": 1, "chat": chat.api(), "text": f"/push {story}"}
        world.updates.push("message", message | sender, GROUP)
    ed = ops.on("telegram", "Ed", GROUP)
    await ed.says("/help")
    await ed.sees("쓸 수 있는 명령")
    assert len(ed.messages()) == 1
    await untouched(ops)
    assert {entry["detail"] for entry in await ops.audit()} == {f"telegram:{GROUP}, not genuine"}


@both
async def test_listed_on_one_platform_is_nobody_on_the_other(ops: Cast, site: Path, platform: str) -> None:
    story = await waiting(ops, site)
    mine, other = ("Ed", "Eve") if platform == "telegram" else ("Eve", "Ed")
    person = ops.on(platform, other)
    await person.says(f"/push {story}")
    await person.sees(REFUSAL)
    await untouched(ops)
    person = ops.on(platform, mine)
    await person.says(f"/push {story}")
    await person.sees("위 그대로 나갑니다.")


@both
async def test_a_foreign_group_is_no_desk(ops: Cast, site: Path, platform: str) -> None:
    story = await waiting(ops, site)
    if platform == "telegram":
        ed = ops.on("telegram", "Ed", "-1001000000300", 7)
        await ed.says(f"/push {story}")
        await ed.sees(REFUSAL)
        assert not ed.has("옛 소식")
    else:
        eve = ops.on("slack", "Eve", NEWS)
        await eve.says(f"/push {story}")
        await eve.sees("위 그대로 나갑니다.")
        assert not ops.on("slack", "Rae", NEWS).has("옛 소식")  # shown to Eve alone
    await untouched(ops)


async def test_the_same_name_or_number_of_another_workspace_is_nobody(cast: Cast, site: Path) -> None:
    story = await waiting(cast, site)
    slack = cast.sandbox.world.slack
    slack.users["U0EDX"] = User("U0EDX", "ed", team=OTHER_TEAM)
    slack.users["U0ED"].team = OTHER_TEAM
    for user in ("U0EDX", "U0ED", "U0EXT"):
        answer = await cast.control("/slack/command", user=user, channel=NEWS, text=f"push {story}")
        assert answer["acked"]
        assert answer["reply"] is None
    gus = cast.on("slack", "Gus", NEWS)
    await gus.says(f"/push {story}")
    await gus.sees(REFUSAL)
    await untouched(cast)
    assert await refusals(cast) == [
        f"slack:{OTHER_TEAM}/U0EDX push",
        f"slack:{OTHER_TEAM}/U0ED push",
        f"slack:{OTHER_TEAM}/U0EXT push",
        "slack:T0SANDBOX/U0GUS push",
    ]


@both
async def test_a_forwarded_card_is_paper(cast: Cast, site: Path, platform: str) -> None:
    story = await waiting(cast, site)
    ed, sam = cast.on(platform, "Ed"), cast.on(platform, "Sam")
    await ed.says(f"/push {story}")
    card = await ed.sees("위 그대로 나갑니다.")
    buttons = card.view["buttons"]
    send = buttons[0]["value"] if platform == "slack" else buttons[0][0]["callback_data"]
    await sam.says("/subscribe ko politics")
    own = await sam.sees("정치 알림을 켰습니다.")
    if platform == "telegram":
        await sam.sends(send, own)  # a tampered client presses anything under any message
        await sam.sees(REFUSAL)
        await sam.sends(send, card)
        # ... and the same in Ed's own chat: no such press exists.
        await cast.control("/telegram/press", user="Sam", chat=2001, message_id=int(card.message_id), data=send)
    await sam.says("/" + send)
    await sam.sees("모르는 명령입니다.")
    await ed.says("/" + send)
    await ed.sees("모르는 명령입니다.")
    await untouched(cast)
    await ed.presses("보내기", card)
    await ed.sees("보내기 시작했습니다")


@both
async def test_a_flood_of_commands_does_not_hold_up_the_news(cast: Cast, site: Path, platform: str) -> None:
    crowd = await gathered(cast, platform)
    sam = cast.on(platform, "Sam")
    record = cast.sandbox.world.record
    heard = cast.process.kit.metrics.inbound.labels(platform, "say")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    story = (await cast.story("예시군 앞바다"))["id"]
    await asyncio.gather(*(sam.says(f"/{verb}") for _ in range(50) for verb in (f"push {story}", "resume")))
    row = await cast.done(story)
    assert row["sent"] == row["audience"] == crowd
    await until(lambda: heard._value.get() >= 100)
    await until(lambda: len(sam.messages()) == 5)
    # What the platform was asked: every alert once, and no more than five answers.
    assert sum(record.counts[(platform, call)] for call in ("sendMessage", "chat.postMessage")) <= crowd + 5
    assert len(await refusals(cast)) == 6


async def gathered(cast: Cast, platform: str) -> int:
    """Subscribed chats: as many as fit into a second or two of the platform's own rate."""
    count = 40 if platform == "telegram" else 12
    if platform == "telegram":
        first = (await cast.control("/telegram/chats", count=count))["first_id"]
        chats = [str(chat) for chat in range(first, first + count)]
    else:
        chats = (await cast.control("/slack/channels", count=count))["channels"]
    for chat in chats:
        await cast.process.kit.subscribers.put(Subscriber(Address(platform, chat)))
    return count


@both
async def test_talk_is_answered_once_a_second_at_most(cast: Cast, platform: str) -> None:
    """The sixty-first time within a minute somebody is told to wait, after that nothing."""
    sam = cast.on(platform, "Sam")
    await asyncio.gather(*(sam.says("/topics") for _ in range(80)))
    await _handled(cast, sam, platform)
    assert len(sam.messages()) == 61
    much = "That was too much within a minute." if platform == "telegram" else "너무 많이 보내셨습니다."  # Sam's apps
    assert len(sam.has(much)) == 1


async def _handled(cast: Cast, sam: Actor, platform: str) -> None:
    metric = cast.process.kit.metrics.inbound.labels(platform, "say")
    await until(lambda: metric._value.get() >= 80 and len(sam.messages()) >= 61)
    rae = cast.on(platform, "Rae")
    await rae.says("/topics")
    await rae.sees("받을 주제")
