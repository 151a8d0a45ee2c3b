"""One window from begin to commit on a real ledger, with a platform that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsbot.core import delivery
from newsbot.core.model import (
    Address,
    Article,
    Gone,
    Later,
    Moved,
    Outcome,
    Pace,
    Refused,
    Rendered,
    Sent,
    Stopped,
    Subscriber,
)
from newsbot.flows import deliver as flow
from newsbot.flows.contents import Contents
from newsbot.flows.deliver import BotStopped, Deliver
from newsbot.ports import StoreDown
from newsbot.store.audiences import RedisAudiences
from newsbot.store.journal import FileJournal
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.stories import RedisStories
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, account, opened, story

Answer = Callable[[Address], Outcome]


class Platform:
    """Answers every send by `answer`, which may raise; remembers whom it was asked to reach."""

    name = BOT

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Answer = lambda to: Sent(1)

    async def send(self, to: Address, message: Rendered, answers: int = 0) -> Outcome:
        self.asked.append(to.chat)
        return self.answer(to)

    async def edit(self, to: Address, ref: int, message: Rendered) -> Outcome:
        self.asked.append(f"{to.chat}:{ref}")
        return self.answer(to)


class Lossy(RedisLedger):
    """Does what it is asked; the replies of the next `lost` steps never arrive."""

    lost = 0

    async def begin(self, *how: Any) -> Any:
        return self._reply(await super().begin(*how))

    async def commit(self, *how: Any) -> Any:
        return self._reply(await super().commit(*how))

    def _reply(self, reply: Any) -> Any:
        if self.lost:
            self.lost -= 1
            raise StoreDown("redis: timed out")
        return reply


class Bench:
    """Ten subscribers, one push, any number of windows."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.platform, self.ledger, self.folder = Platform(), Lossy(redis, guarded=False), folder
        self.alarms: list[str] = []
        self.journals: list[FileJournal] = []
        self.stories, self.subscribers = RedisStories(redis), RedisSubscribers(redis, (BOT,))
        self.audiences = RedisAudiences(redis)
        self.draw: Callable[..., Rendered] = lambda *_: Rendered("sendMessage", {"text": "제목"})
        self.digest: Callable[..., Rendered] = lambda *_: Rendered("sendMessage", {"text": "모음"})

    async def set_up(self) -> None:
        for number in range(10):
            await self.subscribers.put(Subscriber(Address(BOT, str(number))))
        await self.stories.accept(Article(id="/a", source="site", title="제목"), story(), [BOT])
        await opened(self.ledger, story(), BOT, 4, 1.8e9)

    def window(self, name: str = "w-0", rate: float = 1e6) -> Deliver:
        self.journals.append(FileJournal(self.folder, BOT, name))
        return Deliver(
            self.platform,  # type: ignore[arg-type]
            self.stories,
            self.subscribers,
            self.ledger,
            self.journals[-1],
            lambda *how, private: self.draw(*how),
            lambda address: True,
            Contents(self.audiences, self.stories, self.digest),
            name,
            Pace(rate, 0.0, 0.0),
            lambda: datetime.now(UTC),
            lambda *_: None,
            self.alarm,
            lambda: 0.0,
        )

    async def alarm(self, key: str, **_: object) -> None:
        self.alarms.append(key)


@pytest.fixture
async def bench(redis: Redis, tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(redis, tmp_path / "journal")
    await made.set_up()
    yield made
    for journal in made.journals:
        journal.leave()


async def test_a_lost_reply_of_begin_costs_no_doubt_and_no_copy(bench: Bench) -> None:
    window = bench.window()
    bench.ledger.lost = 3
    for _ in range(3):
        with pytest.raises(StoreDown):
            await window.once()
    assert bench.platform.asked == []
    assert len((await window.once()).intents) == 10
    assert sorted(bench.platform.asked) == sorted(str(number) for number in range(10))
    assert (await account(bench.ledger)).sent == 10


async def test_what_was_begun_too_long_ago_is_not_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    window, now = bench.window(), [100.0]
    monkeypatch.setattr(flow, "elapsed", lambda: now[0])
    bench.ledger.lost = 1
    with pytest.raises(StoreDown):
        await window.once()
    now[0] += delivery.SEND_TIMEOUT + 0.1
    await window.once()
    assert bench.platform.asked == []
    tally = await account(bench.ledger)
    assert (tally.pending, tally.doubt) == (10, 0)


async def test_a_lost_reply_of_commit_is_repeated_until_it_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: real(0))
    window = bench.window()
    begin = bench.ledger.begin

    async def begin_then_lose(*how: Any) -> Any:
        found = await begin(*how)
        bench.ledger.lost = 3
        return found

    monkeypatch.setattr(bench.ledger, "begin", begin_then_lose)
    await window.once()
    assert (await account(bench.ledger)).sent == 10
    assert len(bench.platform.asked) == 10


async def test_a_text_that_cannot_be_drawn_stops_its_push_and_not_the_worker(bench: Bench) -> None:
    def poison(*_: object) -> Rendered:
        raise RecursionError("too deep")

    bench.draw = poison
    await bench.window(rate=1000).once()
    tally = await account(bench.ledger)
    assert (tally.dead, tally.sending, dict(tally.reasons)) == (
        10, 0, {"cannot be drawn: RecursionError: too deep": 10},
    )  # fmt: skip
    assert bench.platform.asked == []


async def test_one_send_that_fails_badly_takes_no_other_receipt_along(bench: Bench) -> None:
    def answer(to: Address) -> Outcome:
        if to.chat == "3":
            raise KeyError("ok")
        return Sent(1)

    bench.platform.answer = answer
    await bench.window().once()
    tally = await account(bench.ledger)
    assert (tally.sent, tally.doubt, dict(tally.reasons)) == (9, 1, {"KeyError: 'ok'": 1})


async def test_three_refusals_of_a_text_stop_it_whichever_windows_met_them(bench: Bench) -> None:
    bench.platform.answer = lambda to: Refused("can't parse entities")
    windows = [bench.window(f"w-{number}", rate=50) for number in range(4)]
    for window in windows:  # each begins one: the burst of a low rate
        while not (await window.once()).intents and await bench.ledger.open(BOT):
            await asyncio.sleep(0.01)
    tally = await account(bench.ledger)
    assert (tally.dead, tally.cancelled, tally.state) == (3, 7, "cancelled")
    assert len(bench.platform.asked) == 3


async def test_a_moved_chat_is_written_down_before_its_retry_can_begin(bench: Bench) -> None:
    new = Address(BOT, "-1005")
    bench.platform.answer = lambda to: Moved(new) if to.chat == "5" else Sent(1)
    seen: list[bool] = []
    commit = bench.ledger.commit

    async def look_first(*how: Any) -> Any:
        seen.append(await bench.subscribers.get(new) is not None)
        return await commit(*how)

    bench.ledger.commit = look_first  # type: ignore[method-assign]
    await bench.window().once()
    await bench.window().once()
    assert seen[0]
    assert bench.platform.asked.count("5") == 1
    assert bench.platform.asked[-1] == "-1005"
    assert (await account(bench.ledger)).sent == 10


async def test_a_chat_that_is_gone_is_stopped_and_counted_dead(bench: Bench) -> None:
    bench.platform.answer = lambda to: Gone("blocked", "stopped") if to.chat == "5" else Sent(1)
    await bench.window().once()
    assert await bench.subscribers.count(BOT) == 9
    assert dict((await account(bench.ledger)).reasons) == {"blocked": 1}


async def test_a_refused_token_stops_the_bot_and_kills_nobody(bench: Bench) -> None:
    bench.platform.answer = lambda to: Stopped("401 Unauthorized")
    with pytest.raises(BotStopped):
        await bench.window().once()
    tally = await account(bench.ledger)
    assert (tally.pending, tally.dead) == (10, 0)


async def test_only_what_may_be_tried_again_is_tried_again(bench: Bench) -> None:
    bench.platform.answer = lambda to: Later(0.0, "connect") if len(bench.platform.asked) <= 10 else Sent(1)
    await bench.window().once()
    await bench.window().once()
    assert len(bench.platform.asked) == 20
    assert (await account(bench.ledger)).state == "done"


async def test_an_edit_of_a_message_that_is_gone_costs_its_reader_nothing(bench: Bench) -> None:
    bench.platform.answer = lambda to: Sent(int(to.chat) + 100)
    window = bench.window()
    await window.once()
    await bench.ledger.plan_edit(story().model_copy(update={"revision": 2}), BOT, 4, 1.8e9)
    bench.platform.asked.clear()
    bench.platform.answer = lambda to: Gone("message not found", "kept") if to.chat == "3" else Sent(int(to.chat) + 100)
    await window.once()
    assert sorted(bench.platform.asked) == [f"{chat}:{chat + 100}" for chat in range(10)]
    tally = await account(bench.ledger, "AAAAA@2")
    assert (tally.sent, tally.dead, dict(tally.reasons)) == (9, 1, {"message not found": 1})
    reader = await bench.subscribers.get(Address(BOT, "3"))
    assert reader is not None
    assert reader.state == "active"
