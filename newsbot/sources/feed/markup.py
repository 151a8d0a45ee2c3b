"""The XML of a feed as a tree: no DTD, no entities, and one broken entry takes no other with it.

On lxml directly, not fastfeedparser (0.6.5, tried): that one loses titles of type xhtml, drops every date it cannot
read before we can, makes a guess at HTML or words without saying which, does not say whether a guid is an address, and
parses with `huge_tree`. What it does beyond lxml is a page of names, and we need other ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from html.entities import html5
from itertools import islice
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from newsbot.sources.feed.document import MOST, NotAFeed

_SPACES = {
    "http://www.w3.org/2005/Atom": "atom:",
    "https://www.w3.org/2005/Atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
}
_ROOTS = ("rss", "RDF", "feed")
_NETSCAPE = "-//Netscape Communications//DTD RSS 0.91"
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,500}\?>")
_ILLEGAL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])
_LOOSE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30};)")
_ENTRY = re.compile(r"<(item|entry|atom:entry)(?=[\s>])")
_DECLARED = re.compile(r"""(\sxmlns(?::([A-Za-z_][\w.-]{0,30}))?\s*=\s*(?:"[^"<&]*"|'[^'<&]*'))""")
_PREFIX = re.compile(r"[<\s]([A-Za-z_][A-Za-z0-9_.-]{0,30}):[A-Za-z_]")
_MOST_PREFIXES = 50
_HEAD = 8192  # characters of a root element's tag
Element = Any
"""An lxml element; lxml brings no types."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A feed's elements; `broken` are entries that are not well-formed, as far as they could be read."""

    kind: str  # "rss" or "atom"
    channel: Element
    entries: Sequence[Element]
    broken: Sequence[Element] = ()


def read(source: str, url: str) -> Tree:
    """The tree of this XML text. Raises NotAFeed for anything but RSS and Atom, and for a document type of its own."""
    source = _DECLARATION.sub("", source.translate(_ILLEGAL), count=1).lstrip()
    _forbid_doctype(source)
    for attempt in (source, _tied(source)):
        try:
            return _whole(_parse(attempt, url))
        except etree.XMLSyntaxError:
            continue
    return _pieces(_tied(source), url)


def name(element: Element) -> str:
    """The element's name with the usual prefix of its namespace: `title`, `atom:title`, `media:thumbnail`."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    space, _, local = tag.rpartition("}")
    return f"{_SPACES.get(space[1:], 'other:')}{local}" if space else tag


def _parse(source: str, url: str, *, recover: bool = False) -> Element:
    """Entities stay unresolved, nothing is loaded, libxml2's own limits on depth and size stay on."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        strip_cdata=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
        encoding="utf-8",
    )
    root = etree.fromstring(source.encode("utf-8", "replace"), parser, base_url=url)
    if root is None:
        raise NotAFeed("nothing that could be read")
    if root.getroottree().docinfo.internalDTD is not None and _NETSCAPE not in source[:_HEAD]:
        raise NotAFeed("XML with a document type (DTD)")
    return root


def _forbid_doctype(source: str) -> None:
    """Looks at what stands before the root element, before any parser does."""
    at = 0
    while source.startswith(("<!--", "<?"), at):
        end = source.find("-->" if source.startswith("<!--", at) else "?>", at)
        if end < 0:
            raise NotAFeed("a comment without an end")
        at = end + 3 if source.startswith("<!--", at) else end + 2
        while source[at : at + 1].isspace():
            at += 1
    start = source[at : at + 500].lower()
    if start.startswith(("<!doctype html", "<html")):
        raise NotAFeed("an HTML page")
    if not start.startswith("<!"):
        return
    declared = source[at : at + _HEAD].partition(">")[0]
    if "[" in declared or _NETSCAPE not in declared:
        raise NotAFeed("XML with a document type (DTD)")


def _whole(root: Element) -> Tree:
    local = name(root).rpartition(":")[2]
    if local not in _ROOTS:
        raise NotAFeed("an HTML page" if local.lower() == "html" else f"XML, but its root is <{local[:40]}>")
    if local == "feed":
        return Tree("atom", root, [one for one in root if name(one) in ("atom:entry", "entry")][:MOST])
    channel = next((one for one in root if name(one) == "channel"), root)
    found = (
        [one for parent in (channel, root) for one in parent if name(one) == "item"]
        if channel is not root
        else [one for one in root if name(one) == "item"]
    )
    return Tree("rss", channel, found[:MOST])


def _tied(source: str) -> str:
    """The text with every loose `&` written as it should be, and the names that HTML has and XML has not (`&nbsp;`) as
    what they name; CDATA is left alone."""
    parts = source.split("<![CDATA[")
    done = [_loosened(parts[0])]
    for part in parts[1:]:
        inside, end, after = part.partition("]]>")
        done.append(inside + end + _loosened(after))
    return "<![CDATA[".join(done)


def _loosened(source: str) -> str:
    return _LOOSE.sub("&amp;", _NAMED.sub(lambda found: escape(html5.get(found[1], found[0])), source))


def _pieces(source: str, url: str) -> Tree:
    """A document that is not well-formed: its head, and each entry parsed on its own, as far as its end is there."""
    first = _ENTRY.search(source)
    start = re.search(r"<(?:[\w.-]+:)?(rss|RDF|feed)(?=[\s>])", source[:_HEAD])
    if start is None or first is None:
        raise NotAFeed("XML that cannot be read")
    head = _salvaged(source[start.start() : first.start()], url)
    if head is None:
        raise NotAFeed("XML that cannot be read")
    opened = f"<piece{_namespaces(source, start.start())}>"
    whole, broken = [], []
    for piece in _cut(source, first[1]):
        try:
            whole.append(_parse(f"{opened}{piece}</piece>", url)[0])
        except (etree.XMLSyntaxError, NotAFeed):
            broken.append(_salvaged(f"{opened}{piece}</piece>", url))
    channel = next((one for one in head if name(one) == "channel"), head)
    return Tree("atom" if start[1] == "feed" else "rss", channel, whole, [one for one in broken if one is not None])


def _salvaged(source: str, url: str) -> Element | None:
    """What can be read of XML that is not well-formed."""
    try:
        return _parse(source, url, recover=True)
    except (etree.XMLSyntaxError, NotAFeed):
        return None


def _namespaces(source: str, start: int) -> str:
    """The declarations of the root element, and one for every prefix that is used without any."""
    declared = dict.fromkeys(_DECLARED.findall(source[start : start + _HEAD].partition(">")[0]))
    known = {prefix.partition(":")[0]: space for space, prefix in reversed(_SPACES.items()) if prefix}
    stated = {prefix for _, prefix in declared}
    missing: set[str] = set()
    for found in _PREFIX.finditer(source):
        if found[1] not in stated and not found[1].lower().startswith("xml"):
            missing.add(found[1])
            if len(missing) == _MOST_PREFIXES:
                break
    made = [f' xmlns:{prefix}="{known.get(prefix, "urn:" + prefix)}"' for prefix in sorted(missing)]
    return "".join([*(text for text, _ in declared), *made])


def _cut(source: str, tag: str) -> Iterator[str]:
    """The texts of the entries; one without an end is left out: it was cut short, and half a title is no title."""
    starts = [found.start() for found in islice(_ENTRY.finditer(source), MOST + 1)]
    ends = [*starts[1:], len(source)]
    for start, following in list(zip(starts, ends, strict=True))[:MOST]:
        piece, end, _ = source[start:following].rpartition(f"</{tag}>")
        if end:
            yield piece + end
