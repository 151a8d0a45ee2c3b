"""What readers type about times and amounts, in Korean and English, as values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from newsbot.core.model import DAYS, Quiet, Slot

OFF = frozenset({"off", "no", "none", "never", "끄기", "끔", "꺼", "해제", "없음", "안받기"})
ON = frozenset({"on", "yes", "켜기", "켬", "켜"})
LONGEST_MUTE = 7 * 86400  # what waits is kept for eight days
_HOUR, _DAY = 3600, 86400
_UNITS = {"m": 60, "분": 60, "h": _HOUR, "시간": _HOUR, "d": _DAY, "일": _DAY, "w": 7 * _DAY, "주": 7 * _DAY}
_SPAN = re.compile(r"(\d{1,4})(m|h|d|w|분|시간|일|주)(?:in|ins|inutes?|ours?|rs?|ays?|eeks?|일)?(?![a-z])")
_WORDS = {"하루": _DAY, "반나절": _DAY // 2, "day": _DAY, "aday": _DAY, "week": 7 * _DAY, "aweek": 7 * _DAY}
_WORDS |= {"일주일": 7 * _DAY, "hour": _HOUR, "anhour": _HOUR, "반시간": _HOUR // 2}
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ENGLISH = {name: str(number) for number, name in enumerate(_NUMBERS, 1)}
_COUNTED = {"한시간": "1시간", "두시간": "2시간", "세시간": "3시간", "네시간": "4시간", "이틀": "2일", "사흘": "3일"}
_TIME = re.compile(
    r"(오전|오후|새벽|아침|낮|저녁|밤|am|pm)?\s*(\d{1,2})(?::(\d{2})|시(?:\s*(\d{1,2})분|\s*(반))?)?\s*(am|pm)?"
)
_NAMED = {"자정": 0, "midnight": 0, "정오": 12 * 60, "noon": 12 * 60}
_HALVES = frozenset({"오전", "오후", "새벽", "아침", "낮", "저녁", "밤"})
_LATE = frozenset({"오후", "저녁", "낮", "pm"})
_FILLERS = frozenset({"매일", "날마다", "every", "day", "daily", "at", "and", "on", "에", "그리고"})
_FROM = re.compile(r"부터|에서|(?<=[\dm])to(?=\d)|(?<=t)to(?=\d)")
_PARTICLE = re.compile(r"(?<=[시분반일])(?:에|와|과|마다|하고|이랑|랑)$")
_KOREAN_DAYS = "월화수목금토일"
_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MORNING = 8 * 60
_HOURS = 24
_NOON = 12
_DUSK = 6


def off(words: Sequence[str]) -> bool:
    """Whether this says "no more of it"."""
    return len(words) == 1 and words[0].casefold() in OFF


def span(words: Sequence[str]) -> int | None:
    """Seconds: "2h", "30분", "2시간 30분", "2 hours", "하루"; None where it says no time, or none at all, or over a month."""
    text = "".join(_ENGLISH.get(word, word) for word in (one.casefold() for one in words))
    text = text.removeprefix("for").removesuffix("만").removesuffix("동안")
    if text in _WORDS:
        return _WORDS[text]
    text = _COUNTED.get(text, text)
    found = sum(int(part[1]) * _UNITS[part[2]] for part in _SPAN.finditer(text))
    return found if 0 < found <= LONGEST_MUTE and not _SPAN.sub("", text) else None


def until(words: Sequence[str], zone: str, at: float) -> float | None:
    """The next time it is "9pm", "until 21:00", "저녁 9시까지" there (unix seconds); None for what names no time so."""
    text = "".join(words).casefold()
    bare = text.removeprefix("until").removeprefix("till").removesuffix("까지")
    named = bare != text or any(sign in bare for sign in (":", "am", "pm", "시"))
    minute = time_of_day(bare) if named else None
    if minute is None:
        return None
    there = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    day = there.date() + timedelta(days=there.hour * 60 + there.minute >= minute)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone)).timestamp()


def time_of_day(text: str) -> int | None:
    """The minute of the day: "7", "07:30", "7시 반", "오후 6시", "밤 11시", "6:30pm"; None for what is none."""
    folded = text.strip().casefold()
    if folded in _NAMED:
        return _NAMED[folded]
    found = _TIME.fullmatch(folded)
    if not found:
        return None
    half, hour = found[1] or found[6] or "", int(found[2])
    minute = int(found[3] or found[4] or (30 if found[5] else 0))
    if half:
        if not 1 <= hour <= _NOON:
            return None
        late = half in _LATE or (half == "밤" and _DUSK <= hour < _NOON)
        hour = hour % _NOON + (_NOON if late else 0)
    return hour * 60 + minute if hour < _HOURS and minute < 60 else None


def quiet(words: Sequence[str]) -> Quiet | None:
    """Quiet hours: "23-7", "23:00~07:00", "밤 11시부터 아침 7시까지", "from 11pm to 7am"; None for what is none."""
    text = (
        "".join(words).casefold().removeprefix("hours").removeprefix("from").removesuffix("please").removesuffix("까지")
    )
    if len(words) == 2 and all(time_of_day(word) is not None for word in words):
        text = "-".join(words)
    start, dash, end = _FROM.sub("-", text).replace("~", "-").replace("–", "-").partition("-")
    first, last = time_of_day(start), time_of_day(end)
    if not dash or first is None or last is None or first == last:
        return None
    return Quiet(first, last)


def slots(words: Sequence[str], most: int = 6) -> tuple[Slot, ...] | None:
    """Times of digests: "8 18:30", "오전 8시, 오후 6시 반", "월요일 8시", "mon 9am"; None for what is none, or too many. A day
    goes for all times; a day alone is its morning."""
    day, found = None, []
    for part in _parts(words):
        if (named := _day(part)) is not None:
            day = named
        elif (minute := time_of_day(part)) is not None:
            found.append(minute)
        else:
            return None
    if day is not None and not found:
        found = [_MORNING]
    return tuple(Slot(minute, day) for minute in sorted(set(found))) if 0 < len(found) <= most else None


def _parts(words: Sequence[str]) -> list[str]:
    """One word for each time: what belongs to it ("오전" before, "반", "30분" or "pm" after) is put together with it."""
    found: list[str] = []
    half = ""
    for word in (_PARTICLE.sub("", part.casefold()) for one in words for part in one.split(",")):
        if not word or word in _FILLERS:
            continue
        if word in _HALVES:
            half = word
        elif found and (word in ("am", "pm", "반") or (word.endswith("분") and found[-1].endswith("시"))):
            found[-1] += word
        else:
            found.append(half + word)
            half = ""
    return [*found, half] if half else found


def _day(word: str) -> int | None:
    if word[:1] in _KOREAN_DAYS and word[1:] in ("", "요일"):
        return _KOREAN_DAYS.index(word[0])
    few = len(DAYS[0])
    return next((day for day, name in enumerate(_ENGLISH_DAYS) if len(word) >= few and name.startswith(word)), None)


def next_morning(zone: str, at: float, hour: int = 7) -> float:
    """The next time it is that hour there (unix seconds)."""
    there = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    day = there.date() + timedelta(days=there.hour >= hour)
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).timestamp()
