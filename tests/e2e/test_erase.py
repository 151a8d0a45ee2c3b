"""`newsbot subscribers remove --erase`: what a chat that asks to be forgotten is owed, from the terminal."""

from __future__ import annotations

import asyncio

import pytest

from newsbot.store import keys
from newsbot.store.embedded import Embedded
from newsbot.store.redis import Redis
from tests.e2e.house import House


@pytest.mark.slow
async def test_an_erased_place_is_gone_with_its_threads_and_the_record_of_it_does_not_name_it(house: House) -> None:
    does = house.does
    own = Embedded(house.data)
    redis = Redis(await asyncio.to_thread(own.acquire))
    try:
        await does("subscribers", "add", "telegram:-200", "telegram:-200/7", "telegram:5", "slack:C0NEWS", "--json")
        refused, wrong = await asyncio.gather(
            does("subscribers", "remove", "telegram:-200", "--erase", "--as", "Ed"),
            does("subscribers", "remove", "telegram:-200", "fax:1", "--erase"),
        )
        assert (refused.code, refused.err) == (1, "newsbot: --as Ed: is not on-call\n")
        assert wrong.code == 2, "all of them or none"
        assert await redis.call("XLEN", keys.AUDIT) == 0
        gone = await does("subscribers", "remove", "telegram:-200", "telegram:9", "--erase", "--as", "Olu", "--json")
        assert (gone.code, gone.err) == (0, "")
        assert gone.rows == [{"address": "telegram:-200", "erased": True}, {"address": "telegram:9", "erased": False}]
        left = await does("subscribers", "--json")
        assert [row["address"] for row in left.rows] == ["telegram:5", "slack:C0NEWS"]
        again = await does("subscribers", "remove", "telegram:-200", "telegram:5", "--erase")
        assert again.out == "telegram:-200: was not subscribed\ntelegram:5: erased\n"
        deeds = [entry for _, entry in await redis.call("XRANGE", keys.AUDIT, "-", "+")]
        facts = [tuple(entry[name].decode() for name in (b"deed", b"target")) for entry in deeds]
        assert facts == [("erase", "telegram #0"), ("erase", "telegram #1"), ("erase", "telegram #2")]
        assert [entry[b"who"] for entry in deeds[:2]] == [b"Olu", b"Olu"]
        assert b"-200" not in repr(deeds).encode()
    finally:
        await redis.close()
        await asyncio.to_thread(own.release)
