"""What subscribers and deliveries weigh in Redis, and how long it takes to find out who gets a story.

A million subscribers with random choices out of ten topics, in two languages; the peers are layouts others use, written
into the same Redis and weighed the same way.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from newsbot.store.redis import Redis
from tests.benchmarks.crowd import Crowd, crowd, sample
from tests.benchmarks.figure import Figure, median_of
from tests.benchmarks.load import AT_ONCE, SINCE, People, chat_of, cut, differs, everybody, load, some
from tests.benchmarks.stage import Bench, Failed, Sink, sink

MEMORY, AUDIENCE = 100.0, 100.0
"""Megabytes (of a million bytes) a million subscribers may take; milliseconds until it stands who of them gets a story."""
EVERYBODY = {"telegram": 6.0, "slack": 10.0}
FEW = 24.0
"""Bytes of a delivery, to everybody and to one per cent of a million."""
TOPICS = 9
PLANS = 7
MILLION = 1_000_000
KEPT_MS = 200 * 86_400_000


async def figures(bench: Bench) -> AsyncIterator[Figure]:
    """Subscribers, audience, ledger of a few; then a ledger of everybody on each platform."""
    people = crowd_of(bench.size.subscribers)
    async with sink() as there:
        async with crowd(bench, "size", "telegram", there, People(0, {})) as ours:
            if key := await differs(ours.kit.redis, "telegram", people.first(bench.size.sample)):
                raise Failed(f"loading in bulk does not come to what `subscribers.put` writes: {key}")
            async for figure in weighed(ours, people):
                yield figure
        for platform in EVERYBODY:
            yield await everybodys(bench, there, platform)


def crowd_of(count: int) -> People:
    """Nine topics that 50 to 3 % of all chose by chance, one that exactly one in a hundred chose; half of them English.
    Whoever chose none has the first: who gets every topic would make the one in a hundred many more."""
    lots = random.Random(7)

    def share(halvings: int) -> bytes:
        found = int.from_bytes(lots.randbytes(-(-count // 8)), "big")
        for _ in range(halvings - 1):
            found &= int.from_bytes(lots.randbytes(-(-count // 8)), "big")
        return cut(found.to_bytes(-(-count // 8), "big"), count)

    topics = {f"bench-{number}": share(1 + number // 2) for number in range(TOPICS)}
    topics["bench-few"] = some(lots.sample(range(count), count // 100), count)
    chosen = 0
    for bitmap in topics.values():
        chosen |= int.from_bytes(bitmap, "big")
    first = int.from_bytes(topics["bench-0"], "big") | int.from_bytes(everybody(count), "big") & ~chosen
    return People(count, topics | {"bench-0": first.to_bytes(-(-count // 8), "big")}, share(1))


async def weighed(ours: Crowd, people: People) -> AsyncIterator[Figure]:
    """Of these subscribers: memory, time of an audience, ledger of one in a hundred."""
    redis, count = ours.kit.redis, people.count
    before = await ours.memory()
    await load(redis, "telegram", people)
    megabytes = (await ours.memory() - before) / 1e6
    how = f"{count:,} with {TOPICS + 1} topics and languages"
    yield Figure(
        "size.subscribers/allowed", megabytes, "MB", "allowed", MEMORY * count / MILLION, 1.0, less=True, how=how
    )
    theirs = await peer(ours, hashes(people, ours.bench.size.peer_keys)) * count / 1e6
    weighed_of = f"{ours.bench.size.peer_keys:,} of them weighed"
    yield Figure("size.subscribers/hash-each", megabytes, "MB", "a hash each", theirs, less=True, how=weighed_of)
    took, how = median_of([await planned(ours) for _ in range(PLANS)])
    how = f"{how}; asking, reading the story and freezing the audience of two topics out of {count:,}"
    yield Figure("size.audience/allowed", took * 1000, "ms", "allowed", AUDIENCE, 1.0, less=True, how=how)
    few = count // 100
    async with ours.workers() as crew:
        story = sample(["bench-few"], "few")
        await crew.tell(story, few)
    each = await ours.bytes_kept(story) / few
    how = f"{few:,} deliveries of {count:,} subscribers, all sent"
    yield Figure("size.ledger.few/allowed", each, "bytes/delivery", "allowed", FEW, 1.0, less=True, how=how)
    key = await peer(ours, deliveries(story.id, ours.bench.size.peer_keys))
    yield Figure("size.ledger.few/key-each", each, "bytes/delivery", "a key each", key, less=True, how=weighed_of)


async def planned(ours: Crowd) -> float:
    """Seconds one plan takes; the story is cancelled at once."""
    story = sample(["bench-0", "bench-5"])
    began = await ours.accept(story)
    took = time.monotonic() - began
    await ours.cancel(story)
    return took


async def everybodys(bench: Bench, there: Sink, platform: str) -> Figure:
    """Bytes a delivery of a story that everybody gets, all sent: neither grows with how many they are."""
    many = bench.size.deliveries
    async with crowd(bench, f"size-{platform}", platform, there, People(many, {})) as ours:
        story = sample(["bench-all"])
        async with ours.workers() as crew:
            await crew.tell(story, many)
        each = await ours.bytes_kept(story) / many
    name, allowed = f"size.ledger.everybody-{platform}/allowed", EVERYBODY[platform]
    how = f"{many:,} deliveries, all sent"
    return Figure(name, each, "bytes/delivery", "allowed", allowed, 1.0, less=True, how=how)


async def peer(ours: Crowd, commands: Iterator[Sequence[Any]]) -> float:
    """Bytes of Redis' memory each of these commands takes; what they wrote is gone again after that."""
    listed = list(commands)
    before = await ours.memory()
    await run(ours.kit.redis, listed)
    each = (await ours.memory() - before) / len(listed)
    await run(ours.kit.redis, [("DEL", command[1]) for command in listed])
    return each


async def run(redis: Redis, commands: Sequence[Sequence[Any]]) -> None:
    """In pipelines."""
    for start in range(0, len(commands), AT_ONCE):
        await redis.pipeline(commands[start : start + AT_ONCE])


def hashes(people: People, many: int) -> Iterator[Sequence[Any]]:
    """A hash for each subscriber, as most bots keep them."""
    for number in range(min(many, people.count)):
        one = people.one("telegram", number)
        facts = ("language", one.language, "since", SINCE, "state", one.state, "urgency", one.urgency.value)
        yield "HSET", f"nb:x:{one.address.chat}", *facts, "topics", ",".join(sorted(one.topics))


def deliveries(story: str, many: int) -> Iterator[Sequence[Any]]:
    """A key for each delivery with the message's reference, kept as long as newsbot keeps it."""
    for number in range(many):
        yield "SET", f"nb:x:{story}:{chat_of('telegram', number)}", 100_000_000 + number, "PX", KEPT_MS
