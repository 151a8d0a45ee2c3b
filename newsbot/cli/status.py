"""`newsbot status`: what on-call sees."""

from __future__ import annotations

from typing import Any

import typer

from newsbot import __version__
from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, actor, ask, emit, out
from newsbot.core.model import Role
from newsbot.flows.desk import platform_state
from newsbot.ports import StoreDown
from newsbot.store import keys
from newsbot.store.install import fitness

STATES = {
    "off": "off, no token here",
    "dead": "no worker is running",
    "paused": "paused by {by}",
    "waiting": "waiting for workers after a change of Redis",
    "frozen": "frozen by the platform",
    "on": "on",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def status(who: As = None, json: Json = False) -> None:
        """Platforms, sources, queue and doubts."""

        async def question(kit: Kit) -> dict[str, Any]:
            actor(kit, who, Role.ON_CALL)
            return await status_of(kit)

        try:
            found = ask(question)
        except StoreDown as error:
            if json:
                emit(without_redis(error))
            raise
        if json:
            emit(found)
            return
        out.print(f"newsbot {found['version']} · install {found['install']} · redis {found['redis']['version']}")
        for warning in found["redis"]["warnings"]:
            out.print(f"  ! {warning}")
        for name, row in found["platforms"].items():
            state = STATES[platform_state(row)].format(by=row["paused"])
            out.print(
                f"  {name}: {state} · {row['used']} of {row['cap']} a second (set: {row['rate']})"
                f" · frozen {row['frozen_s']} s · open {row['open']} · queued {row['queued']}{since(row['oldest'])}"
                f" · in doubt {row['doubt']}{since(row['oldest_doubt'])}"
            )
        for source in found["sources"]:
            out.print(f"  {source['name']} ({source['kind']}): {'ok' if source['ok'] else source['error']}")
        out.print(f"  stories: {found['stories']['open']} open, {found['stories']['held']} held")


def since(moment: str | None) -> str:
    """Since when that is so, where something is."""
    return f" (since {moment})" if moment else ""


def without_redis(error: StoreDown) -> dict[str, Any]:
    """The same record while Redis is down: nothing is known but that."""
    return {
        "version": __version__,
        "install": None,
        "redis": {"ok": False, "version": None, "warnings": [str(error)]},
        "platforms": {},
        "sources": [],
        "stories": {"open": None, "held": None},
    }


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
