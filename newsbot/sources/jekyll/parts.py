"""A file of a Jekyll site taken apart: its name, its front matter as Jekyll completes it, its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from newsbot.sources.jekyll import front, recover, values
from newsbot.sources.jekyll.files import DATED, DRAFTS, POSTS
from newsbot.sources.jekyll.site import Site


class Broken(ValueError):
    """This post cannot be published: `line` in the file (0: no line to name) and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Name:
    """What a post's path says: `day` as written or "", `slug`, `extension` without dot, the folders above `_posts`."""

    rel: str
    day: str
    slug: str
    stem: str
    extension: str
    folders: tuple[str, ...]
    draft: bool

    @classmethod
    def parse(cls, rel: str, collections_dir: str = "") -> Name:
        """The parts of a site-relative path; any path has some."""
        inside = rel.removeprefix(f"{collections_dir}/") if collections_dir else rel
        parts = inside.split("/")
        place = next((at for at, part in enumerate(parts) if part in (POSTS, DRAFTS)), None)
        folders = tuple(parts[:place]) if place is not None else ()
        stem, _, extension = parts[-1].rpartition(".")
        match = DATED.fullmatch(parts[-1])
        day, slug = (match[1], match[2]) if match else ("", stem)
        draft = place is not None and parts[place] == DRAFTS
        return cls(rel, day, slug.rstrip("."), stem, extension, folders, draft)


@dataclass(frozen=True, slots=True)
class Post:
    """A file taken apart: its name, what Jekyll knows of it, its body, the front matter's text.

    `lost` says why Jekyll could not read the front matter, `found` what we could; then `values` lacks all of it, and
    where Jekyll is `blind` it lacks title, slug and day of the file's name too.
    """

    name: Name
    values: Mapping[str, Any]
    body: str
    raw: str = ""
    lost: str = ""
    line: int = 0
    found: Mapping[str, Any] | None = None
    blind: bool = False

    @property
    def said(self) -> Mapping[str, Any]:
        """What the newsroom said, whether Jekyll can read it or not."""
        return self.values if self.found is None else self.found

    def place(self, key: str) -> int:
        """The line of the file on which this key stands; 1 where it is not found."""
        found = re.search(rf"^['\"]?{re.escape(key)}['\"]?[ \t]*:", self.raw, re.MULTILINE)
        return self.raw.count("\n", 0, found.start()) + 2 if found else 1


def parse(data: bytes, name: Name, site: Site) -> Post:
    """The file taken apart; raises Broken for bytes that are no text and for what stops Jekyll."""
    source = _decode(data, site.encoding)
    parts = front.split(source)
    rel = site.relative(name.rel)
    known = values.base(site.defaults, rel, name.folders)
    if not parts.closed:
        why = "the front matter is never closed (a line `---` is missing)"
        block = parts.body.partition("\n")[2].partition("\n\n")[0]
        return _read(Post(name, known, parts.body, block, why, 1, recover.recover(block)), site)
    if parts.front is None:
        return _read(Post(name, known, parts.body), site)
    try:
        own = front.load(parts.front)
        if own is not None and own is not False and not isinstance(own, dict):
            raise front.FrontError(1, "the front matter is no list of settings (`key: value` lines)")
        return _read(Post(name, values.merged(known, own or {}), parts.body, parts.front), site)
    except front.FrontError as error:
        why, line = error.why, error.line + 1
    except values.Unusable as error:
        why, line = error.why, Post(name, known, parts.body, parts.front).place(error.key)
    return Post(name, known, parts.body, parts.front, why, line, recover.recover(parts.front), blind=True)


def _decode(data: bytes, encoding: str) -> str:
    try:
        if encoding == "utf-8":
            return data.decode("utf-8-sig")
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding == "utf-8" else encoding
        raise Broken(data.count(b"\n", 0, error.start) + 1, f"not {name}") from None


def _read(post: Post, site: Site) -> Post:
    completed = dict(post.values)
    values.complete(completed, site.tz)
    return replace(post, values=completed)
