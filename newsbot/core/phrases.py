"""What people say who do not know the commands: sentences of their own, as the command that does what they ask for.

Only where they are alone with the bot, or call it by its name. What asks for two things, or for none we have, is left alone:
better not understood than the contrary of what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from newsbot.core import sayings, wishes
from newsbot.core.commands import BY_WORD, Verb
from newsbot.core.model import Role

MOST_WORDS = 40
"""Words of a sentence that is looked at: each costs a look at all topics."""

IsTopic = Callable[[str], bool]

# "구독해 주세요", "검색 좀": what a verb may be followed by.
_ENDING = re.compile(r"(?:해\s*(?:줘|주세요|주십시오|줄래요)?|할래요?|할게요|하기|하고\s*싶어요?|좀|요|please)$")
_PARTICLE = re.compile(r"(?:이랑|랑|하고|와|과|은|는|을|를|도)$")


def sentence(text: str) -> str:
    """The command for a sentence that as a whole stands for one, or ""."""
    return sayings.SAID.get(sayings.squeezed(_words(text)), "")


def drops(text: str) -> bool:
    """Whether this takes back a question that waits for its words."""
    return sayings.squeezed(_words(text)) in sayings.DROPS


def stops(behind: Sequence[str], is_topic: IsTopic) -> str:
    """The command for "stop" with words behind it: what should stop, all of it, or a question where that is not clear."""
    words = _split(" ".join(behind))
    if behind and not words:
        return "mute"
    if chosen := _chosen(["stop", *words], is_topic):
        return chosen
    if wishes.span(words) is not None:
        return " ".join(["mute", *words])
    return "mute" if any(word not in sayings.AROUND | sayings.AFTER for word in words) else "stop"


def named(text: str, is_topic: IsTopic) -> list[str]:
    """The topics a sentence speaks of, whatever it wants of them."""
    return [found for word in _split(_words(text)) if (found := _topic(word, is_topic))]


def guess(text: str, is_topic: IsTopic) -> str:
    """The command for words that begin with none: "정치만 보고 싶어요", "반도체 검색해 줘", "밤 11시부터 7시"; or ""."""
    text = _words(text)
    words, typed = _split(text), text.split()
    if not words:
        return ""
    if chosen := _chosen(words, is_topic):
        return chosen
    if (hours := _quiet(typed)) is not None:
        return f"quiet {hours}"
    if not any(word.isdecimal() for word in typed) and wishes.span(typed) is not None:
        return f"mute {text}"
    for pause, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        if pause in sayings.PAUSES and (wishes.span(rest) is not None or rest[:1] == ["until"]):
            return f"mute {' '.join(rest)}"
    if times := _gathered(words):
        return f"digest {' '.join(times)}"
    if verb := _last(words):
        return " ".join([verb.name, *words[: -_width(words)]])
    return f"subscribe {words[0]}" if len(words) == 1 and is_topic(words[0]) else ""


def _words(text: str) -> str:
    """Without the slash that stands before Korean words where commands alone reach the bot; "/pause" is no sentence."""
    return text if not text.startswith("/") else "" if text[1:2].isascii() else text[1:]


def _split(text: str) -> list[str]:
    """The words, in small letters and without punctuation; none of what is too long to be a wish."""
    words = sayings.SIGNS.sub(" ", text.casefold()).split()
    return words if len(words) <= MOST_WORDS else []


def _chosen(words: Sequence[str], is_topic: IsTopic) -> str:
    """Topics alone, more or fewer of them: "정치랑 경제만", "정치 속보만", "정치만 빼고", "only politics and economy"."""
    behind = next((place for place in range(len(words), 0, -1) if words[place - 1] in sayings.INSTEAD), 0)
    instead = _chosen(words[behind:], is_topic) if behind else ""  # once: nothing in it stands for "instead"
    if instead.startswith("subscribe only"):  # "정치 빼고 경제만"
        return instead
    plain = [word for word in words if word not in sayings.AND]
    topics: list[str] = []
    only = False
    for word in plain:
        found = _topic(word, is_topic) or _topic(_bare(word), is_topic)
        if not found or only:
            break
        topics.append(found)
        only = word.endswith(("만", "만요")) and not is_topic(word)
    rest = plain[len(topics) :]
    if not topics:
        urgent = sayings.URGENT.get(plain[0]) if plain and _asks(plain[1:]) else None
        return f"subscribe {urgent}" if urgent else _english(words, is_topic)
    while not only and rest and rest[0] in sayings.NOUNS:
        rest = rest[1:]
    return _wanted(topics, rest, only=only) or _english(words, is_topic)


def _wanted(topics: Sequence[str], rest: Sequence[str], *, only: bool) -> str:
    """What the words behind these topics want of them; "" where that is not plain."""
    if rest and not _asks(rest[1:]):
        return ""
    first = rest[0] if rest else ""
    if first in sayings.LESS:
        return " ".join(["unsubscribe", *topics])
    if first in sayings.URGENT:
        return " ".join(["subscribe only", *topics, sayings.URGENT[first]])
    if first in sayings.MORE and not only:
        return " ".join(["subscribe", *topics])
    if first in sayings.ONLY_NOUNS or (only and (not first or first in sayings.WANTS)):
        return " ".join(["subscribe only", *topics])
    return ""


def _asks(words: Sequence[str]) -> bool:
    """Whether these only ask for it. Whatever else stands there may turn what is meant into its contrary."""
    return all(word in sayings.WANTS for word in words)


def _english(words: Sequence[str], is_topic: IsTopic) -> str:
    """ "only politics and economy", "no more politics", "add economy"; what denies twice is left alone."""
    said = set(words)
    denied = [word for word in words if word in sayings.NOT]
    known = sayings.AROUND | sayings.NOT | sayings.ADDS | sayings.BREAKING
    topics = [word for word in words if word not in known]
    urgent = ["breaking"] if said & sayings.BREAKING else []
    if not all(map(is_topic, topics)) or len(denied) > 1 or not (topics or urgent):
        return ""
    if denied:
        return " ".join(["unsubscribe", *topics]) if topics and not urgent else ""
    if said & sayings.ONLY:
        return " ".join(["subscribe only", *topics, *urgent] if topics else ["subscribe", *urgent])
    return " ".join(["subscribe", *topics]) if said & sayings.ADDS and topics and not urgent else ""


def _topic(word: str, is_topic: IsTopic) -> str:
    """The topic this word names, without the particle behind it; or ""."""
    bare = _PARTICLE.sub("", word)
    return word if is_topic(word) else bare if is_topic(bare) else ""


def _bare(word: str) -> str:
    return word.removesuffix("요").removesuffix("만")


def _gathered(words: Sequence[str]) -> list[str]:
    """The times of "아침 7시에 모아서 보내줘"."""
    times = list(words)
    while times and times[-1] in sayings.GATHERS:
        times.pop()
    return times if len(times) < len(words) and wishes.slots(times) else []


def _quiet(typed: Sequence[str]) -> str | None:
    """The hours that should be quiet, where a sentence names some."""
    words = list(typed)
    if words[:2] == ["조용한", "시간"]:
        words = words[2:]
    while words and words[-1] in ("조용히", "조용하게", *sayings.AFTER):
        words.pop()
    return " ".join(words) if words and wishes.quiet(words) is not None else None


def _last(words: Sequence[str]) -> Verb | None:
    """The readers' verb these words end with, as Korean sentences do: "don't stop" is no Korean one."""
    said = "".join(words[-_width(words) :])
    if said.isascii():
        return None
    verb = BY_WORD.get(_ENDING.sub("", said)) or BY_WORD.get(said)
    fits = verb is not None and verb.role is Role.READER and not verb.button_only
    return verb if fits else None


def _width(words: Sequence[str]) -> int:
    """How many of the last words belong to the verb: "검색해 줘" has two."""
    return 2 if len(words) > 1 and words[-1] in sayings.AFTER else 1
