"""`newsbot stories`: what was accepted, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from newsbot.cli.common import Json, Quit, ask, emit, out


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
        """One story with its account by platform and reason."""

        async def question(kit):  # type: ignore[no-untyped-def]
            found = await kit.stories.get(story)
            return await kit.report.story(found) if found else None

        row = ask(question)
        if row is None:
            raise Quit(f"no story {story}")
        if json:
            emit(row)
            return
        out.print(f"{row['id']}  {row['state']}  {row['headline']}")
        parts = [
            f"{name} {row[name]}" for name in ("sent", "dead", "skipped", "cancelled", "doubt", "pending", "sending")
        ]
        out.print(f"audience {row['audience']} = " + " + ".join(parts))
        for reason, count in row["reasons"].items():
            out.print(f"  {count}  {reason}")
