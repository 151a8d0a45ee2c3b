"""What templates can see: the page, the site and its config, other posts. All of it is made only when asked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any

from newsbot.sources.jekyll import front, ruby
from newsbot.sources.jekyll.files import Unreadable, read_bytes
from newsbot.sources.jekyll.site import Site

_DATA_LIMIT = 500


class Failed(Exception):
    """A template that Jekyll refuses to render, and with it to build the site: one line that says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """The post whose words are rendered: its file, its variables (given the source), those of all posts, newest first."""

    rel: str
    values: Callable[[str], Mapping[str, Any]]
    posts: Callable[[], Sequence[Mapping[str, Any]]]


class Time(datetime):
    """A moment that writes itself as Ruby does."""

    def __str__(self) -> str:
        zone = "UTC" if self.tzinfo is UTC else f"{self:%z}"
        return f"{self:%Y-%m-%d %H:%M:%S} {zone}"


class Hash(dict[Any, Any]):
    """A mapping that writes itself as Ruby does."""

    tz: tzinfo = UTC

    def __str__(self) -> str:
        return ruby.inspect(self, self.tz)


class Float(float):
    """A number that writes itself as Ruby does."""

    def __str__(self) -> str:
        return ruby.inspect(float(self), UTC)


def seen(value: Any, tz: tzinfo) -> Any:
    """A value as templates see it: times and mappings with Ruby's way of writing them."""
    match value:
        case front.Stamp():
            return moment(value.when.astimezone(tz) if value.local else value.when)
        case datetime():
            return moment(value)
        case float():
            return Float(value)
        case list():
            return [seen(item, tz) for item in value]
        case Mapping():
            found = Hash({key: seen(item, tz) for key, item in value.items()})
            found.tz = tz
            return found
        case _:
            return value


def moment(when: datetime) -> Time:
    """The same moment, writing itself as Ruby does."""
    return Time(
        when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, tzinfo=when.tzinfo
    )


class Lazy(Mapping[str, Any]):
    """Variables of which the costly ones are made at their first use."""

    def __init__(self, values: Mapping[str, Any], makers: Mapping[str, Callable[[], Any]]) -> None:
        self._values = dict(values)
        self._makers = makers

    def __getitem__(self, key: str) -> Any:
        if key not in self._values and key in self._makers:
            self._values[key] = self._makers[key]()
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._values, **dict.fromkeys(self._makers)})

    def __len__(self) -> int:
        return len({**self._values, **dict.fromkeys(self._makers)})

    def __str__(self) -> str:
        return ""


_CONFIG = {
    "baseurl": None,
    "permalink": "date",
    "timezone": None,
    "markdown": "kramdown",
    "highlighter": "rouge",
    "encoding": "utf-8",
    "paginate_path": "/page:num",
    "excerpt_separator": "\n\n",
    "collections_dir": "",
    "limit_posts": 0,
    "future": False,
    "unpublished": False,
    "show_drafts": None,
    "safe": False,
}


def site_values(site: Site, page: Page, now: datetime) -> Mapping[str, Any]:
    """`site` in templates."""
    tz = site.tz
    config = {**_CONFIG, **{str(key): seen(value, tz) for key, value in site.config.items() if key != "data"}}
    return Lazy(
        {key: value for key, value in config.items() if key not in ("posts", "time", "categories", "tags")},
        {
            "time": lambda: moment((site.time or now).astimezone(tz)),
            "data": lambda: site.config["data"] if "data" in site.config else data(site),
            "posts": page.posts,
            "documents": page.posts,
            "collections": lambda: _collections(site, page),
            "categories": lambda: _grouped(page.posts(), "categories"),
            "tags": lambda: _grouped(page.posts(), "tags"),
            "pages": list,
            "html_pages": list,
            "static_files": list,
        },
    )


def _collections(site: Site, page: Page) -> list[Mapping[str, Any]]:
    """What the config says of each collection; of their documents only the posts are known."""
    stated = site.config.get("collections")
    found = dict(stated) if isinstance(stated, dict) else dict.fromkeys(stated if isinstance(stated, list) else ())
    known = {str(label): said if isinstance(said, dict) else {} for label, said in found.items()}
    known["posts"] = {"output": True, **known.get("posts", {}), "docs": page.posts()}
    return [{**known[label], "label": label, "relative_directory": f"_{label}"} for label in sorted(known)]


def _grouped(posts: Sequence[Mapping[str, Any]], key: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for post in posts:
        for name in post.get(key) or ():
            found.setdefault(str(name), []).append(post)
    return found


def data(site: Site) -> Mapping[str, Any]:
    """The site's `_data` files by their folders and names; what cannot be read is left out."""
    folder = site.root / str(site.config.get("data_dir") or "_data")
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*"))[:_DATA_LIMIT] if folder.is_dir() else ():
        if path.is_file() and (value := _data_file(path, site)) is not None:
            place = found
            for part in path.relative_to(folder).parts[:-1]:
                place = place.setdefault(_key(part), {})
            place[_key(path.stem)] = value
    return found


def _key(name: str) -> str:
    return "".join(sign for sign in name if sign.isalnum() or sign in "_- ").strip().replace(" ", "_")


def _data_file(path: Path, site: Site) -> Any:
    try:
        text = read_bytes(path, site.root).decode("utf-8-sig")
        match path.suffix.lower():
            case ".yml" | ".yaml":
                return seen(front.load(text), site.tz)
            case ".json":
                return seen(json.loads(text), site.tz)
            case ".csv" | ".tsv":
                rows = csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
                return [Hash(row) for row in rows]
            case _:
                return None
    except (Unreadable, ValueError, csv.Error):
        return None


def as_date(value: Any, tz: tzinfo) -> datetime | None:
    """A value as a moment in the site's zone, for the date filters."""
    if isinstance(value, datetime):
        return value.astimezone(tz)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=tz)
    return None
