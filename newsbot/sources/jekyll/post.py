"""One file of a Jekyll site as an article: its name, its front matter, its first words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, cast

from newsbot.core.model import Article, SourceState
from newsbot.sources.jekyll import front, text, urls
from newsbot.sources.jekyll.files import DATED, DRAFTS, POSTS
from newsbot.sources.jekyll.licence import find_attribution
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
    def parse(cls, rel: str) -> Name:
        """The parts of a site-relative path; any path has some."""
        parts = rel.split("/")
        place = next((at for at, part in enumerate(parts) if part in (POSTS, DRAFTS)), None)
        folders = tuple(parts[:place]) if place is not None else ()
        stem, _, extension = parts[-1].rpartition(".")
        match = DATED.fullmatch(parts[-1])
        day, slug = (match[1], match[2]) if match else ("", stem)
        draft = place is not None and parts[place] == DRAFTS
        return cls(rel, day, slug.rstrip("."), stem, extension.lower(), folders, draft)


@dataclass(frozen=True, slots=True)
class Post:
    """A file taken apart: its name, its front matter as plain values, its body, the front matter's text."""

    name: Name
    values: Mapping[str, Any]
    body: str
    raw: str = ""

    def line(self, key: str) -> int:
        """The line of the file on which this key stands; 1 where it is not found."""
        found = re.search(rf"^['\"]?{re.escape(key)}['\"]?[ \t]*:", self.raw, re.MULTILINE)
        return self.raw.count("\n", 0, found.start()) + 2 if found else 1


def to_article(data: bytes, rel: str, site: Site, *, source: str, now: datetime) -> Article:
    """The article this file states at `now` (aware). Never raises: what cannot be read is state "invalid"."""
    name = Name.parse(rel)
    try:
        post = parse(data, name)
        return _article(post, site, source, now)
    except Broken as error:
        place = f"{rel}:{error.line}" if error.line else rel
        return invalid(rel, site, f"{place}: {error.why}", source=source)


def invalid(rel: str, site: Site, problem: str, *, source: str) -> Article:
    """An article that is never published: as much as the file's name tells, and the problem in one line."""
    post = Post(Name.parse(rel), {}, "")
    try:
        when: date | datetime | None = _when(post, site)
        id_, url = _address(post, site, when)
    except Broken:
        when, id_, url = None, f"{site.address}{site.base}/{rel}", ""
    return Article(
        id=id_,
        source=source,
        path=rel,
        url=url,
        title=text.fold(urls.titleize(post.name.slug)) or rel,
        categories=post.name.folders,
        published_at=when.isoformat() if when else None,
        zone=site.zone,
        publisher=site.publisher,
        state="invalid",
        problem=text.fold(problem),
        keys=_keys(rel, url),
    )


def parse(data: bytes, name: Name) -> Post:
    """The file taken apart; raises Broken for bytes that are not UTF-8 and for front matter that cannot be read."""
    try:
        source = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Broken(data.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    if not source.strip():
        raise Broken(0, "the file is empty")
    parts = front.split(source)
    if not parts.closed:
        raise Broken(1, "the front matter is never closed (a line `---` is missing)")
    try:
        values = front.load(parts.front) if parts.front else None
    except front.FrontError as error:
        raise Broken(error.line + 1, error.why) from None
    if values is not None and not isinstance(values, dict):
        raise Broken(2, "the front matter is no list of settings (`key: value` lines)")
    return Post(name, values or {}, parts.body, parts.front or "")


def _article(post: Post, site: Site, source: str, now: datetime) -> Article:
    when = _when(post, site)
    title = _title(post)
    id_, url = _address(post, site, when)
    markdown = post.name.extension in site.markdown
    return Article(
        id=id_,
        source=source,
        path=post.name.rel,
        url=url,
        title=title,
        excerpt=_excerpt(post, site, markdown),
        image=_image(post.values.get("image"), site),
        categories=_categories(post),
        tags=_singular_or_plural(post.values, "tag", "tags"),
        published_at=when.isoformat() if when else None,
        zone=site.zone,
        publisher=site.publisher,
        attribution=find_attribution(post.body, post.values, markdown=markdown),
        state=_state(post, site, when, now),
        keys=_keys(post.name.rel, url),
    )


def _keys(rel: str, url: str) -> tuple[str, ...]:
    return (f"path:{rel}", url) if url else (f"path:{rel}",)


def _title(post: Post) -> str:
    value = post.values.get("title")
    if value is None or value is False:
        return text.fold(urls.titleize(post.name.slug)) or post.name.rel
    if isinstance(value, (dict, list)):
        raise Broken(post.line("title"), "the title is no text")
    title = text.fold("true" if value is True else str(value))
    if not title:
        raise Broken(post.line("title"), "title empty")
    return title


def _slug(post: Post) -> str:
    stated = post.values.get("slug")
    return str(stated) if isinstance(stated, (str, int)) and str(stated).strip() else post.name.slug


# --- when -----------------------------------------------------------------------------------------------------------

_DATE = re.compile(
    r"(\d{2,4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d*)?)?\s*([ap]m)?\s*(Z|UTC|GMT|KST|[+-]\d{1,2}(?::?\d{2})?)?)?",
    re.IGNORECASE | re.ASCII,
)
_MINUTES = {"Z": 0, "UTC": 0, "GMT": 0, "KST": 9 * 60}


def _when(post: Post, site: Site) -> date | datetime | None:
    """The front matter's date, else the file name's; None for a draft without either."""
    stated = post.values.get("date")
    if stated is not None and stated is not False:
        found = read_date(stated, site)
        if found is None:
            raise Broken(post.line("date"), f"date {str(stated)[:40]!r} is not understood")
        return found
    if not post.name.day:
        return None
    day = read_date(post.name.day, site)
    if day is None:
        raise Broken(0, f"the file's name has no such day: {post.name.day}")
    return day


def read_date(value: object, site: Site) -> date | datetime | None:
    """A date (no time stated) or an aware time in the site's zone; None where it is neither.

    As in Jekyll, an unquoted `2024-07-12 10:00:00` is UTC (YAML says so), while a quoted one, and one without seconds,
    is the site's local time.
    """
    match = _DATE.fullmatch(str(value).strip())
    if match is None:
        return None
    year, _, month, day, hour, minute, second, half, offset = match.groups()
    try:
        found = date(_year(year), int(month), int(day))
        if hour is None:
            return found
        clock = time(_hour(int(hour), half), int(minute), int(second or 0))
        zone = _offset(offset) or (UTC if isinstance(value, front.Stamp) else site.tz)
        return datetime.combine(found, clock, zone).astimezone(site.tz)
    except (ValueError, OverflowError):
        return None


def _year(year: str) -> int:
    """Two signs mean what Ruby takes them for: 69 and later is the last century."""
    return int(year) if len(year) > 2 else int(year) + (1900 if int(year) >= 69 else 2000)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _offset(offset: str | None) -> timezone | None:
    if not offset:
        return None
    if (known := _MINUTES.get(offset.upper())) is not None:
        return timezone(timedelta(minutes=known))
    digits = offset[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    amount = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-amount if offset[0] == "-" else amount)


def _state(post: Post, site: Site, when: date | datetime | None, now: datetime) -> SourceState:
    if post.name.draft or post.values.get("draft") is True:
        return "draft"
    # Jekyll's rule: false and an empty `published:` hide a post, the text "false" does not.
    if "published" in post.values and post.values["published"] in (False, None):
        return "unpublished"
    if site.future or when is None:
        return "publishable"
    if isinstance(when, datetime):
        return "future" if when > now else "publishable"
    return "future" if when > now.astimezone(site.tz).date() else "publishable"


# --- where ----------------------------------------------------------------------------------------------------------


def _address(post: Post, site: Site, when: date | datetime | None) -> tuple[str, str]:
    """The article's id and its address. A draft without a date has no address yet, and an id made of its path."""
    root = f"{site.address}{site.base}"
    if when is None:
        return f"{root}/{post.name.rel}", ""
    moment = when if isinstance(when, datetime) else datetime.combine(when, time(), site.tz)
    stated = post.values.get("permalink")
    permalink = str(stated) if isinstance(stated, str) and stated.strip() else None
    slug = _slug(post)
    fields = urls.fields(
        when=moment,
        slug=slug,
        name=post.name.stem,
        path=post.name.rel,
        categories=_categories(post),
        extension=_output_extension(post, site, permalink),
    )
    try:
        path = urls.build(permalink or site.permalink, fields)
    except ValueError as error:
        raise Broken(post.line("permalink"), str(error)) from None
    return root + urls.post_id(path, slug), site.absolute(path)


def _output_extension(post: Post, site: Site, permalink: str | None) -> str:
    if permalink and not permalink.endswith("/"):
        _, dot, extension = permalink.rpartition("/")[2].rpartition(".")
        if dot and extension:
            return f".{extension}"
    known = post.name.extension in site.markdown or post.name.extension == "html"
    return ".html" if known else f".{post.name.extension}"


def _image(value: object, site: Site) -> str | None:
    """The front matter's image, absolute where the site's address is known; None for anything but http(s)."""
    if isinstance(value, dict):
        value = value.get("path") or value.get("url") or value.get("src")
    if not isinstance(value, str) or not (image := value.strip()):
        return None
    if image.startswith("//"):
        return urls.encode(f"https:{image}")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", image)
    if scheme:
        return urls.encode(image) if scheme[1].lower() in ("http", "https") else None
    return site.absolute(image) if site.address else image


# --- what -----------------------------------------------------------------------------------------------------------


def _categories(post: Post) -> tuple[str, ...]:
    """The folders above `_posts`, then `categories` (a list, or words), then `category` (one, spaces and all)."""
    plural = post.values.get("categories")
    many = plural.split() if isinstance(plural, str) else _texts(plural)
    one = _texts(post.values.get("category"))
    return tuple(dict.fromkeys(item for item in (*post.name.folders, *many, *one) if item))


def _singular_or_plural(values: Mapping[str, Any], singular: str, plural: str) -> tuple[str, ...]:
    """Jekyll's reading of a pair of keys: the singular wins and is never split, a plural text is split at spaces."""
    if values.get(singular):
        found = _texts(values[singular])
    else:
        many = values.get(plural)
        found = many.split() if isinstance(many, str) else _texts(many)
    return tuple(dict.fromkeys(item for item in found if item))


def _texts(value: object) -> list[str]:
    """A value as texts: nested lists flattened, nothing and mappings left out."""
    if value is None or isinstance(value, dict):
        return []
    if isinstance(value, list):
        return [item for part in cast("Sequence[object]", value) for item in _texts(part)]
    return [str(value)]


def _excerpt(post: Post, site: Site, markdown: bool) -> str:
    """The stated excerpt, else the body up to the separator, as plain words on one line."""
    stated = post.values.get("excerpt")
    if isinstance(stated, (str, int, float)) and stated is not False:
        return text.plain_markdown(text.without_liquid(str(stated)[: text.LIMIT]))
    separator = post.values.get("excerpt_separator")
    mark = str(separator) if separator is not None else site.separator
    if not mark:
        return ""
    part = text.without_liquid(text.first_part(post.body, mark))
    if markdown:
        return text.plain_markdown(part, typographic=True)
    return text.plain_html(part)
