"""Alerts, follow-ups and corrected alerts, short, usual and long."""

from __future__ import annotations

from typing import Any

from tests.golden.kit import (
    AT,
    FLASH,
    HASHTAG,
    LINK,
    LONG,
    NORMAL,
    ONE,
    PICTURE,
    PUT_RIGHT,
    QUAKE,
    READ,
    SHOOK,
    SIZES,
    THREE,
    TOPIC_OF,
    TWO,
    Case,
    Reads,
    story,
    told,
)

_HEADLINE = {"short": "다리 통제", "usual": QUAKE, "long": LONG}
_CREDIT = {"ko": "자료: 예시청 · 공공누리 제1유형", "en": "Source: 예시청 · KOGL Type 1"}
_TAGS = {"short": "", "usual": " #{disaster}", "long": " #{society}"}
_BOX = {
    "ko": "오전 9:41 바로잡음\n지진 규모: 5.7 → 5.1",
    "en": "Corrected 9:41 AM\n지진 규모: 5.7 → 5.1",
}
# layout, the story's own fields, tag in Korean and English, long excerpt, hashtag of its urgency, silent, card
_ALERTS: list[tuple[str, dict[str, Any], dict[str, str], str, dict[str, str] | None, bool, str]] = [
    (
        "flash",
        {"urgency": FLASH},
        {"ko": "🚨 [긴급] ", "en": "🚨 FLASH: "},
        "",
        {"ko": "#긴급", "en": "#Flash"},
        False,
        "small",
    ),
    (
        "breaking",
        {"labels": ("속보",)},
        {"ko": "[속보] ", "en": "BREAKING: "},
        ONE,
        {"ko": "#속보", "en": "#Breaking"},
        False,
        "small",
    ),
    (
        "breaking-image",
        {"image": PICTURE, "alt": "다리 위의 차량"},
        {"ko": "[속보] ", "en": "BREAKING: "},
        ONE,
        {"ko": "#속보", "en": "#Breaking"},
        False,
        "large",
    ),
    ("normal", {"urgency": NORMAL}, {"ko": "", "en": ""}, f"{ONE} {TWO} {THREE}", {"ko": "", "en": ""}, True, "off"),
    (
        "follow-up",
        {"kind": "follow-up", "labels": ("2보",), "parent": "K0000", "take": 2, "silent": True},
        {"ko": "[2보] ", "en": "UPDATE 2: "},
        ONE,
        None,
        True,
        "small",
    ),
    (
        "follow-up-risen",
        {"kind": "follow-up", "parent": "K0000", "take": 21},
        {"ko": "[속보] ", "en": "BREAKING: "},
        ONE,
        None,
        False,
        "small",
    ),
    (
        "follow-up-normal",
        {"kind": "follow-up", "urgency": NORMAL, "parent": "K0000", "take": 3},
        {"ko": "[후속] ", "en": "UPDATE: "},
        ONE,
        None,
        True,
        "small",
    ),
    ("correction", PUT_RIGHT, {"ko": "[정정] ", "en": "CORRECTION: "}, ONE, None, False, "off"),
    (
        "correction-normal",
        {**PUT_RIGHT, "urgency": NORMAL, "labels": ("단독",)},
        {"ko": "[정정] [단독] ", "en": "CORRECTION: EXCLUSIVE: "},
        f"{ONE} {TWO} {THREE}",
        None,
        True,
        "off",
    ),
    (
        "test",
        {"test": True},
        {"ko": "[시험 발송, 뉴스 아님] [속보] ", "en": "TEST, NOT NEWS: BREAKING: "},
        ONE,
        None,
        True,
        "off",
    ),
    (
        "late",
        {"late": True},
        {"ko": "[속보] ", "en": "BREAKING: "},
        ONE,
        {"ko": "#속보", "en": "#Breaking"},
        False,
        "small",
    ),
]
_TAKES = {
    "follow-up": {"ko": "이 이야기 두 번째 소식", "en": "Second report on this story"},
    "follow-up-risen": {"ko": "이 이야기 21번째 소식", "en": "Report 21 on this story"},
    "follow-up-normal": {"ko": "이 이야기 세 번째 소식", "en": "Third report on this story"},
}


def cases() -> list[Case]:
    """All of them."""
    return [
        _alert(row, language, length, live=live)
        for row in _ALERTS
        for language in ("ko", "en")
        for length in SIZES
        for live in ((True, False) if row[0] in ("flash", "breaking") else (True,))
    ]


def _alert(row: Any, language: str, length: str, *, live: bool) -> Case:
    layout, fields, tag, long, loud, quiet, card = row
    one = story(**{**SIZES[length], **fields, "live": live})
    words = {"short": "", "usual": "" if layout == "flash" else SHOOK, "long": long}[length]
    hashtags = _TAGS[length].format(**HASHTAG[language])
    if loud is not None and not loud[language] and length == "long":
        hashtags += " #" + HASHTAG[language]["disaster"]  # two topics where urgency takes no place
    late = {"ko": " · 늦게 전함", "en": " · delivered late"}[language] if layout == "late" else ""
    button = READ[language] if live and layout.partition("-")[0] not in ("correction", "test") else ""
    credit = _CREDIT[language] if length == "long" else ""
    reads = Reads(
        first=tag[language] + _HEADLINE[length],
        words=words,
        box=_BOX[language] if layout.startswith("correction") else "",
        footer=f"{TOPIC_OF[language, length]} · {AT[language]} · 예시뉴스{late}",
        credit=credit,
        notes=(_TAKES[layout][language],) if layout in _TAKES else (),
        tags="" if loud is None else (loud[language] + hashtags).strip(),
        button=button,
    )
    links = ({LINK} if live else set()) | ({"https://agency.example/"} if credit else set())
    shown = layout if live else f"{layout}-offline"
    make = lambda: told(one, language)  # noqa: E731
    return Case(shown, language, length, make, reads, quiet, card if live else "off", frozenset(links))
