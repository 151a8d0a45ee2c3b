"""Everybody's choices as columns, what stands beside them, and what waits for digests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from newsbot.core.audience import Standing
from newsbot.core.columns import Columns


class Audiences(Protocol):
    """Per bot. Bitmaps are ints as `core.columns` has them; moments are unix seconds."""

    async def columns(self, bot: str) -> Columns:
        """Everybody's choices as they are now."""
        ...

    async def standing(self, bot: str, size: int, words: Collection[str], line: Collection[str], at: float) -> Standing:
        """What stands beside the choices for one story that says these words and continues these stories (`line`)."""
        ...

    async def turn(self, bot: str, days: Mapping[str, str], home: str) -> None:
        """Nobody had an alert yet on a new day: zone → its date. `home` is the zone of everybody who named none."""
        ...

    async def declined(self, bot: str, size: int, words: Collection[str], line: Collection[str]) -> int:
        """Who does not want a story that says one of these words, or muted it or what it continues (`line`)."""
        ...

    async def mutes(self, bot: str) -> Mapping[int, float]:
        """Index → until when it is muted."""
        ...

    async def starts(self, bot: str) -> Mapping[int, float]:
        """Index → since when what waited belongs to its next digest, where that is not its previous occasion; 0: since the last
        digest that reached it."""
        ...

    async def now(self, bot: str) -> float:
        """The time by the one clock that judges quiet hours and digests of this bot."""
        ...

    async def shut(self, bot: str, digest: str, after: float, until: float) -> tuple[str, float] | None:
        """Begin to make a digest for (after, until]: what is judged from now on belongs to a later one. What `keep_digest` is
        to be told, and after when it is for, which is later where another digest is for the beginning of that time; None
        where that leaves nothing."""
        ...

    async def waits(self, bot: str, since: float, size: int) -> Sequence[tuple[str, float, Mapping[str, int]]]:
        """(push, when it was judged, who waits for it by reason) of every push that somebody waits for since then and that
        nobody stopped."""
        ...

    async def keep_digest(
        self,
        bot: str,
        digest: str,
        made: str,
        maps: Mapping[str, int],
        size: int,
        mutes: Mapping[int, float],
        starts: Mapping[int, float],
    ) -> Columns | None:
        """Write down what this digest holds for whom, unless that stands there already; what stands there, less those who
        changed their choices since `shut` (`made`). With it these mutes are over and these beginnings used up; what waits
        after a mute's end belongs to the digest after this. None where that is to be done again, `shut` first."""
        ...

    async def digest(self, bot: str, digest: str, size: int = 0) -> Columns | None:
        """What this digest holds for whom, as it was written down, in at least so many bytes; None where it was not, or is
        forgotten."""
        ...

    async def made(self, bot: str) -> Sequence[tuple[str, float]]:
        """(digest, after when it is for) of every digest of the last days, the latest first."""
        ...

    async def hush(self, bot: str, story: str, index: int, *, on: bool = True) -> None:
        """This subscriber hears no more (or again) of what continues this story."""
        ...

    async def digested(self) -> float | None:
        """Up to when digests are made."""
        ...

    async def tick(self, until: float, after: float | None) -> None:
        """Digests are made up to `until`, if they are made up to `after` now."""
        ...
