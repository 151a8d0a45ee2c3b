"""Scripted trouble for both platforms: what goes wrong, for which call, and how often."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = frozenset(
    {
        "429",
        "5xx",
        "hang",
        "drip",
        "reset",
        "stale",
        "slow",
        "blocked",
        "kicked",
        "chat_not_found",
        "migrated",
        "archived",
        "not_in_channel",
        "revoked",
        "garbage",
        "truncated",
        "huge",
        "other_chat",
        "no_rights",
    }
)
PLATFORMS = frozenset({"telegram", "slack", "*"})
# What spoils only the answer: the call takes effect unless `processed` says otherwise.
AFTERWARDS = frozenset({"drip", "garbage", "truncated", "huge", "other_chat", "slow"})
# What comes with status 200 and cannot be read.
SPOILED = frozenset({"garbage", "truncated", "huge"})
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Strike:
    """What a fault does to one call; everything drawn by lot is decided."""

    kind: str
    processed: bool
    """Whether the call takes effect although its answer is bad: the case that makes duplicates."""
    retry_after: Any
    """The pause a `429` asks for; None: it does not say."""
    args: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long `slow` and `hang` wait, and `drip` between two bytes."""
        return float(self.args.get("seconds", 30.0 if self.kind == "hang" else 1.0))

    @property
    def status(self) -> int:
        """The status of a `5xx`."""
        return int(self.args.get("status", 500))

    @property
    def how(self) -> str:
        """How a connection is cut: "rst" or "fin"."""
        return str(self.args.get("how", "rst" if self.kind == "reset" else "fin"))

    @property
    def cuts(self) -> bool:
        """Whether the connection ends with it; `truncated` does only where `args.how` says how."""
        return self.kind in ("hang", "drip", "reset", "stale") or (self.kind == "truncated" and "how" in self.args)

    @property
    def content_type(self) -> str:
        """What `spoiled` says it is."""
        return "text/html" if self.kind == "garbage" else "application/json"

    def spoiled(self, body: bytes) -> bytes:
        """What comes with status 200 instead of this good answer."""
        if self.kind == "truncated":
            return body[: len(body) // 2]
        if self.kind == "huge":
            return body[:-1] + b',"pad":"' + b"x" * int(self.args.get("bytes", 10 * MEGABYTE)) + b'"}'
        return HTML


@dataclass(slots=True)
class Fault:
    """One line of the script; `take` hands it out while it applies."""

    kind: str
    platform: str = "*"
    method: str = "*"
    chat: str = "*"
    times: int = 1  # how often it strikes; -1 for ever
    after: int = 0  # matching calls let through first
    every: int = 1  # strikes each nth matching call after that
    share: float = 1.0  # strikes this share of them, by lot
    seed: int = 0  # of the lot: a chat's nth call draws the same whatever other chats do
    args: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    on: bool = True
    number: int = 0  # given by `Faults`, counting up from 1
    _turns: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Refuses a script that could never strike."""
        self.kind, self.chat = str(self.kind), str(self.chat)
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is unknown; known: {', '.join(sorted(KINDS))}")
        if self.platform not in PLATFORMS:
            raise ValueError(f"fault platform {self.platform!r} is unknown")
        if self.every < 1 or self.after < 0:
            raise ValueError("fault: every must be at least 1 and after at least 0")
        if not 0 < self.share <= 1:
            raise ValueError("fault: share must be above 0 and at most 1")
        pause = self.args.get("retry_after")
        if isinstance(pause, list) and not (len(pause) == 2 and all(isinstance(end, int) for end in pause)):
            raise ValueError("fault: a list as retry_after is [least, most] in whole seconds")

    def matches(self, platform: str, method: str, chat: str) -> bool:
        """Whether this line is about such a call at all."""
        return (
            self.on
            and self.platform in ("*", platform)
            and self.method in ("*", method)
            and self.chat in ("*", chat)
            and (self.times < 0 or self.struck < self.times)
        )

    def strike(self, chat: str) -> Strike | None:
        """What it does to a call that matches, counting the call; None where it is let through."""
        self.seen += 1
        late = self.seen - self.after
        if late < 1 or late % self.every:
            return None
        self._turns[chat] += 1
        if self.share < 1 and self._lot(chat, "strike") >= self.share:
            return None
        self.struck += 1
        return Strike(self.kind, self._processed(chat), self._pause(chat), self.args)

    def _processed(self, chat: str) -> bool:
        """`args.processed` is yes, no, or the share of the struck calls that take effect."""
        wanted = self.args.get("processed", self.kind in AFTERWARDS)
        return self._lot(chat, "processed") < wanted if isinstance(wanted, float) else bool(wanted)

    def _pause(self, chat: str) -> Any:
        """`args.retry_after` is said as it stands; [least, most] is drawn from, in whole seconds."""
        wanted = self.args.get("retry_after", 1)
        if not isinstance(wanted, list):
            return wanted
        least, most = wanted
        return int(least) + int(self._lot(chat, "pause") * (int(most) - int(least) + 1))

    def _lot(self, chat: str, what: str) -> float:
        """0 ≤ x < 1, the same for this line's seed, this chat, and its turn."""
        words = f"{self.seed} {self.number} {what} {chat} {self._turns[chat]}"
        return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=6).digest()) / 2**48

    def as_json(self) -> dict[str, Any]:
        """The line with its counters, as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "_turns"}


class Faults:
    """The script in order; the first line that strikes wins."""

    def __init__(self) -> None:
        self.script: list[Fault] = []
        self._made = 0

    def add(self, kind: str, **fields: Any) -> Fault:
        """Adds one line (fields as in `Fault`); raises ValueError or TypeError on a wrong one."""
        return self.add_all([{"kind": kind, **fields}])[0]

    def add_all(self, lines: list[dict[str, Any]]) -> list[Fault]:
        """Adds lines given as JSON, all or none."""
        made = [Fault(**line) for line in lines]
        for fault in made:
            self._made += 1
            fault.number = self._made
        self.script.extend(made)
        return made

    def find(self, number: int) -> Fault:
        """One line by its number; raises ValueError when there is none."""
        for fault in self.script:
            if fault.number == number:
                return fault
        raise ValueError(f"no fault {number}")

    def remove(self, number: int) -> None:
        """Takes one line out; raises ValueError when there is none."""
        self.script.remove(self.find(number))

    def clear(self) -> None:
        """Ends all trouble."""
        self.script.clear()

    def take(self, platform: str, method: str, chat: str, *, reused: bool = False) -> Strike | None:
        """What strikes this call, or None; counts the call for every line it matches until one strikes.

        `reused`: it came over a connection that carried a call before, the only ones a `stale` line is about.
        """
        for fault in self.script:
            if fault.matches(platform, method, chat) and (reused or fault.kind != "stale"):
                strike = fault.strike(chat)
                if strike is not None:
                    return strike
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """The script with its counters, as plain JSON values."""
        return [fault.as_json() for fault in self.script]
