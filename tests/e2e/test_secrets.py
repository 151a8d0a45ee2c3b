"""No token reaches anything that is written down or shown, whatever goes wrong and however much is logged."""

from __future__ import annotations

import pytest

from tests.cast import until
from tests.e2e.house import House
from tests.e2e.test_trouble import readers

SIGNING = "0123456789abcdef-canary-signing-secret"
WEBHOOK = "canary-webhook-secret-0123456789"
FAULTS = (
    {"kind": "5xx"},
    {"kind": "reset"},
    {"kind": "garbage"},
    {"kind": "429"},
)


def leaks(house: House, *more: str) -> list[str]:
    """The beginnings of the secrets that stand in anything written."""
    written = house.written()
    return [secret[:14] for secret in (*house.secrets, *more) if secret.encode() in written]


async def test_no_token_is_written_by_a_whole_life_with_faults_at_debug(house: House) -> None:
    house.more["NEWSBOT_LOG__LEVEL"] = "debug"
    proc = await (await house.run()).watching()
    await readers(house)
    await house.control("/slack/command", user="Rae", text="help")
    for platform, method in (("telegram", "sendMessage"), ("slack", "chat.postMessage"), ("telegram", "getUpdates")):
        for number, fault in enumerate(FAULTS):
            await house.fault(**fault, platform=platform, method=method, times=2)
            house.publish(f"{method}-{number}", f"예시군 {method} {number} 소식")
            await house.control("/telegram/say", user="Rae", text="/latest")
    await house.control("/slack/disconnect")
    await house.fault("revoked", platform="telegram", method="sendMessage", times=20)  # answers to /latest take some
    house.publish("last", "예시군 마지막 소식")
    await until(lambda: "token.refused" in proc.stderr, "the token is refused in the middle", 20)
    for path in ("/metrics", "/readyz", "/healthz", "/nothing"):
        reply = await proc.get(path)
        assert not [secret for secret in house.secrets if secret in reply.text], path
    shown = [await house.does(*words, "--json") for words in (("status",), ("stories",), ("subscribers",))]
    assert [one.code for one in shown] == [0, 0, 0]
    assert await proc.stops() == 0
    assert "DEBUG" in proc.stderr.upper(), "the test is about a talkative log"
    assert (house.data / "redis.log").exists()
    assert leaks(house) == []


@pytest.mark.slow
async def test_secrets_of_the_config_file_and_of_addresses_are_not_written_either(house: House) -> None:
    config = house.folder / "own.toml"
    config.write_text(f'[slack]\nsigning_secret = "{SIGNING}"\n[telegram]\nwebhook_secret = "{WEBHOOK}"\n')
    more = {"NEWSBOT_CONFIG": "own.toml", "NEWSBOT_LOG__LEVEL": "debug", "SLACK_APP_TOKEN": None}
    proc = await house.run(**more, REDIS_URL="redis://:canary-password-1@127.0.0.1:1/0")
    await proc.says("redis.waiting")
    await proc.stops()
    config.unlink()
    assert leaks(house, SIGNING, WEBHOOK, "canary-password-1") == []


@pytest.mark.slow
@pytest.mark.parametrize("failing", ["TELEGRAM_API_BASE", "SLACK_API_BASE"])
async def test_an_address_that_nobody_serves_is_told_without_the_token(house: House, failing: str) -> None:
    proc = await house.run(**{failing: "http://127.0.0.1:1/", "NEWSBOT_LOG__LEVEL": "debug"})
    await proc.says("platform.starting")
    await proc.stops()
    assert leaks(house) == []
