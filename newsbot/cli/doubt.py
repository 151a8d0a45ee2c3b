"""`newsbot doubt ID [resend|hold]`: what of a story is in doubt, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, language, out
from newsbot.core.model import Role
from newsbot.flows import account
from newsbot.flows.desk import Impossible, settled_words


class Verdict(StrEnum):
    """What becomes of doubts."""

    RESEND = "resend"
    HOLD = "hold"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doubt(
        story: str,
        verdict: Annotated[Verdict | None, typer.Argument(help="Once more, silently; or leave them.")] = None,
        who: As = None,
        json: Json = False,
    ) -> None:
        """Deliveries in doubt: list them, send each once more, or hold them."""
        spoken = language(os.environ)

        async def question(kit: Kit) -> tuple[list[Mapping[str, Any]], list[str]]:
            name = actor(kit, who, Role.ON_CALL)
            words = kit.plain.words
            try:
                if verdict:
                    done = await kit.deeds.settle(story, verdict.value, name)
                    row = {"id": done.story.id, "verdict": done.verdict, "settled": done.done, "left": done.left}
                    return [row], [settled_words(words, spoken, done)]
                found, _ = await kit.deeds.doubts(story)
            except Impossible as error:
                raise Quit(words.say(spoken, error.key, **error.fields)) from None
            rows = await kit.report.doubts(found)
            now = bootstrap.now().timestamp()
            return [{"id": found.id, **row} for row in rows], [account.doubt(words, spoken, row, now) for row in rows]

        rows, lines = ask(question)
        if json:
            for row in rows:
                emit(row)
            return
        for line in lines:
            out.print(line, markup=False)
