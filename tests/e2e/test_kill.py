"""kill -9 of everything in the middle of a fan-out, then start again: once in every chat, or written down as in doubt."""

from __future__ import annotations

import random
import signal
from collections import Counter

import pytest

from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from tests.cast import until
from tests.e2e.house import House, Proc, kill

CHATS = 500
FIRST = 500_000
IN_FLIGHT = 128
"""4 windows of 32: what one worker may have on the wire."""

ACCOUNT = ("sent", "dead", "skipped", "cancelled", "doubt")
ALONE = {"NEWSBOT_TELEGRAM__RATE": "1000", "SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [20, 21])
async def test_twenty_kills_leave_no_copy_too_many_and_no_chat_unaccounted(house: House, seed: int) -> None:
    """Ten in each of two data folders, so that two workers share the time it takes."""
    await kill_and_start_again(house, times=10, seed=seed)


async def kill_and_start_again(house: House, times: int, seed: int) -> None:
    """Publish, kill at a drawn number of visible messages, start again; so often, in one data folder; then count."""
    rng = random.Random(seed)
    await subscribed(house)
    proc = await (await house.run(**ALONE)).watching()
    headlines = []
    for number in range(times):
        headlines.append(f"예시군 {number:02}번째 소식")
        at, with_redis = rng.randrange(1, CHATS - 2 * IN_FLIGHT), bool(number % 2)
        server = await house.redis_pid()
        await killed_at(house, proc, headlines[-1], at, f"story-{number:02}", with_redis=with_redis)
        proc = await (await house.run(**ALONE)).ready()
        assert (await house.redis_pid() == server) is not with_redis, "taken over when it lives, else started anew"
        await until(lambda n=number: begun(house, n + 1), f"{headlines[-1]} killed at {at}: nothing left to begin", 30)
    await until(lambda: settled(house, times), "every delivery has an outcome or is in doubt", 30)
    await accounted(house, headlines)
    assert await proc.stops() == 0


async def subscribed(house: House) -> None:
    """500 chats that asked for everything, and limits as a paid bot has them."""
    await house.control("/limits", telegram_rate=1000)
    await house.control("/telegram/chats", count=CHATS, first_id=FIRST)
    rows = [f'{{"address": "telegram:{FIRST + n}"}}\n' for n in range(CHATS)]
    (house.folder / "readers.jsonl").write_text("".join(rows))
    done = await house.does("subscribers", "import", "readers.jsonl", "--json")
    assert done.row == {"imported": CHATS, "bad": 0}, done.err


async def killed_at(house: House, proc: Proc, headline: str, at: int, slug: str, *, with_redis: bool) -> None:
    """Publish and kill once `at` chats see it; with its redis-server, or leaving that one to be found."""
    server = await house.redis_pid()
    changes = aiter(house.sandbox.world.record.changes())
    upcoming = anext(changes)
    house.publish(slug, headline)
    visible = 0
    while visible < at:
        change = await upcoming
        visible += change["kind"] == "message" and headline in change["message"]["text"]
        upcoming = anext(changes)
    proc.kill()
    if with_redis:
        kill(server)
    upcoming.close()
    await changes.aclose()
    assert await proc.ended() == -signal.SIGKILL
    assert len(house.seen(headline)) < CHATS, "the kill came before the end"


async def begun(house: House, stories: int) -> bool:
    """Whether so many stories are known and none has anything left to begin."""
    async with house.redis() as redis:
        ledger = RedisLedger(redis)
        ids = [name.decode() for name in await redis.call("ZRANGE", keys.STORIES, 0, -1)]
        tallies = [await ledger.tally("telegram", one) for one in ids]
    return len(ids) == stories and all(tally and not tally.pending for tally in tallies)


async def settled(house: House, stories: int) -> bool:
    """Whether so many stories are over."""
    async with house.redis() as redis:
        return await begun(house, stories) and not await RedisLedger(redis).open("telegram")


async def accounted(house: House, headlines: list[str]) -> None:
    """The promises: at most one copy in a chat, none missing but in doubt, doubts bounded, everything adds up."""
    rows = {row["headline"]: row for row in (await house.does("stories", "--json", "--limit", "100")).rows}
    assert sorted(rows) == sorted(headlines)
    doubts, unseen = [], 0
    for headline in headlines:
        row = rows[headline]
        copies = Counter(message.chat for message in house.seen(headline))
        missing = [chat for n in range(CHATS) if (chat := str(FIRST + n)) not in copies]
        assert set(copies.values()) == {1}, f"{headline}: more than one copy in a chat"
        assert row["state"] == "done"
        assert row["audience"] == CHATS == sum(row[name] for name in ACCOUNT)
        assert row["doubt"] <= IN_FLIGHT
        assert len(missing) <= row["doubt"], f"{headline}: {len(missing)} missing, {row['doubt']} in doubt"
        doubts.append(row["doubt"])
        unseen += len(missing)
        await explained(house, row["id"], missing)
    print(f"doubts a kill {doubts}, {sum(doubts)} in all, of which not visible {unseen}")


async def explained(house: House, story: str, missing: list[str]) -> None:
    """Every chat without a copy is in doubt in the ledger; the first one also as `why` tells it."""
    async with house.redis() as redis:
        for chat in missing:
            index = await redis.call("HGET", *index_of(chat))
            fact = await RedisLedger(redis).why("telegram", story, int(index))
            assert dict(fact or {}).get("state") == "doubt", f"{story} in {chat}: never seen, and {fact}"
    if missing:
        row = (await house.does("why", story, f"telegram:{missing[0]}", "--json")).row
        assert row["state"] == "doubt"
        assert row["reason"].startswith("worker lost")


def index_of(chat: str) -> tuple[str, str]:
    """Where the store keeps this chat's index."""
    return keys.index("telegram", chat), chat
