"""How outcomes and windows are written for the scripts, and read from what they reply."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, assert_never

from newsbot.core.delivery import short
from newsbot.core.model import (
    Address,
    Form,
    Gone,
    Intent,
    Later,
    Moved,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Stopped,
    Uncertain,
    Window,
)

Result = tuple[Intent, Outcome | None, float]
FORMS: tuple[Form, ...] = ("excerpt", "headline", "image")
PLACE = struct.Struct(">II")


def window(bot: str, reply: bytes) -> Window:
    """What `begin.lua` granted."""
    told = json.loads(reply)
    push, token = told["push"], told["token"]
    intents = []
    for position, attempt, index, record, base, again, quietly, form in told["items"]:
        chat, language, _ = record.split(" ")
        intents.append(
            Intent(
                position,
                token,
                attempt,
                index,
                Address(bot, chat),
                language,
                int(base),
                bool(again),
                bool(quietly),
                FORMS[form],
            )
        )
    return Window(
        push,
        tuple(intents),
        told["wait"] / 1000,
        push.partition("@")[0],
        told["revision"],
        told["edits"],
        told["late"],
        told["barrier"],
    )


def windows(results: Iterable[Result]) -> Iterable[tuple[str, list[Result]]]:
    """The results of each window's token, in order."""
    for token, group in groupby(results, key=lambda result: result[0].token):
        yield token, list(group)


def written(results: Sequence[Result], width: int) -> list[Any]:
    """Results of one window as `commit.lua` takes them: what was sent as one string, the rest as six arguments each."""
    blob, rest = bytearray(), []
    for intent, outcome, delay in results:
        if isinstance(outcome, Sent) and 0 < outcome.ref < 1 << (8 * width):
            blob += PLACE.pack(intent.position, intent.index) + outcome.ref.to_bytes(width, "big")
        else:
            rest += [intent.position, intent.index, intent.attempt, *coded(outcome, delay)]
    return [bytes(blob), *rest]


def coded(outcome: Outcome | None, delay: float) -> tuple[str, int, str]:
    """(code, milliseconds to wait, reason); a reference that does not fit its width is a doubt, never wrapped."""
    match outcome:
        case None:
            return "I", 0, ""
        case Sent(ref):
            return "D", 0, f"reference {ref} out of range"
        case Later(_, why):
            return "R", max(0, int(delay * 1000)), short(why)
        case Moved(to):
            return "R", max(0, int(delay * 1000)), f"moved to {to}"
        case Stopped(why):
            return "R", max(0, int(delay * 1000)), f"stopped: {why}"
        case Uncertain(why):
            return "D", 0, short(why)
        case Gone(why, _) | Refused(why):
            return "X", 0, short(why)
        case _:
            assert_never(outcome)


def by_push(receipts: Iterable[Receipt]) -> Iterable[tuple[str, str, list[Result]]]:
    """Receipts as (push, token, results). What was sent is sent whoever held it: it comes without a token, all together."""

    def place(one: Receipt) -> tuple[str, str]:
        return one.push, "" if isinstance(one.outcome, Sent) else one.intent.token

    for (push, token), group in groupby(sorted(receipts, key=place), key=place):
        yield push, token, [(one.intent, one.outcome, one.delay) for one in group]
