"""`newsbot alerts [ID]`: the newest alerts, or the account of one, as `/alerts` shows them."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, language, out
from newsbot.core.model import Role
from newsbot.flows import account
from newsbot.flows.desk import SHOWN, Impossible


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def alerts(
        story: Annotated[str | None, typer.Argument(help="One of them: its account.")] = None,
        limit: Annotated[int, typer.Option(help="How many.")] = SHOWN,
        who: As = None,
        json: Json = False,
    ) -> None:
        """Newest alerts and how far they are, or the account of one."""
        spoken = language(os.environ)

        async def question(kit: Kit) -> tuple[list[dict[str, Any]], list[str]]:
            actor(kit, who, Role.EDITOR)
            words = kit.plain.words
            if story is None:
                rows = await kit.report.recent(limit)
                return rows, [
                    f"{row['id']}  {row['state']}  {row['sent']}/{row['audience']}  {row['headline']}" for row in rows
                ]
            try:
                row = await kit.report.story(await kit.deeds.find(story))
            except Impossible as error:
                raise Quit(words.say(spoken, error.key, **error.fields)) from None
            return [row], list(account.lines(words, spoken, row, bootstrap.now().timestamp()))

        rows, lines = ask(question)
        if json:
            for row in rows:
                emit(row)
            return
        for line in lines:
            out.print(line, markup=False)
