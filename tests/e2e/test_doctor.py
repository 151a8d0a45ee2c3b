"""`newsbot doctor` in a healthy house and in broken ones: every finding named, with its fix and the right exit code."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsbot import bootstrap
from newsbot.cli.doctor import bots
from newsbot.settings import ConfigError
from tests.cast import until
from tests.e2e.house import START, Done, House, Server
from tests.e2e.setup_kit import FEED, PAGE, Between, standing_between
from tests.e2e.test_start import WRONG

LOOPBACK = '["127.0.0.0/8"]'


@pytest.fixture
async def between(house: House) -> AsyncIterator[Between]:
    """Every right the manifest asks for is there."""
    async with standing_between(house.sandbox.url, {bots.SCOPES: ",".join(bots.needed())}) as found:
        yield found


@pytest.fixture
async def well(house: House, between: Between) -> House:
    """A house in which nothing is wrong."""
    house.more |= {
        "TELEGRAM_API_BASE": between.url,
        "SLACK_API_BASE": f"{between.url}/api/",
        "NEWSBOT_SITE__PRIVACY_URL": "https://example.com/privacy",
        "NEWSBOT_FETCH__ALLOW": LOOPBACK,
        "NEWSBOT_SOURCE": json.dumps([{"name": "main", "path": "site"}]),
        "LANG": "en_US.UTF-8",
    }
    (house.site / "_config.yml").write_text(f"url: {between.url}\nbaseurl: {PAGE}\ntimezone: Asia/Seoul\n")
    house.publish("first", "예시군 첫 소식")
    assert (await house.does("subscribers", "add", "telegram:1001")).code == 0
    return house


async def doctor(house: House, **more: str | None) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code, and the findings by check. No secret is in them, and nothing stands beside them."""
    done = await house.does("doctor", "--json", **more)
    safe(house, done)
    found: dict[str, list[dict[str, str]]] = {}
    for row in done.rows:
        assert list(row) == ["check", "level", "what", "fix"]
        assert bool(row["fix"]) is (row["level"] != "ok"), row
        found.setdefault(row["check"], []).append(row)
    return done.code, found


def safe(house: House, done: Done) -> None:
    """No traceback, no log, no secret."""
    assert done.err == "", done.err
    for secret in (*house.secrets, WRONG, "hunter2"):
        assert secret not in done.out


def wrong(found: dict[str, list[dict[str, str]]], level: str = "") -> dict[str, list[str]]:
    """Check → what is wrong, of this level or of any but ok."""
    rows = {
        name: [one["what"] for one in all_ if one["level"] in ((level,) if level else ("warning", "error", "config"))]
        for name, all_ in found.items()
    }
    return {name: all_ for name, all_ in rows.items() if all_}


def has(found: dict[str, list[dict[str, str]]], check: str, level: str, what: str, fix: str) -> None:
    """A finding of that check and level with these words in it and in its fix."""
    rows = found.get(check, [])
    assert any(one["level"] == level and what in one["what"] and fix in one["fix"] for one in rows), (what, fix, rows)


@pytest.mark.slow
async def test_where_all_is_well_every_line_is_short_and_the_exit_code_is_0(well: House) -> None:
    code, found = await doctor(well)
    assert (code, wrong(found)) == (0, {})
    checks = {"config", "tokens", "folder", "port", "redis", "install", "people", "privacy", "topics", "words"}
    assert found.keys() == checks | {"source", "page", "readers", "telegram", "webhook", "polling", "slack", "door"}
    assert "1 articles" in found["source"][0]["what"]
    spoken = await well.does("doctor", LANG="ko_KR.UTF-8")
    safe(well, spoken)
    assert spoken.code == 0
    assert spoken.out.splitlines()[-1] == "주의 0건, 오류 0건"
    assert all(line.startswith("✓ ") for line in spoken.out.splitlines()[:-1])


@pytest.mark.slow
async def test_what_only_endangers_is_a_warning_each_with_its_fix(
    well: House, between: Between, server: Server
) -> None:
    await server.start()
    async with connection(server.url) as call:
        await call("CONFIG", "SET", "appendonly", "no")
        await call("CONFIG", "SET", "maxmemory", "100mb")
        await call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    token = well.folder / "bot.token"
    token.write_text(well.secrets[0])
    token.chmod(0o644)
    between.headers["date"] = formatdate(time.time() + 60, usegmt=True)
    between.replace[b'"can_read_all_group_messages": false'] = b'"can_read_all_group_messages": true'
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(
            f"{well.sandbox.url}/bot{well.secrets[0]}/setWebhook", json={"url": "https://other.example/x"}
        )
    code, found = await doctor(
        well,
        NEWSBOT_SITE__PRIVACY_URL=None,
        NEWSBOT_SITE__ZONE="Europe/Paris",
        NEWSBOT_PERSON=json.dumps([{"name": "Ed", "roles": ["editor"], "telegram": 2001}]),
        TELEGRAM_BOT_TOKEN=None,
        TELEGRAM_BOT_TOKEN_FILE="bot.token",
        SLACK_APP_TOKEN=None,
        REDIS_URL=server.url,
        NEWSBOT_DATA__FOLDER="fresh",
    )
    assert (code, wrong(found, "error"), wrong(found, "config")) == (0, {}, {})
    has(found, "tokens", "warning", "bot.token (0644)", "chmod 600 bot.token")
    has(found, "privacy", "warning", "what is stored", "[site] privacy_url")
    has(found, "people", "warning", "3 a.m.", '"on-call"')
    has(found, "source", "warning", "Asia/Seoul", "[site] zone")
    has(found, "webhook", "warning", "other.example", "@BotFather")
    has(found, "telegram", "warning", "every word in groups", "/setprivacy")
    has(found, "telegram", "warning", "s off Telegram's", "timedatectl")
    has(found, "slack", "warning", "s off Slack's", "timedatectl")
    has(found, "door", "warning", "only sends", "SLACK_APP_TOKEN")
    has(found, "redis", "warning", "append-only file is off", "appendonly yes")
    has(found, "redis", "warning", "allkeys-lru", "noeviction")
    has(found, "readers", "warning", "nobody", "/subscribe all")
    strict = await doctor(well, REDIS_URL=server.url, NEWSBOT_DATA__FOLDER="fresh", NEWSBOT_REDIS__STRICT="true")
    assert (strict[0], list(wrong(strict[1], "error"))) == (1, ["redis"])


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[Callable[..., Any]]:
    """Calls to a Redis."""
    from newsbot.store.redis import Redis

    redis = Redis(url)
    try:
        yield redis.call
    finally:
        await redis.close()


@pytest.mark.slow
async def test_what_will_not_work_is_an_error_and_hides_nothing_else(
    well: House, between: Between, free_port: Callable[[], int]
) -> None:
    (well.data / "install").write_text("0123456789ab\n")
    bare = well.folder / "bare" / "_posts"
    bare.mkdir(parents=True)
    (bare / "2026-01-05-old.md").write_text("---\ntitle: 예시군 옛 소식\n---\n본문이다.\n")
    between.page, between.feed = 404, "<html></html>"
    between.headers[bots.SCOPES] = "chat:write,commands"
    sources = [
        {"name": "main", "path": "site"},
        {"name": "bare", "path": "bare"},
        {"name": "feed", "kind": "feed", "url": f"{between.url}{FEED}"},
        {"name": "gone", "kind": "feed", "url": f"http://127.0.0.1:{free_port()}/feed"},
    ]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, found = await doctor(
            well,
            NEWSBOT_SOURCE=json.dumps(sources),
            TELEGRAM_BOT_TOKEN=WRONG,
            SLACK_APP_TOKEN="xapp-wrong-hunter2",
            PORT=str(taken.getsockname()[1]),
        )
    assert (code, wrong(found, "config")) == (1, {})
    has(found, "install", "error", "0123456789ab", "data/install")
    has(found, "telegram", "error", "Unauthorized", "@BotFather")
    has(
        found,
        "slack",
        "error",
        "channels:read, groups:read, im:history, im:write, users:read",
        "config/slack-manifest.yaml",
    )
    has(found, "door", "error", "invalid_auth", "connections:write")
    has(found, "page", "error", "answers 404", "permalink")
    has(found, "source", "error", "bare: no site address", "[site] url")
    has(found, "source", "error", "feed: no feed came", "[[source]] url")
    has(found, "source", "error", "gone: no feed came", "browser")
    has(found, "port", "error", "in use", "[web] port")
    assert {"main", "bare"} <= {one["what"].partition(":")[0] for one in found["source"] if one["level"] == "ok"}
    assert not wrong(found).keys() & {"config", "folder", "redis", "people", "topics", "words"}


@pytest.mark.slow
async def test_without_redis_and_platforms_the_rest_is_still_looked_at(
    well: House, free_port: Callable[[], int]
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    code, found = await doctor(
        well,
        REDIS_URL=f"redis://:hunter2@127.0.0.1:{free_port()}/0",
        TELEGRAM_API_BASE=nobody,
        SLACK_API_BASE=nobody,
    )
    assert code == 1
    has(found, "redis", "error", "not to be had", "REDIS_URL")
    has(found, "telegram", "error", "no connection", "[telegram] api_base")
    has(found, "slack", "error", "no connection", "[slack] api_base")
    assert {"source", "page", "people", "words", "folder"} <= found.keys() - wrong(found).keys()


CONFIG: dict[str, tuple[str, dict[str, str | None], tuple[str, str, str]]] = {
    "unknown key": ("[web]\nprot = 1\n", {}, ("config", "web.prot: unknown key", "Mend it there")),
    "no token file": (
        '[telegram]\ntoken_file = "gone.token"\n',
        {"TELEGRAM_BOT_TOKEN": None},
        ("config", "token_file: gone.token: No such file", "Mend it there"),
    ),
    "no token": (
        "",
        {"TELEGRAM_BOT_TOKEN": None, "SLACK_BOT_TOKEN": None},
        ("config", "no platform has a token", "newsbot init"),
    ),
    "no folder": (
        "",
        {"NEWSBOT_SOURCE": '[{"name": "main", "path": "nowhere"}]'},
        ("source", "nowhere does not exist", "Mend it there"),
    ),
    "username": (
        '[[person]]\nname = "Ed"\nroles = ["editor"]\ntelegram = "@ed"\n',
        {"NEWSBOT_PERSON": None},
        ("people", "numeric id", "Mend it there"),
    ),
    "topics": ("", {}, ("topics", "topics.toml", "Mend it there")),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CONFIG)
async def test_a_configuration_that_cannot_be_used_ends_with_2(well: House, case: str) -> None:
    text, more, (check, what, fix) = CONFIG[case]
    (well.folder / "config").mkdir()
    (well.folder / "config" / "newsbot.toml").write_text(text)
    if case == "topics":
        (well.folder / "config" / "topics.toml").write_text("[[topic]\n")
    code, found = await doctor(well, **more)
    assert code == 2
    has(found, check, "config", what, fix)


@pytest.mark.slow
async def test_a_title_that_is_no_yaml_and_a_post_that_cannot_be_read_are_named(well: House) -> None:
    posts = well.site / "_posts"
    (posts / "2026-01-05-tagged.md").write_text("---\ntitle: [속보] 예시군 소식\n---\n본문이다.\n", "utf-8")
    (posts / "2026-01-06-old-encoding.md").write_bytes("---\ntitle: 예시군 소식\n---\n본문이다.\n".encode("cp949"))
    code, found = await doctor(well)
    assert code == 0
    has(found, "source", "warning", "titles are not valid YAML", "quotes")
    has(found, "source", "warning", "1 posts cannot be read", "front matter")
    assert "2026-01-05-tagged.md" in str(wrong(found)["source"])
    assert "2026-01-06-old-encoding.md" in str(wrong(found)["source"])


@pytest.mark.slow
async def test_a_second_poller_is_noticed_but_our_own_newsbot_is_none(well: House) -> None:
    poll = f"{well.sandbox.url}/bot{well.secrets[0]}/getUpdates"

    async def other() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            while True:
                await client.post(poll, json={"timeout": 25})
                await asyncio.sleep(0.5)

    task = asyncio.create_task(other())
    await until(lambda: well.sandbox.world.updates._poll is not None, "the other one polls")
    code, found = await doctor(well)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert code == 1
    has(found, "polling", "error", "409", "@BotFather")
    proc = await (await well.run(NEWSBOT_SOURCE=None)).watching()
    await until(lambda: well.sandbox.world.updates._poll is not None, "ours polls", START)
    code, found = await doctor(well)
    assert (code, found["polling"][0]["what"]) == (0, "this newsbot listens")
    assert not proc.events("telegram.poll_conflict")


@pytest.mark.slow
async def test_a_platform_that_hangs_is_one_finding_and_the_end_comes_in_time(well: House) -> None:
    await well.fault("hang", platform="telegram", method="getMe", args={"seconds": 40})
    began = time.monotonic()
    code, found = await doctor(well)
    assert (code, time.monotonic() - began < 20) == (1, True)
    assert list(wrong(found)) == ["telegram"]
    has(found, "telegram", "error", "no answer within 8 s", "firewall")


@pytest.mark.slow
async def test_a_data_folder_that_cannot_be_used_is_told_with_its_fix(well: House) -> None:
    (well.folder / "file").write_text("")
    code, found = await doctor(well, NEWSBOT_DATA__FOLDER="file/data")
    assert code == 1
    has(found, "folder", "error", "Not a directory", "[data] folder")
    has(found, "redis", "error", "not to be had", "redis-server")


@pytest.mark.slow
async def test_a_token_file_that_git_would_take_is_named(well: House, tmp_path: Path) -> None:
    assert (await (await asyncio.create_subprocess_exec("git", "init", "-q", cwd=well.folder)).wait()) == 0
    token = well.folder / "bot.token"
    token.touch(0o600)
    token.write_text(well.secrets[0])
    more = {"TELEGRAM_BOT_TOKEN": None, "TELEGRAM_BOT_TOKEN_FILE": "bot.token"}
    _, found = await doctor(well, **more)
    has(found, "tokens", "warning", "git does not ignore bot.token", "*.token")
    (well.folder / ".gitignore").write_text("*.token\n")
    _, found = await doctor(well, **more)
    assert "tokens" not in wrong(found)


def test_a_secret_comes_from_the_first_place_that_has_one(tmp_path: Path) -> None:
    for name in ("variable", "key"):
        (tmp_path / name).write_text(f"file-of-{name}\n")
    places = [
        ({"SLACK_BOT_TOKEN": "variable"}, "variable"),
        ({"SLACK_BOT_TOKEN_FILE": str(tmp_path / "variable")}, "file-of-variable"),
        ({"NEWSBOT_SLACK__BOT_TOKEN": "key"}, "key"),
        ({"NEWSBOT_SLACK__BOT_TOKEN_FILE": str(tmp_path / "key")}, "file-of-key"),
    ]
    for first, (_, expected) in enumerate(places):
        environ = {name: value for more, _ in places[first:] for name, value in more.items()}
        section = bootstrap.platform_settings("slack", bootstrap.read_settings(environ), environ)
        assert section.bot_token.get_secret_value() == expected


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"a\nb\n", "more than one"), (b"\xbf\xb9", "no text"), (None, "No such file")],
)
def test_a_secret_file_that_cannot_be_used_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "bot.token"
    if content is not None:
        path.write_bytes(content)
    environ = {"NEWSBOT_TELEGRAM__TOKEN_FILE": str(path)}
    with pytest.raises(ConfigError, match=f"telegram: token_file: {re.escape(str(path))}: .*{why}") as error:
        bootstrap.platform_settings("telegram", bootstrap.read_settings(environ), environ)
    assert "\n" not in str(error.value)
