"""Random work on the ledger, step by step beside a plain model of it: the two must never disagree, and nobody who may have
been reached is begun again, whatever Redis lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
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

from newsbot.core.model import Gone, Intent, Later, Outcome, Receipt, Sent, Uncertain, Urgency
from newsbot.store import keys
from newsbot.store.ledger import RedisLedger
from newsbot.store.ledger.account import STATES, indexes
from tests.contract.store_kit import BOT, LIMITLESS, Copy, SetClock, account, bitmap, crowd, opened, story

PUSHES = {"FLASH": Urgency.FLASH, "NORML": Urgency.NORMAL}
WORKERS = ("v", "w")
OUTCOMES: dict[str, tuple[Outcome, float]] = {
    "sent": (Sent(7), 0.0),
    "retry": (Later(None, "connect"), 2.0),
    "doubt": (Uncertain("lost"), 0.0),
    "dead": (Gone("blocked", "stopped"), 0.0),
}
REST = ("pending", "retry")
Key = tuple[str, int]


@dataclass
class Tries:
    """What the workers know of one delivery, whatever Redis does: the last word of each try, by its token."""

    words: dict[str, str] = field(default_factory=dict)
    resent: bool = False
    """Whether it was settled by sending once more: then it may wait for that, with one try on the wire."""

    def may_begin(self, *, again: bool) -> bool:
        """Nobody may have it; or one copy may be there and was settled by sending once more."""
        maybe = [word for word in self.words.values() if word in ("sent", "doubt", "flying")]
        return not maybe or (again and len(maybe) == 1 and maybe != ["sent"])

    def fits(self, state: str) -> bool:
        """Whether a Redis that was told everything may say so of it."""
        words = set(self.words.values())
        if "sent" in words:
            return state == "sent"
        if "flying" in words:
            return state in ("sending", "doubt", "retry" if len(self.words) > 1 or self.resent else "doubt")
        return state in ("doubt", "retry", "sending") if "doubt" in words else state != "sent"


class Ledger(RuleBasedStateMachine):
    """The model: one state a delivery, and the token of its present intent."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.redis = SetClock(self.url)
        self.ledger = RedisLedger(self.redis, guarded=False)
        self.states: dict[Key, str] = {}
        self.tokens: dict[Key, str] = {}
        self.again: set[Key] = set()
        self.tries: dict[Key, Tries] = {}
        self.held: dict[str, list[tuple[str, Intent]]] = {name: [] for name in WORKERS}
        self.past: list[tuple[str, Intent]] = []
        self.journal: dict[tuple[str, str, int], Receipt] = {}
        self.closed: dict[str, str] = {}
        self.frozen: dict[str, list[int]] = {}
        self.active: set[int] = set()
        self.copy: tuple[Copy, set[int]] | None = None
        self.asked = 0

    def does(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

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
        size = self.does(opened(self.ledger, story(push, PUSHES[push]), BOT, 4, self.redis.micros / 1e6))
        if push not in self.closed:
            members = sorted(self.active)
            self.states |= {(push, index): "pending" for index in members}
            self.closed[push] = ""
            self.frozen[push] = members
        assert size == len(self.frozen[push])

    @rule(worker=st.sampled_from(WORKERS), most=st.integers(1, 9), repeated=st.booleans())
    def begin(self, worker: str, most: int, repeated: bool) -> None:
        self.asked += 1
        window = self.does(self.ledger.begin(BOT, worker, str(self.asked), most, LIMITLESS))
        if repeated and window.intents:
            assert self.does(self.ledger.begin(BOT, worker, str(self.asked), most, LIMITLESS)) == window
        self.expire_what_is_old()
        for one in window.intents:
            key = (window.push, one.index)
            assert self.states[key] in REST, "begun twice with no retry between"
            assert not self.closed[window.push], "begun after its push was closed"
            assert one.index in self.active
            assert self.frozen[window.push][one.position] == one.index
            assert one.token not in self.tokens.values() or self.tokens.get(key) != one.token
            assert one.again == (key in self.again)
            assert self.tries.setdefault(key, Tries()).may_begin(again=one.again), f"a copy: {self.tries[key]}"
            self.tries[key].words[one.token] = "flying"
            self.states[key], self.tokens[key] = "sending", one.token
            self.held[worker].append((window.push, one))
            self.journal[worker, window.push, one.index] = Receipt(window.push, one, None)
        for key, state in self.states.items():  # those a begin came by
            if state in REST and key[1] not in self.active and self.is_now(key, "skipped"):
                self.states[key] = "skipped"
            elif state == "retry" and key in self.again and self.is_now(key, "doubt"):
                self.states[key] = "doubt"

    def is_now(self, key: Key, state: str) -> bool:
        found = self.does(self.ledger.why(BOT, key[0], key[1]))
        return bool(found and found["state"] == state)

    def expire_what_is_old(self) -> None:
        for push in self.closed:
            state, ends = self.does(self.redis.call("HMGET", keys.push(BOT, push), "state", "ends"))
            if state == b"expired" and not self.closed[push]:
                assert self.redis.micros / 1e6 > float(ends)
                self.close(push, "dead")

    def close(self, push: str, into: str) -> None:
        self.closed[push] = into
        for key, state in self.states.items():
            if key[0] == push and state in REST:
                once_more = state == "retry" and key in self.again
                self.states[key] = "doubt" if once_more else f"{into}, never begun"

    def settle(self, worker: str, push: str, one: Intent, word: str, *, late: bool = False) -> None:
        key, outcome = (push, one.index), OUTCOMES[word]
        tries = self.tries[key].words
        if tries[one.token] == "flying" or word == "sent":
            tries[one.token] = word
            if word == "sent" or not late:
                self.journal[worker, push, one.index] = Receipt(push, one, *outcome)
        self.does(self.ledger.commit(BOT, push, [(one, *outcome)]))
        state = self.states.get(key)
        if state is None:
            return  # a plan that was made again without it
        if word == "sent" and (state in ("sending", "doubt", *REST) or state.endswith("never begun")):
            self.states[key] = "sent"
        elif self.tokens.get(key) == one.token and state == "sending":
            ended = (self.closed[push] or "retry") if word == "retry" else word
            self.states[key] = "doubt" if one.again and ended in ("dead", "cancelled") else ended

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data(), word=st.sampled_from(sorted(OUTCOMES)), times=st.integers(1, 2))
    def commit(self, data: st.DataObject, word: str, times: int) -> None:
        worker = data.draw(st.sampled_from([name for name in WORKERS if self.held[name]]))
        push, one = self.held[worker].pop(0)
        self.past.append((push, one))
        for _ in range(times):
            self.settle(worker, push, one, word)

    @precondition(lambda self: self.past)
    @rule(data=st.data(), word=st.sampled_from(sorted(OUTCOMES)))
    def a_receipt_comes_late_or_twice(self, data: st.DataObject, word: str) -> None:
        push, one = data.draw(st.sampled_from(self.past))
        if word == "sent" and self.tries[push, one.index].words[one.token] == "dead":
            return  # no platform says both of one request
        self.settle(one.token.partition(":")[0], push, one, word, late=True)

    @rule(push=st.sampled_from(sorted(PUSHES)))
    def cancel(self, push: str) -> None:
        self.does(self.ledger.cancel(BOT, push))
        over = all(s not in ("sending", *REST) for (p, _), s in self.states.items() if p == push)
        if push in self.closed and not self.closed[push] and not over:
            self.close(push, "cancelled")

    @rule(seconds=st.sampled_from([0.1, 1, 2.1, 3.5, 61, 1801, 87000]), beating=st.sets(st.sampled_from(WORKERS)))
    def time_passes(self, seconds: float, beating: set[str]) -> None:
        self.redis.passes(seconds)
        for worker in beating:
            self.does(self.ledger.beat(BOT, worker))

    @rule()
    def reap(self) -> None:
        before = sum(state == "sending" for state in self.states.values())
        reaped = self.does(self.ledger.reap(BOT, 60))
        for key, state in self.states.items():
            if state == "sending" and self.is_now(key, "doubt"):
                self.states[key] = "doubt"
        assert before - sum(state == "sending" for state in self.states.values()) == reaped

    @precondition(lambda self: "doubt" in self.states.values())
    @rule(data=st.data(), verdict=st.sampled_from(["resend", "resend", "hold", "found"]))
    def resolve(self, data: st.DataObject, verdict: str) -> None:
        push = data.draw(st.sampled_from(sorted({key[0] for key, state in self.states.items() if state == "doubt"})))
        doubts = self.does(self.ledger.doubtful(BOT, push))
        assert [(push, one.index) for one in doubts] == sorted(
            key for key, state in self.states.items() if state == "doubt" and key[0] == push
        )
        doubt = data.draw(st.sampled_from(doubts))
        key = (push, doubt.index)
        assert doubt.again == (key in self.again)
        done = self.does(self.ledger.settle(BOT, doubt, Sent(9) if verdict == "found" else verdict, "told"))
        ends = float(self.does(self.redis.call("HGET", keys.push(BOT, push), "ends")))
        if verdict == "resend":
            assert done == (
                key not in self.again and not self.closed[push] and ends >= self.redis.micros // 1000 / 1000
            )
            if done:
                self.states[key] = "retry"
                self.again.add(key)
                self.tries[key].resent = True
        else:
            assert done
            self.states[key] = {"found": "sent", "hold": "doubt"}[verdict]
            if verdict == "found":  # a person or the platform saw it: the journal does not know
                self.tries[key].words["found"] = "seen"

    @rule()
    def a_replica_has_everything(self) -> None:
        self.copy = self.does(self.redis.copied()), set(self.active)

    @precondition(lambda self: self.copy is not None)
    @rule(workers=st.permutations(WORKERS))
    def the_replica_takes_over(self, workers: list[str]) -> None:
        assert self.copy is not None
        copy, self.active = self.copy[0], set(self.copy[1])
        self.does(self.redis.promoted(copy))
        for push in sorted(self.closed):  # what was accepted is owed until it is planned
            self.does(opened(self.ledger, story(push, PUSHES[push]), BOT, 4, self.redis.micros / 1e6))
        for _ in range(2):
            for worker in workers:
                told = [receipt for key, receipt in self.journal.items() if key[0] == worker]
                self.does(self.ledger.replay(BOT, told))
        self.look_anew()
        for key, state in self.states.items():
            tries = self.tries.get(key, Tries())
            assert "seen" in tries.words.values() or tries.fits(state), f"{key}: {state}, {tries}"

    def look_anew(self) -> None:
        """The model of a Redis that was told everything is what that Redis says, as far as it fits what is known."""
        self.states.clear()
        self.tokens.clear()
        self.again.clear()
        for push in self.closed:
            key = keys.push(BOT, push)
            audience, state, again, intents = self.does(
                self.redis.pipeline([
                    ["GET", f"{key}:audience"], ["HGET", key, "state"], ["SMEMBERS", f"{key}:again"],
                    ["HGETALL", f"{key}:intents"],
                ])
            )  # fmt: skip
            self.closed[push] = {b"cancelled": "cancelled", b"expired": "dead"}.get(state, "")
            found = self.read(push)
            self.frozen[push] = indexes(audience or b"", list(range(len(found))))
            for index, word in zip(self.frozen[push], found, strict=True):
                rest = self.closed[push] and word in REST
                self.states[push, index] = f"{self.closed[push]}, never begun" if rest else word
            self.again |= {(push, self.frozen[push][int(position)]) for position in again}
            for name, window in intents.items():
                for one in window.decode().split(","):
                    self.tokens[push, int(one.split(":")[1])] = name.decode()

    def read(self, push: str) -> list[str]:
        raw, size = self.does(
            self.redis.pipeline([["GET", keys.push(BOT, push, "states")], ["HGET", keys.push(BOT, push), "size"]])
        )
        nibbles = [nibble for byte in raw or b"" for nibble in (byte >> 4, byte & 15)]
        return [STATES[nibble] for nibble in nibbles[: int(size)]]

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
        for push in self.closed:
            for index, found in zip(self.frozen[push], self.read(push), strict=True):
                state = self.states[push, index]
                assert (found in REST) if state.endswith("never begun") else found == state, (push, index)
            for index in self.frozen[push][:1]:
                told = self.does(self.ledger.why(BOT, push, index))
                assert told["state"] == self.states[push, index].removesuffix(", never begun")


@pytest.mark.slow
def test_random_work_on_the_ledger_agrees_with_a_plain_model(redis_url: str) -> None:
    machine = type("Ledger", (Ledger,), {"url": redis_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
