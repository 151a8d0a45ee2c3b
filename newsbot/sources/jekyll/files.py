"""Which files of a folder are posts, and their bytes. Nothing here writes, blocks on a pipe or leaves the folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from fnmatch import translate
from pathlib import Path
from typing import NamedTuple

FILE_LIMIT = 4 * 1024 * 1024
"""Bytes of one file. Articles are kilobytes; some editors paste pictures into them as text."""

CONFIG_NAMES = ("_config.yml", "_config.yaml", "_config.toml")
POSTS, DRAFTS = "_posts", "_drafts"
DATED = re.compile(r"(\d{2,4}-\d{1,2}-\d{1,2})-([^/]*)\.([^./]+)", re.ASCII)
_SPECIAL = (".", "_", "#", "~")
_BESIDE = """
png jpg jpeg gif webp avif heic bmp tif tiff ico pdf zip gz hwp hwpx doc docx xls xlsx ppt pptx mp3 mp4 m4a m4v mov avi
webm wav ogg woff woff2 ttf otf tmp swp swx part crdownload
"""
_OTHERS = frozenset(_BESIDE.split())
"""Endings of what lies beside posts: not text (Jekyll skips what is not), or a file that is still on its way."""


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


def read_bytes(path: Path | str, root: Path | str) -> bytes:
    """The file's bytes; raises Unreadable for what is no file, too large, not permitted, or a link out of `root`.

    `root` is resolved already: this runs once a post.
    """
    try:
        real = os.path.realpath(path, strict=True)  # a Path would cost more than the reading
        if not real.startswith(f"{str(root).rstrip('/')}/"):
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

    def __init__(
        self,
        excluded: Sequence[str] = (),
        included: Sequence[str] = (),
        *,
        collections_dir: str = "",
        bare: bool = False,
    ) -> None:
        self._included = _Patterns(included)
        self._excluded = _Patterns([item for item in excluded if item not in included])
        self._collections_dir = collections_dir
        self.bare = bare

    def is_post(self, rel: str) -> bool:
        """Whether the file at this site-relative path is one that Jekyll reads as a post or a draft."""
        parts = rel.split("/")
        place = _place(parts)
        if place is None:
            return self.bare and len(parts) == 1 and _is_dated(rel)
        above, inside = parts[:place], parts[place + 1 :]
        if not inside or not self._reachable(above) or any(part.startswith(".") for part in inside):
            return False
        entry, name = "/".join(inside), inside[-1]
        if name.endswith(".") or not (_is_dated(name) if parts[place] == POSTS else _is_named(name)):
            return False
        if self._included.match(entry) or self._included.match(name):
            return True
        # Jekyll looks at the first folder's and the file's own name here, not at those between.
        special = entry.startswith(_SPECIAL) or name.startswith(_SPECIAL) or name.endswith("~")
        return not special and not self._excluded.match(rel)

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
                elif self.is_post(rel) and not (entry.is_symlink() and (root / rel).is_dir()):
                    yield rel

    def may_hold(self, folder: str) -> bool:
        """Whether posts may lie in or under this site-relative folder."""
        return self._enter(folder)

    def _enter(self, rel: str) -> bool:
        parts = rel.split("/")
        place = _place(parts)
        if place is not None:
            return not parts[-1].startswith(".") and self._reachable(parts[:place])
        return self._open(parts)

    def _reachable(self, folders: Sequence[str]) -> bool:
        """Whether Jekyll looks for posts in this folder: it gets there, and it is where collections are kept."""
        if self._collections_dir and not "/".join(folders).startswith(self._collections_dir):
            return False
        return self._open(folders)

    def _open(self, folders: Sequence[str]) -> bool:
        for at, name in enumerate(folders):
            if name.endswith("."):
                return False
            if self._included.match(name):
                continue
            if name.startswith(_SPECIAL) or name.endswith("~"):
                return False
            if self._excluded.match("/".join(folders[: at + 1]), folder=True):
                return False
        return True


class _Patterns:
    """Jekyll's `exclude` and `include`: a pattern, or the beginning of a path."""

    def __init__(self, patterns: Sequence[str]) -> None:
        cleaned = [item.lstrip("/") for item in patterns]
        self._starts = tuple(item for item in cleaned if item)
        globs = [translate(item.replace("[^", "[!")) for item in cleaned if set(item) & set("*?[")]
        self._globs = re.compile("|".join(globs)) if globs else None

    def match(self, rel: str, *, folder: bool = False) -> bool:
        """Whether this site-relative path is meant."""
        if not self._starts:
            return False
        if rel.startswith(self._starts) or (folder and f"{rel}/" in self._starts):
            return True
        return self._globs is not None and self._globs.match(rel) is not None


def _place(parts: Sequence[str]) -> int | None:
    """Where in a path the folder of posts or drafts is."""
    return next((at for at, part in enumerate(parts) if part in (POSTS, DRAFTS)), None)


def _is_dated(name: str) -> bool:
    match = DATED.fullmatch(name)
    return match is not None and match[3].lower() not in _OTHERS


def _is_named(name: str) -> bool:
    _, dot, extension = name.rpartition(".")
    return bool(dot and extension) and extension.lower() not in _OTHERS


def may_concern(rel: str) -> bool:
    """Whether a change at this path can matter at all: False below folders that Jekyll never looks into."""
    for part in rel.split("/"):
        if part in (POSTS, DRAFTS, *CONFIG_NAMES):
            return True
        if part.startswith((".", "#", "~")) or part in ("_site", "node_modules"):
            return False
    return True


def is_bare(root: Path) -> bool:
    """Whether this folder is itself a folder of posts: no config, and no `_posts` or `_drafts` anywhere in it."""
    if any((root / name).exists() for name in CONFIG_NAMES):
        return False
    return not any({POSTS, DRAFTS} & set(folders) for _, folders, _ in os.walk(root))
