"""The invariants of every row: the ledger's word against the sandbox's record, chat by chat, and no token anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsbot.store import keys
from newsbot.store.ledger.account import STATES
from tests.chaos.row import Verdict

if TYPE_CHECKING:
    from newsbot.core.model import Tally
    from tests.chaos.stage import Stage

SEEN = frozenset({"sent", "doubt"})
ENDS = ("sent", "dead", "skipped", "cancelled", "doubt")
NAMED = 5
"""So many culprits are named in a problem."""


@dataclass(frozen=True)
class Push:
    """One story on one platform, and how to know its messages."""

    id: str
    headline: str
    platform: str = "telegram"


@dataclass(frozen=True)
class Entries:
    """What the ledger says of one push, at one moment."""

    tally: Tally
    states: Mapping[str, str]
    """Place ("chat" or "chat/thread") → state, for everybody in the audience."""
    again: frozenset[str]
    """Places that a policy sent once more."""


async def verdict(stage: Stage, pushes: Sequence[Push], bound: int) -> Verdict:
    """The account of these pushes, which must be over; every broken promise is in it."""
    result = Verdict(bound=bound)
    entries = [await entries_of(stage, push) for push in pushes]
    # After the ledger: what it calls sent is there by now.
    messages = {name: await stage.sandbox.messages(name) for name in {push.platform for push in pushes}}
    for push, found in zip(pushes, entries, strict=True):
        judge(push, found, copies_of(push, messages[push.platform]), result)
    result.problems += leaks(stage.folder, stage.sandbox.secrets)
    return result


def judge(push: Push, found: Entries, copies: Counter[str], result: Verdict) -> None:
    """Add one push to the verdict; `copies` is place → visible copies."""
    tally, states = found.tally, Counter(found.states.values())
    told = {name: getattr(tally, name) for name in ENDS}
    result.sent += tally.sent
    result.doubt += tally.doubt
    result.unaccounted += max(abs(tally.audience - sum(told.values())), states.total() - sum(states[n] for n in ENDS))
    counted = {name: states[name] for name in ENDS}
    result.expect(counted == told, f"{push.id}: the entries say {counted}, the counters {told}")
    result.expect(len(found.states) == tally.audience, f"{push.id}: {len(found.states)} entries of {tally.audience}")
    result.duplicates += sum(n > 1 + (place in found.again) for place, n in copies.items())
    unseen = [place for place, state in found.states.items() if state == "sent" and place not in copies]
    result.expect(not unseen, f"{push.id}: sent, says the ledger, and not visible: {named(unseen)}")
    untold = [place for place in copies if found.states.get(place) not in SEEN]
    with_states = [f"{place} ({found.states.get(place, 'not in the audience')})" for place in untold]
    result.expect(not untold, f"{push.id}: visible, and the ledger does not know: {named(with_states)}")
    if tally.doubt:
        seen = sum(state == "doubt" and place in copies for place, state in found.states.items())
        result.figures["doubt_seen"] = result.figures.get("doubt_seen", 0) + seen


def named(culprits: list[str]) -> str:
    """How many, and the first of them."""
    return f"{len(culprits)}, such as {', '.join(culprits[:NAMED])}"


def copies_of(push: Push, messages: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Place → copies of this push that can be seen there."""
    return Counter(
        place_of(message)
        for message in messages
        if message["sender"] == "bot" and not message["deleted"] and shows(message, push.headline)
    )


def shows(message: Mapping[str, Any], headline: str) -> bool:
    """Whether this message says it, or did before it was edited."""
    return headline in message["text"] or any(headline in earlier["text"] for earlier in message["edits"])


def place_of(message: Mapping[str, Any]) -> str:
    """The place as subscribers are stored."""
    thread = message["thread"] if message["platform"] == "telegram" else None
    return f"{message['chat']}/{thread}" if thread else str(message["chat"])


async def entries_of(stage: Stage, push: Push) -> Entries:
    """Counters and entries, in one go and of one moment."""
    key, redis = keys.push(push.platform, push.id), stage.kit.redis
    asked = [["GET", f"{key}:audience"], ["GET", f"{key}:states"], ["HGET", key, "state"], ["SMEMBERS", f"{key}:again"]]
    while True:  # a receipt may be late, a doubt may be settled just now
        tally = await stage.tally(push)
        audience, raw, state, again = await redis.pipeline(asked)
        if tally == await stage.tally(push):
            break
    everybody = stage.kit.subscribers.all()
    place = {one.index: one.address.chat async for one in everybody if one.address.platform == push.platform}
    nibbles = [nibble for byte in raw or b"" for nibble in (byte >> 4, byte & 15)]
    rest = {b"cancelled": "cancelled", b"expired": "dead"}.get(state, "pending")
    where = [place.get(index, f"erased {index}") for index in members(audience or b"")]
    names = [rest if nibble in (0, 4) else STATES[nibble] for nibble in nibbles]
    return Entries(tally, dict(zip(where, names, strict=False)), frozenset(where[int(at)] for at in again))


def members(bits: bytes) -> Iterator[int]:
    """The numbers in a bitmap, ascending."""
    for offset, byte in enumerate(bits):
        for bit in range(8):
            if byte >> (7 - bit) & 1:
                yield offset * 8 + bit


def leaks(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Every file of the row, logs, journals, append-only files alike, that has a secret in it."""
    wanted = [secret.encode() for secret in secrets]
    return [
        f"a token in {path.relative_to(folder)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(secret in path.read_bytes() for secret in wanted)
    ]
