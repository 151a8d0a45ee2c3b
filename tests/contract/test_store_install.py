"""Whether a Redis is ours and fit: its install id, how far it has come, its settings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsbot import bootstrap
from newsbot.ports import StoreDown
from newsbot.procs import runtime
from newsbot.procs.runtime import Failed, Process
from newsbot.sandbox.serve import Running
from newsbot.store import keys
from newsbot.store.install import MARK_FILE, MAY_BE_MISSING, WrongRedis, fitness, keep_mark, look, mark_key
from newsbot.store.redis import Redis
from tests.cast import until
from tests.conftest import environment
from tests.redis_servers import Spread, Watched, running

BOTS = ("telegram", "slack")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that belongs to nobody yet."""
    return tmp_path / "data"


async def ours(redis: Redis, folder: Path) -> None:
    """What every process does at its start, and then again and again."""
    await look(redis, folder, strict=False)
    await keep_mark(redis, folder, BOTS)


async def refused(redis: Redis, folder: Path) -> str:
    """Neither a start nor a running process goes on with this Redis, and nothing changes; the line it says."""
    before = (folder / MARK_FILE).read_text()
    lines = []
    for work in (look(redis, folder, strict=False), keep_mark(redis, folder, BOTS)):
        with pytest.raises(WrongRedis) as caught:
            await work
        lines.append(str(caught.value))
    assert lines[0] == lines[1]
    assert "\n" not in lines[0]
    assert "nothing is sent" in lines[0]
    assert f"remove {folder / MARK_FILE}" in lines[0]
    assert (folder / MARK_FILE).read_text() == before
    return lines[0]


def marked(folder: Path) -> tuple[str, dict[str, int]]:
    """The folder's name in Redis, and how far it saw each slot come."""
    body = json.loads((folder / MARK_FILE).read_text())
    return body["folder"], body["seen"]


async def goes_back(redis: Redis, folder: Path, seconds: int, slot: str = "telegram") -> None:
    """This slot's server is as it was so long before the folder saw it last."""
    name, seen = marked(folder)
    await redis.call("HSET", mark_key(slot), name, seen[slot] - seconds)


async def test_a_new_folder_and_a_new_redis_belong_together_from_then_on(redis: Redis, folder: Path) -> None:
    report = await look(redis, folder, strict=True)
    assert (await redis.call("GET", keys.INSTALL)).decode() == report.install
    assert (await look(redis, folder, strict=True)).install == report.install
    other = await look(redis, folder.parent / "other", strict=False)
    assert other.install == report.install, "a new folder joins"


async def test_another_or_an_emptied_redis_is_refused_with_the_id_that_is_missing(redis: Redis, folder: Path) -> None:
    mine = (await look(redis, folder, strict=False)).install
    await redis.call("SET", keys.INSTALL, "another")
    with pytest.raises(WrongRedis, match=f"install {mine}, this Redis says another; nothing is sent"):
        await look(redis, folder, strict=False)
    await redis.call("FLUSHALL")
    with pytest.raises(WrongRedis, match=f"install {mine}, this Redis says nothing"):
        await look(redis, folder, strict=False)


@pytest.mark.slow
async def test_the_mark_follows_the_time_of_redis_on_both_sides(redis: Redis, folder: Path) -> None:
    await ours(redis, folder)
    name, seen = marked(folder)
    now = int((await redis.call("TIME"))[0])
    assert set(seen) == {"news", *BOTS}
    assert all(now - 2 <= mark <= now for mark in seen.values())
    await until(lambda: kept_on(redis, folder, now), "the mark goes on")
    for slot in seen:
        assert int(await redis.call("HGET", mark_key(slot), name)) == marked(folder)[1][slot]
    assert [file.name for file in folder.iterdir() if file.name.startswith("mark")] == ["mark"]


async def kept_on(redis: Redis, folder: Path, before: int) -> bool:
    """Mark once more; whether the clock went on meanwhile."""
    await keep_mark(redis, folder, BOTS)
    return min(marked(folder)[1].values()) > before


@pytest.mark.parametrize("slot", ["news", *BOTS])
async def test_a_restored_backup_is_refused_and_says_how_far_behind_it_is(
    redis: Redis, folder: Path, slot: str
) -> None:
    await ours(redis, folder)
    await goes_back(redis, folder, MAY_BE_MISSING + 1, slot)
    line = await refused(redis, folder)
    assert f"{MAY_BE_MISSING + 1} s behind" in line
    assert f"{{{slot}}}" in line
    assert "backup" in line


@pytest.mark.parametrize("slot", ["news", *BOTS])
async def test_a_part_that_was_emptied_is_refused(redis: Redis, folder: Path, slot: str) -> None:
    await ours(redis, folder)
    await redis.call("DEL", mark_key(slot))
    assert "emptied" in await refused(redis, folder)


async def test_what_a_promotion_may_lose_is_no_reason_to_stop(redis: Redis, folder: Path) -> None:
    await ours(redis, folder)
    await goes_back(redis, folder, MAY_BE_MISSING)
    before = marked(folder)[1]["telegram"]
    await ours(redis, folder)
    assert marked(folder)[1]["telegram"] >= before
    await goes_back(redis, folder, 0)
    await ours(redis, folder)


async def test_another_folder_that_comes_first_does_not_hide_it(redis: Redis, folder: Path) -> None:
    await ours(redis, folder)
    await goes_back(redis, folder, 86400)
    await ours(redis, folder.parent / "other")
    assert "86400 s behind" in await refused(redis, folder)


async def test_without_the_file_the_redis_is_taken_as_it_is(redis: Redis, folder: Path) -> None:
    await ours(redis, folder)
    await goes_back(redis, folder, 86400)
    (folder / MARK_FILE).unlink()
    await ours(redis, folder)
    (folder / MARK_FILE).write_text("{half a fi")
    await ours(redis, folder)
    assert set(marked(folder)[1]) == {"news", *BOTS}


async def test_a_clock_that_is_put_back_is_no_restored_backup(redis: Redis, folder: Path) -> None:
    await ours(redis, folder)
    name, seen = marked(folder)
    ahead = seen["telegram"] + 3600  # so far had it come by the clock it had then
    await redis.call("HSET", mark_key("telegram"), name, ahead)
    for _ in range(2):
        await ours(redis, folder)
        assert marked(folder)[1]["telegram"] == ahead


async def test_a_folder_that_cannot_be_written_leaves_no_names_behind(redis: Redis, folder: Path) -> None:
    await look(redis, folder, strict=False)
    (folder / MARK_FILE).mkdir()
    for _ in range(3):
        await keep_mark(redis, folder, BOTS)
    assert not await redis.call("EXISTS", mark_key("telegram"))


@pytest.fixture
async def process(sandbox: Running, redis: Redis, folder: Path) -> AsyncIterator[Process]:
    """A process that has found its Redis."""
    environ = environment(sandbox, folder, REDIS_URL=redis.url)
    settings = bootstrap.read_settings(environ)
    async with runtime.process(settings, redis.url, environ) as found:
        await found.wait_for_redis()
        yield found


@pytest.mark.slow
async def test_a_running_process_ends_when_its_redis_is_restored_under_it(
    redis: Redis, process: Process, folder: Path
) -> None:
    task = asyncio.create_task(process.watch_redis())
    await until(lambda: (folder / MARK_FILE).exists() and marked(folder)[1], "it marks")
    await goes_back(redis, folder, 3600)
    with pytest.raises(Failed, match="3600 s behind"):
        await asyncio.wait_for(task, 5)


async def test_what_endangers_the_promises_is_told_of_the_server(redis: Redis, folder: Path) -> None:
    version, warnings = await fitness(redis)
    assert version[0].isdigit()
    assert warnings == ()
    for pair in (("maxmemory", "1gb"), ("maxmemory-policy", "allkeys-lru")):
        await redis.call("CONFIG", "SET", *pair)
    try:
        assert ["allkeys-lru" in warning for warning in (await fitness(redis))[1]] == [True]
        with pytest.raises(WrongRedis, match=r"strict: .*allkeys-lru"):
            await look(redis, folder, strict=True)
    finally:
        for pair in (("maxmemory", "0"), ("maxmemory-policy", "noeviction")):
            await redis.call("CONFIG", "SET", *pair)


@pytest.mark.slow
async def test_with_sentinels_the_master_is_looked_at(tmp_path: Path, folder: Path) -> None:
    with running(Watched(tmp_path / "watched")) as servers:
        redis = Redis(servers.url)
        assert [warning for warning in (await fitness(redis))[1] if "min-replicas-to-write is 0" in warning]
        await redis.call("CONFIG", "SET", "min-replicas-to-write", 1)
        assert (await fitness(redis))[1] == ()
        await ours(redis, folder)
        await asyncio.to_thread(servers.in_step)
        await asyncio.to_thread(servers.promote)
        await until(lambda: marks(redis, folder), "the promoted one is the same Redis", 20)
        await redis.close()


async def marks(redis: Redis, folder: Path) -> bool:
    """Whether this Redis is taken and marked; it may still be on its way to the new master."""
    try:
        await ours(redis, folder)
    except StoreDown:
        return False
    return True


@pytest.mark.slow
async def test_of_a_cluster_every_master_is_looked_at(tmp_path: Path, folder: Path) -> None:
    with running(Spread(tmp_path / "spread")) as servers:
        redis = Redis(servers.url)
        await ours(redis, folder)
        assert (await fitness(redis))[1] == ()
        bare = servers.nodes[-1]
        bare.call("CONFIG", "SET", "appendonly", "no")
        [warning] = (await fitness(redis))[1]
        assert warning.startswith(f"127.0.0.1:{bare.port}: append-only file is off")
        with pytest.raises(WrongRedis, match=f"strict: 127.0.0.1:{bare.port}: append-only"):
            await look(redis, folder, strict=True)
        emptied = servers.owner(servers.slot("news"))
        assert emptied is not servers.owner(servers.slot("nb:install")), "the install id lives elsewhere"
        emptied.call("FLUSHALL")
        assert "{news}" in await refused(redis, folder)
        for node in servers.nodes:
            node.call("FLUSHALL")
        with pytest.raises(WrongRedis, match=r"nothing \(empty or another database\)"):
            await look(redis, folder, strict=False)
        await redis.close()
