"""`limit_posts`: Jekyll builds only so many posts, the newest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from heapq import nlargest

from newsbot.core.model import Article
from newsbot.sources.jekyll.files import DATED, DRAFTS, signature
from newsbot.sources.jekyll.site import Site


def kept(articles: Iterator[Article], site: Site, again: Callable[[], Iterable[Article]]) -> Iterator[Article]:
    """The articles, those beyond the limit as unpublished; `again` reads them once more, to find the newest."""
    if not site.limit:
        return articles
    public = ((_when(article, site), article.path or "") for article in again() if article.state == "publishable")
    newest = {path for _, path in nlargest(site.limit, public)}
    return (
        article.model_copy(update={"state": "unpublished"})
        if article.state == "publishable" and article.path not in newest
        else article
        for article in articles
    )


def _when(article: Article, site: Site) -> float:
    """Seconds since 1970."""
    path = article.path or ""
    if article.id == site.of_file(path):
        return math.inf  # a post that Jekyll could not read is as new as its build
    when = datetime.fromisoformat(article.published_at or "9999-12-31")
    seconds = (when if when.tzinfo else when.replace(tzinfo=site.tz)).timestamp()
    parts = path.split("/")
    if DRAFTS in parts and not DATED.fullmatch(parts[-1]) and (sign := signature(site.root / path)):
        # Drafts saved in one second are told apart by their files' own clock, where that is their date.
        seconds = sign.mtime / 1e9 if sign.mtime // 10**9 == int(seconds) else seconds
    return seconds
