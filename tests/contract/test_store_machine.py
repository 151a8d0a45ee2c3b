"""Random work on the ledger, step by step beside a plain model of it: the two must never disagree."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from newsbot.core.model import Gone, Intent, Later, Outcome, Sent, Uncertain, Urgency
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from tests.contract.store_kit import BOT, LIMITLESS, SetClock, account, bitmap, crowd, story

PUSHES = {"FLASH": Urgency.FLASH, "NORML": Urgency.NORMAL}
WORKERS = ("v", "w")
OUTCOMES: dict[str, tuple[Outcome, float]] = {
    "sent": (Sent(7), 0.0),
    "retry": (Later(None, "connect"), 2.0),
    "doubt": (Uncertain("lost"), 0.0),
    "dead": (Gone("blocked", "stopped"), 0.0),
}


class Ledger(RuleBasedStateMachine):
    """The model: one state a delivery, and the token of its present intent."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.redis = SetClock(self.url)
        self.ledger = RedisLedger(self.redis, guarded=False)
        self.states: dict[tuple[str, int], str] = {}
        self.tokens: dict[tuple[str, int], str] = {}
        self.held: dict[str, list[tuple[str, Intent]]] = {name: [] for name in WORKERS}
        self.past: list[tuple[str, Intent]] = []
        self.closed: dict[str, str] = {}
        self.active: set[int] = set()
        self.asked = 0

    def does(self, work: Any) -> Any:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.does(self.redis.close())
        self.loop.close()

    @initialize(members=st.sets(st.integers(0, 70), max_size=24))
    def people(self, members: set[int]) -> None:
        self.does(self.redis.call("FLUSHALL"))
        self.does(crowd(self.redis, members))
        self.active = set(members)

    @rule(push=st.sampled_from(sorted(PUSHES)))
    def plan(self, push: str) -> None:
        size = self.does(self.ledger.plan(story(push, PUSHES[push]), BOT, 4, self.redis.micros / 1e6))
        if push not in self.closed:
            members = sorted(self.active)
            self.states |= {(push, index): "pending" for index in members}
            self.closed[push] = ""
            self.frozen = {**getattr(self, "frozen", {}), push: members}
        assert size == len(self.frozen[push])

    @rule(worker=st.sampled_from(WORKERS), most=st.integers(1, 9), again=st.booleans())
    def begin(self, worker: str, most: int, again: bool) -> None:
        self.asked += 1
        window = self.does(self.ledger.begin(BOT, worker, str(self.asked), most, LIMITLESS))
        if again and window.intents:
            assert self.does(self.ledger.begin(BOT, worker, str(self.asked), most, LIMITLESS)) == window
        self.expire_what_is_old()
        for one in window.intents:
            key = (window.push, one.index)
            assert self.states[key] in ("pending", "retry"), "begun twice with no retry between"
            assert not self.closed[window.push], "begun after its push was closed"
            assert one.index in self.active
            assert self.frozen[window.push][one.position] == one.index
            assert one.token not in self.tokens.values() or self.tokens.get(key) != one.token
            self.states[key], self.tokens[key] = "sending", one.token
            self.held[worker].append((window.push, one))
        for key, state in self.states.items():  # those a begin came by
            if state in ("pending", "retry") and key[1] not in self.active and self.is_now(key, "skipped"):
                self.states[key] = "skipped"
            elif state == "retry" and self.is_now(key, "dead"):
                self.states[key] = "dead"

    def is_now(self, key: tuple[str, int], state: str) -> bool:
        found = self.does(self.ledger.why(BOT, key[0], key[1]))
        return bool(found and found["state"] == state and found["reason"] in ("unsubscribed", "erased", "expired"))

    def expire_what_is_old(self) -> None:
        for push in self.closed:
            state = self.does(self.redis.call("HGET", keys.push(BOT, push), "state"))
            if state == b"expired" and not self.closed[push]:
                assert self.redis.micros / 1e6 > float(
                    self.does(self.redis.call("HGET", keys.push(BOT, push), "expires"))
                )
                self.close(push, "dead")

    def close(self, push: str, into: str) -> None:
        self.closed[push] = into
        for key, state in self.states.items():
            if key[0] == push and state in ("pending", "retry"):
                self.states[key] = f"{into}, never begun"

    def settle(self, push: str, one: Intent, word: str) -> None:
        key, outcome = (push, one.index), OUTCOMES[word]
        self.does(self.ledger.commit(BOT, push, [(one, *outcome)]))
        state, mine = self.states[key], self.tokens.get(key) == one.token
        if word == "sent" and (state in ("pending", "sending", "retry", "doubt") or state.endswith("never begun")):
            self.states[key] = "sent"
        elif mine and state == "sending":
            self.states[key] = (self.closed[push] or "retry") if word == "retry" else word

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data(), word=st.sampled_from(sorted(OUTCOMES)), times=st.integers(1, 2))
    def commit(self, data: st.DataObject, word: str, times: int) -> None:
        worker = data.draw(st.sampled_from([name for name in WORKERS if self.held[name]]))
        push, one = self.held[worker].pop(0)
        self.past.append((push, one))
        for _ in range(times):
            self.settle(push, one, word)

    @precondition(lambda self: self.past)
    @rule(data=st.data(), word=st.sampled_from(sorted(OUTCOMES)))
    def a_receipt_comes_late_or_twice(self, data: st.DataObject, word: str) -> None:
        self.settle(*data.draw(st.sampled_from(self.past)), word)

    @rule(push=st.sampled_from(sorted(PUSHES)))
    def cancel(self, push: str) -> None:
        self.does(self.ledger.cancel(BOT, push))
        over = all(s not in ("pending", "retry", "sending") for (p, _), s in self.states.items() if p == push)
        if push in self.closed and not self.closed[push] and not over:
            self.close(push, "cancelled")

    @rule(seconds=st.sampled_from([0.1, 1, 2.1, 3.5, 61, 1801]), beating=st.sets(st.sampled_from(WORKERS)))
    def time_passes(self, seconds: float, beating: set[str]) -> None:
        self.redis.passes(seconds)
        for worker in beating:
            self.does(self.ledger.beat(BOT, worker))

    @rule()
    def reap(self) -> None:
        before = sum(state == "sending" for state in self.states.values())
        reaped = self.does(self.ledger.reap(BOT, 60))
        for key, state in self.states.items():
            if state == "sending" and self.does(self.ledger.why(BOT, *key))["state"] == "doubt":
                self.states[key] = "doubt"
        assert before - sum(state == "sending" for state in self.states.values()) == reaped

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def somebody_leaves(self, data: st.DataObject) -> None:
        self.active.discard(data.draw(st.sampled_from(sorted(self.active))))
        self.does(self.redis.call("SET", keys.bitmap(BOT, "active"), bitmap(self.active)))

    @invariant()
    def everything_is_accounted_for(self) -> None:
        for push in self.closed:
            self.does(account(self.ledger, push))

    @invariant()
    def every_delivery_is_as_the_model_says(self) -> None:
        for (push, index), state in self.states.items():
            found = self.does(self.ledger.why(BOT, push, index))
            assert found["state"] == state.removesuffix(", never begun"), (push, index)


def test_random_work_on_the_ledger_agrees_with_a_plain_model(redis_url: str) -> None:
    machine = type("Ledger", (Ledger,), {"url": redis_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
