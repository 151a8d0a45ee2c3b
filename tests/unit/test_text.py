"""Cleaning, measuring, cutting, particles and addresses."""

from __future__ import annotations

import unicodedata

import pytest

from newsbot.core import text

FAMILY = "👨‍👩‍👧‍👦"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("한미 정상 회담", "한미 정상 회담"),
        ("a\x00b\x07c\x1bd\x7fe\x9ff", "abcdef"),
        ("첫 줄\r\n둘째\t줄\u2028끝", "첫 줄\n둘째 줄 끝"),
        ("가격 \u202e15\u202c 원", "가격 15 원"),
        ("\u2066왼쪽\u2069\u200e\u200f\u061c", "왼쪽"),
        ("속\u200b보\u2060\ufeff\u00ad", "속보"),
        ("반\ud800쪽\udc00", "반쪽"),
        ("\ud83d\ude00", "😀"),
        ("e" + "\u0301" * 200, "e" + "\u0301" * 8),
        ("한\u200d글 a\u200db", "한글 ab"),
        (f"{FAMILY} 🏳️‍🌈 👩🏽‍⚕️ 🧑‍🤝‍🧑", f"{FAMILY} 🏳️‍🌈 👩🏽‍⚕️ 🧑‍🤝‍🧑"),
        ("☎\ufe0e 1\ufe0f\u20e3", "☎\ufe0e 1\ufe0f\u20e3"),
        (f"{ENGLAND} x\U000e0041\U000e0042", f"{ENGLAND} x"),
        ("\u3164\u200b\u2800", ""),
        ("끝\ufffe\ufdd0", "끝"),
        ("٢\u0600", "٢\u0600"),
        ("각", "각"),
        (unicodedata.normalize("NFD", "한글"), unicodedata.normalize("NFD", "한글")),
    ],
)
def test_only_what_hides_or_turns_text_is_taken_out(raw: str, shown: str) -> None:
    assert text.clean(raw) == shown
    assert text.clean(shown) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  두\n줄 \t제목　끝 ", "두 줄 제목 끝"),
        ("a\u00a0\u2003b", "a b"),
        (" \n ", ""),
        ("\u200b \u202e", ""),
    ],
)
def test_a_line_has_single_blanks_only(raw: str, shown: str) -> None:
    assert text.line(raw) == shown


def test_length_is_in_utf16_units() -> None:
    assert [text.utf16_len(s) for s in ("abc", "한글", "😀", FAMILY, "\ud800")] == [3, 2, 2, 11, 1]


def test_clipping_keeps_graphemes_whole() -> None:
    assert text.clip("한글 제목", 5) == "한글 제목"
    assert text.clip("한글 제목 길다", 5) == "한글 제…"
    assert text.clip("ab" + FAMILY, 6) == "ab…"
    assert text.utf16_len(text.clip(FAMILY * 400, 2000)) <= 2000
    assert len(text.clip("👨" + "\u200d👨" * 3000, 100)) <= 100
    assert len(text.graphemes(FAMILY + "가")) == 2


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("회의가 열렸다. 결과는 내일 나온다.", ["회의가 열렸다.", "결과는 내일 나온다."]),
        ("괜찮아요. 그렇죠. 정말일까? 좋다!", ["괜찮아요.", "그렇죠.", "정말일까?", "좋다!"]),
        ('그는 "간다." 이어 ‘온다.’ 했다.', ['그는 "간다."', "이어 ‘온다.’", "했다."]),
        ('그는 "간다." 라고 말했다.', ['그는 "간다." 라고 말했다.']),
        ("월터 E. 워싱턴 센터에서 열렸다. 다음", ["월터 E. 워싱턴 센터에서 열렸다.", "다음"]),
        ("J. Edgar met U.S. officials. They left.", ["J. Edgar met U.S. officials.", "They left."]),
        ("Mr. Kim and Dr. Lee spoke. Nobody asked.", ["Mr. Kim and Dr. Lee spoke.", "Nobody asked."]),
        ("It rose to 3.5 percent. Rates of 2.0 held.", ["It rose to 3.5 percent.", "Rates of 2.0 held."]),
        ("1. 첫 항목이다. 2. 둘째다.", ["1. 첫 항목이다.", "2. 둘째다."]),
        ("가. 첫째 항목임. 나. 둘째", ["가. 첫째 항목임.", "나. 둘째"]),
        ("2024. 7. 12. 발표했다.", ["2024. 7. 12. 발표했다."]),
        ("approx. five came. six", ["approx. five came. six"]),
        ("終わった。次の話。", ["終わった。", "次の話。"]),
        ("끝나지 않은 글", ["끝나지 않은 글"]),
        ("", []),
        (" . ", ["."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(whole: str, parts: list[str]) -> None:
    assert text.sentences(whole) == parts


LONG = "군청은 오늘 오전 긴급 회의를 열었고 주민 대피를 준비하며, 도로 세 곳을 막았다고 밝혔다."


@pytest.mark.parametrize(
    ("whole", "most", "count", "shown"),
    [
        ("하나다둘. 둘이다요. 셋이다요.", 100, 2, "하나다둘. 둘이다요."),
        ("하나다둘. 둘이다요. 셋이다요.", 11, 3, "하나다둘. 둘이다요."),
        ("하나다둘. 둘이다요. 셋이다요.", 10, 3, "하나다둘."),
        (LONG, 100, 2, LONG),
        (LONG, 40, 2, "군청은 오늘 오전 긴급 회의를 열었고 주민 대피를 준비하며…"),
        (LONG, 30, 2, "군청은 오늘 오전 긴급 회의를 열었고…"),
        (LONG, 14, 2, "군청은 오늘 오전 긴급…"),
        ("가" * 50, 10, 1, "가" * 9 + "…"),
        (FAMILY * 9, 10, 1, FAMILY + "…"),
        ("매출은 1,204억 원이며 이익은 줄었다.", 12, 1, "매출은 1,204억…"),
        # A noun in -고 is no clause: 사고, 신고.
        ("어제 오전 예시대교 사고 수습이 늦어져 길이 막혔다.", 18, 1, "어제 오전 예시대교 사고 수습이…"),
        ("군은 다리를 막았고 신고 접수 창구를 열었다.", 16, 1, "군은 다리를 막았고…"),
        ("군은 길을 막지 않고 차로를 하나만 줄인다.", 16, 1, "군은 길을 막지 않고…"),
        ("무엇이든", 0, 0, ""),
        ("", 10, 1, ""),
    ],
)
def test_excerpts_are_whole_sentences_or_end_well(whole: str, most: int, count: int, shown: str) -> None:
    cut = text.excerpt(whole, most, count)
    assert cut == shown
    assert len(cut) <= max(most, 0)


def test_an_enormous_excerpt_is_cut_quickly() -> None:
    assert len(text.excerpt("A. " * 400_000, 160, 2)) <= 160


@pytest.mark.parametrize(
    ("excerpt", "headline", "same"),
    [
        ("예시군에 비가 온다.", "예시군에 비가 온다", True),
        ("예시군에 비", "예시군에 비가 온다!", True),
        ("예시군에 비가 온다. 모레까지 이어진다.", "예시군에 비가 온다", False),
        ("규모 5.1 지진", "규모 5.7 지진", False),
        ("", "제목", True),
    ],
)
def test_an_excerpt_that_says_nothing_new_is_known(excerpt: str, headline: str, same: bool) -> None:
    assert text.repeats_headline(excerpt, headline) is same


# word, 을/를, 은/는, 이/가, 와/과, (으)로
PARTICLES = [
    ("정치", "를", "는", "가", "와", "로"),
    ("국방", "을", "은", "이", "과", "으로"),
    ("서울", "을", "은", "이", "과", "로"),
    ("0", "을", "은", "이", "과", "으로"),
    ("11", "을", "은", "이", "과", "로"),
    ("2", "를", "는", "가", "와", "로"),
    ("7", "을", "은", "이", "과", "로"),
    ("10,000", "을", "은", "이", "과", "으로"),
    ("1,000,000,000,000", "를", "는", "가", "와", "로"),
    ("규모 5.1", "을", "은", "이", "과", "로"),
    ("IT", "를", "는", "가", "와", "로"),
    ("URL", "을", "은", "이", "과", "로"),
    ("FM", "을", "은", "이", "과", "으로"),
    ("Ｒ", "을", "은", "이", "과", "로"),
    ("5%", "를", "는", "가", "와", "로"),
    ("‘재난’", "을", "은", "이", "과", "으로"),
    ("정치(국회)", "를", "는", "가", "와", "로"),
    ("[날씨].", "를", "는", "가", "와", "로"),
    ("ㄹ", "을", "은", "이", "과", "로"),
    ("日本", "을(를)", "은(는)", "이(가)", "와(과)", "(으)로"),
    ("", "을(를)", "은(는)", "이(가)", "와(과)", "(으)로"),
]


@pytest.mark.parametrize("row", PARTICLES, ids=lambda row: row[0] or "empty")
def test_particles_fit_the_word_before(row: tuple[str, ...]) -> None:
    pairs = ("을/를", "은/는", "이/가", "와/과", "(으)로")
    assert tuple(text.particle(row[0], pair) for pair in pairs) == row[1:]


def test_particle_pairs_may_be_written_either_way() -> None:
    assert text.particle("서울", "를/을") == "을"
    assert text.particle("서울", "으로/로") == "로"
    with pytest.raises(KeyError):
        text.particle("서울", "마저")


def test_a_catalog_asks_for_the_particle_it_needs() -> None:
    template = "{label:은/는} {old:이/가} 아니라 {new} {other:lower}"
    words = {"label": "지진 규모", "old": "5.7", "new": "5.1", "other": "Magnitude"}
    said = template.format(**{name: text.Word(word) for name, word in words.items()})
    assert said == "지진 규모는 5.7이 아니라 5.1 magnitude"
    assert [f"{text.Word(word):lower}" for word in ("GDP", "A", "")] == ["GDP", "a", ""]
    with pytest.raises(KeyError):
        f"{text.Word('규모'):>10}"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("https://example.com/a?b=c&d=1#e", "https://example.com/a?b=c&d=1#e"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("HTTPS://Example.COM/A%20b", "https://example.com/A%20b"),
        ("https://example.com/가 나|<b>\"'", "https://example.com/%EA%B0%80%20%EB%82%98%7C%3Cb%3E%22'"),
        ("https://예시.한국/", "https://xn--vv4b11d.xn--3e0b707e/"),
        ("https://еxample.com/", "https://xn--xample-2of.com/"),
        ("http://127.0.0.1:4000/x", "http://127.0.0.1:4000/x"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("tg://resolve?domain=x", None),
        ("ftp://example.com/", None),
        ("//example.com/", None),
        ("/relative", None),
        ("https://user@evil.example/", None),
        ("https://good.example\\@evil.example/", None),
        ("https://", None),
        ("https:///x", None),
        ("https://exa mple.com/", None),
        ("https://example.com:99999/", None),
        ("https://example.com/\nx", None),
        ("https://example.com/\ud800", None),
        ("https://example.com/" + "a" * 3000, None),
        ("https://" + "a." * 140 + "com/", None),
        ("", None),
    ],
)
def test_only_web_addresses_are_linked(raw: str, safe: str | None) -> None:
    assert text.web_address(raw) == safe
    if safe:
        assert text.web_address(safe) == safe
