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
    ("시간", "○ 조용히 22-7시", lambda s: s.choices.quiet == Quiet(1320, 420)),
    ("시간", "○ 조용한 시간에도 속보", lambda s: s.choices.passes is Urgency.BREAKING),
    ("시간", "● 조용한 시간에도 속보", lambda s: s.choices.passes is Urgency.FLASH),
    ("시간", "○ 조용한 시간 없음", lambda s: s.choices.quiet is None),
    ("시간", "○ 모아보기 08:00, 18:30", lambda s: s.choices.gather and len(s.choices.digests) == 2),
    ("시간", "○ 모아보기 월요일 08:00", lambda s: s.choices.digests == (Slot(480, 0),)),
    ("시간", "○ 일반도 바로", lambda s: not s.choices.gather),
    ("시간", "하루", lambda s: s.choices.muted > 0),
    ("시간", "다시 받기", lambda s: 0 < s.choices.muted < 2_000_000_000),
    ("길이와 소리", "○ 제목만", lambda s: s.choices.form == "headline"),
    ("길이와 소리", "○ 사진", lambda s: s.choices.form == "image"),
    ("길이와 소리", "● 소리", lambda s: not s.choices.sound),
    ("길이와 소리", "○ 소리", lambda s: s.choices.sound),
    ("길이와 소리", "○ 하루 5건", lambda s: s.choices.cap == 5),
    ("길이와 소리", "○ 제한 없이", lambda s: s.choices.cap == 0),
    ("길이와 소리", "○ 속보부터", lambda s: s.urgency is Urgency.BREAKING),
    ("키워드", "✕ 반도체", lambda s: not s.choices.words),
    ("키워드", "✕ " + "가" * 20, lambda s: not s.choices.without),
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
        ("← 뒤로", "정치: 속보부터", lambda s: True),
        ("시간", "○ 조용히 23-7시", lambda s: True),
        ("○ 조용히 23-7시", "● 조용히 23-7시", lambda s: s.choices.quiet == Quiet(1380, 420)),
    ):
        await cast.control("/slack/press", user="Rae", view="home", button=label)
        await page(then)
        await became(rae, happens, label)
    assert rae.messages() == [], "nothing is said beside the page"


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
