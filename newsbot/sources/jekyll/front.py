"""The block between the `---` lines: found as Jekyll finds it, read with the values Ruby makes of YAML.

The grammar is libyaml's here as there. What a plain word means differs between Ruby and Python ("10:30", "1,000",
":name", "on"), so that part is ours.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import yaml

FRONT_LIMIT = 256 * 1024
"""Characters of YAML read at most: front matter is a page of settings, anything larger is a mistake or an attack."""

ALIAS_LIMIT = 16
"""Aliases in one document. Each level of a "billion laughs" needs several; people who write by hand need one or two."""

_Base: Any = getattr(yaml.cyaml, "CParser", yaml.SafeLoader) if yaml.__with_libyaml__ else yaml.SafeLoader
_PLAIN, _QUOTED = "plain", "quoted"
_STR = "tag:yaml.org,2002:str"
_FLOAT = "tag:yaml.org,2002:float"
_BINARY = "tag:yaml.org,2002:binary"


class FrontError(ValueError):
    """The YAML cannot be used: `line` (from 1, counted in the given text) and one line saying why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Stamp:
    """An unquoted YAML time. `local` where it names no offset: Ruby reads it as UTC and shows it in the site's zone."""

    when: datetime
    local: bool = False


class _Reader(_Base):  # type: ignore[misc]  # the C parser where libyaml is there, else the pure one
    """Composes nodes; tells plain words from quoted ones and leaves their meaning open."""

    def __init__(self, text: str) -> None:
        _Base.__init__(self, text)

    def resolve(self, kind: Any, _value: Any, implicit: Any) -> str:
        """The tag of a node that states none."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return "seq" if kind is yaml.SequenceNode else "map"

    def descend_resolver(self, *_: Any) -> None:
        """Part of the parser's protocol: no rule depends on the path."""

    def ascend_resolver(self) -> None:
        """See `descend_resolver`."""


@dataclass(frozen=True, slots=True)
class Split:
    """A post in two parts. `front` is None where there is no front matter; `closed` is False where it never ends."""

    front: str | None
    body: str
    closed: bool = True


_SPACE = r"[ \t\r\n\f\v]"
_BLOCK = re.compile(
    rf"---{_SPACE}*\n(.*?\n?)^(?:---|\.\.\.){_SPACE}*$\n?",
    re.DOTALL | re.MULTILINE,
)
_OPENING = re.compile(rf"---[ \t\r\f\v]*\n{_SPACE}*[\w\"'-][^\n]*:")


def split(text: str) -> Split:
    """The front matter and the body of a post. An unclosed block is no front matter for Jekyll: all is body."""
    if not text.startswith("---"):
        return Split(None, text)
    found = _BLOCK.match(text)
    if found is None:
        return Split(None, text, closed=_OPENING.match(text) is None and text.rstrip() != "---")
    return Split(found[1], text[found.end() :])


def load(text: str) -> Any:
    """The YAML document as Ruby's values (times as `Stamp`); raises FrontError."""
    if len(text) > FRONT_LIMIT:
        raise FrontError(1, f"more than {FRONT_LIMIT // 1024} KiB of front matter")
    try:
        _refuse_bombs(text)
        reader = _Reader(text)
        try:
            # What stands behind the first document counts for nothing.
            node = reader.get_node() if reader.check_node() else None
        finally:
            reader.dispose()
        return None if node is None else _value(node, {}, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FrontError(mark.line + 1 if mark else 1, _one_line(error.problem or error.context)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FrontError(line, f"character U+{_code(error.character):04X} is not allowed") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, FrontError):
            raise
        raise FrontError(1, f"a value that cannot be read ({type(error).__name__})") from None


# --- values ---


def _value(node: Any, known: dict[int, Any], open_: set[int]) -> Any:
    """What Ruby makes of a node. `known` keeps aliases one object; `open_` finds one that contains itself."""
    if id(node) in known:
        return known[id(node)]
    line = node.start_mark.line + 1
    if id(node) in open_:
        raise FrontError(line, "an alias that contains itself")
    if isinstance(node, yaml.ScalarNode):
        found = _scalar(node, line)
    else:
        if node.tag.startswith("!ruby/"):
            raise FrontError(line, f"could not determine a constructor for the tag {node.tag!r}")
        open_.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            found = [_value(item, known, open_) for item in node.value]
        else:
            found = _mapping(node, known, open_)
        open_.discard(id(node))
    known[id(node)] = found
    return found


def _mapping(node: Any, known: dict[int, Any], open_: set[int]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = _value(key_node, known, open_)
        value = _value(value_node, known, open_)
        if key == "<<" and key_node.tag == _PLAIN:
            parts = value[::-1] if isinstance(value, list) else [value]
            if all(isinstance(part, dict) for part in parts):
                for part in parts:
                    found.update(part)
                continue
        found[key if isinstance(key, (str, int, float, bool, date, Stamp)) else str(key)] = value
    return found


def _scalar(node: Any, line: int) -> Any:
    tag, text = node.tag, node.value
    if tag == _PLAIN:
        return word(text, line)
    if tag in (_QUOTED, _STR, "!str", "!") or (node.style in ("'", '"', "|", ">") and not tag.startswith("!ruby/")):
        return text
    if tag.startswith(("!ruby/", "tag:yaml.org,2002:python/", "tag:ruby.yaml.org")):
        raise FrontError(line, f"could not determine a constructor for the tag {tag!r}")
    if tag == _BINARY:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    found = word(text, line)
    return float(found) if tag == _FLOAT and isinstance(found, (int, float)) else found


_NUMBERLIKE = frozenset("0123456789+-.:")
_WORDS = {"~": None, "null": None, "yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_TIME = re.compile(
    r"-?(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]|\s+)(\d{1,2}):(\d\d):(\d\d)(?:\.(\d*))?(?:\s*(Z|[-+]\d{1,2}:?(?:\d\d)?))?",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(1[012]|0\d|\d)-([12]\d|3[01]|0\d|\d)", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?")
_FLOATING = re.compile(r"[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?")
_INTEGER = re.compile(
    r"[-+]?(?:(0b[0-1_,]+)|(0[0-7_,]+)|(0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|(0x[0-9a-fA-F_,]+))",
)


def word(text: str, line: int = 1) -> Any:
    """What Ruby makes of an unquoted word: nil, a truth value, a number, a date, a `Stamp` or the text itself."""
    if not text:
        return None
    if text[0] not in _NUMBERLIKE:
        if len(text) <= 5 and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        return text
    if found := _TIME.fullmatch(text):
        return _stamp(found) or text
    if found := _DATE.fullmatch(text):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return text
    if text.lower() in (".inf", "+.inf", "-.inf", ".nan"):
        return float(text.replace(".", ""))
    if text[0] == ":" and len(text) > 1:
        raise FrontError(line, f"a Ruby symbol ({text[:40]}); quote it")
    return _number(text)


def _number(text: str) -> Any:
    if found := _BASE_60.fullmatch(text):
        parts = [part.replace("_", "") for part in text.split(":")]
        kind = float if found[1] is not None else int
        # Ruby counts from hours down to seconds, so "10:30" is ten hours and a half.
        return sum(kind(part) * 60 ** abs(at - 2) for at, part in enumerate(parts))
    if _FLOATING.fullmatch(text):
        return text if text.strip("+-") == "." else float(text.replace(",", "").replace("_", ""))
    if found := _INTEGER.fullmatch(text):
        bare = text.replace(",", "").replace("_", "")
        base = 2 if found[1] else 8 if found[2] else 16 if found[4] else 10
        digits = bare.lstrip("+-").removeprefix("0b").removeprefix("0x")
        try:
            return int(digits or "0", base) * (-1 if bare.startswith("-") else 1)
        except ValueError:  # more digits than anybody needs
            return text
    return text


def _stamp(found: re.Match[str]) -> Stamp | None:
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    offset = found[8]
    try:
        if not 1 <= day <= 31 or hour > 24 or minute > 59 or second > 60:
            return None
        start = datetime(year, month, 1, tzinfo=_offset(offset) if offset else UTC)
        moment = start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    except (ValueError, OverflowError):
        return None
    return Stamp(moment, local=not offset)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))


def _refuse_bombs(text: str) -> None:
    """Raise FrontError where aliases are many: merging them can grow a small text without bound."""
    if "*" not in text or "&" not in text:
        return
    aliases = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        aliases += isinstance(event, yaml.AliasEvent)
        if aliases > ALIAS_LIMIT:
            mark: Any = event.start_mark
            raise FrontError(mark.line + 1, f"more than {ALIAS_LIMIT} YAML aliases")


def _one_line(text: str | None) -> str:
    return " ".join((text or "not valid YAML").split())


def _code(character: Any) -> int:
    return character if isinstance(character, int) else ord(str(character)[:1] or "\0")
