"""Topics on the labelled headlines: as good as the document says, on rows that were not tuned on."""

from __future__ import annotations

from labelled import measure

DOCUMENT = (measure.HERE.parents[2] / "docs" / "editorial.md").read_text("utf-8")


def test_held_out_headlines_are_sorted_as_well_as_measured() -> None:
    score = measure.by_topic(measure.headlines("held-out"))["all"]
    assert score.precision >= 0.89
    assert score.recall >= 0.92


def test_the_set_is_large_and_labelled_with_known_topics() -> None:
    known = {topic.id for topic in measure.all_topics()}
    found = [row for half in measure.HALVES for row in measure.headlines(half)]
    assert len(found) >= 300
    assert len({row.title for row in found}) == len(found)
    for row in found:
        assert row.labels <= known, row.title
        assert len(row.labels) <= 2, row.title


def test_the_document_shows_what_is_measured() -> None:
    assert measure.topic_table() in DOCUMENT
