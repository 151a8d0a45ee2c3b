"""`newsbot init` as a new operator goes through it: answers typed line by line, the platforms played by the sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from newsbot import bootstrap
from newsbot.cli.init import write
from newsbot.sandbox.record import Message
from tests.cast import until
from tests.e2e.house import START, Done, House
from tests.e2e.setup_kit import FEED, HOME, NOTHING, RSS, listening, operator, polled, standing_between
from tests.e2e.test_start import WRONG


@pytest.fixture(autouse=True)
def one_post(house: House) -> None:
    """A site with a post of today."""
    house.publish("first", "예시군 첫 소식")


def config(house: House) -> dict[str, Any]:
    """What was written."""
    found = tomllib.loads((house.folder / "config" / "newsbot.toml").read_text("utf-8"))
    return {name: table for name, table in found.items() if table}


def bot_wrote(house: House) -> list[Message]:
    """Everything any chat got from the bot."""
    return [one for one in house.sandbox.world.record.messages() if one.sender == "bot"]


def files(house: House) -> set[str]:
    """What lies in the operator's folder but the site."""
    return {path.name for path in house.folder.iterdir()} - {"site"}


@pytest.mark.slow
async def test_from_nothing_to_a_test_alert_in_a_private_chat(house: House) -> None:
    telegram, *_ = house.secrets
    async with operator(house) as rae:
        await rae.answers("1/5", "site")
        await rae.answers("알림에 적을 이름 [예시뉴스]")
        await rae.sees("글 1건")
        await rae.sees("예시군 첫 소식")
        await rae.sees("바로 보냅니다")
        await rae.answers("[ko]")
        await rae.answers("[Asia/Seoul]")
        await rae.answers("텔레그램 봇 토큰", WRONG)
        await rae.sees("받지 않습니다(Telegram): Unauthorized")
        await rae.answers("텔레그램 봇 토큰", telegram)
        await rae.sees("@sandbox_news_bot")
        await rae.answers("슬랙 봇 토큰")
        await rae.answers("https://t.me/sandbox_news_bot")
        await polled(house)
        await house.control("/telegram/say", user="Rae", text="안녕")
        await rae.answers("개인 대화 ‘Rae’ telegram:1001 · Rae: 안녕. 여기가 맞습니까?", "y")
        await rae.answers("[Rae]")
        await rae.answers("5/5", "https://example.com/privacy")
        await rae.answers("config/newsbot.toml에 저장하겠습니까?", "y")
        done = await rae.ended()
    assert done.code == 0, done.out
    assert config(house)["site"] == {"name": "예시뉴스", "privacy_url": "https://example.com/privacy"}
    assert config(house)["source"] == [{"name": "main", "path": "site"}]
    assert config(house)["person"] == [{"name": "Rae", "roles": ["editor", "on-call"], "telegram": 1001}]
    base = house.sandbox.url
    assert config(house)["telegram"] == {"token_file": "config/telegram.token", "api_base": base}
    token = house.folder / "config" / "telegram.token"
    assert (stat.S_IMODE(token.stat().st_mode), token.read_text()) == (0o600, telegram + "\n")
    (alert,) = bot_wrote(house)
    assert (alert.chat, alert.text.startswith("[시험 발송, 뉴스 아님]")) == ("1001", True), alert.text
    secret_free(house, done, but=token)
    await runs_with_what_was_written(house)


def secret_free(house: House, done: Done, but: Path) -> None:
    """No secret on the screen, nor in any file but its own."""
    kept = but.read_bytes()
    for secret in (*house.secrets, WRONG):
        assert secret not in done.out
        assert house.written().count(secret.encode()) == kept.count(secret.encode()), secret[:12]


async def runs_with_what_was_written(house: House) -> None:
    """`newsbot run` needs nothing else: the next new post is an alert in that chat."""
    proc = await house.start("run", **{**NOTHING, "NEWSBOT_LOG__JSON_LINES": "true", "PORT": "0"})
    await proc.watching()
    house.publish("second", "예시군 둘째 소식")
    await until(lambda: house.seen("예시군 둘째 소식"), "the alert", START)
    assert [one.chat for one in house.seen("예시군 둘째 소식")] == ["1001"]
    assert await proc.stops() == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", ["added", "command"])
async def test_a_group_is_found_when_the_bot_comes_or_is_spoken_to(house: House, how: str) -> None:
    if how == "added":
        await house.control("/telegram/member", user="Rae", chat=-200, status="left")
    async with operator(house, "--site", "site", "--yes", LANG="en_US.UTF-8") as rae:
        assert "telegram" not in config_after(await rae.ended(), house)
    async with operator(house, LANG="en_US.UTF-8") as rae:
        await rae.answers("1/5")
        await rae.answers("(ko or en) [ko]", "en")
        await rae.answers("[Asia/Seoul]")
        await rae.answers("Telegram bot token", house.secrets[0])
        await rae.answers("Slack bot token")
        await rae.answers("Enter to wait")
        await polled(house)
        await house.control("/telegram/say", user="Sam", text="psst", chat=9001)
        await rae.answers("telegram:9001 · Sam: psst. Is this the one?", "n")
        await polled(house)
        if how == "added":
            await house.control("/telegram/member", user="Rae", chat=-200, status="member")
        else:
            await house.control("/telegram/say", user="Rae", chat=-200, text="/start@sandbox_news_bot")
        await rae.answers("Group “예시 모임” telegram:-200 · Rae", "y")
        await rae.answers("5/5")
        await rae.answers("has settings already", "y")
        done = await rae.ended()
    assert done.code == 0, done.out
    assert "person" not in config(house)
    assert config(house)["site"]["language"] == "en"
    (alert,) = bot_wrote(house)
    assert (alert.chat, "TEST" in alert.text) == ("-200", True), alert.text
    secret_free(house, done, but=house.folder / "config" / "telegram.token")


def config_after(done: Done, house: House) -> dict[str, Any]:
    """The config a command that went well left."""
    assert done.code == 0, done.out
    return config(house)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["invited", "direct"])
async def test_a_slack_channel_is_found_by_an_invitation_and_a_person_by_a_message(house: House, how: str) -> None:
    _, bot, app, _ = house.secrets
    await house.control("/slack/member", user="bot", channel="C0NEWS", joined=False)
    async with operator(house, "--site", "site") as rae:
        await rae.answers("알림에 적을 이름")
        await rae.answers("(ko 또는 en)")
        await rae.answers("시간대 [")
        await rae.answers("텔레그램 봇 토큰")
        await rae.answers("슬랙 봇 토큰", app)  # the two are easily mixed up
        await rae.sees("xoxb-…")
        await rae.answers("슬랙 봇 토큰", "xoxb-wrong-wrong")
        await rae.sees("invalid_auth")
        await rae.answers("슬랙 봇 토큰", bot)
        await rae.sees("@newsbot (Sandbox)")
        await rae.answers("슬랙 앱 토큰", "xapp-wrong-wrong")
        await rae.sees("이 앱 토큰을 받지 않습니다: invalid_auth")
        await rae.answers("슬랙 앱 토큰", app)
        await rae.answers("Enter를 치면 기다립니다")
        await listening(house)
        if how == "invited":
            await house.control("/slack/member", user="bot", channel="C0NEWS", joined=True, inviter="Rae")
            await rae.answers("채널 ‘#news’ slack:C0NEWS · Rae", "y")
        else:
            await house.control("/slack/say", user="Ed", text="여보세요")
            await rae.answers("개인 대화 ‘Ed’ slack:D0ED · Ed: 여보세요", "y")
            await rae.answers("[Ed]", "에드")
        await rae.answers("5/5")
        await rae.answers("저장하겠습니까?", "y")
        done = await rae.ended()
    assert done.code == 0, done.out
    people = [{"name": "에드", "roles": ["editor", "on-call"], "slack": "U0ED"}] if how == "direct" else []
    assert config(house).get("person", []) == people
    assert {path.name for path in (house.folder / "config").glob("*.token")} == {"slack-bot.token", "slack-app.token"}
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in (house.folder / "config").glob("*.token"))
    (alert,) = bot_wrote(house)
    assert (alert.platform, alert.chat) == ("slack", "C0NEWS" if how == "invited" else "D0ED")
    assert "[시험 발송, 뉴스 아님]" in alert.text
    assert not [secret for secret in house.secrets if secret in done.out]
    row = (await house.does("subscribers", "--json", **NOTHING)).row
    assert (row["address"], row["topics"]) == (f"slack:{alert.chat}", ["all"])


@pytest.mark.slow
async def test_nobody_speaks_and_the_chat_is_left_for_later(house: House) -> None:
    async with operator(house, "--site", "site", "--wait", "0.5") as rae:
        await rae.answers("알림에 적을 이름")
        await rae.answers("(ko 또는 en)")
        await rae.answers("시간대 [")
        await rae.answers("텔레그램 봇 토큰", house.secrets[0])
        await rae.answers("슬랙 봇 토큰")
        await rae.answers("Enter를 치면 기다립니다")
        await rae.sees("/start@sandbox_news_bot")
        await rae.answers("Enter를 치면 다시 기다립니다", "s")
        await rae.answers("5/5")
        await rae.answers("저장하겠습니까?", "y")
        done = await rae.ended()
    assert done.code == 0, done.out
    assert not bot_wrote(house)
    assert config(house)["telegram"]["token_file"] == "config/telegram.token"


@pytest.mark.slow
@pytest.mark.parametrize("question", ["1/5", "텔레그램 봇 토큰", "기다립니다(", "저장하겠습니까?"])
async def test_ctrl_c_at_any_question_leaves_nothing(house: House, question: str) -> None:
    before = files(house)
    async with operator(house) as rae:
        for asked, answer in (
            *(("1/5", "site"), ("알림에 적을 이름", ""), ("(ko 또는 en)", ""), ("시간대 [", "")),
            *(("텔레그램 봇 토큰", house.secrets[0]), ("슬랙 봇 토큰", ""), ("Enter를 치면 기다립니다", "")),
            *(("기다립니다(", None), ("맞습니까?", "y"), ("[Rae]", ""), ("5/5", ""), ("저장하겠습니까?", "")),
        ):
            if asked == question:
                await rae.sees(asked)
                break
            if answer is None:
                await polled(house)
                await house.control("/telegram/say", user="Rae", text="안녕")
            else:
                await rae.answers(asked, answer)
        rae.process.send_signal(signal.SIGINT)
        done = await rae.ended()
    assert (done.code, "아무것도 저장하지 않았습니다" in done.out) == (130, True), done.out
    assert "Traceback" not in done.out
    assert files(house) == before
    assert not bot_wrote(house)


async def test_answers_that_end_too_early_and_a_no_write_nothing(house: House) -> None:
    before = files(house)
    async with operator(house, "--site", "site") as rae:
        assert rae.process.stdin is not None
        rae.process.stdin.close()
        done = await rae.ended()
    assert (done.code, "입력이 끝났습니다" in done.out) == (2, True), done.out
    assert files(house) == before


@pytest.mark.slow
async def test_a_config_that_is_there_is_kept_and_only_changed_where_asked(house: House) -> None:
    folder = house.folder / "config"
    folder.mkdir()
    path = folder / "newsbot.toml"
    mine = (
        '[site]\nname = "옛 이름"\n[ingest]\nmost_at_once = 7\n'
        '[[source]]\nname = "old"\nkind = "feed"\nurl = "https://example.com/feed"\n'
        f'[[person]]\nname = "Ed"\nroles = ["editor"]\ntelegram = 2001\n[telegram]\ntoken = "{WRONG}"\nrate = 5.0\n'
    )
    path.write_text(mine, "utf-8")
    path.chmod(0o600)
    arguments = ("--site", "site", "--language", "ko", "--zone", "Asia/Tokyo", "--privacy-url", "")
    async with operator(house, *arguments) as rae:
        await rae.answers("지금 지켜보는 곳: https://example.com/feed", "n")
        await rae.sees("받지 않습니다")  # the token that stands there
        await rae.answers("텔레그램 봇 토큰", house.secrets[0])
        await rae.answers("슬랙 봇 토큰")
        await rae.answers("Enter를 치면 기다립니다", "s")
        await rae.answers("이미 설정이 있습니다", "n")
        done = await rae.ended()
    assert (done.code, path.read_text("utf-8")) == (1, mine), done.out
    with_token = {"TELEGRAM_BOT_TOKEN": house.secrets[0]}
    async with operator(house, *arguments, "--yes", "--chat", "telegram:2001", **with_token) as rae:
        done = await rae.ended()
    assert done.code == 1, done.out  # Ed has not started the bot: the platform refuses the test alert
    assert "chat not found" in done.out or "blocked" in done.out or "시험 알림을 보내지 못했습니다" in done.out
    found = config(house)
    assert found["site"] == {"name": "옛 이름", "zone": "Asia/Tokyo"}
    assert found["ingest"] == {"most_at_once": 7}
    assert [one["name"] for one in found["source"]] == ["old", "main"]
    assert [one["name"] for one in found["person"]] == ["Ed"]
    assert found["telegram"]["rate"] == 5.0
    assert (folder / "newsbot.toml.bak").read_text("utf-8") == mine
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow
async def test_the_address_of_a_site_leads_to_the_feed_that_it_names(house: House) -> None:
    more = {"NEWSBOT_FETCH__ALLOW": '["127.0.0.0/8"]'}
    async with standing_between(house.sandbox.url, {}) as site:
        site.home = (
            f'<html><head><link rel="alternate" type="application/rss+xml" href="{site.url}{FEED}"></head></html>'
        )
        site.feed = RSS
        async with operator(house, "--site", f"{site.url}{HOME}", "--yes", **more) as rae:
            done = await rae.ended()
        assert (done.code, "글 1건" in done.out, "새 다리 개통" in done.out) == (0, True, True), done.out
        assert config(house)["source"] == [{"name": "main", "kind": "feed", "url": f"{site.url}{FEED}"}]
        site.home = "<html></html>"
        async with operator(house, "--site", f"{site.url}{HOME}", "--yes", **more) as rae:
            done = await rae.ended()
        assert (done.code, "not a feed" in done.out) == (2, True), done.out


MISTAKES = {
    "no folder": (("--site", "nowhere"), "nowhere"),
    "no language": (("--site", "site", "--language", "fr"), "language"),
    "no zone": (("--site", "site", "--zone", "Asia/Soul"), "Asia/Soul"),
    "no address": (("--site", "site", "--privacy-url", "example.com"), "https://"),
    "no chat": (("--site", "site", "--chat", "fax:1"), "fax"),
    "no token": (("--site", "site", "--chat", "telegram:1"), "telegram"),
}


@pytest.mark.parametrize("case", MISTAKES)
async def test_a_wrong_option_is_one_line_and_nothing_is_written(house: House, case: str) -> None:
    arguments, word = MISTAKES[case]
    before = files(house)
    async with operator(house, *arguments, "--yes") as rae:
        done = await rae.ended()
    last = done.out.splitlines()[-1]
    assert (done.code, last.startswith("newsbot: "), word in last) == (2, True, True), done.out
    assert files(house) == before


@pytest.mark.slow
async def test_what_is_typed_for_a_token_is_not_shown_on_a_terminal(house: House) -> None:
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "newsbot", "init", "--site", "site"),
        cwd=house.folder,
        env=house.environ({**NOTHING, "TERM": "dumb"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    screen = ""

    def sees(text: str) -> bool:
        nonlocal screen
        with suppress(OSError):  # nothing there yet
            screen += os.read(ours, 65536).decode("utf-8", "replace")
        return text in screen

    try:
        for question, answer in (("이름", ""), ("(ko", ""), ("시간대 [", ""), ("텔레그램 봇 토큰", house.secrets[0])):
            await until(lambda q=question: sees(q), question, START)
            os.write(ours, answer.encode() + b"\n")
        await until(lambda: sees("@sandbox_news_bot"), "accepted", START)
    finally:
        process.kill()
        await process.wait()
        os.close(ours)
    assert house.secrets[0] not in screen


@pytest.mark.slow
async def test_init_leaves_the_listening_to_a_newsbot_that_runs_already(house: House) -> None:
    proc = await house.run(NEWSBOT_DATA__FOLDER=None, NEWSBOT_PERSON=None)
    await proc.watching()
    async with operator(house, "--site", "site", "--yes", TELEGRAM_BOT_TOKEN=house.secrets[0]) as rae:
        done = await rae.ended()
    assert (done.code, "newsbot run이 돌고 있고" in done.out) == (0, True), done.out
    with_token = {"TELEGRAM_BOT_TOKEN": house.secrets[0]}
    await house.control("/telegram/say", user="Rae", text="/start")
    async with operator(house, "--yes", "--chat", "telegram:1001", **with_token) as rae:
        done = await rae.ended()
    assert done.code == 0, done.out
    assert [one.chat for one in house.seen("시험")] == ["1001"]
    row = (await house.does("subscribers", "--json", **NOTHING)).row
    assert (row["address"], row["topics"]) == ("telegram:1001", ["all"])


def test_every_word_of_the_set_up_stands_in_both_languages_with_the_same_fields() -> None:
    import string

    catalogs = bootstrap.read_words("ko").catalogs
    keys = {
        language: {key for key in words if key.startswith(("init.", "doctor."))} for language, words in catalogs.items()
    }
    assert keys["ko"] == keys["en"]

    def fields(language: str, key: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(catalogs[language][key]) if name}

    assert [key for key in keys["ko"] if fields("ko", key) != fields("en", key)] == []


def test_the_sample_with_nothing_switched_on_is_the_sample() -> None:
    assert write.render({}) == write.sample()


def test_what_is_written_reads_back_as_it_was_meant() -> None:
    raw = {
        "site": {"name": 'a "b" \\ \x7f\t한글 #', "commercial": False},
        "source": [{"name": "a", "path": "x"}, {"name": "b", "kind": "feed", "url": "https://e.x/", "topics": ["p"]}],
        "person": [{"name": "Rae", "roles": ["editor"], "telegram": 1, "slack": "U0RAE"}],
        "telegram": {"rate": 1.5, "token_file": "t"},
    }
    assert {name: table for name, table in tomllib.loads(write.render(raw)).items() if table} == raw
