"""What the settings say is what happens: every line against `core.audience`, for every combination of choices."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from newsbot.bootstrap import files
from newsbot.core import audience
from newsbot.core.columns import ONE, Columns, bit, chosen
from newsbot.core.model import Address, Choices, Quiet, Slot, Story, Subscriber, Urgency
from newsbot.flows.chat.common import Common, city
from newsbot.flows.chat.subscription import Subscription
from newsbot.flows.chat.summary import Summary

HOME = "Asia/Seoul"
NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)  # 12:00 in Seoul
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 00:00 there
WORD = "반도체"
SLOTS = (Slot(480), Slot(1110))


def summary(language: str = "ko") -> Summary:
    """Without what reads or writes."""
    nothing: Any = None
    words, plain = files.read_words(language), Choices()
    common = Common(
        *(nothing, nothing, nothing, nothing, files.read_topics(), words, "예시뉴스", HOME, plain),
        lambda: NOON,
        *(nothing, nothing),
    )
    return Summary(common, Subscription(common))


def fate(one: Subscriber, urgency: Urgency, at: datetime, *, named: bool = False, counted: int = 0) -> str:
    """What becomes of such a story about politics: "now", "silent", "later" or "never"."""
    names = [f"floor:{one.urgency.value}", "active", *chosen(one.choices)]
    names += [f"topic:{topic}" for topic in one.topics] or ["all"]
    columns, mine = Columns(ONE, dict.fromkeys(names, bit(0, ONE))), bit(0, ONE)
    story = Story(
        id="K7F3M", article="a", source="예시뉴스", kind="alert", urgency=urgency, headline="예시", topics=("politics",)
    )
    standing = audience.Standing(
        named=mine if named and one.choices.words else 0,
        counted=[mine if counted >> place & 1 else 0 for place in range(4)],
    )
    found = audience.split(story, columns, standing, at.timestamp(), HOME)
    if found.now & mine:
        return "silent" if found.quietly & mine else "now"
    return "later" if any(bits & mine for bits in found.later.values()) else "never"


CHOSEN = [
    Subscriber(
        Address("telegram", "1"),
        topics,
        floor,
        choices=Choices(least=least, words=words, quiet=quiet, passes=passes, digests=digests, gather=gather, cap=cap),
    )
    for topics, floor, least, words, quiet, passes, digests, gather, cap in itertools.product(
        (frozenset[str](), frozenset({"politics"})),
        Urgency,
        ((), (("politics", Urgency.NORMAL),), (("politics", Urgency.BREAKING),)),
        (frozenset[str](), frozenset({WORD})),
        (None, Quiet(1380, 420)),
        (Urgency.FLASH, Urgency.BREAKING, None),
        ((), SLOTS),
        (False, True),
        (0, 8),
    )
]


def test_the_lines_of_the_settings_say_what_happens() -> None:
    page = summary()
    for one in CHOSEN:
        text = page.all(one, "ko")
        normal, breaking = (fate(one, urgency, NOON) for urgency in (Urgency.NORMAL, Urgency.BREAKING))
        if normal == "later":
            assert "일반 알림은 모아서 보내 드립니다: 08:00, 18:30" in text, text
        elif normal == "now":
            assert "일반 알림도 바로" in text, text
        if "속보와 긴급만 보내" in text and "politics" in one.topics:
            assert (normal, breaking) == ("never", "now"), text
        assert not ("속보와 긴급만 보내" in text and "일반 알림은 모아서" in text), text
        if one.choices.words:
            told = fate(one, Urgency.NORMAL, NOON, named=True)
            assert told == "now"
            assert "키워드는 바로" in text or "키워드 알림은 바로" in text or "일반 알림도 바로" in text, text


def test_what_is_said_of_quiet_hours_happens() -> None:
    page = summary()
    for one in CHOSEN:
        text = page.all(one, "ko")
        if not one.choices.quiet:
            assert "조용한 시간" not in text
            continue
        fates = {urgency: fate(one, urgency, NIGHT, named=True) for urgency in Urgency}
        if "긴급만 바로, 나머지는" in text:
            assert fates[Urgency.BREAKING] in ("later", "never"), text
            assert fates[Urgency.FLASH] == "now", text
        if "속보와 긴급은 바로, 나머지는" in text:
            assert fates[Urgency.BREAKING] in ("now", "never"), text
        if "아무것도 보내지 않고" in text:
            assert not {"now", "silent"} & set(fates.values()), text
        if "나머지는" in text and one.topics:
            assert "later" in fates.values(), text
        if "이 시간에도 모두" in text:
            assert "later" not in fates.values(), text


def test_what_is_said_of_the_number_a_day_happens() -> None:
    page = summary()
    for one in CHOSEN:
        said = page.cap(one, "ko")
        full = {urgency: fate(one, urgency, NOON, named=True, counted=8) for urgency in Urgency}
        assert full[Urgency.FLASH] == "now"
        if not one.choices.cap:
            assert not said
        if "일반 알림은 모아보기로" in said:
            assert full[Urgency.NORMAL] in ("later", "never")
            assert fate(one, Urgency.NORMAL, NOON, named=True) in ("now", "never"), "it does not wait anyway"
        if full[Urgency.BREAKING] == "silent":
            assert "속보는 소리 없이" in said
        if full[Urgency.BREAKING] == "now":
            assert "소리 없이" not in said


@pytest.mark.parametrize(
    ("zone", "korean", "english"),
    [
        ("Asia/Seoul", "한국 시각", "Korea time"),
        ("America/New_York", "뉴욕 시각", "New York time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires 시각", "Buenos Aires time"),
        ("Attic/Nowhere", "Nowhere 시각", "Nowhere time"),
    ],
)
def test_zones_are_called_by_their_place(zone: str, korean: str, english: str) -> None:
    common = summary().common
    assert (common.zone_name(zone, "ko"), common.zone_name(zone, "en")) == (korean, english)
    assert "/" not in city(zone, "ko")


def test_a_moment_is_written_as_hours_are() -> None:
    common = summary().common
    assert common.when(NOON.timestamp(), HOME, "ko") == "12:00"
    assert common.when(NOON.timestamp(), HOME, "ko", dated=True) == "11월 23일(월) 12:00"
    assert common.when(NIGHT.timestamp(), HOME, "ko") == "11월 24일(화) 00:00"
    assert common.when(NIGHT.timestamp(), "Europe/London", "en") == "15:00"
