"""`newsbot pause` and `newsbot resume`: nothing more begins, and on again."""

from __future__ import annotations

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, actor, ask, emit, out
from newsbot.core.model import Role


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def pause(who: As = None, json: Json = False) -> None:
        """Begin no more sends on any platform."""

        async def question(kit: Kit) -> None:
            await kit.deeds.pause(actor(kit, who, Role.ON_CALL))

        ask(question)
        emit({"paused": True}) if json else out.print("paused: nothing more begins until `newsbot resume`")

    @app.command()
    def resume(who: As = None, json: Json = False) -> None:
        """Send again."""

        async def question(kit: Kit) -> bool:
            return await kit.deeds.resume(actor(kit, who, Role.ON_CALL))

        done = ask(question)
        emit({"paused": False, "was_paused": done}) if json else out.print("sending" if done else "was not paused")
