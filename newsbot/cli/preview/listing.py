"""One entry after the other: as JSON for programs, as an alert would read for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from newsbot import bootstrap
from newsbot.bootstrap import Plain
from newsbot.cli.preview.draw import drawn
from newsbot.cli.preview.draw import plain as shown
from newsbot.cli.preview.say import Say
from newsbot.core import editorial
from newsbot.core.editorial import Decision, Hold, Ignore, Past, Publish
from newsbot.core.model import Article, Story

_WIDEST = 72  # columns of a drawn message; a phone shows fewer


@dataclass(frozen=True)
class Looked:
    """One article with what is decided of it; `story` is what it would be, whatever was decided."""

    article: Article
    decision: Decision
    past: Past
    story: Story
    rule: str

    @property
    def word(self) -> str:
        """The decision in one word."""
        match self.decision:
            case Publish():
                return "publish"
            case Hold():
                return "hold"
            case Ignore():
                return "ignore"

    @property
    def reason(self) -> str | None:
        """Why it does not go out by itself."""
        match self.decision:
            case Publish():
                return None
            case Hold(story):
                return story.held
            case Ignore(why):
                return why


def look(base: Plain, article: Article, decision: Decision, past: Past) -> Looked:
    """The article with all that is shown of it."""
    if isinstance(decision, Ignore):
        story = editorial.draft(article, editorial.STORY_LETTERS[:1] * 5, base.rules, bootstrap.now(), past)
    else:
        story = decision.story
    rule = editorial.rule(article, base.rules, past)
    for earlier in (past.twin, past.parent):
        if earlier:  # its id means nothing to anybody here
            rule = rule.replace(earlier.id, earlier.article)
    if article.problem and article.state == "publishable":
        rule += f"; {article.problem}"
    return Looked(article, decision, past, story, rule)


def messages(base: Plain, looked: Looked) -> dict[str, dict[str, Any]]:
    """Platform → method and payload (lacking only the chat); {} for what has no headline that anybody wrote."""
    if looked.article.state == "invalid" or editorial.unfit(looked.article) == "headline empty":
        return {}
    return {
        name: {"method": message.method, "payload": message.payload}
        for name in base.dialects
        for message in [base.render(looked.story, name, base.words.default)]
    }


def record(base: Plain, looked: Looked) -> dict[str, Any]:
    """The object `newsbot preview --json` prints."""
    article = looked.article
    return {
        "id": article.id,
        "path": article.path,
        "url": article.url,
        "title": article.title,
        "excerpt": article.excerpt,
        "image": article.image,
        "categories": list(article.categories),
        "topics": list(looked.story.topics),
        "urgency": looked.story.urgency.value,
        "published_at": article.published_at,
        "attribution": article.attribution.model_dump() if article.attribution else None,
        "state": article.state,
        "decision": looked.word,
        "reason": looked.reason,
        "rule": looked.rule,
        "messages": messages(base, looked),
    }


def show(console: Console, say: Say, base: Plain, looked: Looked, *, whole: bool) -> None:
    """One entry for people; `whole`: with the message of every platform as it would look there."""
    article, found = looked.article, messages(base, looked)
    console.print(shown(article.path or article.url or article.id, "bold"))
    decision = say(f"preview.{looked.word}", reason=say.reason(looked.reason or ""))
    console.print(shown(f"  {decision}", _COLOUR[looked.word]))
    console.print(shown(f"  {looked.rule}", "dim"))
    if not found:
        console.print(shown(f"  {say('preview.no_message')}"))
    elif whole:
        for name, message in found.items():
            console.print(_panel(say, name, message["payload"], looked.story))
    else:
        name = next(iter(found))
        console.print(_barred(console, drawn(name, found[name]["payload"])))
    console.print()


_COLOUR = {"publish": "green", "hold": "yellow", "ignore": "red"}


def _barred(console: Console, words: Text) -> Text:
    """The alert's lines, each with a bar before it; empty ones are left out."""
    lines = [line for line in words.wrap(console, console.width - 4) if line.plain.strip()]
    return Text("\n").join(Text("  │ ") + line for line in lines)


def _panel(say: Say, platform: str, payload: Mapping[str, Any], story: Story) -> Panel:
    """One message in a frame that says where it stands and whether it makes a sound."""
    sound = say("preview.silent" if story.silent or story.urgency.value == "normal" else "preview.sound")
    return Panel(
        drawn(platform, payload),
        title=Text(platform.capitalize()),
        subtitle=Text(sound),
        box=box.ROUNDED,
        width=_WIDEST,
        padding=(0, 1),
    )
