"""Question 1: where the articles come from. The source is read with the code that will watch it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from newsbot import bootstrap
from newsbot.bootstrap.sources import build_sources
from newsbot.core import editorial
from newsbot.core.model import Article
from newsbot.ports import FetchError, SourceError
from newsbot.settings import ConfigError, Settings, SourceSection
from newsbot.sources.feed import encoding, page

USUAL = "feed.xml"  # where jekyll-feed puts it
SYSTEM_ZONE = Path("/etc/localtime")
HANGUL = re.compile("[가-힣]")
LOOKED_AT = 20  # newest titles that say which language the newsroom writes


@dataclass(frozen=True, slots=True)
class Look:
    """What a source says of itself; `table` is its `[[source]]` without the name."""

    table: dict[str, Any]
    articles: Sequence[Article]
    zone: str  # the site's own, or the one it was read with

    @property
    def newest(self) -> Article | None:
        """The newest that would be published."""
        good = [article for article in self.articles if article.state == "publishable" and article.published_at]
        return max(good, key=lambda article: article.published_at or "", default=None)

    @property
    def name(self) -> str:
        """What the source calls its publisher; "" where it says nothing but its host."""
        found = self.articles[0].publisher if self.articles else ""
        return "" if found == urlsplit(self.address).hostname else found

    @property
    def address(self) -> str:
        """The beginning of its articles' addresses; "" where they have none."""
        url = next((article.url for article in self.articles if article.url.startswith("http")), "")
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" if url else ""

    @property
    def language(self) -> str:
        """What the newest titles are written in: `ko`, `en`, or "" where there are none."""
        titles = [article.title for article in self.articles[-LOOKED_AT:]]
        return ("ko" if any(map(HANGUL.search, titles)) else "en") if titles else ""

    def decision(self, settings: Settings) -> tuple[Literal["publish", "hold", "ignore"], str]:
        """What would become of the newest article if it came now, and why."""
        assert self.newest is not None  # noqa: S101 - only asked where there is one
        rules = bootstrap.plain(settings).rules
        match editorial.decide(self.newest, "SETUP", rules, bootstrap.now()):
            case editorial.Publish():
                return "publish", ""
            case editorial.Hold(story):
                return "hold", story.held or ""
            case editorial.Ignore(why):
                return "ignore", why


def system_zone() -> str:
    """The zone this machine runs in, or Seoul where it names none."""
    named = os.environ.get("TZ", "") or "/".join(SYSTEM_ZONE.resolve().parts).partition("zoneinfo/")[2]
    try:
        ZoneInfo(named)
    except (ValueError, OSError, KeyError):
        return "Asia/Seoul"
    # A machine on UTC says nothing about its newsroom.
    return named if "/" in named and not named.startswith("Etc/") else "Asia/Seoul"


def with_site(settings: Settings, **keys: Any) -> Settings:
    """The same settings with these keys of `[site]`."""
    return settings.model_copy(update={"site": settings.site.model_copy(update=keys)})


async def look(settings: Settings, where: str) -> Look:
    """The source at this folder or address. Raises SourceError, FetchError or ConfigError: one line."""
    if not where.startswith(("http://", "https://")):
        folder = Path(where).expanduser()
        return await read(settings, {"path": str(folder)})
    try:
        return await read(settings, feed(where))
    except SourceError as error:
        for link in await feeds_of(settings, where):
            try:
                return await read(settings, feed(link))
            except SourceError:
                continue
        raise error from None


def feed(address: str) -> dict[str, Any]:
    """The table of a feed."""
    return {"kind": "feed", "url": address}


async def read(settings: Settings, table: dict[str, Any]) -> Look:
    """Read the source this table describes. Raises as `look`."""
    section = SourceSection(name="setup", **table)
    plain = bootstrap.plain(settings)
    (source,) = build_sources(plain, settings.model_copy(update={"source": (section,)}))
    articles = await source.scan()
    ordered = sorted(articles, key=lambda article: article.published_at or "")
    return Look(table, ordered, ordered[-1].zone if ordered else settings.site.zone)


async def feeds_of(settings: Settings, address: str) -> list[str]:
    """The feed that this page names, and the usual place of one. Raises FetchError where the page does not answer."""
    fetched = await bootstrap.fetcher(settings).get(address)
    html = encoding.decode(fetched.body, fetched.headers.get("content-type", ""))
    usual = urljoin(fetched.url.rstrip("/") + "/", USUAL)
    return list(dict.fromkeys(filter(None, (page.read(html, fetched.url).feed, usual))))


TROUBLE = (SourceError, FetchError, ConfigError)


def day(article: Article) -> str:
    """The day it was published, as its source writes it."""
    stamp = article.published_at or ""
    return stamp if len(stamp) <= len("2024-07-12") else datetime.fromisoformat(stamp).date().isoformat()
