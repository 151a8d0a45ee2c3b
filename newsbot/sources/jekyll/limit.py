"""`limit_posts`: Jekyll builds only so many posts, the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest

from newsbot.core.model import Article
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


def _when(article: Article, site: Site) -> str:
    if article.id == site.of_file(article.path or ""):
        return "9999"  # a post that Jekyll could not read is as new as its build
    when = article.published_at or ""
    return f"{when}T00:00:00" if len(when) == 10 else when[:19]
