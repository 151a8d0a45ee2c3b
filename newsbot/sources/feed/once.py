"""A look at one address: a feed, a site that names its feed, or an article's page. What `newsbot preview` shows."""

from __future__ import annotations

from dataclasses import replace

from newsbot.core.model import Article
from newsbot.ports import Clock, Fetch, Fetched, FetchError, SourceError
from newsbot.sources.feed import encoding, page, polite
from newsbot.sources.feed.document import Document, NotAFeed
from newsbot.sources.feed.entry import Frame, Mark, articles
from newsbot.sources.feed.read import ACCEPT, read
from newsbot.sources.feed.watch import shown


async def read_url(
    url: str,
    *,
    fetch: Fetch,
    now: Clock,
    name: str = "feed",
    zone: str = "Asia/Seoul",
    publisher: str = "",
    mark: Mark | None = None,
) -> list[Article]:
    """The articles at this address: all of a feed, or the one whose page it is.

    Raises SourceError, one line, where nobody answers and where it is neither.
    """
    frame = Frame(name, url, zone, publisher, None, (), *([mark] if mark else []))
    got = await _get(url, fetch, now)
    kind = got.headers.get("content-type", "")
    try:
        return articles(read(got.body, kind, got.url), frame, got.url)[0]
    except NotAFeed:
        found = page.read(encoding.decode(got.body, kind), got.url) if _is_page(got) else page.Page()
    if found.entry is not None:
        return articles(Document(title=found.site, entries=[found.entry]), frame, got.url)[0]
    if found.feed:
        got = await _get(found.feed, fetch, now)
        try:
            document = read(got.body, got.headers.get("content-type", ""), got.url)
        except NotAFeed as error:
            raise SourceError(f"{shown(found.feed)}: not a feed: {error}") from None
        return articles(document, replace(frame, url=found.feed), got.url)[0]
    raise SourceError(f"{shown(url)} is neither a feed nor an article page")


def _is_page(got: Fetched) -> bool:
    return "html" in got.headers.get("content-type", "html").lower()


async def _get(url: str, fetch: Fetch, now: Clock) -> Fetched:
    try:
        got = await fetch.get(url, {"Accept": f"{ACCEPT}, text/html;q=0.9"})
    except FetchError as error:
        raise SourceError(str(error)) from None
    if got.status not in (200, 203):
        after = polite.retry_after(got.headers.get("retry-after", ""), now())
        later = f" (it asks to wait {after:.0f} s)" if after else ""
        raise SourceError(f"{shown(url)}: answers {got.status}{later}")
    return got
