"""`newsbot drop ID`: a held story that never goes out."""

from __future__ import annotations

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, out
from newsbot.core.model import Role, Story
from newsbot.flows.desk import Impossible


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def drop(story: str, who: As = None, json: Json = False) -> None:
        """Take a held story out of the queue; it is not sent."""

        async def question(kit: Kit) -> Story:
            try:
                return await kit.deeds.drop(story, actor(kit, who, Role.EDITOR))
            except Impossible as error:
                raise Quit(kit.plain.words.say("en", error.key, **error.fields)) from None

        found = ask(question)
        if json:
            emit({"id": found.id, "dropped": found.dropped})
        else:
            out.print(f"{found.id}: dropped, it will not be sent")
