"""What is said in our own words: notices and withdrawals; statements, duties, another clock."""

from __future__ import annotations

from functools import partial
from typing import Any

from newsbot.core.compose import compose, notice
from newsbot.core.model import Change
from tests.golden.kit import (
    CORRECTED,
    LINK,
    NORMAL,
    PUT_RIGHT,
    QUAKE,
    SHOOK,
    STATEMENT,
    Case,
    Reads,
    story,
    told,
)

_WITHDRAWN = {"kind": "retraction", "change": Change(label="", old="", new="", at=1720743300.0), "revision": 2}
_LONG_CHANGE = Change(
    label="통제 시간",
    old="오전 9시부터 오후 6시까지 예시대교와 새예시교의 한 차로를 막습니다.",
    new="밤에만 막습니다.",
    at=CORRECTED,
)
_SORRY = "독자 여러분께 사과드립니다."
_DUTIES: dict[str, Any] = {"urgency": NORMAL, "notes": ("poll", "suicide", "ai", "claim"), "published_at": "2024-07-12"}


def _legal(label: str, headline: str) -> dict[str, Any]:
    """A statement somebody has a right to."""
    return {"labels": (label,), "urgency": NORMAL, "headline": headline, "excerpt": STATEMENT}


_OWN: list[tuple[str, str, str, dict[str, Any], Any, Reads]] = [
    (
        "notice", "ko", "usual", PUT_RIGHT, notice,
        Reads(
            "[정정] 지진 규모는 5.7이 아니라 5.1입니다",
            f"오전 9:03에 보낸 알림에서 지진 규모를 잘못 전했습니다. 위 알림을 고쳤습니다. {_SORRY}",
        ),
    ),
    (
        "notice", "en", "usual", {**PUT_RIGHT, "change": Change(label="Magnitude", old="5.7", new="5.1", at=CORRECTED)}, notice,
        Reads(
            "CORRECTION: Magnitude 5.1, not 5.7",
            "Our 9:03 AM alert gave the wrong magnitude. The alert above has been corrected. We apologise.",
        ),
    ),
    (
        "notice", "ko", "long", {**PUT_RIGHT, "change": _LONG_CHANGE}, notice,
        Reads(
            "[정정] 통제 시간을 바로잡습니다",
            f"오전 9:03에 보낸 알림에서 통제 시간을 잘못 전했습니다. 위 알림을 고쳤습니다. {_SORRY}",
        ),
    ),
    (
        "notice", "en", "long", {**PUT_RIGHT, "change": _LONG_CHANGE}, notice,
        Reads(
            "CORRECTION: 통제 시간 corrected",
            "Our 9:03 AM alert gave the wrong 통제 시간. The alert above has been corrected. We apologise.",
        ),
    ),
    (
        "notice", "ko", "short", {"kind": "correction", "accepted_at": 0.0, "published_at": None}, notice,
        Reads("[정정] 알림을 바로잡습니다", f"앞서 보낸 알림에 잘못된 내용이 있었습니다. 위 알림을 고쳤습니다. {_SORRY}"),
    ),
    (
        "notice", "en", "short", {"kind": "correction", "accepted_at": 0.0, "published_at": None}, notice,
        Reads(
            "CORRECTION: an alert has been corrected",
            "Our earlier alert was wrong on one point. The alert above has been corrected. We apologise.",
        ),
    ),
    (
        "withdrawal", "ko", "usual", _WITHDRAWN, compose,
        Reads(
            "[알림 철회] 오전 9:03에 보낸 이 알림을 거두어들입니다",
            f"사실과 다른 내용이었습니다. 이 알림을 퍼뜨리지 말아 주십시오. {_SORRY}",
            footer="7월 12일(금) 오전 9:15 · 예시뉴스",
        ),
    ),
    (
        "withdrawal", "en", "usual", _WITHDRAWN, compose,
        Reads(
            "WITHDRAWN: our 9:03 AM alert",
            "It was not correct. Please do not share it. We apologise.",
            footer="Fri 12 July 9:15 AM · 예시뉴스",
        ),
    ),
    (
        "withdrawal-notice", "ko", "usual", _WITHDRAWN, notice,
        Reads(
            "[알림 철회] 오전 9:03에 보낸 위 알림을 거두어들였습니다",
            f"사실과 다른 내용이었습니다. 위 알림을 퍼뜨리지 말아 주십시오. {_SORRY}",
        ),
    ),
    (
        "withdrawal-notice", "en", "usual", _WITHDRAWN, notice,
        Reads("WITHDRAWN: our 9:03 AM alert above", "It was not correct. Please do not share it. We apologise."),
    ),
    (
        "legal", "ko", "long", _legal("정정보도", "예시상사 관련 정정보도"), compose,
        Reads(
            "[정정보도] 예시상사 관련 정정보도", STATEMENT, footer="날씨·재난 · 오전 9:03 · 예시뉴스", button="기사 보기",
        ),
    ),
    (
        "legal", "en", "long", _legal("반론보도", "예시상사 반론"), compose,
        Reads(
            "RIGHT OF REPLY: 예시상사 반론", STATEMENT, footer="Weather & disasters · 9:03 AM · 예시뉴스", button="Read",
        ),
    ),
    (
        "notes", "ko", "usual", _DUTIES, compose,
        Reads(
            QUAKE, SHOOK, footer="날씨·재난 · 7월 12일(금) · 예시뉴스",
            notes=(
                "그 밖의 사항은 중앙선거여론조사심의위원회 홈페이지 참조", "도움이 필요하면 자살예방상담전화 109 (24시간)",
                "생성형 AI로 작성", "정정보도 청구가 있는 기사입니다",
            ),
            tags="#재난", button="기사 보기",
        ),
    ),
    (
        "notes", "en", "usual", _DUTIES, compose,
        Reads(
            QUAKE, SHOOK, footer="Weather & disasters · Fri 12 July · 예시뉴스",
            notes=(
                "For other details see the website of the National Election Survey Deliberation Commission",
                "If you need help: suicide prevention line 109 (24 hours)", "AI-generated",
                "A correction of this article has been requested",
            ),
            tags="#Weather_disasters", button="Read",
        ),
    ),
    (
        "other-zone", "ko", "usual", {}, compose,
        Reads(
            f"[속보] {QUAKE}", SHOOK, footer="날씨·재난 · 오전 9:03 (한국시간) · 예시뉴스",
            tags="#속보 #재난", button="기사 보기",
        ),
    ),
    (
        "other-zone", "en", "usual", {}, compose,
        Reads(
            f"BREAKING: {QUAKE}", SHOOK, footer="Weather & disasters · 9:03 AM KST · 예시뉴스",
            tags="#Breaking #Weather_disasters", button="Read",
        ),
    ),
]  # fmt: skip


def cases() -> list[Case]:
    """All of them."""
    found = []
    for layout, language, length, fields, how, reads in _OWN:
        abroad = {"zone": "America/New_York", "home": "Asia/Seoul"} if layout == "other-zone" else {}
        make = partial(told, story(**fields), language, how, **abroad)
        away = layout.startswith(("notice", "withdrawal"))
        quiet = layout in ("legal", "notes")
        card = "off" if away or quiet else "small"
        found.append(Case(layout, language, length, make, reads, quiet, card, frozenset(() if away else {LINK})))
    return found
