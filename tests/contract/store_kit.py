"""What the tests of the store share: a Redis that believes the time it is told, crowds of subscribers, and the account."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from newsbot.core.editorial import new_story_id
from newsbot.core.model import Intent, Later, Outcome, Pace, Receipt, Sent, Story, Tally, Urgency, Window
from newsbot.flows.digests import Digests
from newsbot.flows.plan import Plan
from newsbot.flows.readers import Readers
from newsbot.ports import Clock
from newsbot.store import keys
from newsbot.store.audiences import RedisAudiences
from newsbot.store.ledger import GATHERED, RedisLedger
from newsbot.store.redis import Redis, load, translated
from newsbot.store.stories import RedisStories

BOT = "telegram"
START = 1_800_000_000_000_000  # microseconds
RUN, FIRST = "run", "a" * 40  # the key that says which server this is, as INFO would, and the first one
LIMITLESS = Pace(1_000_000.0, 0.0, 0.0)

Results = Sequence[tuple[Intent, Outcome, float]]
Copy = Sequence[tuple[bytes, bytes, int]]


class SetClock(Redis):
    """The real server and the real scripts; only TIME is what the test says, and which run of Redis it is."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.micros = START
        self.server = FIRST

    def passes(self, seconds: float) -> None:
        """Time goes on, or back."""
        self.micros += round(seconds * 1e6)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        source = "local told = table.remove(ARGV)\n" + load(script)[0].replace(
            "redis.call('TIME')", "({string.sub(told, 1, -7), string.sub(told, -6)})"
        ).replace("redis.call('INFO', 'server')", f"'run_id:' .. (redis.call('GET', '{RUN}') or '{FIRST}')")
        async with translated():
            return await self.client.eval(source, len(keys), *keys, *arguments, self.micros)

    async def call(self, *command: Any, near: str = "") -> Any:
        return self._time() if command == ("TIME",) else await super().call(*command, near=near)

    async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        replies = await super().pipeline(commands)
        return [
            self._time() if list(command) == ["TIME"] else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    def _time(self) -> list[bytes]:
        return [str(part).encode() for part in divmod(self.micros, 1_000_000)]

    async def copied(self) -> Copy:
        """Everything that is stored now, as a replica would have it."""
        names = [name for name in await self.call("KEYS", "*") if name != RUN.encode()]
        dumps = await self.pipeline([["DUMP", name] for name in names])
        lives = await self.pipeline([["PTTL", name] for name in names])
        return list(zip(names, dumps, (max(life, 0) for life in lives), strict=True))

    async def promoted(self, copy: Copy) -> None:
        """Another server takes over, with what it had been told: everything written since is lost."""
        self.server = f"{int(self.server, 16) + 1:040x}"
        change = self.client.pipeline(transaction=True)
        for command in (["FLUSHALL"], *(["RESTORE", name, life, dump] for name, dump, life in copy)):
            change.execute_command(*command)
        await change.set(RUN, self.server).execute()


def story(name: str = "AAAAA", urgency: Urgency = Urgency.NORMAL, *topics: str, at: float = 0.0) -> Story:
    return Story(id=name, article=f"/{name}", urgency=urgency, topics=topics, headline="제목", accepted_at=at)


def bitmap(members: Iterable[int]) -> bytes:
    bits = bytearray(max(members, default=-1) // 8 + 1)
    for index in members:
        bits[index // 8] |= 128 >> index % 8
    return bytes(bits)


async def crowd(redis: Redis, members: Iterable[int], bot: str = BOT, most_records: int = 1 << 30) -> None:
    """Active subscribers of everything with these indexes, chat = 1000000 + index, as `subscribe` would leave them."""
    members = sorted(members)
    bits = bitmap(members)
    await redis.pipeline([["SET", keys.bitmap(bot, name), bits] for name in ("active", "all", "floor:normal")])
    shards: dict[str, list[Any]] = {}
    for index in members[:most_records]:
        shards.setdefault(keys.chat(bot, index), []).extend([index, f"{1_000_000 + index} ko 1"])
    await redis.pipeline([["HSET", shard, *fields] for shard, fields in shards.items()])
    await redis.call("SADD", keys.names(bot), "all", "floor:normal")
    await redis.call("SET", keys.next_index(bot), max(members, default=-1) + 1)


def readers_of(redis: Redis, home: str = "Asia/Seoul") -> Readers:
    """Who gets what; a keyword is found where it stands as it is, between blanks."""
    return Readers(RedisAudiences(redis), RedisStories(redis), lambda text: frozenset(text.split()), home)


def planner(ledger: RedisLedger, stories: RedisStories, ref_bytes: Mapping[str, int], clock: Clock) -> Plan:
    """The flow that makes the plans; `ref_bytes` of each bot."""
    redis = ledger._redis
    readers = readers_of(redis)
    digests = Digests(stories, readers.audiences, readers, ledger, tuple(ref_bytes), new_story_id)
    dialects: Any = {bot: SimpleNamespace(ref_bytes=width) for bot, width in ref_bytes.items()}
    return Plan(stories, ledger, dialects, readers, digests, clock)


async def opened(ledger: RedisLedger, story: Story, bot: str, ref_bytes: int, now: float) -> int:
    """Plan this story for whoever wants it now, as the flow does."""
    return await ledger.plan(story, bot, ref_bytes, now, *await readers_of(ledger._redis).split(story, bot))


def sent(window: Window) -> Results:
    """Everybody got it; the reference tells the index."""
    return [(intent, Sent(intent.index + 1), 0.0) for intent in window.intents]


def later(window: Window, seconds: float = 1.0, why: str = "connect") -> Results:
    return [(intent, Later(None, why), seconds) for intent in window.intents]


class Work:
    """One worker of one bot: begins under a fresh nonce each time."""

    def __init__(self, ledger: RedisLedger, name: str = "w-0", bot: str = BOT) -> None:
        self.ledger, self.name, self.bot, self.asked, self.run = ledger, name, bot, 0, ""

    async def begin(self, most: int = 16, rate: float | Pace = LIMITLESS) -> Window:
        """The next window; a change of Redis is reported as a worker would that has nothing to tell."""
        pace = rate if isinstance(rate, Pace) else Pace(rate, 0.0, 0.0)
        while True:
            self.asked += 1
            window = await self.ledger.begin(self.bot, self.name, str(self.asked), most, pace, self.run)
            if not window.barrier or window.barrier == self.run:
                return window
            self.run = window.barrier

    async def drain(self, judge: Callable[[Window], Results] = sent, most: int = 16) -> list[Intent]:
        """Begin and commit until there is nothing to begin now; everything that was begun, in order."""
        begun: list[Intent] = []
        while (window := await self.begin(most)).intents or window.wait == 0:
            begun += window.intents
            await self.ledger.commit(self.bot, window.push, judge(window))
            if isinstance(self.ledger._redis, SetClock):
                self.ledger._redis.passes(1)
            else:
                await asyncio.sleep(0)
        return begun


class Teller:
    """A worker that writes down beside the ledger what it begins and learns, as the journal does."""

    def __init__(self, ledger: RedisLedger, name: str) -> None:
        self.ledger, self.name, self.run, self.asked = ledger, name, "", 0
        self.words: dict[tuple[str, int], Receipt] = {}

    async def begin(self, most: int = 16) -> Window:
        self.asked += 1
        window = await self.ledger.begin(BOT, self.name, str(self.asked), most, LIMITLESS, self.run)
        for one in window.intents:
            self.words[window.push, one.index] = Receipt(window.push, one, None)
        return window

    async def learn(
        self, push: str, intents: Sequence[Intent], outcome: Outcome | None = None, delay: float = 0
    ) -> None:
        results = [(one, outcome or Sent(one.index + 1), delay) for one in intents]
        for one, what, wait in results:
            self.words[push, one.index] = Receipt(push, one, what, wait)
        await self.ledger.commit(BOT, push, results)

    async def tell(self, run: str) -> bool:
        if self.run != run:
            await self.ledger.replay(BOT, list(self.words.values()))
            self.run = run
        return await self.ledger.barrier(BOT, self.name, run)

    async def drain(self) -> list[Intent]:
        begun: list[Intent] = []
        while (window := await self.begin()).intents:
            begun += window.intents
            await self.learn(window.push, window.intents)
        return begun


async def at_work(ledger: RedisLedger, *names: str) -> list[Teller]:
    """Workers that are alive and were let through."""
    workers = [Teller(ledger, name) for name in names]
    for name in names:
        await ledger.beat(BOT, name)
    await let_through(ledger, *workers)
    return workers


async def let_through(ledger: RedisLedger, *workers: Teller) -> None:
    """Everybody tells the server that is there now, and it opens."""
    server = ledger._redis.server  # type: ignore[attr-defined]
    for _ in range(2):
        opened = [await worker.tell(server) for worker in workers]
        ledger._redis.passes(GATHERED)  # type: ignore[attr-defined]
    assert all(opened)


NAMES = {0: "pending", 2: "sending", 3: "sent", 4: "pending", 5: "doubt", 6: "dead", 7: "skipped", 8: "cancelled"}


async def account(ledger: RedisLedger, push: str = "AAAAA", bot: str = BOT) -> Tally:
    """The tally, after comparing it with every single state, intent and queue entry."""
    redis = ledger._redis
    tally = await ledger.tally(bot, push)
    assert tally is not None
    key = keys.push(bot, push)
    raw = await redis.call("GET", key + ":states") or b""
    nibbles = [nibble for byte in raw for nibble in (byte >> 4, byte & 15)][: tally.audience]
    assert len(nibbles) == tally.audience
    assert not raw or tally.audience % 2 == 0 or raw[-1] & 15 == 0, "a state past the last position"
    rest = {b"cancelled": "cancelled", b"expired": "dead"}.get(await redis.call("HGET", key, "state"), "pending")
    seen = Counter(rest if nibble in (0, 4) else NAMES[nibble] for nibble in nibbles)
    told = {name: getattr(tally, name) for name in set(NAMES.values())}
    assert {name: seen[name] for name in told} == told
    assert min(told.values()) >= 0
    assert sum(told.values()) == tally.audience
    intents = await redis.call("HVALS", key + ":intents")
    assert sum(len(window.split(b",")) for window in intents) == tally.sending
    over = tally.sending == 0 and (tally.pending == 0 or rest != "pending")
    assert (push in await ledger.open(bot)) != over, f"open: {await ledger.open(bot)}, {tally}"
    return tally
