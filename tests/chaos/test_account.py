"""The harness itself: each broken promise is seen. Nothing else proves that a green row means anything."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsbot.core.model import Tally
from tests.chaos.account import Entries, Push, copies_of, judge, leaks, members
from tests.chaos.row import Row, Verdict
from tests.chaos.table import BEGIN, END, Result, put

PUSH = Push("AAAAA", "예시군 AAAAA번 소식")
FAIR = Entries(
    Tally(3, 0, sending=0, sent=2, dead=0, skipped=0, cancelled=0, doubt=1, state="done"),
    {"1": "sent", "2": "sent", "3": "doubt"},
    frozenset(),
)
SEEN = Counter({"1": 1, "2": 1})


def judged(entries: Entries, copies: dict[str, int], bound: int = 1) -> Verdict:
    result = Verdict(bound=bound)
    judge(PUSH, entries, Counter(copies), result)
    return result


def test_a_fair_account_passes_whether_the_doubtful_one_came_or_not() -> None:
    assert judged(FAIR, SEEN).ok
    seen = judged(FAIR, SEEN | {"3": 1})
    assert seen.ok
    assert (seen.sent, seen.doubt, seen.figures) == (2, 1, {"doubt_seen": 1})


@pytest.mark.parametrize(
    ("entries", "copies", "bound", "word"),
    [
        (replace(FAIR, states={"1": "sent", "2": "sending", "3": "doubt"}), SEEN, 1, "the entries say"),
        (replace(FAIR, states={"1": "sent", "2": "sent"}), SEEN, 1, "2 entries of 3"),
        (FAIR, {"1": 1}, 1, "not visible: 1, such as 2"),
        (FAIR, SEEN | {"9": 1}, 1, "9 (not in the audience)"),
        (
            replace(FAIR, tally=replace(FAIR.tally, sent=1, dead=1), states={"1": "sent", "2": "dead", "3": "doubt"}),
            SEEN,
            1,
            "2 (dead)",
        ),
        (FAIR, {"1": 2, "2": 1}, 1, ""),
        (FAIR, SEEN, 0, ""),
        (replace(FAIR, tally=replace(FAIR.tally, audience=4)), SEEN, 1, "3 entries of 4"),
    ],
)
def test_each_broken_promise_fails_the_row(entries: Entries, copies: dict[str, int], bound: int, word: str) -> None:
    result = judged(entries, copies, bound)
    assert not result.ok
    assert word in " ".join(result.problems)


def test_a_second_copy_counts_only_where_no_policy_sent_it() -> None:
    again = replace(FAIR, again=frozenset({"1"}))
    assert judged(again, {"1": 2, "2": 1}).duplicates == 0
    assert judged(again, {"1": 3, "2": 1}).duplicates == 1
    assert judged(again, {"1": 2, "2": 2}).duplicates == 1


def test_a_copy_is_what_the_bot_showed_whatever_became_of_its_words() -> None:
    one: dict[str, Any] = {
        "platform": "telegram",
        "chat": "1",
        "thread": None,
        "sender": "bot",
        "deleted": False,
        "edits": [],
    }
    mine = one | {"text": f"{PUSH.headline}\n예시뉴스"}
    changed = one | {"chat": "2", "thread": "7", "text": "정정", "edits": [{"text": PUSH.headline}]}
    others = [one | {"text": "다른 소식"}, mine | {"sender": "Rae"}, mine | {"deleted": True}]
    assert copies_of(PUSH, [mine, changed, *others]) == {"1": 1, "2/7": 1}


def test_the_numbers_in_a_bitmap() -> None:
    assert list(members(bytes([0b1000_0001, 0, 0b0100_0000]))) == [0, 7, 17]


def test_a_secret_anywhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.aof").write_bytes(b"\xff*1 123:AAsecret\r\n")
    (tmp_path / "y.log").write_text("123:AAother")
    assert leaks(tmp_path, ["123:AAsecret"]) == ["a token in deep/x.aof"]


def test_the_line_of_a_row_and_its_place_in_the_document(tmp_path: Path) -> None:
    verdict = Verdict(5, 0, 0, 1, 2, figures={"kills": 3})
    assert list(json.loads(verdict.line("F2", 7)).items()) == [
        *(("row", "F2"), ("seed", 7), ("sent", 5), ("unaccounted", 0), ("duplicates", 0)),
        *(("doubt", 1), ("bound", 2), ("ok", True), ("kills", 3)),
    ]
    doc = tmp_path / "doc.md"
    doc.write_text(f"before\n{BEGIN}old\n{END}after\n", "utf-8")

    async def nothing(*_: object) -> Verdict:
        return verdict

    put(doc, [Result(Row("F2", "a kill", nothing), 7, verdict, 61.2)], ["F1", "F2"])
    text = doc.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| F2 | a kill | 5 | 0 | 0 | 1 (2) | kills 3 | yes | 61 |\n" in text
    assert "old" not in text

    put(doc, [Result(Row("F1", "no kill", nothing), 8, verdict, 5.0)], ["F1", "F2"])
    rows = [line.split(" | ")[0] for line in doc.read_text("utf-8").splitlines() if line.startswith("| F")]
    assert rows == ["| F1", "| F2"]
    put(doc, [Result(Row("F2", "another", nothing), 9, verdict, 5.0)], ["F1", "F2"])
    assert "a kill" not in doc.read_text("utf-8")
    assert "no kill" in doc.read_text("utf-8")
