"""The body of an answer: read piece by piece, unpacked by ourselves, never more than the limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

LIMIT = 5_000_000
"""Bytes of a body, packed and unpacked alike."""

_GZIP = 16 + zlib.MAX_WBITS


class BadBody(Exception):
    """The body cannot be had: one line without the address."""


async def read(pieces: AsyncIterable[bytes], encoding: str) -> bytes:
    """The whole body, unpacked. `encoding` is the Content-Encoding header; only gzip, once, was asked for.

    Raises BadBody for another packing, for more than `LIMIT` bytes, and for gzip data that is broken or cut short.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return await _plain(pieces)
        case "gzip" | "x-gzip":
            return await _unpacked(pieces)
        case other:
            raise BadBody(f"packed as {other[:40]!r}; only gzip was asked for")


async def _plain(pieces: AsyncIterable[bytes]) -> bytes:
    found = bytearray()
    async for piece in pieces:
        found += piece
        if len(found) > LIMIT:
            raise BadBody(f"more than {LIMIT // 1_000_000} MB")
    return bytes(found)


async def _unpacked(pieces: AsyncIterable[bytes]) -> bytes:
    """Bounded at every step: 64 kB of gzip may hold 66 MB, so each piece is given only the room that is left."""
    inflate = zlib.decompressobj(_GZIP)
    found = bytearray()
    begun = False
    async for piece in pieces:
        if inflate.eof:
            raise BadBody("gzip with something behind its end")
        begun = True
        try:
            found += inflate.decompress(piece, LIMIT - len(found) + 1)
        except zlib.error:
            raise BadBody("not the gzip it says it is") from None
        if len(found) > LIMIT:
            raise BadBody(f"more than {LIMIT // 1_000_000} MB when unpacked")
        if inflate.unused_data:
            raise BadBody("gzip with something behind its end")
    if begun and not inflate.eof:
        raise BadBody("gzip that is cut short")
    return bytes(found)
