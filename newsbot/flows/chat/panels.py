"""Settings to tap: each page is about one thing and shows it as it is; every button says the same command that could be typed.

A page keeps its buttons in their places whatever is tapped: a second tap must not hit another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from newsbot.core.model import Button, Inbound, Quiet, Reply, Slot, Subscriber, Urgency
from newsbot.flows.chat.choosing import MUTES, Choosing, mute_buttons, token
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.finding import public
from newsbot.flows.chat.lately import Lately
from newsbot.flows.chat.subscription import Subscription
from newsbot.flows.chat.summary import Summary

ON, PART, OFF = "●", "◐", "○"
QUIETS = ("23-7", "22-7", "0-6")
DIGESTS = (("08:00", "18:30"), ("08:00",), ("18:30",), ("mon-08:00",))
CAPS = (3, 5, 8)
WIDE = {"ko": 3, "en": 2}  # topics in a row: phones cut a label that is too long
PANELS = ("main", "topics", "quiet", "digests", "mute", "how", "words")
MOVED = {"quiet": "quiet", "digest": "digests", "mute": "mute", "unmute": "mute"}
"""Where the buttons of the page "when" have gone, which was about three things; panels of before still have them."""
SHOWN = frozenset({"quiet", "digests", "mute"})
"""Pages whose first line says by itself what a tap has done."""
STORED = frozenset({"subscribe", "unsubscribe", "level", "quiet", "mute", "unmute", "digest", "cap", "form", "sound"})
ALSO = frozenset({"language", "keyword", "exclude"})

Page = tuple[str, list[Button], int]
"""Text, buttons, and how many of them stand beside one another."""


@dataclass(frozen=True)
class Panels:
    """Draws the panels and does what is tapped there."""

    common: Common
    subscription: Subscription
    choosing: Choosing
    lately: Lately

    @property
    def summary(self) -> Summary:
        """What is chosen, in words."""
        return Summary(self.common, self.subscription)

    async def show(self, inbound: Inbound, name: str, language: str, said: str = "", about: str = "") -> Reply:
        """One panel as it stands now; `said` is what the last tap did, `about` the alert under which it was opened."""
        found = await self.common.subscribers.get(inbound.address)
        if found is not None and found.state == "stopped":  # what rests has its settings all the same
            found = None
        if found is not None:
            language = self.common.words.pick(found.language)
        if name == "topics":
            listed = inbound.place == "channel" and not inbound.discreet  # nobody sees buttons there
            text, buttons, wide = self._topics(found, language, listed=listed)
        else:
            text, buttons, wide = self._page(found, name, language)
        story = await self.common.stories.get(about) if about else None
        if story and public(story):
            why = Button(self.common.say(language, "button.why"), f"why {story.id}")
            buttons = [why, Button(self.common.say(language, "button.report"), f"report {story.id}"), *buttons]
        # The bot's own page, or words that are closed by themselves.
        alone = inbound.discreet and inbound.place == "private"
        if name in PANELS[1:]:
            place = BACK.get(name, len(buttons))
            buttons.insert(place, Button(self.common.say(language, "button.back"), "set main"))
        elif inbound.kind != "home" and not alone:
            buttons.append(Button(self.common.say(language, "button.close"), "set close"))
        title, _, rest = text.partition("\n")  # which stays on top: on the bot's own page it is the heading
        text = f"{title}\n{said}\n\n{rest}".rstrip() if said else text
        return Reply(text, tuple(buttons), replaces=not about, wide=wide)

    async def tap(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """`<panel> [verb arguments…]`: do it, and show the panel as it is then."""
        name, *words = arguments or ("main",)
        if name == "close":
            found = await self.common.subscribers.get(inbound.address)
            done = self.subscription.now(found) if found and found.state == "active" else ""
            text = done or self.common.say(language, "unsubscribe.none")
            return Reply(text, (self._open(language),), replaces=True)
        if name == "when":
            name = MOVED.get(words[0], "") if words else "main"
        if name not in PANELS:
            return Reply(self.common.say(language, "panel.old"), (self._open(language),))
        if not words:
            return await self.show(inbound, name, language)
        verb, *rest = words
        if verb in ("subscribe", "unsubscribe"):
            doing = self.subscription.subscribe if verb == "subscribe" else self.subscription.unsubscribe
            reply = (await doing(replace(inbound, kind="say"), rest, language))[0]
        elif verb in STORED | ALSO:
            reply = await self.choosing.handle(verb, inbound, rest, language)
        else:
            return Reply(self.common.say(language, "panel.old"), (self._open(language),))
        if reply.ask:
            return reply
        self.lately.said(inbound.address, [reply])  # the page has no room for "undo"; typed, it works
        return await self.show(inbound, name, language, "" if name in SHOWN else reply.text.partition("\n")[0])

    def _open(self, language: str) -> Button:
        return Button(self.common.say(language, "button.settings"), "settings")

    def _page(self, found: Subscriber | None, name: str, language: str) -> Page:
        if name == "words":
            return self._words(found, language)
        if found is None:
            return self._welcome(language)
        draw: Callable[[Subscriber, str], Page] = {
            "quiet": self._quiet,
            "digests": self._digests,
            "mute": self._mute,
            "how": self._how,
        }.get(name, self._main)
        return draw(found, language)

    def _welcome(self, language: str) -> Page:
        say = self.common.say
        buttons = [
            Button(say(language, "button.all"), "set main subscribe all"),
            Button(say(language, "button.breaking"), "set main subscribe breaking"),
            Button(say(language, "button.topics"), "set topics"),
        ]
        return self.subscription.welcome(language), buttons, 0

    def _main(self, found: Subscriber, language: str) -> Page:
        say = self.common.say
        buttons = [Button(say(language, f"panel.{name}"), f"set {name}") for name in PANELS[1:]]
        other = "en" if language == "ko" else "ko"
        buttons.append(Button(say(language, "panel.language"), f"set main language {other}"))
        return self.summary.all(found, language), buttons, 2

    def _topics(self, found: Subscriber | None, language: str, *, listed: bool) -> Page:
        """A tap goes from off to on, from on to breaking alone, from there to off. `listed`: where nobody could tap, the
        topics stand in the text."""
        say, buttons, lines = self.common.say, list[Button](), list[str]()
        least = dict(found.choices.least) if found else {}
        for topic in self.common.topics:
            on = found is not None and (not found.topics or topic.id in found.topics)
            urgency = least.get(topic.id, found.urgency if found else Urgency.NORMAL)
            if not on:
                # Whoever wants breaking news of everything else is asked about this one anew.
                floor = found is not None and found.urgency is not Urgency.NORMAL
                mark, then = OFF, f"level {topic.id} normal" if floor else f"subscribe {topic.id}"
            elif urgency is Urgency.NORMAL:
                mark, then = ON, f"level {topic.id} breaking"
            else:
                mark, then = PART, f"unsubscribe {topic.id}"
            buttons.append(Button(f"{mark} {topic.label(language)}", f"set topics {then}"))
            lines.append(f"{mark} {topic.label(language)}" + (f" · {topic.id}" if language == "en" else ""))
        every = found is not None and not found.topics and not least and found.urgency is Urgency.NORMAL
        buttons.append(self._pick(every, say(language, "button.all"), "set topics subscribe all"))
        buttons.append(self._pick(found is None, say(language, "button.none"), "set topics unsubscribe"))
        first = self.common.topics[0]
        example = first.hashtag if language == "ko" else first.id
        text = [say(language, "topics.title"), *(lines if listed else []), say(language, "topics.legend")]
        return "\n".join([*text, say(language, "topics.how", example=example)]), buttons, WIDE.get(language, 2)

    def _quiet(self, found: Subscriber, language: str) -> Page:
        """Quiet hours, what comes through them, and by which clock."""
        say, chosen, buttons = self.common.say, found.choices, list[Button]()
        known = [Quiet.parse(":00-".join(hours.split("-")) + ":00") for hours in QUIETS]
        for typed, hours in zip(QUIETS, known, strict=True):
            buttons.append(self._pick(chosen.quiet == hours, str(hours), f"set quiet quiet {typed}"))
        buttons.append(self._pick(not chosen.quiet, say(language, "quiet.no"), "set quiet quiet off"))
        other = chosen.quiet is not None and chosen.quiet not in known
        buttons.append(self._pick(other, say(language, "quiet.other"), "quiet"))
        lets = chosen.passes is Urgency.BREAKING
        label = say(language, "quiet.breaking")
        buttons.append(self._pick(lets, label, f"set quiet quiet {'flash' if lets else 'breaking'}"))
        buttons.append(Button(say(language, "quiet.zone"), "zone"))
        passing = self.summary.passing(found, language)
        text = passing if chosen.quiet else say(language, "quiet.hint", passing=passing)
        return f"{self.summary.quiet(found, language)}\n{text}", buttons, 2

    def _digests(self, found: Subscriber, language: str) -> Page:
        """When normal news comes together, or that it does not."""
        say, chosen, buttons = self.common.say, found.choices, list[Button]()
        now = tuple(sorted(map(str, chosen.digests))) if chosen.gather else ()
        for times in DIGESTS:
            label = self.common.slots(replace(chosen, digests=tuple(map(Slot.parse, times))), language)
            buttons.append(self._pick(now == times, label, f"set digests digest {' '.join(times)}"))
        buttons.append(self._pick(not now, say(language, "digests.no"), "set digests digest now"))
        buttons.append(self._pick(bool(now) and now not in DIGESTS, say(language, "digests.other"), "digest"))
        return "\n".join(self.summary.digests(found, language)), buttons, 2

    def _mute(self, found: Subscriber, language: str) -> Page:
        """Nothing at all for a while. What ends a mute stands last: it is there only while there is one."""
        say = self.common.say
        buttons = [*mute_buttons(self.common, language, "set mute ")]
        if self.common.muted(found.choices):
            buttons.append(Button(say(language, "mute.end"), "set mute unmute"))
        return self.summary.mute(found, language) + "\n" + say(language, "mute.then"), buttons, 2

    def _how(self, found: Subscriber, language: str) -> Page:
        """How much of a story, how loud, how many, and from which urgency on: a line of buttons each."""
        say, chosen = self.common.say, found.choices
        buttons = [
            self._pick(chosen.form == form, say(language, f"how.{form}"), f"set how form {form}")
            for form in ("headline", "excerpt", "image")
        ]
        for urgency in (Urgency.NORMAL, Urgency.BREAKING, Urgency.FLASH):
            mine = found.urgency is urgency and not chosen.least
            buttons.append(self._pick(mine, say(language, f"floor.{urgency.value}"), f"set how level {urgency.value}"))
        buttons += [self._pick(chosen.cap == n, say(language, "how.cap", n=n), f"set how cap {n}") for n in CAPS]
        buttons.append(self._pick(not chosen.cap, say(language, "how.no_cap"), "set how cap off"))
        sound = "off" if chosen.sound else "on"
        buttons.append(self._pick(chosen.sound, say(language, "how.sound"), f"set how sound {sound}"))
        lines = [say(language, "panel.how"), self.summary.form(chosen, language)]
        lines += [*self.summary.topics(found, language), self.summary.cap(found, language)]
        return "\n".join(filter(None, [*lines, say(language, "how.flash")])), buttons, 3

    def _words(self, found: Subscriber | None, language: str) -> Page:
        """What is told of whatever its topic, what never is, and of whom."""
        say = self.common.say
        buttons = [
            Button(say(language, "ask.keyword"), "keyword"),
            Button(say(language, "ask.exclude"), "exclude"),
        ]
        if found is None:
            return say(language, "keyword.how"), buttons[:1], 2
        buttons.append(Button(say(language, "panel.sources"), "source"))
        gone = [("keyword", word) for word in sorted(found.choices.words)]
        gone += [("exclude", word) for word in sorted(found.choices.without)]
        for verb, word in gone[:20]:
            data = f"set words {verb} remove "
            buttons.append(Button(f"✕ {word}", data + token(data, word)))
        none = [] if found.choices.words else [say(language, "keyword.list", words=say(language, "keyword.none"))]
        lines = [*none, *self.summary.words(found.choices, language)]
        return "\n".join([*lines, say(language, "keyword.how")]), buttons, 2

    @staticmethod
    def _pick(chosen: bool, label: str, data: str) -> Button:
        return Button(f"{ON if chosen else OFF} {label}", data)


BACK = {"mute": len(MUTES), "words": 3}
"""Where the way back stands on a page whose last buttons come and go."""
