"""The verb a question stands for, written into its text so that nobody sees it and it is still there after a restart.

An answer to a question comes as an ordinary message with the question in `reply_to_message`; nothing else of ours comes
back. So the question ends with its verb in invisible signs: U+2061 to U+2064 (invisible mathematical operators), four of
them a byte. Telegram keeps them (td/telegram/misc.cpp, clean_input_string takes out other blocks). Whoever reads a verb must
know that we wrote the message and that it is no alert; `clean` keeps the signs out of every other word we say.
"""

from __future__ import annotations

import re

SIGNS = "\u2061\u2062\u2063\u2064"
MOST = 64  # bytes of a verb with its first words

_END = re.compile(rf"(?:[{SIGNS}]{{4}}){{1,{MOST}}}\Z")
_ANY = re.compile(f"[{SIGNS}]")


def mark(verb: str) -> str:
    """The signs that stand for this verb."""
    return "".join(SIGNS[byte >> shift & 3] for byte in verb.encode()[:MOST] for shift in (6, 4, 2, 0))


def read(text: str) -> str:
    """The verb this text ends with, or ""."""
    found = _END.search(text)
    if found is None:
        return ""
    digits = [SIGNS.index(sign) for sign in found[0]]
    code = bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in zip(*[iter(digits)] * 4, strict=True))
    try:
        return code.decode()
    except UnicodeDecodeError:
        return ""


def clean(text: str) -> str:
    """The text without any of the signs: words that came from elsewhere must not look like a question of ours."""
    return _ANY.sub("", text)
