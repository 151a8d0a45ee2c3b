"""`newsbot stories`: what was accepted, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import Json, Quit, ask, emit, language, out
from newsbot.cli.follow import follow
from newsbot.flows import account


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(invoke_without_command=True, help="Stories: held, running, done.")
    app.add_typer(group, name="stories")

    @group.callback(invoke_without_command=True)
    def list_stories(
        context: typer.Context,
        held: Annotated[bool, typer.Option("--held", help="Only those that wait for a person.")] = False,
        limit: Annotated[int, typer.Option(help="How many.")] = 50,
        json: Json = False,
    ) -> None:
        """Newest first."""
        if context.invoked_subcommand:
            return
        for row in ask(lambda kit: kit.report.recent(limit, held=held)):
            if json:
                emit(row)
            else:
                why = f" ({row['reason']})" if row["reason"] else ""
                out.print(f"{row['id']}  {row['state']}{why}  {row['sent']}/{row['audience']}  {row['headline']}")

    @group.command()
    def show(story: str, json: Json = False) -> None:
        """One story with its account by platform and reason; on a terminal, its progress until it is done."""
        spoken = language(os.environ)

        async def question(kit: Kit) -> tuple[Mapping[str, Any], list[str]]:
            if await kit.stories.get(story) is None:
                raise Quit(f"no story {story}")
            if out.is_terminal and not json:
                await follow(kit, story, out, spoken)
            found = await kit.stories.get(story)
            if found is None:
                raise Quit(f"no story {story}")
            row = await kit.report.story(found)
            return row, list(account.lines(kit.plain.words, spoken, row, bootstrap.now().timestamp()))

        row, lines = ask(question)
        if json:
            emit(row)
            return
        for line in lines:
            out.print(line, markup=False)
