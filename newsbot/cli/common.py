"""What the commands share: settings, a kit for one question, the actor, JSON out."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from newsbot import bootstrap, telemetry
from newsbot.bootstrap import Kit
from newsbot.core.model import Role
from newsbot.procs import runtime
from newsbot.settings import Settings
from newsbot.store.install import look

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
As = Annotated[str | None, typer.Option("--as", help="The person of the config who does this.")]

NOTHING_ON = "no platform has a token: set TELEGRAM_BOT_TOKEN or SLACK_BOT_TOKEN"

out = Console(highlight=False, soft_wrap=True)


class Quit(Exception):
    """Ends the command with this line and this exit code."""

    def __init__(self, line: str, code: int = 1) -> None:
        super().__init__(line)
        self.code = code


def configured(*, serves: bool = False) -> Settings:
    """The settings, with logging set up by them. Raises ConfigError.

    A command that ends by itself answers on stdout; the log of what it did is for processes that serve.
    """
    settings = bootstrap.read_settings(os.environ)
    level = settings.log.level
    telemetry.configure(
        level if serves or level != "info" else "warning",
        json_lines=settings.log.json_lines,
        secrets=bootstrap.secrets_of(settings, os.environ),
    )
    return settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Kit]:
    """A kit on the Redis of these settings, for one question."""
    with runtime.redis_url(settings) as url:
        async with runtime.process(settings, url, os.environ, live=False) as process:
            await look(process.kit.redis, settings.data.folder, strict=settings.redis.strict)
            yield process.kit


def ask(question: Callable[[Kit], Awaitable[T]], *, needs_bots: bool = False) -> T:
    """Open a kit, ask it one thing, close it. `needs_bots`: it hands something to every bot whose token is known here."""
    settings = configured()

    async def asking() -> T:
        async with opened(settings) as kit:
            if needs_bots and not kit.rates:
                raise Quit(NOTHING_ON, 2)
            return await question(kit)

    return asyncio.run(asking())


def actor(kit: Kit, name: str | None, role: Role) -> str:
    """Who does this: the person named, who must have the role; without a name, the terminal's own user."""
    if name is None:
        return f"terminal:{getpass.getuser()}"
    person = kit.person(name)
    if person is None:
        raise Quit(f"--as {name}: no such person in the config", 2)
    if role not in person.roles:
        raise Quit(f"--as {name}: is not {role.value}", 1)
    return person.name


def language(environ: Mapping[str, str]) -> str:
    """`ko` where the terminal speaks Korean, else `en`."""
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "ko" if spoken.startswith("ko") else "en"


def emit(record: Any) -> None:
    """One JSON object, one line."""
    print(json.dumps(record, ensure_ascii=False), flush=True)
