"""A secret kept in a file of its own, named in the config: `[telegram] token_file` and its kin."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

MOST = 4096  # bytes; a token has about a hundred, and a file named by mistake need not be read whole


def from_files(raw: Any, keys: Iterable[str]) -> Any:
    """The section with each secret that is not set read from its `<key>_file`.

    Raises ValueError, one line that names key and file and shows nothing of its content.
    """
    if not isinstance(raw, dict):
        return raw
    found = dict(raw)
    for key in keys:
        file = found.get(f"{key}_file")
        if file and isinstance(file, str) and not found.get(key):
            found[key] = read(f"{key}_file", Path(file))
    return found


def read(key: str, path: Path) -> str:
    """The one line of this file."""
    try:
        with path.open("rb") as file:
            words = file.read(MOST).decode().split()
    except OSError as error:
        raise ValueError(f"{key}: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{key}: {path}: is no text") from None
    if len(words) != 1:
        raise ValueError(f"{key}: {path}: {'holds more than one line or word' if words else 'is empty'}")
    return words[0]
