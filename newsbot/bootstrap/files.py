"""What is read from files at start: topics, duties, catalogs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

from newsbot.core import duties, keywords
from newsbot.core import topics as topic_rules
from newsbot.core.duties import Duties
from newsbot.core.model import Topic
from newsbot.flows.words import Words
from newsbot.settings import ConfigError

TOPICS_FILE = Path("config/topics.toml")
DUTIES_FILE = Path("config/duties.toml")
SHORTHAND_FILE = Path("config/shorthand.toml")
LANGUAGES = ("ko", "en")


def read_topics() -> tuple[Topic, ...]:
    """The topics of `config/topics.toml`, or the ones that come with the package. Raises ConfigError."""
    packaged = files("newsbot") / "topics.toml"
    text = TOPICS_FILE.read_text("utf-8") if TOPICS_FILE.is_file() else packaged.read_text("utf-8")
    try:
        return topic_rules.read(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ConfigError(f"{TOPICS_FILE}: {error}") from None


def read_duties() -> Duties:
    """The duties of `config/duties.toml`, or the ones that come with the package. Raises ConfigError."""
    packaged = files("newsbot") / "duties.toml"
    text = DUTIES_FILE.read_text("utf-8") if DUTIES_FILE.is_file() else packaged.read_text("utf-8")
    try:
        return duties.read(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ConfigError(f"{DUTIES_FILE}: {error}") from None


def read_shorthand() -> Mapping[str, str]:
    """The Hanja of `config/shorthand.toml`, or the ones that come with the package. Raises ConfigError."""
    packaged = files("newsbot") / "shorthand.toml"
    text = SHORTHAND_FILE.read_text("utf-8") if SHORTHAND_FILE.is_file() else packaged.read_text("utf-8")
    try:
        return MappingProxyType(keywords.read_shorthand(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ConfigError(f"{SHORTHAND_FILE}: {error}") from None


def read_words(default: str) -> Words:
    """The catalogs, read from their .po files: one folder a language, one file a subject."""
    catalogs: dict[str, Mapping[str, str]] = {}
    for language in LANGUAGES:
        words: dict[str, str] = {}
        for place in (files("newsbot") / "locales" / language).iterdir():
            with place.open("rb") as file:
                words |= {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}
        catalogs[language] = MappingProxyType(words)
    return Words(MappingProxyType(catalogs), default)
