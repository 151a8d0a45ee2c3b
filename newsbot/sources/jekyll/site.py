"""A Jekyll site's own settings: what its config says of addresses, time and names, else Jekyll's defaults."""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsbot.ports import SourceError
from newsbot.sources.jekyll import dates, defaults, front, ruby, urls
from newsbot.sources.jekyll.files import CONFIG_NAMES, Unreadable, read_bytes
from newsbot.sources.jekyll.kramdown import Options

_EXCLUDED = (
    *(".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock", "node_modules"),
    *("vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/"),
)
_MARKDOWN = ("markdown", "mkdown", "mkdn", "mkd", "md")


@dataclass(frozen=True, slots=True)
class Site:
    """One site, as its posts need it.

    `address` is scheme and host as stated ("" where nobody said); `base` the folder the site lives in ("/blog" or "");
    `permalink` a template; `zone` an IANA name; `time` the build time the config fixes; `config` all it says.
    """

    root: Path
    address: str = ""
    base: str = ""
    permalink: str = urls.STYLES["date"]
    zone: str = "Asia/Seoul"
    future: bool = False
    drafts: bool = False
    unpublished: bool = False
    limit: int = 0
    title: str = ""
    publisher: str = ""
    lang: str = ""
    separator: str = "\n\n"
    encoding: str = "utf-8"
    markdown: frozenset[str] = frozenset(_MARKDOWN)
    kramdown: Options = field(default_factory=Options)
    excluded: tuple[str, ...] = _EXCLUDED
    included: tuple[str, ...] = (".htaccess",)
    collections_dir: str = ""
    defaults: tuple[defaults.Default, ...] = ()
    time: datetime | None = None
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)  # what templates asked for, once

    @property
    def tz(self) -> ZoneInfo:
        """The zone the site's dates are in."""
        return ZoneInfo(self.zone)

    def absolute(self, path: str) -> str:
        """The address of a site-relative path, percent-encoded; without host where the site's address is not known."""
        return urls.absolute(self.address, self.base, path)

    def of_file(self, rel: str) -> str:
        """A name for the file at this path that no permalink changes."""
        return f"{self.address.rstrip('/')}{self.base}/{rel}"

    def relative(self, rel: str) -> str:
        """A post's path as Jekyll's templates know it: without the folder of all collections."""
        return rel.removeprefix(f"{self.collections_dir}/") if self.collections_dir else rel


def read_site(root: Path, *, url: str | None = None, zone: str = "Asia/Seoul", publisher: str = "") -> Site:
    """The site in this folder. `url` overrules the config's; `zone` counts where the config names none.

    Raises SourceError, one line with file and line number, where the config or `url` cannot be used.
    """
    path = next((root / name for name in CONFIG_NAMES if (root / name).is_file()), None)
    config = _Config.read(path) if path else _Config("", "", {})
    address, base = _address(config, url)
    title = config.text("title")
    zone = _zone(config, zone)
    collections_dir = config.text("collections_dir").strip("/")
    return Site(
        root=root,
        address=address,
        base=base,
        permalink=_permalink(config),
        zone=zone,
        future=config.truth("future"),
        drafts=config.truth("show_drafts"),
        unpublished=config.truth("unpublished"),
        limit=_limit(config),
        title=title,
        publisher=publisher or title or (urlsplit(address).hostname or ""),
        lang=config.text("lang") or config.text("locale"),
        separator=_separator(config, zone),
        encoding=_encoding(config),
        markdown=_extensions(config),
        kramdown=Options.of(config.values.get("kramdown")),
        excluded=(*config.list("exclude"), *_EXCLUDED, *_destination(config)),
        included=config.list("include") if "include" in config.values else (".htaccess",),
        collections_dir=collections_dir,
        defaults=defaults.read(config.values.get("defaults"), root, collections_dir),
        time=_time(config, zone),
        config=config.values,
    )


@dataclass(frozen=True, slots=True)
class _Config:
    """A config file that was read: its name for messages, its text to find a key's line, its values."""

    name: str
    source: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> _Config:
        try:
            source = read_bytes(path, path.parent).decode("utf-8-sig").replace("\r\n", "\n")
            values = tomllib.loads(source) if path.suffix == ".toml" else front.load(source)
        except Unreadable as error:
            raise SourceError(f"{path}: {error}") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise SourceError(f"{path}:{line}: not UTF-8") from None
        except front.FrontError as error:
            raise SourceError(f"{path}:{error.line}: {error.why}") from None
        except tomllib.TOMLDecodeError as error:
            raise SourceError(f"{path}: {error}") from None
        if values is not None and values is not False and not isinstance(values, dict):
            raise SourceError(f"{path}:1: not a list of settings (`key: value` lines)")
        return cls(str(path), source, values or {})

    def error(self, key: str, why: str) -> SourceError:
        """The error that names the line of this key."""
        found = re.search(rf"^['\"]?{re.escape(key)}['\"]?[ \t]*[:=]", self.source, re.MULTILINE)
        line = self.source.count("\n", 0, found.start()) + 1 if found else 1
        return SourceError(f"{self.name}:{line}: {key}: {why}")

    def text(self, key: str) -> str:
        """A setting as one line of text; "" where it is not there or is no text."""
        value = self.values.get(key)
        return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""

    def truth(self, key: str) -> bool:
        """Whether a setting holds, as Ruby sees it: all but nothing and false."""
        return self.values.get(key) not in (None, False)

    def list(self, key: str) -> tuple[str, ...]:
        """A setting that is a list of texts; () where it is not."""
        value = self.values.get(key)
        return tuple(str(item) for item in value if item) if isinstance(value, list) else ()


def _address(config: _Config, url: str | None) -> tuple[str, str]:
    """Scheme and host, and the folder beneath it. A `url` with a folder is the whole address: no baseurl is added."""
    stated = config.text("baseurl").removesuffix("/")
    base = stated if not stated or stated.startswith("/") else f"/{stated}"
    if url is None:
        address = config.text("url")
        if address and not _usable(address):
            raise config.error("url", f"{address!r} is not an http(s) address")
        return address, base  # a last slash stays: Jekyll's own links and feeds have two then
    if not _usable(url):
        raise SourceError(f"site address {url!r}: write it as https://host, with a folder if the site lives in one")
    parts = urlsplit(url)
    folder = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}", folder or base


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not set(url) & set(" <>\"'\\")
    except ValueError:
        return False


def _permalink(config: _Config) -> str:
    collections = config.values.get("collections")
    posts = collections.get("posts") if isinstance(collections, dict) else None
    own = posts.get("permalink") if isinstance(posts, dict) else None
    value = config.values.get("permalink")
    # The names of styles are known at the top of the config alone.
    template = str(own) if own else urls.STYLES.get(str(value), str(value)) if value else urls.STYLES["date"]
    if unknown := urls.unknown_field(template):
        raise config.error("permalink", f"Jekyll has no :{unknown}")
    return template


def _zone(config: _Config, default: str) -> str:
    stated = config.text("timezone")
    name = stated or default
    if not _known_zone(name):
        if stated:
            raise config.error("timezone", f"{name!r} is not a known time zone")
        raise SourceError(f"time zone {name!r} is not known; write it as Asia/Seoul")
    return name


@lru_cache(maxsize=32)
def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        return False
    return True


def _limit(config: _Config) -> int:
    value = config.values.get("limit_posts")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _separator(config: _Config, zone: str) -> str:
    value = config.values.get("excerpt_separator")
    return "\n\n" if value is None else ruby.text(value, ZoneInfo(zone))


def _encoding(config: _Config) -> str:
    stated = config.text("encoding")
    if not stated or stated.lower() in ("utf-8", "utf8"):
        return "utf-8"
    try:
        return codecs.lookup(stated).name
    except LookupError:
        raise config.error("encoding", f"{stated!r} is not a known encoding") from None


def _extensions(config: _Config) -> frozenset[str]:
    stated = config.text("markdown_ext")
    return frozenset(item.lower() for item in (stated.split(",") if stated else _MARKDOWN) if item)


def _destination(config: _Config) -> tuple[str, ...]:
    stated = config.text("destination").removeprefix("./").strip("/")
    return (f"{stated}/",) if stated and not stated.startswith("..") else ()


def _time(config: _Config, zone: str) -> datetime | None:
    value = config.values.get("time")
    if value is None or value is False:
        return None
    tz = ZoneInfo(zone)
    found = dates.parse(ruby.text(value, tz), tz, datetime.now(UTC))
    if found is None:
        raise config.error("time", f"{str(value)[:40]!r} is not understood")
    return found[0]
