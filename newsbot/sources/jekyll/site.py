"""A Jekyll site's own settings: what `_config.yml` says of addresses, time and names, else Jekyll's defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsbot.ports import SourceError
from newsbot.sources.jekyll import front, urls
from newsbot.sources.jekyll.files import CONFIG_NAMES, Unreadable, read_bytes

_EXCLUDED = (
    *(".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock", "node_modules"),
    *("vendor/bundle", "vendor/cache", "vendor/gems", "vendor/ruby"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """One site, as its posts need it.

    `address` is scheme and host without a last slash ("" where nobody said); `base` the folder the site lives in
    ("/blog" or ""); `permalink` a template; `zone` an IANA name.
    """

    root: Path
    address: str = ""
    base: str = ""
    permalink: str = urls.STYLES["date"]
    zone: str = "Asia/Seoul"
    future: bool = False
    title: str = ""
    publisher: str = ""
    lang: str = ""
    separator: str = "\n\n"
    markdown: frozenset[str] = frozenset(("markdown", "mkdown", "mkdn", "mkd", "md"))
    excluded: tuple[str, ...] = _EXCLUDED

    @property
    def tz(self) -> ZoneInfo:
        """The zone the site's dates are in."""
        return ZoneInfo(self.zone)

    def absolute(self, path: str) -> str:
        """The address of a site-relative path, percent-encoded; without host where the site's address is not known."""
        return urls.encode(f"{self.address}{self.base}/{path.lstrip('/')}")


def read_site(root: Path, *, url: str | None = None, zone: str = "Asia/Seoul", publisher: str = "") -> Site:
    """The site in this folder. `url` overrules the config's; `zone` counts where the config names none.

    Raises SourceError, one line with file and line number, where the config or `url` cannot be used.
    """
    path = next((root / name for name in CONFIG_NAMES if (root / name).is_file()), None)
    config = _Config.read(path) if path else _Config("", "", {})
    address, base = _address(config, url)
    title = config.text("title")
    return Site(
        root=root,
        address=address,
        base=base,
        permalink=_permalink(config),
        zone=_zone(config, zone),
        future=config.values.get("future") is True,
        title=title,
        publisher=publisher or title or (urlsplit(address).hostname or ""),
        lang=config.text("lang") or config.text("locale"),
        separator=str(config.values.get("excerpt_separator", "\n\n") or ""),
        markdown=_extensions(config),
        excluded=(*_EXCLUDED, *config.list("exclude")),
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
            values = front.load(source)
        except Unreadable as error:
            raise SourceError(f"{path}: {error}") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise SourceError(f"{path}:{line}: not UTF-8") from None
        except front.FrontError as error:
            raise SourceError(f"{path}:{error.line}: {error.why}") from None
        if values is not None and not isinstance(values, dict):
            raise SourceError(f"{path}:1: not a list of settings (`key: value` lines)")
        return cls(str(path), source, values or {})

    def error(self, key: str, why: str) -> SourceError:
        """The error that names the line of this key."""
        found = re.search(rf"^['\"]?{re.escape(key)}['\"]?[ \t]*:", self.source, re.MULTILINE)
        line = self.source.count("\n", 0, found.start()) + 1 if found else 1
        return SourceError(f"{self.name}:{line}: {key}: {why}")

    def text(self, key: str) -> str:
        """A setting as one line of text; "" where it is not there or is no text."""
        value = self.values.get(key)
        return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""

    def list(self, key: str) -> tuple[str, ...]:
        """A setting that is a list of texts; () where it is not."""
        value = self.values.get(key)
        return tuple(str(item) for item in value if item) if isinstance(value, list) else ()


def _address(config: _Config, url: str | None) -> tuple[str, str]:
    """Scheme and host, and the folder beneath it. A `url` with a folder is the whole address: no baseurl is added."""
    base = "/" + config.text("baseurl").strip("/")
    if url is None:
        stated = config.text("url")
        if stated and not _usable(stated):
            raise config.error("url", f"{stated!r} is not an http(s) address")
        return stated.rstrip("/"), base.rstrip("/")
    if not _usable(url):
        raise SourceError(f"site address {url!r}: write it as https://host, with a folder if the site lives in one")
    parts = urlsplit(url)
    folder = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}", folder or base.rstrip("/")


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
    value = own or config.values.get("permalink")
    if value is None:
        return urls.STYLES["date"]
    template = urls.STYLES.get(str(value), str(value))
    if unknown := urls.unknown_field(template):
        raise config.error("permalink", f"Jekyll has no :{unknown}")
    return template


def _zone(config: _Config, default: str) -> str:
    stated = config.text("timezone")
    name = stated or default
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        if stated:
            raise config.error("timezone", f"{name!r} is not a known time zone") from None
        raise SourceError(f"time zone {name!r} is not known; write it as Asia/Seoul") from None
    return name


def _extensions(config: _Config) -> frozenset[str]:
    stated = config.text("markdown_ext") or "markdown,mkdown,mkdn,mkd,md"
    return frozenset(item.strip().lower().lstrip(".") for item in stated.split(",") if item.strip())
