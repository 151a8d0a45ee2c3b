"""The editors' and on-call's half of the door: what they say in chat, and the answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from newsbot.core import commands
from newsbot.core.model import Button, Inbound, Person, Rendered, Reply, Story, Urgency
from newsbot.flows import account
from newsbot.flows.deeds import Cancelled, Deeds, Impossible, Settled, refuse_unfit
from newsbot.flows.report import Report
from newsbot.flows.words import Words
from newsbot.ports import Subscribers

__all__ = ["SHOWN", "Deeds", "Desk", "Impossible", "cancelled_words", "held_words", "platform_state", "settled_words"]

SHOWN = 10
URGENCIES = {
    "breaking": Urgency.BREAKING,
    "속보": Urgency.BREAKING,
    "normal": Urgency.NORMAL,
    "일반": Urgency.NORMAL,
    "flash": Urgency.FLASH,
    "긴급": Urgency.FLASH,
}
VERDICTS: Mapping[str, Literal["resend", "hold"]] = {
    "resend": "resend",
    "재발송": "resend",
    "hold": "hold",
    "그대로": "hold",
}
STATES = {
    "off": "platform.off",
    "dead": "platform.dead",
    "paused": "platform.paused",
    "waiting": "platform.waiting",
    "frozen": "platform.frozen",
    "on": "platform.on",
}


@dataclass(frozen=True)
class Desk:
    """The editors' and on-call's half of the door."""

    deeds: Deeds
    report: Report
    subscribers: Subscribers
    render: Callable[..., Rendered]
    rates: Mapping[str, float]
    words: Words

    async def handle(
        self, inbound: Inbound, command: commands.Command, person: Person, language: str
    ) -> Sequence[Reply]:
        """The answer to an editor's or on-call's verb."""
        try:
            match command.verb.name:
                case "push":
                    return await self._push(inbound, command.arguments, person, language)
                case "send":
                    return await self._send(command.arguments, person, language)
                case "close":
                    return await self._close(command.arguments, person, language)
                case "drop":
                    return await self._drop(command.arguments, person, language)
                case "alerts":
                    return await self._alerts(command.arguments, language)
                case "status":
                    return await self._status(language)
                case "pause":
                    await self.deeds.pause(person.name)
                    return (Reply(self.words.say(language, "paused")),)
                case "resume":
                    done = await self.deeds.resume(person.name)
                    return (Reply(self.words.say(language, "resumed" if done else "resume.none")),)
                case "doubt":
                    return await self._doubt(command.arguments, person, language)
                case _:
                    return await self._cancel(command.arguments, person, language)
        except Impossible as error:
            fields = error.fields
            if error.key == "push.unfit":
                fields = {"reason": self.words.say(language, f"unfit.{fields['reason']}")}
            return (Reply(self.words.say(language, error.key, **fields)),)

    async def _push(self, inbound: Inbound, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if not arguments or len(arguments) > 2:
            raise Impossible("push.how")
        urgency = URGENCIES.get(arguments[1].casefold()) if len(arguments) == 2 else None
        if len(arguments) == 2 and urgency is None:
            raise Impossible("push.how")
        at = self._now()
        story = _taken_up(await self.deeds.prepare(arguments[0], urgency, None), at)
        nonce = secrets.token_urlsafe(9)
        shown_as = {"hash": story.body_hash, "shown": self._digest(story), "at": at}
        await self.deeds.audit.offer(nonce, {"story": story.id, "person": person.name, **shown_as})
        say = self.words.say
        sizes = ", ".join([f"{bot} {await self.subscribers.count(bot):,}" for bot in self.deeds.bots])
        card = say(
            language,
            "push.card",
            id=story.id,
            urgency=say(language, f"urgency.{story.urgency.value}"),
            held=held_words(self.words, language, story.held or ""),
            most=sizes,
        )
        shown = self.render(story, inbound.address.platform, language, private=inbound.place == "private")
        return Reply("", alert=shown), Reply(card, self._choice(story.id, nonce, language))

    def _choice(self, story: str, nonce: str, language: str) -> tuple[Button, Button]:
        say = self.words.say
        return (
            Button(say(language, "button.send"), f"send {story} {nonce}"),
            Button(say(language, "button.close"), f"close {story} {nonce}"),
        )

    async def _mine(self, arguments: Sequence[str], person: Person, language: str) -> Mapping[str, Any] | Reply:
        """What this card stands for; the answer instead, where it is another editor's: it stays pressable for that one."""
        what = await self.deeds.audit.see(arguments[1]) if len(arguments) == 2 else None
        if what is None:
            raise Impossible("send.expired")
        if what["person"] == person.name:
            return what
        words = self.words.say(language, "send.other", name=what["person"])
        return Reply(words, self._choice(what["story"], arguments[1], language))

    async def _close(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        what = await self._mine(arguments, person, language)
        if isinstance(what, Reply):
            return (what,)
        await self.deeds.audit.take(arguments[1])
        return (Reply(self.words.say(language, "push.closed"), replaces=True),)

    async def _send(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        what = await self._mine(arguments, person, language)
        if isinstance(what, Reply):
            return (what,)
        story = await self.deeds.find(what["story"])
        if await self.deeds.audit.take(arguments[1]) is None:
            raise Impossible("send.expired")
        if story.body_hash != what["hash"] or not self._same(story, what["shown"], what.get("at", 0.0)):
            raise Impossible("send.changed", id=story.id)
        article = await self.deeds.stories.article(story.article)
        if article is not None:
            refuse_unfit(article)
        if not await self.deeds.release(story, person.name):
            raise Impossible("send.changed", id=story.id)
        return (Reply(self.words.say(language, "sent.out", id=story.id), replaces=True),)

    def _same(self, story: Story, shown: str, at: float) -> bool:
        """Whether what goes out now is what was shown then (unix seconds), but for the minute it names: an alert names its day
        once it is not of today."""
        days = {datetime.fromtimestamp(moment, ZoneInfo(story.zone)).date() for moment in (at, self._now())}
        return len(days) == 1 and self._digest(_taken_up(story, at)) == shown

    async def _drop(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if len(arguments) != 1:
            raise Impossible("drop.how")
        story = await self.deeds.drop(arguments[0], person.name)
        return (Reply(self.words.say(language, "dropped", id=story.id)),)

    async def _alerts(self, arguments: Sequence[str], language: str) -> Sequence[Reply]:
        """What waits for a person, then what went out; or the account of one story."""
        if len(arguments) > 1:
            raise Impossible("alerts.how")
        if arguments:
            row = await self.report.story(await self.deeds.find(arguments[0]))
            return (Reply("\n".join(account.lines(self.words, language, row, self._now()))),)
        return await self._listed(language)

    async def _listed(self, language: str) -> Sequence[Reply]:
        say = self.words.say
        held = await self.report.recent(SHOWN, held=True)
        out = [row for row in await self.report.recent(2 * SHOWN) if not row["reason"]][:SHOWN]
        lines = [say(language, "alerts.held")] if held else []
        lines += [
            f"{row['id']} · {held_words(self.words, language, row['reason'])} · {row['headline']}" for row in held
        ]
        lines += [say(language, "alerts.recent")] if out else []
        lines += [
            f"{row['id']} · {say(language, 'state.' + row['state'])} · {row['sent']:,}/{row['audience']:,} · {row['headline']}"
            for row in out
        ]
        return (Reply("\n".join(lines) if lines else say(language, "latest.none")),)

    async def _status(self, language: str) -> Sequence[Reply]:
        say = self.words.say
        counts = await self.report.counts()
        lines = [say(language, "status.title", **counts)]
        for name, row in (await self.report.platforms(self.rates)).items():
            state = say(language, STATES[platform_state(row)], by=row["paused"] or "")
            figures = {key: "–" if row[key] is None else f"{row[key]:g}" for key in ("rate", "cap", "used")}
            lines.append(say(language, "status.platform", **{**row, **figures}, name=name, state=state))
            for key, what in (("oldest", "status.oldest"), ("oldest_doubt", "status.doubt")):
                if row[key]:
                    passed = self._now() - datetime.fromisoformat(row[key]).timestamp()
                    lines.append(say(language, what, age=account.age(self.words, language, passed)))
        lines += [
            say(language, "status.source.ok" if source["ok"] else "status.source.bad", **source)
            for source in await self.report.sources()
        ]
        return (Reply("\n".join(lines)),)

    async def _cancel(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        if len(arguments) != 1:
            raise Impossible("cancel.how")
        return (Reply(cancelled_words(self.words, language, await self.deeds.cancel(arguments[0], person.name))),)

    async def _doubt(self, arguments: Sequence[str], person: Person, language: str) -> Sequence[Reply]:
        """What of a story is in doubt; or what becomes of it, in on-call's word."""
        verdict = VERDICTS.get(arguments[1].casefold()) if len(arguments) == 2 else None
        if len(arguments) not in (1, 2) or (len(arguments) == 2 and verdict is None):
            raise Impossible("doubt.how")
        if verdict:
            done = await self.deeds.settle(arguments[0], verdict, person.name)
            return (Reply(settled_words(self.words, language, done)),)
        story, doubts = await self.deeds.doubts(arguments[0])
        lines = [self.words.say(language, "doubt.title", id=story.id, number=f"{len(doubts):,}")]
        lines += [account.doubt(self.words, language, row, self._now()) for row in await self.report.doubts(story)]
        lines.append(self.words.say(language, "doubt.choose", id=story.id))
        return (Reply("\n".join(lines)),)

    def _now(self) -> float:
        return self.deeds.clock().timestamp()

    def _digest(self, story: Story) -> str:
        """One hash over what every platform would send in every language."""
        drawn = [
            self.render(story, bot, language).digest for bot in self.deeds.bots for language in self.words.catalogs
        ]
        return " ".join(drawn)


def _taken_up(story: Story, at: float) -> Story:
    """The story as it goes out at that moment (unix seconds)."""
    return story.model_copy(update={"accepted_at": at})


def platform_state(row: Mapping[str, Any]) -> str:
    """The one word for a platform's row in `status`: what keeps it from sending comes first."""
    if not row["on"]:
        return "off"
    if not row["workers"]:
        return "dead"
    if row["paused"]:
        return "paused"
    return "waiting" if row["barrier"] else "frozen" if row["frozen_s"] else "on"


def held_words(words: Words, language: str, reason: str) -> str:
    """Why a story waits, in the reader's language; a reason without words of its own stands as it is."""
    return words.catalog(language).get(f"held.{reason}", reason)


def cancelled_words(words: Words, language: str, done: Cancelled) -> str:
    """What was stopped: how far it had come, what is still on the wire; its edits beside it."""
    total, say = done.account, words.say
    if not total["audience"]:
        return say(language, "cancelled.before", id=done.story.id)
    key = "cancelled" if total["cancelled"] or not done.edits["audience"] else "cancelled.edit"
    figures = {name: f"{count:,}" for name, count in (total if key == "cancelled" else done.edits).items()}
    found = [say(language, key, id=done.story.id, **figures)]
    parts = {"cancelled.sending": total["sending"], "cancelled.doubt": total["doubt"]}
    parts["cancelled.lost"] = total["dead"] + total["skipped"]
    if key == "cancelled" and done.edits["audience"]:
        parts["cancelled.edits"] = done.edits["cancelled"]
    elif key == "cancelled.edit":
        parts = {"cancelled.sending": done.edits["sending"]}
    return " ".join([*found, *(say(language, name, number=f"{number:,}") for name, number in parts.items() if number)])


def settled_words(words: Words, language: str, done: Settled) -> str:
    """What became of a story's doubts."""
    key = "doubt.resent" if done.verdict == "resend" else "doubt.held"
    found = [words.say(language, key, id=done.story.id, number=f"{done.done:,}")]
    if done.left:
        found.append(words.say(language, "doubt.left", number=f"{done.left:,}"))
    return " ".join(found)
