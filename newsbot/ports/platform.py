"""What a platform is: its pure half, its live half, and the door its updates go through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from newsbot.core.model import Address, Inbound, Later, Message, Outcome, Rendered, Reply, Sent

Menu = Mapping[str, Sequence[tuple[str, str]]]
"""Language → (verb, what it does) of what readers may say."""

Door = Callable[[Inbound], Awaitable[Sequence[Reply]]]
"""The one door every update goes through; what comes back is said in the same chat, in order."""


class Dialect(Protocol):
    """The pure half of a platform: how an alert is drawn and how a place is written. Needs no token and no network."""

    name: str
    ref_bytes: int
    """Width of a message reference in the ledger: 4 (Telegram) or 8 (Slack)."""
    reads_back: bool
    """Whether the platform lets a bot read what it wrote, so that a doubt can be looked up."""

    def render(self, message: Message) -> Rendered:
        """The request that sends this message; lacks only the chat."""
        ...

    def parse(self, address: Address) -> Address:
        """The address in its one canonical form; raises ValueError with one line naming what is wrong."""
        ...

    def show_ref(self, ref: int) -> str:
        """The message reference as the platform writes it."""
        ...

    def is_private(self, address: Address) -> bool:
        """Whether nobody but one person sees what is sent there."""
        ...


class Shelf(Protocol):
    """What one platform keeps for itself: small values by name, as it gave them. A secret is encrypted before it comes here.
    Every method raises StoreDown."""

    async def put(self, name: str, value: bytes) -> None:
        """Keep this under that name, in place of what was there."""
        ...

    async def get(self, name: str) -> bytes | None:
        """What is kept under this name."""
        ...

    async def drop(self, name: str) -> None:
        """Forget it."""
        ...

    async def names(self) -> Sequence[str]:
        """Every name, sorted."""
        ...

    async def first(self, name: str, seconds: int) -> bool:
        """Whether nobody asked this of that name within so many seconds before."""
        ...


class Platform(Protocol):
    """The live half: a token, a client, a door. Outcomes are returned, never raised, for anything a platform answers."""

    name: str
    reads_back: bool
    """Whether `find` can tell: the platform lets a bot read what it wrote."""

    async def start(self) -> str:
        """Check the token; the bot's own identity. Raises TokenRefused, or ConnectionError when nobody answers."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        """Exactly one request; never retried inside. `answers`: the message there that this one is a reply to; where it
        is gone the new one is posted all the same."""
        ...

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        """Replace an earlier message; "not modified" is Sent, "not found" is Gone."""
        ...

    async def delete(self, to: Address, ref: int) -> Outcome:
        """Take an earlier message away; "already gone" is Sent."""
        ...

    async def find(self, to: Address, story: str, since: float, answers: int = 0) -> Sent | Later | None:
        """One look for our own message of this story there, posted after `since` (unix seconds), in the thread of `answers`
        where it is one. None: certainly not there. Later: cannot be told (now; `after` says when to ask again)."""
        ...

    async def probe(self, to: Address) -> bool | None:
        """Whether we may write there, without writing; None where that cannot be told now."""
        ...

    async def say(self, to: Address, text: str) -> Outcome:
        """A plain line of our own to a place of the desk."""
        ...

    async def receive(self, door: Door) -> None:
        """Hand every update to the door until cancelled (polling or socket); returns at once where HTTP brings them.
        Raises TokenTaken."""
        ...

    async def reply(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Draw these where the update came from: in the chat, in place of what was pressed, on the bot's own page or in a
        form, as each of them asks and the platform can; failures are logged, never raised."""
        ...

    async def is_admin(self, inbound: Inbound) -> bool:
        """Whether the person who spoke may change this place's settings; False when the platform does not say."""
        ...

    async def place_of(self, inbound: Inbound, name: str) -> tuple[Address, str] | None:
        """The group or channel of this name ("@news", "#news", an id) as an address, with what people call it, where the person
        who spoke may change its settings from elsewhere and the bot may post there; None where one of these is not so or cannot
        be told."""
        ...

    def routes(self, door: Door) -> Sequence[Any]:
        """Starlette routes of the platform's own HTTP door; empty when it has none."""
        ...


class TokenRefused(Exception):
    """The platform knows the token and refuses it (or does not know it)."""


class TokenTaken(Exception):
    """Somebody else works with this token: nothing is sent until an operator decided who does."""
