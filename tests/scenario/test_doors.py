"""The same conversation through every door: webhook and signed HTTP as well as polling and sockets; and each word once."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsbot.core import editorial
from newsbot.core.model import Article
from newsbot.ports import StoreDown
from newsbot.sandbox.serve import Running
from newsbot.store.redis import Redis
from tests.cast import GROUP, NEWS, PLATFORMS, Cast, labels, until
from tests.conftest import newsbot

SECRET = "a-secret_of_the-sandbox"


@pytest.fixture
async def http(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    """A newsbot that hears everything over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    more = {
        "PORT": str(port),
        "TELEGRAM_WEBHOOK_URL": f"{base}/telegram/webhook",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "SLACK_APP_TOKEN": "",
        "SLACK_SIGNING_SECRET": sandbox.world.slack.signing_secret,
    }
    async with newsbot(sandbox, redis, tmp_path / "data", site, **more) as process:
        cast = Cast(sandbox, process)
        await until(lambda: sandbox.world.updates.url)
        await until(process.kit.stories.sources)
        await cast.control("/slack/request_url", url=f"{base}/slack/events")
        await cast.control("/limits", on=False)
        yield cast


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_whole_conversation_over_http(http: Cast, site: Path, platform: str) -> None:
    rae, ed = http.on(platform, "Rae"), http.on(platform, "Ed")
    await rae.says("/start")
    assert labels(await rae.sees("속보 알림입니다.")) == ["모두 받기", "속보만", "주제 고르기"]
    await rae.presses("모두 받기")
    await rae.sees("모든 주제의 알림을 켰습니다.")
    await rae.writes("해지 정치")
    await rae.sees("정치 알림을 껐습니다.")
    await http.publish(site, "old", "예시군 옛 소식", day="2026-01-02", categories="경제")
    story = await http.held("옛 소식", "old")
    await ed.says(f"/push {story}")
    await ed.sees("위 그대로 나갑니다.")
    await ed.presses("보내기")
    await ed.sees("보내기 시작했습니다.")
    await until(lambda: rae.has("옛 소식"))
    await rae.says("/unsubscribe")
    await rae.sees("알림을 모두 껐습니다.")


async def test_an_update_replayed_at_the_webhook_has_one_effect(http: Cast) -> None:
    rae = http.on("telegram", "Rae")
    world = http.sandbox.world
    said = await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await rae.says("/unsubscribe politics")
    await rae.sees("알림을 모두 껐습니다.")
    again = {"update_id": said["update_id"], "message": world.telegram.chats[1001].posts[said["message_id"]].api}
    for _ in range(3):
        world.updates.replay(again, "1001")
    await rae.says("/topics")
    await rae.offers("○ 정치")
    assert len(rae.has("정치 알림을 켰습니다.")) == 1
    stored = await rae.subscriber()
    assert stored is not None
    assert stored.state == "stopped"


async def test_a_button_pressed_once_and_delivered_twice_has_one_effect(http: Cast, site: Path) -> None:
    ed = http.on("telegram", "Ed")
    await http.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await http.held("옛 소식", "old")
    await ed.says(f"/push {story}")
    card = await ed.sees("위 그대로 나갑니다.")
    data = card.view["buttons"][1][0]["callback_data"]
    pressed = await ed.presses("닫기")
    await ed.sees("닫았습니다.")
    world = http.sandbox.world
    query = {
        "id": pressed["query"],
        "from": world.telegram.users[2001].api(),
        "message": world.telegram.chats[2001].posts[int(card.message_id)].api,
        "chat_instance": "1",
        "data": data,
    }
    world.updates.replay({"update_id": pressed["update_id"], "callback_query": query}, "2001")
    assert [m.text for m in await ed.settled()] == ["닫았습니다. 보내지 않았습니다."], (
        "the card says so, and nothing else does"
    )


async def test_slack_events_delivered_four_times_over_a_socket_have_one_effect(cast: Cast) -> None:
    await delivered_four_times(cast)


async def test_slack_events_delivered_four_times_over_http_have_one_effect(http: Cast) -> None:
    await delivered_four_times(http)


async def delivered_four_times(cast: Cast) -> None:
    """What Slack retries is said again under the same event id."""
    rae = cast.on("slack", "Rae")
    event = {
        "type": "message",
        "channel": "D0RAE",
        "user": "U0RAE",
        "text": "구독 정치",
        "ts": "1.000001",
        "event_ts": "1.000001",
        "channel_type": "im",
        "team": "T0SANDBOX",
    }
    answers = [
        await cast.control("/slack/event", event=event, event_id="Ev0TWICE"),
        *await asyncio.gather(
            # Byte for byte the same within a second is turned away at the HTTP door already; these come further.
            *(cast.control("/slack/event", event=event | {"try": n}, event_id="Ev0TWICE") for n in range(3))
        ),
    ]
    assert all(answer["acked"] for answer in answers)
    await rae.says("/topics")
    await rae.offers("● 정치")
    assert len(rae.has("정치 알림을 켰습니다.")) == 1
    left = {"type": "channel_left", "channel": NEWS, "event_ts": "1.000002"}
    place = cast.on("slack", "Rae", NEWS)
    await place.says("/subscribe all")
    await place.sees("모든 주제의 알림을 켰습니다.")
    await cast.control("/slack/event", event=left, event_id="Ev0LEFT")
    await cast.control("/slack/member", channel=NEWS, user="bot", joined=True)
    await cast.control("/slack/event", event=left, event_id="Ev0LEFT")  # a late retry of what is over
    stored = await place.subscriber()
    assert stored is not None
    assert stored.state == "active"


async def test_what_is_not_signed_or_not_secret_is_nobody(http: Cast, site: Path) -> None:
    await http.publish(site, "old", "예시군 옛 소식", day="2026-01-02")
    story = await http.held("옛 소식", "old")
    chat = http.sandbox.world.telegram.chats[2001]
    message = {
        "message_id": 999,
        "date": 1,
        "chat": chat.api(),
        "from": http.sandbox.world.telegram.users[2001].api(),
        "text": f"/push {story}",
    }
    base = http.sandbox.world.updates.url.removesuffix("/telegram/webhook")
    async with httpx.AsyncClient(trust_env=False) as client:
        for secret in (None, "", "wrong", SECRET + "x", "a-secret_of_the-sandböx"):
            headers = {"Content-Type": "application/json"}
            if secret is not None:
                headers["X-Telegram-Bot-Api-Secret-Token"] = secret
            body = json.dumps({"update_id": 1, "message": message})
            reply = await client.post(
                f"{base}/telegram/webhook",
                content=body,
                headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            )
            assert reply.status_code == 401
        form = {"command": "/news", "text": f"push {story}", "user_id": "U0ED", "channel_id": "D0ED"}
        reply = await client.post(f"{base}/slack/events", data=form)
        assert reply.status_code == 401
    ed = http.on("telegram", "Ed")
    await ed.says("/alerts")
    await ed.sees("보류 중")
    assert not ed.has("위 그대로")
    assert await http.audit() == []


async def test_without_its_memory_it_says_come_back_later(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rae, group = cast.on("telegram", "Rae"), cast.on("telegram", "Rae", GROUP)
    audit = type(cast.process.kit.audit)

    async def down(*_: object) -> bool:
        raise StoreDown("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "take_event", down)
        await rae.says("/subscribe all")
        await rae.sees("지금은 처리할 수 없습니다.")
        await group.says("/frobnicate")
        await group.says("/subscribe")
        await until(lambda: group.has("지금은 처리할 수 없습니다."))
        assert len(group.messages()) == 1
    await rae.says("/subscribe all")
    await rae.sees("모든 주제의 알림을 켰습니다.")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_fault_of_ours_does_not_leave_a_person_without_an_answer(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    rae = cast.on(platform, "Rae")

    async def broken(*_: object, **__: object) -> None:
        raise ValueError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(type(cast.process.kit.stories), "recent", broken)
        await rae.says("/latest")
        await rae.sees("지금은 처리할 수 없습니다.")
    await rae.says("/latest")
    await rae.sees("아직 나온 기사가 없습니다.")


async def test_one_article_that_cannot_be_handled_does_not_stop_the_others(
    cast: Cast, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = editorial.decide

    def decide(article: Article, *rest: Any) -> editorial.Decision:
        if "고장" in article.title:
            raise ValueError("a fault")
        return working(article, *rest)

    monkeypatch.setattr(editorial, "decide", decide)
    await cast.publish(site, "broken", "예시군 고장 소식")
    await cast.publish(site, "whole", "예시군 멀쩡한 소식")
    await cast.story("멀쩡한")
    await cast.publish(site, "later", "예시군 나중 소식")
    await cast.story("나중")
    assert len(await cast.stories()) == 2
