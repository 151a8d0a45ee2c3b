"""A story's progress on a terminal, until it is done: one bar a platform, and one for each edit of it."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from newsbot.bootstrap import Kit
from newsbot.core.model import Story
from newsbot.flows import account
from newsbot.flows.desk import STATES, platform_state
from newsbot.flows.report import Leg, pushes_of
from newsbot.flows.words import Words
from newsbot.ports import StoreDown

LOOK = 0.5  # seconds between two looks
REST = "rest"


async def follow(kit: Kit, story_id: str, console: Console, language: str, look: float = LOOK) -> None:
    """Draw until nothing of the story is to be sent any more. While Redis is away it says so and waits."""
    words = kit.plain.words
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        bars: dict[str, TaskID] = {}
        while True:
            try:
                story = await kit.stories.get(story_id)
                if story is None:
                    return
                legs = await kit.report.legs(story, kit.rates)
                over = await finished(kit, story, legs)
            except StoreDown:
                for bar in bars.values():
                    progress.update(bar, told=words.say(language, "show.redis"))
            else:
                draw(progress, bars, legs, words, language)
                if over:
                    return
                if not legs and REST not in bars:
                    bars[REST] = progress.add_task(story.id, total=None, told=words.say(language, "show.waits"))
            progress.refresh()
            await asyncio.sleep(look)


async def finished(kit: Kit, story: Story, legs: list[Leg]) -> bool:
    """Whether nothing more happens by itself."""
    if any(push in pushes_of(story) for push, _ in await kit.stories.todo()):
        return False
    if not legs:
        row = await kit.report.story(story)
        return bool(row["state"] != "open")
    return all(leg.over for leg in legs)


def draw(progress: Progress, bars: dict[str, TaskID], legs: list[Leg], words: Words, language: str) -> None:
    """One bar a leg, as it stands now."""
    if legs and REST in bars:
        progress.remove_task(bars.pop(REST))
    for leg in legs:
        name = leg.platform
        if leg.revision:
            name = words.say(language, "account.edit", revision=leg.revision, platform=leg.platform)
        settled = leg.tally.audience - leg.tally.pending - leg.tally.sending
        if name not in bars:
            bars[name] = progress.add_task(name, total=leg.tally.audience, completed=settled, told="")
        bar = bars[name]
        progress.update(bar, completed=settled)
        speed = next(task.speed for task in progress.tasks if task.id == bar)
        progress.update(bar, told=told(leg, settled, speed, words, language))
    progress.refresh()


def told(leg: Leg, settled: int, speed: float | None, words: Words, language: str) -> str:
    """What stands beside a bar: how many of how many, how fast, how long still, or what keeps it."""
    parts = [f"{settled:,}/{leg.tally.audience:,}"]
    state = platform_state({**leg.gate, "on": True})
    if leg.over:
        parts.append(words.say(language, f"state.{leg.tally.state}"))
    elif state == "frozen":
        parts.append(words.say(language, "show.frozen", seconds=f"{leg.gate['frozen_s']:.0f}"))
    elif state != "on":
        parts.append(words.say(language, STATES[state], by=leg.gate["paused"] or ""))
    elif speed:
        parts.append(words.say(language, "show.rate", number=f"{speed:,.1f}"))
    if not leg.over and leg.left is not None:
        parts.append(words.say(language, "show.left", age=account.age(words, language, leg.left)))
    return " · ".join(parts)
