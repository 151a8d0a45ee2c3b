"""Front matter that a site's config states for many posts at once (`defaults:`), and how it is merged."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Default:
    """One set: its values, and the paths (site-relative beginnings) and type it is for; `globbed` were patterns."""

    values: Mapping[str, Any]
    path: str = ""
    type: str | None = None
    starts: tuple[str, ...] | None = None
    scoped: bool = True

    def applies(self, rel: str) -> bool:
        """Whether the post at this path is meant."""
        if self.type not in (None, "posts"):
            return False
        return self.starts is None or rel.startswith(self.starts)


def read(value: object, root: Path, collections_dir: str) -> tuple[Default, ...]:
    """The usable sets of a config's `defaults`. Patterns are looked up in the site's folder, as Jekyll does."""
    if not isinstance(value, list):
        return ()
    found = []
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("values"), dict):
            continue
        scope = item.get("scope")
        scope = scope if isinstance(scope, dict) else {}
        path, kind = scope.get("path"), scope.get("type")
        text = path if isinstance(path, str) else ""
        starts = _starts(text, root, collections_dir) if text else None
        type_ = {"post": "posts"}.get(str(kind), str(kind)) if "type" in scope else None
        found.append(Default(item["values"], text.removeprefix("/"), type_, starts, scoped="scope" in item))
    return tuple(found)


def _starts(path: str, root: Path, collections_dir: str) -> tuple[str, ...]:
    if "*" not in path:
        return (_inside(path, collections_dir),)
    paths: list[str] = []
    for pattern in _braced(path):
        found = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207  # relative to a folder
        paths += [_inside(path.rstrip("/"), collections_dir) for path in found if ".." not in path.split("/")]
    return tuple(paths)


def _braced(pattern: str) -> list[str]:
    found = _BRACES.search(pattern)
    if not found:
        return [pattern.lstrip("/")]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [each for part in found[1].split(",") for each in _braced(f"{before}{part}{after}")][:64]


def _inside(path: str, collections_dir: str) -> str:
    return path.removeprefix(f"{collections_dir}/") if collections_dir else path


def merged(sets: Sequence[Default], rel: str) -> dict[str, Any]:
    """What the sets say of the post at this path: the longest scope wins, then one with a type, then the last."""
    values: dict[str, Any] = {}
    leading: Default | None = None
    for one in sets:
        if not one.applies(rel):
            continue
        if leading is None or not leading.scoped or _stands_above(leading, one):
            values = merge(values, one.values)
            leading = one
        else:
            values = merge(one.values, values)
    return values


def _stands_above(old: Default, new: Default) -> bool:
    if len(new.path) != len(old.path):
        return len(new.path) > len(old.path)
    return new.type is not None or old.type is None


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings as one: an empty value replaces nothing, mappings within are merged alike."""
    found = dict(under)
    for key, value in over.items():
        if key not in found:
            found[key] = value
        elif value is not None:
            old = found[key]
            found[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found
