"""The pure part of the kit: how alerts are decided and drawn. It needs neither Redis nor a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from newsbot import platforms
from newsbot.bootstrap.files import LANGUAGES, read_duties, read_shorthand, read_topics, read_words
from newsbot.core import compose, duties, editorial, keywords
from newsbot.core.duties import Duties
from newsbot.core.model import Address, Article, Form, Rendered, Story, Topic
from newsbot.flows.words import Words
from newsbot.ports import Dialect
from newsbot.settings import Settings


@dataclass(frozen=True)
class Plain:
    """What needs neither Redis nor a token: how alerts are decided and drawn."""

    settings: Settings
    topics: tuple[Topic, ...]
    words: Words
    rules: editorial.Rules
    duties: Duties
    dialects: Mapping[str, Dialect]
    shorthand: Mapping[str, str]
    """Hanja of headlines → its word"""

    def mark(self, article: Article, body: str) -> tuple[str, ...]:
        """The duties that an article whose page says `body` brings with it."""
        return duties.marks(self.duties, article, body)

    def drawn(self, story: Story) -> str:
        """Everything readers would see of this story, everywhere, as one comparable text."""
        return " ".join(
            self.render(story, platform, language).digest for platform in self.dialects for language in LANGUAGES
        )

    def render(
        self, story: Story, platform: str, language: str, form: Form = "excerpt", *, private: bool = False
    ) -> Rendered:
        """What this story is on that platform, in that frame language; pure, so previews show what is sent."""
        catalog = self.words.catalog(language)
        message = compose.compose(
            story,
            language=language,
            catalog=catalog if self.settings.message.emoji else {**catalog, "mark.flash": ""},
            topics={topic.id: topic for topic in self.topics},
            now=editorial.moment(story.accepted_at),
            zone=self.settings.site.zone,
            commercial=self.settings.site.commercial,
            campaign=platform if self.settings.links.utm else "",
            form=form,
            private=private,
        )
        return self.dialects[platform].render(message)

    def digest(
        self, story: Story, lines: Sequence[Story], platform: str, language: str, slot: str, *, private: bool = False
    ) -> Rendered:
        """A digest of these stories on that platform; pure."""
        message = compose.digest(
            lines,
            title=slot,
            language=language,
            catalog=self.words.catalog(language),
            topics={topic.id: topic for topic in self.topics},
            now=editorial.moment(story.accepted_at),
            zone=self.settings.site.zone,
            story=story.id,
            campaign=platform if self.settings.links.utm else "",
            private=private,
        )
        return self.dialects[platform].render(message)

    def keyword(self, typed: str) -> str:
        """The keyword that is meant. Raises keywords.BadWord."""
        return keywords.keyword(typed, self.shorthand)

    def said(self, text: str) -> frozenset[str]:
        """Every keyword that this text would match."""
        return keywords.said(text, self.shorthand)

    @property
    def publisher(self) -> str:
        """How the bot calls the newsroom it speaks for."""
        site = self.settings.site
        return site.name or urlsplit(site.url).hostname or "newsbot"

    def address(self, text: str) -> Address:
        """A canonical address. Raises ValueError with one line."""
        address = Address.parse(text)
        if address.platform not in self.dialects:
            raise ValueError(f"address {text!r}: no platform {address.platform!r}; known: {', '.join(self.dialects)}")
        return self.dialects[address.platform].parse(address)


def plain(config: Settings) -> Plain:
    """The pure part of the kit. Raises ConfigError for a broken topics file."""
    dialects = {name: platforms.load(name).dialect() for name in platforms.PLATFORMS}
    topics = read_topics()
    rules = editorial.Rules(topics, config.site.name, config.message.image)
    words = read_words(config.site.language)
    return Plain(config, topics, words, rules, read_duties(), MappingProxyType(dialects), read_shorthand())
