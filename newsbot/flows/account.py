"""The account of one story in words: the same in chat and on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from newsbot.core import text
from newsbot.flows.words import Words

MOST_REASONS = 5  # of one state; the rest is counted

PARTS = {
    "sent": "account.sent",
    "dead": "account.dead",
    "skipped": "account.skipped",
    "cancelled": "account.cancelled",
    "doubt": "account.doubt",
    "pending": "account.pending",
    "sending": "account.sending",
}

WHY = {
    "expired": "why.expired",
    "cancelled": "why.cancelled",
    "unsubscribed": "why.unsubscribed",
    "erased": "why.erased",
    "not there to edit": "why.absent",
    "in doubt": "why.doubt",
    "worker lost": "why.lost",
    "no answer in time": "why.silent",
}
"""The ledger's own words for why; what a platform said stands as it is."""

THEN = {
    "held by policy": "then.hold",
    "will be looked up": "then.read",
    "will be sent once more": "then.resend",
    "not settled yet": "then.open",
    "held: sent once more already": "then.again",
    "held: the platform cannot be read back": "then.blind",
    "held: could not be looked up in time": "then.late",
    "held: too late or cancelled": "then.over",
}
"""What becomes of a doubt."""


def lines(words: Words, language: str, row: Mapping[str, Any], now: float) -> Sequence[str]:
    """What a row of `Report.story` says at `now` (unix seconds), one line each."""
    say = words.say
    state = words.catalog(language).get(f"state.{row['state']}", row["state"])
    found = [say(language, "account.title", id=row["id"], state=state, headline=row["headline"])]
    if not row["platforms"]:
        return [*found, say(language, "account.unplanned")]
    found.append(say(language, "account.sum", audience=f"{row['audience']:,}", parts=parts(words, language, row)))
    reached = {platform: account for platform, account in row["platforms"].items() if account["audience"]}
    for platform, account in reached.items():
        if len(reached) > 1:
            found.append(f"{platform} {account['audience']:,} = {parts(words, language, account)}")
        found += reasons(words, language, platform, account)
        found += [doubt(words, language, {"platform": platform, **some}, now) for some in account["doubts"]]
        for edit in account["edits"]:
            name = say(language, "account.edit", revision=edit["revision"], platform=platform)
            found.append(f"{name}: {edit['audience']:,} = {parts(words, language, edit)}")
            found += reasons(words, language, platform, edit)
    return found


def parts(words: Words, language: str, counts: Mapping[str, int]) -> str:
    """The sum that makes up an audience; what is nothing is left out, but for what arrived."""
    return " + ".join(
        words.say(language, key, number=f"{counts[name]:,}")
        for name, key in PARTS.items()
        if counts[name] or name == "sent"
    )


def reasons(words: Words, language: str, platform: str, account: Mapping[str, Any]) -> Sequence[str]:
    """One line for each state with reasons; doubts have lines of their own."""
    found = []
    for state, whys in account["reasons"].items():
        if state == "doubt":
            continue
        ordered = sorted(whys.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [f"{reason(words, language, why)} {number:,}" for why, number in ordered[:MOST_REASONS]]
        if rest := sum(number for _, number in ordered[MOST_REASONS:]):
            shown.append(words.say(language, "account.more", number=f"{rest:,}"))
        name = words.say(language, PARTS[state], number="").strip()
        found.append(f"{platform} {name}: {' · '.join(shown)}")
    return found


def doubt(words: Words, language: str, row: Mapping[str, Any], now: float) -> str:
    """A row of `Report.doubts` in words."""
    who = row["then"].removeprefix("held by ")
    known = THEN.get(row["then"])
    return words.say(
        language,
        "account.doubts",
        platform=row["platform"],
        number=f"{row['number']:,}",
        reason=reason(words, language, row["reason"]),
        age=age(words, language, now - datetime.fromisoformat(row["since"]).timestamp()),
        then=words.say(language, known)
        if known
        else words.say(language, "then.who", name=text.line(who))
        if who != row["then"]
        else text.line(row["then"]),
    )


def reason(words: Words, language: str, why: str) -> str:
    """A reason in words; one of a platform's as it is, in one line."""
    return words.say(language, WHY[why]) if why in WHY else text.line(why)


def age(words: Words, language: str, seconds: float) -> str:
    """How long ago, in the largest unit that is full twice."""
    for unit, key in ((86400, "age.days"), (3600, "age.hours"), (60, "age.minutes")):
        if seconds >= 2 * unit:
            return words.say(language, key, number=int(seconds // unit))
    return words.say(language, "age.seconds", number=max(int(seconds), 0))
