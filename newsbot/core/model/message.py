"""An alert as words, and as one request of a platform."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from newsbot.core.model.news import Urgency


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
class Corrected:
    """The box of a corrected alert: "오전 9:41 바로잡음" over "지진 규모: 5.7 → 5.1" with the old words struck."""

    title: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of a digest: its name and, in order, (words, link or None) of its stories."""

    title: str
    lines: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """An alert in neutral form: what is said, in which language; how a platform draws it is the renderer's matter.

    `tag` already has the frame's form ("[속보]", "BREAKING:"). `hashtags` come without "#". `kind` picks the layout:
    `notice` is the reply that tells of a correction or withdrawal. `late` are the words that say it comes late, "" where
    it does not. `notes` are lines of their own at the end. `image` (an https address) and `alt` come only where an image
    may be shown. `test`: it is no news, and nothing leads away from it. `more` are (label, what pressing it says) of the
    buttons beside the one that opens the article. What a layout does without is empty or None.
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
    kind: Literal["alert", "follow-up", "correction", "notice", "retraction", "digest"] = "alert"
    silent: bool = False
    test: bool = False
    late: str = ""
    notes: tuple[str, ...] = ()
    corrected: Corrected | None = None
    sections: tuple[Section, ...] = ()
    image: str | None = None
    alt: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @property
    def first_line(self) -> str:
        """The line that stands alone in a notification; a digest's names its day."""
        words = f"{self.tag} {self.headline}" if self.tag else self.headline
        return f"{words} · {self.when.text}" if self.kind == "digest" and self.when else words


@dataclass(frozen=True)
class Rendered:
    """One platform request that lacks only the chat: method name and JSON-able payload.

    `reply` are fields that go along only where it answers an earlier message.
    """

    method: str
    payload: dict[str, Any] = field(hash=False)
    reply: dict[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def body(self) -> bytes:
        """The payload encoded once: sending to many chats only puts the chat in front of it."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """sha256 (hex) of method and payload: what an approval binds."""
        return hashlib.sha256(self.method.encode() + b"\0" + self.body).hexdigest()
