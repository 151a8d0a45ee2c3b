"""The backtest over an archive, as one JSON object and as a report for somebody who never saw newsbot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsbot.cli.preview.advice import advice
from newsbot.cli.preview.draw import plain
from newsbot.cli.preview.say import Say
from newsbot.core.backtest import NO_LICENCE, Daily, Figures, Part
from newsbot.settings import Settings

_REASON = 44  # columns at most that a reason gets before its example has any
_PARTS = ("sounded", "silent", "held", "left_out")


def record(figures: Figures, settings: Settings, say: Say) -> dict[str, Any]:
    """The object of `--summary --json`: the fields of `backtest.Figures`, reasons by name, and the suggestions."""
    found = asdict(figures)
    for name in _PARTS:
        found[name]["reasons"] = [
            {"reason": reason, "posts": posts, "example": example, "place": place}
            for reason, posts, example, place in found[name]["reasons"]
        ]
    image, posts = figures.pictures.most
    found["pictures"]["most"] = {"image": image, "posts": posts}
    found["troubled"] = [{"place": place, "problem": problem} for place, problem in figures.troubled]
    found["unknown_categories"] = [
        {"category": name, "no_topic": lacking, "posts": every}
        for name, (lacking, every) in figures.unknown_categories.items()
    ]
    found["advertising"] = [
        {"category": name, "advertising": marked, "posts": every}
        for name, (marked, every) in figures.advertising.items()
    ]
    found["reader"] = {
        "gather": settings.reader.choices.gather,
        "digests": [str(one) for one in settings.reader.choices.digests],
    }
    found["zones"] = {"sources": dict(figures.zones), "newsroom": settings.site.zone}
    found["news"] = figures.news
    found["suggestions"] = [{"about": about, "text": text} for about, text in advice(figures, settings, say)]
    return found


def show(console: Console, say: Say, figures: Figures, settings: Settings) -> None:
    """The report."""
    period = {"posts": figures.posts, "first": figures.first or "?", "last": figures.last or "?"}
    console.print(plain(say("summary.title", **period), "bold"))
    console.print(plain(say("summary.what")))
    console.print()
    _outcomes(console, say, figures, settings.ingest.most_at_once)
    for name, part in (("held", figures.held), ("left_out", figures.left_out)):
        if part.reasons:
            _head(console, say(f"summary.why_{name}"))
            console.print(_reasons(say, part))
    _head(console, say("summary.archive"))
    facts = _grid()
    for label, fact in _facts(say, figures, settings):
        facts.add_row(plain(f"  {label}"), plain(fact))
    console.print(facts)
    _head(console, say("summary.advice"))
    suggestions = _grid()
    for _, text in advice(figures, settings, say):
        suggestions.add_row(plain("  →"), plain(text))
    console.print(suggestions if suggestions.row_count else plain(f"  {say('summary.advice_none')}"))


def _head(console: Console, words: str) -> None:
    console.print()
    console.print(plain(words, "bold"))


def _grid() -> Table:
    """Two columns, of which the second may run on."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _outcomes(console: Console, say: Say, figures: Figures, flood: int) -> None:
    """What would have become of the posts: how many, which share, how many a day; and how to read it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(say("summary.outcomes"), style="bold not dim"), no_wrap=True)
    for name in ("posts", "share", "median", "p95", "most"):
        table.add_column(say(f"summary.{name}"), justify="right", no_wrap=True)
    rows: list[tuple[str, int, Daily]] = [
        (name, part.posts, part.per_day) for name in _PARTS for part in [getattr(figures, name)]
    ]
    for name, posts, spread in [*rows, ("all", figures.posts, figures.per_day)]:
        share = say.share(posts, figures.posts)
        spreads = [f"{number:,}" for number in (spread.median, spread.p95, spread.most)]
        table.add_row(plain("  " + say(f"summary.{name}")), f"{posts:,}", share, *spreads)
    console.print(table)
    legend = _grid()
    for name in _PARTS:
        legend.add_row(plain("  " + say(f"summary.{name}"), "dim"), plain(say(f"reading.{name}"), "dim"))
    for name in ("day", "unseen"):
        words = say(f"reading.{name}", days=figures.days, flood=flood)
        legend.add_row(plain("  " + say(f"reading.{name}_name"), "dim"), plain(words, "dim"))
    console.print()
    console.print(legend)


def _reasons(say: Say, part: Part) -> Table:
    """Each reason with its number, and one headline to see what is meant."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True, min_width=2 + len(f"{part.posts:,}"))
    table.add_column(overflow="fold", min_width=min(_REASON, max(cell_len(say.reason(one[0])) for one in part.reasons)))
    table.add_column(no_wrap=True, overflow="ellipsis")
    for reason, posts, example, place in part.reasons:
        words = example if example.startswith(place) else f"“{example}”"
        table.add_row(f"{posts:,}", plain(say.reason(reason)), plain(f"{say('summary.example')} {words}"))
    return table


def _facts(say: Say, figures: Figures, settings: Settings) -> Iterator[tuple[str, str]]:
    """What the archive is like, one label and one sentence each."""

    def fact(key: str, **fields: object) -> tuple[str, str]:
        return say(f"fact.{key}"), say(f"fact.{key}.is", **fields)

    posts, news, shown = figures.posts, figures.news, figures.pictures
    daily = figures.per_day
    yield fact("daily", median=daily.median, p90=daily.p90, most=daily.most)
    chosen, loud = settings.reader.choices, figures.sounded.per_day
    key = "reader" if chosen.gather else "reader_all"
    yield fact(key, loud=loud.median, p95=loud.p95, rest=figures.silent.per_day.median, digests=len(chosen.digests))
    yield fact("no_topic", number=figures.no_topic, whole=news, share=say.share(figures.no_topic, news))
    yield fact("no_time", number=figures.no_time, whole=posts, share=say.share(figures.no_time, posts))
    if figures.no_date:
        yield fact("no_date", number=figures.no_date)
    if shown.decoration:
        share = say.share(shown.on_posts, posts)
        top, times = shown.most
        yield fact("pictures", images=shown.decoration, posts=shown.on_posts, share=share, top=top, times=times)
    else:
        yield say("fact.pictures"), say("fact.pictures.none", own=shown.own)
    yield say("fact.licences"), " · ".join(f"{_licence(say, name)}: {n:,}" for name, n in _licences(figures).items())
    if figures.twins:
        yield fact("twins", number=figures.twins)
    if figures.literal:
        yield fact("literal", number=len(figures.literal), place=figures.literal[0])
    for zone, number in figures.zones.items():
        if zone != settings.site.zone:
            yield fact("zone", site=zone, number=number, newsroom=settings.site.zone)
    yield fact("longest", title=figures.title.characters, excerpt=figures.excerpt.characters)


def _licences(figures: Figures) -> Mapping[str, int]:
    """The licences by type; "unclear" and "none" always, at the end."""
    last = ("unclear", NO_LICENCE)
    stated = {name: n for name, n in sorted(figures.licences.items()) if name not in last}
    return stated | {name: figures.licences.get(name, 0) for name in last}


def _licence(say: Say, name: str) -> str:
    if name.startswith("KOGL-"):
        return say("licence.kogl", n=name.removeprefix("KOGL-"))
    return say(f"fact.licence.{name}") if name in ("unclear", NO_LICENCE) else name
