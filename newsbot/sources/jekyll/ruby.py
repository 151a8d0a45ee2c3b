"""How Ruby writes values as text: what a reader of a Jekyll page sees where front matter gives no text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from newsbot.sources.jekyll.front import Stamp

_PLAIN = re.compile(r"(?:0|[1-9]\d*)")


def shown(value: Any, tz: tzinfo) -> str:
    """As `{{ value }}` in a template: nothing for nil, lists joined."""
    if isinstance(value, list):
        return "".join(shown(item, tz) for item in value)
    return text(value, tz)


def text(value: Any, tz: tzinfo) -> str:
    """Ruby's `to_s`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return inspect(value, tz) if not isinstance(value, (date, Stamp)) else _time(value, tz)


def inspect(value: Any, tz: tzinfo) -> str:
    """Ruby's `inspect`: texts in quotes, lists and mappings with their brackets."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float(value)
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(inspect(item, tz) for item in value)}]"
        case Mapping():
            return f"{{{', '.join(f'{inspect(key, tz)}=>{inspect(item, tz)}' for key, item in value.items())}}}"
        case date() if not isinstance(value, datetime):
            return f"#<Date: {value}>"
        case date() | Stamp():
            return _time(value, tz)
        case _:
            return str(value)


def _time(value: date | datetime | Stamp, tz: tzinfo) -> str:
    if isinstance(value, Stamp):
        value = value.when.astimezone(tz) if value.local else value.when
    if not isinstance(value, datetime):
        return value.isoformat()
    zone = "UTC" if value.tzinfo is UTC else f"{value:%z}"
    return f"{value:%Y-%m-%d %H:%M:%S} {zone}"


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-4 <= abs(value) < 1e16:
        shown_ = repr(value)
        return f"{value:.1f}" if "e" in shown_ and value == int(value) else shown_
    mantissa, exponent = repr(float(f"{value!r}")).split("e") if "e" in repr(value) else f"{value:e}".split("e")
    if "." not in mantissa:
        mantissa += ".0"
    mantissa = mantissa.rstrip("0") if not mantissa.endswith(".0") else mantissa
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}{sign and 'e' + sign}{exponent.lstrip('+-').zfill(2)}"


def _quoted(value: str) -> str:
    quoted = json.dumps(value, ensure_ascii=False).replace("\\u001b", "\\e").replace("\\b", "\\b")
    return quoted.replace("#{", "\\#{").replace("#$", "\\#$").replace("#@", "\\#@")


def number(value: str) -> int:
    """Ruby's `to_i`: the whole number at the start of the text, else 0."""
    found = re.match(r"\s*([+-]?\d[\d_]*)", value)
    return int(found[1].replace("_", "")) if found else 0
