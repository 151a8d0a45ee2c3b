"""Rounds of settling doubts on a real ledger, with a platform that shows what it is told to show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from newsbot.core import delivery
from newsbot.core.model import (
    Address,
    Article,
    Later,
    Outcome,
    Policy,
    Rendered,
    Sent,
    Story,
    Subscriber,
    Uncertain,
    Urgency,
)
from newsbot.flows.doubt import Doubts
from newsbot.flows.upkeep import Upkeep
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.redis import Redis
from newsbot.store.stories import RedisStories
from newsbot.store.subscribers import RedisSubscribers
from tests.contract.store_kit import BOT, START, SetClock, Work, account, opened, planner, story
from tests.integration.test_deliver import Bench

ROUND = 5.0
Look = Callable[[Address], Sent | Later | None]


class Platform:
    """Looks as it is told by `shows`; remembers when it was asked about whom."""

    name = BOT
    reads_back = True

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.shows: Look = lambda to: None
        self.asked: list[tuple[float, str]] = []
        self.questions: list[tuple[str, float, int]] = []
        self.deleted: list[tuple[str, int]] = []
        self.deletes: Outcome = Sent(1)

    async def find(self, to: Address, story: str, since: float, answers: int = 0) -> Sent | Later | None:
        self.asked.append(((self.clock.micros - START) / 1e6, to.chat))
        self.questions.append((story, since - START / 1e6, answers))
        return self.shows(to)

    async def delete(self, to: Address, ref: int) -> Outcome:
        self.deleted.append((to.chat, ref))
        return self.deletes

    def looks(self, chat: str = "0") -> list[float]:
        return [when for when, whom in self.asked if whom == chat]


class Stage:
    """So many chats, one story that is in doubt in all of them, and rounds of settling."""

    def __init__(self, clock: SetClock) -> None:
        self.clock, self.platform = clock, Platform(clock)
        self.ledger = RedisLedger(clock, guarded=False)
        self.stories, self.subscribers = RedisStories(clock), RedisSubscribers(clock, (BOT,))
        self.policies: dict[Urgency, Policy] = dict.fromkeys(Urgency, "hold")
        self.ahead = timedelta()
        self.work = Work(self.ledger)
        policies: Mapping[str, Mapping[Urgency, Policy]] = {BOT: self.policies}
        platforms: Any = {BOT: self.platform}
        self.doubts = Doubts(self.stories, self.ledger, platforms, policies, self.now)

    def now(self) -> datetime:
        """The host's clock, which may go another way than Redis'."""
        return datetime.fromtimestamp(self.clock.micros / 1e6, UTC) + self.ahead

    async def doubtful(self, policy: Policy, chats: int = 1, told: Story | None = None) -> None:
        told = told or story()
        self.policies[told.urgency] = policy
        for number in range(chats):
            await self.subscribers.put(Subscriber(Address(BOT, str(number))))
        await self.stories.accept(Article(id=told.article, source="site", title="제목"), told, [BOT])
        await opened(self.ledger, told, BOT, 4, START / 1e6)
        while (window := await self.work.begin()).intents:
            await self.ledger.commit(BOT, window.push, [(one, Uncertain("lost"), 0.0) for one in window.intents])

    async def rounds(self, seconds: float, every: float = ROUND) -> None:
        end = self.clock.micros + seconds * 1e6
        while self.clock.micros < end:
            await self.doubts.once()
            self.clock.passes(every)

    async def state(self, chat: int = 0, push: str = "AAAAA") -> tuple[str, str | None]:
        found = await self.ledger.why(BOT, push, chat)
        assert found is not None
        return found["state"], found["reason"]


@pytest.fixture
async def stage(redis: Redis) -> AsyncIterator[Stage]:
    clock = SetClock(redis.url)
    yield Stage(clock)
    await clock.close()


async def test_what_two_looks_did_not_find_is_sent_once_more(stage: Stage) -> None:
    await stage.doubtful("read")
    await stage.rounds(40, every=1)
    first, second = stage.platform.looks()
    assert first >= 5, "what was on the wire has landed by then"
    assert 12 <= second - first <= 14
    assert (await stage.state())[0] == "retry"
    window = await stage.work.begin()
    assert [one.again for one in window.intents] == [True]
    await stage.ledger.commit(BOT, "AAAAA", [(one, Uncertain("lost"), 0.0) for one in window.intents])
    stage.platform.asked.clear()
    await stage.rounds(120)
    assert stage.platform.asked == [], "nothing is sent a third time, so nobody looks"
    assert await stage.state() == ("doubt", "lost; held: sent once more already")


@pytest.mark.parametrize("look", [1, 2])
async def test_what_is_found_is_sent(stage: Stage, look: int) -> None:
    await stage.doubtful("read")
    stage.platform.shows = lambda to: Sent(77) if len(stage.platform.asked) == look else None
    await stage.rounds(40, every=1)
    assert len(stage.platform.asked) == look
    assert (await stage.ledger.why(BOT, "AAAAA", 0) or {})["ref"] == 77
    assert (await account(stage.ledger)).state == "done"


async def test_the_question_names_the_story_and_when_it_may_have_been_sent(stage: Stage) -> None:
    await stage.doubtful("read")
    await stage.rounds(10)
    ((name, since, answers),) = stage.platform.questions
    assert (name, answers) == ("AAAAA", 0)
    assert -300 < since <= -delivery.LEASE, "a window is in doubt a lease after it was begun"


async def test_a_follow_up_is_looked_for_in_its_thread(stage: Stage) -> None:
    await stage.doubtful("hold")
    await stage.rounds(1)
    (doubt,) = await stage.ledger.doubtful(BOT, "AAAAA")
    await stage.ledger.settle(BOT, doubt, Sent(55), "found")
    await stage.doubtful("read", told=story("BBBBB").model_copy(update={"parent": "AAAAA", "kind": "follow-up"}))
    await stage.rounds(10)
    assert [(name, answers) for name, _, answers in stage.platform.questions] == [("BBBBB", 55)]


@pytest.mark.parametrize(("after", "rest"), [(30.0, 30.0), (None, 12.0)])
async def test_a_platform_that_cannot_tell_now_is_left_alone_as_long_as_it_said(
    stage: Stage, after: float | None, rest: float
) -> None:
    await stage.doubtful("read", chats=5)
    stage.platform.shows = lambda to: Later(after, "429")
    await stage.rounds(100, every=1)
    asked = [when for when, _ in stage.platform.asked]
    assert all(later - earlier >= rest for earlier, later in pairwise(asked)), "for every chat"
    assert len(asked) >= 100 // (rest + 2)
    assert (await account(stage.ledger)).doubt == 5
    stage.platform.shows = lambda to: None
    stage.platform.asked.clear()
    await stage.rounds(rest + 2, every=1)
    assert len(stage.platform.asked) >= 3
    assert (await account(stage.ledger)).doubt == 5, "it could not tell, which is no empty look"


async def test_who_can_never_tell_has_its_doubts_held_within_a_quarter_of_an_hour(stage: Stage) -> None:
    await stage.doubtful("read", chats=3)
    stage.platform.shows = lambda to: Later(60.0, "429")
    await stage.rounds(delivery.SHOWN_WITHIN + 2 * ROUND)
    assert await stage.ledger.doubts(BOT, 10) == []
    assert await stage.state() == ("doubt", "lost; held: could not be looked up in time")


async def test_looks_stay_below_the_platforms_limit(stage: Stage) -> None:
    await stage.doubtful("read", chats=40)
    await stage.rounds(120)
    asked = [when for when, _ in stage.platform.asked]
    assert max(sum(begin <= when < begin + 60 for when in asked) for begin in asked) <= 45, "tier 3 allows 50 a minute"
    assert len(asked) >= 60
    assert len({chat for _, chat in stage.platform.asked}) >= 20


@pytest.mark.slow
async def test_hundreds_of_doubts_are_settled_or_shown_within_a_quarter_of_an_hour(stage: Stage) -> None:
    await stage.doubtful("read", chats=320)
    await stage.rounds(delivery.SHOWN_WITHIN + 5 * ROUND)
    assert await stage.ledger.doubts(BOT, 1) == []
    tally = await account(stage.ledger)
    assert tally.doubt + tally.pending == 320
    assert tally.pending >= 200, "as many as could be looked for are sent once more"


@pytest.mark.parametrize(("policy", "reads_back", "why"), [
    ("hold", True, "held by policy"), ("read", False, "held: the platform cannot be read back"),
])  # fmt: skip
async def test_what_is_held_is_held_at_once_and_shown(stage: Stage, policy: Policy, reads_back: bool, why: str) -> None:
    stage.platform.reads_back = reads_back
    await stage.doubtful(policy, chats=3)
    assert await stage.doubts.once() == 3
    assert (await account(stage.ledger)).doubt == 3
    assert await stage.state() == ("doubt", f"lost; {why}")
    assert stage.platform.asked == []
    assert await stage.doubts.once() == 0


async def test_resend_waits_a_minute(stage: Stage) -> None:
    await stage.doubtful("resend")
    await stage.rounds(delivery.RESEND_AFTER, every=1)
    assert (await stage.state())[0] == "doubt"
    await stage.rounds(2, every=1)
    assert (await stage.state())[0] == "retry"
    assert stage.platform.asked == []


@pytest.mark.parametrize("ahead", [-3600, 3600], ids=["host an hour slow", "host an hour fast"])
async def test_a_host_whose_clock_is_wrong_settles_no_sooner_and_no_later(stage: Stage, ahead: int) -> None:
    """A minute and a quarter of an hour go by the clock that says since when (F29)."""
    stage.ahead = timedelta(seconds=ahead)
    await stage.doubtful("resend")
    await stage.rounds(delivery.RESEND_AFTER - ROUND)
    assert (await stage.state())[0] == "doubt"
    await stage.rounds(4 * ROUND)
    assert (await stage.state())[0] == "retry"


async def test_a_withdrawal_is_settled_as_a_flash_is(stage: Stage) -> None:
    stage.policies[Urgency.FLASH] = "resend"
    told = story("RRRRR", Urgency.NORMAL).model_copy(update={"kind": "retraction"})
    await stage.doubtful("hold", told=told)
    await stage.rounds(delivery.RESEND_AFTER + 2 * ROUND)
    assert (await stage.state(push="RRRRR"))[0] == "retry"


@pytest.mark.parametrize("what", ["story", "chat"])
async def test_what_nobody_knows_any_more_is_held(stage: Stage, what: str) -> None:
    await stage.doubtful("resend")
    await stage.clock.call("DEL", keys.story("AAAAA") if what == "story" else keys.chat(BOT, 0))
    await stage.doubts.once()
    assert await stage.state() == ("doubt", "lost; held by policy")


async def test_what_may_not_be_sent_once_more_is_held(stage: Stage) -> None:
    await stage.doubtful("resend")
    stage.clock.passes(delivery.RESEND_AFTER)
    await stage.clock.call("HSET", keys.push(BOT, "AAAAA"), "state", "cancelled")
    assert await stage.doubts.once() == 1
    assert await stage.state() == ("doubt", "lost; held: too late or cancelled")


@pytest.mark.parametrize("policy", ["read", "resend"])
async def test_the_first_message_is_not_taken_for_its_correction(stage: Stage, policy: Policy) -> None:
    """An edit that was ended by a newer one is in doubt for good; the platform would show the alert it was to change."""
    await stage.doubtful("hold")
    (doubt,) = await stage.ledger.doubtful(BOT, "AAAAA")
    await stage.ledger.settle(BOT, doubt, Sent(55), "found")
    for revision in (2, 3):
        await stage.ledger.plan_edit(story().model_copy(update={"revision": revision}), BOT, 4, START / 1e6)
        window = await stage.work.begin()
        if revision == 2:
            second = window
    await stage.ledger.commit(BOT, "AAAAA@2", [(one, Uncertain("lost"), 0.0) for one in second.intents])
    stage.policies[Urgency.NORMAL] = policy
    stage.platform.shows = lambda to: Sent(55)
    await stage.rounds(90)
    assert stage.platform.asked == []
    assert (await stage.state(push="AAAAA@2"))[0] == "doubt"


@pytest.mark.parametrize("why", ["again", "late"])
async def test_what_is_late_or_sent_once_more_makes_no_sound(redis: Redis, tmp_path: Path, why: str) -> None:
    clock = SetClock(redis.url)
    bench = Bench(clock, tmp_path / "journal")
    await bench.set_up()
    drawn: list[tuple[bool, bool]] = []

    def draw(told: Story, *_: object) -> Rendered:
        drawn.append((told.silent, told.late))
        return Rendered("sendMessage", {"text": "제목"})

    bench.draw = draw
    unsure, busy = Uncertain("lost"), Later(0.0, "busy")
    bench.platform.answer = lambda to: Sent(1) if to.chat != "3" else unsure if why == "again" else busy
    window = bench.window()
    await window.once()
    for doubt in await bench.ledger.doubts(BOT, 10):
        assert await bench.ledger.settle(BOT, doubt, "resend", "by policy")
    clock.passes(delivery.FRESH[Urgency.NORMAL] + 1 if why == "late" else 1)
    await window.once()
    assert (set(drawn[:-1]), drawn[-1]) == ({(False, False)}, (True, why == "late"))
    window.journal.leave()
    await clock.close()


async def copied(stage: Stage) -> None:
    """A chat that shows the alert twice: the first answer comes after the second copy's."""
    await stage.subscribers.put(Subscriber(Address(BOT, "0")))
    await opened(stage.ledger, story(), BOT, 4, START / 1e6)
    first = await stage.work.begin()
    await stage.ledger.commit(BOT, "AAAAA", [(one, Uncertain("lost"), 0.0) for one in first.intents])
    (doubt,) = await stage.ledger.doubtful(BOT, "AAAAA")
    await stage.ledger.settle(BOT, doubt, "resend", "by policy")
    for window, ref in ((await stage.work.begin(), 22), (first, 11)):
        await stage.ledger.commit(BOT, "AAAAA", [(one, Sent(ref), 0.0) for one in window.intents])


@pytest.mark.parametrize("answer", [Later(1.0, "429"), Later(None, "connect"), Uncertain("no answer in time")])
async def test_a_second_copy_is_taken_away_however_often_that_takes(stage: Stage, answer: Outcome) -> None:
    await copied(stage)
    plan = planner(stage.ledger, stage.stories, {}, stage.now)
    platforms: Any = {BOT: stage.platform}
    upkeep = Upkeep(stage.ledger, plan, platforms, stage.subscribers, (BOT,))
    stage.platform.deletes = answer
    await upkeep.once()
    assert stage.platform.deleted == [("0", 11)]
    stage.platform.deletes = Sent(11)
    for _ in range(5):
        stage.clock.passes(20)
        await upkeep.once()
    assert stage.platform.deleted == [("0", 11), ("0", 11)], "until it was answered, and then no more"
