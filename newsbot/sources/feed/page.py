"""An article's own page: what it says of itself in its head, or which feed it points to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from newsbot.sources.feed import text
from newsbot.sources.feed.document import Entry

_LIMIT = 1_000_000  # characters of a page
_DATA_LIMIT = 200_000  # characters of one JSON-LD block
_NODES = 200  # things one page describes
_FEEDS = ("application/atom+xml", "application/rss+xml", "application/feed+json", "application/rdf+xml")
_ARTICLES = frozenset(
    ("Article", "NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "BackgroundNewsArticle", "BlogPosting")
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is: `feed` its feed's address ("" where it names none), `entry` the article it is, `site` its name."""

    feed: str = ""
    entry: Entry | None = None
    site: str = ""


def read(source: str, url: str) -> Page:
    """What this HTML says of itself. A page marked as an article is one, unless it is the root of its site."""
    tree = LexborHTMLParser(text.shallow(source[:_LIMIT]))
    base = tree.css_first("base[href]")
    where = urljoin(url, (base.attributes.get("href") or "") if base else "")
    meta = _meta(tree)
    data = next(_described(tree), {})
    is_article = bool(data) or meta.get("og:type", "").lower() == "article" or "article:published_time" in meta
    at_root = urlsplit(url).path in ("", "/")
    entry = _entry(tree, meta, data, where) if is_article and not at_root else None
    return Page(_feed(tree, where), entry, text.fold(meta.get("og:site_name", "")))


def _entry(tree: LexborHTMLParser, meta: Mapping[str, str], data: Mapping[str, Any], url: str) -> Entry | None:
    title = text.fold(_word(data.get("headline")) or meta.get("og:title", ""))
    if not title:
        return None
    body = tree.css_first("[itemprop=articleBody], article, main") or tree.body
    summary = meta.get("og:description") or _word(data.get("description")) or meta.get("description", "")
    address = _canonical(tree) or meta.get("og:url", "") or url
    return Entry(
        guid=urljoin(url, address).partition("#")[0],
        link=address,
        base=url,
        title=title,
        summary=text.literal(summary),
        body=text.under(body) if body is not None else (),
        published=meta.get("article:published_time") or _word(data.get("datePublished")),
        image=meta.get("og:image") or _picture(data.get("image")),
        alt=meta.get("og:image:alt", ""),
        categories=tuple(filter(None, [text.fold(meta.get("article:section", ""))])),
    )


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    """Every named `<meta>`, the first of each name."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = (node.attributes.get("property") or node.attributes.get("name") or "").strip().lower()
        if name and (value := (node.attributes.get("content") or "").strip()):
            found.setdefault(name, value[: text.LIMIT])
    return found


def _canonical(tree: LexborHTMLParser) -> str:
    node = tree.css_first("link[rel=canonical][href]")
    return (node.attributes.get("href") or "").strip() if node else ""


def _feed(tree: LexborHTMLParser, url: str) -> str:
    for node in tree.css("link[href]"):
        role = (node.attributes.get("rel") or "").lower().split()
        if "alternate" in role and (node.attributes.get("type") or "").strip().lower() in _FEEDS:
            return urljoin(url, (node.attributes.get("href") or "").strip())
    return ""


def _described(tree: LexborHTMLParser) -> Iterator[Mapping[str, Any]]:
    """The articles that the page's JSON-LD describes."""
    for node in tree.css('script[type="application/ld+json"]'):
        raw = node.text()
        if len(raw) > _DATA_LIMIT:
            continue
        try:
            waiting = [json.loads(raw)]
        except (ValueError, RecursionError):
            continue
        for _ in range(_NODES):
            if not waiting:
                break
            one = waiting.pop(0)
            if isinstance(one, list):
                waiting += one[:_NODES]
            elif isinstance(one, dict):
                kinds = one.get("@type")
                if _ARTICLES.intersection(kinds if isinstance(kinds, list) else [kinds]):
                    yield one
                waiting += [part for part in (one.get("@graph"),) if part]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _picture(value: Any) -> str:
    """JSON-LD gives a picture as an address, an ImageObject, or a list of either."""
    if isinstance(value, list):
        value = value[0] if value else None
    return _word(value.get("url")) if isinstance(value, dict) else _word(value)
