"""Telegram's stand-in misbehaving by script, and what the sandbox records and shows of it all."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from newsbot.sandbox.app import PAGE
from newsbot.sandbox.serve import first_line
from tests.contract.telegram_kit import CHANNEL, FORUM, GROUP, RAE, Api

FAULTS = [
    ({"kind": "429", "args": {"retry_after": 7}}, 429, "Too Many Requests: retry after 7", 0),
    ({"kind": "5xx"}, 500, "Internal Server Error: restart", 0),
    ({"kind": "5xx", "args": {"status": 502, "processed": True}}, 502, "Bad Gateway", 1),
    ({"kind": "blocked"}, 403, "Forbidden: bot was blocked by the user", 0),
    ({"kind": "kicked"}, 403, "Forbidden: bot was kicked from the group chat", 0),
    ({"kind": "chat_not_found"}, 400, "Bad Request: chat not found", 0),
    ({"kind": "revoked"}, 401, "Unauthorized", 0),
    ({"kind": "no_rights"}, 400, "Bad Request: not enough rights to send text messages to the chat", 0),
]


@pytest.mark.parametrize(("fault", "status", "words", "visible"), FAULTS)
async def test_scripted_refusals(api: Api, fault: dict[str, Any], status: int, words: str, visible: int) -> None:
    answer = await api.client.post(f"{api.running.url}/sandbox/faults", json=[{"platform": "telegram", **fault}])
    assert answer.status_code == 200
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert (answer.status_code, answer.json()["description"]) == (status, words)
    assert len(api.world.record.messages("telegram", RAE)) == 1 + visible
    assert api.world.record.refused[("telegram", "sendMessage", words)] == 1
    await api.ok("sendMessage", chat_id=RAE, text="y")  # a fault strikes once unless told otherwise


LOST = [
    ("reset", {"processed": True}, httpx.ReadError, 1),
    ("reset", {}, httpx.ReadError, 0),
    ("reset", {"how": "fin"}, httpx.RemoteProtocolError, 0),
    ("hang", {"processed": True, "seconds": 0.2}, httpx.TransportError, 1),
]


@pytest.mark.parametrize(("kind", "args", "error", "visible"), LOST)
async def test_lost_answers(api: Api, kind: str, args: dict[str, Any], error: type[Exception], visible: int) -> None:
    api.world.faults.add(kind, platform="telegram", method="sendMessage", args=args)
    with pytest.raises(error):
        await api.call("sendMessage", chat_id=RAE, text="x")
    assert len(api.world.record.messages("telegram", RAE)) == 1 + visible
    assert api.world.record.requests[-1].status == 0


async def test_a_client_that_gives_up_on_a_hang(api: Api) -> None:
    api.world.faults.add("hang", args={"processed": True, "seconds": 60})
    with pytest.raises(httpx.ReadTimeout):
        await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"}, timeout=0.2)
    assert len(api.world.record.messages("telegram", RAE)) == 2


async def test_other_odd_answers_and_the_script_itself(api: Api) -> None:
    api.world.faults.add("other_chat", args={"to": 5})
    assert (await api.ok("sendMessage", chat_id=RAE, text="x"))["chat"]["id"] == 5
    api.world.faults.add("garbage", chat=str(RAE))
    answer = await api.client.post(f"{api.base}/sendMessage", json={"chat_id": RAE, "text": "x"})
    assert (answer.status_code, answer.text[:6]) == (200, "<html>")
    api.clock.advance(10)
    api.world.faults.add("5xx", times=2, after=1, every=2)
    statuses = [(await api.call("getMe"))["ok"] for _ in range(7)]
    assert statuses == [True, True, False, True, False, True, True]
    with pytest.raises(ValueError, match="unknown"):
        api.world.faults.add("gremlin")
    answer = await api.client.post(f"{api.running.url}/sandbox/faults", json=[{"kind": "gremlin"}])
    assert answer.status_code == 400


async def test_first_line_has_everything_a_bot_needs(api: Api) -> None:
    line = first_line(api.running)
    number, secret = line["telegram_token"].split(":")
    assert number.isdigit()
    assert len(secret) == 35
    assert line["slack_bot_token"].startswith("xoxb-")
    assert line["slack_app_token"].startswith("xapp-")
    assert line["slack_api_base"] == line["telegram_api_base"] + "/api/"
    assert (await api.client.get(line["record"])).json()[0]["text"] == "/start"


async def test_the_record_counts_requests(api: Api) -> None:
    before = api.world.record.count("telegram", "sendMessage")
    await api.ok("sendMessage", chat_id=RAE, text="x")
    await api.error("sendMessage", chat_id=RAE)
    seen = (await api.client.get(f"{api.running.url}/sandbox/requests")).json()
    assert api.world.record.count("telegram", "sendMessage") == before + 2
    assert seen["refused"][-1]["error"] == "Bad Request: message text is empty"
    assert sum(api.world.record.arrivals("telegram", "sendMessage").values()) == before + 2


async def test_changes_arrive_as_server_sent_events(api: Api) -> None:
    async with api.client.stream("GET", f"{api.running.url}/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith(":")
        await api.ok("sendMessage", chat_id=RAE, text="x")
        async for line in lines:
            if line.startswith("data: "):
                change = json.loads(line.removeprefix("data: "))
                break
    assert (change["kind"], change["message"]["text"]) == ("message", "x")


async def test_one_line_of_the_script_is_switched_and_taken_out(api: Api) -> None:
    url = f"{api.running.url}/sandbox/faults"
    lines = [{"kind": "blocked", "times": -1}, {"kind": "kicked", "chat": str(GROUP), "times": 2}]
    assert (await api.client.post(url, json=lines)).json() == {"added": 2, "numbers": [1, 2]}
    assert (await api.error("sendMessage", chat_id=RAE, text="x"))[0] == 403
    await api.client.post(f"{url}/1", json={"on": False})
    await api.ok("sendMessage", chat_id=RAE, text="x")
    seen = (await api.client.get(url)).json()
    assert [(one["number"], one["on"], one["struck"]) for one in seen] == [(1, False, 1), (2, True, 0)]
    await api.client.post(f"{url}/1", json={"on": True})
    assert (await api.error("sendMessage", chat_id=RAE, text="x"))[0] == 403
    assert (await api.client.delete(f"{url}/1")).status_code == 200
    assert [one["number"] for one in (await api.client.get(url)).json()] == [2]
    for wrong in (api.client.delete(f"{url}/1"), api.client.post(f"{url}/2", json=[])):
        assert (await wrong).status_code == 400


async def test_faults_that_depend_on_the_chat(api: Api) -> None:
    api.world.faults.add("no_rights", chat=str(CHANNEL))
    wanted = (400, "Bad Request: need administrator rights in the channel chat")
    assert await api.error("sendMessage", chat_id=CHANNEL, text="x") == wanted
    api.world.faults.add("migrated", chat=str(GROUP))
    body = await api.call("sendMessage", chat_id=GROUP, text="x")
    assert body["parameters"] == {"migrate_to_chat_id": -1_000_000_000_200}


async def test_a_call_is_kept_with_what_was_sent_but_no_secret(api: Api) -> None:
    secret = "a-secret-nobody-needs"
    await api.ok("setWebhook", url="http://127.0.0.1:1/x", secret_token=secret)
    api.world.faults.add("429", args={"retry_after": 7})
    await api.error("sendMessage", chat_id=RAE, text="x", disable_notification=True)
    url = f"{api.running.url}/sandbox/requests"
    first, last = (await api.client.get(url)).json()["requests"][-2:]
    assert (last["method"], last["status"], last["fault"]) == ("sendMessage", 429, "429")
    assert last["number"] == first["number"] + 1
    assert 0 < last["ms"] < 5000
    whole = (await api.client.get(f"{url}/{last['number']}")).json()
    assert whole["payload"] == {"chat_id": RAE, "text": "x", "disable_notification": True}
    assert json.loads(whole["answer"])["parameters"] == {"retry_after": 7}
    hidden = (await api.client.get(f"{url}/{first['number']}")).text
    assert secret not in hidden
    assert '"secret_token":"•••"' in hidden
    assert (await api.client.get(f"{url}/999")).status_code == 404


async def test_calls_faults_and_states_are_announced(api: Api) -> None:
    kinds: list[str] = []
    async with api.client.stream("GET", f"{api.running.url}/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith(":")
        await api.control("faults", kind="429")
        await api.error("sendMessage", chat_id=RAE, text="x")
        await api.control("telegram/member", user="Rae", chat=GROUP, status="left")
        await api.client.post(f"{api.running.url}/sandbox/slack/settings", json={"revoked": True})
        async for line in lines:
            if line.startswith("data: "):
                kinds.append(json.loads(line.removeprefix("data: "))["kind"])
            if len(kinds) == 4:
                break
    assert kinds == ["faults", "call", "world", "world"]


async def test_only_the_newest_messages_when_asked(api: Api) -> None:
    for text in ("a", "b"):
        await api.ok("sendMessage", chat_id=RAE, text=text)
    url = f"{api.running.url}/sandbox/messages"
    assert [one["text"] for one in (await api.client.get(f"{url}?newest=2")).json()] == ["a", "b"]
    assert len((await api.client.get(f"{url}?platform=telegram&chat={RAE}")).json()) == 3


async def test_the_page_and_the_world_are_served(api: Api) -> None:
    page = await api.client.get(api.running.url)
    rules = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"} <= set(rules)
    assert not any("unsafe" in rule or "http" in rule for rule in rules)
    named = re.findall(r'(?:src|href)="/([a-z.-]+)"', page.text)
    queue, served = [*named], set()
    while queue:
        name = queue.pop()
        file = await api.client.get(f"{api.running.url}/{name}")
        assert file.status_code == 200, name
        assert not re.search(
            r"innerHTML|insertAdjacentHTML|document\.write|https?://(?!www\.w3\.org/2000/svg)[a-z]", file.text
        ), name
        served.add(name)
        queue += [one for one in re.findall(r'from "\./([a-z-]+\.js)"', file.text) if one not in served]
    assert served == {file.name for file in PAGE.iterdir()} - {"index.html"}, "no file of the page is left over"
    assert (await api.client.get(f"{api.running.url}/../serve.py")).status_code == 404
    world = (await api.client.get(f"{api.running.url}/sandbox/world")).json()
    assert {chat["id"] for chat in world["telegram"]["chats"]} >= {RAE, GROUP, FORUM, CHANNEL}
    assert world["telegram"]["listening"], "the bot has polled"
    assert world["slack"]["rooms"]["G0PRIVATE"]["private"]
    assert world["limits"]["telegram"]["overall"] == 30
