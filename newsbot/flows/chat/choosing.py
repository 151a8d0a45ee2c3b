"""What a reader sets beyond topics: words, hours, amounts, language. Each setting has one verb, typed or tapped."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from newsbot.core import keywords, wishes
from newsbot.core.audience import MOST_COUNTED
from newsbot.core.commands import MOST_DATA
from newsbot.core.model import Address, Ask, Button, Choices, Form, Inbound, Reply, Slot, Subscriber, Urgency
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.finding import Finding
from newsbot.flows.chat.lately import undo_button
from newsbot.flows.chat.subscription import ALL, LANGUAGES, NONE, URGENCIES, Subscription
from newsbot.flows.chat.summary import Summary

FORMS: dict[str, Form] = {
    **dict.fromkeys(("headline", "제목", "제목만", "short", "짧게"), "headline"),
    **dict.fromkeys(("excerpt", "기본", "요약", "default"), "excerpt"),
    **dict.fromkeys(("image", "사진", "그림", "images"), "image"),
}
ADDS = {"add", "더하기", "추가", "+"}
REMOVES = {"remove", "delete", "빼기", "삭제", "-"}
NOW = {"now", "바로", "즉시"}
NAMES = {"한국어": "ko", "korean": "ko", "영어": "en", "english": "en"}
MOST_SHOWN = 20  # sources that can be tapped
HOUSE_ZONES = {
    "서울": "Asia/Seoul",
    "한국": "Asia/Seoul",
    "도쿄": "Asia/Tokyo",
    "뉴욕": "America/New_York",
    "런던": "Europe/London",
    "로스앤젤레스": "America/Los_Angeles",
    "베이징": "Asia/Shanghai",
    "파리": "Europe/Paris",
}
MUTES = ("1h", "2h", "8h", "morning", "1d")
WEEK = 7 * 86400
MOST_QUOTED = 40  # signs of what was not understood
MINUTES = 10_000  # a mute of so many cannot be written as minutes, and needs no undoing
PASSING = (Urgency.FLASH, Urgency.BREAKING)
SLOTS = (Slot(8 * 60), Slot(18 * 60 + 30))


@dataclass(frozen=True)
class Choosing:
    """Answers the verbs of settings."""

    common: Common
    subscription: Subscription
    finding: Finding

    async def handle(self, verb: str, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """The answer to one of the verbs below."""
        found = await self.common.subscribers.get(inbound.address)
        if found is None or found.state == "stopped":
            if verb in ("mute", "unmute"):
                again = Button(self.common.say(language, "button.start"), "subscribe")
                return Reply(self.common.say(language, "unsubscribe.none"), (again,) if verb == "unmute" else ())
            if verb == "language":
                return await self._spoken(inbound, arguments, language)
            if verb != "keyword" or not arguments:
                again = Button(self.common.say(language, "button.start"), "subscribe")
                return Reply(self.common.say(language, "choose.first"), (again,))
            found = newcomer(inbound.address, language, self.common.defaults, found)
        answer: Callable[[Subscriber, list[str], str], Awaitable[Reply]] = getattr(self, f"_{verb}")
        return await answer(found, list(arguments), language)

    async def _spoken(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """To somebody who gets nothing yet: the welcome in the language wanted, whose buttons keep it."""
        if not (wanted := spoken(arguments)):
            return self._languages(language)
        first, *_ = await self.subscription.start(inbound, (), wanted)
        return replace(first, replaces=inbound.kind == "press")

    def _languages(self, language: str) -> Reply:
        picks = (Button("한국어", "language ko"), Button("English", "language en"))
        return Reply(self.common.say(language, "language.how"), picks, wide=2)

    async def _set(self, before: Subscriber, after: Subscriber, key: str, undo: str = "", **fields: object) -> Reply:
        """Store it and say so."""
        if (after := replace(after, state="active")) == before:
            undo = ""  # nothing was changed: what takes the last change back stays what it is
        stored = await self.common.keep(before, after)
        say, language = self.common.say, self.common.words.pick(after.language)
        back = undo_button(stored, undo, say(language, "button.undo"), self.common.clock().timestamp())
        return Reply(say(language, key, **fields), (*back, Button(say(language, "button.settings"), "settings")))

    def _with(self, found: Subscriber, **choices: object) -> Subscriber:
        return replace(found, choices=replace(found.choices, **choices))  # type: ignore[arg-type]

    async def _level(self, found: Subscriber, words: list[str], language: str) -> Reply:
        """How urgent news must be: of one topic, or of everything."""
        wish = self.subscription.wish(words)
        if wish.unknown:
            return Reply(self.subscription.no_topic(wish.unknown, language))
        if wish.urgency is None:
            levels = (Urgency.NORMAL, Urgency.BREAKING, Urgency.FLASH)
            picks = [Button(self.common.say(language, f"level.{one.value}"), f"level {one.value}") for one in levels]
            return Reply(self.common.say(language, "level.how"), tuple(picks), wide=3)
        label = self.common.say(language, f"level.{wish.urgency.value}")
        if not wish.topics:
            after = replace(found, urgency=wish.urgency, choices=replace(found.choices, least=()))
            return await self._set(found, after, "level.all", self.subscription.restoring(found), level=label)
        ids = frozenset(topic.id for topic in wish.topics)
        least = {**dict(found.choices.least), **dict.fromkeys(ids, wish.urgency)}
        least = {topic: urgency for topic, urgency in least.items() if urgency is not found.urgency}
        topics = found.topics - {NONE} | ids if found.topics else found.topics
        after = replace(self._with(found, least=tuple(sorted(least.items()))), topics=topics)
        names = self.subscription.names(ids, language)
        return await self._set(
            found, after, "level.topic", self.subscription.restoring(found), topics=names, level=label
        )

    async def _keyword(self, found: Subscriber, words: list[str], language: str) -> Reply:
        return await self._words(found, words, language, wanted=True)

    async def _exclude(self, found: Subscriber, words: list[str], language: str) -> Reply:
        return await self._words(found, words, language, wanted=False)

    async def _words(self, found: Subscriber, typed: list[str], language: str, *, wanted: bool) -> Reply:
        say, name = self.common.say, "keyword" if wanted else "exclude"
        had = found.choices.words if wanted else found.choices.without
        if not typed:
            text = say(language, f"{name}.list", words=", ".join(sorted(had)) or say(language, "keyword.none"))
            return self._ask(name, text + "\n" + say(language, f"{name}.how"), language)
        removes, rest = removing(typed)
        try:
            word = known(rest, had) or self.common.keyword(" ".join(rest))
        except keywords.BadWord as error:
            return self._ask(name, say(language, f"keyword.{error.why}"), language)
        if removes:
            if word not in had:
                return Reply(say(language, "keyword.unknown", word=word))
            return await self._less_words(found, word, name)
        if word in had:
            return self._ask(name, say(language, "keyword.already", word=word), language)
        if len(found.choices.words) + len(found.choices.without) >= keywords.MOST_WORDS:
            return Reply(say(language, "keyword.many", most=keywords.MOST_WORDS))
        # What is wanted is not unwanted, and the other way round.
        words, without = found.choices.words - {word}, found.choices.without - {word}
        both = (
            {"words": words | {word}, "without": without} if wanted else {"words": words, "without": without | {word}}
        )
        undo = f"{name} remove {token(f'{name} remove ', word)}"
        reply = await self._set(found, self._with(found, **both), f"{name}.added", undo, word=" ".join(rest))
        many = await self.finding.hits(word, WEEK)
        key = "keyword.week.one" if many == 1 else "keyword.week.many"
        return replace(reply, text=reply.text + " " + say(self.common.words.pick(found.language), key, n=many))

    async def _less_words(self, found: Subscriber, word: str, name: str) -> Reply:
        """Without one of its words; with the last of them nothing may be left that is to come."""
        chosen, undo = found.choices, f"{name} {word}"
        after = self._with(found, words=chosen.words - {word}) if name == "keyword" else found
        after = self._with(found, without=chosen.without - {word}) if name == "exclude" else after
        if NONE in after.topics and not after.choices.words:
            stored = await self.common.keep(found, replace(after, state="stopped"))
            say, language = self.common.say, self.common.words.pick(found.language)
            back = undo_button(stored, undo, say(language, "button.undo"), self.common.clock().timestamp())
            return Reply(say(language, "keyword.last", word=word), back)
        return await self._set(found, after, f"{name}.removed", undo, word=word)

    def _how(self, verb: str, words: Sequence[str], language: str, stands: str = "", **fields: object) -> Reply:
        """How this verb is said; first what was not understood, where something was said. `stands`: see `Ask`."""
        text = self._wrong(words, language) + self.common.say(language, f"{verb}.how", **fields)
        return self._ask(verb, text, language, stands)

    def _wrong(self, words: Sequence[str], language: str) -> str:
        return self.common.say(language, "wish.wrong", words=" ".join(words)[:MOST_QUOTED]) + "\n" if words else ""

    def _ask(self, verb: str, text: str, language: str, stands: str = "") -> Reply:
        """A question for words that belong to this verb."""
        say = self.common.say
        title, label = say(language, f"ask.{verb}"), say(language, f"ask.{verb}.label")
        return Reply(text, ask=Ask(title, label, verb, say(language, "ask.submit"), stands))

    async def _source(self, found: Subscriber, words: list[str], language: str) -> Reply:
        """Only these sources, or all of them again."""
        say, known, had = self.common.say, sorted(await self.common.stories.sources()), found.choices.sources
        if not words:
            mine = ", ".join(sorted(had)) or say(language, "source.every")
            rows = [(f"{'●' if name in had else '○'} {name}", name in had, name) for name in known[:MOST_SHOWN]]
            picks = [Button(label, f"source {'remove' if on else 'add'} {name}") for label, on, name in rows]
            every = Button(f"{'○' if had else '●'} {say(language, 'source.every')}", "source all")
            shown = tuple(button for button in (*picks, every) if fits(button.data))
            return Reply(say(language, "source.list", mine=mine, known=", ".join(known) or "-"), shown)
        if wishes.off(words) or (len(words) == 1 and words[0].casefold() in ALL):
            return await self._set(found, self._with(found, sources=frozenset()), "source.all")
        removes, rest = removing(words)
        typed = " ".join(rest[1:] if rest[0].casefold() in ADDS and len(rest) > 1 else rest).casefold()
        named = next((name for name in known if name.casefold() == typed), None)
        if named is None:
            return Reply(say(language, "source.unknown", known=", ".join(known) or "-"))
        chosen = had - {named} if removes else had | {named}
        mine = ", ".join(sorted(chosen)) or say(language, "source.every")
        undo = f"source {'add' if removes else 'remove'} {named}" if chosen != had else ""
        return await self._set(found, self._with(found, sources=chosen), "source.set", undo, mine=mine)

    async def _quiet(self, found: Subscriber, words: list[str], language: str) -> Reply:
        had = found.choices
        undo = f"quiet {had.quiet}" if had.quiet else "quiet off"
        passed = had.passes.value if had.passes in PASSING else "nothing"
        if words and (passing := passes(words)):
            after = self._with(found, passes=passing[0])
            name = passing[0].value if passing[0] else "nothing"
            undo = f"quiet {passed}"
            return await self._set(found, after, f"quiet.passes.{name}", undo)
        if wishes.off(words):
            return await self._set(found, self._with(found, quiet=None), "quiet.off", undo)
        hours = wishes.quiet(words)
        if hours is None:
            return self._how("quiet", words, language, str(found.choices.quiet or ""))
        reply = await self._set(found, self._with(found, quiet=hours), "quiet.set", undo, hours=str(hours))
        return replace(reply, text=f"{reply.text} {self.common.say(language, f'quiet.passes.{passed}')}")

    async def _mute(self, found: Subscriber, words: list[str], language: str) -> Reply:
        if wishes.off(words):
            return await self._unmute(found, [], language)
        now, zone = self.common.clock().timestamp(), self.common.zone(found)
        if words and words[0].casefold() in ("morning", "아침", "아침까지"):
            until = wishes.next_morning(zone, now)
        else:
            seconds = wishes.span(words) if words else None
            named = wishes.until(words, zone, now) if words and seconds is None else None
            if seconds is None and named is None:
                end = Button(self.common.say(language, "mute.stop"), "stop")
                spans = (*mute_buttons(self.common, language, ""), end)
                return Reply(self._wrong(words, language) + self.common.say(language, "mute.how"), spans, wide=2)
            until = named or now + (seconds or 0)
        after = self._with(found, muted=int(until))
        return await self._set(found, after, "mute.set", "unmute", when=self.common.when(until, zone, language))

    async def _unmute(self, found: Subscriber, _words: list[str], language: str) -> Reply:
        if not self.common.muted(found.choices):
            return Reply(self.common.say(language, "unmute.none"))
        # It ends with this second: what waited comes with the next look at the clock.
        left = found.choices.muted - int(self.common.clock().timestamp())
        after = self._with(found, muted=int(self.common.clock().timestamp()) + 1)
        return await self._set(
            found, after, "unmute.done", f"mute {max(left // 60, 1)}m" if left < MINUTES * 60 else ""
        )

    async def _digest(self, found: Subscriber, words: list[str], language: str) -> Reply:
        had = found.choices
        undo = "digest " + (" ".join(map(str, had.digests)) or "off")
        undo += " now" if had.digests and not had.gather else ""
        if len(words) == 1 and words[0].casefold() in NOW:
            return await self._set(found, self._with(found, gather=False), "digest.now", "digest on")
        if len(words) == 1 and words[0].casefold() in wishes.ON:
            after = self._with(found, gather=True, digests=had.digests or self.common.defaults.digests or SLOTS)
            return await self._set(found, after, "digest.on", undo, times=self.common.slots(after.choices, language))
        if wishes.off(words):
            return await self._set(found, self._with(found, digests=(), gather=False), "digest.off", undo)
        rest = len(words) > 1 and words[-1].casefold() in NOW  # a digest only of what was put off
        found_slots = self._slots(words[:-1] if rest else words)
        if found_slots is None:
            return self._how("digest", words, language, " ".join(map(str, had.digests)))
        after = self._with(found, digests=found_slots, gather=not rest)
        key = "panel.digest_rest" if rest else "digest.set"
        return await self._set(found, after, key, undo, times=self.common.slots(after.choices, language))

    def _slots(self, words: list[str]) -> tuple[Slot, ...] | None:
        try:
            return tuple(sorted((Slot.parse(word) for word in words), key=str)) or None
        except ValueError:
            return wishes.slots(words)

    async def _cap(self, found: Subscriber, words: list[str], language: str) -> Reply:
        undo = f"cap {found.choices.cap or 'off'}"
        if wishes.off(words) or words == ["0"]:
            return await self._set(found, self._with(found, cap=0), "cap.off", undo)
        number = words[0].removesuffix("건").removesuffix("개") if len(words) == 1 else ""
        if not number.isdecimal() or not 1 <= int(number[:4]) <= MOST_COUNTED:
            return self._how("cap", words, language, str(found.choices.cap or ""), most=MOST_COUNTED)
        after = self._with(found, cap=int(number))
        reply = await self._set(found, after, "cap.set", undo, n=int(number))
        beyond = Summary(self.common, self.subscription).cap(after, self.common.words.pick(found.language))
        return replace(reply, text=f"{reply.text} {beyond}".rstrip())

    async def _form(self, found: Subscriber, words: list[str], language: str) -> Reply:
        form = FORMS.get("".join(words).casefold())
        if form is None:
            forms = ("headline", "excerpt", "image")
            picks = tuple(Button(self.common.say(language, f"how.{one}"), f"form {one}") for one in forms)
            return Reply(self.common.say(language, "form.how"), picks, wide=3)
        if form == "image" and not self.common.pictures:  # what nobody sends cannot be chosen
            return Reply(self.common.say(language, "form.no_picture"))
        return await self._set(found, self._with(found, form=form), f"form.{form}", f"form {found.choices.form}")

    async def _sound(self, found: Subscriber, words: list[str], language: str) -> Reply:
        if not wishes.off(words) and not (len(words) == 1 and words[0].casefold() in wishes.ON):
            picks = tuple(
                Button(self.common.say(language, f"how.sound.{one}"), f"sound {one}") for one in ("on", "off")
            )
            return Reply(self.common.say(language, "sound.how"), picks, wide=2)
        on = not wishes.off(words)
        undo = f"sound {'off' if on else 'on'}"
        return await self._set(found, self._with(found, sound=on), f"sound.{'on' if on else 'off'}", undo)

    async def _zone(self, found: Subscriber, words: list[str], language: str) -> Reply:
        typed = "_".join(words)
        named = HOUSE_ZONES.get(typed) or zones().get(typed.casefold())
        if named is None:
            ends = [name for folded, name in zones().items() if folded.rpartition("/")[2] == typed.casefold()]
            named = ends[0] if typed and len(ends) == 1 else None
        if named is None:
            return self._how("zone", words, language, zone=self.common.zone_name(self.common.zone(found), language))
        zone = "" if named == self.common.home else named
        undo = f"zone {self.common.zone(found)}"
        now = self.common.when(self.common.clock().timestamp(), named, language)
        called = self.common.zone_name(named, language)
        return await self._set(found, self._with(found, zone=zone), "zone.set", undo, zone=called, now=now)

    async def _language(self, found: Subscriber, words: list[str], language: str) -> Reply:
        wanted = spoken(words)
        if not wanted:
            return self._languages(language)
        return await self._set(found, replace(found, language=wanted), "language.set", f"language {found.language}")


def passes(words: Sequence[str]) -> tuple[Urgency | None] | None:
    """What comes through quiet hours: "breaking", "속보도", "flash", "nothing"; None where that is not what is said."""
    word = words[-1].casefold().removesuffix("도").removesuffix("만") if len(words) == 1 else ""
    if word in ("nothing", "아무것", "모두끄기"):
        return (None,)
    urgency = URGENCIES.get(word)
    return (urgency,) if urgency in PASSING else None


def newcomer(address: Address, language: str, defaults: Choices, before: Subscriber | None) -> Subscriber:
    """Somebody whose first word is a keyword: that alone, by the hours of before or the newsroom's."""
    if before is None:
        return Subscriber(address, frozenset({NONE}), Urgency.NORMAL, language, "stopped", choices=defaults)
    return replace(before, topics=frozenset({NONE}), choices=replace(before.choices, words=frozenset()))


def removing(words: list[str]) -> tuple[bool, list[str]]:
    """(whether it is to go, the other words): "remove AI", "빼기 반도체", "반도체 빼기"."""
    if words[0].casefold() in REMOVES:
        return True, words[1:] or [""]
    if len(words) > 1 and words[-1] in REMOVES:
        return True, words[:-1]
    return False, words


def token(before: str, word: str) -> str:
    """The word, or a short name of it where a button could not say it after `before`."""
    return word if fits(before + word) else f"~{zlib.crc32(word.encode()):08x}"


def known(typed: Sequence[str], words: Collection[str]) -> str:
    """The word that a button means by a short name, or ""."""
    return next((word for word in words if [f"~{zlib.crc32(word.encode()):08x}"] == list(typed)), "")


def spoken(words: Sequence[str]) -> str:
    """The language that is meant: "ko", "en", or ""."""
    typed = "".join(words).casefold()
    wanted = NAMES.get(typed, typed)
    return wanted if wanted in LANGUAGES else ""


@lru_cache(maxsize=1)
def zones() -> Mapping[str, str]:
    """Every zone of the tz database that names a place, by its folded name."""
    return MappingProxyType({name.casefold(): name for name in available_timezones() if "/" in name})


def mute_buttons(common: Common, language: str, before: str) -> tuple[Button, ...]:
    """For how long."""
    return tuple(Button(common.say(language, f"mute.{one}"), f"{before}mute {one}") for one in MUTES)


def fits(data: str) -> bool:
    """Whether a button can say this."""
    return len(data.encode()) <= MOST_DATA
