"""A subscriber as names and back, and bitmaps."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from newsbot.core import columns
from newsbot.core.columns import ONE, Columns, bit, bitmap, members
from newsbot.core.model import Address, Choices, Quiet, Slot, Subscriber, Urgency

HERE = Address("telegram", "7")


def test_the_plain_subscriber_has_three_names() -> None:
    assert columns.names(Subscriber(HERE)) == {"active", "all", "floor:normal"}
    assert columns.chosen(Choices()) == set()


def test_every_choice_has_its_name() -> None:
    chosen = Choices(
        least=(("politics", Urgency.BREAKING),),
        words=frozenset({"반도체"}),
        sources=frozenset({"site"}),
        zone="Europe/London",
        quiet=Quiet(23 * 60, 7 * 60),
        passes=None,
        digests=(Slot(480), Slot(1110, 0)),
        gather=True,
        cap=8,
        form="headline",
        sound=False,
        muted=5,
    )
    reader = Subscriber(HERE, frozenset({"tech"}), Urgency.FLASH, state="stopped", choices=chosen)
    assert columns.names(reader) == {
        *("stopped", "topic:tech", "floor:flash", "least:politics:breaking", "source:site", "zone:Europe/London"),
        *("quiet:23:00-07:00", "passes:none", "digest:08:00", "digest:mon-18:30", "gather", "cap:8", "form:headline"),
        "sound:off",
    }


def test_what_passes_is_kept_while_the_quiet_hours_are_off() -> None:
    assert columns.chosen(Choices(passes=Urgency.FLASH)) == set()
    assert columns.chosen(Choices(passes=Urgency.BREAKING)) == {"passes:breaking"}
    assert columns.chosen(Choices(passes=Urgency.BREAKING, quiet=Quiet(0, 60))) == {
        "quiet:00:00-01:00",
        "passes:breaking",
    }


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
TOPIC = st.sampled_from(["politics", "tech", "a:b"])
SLOT = st.builds(Slot, st.integers(0, 1439), st.one_of(st.none(), st.integers(0, 6)))
CHOICES = st.builds(
    Choices,
    least=st.dictionaries(TOPIC, st.sampled_from(Urgency)).map(lambda least: tuple(sorted(least.items()))),
    words=st.frozensets(NAMES.filter(lambda word: not word.startswith("-"))),
    without=st.frozensets(NAMES),
    sources=st.frozensets(NAMES),
    zone=st.sampled_from(["", "Asia/Seoul", "Etc/GMT+5"]),
    quiet=st.none() | st.builds(Quiet, st.integers(0, 719), st.integers(720, 1439)),
    passes=st.sampled_from([*Urgency, None]),
    digests=st.frozensets(SLOT, max_size=4).map(
        lambda slots: tuple(sorted(slots, key=lambda slot: (-1 if slot.day is None else slot.day, slot.minute)))
    ),
    gather=st.booleans(),
    cap=st.integers(0, 15),
    form=st.sampled_from(["excerpt", "headline", "image"]),
    sound=st.booleans(),
    muted=st.integers(0, 2**31),
).filter(lambda chosen: chosen.quiet is not None or chosen.passes is Urgency.FLASH)


@settings(deadline=None, max_examples=50)
@given(CHOICES, st.frozensets(TOPIC), st.sampled_from(Urgency), st.sampled_from(columns.STATES))
def test_names_and_choices_say_the_same(chosen: Choices, topics: frozenset[str], floor: Urgency, state: str) -> None:
    reader = Subscriber(HERE, topics, floor, "en", state, 1, 2, chosen)  # type: ignore[arg-type]
    words = [*chosen.words, *(f"-{word}" for word in chosen.without)]
    names = columns.names(reader)
    assert columns.subscriber(HERE, names, "en", 1, 2, words, chosen.muted) == reader
    alone = columns.of_one(reader)
    assert {name for name in alone.maps if alone[name] == bit(0, ONE)} == names


def test_a_name_that_nobody_has_is_an_empty_bitmap() -> None:
    everybody = Columns(2, {"digest:08:00": 5, "digest:mon-08:00": 2, "gather": 1})
    assert everybody["active"] == 0
    assert everybody.under("digest:") == [("08:00", 5), ("mon-08:00", 2)]
    assert everybody.everybody == 0xFFFF


def test_the_first_subscriber_is_the_highest_bit() -> None:
    assert bit(0, 2) == 0x8000
    assert bit(15, 2) == 1
    assert bitmap([0, 9, 15, 16, 99], 2) == 0x8041
    assert bitmap([], 2) == 0


@settings(deadline=None)
@given(st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.frozensets(st.integers(0, 8 * size - 1)))))
def test_bitmaps_and_members_say_the_same(case: tuple[int, frozenset[int]]) -> None:
    size, indexes = case
    bits = bitmap(indexes, size)
    assert members(bits, size) == sorted(indexes)
    assert bits == sum(bit(index, size) for index in indexes)
    packed = bits.to_bytes(size)  # as Redis numbers the bits of a string
    assert {index for index in range(8 * size) if packed[index // 8] >> (7 - index % 8) & 1} == indexes
