"""What an article says, as one short sign: the same words under another name or date are the same piece."""

from __future__ import annotations

import hashlib
import unicodedata

import regex

_REST = regex.compile(r"[\p{P}\p{S}\p{Z}\p{C}]+")


def content(title: str, words: str) -> str:
    """16 hex of a hash over title and words; case, spaces, punctuation and typographic forms make no difference."""
    folded = "\0".join(_fold(part) for part in (title, words))
    return hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _fold(text: str) -> str:
    return _REST.sub("", unicodedata.normalize("NFKC", text).casefold())
