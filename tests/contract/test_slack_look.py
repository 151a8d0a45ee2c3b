"""Slack read back against the sandbox: is our message there, may we write there; and a line of our own."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from newsbot.core.model import Address, Gone, Later, Pace, Refused, Rendered, Sent
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.inbound import Me
from newsbot.platforms.slack.look import Answer, Search, Searches, may_write
from newsbot.platforms.slack.settings import Settings
from newsbot.sandbox.clock import ManualClock
from newsbot.sandbox.serve import Running, serve
from tests.contract.slack_kit import failed

TO = Address("slack", "C0NEWS")


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


def build(sandbox: Running) -> SlackPlatform:
    token = sandbox.world.slack.bot_token
    return SlackPlatform(Settings(bot_token=SecretStr(token), api_base=f"{sandbox.url}/api"), token)


@pytest.fixture
async def slack(sandbox: Running) -> AsyncIterator[SlackPlatform]:
    platform = build(sandbox)
    await platform.start()
    yield platform
    await platform.close()


def alert(story: str) -> Rendered:
    """One that can be found again."""
    metadata = {"event_type": "newsbot_alert", "event_payload": {"story": story}}
    return Rendered("chat.postMessage", {"text": "[속보] 제목", "metadata": metadata})


def test_the_pace_is_what_the_settings_say() -> None:
    assert Settings().pace == Pace(5, 1, 1, "")
    assert Settings(rate=50, per_channel=4).pace == Pace(50, 0.25, 0.25, "")


async def test_a_line_of_our_own(sandbox: Running, slack: SlackPlatform) -> None:
    assert isinstance(await slack.say(TO, "<!channel> *3* < 4 & https://example.com/a, /resume"), Sent)
    (message,) = sandbox.world.record.messages("slack", "C0NEWS")
    assert message.text == "<!channel> *3* < 4 & https://example.com/a, /news resume"
    assert not any(message.view["mentions"].values())
    assert not message.payload.get("blocks")
    assert isinstance(await slack.say(TO, " "), Refused)
    assert isinstance(await slack.say(Address("slack", "T0OTHER/C0NEWS"), "x"), Gone)
    sandbox.world.slack.channels["C0NEWS"].is_archived = True
    assert await slack.say(TO, "x") == Gone("is_archived", "quarantined")


class TestReadingBack:
    """`find`: one request a look, right about what is there and silent about what it cannot know."""

    async def test_our_own_alert_of_that_story_in_that_time(self, sandbox: Running, slack: SlackPlatform) -> None:
        began = time.time()
        assert slack.reads_back
        assert await slack.find(TO, "S1", began) is None
        sent = await slack.send(TO, alert("S1"))
        await slack.send(TO, alert("S2"))
        assert await slack.find(TO, "S1", began) == sent
        assert await slack.find(Address("slack", "T0SANDBOX/C0NEWS"), "S1", began + 4) == sent, "clocks differ a little"
        assert await slack.find(TO, "S1", began + 60) is None
        assert await slack.find(TO, "S1", began - 700) is None
        assert await slack.find(TO, "s1", began) is None
        assert await slack.find(Address("slack", "C0DESK"), "S1", began) is None
        assert sandbox.world.record.count("slack", "conversations.history") == 7
        assert isinstance(sent, Sent)
        await slack.delete(TO, sent.ref)
        assert await slack.find(TO, "S1", began) is None

    async def test_somebody_elses_message_is_not_ours(self, sandbox: Running, slack: SlackPlatform) -> None:
        sent = await slack.send(TO, alert("S1"))
        assert isinstance(sent, Sent)
        (message,) = sandbox.world.record.messages("slack", "C0NEWS")
        message.sender = "Another app"
        assert await slack.find(TO, "S1", time.time()) is None

    async def test_an_answer_is_looked_for_in_its_thread(self, sandbox: Running, slack: SlackPlatform) -> None:
        first = await slack.send(TO, alert("S1"))
        assert isinstance(first, Sent)
        assert await slack.find(TO, "S2", time.time(), first.ref) is None
        reply = await slack.send(TO, alert("S2"), first.ref)
        assert await slack.find(TO, "S2", time.time(), first.ref) == reply
        assert await slack.find(TO, "S2", time.time()) is None, "an answer stands in its thread alone"
        await slack.delete(TO, first.ref)
        told = await slack.find(TO, "S2", time.time(), first.ref)
        assert told == Later(None, "thread_not_found")

    async def test_a_search_goes_on_where_it_ended_at_one_request_a_minute(self) -> None:
        clock = ManualClock(time.time())
        running = await serve(clock=clock)
        platform = build(running)
        await platform.start()
        running.world.slack.commercial = True
        began = clock.now()
        sent = await platform.send(TO, alert("S1"))
        for number in range(40):
            clock.advance(1.5)
            assert isinstance(await platform.send(TO, alert(f"X{number}")), Sent)
        looks = []
        for _ in range(20):
            looks.append(await platform.find(TO, "S1", began))
            if not isinstance(looks[-1], Later):
                break
            clock.advance(looks[-1].after or 0)
        await platform.close()
        await running.stop()
        assert looks[-1] == sent
        assert [look.why for look in looks if isinstance(look, Later)] == ["more to read", "429"] * 2
        assert looks[1] == Later(pytest.approx(59, abs=1), "429")
        assert running.world.record.count("slack", "conversations.history") == 5

    @pytest.mark.parametrize(
        ("fault", "after"),
        [
            ({"kind": "5xx"}, True),
            ({"kind": "5xx", "args": {"status": 200}}, True),
            ({"kind": "garbage"}, True),
            ({"kind": "truncated"}, True),
            ({"kind": "reset"}, True),
            ({"kind": "429", "args": {"retry_after": 7}}, True),
            ({"kind": "no_rights"}, False),
            ({"kind": "not_in_channel"}, False),
            ({"kind": "chat_not_found"}, False),
            ({"kind": "revoked"}, False),
        ],
        ids=str,
    )
    async def test_what_cannot_be_read_is_never_missing(
        self, sandbox: Running, slack: SlackPlatform, fault: dict[str, Any], after: bool
    ) -> None:
        sandbox.world.faults.add(method="conversations.history", **fault)
        told = await slack.find(TO, "S1", time.time())
        assert isinstance(told, Later)
        assert (told.after is not None) is after
        if fault["kind"] == "429":
            assert told == Later(7.0, "429")
        assert sandbox.world.record.count("slack", "conversations.history") == 1

    async def test_without_the_scope_it_says_so(self, sandbox: Running, slack: SlackPlatform) -> None:
        sandbox.world.slack.scopes.discard("channels:history")
        assert await slack.find(TO, "S1", time.time()) == Later(None, "missing_scope")
        assert await slack.find(Address("slack", "T0OTHER/C0NEWS"), "S1", 0) == Later(None, "another workspace")
        sandbox.world.slack.channels["C0DESK"].members.discard("U0NEWSBOT")
        sandbox.world.slack.scopes.add("channels:history")
        assert await slack.find(Address("slack", "C0DESK"), "S1", time.time()) == Later(None, "not_in_channel")


async def test_a_probe_tells_whether_we_may_write_and_writes_nothing(sandbox: Running, slack: SlackPlatform) -> None:
    state = sandbox.world.slack

    async def may(chat: str) -> bool | None:
        return await slack.probe(Address("slack", chat))

    assert [await may(chat) for chat in ("C0NEWS", "T0SANDBOX/C0NEWS", "D0RAE", "G0PRIVATE")] == [True] * 4
    assert [await may(chat) for chat in ("C0RANDOM", "C0NOWHERE", "T0OTHER/C0NEWS")] == [False] * 3
    state.scopes.add("chat:write.public")
    assert await may("C0RANDOM") is True
    state.channels["G0PRIVATE"].members.discard("U0NEWSBOT")
    state.channels["C0NEWS"].is_archived = True
    assert [await may("G0PRIVATE"), await may("C0NEWS")] == [False, False]
    state.scopes.discard("channels:read")
    assert await may("C0DESK") is None
    for fault in ({"kind": "5xx"}, {"kind": "429"}, {"kind": "garbage"}, {"kind": "reset"}, {"kind": "revoked"}):
        sandbox.world.faults.add(**fault)
        assert await may("D0RAE") is None, fault
    assert sandbox.world.record.copies("slack") == {}


TS = "1700000000.000100"
ME = Me("T0", "U0BOT", "B0BOT")
SEARCH = Search("C0NEWS", "S1", 1_700_000_000.0, 0)


def own(story: str, ts: str = TS, **more: Any) -> dict[str, Any]:
    metadata = {"event_type": "newsbot_alert", "event_payload": {"story": story}}
    return {"ts": ts, "bot_id": "B0BOT", "metadata": metadata} | more


def page(*messages: Any, cursor: str = "", **more: Any) -> tuple[int, dict[str, str], bytes]:
    told = {"ok": True, "messages": messages, "response_metadata": {"next_cursor": cursor}, **more}
    return 200, {}, json.dumps(told).encode()


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (page(), None),
        (page(own("S2"), {"ts": TS, "user": "U1"}, "?"), None),
        (page(own("S1")), Sent(1_700_000_000_000_100)),
        (page(own("S2", "1700000001.000001"), own("S1")), Sent(1_700_000_000_000_100)),
        (page(own("S1", bot_id="B0OTHER")), None),
        (page(own("S1", metadata={"event_type": "another", "event_payload": {"story": "S1"}})), None),
        (page(own("S1", metadata={"event_type": "newsbot_alert", "event_payload": "S1"})), None),
        (page(own("S1", ts=1700000000.0001)), None),
        # what may hide it
        (page({"ts": TS, "bot_id": "B0BOT"}), Later(None, "the metadata of our messages is not shown")),
        (page({"ts": TS, "bot_id": "B0BOT"}, own("S2")), None),
        (page(own("S2"), cursor="c"), Later(1.2, "more to read")),
        (page(own("S2"), has_more=True), Later(15.0, "no next page")),
        ((200, {}, b'{"ok":true}'), Later(15.0, "unreadable answer")),
        ((200, {}, b"<html>"), Later(15.0, "unreadable answer")),
        ((503, {}, failed("service_unavailable")), Later(15.0, "status 503")),
        ((302, {}, b""), Later(15.0, "status 302")),
        ((200, {}, failed("internal_error")), Later(15.0, "internal_error")),
        ((200, {}, failed("invalid_cursor")), Later(15.0, "invalid_cursor")),
        ((429, {"Retry-After": "60"}, failed("ratelimited")), Later(60.0, "429")),
        ((200, {}, failed("missing_scope")), Later(None, "missing_scope")),
        ((200, {}, failed("something_new_in_2027")), Later(None, "something_new_in_2027")),
        (TimeoutError(), Later(15.0, "TimeoutError")),
    ],
)
def test_every_answer_to_a_look_into_slacks_history(answer: Answer, wanted: Sent | Later | None) -> None:
    assert Searches().result(SEARCH, answer, ME) == wanted


def test_a_look_without_knowing_who_we_are_tells_nothing() -> None:
    assert Searches().result(SEARCH, page(own("S1")), Me()) == Later(15.0, "not started")
    assert Searches().result(SEARCH, page(own("S1", bot_id="", user="U0BOT")), Me("T0", "U0BOT")) == Sent(
        1_700_000_000_000_100
    )


def test_a_search_ends_and_is_not_remembered_for_ever() -> None:
    searches = Searches()
    answers = [searches.result(SEARCH, page(own("S2"), cursor=f"c{n}"), ME) for n in range(20)]
    assert answers == [Later(1.2, "more to read")] * 19 + [Later(None, "more than 300 messages to read")]
    assert "cursor" not in searches.fields(SEARCH), "the next look begins anew"
    for number in range(1100):
        searches.result(Search("C0NEWS", f"S{number}", 0.0, 0), page(cursor="c"), ME)
    assert len(searches._open) == 1000


@pytest.mark.parametrize(
    ("room", "wanted"),
    [
        ({"is_member": True}, True),
        ({"is_im": True, "is_user_deleted": False}, True),
        ({"is_im": True, "is_user_deleted": True}, False),
        ({"is_member": True, "is_archived": True}, False),
        ({"is_member": True, "is_read_only": True}, False),
        ({"is_member": False, "is_private": False}, False),
    ],
)
def test_what_slack_says_about_writing_in_a_channel(room: dict[str, Any], wanted: bool) -> None:
    body = json.dumps({"ok": True, "channel": room}).encode()
    assert may_write((200, {"X-OAuth-Scopes": "chat:write,channels:read"}, body)) is wanted
    public = (200, {"X-OAuth-Scopes": "chat:write, chat:write.public"}, body)
    assert may_write(public) is (wanted or room.get("is_private") is False)
