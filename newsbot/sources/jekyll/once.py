"""A look at a file or a folder without watching it: what `newsbot preview` shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from newsbot.core.model import Article
from newsbot.ports import SourceError
from newsbot.sources.jekyll.files import Unreadable, read_bytes
from newsbot.sources.jekyll.post import invalid, to_article
from newsbot.sources.jekyll.site import read_site
from newsbot.sources.jekyll.watch import JekyllSource, locate


def _utc() -> datetime:
    return datetime.now(UTC)


def read_folder(
    path: Path | str,
    *,
    name: str = "jekyll",
    url: str | None = None,
    zone: str = "Asia/Seoul",
    publisher: str = "",
    now: Callable[[], datetime] = _utc,
) -> list[Article]:
    """Every post of the folder, by path. Raises SourceError where the folder or its config cannot be read."""
    return JekyllSource(name, path, url=url, zone=zone, publisher=publisher, now=now).read()


def read_file(
    path: Path | str,
    *,
    name: str = "jekyll",
    url: str | None = None,
    zone: str = "Asia/Seoul",
    publisher: str = "",
    now: Callable[[], datetime] = _utc,
) -> Article:
    """The article in one file, as its site (found above `_posts`) would have it; unreadable content is state "invalid".

    Raises SourceError where there is no such file or the site's config cannot be read.
    """
    file = Path(path).absolute()
    if not file.exists():
        raise SourceError(f"{path}: no such file")
    root, start = locate(file.parent)
    site = read_site(root, url=url, zone=zone, publisher=publisher)
    rel = f"{start}/{file.name}" if start else file.name
    try:
        data = read_bytes(root / rel, root)
    except Unreadable as error:
        return invalid(rel, site, f"{rel}: {error}", source=name)
    return to_article(data, rel, site, source=name, now=now())
