"""What the flows ask of the outside: one protocol a dependency, in terms of `core.model` alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from newsbot.core.model import (
    Address,
    Article,
    Inbound,
    Intent,
    Known,
    Message,
    Outcome,
    Rendered,
    Reply,
    SourceKind,
    Story,
    Subscriber,
    Tally,
    Window,
)

Clock = Callable[[], datetime]
"""The time now, aware, UTC."""

Menu = Mapping[str, Sequence[tuple[str, str]]]
"""Language → (verb, what it does) of what readers may say."""

Door = Callable[[Inbound], Awaitable[Sequence[Reply]]]
"""The one door every update goes through; what comes back is said in the same chat, in order."""


class Dialect(Protocol):
    """The pure half of a platform: how an alert is drawn and how a place is written. Needs no token and no network."""

    name: str
    ref_bytes: int
    """Width of a message reference in the ledger: 4 (Telegram) or 8 (Slack)."""

    def render(self, message: Message) -> Rendered:
        """The request that sends this message; lacks only the chat."""
        ...

    def parse(self, address: Address) -> Address:
        """The address in its one canonical form; raises ValueError with one line naming what is wrong."""
        ...

    def show_ref(self, ref: int) -> str:
        """The message reference as the platform writes it."""
        ...


class Platform(Protocol):
    """The live half: a token, a client, a door. Outcomes are returned, never raised, for anything a platform answers."""

    name: str

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

    async def receive(self, door: Door) -> None:
        """Hand every update to the door until cancelled (polling or socket); returns at once where HTTP brings them."""
        ...

    async def reply(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Say these in the chat the update came from; failures are logged, never raised."""
        ...

    async def is_admin(self, inbound: Inbound) -> bool:
        """Whether the person who spoke may change this place's settings; False when the platform does not say."""
        ...

    def routes(self, door: Door) -> Sequence[Any]:
        """Starlette routes of the platform's own HTTP door; empty when it has none."""
        ...


class TokenRefused(Exception):
    """The platform knows the token and refuses it (or does not know it)."""


class StoreDown(Exception):
    """Redis cannot be reached, or refuses to write. Nothing was begun."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered: the final address after redirects, headers in lower case, the decoded body.

    `moved`: where redirects that are said to be permanent lead, "" for none.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    moved: str = ""


class FetchError(Exception):
    """No answer: one line that names the address and why. `nobody`: there is no such host, or the address guard lets
    nothing through to it, so asking again changes nothing."""

    def __init__(self, line: str, *, nobody: bool = False) -> None:
        super().__init__(line)
        self.nobody = nobody


class Fetch(Protocol):
    """The one way out to addresses that others gave us; every one passes the address guard."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """The page, at most 5 MB in 10 s and 3 redirects. Raises FetchError."""
        ...

    async def status(self, url: str) -> int:
        """Its HTTP status alone, after redirects; the body is not read. Raises FetchError."""
        ...


class Source(Protocol):
    """Where articles come from."""

    name: str
    kind: SourceKind

    async def scan(self) -> Sequence[Article]:
        """Every article as it stands now. Raises SourceError when the source itself cannot be read."""
        ...

    def changes(self) -> AsyncIterator[Sequence[Article]]:
        """New or changed articles as they happen, for ever. Raises SourceError where the source is not there any more."""
        ...

    def has(self, article: Article) -> bool:
        """Whether the source still shows this piece under the name it had."""
        ...


class SourceError(Exception):
    """The source cannot be read at all: one line that names it and why."""


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

    async def put(self, subscriber: Subscriber) -> Subscriber:
        """Add or replace; what is stored, with its index."""
        ...

    async def get(self, address: Address) -> Subscriber | None:
        """The subscriber at this address in any state, or None."""
        ...

    async def set_state(self, address: Address, state: str) -> bool:
        """Stop, quarantine or reactivate; False where nobody is stored."""
        ...

    async def move(self, old: Address, new: Address) -> None:
        """The chat has a new address; its index and choices stay."""
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


class Ledger(Protocol):
    """Deliveries, limits and freezes of each bot. One script a step; every step is idempotent."""

    async def plan(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Freeze the audience and open the push; its size. The same answer when asked again.

        A story with a parent answers, in each chat that has it, the parent's message.
        """
        ...

    async def plan_edit(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Open the push that edits this revision into what was sent: every chat that has it, or may have it soon."""
        ...

    async def begin(self, bot: str, worker: str, nonce: str, most: int, rate: float) -> Window:
        """Claim, rate-limit and record the intent of up to `most` deliveries in one step.

        After StoreDown it may have been done: ask again with the same nonce, and the same reply comes.
        """
        ...

    async def commit(self, bot: str, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Record outcomes; the float is the delay in seconds before another try of `Later`."""
        ...

    async def reap(self, bot: str, lease: float) -> int:
        """Intents of lost workers and overdue ones become doubt; how many."""
        ...

    async def beat(self, bot: str, worker: str) -> None:
        """This worker is alive."""
        ...

    async def leave(self, bot: str, worker: str) -> None:
        """This worker ended with nothing in flight."""
        ...

    async def alive(self, bot: str) -> int:
        """How many workers of this bot gave a sign of life within the last seconds."""
        ...

    async def cancel(self, bot: str, push: str) -> Tally | None:
        """No new send begins from here on."""
        ...

    async def tally(self, bot: str, push: str) -> Tally | None:
        """The account of one push, or None where it was never planned."""
        ...

    async def open(self, bot: str) -> Sequence[str]:
        """Ids of the pushes that are not over, in the order they are served."""
        ...

    async def ring(self, bot: str, last: str, wait: float) -> str:
        """Wait up to `wait` seconds for the doorbell; the id to wait from next time."""
        ...

    async def hold(self, bot: str, what: str, owner: str, seconds: float) -> bool:
        """Take or renew a lease, or give it back with 0 seconds; False while somebody else has it."""
        ...

    async def pause(self, bot: str, by: str) -> None:
        """Nothing begins until somebody resumes."""
        ...

    async def resume(self, bot: str) -> bool:
        """Sending goes on; False where it was not paused."""
        ...

    async def gate(self, bot: str) -> Mapping[str, Any]:
        """`paused` (by whom, or None), `frozen_s`, `used` (begun in the last whole second)."""
        ...

    async def why(self, bot: str, push: str, index: int) -> Mapping[str, Any] | None:
        """State, reason, ref and time of one delivery; None where the subscriber is not in the audience."""
        ...


class Audit(Protocol):
    """The record of deeds, taken updates and approvals."""

    async def record(self, who: str, deed: str, target: str, detail: str = "") -> None:
        """One entry, before the deed; raises StoreDown, and then nothing may be done."""
        ...

    async def take_event(self, bot: str, event: str) -> bool:
        """True the first time this update is seen."""
        ...

    async def tries(self, bot: str, user: str) -> int:
        """How often this person was refused within the minute, this time included."""
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
