"""What is no plain alert of the hour: other days and clocks, corrections, withdrawals, follow-ups, tests, statements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newsbot.core.compose import MOST_LEGAL, notice
from newsbot.core.model import Attribution, Change, StoryKind, Urgency, When
from tests.unit.test_compose import CATALOGS, UNIX, _compose

TAKEN = datetime(2024, 7, 12, 0, 5, tzinfo=UTC).timestamp()  # 09:05 in Seoul


@pytest.mark.parametrize(
    ("urgency", "published", "shown"),
    [
        (Urgency.BREAKING, "2024-07-12", When("오전 9:05", int(TAKEN))),  # a forwarded copy is told by its time alone
        (Urgency.FLASH, None, When("오전 9:05", int(TAKEN))),
        (Urgency.BREAKING, "yesterday", When("오전 9:05", int(TAKEN))),
        (Urgency.BREAKING, "2024-07-10", When("7월 10일(수)")),  # but old news is not made to look new
        (Urgency.BREAKING, "2024-07-12T09:03:00+09:00", When("오전 9:03", UNIX)),
        (Urgency.NORMAL, "2024-07-12", When("7월 12일(금)")),
        (Urgency.NORMAL, None, When("7월 12일(금)")),
    ],
)
def test_what_sounds_has_a_time_of_day(urgency: Urgency, published: str | None, shown: When) -> None:
    assert _compose(urgency=urgency, published_at=published, accepted_at=TAKEN).when == shown


@pytest.mark.parametrize(
    ("zone", "home", "korean", "english"),
    [
        ("America/New_York", "Asia/Seoul", When("오전 9:03 (한국시간)", UNIX), When("9:03 AM KST", UNIX)),
        ("Asia/Tokyo", "Asia/Seoul", When("오전 9:03", UNIX), When("9:03 AM", UNIX)),  # the same clock
        ("Asia/Seoul", "Asia/Seoul", When("오전 9:03", UNIX), When("9:03 AM", UNIX)),
        ("Asia/Seoul", "Europe/Paris", When("오전 2:03 (CEST)", UNIX), When("2:03 AM CEST", UNIX)),  # summer time
        ("Europe/Paris", "", When("오전 2:03", UNIX), When("2:03 AM", UNIX)),
    ],
)
def test_the_newsrooms_clock_is_named_where_it_is_not_the_readers(
    zone: str, home: str, korean: When, english: When
) -> None:
    assert _compose(zone=zone, home=home).when == korean
    assert _compose("en", zone=zone, home=home).when == english


def test_another_zones_clock_has_its_own_today() -> None:
    late = datetime(2024, 7, 12, 16, 0, tzinfo=UTC)  # the 13th in Seoul, still the 12th in New York
    shown = _compose(now=late, zone="America/New_York", home="Asia/Seoul").when
    assert shown == When("7월 12일(금) 오전 9:03 (한국시간)", UNIX, dated=True)


CHANGE = Change(label="지진 규모", old="5.7", new="5.1", at=datetime(2024, 7, 12, 0, 41, tzinfo=UTC).timestamp())
WRONG: dict[str, Any] = {"kind": "correction", "change": CHANGE, "accepted_at": TAKEN}
GONE: dict[str, Any] = {**WRONG, "kind": "retraction"}


@pytest.mark.parametrize(
    ("published", "taken", "korean", "english"),
    [
        ("2024-07-12T09:03:00+09:00", TAKEN, "오전 9:03에", "9:03 AM"),  # the time that stands in the alert
        ("2024-07-12T06:03:00+09:00", TAKEN, "오전 9:05에", "9:05 AM"),  # which was sent much later
        ("2024-07-12", TAKEN, "오전 9:05에", "9:05 AM"),
        ("2024-07-12T09:03:00+09:00", 0.0, "오전 9:03에", "9:03 AM"),
        ("2024-07-12", 0.0, "앞서", "earlier"),
        ("2024-07-11T09:03:00+09:00", TAKEN - 86400, "7월 11일(목) 오전 9:03에", "Thu 11 July 9:03 AM"),
    ],
)
def test_a_wrong_alert_is_named_by_its_time(published: str, taken: float, korean: str, english: str) -> None:
    when = {"published_at": published, "accepted_at": taken}
    assert _compose(**{**GONE, **when}).headline == f"{korean} 보낸 이 알림을 거두어들입니다"
    assert _compose(how=notice, **{**GONE, **when}).headline == f"{korean} 보낸 위 알림을 거두어들였습니다"
    assert _compose(how=notice, **{**WRONG, **when}).excerpt.startswith(f"{korean} 보낸 알림에서 지진 규모를")
    assert _compose("en", **{**GONE, **when}).headline == f"our {english} alert"
    assert _compose("en", how=notice, **{**WRONG, **when}).excerpt.startswith(f"Our {english} alert gave")


@pytest.mark.parametrize(
    ("label", "old", "new", "korean", "english"),
    [
        ("지진 규모", "5.7", "5.1", "지진 규모는 5.7이 아니라 5.1입니다", "지진 규모 5.1, not 5.7"),
        ("장소", "예시군", "예시시", "장소는 예시군이 아니라 예시시입니다", "장소 예시시, not 예시군"),
        ("사망자", "2명", "0명", "사망자는 2명이 아니라 0명입니다", "사망자 0명, not 2명"),
        ("이름", "", "김예시", "이름을 바로잡습니다", "이름 corrected"),
        ("이름", "김예시", "", "이름을 바로잡습니다", "이름 corrected"),
        ("내용", "길이 막혔다.", "길이 열렸다.", "내용을 바로잡습니다", "내용 corrected"),
        ("제목", "가" * 41, "나", "제목을 바로잡습니다", "제목 corrected"),
        ("", "5.7", "5.1", "알림을 바로잡습니다", "an alert has been corrected"),
    ],
)
def test_a_notice_says_what_was_wrong(label: str, old: str, new: str, korean: str, english: str) -> None:
    fields = {**WRONG, "change": CHANGE.model_copy(update={"label": label, "old": old, "new": new})}
    assert _compose(how=notice, **fields).headline == korean
    assert _compose("en", how=notice, **fields).headline == english


@pytest.mark.parametrize("kind", ["correction", "retraction"])
@pytest.mark.parametrize(
    ("fields", "silent"),
    [({}, False), ({"urgency": Urgency.NORMAL}, True), ({"silent": True}, True), ({"test": True}, True)],
)
def test_a_notice_is_as_loud_as_the_alert_was(kind: StoryKind, fields: dict[str, Any], silent: bool) -> None:
    message = _compose(how=notice, **{**WRONG, "kind": kind, **fields})
    assert (message.kind, message.silent) == ("notice", silent)
    assert (message.link, message.hashtags, message.credit, message.publisher) == (None, (), None, "")


def test_a_correction_keeps_its_day_and_names_the_time_of_the_change() -> None:
    later = CHANGE.model_copy(update={"at": CHANGE.at + 86400})
    message = _compose(**{**WRONG, "change": later})
    assert message.when == When("7월 12일(금) 오전 9:03", UNIX, dated=True)
    assert message.corrected
    assert message.corrected.title == "오전 9:41 바로잡음"
    assert _compose(**{**WRONG, "change": None}).corrected is None


@pytest.mark.parametrize(
    ("take", "korean", "english"),
    [
        (2, "이 이야기 두 번째 소식", "Second report on this story"),
        (11, "이 이야기 열한 번째 소식", "Eleventh report on this story"),
        (20, "이 이야기 스무 번째 소식", "Twentieth report on this story"),
        (21, "이 이야기 21번째 소식", "Report 21 on this story"),
    ],
)
def test_a_follow_up_says_which_it_is(take: int, korean: str, english: str) -> None:
    for language, said in (("ko", korean), ("en", english)):
        message = _compose(language, kind="follow-up", take=take, notes=("ai",))
        assert message.notes == (said, CATALOGS[language]["note.ai"])
        assert (message.kind, message.hashtags) == ("follow-up", ())
    assert _compose(take=1).notes == ()


def test_every_place_up_to_twenty_has_a_word() -> None:
    for catalog in CATALOGS.values():
        words = [catalog[f"ordinal.{n}"] for n in range(2, 21)]
        assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        ({"kind": "follow-up", "silent": True}, "[후속]"),
        ({"kind": "follow-up", "urgency": Urgency.NORMAL}, "[후속]"),
        ({"kind": "follow-up"}, "[속보]"),  # it sounds because it became urgent
        ({"kind": "follow-up", "labels": ("종합",), "silent": True}, "[종합]"),
        ({"kind": "correction", "labels": ("2보",)}, "[정정]"),
        ({"kind": "correction", "labels": ("반론보도",)}, "[반론보도]"),
        ({"kind": "revision"}, "[속보]"),
        ({"test": True}, "[시험 발송, 뉴스 아님] [속보]"),
        ({"test": True, "urgency": Urgency.FLASH}, "[시험 발송, 뉴스 아님] [긴급]"),
        ({"test": True, "urgency": Urgency.NORMAL}, "[시험 발송, 뉴스 아님]"),
    ],
)
def test_tags_of_what_is_no_plain_alert(fields: dict[str, Any], tag: str) -> None:
    assert _compose(**fields).tag == tag


def test_a_test_is_silent_and_leads_nowhere() -> None:
    message = _compose(test=True, image="https://example.com/a.jpg")
    assert (message.silent, message.test, message.hashtags, message.image) == (True, True, (), None)


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        ({}, "https://example.com/a.jpg"),
        ({"urgency": Urgency.FLASH}, None),
        ({"urgency": Urgency.NORMAL}, None),
        ({"kind": "follow-up"}, None),
        ({"kind": "correction"}, None),
        ({"kind": "retraction"}, None),
        ({"live": False}, None),
        ({"link": None}, None),
        ({"image": "http://example.com/a.jpg"}, None),
        ({"image": "javascript:alert(1)"}, None),
        ({"image": None}, None),
    ],
)
def test_pictures_come_with_breaking_news_that_can_be_opened(fields: dict[str, Any], image: str | None) -> None:
    message = _compose(**{"image": "https://example.com/a.jpg", "alt": " 다리\n위 ", **fields})
    assert (message.image, message.alt) == (image, "다리 위" if image else "")
    assert _compose(image="https://example.com/a.jpg").alt == "예시군 앞바다 규모 5.1 지진"


def test_a_page_that_does_not_answer_is_not_linked() -> None:
    message = _compose(live=False, publisher="")
    assert (message.link, message.publisher) == (None, "example.com")


@pytest.mark.parametrize(
    ("link", "tracked"),
    [
        ("https://example.com/a", "https://example.com/a?UTM"),
        ("https://example.com/a?b=1&c=%20", "https://example.com/a?b=1&c=%20&UTM"),
        ("https://example.com/a#part", "https://example.com/a?UTM#part"),
        ("https://example.com/a?b=1#part?x", "https://example.com/a?b=1&UTM#part?x"),
        ("https://example.com/a?", "https://example.com/a?UTM"),
        ("https://example.com/a?x", "https://example.com/a?x&UTM"),
        (
            "https://example.com/a?utm_source=rss",
            "https://example.com/a?utm_source=rss&utm_medium=alert&utm_campaign=K7F3M",
        ),
        ("https://example.com/" + "a" * 1470, "https://example.com/" + "a" * 1470),
    ],
)
def test_links_say_where_they_were_clicked_and_stay_what_they_were(link: str, tracked: str) -> None:
    ours = "utm_source=telegram&utm_medium=alert&utm_campaign=K7F3M"
    assert _compose(link=link, campaign="telegram").link == tracked.replace("UTM", ours)
    assert _compose(link=link).link == link.removesuffix("?")
    agency = Attribution(name="예시청", url="https://agency.example/")
    credit = _compose(attribution=agency, campaign="slack").credit
    assert credit
    assert credit.url == "https://agency.example/"


def test_a_statement_is_shown_whole() -> None:
    whole = "\n\n".join(["본지 보도는 사실과 다릅니다. 이를 바로잡습니다."] * 20)
    assert len(whole) > 500
    for label in ("정정보도", "반론보도", "추후보도"):
        for urgency in Urgency:
            assert _compose(labels=(label,), excerpt=whole, urgency=urgency).excerpt == whole
    assert len(_compose(labels=("정정보도",), excerpt="가" * 9000).excerpt) == MOST_LEGAL


def test_follow_ups_have_a_length_of_their_own() -> None:
    long = ("가나다라마바사 " * 6).strip() + "했다. "  # 51 characters a sentence
    assert _compose(kind="follow-up", excerpt=long * 9).excerpt == (long * 3).strip()
    assert _compose(kind="follow-up", excerpt=long * 9, urgency=Urgency.FLASH).excerpt == (long * 3).strip()
    assert _compose(kind="correction", take=2, excerpt=long * 9, urgency=Urgency.NORMAL).excerpt == (long * 3).strip()
