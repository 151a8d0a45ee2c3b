"""A whole newsbot on a cluster, and one whose Redis master is replaced in the middle of a fan-out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import pytest

from newsbot.core.model import Address, Subscriber
from newsbot.ports import StoreDown
from newsbot.sandbox.serve import Running
from newsbot.sandbox.telegram import control
from newsbot.store.redis import Redis
from tests.cast import PLATFORMS, Cast, until
from tests.conftest import newsbot
from tests.redis_servers import Spread, Watched, running

pytestmark = pytest.mark.slow

HEADLINE = "예시군, 새 체육관 5월 7일 개관"
TEXT, MORE = "예시군은 새 체육관을 5월 7일에 연다고 밝혔다. 좌석은 300석이다.", " 수영장도 짓는다."
CHATS, RATE = 300, 60
WHOLE = 40.0
"""Seconds a fan-out may take in whose middle the master changes; without that it takes five."""


async def test_a_story_is_delivered_on_a_cluster_and_corrected(sandbox: Running, site: Path, tmp_path: Path) -> None:
    with running(Spread(tmp_path / "spread")) as servers:
        redis = Redis(servers.url)
        async with newsbot(sandbox, redis, tmp_path / "data", site) as process:
            cast = Cast(sandbox, process)
            await cast.ready(sources=1)
            await cast.control("/limits", on=False)
            readers = [cast.on(platform, "Rae") for platform in PLATFORMS]
            for rae in readers:
                await rae.says("/subscribe all")
                await rae.sees("알림을 켰습니다.")
            await cast.publish(site, "story", HEADLINE, TEXT)
            for rae in readers:
                await until(lambda rae=rae: rae.has(HEADLINE), f"{rae.platform} has it")
            await cast.publish(site, "story", HEADLINE, TEXT + MORE)
            for rae in readers:
                await until(lambda rae=rae: rae.has(MORE), f"{rae.platform} has the new words")
            row = await cast.done((await cast.story(HEADLINE))["id"])
            assert (row["audience"], row["sent"]) == (2, 2)
            assert [len(rae.has(HEADLINE)) for rae in readers] == [1, 1]
        await redis.close()


def copies(sandbox: Running) -> Counter[str]:
    """How many alerts each chat shows."""
    return Counter(message.chat for message in sandbox.world.record.messages(platform="telegram"))


async def over(cast: Cast) -> bool:
    """Whether nothing of the one story is open any more; Redis may be away just now."""
    with contextlib.suppress(StoreDown):
        return [row["state"] for row in await cast.stories()] == ["done"]
    return False


async def test_nobody_is_told_twice_or_passed_over_when_the_master_is_replaced(
    sandbox: Running, site: Path, tmp_path: Path
) -> None:
    sandbox.world.limits.telegram_rates.overall = RATE
    control.make_chats(sandbox.world, {"count": CHATS, "first_id": 500_000})
    with running(Watched(tmp_path / "watched")) as servers:
        redis = Redis(servers.url)
        rate = {"NEWSBOT_TELEGRAM__RATE": str(RATE)}
        async with newsbot(sandbox, redis, tmp_path / "data", site, **rate) as process:
            cast = Cast(sandbox, process)
            await cast.ready(sources=1)
            for number in range(CHATS):
                await process.kit.subscribers.put(Subscriber(Address("telegram", str(500_000 + number))))
            await cast.publish(site, "story", HEADLINE, TEXT)
            await until(lambda: len(copies(sandbox)) >= CHATS // 4, "a quarter has it", 20)
            await asyncio.to_thread(servers.in_step)
            await asyncio.to_thread(servers.promote)
            await until(lambda: over(cast), "the rest has it", WHOLE)
            [row] = await cast.stories()
            assert copies(sandbox) == {str(500_000 + number): 1 for number in range(CHATS)}, "once, everybody"
            assert (row["audience"], row["sent"], row["doubt"]) == (CHATS, CHATS, 0)
        await redis.close()
