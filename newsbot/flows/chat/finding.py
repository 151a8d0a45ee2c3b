"""What was published: the latest, what says some words, what continues a story, and why an alert came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote

from newsbot.core import topics
from newsbot.core.model import Ask, Button, Inbound, Reply, Story, Subscriber, Topic, Urgency
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.subscription import NONE, Subscription

MOST_LATEST = 10
FOUND = 8
MONTH = 30 * 86400
LINE = 8
BETWEEN = re.compile(r"[\W_]+")
HANJA = re.compile(r"[\u4e00-\u9fff]")
KOREAN_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9가-힣._~/-]*")
TOLD = ("alert", "follow-up", "correction")
FIRST = 200  # stories looked at for the newest, before all of the month's are
REMEMBERED = 8192  # stories whose words are kept as they are looked for: a month of 250 a day


@dataclass(frozen=True)
class Finding:
    """Reads; changes nothing."""

    common: Common
    subscription: Subscription

    async def latest(self, arguments: Sequence[str], language: str) -> Reply:
        """The newest, of one topic or of all."""
        amount, topic = 5, None
        for word in arguments:
            number = word.removesuffix("건").removesuffix("개")
            if number.isdecimal():
                amount = min(max(int(number[:4]), 1), MOST_LATEST)
            elif found := topics.lookup(self.common.topics, word):
                topic = found
            else:
                return Reply(self.subscription.no_topic(word, language))

        def fitting(known: Sequence[Story]) -> list[Story]:
            return [one for one in known if told(one) and (topic is None or topic.id in one.topics)][:amount]

        stories = fitting(await self.common.stories.recent(FIRST))
        if len(stories) < amount:
            stories = fitting(await self.published(MONTH))
        return self._list(stories, "latest.title", "latest.empty", language)

    async def search(self, arguments: Sequence[str], language: str) -> Reply:
        """Everything of the last month that says all of these words."""
        wanted = [topics.squeezed(word) for word in arguments]
        if not any(wanted):
            ask = Ask(self.common.say(language, "ask.search"), self.common.say(language, "ask.search.label"), "search")
            return Reply(self.common.say(language, "search.how"), ask=ask)
        found = []
        for story in await self.published(MONTH):
            text = squeezed(story.headline, story.excerpt)
            if all(word in text for word in wanted):
                found.append(story)
        title = self.common.say(language, "search.title", words=" ".join(arguments), n=len(found))
        shown = self._list(found[:FOUND], "", "search.none", language, title)
        if len(found) > FOUND:
            more = self.common.say(language, "search.more", n=len(found) - FOUND)
            return replace(shown, text=f"{shown.text}\n{more}")
        return shown

    async def hits(self, word: str, seconds: float) -> int:
        """How many pieces of the last so many seconds say this keyword."""
        may = (one for one in await self.published(seconds) if may_say(word, one.headline, one.excerpt))
        return sum(word in self.common.said(f"{one.headline}\n{one.excerpt}") for one in may)

    async def published(self, seconds: float) -> list[Story]:
        """What readers could see of the last so many seconds, newest first."""
        since = self.common.clock().timestamp() - seconds
        return [one for one in await self.common.stories.since(since) if told(one)]

    async def more(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """The other news of the same story: the one named, or the last that came here."""
        story = await self._meant(inbound, arguments)
        if story is None:
            return Reply(self.common.say(language, "more.how" if arguments else "why.none"))
        root, known = story.parent or story.id, await self.published(MONTH)
        line = [one for one in known if one.id != story.id and root in (one.id, one.parent)]
        return self._list(line[:LINE], "more.title", "more.none", language)

    async def why(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """Why this place got, or did not get, an alert: the one named, or the last that came here."""
        say = self.common.say
        found = await self.common.subscribers.get(inbound.address)
        if found is None:
            return Reply(say(language, "unsubscribe.none"))
        story = await self._meant(inbound, arguments)
        if story is None:
            return Reply(say(language, "why.how" if arguments else "why.none"))
        facts = await self.common.report.why(story, found.address)
        lines = [f"{story.headline} ({story.id})"]
        state, reason = facts["state"], str(facts["reason"] or "")
        if state in ("sent", "sending", "retry", "pending"):
            lines.append(say(language, "why.sent", reasons=", ".join(self._reasons(story, found, language))))
        elif reason.startswith("for the digest"):
            lines.append(say(language, f"why.later.{reason.rpartition(': ')[2].replace(' ', '-')}"))
        elif state == "doubt":
            lines.append(say(language, "why.unsure"))
        elif state == "none":
            lines.append(say(language, "why.not"))
        else:
            lines.append(say(language, "why.failed"))
        hush = Button(say(language, "button.hush"), f"hush {story.id}")
        more = Button(say(language, "button.more"), f"more {story.id}")
        settings = Button(say(language, "button.settings"), "settings")
        return Reply("\n".join(lines), (more, hush, settings))

    def _reasons(self, story: Story, found: Subscriber, language: str) -> list[str]:
        """What of a reader's choices a story meets."""
        say = self.common.say
        words = self.common.said(f"{story.headline}\n{story.excerpt}") & found.choices.words
        reasons = [say(language, "why.word", word=word) for word in sorted(words)]
        mine = [topic for topic in self.common.topics if topic.id in story.topics and self._reads(found, topic)]
        reasons += [say(language, "why.topic", topic=topic.label(language)) for topic in mine]
        if not mine and not found.topics:
            reasons.append(say(language, "why.everything"))
        if story.urgency is not Urgency.NORMAL:
            reasons.append(say(language, f"urgency.{story.urgency.value}"))
        return reasons

    @staticmethod
    def _reads(found: Subscriber, topic: Topic) -> bool:
        return topic.id in found.topics if found.topics - {NONE} else not found.topics

    async def _meant(self, inbound: Inbound, arguments: Sequence[str]) -> Story | None:
        """The story named, where readers may know of it, or the last that came here."""
        if arguments:
            story = await self.common.stories.get(arguments[0])
            return story if story and public(story) else None
        found = await self.common.subscribers.get(inbound.address)
        return await self.common.last(found, told) if found else None

    def _list(self, stories: Sequence[Story], title: str, none: str, language: str, said: str = "") -> Reply:
        if not stories:
            return Reply(self.common.say(language, none))
        lines = [said or self.common.say(language, title)]
        for one in stories:
            when = self.common.when(one.accepted_at, self.common.home, language)
            lines.append(f"• {one.headline} ({when})\n{readable(one.link or '')}".rstrip())
        return Reply("\n".join(lines))


def public(story: Story) -> bool:
    """Whether readers may know of it: it does not wait for a person, was not dropped, and is no test or question."""
    return not (story.held or story.dropped or story.test) and story.kind in (*TOLD, "retraction")


def told(story: Story) -> bool:
    """Whether readers may read it now: what was withdrawn is known, and not shown again."""
    return public(story) and story.kind in TOLD


def readable(address: str) -> str:
    """The address with Korean letters as such, where nothing in it could end a link too early; else as it is."""
    plain = unquote(address)
    return plain if KOREAN_ADDRESS.fullmatch(plain) else address


@lru_cache(maxsize=REMEMBERED)
def squeezed(headline: str, excerpt: str) -> str:
    """The words as they are looked for. Remembered: a month of them takes a second to squeeze."""
    return topics.squeezed(f"{headline}\n{excerpt}")


def may_say(word: str, headline: str, excerpt: str) -> bool:
    """Whether it is worth asking if this says the keyword: the letters are there, or Hanja that may stand for them."""
    text = signs(headline, excerpt)
    return BETWEEN.sub("", word) in text or HANJA.search(text) is not None


@lru_cache(maxsize=REMEMBERED)
def signs(headline: str, excerpt: str) -> str:
    """The letters and digits alone: what stands between the words of a keyword does not matter."""
    return BETWEEN.sub("", topics.fold(f"{headline}\n{excerpt}"))
