"""What every check gets and gives: one room with the settings in it, findings out of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from newsbot import bootstrap, platforms
from newsbot.core.model import Article
from newsbot.flows.words import Words
from newsbot.settings import ConfigError, Settings
from newsbot.store.redis import Redis

T = TypeVar("T")

SECONDS = 10.0
"""A check may take; whatever hangs is a finding, and hides nothing else."""

Level = Literal["ok", "warning", "error", "config"]
"""`error`: something will not work. `config`: the configuration cannot be used, and `newsbot run` will not start."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `fix` says what to do about it, "" where nothing is wrong."""

    level: Level
    what: str
    fix: str = ""


@dataclass
class Room:
    """What the checks share. `redis` is None where none is to be had; `sections`: the platforms with a token."""

    settings: Settings
    environ: Mapping[str, str]
    words: Words
    language: str
    redis: Redis | None = None
    redis_trouble: str = ""
    sections: dict[str, Any] = field(default_factory=dict)
    scans: dict[str, asyncio.Task[Sequence[Article]]] = field(default_factory=dict)
    late: bool = False

    def text(self, key: str, **fields: object) -> str:
        """The words of that key."""
        return self.words.say(self.language, f"doctor.{key}", **fields)

    def ok(self, key: str, **fields: object) -> Finding:
        """Nothing to do."""
        return Finding("ok", self.text(key, **fields))

    def bad(self, level: Level, key: str, **fields: object) -> Finding:
        """Something to do: the words of the key, and those of `<key>.fix`."""
        return Finding(level, self.text(key, **fields), self.text(f"{key}.fix", **fields))

    def find_platforms(self) -> None:
        """Which platforms have a token; one whose section is broken is told of by its own check."""
        for name in platforms.PLATFORMS:
            with contextlib.suppress(ConfigError):
                section = bootstrap.platform_settings(name, self.settings, self.environ)
                if platforms.load(name).has_token(section):
                    self.sections[name] = section


Check = Callable[[Room], Awaitable[Sequence[Finding]]]


async def aside(work: Callable[[], T]) -> T:
    """What `work` returns or raises, done in a thread that nobody waits for at the end: a disk that hangs must not hang
    the doctor."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[Any], None], value: object) -> None:
        if not done.done():
            set_it(value)

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where somebody waits for it
            report: tuple[Callable[[Any], None], object] = (done.set_exception, error)
        else:
            report = (done.set_result, result)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *report)

    threading.Thread(target=run, daemon=True).start()
    return await done
