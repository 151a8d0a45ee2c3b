"""Jekyll's own filters, and those of Liquid that it changes."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape as xml

from liquid import Environment
from liquid.exceptions import FilterError
from liquid.filter import with_context

from newsbot.sources.jekyll import dates, kramdown, ruby, urls
from newsbot.sources.jekyll.liquid.page import Lazy, Time, as_date
from newsbot.sources.jekyll.liquid.tags import relative, world
from newsbot.sources.jekyll.site import Site

if TYPE_CHECKING:
    from liquid.context import RenderContext

_CJK = re.compile(r"[ᄀ-ᇿ㄰-㆏가-힣぀-ヿ一-鿿㐀-䶿]")
_WORD = re.compile(r"[^ᄀ-ᇿ㄰-㆏가-힣぀-ヿ一-鿿㐀-䶿\s]+")
_LETTERS = {"ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Þ": "Th", "þ": "th", "Ð": "D", "ð": "d", "×": "x"}
_NEWER = ("find_index", "has", "reject", "squish", "sum", "escapejs", "safe")
"""Filters that Jekyll's Liquid does not have: there an unknown one changes nothing."""
_DIRECTIVE = re.compile(r"%([-^#0_]*)(\d*)([A-Za-z%+])")


def _text(value: object, site: Site) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, Time) else ruby.text(value, site.tz)


def _when(value: object, site: Site, *, own: bool = False) -> datetime | None:
    """The moment a filter is given; `own` leaves it in the zone it was written in."""
    if own and isinstance(value, datetime):
        return value
    if (found := as_date(value, site.tz)) is not None:
        return found
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, site.tz)
    text = str(value).strip()
    if text.lower() in ("now", "today"):
        return datetime.now(site.tz)
    if text.isdigit():
        return datetime.fromtimestamp(int(text), site.tz)
    parsed = dates.parse(text, site.tz, datetime.now(UTC), own=own)
    return parsed[0] if parsed else None


def strftime(when: datetime, template: str) -> str:
    """Ruby's `strftime`: with flags for padding and case."""

    def fill(found: re.Match[str]) -> str:
        flags, width, sign = found.groups()
        text = _directive(when, sign)
        if "-" in flags:
            text = text.lstrip("0 ") or "0" if text.strip().isdigit() else text
        elif "_" in flags:
            text = text.lstrip("0").rjust(len(text)) if text.isdigit() else text
        if width:
            text = text.zfill(int(width[:2])) if text.isdigit() else text.rjust(int(width[:2]))
        return text.upper() if "^" in flags else text.swapcase() if "#" in flags else text

    return _DIRECTIVE.sub(fill, template)


def _directive(when: datetime, sign: str) -> str:
    match sign:
        case "L":
            return f"{when.microsecond // 1000:03}"
        case "N":
            return f"{when.microsecond * 1000:09}"
        case "s":
            return str(int(when.timestamp()))
        case "z":
            return f"{when:%z}"
        case "Y":
            return str(when.year)
        case "v":
            return f"{when:%e-%b-%Y}".upper()
        case "+":
            return f"{when:%a %b %e %H:%M:%S %Z %Y}"
        case _:
            return when.strftime(f"%{sign}")


@with_context
def _date(value: object, template: object = "", *, context: RenderContext) -> object:
    site = world(context).site
    when = _when(value, site, own=True)
    if when is None or not str(template):
        return value
    return strftime(when, str(template))


def _dated(template: str) -> Callable[..., object]:
    @with_context
    def apply(value: object, kind: object = None, style: object = None, *, context: RenderContext) -> object:
        site = world(context).site
        if not _text(value, site):
            return value
        when = _when(value, site)
        if when is None:
            raise FilterError(f"{_text(value, site)[:60]!r} is not a date", token=None)
        if kind == "ordinal" and template in ("%b", "%B"):
            day = f"{when.day}{_ordinal(when.day)}"
            month = strftime(when, template)
            return f"{month} {day}, {when.year}" if style == "US" else f"{day} {month} {when.year}"
        if template in ("%b", "%B"):
            return strftime(when, f"%d {template} %Y")
        return when.isoformat(timespec="seconds") if template == "iso" else strftime(when, template)

    return apply


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


@with_context
def _markdownify(value: object, *, context: RenderContext) -> str:
    site = world(context).site
    try:
        return kramdown.to_html(_text(value, site), site.kramdown)
    except kramdown.TooComplex:
        return _text(value, site)


@with_context
def _smartify(value: object, *, context: RenderContext) -> str:
    rendered: str = _markdownify(value, context=context)
    return rendered.strip().removeprefix("<p>").removesuffix("</p>")


@with_context
def _slugify(value: object, mode: object = None, *, context: RenderContext) -> object:
    if value is None:
        return None
    text = _text(value, world(context).site)
    match mode:
        case "raw":
            return re.sub(r"^-|-$", "", re.sub(r"\s+", "-", text)).lower()
        case "pretty":
            return urls.slugify(text, pretty=True)
        case "ascii":
            return re.sub(r"^-|-$", "", re.sub(r"[^A-Za-z0-9]+", "-", text)).lower()
        case None | "default":
            return urls.slugify(text)
        case "latin":
            return urls.slugify("".join(_latin(sign) for sign in text))
        case _:
            return text.lower()


def _latin(sign: str) -> str:
    """An accented letter without its accent; "?" for other alphabets."""
    plain = unicodedata.normalize("NFD", sign)[0]
    return sign if sign.isascii() else plain if plain.isascii() else _LETTERS.get(sign, "?")


@with_context
def _relative_url(value: object, *, context: RenderContext) -> object:
    if value is None:
        return None
    site = world(context).site
    text = _address(value, site)
    return text if _is_absolute(text) else relative(site, text)


@with_context
def _absolute_url(value: object, *, context: RenderContext) -> object:
    if value is None:
        return None
    site = world(context).site
    text = _address(value, site)
    if _is_absolute(text):
        return text
    host = site.config.get("url")
    return urls.absolute(str(host) if host else "", "", relative(site, text))


def _address(value: object, site: Site) -> str:
    return str(value["url"]) if isinstance(value, Mapping) and "url" in value else _text(value, site)


def _is_absolute(text: str) -> bool:
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) is not None


@with_context
def _xml_escape(value: object, *, context: RenderContext) -> str:
    return xml(_text(value, world(context).site), {'"': "&quot;"})


@with_context
def _escape(value: object, *, context: RenderContext) -> str:
    return html.escape(_text(value, world(context).site)).replace("&#x27;", "&#39;")


@with_context
def _truncate(value: object, length: object = 50, end: object = "...", *, context: RenderContext) -> str:
    text, tail = _text(value, world(context).site), str(end)
    size = _to_integer(length)
    return text if len(text) <= size else text[: max(0, size - len(tail))] + tail


@with_context
def _where_exp(value: object, name: object, test: object, *, context: RenderContext) -> object:
    if not isinstance(value, (list, tuple, Mapping)):
        return value
    items = list(value.values()) if isinstance(value, Mapping) else list(value)
    template = context.env.from_string(f"{{% if {test} %}}1{{% endif %}}")
    found = []
    for item in items:
        out = context.get_buffer()
        with context.extend({str(name): item}):
            template.render_with_context(context, out, partial=True)
        if out.getvalue():
            found.append(item)
    return found


@with_context
def _find_exp(value: object, name: object, test: object, *, context: RenderContext) -> object:
    found = _where_exp(value, name, test, context=context)
    return next(iter(found), None) if isinstance(found, list) else found


@with_context
def _inspect(value: object, *, context: RenderContext) -> str:
    if isinstance(value, Lazy):
        return ""  # the page and the site: each leads to everything else
    return html.escape(ruby.inspect(value, world(context).site.tz))


def _jsonify(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case date():
            return str(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
        case _:
            return str(value)


@with_context
def _where(value: object, key: object, wanted: object = None, *, context: RenderContext) -> object:
    if not isinstance(value, (list, tuple, Mapping)) or not key or isinstance(wanted, (list, Mapping)):
        return value
    site = world(context).site
    items = list(value.values()) if isinstance(value, Mapping) else list(value)
    return [item for item in items if _fits(_property(item, str(key)), wanted, site)]


def _property(item: object, key: str) -> object:
    for part in key.split("."):
        item = item.get(part) if isinstance(item, Mapping) else None
    return item


def _fits(value: object, wanted: object, site: Site) -> bool:
    if wanted is None:
        return value is None
    text = _text(wanted, site)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return any(_text(item, site) == text for item in items)


@with_context
def _group_by(value: object, key: object, *, context: RenderContext) -> object:
    if not isinstance(value, (list, tuple)):
        return value
    groups: dict[str, list[object]] = {}
    for item in value:
        groups.setdefault(_text(_property(item, str(key)), world(context).site), []).append(item)
    return [{"name": name, "items": items, "size": len(items)} for name, items in groups.items()]


@with_context
def _number_of_words(value: object, mode: object = None, *, context: RenderContext) -> int:
    text = _text(value, world(context).site)
    signs = len(_CJK.findall(text))
    if mode == "cjk" or (mode == "auto" and signs):
        return signs + len(_WORD.findall(text))
    return len(text.split())


def _sentence(value: object, connector: object = "and") -> object:
    if not isinstance(value, (list, tuple)):
        return value
    words = [str(item) for item in value]
    if len(words) < 3:
        return f" {connector} ".join(words)
    return f"{', '.join(words[:-1])}, {connector} {words[-1]}"


def _to_integer(value: object) -> int:
    if isinstance(value, (bool, int, float)):
        return int(value)
    return ruby.number(str(value))


@with_context
def _sort(value: object, key: object = None, nils: object = "first", *, context: RenderContext) -> object:
    if not isinstance(value, (list, tuple)):
        raise FilterError("cannot sort what is no list", token=None)
    if key is None:
        try:
            return sorted(value)
        except TypeError:
            return sorted(value, key=str)
    site = world(context).site
    known = [item for item in value if _property(item, str(key)) is not None]
    rest = [item for item in value if _property(item, str(key)) is None]
    try:
        known.sort(key=lambda item: _property(item, str(key)))  # type: ignore[arg-type,return-value]  # tried
    except TypeError:
        known.sort(key=lambda item: _text(_property(item, str(key)), site))
    return [*rest, *known] if nils == "first" else [*known, *rest]


def _list_of(change: Callable[[list[object], Any], list[object]], default: object) -> Callable[..., object]:
    def apply(value: object, given: object = default) -> object:
        return change(list(value), given) if isinstance(value, list) else value

    return apply


def _count(given: object) -> int:
    return max(0, _to_integer(given))


def register(environment: Environment) -> None:
    """Add the filters."""
    plain: dict[str, Callable[..., Any]] = {
        "date": _date,
        "date_to_string": _dated("%b"),
        "date_to_long_string": _dated("%B"),
        "date_to_xmlschema": _dated("iso"),
        "date_to_rfc822": _dated("%a, %d %b %Y %H:%M:%S %z"),
        "markdownify": _markdownify,
        "smartify": _smartify,
        "slugify": _slugify,
        "relative_url": _relative_url,
        "absolute_url": _absolute_url,
        "strip_index": lambda value: re.sub(r"/index\.html?$", "/", str(value)) if value else value,
        "xml_escape": _xml_escape,
        "cgi_escape": lambda value: quote_plus(str(value)),
        "uri_escape": lambda value: quote(str(value), safe="/:?#[]@!$&'()*+,;=-._~"),
        "normalize_whitespace": lambda value: " ".join(str(value).split()),
        "number_of_words": _number_of_words,
        "array_to_sentence_string": _sentence,
        "jsonify": _jsonify,
        "escape": _escape,
        "truncate": _truncate,
        "where": _where,
        "where_exp": _where_exp,
        "find_exp": _find_exp,
        "inspect": _inspect,
        "h": _escape,
        "group_by": _group_by,
        "sort": _sort,
        "to_integer": _to_integer,
        "pop": _list_of(lambda items, count: items[: len(items) - _count(count)], 1),
        "shift": _list_of(lambda items, count: items[_count(count) :], 1),
        "push": _list_of(lambda items, item: [*items, item], None),
        "unshift": _list_of(lambda items, item: [item, *items], None),
    }
    for name in _NEWER:
        environment.filters.pop(name, None)
    for name, function in plain.items():
        environment.add_filter(name, function)
