"""One fetched document as entries, whatever its format; or why it is no feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 1000
"""Entries of one document that are read: the first ones, which are the newest."""

MOST_CATEGORIES = 50
"""Categories of one entry that are read."""


class NotAFeed(ValueError):
    """This document is no feed: a few words that say what it is instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its feed states it; addresses may still be relative to `base`. Texts are lines a reader sees."""

    guid: str = ""
    permalink: bool = False  # the guid is said to be the entry's address
    link: str = ""
    base: str = ""
    title: str = ""
    summary: Sequence[str] = ()
    body: Sequence[str] = ()
    published: str = ""
    image: str = ""
    alt: str = ""
    categories: Sequence[str] = ()
    origin: tuple[str, str] | None = None  # (name, address) of the feed it was taken from
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A feed: its title and home page, its entries in its own order, `ttl` in seconds (0: none stated)."""

    title: str = ""
    home: str = ""
    entries: Sequence[Entry] = field(default_factory=tuple)
    ttl: float = 0.0
