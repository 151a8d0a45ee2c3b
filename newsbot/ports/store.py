"""What is remembered of articles, stories, subscribers and deeds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from newsbot.core.model import Address, Article, Known, Story, Subscriber
from newsbot.core.quarantine import Quarantined

Clock = Callable[[], datetime]
"""The time now, aware, UTC."""


class StoreDown(Exception):
    """Redis cannot be reached, or refuses to write. Nothing was begun."""


class Stories(Protocol):
    """Articles and stories: what is known, what was accepted, what waits for a person."""

    async def known(self, articles: Sequence[Article]) -> Sequence[Known | None]:
        """Per article what is known of it, or None where none of its names was ever seen."""
        ...

    async def note(self, articles: Sequence[Article]) -> int:
        """Remember articles without telling anybody (baseline, ignored, revised); how many were new."""
        ...

    async def record(self, article: Article) -> Article | None:
        """What was last written down of this article, by any of its names."""
        ...

    async def same_words(self, article: Article) -> Article | None:
        """The first article of the same source that said exactly this, under whatever name and date."""
        ...

    async def accept(
        self,
        article: Article,
        story: Story,
        bots: Sequence[str],
        gate: float | None = None,
        links: float | None = None,
    ) -> tuple[bool, str]:
        """Article, story and one todo row per bot in one step. (False, its story id) where it was accepted before."""
        ...

    async def ask(self, story: Story) -> bool:
        """A held story that belongs to no article of its own; False where its id is taken."""
        ...

    async def advance(
        self,
        before: Story,
        after: Story,
        rows: Sequence[str] = (),
        *,
        gate: float | None = None,
        links: float | None = None,
    ) -> bool:
        """One step of a story: `after` in place of `before`; False where it is another one by now.

        `rows` are the bots to plan for. `gate` and `links`: until when it is in `waiting` and `linkless`; 0 takes it out.
        """
        ...

    async def waiting(self) -> Sequence[tuple[str, float]]:
        """(story id, until when) of what waits for its page before it goes out."""
        ...

    async def linkless(self) -> Sequence[tuple[str, float]]:
        """(story id, until when) of what went out and gets its link by edit once its page answers."""
        ...

    async def todo(self) -> Sequence[tuple[str, str]]:
        """(push, bot) rows whose plan has not been made yet; a push is a story id, or "<id>@<revision>" for an edit."""
        ...

    async def done(self, push: str, bot: str) -> None:
        """The plan of that row is made."""
        ...

    async def get(self, story: str) -> Story | None:
        """The story of that id, in any letter case."""
        ...

    async def article(self, key: str) -> Article | None:
        """The article known by this id, path or address."""
        ...

    async def recent(self, limit: int, *, held: bool = False) -> Sequence[Story]:
        """Newest first; `held` only those that wait for a person."""
        ...

    async def since(self, moment: float) -> Sequence[Story]:
        """Everything accepted after that moment (unix seconds), newest first."""
        ...

    async def story_of(self, article: Article) -> str:
        """The id of this article's story, or "" where it has none."""
        ...

    async def held(self) -> int:
        """How many stories wait for a person."""
        ...

    async def source(self, name: str) -> Mapping[str, Any] | None:
        """What was last written about this source, or None where it was never scanned."""
        ...

    async def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """Every source that was ever watched, by name."""
        ...

    async def note_source(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write down how this source is."""
        ...


class Subscribers(Protocol):
    """Who gets what. All methods take canonical addresses."""

    async def put(self, subscriber: Subscriber, starts: float | None = None) -> Subscriber:
        """Add or replace; what is stored, with its index. `starts`: since when (unix seconds) what waited belongs to its next
        digest, where that is not its previous occasion; 0: since the last digest that reached it."""
        ...

    async def get(self, address: Address) -> Subscriber | None:
        """The subscriber at this address in any state, or None."""
        ...

    async def set_state(self, address: Address, state: str, was: str = "") -> bool:
        """Stop, quarantine or reactivate, with all that follows; `was`: only from that state. False where nobody is stored,
        or in another state. Who stopped stays stopped when it is to be quarantined."""
        ...

    async def address(self, bot: str, index: int) -> Address | None:
        """The chat that has this index, or None."""
        ...

    async def move(self, old: Address, new: Address) -> None:
        """The chat has a new address; its index and choices stay. Where that one is subscribed itself, the old one stops."""
        ...

    async def probes(self, platform: str, most: int) -> Sequence[Quarantined]:
        """Quarantined chats that are to be looked at now, longest overdue first."""
        ...

    async def looked(self, address: Address, tries: int, due: float) -> bool:
        """It stays quarantined after so many looks without success, and is looked at again then (unix seconds). False where
        it is not quarantined any more."""
        ...

    async def gone(self, platform: str, before: float, most: int) -> Sequence[tuple[int, Address | None]]:
        """(index, address) of chats that stopped before that moment (unix seconds), longest ago first; the address is None
        where the chat is erased already and only the references of its messages are left to be cleared."""
        ...

    async def erase(self, address: Address, was: str = "") -> bool:
        """Forget which chat this was, at once; `was`: only in that state. Its index is never given again. False where
        nobody is stored, or in another state."""
        ...

    async def cleared(self, platform: str, indexes: Sequence[int]) -> None:
        """No reference of these erased chats' messages is left."""
        ...

    def all(self) -> AsyncIterator[Subscriber]:
        """Everybody, platform by platform, by index."""
        ...

    async def under(self, address: Address) -> Sequence[Subscriber]:
        """Everybody at this address and in its threads, in any state."""
        ...

    async def count(self, platform: str) -> int:
        """How many are active."""
        ...


class Audit(Protocol):
    """The record of deeds, taken updates and approvals."""

    async def record(self, who: str, deed: str, target: str, detail: str = "") -> None:
        """One entry, before the deed; raises StoreDown, and then nothing may be done."""
        ...

    async def take_event(self, bot: str, event: str) -> bool:
        """True the first time this update is seen."""
        ...

    async def tries(self, bot: str, user: str, seconds: int = 60) -> int:
        """How often this person tried, with less than so many seconds in between, this time included."""
        ...

    async def times(self, bot: str, user: str, seconds: int = 60) -> int:
        """How often this person spoke, this time included, since the first time of at most so many seconds ago."""
        ...

    async def offer(self, nonce: str, what: Mapping[str, Any]) -> None:
        """Remember what a Send button stands for."""
        ...

    async def see(self, nonce: str) -> Mapping[str, Any] | None:
        """What that button stands for, without using it up."""
        ...

    async def take(self, nonce: str) -> Mapping[str, Any] | None:
        """What that button stands for, once; None when used or expired."""
        ...
