"""What the cases share: texts, a story to vary, and the form of what readers must read.

The texts are our own. The long one has what real ones trip over: an initial, digits and dots inside a sentence, quotes,
69 characters of headline and 561 of excerpt, whose first three sentences are 110, 101 and 47 characters long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from newsbot.core.compose import compose
from newsbot.core.model import Attribution, Change, Message, Story, Topic, Urgency

LOCALES = Path(__file__).parents[2] / "newsbot" / "locales"
NOW = datetime(2024, 7, 12, 0, 15, tzinfo=UTC)  # 09:15 in Seoul
SENT, CORRECTED = 1720742580.0, 1720744860.0  # 09:03 and 09:41 in Seoul
FLASH, BREAKING, NORMAL = Urgency.FLASH, Urgency.BREAKING, Urgency.NORMAL
TOPICS = {
    "disaster": Topic("disaster", "날씨·재난", "Weather & disasters", "재난"),
    "society": Topic("society", "사회", "Society", "사회"),
}
LINK, PICTURE = "https://example.com/a", "https://example.com/img/a.jpg"
AGENCY = Attribution(name="예시청", url="https://agency.example/", licence="KOGL-1")


def catalog(language: str) -> dict[str, str]:
    """What alerts say in that language."""
    with (LOCALES / language / "alert.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}


CATALOGS = {language: catalog(language) for language in ("ko", "en")}

LONG = "예시군, 해안 다리 37곳 ‘상시 점검’ 곧 들어간다! 존 F. 보기 기념관 합동 회의서 지침 채택…통제 시간은 월말에 공개"
ONE = (
    "예시도와 예시군은 12일 예시시 존 F. 보기 기념관에서 열린 합동 회의에서 ‘해안 다리 안전 지침’에 관한 공동 계획을 채택하고 "
    "다리 37곳을 3.5m 간격으로 살피는 상시 점검 체계를 마련했다."
)
TWO = (
    "이번 계획은 지난해 8월 두 기관이 U.S. 예시연구소와 진행한 시범 점검에서 난간과 이음매의 균열이 2.4배 늘어난 것으로 "
    "확인되자 주민 설명회를 세 차례 거쳐 다듬은 결과물이다."
)
THREE = "세부 일정과 구간별 통제 시간은 이달 말 군청 누리집에 차례로 모두 공개될 예정이다."
REST = (
    "군청은 점검이 이어지는 동안 다리마다 한 차로씩만 막고 우회로에 안내 요원을 세우며, 등하교 시간에는 작업을 멈추기로 했다. "
    "점검 결과는 다섯 단계로 나누어 알리고 가장 낮은 두 단계를 받은 다리는 바로 통행을 막는다. 예산은 42억 원으로, 도와 군이 "
    "절반씩 낸다. 군 관계자는 “눈으로 보아서는 알 수 없는 틈까지 찾아내겠다.”라고 말했다. 주민 모임은 통제 시간을 미리 알려 "
    "달라고 요구했고 군은 하루 전까지 문자로 알리겠다고 답했다. 다음 회의는 9월에 예시시에서 열리며 이웃 시군 두 곳도 "
    "참여한다. 첫 점검 대상은 예시대교다."
)
WHOLE = f"{ONE} {TWO} {THREE} {REST}"
QUAKE, SHOOK = "예시군 앞바다 규모 5.1 지진", "기상청은 예시군 앞바다에서 지진이 났다고 밝혔다."
STATEMENT = (
    "본지는 7월 3일 자에서 예시상사가 신고를 미뤘다고 전했으나 사실과 다릅니다.\n\n"
    "예시상사는 당일 오후에 신고를 마쳤습니다."
)


@dataclass(frozen=True)
class Reads:
    """What a reader reads, in the order of every alert. Telegram has hashtags, Slack has none."""

    first: str
    words: str = ""
    box: str = ""
    footer: str = ""
    credit: str = ""
    notes: tuple[str, ...] = ()
    tags: str = ""
    button: str = ""

    def telegram(self) -> str:
        """The text of the message, without its button."""
        end = [self.box, self.footer, self.credit, *self.notes, self.tags]
        parts = [self.first, self.words, "\n".join(line for line in end if line)]
        return "\n\n".join(part for part in parts if part)

    def slack(self) -> str:
        """The text of the blocks, without button and picture."""
        footer = " · ".join(part for part in (self.footer, self.credit) if part)
        words = self.words.replace("\n\n", "\n") if "• " in self.words else self.words  # a digest's topics
        parts = [self.first, words, self.box, footer, *self.notes]
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Case:
    """One layout in one language and length."""

    layout: str
    language: str
    length: str
    make: Callable[[], Message]
    reads: Reads
    quiet: bool = False
    card: str = "off"
    """Telegram's card: off, small or large."""
    links: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """How the case is called in its file."""
        return f"{self.language} {self.length}"


def story(**fields: Any) -> Story:
    """A breaking quake of 09:03, unless told otherwise."""
    given: dict[str, Any] = {
        "id": "K7F3M",
        "article": "a1",
        "urgency": BREAKING,
        "topics": ("disaster",),
        "headline": QUAKE,
        "excerpt": SHOOK,
        "link": LINK,
        "published_at": "2024-07-12T09:03:00+09:00",
        "publisher": "예시뉴스",
        "accepted_at": SENT,
    }
    return Story(**{**given, **fields})


def told(one: Story, language: str, how: Callable[..., Message] = compose, **more: Any) -> Message:
    """The message of a story for a chat in Seoul."""
    given: dict[str, Any] = {"catalog": CATALOGS[language], "topics": TOPICS, "now": NOW, "zone": "Asia/Seoul"}
    return how(one, language=language, **{**given, **more})


SIZES: dict[str, dict[str, Any]] = {
    "short": {"headline": "다리 통제", "excerpt": "", "topics": ()},
    "usual": {},
    "long": {"headline": LONG, "excerpt": WHOLE, "topics": ("society", "disaster"), "attribution": AGENCY},
}
TOPIC_OF = {
    ("ko", "short"): "기타",
    ("ko", "usual"): "날씨·재난",
    ("ko", "long"): "사회, 날씨·재난",
    ("en", "short"): "Other",
    ("en", "usual"): "Weather & disasters",
    ("en", "long"): "Society, Weather & disasters",
}
AT = {"ko": "오전 9:03", "en": "9:03 AM"}
READ = {"ko": "기사 보기", "en": "Read"}
HASHTAG = {"ko": {"disaster": "재난", "society": "사회"}, "en": {"disaster": "Weather_disasters", "society": "Society"}}
CHANGE = Change(label="지진 규모", old="5.7", new="5.1", at=CORRECTED)
PUT_RIGHT: dict[str, Any] = {"kind": "correction", "change": CHANGE, "revision": 2}
