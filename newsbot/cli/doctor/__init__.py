"""`newsbot doctor`: everything that can be wrong, each finding with its fix. Changes nothing and sends nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

import typer

from newsbot import bootstrap, telemetry
from newsbot.cli.common import Json, emit, language
from newsbot.cli.doctor import bots, here, news, store
from newsbot.cli.doctor.api import Unreachable
from newsbot.cli.doctor.room import SECONDS, Check, Finding, Room
from newsbot.ports import StoreDown
from newsbot.settings import ConfigError, Settings
from newsbot.telemetry import Redactor

CHECKS: Mapping[str, Check] = {
    "config": here.config,
    "tokens": here.token_files,
    "folder": here.folder,
    "port": here.port,
    "redis": store.redis,
    "install": store.install,
    "people": here.people,
    "privacy": here.privacy,
    "topics": here.topics,
    "words": here.words,
    "source": news.sources,
    "page": news.gate,
    "readers": store.readers,
}
OF_PLATFORMS: Mapping[str, Mapping[str, Check]] = {
    "telegram": {"telegram": bots.telegram, "webhook": bots.webhook, "polling": bots.poller},
    "slack": {"slack": bots.slack, "door": bots.door},
}
"""Asked only where the platform has a token."""

SIGNS = {"ok": "✓", "warning": "!", "error": "✗", "config": "✗"}
WIDE = 9


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(json: Json = False) -> None:
        """Look at everything that can be wrong; each finding comes with its fix."""
        telemetry.configure("critical", json_lines=False)  # what the checks say is said below
        words = bootstrap.read_words("en")
        spoken = language(os.environ)
        try:
            settings = bootstrap.read_settings(os.environ)
        except ConfigError as error:
            room = Room(Settings(), os.environ, words, spoken)
            leave(told(room, {"config": [here.broken(room, error)]}, Redactor(), as_json=json), late=False)
        room = Room(settings, os.environ, words, spoken)
        found = asyncio.run(examined(room))
        leave(told(room, found, Redactor(secrets(settings)), as_json=json), late=room.late)


def secrets(settings: Settings) -> list[str]:
    """What must not be printed; of a section that cannot be read there is nothing to print."""
    try:
        return bootstrap.secrets_of(settings, os.environ)
    except ConfigError:
        return []


async def examined(room: Room) -> dict[str, Sequence[Finding]]:
    """Every check's findings, in the order of the table. All checks run side by side."""
    room.find_platforms()
    checks = {
        **CHECKS,
        **{name: one for platform in room.sections for name, one in OF_PLATFORMS.get(platform, {}).items()},
    }
    async with store.connected(room, room.settings.redis_url):
        found = await asyncio.gather(*(checked(room, check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def checked(room: Room, check: Check) -> Sequence[Finding]:
    """One check's findings, whatever happens in it."""
    try:
        async with asyncio.timeout(SECONDS):
            return await check(room)
    except TimeoutError:
        room.late = True
        return [room.bad("error", "late", seconds=f"{SECONDS:.0f}")]
    except ConfigError as error:
        return [here.broken(room, error)]
    except Unreachable as error:
        return [room.bad("error", "unreachable", why=error)]
    except StoreDown as error:
        return [room.bad("error", "redis.none", why=error)]
    except Exception as error:  # noqa: BLE001 - one failing check never hides the others
        return [room.bad("error", "failed", why=f"{type(error).__name__}: {error}")]


def told(room: Room, found: Mapping[str, Sequence[Finding]], redact: Redactor, *, as_json: bool) -> int:
    """Print it; the exit code: 2 for a configuration that cannot be used, 1 for what will not work, else 0."""
    rows = [(name, one) for name, findings in found.items() for one in findings]
    for name, one in rows:
        what, fix = (" ".join(redact(words).split()) for words in (one.what, one.fix))
        if as_json:
            emit({"check": name, "level": one.level, "what": what, "fix": fix})
            continue
        print(f"{SIGNS[one.level]} {name:{WIDE}} {what}")
        if fix:
            print(f"  {'':{WIDE}} → {fix}")
    levels = [one.level for _, one in rows]
    wrong = levels.count("error") + levels.count("config")
    if not as_json:
        print(room.text("sum", warnings=levels.count("warning"), errors=wrong))
    return 2 if "config" in levels else 1 if wrong else 0


def leave(code: int, *, late: bool) -> None:
    """End with this code. Where a check hangs in the disk, its thread would be waited for: end without asking it."""
    sys.stdout.flush()
    if late:
        os._exit(code)
    raise typer.Exit(code)
