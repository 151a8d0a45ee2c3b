"""Subscribers as columns: a name for everything one can have chosen, and for each name a bitmap of those who have.

A bitmap is an int: the subscriber of index 0 is its highest bit, as Redis numbers the bits of a string. So a million readers
are asked with a handful of `&` and `|`, and one reader by the same rules as a million.

Names: `active`, `quarantined`, `stopped`; `all` or `topic:<id>`; `floor:<urgency>`; `least:<topic>:<urgency>`;
`source:<name>`; `zone:<name>`; `quiet:<23:00-07:00>`; `passes:breaking`, `passes:none`; `digest:<08:00>`; `gather`;
`cap:<n>`; `form:<headline or image>`; `sound:off`. What is as in the plain `Choices` has no name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber, SubscriberState, Urgency

STATES: tuple[SubscriberState, ...] = ("active", "quarantined", "stopped")
ONE = 1
"""Bytes of the bitmaps of a single subscriber, whose index is then 0."""


@dataclass(frozen=True)
class Columns:
    """Everybody: `size` bytes in each bitmap. A name nobody has is an empty bitmap."""

    size: int
    maps: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        return self.maps.get(name, 0)

    def under(self, prefix: str) -> Iterable[tuple[str, int]]:
        """(what follows the prefix, bitmap) of all names that begin so."""
        return [(name.removeprefix(prefix), bits) for name, bits in self.maps.items() if name.startswith(prefix)]

    @property
    def everybody(self) -> int:
        """Every bit set."""
        return (1 << 8 * self.size) - 1


def bit(index: int, size: int) -> int:
    """The bitmap of one subscriber."""
    return 1 << (8 * size - 1 - index)


def bitmap(indexes: Iterable[int], size: int) -> int:
    """The bitmap of these subscribers; those beyond its end are left out."""
    found = bytearray(size)
    for index in indexes:
        if index < 8 * size:
            found[index >> 3] |= 128 >> (index & 7)
    return int.from_bytes(found)


def members(bits: int, size: int) -> list[int]:
    """The indexes whose bits are set, in order."""
    packed = bits.to_bytes(size)
    return [at * 8 + one for at, byte in enumerate(packed) if byte for one in range(8) if byte & 128 >> one]


def names(subscriber: Subscriber) -> frozenset[str]:
    """The names this subscriber has."""
    topics = {f"topic:{topic}" for topic in subscriber.topics} or {"all"}
    return frozenset({subscriber.state, f"floor:{subscriber.urgency.value}", *topics, *chosen(subscriber.choices)})


def chosen(choices: Choices) -> frozenset[str]:
    """The names of these choices."""
    found = {f"least:{topic}:{urgency.value}" for topic, urgency in choices.least}
    found |= {f"source:{name}" for name in choices.sources}
    found |= {f"digest:{slot}" for slot in choices.digests}
    if choices.quiet:
        found.add(f"quiet:{choices.quiet}")
    if choices.passes is not Urgency.FLASH:  # kept where the hours are switched off for a while
        found.add(f"passes:{choices.passes.value if choices.passes else 'none'}")
    single = {
        f"zone:{choices.zone}": bool(choices.zone),
        "gather": choices.gather,
        f"cap:{choices.cap}": bool(choices.cap),
        f"form:{choices.form}": choices.form != "excerpt",
        "sound:off": not choices.sound,
    }
    return frozenset(found | {name for name, has in single.items() if has})


def choices(has: Collection[str], words: Iterable[str] = (), muted: int = 0) -> Choices:
    """The choices these names stand for. `words` are keywords, those not wanted with a "-" in front."""
    values: dict[str, list[str]] = {}
    for name in has:
        kind, _, value = name.partition(":")
        values.setdefault(kind, []).append(value)
    passes = (values.get("passes") or ["flash"])[0]
    forms = values.get("form") or ["excerpt"]
    listed = list(words)
    return Choices(
        least=tuple(sorted(_least(value) for value in values.get("least", ()))),
        words=frozenset(word for word in listed if not word.startswith("-")),
        without=frozenset(word[1:] for word in listed if word.startswith("-")),
        sources=frozenset(values.get("source", ())),
        zone=(values.get("zone") or [""])[0],
        quiet=Quiet.parse(values["quiet"][0]) if "quiet" in values else None,
        passes=None if passes == "none" else Urgency(passes),
        digests=tuple(sorted((Slot.parse(value) for value in values.get("digest", ())), key=_order)),
        gather="gather" in values,
        cap=int((values.get("cap") or ["0"])[0]),
        form="headline" if "headline" in forms else "image" if "image" in forms else "excerpt",
        sound="sound" not in values,
        muted=muted,
    )


def subscriber(
    address: Address, has: Collection[str], language: str, since: int, index: int, words: Iterable[str], muted: int
) -> Subscriber:
    """The subscriber these names stand for."""
    return Subscriber(
        address,
        frozenset(name.removeprefix("topic:") for name in has if name.startswith("topic:")),
        next((urgency for urgency in Urgency if f"floor:{urgency.value}" in has), Urgency.NORMAL),
        language,
        next((state for state in STATES if state in has), "stopped"),
        since,
        index,
        choices(has, words, muted),
    )


def of_one(one: Subscriber) -> Columns:
    """The columns of this subscriber alone, who has the index 0 in them."""
    return Columns(ONE, dict.fromkeys(names(one), bit(0, ONE)))


def _least(value: str) -> tuple[str, Urgency]:
    topic, _, urgency = value.rpartition(":")
    return topic, Urgency(urgency)


def _order(slot: Slot) -> tuple[int, int]:
    return (-1 if slot.day is None else slot.day, slot.minute)
