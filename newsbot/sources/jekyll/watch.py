"""A Jekyll folder as a source: every post as it stands, and each one again moments after it changed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from watchfiles import Change, awatch

from newsbot.core.model import Article, SourceKind, Urgency
from newsbot.ports import SourceError
from newsbot.sources.jekyll.files import (
    CONFIG_NAMES,
    Layout,
    Signature,
    Unreadable,
    is_bare,
    may_concern,
    read_bytes,
    signature,
)
from newsbot.sources.jekyll.ids import Ids
from newsbot.sources.jekyll.limit import kept
from newsbot.sources.jekyll.post import Mark, invalid, nothing, to_article
from newsbot.sources.jekyll.settle import TICK, Settler, Taken, is_whole
from newsbot.sources.jekyll.site import Site, read_site

_log = logging.getLogger(__name__)

RECHECK = 30.0
"""Seconds between two full looks at the folder's names: what the system's notices missed is found then."""

FRESH = 2.0
"""Seconds: a scan takes files older than this as they are; younger ones may still be in somebody's hands."""

_ALIVE = 0.5  # seconds between two looks whether the folder is still there
_GONE = 1.0  # seconds a folder may be away: a release that is swapped in is away for a moment
_BLIND = 2.0  # seconds between full looks where the system cannot watch the folder
_SCAN_WAIT = 2.5  # seconds a scan waits at most for files that are being written


class JekyllSource:
    """The posts of one site folder. Reads only; never follows a link out of the folder."""

    kind: SourceKind = "jekyll"

    def __init__(
        self,
        name: str,
        folder: Path | str,
        *,
        url: str | None = None,
        zone: str = "Asia/Seoul",
        publisher: str = "",
        now: Callable[[], datetime],
        mark: Mark = nothing,
        urgency: Urgency | None = None,
        topics: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._folder = Path(folder).absolute()
        self._root, self._start = locate(self._folder)
        self._bare = False
        self._url, self._zone, self._publisher = url, zone, publisher
        self._now = now
        self._mark, self._urgency, self._topics = mark, urgency, topics
        self._ids: Ids | None = None
        self._seen: dict[str, tuple[Signature, str]] = {}
        self._future: set[str] = set()  # posts whose date has not come: they change without their file changing
        self._scanned = False
        self._watching = _Once()

    async def scan(self) -> Sequence[Article]:
        """Every post and draft as it stands now, by path; a file still being written is left to `changes`.

        Raises SourceError where the folder or its `_config.yml` cannot be read.
        """
        return await asyncio.to_thread(self.read)

    def has(self, article: Article) -> bool:
        """Whether its file is still there."""
        return article.path is not None and (self._root / article.path).is_file()

    def read(self) -> list[Article]:
        """`scan` for callers without an event loop."""
        site, layout = self._open(afresh=True)
        rels = self._names(layout)
        settler = Settler(self._root)
        fresh = time.time() - FRESH
        found: dict[str, Taken] = {}
        for rel in rels:
            sign = signature(self._root / rel)
            if sign and max(sign.mtime, sign.ctime) / 1e9 > fresh:
                settler.add(rel)
            else:
                found[rel] = self._take(rel, sign)
        found.update(_wait(settler))
        self._scanned = True
        self._ids = Ids(site)
        articles = [self._article(rel, found[rel], site) for rel in sorted(found)]
        return list(kept(iter(articles), site, lambda: articles))

    def _open(self, *, afresh: bool = False) -> tuple[Site, Layout]:
        """The site as its config says now. `afresh` also follows a folder that was swapped for another by a link."""
        if not self._folder.is_dir():
            raise SourceError(f"{self._folder}: no such folder")
        if afresh:
            self._root, self._start = locate(self._folder)
            self._bare = not self._start and is_bare(self._root)
        site = read_site(self._root, url=self._url, zone=self._zone, publisher=self._publisher)
        layout = Layout(site.excluded, site.included, collections_dir=site.collections_dir, bare=self._bare)
        return site, layout

    def _names(self, layout: Layout) -> list[str]:
        try:
            return list(layout.find(self._root, self._start))
        except OSError as error:
            raise SourceError(f"{self._root}: {error.strerror or error}") from None

    def _take(self, rel: str, sign: Signature | None) -> Taken:
        sign = sign or Signature(0, 0, 0, 0)
        try:
            return Taken(sign, read_bytes(self._root / rel, self._root))
        except Unreadable as error:
            return Taken(sign, None, str(error))

    def _article(self, rel: str, taken: Taken, site: Site) -> Article:
        """The article in these bytes; it counts as told from here on."""
        if taken.data is None:
            article = invalid(rel, site, f"{rel}: {taken.problem}", source=self.name)
        else:
            article = to_article(
                taken.data,
                rel,
                site,
                source=self.name,
                now=self._now(),
                mark=self._mark,
                urgency=self._urgency,
                topics=self._topics,
            )
        self._ids = self._ids or Ids(site)
        article = self._ids.own(article)
        self._seen[rel] = (taken.signature, _digest(taken, article))
        (self._future.add if article.state == "future" else self._future.discard)(rel)
        return article

    async def changes(self) -> AsyncIterator[Sequence[Article]]:
        """New and changed posts, moments after each is complete, for ever.

        What changed since the last `scan` comes first. A file that was touched and says the same is not told again;
        deleted files are ignored. Raises SourceError where the folder is away for more than a second.
        """
        if not self._scanned:
            await asyncio.to_thread(self._baseline)
        report = _Once()
        while True:
            await self._there()
            self._root, self._start = locate(self._folder)
            settler = Settler(self._root)
            async with _Watch(self._folder, self._root) as watch:
                async for rels in self._watched(watch, settler, report):
                    if articles := await asyncio.to_thread(self._step, settler, rels, report):
                        yield articles

    async def _there(self) -> None:
        """Return once the folder is there; raises SourceError where it does not come back soon."""
        end = time.monotonic() + _GONE
        while not self._folder.is_dir():
            if time.monotonic() > end:
                raise SourceError(f"{self._folder}: no such folder")
            await asyncio.sleep(TICK)

    def _step(self, settler: Settler, rels: Iterable[str], report: _Once) -> list[Article]:
        """What is complete now, after these files were noticed."""
        for rel in rels:
            settler.add(rel, self._seen.get(rel, (None,))[0])
        taken = settler.look() if len(settler) else {}
        for rel in settler.given_up:
            _log.warning("%s: %s is still being written; left to its next change", self.name, rel)
        return self._changed(taken, report) if taken else []

    def _baseline(self) -> None:
        """Note what is there, so that `changes` without a scan tells only of what comes after."""
        with contextlib.suppress(SourceError):
            _, layout = self._open(afresh=True)
            for rel in self._names(layout):
                if sign := signature(self._root / rel):
                    self._seen.setdefault(rel, (sign, ""))

    def _changed(self, taken: Mapping[str, Taken], report: _Once) -> list[Article]:
        """The articles among these files that say something new."""
        try:
            site, _ = self._open()
        except SourceError as error:
            report(str(error))
            return []
        articles = []
        for rel, found in taken.items():
            _, before = self._seen.get(rel, (None, ""))
            article = self._article(rel, _unfinished(found), site)
            if self._seen[rel][1] != before:
                articles.append(article)
        return articles

    def _differing(self) -> list[str]:
        """The posts whose files are not as they were last told, and those whose date may have come."""
        _, layout = self._open(afresh=True)
        seen, future = self._seen, self._future
        return [
            rel
            for rel in self._names(layout)
            if rel in future or signature(self._root / rel) != seen.get(rel, (None, ""))[0]
        ]

    async def _watched(self, watch: _Watch, settler: Settler, report: _Once) -> AsyncIterator[Iterable[str]]:
        """Posts that may have changed, while one watch lasts; empty ones every `TICK` while files are settling.

        The first full look comes after the watch is up: nothing falls between.
        """
        due, retry = 0.0, time.monotonic() + RECHECK
        while watch.alive():
            if failure := watch.failure():
                self._watching(f"{self._root}: cannot be watched ({failure}); looking every {_BLIND:.0f} s instead")
                if time.monotonic() > retry:
                    return
            if time.monotonic() >= due:
                due = time.monotonic() + (_BLIND if failure else RECHECK)
                try:
                    yield await asyncio.to_thread(self._differing)
                    report.clear()
                except SourceError as error:
                    report(str(error))
            paths = await watch.get(TICK if len(settler) else min(_ALIVE, _BLIND))
            if any(path.endswith(CONFIG_NAMES) for path in paths):
                due = 0.0  # what could not be read under a broken config is looked at again
            yield await asyncio.to_thread(self._posts_among, paths, report) if paths else ()

    def _posts_among(self, paths: Iterable[str], report: _Once) -> list[str]:
        """The posts among these paths; a folder stands for all that is in it, as its files came before its watch."""
        try:
            _, layout = self._open()
        except SourceError as error:
            report(str(error))
            return []
        found: list[str] = []
        for path in paths:
            try:
                rel = Path(path).relative_to(self._root).as_posix()
            except ValueError:
                continue
            if self._start and rel != self._start and not rel.startswith(f"{self._start}/"):
                continue
            if layout.is_post(rel):
                found.append(rel)
            elif rel != "." and layout.may_hold(rel) and (self._root / rel).is_dir():
                found += layout.find(self._root, rel)
        return found


class _Watch:
    """The system's notices of one folder, collected by a task while we do something else."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._inode = signature(root)
        self._queue: asyncio.Queue[set[str]] = asyncio.Queue()

    async def __aenter__(self) -> _Watch:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._pump())
        await asyncio.sleep(0)  # the watch is set up in the task's first step
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _pump(self) -> None:
        async for changes in awatch(
            self._root,
            watch_filter=self._concerns,
            step=5,
            debounce=20,
            stop_event=self._stop,
            ignore_permission_denied=True,
        ):
            self._queue.put_nowait({path for _, path in changes})

    def _concerns(self, change: Change, path: str) -> bool:
        """Leaves out what a build writes (`_site`) and what a version control keeps: there is much of it."""
        return change is not Change.deleted and may_concern(path[len(str(self._root)) + 1 :])

    def alive(self) -> bool:
        """Whether the folder (its link followed) is still there and the one that is watched."""
        now = signature(self._folder)
        return bool(now and self._inode and now.inode == self._inode.inode)

    def failure(self) -> str:
        """Why no more notices come, "" while they do."""
        if not self._task.done() or self._task.cancelled():
            return ""
        return str(self._task.exception() or "it ended")

    async def get(self, timeout: float) -> set[str]:
        """All paths noticed so far; waits up to `timeout` seconds for the first."""
        found: set[str] = set()
        with contextlib.suppress(TimeoutError):
            found |= await asyncio.wait_for(self._queue.get(), timeout)
        while not self._queue.empty():
            found |= self._queue.get_nowait()
        return found


class _Once:
    """Reports a trouble once, until it is over or another one comes."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, trouble: str) -> None:
        if trouble != self._last:
            _log.warning("%s", trouble)
        self._last = trouble

    def clear(self) -> None:
        """The trouble is over."""
        if self._last:
            _log.info("over: %s", self._last)
        self._last = ""


def _wait(settler: Settler) -> dict[str, Taken]:
    """The files that become complete within a scan's patience."""
    found: dict[str, Taken] = {}
    end = time.monotonic() + _SCAN_WAIT
    while len(settler) and time.monotonic() < end:
        found.update(settler.look())
        if len(settler):
            time.sleep(TICK)
    return found


def _unfinished(taken: Taken) -> Taken:
    """A file that is empty, or whose front matter has no end, may still be at work: nobody is told of it as it is.

    Jekyll would publish it, so a scan takes it as it stands; here its next change brings the rest.
    """
    if taken.data is None or is_whole(taken.data):
        return taken
    why = "the front matter is never closed (a line `---` is missing)" if taken.data.strip() else "the file is empty"
    return Taken(taken.signature, None, why)


def _digest(taken: Taken, article: Article) -> str:
    """What must differ for an article to be told again: its bytes and its state (a date that has come)."""
    state = f"{article.state}\0{taken.problem}\0".encode()
    return hashlib.blake2b(state + (taken.data or b""), digest_size=16).hexdigest()


def locate(path: Path) -> tuple[Path, str]:
    """The site's folder and the part of it that is meant: a `_posts` folder given alone belongs to the site above."""
    path = path.resolve()
    for folder in (path, *path.parents):
        if folder.name in ("_posts", "_drafts"):
            above = folder.parent
            site = next((root for root in (above, *above.parents) if _has_config(root)), above)
            return site, path.relative_to(site).as_posix()
    return path, ""


def _has_config(folder: Path) -> bool:
    return any((folder / name).is_file() for name in CONFIG_NAMES)
