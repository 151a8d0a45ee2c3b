"""`newsbot status`: what on-call sees."""

from __future__ import annotations

from typing import Any

import typer

from newsbot import __version__
from newsbot.bootstrap import Kit
from newsbot.cli.common import Json, ask, emit, out
from newsbot.store import keys
from newsbot.store.install import fitness


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def status(json: Json = False) -> None:
        """Platforms, sources, queue and doubts."""
        found = ask(status_of)
        if json:
            emit(found)
            return
        out.print(f"newsbot {found['version']} · install {found['install']} · redis {found['redis']['version']}")
        for warning in found["redis"]["warnings"]:
            out.print(f"  ! {warning}")
        for name, row in found["platforms"].items():
            state = "off" if not row["on"] else f"paused by {row['paused']}" if row["paused"] else "on"
            out.print(
                f"  {name}: {state} · {row['used']} of {row['rate']} a second · frozen {row['frozen_s']} s"
                f" · queued {row['queued']} · in doubt {row['doubt']}"
            )
        for source in found["sources"]:
            out.print(f"  {source['name']} ({source['kind']}): {'ok' if source['ok'] else source['error']}")
        out.print(f"  stories: {found['stories']['open']} open, {found['stories']['held']} held")


async def status_of(kit: Kit) -> dict[str, Any]:
    """The record `newsbot status --json` prints."""
    version, warnings = await fitness(kit.redis)
    install = await kit.redis.call("GET", keys.INSTALL)
    return {
        "version": __version__,
        "install": install.decode() if install else None,
        "redis": {"ok": True, "version": version, "warnings": list(warnings)},
        "platforms": await kit.report.platforms(kit.rates),
        "sources": await kit.report.sources(),
        "stories": await kit.report.counts(),
    }
