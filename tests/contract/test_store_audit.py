"""How often somebody spoke or tried: a minute of talk ends by itself, a minute of trying what one may not does not."""

from __future__ import annotations

from newsbot.store import keys
from newsbot.store.audit import RedisAudit
from newsbot.store.redis import Redis


async def test_talking_on_does_not_make_the_wait_longer_trying_on_does(redis: Redis) -> None:
    audit = RedisAudit(redis)
    assert [await audit.times("telegram", "9001"), await audit.tries("telegram", "9002")] == [1, 1]
    for user in ("9001", "9002"):
        await redis.call("PEXPIRE", keys.refusals("telegram", user), 30_000)
    assert [await audit.times("telegram", "9001"), await audit.tries("telegram", "9002")] == [2, 2]
    assert 0 < await redis.call("PTTL", keys.refusals("telegram", "9001")) <= 30_000
    assert await redis.call("PTTL", keys.refusals("telegram", "9002")) > 30_000
