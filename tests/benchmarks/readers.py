"""A million subscribers of whom a tenth chose for themselves: into Redis by file and out again, what they weigh, and how
long it takes to find out who gets a story now, who later, and who named one of its words.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from newsbot.bootstrap import Kit
from newsbot.cli.subscribers import files
from newsbot.cli.subscribers.rows import record
from newsbot.core.model import Address, Choices, Quiet, Slot, Story, Subscriber, Urgency
from newsbot.flows.readers import Readers
from tests.benchmarks.crowd import Crowd, crowd, sample
from tests.benchmarks.figure import Figure, median_of
from tests.benchmarks.load import SINCE, People, chat_of
from tests.benchmarks.size import AUDIENCE, MEMORY, MILLION
from tests.benchmarks.stage import Bench, Failed, sink

PLATFORM = "telegram"
NAMED = 50.0
"""Milliseconds until it stands who of a hundred thousand with three keywords each named a word of a story."""
SPLITS = 9
EACH = 3
"""Keywords of one subscriber who chose for itself."""
SAID = ("지진", "기상청", "도로", "해일", "예시군", "위험")
"""Words of the story that is told; many named them."""
OTHERS = 5000
ZONES = (
    *("Asia/Seoul", "Asia/Tokyo", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dubai", "Europe/London"),
    *("Europe/Berlin", "Europe/Paris", "Europe/Moscow", "Africa/Nairobi", "Africa/Lagos", "America/New_York"),
    *("America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns", "Australia/Sydney"),
    *("Australia/Lord_Howe", "Pacific/Auckland"),
)


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Memory, import and export, splits."""
    count, folder = bench.size.subscribers, bench.folder
    given = folder / "readers.jsonl"
    async with sink() as there, crowd(bench, "readers", PLATFORM, there, People(0, {})) as ours:
        topics = sorted(topic.id for topic in ours.kit.plain.topics)
        await ours.kit.redis.call("FLUSHALL")
        with given.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record(one), ensure_ascii=False) + "\n" for one in people(count, topics))
        before = await ours.memory()
        took = await came_in(ours.kit, given, count)
        yield Figure("readers.import", count / took, "rows/s", how=f"{count:,} as JSON lines, a tenth with choices")
        first, once = folder / "first.csv", await went_out(ours.kit, folder / "first.csv", count)
        megabytes = (await ours.memory() - before) / 1e6
        yield Figure("readers.export", count / once, "rows/s", how="the same, as CSV")
        how = f"{count:,}, a tenth with zones, hours, digests and {EACH} keywords"
        owed = MEMORY * count / MILLION
        yield Figure("readers.memory/allowed", megabytes, "MB", "allowed", owed, 1.0, less=True, how=how)
        async for figure in asked(ours, topics):
            yield figure
        await ours.kit.redis.call("FLUSHALL")
        await came_in(ours.kit, first, count)
        await went_out(ours.kit, folder / "second.csv", count)
        if not same(first, folder / "second.csv"):
            raise Failed("what was exported, imported and exported again is not the same")
    for name in (given.name, "first.csv", "second.csv"):
        (folder / name).unlink()


async def asked(ours: Crowd, topics: list[str]) -> AsyncIterator[Figure]:
    """Who gets a story now and who later; and who named one of its words."""
    readers = Readers(ours.kit.audiences, ours.kit.stories, ours.kit.plain.said, "Asia/Seoul")
    story = sample([topics[0], topics[5]], urgency=Urgency.NORMAL)
    took, named = [], []
    for _ in range(SPLITS):
        began = time.monotonic()
        split, size = await readers.split(story, PLATFORM)
        took.append(time.monotonic() - began)
        named.append(await words_of(ours, readers, story, size))
    if not (split.now and split.later):
        raise Failed("nobody gets the story at once, or nobody later")
    # The first reads what few chose for the first time; a process does so once.
    median, how = median_of(took[1:])
    how = f"{how}, the first {took[0] * 1000:.0f}; {len(ZONES)} zones, {len(split.later)} reasons to wait"
    yield Figure("readers.split/allowed", median * 1000, "ms", "allowed", AUDIENCE, 1.0, less=True, how=how)
    median, how = median_of(named)
    how = f"{how}; {ours.bench.size.subscribers // 10:,} chats with {EACH} keywords each"
    yield Figure("readers.words/allowed", median * 1000, "ms", "allowed", NAMED, 1.0, less=True, how=how)


async def words_of(ours: Crowd, readers: Readers, story: Story, size: int) -> float:
    """Seconds until it stands who named a word of this story. Raises Failed where nobody did."""
    began = time.monotonic()
    words = readers.said(f"{story.headline}\n{story.excerpt}")
    standing = await ours.kit.audiences.standing(PLATFORM, size, words, [story.id], time.time())
    took = time.monotonic() - began
    if not set(SAID) <= words or not standing.named:
        raise Failed("the story does not say the words it should")
    return took


async def came_in(kit: Kit, file: Path, count: int) -> float:
    """Seconds the import takes. Raises Failed unless all come in."""
    said: list[str] = []
    began = time.monotonic()
    good, bad = await files.read_in(kit, file, said.append, lambda _: None)
    if (good, bad) != (count, 0):
        raise Failed(f"{good} came in, {bad} did not: {said[:1]}")
    return time.monotonic() - began


async def went_out(kit: Kit, file: Path, count: int) -> float:
    """Seconds the export takes. Raises Failed unless all come out."""
    began = time.monotonic()
    if (many := await files.write_out(kit, file, lambda _: None)) != count:
        raise Failed(f"{many} of {count} came out")
    return time.monotonic() - began


def same(one: Path, other: Path) -> bool:
    """Whether two files are the same to the byte."""
    with one.open() as first, other.open() as second:
        return all(left == right for left, right in zip(first, second, strict=True))


def people(count: int, topics: list[str]) -> Iterator[Subscriber]:
    """Topics by chance, 50 to 3 % of all have each; every tenth chose for itself."""
    lots = random.Random(7)
    word = keywords(lots)
    for number in range(count):
        wanted = frozenset(topic for place, topic in enumerate(topics[:10]) if lots.random() < 0.5 ** (1 + place // 2))
        yield Subscriber(
            Address(PLATFORM, chat_of(PLATFORM, number)),
            wanted or frozenset(topics[:1]),
            lots.choice((Urgency.NORMAL, Urgency.NORMAL, Urgency.BREAKING)),
            lots.choice(("ko", "en")),
            since=SINCE + number,
            choices=chosen(lots, topics, word) if number % 10 == 3 else Choices(),
        )


def keywords(lots: random.Random) -> Callable[[], str]:
    """Draws keywords: some are named by very many, most by few."""
    signs = [chr(code) for code in range(0xAC00, 0xD7A4, 7)]
    listed = [*SAID, *("".join(lots.choices(signs, k=lots.randint(2, 4))) for _ in range(OTHERS))]
    return lambda: listed[min(int(lots.paretovariate(0.6)), OTHERS) - 1] if lots.random() < 0.5 else lots.choice(listed)


def chosen(lots: random.Random, topics: list[str], word: Callable[[], str]) -> Choices:
    """Six in ten keep the times that are offered, the others have their own, on the half hour."""

    def half_hour(first: int, last: int) -> int:
        return lots.randint(2 * first, 2 * last) * 30 % 1440

    slots = {Slot(480), Slot(1110)}
    if lots.random() < 0.4:
        day = lots.randrange(7) if lots.random() < 0.2 else None
        slots = {Slot(half_hour(5, 23), day) for _ in range(lots.randint(1, 2))}
    own = lots.random() < 0.4
    return Choices(
        least=tuple(
            {lots.choice(topics): lots.choice(list(Urgency)) for _ in range(lots.choice((0, 0, 1, 2)))}.items()
        ),
        words=frozenset(word() for _ in range(EACH)),
        sources=frozenset({lots.choice("abcde")} if lots.random() < 0.05 else ()),
        zone=lots.choice(ZONES) if lots.random() < 0.7 else "",
        quiet=Quiet(half_hour(21, 25), half_hour(5, 9)) if own else Quiet(1380, 420),
        passes=lots.choice((Urgency.FLASH, Urgency.FLASH, Urgency.BREAKING, None)),
        digests=tuple(slots),
        gather=lots.random() < 0.5,
        cap=lots.choice((0, 8, 8, 8, lots.randrange(16))),
        form=lots.choice(("excerpt", "excerpt", "headline", "image")),
        sound=lots.random() < 0.9,
        muted=SINCE * 2 if lots.random() < 0.01 else 0,
    )
