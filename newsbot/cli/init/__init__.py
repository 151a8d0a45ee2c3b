"""`newsbot init`: five questions, each answer checked at once; then the config, the token files and one test alert.

Nothing is written before the last question is answered.
"""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from newsbot import bootstrap, telemetry
from newsbot.cli.common import Quit
from newsbot.cli.doctor.here import running
from newsbot.cli.init import chat, finish, questions, write
from newsbot.cli.init.chat import Found
from newsbot.cli.init.questions import Draft
from newsbot.cli.init.talk import Talk, talk
from newsbot.cli.init.tokens import Tokens
from newsbot.cli.init.tokens import ask as ask_tokens
from newsbot.settings import DEFAULT_FILE, ConfigError, Settings

PATIENCE = 180.0
"""Seconds a word to the bot is waited for before it is said what may be wrong."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def init(
        site: Annotated[str | None, typer.Option(help="The site: folder, feed or address.")] = None,
        language: Annotated[str | None, typer.Option(help="ko or en, for chats that chose none.")] = None,
        zone: Annotated[str | None, typer.Option(help="Time zone, e.g. Asia/Seoul.")] = None,
        privacy_url: Annotated[str | None, typer.Option(help="The page about readers' data.")] = None,
        chat: Annotated[str | None, typer.Option(help="The chat, e.g. telegram:12345, instead of finding it.")] = None,
        wait: Annotated[float, typer.Option(help="Seconds to wait for a word to the bot.")] = PATIENCE,
        yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: options, environment and defaults.")] = False,
    ) -> None:
        """Set newsbot up: five questions, then a config and a test alert."""
        given = {"site": site, "language": language, "zone": zone, "privacy_url": privacy_url, "chat": chat}
        run({name: value for name, value in given.items() if value is not None}, wait, yes=yes)


def run(given: dict[str, str], wait: float, *, yes: bool) -> None:
    """The whole conversation."""
    telemetry.configure("critical", json_lines=False)  # the screen belongs to the questions
    path = Path(os.environ.get("NEWSBOT_CONFIG") or DEFAULT_FILE)
    settings = existing(path)
    speaker = talk(bootstrap.read_words(settings.site.language), yes=yes)
    try:
        speaker.say("title", path=path)
        draft, tokens, found = conversation(speaker, path, settings, given, wait)
        if not finish.consent(speaker, path, draft):
            raise Quit(speaker.text("nothing"))
    except KeyboardInterrupt:
        print()
        speaker.say("nothing")
        raise
    finish.save(speaker, path, draft, tokens)
    finish.connect(speaker, found)
    speaker.say("next")


def conversation(
    speaker: Talk, path: Path, settings: Settings, given: dict[str, str], wait: float
) -> tuple[Draft, Tokens, list[Found]]:
    """The five questions. What is found out is only remembered."""
    draft = Draft(raw_of(path), settings)
    speaker.say("q1")
    questions.site(speaker, draft, given.get("site"))
    speaker.say("q2")
    questions.frame(speaker, draft, given)
    tokens = Tokens(draft.settings, dict(os.environ))
    speaker.say("q3")
    ask_tokens(speaker, tokens)
    telemetry.configure("critical", json_lines=False, secrets=tokens.typed.values())
    speaker.say("q4")
    found = chats(speaker, tokens, given.get("chat"), wait)
    questions.people(speaker, draft, found)
    speaker.say("q5")
    questions.privacy(speaker, draft, given.get("privacy_url"))
    questions.platforms(draft, tokens, path.parent)
    return draft, tokens, found


def chats(speaker: Talk, tokens: Tokens, given: str | None, wait: float) -> list[Found]:
    """The chats that are named or found; none while another newsbot of this folder listens to the same bot."""
    if given is not None:
        try:
            address = bootstrap.plain(tokens.settings).address(given)
        except ValueError as error:
            raise Quit(str(error), 2) from None
        if address.platform not in tokens.bots:
            raise Quit(speaker.text("chat.no_token", platform=address.platform), 2)
        return [asyncio.run(chat.named(tokens, address))]
    if tokens.bots and running(tokens.settings.data.folder):
        speaker.say("chat.running")
        return []
    return chat.ask(speaker, tokens, wait)


def raw_of(path: Path) -> write.Raw:
    """What stands in the config file; nothing where there is none."""
    return tomllib.loads(path.read_text("utf-8-sig")) if path.is_file() else {}


def existing(path: Path) -> Settings:
    """The settings as they are, to begin from; the defaults where there is no file yet. Raises ConfigError."""
    environ = dict(os.environ)
    if not path.is_file():
        environ.pop("NEWSBOT_CONFIG", "")
        if DEFAULT_FILE.is_file():
            raise ConfigError(f"NEWSBOT_CONFIG: {path} does not exist, but {DEFAULT_FILE} does: which one is meant?")
    return bootstrap.read_settings(environ)
