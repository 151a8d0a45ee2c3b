"""Checks of what lies on this machine: config, token files, data folder, people, words."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from string import Formatter

from newsbot import bootstrap, platforms
from newsbot.cli.doctor.room import Finding, Room, aside
from newsbot.core.model import Role
from newsbot.settings import ConfigError

LITTLE, FEW = 1 << 30, 100 << 20
"""Bytes of free disk below which there is a warning, and an error."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO


async def config(room: Room) -> Sequence[Finding]:
    """Which file it is; each platform's section; whether any has a token."""
    found = [room.ok("config.file", file=room.settings.file) if room.settings.file else room.ok("config.none")]
    for name in platforms.PLATFORMS:
        try:
            bootstrap.platform_settings(name, room.settings, room.environ)
        except ConfigError as error:
            found.append(broken(room, error))
    if not room.sections and len(found) == 1:
        found.append(room.bad("config", "config.no_token"))
    return found


def broken(room: Room, error: ConfigError) -> Finding:
    """A configuration that cannot be used."""
    return Finding("config", str(error), room.text("config.broken.fix"))


async def people(room: Room) -> Sequence[Finding]:
    """Whether somebody may release, and somebody may stop."""
    everybody = bootstrap.people(room.settings, room.settings.file or "settings")
    found = []
    for role, key in ((Role.EDITOR, "people.no_editor"), (Role.ON_CALL, "people.no_on_call")):
        able = [one for one in everybody if role in one.roles]
        if not any(platform in room.sections for one in able for platform, _ in one.ids):
            found.append(room.bad("warning", key))
    return found or [room.ok("people", count=len(everybody))]


async def privacy(room: Room) -> Sequence[Finding]:
    """Whether readers are told what is stored."""
    url = room.settings.site.privacy_url
    return [room.ok("privacy", url=url) if url else room.bad("warning", "privacy.none")]


async def topics(room: Room) -> Sequence[Finding]:
    """Whether topics and duties can be read."""
    return [room.ok("topics", count=len(bootstrap.plain(room.settings).topics))]


async def words(room: Room) -> Sequence[Finding]:
    """Whether every sentence is there in every language, with the same fields."""
    catalogs = room.words.catalogs
    # An agency's name has words only where its language has one of its own for it.
    keys = {key for catalog in catalogs.values() for key in catalog if not key.startswith("agency.")}
    missing = [f"{language}: {key}" for language, catalog in catalogs.items() for key in keys - catalog.keys()]
    missing += [key for key in keys if len({fields(catalog.get(key, "")) for catalog in catalogs.values()}) > 1]
    if missing:
        return [room.bad("error", "words.missing", count=len(missing), example=min(missing))]
    return [room.ok("words", count=len(keys), languages=", ".join(catalogs))]


def fields(sentence: str) -> frozenset[str]:
    """The names that are filled in."""
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)


async def token_files(room: Room) -> Sequence[Finding]:
    """Whether a file with a secret can be read, or committed, by others."""
    files = sorted(set(secret_files(room)))
    if room.settings.file and holds_secret(room):
        files.append(Path(room.settings.file))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in files if path.is_file()}
    found = [
        room.bad("warning", "tokens.mode", file=path, mode=f"{mode:04o}")
        for path, mode in modes.items()
        if mode & OTHERS
    ]
    if bare := [str(path) for path in modes if await aside(partial(may_be_committed, path))]:
        found.append(room.bad("warning", "tokens.git", files=", ".join(bare)))
    return found or [room.ok("tokens", count=len(files))]


def secret_files(room: Room) -> Iterator[Path]:
    """Every file a secret is read from."""
    for name in platforms.PLATFORMS:
        raw = room.settings.platforms.get(name, {})
        yield from (Path(value) for key, value in raw.items() if key.endswith("_file") and value)
        for variable in platforms.load(name).VARIABLES:
            if file := room.environ.get(f"{variable}_FILE"):
                yield Path(file)


def holds_secret(room: Room) -> bool:
    """Whether the config itself has a token in it."""
    return any(
        raw.get(key)
        for raw in room.settings.platforms.values()
        for key in ("token", "bot_token", "app_token", "signing_secret", "webhook_secret", "client_secret", "token_key")
    )


def may_be_committed(path: Path) -> bool:
    """Whether the file lies in a git checkout that does not ignore it; False where git cannot say."""
    try:
        asked = subprocess.run(
            ["git", "check-ignore", "-q", "--", path.name], cwd=path.parent, capture_output=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 1


async def folder(room: Room) -> Sequence[Finding]:
    """Whether the data folder takes files, and the disk has room for them."""
    path = room.settings.data.folder
    try:
        free = await aside(lambda: room_in(path))
    except OSError as error:
        return [room.bad("error", "folder.unusable", folder=path, why=error.strerror or error)]
    if free < LITTLE:
        return [room.bad("error" if free < FEW else "warning", "folder.full", folder=path, free=free >> 20)]
    return [room.ok("folder", folder=path, free=f"{free / (1 << 30):.0f}")]


def room_in(path: Path) -> int:
    """Free bytes, after something was written there. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path) as file:
        file.write(b"newsbot")
    return shutil.disk_usage(path).free


async def port(room: Room) -> Sequence[Finding]:
    """Whether `newsbot run` can listen; where it runs already, it does."""
    web = room.settings.web
    if running(room.settings.data.folder):
        return [room.ok("port.running", port=web.port)]
    try:
        socket.create_server((web.host, web.port), reuse_port=False).close()
    except OSError as error:
        return [room.bad("error", "port.taken", port=web.port, host=web.host, why=os.strerror(error.errno or 0))]
    return [room.ok("port", port=web.port)]


def running(folder: Path) -> bool:
    """Whether a `newsbot run` holds this data folder."""
    lock = folder / "run.lock"
    if not lock.is_file():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
