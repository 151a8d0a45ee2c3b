"""One id, one post: Jekyll gives two posts of one slug the same id where a permalink leaves their difference out."""

from __future__ import annotations

from newsbot.core.model import Article
from newsbot.sources.jekyll.site import Site


class Ids:
    """Who has which id. The first to come keeps Jekyll's, others get their path: then a permalink changes nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._owners: dict[str, str] = {}

    def own(self, article: Article) -> Article:
        """The article under an id that no other path has."""
        path = article.path or ""
        if self._owners.setdefault(article.id, path) == path:
            return article
        return article.model_copy(update={"id": self._site.of_file(path)})
