"""A look at a file or a folder without watching it: what `newsbot preview` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from newsbot.core.model import Article, Urgency
from newsbot.ports import SourceError
from newsbot.sources.jekyll.files import Layout, Unreadable, is_bare, read_bytes
from newsbot.sources.jekyll.ids import Ids
from newsbot.sources.jekyll.limit import kept
from newsbot.sources.jekyll.post import Mark, invalid, nothing, to_article
from newsbot.sources.jekyll.site import Site, read_site
from newsbot.sources.jekyll.watch import locate


def _utc() -> datetime:
    return datetime.now(UTC)


class Posts:
    """The posts of a folder, in the order of their paths: each is read when its turn comes, none is kept."""

    def __init__(self, site: Site, rels: list[str], read: Callable[[str], Article]) -> None:
        self.site = site
        self._rels = rels
        self._read = read

    def __len__(self) -> int:
        """How many files there are."""
        return len(self._rels)

    def __iter__(self) -> Iterator[Article]:
        ids = Ids(self.site)
        articles = (ids.own(self._read(rel)) for rel in self._rels)
        return kept(articles, self.site, lambda: (self._read(rel) for rel in self._rels))


def read_folder(
    path: Path | str,
    *,
    name: str = "jekyll",
    url: str | None = None,
    zone: str = "Asia/Seoul",
    publisher: str = "",
    now: Callable[[], datetime] = _utc,
    mark: Mark = nothing,
    urgency: Urgency | None = None,
    topics: tuple[str, ...] = (),
) -> Posts:
    """Every post of the folder, by path. Raises SourceError where the folder or its config cannot be read."""
    folder = Path(path).absolute()
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder")
    root, start = locate(folder)
    site = read_site(root, url=url, zone=zone, publisher=publisher)
    bare = not start and is_bare(root)
    layout = Layout(site.excluded, site.included, collections_dir=site.collections_dir, bare=bare)
    try:
        rels = sorted(layout.find(root, start))
    except OSError as error:
        raise SourceError(f"{root}: {error.strerror or error}") from None

    def read(rel: str) -> Article:
        return _one(site, rel, name, now(), mark, urgency, topics)

    return Posts(site, rels, read)


def read_file(
    path: Path | str,
    *,
    name: str = "jekyll",
    url: str | None = None,
    zone: str = "Asia/Seoul",
    publisher: str = "",
    now: Callable[[], datetime] = _utc,
    mark: Mark = nothing,
    urgency: Urgency | None = None,
    topics: tuple[str, ...] = (),
) -> Article:
    """The article in one file, as its site (found above `_posts`) would have it; unreadable content is state "invalid".

    Raises SourceError where there is no such file or the site's config cannot be read.
    """
    file = Path(path).absolute()
    if not file.exists():
        raise SourceError(f"{path}: no such file")
    root, start = locate(file.parent)
    site = read_site(root, url=url, zone=zone, publisher=publisher)
    return _one(site, f"{start}/{file.name}" if start else file.name, name, now(), mark, urgency, topics)


def _one(
    site: Site, rel: str, name: str, now: datetime, mark: Mark, urgency: Urgency | None, topics: tuple[str, ...]
) -> Article:
    try:
        data = read_bytes(f"{site.root}/{rel}", site.root)
    except Unreadable as error:
        return invalid(rel, site, f"{rel}: {error}", source=name)
    return to_article(data, rel, site, source=name, now=now, mark=mark, urgency=urgency, topics=topics)
