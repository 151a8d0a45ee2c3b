"""Checks of the sources: readable, in the right zone, with addresses, and their pages answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from newsbot import bootstrap
from newsbot.bootstrap.sources import build_sources
from newsbot.cli.doctor.here import broken
from newsbot.cli.doctor.room import Finding, Room, aside
from newsbot.core.model import Article
from newsbot.ports import FetchError, SourceError
from newsbot.settings import ConfigError, SourceSection


def scan(room: Room, section: SourceSection) -> asyncio.Task[Sequence[Article]]:
    """One source read once, for every check that asks. Its failure is raised where it is awaited."""
    if section.name not in room.scans:
        room.scans[section.name] = asyncio.create_task(aside(lambda: read(room, section)))
    return room.scans[section.name]


def read(room: Room, section: SourceSection) -> Sequence[Article]:
    """Every article of this source, by the code that watches it. Raises SourceError, ConfigError."""
    alone = room.settings.model_copy(update={"source": (section,)})
    (source,) = build_sources(bootstrap.plain(alone), alone)
    return asyncio.run(whole(source.scan()))


async def whole(scanning: object) -> Sequence[Article]:
    """What a scan yields."""
    found: Sequence[Article] = await scanning  # type: ignore[misc]
    return found


async def sources(room: Room) -> Sequence[Finding]:
    """Each source: how much is there, the newest, and what would go wrong with it."""
    if not room.settings.source:
        return [room.bad("warning", "sources.none")]
    lists = await asyncio.gather(*(source_(room, section) for section in room.settings.source))
    return [finding for found in lists for finding in found]


async def source_(room: Room, section: SourceSection) -> list[Finding]:
    """One source."""
    name = section.name
    try:
        articles = await scan(room, section)
    except ConfigError as error:
        return [broken(room, error)]
    except SourceError as error:
        return [room.bad("error", f"source.{section.kind}", name=name, why=error)]
    found, newest = [], newest_of(articles)
    if newest is None:
        found.append(room.bad("warning", "source.empty", name=name, count=len(articles)))
    else:
        found.append(room.ok("source", name=name, count=len(articles), day=newest.published_at, title=newest.title))
    if literal := [one for one in articles if one.state == "publishable" and one.problem]:
        found.append(room.bad("warning", "source.literal", name=name, count=len(literal), first=place(literal[0])))
    if invalid := [one for one in articles if one.state == "invalid"]:
        found.append(room.bad("warning", "source.invalid", name=name, count=len(invalid), why=invalid[-1].problem))
    if newest and newest.zone != room.settings.site.zone:
        found.append(room.bad("warning", "source.zone", name=name, zone=newest.zone, ours=room.settings.site.zone))
    if newest and not newest.url.startswith("http"):
        found.append(room.bad("error", "source.no_address", name=name))
    return found


def newest_of(articles: Sequence[Article]) -> Article | None:
    """The newest that is published."""
    good = [one for one in articles if one.state == "publishable" and one.published_at]
    return max(good, key=lambda one: one.published_at or "", default=None)


def place(article: Article) -> str:
    """Where to look."""
    return article.problem or article.path or article.id


async def gate(room: Room) -> Sequence[Finding]:
    """Whether the newest article's page answers: until it does, no normal alert goes out."""
    if not room.settings.gate.on:
        return [room.ok("gate.off")]
    found: list[Finding] = []
    for section in room.settings.source:
        try:
            newest = newest_of(await scan(room, section))
        except (ConfigError, SourceError):
            continue  # the source's own check says so
        if newest is not None and newest.url.startswith("http"):
            found.append(await page(room, newest.url))
    return found


async def page(room: Room, url: str) -> Finding:
    """One page."""
    try:
        status = await bootstrap.fetcher(room.settings).status(url)
    except FetchError as error:
        if error.nobody:
            return room.bad("warning", "gate.nobody", why=error)
        return room.bad("error", "gate.unreachable", why=error)
    if status != 200:
        return room.bad("error", "gate.status", url=url, status=status)
    return room.ok("gate", url=url)
