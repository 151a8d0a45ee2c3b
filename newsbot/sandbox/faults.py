"""Scripted trouble for both platforms: what goes wrong, for which call, and how often."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.types import Receive, Scope

TRANSPORT = "sandbox.transport"  # scope["extensions"] key that the sandbox's server fills in
KINDS = frozenset(
    {
        "429",
        "5xx",
        "hang",
        "reset",
        "slow",
        "blocked",
        "kicked",
        "chat_not_found",
        "migrated",
        "archived",
        "not_in_channel",
        "revoked",
        "garbage",
        "other_chat",
        "no_rights",
    }
)
PLATFORMS = frozenset({"telegram", "slack", "*"})


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
    args: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0
    on: bool = True
    number: int = 0  # given by `Faults`, counting up from 1

    def __post_init__(self) -> None:
        """Refuses a script that could never strike."""
        self.kind, self.chat = str(self.kind), str(self.chat)
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is unknown; known: {', '.join(sorted(KINDS))}")
        if self.platform not in PLATFORMS:
            raise ValueError(f"fault platform {self.platform!r} is unknown")
        if self.every < 1 or self.after < 0:
            raise ValueError("fault: every must be at least 1 and after at least 0")

    @property
    def processed(self) -> bool:
        """Whether the call takes effect although its answer is bad: the case that makes duplicates."""
        return bool(self.args.get("processed", self.kind in ("garbage", "other_chat", "slow")))

    @property
    def seconds(self) -> float:
        """How long `slow` and `hang` wait."""
        return float(self.args.get("seconds", 30.0 if self.kind == "hang" else 1.0))

    @property
    def status(self) -> int:
        """The status of a `5xx`."""
        return int(self.args.get("status", 500))

    @property
    def retry_after(self) -> int:
        """The pause a `429` asks for, in whole seconds."""
        return int(self.args.get("retry_after", 1))

    def matches(self, platform: str, method: str, chat: str) -> bool:
        """Whether this line is about such a call at all."""
        return (
            self.on
            and self.platform in ("*", platform)
            and self.method in ("*", method)
            and self.chat in ("*", chat)
            and (self.times < 0 or self.struck < self.times)
        )


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

    def take(self, platform: str, method: str, chat: str | int) -> Fault | None:
        """The fault that strikes this call, or None; counts the call for every line it matches."""
        if not self.script:
            return None
        for fault in self.script:
            if not fault.matches(platform, method, str(chat)):
                continue
            fault.seen += 1
            late = fault.seen - fault.after
            if late >= 1 and late % fault.every == 0:
                fault.struck += 1
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """The script with its counters, as plain JSON values."""
        return [asdict(fault) for fault in self.script]


async def cut(scope: Scope, how: str = "rst") -> None:
    """Closes the client's connection without an answer: a TCP reset, or with how="fin" a quiet close.

    Return from the app right after it. Raises ConnectionResetError when the server is not the sandbox's own.
    """
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("scripted reset")
    raw = transport.get_extra_info("socket")
    if raw is not None and how == "rst":
        # Linger of zero seconds makes the kernel send RST, which clients report as a read error.
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.001)  # lets the server notice, so that it does not try to answer


async def linger(receive: Receive, seconds: float) -> None:
    """Waits without answering, at most `seconds`, but no longer than the client holds the line."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), seconds)
