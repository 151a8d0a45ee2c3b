"""A post's front matter as Jekyll completes it: defaults, folders as categories, the forms of categories and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from newsbot.sources.jekyll import defaults, ruby


class Unusable(ValueError):
    """Jekyll gives up on this front matter (and publishes the post without it): why, and the key."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key
        self.why = why


def base(sets: Sequence[defaults.Default], rel: str, folders: Sequence[str]) -> dict[str, Any]:
    """What is known of the post at this path before its own front matter is read."""
    start: dict[str, Any] = {"categories": list(folders)}
    return merged(start, defaults.merged(sets, rel)) if sets else start


def merged(known: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `own` above; categories are added to those known. Raises Unusable for categories of another kind."""
    given = own.get("categories")
    if given is not None:
        many = given.split() if isinstance(given, str) else given
        if not isinstance(many, list):
            raise Unusable("categories", "categories are neither words nor a list")
        own = {**own, "categories": _union(known.get("categories") or [], many)}
    return defaults.merge(known, own)


def complete(values: dict[str, Any], tz: tzinfo) -> None:
    """Bring categories and tags into the lists that templates and addresses see."""
    listed = values.get("categories")
    listed = listed if isinstance(listed, list) else []
    # A category that is no text stands there twice: as it is, and as text. That is Jekyll's doing.
    texts = [ruby.text(item, tz) for item in (*listed, *_pair(values, "category", "categories"))]
    values["categories"] = _union(listed, texts)
    values["tags"] = list(_flat(_pair(values, "tag", "tags")))


def _pair(values: Mapping[str, Any], singular: str, plural: str) -> list[Any]:
    """The singular wins and is never split; a plural text is split at spaces."""
    one = values.get(singular)
    if one is not None and one is not False:
        found = [one]
    else:
        many = values.get(plural)
        found = many.split() if isinstance(many, str) else many if isinstance(many, list) else []
    return [item for item in _flat(found) if item is not None]


def _flat(items: Iterable[Any]) -> Iterable[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _union(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    found: dict[tuple[str, str], Any] = {}
    for item in (*first, *second):
        found.setdefault((type(item).__name__, repr(item)), item)
    return list(found.values())
