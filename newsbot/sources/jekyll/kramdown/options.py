"""The settings of `kramdown:` in a site's config that change what readers see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.entities import html5
from typing import Any

_QUOTES = ("‘", "’", "“", "”")
_SYMBOLS = ("mdash", "ndash", "hellip", "laquo_space", "raquo_space", "laquo", "raquo")


@dataclass(frozen=True, slots=True)
class Options:
    """`quotes`: the signs for lsquo, rsquo, ldquo, rdquo; `symbols`: replacements of typographic symbols by name."""

    gfm: bool = True
    hard_wrap: bool = False
    quotes: tuple[str, ...] = _QUOTES
    symbols: Mapping[str, str] = field(default_factory=dict)
    block_html: bool = False
    span_html: bool = True
    typographic: bool = True
    paragraph_end: bool = True
    mathjax: bool = True
    backlink: str = "↩"

    @classmethod
    def of(cls, config: object) -> Options:
        """The options of a config's `kramdown` mapping; what is not understood keeps its default."""
        given: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
        quirks = given.get("gfm_quirks", "paragraph_end")
        quirk_names = [str(quirk).strip() for quirk in (quirks if isinstance(quirks, list) else str(quirks).split(","))]
        gfm = str(given.get("input", "GFM")) == "GFM"
        symbols = given.get("typographic_symbols")
        return cls(
            gfm=gfm,
            hard_wrap=gfm and given.get("hard_wrap") is True,
            quotes=_quotes(given.get("smart_quotes")),
            symbols={name: _symbol(symbols[name]) for name in _SYMBOLS if name in symbols}
            if isinstance(symbols, dict)
            else {},
            block_html=given.get("parse_block_html") is True,
            span_html=given.get("parse_span_html") is not False,
            typographic=not (gfm and "no_auto_typographic" in quirk_names),
            paragraph_end=gfm and "paragraph_end" in quirk_names,
            mathjax="math_engine" not in given or given["math_engine"] == "mathjax",
            backlink=str(given.get("footnote_backlink", "↩")).replace("&#8617;", "↩"),
        )


def _quotes(value: object) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, list) or len(names) != len(_QUOTES):
        return _QUOTES
    return tuple(html5.get(f"{name}{'' if str(name).endswith(';') else ';'}", str(name)) for name in names)


def _symbol(value: object) -> str:
    return html5.get(f"{value}".removeprefix("&").rstrip(";") + ";", str(value))
