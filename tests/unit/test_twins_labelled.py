"""Near-identical headlines on the labelled pairs: as good as the document says, on rows that were not tuned on."""

from __future__ import annotations

from labelled import measure

from newsbot.core import twins

DOCUMENT = (measure.HERE.parents[2] / "docs" / "editorial.md").read_text("utf-8")


def test_held_out_pairs_are_told_apart_as_well_as_measured() -> None:
    score = measure.of_pairs(measure.pairs("held-out"))
    assert score.precision >= 0.96
    assert score.recall >= 0.67


def test_what_differs_by_a_mark_or_a_syllable_is_always_a_twin_and_a_changed_number_never() -> None:
    for half in measure.HALVES:
        for kind, a, b, said in measure.pairs(half):
            if kind in ("mark", "syllable"):
                assert said, (a, b)
            if kind in ("number", "turn"):
                assert not said, (a, b)


def test_the_threshold_is_the_highest_of_the_best_on_the_tuning_half() -> None:
    def quality(percent: int) -> tuple[float, float]:
        score = measure.Score()
        for kind, a, b in measure.rows("pairs.tsv", "tuning"):
            same = twins.similarity(a, b) >= percent / 100 and twins.same_facts(a, b)
            score.add(said=same, true=kind in measure.SAME)
        return score.precision, score.recall

    best = max(quality(percent) for percent in range(50, 100, 5))
    highest = max(percent for percent in range(50, 100, 5) if quality(percent) == best)
    assert highest / 100 == twins.TWIN


def test_the_document_shows_what_is_measured() -> None:
    assert measure.pair_table() in DOCUMENT
    assert measure.threshold_table() in DOCUMENT
