"""The compressed form of deliveries: a push in chunks that are read, checked and rewritten one by one.

References of one push are nearly ascending in the order of its audience (Telegram counts a bot's private messages in one
sequence, Slack's are times), so each is kept as its distance to the one before it, and the bytes of all distances stand
together by their weight: the high ones are all alike. `docs/decisions/0014-what-is-kept.md` has the figures.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

CHUNK = 16384
"""Positions in a chunk, a multiple of 16: some 10 ms of work, so that a reference is cleared, and the loop free, in no time."""

PIECE = 1 << 17
"""Bytes of an audience's bitmap in one piece: a million indexes."""

LEVEL = 6
"""Of zlib: 9 takes up to three times as long for 2 % less at best, 1 is no quicker to speak of and up to 8 % larger."""

SENT = 3  # the state of a delivery that has a reference
TIME = 3  # bytes of one time
WHOLE, HALF = (1 << 64) - 1, 1 << 63
WIDE = {4: "I", 8: "Q"}
HIGH = bytes(byte >> 4 == SENT for byte in range(256))
LOW = bytes(byte & 15 == SENT for byte in range(256))


class Damaged(Exception):
    """A record that cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring positions as the ledger keeps them: packed strings, and the exceptions by their place in the chunk.

    `refs` is empty in a push that edits: its references are its base's.
    """

    states: bytes
    refs: bytes
    times: bytes
    later: Mapping[int, bytes]
    reasons: Mapping[int, bytes]
    again: frozenset[int]


def pack(chunk: Chunk, width: int) -> bytes:
    """The chunk as a few kilobytes; `width` is the bytes of a reference."""
    times = [int.from_bytes(chunk.times[at : at + TIME]) for at in range(0, len(chunk.times), TIME)]
    sections = [
        squeeze([chunk.states]),
        _pack_refs(chunk.refs, chunk.states, width) if chunk.refs else b"",
        pack_numbers(times),
        _pack_words(chunk.later),
        _pack_words(chunk.reasons),
        pack_numbers(sorted(chunk.again)),
    ]
    return frame(sections)


def unpack(data: bytes, width: int) -> Chunk:
    """What `pack` was given. Raises Damaged."""
    try:
        states, refs, times, later, reasons, again = unframe(data)
        (plain,) = spread(states)
        return Chunk(
            plain,
            _unpack_refs(refs, plain, width) if refs else b"",
            b"".join(number.to_bytes(TIME) for number in unpack_numbers(times)),
            _unpack_words(later),
            _unpack_words(reasons),
            frozenset(unpack_numbers(again)),
        )
    except (ValueError, IndexError, OverflowError, StopIteration, struct.error, zlib.error) as error:
        raise Damaged(f"{type(error).__name__}: {error}") from error


def cleared(chunk: Chunk, positions: Sequence[int], width: int) -> Chunk:
    """The chunk without the references at these places."""
    refs = bytearray(chunk.refs)
    for position in positions if refs else ():
        refs[position * width : (position + 1) * width] = bytes(width)
    return Chunk(chunk.states, bytes(refs), chunk.times, chunk.later, chunk.reasons, chunk.again)


def frame(parts: Sequence[bytes]) -> bytes:
    """Parts behind each other, with their lengths in front."""
    return struct.pack(f">I{len(parts)}I", len(parts), *map(len, parts)) + b"".join(parts)


def unframe(data: bytes) -> list[bytes]:
    """What `frame` was given. Raises struct.error or ValueError."""
    (count,) = struct.unpack_from(">I", data)
    lengths = struct.unpack_from(f">{count}I", data, 4)
    ends = list(accumulate(lengths, initial=4 + 4 * count))
    if ends[-1] != len(data):
        raise ValueError(f"{len(data)} bytes for {ends[-1]}")
    return [data[end - length : end] for end, length in zip(ends[1:], lengths, strict=True)]


def squeeze(parts: Sequence[bytes]) -> bytes:
    """Parts compressed each for itself: what is alike stands together, and each is checked when it is read."""
    return frame([zlib.compress(part, LEVEL) for part in parts])


def spread(data: bytes) -> list[bytes]:
    """What `squeeze` was given. Raises zlib.error for one that is damaged."""
    return [zlib.decompress(part) for part in unframe(data)]


def pack_numbers(values: Sequence[int]) -> bytes:
    """Numbers below 2^64 that are near to their neighbours."""
    if not values:
        return squeeze([])
    # Round the corner of 2^64, so that every distance has 64 bits; the sign goes into the lowest of them.
    steps = [((step + HALF) & WHOLE) - HALF for step in (values[0], *map(sub, values[1:], values))]
    folded = [2 * step if step >= 0 else -2 * step - 1 for step in steps]
    used = max(1, (max(folded).bit_length() + 7) // 8)
    raw = _bytes(array("Q", folded))
    return squeeze([raw[weight::8] for weight in range(8 - used, 8)])


def unpack_numbers(data: bytes) -> list[int]:
    """What `pack_numbers` was given."""
    planes = spread(data)
    if not planes:
        return []
    raw = bytearray(8 * len(planes[0]))
    for weight, plane in enumerate(planes, 8 - len(planes)):
        raw[weight::8] = plane
    steps = [-(one >> 1) - 1 if one & 1 else one >> 1 for one in _array("Q", bytes(raw))]
    return [value & WHOLE for value in accumulate(steps)]


def _bytes(values: array[int]) -> bytes:
    """Highest byte first, as everything in the ledger; the array is changed."""
    if sys.byteorder == "little":
        values.byteswap()
    return values.tobytes()


def _array(kind: str, raw: bytes) -> array[int]:
    values = array(kind)
    values.frombytes(raw)
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _pack_refs(raw: bytes, states: bytes, width: int) -> bytes:
    """The references there are, and which positions are no rule: sent without one, or with one and not sent."""
    refs = _array(WIDE[width], raw)
    have, ought = bytes(map(bool, refs)), _ought(states, len(refs))
    odd = [] if have == ought else [at for at, (one, other) in enumerate(zip(have, ought, strict=True)) if one != other]
    return frame([pack_numbers(list(filter(None, refs))), pack_numbers(odd), struct.pack(">I", len(refs))])


def _unpack_refs(data: bytes, states: bytes, width: int) -> bytes:
    found, odd, length = unframe(data)
    have = bytearray(_ought(states, *struct.unpack(">I", length)))
    for at in unpack_numbers(odd):
        have[at] ^= 1
    refs = iter(unpack_numbers(found))
    return _bytes(array(WIDE[width], [next(refs) if one else 0 for one in have]))


def _ought(states: bytes, length: int) -> bytes:
    """Which positions are sent, a byte each."""
    marks = bytearray(2 * len(states))
    marks[0::2], marks[1::2] = states.translate(HIGH), states.translate(LOW)
    return bytes(marks[:length])


def _pack_words(words: Mapping[int, bytes]) -> bytes:
    """A few words, many times, by place."""
    places = sorted(words)
    table = list(dict.fromkeys(words[place] for place in places))
    number = {word: at for at, word in enumerate(table)}
    return frame(
        [pack_numbers(places), pack_numbers([number[words[place]] for place in places]), squeeze([frame(table)])]
    )


def _unpack_words(data: bytes) -> dict[int, bytes]:
    places, numbers, squeezed = unframe(data)
    (table,) = spread(squeezed)
    words = unframe(table)
    return {place: words[number] for place, number in zip(unpack_numbers(places), unpack_numbers(numbers), strict=True)}
