"""What is written at the end: the config (the sample with the chosen keys switched on) and one file a token."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

Raw = dict[str, Any]
"""A config as TOML reads it: section → keys, or → a list of tables."""

HEADER = re.compile(r"^#?\[\[?([a-z_]+)\]\]?$")
KEY = re.compile(r"^#?([a-z_]+) = ")

# Signs that stand in no TOML string as they are and that JSON leaves alone.
UNFIT = {127: "\\u007f"}


def sample() -> str:
    """The config as it comes with newsbot: every key with its comment, all switched off."""
    return (files("newsbot.cli") / "sample" / "newsbot.toml").read_text("utf-8")


def render(raw: Raw) -> str:
    """The sample with these keys switched on, each under its comment. Blank lines part its sections."""
    return "\n\n".join(part for block in sample().rstrip("\n").split("\n\n") for part in blocks(block, raw)) + "\n"


def blocks(block: str, raw: Raw) -> Iterator[str]:
    """One section of the sample as it is to be; a list of tables once a table, the comments at the first."""
    lines = block.split("\n")
    name = next((found[1] for line in lines if (found := HEADER.match(line))), "")
    value = raw.get(name)
    if not value:
        yield block
    elif isinstance(value, list):
        yield "\n".join(switched(lines, value[0]))
        for table in value[1:]:
            yield "\n".join(line for line in switched(lines, table) if not line.startswith("#"))
    else:
        yield "\n".join(switched(lines, value))


def switched(lines: Iterable[str], table: Mapping[str, Any]) -> Iterator[str]:
    """A section's lines with the keys of this table on."""
    for line in lines:
        key = KEY.match(line)
        if HEADER.match(line):
            yield line.removeprefix("#")
        elif key and key[1] in table:
            yield f"{key[1]} = {toml(table[key[1]])}"
        else:
            yield line


def toml(value: Any) -> str:
    """A value as TOML writes it. JSON's strings, numbers, booleans and lists are TOML's too."""
    return json.dumps(value, ensure_ascii=False).translate(UNFIT)


def write(path: Path, text: str, mode: int) -> None:
    """The whole file or none of it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
