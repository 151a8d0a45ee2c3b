"""How well keywords are met, on the sentences of this folder: `python -m tests.readers.keywords` prints the table.

Each keyword has six sentences. A reader who has the keyword wants those marked p (a particle or nothing follows it), v (it is
said as a verb, or with "is"), s (another spelling: Hanja, blanks, width, dots) and c (a longer word that begins with it and is
about it), and not those marked x (another word) and o (the same letters with another meaning).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from newsbot.core import keywords

HERE = Path(__file__).parent
SHORTHAND = keywords.read_shorthand(tomllib.loads((HERE.parents[1] / "config" / "shorthand.toml").read_text("utf-8")))
WANTED = {"p": "particle or nothing follows", "v": "said as a verb, or with “is”", "s": "spelt otherwise"}
WANTED |= {"c": "a longer word about it"}
UNWANTED = {"x": "another word", "o": "same letters, other meaning"}


@dataclass
class Found:
    """How many sentences of each kind there are and were hit, and those that came out wrong."""

    of: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def share(self, kinds: str) -> float:
        """Hits among all sentences of these kinds."""
        return sum(self.hit[kind] for kind in kinds) / sum(self.of[kind] for kind in kinds)


def sentences() -> list[tuple[str, str, str]]:
    """(keyword, kind, sentence)."""
    found, word = [], ""
    for line in (HERE / "sentences.txt").read_text("utf-8").splitlines():
        kind, _, text = line.partition(" ")
        if kind == "#":
            word = text
        else:
            found.append((word, kind, text))
    return found


def measure(form: str = "NFC") -> Found:
    """All of them, in that Unicode form."""
    found = Found()
    for word, kind, text in sentences():
        typed = keywords.keyword(unicodedata.normalize(form, word), SHORTHAND)
        hit = typed in keywords.said(unicodedata.normalize(form, text), SHORTHAND)
        found.of[kind] += 1
        found.hit[kind] += hit
        if hit != (kind in WANTED):
            found.wrong.append(f"{'false hit' if hit else 'missed'}  {kind}  {word}: {text}")
    return found


def table(found: Found) -> str:
    """The table of the document."""
    rows = ["| what the sentence says | sentences | hit | |", "| --- | --- | --- | --- |"]
    for kinds, what in ((WANTED, "recall"), (UNWANTED, "false hits")):
        rows += [f"| {name} | {found.of[kind]} | {found.hit[kind]} | |" for kind, name in kinds.items()]
        many, hit = (sum(counter[kind] for kind in kinds) for counter in (found.of, found.hit))
        rows.append(f"| **{what}** | {many} | {hit} | **{hit / many:.1%}** |")
    return "\n".join(rows)


if __name__ == "__main__":
    measured = measure()
    print(table(measured), *measured.wrong, sep="\n")
