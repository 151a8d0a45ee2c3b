"""One subscriber as a row: what `import` reads, `export` writes and `show` prints."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import available_timezones

from newsbot.bootstrap import Plain
from newsbot.core import keywords
from newsbot.core import topics as topic_rules
from newsbot.core.audience import MOST_COUNTED
from newsbot.core.columns import STATES
from newsbot.core.keywords import BadWord
from newsbot.core.model import Choices, Form, Quiet, Slot, Subscriber, Urgency

FIELDS = (
    *("address", "topics", "urgency", "keywords", "language", "state", "since"),
    *("without", "least", "sources", "zone", "quiet", "passes", "digests", "gather", "cap", "form", "sound", "muted"),
)
ANY = ("keywords", "without", "sources")
"""Lists of any text: in a cell they are a CSV line of their own, so that a comma in quotes is none between two."""
MOST_DIGESTS = 14
"""Times of digests of one reader: twice a day, at other times on each day of the week."""
MOST_SOURCES, LONGEST_SOURCE = 50, 100
PASSES: Mapping[str, Urgency | None] = {"flash": Urgency.FLASH, "breaking": Urgency.BREAKING, "none": None}
TRUTH = {**dict.fromkeys(("yes", "true", "on", "1"), True), **dict.fromkeys(("no", "false", "off", "0"), False)}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """Reads rows; each method raises ValueError that names the column and its limit."""

    plain: Plain
    zones: frozenset[str] = field(default_factory=lambda: frozenset(available_timezones()))
    found: dict[str, str] = field(default_factory=dict)
    """Names of topics that were met → id: looking one up takes as long as all the rest of a row."""

    def read(self, row: Row) -> Subscriber:
        """The subscriber of this row; a column that is empty or missing is as in the plain `Choices`."""
        if strange := [name or "a value too many" for name in row if name not in FIELDS]:
            raise ValueError(f"{strange[0]}: unknown column; known: {', '.join(FIELDS)}")
        return Subscriber(
            self.plain.address(text(row, "address")),
            self._topics(row),
            Urgency(one_of(row, "urgency", Urgency, "normal")),
            one_of(row, "language", self.plain.words.catalogs, self.plain.settings.site.language),
            one_of(row, "state", STATES, "active"),  # type: ignore[arg-type]
            moment(row, "since"),
            choices=self._choices(row),
        )

    def _choices(self, row: Row) -> Choices:
        words, without = self._words(row, "keywords"), self._words(row, "without")
        if len(words) + len(without) > keywords.MOST_WORDS:
            raise ValueError(
                f"keywords: {len(words) + len(without)} with those in `without`, at most {keywords.MOST_WORDS}"
            )
        quiet, passes = text(row, "quiet"), PASSES[one_of(row, "passes", PASSES, "flash")]
        if passes is not Urgency.FLASH and not quiet:
            raise ValueError("passes: says what comes in quiet hours, and there are none (column quiet)")
        zone = text(row, "zone")
        if zone and zone not in self.zones:
            raise ValueError(f"zone: {zone!r} is no time zone of the tz database, e.g. Asia/Seoul")
        form: Form = one_of(row, "form", get_args(Form), "excerpt")  # type: ignore[assignment]
        return Choices(
            least=self._least(row),
            words=words,
            without=without,
            sources=sources(row),
            zone=zone,
            quiet=told("quiet", Quiet.parse, quiet) if quiet else None,
            passes=passes,
            digests=digests(row),
            gather=truth(row, "gather", plain=False),
            cap=cap(row),
            form=form,
            sound=truth(row, "sound", plain=True),
            muted=moment(row, "muted"),
        )

    def _topics(self, row: Row) -> frozenset[str]:
        """Topic ids; none for all of them, "none" for no topic: keywords alone."""
        words = listed(row, "topics") or ["all"]
        if words in (["all"], [topic_rules.NONE]):
            return frozenset(words) - {"all"}
        return frozenset(self._topic("topics", word, ", all, none") for word in words)

    def _topic(self, column: str, word: str, more: str = "") -> str:
        if word not in self.found:
            topic = topic_rules.lookup(self.plain.topics, word)
            if topic is None:
                known = ", ".join(topic.id for topic in self.plain.topics)
                raise ValueError(f"{column}: no topic {word!r}; known: {known}{more}")
            self.found[word] = topic.id
        return self.found[word]

    def _least(self, row: Row) -> tuple[tuple[str, Urgency], ...]:
        found: dict[str, Urgency] = {}
        for pair in listed(row, "least"):
            name, _, urgency = pair.rpartition(":")
            if not name or urgency not in list(Urgency):
                raise ValueError(f"least: {pair!r} is not written as topic:urgency, e.g. politics:breaking")
            topic = self._topic("least", name)
            if topic in found:
                raise ValueError(f"least: {topic} stands there twice")
            found[topic] = Urgency(urgency)
        return tuple(sorted(found.items()))

    def _words(self, row: Row, column: str) -> frozenset[str]:
        found = set()
        for typed in listed(row, column):
            try:
                found.add(keywords.keyword(typed, self.plain.shorthand))
            except BadWord:
                limit = f"{keywords.FEWEST} to {keywords.MOST} letters or digits, blanks not counted"
                raise ValueError(f"{column}: {typed[:40]!r} is no keyword: {limit}") from None
        return frozenset(found)


def text(row: Row, column: str) -> str:
    """What stands in this column; "" where nothing does."""
    value = row.get(column)
    return "" if value is None else str(value).strip()


def listed(row: Row, column: str) -> list[str]:
    """The values in this column: a JSON list, or one cell."""
    value = row.get(column)
    if not value:
        return []
    if isinstance(value, list):
        found = [str(one).strip() for one in value]
    elif column in ANY:
        found = [one.strip() for one in told(column, lambda cell: next(csv.reader([cell], strict=True)), str(value))]
    else:
        found = str(value).replace(",", " ").split()
    return [one for one in found if one]


def told(column: str, read: Any, value: str) -> Any:
    """What `read` makes of it; its ValueError with the column in front."""
    try:
        return read(value)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{column}: {error}") from None


def one_of(row: Row, column: str, known: Any, plain: str) -> str:
    """One of these words; `plain` where nothing is said."""
    found = text(row, column) or plain
    if found not in list(known):
        raise ValueError(f"{column}: {found!r} is not one of {', '.join(known)}")
    return found


def truth(row: Row, column: str, *, plain: bool) -> bool:
    """Yes or no."""
    found = text(row, column).casefold()
    if found and found not in TRUTH:
        raise ValueError(f"{column}: {found!r} is not yes or no")
    return TRUTH[found] if found else plain


def moment(row: Row, column: str) -> int:
    """Unix seconds of a time with its offset; 0 where nothing is said."""
    found = text(row, column)
    try:
        return int(datetime.fromisoformat(found).timestamp()) if found else 0
    except (ValueError, OverflowError):
        raise ValueError(f"{column}: {found!r} is no time, e.g. 2026-11-22T09:03:00+09:00") from None


def cap(row: Row) -> int:
    """Alerts of a day, 0 for any number."""
    found = text(row, "cap") or "0"
    if not (found.isascii() and found.isdecimal() and len(found) < len("1000") and int(found) <= MOST_COUNTED):
        raise ValueError(f"cap: {found!r} is not 0 (any number) to {MOST_COUNTED} alerts a day")
    return int(found)


def digests(row: Row) -> tuple[Slot, ...]:
    """Times of digests in their order, those of every day first."""
    found = {told("digests", Slot.parse, word) for word in listed(row, "digests")}
    if len(found) > MOST_DIGESTS:
        raise ValueError(f"digests: {len(found)} times, at most {MOST_DIGESTS}")
    return tuple(sorted(found, key=lambda slot: (-1 if slot.day is None else slot.day, slot.minute)))


def sources(row: Row) -> frozenset[str]:
    """Names of sources."""
    found = frozenset(listed(row, "sources"))
    if len(found) > MOST_SOURCES:
        raise ValueError(f"sources: {len(found)} names, at most {MOST_SOURCES}")
    for name in found:
        if len(name) > LONGEST_SOURCE or "\n" in name:
            raise ValueError(f"sources: {name[:40]!r} must have at most {LONGEST_SOURCE} characters, in one line")
    return found


def record(subscriber: Subscriber) -> dict[str, Any]:
    """The row other programs read."""
    chosen = subscriber.choices
    values = (
        str(subscriber.address),
        sorted(subscriber.topics) or ["all"],
        subscriber.urgency.value,
        sorted(chosen.words),
        subscriber.language,
        subscriber.state,
        shown(subscriber.since),
        sorted(chosen.without),
        [f"{topic}:{urgency.value}" for topic, urgency in chosen.least],
        sorted(chosen.sources),
        chosen.zone,
        str(chosen.quiet or ""),
        chosen.passes.value if chosen.passes else "none",
        [str(slot) for slot in chosen.digests],
        chosen.gather,
        chosen.cap,
        chosen.form,
        chosen.sound,
        shown(chosen.muted) if chosen.muted else "",
    )
    return dict(zip(FIELDS, values, strict=True))


def shown(at: int) -> str:
    """A moment (unix seconds) as rows have it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def cells(row: Row) -> list[str]:
    """The same row in CSV."""
    return [cell(column, row[column]) for column in FIELDS]


def cell(column: str, value: Any) -> str:
    """One value as CSV has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, list):
        return str(value)
    return ",".join(map(quoted, value)) if column in ANY else " ".join(value)


def quoted(value: str) -> str:
    """A value of a list in a cell."""
    return '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value
