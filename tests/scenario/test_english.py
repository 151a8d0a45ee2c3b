"""The same in English: every word of the bot, and the newsroom's own words as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cast import PLATFORMS, Cast, labels, until

both = pytest.mark.parametrize("platform", PLATFORMS)

HANGUL = re.compile(r"[가-힣]")
HEADLINE = "예시군 앞바다 규모 5.1 지진"


@both
async def test_a_reader_in_english(cast: Cast, site: Path, platform: str) -> None:
    rae = cast.on(platform, "Rae")
    await rae.says("/subscribe en breaking")
    await rae.sees("All topics are on. Breaking news and flashes only.")
    for words, answer in (
        ("/start", "Breaking news from"),
        ("/help", "What you can say"),
        ("/topics", "Tap to change: ● everything"),
        ("/subscribe sprots", "No such topic. Closest: Sports."),
        ("/sbuscribe", "Closest: " + rae.word("/subscribe")),
        ("/latest", "Nothing was published yet."),
        ("/push K7F3M", "This command is not available here."),
    ):
        await rae.says(words)
        assert not HANGUL.search((await rae.sees(answer)).text.replace("예시뉴스", "")), words
    await cast.publish(
        site, "quake", f"[속보] {HEADLINE}", "예시군 앞바다에서 규모 5.1의 지진이 났다.", categories="재난"
    )
    alert = (await until(lambda: rae.has(HEADLINE)))[0]
    assert alert.text.startswith(f"BREAKING: {HEADLINE}")
    frame = alert.text.replace(HEADLINE, "").replace("예시군 앞바다에서 규모 5.1의 지진이 났다.", "")
    assert not HANGUL.search(frame.replace("예시뉴스", ""))
    await rae.says("/unsubscribe disaster")
    await rae.sees("Alerts are off for: Weather & disasters.")
    await rae.says("/unsubscribe")
    ended = await rae.sees("All alerts are off. To start again: " + rae.word("/subscribe"))
    assert labels(ended) == ["Undo", "Too many", "Not useful", "Something else"]


@both
async def test_an_editor_and_on_call_in_english(cast: Cast, site: Path, platform: str) -> None:
    ed, olu = cast.on(platform, "Ed"), cast.on(platform, "Olu")
    for person in (ed, olu):
        await person.says("/subscribe en politics")
        await person.sees("Alerts are on for: Politics.")
    await cast.publish(site, "old", "Old news from Example", day="2026-01-02")
    story = await cast.held("Old news", "old")
    await ed.says(f"/push {story} normal")
    card = await ed.sees("It goes out exactly as above.")
    assert labels(card) == ["Send", "Close"]
    assert f"Alert {story} · normal · held because: old date" in card.text
    await ed.presses("Send")
    await ed.sees(f"{story} is on its way. To stop it: " + ed.word(f"/cancel {story}"))
    await cast.done(story)
    for person, words, answer in (
        (ed, "/alerts", f"{story} · done · 0/0 · Old news from Example"),
        (ed, f"/push {story}", f"{story} went out already."),
        (olu, "/pause", "Paused: nothing more is sent."),
        (olu, "/status", "paused by Olu"),
        (olu, "/resume", "Sending again."),
        (olu, f"/cancel {story}", f"{story} has nothing left to send."),
        (olu, "/stop", "Which one: "),
    ):
        await person.says(words)
        assert not HANGUL.search((await person.sees(answer)).text), words


async def test_the_language_of_somebodys_app_is_spoken_until_they_choose(cast: Cast) -> None:
    sam = cast.on("telegram", "Sam")  # whose Telegram is set to English
    await sam.says("/start")
    welcome = await sam.sees("Choose what you want to get.")
    assert labels(welcome) == ["Everything", "Breaking only", "Choose topics"]
    await sam.presses("Choose topics")
    await sam.offers("○ Politics")
    await sam.says("구독 정치 ko")
    await sam.sees("정치 알림을 켰습니다.")
    await sam.says("/topics")
    await sam.offers("● 정치")
