"""What is published, what is told of it, and to whom."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

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
StoryState = Literal["open", "done", "held", "cancelled"]
SourceKind = Literal["jekyll", "feed"]
StoryKind = Literal["alert", "follow-up", "correction", "retraction", "digest", "revision", "question"]
"""`revision`: a change of what was sent that waits for a person; `question`: a source does something a person must see."""
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
    kind: SourceKind = "jekyll"
    path: str | None = None
    url: str = ""
    title: str
    excerpt: str = ""
    image: str | None = None
    alt: str = ""  # what the image shows
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published_at: str | None = None
    zone: str = "Asia/Seoul"
    publisher: str = ""
    attribution: Attribution | None = None
    urgency: Urgency | None = None  # what front matter or the source's default says; a wire tag stands above it
    topics: tuple[str, ...] = ()  # the source's default
    marks: tuple[str, ...] = ()  # duties its text brings with it (`core.duties`)
    state: SourceState = "publishable"
    problem: str = ""
    keys: tuple[str, ...] = ()
    content: str = ""  # hash of its words alone: the same under another name or date is the same piece

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of what readers would see; fields that flap (paths, build dates) are left out."""
        credit = self.attribution.model_dump() if self.attribution else None
        # Jekyll builds a post that it cannot read under the day of the build: that address and date say nothing.
        place = [] if self.problem else [self.url, self.published_at]
        seen = [self.title, self.excerpt, credit, self.state, list(self.marks), *place]
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an article: its fingerprint, its story's id or "", and the kind of source whose wording it is."""

    print: str
    story: str
    kind: str


class Change(Value):
    """What a correction says was wrong: `label` ("지진 규모"), the old words, the new ones; `at` in unix seconds."""

    label: str
    old: str
    new: str
    at: float


class Story(Value):
    """What we tell people about an article. `headline` comes without its wire tags; `labels` are kept in order.

    `parent` is the story a follow-up continues or a revision changes; `take` says the how-manieth news of that story it
    is (2 for the second). `live`: its page answers, so readers may be sent there. `silent`: it makes no sound, whatever
    its urgency. `notes` are catalog keys (`note.<x>`) of lines that stand under the alert.
    """

    id: str
    article: str
    source: str = ""
    kind: StoryKind = "alert"
    parent: str | None = None
    take: int = 1
    revision: int = 1
    urgency: Urgency
    topics: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    headline: str
    excerpt: str = ""
    link: str | None = None
    live: bool = True
    image: str | None = None
    alt: str = ""
    silent: bool = False
    notes: tuple[str, ...] = ()
    change: Change | None = None
    late: bool = False
    test: bool = False
    published_at: str | None = None
    zone: str = "Asia/Seoul"
    publisher: str = ""
    attribution: Attribution | None = None
    accepted_at: float = 0.0
    held: str | None = None  # why it waits for a person, or None
    dropped: str | None = None  # who said that it never goes out

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
