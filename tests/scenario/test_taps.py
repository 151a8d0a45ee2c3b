"""Whatever can be typed can be tapped: panels, every button there is, buttons of before, and the way out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsbot import bootstrap
from newsbot.core.model import Address, Choices, Inbound, Quiet, Reply, Slot, Subscriber, Urgency
from newsbot.flows.chat.panels import PANELS
from tests.cast import PLATFORMS, Actor, Cast, labels, until, views

both = pytest.mark.parametrize("platform", PLATFORMS)
MOST_DATA, MOST_LABEL = 64, 75  # bytes of Telegram's callback_data, characters of a Slack button
EVENTS = itertools.count()
Stored = Callable[[Subscriber], bool]


async def became(actor: Actor, happens: Stored, what: str) -> Subscriber:
    """What is stored once it is so."""

    async def look() -> Subscriber | None:
        found = await actor.subscriber()
        return found if found is not None and happens(found) else None

    result: Subscriber = await until(look, what)
    return result


TAPS: tuple[tuple[str, str, Stored], ...] = (
    ("조용한 시간", "○ 22:00-07:00", lambda s: s.choices.quiet == Quiet(1320, 420)),
    ("조용한 시간", "○ 속보도 받기", lambda s: s.choices.passes is Urgency.BREAKING),
    ("조용한 시간", "● 속보도 받기", lambda s: s.choices.passes is Urgency.FLASH),
    ("조용한 시간", "○ 없음", lambda s: s.choices.quiet is None),
    ("모아보기", "○ 08:00, 18:30", lambda s: s.choices.gather and len(s.choices.digests) == 2),
    ("모아보기", "○ 월요일 08:00", lambda s: s.choices.digests == (Slot(480, 0),)),
    ("모아보기", "○ 모두 바로", lambda s: not s.choices.gather),
    ("잠시 멈춤", "2시간 멈춤", lambda s: s.choices.muted > 0),
    ("잠시 멈춤", "다시 받기", lambda s: 0 < s.choices.muted < 2_000_000_000),
    ("길이와 소리", "○ 제목만", lambda s: s.choices.form == "headline"),
    ("길이와 소리", "○ 사진", lambda s: s.choices.form == "image"),
    ("길이와 소리", "● 소리", lambda s: not s.choices.sound),
    ("길이와 소리", "○ 소리", lambda s: s.choices.sound),
    ("길이와 소리", "○ 하루 5건", lambda s: s.choices.cap == 5),
    ("길이와 소리", "○ 제한 없이", lambda s: s.choices.cap == 0),
    ("길이와 소리", "○ 속보부터", lambda s: s.urgency is Urgency.BREAKING),
    ("키워드", "✕ 반도체", lambda s: not s.choices.words),
    ("키워드", "✕ " + "가" * 20, lambda s: not s.choices.without),
    ("주제", "○ 모두 받기", lambda s: s.urgency is Urgency.NORMAL),
    ("주제", "○ 모두 끄기", lambda s: s.state == "stopped"),
    ("주제", "○ 정치", lambda s: (s.state, s.topics) == ("active", {"politics"})),
)


@both
async def test_panels_are_tapped_and_edit_themselves(cast: Cast, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    chosen = Choices(words=frozenset({"반도체"}), without=frozenset({"가" * 20}))
    await cast.process.kit.subscribers.put(Subscriber(rae.address, choices=chosen))
    await rae.says("설정")
    panel = await rae.sees("지금 설정")
    open_now = ""
    for name, label, happens in TAPS:
        if name != open_now:
            if open_now:
                await rae.presses("← 뒤로", panel)
                await until(lambda name=name: name in labels(only(rae)), "the main panel")
            await rae.presses(name, panel)
            open_now = name
        await until(lambda label=label: label in labels(only(rae)), f"{label} in {labels(only(rae))}")
        await rae.presses(label, panel)
        await became(rae, happens, label)
        await until(lambda: rae.news(), "the panel is drawn anew")
    await rae.presses("← 뒤로", panel)
    await until(lambda: "English" in labels(only(rae)), "the main panel")
    await rae.presses("English", panel)
    await until(lambda: "한국어" in labels(only(rae)), "the panel in English")


async def test_the_bots_own_page_on_slack_is_a_panel(cast: Cast) -> None:
    rae = cast.on("slack", "Rae")

    async def page(text: str) -> None:
        async def look() -> bool:
            return text in str(await views(rae))

        await until(look, text)

    await cast.control("/slack/home", user="Rae")
    await page("속보 알림입니다.")
    for label, then, happens in (
        ("모두 받기", "지금 받는 알림: 모든 주제.", lambda s: not s.topics),
        ("주제", "● 정치", lambda s: not s.topics),
        ("● 정치", "◐ 정치", lambda s: s.choices.least == (("politics", Urgency.BREAKING),)),
        ("← 뒤로", "정치: 속보와 긴급만", lambda s: True),
        ("조용한 시간", "○ 23:00-07:00", lambda s: True),
        ("○ 23:00-07:00", "조용한 시간: 23:00-07:00 (한국 시각)", lambda s: s.choices.quiet == Quiet(1380, 420)),
        ("← 뒤로", "잠시 멈춤", lambda s: True),
    ):
        await cast.control("/slack/press", user="Rae", view="home", button=label)
        await page(then)
        await became(rae, happens, label)
    assert "닫기" not in str(await views(rae)), "there is nothing to close"
    assert rae.messages() == [], "nothing is said beside the page"


OLD_PAGE = (
    ("set when quiet 22-7", "조용한 시간: 22:00-07:00 (한국 시각)", lambda s: s.choices.quiet == Quiet(1320, 420)),
    ("set when quiet breaking", "조용한 시간: ", lambda s: s.choices.passes is Urgency.BREAKING),
    ("set when digest mon-08:00", "모아보기: 월요일 08:00", lambda s: s.choices.digests == (Slot(480, 0),)),
    ("set when digest now", "모아보기: 미룬 알림만", lambda s: not s.choices.gather),
    ("set when mute 1h", "잠시 멈춤: ", lambda s: s.choices.muted > 0),
    ("set when unmute", "잠시 멈춤: ", lambda s: 0 < s.choices.muted < 2_000_000_000),
    ("set when", "지금 설정", lambda s: True),
)


async def test_buttons_of_the_page_when_lead_to_the_pages_of_now(cast: Cast) -> None:
    """It was about three things, and its panels still stand in chats."""
    address = Address("telegram", "1001")
    await cast.process.kit.subscribers.put(Subscriber(address))
    for data, shown, happens in OLD_PAGE:
        (reply,) = await press(cast, address, data)
        assert reply.text.startswith(shown), (data, reply.text)
        found = await cast.process.kit.subscribers.get(address)
        assert found is not None
        assert happens(found), data
    (reply,) = await press(cast, address, "set when paint red")
    assert reply.text == bootstrap.read_words("ko").catalogs["ko"]["panel.old"]


@pytest.mark.parametrize("page", PANELS)
async def test_no_button_of_a_page_changes_its_place_by_a_tap(cast: Cast, page: str) -> None:
    """Without its mark each stands where it stood; what comes with a choice stands after all others."""
    address = Address("telegram", "1001")

    def names(reply: Reply) -> list[str]:
        return [button.label.lstrip("●◐○ ") for button in reply.buttons]

    chosen = Choices(words=frozenset({"ai", "반도체"}), without=frozenset({"야구"}), quiet=Quiet(0, 1))
    await cast.process.kit.subscribers.put(Subscriber(address, choices=chosen))
    (first,) = await press(cast, address, f"set {page}")
    taps = [one.data for one in first.buttons if one.data.startswith(f"set {page} ") and "language" not in one.data]
    for data in taps:
        (after,) = await press(cast, address, data)
        before, now = names(first), names(after)
        stay = [name for name in before if not name.startswith("✕")]
        assert now[: len(stay)] == stay, (data, before, now)
        await cast.process.kit.subscribers.put(Subscriber(address, choices=chosen))


async def test_why_and_report_are_offered_only_of_an_alert_there_is(cast: Cast, site: Path) -> None:
    address = Address("telegram", "1001")
    await cast.process.kit.subscribers.put(Subscriber(address, frozenset({"politics"})))  # nothing is sent there
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    story = (await cast.story("지진"))["id"]
    for words, offered in ((story, True), ("ZZZZZ", False), ("열어줘", False)):
        (reply,) = await press(cast, address, f"settings {words}")
        assert reply.text.startswith("지금 설정")
        assert ("받은 이유" in [one.label for one in reply.buttons]) is offered, words


def only(actor: Actor) -> Any:
    """The one message of ours that is here."""
    (message,) = actor.messages()
    return message


async def press(cast: Cast, address: Address, data: str, kind: str = "press") -> list[Reply]:
    """What is answered to a press (or to words) in private."""
    number = next(EVENTS)  # somebody else each time: nobody may say so much in a minute
    inbound = Inbound(kind, address, "private", f"77{number}", data, f"test:{number}")  # type: ignore[arg-type]
    return list(await cast.process.kit.door()(inbound))


LATER = [catalog["door.later"] for catalog in bootstrap.read_words("ko").catalogs.values()]
WORDS = ("start", "settings", "topics", "help", "privacy", "keyword", "exclude", "source", "mute", "level", "form")
WORDS += ("sound", "language", "quiet", "digest", "zone", "cap", "why", "latest", "search", "unsubscribe", "stop")
FULL = Choices(
    least=(("politics", Urgency.BREAKING), ("world", Urgency.FLASH)),
    words=frozenset({"반도체", "가" * 20, "ai"}),
    without=frozenset({"야구", "나" * 20}),
    quiet=Quiet(1380, 420),
    digests=(Slot(480), Slot(1110)),
    gather=True,
    cap=8,
)
READERS: dict[str, Subscriber | None] = {
    "nobody": None,
    "plain": Subscriber(Address("telegram", "1")),
    "some": Subscriber(Address("telegram", "1"), frozenset({"politics", "entertainment", "world"}), choices=FULL),
    "words": Subscriber(Address("telegram", "1"), frozenset({"none"}), choices=Choices(words=frozenset({"ai"}))),
    "breaking": Subscriber(Address("telegram", "1"), urgency=Urgency.BREAKING, choices=Choices(muted=4_000_000_000)),
    "stopped": Subscriber(Address("telegram", "1"), state="stopped", choices=FULL),
}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("who", READERS)
async def test_every_button_there_is_can_be_pressed(cast: Cast, site: Path, language: str, who: str) -> None:
    """From everything that can be said, through every button that is offered, as each of these readers."""
    kit, address = cast.process.kit, Address("telegram", "1")
    await kit.stories.note_source("예시뉴스", {"kind": "feed", "ok": True})
    reader = READERS[who] and replace(READERS[who], language=language)
    seen, todo = set[str](), [("say", word) for word in WORDS] + [("press", f"set {name}") for name in PANELS]
    while todo:
        kind, data = todo.pop()
        await kit.subscribers.erase(address)
        if reader:
            await kit.subscribers.put(reader)
        replies = await press(cast, address, data, kind)
        assert replies, (kind, data)
        for reply in replies:
            assert reply.text.strip(), data
            assert reply.text not in LATER, f"{data!r} raised"
            for button in reply.buttons:
                assert 0 < len(button.data.encode()) <= MOST_DATA, button
                assert 0 < len(button.label) <= MOST_LABEL, button
                if button.data not in seen:
                    seen.add(button.data)
                    todo.append(("press", button.data))
            if reply.ask:
                assert len(reply.ask.title) <= 24, reply.ask  # Slack's limit on a form's title
    assert len(seen) > 20


async def test_a_report_without_a_number_is_of_the_last_alert_that_came(cast: Cast, site: Path) -> None:
    rae, kit, told = cast.on("telegram", "Rae"), cast.process.kit, list[str]()
    await kit.subscribers.put(Subscriber(rae.address, frozenset({"disaster"})))
    await rae.says("신고")
    await rae.sees("이곳에 보낸 알림이 아직 없습니다.")
    await cast.publish(site, "quake", "[속보] 예시군 앞바다 규모 5.1 지진", categories="재난")
    await until(lambda: rae.has("규모 5.1"))
    await cast.publish(site, "budget", "예시 국회, 예산안 처리", categories="정치")
    await cast.done((await cast.story("예산안"))["id"])

    async def heard(key: str, **fields: str) -> None:
        told.append(f"{fields['headline']}: {fields['words']}")

    reporting = replace(kit.door().chat.reporting, tell=heard)
    inbound = Inbound("say", rae.address, "private", "1001", "", "report:1")
    asked = await reporting.report(inbound, (), "ko")
    assert asked.text.endswith("예시군 앞바다 규모 5.1 지진")
    story = (await cast.story("지진"))["id"]
    assert asked.ask is not None
    assert asked.ask.verb == f"report {story}"
    for words in (("날짜가", "다릅니다"), (story.lower(), "날짜가", "다릅니다")):
        assert "알렸습니다" in (await reporting.report(inbound, words, "ko")).text
    assert told == ["예시군 앞바다 규모 5.1 지진: 날짜가 다릅니다"] * 2
    await cast.publish(site, "old", "예시군 비밀 소식", day="2026-01-02")
    held = await cast.held("비밀 소식", "old")
    assert "비밀" not in (await reporting.report(inbound, (held,), "ko")).text
