"""Where others talk as well the bot hears who calls it by its name, and nobody else."""

from __future__ import annotations

import pytest

from newsbot.core.commands import VERBS
from newsbot.core.model import Role
from tests.cast import FORUM, GROUP, NEWS, Actor, Cast, until

NAMES = {"telegram": "@sandbox_news_bot", "slack": "@newsbot"}
ROOMS = [
    pytest.param("telegram", GROUP, None, id="group"),
    pytest.param("telegram", FORUM, 7, id="topic"),
    pytest.param("slack", NEWS, None, id="slack"),
]


async def calls(actor: Actor, words: str) -> None:
    """Write it with the bot's name before it."""
    await actor.writes(f"{NAMES[actor.platform]} {words}".rstrip())


@pytest.mark.parametrize(("platform", "chat", "thread"), ROOMS)
async def test_who_calls_it_by_its_name_is_answered_in_words_of_ones_own(
    cast: Cast, platform: str, chat: str, thread: int | None
) -> None:
    rae = cast.on(platform, "Rae", chat, thread)
    await calls(rae, "")
    await rae.sees("구독 정치")  # the name alone asks for help
    for words, told in (
        ("구독 정치", "정치 알림을 켰습니다."),
        ("정치랑 경제만", "정치, 경제"),
        ("밤 11시부터 7시", "23:00-07:00"),
        ("알아들을 수 없는 말", "모르는 명령입니다."),
    ):
        await calls(rae, words)
        await rae.sees(told)
    await rae.writes(f"최근 {NAMES[platform]}!")  # it may stand behind as well
    await until(rae.news)
    found = await rae.subscriber()
    assert found is not None
    assert found.topics == {"politics", "economy"}
    assert str(found.choices.quiet) == "23:00-07:00"


@pytest.mark.parametrize(("platform", "chat", "thread"), ROOMS)
async def test_its_name_gives_nobody_a_right(cast: Cast, platform: str, chat: str, thread: int | None) -> None:
    rae, sam = cast.on(platform, "Rae", chat, thread), cast.on(platform, "Sam", chat, thread)
    await calls(rae, "구독 정치")
    await rae.sees("정치 알림을 켰습니다.")
    before = await rae.subscriber()
    await calls(sam, "모두 받기")
    await sam.sees("관리자")
    for verb in VERBS:
        if verb.role is not Role.READER and not verb.button_only:
            await calls(sam, f"{verb.name} K7F3M")
    await calls(rae, "이유")
    await until(rae.news)
    assert await rae.subscriber() == before
    assert (await cast.process.kit.ledger.gate(platform))["paused"] is None


@pytest.mark.parametrize(("platform", "chat", "thread"), ROOMS)
async def test_who_is_merely_spoken_of_is_not_spoken_to(
    cast: Cast, platform: str, chat: str, thread: int | None
) -> None:
    rae = cast.on(platform, "Rae", chat, thread)
    await rae.writes(f"어제 {NAMES[platform]} 알림 보셨습니까")
    await rae.writes("구독 정치")
    await calls(rae, "이유")
    await until(rae.news)
    assert len(rae.messages()) == 1
    assert await rae.subscriber() is None


async def test_strangers_of_another_workspace_are_not_heard(cast: Cast) -> None:
    rae, ext = cast.on("slack", "Rae", NEWS), cast.on("slack", "Ext", NEWS)
    await calls(ext, "모두 받기")
    await calls(rae, "이유")
    await until(rae.news)
    assert not ext.messages()
    assert await rae.subscriber() is None
