"""Redis away, tokens refused, ports taken, broken posts: one line says so, nothing is lost, alerts still come once."""

from __future__ import annotations

import pytest

from tests.cast import until
from tests.e2e.house import House, Proc, Server

READERS = ("telegram:1001", "slack:C0NEWS")
SLACK_OFF: dict[str, str | None] = {"SLACK_BOT_TOKEN": None, "SLACK_APP_TOKEN": None}


async def readers(house: House, **more: str | None) -> None:
    """Rae on Telegram and a Slack channel want everything."""
    await house.control("/telegram/say", user="Rae", text="hello")
    done = await house.does("subscribers", "add", *READERS, "--json", **more)
    assert [row["address"] for row in done.rows] == list(READERS), done


async def arrives(house: House, headline: str, copies: int = len(READERS)) -> None:
    """Every reader sees it, and nobody twice."""
    await until(lambda: len(house.seen(headline)) >= copies, f"{headline} arrives {copies} times", 20)
    assert len(house.seen(headline)) == copies


def last_word(proc: Proc, code: int, *words: str) -> None:
    """It ended with this code and one line for people; the rest is its log."""
    assert proc.process.returncode == code, proc.stderr
    plain = [line for line in proc.stderr.splitlines() if not line.startswith("{")]
    assert len(plain) == 1, proc.stderr
    assert plain[0].startswith("newsbot: ")
    assert all(word in plain[0] for word in words), plain
    assert "Traceback" not in proc.stderr


async def test_redis_away_at_start_is_waited_for(house: House, server: Server) -> None:
    house.publish("old", "예시군 옛 소식")
    proc = await house.run(REDIS_URL=server.url)
    await proc.says("redis.waiting")
    reply = await proc.get("/readyz")
    assert (reply.status_code, reply.json()["redis"]) == (503, False)
    assert (await proc.get("/healthz")).status_code == 200
    async with server.hung_up_on() as calls:
        await until(lambda: len(calls) >= 9, "it tries again and again", 20)
    await server.start()
    await proc.watching()
    assert len(proc.events("redis.waiting")) == 1, "one line per 30 s"
    await readers(house, REDIS_URL=server.url)
    house.publish("new", "예시군 새 소식")
    await arrives(house, "예시군 새 소식")
    assert not house.seen("예시군 옛 소식"), "what was there before the first start is nobody's news"


async def test_redis_that_dies_in_the_middle_loses_and_repeats_nothing(house: House, server: Server) -> None:
    await server.start()
    proc = await (await house.run(REDIS_URL=server.url)).watching()
    await readers(house, REDIS_URL=server.url)
    house.publish("before", "예시군 앞 소식")
    await arrives(house, "예시군 앞 소식")
    await server.dies()
    await proc.says("redis.waiting")
    assert (await proc.get("/readyz")).status_code == 503
    house.publish("during", "예시군 사이 소식")
    await server.start()
    await arrives(house, "예시군 사이 소식")
    await proc.ready()
    assert len(house.seen("예시군 앞 소식")) == len(READERS)
    assert len(proc.events("redis.waiting")) == 1, "one line per 30 s"
    assert await proc.stops() == 0
    assert "Traceback" not in proc.stderr


async def test_a_refused_token_stops_its_platform_alone(house: House) -> None:
    proc = await (await house.run(TELEGRAM_BOT_TOKEN="123456789:AAwrong-wrong-wrong-wrong-wrong-wro")).watching()
    assert (await proc.get("/readyz")).json()["platforms"] == {"telegram": "refused", "slack": "on"}
    await readers(house)
    house.publish("one", "예시군 한쪽 소식")
    await arrives(house, "예시군 한쪽 소식", copies=1)
    await proc.stops()
    await house.run()
    await arrives(house, "예시군 한쪽 소식")  # the other platform gets it once its token is right


async def test_refused_tokens_of_all_platforms_end_it_with_1(house: House) -> None:
    wrong = {"TELEGRAM_BOT_TOKEN": "123456789:AAwrong-wrong-wrong-wrong-wrong-wro", "SLACK_BOT_TOKEN": "xoxb-1-wrong"}
    proc = await house.run(**wrong)
    await proc.ended()
    last_word(proc, 1, "telegram", "slack", "refused")
    assert not await house.redis_pid(), "its redis-server ended with it"


async def test_a_platform_that_cannot_be_reached_is_tried_again(house: House) -> None:
    await house.fault("reset", platform="telegram", method="getMe", times=2)  # at start, and at the first try again
    proc = await house.run(**SLACK_OFF)
    await proc.says("platform.starting", platform="telegram")
    assert (await proc.get("/readyz")).status_code == 503
    await proc.says("platform.on", platform="telegram")
    assert "Traceback" not in proc.stderr


async def test_a_port_in_use_ends_it_with_1(house: House) -> None:
    proc = await house.run(PORT=str(house.sandbox.port))
    await proc.ended()
    last_word(proc, 1, str(house.sandbox.port), "in use")


@pytest.mark.slow
async def test_a_second_run_on_one_data_folder_ends_with_1_and_disturbs_nobody(house: House) -> None:
    first = await (await house.run()).watching()
    await readers(house)
    second = await house.run()
    await second.ended()
    last_word(second, 1, str(house.data), "in use")
    house.publish("one", "예시군 소식")
    await arrives(house, "예시군 소식")
    assert first.running


@pytest.mark.slow
async def test_another_installations_redis_is_refused_with_both_ids(house: House, server: Server) -> None:
    await server.start()
    other = (await house.does("status", "--json", REDIS_URL=server.url, NEWSBOT_DATA__FOLDER="other")).row["install"]
    mine = (await house.does("status", "--json")).row["install"]
    assert mine != other
    for command in (("run", "--site", "site"), ("worker",)):
        proc = await house.start(*command, REDIS_URL=server.url)
        await proc.ended()
        last_word(proc, 1, mine, other)


@pytest.mark.slow
async def test_another_redis_that_takes_the_place_of_ours_ends_it_with_1(house: House, server: Server) -> None:
    await server.start()
    proc = await (await house.run(REDIS_URL=server.url)).watching()
    mine = (await house.does("status", "--json", REDIS_URL=server.url)).row["install"]
    await server.dies()
    for file in server.folder.glob("*.aof*"):
        file.unlink()
    await server.start()
    await proc.ended()
    last_word(proc, 1, mine, "nothing (empty or another database)")


async def test_a_broken_post_is_one_line_and_the_others_go_on(house: House) -> None:
    proc = await (await house.run()).watching()
    await readers(house)
    broken = house.publish("broken", "x")
    broken.write_text("---\n- a list, no settings\n---\n")
    house.publish("good", "예시군 좋은 소식")
    await arrives(house, "예시군 좋은 소식")
    told = await proc.says("article.ignored")
    assert broken.name in told["article"]
    assert "2" in told["reason"], "names the line"
    house.publish("broken", "예시군 고친 소식")
    await arrives(house, "예시군 고친 소식")
    assert len([line for line in proc.stderr.splitlines() if broken.name in line and "ignored" in line]) == 1


@pytest.mark.slow
async def test_a_broken_site_config_is_one_line_and_what_came_meanwhile_is_sent_once_it_is_mended(house: House) -> None:
    proc = await (await house.run()).watching()
    await readers(house)
    config = house.site / "_config.yml"
    good = config.read_text()
    config.write_text("url: [never closed\n")
    house.publish("one", "예시군 기다린 소식")
    await until(lambda: "_config.yml" in proc.stderr, "the config is complained of")
    assert not house.seen("예시군 기다린 소식")
    config.write_text(good)
    await arrives(house, "예시군 기다린 소식")
    assert proc.stderr.count("_config.yml:") <= 2, proc.stderr
    assert "Traceback" not in proc.stderr


@pytest.mark.slow
async def test_a_site_config_broken_at_start_is_told_and_read_once_mended(house: House) -> None:
    config = house.site / "_config.yml"
    good = config.read_text()
    config.write_text("url: [never closed\n")
    proc = await (await house.run()).ready()
    told = await proc.says("source.unreadable")
    assert "_config.yml:" in told["error"]
    config.write_text(good)
    await proc.watching()
    await readers(house)
    house.publish("one", "예시군 소식")
    await arrives(house, "예시군 소식")
