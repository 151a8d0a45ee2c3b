"""How much an edit changes for those who have read it."""

from __future__ import annotations

import time

import pytest

from newsbot.core import revision
from newsbot.core.model import Attribution, Story, Urgency

HEADLINE = "예시군 앞바다 규모 5.1 지진…피해 신고 12건"
FIRST = "기상청은 12일 오전 예시군 앞바다에서 규모 5.1의 지진이 났다고 밝혔다."
SECOND = "소방청은 피해 신고를 확인하고 있다."
EXCERPT = f"{FIRST} {SECOND}"


def story(headline: str = HEADLINE, excerpt: str = EXCERPT, **fields: object) -> Story:
    given = {"id": "K7F3M", "article": "a", "urgency": Urgency.NORMAL, "headline": headline, "excerpt": excerpt}
    return Story.model_validate(given | fields)


def size(old: str, new: str) -> list[str]:
    """What it is to change these words of the headline, and of the excerpt, where they stand."""
    assert old in HEADLINE or old in EXCERPT
    found = []
    if old in HEADLINE:
        found.append(revision.change(story(), story(HEADLINE.replace(old, new))))
    if old in EXCERPT:
        found.append(revision.change(story(), story(excerpt=EXCERPT.replace(old, new))))
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("…", ", "),
        ("…", "..."),
        ("12건", "12건!"),
        ("앞바다 규모", "앞바다서 규모"),
        ("앞바다 규모", "앞바다에서 규모"),
        ("규모 5.1 지진", "규모5.1 지진"),
        ("피해 신고", "피해신고"),
        ("기상청은", "기상청이"),
        ("예시군", "‘예시군’"),
        ("5.1의", "5.1"),
        ("밝혔다", "밝혓다"),
        ("있다", "잇다"),
        ("확인하고", "확인 하고"),
        ("신고를", "신고가"),
        (SECOND, f"{SECOND} 주민들은 대피했다."),
        (SECOND, f"{SECOND} 여진 3회가 이어졌다."),
        (SECOND, f"{SECOND} 사망자는 없다."),
    ],
)
def test_small(old: str, new: str) -> None:
    assert set(size(old, new)) == {"small"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5.1", "5.7"),
        ("12건", "13건"),
        ("12건", "건"),
        ("12건", "12건, 3명 부상"),
        ("12일", "13일"),
        ("12일 오전", "오전"),
        ("오전", "오후"),
        ("예시군", "보기군"),
        ("예시군", "예사군"),
        ("기상청", "소방청"),
        ("소방청", "김가나 소방청장"),
        ("났다고", "나지 않았다고"),
        ("났다고", "안 났다고"),
        ("났다고", "발생했다고"),  # the same to a person, not to us
        ("확인하고 있다", "확인하지 못했다"),
        ("피해 신고", "사망 신고"),
        ("피해 신고를", "두 명의 피해 신고를"),
        (FIRST, ""),
        (SECOND, ""),
        (EXCERPT, ""),
        (EXCERPT, f"{SECOND} {FIRST}"),
        (SECOND, f"여진이 이어졌다. {SECOND}"),
        (HEADLINE, "바다에서 지진이 났다"),
        (HEADLINE, f"{HEADLINE}, 보기시에서도 느껴져"),
    ],
)
def test_large(old: str, new: str) -> None:
    assert set(size(old, new)) == {"large"}


PAIRS = [
    ("경찰이 시민을 폭행했다", "경찰을 시민이 폭행했다", "large"),
    ("김가나 의원 불출마 선언", "김가너 의원 불출마 선언", "large"),
    ("김가나 의원 불출마 선언", "김나 의원 불출마 선언", "large"),
    ("김가은 의원 불출마 선언", "김가이 의원 불출마 선언", "large"),
    ("정부는 오는 주말 비상 대책 발표", "정부가 오는 주말 비상 대책 발표", "small"),
    ("정부는 환영", "정부가 환영", "large"),
    ("정부, 인터네트 요금 인상 발표", "정부, 인터넷트 요금 인상 발표", "small"),
    ("예시군, 오랫만에 메세지 공개", "예시군, 오랜만에 메시지 공개", "small"),
    ("운전자가 이웃을 죽였다고 진술해", "운전자가 이웃을 죽었다고 진술해", "large"),
    ("예시은행 파산 신청했다", "예시은행 파산 신청 안 했다", "large"),
    ("AMD 새 공장 짓는다", "AND 새 공장 짓는다", "large"),
    ("尹 대통령 예시군 방문", "文 대통령 예시군 방문", "large"),
    ("세 번째 금메달 딴 예시 선수", "네 번째 금메달 딴 예시 선수", "large"),
    ("예산 1,200억 원 확정", "예산 1200억 원 확정", "small"),
    ("“끝까지 간다” 노조 파업 예고", "'끝까지 간다' 노조 파업 예고", "small"),
    ("ＡＩ 규제 논의 시작", "AI 규제 논의 시작", "small"),
]


@pytest.mark.parametrize(("before", "after", "found"), PAIRS)
def test_headlines(before: str, after: str, found: str) -> None:
    assert revision.change(story(before), story(after)) == found


SENTENCES = [
    ("경찰이 시민을 폭행했다고 한다.", "경찰을 시민이 폭행했다고 한다.", "large"),
    ("경찰이 시민을 조사했다고 한다.", "경찰이 시민에게 조사했다고 한다.", "small"),
    ("김가은 의원이 말했다.", "김가이 의원이 말했다.", "large"),
    ("남궁가나 의원이 말했다.", "남궁가너 의원이 말했다.", "large"),
    ("회의는 예시광역시에서 열렸다.", "회의는 예사광역시에서 열렸다.", "large"),
    ("회의는 인터네트로 열렸다.", "회의는 인터넷트로 열렸다.", "small"),
    ("회의는 ABC홀에서 열렸다.", "회의는 ABD홀에서 열렸다.", "large"),
    ("역활을 맡았다.", "역할을 맡았다.", "small"),
]


@pytest.mark.parametrize(("before", "after", "found"), SENTENCES)
def test_sentences(before: str, after: str, found: str) -> None:
    assert revision.change(story(excerpt=before), story(excerpt=after)) == found


def test_none_is_what_no_reader_sees() -> None:
    assert revision.change(story(), story()) == "none"
    assert revision.change(story(), story(f" {HEADLINE}\u200b ", EXCERPT.replace(" ", "  "))) == "none"
    for unseen in ({"topics": ("economy",)}, {"link": "https://example.com/b"}, {"revision": 4}, {"held": "old"}):
        assert revision.change(story(), story(**unseen)) == "none"


@pytest.mark.parametrize(
    "fields",
    [
        {"attribution": Attribution(name="예시청", licence="KOGL-1")},
        {"labels": ("단독",)},
        {"notes": ("ai",)},
    ],
)
def test_credit_tags_and_notes_are_large(fields: dict[str, object]) -> None:
    assert revision.change(story(), story(**fields)) == "large"
    assert revision.change(story(**fields), story()) == "large"


def test_another_licence_is_large() -> None:
    one, four = (Attribution(name="예시청", licence=f"KOGL-{n}") for n in (1, 4))
    assert revision.change(story(attribution=one), story(attribution=four)) == "large"


def test_an_excerpt_that_was_missing() -> None:
    assert revision.change(story(excerpt=""), story(excerpt="주민들은 대피했다.")) == "small"
    assert revision.change(story(excerpt=""), story(excerpt=FIRST)) == "large"
    assert revision.change(story(excerpt=""), story(excerpt="피해는 없다.")) == "large"


def test_a_long_text_costs_little() -> None:
    begin = time.perf_counter()
    revision.change(story(excerpt="가나다 라마 " * 100_000), story(excerpt="바사아 자차 " * 100_000))
    assert time.perf_counter() - begin < 0.8
