"""The bot comes to a channel: before or after somebody subscribed there, and who is told what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cast import CHANNEL, NEWS, Cast, until, views
from tests.scenario.test_places import became

PRIVATE = "G0PRIVATE"
INVITE = "/invite @newsbot"


@pytest.mark.parametrize("chat", [NEWS, PRIVATE])
async def test_subscribed_in_a_slack_channel_before_the_bot_is_invited(cast: Cast, site: Path, chat: str) -> None:
    rae = cast.on("slack", "Rae", chat)
    await cast.control("/slack/member", channel=chat, user="bot", joined=False)
    await rae.says("/subscribe politics")
    answer = await rae.sees("정치 알림을 켰습니다.")
    assert INVITE in answer.text
    await cast.publish(site, "one", "[속보] 예시 국회, 새 의장 선출", categories="정치")
    await cast.done((await cast.story("의장"))["id"])
    await became(rae, "quarantined")
    await rae.says("/settings")
    assert INVITE in (await until(rae.news))[0].text, "what was chosen is kept, and that is said"
    before = await rae.subscriber()
    assert before is not None
    await cast.control("/slack/member", channel=chat, user="bot", joined=True, inviter="Rae")
    told = await rae.sees("이 채널로 알림을 보내 드립니다.")
    assert "정치" in told.text
    assert told.ephemeral
    await became(rae, "active")
    after = await rae.subscriber()
    assert after is not None
    assert (after.topics, after.choices) == (before.topics, before.choices)
    await cast.publish(site, "two", "[속보] 예시 국회, 첫 본회의", categories="정치")
    await until(lambda: rae.has("첫 본회의"))
    assert not rae.has("의장 선출")
    await rae.says("/settings")
    assert INVITE not in (await until(rae.news))[0].text


async def test_a_channel_that_lost_the_bot_goes_on_when_its_settings_are_opened(cast: Cast) -> None:
    """The bot is back, and nobody told it."""
    rae = cast.on("slack", "Rae", NEWS)
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.process.kit.subscribers.set_state(rae.address, "quarantined")
    await rae.says("/settings")
    assert "정치" in (await until(rae.news))[0].text
    await became(rae, "active")


async def test_who_made_a_private_channel_is_told_to_invite_the_bot(cast: Cast) -> None:
    """A bot that is not there is told by nobody who made it, so its maker is refused."""
    cast.sandbox.world.slack.channels[PRIVATE].creator = "U0ED"
    await cast.control("/slack/member", channel=PRIVATE, user="bot", joined=False)
    ed = cast.on("slack", "Ed", PRIVATE)
    await ed.says("/subscribe politics")
    assert INVITE in (await ed.sees("채널을 만든 분만")).text
    await cast.control("/slack/member", channel=PRIVATE, user="bot", joined=True, inviter="Ed")
    await ed.says("/subscribe politics")
    assert INVITE not in (await ed.sees("정치 알림을 켰습니다.")).text


async def test_who_invites_the_bot_alone_is_told_how_to_begin(cast: Cast) -> None:
    rae, sam = cast.on("slack", "Rae", NEWS), cast.on("slack", "Sam", NEWS)
    await cast.control("/slack/member", channel=NEWS, user="bot", joined=False)
    await cast.control("/slack/member", channel=NEWS, user="bot", joined=True, inviter="Rae")
    told = await rae.sees("이 채널에서 받을 수 있습니다.")
    assert told.ephemeral
    await rae.presses("모두 받기", told)
    await rae.sees("모든 주제의 알림을 켰습니다.")
    assert (await until(rae.subscriber)).state == "active"
    assert not sam.messages()


@pytest.mark.parametrize("started", [True, False])
async def test_who_adds_the_bot_to_a_telegram_channel_is_told_in_private(cast: Cast, started: bool) -> None:
    there, rae, ed = cast.on("telegram", "Rae", CHANNEL), cast.on("telegram", "Rae"), cast.on("telegram", "Ed")
    cast.sandbox.world.telegram.chats[1001].started = started
    for status in ("left", "administrator"):
        await cast.control("/telegram/member", user="Rae", chat=int(CHANNEL), status=status)
    await cast.control("/telegram/say", user="Ed", chat=2001, text="/start")
    await until(ed.messages, "what came before is handled")
    if started:
        told = await rae.sees("이 채널에서 받을 수 있습니다.")
        await rae.presses("모두 받기", told)
        await rae.sees("모든 주제의 알림을 켰습니다.")
        assert (await until(there.subscriber)).state == "active"
        for status in ("left", "administrator"):
            await cast.control("/telegram/member", user="Rae", chat=int(CHANNEL), status=status)
        await rae.sees("이 채널로 알림을 보내 드립니다.")
        assert await rae.subscriber() is None
    else:
        await until(lambda: cast.process.kit.metrics.inbound.labels("telegram", "added")._value.get() == 1)
        assert not rae.messages()
    assert not there.messages(), "a channel's readers are told nothing"


# --- what Slack shows one person -----------------------------------------------------------------------------------------


async def test_a_form_of_the_page_changes_the_page(cast: Cast) -> None:
    rae = cast.on("slack", "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.control("/slack/home", user="Rae")
    await on_page(cast, lambda page: page["buttons"])
    await cast.control("/slack/press", user="Rae", view="home", button="조용한 시간")
    await on_page(cast, lambda page: any(one["value"] == "quiet" for one in page["buttons"]))
    await cast.control("/slack/press", user="Rae", view="home", value="quiet")
    modal = await until(lambda: cast.sandbox.world.slack.modals.get("U0RAE"), "the form")
    assert modal.given["submit"]["text"] == "저장"
    assert "/news" not in str(modal.given["blocks"])
    assert (await enters(cast, "25:00"))["shows"] == "errors", "it stays open, and says what is wrong"
    assert "/news" not in str(modal.errors)
    assert (await enters(cast, "25:00"))["shows"] == "errors"
    assert (await enters(cast, "22-7"))["shows"] == "closed"
    page = await on_page(cast, lambda page: page["text"][0] == "지금 설정")
    assert "\n".join(page["text"]).count("22:00-07:00") > 1, "what was changed, and the settings as they are now"
    await rae.sees("22:00-07:00")


@pytest.mark.parametrize(
    ("said", "verb", "stands"),
    [("quiet 22-7", "quiet", "22:00-07:00"), ("digest 월요일 9시", "digest", "mon-09:00"), ("cap 5", "cap", "5")],
)
async def test_a_form_begins_with_what_is_set(cast: Cast, said: str, verb: str, stands: str) -> None:
    """And what stands there can be sent off as it is."""
    rae = cast.on("slack", "Rae")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.says(f"/{said}")
    await until(rae.news)
    before = await rae.subscriber()
    await rae.says(f"/{verb}")
    modal = await until(lambda: cast.sandbox.world.slack.modals.get("U0RAE"), "the form")
    (entry,) = (block for block in modal.given["blocks"] if block["type"] == "input")
    assert entry["element"]["initial_value"] == stands
    assert (await cast.control("/slack/submit", user="Rae"))["shows"] == "closed"
    assert await rae.subscriber() == before


async def enters(cast: Cast, words: str) -> dict[str, Any]:
    """Fill in Rae's open form and send it off."""
    await cast.control("/slack/pick", user="Rae", action_id="news:words", value=words)
    return await cast.control("/slack/submit", user="Rae")


async def on_page(cast: Cast, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Rae's page of the bot, once it is so."""
    rae = cast.on("slack", "Rae")

    async def look() -> dict[str, Any] | None:
        page = (await views(rae))["home"]
        return page if page and true(page) else None

    found: dict[str, Any] = await until(look, "the page")
    return found


@pytest.mark.parametrize("words", ["quiet 25:00", "quiet from 10pm to 6am please"])
async def test_hours_that_are_none_are_answered_and_open_no_empty_form(cast: Cast, words: str) -> None:
    rae = cast.on("slack", "Rae", NEWS)
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.says(f"/{words}")
    (answer,) = await until(rae.news)
    found = await rae.subscriber()
    assert found is not None
    if found.choices.quiet:
        return  # it was understood
    assert not cast.sandbox.world.slack.modals
    await rae.presses("조용한 시간", answer)
    await until(lambda: cast.sandbox.world.slack.modals.get("U0RAE"), "the form")


@pytest.mark.parametrize(("locale", "welcome"), [("en-US", "Choose"), ("fr-FR", "Choose"), ("ko-KR", "골라")])
async def test_a_person_is_spoken_to_in_the_language_of_their_slack(cast: Cast, locale: str, welcome: str) -> None:
    await cast.control("/slack/person", name="Jane", locale=locale)
    jane = cast.on("slack", "Jane")
    await jane.says("/start")
    assert welcome in (await until(jane.news))[0].text
    await jane.says("/subscribe politics ko")
    await jane.sees("정치 알림을 켰습니다.")
    await jane.says("/settings")
    assert "정치" in (await until(jane.news))[0].text, "what the place has chosen goes first"
