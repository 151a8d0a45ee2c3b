"""Articles from feeds: RSS, Atom and JSON Feed, asked for politely; and a look at one address."""

from newsbot.sources.feed.once import read_url
from newsbot.sources.feed.watch import FeedSource

__all__ = ["FeedSource", "read_url"]
