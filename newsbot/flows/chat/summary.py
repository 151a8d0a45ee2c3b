"""What a reader has chosen, in words: all of it, and one thing at a time. No two lines may say different things."""

from __future__ import annotations

from dataclasses import dataclass

from newsbot.core.model import Choices, Subscriber, Urgency
from newsbot.core.topics import NONE
from newsbot.flows.chat.common import Common, gathers, wants_normal
from newsbot.flows.chat.subscription import Subscription


@dataclass(frozen=True)
class Summary:
    """Lines of settings. Each says only what really happens with these choices (`core.audience`, `core.digests`)."""

    common: Common
    subscription: Subscription

    def all(self, found: Subscriber, language: str) -> str:
        """Everything that is chosen, a line each."""
        say, chosen = self.common.say, found.choices
        lines = [say(language, "panel.title")]
        if self.common.muted(chosen):
            lines.append(self.mute(found, language))
        lines += [*self.topics(found, language), *self.words(chosen, language)]
        if normal := self._normal(found, language):
            lines.append(normal)
        if chosen.quiet:
            lines.append(f"{self.quiet(found, language)}. {self.passing(found, language)}")
        elif chosen.zone:
            lines.append(say(language, "chosen.zone", zone=self.common.zone_name(chosen.zone, language)))
        if held := self._held(found, language):
            lines.append(held)
        if cap := self.cap(found, language):
            lines.append(cap)
        return "\n".join([*lines, self.form(chosen, language)])

    def topics(self, found: Subscriber, language: str) -> list[str]:
        """Which topics, and from which urgency on: one sentence where that is the same for all of them."""
        say = self.common.say
        names = self.subscription.names(found.topics, language)
        names = names or say(language, "subscribe.words" if found.topics else "subscribe.everything")
        first = say(language, "subscribe.now", topics=names)
        floors = self._floors(found)
        if len(set(floors.values())) <= 1 and (found.topics or not found.choices.least):
            floor = next(iter(floors.values()), Urgency.NORMAL)
            return [first if floor is Urgency.NORMAL else f"{first} {say(language, f'subscribe.{floor.value}')}"]
        lines, rest = [first], ""
        for urgency in Urgency:
            level = say(language, f"level.{urgency.value}")
            ids = {topic for topic, floor in floors.items() if floor is urgency}
            if not found.topics and urgency is found.urgency:  # what has no topic of ours goes by it as well
                rest = say(language, "chosen.rest", level=level)
            elif ids and not (found.topics and urgency is Urgency.NORMAL):  # the first line names these, and no limit
                lines.append(say(language, "level.topic", topics=self.subscription.names(ids, language), level=level))
        return [*lines, rest] if rest else lines

    def words(self, chosen: Choices, language: str) -> list[str]:
        """Keywords, unwanted words and sources, where there are any."""
        lists = (("keyword.list", chosen.words), ("exclude.list", chosen.without))
        lines = [self.common.say(language, key, words=", ".join(sorted(words))) for key, words in lists if words]
        if chosen.sources:
            lines.append(self.common.say(language, "source.set", mine=", ".join(sorted(chosen.sources))))
        return lines

    def quiet(self, found: Subscriber, language: str) -> str:
        """The quiet hours and by which clock, or that there are none."""
        say, hours = self.common.say, found.choices.quiet
        if not hours:
            return say(language, "quiet.none")
        zone = self.common.zone_name(self.common.zone(found), language)
        return say(language, "chosen.quiet", hours=str(hours), zone=zone)

    def passing(self, found: Subscriber, language: str) -> str:
        """What comes through quiet hours."""
        passes = found.choices.passes
        if found.choices.quiet and not self.holds(found):
            return self.common.say(language, "chosen.passes.all")
        return self.common.say(language, f"chosen.passes.{passes.value if passes else 'nothing'}")

    def digests(self, found: Subscriber, language: str) -> list[str]:
        """When digests come, and what is in them."""
        say, chosen = self.common.say, found.choices
        if not chosen.gather and self._held(found, language):
            first = say(language, "digests.held", times=self.common.slots(chosen, language))
            return list(filter(None, (first, self._normal(found, language))))
        if not chosen.gather or not chosen.digests:
            first = say(language, "digests.none")
        else:
            first = say(language, "digest.set", times=self.common.slots(chosen, language)).rstrip(".")
        if gathers(found):
            own = [say(language, "chosen.words")] if chosen.words else []
            return [first, say(language, "digests.gather"), *own]
        if chosen.gather and chosen.digests:
            return [first, say(language, "digests.breaking")]
        return list(filter(None, (first, self._normal(found, language), self._held(found, language))))

    def mute(self, found: Subscriber, language: str) -> str:
        """Until when nothing comes."""
        if not self.common.muted(found.choices):
            return self.common.say(language, "mute.none")
        when = self.common.when(found.choices.muted, self.common.zone(found), language)
        return self.common.say(language, "chosen.mute", when=when)

    def cap(self, found: Subscriber, language: str) -> str:
        """What happens beyond the number of a day, or "" where nothing does."""
        chosen = found.choices
        if chosen.cap and chosen.digests and (chosen.words or (wants_normal(found) and not chosen.gather)):
            return self.common.say(language, "chosen.cap", n=chosen.cap)
        loud = chosen.sound and (chosen.words or self._least(found) is not Urgency.FLASH)
        return self.common.say(language, "chosen.cap.sound", n=chosen.cap) if chosen.cap and loud else ""

    def form(self, chosen: Choices, language: str) -> str:
        """How much of a story, and whether it sounds."""
        say = self.common.say
        return say(language, f"form.{chosen.form}") + ("" if chosen.sound else " " + say(language, "sound.off"))

    def _normal(self, found: Subscriber, language: str) -> str:
        """What becomes of normal news; "" where none is wanted, which the topics' line says."""
        say, chosen = self.common.say, found.choices
        if gathers(found):
            key = "chosen.gather_words" if chosen.words else "chosen.gather"
            return say(language, key, times=self.common.slots(chosen, language))
        if wants_normal(found):
            return say(language, "digests.now")
        return say(language, "chosen.words") if chosen.words else ""

    def _held(self, found: Subscriber, language: str) -> str:
        """When that comes which quiet hours or the number of a day put off, where no line has said it."""
        chosen = found.choices
        capped = chosen.cap and (chosen.words or wants_normal(found))
        if not chosen.digests or gathers(found) or not (self.holds(found) or capped):
            return ""
        return self.common.say(language, "chosen.held", times=self.common.slots(chosen, language))

    def holds(self, found: Subscriber) -> bool:
        """Whether quiet hours put anything off that is wanted."""
        chosen = found.choices
        lowest = Urgency.NORMAL if chosen.words else self._least(found)
        return bool(chosen.quiet) and (chosen.passes is None or lowest.lane > chosen.passes.lane)

    def _floors(self, found: Subscriber) -> dict[str, Urgency]:
        """The least urgent wanted of each topic that is on."""
        least, on = dict(found.choices.least), found.topics - {NONE} if found.topics else self.subscription.every
        return {topic: least.get(topic, found.urgency) for topic in on}

    def _least(self, found: Subscriber) -> Urgency:
        """The least urgent that is wanted of anything."""
        floors = list(self._floors(found).values()) + ([] if found.topics else [found.urgency])
        return max(floors, key=lambda floor: floor.lane, default=Urgency.FLASH)
