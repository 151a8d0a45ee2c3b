"""Deliveries, limits and freezes; and what a worker writes down beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from newsbot.core.audience import Split
from newsbot.core.model import Doubt, Intent, Outcome, Pace, Receipt, Sent, Story, Tally, Window


class Ledger(Protocol):
    """Deliveries, limits and freezes of each bot. One script a step; every step is idempotent."""

    async def plan(self, story: Story, bot: str, ref_bytes: int, now: float, split: Split, size: int) -> int:
        """Freeze the audience, bitmaps of `size` bytes, and open the push; how many get it at once. The same answer when
        asked again, whatever the audience is by then. -1 where it was judged too long ago and has to be judged again.

        A story with a parent answers, in each chat that has it, the parent's message.
        """
        ...

    async def plan_edit(self, story: Story, bot: str, ref_bytes: int, now: float) -> int:
        """Open the push that edits this revision into what was sent: every chat that has it, or may have it soon."""
        ...

    async def begin(self, bot: str, worker: str, nonce: str, most: int, pace: Pace, run: str = "") -> Window:
        """Claim, rate-limit and record the intent of up to `most` deliveries in one step.

        `run` names the Redis this worker last told what it knows (`Window.barrier`, `barrier`). After StoreDown it may
        have been done: ask again with the same nonce, and the same reply comes.
        """
        ...

    async def commit(self, bot: str, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Record outcomes; the float is the delay in seconds before another try of `Later`."""
        ...

    async def replay(self, bot: str, receipts: Iterable[Receipt]) -> int:
        """Tell the ledger what was written down beside it, whatever it remembers itself; how many changed something."""
        ...

    async def barrier(self, bot: str, worker: str, run: str) -> bool:
        """This worker has told the Redis of that run what it knows; whether sending goes on (all have, or time is up)."""
        ...

    async def doubts(self, bot: str, most: int) -> Sequence[Doubt]:
        """Deliveries in doubt that are not settled, oldest first."""
        ...

    async def settle(self, bot: str, doubt: Doubt, verdict: Sent | str, why: str) -> bool:
        """Sent(ref): it is there. "resend": once more, never twice. "hold": it stays a doubt. False where it is none now."""
        ...

    async def doubtful(self, bot: str, push: str) -> Sequence[Doubt]:
        """Every delivery of one push that is in doubt, settled or not."""
        ...

    async def copies(self, bot: str) -> Sequence[tuple[str, int, int]]:
        """(push, index, ref) of second copies that a late answer told of."""
        ...

    async def copy_gone(self, bot: str, push: str, index: int, ref: int) -> None:
        """That copy is gone, or cannot be taken away."""
        ...

    async def reap(self, bot: str, lease: float) -> int:
        """Intents of lost workers and overdue ones become doubt; how many."""
        ...

    async def beat(self, bot: str, worker: str) -> str:
        """This worker is alive; the run of the Redis that heard it, "" where a change of it needs no barrier."""
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
        """`paused` (by whom, or None), `frozen_s`, `used` (begun in the last whole second), `workers` (alive), `cap`
        (messages a second allowed now, or None), `barrier` (workers are awaited after a change of Redis), `ready` (deliveries
        that could begin now), `idle_s` (seconds since the last begin, or None)."""
        ...

    async def why(self, bot: str, push: str, index: int) -> Mapping[str, Any] | None:
        """State, reason, ref and time of one delivery; None where the subscriber is not in the audience."""
        ...


class Journal(Protocol):
    """What one worker begins and learns, in a file of its own beside the ledger: a ledger that lost its last writes is
    told again. Written before the wire and before `commit`; read by whoever shares the folder."""

    def begun(self, window: Window) -> None:
        """Before the first byte leaves."""
        ...

    def learned(self, push: str, results: Sequence[tuple[Intent, Outcome, float]]) -> None:
        """Before the ledger is told."""
        ...

    def own(self) -> Sequence[Receipt]:
        """The last word about every delivery of the last minutes; without outcome: still under way."""
        ...

    def orphans(self) -> Iterable[str]:
        """Workers that are gone and whose files are still there."""
        ...

    def left(self, worker: str) -> Sequence[Receipt]:
        """The last word of a worker that is gone about every delivery; what it had under way is in doubt."""
        ...

    def bury(self, worker: str) -> None:
        """Throw its files away where they are so old that no change of Redis can have lost what they say."""
        ...

    def leave(self) -> None:
        """Let go: whoever shares the folder reads what is in the files."""
        ...
