"""`newsbot why ID ADDRESS`: what became of one story at one address."""

from __future__ import annotations

from typing import Any

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import Json, Quit, ask, emit, out


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def why(story: str, address: str, json: Json = False) -> None:
        """Why this chat did, or did not, get this story."""

        async def question(kit: Kit) -> dict[str, Any]:
            found = await kit.stories.get(story)
            if found is None:
                raise Quit(f"no story {story}")
            try:
                return await kit.report.why(found, kit.plain.address(address))
            except ValueError as error:
                raise Quit(str(error), 2) from None

        row = ask(question)
        if json:
            emit(row)
        else:
            out.print("  ".join(f"{name} {value}" for name, value in row.items() if value is not None))
