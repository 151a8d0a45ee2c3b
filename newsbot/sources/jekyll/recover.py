"""What can still be read where front matter is no YAML: the plain keys, each by itself, the title literally.

Newsrooms write `title: [이름] 제목`, `title: 속보: 제목` or an unpaired quote. Jekyll logs an error and publishes the
post without its front matter; the words that stand there are nevertheless what the newsroom means.
"""

from __future__ import annotations

import re
from typing import Any

from newsbot.sources.jekyll import front

LITERAL = ("title",)
KEYS = (
    *("title", "subtitle", "category", "categories", "tag", "tags", "excerpt", "description", "image", "alt"),
    *("date", "published", "urgency", "source", "source_url", "license", "licence", "kogl", "attribution"),
    *("ai", "advertising", "sponsored"),
)
_KEY = re.compile(r"^[\"']?([A-Za-z_][\w-]*)[\"']?[ \t]*:(?=[ \t\n]|$)(.*)$", re.MULTILINE)
_LIMIT = 400


def recover(text: str) -> dict[str, Any]:
    """The keys of this front matter that can be read alone; the title as written where YAML has another mind."""
    found: dict[str, Any] = {}
    matches = list(_KEY.finditer(text))
    for at, match in enumerate(matches):
        key = match[1]
        if key not in KEYS:
            continue
        end = matches[at + 1].start() if at + 1 < len(matches) else len(text)
        value = _alone(key, text[match.start() : end])
        if value is None and key in LITERAL:
            value = literal(match[2])
        if value is not None:
            found[key] = value
    return found


def _alone(key: str, part: str) -> Any:
    try:
        values = front.load(part)
    except front.FrontError:
        return None
    value = values.get(key) if isinstance(values, dict) else None
    if key in LITERAL and not isinstance(value, (str, int, float)):
        return None
    return value


def literal(written: str) -> str | None:
    """A value as a person reads the line: without the quotes around it where they are a pair; None where it is empty."""
    value = written.strip()
    quote = value[:1]
    if len(value) > 1 and quote in "\"'" and value.endswith(quote) and value[1:-1].count(quote) % 2 == 1:
        value = value[1:-1].strip()
    if len(value) > 1 and quote in "\"'" and value.endswith(quote) and quote not in value[1:-1]:
        value = value[1:-1].strip()
    return value[:_LIMIT] or None
