"""Digests: one line, four in three topics with everything that can stand under them, thirty."""

from __future__ import annotations

from functools import partial
from typing import Any

from newsbot.core.compose import digest
from newsbot.core.model import Message, Story
from tests.golden.kit import CATALOGS, LONG, NORMAL, NOW, PUT_RIGHT, QUAKE, TOPICS, Case, Reads, story

ITEMS = (
    story(urgency=NORMAL, headline="예시군 다리 점검 시작", link="https://example.com/b", topics=("society",)),
    story(**PUT_RIGHT, link="https://example.com/d"),
    story(urgency=NORMAL, headline="예시시 장날 풍경", labels=("포토",), link="https://example.com/e", topics=()),
    story(urgency=NORMAL, headline="버스 노선 개편", link="https://example.com/c", topics=("society",), live=False),
)
MANY = tuple(
    story(
        urgency=NORMAL,
        headline=f"{LONG[:-3]} {n:02d}",
        link=f"https://example.com/{n}",
        topics=(("society", "disaster")[n % 2],),
    )
    for n in range(30)
)


def cases() -> list[Case]:
    """All of them."""
    links = {f"https://example.com/{name}" for name in "bde"}
    lines = {n: f"• {LONG[:-3]} {n:02d}" for n in range(10)}
    odd, even = ("\n".join(lines[n] for n in range(first, 10, 2)) for first in (1, 0))
    ten = frozenset(f"https://example.com/{n}" for n in range(10))
    gone = [story(kind="retraction", headline="거짓 소식")]
    four: dict[str, Any] = {"title": "morning", "deferred": 3, "more": 12, "withdrawn": gone}
    return [
        Case("digest", "ko", "usual", partial(_digest, ITEMS, "ko", four), Reads(
            "아침 뉴스 4건 · 7월 12일(금)",
            "사회\n• 예시군 다리 점검 시작\n• 버스 노선 개편\n\n"
            f"날씨·재난\n• [정정] {QUAKE}\n\n기타\n• [포토] 예시시 장날 풍경",
            notes=("조용한 시간에 미뤄 둔 알림 3건을 담았습니다. 외 12건", "알림 철회: 날씨·재난 오전 9:03"),
        ), True, "off", frozenset(links)),
        Case("digest", "en", "usual", partial(_digest, ITEMS, "en", four), Reads(
            "Morning: 4 stories · Fri 12 July",
            "Society\n• 예시군 다리 점검 시작\n• 버스 노선 개편\n\n"
            f"Weather & disasters\n• CORRECTION: {QUAKE}\n\nOther\n• PHOTO: 예시시 장날 풍경",
            notes=("Includes 3 alerts held back over quiet hours. And 12 more.", "Withdrawn: Weather & disasters 9:03 AM"),
        ), True, "off", frozenset(links)),
        Case("digest", "ko", "short", partial(_digest, ITEMS[:1], "ko", {"title": "evening"}), Reads(
            "저녁 뉴스 1건 · 7월 12일(금)", "사회\n• 예시군 다리 점검 시작",
        ), True, "off", frozenset({"https://example.com/b"})),
        Case("digest", "en", "short", partial(_digest, ITEMS[:1], "en", {"title": "evening", "deferred": 1}), Reads(
            "Evening: 1 story · Fri 12 July", "Society\n• 예시군 다리 점검 시작",
            notes=("Includes 1 alert held back over quiet hours.",),
        ), True, "off", frozenset({"https://example.com/b"})),
        Case("digest", "ko", "long", partial(_digest, MANY, "ko", {"title": "오늘의 다리"}), Reads(
            "오늘의 다리 10건 · 7월 12일(금)", f"사회\n{even}\n\n날씨·재난\n{odd}", notes=("외 20건",),
        ), True, "off", ten),
        Case("digest", "en", "long", partial(_digest, MANY, "en", {"title": "Bridges today"}), Reads(
            "Bridges today: 10 stories · Fri 12 July", f"Society\n{even}\n\nWeather & disasters\n{odd}",
            notes=("And 20 more.",),
        ), True, "off", ten),
    ]  # fmt: skip


def _digest(stories: tuple[Story, ...], language: str, more: dict[str, Any]) -> Message:
    given: dict[str, Any] = {"catalog": CATALOGS[language], "topics": TOPICS, "now": NOW, "zone": "Asia/Seoul"}
    return digest(stories, language=language, **given, **more)
