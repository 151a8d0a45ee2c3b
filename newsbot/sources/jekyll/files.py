"""Which files of a folder are posts, and their bytes. Nothing here writes, blocks on a pipe or leaves the folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

FILE_LIMIT = 4 * 1024 * 1024
"""Bytes of one file. Articles are kilobytes; some editors paste pictures into them as text."""

CONFIG_NAMES = ("_config.yml", "_config.yaml")
HTML = frozenset(("html", "htm", "xhtml"))
POSTS, DRAFTS = "_posts", "_drafts"
DATED = re.compile(r"(\d{2,4}-\d{1,2}-\d{1,2})-([^/]*)\.([^./]+)", re.ASCII)
_SPECIAL = (".", "_", "#", "~")


class Unreadable(Exception):
    """This file's bytes cannot be had: one line that says why, without the file's name."""


class Signature(NamedTuple):
    """What changes when a file changes: two equal ones a moment apart mean nobody is writing."""

    inode: int
    size: int
    mtime: int  # ns
    ctime: int  # ns


def signature(path: Path | str) -> Signature | None:
    """The file's signature (of what a link points to), or None where nothing is there."""
    try:
        found = os.stat(path)  # noqa: PTH116  # called thousands of times a scan
    except OSError:
        return None
    return Signature(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def read_bytes(path: Path, root: Path) -> bytes:
    """The file's bytes; raises Unreadable for what is no file, too large, not permitted, or a link out of `root`.

    `root` is resolved already: this runs once a post.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise Unreadable("a link out of the site's folder")
        # O_NONBLOCK: opening a pipe must return, not wait for somebody to write into it.
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (OSError, RuntimeError) as error:
        raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    with open(handle, "rb") as file:  # noqa: PTH123  # an open descriptor has no path
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("not a regular file")
        data = b"" if found.st_size > FILE_LIMIT else file.read(FILE_LIMIT + 1)
    if found.st_size > FILE_LIMIT or len(data) > FILE_LIMIT:
        raise Unreadable(f"larger than {FILE_LIMIT // 1024 // 1024} MiB")
    return data


class Layout:
    """Where posts may lie in one site folder. `bare`: the folder itself is the posts (see `is_bare`)."""

    def __init__(self, markdown: frozenset[str], excluded: Sequence[str] = (), *, bare: bool = False) -> None:
        self._extensions = markdown | HTML
        self._excluded = tuple(item.strip("/") for item in excluded if item.strip("/"))
        self.bare = bare

    def is_post(self, rel: str) -> bool:
        """Whether the file at this site-relative path is one that Jekyll reads as a post or a draft."""
        parts = rel.split("/")
        place = next((at for at, part in enumerate(parts) if part in (POSTS, DRAFTS)), None)
        if place is None:
            return self.bare and len(parts) == 1 and self._dated(rel)
        above, inside = parts[:place], parts[place + 1 :]
        if not inside or not self._reachable(above) or any(part.startswith(".") for part in inside):
            return False
        # Jekyll looks at the first folder's and the file's own name here, not at those between.
        if inside[0].startswith(_SPECIAL) or inside[-1].startswith(_SPECIAL) or inside[-1].endswith("~"):
            return False
        return self._dated(inside[-1]) if parts[place] == POSTS else self._known(inside[-1])

    def find(self, root: Path, start: str = "") -> Iterator[str]:
        """The site-relative paths of all posts and drafts under `start`; links to folders are not followed."""
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
            except OSError:
                if folder == start == "":
                    raise
                continue
            for entry in entries:
                rel = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if self._enter(rel):
                        waiting.append(rel)
                elif self.is_post(rel) and not (root / rel).is_dir():  # a link to a folder; a loop is none
                    yield rel

    def may_hold(self, folder: str) -> bool:
        """Whether posts may lie in or under this site-relative folder."""
        return self._enter(folder)

    def _enter(self, rel: str) -> bool:
        parts = rel.split("/")
        if POSTS in parts or DRAFTS in parts:
            return not parts[-1].startswith(".")
        return self._reachable(parts)

    def _reachable(self, folders: Sequence[str]) -> bool:
        rel = "/".join(folders)
        return not any(part.startswith(_SPECIAL) or part.endswith("~") for part in folders) and not any(
            rel == item or rel.startswith(f"{item}/") or fnmatchcase(rel, item) for item in self._excluded
        )

    def _dated(self, name: str) -> bool:
        match = DATED.fullmatch(name)
        return match is not None and match[3].lower() in self._extensions

    def _known(self, name: str) -> bool:
        stem, dot, extension = name.rpartition(".")
        return bool(stem and dot) and extension.lower() in self._extensions


def may_concern(rel: str) -> bool:
    """Whether a change at this path can matter at all: False below folders that Jekyll never looks into."""
    for part in rel.split("/"):
        if part in (POSTS, DRAFTS, *CONFIG_NAMES):
            return True
        if part.startswith(_SPECIAL):
            return False
    return True


def is_bare(root: Path) -> bool:
    """Whether this folder is itself a folder of posts: no config, and no `_posts` or `_drafts` anywhere in it."""
    if any((root / name).exists() for name in CONFIG_NAMES):
        return False
    return not any({POSTS, DRAFTS} & set(folders) for _, folders, _ in os.walk(root))
