"""A subscriber as a row of CSV or JSON, there and back."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsbot import bootstrap
from newsbot.cli.subscribers.files import split
from newsbot.cli.subscribers.rows import FIELDS, LONGEST_SOURCE, MOST_DIGESTS, MOST_SOURCES, Reader, cells, record
from newsbot.core import keywords, topics
from newsbot.core.columns import choices, names
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber, Urgency

READER = Reader(bootstrap.plain(bootstrap.read_settings({})))
PLACE = {"address": "telegram:1"}


def chosen(**row: Any) -> Choices:
    return READER.read({**PLACE, **row}).choices


def test_columns_keep_their_names_and_their_order() -> None:
    assert FIELDS[:7] == ("address", "topics", "urgency", "keywords", "language", "state", "since")
    assert list(record(Subscriber(Address("telegram", "1")))) == list(FIELDS)


def test_what_is_empty_or_missing_is_the_plain_choice() -> None:
    plain = Subscriber(Address("telegram", "1"))
    assert READER.read(PLACE) == plain
    assert READER.read({**dict.fromkeys(FIELDS, ""), **PLACE}) == plain
    assert READER.read({**dict.fromkeys(FIELDS), **PLACE}) == plain


@pytest.mark.parametrize(
    ("row", "means"),
    [
        ({"keywords": "반도체, 정상 회담,美"}, {"words": frozenset({"반도체", "정상회담", "미국"})}),
        ({"keywords": ["반도체"], "without": "날씨"}, {"words": frozenset({"반도체"}), "without": frozenset({"날씨"})}),
        (
            {"least": "정치:breaking, world:flash"},
            {"least": (("politics", Urgency.BREAKING), ("world", Urgency.FLASH))},
        ),
        ({"sources": '"a, b",예시뉴스'}, {"sources": frozenset({"a, b", "예시뉴스"})}),
        ({"sources": ["a, b"]}, {"sources": frozenset({"a, b"})}),
        ({"zone": "Australia/Lord_Howe"}, {"zone": "Australia/Lord_Howe"}),
        ({"quiet": "23:00-7:00", "passes": "breaking"}, {"quiet": Quiet(1380, 420), "passes": Urgency.BREAKING}),
        ({"quiet": "0:00-0:01", "passes": "none"}, {"quiet": Quiet(0, 1), "passes": None}),
        ({"digests": "18:30 8:00, mon-08:00 08:00"}, {"digests": (Slot(480), Slot(1110), Slot(480, 0))}),
        ({"gather": "YES", "sound": "off"}, {"gather": True, "sound": False}),
        ({"gather": True, "sound": False, "cap": 15}, {"gather": True, "sound": False, "cap": 15}),
        ({"form": "image", "muted": "2027-01-01T09:00:00+09:00"}, {"form": "image", "muted": 1_798_761_600}),
    ],
)
def test_a_row_says_what_is_chosen(row: dict[str, Any], means: dict[str, Any]) -> None:
    assert chosen(**row) == Choices(**means)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"cap": "16"}, ["cap", "16", "15"]),
        ({"cap": "-1"}, ["cap", "15"]),
        ({"cap": "٣"}, ["cap"]),
        ({"cap": 1.5}, ["cap", "1.5"]),
        ({"zone": "Seoul"}, ["zone", "Seoul", "tz database"]),
        ({"zone": "../etc/passwd"}, ["zone"]),
        ({"quiet": "23:00"}, ["quiet", "23:00-07:00"]),
        ({"quiet": "7:00-7:00"}, ["quiet"]),
        ({"passes": "normal", "quiet": "23:00-07:00"}, ["passes", "flash, breaking, none"]),
        ({"passes": "none"}, ["passes", "quiet"]),
        ({"digests": "8am"}, ["digests", "07:05"]),
        ({"digests": [f"{hour:02}:00" for hour in range(MOST_DIGESTS + 1)]}, ["digests", "15", "14"]),
        ({"keywords": "a"}, ["keywords", "'a'", "2 to 20"]),
        ({"keywords": "가" * 21}, ["keywords", "20"]),
        ({"without": "--"}, ["without", "--"]),
        ({"keywords": [f"낱말{n}" for n in range(30)], "without": [f"낱말{n}" for n in range(21)]}, ["51", "50"]),
        ({"least": "politics"}, ["least", "politics:breaking"]),
        ({"least": "politics:flash 정치:normal"}, ["least", "politics", "twice"]),
        ({"least": "all:flash"}, ["least", "all"]),
        ({"topics": "none politics"}, ["topics", "none"]),
        ({"sources": ["x" * (LONGEST_SOURCE + 1)]}, ["sources", "100"]),
        ({"sources": ["a\nb"]}, ["sources", "one line"]),
        ({"sources": [f"s{n}" for n in range(MOST_SOURCES + 1)]}, ["sources", "51", "50"]),
        ({"sources": 'a,"b'}, ["sources"]),
        ({"form": "pdf"}, ["form", "excerpt, headline, image"]),
        ({"sound": "loud"}, ["sound", "yes or no"]),
        ({"muted": "tomorrow"}, ["muted", "2026-11-22"]),
        ({"since": "+10000-01-01"}, ["since"]),
        ({"colour": "red"}, ["colour", "known", "digests"]),
        ({"address": "telegram:x"}, ["telegram:x"]),
    ],
)
def test_a_bad_value_is_told_with_its_column_and_its_limit(row: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        READER.read({**PLACE, **row})
    assert all(word in str(told.value) for word in says), told.value
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400


def test_none_means_keywords_alone_and_is_no_topics_name() -> None:
    one = READER.read({**PLACE, "topics": "none", "keywords": "금리"})
    assert one.topics == {topics.NONE}
    assert record(one)["topics"] == ["none"]
    for name in ("none", "all"):
        with pytest.raises(ValueError, match=f"id '{name}'.*choose another"):
            topics.read({"topic": [{"id": name, "ko": "가", "en": "a"}]})


ids = [topic.id for topic in READER.plain.topics]
letters = st.text(st.characters(categories=["Lo", "Ll", "Lu", "Nd"], max_codepoint=0xFFFF), min_size=1, max_size=8)
minutes = st.integers(0, 1439)
slots = st.builds(Slot, minutes, st.one_of(st.none(), st.integers(0, 6)))
quiets = st.builds(Quiet, minutes, minutes).filter(lambda quiet: quiet.start != quiet.end)
odd = st.sampled_from(["a, b", 'say "x"', '"', ",", "a b", ";"])
any_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20).map(str.strip)
sources = st.one_of(odd, any_text)


@st.composite
def people(draw: st.DrawFn) -> Subscriber:
    """Anybody who can have been stored."""
    words = set()
    for typed in draw(st.lists(letters, max_size=6)):
        try:
            words.add(keywords.keyword(typed, READER.plain.shorthand))
        except keywords.BadWord:
            continue
    wanted = frozenset(draw(st.sets(st.sampled_from(sorted(words))))) if words else frozenset[str]()
    quiet = draw(st.one_of(st.none(), quiets))
    least = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(Urgency), max_size=3))
    made = Choices(
        least=tuple(least.items()),
        words=wanted,
        without=frozenset(words) - wanted,
        sources=frozenset(filter(None, draw(st.sets(sources, max_size=4)))),
        zone=draw(st.sampled_from(["", "Asia/Seoul", "America/St_Johns"])),
        quiet=quiet,
        passes=draw(st.sampled_from([Urgency.FLASH, Urgency.BREAKING, None])) if quiet else Urgency.FLASH,
        digests=tuple(draw(st.sets(slots, max_size=MOST_DIGESTS))),
        gather=draw(st.booleans()),
        cap=draw(st.integers(0, 15)),
        form=draw(st.sampled_from(["excerpt", "headline", "image"])),
        sound=draw(st.booleans()),
        muted=draw(st.integers(0, 4_000_000_000)),
    )
    named = Subscriber(Address("telegram", "1"), choices=made)
    listed = [*made.words, *(f"-{word}" for word in made.without)]
    return Subscriber(
        Address("telegram", str(draw(st.integers(1, 10**12)))),
        draw(st.one_of(st.frozensets(st.sampled_from(ids), max_size=4), st.just(frozenset({topics.NONE})))),
        draw(st.sampled_from(Urgency)),
        draw(st.sampled_from(["ko", "en"])),
        draw(st.sampled_from(["active", "quarantined", "stopped"])),
        draw(st.integers(0, 4_000_000_000)),
        choices=choices(names(named), listed, made.muted),
    )


@given(people())
@pytest.mark.slow
def test_whoever_is_stored_comes_back_out_of_json_and_csv(one: Subscriber) -> None:
    row = record(one)
    assert READER.read(json.loads(json.dumps(row, ensure_ascii=False))) == one
    file = io.StringIO()
    csv.writer(file).writerow(cells(row))
    line = file.getvalue()
    assert line.count("\n") == 1
    found = split(list(FIELDS), line.rstrip("\r\n"))
    assert not isinstance(found, str), found
    assert READER.read(found) == one
