"""`newsbot preview`: what a source says, what would be decided, and the messages; no Redis, no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from newsbot import bootstrap
from newsbot.bootstrap import Plain
from newsbot.cli.common import Json, Quit, configured, emit, out
from newsbot.core import editorial
from newsbot.core.model import Article
from newsbot.sources.jekyll import read_file, read_folder


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def preview(
        paths: Annotated[list[Path], typer.Argument(help="Site folders or single posts.")],
        url: Annotated[str | None, typer.Option(help="The site's address, where its config names none.")] = None,
        json: Json = False,
    ) -> None:
        """A dry look at any folder or post."""
        plain = bootstrap.plain(configured())
        for path in paths:
            for article in read(plain, path, url):
                row = record(plain, article)
                emit(row) if json else show(row)


def read(plain: Plain, path: Path, url: str | None) -> list[Article]:
    """Every article there. Raises Quit for a path that does not exist."""
    site = plain.settings.site
    options: dict[str, Any] = {"url": url or site.url or None, "zone": site.zone, "publisher": site.name}
    if path.is_dir():
        found = list(read_folder(path, **options))
        if not found:
            print(f"newsbot: {path}: no posts found", file=sys.stderr)
        return found
    if path.is_file():
        return [read_file(path, **options)]
    raise Quit(f"{path}: no such file or folder", 2)


def record(plain: Plain, article: Article) -> dict[str, Any]:
    """The object `newsbot preview --json` prints."""
    now = bootstrap.now()
    decision = editorial.decide(article, "PREVW", plain.rules, now)
    match decision:
        case editorial.Publish():
            word, reason = "publish", None
        case editorial.Hold(story):
            word, reason = "hold", story.held
        case editorial.Ignore(why):
            word, reason = "ignore", why
    story = editorial.draft(article, "PREVW", plain.rules, now)
    return {
        "id": article.id,
        "path": article.path,
        "url": article.url,
        "title": article.title,
        "excerpt": article.excerpt,
        "image": article.image,
        "categories": list(article.categories),
        "topics": list(story.topics),
        "urgency": story.urgency.value,
        "published_at": article.published_at,
        "attribution": article.attribution.model_dump() if article.attribution else None,
        "state": article.state,
        "decision": word,
        "reason": reason,
        "messages": {
            name: {"method": drawn.method, "payload": drawn.payload}
            for name in plain.dialects
            for drawn in [plain.render(story, name, plain.words.default)]
        },
    }


def show(row: dict[str, Any]) -> None:
    """One article for people."""
    out.print(f"{row['path'] or row['id']}  {row['decision']}{' (' + row['reason'] + ')' if row['reason'] else ''}")
    out.print(f"  {row['urgency']}  {', '.join(row['topics']) or 'no topic'}  {row['published_at']}", markup=False)
    out.print(f"  {row['title']}", markup=False)
