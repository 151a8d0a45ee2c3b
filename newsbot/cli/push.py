"""`newsbot push URL|PATH|ID`: an editor's push from the terminal."""

from __future__ import annotations

import json as jsonlib
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from newsbot import bootstrap
from newsbot.bootstrap import Kit
from newsbot.cli.common import As, Json, Quit, actor, ask, emit, out
from newsbot.core import topics as topic_rules
from newsbot.core.model import Article, Role, Story, Urgency
from newsbot.flows.desk import Impossible
from newsbot.sources.jekyll import read_file

POST = re.compile(r"\d{2,4}-\d{1,2}-\d{1,2}-.+\.\w+$")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def push(
        target: Annotated[str, typer.Argument(help="A story id, a known article's address, or a post's file.")],
        urgency: Annotated[Urgency | None, typer.Option(help="How loud.")] = None,
        topics: Annotated[str | None, typer.Option(help="Topics instead of those found, joined by commas.")] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
        who: As = None,
        json: Json = False,
    ) -> None:
        """Show exactly what would go out, and send it."""

        async def question(kit: Kit) -> dict[str, Any]:
            name = actor(kit, who, Role.EDITOR)
            if missing := sorted(await kit.stories.bots() - set(kit.rates)):
                raise Quit(f"the running newsbot also serves {', '.join(missing)}: set its token here too", 2)
            try:
                chosen = topics_of(kit, topics)
                article = read(kit, Path(target)) if looks_like_a_file(target) else target
                story = await kit.deeds.prepare(article, urgency, chosen)
                if not yes and json:
                    return {**await kit.report.story(story), "pushed": False, "messages": messages(kit, story)}
                if not yes and not confirmed(kit, story):
                    return {**await kit.report.story(story), "pushed": False}
                if not await kit.deeds.release(story, name):
                    raise Quit(f"{story.id} changed or went out meanwhile; nothing was sent")
            except Impossible as error:
                raise Quit(kit.plain.words.say("en", error.key, **error.fields)) from None
            sent = await kit.stories.get(story.id)
            return {**await kit.report.story(sent or story), "pushed": True}

        row = ask(question, needs_bots=True)
        if json:
            emit(row)
        else:
            out.print(f"{row['id']}: {'on its way' if row['pushed'] else 'not sent, still held'}")


def looks_like_a_file(target: str) -> bool:
    """Whether a path is meant, there or not; story ids and web addresses are none."""
    return Path(target).exists() or ("/" in target and "://" not in target)


def read(kit: Kit, path: Path) -> Article:
    """The article in this file. Raises Quit for what is no post."""
    if not path.is_file():
        raise Quit(f"{path}: no such file", 2)
    if not POST.match(path.name):
        raise Quit(f"{path}: is no post; a post's file is called YYYY-MM-DD-name.md", 2)
    site = kit.plain.settings.site
    return read_file(path, url=site.url or None, zone=site.zone, publisher=site.name)


def topics_of(kit: Kit, names: str | None) -> tuple[str, ...] | None:
    """The topic ids named, or None where none were. Raises Quit for an unknown one."""
    if names is None:
        return None
    found = []
    for word in names.split(","):
        topic = topic_rules.lookup(kit.plain.topics, word.strip())
        if topic is None:
            raise Quit(f"--topics: no topic {word.strip()!r}", 2)
        found.append(topic.id)
    return tuple(found)


def messages(kit: Kit, story: Story) -> dict[str, Any]:
    """What each platform would be sent now; lacks only the chat."""
    story = story.model_copy(update={"accepted_at": bootstrap.now().timestamp()})
    drawn = {name: kit.plain.render(story, name, kit.plain.words.default) for name in kit.plain.dialects}
    return {name: {"method": one.method, "payload": one.payload} for name, one in drawn.items()}


def confirmed(kit: Kit, story: Story) -> bool:
    """Show what would go out, and ask."""
    for name, one in messages(kit, story).items():
        out.print(f"{name}: {jsonlib.dumps(one['payload'], ensure_ascii=False)}", markup=False)
    return typer.confirm(f"send {story.id}?")
