"""A feed as a source: asked at polite intervals, told when an entry is new or says something else."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import structlog

from newsbot.core.model import Article, SourceKind, Urgency
from newsbot.ports import Clock, Fetch, Fetched, FetchError, SourceError
from newsbot.sources.feed import polite
from newsbot.sources.feed.document import NotAFeed
from newsbot.sources.feed.entry import Frame, Mark, articles
from newsbot.sources.feed.read import ACCEPT, read

log = structlog.get_logger()

PATIENCE = 3
"""Failures in a row after which the feed counts as unreadable."""

MOVED_FOR_GOOD = 3
"""Times in a row that a permanent redirect must lead to the same place before we go there directly."""

_REMEMBERED = 5000  # entries that left the document and would not be told again if they came back


class _Trouble(Exception):
    """The feed was not had this time: `what` names the kind of trouble, the text is one line; `after` in seconds."""

    def __init__(self, what: str, line: str, after: float = 0.0) -> None:
        super().__init__(line)
        self.what = what
        self.after = after


class FeedSource:
    """One feed. `every`: seconds it is left alone at least. `urgency` and `topics` are for entries that say none.

    What is known of the feed (validators, back-off, what was told) lives here, so that a caller may scan again after a
    failure: the scan waits its turn.
    """

    kind: SourceKind = "feed"

    def __init__(
        self,
        name: str,
        url: str,
        *,
        fetch: Fetch,
        now: Clock,
        every: float = 60.0,
        zone: str = "Asia/Seoul",
        publisher: str = "",
        mark: Mark | None = None,
        urgency: Urgency | None = None,
        topics: Sequence[str] = (),
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        lot: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._frame = Frame(name, url, zone, publisher, urgency, tuple(topics), *([mark] if mark else []))
        self._fetch, self._now, self._every, self._wait, self._lot = fetch, now, every, wait, lot
        self._at = url
        self._moved = ("", 0)
        self._validators: dict[str, str] = {}
        self._digest = b""
        self._ttl = 0.0
        self._articles: list[Article] | None = None
        self._told: dict[str, str] = {}
        self._pause = 0.0
        self._failures = 0
        self._reported: set[str] = set()
        self._gone = False
        self._unnamed = 0

    async def scan(self) -> Sequence[Article]:
        """Every entry as the feed states it now. Raises SourceError, one line, where it cannot be had.

        After a failure it first waits until the feed may be asked again; of a feed that is gone for good nothing is
        ever heard again.
        """
        await self._rest()
        try:
            await self._look()
        except _Trouble as trouble:
            raise SourceError(str(trouble)) from None
        return list(self._articles or ())

    async def changes(self) -> AsyncIterator[Sequence[Article]]:
        """Entries that are new, or whose words, address, image or date are others than last told, for ever.

        A failure is logged once per kind. Raises SourceError after three in a row, and at once where the feed says
        that it is gone. Without a scan before, the first document is taken as known.
        """
        if self._articles is None:
            await self.scan()
        while True:
            await self._rest()
            try:
                fresh = await self._look()
            except _Trouble as trouble:
                if self._gone or self._failures >= PATIENCE:
                    raise SourceError(str(trouble)) from None
                self._report(trouble)
                continue
            if fresh:
                yield fresh

    def has(self, article: Article) -> bool:
        """Whether the last document had this entry, under its id or one of its addresses."""
        names = {article.id, *article.keys}
        return any(not names.isdisjoint((one.id, *one.keys)) for one in self._articles or ())

    async def _rest(self) -> None:
        if self._gone:
            await asyncio.Event().wait()
        pause, self._pause = self._pause, 0.0
        if pause:
            await self._wait(pause)

    async def _look(self) -> list[Article]:
        """One request: the entries that say something new."""
        try:
            got = await self._ask()
            fresh = await self._take(got) if got.status != 304 else []
        except _Trouble as trouble:
            self._failures += 1
            self._pause = polite.backoff(self._every, self._failures, trouble.after, self._lot())
            self._at, self._moved = self._frame.url, ("", 0)
            raise
        self._keep(got)
        self._pause = polite.interval(self._every, got.headers.get("cache-control", ""), self._ttl, self._lot())
        self._failures = 0
        if self._reported:
            log.info("feed.recovered", source=self.name)
            self._reported.clear()
        return fresh

    async def _ask(self) -> Fetched:
        """What the feed answers: 200 with a body, or 304 where we have the document."""
        try:
            got = await self._fetch.get(self._at, {"Accept": ACCEPT, **self._validators})
        except FetchError as error:
            raise _Trouble("fetch", str(error)) from None
        if got.status == 304 and self._articles is not None:
            return got
        if got.status == 410:
            self._gone = True
            raise _Trouble(
                "gone", f"{shown(self._at)}: gone for good (410); not asked again, take it out of the config"
            )
        if got.status not in (200, 203):
            after = polite.retry_after(got.headers.get("retry-after", ""), self._now())
            raise _Trouble(f"status {got.status}", f"{shown(self._at)}: answers {got.status}", after)
        return got

    async def _take(self, got: Fetched) -> list[Article]:
        digest = hashlib.blake2b(got.body, digest_size=16).digest()
        if digest == self._digest:
            return []
        try:
            found, unnamed, self._ttl = await asyncio.to_thread(self._read, got)
        except NotAFeed as error:
            raise _Trouble("not a feed", f"{shown(self._at)}: not a feed: {error}") from None
        self._digest = digest
        self._articles = found
        if unnamed != self._unnamed and unnamed:
            log.warning("feed.unnamed", source=self.name, entries=unnamed, message="left out: neither guid nor link")
        self._unnamed = unnamed
        return self._fresh(found)

    def _read(self, got: Fetched) -> tuple[list[Article], int, float]:
        document = read(got.body, got.headers.get("content-type", ""), got.url)
        return *articles(document, self._frame, got.url), document.ttl

    def _fresh(self, found: Sequence[Article]) -> list[Article]:
        fresh = []
        for article in found:
            said = _said(article)
            if self._told.pop(article.id, None) != said:
                fresh.append(article)
            self._told[article.id] = said
        for name in list(self._told)[: max(0, len(self._told) - _REMEMBERED)]:
            del self._told[name]
        return fresh

    def _keep(self, got: Fetched) -> None:
        """The validators exactly as they came (RFC 9110, 8.8), and where the feed lives now."""
        for header, back in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
            value = got.headers.get(header)
            if value and (header == "etag" or polite.settled(value, got.headers.get("date", ""))):
                self._validators[back] = value
            elif got.status != 304:
                self._validators.pop(back, None)
        moved = got.moved
        self._moved = (moved, self._moved[1] + 1 if moved == self._moved[0] else 1)
        if moved and self._moved[1] >= MOVED_FOR_GOOD:
            log.info("feed.moved", source=self.name, to=shown(moved), message="write the new address into the config")
            self._at, self._moved = moved, ("", 0)

    def _report(self, trouble: _Trouble) -> None:
        if trouble.what not in self._reported:
            log.warning("feed.failed", source=self.name, error=str(trouble), again_s=round(self._pause))
            self._reported.add(trouble.what)


def shown(url: str) -> str:
    """The address for a log line: without its query, where keys are kept."""
    return url.partition("?")[0]


def _said(article: Article) -> str:
    """What must differ for an entry to be told again."""
    parts = [article.fingerprint, article.content, article.url, article.image or "", article.published_at or ""]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
