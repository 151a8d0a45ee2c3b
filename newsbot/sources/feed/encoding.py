"""Bytes of a feed or a page to text, before any parser sees them.

Order: byte order mark; UTF-8, where there are bytes beyond ASCII and all of them are valid (no other encoding looks
like it by chance, while labels are wrong every day: servers add ISO-8859-1 to everything); the HTTP charset; the XML
declaration; CP949; Windows-1252. Korean sites that say EUC-KR mean CP949 (the WHATWG rule): libxml2 takes them at
their word and cuts the text at the first syllable that EUC-KR does not have.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MEANT = {
    **dict.fromkeys(
        (
            "euc-kr",
            "ks_c_5601-1987",
            "ks_c_5601-1989",
            "ksc5601",
            "ksc_5601",
            "ks_c_5601",
            "korean",
            "euckr",
            "cseuckr",
        ),
        "cp949",
    ),
    **dict.fromkeys(("windows-949", "x-windows-949", "ms949", "uhc", "cp949", "x-euc-kr"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1"), "cp1252"),
}
_KNOWN = re.compile(
    r"utf-?8|utf-?16(?:[-_]?[lb]e)?|utf-?32|johab|euc[-_]jp|iso-2022-(?:jp|kr)|gb18030|big5(?:-hkscs)?"
    r"|(?:windows-|cp)125[0-8]|iso-?8859-1?[0-9]|koi8-[ru]"
)
_LABEL = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"\A\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_META = re.compile(rb"<meta\b[^>]{0,200}?\bcharset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEAD = 2048
_NEARLY = 0.05  # share of letters cut in half that UTF-8 text may have and still be UTF-8


def decode(data: bytes, content_type: str = "") -> str:
    """The text in these bytes. Never fails: at worst it is read as Windows-1252."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff")
    if not data.isascii() and (found := _strict(data, "utf-8")) is not None:
        return found
    head = data[:_HEAD]
    stated = [hit[1] for hit in (_LABEL.search(content_type),) if hit]
    stated += [hit[1].decode("ascii") for hit in (_DECLARED.search(head), _META.search(head)) if hit]
    for label in stated:
        if (name := codec(label)) and name != "cp1252" and (text := _strict(data, name)) is not None:
            return text.removeprefix("\ufeff")
    for text in (_strict(data, "utf-8"), _nearly_utf8(data), _strict(data, "cp949")):
        if text is not None:
            return text
    return data.decode("cp1252", "replace")


def codec(label: str) -> str:
    """Python's name of the encoding a label means, "" for what is no encoding of text."""
    label = label.strip().lower()
    return _MEANT.get(label, label if _KNOWN.fullmatch(label) else "")


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        return None


def _nearly_utf8(data: bytes) -> str | None:
    """UTF-8 in which a few letters are cut in half, as by a system that counts an excerpt in bytes."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    letters = sum(sign > "\x7f" for sign in text) - broken
    return text if broken <= letters * _NEARLY else None
