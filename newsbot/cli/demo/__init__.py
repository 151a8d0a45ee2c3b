"""`newsbot demo`: both platforms' stand-ins, an embedded Redis and a sample site; nothing leaves this machine."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from newsbot import telemetry
from newsbot.cli.common import Quit, language
from newsbot.cli.demo.script import Script


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo(
        once: Annotated[bool, typer.Option("--once", help="Deliver, print, and end.")] = False,
        site: Annotated[Path | None, typer.Option("--site", help="Your own site; it is only read.")] = None,
        port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 0,
        since: Annotated[float | None, typer.Option(hidden=True)] = None,
    ) -> None:
        """Watch an article become an alert on both platforms."""
        if site is not None and not site.is_dir():
            raise Quit(f"site folder {site} does not exist or is no folder", 2)
        telemetry.configure("warning", json_lines=False)
        script = Script(language(os.environ), site, port, since or time.time())
        if not asyncio.run(script.play(once=once)):
            raise typer.Exit(1)
