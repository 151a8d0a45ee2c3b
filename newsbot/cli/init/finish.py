"""After the last question: files are written, the chat subscribed, one test alert sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from newsbot import bootstrap
from newsbot.cli.common import Quit, opened
from newsbot.cli.doctor.here import may_be_committed
from newsbot.cli.init import chat, write
from newsbot.cli.init.chat import Found
from newsbot.cli.init.questions import Draft
from newsbot.cli.init.talk import Talk
from newsbot.cli.init.tokens import FILES, Tokens
from newsbot.core.model import Sent, Subscriber
from newsbot.procs import runtime
from newsbot.settings import Settings

OPEN, OWN = 0o644, 0o600
"""Modes of the config and of a token file, before the umask."""


def consent(talk: Talk, path: Path, draft: Draft) -> bool:
    """Whether it may be written; the last question. Asked twice where a file of somebody's own would change."""
    own = path.is_file() and path.read_text("utf-8-sig") not in (write.sample(), write.render(draft.raw))
    return talk.agrees("write.over", path=path, backup=backup(path)) if own else talk.agrees("write", path=path)


def backup(path: Path) -> Path:
    """Where the config that was there goes."""
    return path.with_name(f"{path.name}.bak")


def save(talk: Talk, path: Path, draft: Draft, tokens: Tokens) -> None:
    """Token files first, then the config that names them. Raises Quit where the disk refuses."""
    came: list[int] = []
    written = [path.parent / FILES[variable] for variable in tokens.typed]
    try:
        with runtime.held_back(came):
            for variable, secret in tokens.typed.items():
                write.write(path.parent / FILES[variable], secret + "\n", OWN)
            if path.is_file() and (before := path.read_text("utf-8")) not in (write.sample(), write.render(draft.raw)):
                write.write(backup(path), before, OWN)
            mode = path.stat().st_mode & 0o777 if path.is_file() else OPEN
            write.write(path, write.render(draft.raw), mode)
    except OSError as error:
        raise Quit(f"{error.filename or path}: {error.strerror}") from None
    talk.say("written", path=path)
    for file in written:
        talk.say("written.token", path=file)
    if bare := [str(file) for file in written if may_be_committed(file)]:
        talk.say("written.git", paths=", ".join(bare))


def connect(talk: Talk, found: Sequence[Found]) -> None:
    """The found chats get every alert from now on, and one test alert. Raises Quit where that failed."""
    if not found:
        return
    settings = bootstrap.read_settings(os.environ)  # as every later command will read it
    asyncio.run(subscribe(talk, settings, found))
    plain = bootstrap.plain(settings)
    tokens = Tokens(settings, dict(os.environ))
    outcomes = [asyncio.run(sent(talk, tokens, plain, one)) for one in found]
    if not all(outcomes):
        raise Quit(talk.text("test.doctor"))


async def sent(talk: Talk, tokens: Tokens, plain: bootstrap.Plain, found: Found) -> bool:
    """Whether the test alert arrived."""
    try:
        return isinstance(await chat.send_test(plain, tokens, found, talk), Sent)
    except (ConnectionError, OSError) as error:
        talk.say("test.failed", address=found.address, why=error)
        return False


async def subscribe(talk: Talk, settings: Settings, found: Sequence[Found]) -> None:
    """All topics for each of them; a chat that chose already keeps its choice."""
    async with opened(settings) as kit:
        for one in found:
            before = await kit.subscribers.get(one.address)
            if before is None or before.state != "active":
                await kit.subscribers.put(Subscriber(one.address, language=settings.site.language))
            talk.say("subscribed", address=one.address)
