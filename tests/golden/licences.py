"""Every licence, on a commercial site and on another."""

from __future__ import annotations

from newsbot.core.model import Attribution, Urgency
from tests.golden.kit import (
    AT,
    BREAKING,
    HASHTAG,
    LINK,
    NORMAL,
    ONE,
    QUAKE,
    READ,
    TOPIC_OF,
    TWO,
    Case,
    Reads,
    story,
    told,
)

# Licence → what may be shown of an excerpt, on a commercial site and on another.
LICENCES: dict[str | None, tuple[str, str]] = {
    None: ("cut", "cut"),
    "KOGL-0": ("cut", "cut"),
    "KOGL-1": ("cut", "cut"),
    "KOGL-2": ("none", "cut"),
    "KOGL-3": ("whole", "whole"),
    "KOGL-4": ("none", "whole"),
    "unclear": ("none", "whole"),
}
_STATED = {"ko": " · 공공누리 제{n}유형", "en": " · KOGL Type {n}"}


def cases() -> list[Case]:
    """All of them."""
    return [
        _licence(licence, index, urgency, language)
        for licence in LICENCES
        for index in (0, 1)
        for urgency in (BREAKING, NORMAL)
        for language in ("ko", "en")
    ]


def _licence(licence: str | None, index: int, urgency: Urgency, language: str) -> Case:
    """Two sentences of 211 characters: normal shows them whole, breaking can only cut them."""
    text = f"{ONE} {TWO}"
    shown = {("cut", BREAKING): ONE, ("cut", NORMAL): text, ("whole", NORMAL): text}
    stated = _STATED[language].format(n=licence[-1]) if licence and licence != "unclear" else ""
    source = Attribution(name="예시청", url="https://agency.example/", licence=licence)
    one = story(urgency=urgency, excerpt=text, attribution=source)
    loud = urgency is BREAKING
    reads = Reads(
        first={"ko": "[속보] ", "en": "BREAKING: "}[language] * loud + QUAKE,
        words=shown.get((LICENCES[licence][index], urgency), ""),
        footer=f"{TOPIC_OF[language, 'usual']} · {AT[language]} · 예시뉴스",
        credit={"ko": "자료: ", "en": "Source: "}[language] + "예시청" + stated,
        tags=({"ko": "#속보 ", "en": "#Breaking "}[language] * loud) + "#" + HASHTAG[language]["disaster"],
        button=READ[language],
    )
    name = f"{licence or 'none'} {('commercial', 'free')[index]} {urgency}"
    make = lambda: told(one, language, commercial=index == 0)  # noqa: E731
    links = frozenset({LINK, "https://agency.example/"})
    return Case("licence", language, name, make, reads, not loud, "small" if loud else "off", links)
