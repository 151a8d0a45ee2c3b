"""RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0: what their elements say of an entry."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice

from lxml import etree  # type: ignore[import-untyped]

from newsbot.sources.feed import markup, text
from newsbot.sources.feed.document import MOST_CATEGORIES, Document, Entry
from newsbot.sources.feed.markup import Element, name

_PICTURES = ("media:thumbnail", "media:content", "enclosure")
_MOST_KIDS = 2000
_LONGEST_CATEGORY = 100
Kids = dict[str, list[Element]]
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif")


def read(source: str, url: str) -> Document:
    """The feed in this XML. Raises NotAFeed."""
    tree = markup.read(source, url)
    channel = tree.channel
    words, entry = (_atom_words, _atom) if tree.kind == "atom" else (_rss_words, _rss)
    kids = _kids(channel)
    titles = _first(kids, "title", "atom:title")
    return Document(
        title=" ".join(words(titles)) if titles is not None else "",
        home=_link(kids),
        entries=[*(entry(one) for one in tree.entries), *(_broken(one) for one in tree.broken)],
        ttl=_minutes(_text(kids, "ttl")) * 60,
    )


def _broken(element: Element) -> Entry:
    """An entry whose XML is broken: by what name it goes, and nothing that could be told."""
    named = {name(one): (one.text or "").strip() for one in reversed(list(element.iter()))}
    return Entry(
        guid=named.get("guid") or named.get("atom:id") or named.get("id", ""),
        link=named.get("link", ""),
        base=element.base or "",
        title=text.fold(named.get("title") or named.get("atom:title", "")),
        problem="its XML is broken",
    )


def _rss(item: Element) -> Entry:
    kids = _kids(item)
    guid = _first(kids, "guid")
    titles = _first(kids, "title", "dc:title", "media:title")
    body = _first(kids, "content:encoded", "atom:content")
    summary = _first(kids, "description", "atom:summary", "dc:description")
    source = _first(kids, "source")
    return Entry(
        guid=_own(guid) or _text(kids, "atom:id"),
        permalink=guid is not None and (guid.get("isPermaLink") or "true").strip().lower() == "true",
        link=_link(kids) or (item.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about") or "").strip(),
        base=item.base or "",
        title=" ".join(_rss_words(titles)) if titles is not None else "",
        summary=_rss_words(summary) if summary is not None else (),
        body=_rss_words(body) if body is not None else (),
        published=_text(kids, "pubDate", "dc:date", "atom:published", "dc:created"),
        image=_image(kids),
        categories=_categories(kids),
        origin=(text.fold(_own(source)), (source.get("url") or "").strip()) if source is not None else None,
    )


def _atom(entry: Element) -> Entry:
    kids = _kids(entry)
    titles = _first(kids, "atom:title", "title")
    body = _first(kids, "atom:content", "content")
    summary = _first(kids, "atom:summary", "summary")
    source = _first(kids, "atom:source", "source")
    origin = _kids(source) if source is not None else {}
    named = _first(origin, "atom:title", "title")
    return Entry(
        guid=_text(kids, "atom:id", "id"),
        link=_link(kids),
        base=entry.base or "",
        title=" ".join(_atom_words(titles)) if titles is not None else "",
        summary=_atom_words(summary) if summary is not None else (),
        body=_atom_words(body) if body is not None else (),
        published=_text(kids, "atom:published", "published", "atom:issued", "dc:date"),
        image=_image(kids),
        categories=_categories(kids),
        origin=(" ".join(_atom_words(named)), _link(origin)) if named is not None else None,
    )


# --- texts ----------------------------------------------------------------------------------------------------------


def _rss_words(element: Element) -> list[str]:
    """RSS does not say whether a text is HTML; tags that were not escaped are."""
    if len(element):
        return text.lines(_inside(element))
    found = _own(element)
    encoded = "&" in found and b"<![CDATA[" in etree.tostring(element, with_tail=False)
    return text.spoken(found, encoded=encoded)


def _atom_words(element: Element) -> list[str]:
    """Atom says it: `text` is words as they stand (RFC 4287, 3.1)."""
    match (element.get("type") or "text").strip().lower():
        case "html" | "text/html":
            return text.lines(_own(element))
        case "xhtml" | "application/xhtml+xml":
            return text.lines(_inside(element))
        case "text" | "text/plain":
            return text.lines(_inside(element)) if len(element) else text.literal(_own(element))
        case _:
            return []


def _inside(element: Element) -> str:
    """What stands in the element, as HTML. Not the element itself: an HTML parser knows `<title>` as something else."""
    parts = [escape(element.text or "")]
    parts += [str(etree.tostring(child, encoding="unicode", method="html")) for child in element]
    return "".join(parts)


def _own(element: Element | None) -> str:
    """All text in the element."""
    return "" if element is None else "".join(element.itertext()).strip()


def _text(kids: Kids, *names: str) -> str:
    return next((found for one in _all(kids, *names) if (found := _own(one))), "")


def _minutes(stated: str) -> float:
    return float(stated) if stated.isascii() and stated.isdigit() and len(stated) < 8 else 0.0


# --- what belongs to it ---------------------------------------------------------------------------------------------


def _kids(element: Element) -> Kids:
    """The children by name, in order. So many of them: no entry has more, and every name is looked up at once."""
    found: Kids = {}
    for child in islice(element, _MOST_KIDS):
        found.setdefault(name(child), []).append(child)
    return found


def _all(kids: Kids, *names: str) -> Iterator[Element]:
    for wanted in names:
        yield from kids.get(wanted, ())


def _first(kids: Kids, *names: str) -> Element | None:
    """The first child with the first of these names that has any."""
    return next(_all(kids, *names), None)


def _link(kids: Kids) -> str:
    """The page of this entry or feed: an RSS link is text, an Atom one has a role and may be one of many."""
    if stated := _text(kids, "link"):
        return stated
    pages = [one for one in _all(kids, "atom:link", "link") if one.get("rel", "alternate") == "alternate"]
    html = [one for one in pages if "html" in (one.get("type") or "html")]
    return next(((one.get("href") or "").strip() for one in (*html, *pages)), "")


def _image(kids: Kids) -> str:
    """The picture that stands for the entry: thumbnail, media picture, enclosure; also inside `media:group`."""
    groups = [_kids(one) for one in _all(kids, "media:group")]
    for wanted in _PICTURES:
        for parent in (kids, *groups):
            for one in _all(parent, wanted):
                address = (one.get("url") or "").strip()
                if address and (wanted == "media:thumbnail" or _is_picture(one, address)):
                    return address
    linked = (one for one in _all(kids, "atom:link", "link") if one.get("rel") == "enclosure")
    return next((found for one in linked if _is_picture(one, found := (one.get("href") or "").strip())), "")


def _is_picture(element: Element, address: str) -> bool:
    stated = (element.get("medium") or element.get("type") or "").lower()
    return stated.startswith("image") if stated else address.lower().partition("?")[0].endswith(_SUFFIXES)


def _categories(kids: Kids) -> tuple[str, ...]:
    named = (one.get("term") or one.get("label") or _own(one) for one in _all(kids, "atom:category", "category"))
    subjects = (_own(one) for one in _all(kids, "dc:subject"))
    found = dict.fromkeys(word for one in (*named, *subjects) if (word := text.fold(one)[:_LONGEST_CATEGORY]))
    return tuple(found)[:MOST_CATEGORIES]
