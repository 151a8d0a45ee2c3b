"""`newsbot preview`: what a source says, what would be decided, and the messages; no Redis, no network but the URL itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich import progress
from rich.console import Console

from newsbot import bootstrap
from newsbot.bootstrap import Plain
from newsbot.cli.common import Json, Quit, configured, emit, language
from newsbot.cli.preview import listing, summary
from newsbot.cli.preview.read import STEP, Progress, gather
from newsbot.cli.preview.say import Say
from newsbot.core import backtest, replay, twins
from newsbot.core.model import Article

PIPED = 120
"""Columns where nobody's terminal says how many there are."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def preview(
        places: Annotated[
            list[str],
            typer.Argument(metavar="PATH_OR_URL", help="Site folders, single posts, feeds, addresses of articles."),
        ],
        url: Annotated[str | None, typer.Option(help="The site's address, where its config names none.")] = None,
        json: Json = False,
        whole: Annotated[bool, typer.Option("--summary", help="A backtest over the archive: counts, no list.")] = False,
    ) -> None:
        """A dry look at any source: what would be sent, held or left out. Sends nothing."""
        if url and not url.startswith(("http://", "https://")):
            raise Quit(f"--url {url}: write it as https://host, with a folder if the site lives in one", 2)
        plain = bootstrap.plain(configured())
        look = Look(plain, Say(plain.words, language(os.environ)), screen(), json)
        try:
            code = look.over(places, url, whole=whole)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read this has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        raise typer.Exit(code)


@dataclass(frozen=True)
class Look:
    """One run of the command: what decides, who speaks, and where it is drawn."""

    plain: Plain
    say: Say
    out: Console
    json: bool

    def over(self, places: Sequence[str], url: str | None, *, whole: bool) -> int:
        """All places, each for itself or `whole` as one archive; the exit code. One bad place does not stop the others."""
        code = 0
        entries: list[backtest.Entry] = []
        for place in places:
            try:
                articles = self.read(place, url)
            except Quit as error:
                print("newsbot: " + " ".join(str(error).split()), file=sys.stderr)
                code = max(code, error.code)
                continue
            if not articles:
                print(f"newsbot: {place}: {self.say('preview.none')}", file=sys.stderr)
            if whole:
                entries += self.count(articles)
            else:
                self.show(articles)
        if whole and (entries or (self.json and not code)):
            self.report(entries)
        return code

    def read(self, place: str, url: str | None) -> list[Article]:
        """The articles there by the time of their publication. Raises Quit."""
        with self._progress("reading") as told:
            return gather(self.plain, place, url, told)

    def show(self, articles: list[Article]) -> None:
        """Each with its decision as of now."""
        now = bootstrap.now()
        shared = twins.decorations(article.image for article in articles)
        zone = self.plain.settings.site.zone
        alone = len(articles) == 1
        for article, decision, past in replay.replay(emptied(articles), self.plain.rules, zone, lambda _: now, shared):
            looked = listing.look(self.plain, article, decision, past)
            if self.json:
                emit(listing.record(self.plain, looked))
            else:
                with self.out.capture() as drawn:
                    listing.show(self.out, self.say, self.plain, looked, whole=alone)
                put(drawn.get())

    def count(self, articles: list[Article]) -> Iterator[backtest.Entry]:
        """Each as it would have been decided on the day of its publication."""
        now = bootstrap.now()
        shared = twins.decorations(article.image for article in articles)
        rules, zone, total = self.plain.rules, self.plain.settings.site.zone, len(articles)
        decided = replay.replay(emptied(articles), rules, zone, lambda one: replay.seen_at(one, now), shared)
        here = ZoneInfo(zone)
        with self._progress("judging") as told:
            for done, (article, decision, past) in enumerate(decided):
                if done % STEP == 0:
                    told(done, total)
                yield backtest.judged(article, decision, past, here)

    def report(self, entries: Sequence[backtest.Entry]) -> None:
        """The figures."""
        figures = backtest.figures(entries, self.plain.topics)
        if self.json:
            emit(summary.record(figures, self.plain.settings, self.say))
        else:
            with self.out.capture() as drawn:
                summary.show(self.out, self.say, figures, self.plain.settings)
            put(drawn.get())

    @contextmanager
    def _progress(self, what: str) -> Iterator[Progress]:
        """A bar on stderr, on a terminal only."""
        columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn())
        seen = sys.stderr.isatty()
        with progress.Progress(*columns, console=Console(stderr=True), transient=True, disable=not seen) as bar:
            task = bar.add_task(self.say(f"preview.{what}"), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def screen() -> Console:
    """Where people read. Nothing in a headline is markup or an emoji's name."""
    width = None if sys.stdout.isatty() else PIPED
    return Console(highlight=False, markup=False, emoji=False, width=width)


def emptied(articles: list[Article]) -> Iterator[Article]:
    """The articles in their order; each is let go once the next is asked for, so that an archive is held but once."""
    articles.reverse()
    while articles:
        yield articles.pop()


def put(drawn: str) -> None:
    """What the terminal library drew, without the blanks with which it fills its lines."""
    print("\n".join(line.rstrip() for line in drawn.split("\n")), end="")
