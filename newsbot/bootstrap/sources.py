"""What to watch, from settings: apart from the kit, so that commands that watch nothing do not load what reads sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from newsbot.bootstrap import Plain, fetcher, now
from newsbot.core.model import Urgency
from newsbot.ports import Fetch, Source
from newsbot.settings import ConfigError, Settings, SourceSection
from newsbot.sources.feed import FeedSource
from newsbot.sources.jekyll import JekyllSource


def build_sources(
    base: Plain, config: Settings, folders: Sequence[Path] = (), feeds: Sequence[str] = (), fetch: Fetch | None = None
) -> list[Source]:
    """What to watch: the config's, and what the command line names. Raises ConfigError for a missing folder."""
    named = list(config.source)
    # What has no name of its own is called by its place: two sites called "site" must not share a baseline.
    named += [SourceSection(name=str(folder.resolve()), path=folder) for folder in folders]
    named += [SourceSection(name=url, kind="feed", url=url) for url in feeds]
    fetch = fetch or fetcher(config)
    found: list[Source] = []
    for section in named:
        shared: dict[str, Any] = {
            "zone": config.site.zone,
            "publisher": config.site.name,
            "now": now,
            "mark": base.mark,
            "urgency": Urgency.BREAKING if section.urgency == "breaking" else None,
            "topics": section.topics,
        }
        if section.path is None:
            found.append(FeedSource(section.name, section.url, fetch=fetch, every=section.every, **shared))
            continue
        if not section.path.is_dir():
            raise ConfigError(f"site folder {section.path} does not exist or is no folder")
        found.append(JekyllSource(section.name, section.path, url=section.url or config.site.url or None, **shared))
    return found
