"""The block between the `---` lines: found as Jekyll finds it, read by a YAML reader that only makes plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

FRONT_LIMIT = 256 * 1024
"""Characters of YAML read at most: front matter is a page of settings, anything larger is a mistake or an attack."""

ALIAS_LIMIT = 16
"""Aliases in one document. Each level of a "billion laughs" needs several; people who write by hand need one or two."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_VALUE = "tag:yaml.org,2002:value"  # a lone "=": PyYAML resolves it and then cannot construct it


class FrontError(ValueError):
    """The YAML cannot be used: `line` (from 1, counted in the given text) and one line saying why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


class Stamp(str):
    """An unquoted YAML timestamp, as written. Jekyll reads one without an offset as UTC, a quoted one as local time."""

    __slots__ = ()


class _Loader(_Base):  # type: ignore[misc]  # the C loader where libyaml is there, else the pure one
    yaml_implicit_resolvers = {  # noqa: RUF012  # read by PyYAML as a class attribute
        first: [(tag, pattern) for tag, pattern in pairs if tag != _VALUE]
        for first, pairs in _Base.yaml_implicit_resolvers.items()
    }


def _stamp(loader: Any, node: Any) -> Stamp:
    return Stamp(loader.construct_scalar(node))


_Loader.add_constructor(_TIMESTAMP, _stamp)


@dataclass(frozen=True, slots=True)
class Split:
    """A post in two parts. `front` is None where there is no front matter; `closed` is False where it never ends."""

    front: str | None
    body: str
    closed: bool = True


_CLOSE = re.compile(r"^(?:---|\.\.\.)[^\S\n]*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")


def split(text: str) -> Split:
    """The front matter and the body of a post (newlines already `\\n`); blank lines before the body are dropped."""
    first, newline, rest = text.partition("\n")
    if first.rstrip() != "---":
        return Split(None, text)
    found = _CLOSE.search(rest) if newline else None
    if found is None:
        return Split(rest, "", closed=False)
    body = rest[found.end() :].removeprefix("\n")
    start = _BLANK_LINES.match(body)
    return Split(rest[: found.start()], body[start.end() if start else 0 :])


def load(text: str) -> Any:
    """The YAML document as plain values (timestamps as `Stamp`); raises FrontError."""
    if len(text) > FRONT_LIMIT:
        raise FrontError(1, f"more than {FRONT_LIMIT // 1024} KiB of front matter")
    try:
        _refuse_bombs(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader: see _Base
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FrontError(mark.line + 1 if mark else 1, _one_line(error.problem or error.context)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FrontError(line, f"character U+{_code(error.character):04X} is not allowed") from None
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        # PyYAML's constructors let these escape on tagged values that do not fit their tag (`!!bool maybe`).
        if isinstance(error, FrontError):
            raise
        raise FrontError(1, f"a value that cannot be read ({type(error).__name__})") from None


def _refuse_bombs(text: str) -> None:
    """Raise FrontError where aliases are many: merging them can grow a small text without bound."""
    if "*" not in text or "&" not in text:
        return
    aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        aliases += isinstance(event, yaml.AliasEvent)
        if aliases > ALIAS_LIMIT:
            mark: Any = event.start_mark
            raise FrontError(mark.line + 1, f"more than {ALIAS_LIMIT} YAML aliases")


def _one_line(text: str | None) -> str:
    return " ".join((text or "not valid YAML").split())


def _code(character: Any) -> int:
    return character if isinstance(character, int) else ord(str(character)[:1] or "\0")
