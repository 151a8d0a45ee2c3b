"""Deliveries: what was allowed to go, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from newsbot.core.model.news import Address, StoryState
from newsbot.core.model.reader import Form


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform confirmed it: `ref` is its message reference as one integer (Slack: the ts in microseconds)."""

    ref: int


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not sent; may be tried again after `after` seconds (None: our own backoff). `why` "429" counts as a flood."""

    after: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request left and no trustworthy answer came: it may or may not be visible. Never retried blindly."""

    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """This chat cannot be reached: `stopped` (blocked, deleted) or `quarantined` (lost rights, may come back); `kept`:
    only the message that was to be changed is gone."""

    why: str
    state: Literal["stopped", "quarantined", "kept"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform refuses this text; it would refuse it in every chat."""

    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat has a new address (a Telegram group became a supergroup); certainly not sent to the old one."""

    to: Address


@dataclass(frozen=True, slots=True)
class Stopped:
    """The platform refused our token: the bot stops, nothing becomes dead."""

    why: str


Outcome = Sent | Later | Uncertain | Gone | Refused | Moved | Stopped


@dataclass(frozen=True, slots=True)
class Intent:
    """One delivery that `begin` allowed: its position in the audience, the token `commit` must show, where it goes.

    The token is its window's. `base` is the message there that this one edits or answers, 0 where there is none. `again`:
    its doubt was settled by sending once more, which makes no sound. `quietly`: it makes none for this or another reason.
    `form`: how much of it this reader wants.
    """

    position: int
    token: str
    attempt: int
    index: int
    address: Address
    language: str
    base: int = 0
    again: bool = False
    quietly: bool = False
    form: Form = "excerpt"


@dataclass(frozen=True, slots=True)
class Window:
    """What `begin` granted: deliveries of one push (may be none), and how long to wait before asking again.

    `story` is whose text is sent, in at least this `revision`; `edits`: what was sent is changed, nothing new is posted;
    `late`: the alert has outlived its time, so it goes silently and says so. `barrier` names the Redis that was not there
    before: nothing is granted until this worker has told it what it knows.
    """

    push: str
    intents: tuple[Intent, ...]
    wait: float  # seconds
    story: str = ""
    revision: int = 1
    edits: bool = False
    late: bool = False
    barrier: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a platform lets one bot send: `rate` messages a second in all, `chat` and `group` seconds between two messages
    in one chat or group. A group's id starts with `group_mark` ("": there is no difference)."""

    rate: float
    chat: float = 1.0
    group: float = 1.0
    group_mark: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a worker wrote down about one delivery of `push`: begun (`outcome` None), or what became of it."""

    push: str
    intent: Intent
    outcome: Outcome | None
    delay: float = 0.0  # seconds before another try


@dataclass(frozen=True, slots=True)
class Doubt:
    """One delivery of `push` that is in doubt: since when (unix seconds) and for how long (seconds), both by the ledger's own
    clock, and the message that it answered (0: none)."""

    push: str
    position: int
    index: int
    address: Address
    since: float
    story: str
    base: int = 0
    again: bool = False
    age: float = field(default=0.0, compare=False)


Policy = Literal["hold", "resend", "read"]
"""What is done about a delivery in doubt: nothing; send it once more; look whether it is there, then once more if not."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The account of one story on one platform: everything adds up to `audience`."""

    audience: int = 0
    pending: int = 0
    sending: int = 0
    sent: int = 0
    dead: int = 0
    skipped: int = 0
    cancelled: int = 0
    doubt: int = 0
    state: StoryState = "open"
    reasons: tuple[tuple[str, int], ...] = ()
