"""Deliveries after their hot days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Archive(Protocol):
    """Every push stays whole for as long as it is kept: first hot in the ledger, then as one compressed record."""

    async def pushes(self, bot: str) -> Sequence[str]:
        """Ids of every push that is kept, newest first."""
        ...

    async def due(self, bot: str, before: float, most: int) -> Sequence[str]:
        """Hot pushes, oldest first, that are over and were planned and last used before that moment (unix seconds)."""
        ...

    async def fold(self, bot: str, push: str) -> bool:
        """Compress one; False where it cannot be now, or changed meanwhile. Killed in the middle it leaves all as it was."""
        ...

    async def hot(self, bot: str, push: str) -> bool:
        """Have it readable in the ledger, unfolded where need be, and not folded again for the next days. False where
        nothing of it is kept (any more)."""
        ...

    async def clear(self, bot: str, push: str, indexes: Sequence[int]) -> int:
        """Zeros in place of the message references of these chats; how many of them belong to its audience."""
        ...
