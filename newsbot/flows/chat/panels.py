"""Settings to tap: each panel shows what is chosen, and every button says the same command that could be typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from newsbot.core.model import Button, Inbound, Quiet, Reply, Slot, Subscriber, Urgency
from newsbot.flows.chat.choosing import Choosing, mute_buttons, token
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.subscription import Subscription

ON, PART, OFF = "●", "◐", "○"
QUIETS = ("23-7", "22-7", "0-6")
DIGESTS = (("08:00", "18:30"), ("08:00",), ("18:30",), ("mon-08:00",))
CAPS = (3, 5, 8)
PANELS = ("main", "topics", "when", "how", "words")
STORED = frozenset({"subscribe", "unsubscribe", "level", "quiet", "mute", "unmute", "digest", "cap", "form", "sound"})
ALSO = frozenset({"language", "keyword", "exclude"})


@dataclass(frozen=True)
class Panels:
    """Draws the panels and does what is tapped there."""

    common: Common
    subscription: Subscription
    choosing: Choosing

    async def show(self, inbound: Inbound, name: str, language: str, said: str = "", about: str = "") -> Reply:
        """One panel as it stands now; `said` is what the last tap did, `about` the alert under which it was opened."""
        found = await self.common.subscribers.get(inbound.address)
        if found is not None and found.state != "active":
            found = None
        if found is not None:
            language = self.common.words.pick(found.language)
        draw: Callable[[Subscriber | None, str], tuple[str, list[Button], int]] = {
            "topics": self._topics,
            "when": self._when,
            "how": self._how,
            "words": self._words,
        }.get(name, self._main)
        text, buttons, wide = draw(found, language)
        if about:
            buttons.append(Button(self.common.say(language, "button.why"), f"why {about}"))
            buttons.append(Button(self.common.say(language, "button.report"), f"report {about}"))
        if name == "topics" and inbound.place == "channel" and not inbound.discreet:
            text = text.rpartition("\n")[0]  # nobody sees buttons there
        if name in PANELS[1:]:
            buttons.append(Button(self.common.say(language, "button.back"), "set main"))
        elif inbound.kind != "home":
            buttons.append(Button(self.common.say(language, "button.close"), "set close"))
        return Reply(
            f"{said}\n\n{text}" if said else text,
            tuple(buttons),
            replaces=not about,
            wide=wide,
        )

    async def tap(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """`<panel> [verb arguments…]`: do it, and show the panel as it is then."""
        name, *words = arguments or ("main",)
        if name == "close":
            found = await self.common.subscribers.get(inbound.address)
            done = self.subscription.now(found) if found and found.state == "active" else ""
            text = done or self.common.say(language, "unsubscribe.none")
            return Reply(text, (self._open(language),), replaces=True)
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
        return await self.show(inbound, name, language, reply.text.partition("\n")[0])

    def _open(self, language: str) -> Button:
        return Button(self.common.say(language, "button.settings"), "settings")

    def _main(self, found: Subscriber | None, language: str) -> tuple[str, list[Button], int]:
        say = self.common.say
        if found is None:
            buttons = [
                Button(say(language, "button.all"), "set main subscribe all"),
                Button(say(language, "button.breaking"), "set main subscribe all breaking"),
                Button(say(language, "button.topics"), "set topics"),
            ]
            return self.subscription.welcome(language), buttons, 0
        buttons = [Button(say(language, f"panel.{name}"), f"set {name}") for name in PANELS[1:]]
        other = "en" if language == "ko" else "ko"
        buttons.append(Button(say(language, "panel.language"), f"set main language {other}"))
        return self.summary(found, language), buttons, 2

    def summary(self, found: Subscriber, language: str) -> str:
        """Everything that is chosen, a line each."""
        say, chosen = self.common.say, found.choices
        lines = [say(language, "panel.title"), self.subscription.now(found)]
        for topic, floor in chosen.least:
            names = self.subscription.names({topic}, language)
            lines.append(say(language, "level.topic", topics=names, level=say(language, f"level.{floor.value}")))
        if chosen.words:
            lines.append(say(language, "keyword.list", words=", ".join(sorted(chosen.words))))
        if chosen.without:
            lines.append(say(language, "exclude.list", words=", ".join(sorted(chosen.without))))
        if chosen.sources:
            lines.append(say(language, "source.set", mine=", ".join(sorted(chosen.sources))))
        lines.append(self._digests(found, language))
        if chosen.quiet:
            lines.append(say(language, "panel.quiet", hours=str(chosen.quiet), zone=self.common.zone(found)))
            lines.append(say(language, f"quiet.passes.{chosen.passes.value if chosen.passes else 'nothing'}"))
        elif chosen.zone:
            lines.append(say(language, "panel.zone", zone=chosen.zone))
        if self.common.muted(chosen):
            lines.append(
                say(language, "mute.set", when=self.common.when(chosen.muted, self.common.zone(found), language))
            )
        if chosen.cap:
            lines.append(say(language, "panel.cap", n=chosen.cap))
        lines.append(say(language, f"form.{chosen.form}") + ("" if chosen.sound else " " + say(language, "sound.off")))
        return "\n".join(lines)

    def _digests(self, found: Subscriber, language: str) -> str:
        chosen = found.choices
        if not chosen.digests:
            return self.common.say(language, "panel.no_digest")
        key = "panel.digest" if chosen.gather else "panel.digest_rest"
        return self.common.say(language, key, times=self.common.slots(chosen, language))

    def _topics(self, found: Subscriber | None, language: str) -> tuple[str, list[Button], int]:
        """A tap goes from off to on, from on to breaking alone, from there to off."""
        say, buttons = self.common.say, []
        lines = [say(language, "topics.title")]
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
            lines.append(f"{mark} {topic.label(language)} · {topic.id}")
        if found is None or found.topics:
            buttons.append(Button(say(language, "button.all"), "set topics subscribe all"))
        first = self.common.topics[0]
        example = first.hashtag if language == "ko" else first.id
        lines += [say(language, "topics.how", example=example), say(language, "panel.topics.text")]
        return "\n".join(lines), buttons, 3

    def _when(self, found: Subscriber | None, language: str) -> tuple[str, list[Button], int]:
        say = self.common.say
        if found is None:
            return self._main(None, language)
        chosen, buttons = found.choices, []
        for hours in QUIETS:
            mine = chosen.quiet == Quiet.parse(":00-".join(hours.split("-")) + ":00")
            buttons.append(self._pick(mine, say(language, "when.quiet", hours=hours), f"set when quiet {hours}"))
        buttons.append(self._pick(not chosen.quiet, say(language, "when.no_quiet"), "set when quiet off"))
        if chosen.quiet:
            lets = chosen.passes is Urgency.BREAKING
            target = "flash" if lets else "breaking"
            buttons.append(self._pick(lets, say(language, "when.breaking"), f"set when quiet {target}"))
        for times in DIGESTS:
            mine = tuple(sorted(map(str, chosen.digests))) == times and chosen.gather
            label = self.common.slots(replace(chosen, digests=tuple(map(Slot.parse, times))), language)
            buttons.append(
                self._pick(mine, say(language, "when.digest", times=label), f"set when digest {' '.join(times)}")
            )
        buttons.append(self._pick(not chosen.gather, say(language, "when.now"), "set when digest now"))
        if self.common.muted(chosen):
            buttons.append(Button(say(language, "when.unmute"), "set when unmute"))
        else:
            buttons += mute_buttons(self.common, language, "set when ")
        buttons += [Button(say(language, f"ask.{verb}"), verb) for verb in ("quiet", "digest", "zone")]
        return self.summary(found, language), buttons, 2

    def _how(self, found: Subscriber | None, language: str) -> tuple[str, list[Button], int]:
        say = self.common.say
        if found is None:
            return self._main(None, language)
        chosen = found.choices
        buttons = [
            self._pick(chosen.form == form, say(language, f"how.{form}"), f"set how form {form}")
            for form in ("headline", "excerpt", "image")
        ]
        sound = "off" if chosen.sound else "on"
        buttons.append(self._pick(chosen.sound, say(language, "how.sound"), f"set how sound {sound}"))
        buttons += [self._pick(chosen.cap == n, say(language, "how.cap", n=n), f"set how cap {n}") for n in CAPS]
        buttons.append(self._pick(not chosen.cap, say(language, "how.no_cap"), "set how cap off"))
        for urgency in (Urgency.NORMAL, Urgency.BREAKING, Urgency.FLASH):
            mine = found.urgency is urgency and not chosen.least
            buttons.append(self._pick(mine, say(language, f"level.{urgency.value}"), f"set how level {urgency.value}"))
        return self.summary(found, language), buttons, 3

    def _words(self, found: Subscriber | None, language: str) -> tuple[str, list[Button], int]:
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
        return self.summary(found, language) + "\n" + say(language, "keyword.how"), buttons, 2

    @staticmethod
    def _pick(chosen: bool, label: str, data: str) -> Button:
        return Button(f"{ON if chosen else OFF} {label}", data)
