"""Jekyll itself as the judge: a folder is built by the real `jekyll`, and every post compared with what we read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from newsbot.core.model import Article
from newsbot.sources.jekyll import read_folder

JEKYLL = shutil.which("jekyll")
needs_jekyll = pytest.mark.skipif(JEKYLL is None, reason="no `jekyll` on the PATH (Debian: apt-get install jekyll)")

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
"""When the sites of the tests are built; `time:` of each config says the same to Jekyll."""

_DUMP = """
require "json"
class NewsbotFilters
  include Jekyll::Filters
  def initialize(site)
    @context = Liquid::Context.new({}, {}, { :site => site })
  end
end
def newsbot_words(text)
  Liquid::Template.parse("{{ x }}").render("x" => text).encode("UTF-8")
end
Jekyll::Hooks.register :site, :post_write do |site|
  filters = NewsbotFilters.new(site)
  rows = site.posts.docs.map do |post|
    {
      "path" => post.path.sub(site.source + "/", ""),
      "url" => filters.absolute_url(post.url),
      "id" => filters.absolute_url(post.id),
      "title" => newsbot_words(post.data["title"]),
      "date" => post.date.strftime("%Y-%m-%dT%H:%M:%S%:z"),
      "categories" => post.data["categories"].to_a.map { |item| item.to_s.encode("UTF-8") },
      "tags" => post.data["tags"].to_a.map { |item| item.to_s.encode("UTF-8") },
      "excerpt" => post.data["excerpt"].to_s.encode("UTF-8"),
      "read" => post.data.key?("ext"),
    }
  end
  File.write(ENV["NEWSBOT_DUMP"], JSON.generate(rows))
end
"""


class BuildFailed(Exception):
    """Jekyll gave up: its own words."""


@dataclass(frozen=True, slots=True)
class Built:
    """One post as Jekyll built it. `read` is False where its front matter could not be read."""

    path: str
    url: str
    id: str
    title: str
    date: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    excerpt: str
    read: bool


def build(site: Path, *, zone: str = "Asia/Seoul", timeout: float = 300) -> dict[str, Built]:
    """What Jekyll publishes of this folder, by path. Raises BuildFailed."""
    assert JEKYLL
    with TemporaryDirectory() as beside:
        plugins, dump = Path(beside, "plugins"), Path(beside, "dump.json")
        plugins.mkdir()
        (plugins / "dump.rb").write_text(_DUMP)
        done = subprocess.run(
            [
                *(JEKYLL, "build", "--quiet", "--disable-disk-cache", "--source", site),
                *("--destination", Path(beside, "site"), "--plugins", plugins),
            ],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": zone, "HOME": beside, "NEWSBOT_DUMP": str(dump)},
            cwd=beside,
            capture_output=True,
            timeout=timeout,
        )
        if done.returncode or not dump.exists():
            raise BuildFailed(done.stderr.decode(errors="replace"))
        rows: list[dict[str, Any]] = json.loads(dump.read_text())
    return {
        row["path"]: Built(**(row | {"categories": tuple(row["categories"]), "tags": tuple(row["tags"])}))
        for row in rows
    }


_PARTING = """
address article aside blockquote br caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
_PARTS = frozenset(_PARTING.split())


class _Words(HTMLParser):
    """The words of a page as a browser has them: tags away, blocks parted, scripts and comments not counted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.silent = 0

    def parse_html_declaration(self, i: int) -> int:
        return self.parse_bogus_comment(i)  # `<![x]` is none of ours; the library would raise

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.silent += tag in ("script", "style")
        if tag in _PARTS:
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")
        if tag in _PARTS:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self.silent <= 0:
            self.pieces.append(data)


def words(html: str) -> str:
    """The text of an HTML fragment on one line."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return " ".join("".join(parser.pieces).split())


def difference(ours: Article | None, theirs: Built | None) -> dict[str, tuple[Any, Any]]:
    """Field by field (ours, theirs), only where they differ; {} where all agree."""
    public = ours is not None and ours.state == "publishable"
    if public != (theirs is not None):
        return {"published": (ours.state if ours else "absent", theirs is not None), "problem": (_problem(ours), "")}
    if ours is None or theirs is None or not public or not theirs.read:
        return {}
    when = ours.published_at or ""
    date = theirs.date[:10] if len(when) == 10 and "T00:00:00" in theirs.date else theirs.date
    pairs: Mapping[str, tuple[Any, Any]] = {
        "url": (ours.url, theirs.url),
        "id": (theirs.id if ours.id.endswith(f"/{ours.path}") else ours.id, theirs.id),  # see `jekyll.ids`
        "title": (ours.title, " ".join(theirs.title.split())),
        "date": (when, date),
        "categories": (ours.categories, theirs.categories),
        "tags": (ours.tags, theirs.tags),
        "excerpt": (ours.excerpt, words(theirs.excerpt)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _problem(article: Article | None) -> str:
    return article.problem if article else ""


def compare(site: Path, *, zone: str = "Asia/Seoul", now: datetime = NOW) -> tuple[int, dict[str, dict[str, Any]]]:
    """How many posts were looked at, and the differences by path."""
    theirs = build(site, zone=zone)
    ours: Iterable[Article] = read_folder(site, name="oracle", zone=zone, now=lambda: now)
    mine = {article.path or "": article for article in ours}
    paths = sorted(mine.keys() | theirs.keys())
    found = {path: difference(mine.get(path), theirs.get(path)) for path in paths}
    return len(paths), {path: fields for path, fields in found.items() if fields}
