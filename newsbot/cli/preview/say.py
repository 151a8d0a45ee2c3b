"""The words of the screen: Korean where the terminal speaks it, else English."""

from __future__ import annotations

from dataclasses import dataclass

from newsbot.flows.words import Words


@dataclass(frozen=True)
class Say:
    """The screen's catalog. Call it with a key and its fields."""

    words: Words
    language: str

    def __call__(self, key: str, **fields: object) -> str:
        return self.words.say(self.language, key, **fields)

    def reason(self, reason: str) -> str:
        """Why something is held or left out, in words; a reason without words of its own stands as it is."""
        catalog = self.words.catalog(self.language)
        return next((catalog[key] for start in _REASONS if (key := f"{start}.{reason}") in catalog), reason)

    def share(self, part: int, whole: int) -> str:
        """How much that is, in per cent; what is not nothing is never called 0 %, what is not all never 100 %."""
        if not whole:
            return self("preview.percent", number=0)
        if 0 < part * 100 < whole:
            return self("preview.percent", number="<1")
        percent = min(round(part * 100 / whole), 99 if part < whole else 100)
        return self("preview.percent", number=percent)


_REASONS = ("preview.reason", "held", "unfit")
