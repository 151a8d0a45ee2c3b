"""Old pushes become one record each and come back bit for bit, whatever is killed or changes in the middle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from newsbot.core.model import Gone, Sent, Story, Uncertain
from newsbot.ports import StoreDown
from newsbot.store import keys, packing
from newsbot.store.archive import RedisArchive
from newsbot.store.ledger import RedisLedger
from newsbot.store.packing import Chunk
from newsbot.store.redis import Redis
from tests.contract.archive_kit import NOW, Push, Watched, hot_parts, leftovers
from tests.contract.store_kit import BOT, Work, crowd, opened, story

DAY = 86400.0


async def _killed() -> None:
    raise StoreDown("killed")


@pytest.fixture
async def watched(redis: Redis) -> AsyncIterator[Watched]:
    connection = Watched(redis.url)
    yield connection
    await connection.close()


@pytest.fixture
def archive(redis: Redis) -> RedisArchive:
    return RedisArchive(redis, lambda: NOW)


SHAPES = {
    "one chat": Push([77]),
    "fewer than a byte": Push([1, 2, 5], width=8),
    "all of two and a half chunks": Push(range(40_001)),
    "few of many, over three pieces": Push(range(0, 2_500_000, 613), width=8),
    "nobody got it": Push(range(100), dead_every=1),
    "an edit": Push(range(17_000), name="AAAAA", edits=True),
}


@pytest.mark.parametrize("push", SHAPES.values(), ids=SHAPES)
async def test_what_is_folded_comes_back_bit_for_bit(redis: Redis, archive: RedisArchive, push: Push) -> None:
    await push.lay(redis)
    before, facts = await hot_parts(redis), await redis.call("HGETALL", keys.push(BOT, "AAAAA"))
    assert await archive.fold(BOT, "AAAAA")
    assert await hot_parts(redis) == {}
    assert await leftovers(redis) == []
    left = await redis.call("PTTL", keys.push(BOT, "AAAAA"))
    assert abs(await redis.call("PTTL", keys.past(BOT, "AAAAA")) - left) < 1000, "the record ends with its push"
    assert await archive.hot(BOT, "AAAAA")
    assert await hot_parts(redis) == before
    assert await redis.call("HGETALL", keys.push(BOT, "AAAAA")) == facts | {b"used": b"%r" % NOW}
    assert await redis.call("EXISTS", keys.past(BOT, "AAAAA")) == 0
    assert await leftovers(redis) == []


async def test_the_account_is_told_without_unfolding(redis: Redis, archive: RedisArchive) -> None:
    await Push(range(100)).lay(redis)
    before = await redis.call("HGETALL", keys.push(BOT, "AAAAA"))
    await archive.fold(BOT, "AAAAA")
    facts = await redis.call("HGETALL", keys.push(BOT, "AAAAA"))
    assert json.loads(facts.pop(b"reasons")) == {"blocked": 7, "시간 초과": 7}
    assert facts == before | {b"folded": b"1"}


async def test_a_push_that_is_hot_costs_one_command_and_one_that_is_not_there_is_told(
    watched: Watched, redis: Redis
) -> None:
    await Push(range(10)).lay(redis)
    archive = RedisArchive(watched, lambda: NOW)
    assert await archive.hot(BOT, "AAAAA")
    assert len(watched.asked) == 1
    assert not await archive.hot(BOT, "BBBBB")
    assert await redis.call("EXISTS", keys.push(BOT, "BBBBB")) == 0


async def test_folding_again_and_unfolding_again_change_nothing(redis: Redis, archive: RedisArchive) -> None:
    await Push(range(17_000)).lay(redis)
    before = await hot_parts(redis)
    assert await archive.fold(BOT, "AAAAA")
    record = await redis.call("HGETALL", keys.past(BOT, "AAAAA"))
    assert not await archive.fold(BOT, "AAAAA")
    assert await redis.call("HGETALL", keys.past(BOT, "AAAAA")) == record
    for _ in range(2):
        assert await archive.hot(BOT, "AAAAA")
        assert await hot_parts(redis) == before


async def test_several_at_once_fold_and_unfold_once(redis: Redis, archive: RedisArchive) -> None:
    await Push(range(17_000)).lay(redis)
    before = await hot_parts(redis)
    with capture_logs() as logs:
        assert any(await asyncio.gather(*(archive.fold(BOT, "AAAAA") for _ in range(3))))
        assert await hot_parts(redis) == {}
        assert await leftovers(redis) == []
        assert all(await asyncio.gather(*(archive.hot(BOT, "AAAAA") for _ in range(3))))
    assert await hot_parts(redis) == before
    await leftovers(redis)
    assert logs == [], "being slower is no trouble"


@pytest.mark.parametrize("step", ["fold", "hot"])
async def test_killed_at_any_command_it_leaves_the_push_as_it_was_or_as_it_is_to_be(
    redis: Redis, watched: Watched, archive: RedisArchive, step: str
) -> None:
    await Push(range(17_000), dead_every=5000).lay(redis)
    before, dying = await hot_parts(redis), RedisArchive(watched, lambda: NOW)
    if step == "hot":
        await archive.fold(BOT, "AAAAA")
    watched.then, kills = _killed, 0
    while True:
        watched.asked.clear()
        watched.at = kills
        try:
            assert await getattr(dying, step)(BOT, "AAAAA")
            break
        except StoreDown:
            kills += 1
        await leftovers(redis)
        folded = await redis.call("HGET", keys.push(BOT, "AAAAA"), "folded")
        assert folded == (None if step == "fold" else b"1")
        assert await hot_parts(redis) == (before if step == "fold" else {})
    assert kills > 10
    assert await archive.hot(BOT, "AAAAA")
    assert await hot_parts(redis) == before


OPEN = {
    "open itself": ("AAAAA", {"state": "open"}),
    "sending": ("AAAAA", {"sending": 1}),
    "edited": ("AAAAA@2", {"base": "AAAAA"}),
    "edited for the second time": ("AAAAA@3", {"base": "BBBBB", "before": "AAAAA"}),
    "answered": ("CCCCC", {"base": "AAAAA"}),
}


@pytest.mark.parametrize(("other", "facts"), OPEN.values(), ids=OPEN)
async def test_what_is_open_or_needed_by_what_is_open_is_not_folded(
    redis: Redis, archive: RedisArchive, other: str, facts: dict[str, Any]
) -> None:
    await Push(range(10)).lay(redis)
    await redis.call("HSET", keys.push(BOT, other), *(part for pair in facts.items() for part in pair))
    await redis.call("ZADD", keys.act(BOT), 1, other)
    before = await hot_parts(redis)
    assert not await archive.fold(BOT, "AAAAA")
    assert await hot_parts(redis) == before
    assert await leftovers(redis) == []
    await redis.call("DEL", keys.act(BOT))
    await redis.call("HSET", keys.push(BOT, "AAAAA"), "state", "done", "sending", 0)
    assert await archive.fold(BOT, "AAAAA")


@pytest.mark.parametrize("facts", [("state", "open"), ("sending", 1)], ids=str)
async def test_what_is_not_over_is_not_folded_wherever_it_stands(
    redis: Redis, archive: RedisArchive, facts: tuple[str, Any]
) -> None:
    await Push(range(10), more=dict([facts])).lay(redis)
    assert not await archive.fold(BOT, "AAAAA")
    assert "states" in await hot_parts(redis)


async def test_what_redis_did_not_store_as_it_was_told_takes_no_place(redis: Redis) -> None:
    class Wrong(Redis):
        async def pipeline(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
            other = packing.pack(Chunk(b"\x33" * 5, bytes(40), bytes(3), {}, {}, frozenset()), 4)
            lies = [[*one[:3], other] if one[0] == "HSET" and one[2] == "chunk:0" else one for one in commands]
            return await super().pipeline(lies)

    await Push(range(10)).lay(redis)
    before, wrong = await hot_parts(redis), Wrong(redis.url)
    with capture_logs() as logs:
        folded = await RedisArchive(wrong).fold(BOT, "AAAAA")
    await wrong.close()
    assert not folded
    assert [log["event"] for log in logs] == ["archive.not_folded"]
    assert await hot_parts(redis) == before


async def test_a_record_that_lost_a_part_while_it_was_written_takes_no_place(redis: Redis, watched: Watched) -> None:
    archive = RedisArchive(watched)

    async def lose() -> None:
        (written,) = await redis.call("KEYS", keys.past(BOT, "*"))
        await redis.call("HDEL", written, "chunk:0")

    async def outrun() -> None:
        assert await RedisArchive(redis).fold(BOT, "AAAAA")

    for then, done in ((lose, False), (outrun, True)):
        await Push(range(10)).lay(redis)
        watched.asked.clear()
        watched.at, watched.then = await last_of_fold(redis), then
        assert await archive.fold(BOT, "AAAAA") == done
        assert (await hot_parts(redis) == {}) == done
        assert await leftovers(redis) == []


async def last_of_fold(redis: Redis) -> int:
    """The number of the command that puts the record of such a push in its place."""
    counting = Watched(redis.url)
    await Push(range(10), name="COUNT").lay(redis)
    assert await RedisArchive(counting).fold(BOT, "COUNT")
    await counting.close()
    await redis.pipeline([["DEL", keys.past(BOT, "COUNT")], ["DEL", keys.push(BOT, "COUNT")]])
    return next(at for at, command in enumerate(counting.asked) if command[0] == "fold")


CHANGES: dict[str, Callable[[Redis], Awaitable[Any]]] = {
    "a late answer": lambda redis: redis.call("HINCRBY", keys.push(BOT, "AAAAA"), "sent", 1),
    "opened again": lambda redis: redis.call("HSET", keys.push(BOT, "AAAAA"), "state", "open"),
    "an edit planned": lambda redis: redis.call("HSET", keys.push(BOT, "AAAAA"), "edit", "AAAAA@2"),
    "wanted": lambda redis: RedisArchive(redis, lambda: NOW).hot(BOT, "AAAAA"),
    "cleared": lambda redis: RedisArchive(redis).clear(BOT, "AAAAA", [3]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_changes_while_it_is_folded_is_not_lost(
    redis: Redis, watched: Watched, change: Callable[[Redis], Awaitable[Any]]
) -> None:
    archive = RedisArchive(watched)
    await Push(range(100)).lay(redis)
    assert await archive.fold(BOT, "AAAAA")
    assert await archive.hot(BOT, "AAAAA")
    watched.asked.clear()
    await archive.fold(BOT, "AAAAA")
    commands = len(watched.asked)
    for at in range(1, commands):
        await Push(range(100)).lay(redis)
        await redis.call("HDEL", keys.push(BOT, "AAAAA"), "folded", "edit", "used", "cleared")
        watched.asked.clear()
        watched.at, watched.then = at, lambda: change(redis)  # type: ignore[assignment,return-value]
        assert not await archive.fold(BOT, "AAAAA"), f"command {at}: {watched.asked[at]}"
        assert "states" in await hot_parts(redis)
        assert await leftovers(redis) == []


async def test_a_reference_cleared_while_its_push_is_unfolded_stays_cleared(redis: Redis, watched: Watched) -> None:
    archive, at = RedisArchive(watched), 0
    push = Push(range(100))
    while True:
        await redis.call("FLUSHALL")
        await push.lay(redis)
        await archive.fold(BOT, "AAAAA")
        watched.asked.clear()
        watched.at, watched.then = at, lambda: RedisArchive(redis).clear(BOT, "AAAAA", [3])  # type: ignore[assignment,return-value]
        assert await archive.hot(BOT, "AAAAA")
        if len(watched.asked) <= at:
            break
        refs = (await hot_parts(redis))["refs"]
        assert refs[12:16] == b"\0\0\0\0", f"command {at}: {watched.asked[at]}"
        assert refs[16:20] == push.refs[4].to_bytes(4)
        at += 1
    assert at > 10


@pytest.mark.parametrize("folded", [False, True], ids=["hot", "folded"])
@pytest.mark.parametrize("width", [4, 8])
async def test_the_references_of_a_chat_are_cleared_and_those_of_others_stay(
    redis: Redis, archive: RedisArchive, folded: bool, width: int
) -> None:
    members = [*range(0, 60_000, 3), 1_200_000, 1_200_001]
    push = Push(members, width=width, dead_every=10**9)
    await push.lay(redis)
    before = await hot_parts(redis)
    if folded:
        assert await archive.fold(BOT, "AAAAA")
    gone = [0, 3, 30_000, 59_997, 1_200_001]
    assert await archive.clear(BOT, "AAAAA", [*gone, 1, 59_998, 1_200_002, 9_000_000]) == len(gone)
    assert await archive.clear(BOT, "AAAAA", gone) == len(gone), "again"
    assert (await hot_parts(redis) == {}) == folded
    assert await archive.hot(BOT, "AAAAA")
    refs = [0 if index in gone else ref for index, ref in zip(members, push.refs, strict=True)]
    assert await hot_parts(redis) == before | {"refs": b"".join(ref.to_bytes(width) for ref in refs)}


async def test_clearing_what_has_no_references_or_is_not_there_changes_nothing(
    redis: Redis, archive: RedisArchive
) -> None:
    await Push(range(10), name="AAAAA@2", edits=True).lay(redis)
    before = await hot_parts(redis, "AAAAA@2")
    assert await archive.clear(BOT, "AAAAA@2", [3]) == 1
    assert await archive.clear(BOT, "BBBBB", [3]) == 0
    assert await hot_parts(redis, "AAAAA@2") == before
    assert await redis.call("KEYS", "*BBBBB*") == []


@pytest.mark.slow
async def test_a_damaged_record_is_told_and_never_unfolded(redis: Redis, archive: RedisArchive) -> None:
    await Push(range(40_000)).lay(redis)
    await archive.fold(BOT, "AAAAA")
    record = keys.past(BOT, "AAAAA")
    kept = await redis.call("HGETALL", record)
    assert set(kept) == {b"head", b"audience:0", b"chunk:0", b"chunk:1", b"chunk:2"}
    for name, value in kept.items():
        for broken in (value[:-9], None):
            await redis.pipeline([["HDEL", record, name], *([["HSET", record, name, broken]] if broken else [])])
            with capture_logs() as logs:
                assert not await archive.hot(BOT, "AAAAA"), name
                await archive.clear(BOT, "AAAAA", [1])
            assert {log["event"] for log in logs} >= {"archive.damaged"}
            assert await hot_parts(redis) == {}
            await leftovers(redis)
            await redis.call("HSET", record, name, value)
    assert await archive.hot(BOT, "AAAAA")


async def test_a_push_that_is_not_whole_is_told_and_keeps_no_other_waiting(redis: Redis, archive: RedisArchive) -> None:
    for broken in ("states", "audience"):
        await Push(range(100)).lay(redis)
        await redis.call("DEL", keys.push(BOT, "AAAAA", broken))
        with capture_logs() as logs:
            assert not await archive.fold(BOT, "AAAAA")
        assert [log["event"] for log in logs] == ["archive.not_folded"]
        assert await archive.due(BOT, NOW, 9) == [], "looked at again after its hot days"
        assert await leftovers(redis) == []
        await redis.call("FLUSHALL")


async def test_what_is_due_is_over_old_unused_and_not_folded_yet_oldest_first(
    redis: Redis, archive: RedisArchive
) -> None:
    for name, age, facts in (
        ("NEW", 6, {}),
        ("OLD", 9, {}),
        ("OLDER", 10, {}),
        ("USED", 11, {"used": NOW - 6 * DAY}),
        ("USEDLONGAGO", 12, {"used": NOW - 8 * DAY}),
        ("OPEN", 13, {"state": "open"}),
        ("ONTHEWIRE", 14, {"state": "cancelled", "sending": 1}),
        ("NOBODY", 15, {"size": 0}),
        ("FOLDED", 16, {"folded": 1}),
        ("EXPIRED", 17, {}),
    ):
        await Push(range(10), name=name, planned=NOW - age * DAY, more=facts).lay(redis)
    await redis.call("DEL", keys.push(BOT, "EXPIRED"))
    assert await archive.due(BOT, NOW - 7 * DAY, 9) == ["USEDLONGAGO", "OLDER", "OLD"]
    assert await archive.due(BOT, NOW - 7 * DAY, 2) == ["USEDLONGAGO", "OLDER"]
    assert (await archive.pushes(BOT))[:3] == ["NEW", "OLD", "OLDER"]
    assert b"EXPIRED" not in await redis.call("ZRANGE", keys.pushes(BOT), 0, -1)


async def test_no_command_carries_more_than_a_quarter_of_a_megabyte_or_a_thousand_members(
    redis: Redis, watched: Watched
) -> None:
    await Push(range(50_000), width=8, dead_every=3).lay(redis)
    archive = RedisArchive(watched)
    assert await archive.fold(BOT, "AAAAA")
    assert await archive.clear(BOT, "AAAAA", range(1000))
    assert await archive.hot(BOT, "AAAAA")
    assert await archive.clear(BOT, "AAAAA", range(1000))
    sizes = [sum(len(part) if isinstance(part, bytes | str) else 8 for part in command) for command in watched.asked]
    assert max(sizes) <= 256 * 1024
    assert max(len(command) for command in watched.asked) <= 1010
    ranges = [command for command in watched.asked if command[0] == "GETRANGE"]
    assert max(command[3] - command[2] for command in ranges) < 256 * 1024
    assert not {command[0] for command in watched.asked} & {"GET", "HGETALL", "HVALS", "SMEMBERS", "KEYS", "DEL"}


@pytest.mark.slow
async def test_the_ledger_says_the_same_after_a_fold_and_corrects_what_was_folded(
    redis: Redis, archive: RedisArchive
) -> None:
    ledger, first = RedisLedger(redis, guarded=False), story()
    await crowd(redis, range(0, 400, 2))
    assert await opened(ledger, first, BOT, 4, NOW) == 200
    outcomes = [Uncertain("lost"), Gone("blocked", "stopped"), Sent(7_000_001), Sent(7_000_002)]
    await Work(ledger).drain(lambda window: [(one, outcomes[n % 4], 0.0) for n, one in enumerate(window.intents)])
    before = [await ledger.why(BOT, first.id, index) for index in range(400)]
    tally = await ledger.tally(BOT, first.id)
    assert await archive.fold(BOT, first.id)
    assert await archive.hot(BOT, first.id)
    assert [await ledger.why(BOT, first.id, index) for index in range(400)] == before
    assert await ledger.tally(BOT, first.id) == tally
    second: Story = first.model_copy(update={"revision": 2})
    assert await ledger.plan_edit(second, BOT, 4, NOW) == 200
    assert not await archive.fold(BOT, first.id)
    edited = await Work(ledger).drain()
    assert {one.base for one in edited} == {7_000_001, 7_000_002}
    assert len(edited) == tally.sent if tally else 0
    assert await archive.fold(BOT, first.id)
    assert await archive.fold(BOT, "AAAAA@2")
