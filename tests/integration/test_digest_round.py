"""A whole newsbot makes digests by itself, on both platforms, with nobody who asks for it."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsbot.core.model import Address, Article, Choices, Slot, Story, Subscriber, Urgency
from newsbot.procs import worker
from newsbot.sandbox.serve import Running
from newsbot.sandbox.telegram import control
from newsbot.store import keys
from newsbot.store.redis import Redis
from tests.cast import labels, until
from tests.conftest import newsbot

BOTS = ("telegram", "slack")
HOUR = 3600.0


@pytest.mark.slow
async def test_what_waited_comes_by_itself(
    sandbox: Running, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.make_chats(sandbox.world, {"count": 1, "first_id": 500_000})
    (channel,) = sandbox.world.slack.add_channels(1, "C9", False)
    places = dict(zip(BOTS, ("500000", channel.id), strict=True))
    now = time.time()
    due = datetime.fromtimestamp(now - HOUR / 6, ZoneInfo("Asia/Seoul"))
    choices = Choices(digests=(Slot(due.hour * 60 + due.minute),), gather=True)

    def shown(bot: str) -> list[str]:
        return [str(message.text) for message in sandbox.world.record.messages(platform=bot, chat=places[bot])]

    monkeypatch.setattr(worker, "DIGESTS", 3600.0)
    async with newsbot(sandbox, redis, tmp_path / "data") as process:
        kit = process.kit
        await until(kit.digests.audiences.digested, "the first look was taken")
        for bot, chat in places.items():
            await kit.subscribers.put(Subscriber(Address(bot, chat), choices=choices))
        story = Story(id="AAAAA", article="/a", urgency=Urgency.NORMAL, headline="예시군 도로 열려", accepted_at=now)
        await kit.stories.accept(Article(id="/a", source="site", title="예시군 도로 열려"), story, BOTS)
        await kit.plan.owed("AAAAA")
        for bot in BOTS:  # two hours ago
            await redis.call("HSET", keys.push(bot, "AAAAA"), "judged", now - 2 * HOUR)
        await redis.call("SET", keys.DIGESTED, (now - HOUR) // 60 * 60)
        assert [shown(bot) for bot in BOTS] == [[], []]
    monkeypatch.undo()
    assert worker.DIGESTS <= 5.0
    async with newsbot(sandbox, redis, tmp_path / "data"):
        await until(lambda: all(shown(bot) for bot in BOTS), "both platforms show the digest", 20.0)
        for bot in BOTS:
            (text,) = shown(bot)
            assert "예시군 도로 열려" in text, bot
        # One reader alone finds the way to the settings below; in a channel nobody in particular would.
        drawn = {bot: sandbox.world.record.messages(platform=bot, chat=places[bot])[-1] for bot in BOTS}
        assert [labels(drawn[bot]) for bot in BOTS] == [["설정"], []]
