"""What the bot says, by language and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The catalogs, and the language to speak where none is known."""

    catalogs: Mapping[str, Mapping[str, str]]
    default: str

    def say(self, language: str, key: str, **fields: object) -> str:
        """The sentence of that key with its fields filled in; fields are text, never templates."""
        return self.catalog(language)[key].format(**fields)

    def catalog(self, language: str) -> Mapping[str, str]:
        """The catalog of that language, or of the default."""
        return self.catalogs.get(language, self.catalogs[self.default])

    def pick(self, language: str) -> str:
        """That language if we speak it, else the default."""
        return language if language in self.catalogs else self.default
