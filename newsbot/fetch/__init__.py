"""The one way out to addresses that others gave us: feeds, articles, pages that must answer before readers are sent."""

from newsbot.fetch.client import Fetcher

__all__ = ["Fetcher"]
