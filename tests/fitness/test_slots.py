"""Every script keeps to one slot of a cluster: what it says in its header, and what it touches on a real one."""

from __future__ import annotations

import asyncio
import codecs
import itertools
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsbot.core.model import (
    Address,
    Article,
    Choices,
    Gone,
    Pace,
    Sent,
    Slot,
    Story,
    Subscriber,
    Uncertain,
    Urgency,
    Window,
)
from newsbot.store import keys
from newsbot.store.archive import RedisArchive
from newsbot.store.audiences import RedisAudiences
from newsbot.store.audit import RedisAudit
from newsbot.store.install import keep_mark, look
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import LUA, PRELUDES, Redis, load
from newsbot.store.stories import RedisStories
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import opened, planner
from tests.redis_servers import Node, Spread, running

BOT = "telegram"
BOTS = (BOT, "slack")
READERS = 20
SCRIPTS = sorted(path.stem for path in LUA.glob("*.lua") if path.stem not in itertools.chain(*PRELUDES.values()))
SLOT = re.compile(r"Slot \{(\w+)\}(?:, or \{(\w+)\})?\.")
TAG = re.compile(r"\{(\w+)\}")
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


def tags(script: str) -> set[str]:
    """The hash tags whose keys a script may touch, by its header; `bot` stands for every platform."""
    found = SLOT.search((LUA / f"{script}.lua").read_text("utf-8").partition("\nlocal")[0])
    assert found, f"{script}.lua: its header names no slot"
    return {tag for name in found.groups() if name for tag in (BOTS if name == "bot" else (name,))}


def test_every_script_names_its_slot_and_builds_its_keys_from_what_it_is_given() -> None:
    for script in SCRIPTS:
        assert tags(script) <= {*BOTS, "news"}, script
        code = "\n".join(line.partition("--")[0] for line in load(script)[0].splitlines())
        assert "nb:" not in code, f"{script}: a key that is none of its KEYS and built from none"
        assert not any(TAG.search(text) for text in re.findall(r"'[^'\n]*'|\"[^\"\n]*\"", code)), (
            f"{script}: a tag of its own"
        )


def test_every_key_has_a_hash_tag_but_what_stands_for_itself() -> None:
    rows = re.findall(r"^\| (nb:\S+) \|", keys.__doc__ or "", re.MULTILINE)
    assert len(rows) > 30
    alone = {row for row in rows if not re.match(r"nb:\{(news|<bot>)\}:", row)}
    assert alone <= {"nb:install", "nb:mark"}, "a key without a tag is in no slot with any other"


@dataclass
class Listener:
    """What one server is told by clients and by scripts (MONITOR)."""

    reader: asyncio.StreamReader
    places: Mapping[str, tuple[int, int, int]]
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    scripts: set[str] = field(default_factory=set)
    runs: int = 0

    async def listen(self, names: Mapping[str, str]) -> None:
        """Until the connection ends. A script's commands follow its call: nothing comes between them."""
        script, slots = "", set[str]()
        while line := (await self.reader.readline()).decode():
            words = [codecs.escape_decode(word.encode())[0].decode("utf-8", "replace") for word in WORD.findall(line)]
            if not words:
                continue
            if re.match(r"\+\S+ \[\d+ lua\]", line):
                slots.update(self.keys(words))
                assert len({TAG.findall(key)[0] for key in slots}) == 1, f"{script} touches {sorted(slots)}"
                self.touched[script] |= {TAG.findall(key)[0] for key in slots}
            elif words[0].upper() in ("EVAL", "EVALSHA"):
                script, self.runs = names[words[1]], self.runs + 1
                slots = set(words[3 : 3 + int(words[2])])
                self.scripts.add(script)

    def keys(self, words: Sequence[str]) -> Iterator[str]:
        """The keys of one command."""
        first, last, step = self.places[words[0].lower()]
        end = len(words) + last if last < 0 else last
        yield from (words[at] for at in range(first, end + 1, step or 1) if first)


@asynccontextmanager
async def listening(nodes: Sequence[Node]) -> AsyncIterator[list[Listener]]:
    """A listener at every master; what it heard is whole when the block has ended."""
    names = {key: script for script in SCRIPTS for key in (load(script)[1], load(script)[0])}
    async with AsyncExitStack() as stack:
        found, tasks = [], []
        for node in nodes:
            table = await asyncio.to_thread(node.call, "COMMAND")
            for name in ("eval", "xread"):
                assert "movablekeys" in table[name]["flags"], "the flag means what it meant"
            places = {
                name: (facts["first_key_pos"], facts["last_key_pos"], facts["step_count"])
                for name, facts in table.items()
                if "movablekeys" not in facts["flags"]
            }
            reader, writer = await asyncio.open_connection("127.0.0.1", node.port, limit=1 << 24)
            stack.callback(writer.close)
            writer.write(b"MONITOR\r\n")
            assert await reader.readline() == b"+OK\r\n"
            found.append(Listener(reader, places))
            tasks.append(asyncio.create_task(found[-1].listen(names)))
        yield found
        for node in nodes:
            await asyncio.to_thread(node.call, "CLIENT KILL", "TYPE", "normal")  # MONITOR's connections among them
        await asyncio.gather(*tasks)


@pytest.mark.slow
async def test_every_script_touches_keys_of_one_slot_alone(tmp_path: Path) -> None:
    with running(Spread(tmp_path / "spread")) as servers:
        assert len({servers.owner(servers.slot(tag)).port for tag in (BOT, "news")}) == 2, (
            "or it could not tell them apart"
        )
        redis = Redis(servers.url)
        async with listening(servers.nodes) as heard:
            await everything(redis, tmp_path / "data")
            await redis.close()
    assert set().union(*(listener.scripts for listener in heard)) == set(SCRIPTS), "a script that nothing here runs"
    for listener in heard:
        for script, seen in listener.touched.items():
            assert seen <= tags(script), f"{script} says {tags(script)} and touches {seen}"
    assert sum(listener.runs for listener in heard) > 100


async def everything(redis: Redis, folder: Path) -> None:
    """Whatever the store can do, once: from an article to the record of a push that is long over."""
    await look(redis, folder, strict=False)
    await keep_mark(redis, folder, BOTS)
    await told(RedisStories(redis), RedisAudit(redis))
    subscribers = RedisSubscribers(redis, BOTS)
    for bot in BOTS:
        for number in range(READERS):
            await subscribers.put(Subscriber(Address(bot, f"{1000 + number}"), topics=frozenset({"정치"})))
        await fan_out(redis, bot)
    await left(subscribers)
    await kept(redis)
    await chosen(redis, subscribers)


async def told(stories: RedisStories, audit: RedisAudit) -> None:
    """An article becomes a story, waits for its page, changes, is planned; another one is only known."""
    article = Article(id="/2026/first", source="site", title="예시군 소식", keys=("path:a.md", "https://example.com/a"))
    first = story("AAAAA")
    assert await stories.accept(article, first, BOTS, gate=2e9, links=2e9) == (True, "AAAAA")
    assert await stories.accept(article, story("BBBBB"), BOTS) == (False, "AAAAA")
    assert await stories.note([Article(id="/2026/second", source="site", title="예시군 옛 소식")]) == 1
    assert await stories.ask(story("CCCCC", held="question"))
    after = first.model_copy(update={"headline": "예시군 고친 소식", "revision": 2})
    assert await stories.advance(first, after, BOTS, gate=0, links=0)
    assert {push for push, _ in await stories.todo()} == {"AAAAA", "AAAAA@2"}
    assert [one.id for one in await stories.recent(5)] == ["CCCCC", "AAAAA"]
    assert (await stories.known([article]))[0] is not None
    assert await audit.take_event(BOT, "1")
    assert await audit.tries(BOT, "9001") == 1
    assert await audit.times(BOT, "9002") == 1
    await audit.record("Ed", "push", "AAAAA")


def story(name: str, **more: Any) -> Story:
    """A story of today."""
    return Story(
        id=name,
        article=f"/{name}",
        urgency=Urgency.NORMAL,
        topics=("정치",),
        headline="제목",
        accepted_at=time.time(),
        **more,
    )


async def fan_out(redis: Redis, bot: str) -> None:
    """A push from plan to its tally, an edit of it, a follow-up, one that is cancelled, and doubts of two kinds."""
    ledger, sender = RedisLedger(redis), Sender(redis, bot)
    assert await opened(ledger, story("AAAAA"), bot, 4, time.time()) == READERS
    assert await ledger.ring(bot, "0", 0.1) != "0"
    await sender.lets_through()
    window = await sender.begins(8)
    lost, gone, *reached = window.intents
    await ledger.commit(bot, window.push, [(one, Sent(one.index + 1), 0.0) for one in reached])
    await ledger.commit(bot, window.push, [(lost, Uncertain("timeout"), 0.0), (gone, Gone("blocked", "stopped"), 0.0)])
    [doubt] = await ledger.doubts(bot, 10)
    assert await ledger.settle(bot, doubt, "resend", "asked")
    while (window := await sender.begins(16)).intents:
        await ledger.commit(bot, window.push, [(one, Sent(one.index + 1), 0.0) for one in window.intents])
    tally = await ledger.tally(bot, "AAAAA")
    assert tally is not None
    assert (tally.audience, tally.sent, tally.dead, tally.doubt, tally.state) == (READERS, READERS - 1, 1, 0, "done")
    assert (await ledger.gate(bot))["workers"] == 1
    assert await ledger.plan_edit(story("AAAAA", revision=2), bot, 4, time.time()) == READERS
    assert await opened(ledger, story("DDDDD", parent="AAAAA"), bot, 4, time.time()) == READERS
    assert (await sender.begins(4)).edits
    assert await ledger.cancel(bot, "AAAAA@2") is not None
    assert (await sender.begins(4)).push == "DDDDD"
    await ledger.cancel(bot, "DDDDD")
    assert await ledger.reap(bot, 0.0) >= 0
    assert await ledger.hold(bot, "receive", "me", 1.0)
    await ledger.leave(bot, sender.name)


class Sender:
    """A worker that tells a new Redis that it knows nothing."""

    def __init__(self, redis: Redis, bot: str) -> None:
        self.ledger, self.bot, self.name, self.run, self.asked = RedisLedger(redis), bot, "w-0", "", 0

    async def begins(self, most: int) -> Window:
        """The next window."""
        self.asked += 1
        pace = Pace(1_000_000.0, 0.0, 0.0)
        return await self.ledger.begin(self.bot, self.name, str(self.asked), most, pace, self.run)

    async def lets_through(self) -> None:
        """Report to the Redis there is until it opens its gate."""
        await self.ledger.beat(self.bot, self.name)
        self.run = (await self.begins(1)).barrier
        while not await self.ledger.barrier(self.bot, self.name, self.run):
            await asyncio.sleep(0.1)


async def left(subscribers: RedisSubscribers) -> None:
    """Chats with threads, chats that move, lose their rights, are looked at, and are forgotten."""
    await subscribers.put(Subscriber(Address(BOT, "-100200/7")))
    await subscribers.move(Address(BOT, "1000"), Address(BOT, "-100300"))
    lost = Address(BOT, "1001")
    assert await subscribers.set_state(lost, "quarantined")
    await subscribers.probes(BOT, 10)
    assert await subscribers.looked(lost, 1, time.time() + 3600)
    assert await subscribers.erase(Address(BOT, "-100200/7"))
    assert await subscribers.gone(BOT, time.time(), 10)
    assert len([one async for one in subscribers.all()]) == 2 * READERS


async def chosen(redis: Redis, subscribers: RedisSubscribers) -> None:
    """Chats with choices, one that is muted, and the digest of what was put off for them."""
    ledger, stories, times = RedisLedger(redis), RedisStories(redis), (Slot(8 * 60),)
    several = Choices(words=frozenset({"반도체"}), zone="Europe/London", digests=times, gather=True, cap=3)
    for bot in BOTS:
        picky = Subscriber(Address(bot, "2000"), choices=several)
        index = (await subscribers.put(picky, starts=1.0)).index
        await subscribers.put(Subscriber(Address(bot, "2001"), choices=replace(several, muted=int(time.time()) + 60)))
        assert await subscribers.put_many([picky, Subscriber(Address(bot, "2002"))]) == []
        assert await opened(ledger, story("EEEEE"), bot, 4, time.time())
        facts = await ledger.why(bot, "EEEEE", index)
        assert facts
        assert facts["reason"] == "for the digest: digest"
    audiences, hour = RedisAudiences(redis), time.time() // 60 * 60 - 3600
    await audiences.tick(hour, None)
    plan = planner(ledger, stories, dict.fromkeys(BOTS, 4), lambda: datetime.now(UTC))
    for bot in BOTS:
        digest = story("FFFFF", kind="digest").model_copy(update={"headline": f"{hour - 86400:.0f} {hour:.0f}"})
        split, size = await plan.digests.split(digest, bot)
        assert await ledger.plan(digest, bot, 4, time.time(), split, size) == 0, "nothing waited by then"


async def kept(redis: Redis) -> None:
    """A push that is over becomes a record, forgets one chat, and comes back."""
    archive = RedisArchive(redis)
    assert await archive.fold(BOT, "AAAAA")
    assert await archive.clear(BOT, "AAAAA", [3]) == 1
    assert await archive.hot(BOT, "AAAAA")
    assert await archive.clear(BOT, "AAAAA", [3, 4]) == 2
