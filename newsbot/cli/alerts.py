"""`newsbot alerts`: the newest alerts, as `/alerts` shows them."""

from __future__ import annotations

from typing import Annotated

import typer

from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, actor, ask, emit, out
from newsbot.core.model import Role
from newsbot.flows.desk import SHOWN


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def alerts(
        limit: Annotated[int, typer.Option(help="How many.")] = SHOWN, who: As = None, json: Json = False
    ) -> None:
        """Newest alerts and how far they are."""

        async def question(kit: Kit) -> list[dict[str, object]]:
            actor(kit, who, Role.EDITOR)
            return await kit.report.recent(limit)

        for row in ask(question):
            emit(row) if json else out.print(
                f"{row['id']}  {row['state']}  {row['sent']}/{row['audience']}  {row['headline']}"
            )
