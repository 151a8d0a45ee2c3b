"""Every value that crosses a room. The words are those of the field (see CONTRIBUTING, "Words")."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Urgency(StrEnum):
    """How loud an alert is; decides lane, sound and layout. Order: flash > breaking > normal."""

    FLASH = "flash"
    BREAKING = "breaking"
    NORMAL = "normal"

    @property
    def lane(self) -> int:
        """Place in the queue: smaller goes first (0 is kept free for withdrawals)."""
        return {Urgency.FLASH: 1, Urgency.BREAKING: 2, Urgency.NORMAL: 3}[self]


class Role(StrEnum):
    """What a person may do. Readers need no entry in the config; the other two are listed by numeric id."""

    READER = "reader"
    EDITOR = "editor"
    ON_CALL = "on-call"


SourceState = Literal["publishable", "future", "draft", "unpublished", "invalid"]
SubscriberState = Literal["active", "quarantined", "stopped"]
StoryState = Literal["open", "done", "held", "cancelled"]
Place = Literal["private", "group", "channel"]


class Value(BaseModel):
    """A frozen record that is stored as JSON: strict when written, tolerant of newer fields when read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Attribution(Value):
    """Whose text it is, as a reader must be told: agency, its address, licence ("KOGL-1") and the line found."""

    name: str
    url: str | None = None
    licence: str | None = None
    text: str = ""


class Article(Value):
    """One published piece, as its source states it now.

    `id` stays the same however often the piece is edited; `keys` are the other names it is known by (its path, so that
    a changed permalink is no new article). `published_at` is RFC 3339, or a bare date where the source gives no time.
    """

    id: str
    source: str
    path: str | None = None
    url: str = ""
    title: str
    excerpt: str = ""
    image: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published_at: str | None = None
    zone: str = "Asia/Seoul"
    publisher: str = ""
    attribution: Attribution | None = None
    state: SourceState = "publishable"
    problem: str = ""
    keys: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of what readers would see; fields that flap (paths, build dates) are left out."""
        seen = [self.title, self.excerpt, self.attribution.model_dump() if self.attribution else None, self.state]
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Story(Value):
    """What we tell people about an article. `headline` comes without its wire tags; `labels` are kept in order."""

    id: str
    article: str
    kind: Literal["alert"] = "alert"
    revision: int = 1
    urgency: Urgency
    topics: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    headline: str
    excerpt: str = ""
    link: str | None = None
    image: str | None = None
    published_at: str | None = None
    zone: str = "Asia/Seoul"
    publisher: str = ""
    attribution: Attribution | None = None
    accepted_at: float = 0.0
    held: str | None = None  # why it waits for a person, or None

    @property
    def body_hash(self) -> str:
        """sha256 (hex) of everything an approval binds: the text, the credit, the urgency and the topics."""
        keep = self.model_dump(exclude={"held", "accepted_at"}, mode="json")
        return hashlib.sha256(json.dumps(keep, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Address:
    """One place a message can go: `telegram:-100123/7`, `slack:C0123`. What follows the colon is the platform's own."""

    platform: str
    chat: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.chat}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Split at the first colon; raises ValueError with one line that says what is missing."""
        platform, colon, chat = text.strip().partition(":")
        if not colon or not platform or not chat:
            raise ValueError(f"address {text!r}: write it as platform:chat, e.g. telegram:12345 or slack:C0123ABC")
        return cls(platform, chat)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One address with its choices. Empty `topics` means every topic; `urgency` is the least urgent it wants."""

    address: Address
    topics: frozenset[str] = frozenset()
    urgency: Urgency = Urgency.NORMAL
    language: str = "ko"
    state: SubscriberState = "active"
    since: int = 0  # unix seconds
    index: int = -1  # dense, per platform, never reused; -1 while not stored


# --- what is said ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class When:
    """A time as a reader sees it: `unix` seconds where a time of day is known, and the words in the frame's language.

    `dated`: the words name the day too (another day's alert), so a platform that localises times must show it as well.
    """

    text: str
    unix: int | None = None
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """The line that says whose text it is: "자료: NAME · LICENCE"; `url` links NAME."""

    label: str
    name: str
    url: str | None
    licence: str


@dataclass(frozen=True, slots=True)
class Message:
    """An alert in neutral form: what is said, in which language; how a platform draws it is the renderer's matter.

    `tag` already has the frame's form ("[속보]", "BREAKING:"). `hashtags` come without "#".
    """

    urgency: Urgency
    language: str
    tag: str
    headline: str
    excerpt: str
    topics: tuple[str, ...]
    when: When | None
    publisher: str
    link: str | None
    credit: Credit | None
    hashtags: tuple[str, ...]
    read: str  # the words on the button that opens the article
    story: str  # story id, for Slack's read-back metadata

    @property
    def first_line(self) -> str:
        """The line that stands alone in a notification."""
        return f"{self.tag} {self.headline}" if self.tag else self.headline


@dataclass(frozen=True)
class Rendered:
    """One platform request that lacks only the chat: method name and JSON-able payload."""

    method: str
    payload: dict[str, Any] = field(hash=False)

    @cached_property
    def body(self) -> bytes:
        """The payload encoded once: sending to many chats only puts the chat in front of it."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """sha256 (hex) of method and payload: what an approval binds."""
        return hashlib.sha256(self.method.encode() + b"\0" + self.body).hexdigest()


# --- what became of a send ------------------------------------------------------------------------------------------


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
    """This chat cannot be reached: `stopped` (blocked, deleted) or `quarantined` (lost rights, may come back)."""

    why: str
    state: Literal["stopped", "quarantined"]


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


# --- what people say to the bot -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing a person or platform told the bot.

    `kind`: `say` (typed text), `press` (a button; `text` is the button's data), `added` / `removed` (the bot's own
    membership of a group or channel), `blocked` / `unblocked` (private chat), `moved` (`text` is the new chat).
    `genuine` is False for what must not command: edited, forwarded, anonymous, sent by a bot or through one.
    `event` is the platform's own id of this update, the same when it is delivered again. `discreet` says that only the
    person who spoke sees the answer. `language` is what the person's app is set to, or "". `handle` belongs to the adapter.
    """

    kind: Literal["say", "press", "added", "removed", "blocked", "unblocked", "moved"]
    address: Address
    place: Place
    user: str
    text: str
    event: str
    genuine: bool = True
    discreet: bool = False
    language: str = ""
    handle: Any = None


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a reply; pressing it says `data` (at most 64 bytes, Telegram's limit on callback_data)."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer in a chat: words, buttons, or an alert exactly as it would go out (`alert`)."""

    text: str
    buttons: tuple[Button, ...] = ()
    alert: Rendered | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in the config. `ids` maps platform to that platform's numeric (or U…) user id."""

    name: str
    roles: frozenset[Role]
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of `config/topics.toml`: how it is called, and the words that mean it."""

    id: str
    ko: str
    en: str
    hashtag: str
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    def label(self, language: str) -> str:
        """What readers of `language` call it."""
        return self.ko if language == "ko" else self.en


# --- the ledger -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Intent:
    """One delivery that `begin` allowed: its position in the audience, the token `commit` must show, where it goes."""

    position: int
    token: str
    attempt: int
    index: int
    address: Address
    language: str


@dataclass(frozen=True, slots=True)
class Window:
    """What `begin` granted: deliveries of one push (may be none), and how long to wait before asking again."""

    push: str
    intents: tuple[Intent, ...]
    wait: float  # seconds


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
