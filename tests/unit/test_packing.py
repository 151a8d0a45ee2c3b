"""The compressed form of deliveries gives back every bit it was given, and is small where there is an order."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsbot.store import packing
from newsbot.store.packing import Chunk, Damaged

WORDS = st.dictionaries(st.integers(0, packing.CHUNK - 1), st.binary(max_size=20), max_size=20)


@st.composite
def chunks(draw: st.DrawFn) -> tuple[Chunk, int]:
    """Any chunk at all, sent without a reference and with one unsent included; and its width."""
    width = draw(st.sampled_from([4, 8]))
    size = draw(st.integers(1, 70))
    refs = draw(st.lists(st.integers(0, (1 << 8 * width) - 1) | st.just(0), min_size=size, max_size=size))
    return (
        Chunk(
            draw(st.binary(min_size=(size + 1) // 2, max_size=(size + 1) // 2)),
            b"".join(ref.to_bytes(width) for ref in refs) if draw(st.booleans()) else b"",
            draw(st.binary(min_size=3 * ((size + 15) // 16), max_size=3 * ((size + 15) // 16))),
            draw(WORDS),
            draw(WORDS),
            draw(st.frozensets(st.integers(0, packing.CHUNK - 1), max_size=10)),
        ),
        width,
    )


@given(chunks())
def test_a_chunk_comes_back_bit_for_bit(case: tuple[Chunk, int]) -> None:
    chunk, width = case
    assert packing.unpack(packing.pack(chunk, width), width) == chunk


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=50))
def test_any_numbers_come_back(values: list[int]) -> None:
    assert packing.unpack_numbers(packing.pack_numbers(values)) == values


@given(st.lists(st.binary(max_size=10), max_size=10))
def test_frames_keep_their_parts_apart(parts: list[bytes]) -> None:
    assert packing.unframe(packing.frame(parts)) == parts


def sent(refs: list[int], width: int) -> Chunk:
    """Everybody got it, 1,000 a second."""
    times = b"".join((1 + at * 16 // 1000).to_bytes(3) for at in range(-(-len(refs) // 16)))
    return Chunk(b"\x33" * (len(refs) // 2), b"".join(ref.to_bytes(width) for ref in refs), times, {}, {}, frozenset())


@pytest.mark.parametrize(("width", "noise", "at_most"), [(4, 32, 1.0), (8, 60_000, 2.5)])
def test_references_that_nearly_ascend_take_a_fraction_of_their_width(width: int, noise: int, at_most: float) -> None:
    chance = random.Random(1)
    step, start = (1, 5_000_000) if width == 4 else (1000, 1_800_000_000_000_000)
    refs = [start + step * at + chance.randrange(-noise, noise) for at in range(packing.CHUNK)]
    packed = packing.pack(sent(refs, width), width)
    assert len(packed) / len(refs) < at_most
    assert len(packed) < 0.8 * len(zlib.compress(b"".join(ref.to_bytes(width) for ref in refs), 9))


def test_clearing_takes_these_references_and_nothing_else() -> None:
    chunk = sent([11, 12, 13, 14], 4)
    without = packing.cleared(chunk, [1, 3], 4)
    assert without.refs == b"\0\0\0\x0b\0\0\0\0\0\0\0\x0d\0\0\0\0"
    assert packing.unpack(packing.pack(without, 4), 4) == without
    assert packing.cleared(without, [1], 4) == without
    edit = Chunk(b"\x33", b"", b"\0\0\1", {}, {}, frozenset())
    assert packing.cleared(edit, [0], 4) == edit


def test_a_damaged_chunk_is_told_or_reads_the_same_and_is_never_guessed_at() -> None:
    chunk = sent([1000 + at for at in range(64)], 4)
    packed, told = packing.pack(chunk, 4), 0
    for at in range(len(packed)):
        for wrong in (1, 16, 128):
            for broken in (packed[:at], packed[:at] + bytes([packed[at] ^ wrong]) + packed[at + 1 :]):
                try:
                    assert packing.unpack(broken, 4) == chunk, f"byte {at} is wrong, and so is what was read"
                except Damaged:
                    told += 1
    assert told > 5 * len(packed)
