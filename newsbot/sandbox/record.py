"""What readers of both platforms would see, and every API call that led to it: the sandbox's memory."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from newsbot.sandbox.clock import Clock

KEPT_CALLS = 500  # single calls; the counters below never forget
KEPT_TENTHS = 36_000  # tenths of a second in which something arrived; an hour of a busy bot
KEPT_NOTES = 2000
LISTENER_QUEUE = 1000  # a slow page loses the oldest changes and is told so with a "gap"
SECRET = frozenset({"token", "secret_token"})  # parameters of a call that nobody needs to see
HIDDEN = "•••"


@dataclass(slots=True)
class Message:
    """One message in one chat, as its reader sees it."""

    platform: str  # "telegram" or "slack"
    chat: str
    chat_title: str
    message_id: str
    text: str  # plain, without markup
    payload: dict[str, Any]  # as the sender gave it
    at: float  # unix seconds
    sender: str = "bot"  # or a user's name
    thread: str | None = None
    silent: bool = False
    ephemeral: bool = False
    edited_at: float | None = None
    deleted: bool = False
    edits: list[dict[str, Any]] = field(default_factory=list)  # earlier {text, payload, view, at}, oldest first
    view: dict[str, Any] = field(default_factory=dict)  # parsed for drawing: entities, preview, buttons

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells this message from every other: platform, chat, id."""
        return (self.platform, self.chat, self.message_id)

    def as_json(self) -> dict[str, Any]:
        """The message as plain JSON values."""
        # Not `asdict`: its deep copies made ten thousand messages take half a second.
        return {name: getattr(self, name) for name in _FIELDS} | {"edits": list(self.edits)}


_FIELDS = tuple(Message.__dataclass_fields__)


@dataclass(slots=True)
class Call:
    """One API call as it arrived and how it was answered (status 0: never answered)."""

    platform: str
    method: str
    chat: str
    status: int
    error: str | None
    at: float
    number: int = 0  # counts up from 1
    ms: float = 0.0  # from the call's arrival to its answer
    detail: str = ""  # what the platform says beside the error: where in the blocks, how long to wait
    fault: str | None = None  # the scripted trouble that struck it
    payload: Mapping[str, Any] = field(default_factory=dict)  # as sent; shared with the message, never changed
    answer: bytes = b""  # what a refused caller got

    def as_json(self) -> dict[str, Any]:
        """The call in one line, without payload and answer."""
        return {name: getattr(self, name) for name in _LINE}

    def whole(self) -> dict[str, Any]:
        """The call with what was sent, secrets left out, and what a refused caller got."""
        payload = {name: HIDDEN if name in SECRET and value else value for name, value in self.payload.items()}
        return self.as_json() | {"payload": payload, "answer": self.answer.decode("utf-8", "replace")}


_LINE = tuple(name for name in Call.__dataclass_fields__ if name not in ("payload", "answer"))


def _counts(message: Message) -> bool:
    """Whether it is a message of the bot that everybody in its chat can see."""
    return message.sender == "bot" and not message.ephemeral and not message.deleted


def _went(status: int, error: str | None) -> str:
    if error is None:
        return "ok"
    return "429" if status == 429 else "error" if status else "none"


class Record:
    """Everything that became visible, and every call seen; one per sandbox."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.requests: deque[Call] = deque(maxlen=KEPT_CALLS)
        self.calls = 0
        self.counts: Counter[tuple[str, str]] = Counter()  # (platform, method)
        self.refused: Counter[tuple[str, str, str]] = Counter()  # (platform, method, error)
        self.notes: deque[dict[str, Any]] = deque(maxlen=KEPT_NOTES)  # callback answers and the like
        self._tenths: dict[int, Counter[tuple[str, str, str]]] = {}  # (platform, method, how it went)
        self._copies: defaultdict[str, Counter[str]] = defaultdict(Counter)  # platform -> chat -> own messages
        self._messages: dict[tuple[str, str, str], Message] = {}
        self._by_chat: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    def add(self, message: Message) -> Message:
        """Keeps a message that just became visible; raises ValueError on an id used before."""
        if message.key in self._messages:
            raise ValueError(f"message {message.key} exists already")
        self._messages[message.key] = message
        self._by_chat[(message.platform, message.chat)].append(message)
        if _counts(message):
            self._copies[message.platform][message.chat] += 1
        if self._listeners:
            self._tell({"kind": "message", "message": message.as_json()})
        return message

    def find(self, platform: str, chat: str, message_id: str) -> Message | None:
        """The message, deleted ones too, or None."""
        return self._messages.get((platform, str(chat), str(message_id)))

    def edit(
        self,
        message: Message,
        text: str,
        payload: dict[str, Any],
        view: dict[str, Any] | None = None,
        at: float | None = None,
    ) -> None:
        """Replaces what the reader sees and keeps the earlier text in `edits`."""
        message.edits.append(
            {
                "text": message.text,
                "payload": message.payload,
                "view": message.view,
                "at": message.edited_at or message.at,
            }
        )
        message.text, message.payload = text, payload
        if view is not None:
            message.view = view
        message.edited_at = self.clock.now() if at is None else at
        if self._listeners:
            self._tell({"kind": "edit", "message": message.as_json()})

    def delete(self, message: Message) -> None:
        """Marks a message as gone for readers; it stays in the record."""
        if _counts(message):
            self._copies[message.platform][message.chat] -= 1
        message.deleted = True
        if self._listeners:
            self._tell({"kind": "delete", "message": message.as_json()})

    @property
    def total(self) -> int:
        """How many messages there ever were."""
        return len(self._messages)

    def messages(self, platform: str | None = None, chat: str | int | None = None) -> list[Message]:
        """Messages in order of arrival, all or of one platform or chat, deleted ones included."""
        if platform is not None and chat is not None:
            return list(self._by_chat.get((platform, str(chat)), ()))
        return [
            message
            for message in self._messages.values()
            if platform in (None, message.platform) and (chat is None or message.chat == str(chat))
        ]

    def as_json(self, platform: str | None = None, chat: str | int | None = None) -> list[dict[str, Any]]:
        """`messages()` as plain JSON values."""
        return [message.as_json() for message in self.messages(platform, chat)]

    def copies(self, platform: str, text: str = "") -> dict[str, int]:
        """How many of the bot's messages each chat shows now, in all or with this text; cheap for 100,000 chats."""
        if not text:
            return {chat: n for chat, n in self._copies[platform].items() if n}
        shown = (message.chat for message in self.messages(platform) if _counts(message) and text in message.text)
        return dict(Counter(shown))

    def note(self, kind: str, **values: Any) -> None:
        """Keeps a small fact that is no message, such as the answer to a pressed button."""
        entry = {"kind": kind, "at": self.clock.now(), **values}
        self.notes.append(entry)
        if self._listeners:
            self._tell(entry)

    def announce(self, kind: str) -> None:
        """Tells whoever listens that something else than messages changed: "faults" or "world"."""
        if self._listeners:
            self._tell({"kind": kind})

    def call(
        self,
        platform: str,
        method: str,
        chat: str,
        status: int,
        error: str | None = None,
        at: float | None = None,
        **more: Any,
    ) -> None:
        """Counts one API call that arrived `at`, with its answer; `more` holds the fields of `Call` after `number`."""
        at = self.clock.now() if at is None else at
        self.calls += 1
        call = Call(platform, method, chat, status, error, at, self.calls, **more)
        self.requests.append(call)
        if self._listeners:
            self._tell({"kind": "call", "call": call.as_json()})
        self.counts[(platform, method)] += 1
        if error is not None:
            self.refused[(platform, method, error)] += 1
        tenth = int(at * 10)
        if tenth not in self._tenths:
            self._tenths[tenth] = Counter()
            if len(self._tenths) > KEPT_TENTHS:
                del self._tenths[next(iter(self._tenths))]
        self._tenths[tenth][(platform, method, _went(status, error))] += 1

    def count(self, platform: str, method: str | None = None) -> int:
        """How many calls arrived, of one method or all."""
        return sum(n for (p, m), n in self.counts.items() if p == platform and method in (None, m))

    def arrivals(self, platform: str, method: str | None = None) -> dict[int, int]:
        """Calls per unix second of the last hour in which something arrived."""
        seconds: Counter[int] = Counter()
        for tenth, split in self.arrivals_by_tenth(platform, () if method is None else (method,)).items():
            seconds[tenth // 10] += sum(split.values())
        return dict(seconds)

    def arrivals_by_tenth(self, platform: str, methods: Collection[str] = ()) -> dict[int, dict[str, int]]:
        """Calls (of these methods, or all) per tenth of a unix second in which something arrived: {"ok" | "429" |
        "none" (never answered) | "error": n}."""
        found: dict[int, dict[str, int]] = {}
        for tenth, counter in self._tenths.items():
            split: Counter[str] = Counter()
            for (p, m, went), n in counter.items():
                if p == platform and (not methods or m in methods):
                    split[went] += n
            if split:
                found[tenth] = dict(split)
        return found

    def requests_json(self) -> dict[str, Any]:
        """Calls, counters, refusals and arrivals as plain JSON values."""
        return {
            "requests": [call.as_json() for call in self.requests],
            "counts": [{"platform": p, "method": m, "n": n} for (p, m), n in self.counts.items()],
            "refused": [{"platform": p, "method": m, "error": e, "n": n} for (p, m, e), n in self.refused.items()],
            "arrivals": {p: self.arrivals(p) for p in sorted({p for p, _ in self.counts})},
            "notes": list(self.notes),
        }

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Each change from now on: {"kind": "message" | "edit" | "delete" | "call" | "gap" | a note's kind, ...}."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(LISTENER_QUEUE)
        self._listeners.add(queue)
        try:
            while (change := await queue.get())["kind"] != "end":
                yield change
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Ends every `changes()`, for shutdown."""
        self._tell({"kind": "end"})

    def _tell(self, change: dict[str, Any]) -> None:
        for queue in self._listeners:
            if queue.full():
                # The sender must never wait for a page: the page reloads the whole record after a gap.
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"kind": "gap"})
            queue.put_nowait(change)
