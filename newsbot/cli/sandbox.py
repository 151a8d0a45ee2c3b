"""`newsbot sandbox`: the platforms' stand-ins alone, to point a bot at."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from newsbot.cli.common import Json, Quit, emit, out
from newsbot.cli.run import forever
from newsbot.sandbox.serve import first_line, serve


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def sandbox(
        port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0, json: Json = False
    ) -> None:
        """Telegram and Slack stand-ins on this machine, with a page that shows both."""
        forever(standing(port, json))


async def standing(port: int, as_json: bool) -> None:
    """Serve until interrupted; the first line says where and with which tokens."""
    try:
        running = await serve(port)
    except OSError as error:
        raise Quit(f"port {port}: {error.strerror}") from None
    facts = first_line(running)
    if as_json:
        emit(facts)
    else:
        for name, value in facts.items():
            out.print(f"{name:22} {value}")
    try:
        await asyncio.Event().wait()
    finally:
        await running.stop()
