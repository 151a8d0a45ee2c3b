"""One file of a Jekyll site as an article: its name, its front matter, its first words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from newsbot.core.content import content
from newsbot.core.model import Article, SourceState, Urgency
from newsbot.sources.jekyll import dates, excerpt, front, liquid, ruby, text, urls, values, wire
from newsbot.sources.jekyll.credit import credit_lines
from newsbot.sources.jekyll.files import signature
from newsbot.sources.jekyll.parts import Broken, Name, Post, parse
from newsbot.sources.jekyll.shelf import Shelf
from newsbot.sources.jekyll.site import Site
from newsbot.sources.licence import find_attribution

Mark = Callable[[Article, str], tuple[str, ...]]


def nothing(article: Article, body: str) -> tuple[str, ...]:  # noqa: ARG001  # the shape of a `Mark`
    """No marks."""
    return ()


def to_article(
    data: bytes,
    rel: str,
    site: Site,
    *,
    source: str,
    now: datetime,
    mark: Mark = nothing,
    urgency: Urgency | None = None,
    topics: tuple[str, ...] = (),
) -> Article:
    """The article this file states at `now` (aware). Never raises: what cannot be read is state "invalid".

    `mark` is called with the article and the words of its body; `urgency` and `topics` are the source's defaults.
    """
    name = Name.parse(rel, site.collections_dir)
    try:
        post = parse(data, name, site)
        return _article(post, site, source, now, mark).model_copy(
            update={"topics": topics, "urgency": wire.urgency(post.said) or urgency}
        )
    except Broken as error:
        place = f"{rel}:{error.line}" if error.line else rel
        return invalid(rel, site, f"{place}: {error.why}", source=source)


def invalid(rel: str, site: Site, problem: str, *, source: str) -> Article:
    """An article that is never published: as much as the file's name tells, and the problem in one line."""
    name = Name.parse(rel, site.collections_dir)
    post = Post(name, {"categories": list(name.folders)}, "")
    try:
        when = _when(post, site, datetime.now(site.tz)) if name.day else None
        id_, url = _address(post, site, when)
    except Broken:
        when, id_, url = None, site.of_file(rel), ""
    title = text.fold(urls.titleize(name.slug)) or rel
    return Article(
        id=id_,
        source=source,
        path=rel,
        url=url,
        title=title,
        categories=name.folders,
        published_at=when.isoformat() if when else None,
        zone=site.zone,
        publisher=site.publisher,
        state="invalid",
        problem=text.fold(problem),
        keys=_keys(rel, url),
    )


# --- the article ---


def _article(post: Post, site: Site, source: str, now: datetime, mark: Mark) -> Article:
    built = (site.time or now).astimezone(site.tz)
    when = _when(post, site, built)
    id_, url = _address(post, site, when)
    markdown = post.name.extension.lower() in site.markdown
    title, problem = _title(post, site)
    words, trouble = _words(post, site, when, built, markdown)
    said = post.said
    stated = when if post.found is None else _stated(post, site, built)
    image, alt = wire.image(said.get("image"), site)
    article = Article(
        id=site.of_file(post.name.rel) if post.found is not None else id_,
        source=source,
        path=post.name.rel,
        url=url,
        title=title,
        excerpt=words,
        image=image,
        alt=alt,
        categories=_categories(post, site),
        tags=_texts(said.get("tags"), site),
        published_at=stated.isoformat() if stated else None,
        zone=site.zone,
        publisher=site.publisher,
        attribution=find_attribution(credit_lines(post.body, markdown=markdown), said, site.publisher),
        state=_state(post, site, when, built),
        problem=problem or trouble,
        keys=_keys(post.name.rel, url),
    )
    return _with_words(article, post, mark, markdown)


def _with_words(article: Article, post: Post, mark: Mark, markdown: bool) -> Article:
    """The article with the sign of its content and the marks its body brings."""
    needed = mark is not nothing or not article.excerpt
    body = excerpt.body_text(post.body, markdown=markdown) if needed else ""
    sign = content(article.title, article.excerpt or body)
    marks = dict.fromkeys([*wire.marks(post.said), *(mark(article, body) if mark is not nothing else ())])
    return article.model_copy(update={"content": sign, "marks": tuple(marks)})


def _keys(rel: str, url: str) -> tuple[str, ...]:
    return (f"path:{rel}", url) if url else (f"path:{rel}",)


def _title(post: Post, site: Site) -> tuple[str, str]:
    """The title, and what is wrong with it in one line. Raises Broken where there is none to be had."""
    value = post.said.get("title")
    if value is None or value is False:
        if post.found is not None:
            raise Broken(post.line, f"{post.lost}; no title could be read either")
        return text.fold(urls.titleize(post.name.slug)) or post.name.rel, ""
    title = text.line(ruby.shown(value, site.tz))
    if not title:
        raise Broken(post.place("title"), "title empty")
    if post.found is None:
        return title, ""
    return title, f"{post.name.rel}:{post.line}: {text.fold(post.lost)}; the title was read literally"


def _words(post: Post, site: Site, when: date | datetime | None, built: datetime, markdown: bool) -> tuple[str, str]:
    """The excerpt, and what kept it from being rendered."""
    page = liquid.Page(
        post.name.rel, lambda part: shelf(site).page(post, when, built, part), lambda: shelf(site).posts(built)
    )
    said = post.said if post.found is None else {**post.values, **post.said}
    try:
        return excerpt.excerpt(said, post.body, site, page, markdown=markdown), ""
    except liquid.Failed as error:
        plain = text.without_liquid(post.body)
        return excerpt.excerpt(said, plain, site, page, markdown=markdown), f"{post.name.rel}: {error}"


def _categories(post: Post, site: Site) -> tuple[str, ...]:
    if post.found is None:
        return _texts(post.values.get("categories"), site)
    try:
        said = values.merged({"categories": list(post.name.folders)}, post.found)
    except values.Unusable:
        said = {"categories": list(post.name.folders)}
    values.complete(said, site.tz)
    return _texts(said["categories"], site)


def _texts(value: object, site: Site) -> tuple[str, ...]:
    return tuple(ruby.text(item, site.tz) for item in value) if isinstance(value, list) else ()


# --- when ---


def _when(post: Post, site: Site, built: datetime) -> date | datetime | None:
    """The front matter's date, else the file name's; the build's for a post without either, None for a draft."""
    if (stated := post.values.get("date", _UNSAID)) is not _UNSAID:
        found = read_date(stated, site, built)
        if found is None:
            raise Broken(post.place("date"), f"date {str(stated)[:40]!r} is not understood")
        # A date that is the build's own moment counts as none: that is how Jekyll marks posts without one.
        same = isinstance(found, datetime) and int(found.timestamp()) == int(built.timestamp())
        if not same or not post.name.day or post.blind:
            return found
    if post.name.draft and site.drafts and (post.blind or not post.name.day):
        return _touched(post.name.rel, site)
    if post.blind:
        return built
    if not post.name.day:
        return None
    day = read_date(post.name.day, site, built)
    if day is None:
        raise Broken(0, f"the file's name has no such day: {post.name.day}")
    return day


_UNSAID: Any = object()


def _touched(rel: str, site: Site) -> datetime | None:
    """A draft that is built is as old as its file."""
    sign = signature(site.root / rel)
    return datetime.fromtimestamp(sign.mtime // 10**9, site.tz) if sign else None


def read_date(value: object, site: Site, now: datetime) -> date | datetime | None:
    """A date (no time stated) or an aware time in the site's zone; None where it is neither.

    As in Jekyll, an unquoted `2024-07-12 10:00:00` is UTC (YAML says so), while a quoted one, and one without seconds,
    is the site's local time.
    """
    if isinstance(value, front.Stamp):
        return value.when.astimezone(site.tz)
    found = dates.parse(ruby.text(value, site.tz), site.tz, now)
    if found is None:
        return None
    moment, timed = found
    return moment if timed or moment.time() != time() else moment.date()


def _stated(post: Post, site: Site, built: datetime) -> date | datetime | None:
    """When a post whose front matter is lost was written, as far as its own words or its name tell."""
    for value in (post.said.get("date"), post.name.day):
        if value and (found := read_date(value, site, built)):
            return found
    return None


def _state(post: Post, site: Site, when: date | datetime | None, built: datetime) -> SourceState:
    if post.name.draft and not site.drafts:
        return "draft"
    # Jekyll's rule: false and an empty `published:` hide a post; the text "false" does not, nor does 0.
    published = post.values.get("published", True)
    if not site.unpublished and (published is None or published is False):
        return "unpublished"
    if site.future or when is None:
        return "publishable"
    moment = when if isinstance(when, datetime) else datetime.combine(when, time(), site.tz)
    return "future" if int(moment.timestamp()) > int(built.timestamp()) else "publishable"


# --- where ---


def shelf(site: Site) -> Shelf:
    """The site's other posts, for templates that ask for them."""
    return Shelf(site, lambda data, rel: parse(data, Name.parse(rel, site.collections_dir), site), _when, path_of)


def _address(post: Post, site: Site, when: date | datetime | None) -> tuple[str, str]:
    """The article's id and its address. A draft without a date has no address yet, and an id made of its path."""
    if when is None:
        return site.of_file(post.name.rel), ""
    path, id_ = path_of(post, site, when)
    return site.absolute(id_), site.absolute(path)


def path_of(post: Post, site: Site, when: date | datetime) -> tuple[str, str]:
    """Jekyll's `url` and `id` of a post."""
    moment = when if isinstance(when, datetime) else datetime.combine(when, time(), site.tz)
    stated = post.values.get("permalink")
    if stated is not None and stated is not False and not isinstance(stated, str):
        raise Broken(post.place("permalink"), "the permalink is no text")
    permalink = stated if isinstance(stated, str) else None
    slug = _slug(post, site)
    categories: Sequence[str] = _texts(post.values.get("categories"), site)
    fields = urls.fields(
        when=moment,
        slug=slug,
        name=post.name.stem,
        path=site.relative(post.name.rel),
        categories=categories,
        extension=_output_extension(post, site, permalink),
    )
    try:
        path = urls.build(site.permalink if permalink is None else permalink, fields)
    except ValueError as error:
        raise Broken(post.place("permalink"), str(error)) from None
    return path, urls.post_id(path, slug)


def _slug(post: Post, site: Site) -> str:
    """The stated slug, else the file name's; Jekyll has none where it lost the front matter."""
    stated = post.values.get("slug")
    if stated is not None and stated is not False:
        return ruby.text(stated, site.tz)
    return post.name.stem if post.blind else post.name.slug


def _output_extension(post: Post, site: Site, permalink: str | None) -> str:
    if permalink is not None and not permalink.endswith("/"):
        name = permalink.rpartition("/")[2]
        stem, dot, extension = name.rpartition(".")
        if dot and extension and stem.strip("."):
            return f".{extension}"
    return ".html" if post.name.extension.lower() in site.markdown else f".{post.name.extension}"
