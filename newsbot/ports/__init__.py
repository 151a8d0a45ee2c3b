"""What the flows ask of the outside: one protocol a dependency, in terms of `core.model` alone."""

from newsbot.ports.archive import Archive
from newsbot.ports.audience import Audiences
from newsbot.ports.ledger import Journal, Ledger
from newsbot.ports.platform import Dialect, Door, Menu, Platform, Shelf, TokenRefused, TokenTaken
from newsbot.ports.source import Fetch, Fetched, FetchError, Source, SourceError
from newsbot.ports.store import Audit, Clock, StoreDown, Stories, Subscribers

__all__ = [
    "Archive",
    "Audiences",
    "Audit",
    "Clock",
    "Dialect",
    "Door",
    "Fetch",
    "FetchError",
    "Fetched",
    "Journal",
    "Ledger",
    "Menu",
    "Platform",
    "Shelf",
    "Source",
    "SourceError",
    "StoreDown",
    "Stories",
    "Subscribers",
    "TokenRefused",
    "TokenTaken",
]
