"""How well topics and twins are told, on the labelled set of this folder. Run it to print the tables of the document.

Odd rows of each file were tuned on, even rows are held out: nobody looked at them while choosing words and thresholds.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsbot.core import editorial, topics, twins
from newsbot.core.model import Article, Topic

HERE = Path(__file__).parent
TOPICS_FILE = HERE.parents[2] / "config" / "topics.toml"
SAME = ("mark", "syllable", "reworded")
HALVES = ("tuning", "held-out")


@dataclass
class Score:
    """Hits, false alarms and misses."""

    hit: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.wrong) if self.hit + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 1.0

    def add(self, *, said: bool, true: bool) -> None:
        """One answer."""
        self.hit += said and true
        self.wrong += said and not true
        self.missed += true and not said

    def __str__(self) -> str:
        return f"{self.precision:.2f} / {self.recall:.2f}"


@dataclass
class Row:
    """One headline with its labels and what the rules say."""

    title: str
    excerpt: str
    labels: frozenset[str]
    found: frozenset[str]


def rows(name: str, half: str) -> list[list[str]]:
    """The rows of one file that belong to a half."""
    lines = [line.split("\t") for line in (HERE / name).read_text("utf-8").splitlines() if not line.startswith("#")]
    return lines[HALVES.index(half) :: 2]


def all_topics() -> tuple[Topic, ...]:
    """The topics as configured."""
    return topics.read(tomllib.loads(TOPICS_FILE.read_text("utf-8")))


def headlines(half: str) -> list[Row]:
    """Labelled headlines with the rules' answers."""
    rules = editorial.Rules(all_topics())
    found = []
    for labels, title, excerpt in rows("headlines.tsv", half):
        article = Article(id="labelled", source="labelled", title=title, excerpt=excerpt)
        answer = editorial.draft(article, "PREVW", rules, datetime(2026, 1, 2, tzinfo=UTC)).topics
        found.append(Row(title, excerpt, frozenset(labels.split(",")) - {"-"}, frozenset(answer)))
    return found


def by_topic(found: Sequence[Row]) -> dict[str, Score]:
    """Each topic's score, and over all as "all"."""
    scores = {name: Score() for name in [*(topic.id for topic in all_topics()), "all"]}
    for row in found:
        for name in row.found | row.labels:
            for score in (scores[name], scores["all"]):
                score.add(said=name in row.found, true=name in row.labels)
    return scores


def pairs(half: str) -> list[tuple[str, str, str, bool]]:
    """(kind, one, another, whether they are told to be the same news)."""
    return [(kind, a, b, twins.alike(a, b)) for kind, a, b in rows("pairs.tsv", half)]


def of_pairs(found: Iterable[tuple[str, str, str, bool]]) -> Score:
    """The score of telling twins."""
    score = Score()
    for kind, _, _, said in found:
        score.add(said=said, true=kind in SAME)
    return score


def topic_table() -> str:
    """Precision / recall per topic, both halves."""
    left, right = (by_topic(headlines(half)) for half in HALVES)
    counted = Counter(name for half in HALVES for row in headlines(half) for name in (*row.labels, "all"))
    lines = ["| topic | labelled | tuning half | held-out half |", "|---|---|---|---|"]
    lines += [f"| {name} | {counted[name]} | {left[name]} | {right[name]} |" for name in left]
    return "\n".join(lines)


def pair_table() -> str:
    """How many pairs of each kind are taken for twins, both halves, and precision / recall over all."""
    lines = ["| pairs | are twins | tuning half | held-out half |", "|---|---|---|---|"]
    halves = [pairs(half) for half in HALVES]
    for kind in dict.fromkeys(kind for half in halves for kind, *_ in half):
        told = [[said for name, _, _, said in half if name == kind] for half in halves]
        cells = " | ".join(f"{sum(answers)} of {len(answers)}" for answers in told)
        lines.append(f"| {kind} | {'yes' if kind in SAME else 'no'} | {cells} |")
    lines.append(f"| precision / recall | | {of_pairs(halves[0])} | {of_pairs(halves[1])} |")
    return "\n".join(lines)


def threshold_table() -> str:
    """Precision / recall on the tuning half by threshold: the letter pairs alone, and with numbers and turns."""
    lines = ["| similarity from | letter pairs alone | all rules |", "|---|---|---|"]
    found = rows("pairs.tsv", "tuning")
    for percent in range(50, 100, 5):
        alone, whole = Score(), Score()
        for kind, a, b in found:
            near = twins.similarity(a, b) >= percent / 100
            alone.add(said=near, true=kind in SAME)
            whole.add(said=near and twins.same_facts(a, b), true=kind in SAME)
        lines.append(f"| {percent / 100:.2f} | {alone} | {whole} |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    print("\n\n".join((topic_table(), pair_table(), threshold_table())))


if __name__ == "__main__":
    main()
