"""`newsbot cancel ID`: nothing of a story begins any more."""

from __future__ import annotations

import os

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, language, out
from newsbot.core.model import Role
from newsbot.flows.desk import Impossible, cancelled_words


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def cancel(story: str, who: As = None, json: Json = False) -> None:
        """Stop sending one story, and the edits of it that run; what arrived stays."""
        spoken = language(os.environ)

        async def question(kit: Kit) -> tuple[dict[str, object], str]:
            words = kit.plain.words
            try:
                done = await kit.deeds.cancel(story, actor(kit, who, Role.ON_CALL))
            except Impossible as error:
                raise Quit(words.say(spoken, error.key, **error.fields)) from None
            row = {"id": done.story.id, **done.account, "edits": done.edits}
            return row, cancelled_words(words, spoken, done)

        row, line = ask(question)
        if json:
            emit(row)
        else:
            out.print(line, markup=False)
