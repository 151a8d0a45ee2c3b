"""What the bot can say: the same in both languages, in the words that are agreed, in every place it is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from newsbot import bootstrap
from newsbot.core.audience import CAP, GATHER, MUTED, QUIET
from newsbot.core.commands import BY_WORD, VERBS
from newsbot.core.model import Form, Urgency
from newsbot.flows.chat.choosing import MUTES
from newsbot.flows.chat.panels import PANELS
from newsbot.flows.chat.subscription import REASONS

CATALOGS = bootstrap.read_words("ko").catalogs
FLOWS = Path(str(files("newsbot"))) / "flows"
SOURCES = {str(path.relative_to(FLOWS)): path.read_text("utf-8") for path in FLOWS.rglob("*.py")}
# The buttons under alerts are composed with them, out of the same catalog.
SOURCES["alert.py"] = (FLOWS.parent / "core" / "compose" / "alert.py").read_text("utf-8")

# Keys that are put together: the dotted beginning, and what may follow.
HELD = (
    *("editor", "old", "dated ahead", "no site address", "too many at once", "licence unclear", "withdrawal tag"),
    *("correction without target", "said before", "unfinished", "republished", "page not found", "large change"),
    *("edited too often", "many changes", "election poll incomplete", "suicide item"),
)
ASKED = ("quiet", "digest", "zone", "cap", "keyword", "exclude", "search")
BUILT: dict[str, Sequence[str]] = {
    "help": [verb.name for verb in VERBS if verb.listed and not verb.button_only],
    "subscribe": [urgency.value for urgency in Urgency if urgency is not Urgency.NORMAL],
    "urgency": [urgency.value for urgency in Urgency],
    "state": ["open", "done", "held", "cancelled"],
    "platform": ["on", "off", "dead", "paused", "frozen"],
    "refused.admins": ["group", "channel"],
    "held": [*HELD],
    "unfit": ["advertising", "headline empty", "unfinished"],
    "cancelled": ["sending", "doubt", "lost"],
    "date.weekday": [str(day) for day in range(1, 8)],
    "level": [urgency.value for urgency in Urgency],
    "floor": [urgency.value for urgency in Urgency],
    "reason": [*REASONS, "ask", "thanks"],
    "privacy": ["active", "quarantined", "stopped"],
    "why.later": [reason.replace(" ", "-") for reason in (MUTED, QUIET, CAP, GATHER)],
    "panel": PANELS[1:],
    "quiet.passes": ["flash", "breaking", "nothing"],
    "form": get_args(Form),
    "how": get_args(Form),
    "how.sound": ["on", "off"],
    "sound": ["on", "off"],
    **{verb: ["how"] for verb in ("quiet", "digest", "cap", "zone")},
    "keyword": ["short", "long", "added", "removed", "list", "how"],
    "exclude": ["added", "removed", "list", "how"],
    "mute": MUTES,
    "chosen.passes": ["flash", "breaking", "nothing"],
    "ask": [name + end for name in ASKED for end in ("", ".label")],
}
# One language is offered under its own name, whichever is spoken.
OWN_NAMES = {"panel.language"}
PARTICLE = re.compile(r"\{\w+\}[’”)]?(?:이|가|은|는|을|를|와|과|로|으로|이나|나|라고|이라고)(?![가-힣])")


def chat_keys() -> set[str]:
    """The keys of chat.po alone; the alert's words have tests of their own."""
    po = (FLOWS.parent / "locales" / "ko" / "chat.po").read_text("utf-8")
    return set(re.findall(r'^msgid "(.+)"$', po, re.MULTILINE))


def named() -> set[str]:
    """Every key that the flows name."""
    keys = {f"{start}.{rest}" for start, ends in BUILT.items() for rest in ends}
    for source in SOURCES.values():
        keys |= {key for key in re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', source) if key in chat_keys()}
        keys |= set(re.findall(r'say\([^,()]+, "([^"{]+)"[,)]', source)) | set(
            re.findall(r'Impossible\("([^"]+)"', source)
        )
    return keys


def test_both_languages_have_the_same_keys_and_fields() -> None:
    english = {
        key for key in CATALOGS["en"] if not key.startswith("agency.")
    }  # names that Korean has no other word for
    assert CATALOGS["ko"].keys() == english
    for key, korean in CATALOGS["ko"].items():
        fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (korean, CATALOGS["en"][key])]
        assert fields[0] == fields[1], key


def test_no_key_stands_in_two_files() -> None:
    """The later one would speak for both."""
    found: dict[str, str] = {}
    for path in (FLOWS.parent / "locales" / "ko").glob("*.po"):
        for key in re.findall(r'^msgid "(.+)"$', path.read_text("utf-8"), re.MULTILINE):
            assert found.setdefault(key, path.name) == path.name, key


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_key_used_exists(language: str) -> None:
    assert named() - CATALOGS[language].keys() == set()


def test_no_key_is_left_over() -> None:
    assert chat_keys() - named() == set()


def test_korean_words_are_the_agreed_ones() -> None:
    for key, text in CATALOGS["ko"].items():
        assert "취소" not in text, key
        assert "!" not in text, key
        assert "죄송" not in text, key
        assert not PARTICLE.search(text), f"{key}: a bare particle after a field in {text!r}"
        for wrong in ("푸시", "업데이트", "삭제", "의심"):
            assert wrong not in text, key


def test_english_words_have_no_hangul() -> None:
    assert {key for key, text in CATALOGS["en"].items() if re.search("[가-힣]", text)} == OWN_NAMES
    assert [verb.name for verb in VERBS if not verb.example.isascii()] == []  # the help is English as well


def test_no_word_means_two_things() -> None:
    words = [word for verb in VERBS for word in (verb.name, *verb.korean)]
    assert len(words) == len(set(words)) == len(BY_WORD)


def test_the_commands_that_are_named_exist() -> None:
    names = {verb.name for verb in VERBS if not verb.button_only}
    for catalog in CATALOGS.values():
        for key, text in catalog.items():
            said = set(re.findall(r"(?<![\w</])/([a-z]+)(?![\w.])", text))
            # What the set-up says names commands of @BotFather and of Slack.
            assert said <= names or key.startswith(("init.", "doctor.")), key
