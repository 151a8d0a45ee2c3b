"""`newsbot cancel ID`: the rest of a running fan-out is not sent."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, out
from newsbot.core.model import Role, Story
from newsbot.flows.desk import Impossible


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def cancel(story: str, who: As = None, json: Json = False) -> None:
        """Stop sending one story; what arrived stays."""

        async def question(kit: Kit) -> tuple[Story, Mapping[str, int]]:
            try:
                return await kit.deeds.cancel(story, actor(kit, who, Role.ON_CALL))
            except Impossible as error:
                raise Quit(kit.plain.words.say("en", error.key, **error.fields)) from None

        found, total = ask(question)
        if json:
            emit({"id": found.id, **total})
        else:
            out.print(
                f"{found.id}: sent {total['sent']}, not sent {total['cancelled']}, on the wire {total['sending']}"
            )
