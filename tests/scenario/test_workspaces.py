"""Several Slack workspaces with one app: added by their admins, served like our own, forgotten when they go."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from newsbot.core.model import Address
from newsbot.procs.runtime import Process
from newsbot.sandbox.record import Message
from newsbot.sandbox.serve import Running
from newsbot.store import keys
from newsbot.store.redis import Redis
from tests.cast import Cast, until
from tests.conftest import newsbot
from tests.contract.workspaces_kit import BASIC_AUTH

pytestmark = pytest.mark.filterwarnings(BASIC_AUTH)

BETA, CHANNEL, PLACE = "T0BETA", "C0BETANEWS", Address("slack", "T0BETA/C0BETANEWS")
BACK = "https://bot.example.com/slack/oauth_redirect"
KEY, OTHER = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@asynccontextmanager
async def bot(
    sandbox: Running, redis: Redis, site: Path, data: Path, key: str = KEY, **more: str
) -> AsyncIterator[Cast]:
    """A newsbot that other workspaces may add."""
    app = sandbox.world.slack
    more |= {
        "SLACK_CLIENT_ID": app.client_id,
        "SLACK_CLIENT_SECRET": app.client_secret,
        "SLACK_TOKEN_KEY": key,
        "NEWSBOT_SLACK__AUTHORIZE_URL": f"{sandbox.url}/oauth/v2/authorize",
    }
    async with newsbot(sandbox, redis, data, site, **more) as process:
        cast = Cast(sandbox, process)
        await cast.ready(sources=1)
        await cast.control("/limits", on=False)
        yield cast


@pytest.fixture
async def cast(sandbox: Running, redis: Redis, site: Path, tmp_path: Path) -> AsyncIterator[Cast]:
    async with bot(sandbox, redis, site, tmp_path / "data") as cast:
        await cast.control("/slack/workspace", team=BETA, name="Beta Desk")
        await cast.control("/slack/settings", redirect_urls=[BACK])
        yield cast


async def visits(process: Process, path: str, cookie: str = "") -> httpx.Response:
    """A browser at the bot's own address."""
    url = f"http://127.0.0.1:{process.port}{path}"  # type: ignore[attr-defined]
    async with httpx.AsyncClient(trust_env=False) as browser:
        return await browser.get(url, headers={"Cookie": cookie} if cookie else {})


async def agrees(cast: Cast, team: str = BETA, **answer: str) -> tuple[str, str]:
    """An admin starts at the bot and agrees at Slack: the path and query that bring the browser back, and its cookie."""
    started = await visits(cast.process, "/slack/install")
    assert started.status_code == 302
    async with httpx.AsyncClient(trust_env=False) as browser:
        consent = httpx.URL(started.headers["location"]).copy_merge_params({"team": team, **answer})
        went = await browser.get(consent)
    assert went.status_code == 302, went.text
    back = urlsplit(went.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return f"{back.path}?{back.query}", started.headers["set-cookie"].partition(";")[0]


async def installs(cast: Cast, team: str = BETA) -> httpx.Response:
    return await visits(cast.process, *await agrees(cast, team))


async def types(cast: Cast, user: str, text: str, channel: str = CHANNEL, team: str = BETA) -> dict[str, Any]:
    """A command in that workspace; its first answer."""
    said = await cast.control("/slack/command", user=user, channel=channel, text=text, team=team)
    answer: dict[str, Any] = said["reply"] or {}
    return answer


def shown(cast: Cast, channel: str, text: str) -> list[Message]:
    return [m for m in cast.sandbox.world.record.messages(platform="slack", chat=channel) if text in m.text]


async def joined(cast: Cast) -> None:
    """The bot is invited to the channel."""
    await cast.control("/slack/member", user="U0BETANEWSBOT", channel=CHANNEL, joined=True, team=BETA)


async def test_a_workspace_adds_the_bot_and_gets_its_alerts(cast: Cast, site: Path) -> None:
    answer = await installs(cast)
    assert answer.status_code == 302
    app = cast.sandbox.world.slack
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith("https://slack.com/app_redirect?")
    assert asked["team"] == [BETA]
    await joined(cast)
    assert "정치 알림을 켰습니다." in (await types(cast, "bea", "subscribe politics ko"))["text"]
    rae = cast.on("slack", "Rae", "C0NEWS")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await cast.publish(site, "law", "[속보] 예시 국회, 예산안 처리", categories="정치")
    for channel in ("C0NEWS", CHANNEL):
        await until(lambda channel=channel: shown(cast, channel, "예산안"))
    await cast.done((await cast.story("예산안"))["id"])
    wrote = [
        (m.chat, m.view["team"]) for m in cast.sandbox.world.record.messages(platform="slack") if "예산안" in m.text
    ]
    assert sorted(wrote) == [(CHANNEL, BETA), ("C0NEWS", app.team)]


async def test_who_is_somebody_at_home_is_nobody_elsewhere(
    sandbox: Running, redis: Redis, site: Path, tmp_path: Path
) -> None:
    """An id alone means our own workspace; with its workspace before it, it means that one. An admin is one where he is."""
    people = [{"name": "Bo", "roles": ["editor"], "slack": "U0BETABOB"}]
    people += [{"name": "Bea", "roles": ["editor"], "slack": f"{BETA}/U0BETABEA"}]
    async with bot(sandbox, redis, site, tmp_path / "data", NEWSBOT_PERSON=json.dumps(people)) as cast:
        await cast.control("/slack/workspace", team=BETA, name="Beta Desk")
        await cast.control("/slack/settings", redirect_urls=[BACK])
        await installs(cast)
        await joined(cast)
        assert "관리자" in (await types(cast, "bob", "subscribe all"))["text"]
        assert await cast.process.kit.subscribers.get(PLACE) is None
        direct = {
            name: cast.sandbox.world.of_team(BETA).slack.direct(f"U0BETA{name.upper()}").id for name in ("bea", "bob")
        }
        assert "쓸 수 없습니다" in (await types(cast, "bob", "alerts", direct["bob"]))["text"]
        assert "쓸 수 없습니다" not in (await types(cast, "bea", "alerts", direct["bea"]))["text"]


async def test_the_token_is_not_to_be_read_in_redis(cast: Cast) -> None:
    await installs(cast)
    token = cast.sandbox.world.of_team(BETA).slack.bot_token
    kept = await cast.process.kit.redis.call("HGET", keys.shelf("slack"), BETA)
    assert kept is not None
    assert token.encode() not in kept
    every = [await cast.process.kit.redis.call("DUMP", key) for key in await cast.process.kit.redis.call("KEYS", "*")]
    assert not [one for one in every if token.encode() in one]


async def test_a_workspace_that_removes_the_app_is_forgotten_and_may_come_back(cast: Cast, site: Path) -> None:
    await installs(cast)
    await joined(cast)
    await types(cast, "bea", "subscribe all ko")
    kit = cast.process.kit
    await cast.control("/slack/uninstall", team=BETA)

    async def forgotten() -> bool:
        return await kit.redis.call("HGET", keys.shelf("slack"), BETA) is None

    await until(forgotten)
    await cast.publish(site, "one", "[속보] 예시군 앞바다 지진", categories="재난")
    await cast.done((await cast.story("지진"))["id"])

    async def rests() -> bool:
        found = await kit.subscribers.get(PLACE)
        return found is not None and found.state == "quarantined"

    await until(rests)
    assert cast.process.bots["slack"].state == "on"  # our own workspace goes on
    await installs(cast)
    await joined(cast)
    await cast.publish(site, "two", "[속보] 예시군 산불", categories="재난")
    await until(lambda: shown(cast, CHANNEL, "산불"))


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ("denied", 200, "설치를 취소했습니다."),
        ("no cookie", 400, "쓸 수 없습니다."),
        ("another state", 400, "쓸 수 없습니다."),
        ("forged", 401, "쓸 수 없습니다."),
        ("twice", 401, "쓸 수 없습니다."),
        ("bad code", 401, "쓸 수 없습니다."),
        ("ours", 409, "이미 설치되어 있습니다."),
    ],
)
async def test_an_installation_that_is_none_changes_nothing(cast: Cast, wrong: str, status: int, words: str) -> None:
    more = {"answer": "deny"} if wrong == "denied" else {}
    path, cookie = await agrees(cast, cast.sandbox.world.slack.team if wrong == "ours" else BETA, **more)
    match wrong:
        case "no cookie":
            cookie = ""
        case "another state":
            _, cookie = await agrees(cast)
        case "forged":
            path, cookie = f"{urlsplit(path).path}?code=x&state=forged", "slack-app-oauth-state=forged"
        case "twice":
            await visits(cast.process, path, cookie)
            await cast.process.kit.redis.call("DEL", keys.shelf("slack"))
        case "bad code":
            state = parse_qs(urlsplit(path).query)["state"][0]
            path = f"{urlsplit(path).path}?code=nonsense&state={state}"
    answer = await visits(cast.process, path, cookie)
    assert answer.status_code == status
    assert words in answer.text
    assert "/slack/install" in answer.text
    assert not await cast.process.kit.redis.call("HKEYS", keys.shelf("slack"))


async def test_without_its_key_a_workspace_waits_and_with_a_new_one_in_front_it_goes_on(
    cast: Cast, sandbox: Running, redis: Redis, site: Path, tmp_path: Path
) -> None:
    await installs(cast)
    await joined(cast)
    await types(cast, "bea", "subscribe all ko")
    before = await redis.call("HGET", keys.shelf("slack"), BETA)
    cast.process.stop.set()
    async with bot(sandbox, redis, site, tmp_path / "second", OTHER) as second:
        await second.publish(site, "one", "[속보] 예시군 앞바다 지진", categories="재난")
        story = (await second.story("지진"))["id"]

        async def waits() -> bool:
            tally = await second.process.kit.ledger.tally("slack", story)
            return tally is not None and tally.pending == 1 and not tally.sent

        await until(waits)
        found = await second.process.kit.subscribers.get(PLACE)
        assert found is not None
        assert found.state == "active"
        second.process.stop.set()
    assert await redis.call("HGET", keys.shelf("slack"), BETA) == before
    async with bot(sandbox, redis, site, tmp_path / "third", f"{OTHER},{KEY}") as third:
        await third.publish(site, "two", "[속보] 예시군 산불", categories="재난")
        await until(lambda: shown(third, CHANNEL, "산불"))
        third.process.stop.set()
    assert await redis.call("HGET", keys.shelf("slack"), BETA) != before
    async with bot(sandbox, redis, site, tmp_path / "fourth", OTHER) as fourth:
        await fourth.publish(site, "three", "[속보] 예시군 홍수", categories="재난")
        await until(lambda: shown(fourth, CHANNEL, "홍수"))


async def test_a_channel_two_workspaces_share_is_set_by_the_one_that_made_it(cast: Cast, site: Path) -> None:
    """Both have the bot; were both to write, everybody there would read each alert twice."""
    await installs(cast)
    await cast.control("/slack/share", channel="C0NEWS", team=BETA)
    await cast.control("/slack/member", user="U0BETANEWSBOT", channel="C0NEWS", joined=True, team=BETA)
    rae = cast.on("slack", "Rae", "C0NEWS")
    await rae.says("/subscribe politics")
    await rae.sees("정치 알림을 켰습니다.")
    await types(cast, "bea", "subscribe all", "C0NEWS")
    assert await cast.process.kit.subscribers.get(Address("slack", f"{BETA}/C0NEWS")) is None
    await cast.publish(site, "law", "[속보] 예시 국회, 예산안 처리", categories="정치")
    await cast.done((await cast.story("예산안"))["id"])
    assert len(shown(cast, "C0NEWS", "예산안")) == 1
