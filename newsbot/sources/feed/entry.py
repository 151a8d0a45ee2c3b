"""An entry as an article: its names, its address, its words."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import httpx

from newsbot.core.content import content
from newsbot.core.model import Article, Attribution, Urgency
from newsbot.sources.feed import dates, text
from newsbot.sources.feed.document import Document, Entry
from newsbot.sources.licence import Line, find_attribution, may_credit

Mark = Callable[[Article, str], tuple[str, ...]]
"""(article, its text, one line a paragraph) → the duties it brings with it."""

TRACKING = frozenset(("fbclid", "gclid", "dclid", "msclkid", "yclid", "igshid", "mc_cid", "mc_eid", "_ga"))
"""Parameters that say where a reader came from, beside everything that begins with `utm_`."""

_LONGEST = 500  # characters of a title: more is a text in the wrong place
_LONGEST_NAME = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for every entry of a feed. `url` is the feed as configured: names are made with it."""

    source: str
    url: str
    zone: str
    publisher: str = ""
    urgency: Urgency | None = None
    topics: tuple[str, ...] = ()
    mark: Mark = lambda _article, _body: ()


def articles(document: Document, frame: Frame, at: str) -> tuple[list[Article], int]:
    """The entries as articles, in the feed's order; `at` is where the document was found. An entry that stands twice is
    taken once, the first.

    The number is how many were left out: they have no name of their own, neither guid nor address.
    """
    pages = [_page(entry, at) for entry in document.entries]
    names = [_name(entry, page, frame, at) for entry, page in zip(document.entries, pages, strict=True)]
    shared = Counter(key for _, key in {(name, _key(page)) for name, page in zip(names, pages, strict=True)})
    home = _key(_address(at, document.home))
    found: dict[str, Article] = {}
    for entry, page, name in zip(document.entries, pages, names, strict=True):
        key = _key(page)
        # An address that several entries share (a live page, the front page) is nobody's name.
        own = key if key and shared[key] == 1 and key != home else ""
        if name and name not in found:
            found[name] = _article(entry, name, page, own, document, frame, at)
    return list(found.values()), names.count("")


def _article(entry: Entry, named: str, page: str, key: str, document: Document, frame: Frame, at: str) -> Article:
    title = text.fold(entry.title)[:_LONGEST]
    body = entry.body or entry.summary
    words = text.excerpt(entry.summary, entry.body, title)
    when = dates.read(entry.published, ZoneInfo(frame.zone))
    problem = _problem(entry, title)
    found = Article(
        id=named,
        source=frame.source,
        kind="feed",
        url=page,
        title=title or named,
        excerpt=words,
        image=_address(_base(entry, at), entry.image) or None,
        alt=text.fold(entry.alt),
        categories=tuple(entry.categories),
        published_at=when.isoformat() if when else None,
        zone=frame.zone,
        publisher=frame.publisher or document.title,
        attribution=_origin(entry, document, frame) or _credit(entry, frame),
        urgency=frame.urgency,
        topics=frame.topics,
        state="invalid" if problem else "publishable",
        problem=problem,
        keys=(key,) if key and key != named else (),
        content=content(title, words or " ".join(body)),
    )
    return found.model_copy(update={"marks": frame.mark(found, "\n".join((*entry.summary, *entry.body)))})


def _problem(entry: Entry, title: str) -> str:
    if entry.problem:
        return entry.problem
    if not any(unicodedata.category(sign)[0] not in "CZ" for sign in title):
        return "title empty"
    return "its title has bytes of another encoding" if "\ufffd" in title else ""


def _origin(entry: Entry, document: Document, frame: Frame) -> Attribution | None:
    """Whose entry it was, where it says that it was taken from another feed."""
    if entry.origin is None or not entry.origin[0] or entry.origin[0] in (document.title, frame.publisher):
        return None
    name, url = entry.origin
    return Attribution(name=name, url=_address(frame.url, url) or None)


def _credit(entry: Entry, frame: Frame) -> Attribution | None:
    """Whose text it is by what stands in it."""
    page = [Line(words) for words in (*entry.summary, *entry.body) if may_credit(words.lower())]
    return find_attribution(page, {}, frame.publisher) if page else None


# --- names ----------------------------------------------------------------------------------------------------------


def _name(entry: Entry, page: str, frame: Frame, at: str) -> str:
    """The id: the entry's own, exactly; one that is no address or URI is only unique within its feed."""
    guid = text.fold(entry.guid)[:_LONGEST_NAME]
    if guid:
        if _is_whole(guid):
            return guid
        if entry.permalink and (made := _address(_base(entry, at), guid)):
            return made
        return f"{frame.url}#{guid}"
    if page:
        return f"{page}#{hashlib.blake2b(text.fold(entry.title).encode(), digest_size=8).hexdigest()}"
    return ""


def _is_whole(guid: str) -> bool:
    """Whether it is a URI: `https:`, `tag:`, `urn:`."""
    scheme, colon, rest = guid.partition(":")
    return bool(colon and rest) and scheme.isascii() and scheme[:1].isalpha() and scheme.isalnum()


def _page(entry: Entry, at: str) -> str:
    """The address of the entry's page, without what says where a reader came from; "" where there is none."""
    base = _base(entry, at)
    guid = entry.guid if entry.permalink or entry.guid.startswith(("http://", "https://")) else ""
    return _address(base, entry.link) or (_address(base, guid) if _is_whole(guid) else "")


def _base(entry: Entry, at: str) -> str:
    return entry.base if entry.base.startswith(("http://", "https://")) else at


def _address(base: str, reference: str) -> str:
    """The absolute http(s) address, written as addresses are; "" for anything else."""
    reference = reference.strip()
    if not reference or len(reference) > _LONGEST_NAME:
        return ""
    try:
        found = httpx.URL(urljoin(base, reference))
        if found.scheme not in ("http", "https") or not found.host or found.userinfo:
            return ""
        return str(found.copy_with(query=_untracked(found.query)))
    except (httpx.InvalidURL, ValueError):
        return ""


def _untracked(query: bytes) -> bytes | None:
    kept = [part for part in query.split(b"&") if not _is_tracking(part.partition(b"=")[0].decode("ascii", "replace"))]
    return b"&".join(kept) if any(kept) else None


def _is_tracking(name: str) -> bool:
    return name.lower().startswith("utm_") or name.lower() in TRACKING


def _key(page: str) -> str:
    return page.partition("#")[0]
