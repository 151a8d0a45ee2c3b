"""The registry of platforms: a third one costs one package and one line here.

Every package named here exposes `Settings` (its own section of the config; `rate` is messages a second), `VARIABLES`
(conventional environment variable → key of that section), `person_id(value)` (a person's id in the config, checked),
`has_token(settings)`, `build(settings, menu, shelf) -> Platform` (`menu` lists the readers' verbs by language, `shelf` keeps
what the platform wants kept; None where nothing can be) and `dialect() -> Dialect` (needs neither token nor network).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

PLATFORMS: Mapping[str, str] = MappingProxyType(
    {
        "telegram": "newsbot.platforms.telegram",
        "slack": "newsbot.platforms.slack",
    }
)


def load(name: str) -> ModuleType:
    """The package of this platform, imported now: a platform that is off costs no import. Raises KeyError."""
    return import_module(PLATFORMS[name])
