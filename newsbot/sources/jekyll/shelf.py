"""The posts of a site as templates see them: for `post_url`, `site.posts` and the page itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from newsbot.sources.jekyll import ruby
from newsbot.sources.jekyll.files import Layout, Unreadable, read_bytes
from newsbot.sources.jekyll.liquid.page import Lazy, moment, seen
from newsbot.sources.jekyll.parts import Post
from newsbot.sources.jekyll.site import Site

When = date | datetime | None


class Shelf:
    """Other posts, read when a template asks for them and kept as long as the site's config is."""

    def __init__(
        self,
        site: Site,
        parse: Callable[[bytes, str], Post],
        when: Callable[[Post, Site, datetime], When],
        path_of: Callable[[Post, Site, date | datetime], tuple[str, str]],
    ) -> None:
        self._site = site
        self._parse = parse
        self._when = when
        self._path_of = path_of

    def page(self, post: Post, when: When, built: datetime, part: str) -> Mapping[str, Any]:
        """`page` in the excerpt of this post; `part` is its source."""
        drop = self._drop(post, when or built)
        rel = drop["path"]
        others = {"excerpt": None, "path": f"{rel}/#excerpt", "relative_path": f"{rel}/#excerpt"}
        return Lazy(
            {**drop, **others, "id": f"{drop['id']}#excerpt", "content": part},
            {"next": lambda: self._beside(rel, built, -1), "previous": lambda: self._beside(rel, built, 1)},
        )

    def posts(self, built: datetime) -> Sequence[Mapping[str, Any]]:
        """All published posts, the newest first."""
        kept: dict[str, Any] = self._site.memo
        if "posts" not in kept:
            kept["posts"] = self._all(built)
        found: Sequence[Mapping[str, Any]] = kept["posts"]
        return found

    def _beside(self, rel: str, built: datetime, step: int) -> Mapping[str, Any] | None:
        posts = self.posts(built)
        place = next((at for at, post in enumerate(posts) if post["path"] == rel), None)
        return posts[place + step] if place is not None and 0 <= place + step < len(posts) else None

    def _all(self, built: datetime) -> list[Mapping[str, Any]]:
        site = self._site
        layout = Layout(site.excluded, site.included, collections_dir=site.collections_dir)
        found: list[Mapping[str, Any]] = []
        for rel in layout.find(site.root):
            try:
                post = self._parse(read_bytes(site.root / rel, site.root), rel)
                when = self._when(post, site, built) or built
                drop = self._drop(post, when)
            except (Unreadable, ValueError):  # what is broken is told of when its own turn comes
                continue
            late = not site.future and drop["date"] > built
            if not late and post.values.get("published", True) not in (False, None) and not post.name.draft:
                found.append(drop)
        return sorted(found, key=lambda drop: (drop["date"], drop["path"]), reverse=True)

    def _drop(self, post: Post, when: date | datetime) -> Mapping[str, Any]:
        site = self._site
        at = when if isinstance(when, datetime) else datetime.combine(when, time(), site.tz)
        url, id_ = self._path_of(post, site, when)
        rel = site.relative(post.name.rel)
        known = {str(key): seen(value, site.tz) for key, value in post.values.items()}
        title = known.get("title")
        return {
            "slug": post.name.slug,
            "ext": f".{post.name.extension}",
            "draft": post.name.draft,
            **known,
            "title": _titled(post) if title is None or title is False else title,
            "url": url,
            "id": id_,
            "date": moment(at),
            "path": rel,
            "relative_path": rel,
            "collection": "posts",
            "name": known.get("name") or post.name.rel.rpartition("/")[2],
            "excerpt": ruby.text(known.get("excerpt"), site.tz),
        }


def _titled(post: Post) -> str:
    return " ".join(word.capitalize() for word in post.name.slug.split("-"))
