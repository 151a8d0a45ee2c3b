"""Text as readers see it: cleaned, measured, cut at safe points, and Korean particles that fit the word before.

What `clean` takes out is what a reader cannot see or what turns the line around; everything else stays as written.
It is deliberately no NFC: the newsroom's own spelling is sent, normal forms are for comparing only.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit

import regex

ELLIPSIS = "…"
MOST_MARKS = 8  # no script stacks more on one letter; more is drawn over the neighbouring lines
# Slack: 3000 for a button's url (@slack/types) and 13,200 for all blocks as JSON (slackapi/bolt-js#2509), where the
# same address stands twice, once escaped.
MOST_ADDRESS = 1500

# Blank but not white space to Unicode: Hangul fillers and the empty Braille cell. A line of these alone is empty.
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"
# Format signs that are drawn (Arabic number signs and their kin, Prepended_Concatenation_Mark) stay.
_DRAWN = r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_PICTURE = r"\p{Extended_Pictographic}\ufe0f?[\U0001f3fb-\U0001f3ff]?\ufe0f?"
# The only flags written with tag signs that Unicode recommends: England, Scotland, Wales.
_FLAGS = ("gbeng", "gbsct", "gbwls")
_FLAG_SIGNS = "|".join("".join(chr(0xE0000 + ord(sign)) for sign in code) for code in _FLAGS)
_FLAG = f"\U0001f3f4(?:{_FLAG_SIGNS})\U000e007f"
_UNSEEN = r"\p{Cc}\p{Cf}\p{Noncharacter_Code_Point}\u034f"
_SUSPECT = regex.compile(rf"[{_UNSEEN}\p{{Cs}}\u2028\u2029{_BLANKS}--\n]|\p{{M}}{{{MOST_MARKS + 1}}}", regex.V1)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("\r\n?|[\t\v\f\x85\u2028\u2029]")
_DROP = regex.compile(
    rf"(?P<keep>{_FLAG}|(?<={_PICTURE})\u200d(?=\p{{Extended_Pictographic}}))|[{_UNSEEN}--[\n{_DRAWN}]]", regex.V1
)
_MARKS = regex.compile(rf"(\p{{M}}{{{MOST_MARKS}}})\p{{M}}+")
_VISIBLE = regex.compile(rf"[^\s{_BLANKS}]")
_GRAPHEME = regex.compile(r"\X")


def clean(text: str) -> str:
    """The text without what hides or turns it; line feeds stay, "" when nothing visible is left.

    Gone: control characters, lone surrogates, bidi marks, overrides and isolates, zero-width signs (a joiner stays
    inside an emoji), tag signs outside the three flags made of them, marks beyond eight on one letter.
    """
    if not _SUSPECT.search(text):
        return text
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = _BREAKS.sub(_break, text)
    text = _DROP.sub(lambda found: found["keep"] or "", text)
    text = _MARKS.sub(r"\1", text)
    return text if _VISIBLE.search(text) else ""


def _break(found: re.Match[str]) -> str:
    """A carriage return is a line's end; tabs and Unicode's own separators are blanks."""
    return "\n" if found[0][0] == "\r" else " "


def line(text: str) -> str:
    """The cleaned text on one line: every run of white space, of whatever kind, is one blank."""
    return " ".join(clean(text).split())


def utf16_len(text: str) -> int:
    """Length in UTF-16 code units, the unit of Telegram's offsets and the strictest reading of its 4096 limit."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> list[str]:
    """The signs a reader would count: extended grapheme clusters (Unicode annex 29)."""
    return _GRAPHEME.findall(text)


def clip(text: str, units: int) -> str:
    """The text itself where it has at most `units` UTF-16 units, else as many whole signs as fit and an ellipsis."""
    if len(text) * 2 <= units or utf16_len(text) <= units:
        return text
    return _whole(text, units - 1).rstrip() + ELLIPSIS


def _whole(text: str, units: int) -> str:
    """The longest beginning that ends between two graphemes; a first grapheme longer than that is cut inside."""
    end = used = 0
    for found in _GRAPHEME.finditer(text):
        used += utf16_len(found[0])
        if used > units:
            break
        end = found.end()
    return text[:end] if end else text[: max(units // 2, 0)]


# --- sentences ------------------------------------------------------------------------------------------------------

_CLOSERS = "\"'”’」』)\\]〉》"
_END = re.compile(rf"[.!?]+[{_CLOSERS}]*(?=\s|$)|[。！？]+[{_CLOSERS}]*")
_INITIALS = re.compile(r"(?:^|[^A-Za-z.])(?:[A-Za-z]\.)*[A-Za-z]$")
_LATIN_WORD = re.compile(r"[A-Za-z]+$")
_LOWER_NEXT = re.compile(r"\s+[a-z]")
_QUOTED_ON = re.compile(r"\s+(?:이?라[고며는]|이?라면서|하고|하며|고|며)(?!\w)")
_ABBREVIATIONS = re.compile(
    "(?:mr|mrs|ms|dr|prof|gen|col|lt|sgt|capt|maj|adm|gov|sen|rep|rev|hon|st|sr|jr|inc|ltd|co|corp|vs|etc|no|vol|fig"
    "|al|approx|dept|est|mt|ft|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)",
    re.IGNORECASE,
)
_LOOK_BACK = 24  # characters; longer than any abbreviation


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, each with its own end marks and quotes."""
    ends = _ends(text)
    return [text[begin:end].strip() for begin, end in zip([0, *ends], ends, strict=False)]


def _ends(text: str) -> list[int]:
    """Offset after each sentence; the last is the end of the text."""
    found: list[int] = []
    begin = 0
    for match in _END.finditer(text):
        if _is_end(text, begin, match):
            begin = match.end()
            found.append(begin)
    if text[begin:].strip():
        found.append(len(text))
    return found


def _is_end(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether these marks end a sentence: not after an initial, a digit, an abbreviation, a list mark or mid-quote."""
    marks = match[0]
    if marks[-1] not in ".!?。！？" and _QUOTED_ON.match(text, match.end()):
        return False
    if marks[0] != "." or "!" in marks or "?" in marks:
        return True
    before = text[max(begin, match.start() - _LOOK_BACK) : match.start()]
    if len(before.strip()) < 3 or before[-1].isdigit() or before[-1].isspace():
        return False
    if _INITIALS.search(before) or _LOWER_NEXT.match(text, match.end()):
        return False
    word = _LATIN_WORD.search(before)
    return word is None or not _ABBREVIATIONS.fullmatch(word[0])


# A clause ends at a comma or a verb in -고, -며: after ㅆ (했고), or one of these stems. 사고, 광고, 최고 are nouns.
_PAST = "".join(chr(code) for code in range(ord("가") + 20, ord("힣") + 1, 28))  # every syllable that ends in ㅆ
_CLAUSE = re.compile(
    rf"[,，、;](?=\s)|(?:(?<=[{_PAST}])고|(?<=[{_PAST}으이하되])며|(?<=않)고|(?<=없)고|(?<=[가-힣]하)고|(?<=[가-힣]되)고)"
    r"(?=[\s,，])"
)


def excerpt(text: str, max_chars: int, max_sentences: int) -> str:
    """The first whole sentences within both limits (characters are code points).

    Where not even the first fits it is cut at a clause, else between words, else between signs, and ends in "…".
    """
    if max_chars <= 0 or max_sentences <= 0:
        return ""
    # Cut before cleaning: nothing beyond this can be shown, and feeds have carried whole books here.
    folded = line(text[: max_chars * 8 + 400])
    fitting = [end for end in _ends(folded)[:max_sentences] if end <= max_chars]
    if fitting:
        return folded[: fitting[-1]].strip()
    return folded if len(folded) <= max_chars else _shorten(folded, max_chars)


def _shorten(text: str, max_chars: int) -> str:
    """The beginning that ends best, at most `max_chars` with its ellipsis; half the room is worth a better place."""
    room = max_chars - 1
    clauses = [m.start() + (m[0] in ("고", "며")) for m in _CLAUSE.finditer(text, 0, room + 1) if m.start() < room]
    end = next((at for at in reversed(clauses) if at * 2 >= room), -1)
    if end < 0:
        end = text.rfind(" ", 0, room + 1)
    if end * 2 < room:
        end = _grapheme_end(text, room)
    return text[:end].rstrip(" ,，、;:·-") + ELLIPSIS


def _grapheme_end(text: str, most: int) -> int:
    """The last place at or before `most` code points that is between two graphemes."""
    end = 0
    for found in _GRAPHEME.finditer(text):
        if found.end() > most:
            break
        end = found.end()
    return end or most


_LETTERS = re.compile(r"[\W_]+")


def repeats_headline(excerpt: str, headline: str) -> bool:
    """Whether the excerpt says nothing the headline does not: the same letters, or a part of them."""
    said = _LETTERS.sub("", unicodedata.normalize("NFKC", excerpt).casefold())
    return said in _LETTERS.sub("", unicodedata.normalize("NFKC", headline).casefold())


# --- Korean particles -----------------------------------------------------------------------------------------------

# after a final consonant, after a vowel, when nobody can tell
_PARTICLES = {
    "을/를": ("을", "를", "을(를)"),
    "은/는": ("은", "는", "은(는)"),
    "이/가": ("이", "가", "이(가)"),
    "와/과": ("과", "와", "와(과)"),
    "(으)로": ("으로", "로", "(으)로"),
}
_ALIASES = {
    "를/을": "을/를",
    "는/은": "은/는",
    "가/이": "이/가",
    "과/와": "와/과",
    "으로/로": "(으)로",
    "로/으로": "(으)로",
}
_RIEUL = 8  # the place of ㄹ among the 28 finals of a Hangul syllable block
_NUMBER = re.compile(r"[0-9][0-9,]*$")
_READ = {
    "0": 21,
    "1": 8,
    "2": 0,
    "3": 16,
    "4": 0,
    "5": 0,
    "6": 1,
    "7": 8,
    "8": 8,
    "9": 0,
}  # 영 일 이 삼 사 오 육 칠 팔 구
_LETTER_FINALS = {"l": 8, "m": 16, "n": 4, "r": 8}  # 엘 엠 엔 알; every other name ends in a vowel
_SPOKEN = {"%": 0, "℃": 0, "㎞": 0, "$": 0, "＋": 0, "+": 0}


def particle(word: str, pair: str) -> str:
    """The particle of `pair` ("을/를", "은/는", "이/가", "와/과", "(으)로") that fits `word`; KeyError for others.

    Digits as read, Latin letters by name, closing quotes and brackets skipped; `을(를)` where the script is unknown.
    """
    name = _ALIASES.get(pair, pair)
    consonant, vowel, either = _PARTICLES[name]
    final = _final(unicodedata.normalize("NFKC", word))
    if final is None:
        return either
    if final == 0 or (final == _RIEUL and name == "(으)로"):
        return vowel
    return consonant


class Word(str):
    """A word in a catalog's sentence that asks for its particle there: "{label:은/는}" is 규모는, "{label:lower}" has a
    small first letter (an acronym stays). Raises KeyError for any other wish."""

    __slots__ = ()

    def __format__(self, wish: str) -> str:
        if not wish:
            return str(self)
        if wish == "lower":
            return str(self) if self[1:2].isupper() else self[:1].lower() + self[1:]
        return self + particle(self, wish)


def _final(word: str) -> int | None:
    """The final consonant of the word as spoken (0: none), in the order of Hangul syllables; None when unknown."""
    word = word.rstrip()
    while word and word[-1] not in _SPOKEN and unicodedata.category(word[-1])[0] in "PZ":
        word = word[:-1]
    if not word:
        return None
    last = word[-1].lower()
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28
    if last in _READ:
        return _final_of_number(word)
    if "a" <= last <= "z":
        return _LETTER_FINALS.get(last, 0)
    if "\u1100" <= last <= "\u1112":  # a lone consonant is said by its name (NFKC turns ㄱ into this block): 기역, 리을
        return _RIEUL if last == "\u1105" else 1
    if "\u1161" <= last <= "\u1175":
        return 0
    return _SPOKEN.get(last)


def _final_of_number(word: str) -> int:
    """How a number ends when read: 10 is 십, 1,000 is 천; only 조 (twelve to fifteen zeros) ends in a vowel."""
    found = _NUMBER.search(word)
    digits = found[0].replace(",", "") if found else word[-1]
    zeros = len(digits) - len(digits.rstrip("0"))
    if 12 <= zeros <= 15 and zeros < len(digits):
        return 0
    return _READ[digits[-1]]


# --- addresses ------------------------------------------------------------------------------------------------------

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_MOST_HOST = 253  # RFC 1035, 2.3.4
_SAFE = "%/:@!$&'()*+,;=~-._?[]"


@lru_cache(maxsize=1024)
def web_address(url: str) -> str | None:
    """The address in ASCII (IDN host in punycode, the rest percent-encoded), or None where it may not be linked.

    Only http and https, no user part, no control characters or backslashes (browsers read them as slashes): these
    are how `https://known.example@evil.example` and `javascript:` get in.
    """
    url = url.strip(" ")
    if _NOT_IN_ADDRESS.search(url.replace(" ", "")):
        return None
    try:
        parts = urlsplit(url)
        host = _ascii_host(parts.hostname or "")
        port = "" if parts.port is None else f":{parts.port}"
        tail = quote(parts.path, safe=_SAFE)
        tail += "?" + quote(parts.query, safe=_SAFE) if parts.query else ""
        tail += "#" + quote(parts.fragment, safe=_SAFE) if parts.fragment else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    address = f"{parts.scheme}://{host}{port}{tail}"
    return address if len(address) <= MOST_ADDRESS else None


def _ascii_host(host: str) -> str:
    """The host as it goes over the wire; raises UnicodeError (a ValueError) where IDNA refuses it."""
    if ":" in host:
        return f"[{host}]"
    if len(host) > _MOST_HOST:
        raise ValueError("host too long")
    return host if host.isascii() else host.encode("idna").decode("ascii")
