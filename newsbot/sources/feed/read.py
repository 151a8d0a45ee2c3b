"""Bytes that were fetched → a document of entries."""

from __future__ import annotations

from newsbot.sources.feed import elements, encoding, jsonfeed
from newsbot.sources.feed.document import Document, NotAFeed

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.8,"
    " text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_PICTURES = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"\x00\x00\x01\x00", b"%PDF", b"PK\x03\x04", b"\x1f\x8b")


def read(data: bytes, content_type: str, url: str) -> Document:
    """The feed in these bytes, by what they are and not by what they are called. Raises NotAFeed, one line, for all
    else; bounded in time by the size alone."""
    if not data.strip():
        raise NotAFeed("empty")
    if data.startswith(_PICTURES):
        raise NotAFeed("a picture or another file")
    source = encoding.decode(data, content_type).lstrip("\ufeff\x00 \t\r\n")
    if source.startswith("{"):
        return jsonfeed.read(source, url)
    if source.startswith("["):
        raise NotAFeed("JSON, but no JSON Feed")
    if source.startswith("<"):
        return elements.read(source, url)
    raise NotAFeed("neither XML nor JSON")
