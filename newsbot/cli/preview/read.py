"""Where articles for a look come from: a site's folder, one post, a feed as a file, an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsbot import bootstrap
from newsbot.bootstrap import Plain
from newsbot.cli.common import Quit
from newsbot.core.model import Article
from newsbot.core.replay import seen_at
from newsbot.ports import Fetch, Fetched, FetchError, SourceError
from newsbot.sources.feed import read_url
from newsbot.sources.jekyll import Posts, read_file, read_folder

Progress = Callable[[int, int], None]
"""Told now and then: how many are read, of how many."""

STEP = 100  # articles between two tellings
FEEDS = (".xml", ".rss", ".atom", ".json")
"""What a feed that lies in a file is called. No post of a Jekyll site is."""


def gather(plain: Plain, place: str, url: str | None, progress: Progress) -> list[Article]:
    """Every article there, in the order of publication. Raises Quit: 2 where nothing is, 1 where it cannot be read."""
    try:
        found = _asked(plain, place) if "://" in place else _read(plain, Path(place), url, progress)
    except (SourceError, FetchError) as error:
        raise Quit(str(error)) from None
    now = bootstrap.now()
    found.sort(key=lambda article: seen_at(article, now))
    return found


def _asked(plain: Plain, url: str) -> list[Article]:
    """The articles at an address. Nothing but this address is asked, and the feed its page names."""
    if not url.startswith(("http://", "https://")):
        raise Quit(f"{url}: write it as http:// or https://", 2)
    return _feed(plain, url, bootstrap.fetcher(plain.settings), url)


def _read(plain: Plain, path: Path, url: str | None, progress: Progress) -> list[Article]:
    """The articles of a folder, or of one file."""
    site = plain.settings.site
    options: dict[str, Any] = {
        "name": str(path),
        "url": url or site.url or None,
        "zone": site.zone,
        "publisher": site.name,
        "mark": plain.mark,
    }
    if path.is_dir():
        return _counted(read_folder(path, **options), progress)
    if path.is_file() and path.suffix.lower() in FEEDS:
        try:
            return _feed(plain, options["url"] or "", _File(path), options["name"])
        except SourceError as error:
            raise Quit(f"{path}: {error}") from None
    if path.is_file():
        return [read_file(path, **options)]
    raise Quit(f"{path}: no such file or folder", 2)


def _counted(posts: Posts, progress: Progress) -> list[Article]:
    found: list[Article] = []
    for article in posts:
        found.append(article)
        if len(found) % STEP == 0:
            progress(len(found), len(posts))
    return found


def _feed(plain: Plain, url: str, fetch: Fetch, name: str) -> list[Article]:
    """The articles of a feed, or the one whose page it is."""
    site = plain.settings.site
    options: dict[str, Any] = {"zone": site.zone, "publisher": site.name, "now": bootstrap.now, "mark": plain.mark}
    return asyncio.run(read_url(url, fetch=fetch, name=name, **options))


@dataclass(frozen=True)
class _File:
    """A feed that lies on the disk, for whoever asks over the network."""

    path: Path

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:  # noqa: ARG002
        """The file."""
        try:
            return Fetched(200, url, {}, self.path.read_bytes())
        except OSError as error:
            raise FetchError(f"cannot be read: {error.strerror}") from None

    async def status(self, url: str) -> int:  # noqa: ARG002
        """It is there."""
        return 200
