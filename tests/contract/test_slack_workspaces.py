"""Tokens of further workspaces: kept encrypted, each for its own workspace alone, and dead without harm to the others."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from newsbot.core.model import Address, Gone, Later, Rendered, Sent
from newsbot.platforms.slack.client import SlackPlatform
from newsbot.platforms.slack.inbound import Me
from newsbot.platforms.slack.settings import Settings
from newsbot.platforms.slack.workspaces import Unreadable, Vault, vault_of
from newsbot.sandbox.serve import Running, serve
from newsbot.store.redis import Redis
from newsbot.store.shelf import RedisShelf
from tests.contract.front_kit import People

BETA, TO = "T0BETA", Address("slack", "T0BETA/C0BETANEWS")
ALERT = Rendered("chat.postMessage", {"text": "예시"})
KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    running = await serve(limits=False)
    yield running
    await running.stop()


@pytest.fixture
async def people(sandbox: Running) -> AsyncIterator[People]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield People(sandbox.url, client)


def settings_of(sandbox: Running, key: str = KEYS[0]) -> Settings:
    app = sandbox.world.slack
    return Settings(
        bot_token=SecretStr(app.bot_token),
        api_base=f"{sandbox.url}/api",
        client_id=app.client_id,
        client_secret=SecretStr(app.client_secret),
        token_key=SecretStr(key),
    )


@pytest.fixture
async def vault(sandbox: Running, redis: Redis) -> Vault:
    found = vault_of(settings_of(sandbox), RedisShelf(redis, "slack"))
    assert found is not None
    return found


@pytest.fixture
async def slack(sandbox: Running, people: People, redis: Redis, vault: Vault) -> AsyncIterator[SlackPlatform]:
    """The bot of two workspaces; in the second one it is in the channel."""
    made = await people("workspace", team=BETA, name="Beta Desk")
    assert made
    beta = sandbox.world.of_team(BETA).slack
    beta.installed, beta.bot_token, beta.scopes = True, "xoxb-sandbox-beta", set(sandbox.world.slack.scopes)
    beta.channels["C0BETANEWS"].members.add(beta.bot_user)
    await vault.put(Me(BETA, beta.bot_user, beta.bot, home=False), beta.bot_token)
    platform = SlackPlatform(settings_of(sandbox), sandbox.world.slack.bot_token, RedisShelf(redis, "slack"))
    await platform.start()
    yield platform
    await platform.close()


async def test_each_workspace_is_spoken_to_with_its_own_token(sandbox: Running, slack: SlackPlatform) -> None:
    assert isinstance(await slack.send(TO, ALERT), Sent)
    assert isinstance(await slack.send(Address("slack", "C0NEWS"), ALERT), Sent)
    assert isinstance(await slack.send(Address("slack", "T0SANDBOX/C0NEWS"), ALERT), Sent)
    assert await slack.send(Address("slack", "T0NOBODY/C0NEWS"), ALERT) == Gone("another workspace", "quarantined")
    assert await slack.probe(TO) is True


@pytest.mark.parametrize("deed", ["send", "edit", "delete", "say"])
async def test_a_dead_token_of_another_workspace_stops_nobody_else(
    sandbox: Running, slack: SlackPlatform, deed: str
) -> None:
    """It was revoked and nobody told us: its channels rest, and the bot goes on."""
    sent = await slack.send(TO, ALERT)
    assert isinstance(sent, Sent)
    sandbox.world.of_team(BETA).slack.revoked = True
    how: dict[str, Any] = {"send": (ALERT,), "edit": (sent.ref, ALERT), "delete": (sent.ref,), "say": ("말",)}
    assert await getattr(slack, deed)(TO, *how[deed]) == Gone("token_revoked", "quarantined")
    assert isinstance(await slack.send(Address("slack", "C0NEWS"), ALERT), Sent)


async def test_an_entry_stands_for_no_other_workspace(vault: Vault, slack: SlackPlatform) -> None:
    """Who can write to Redis, and has not the key, must not send our readers' alerts with another one's token."""
    kept = await vault.shelf.get(BETA)
    assert kept is not None
    await vault.shelf.put("T0GAMMA", kept)
    with pytest.raises(Unreadable):
        await vault.get("T0GAMMA")
    to = Address("slack", "T0GAMMA/C0BETANEWS")
    assert isinstance(await slack.send(to, ALERT), Later)
    assert await slack.probe(to) is None


@pytest.mark.parametrize("kept", [b"", b"xoxb-plain", b"gAAAAABmangled"])
async def test_what_no_key_opens_waits(vault: Vault, slack: SlackPlatform, kept: bytes) -> None:
    await vault.shelf.put("T0GAMMA", kept)
    await vault.renew()
    assert isinstance(await slack.send(Address("slack", "T0GAMMA/C0X"), ALERT), Later)
    assert await vault.shelf.get("T0GAMMA") == kept  # a person may still have the key


async def test_a_new_key_in_front_takes_over(sandbox: Running, vault: Vault, slack: SlackPlatform) -> None:
    shelf = vault.shelf
    both = vault_of(settings_of(sandbox, f"{KEYS[1]},{KEYS[0]}"), shelf)
    alone = vault_of(settings_of(sandbox, KEYS[1]), shelf)
    assert both is not None
    assert alone is not None
    with pytest.raises(Unreadable):
        await alone.get(BETA)
    await both.renew()
    found = await alone.get(BETA)
    assert found is not None
    assert found[1] == "xoxb-sandbox-beta"


@pytest.mark.parametrize("key", ["short", "x" * 44, base64.b64encode(bytes(31)).decode(), f"{KEYS[0]},no"])
def test_a_key_that_is_none_is_told_and_not_shown(key: str) -> None:
    with pytest.raises(ValidationError) as told:
        Settings(client_id="1.2", client_secret=SecretStr("secret"), token_key=SecretStr(key))
    assert "32 random bytes in base64" in str(told.value)
    assert key not in str(told.value)


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "token_key"])
def test_what_is_missing_for_several_workspaces_is_named(missing: str) -> None:
    given: dict[str, Any] = {"client_id": "1.2", "client_secret": SecretStr("x"), "token_key": SecretStr(KEYS[0])}
    del given[missing]
    with pytest.raises(ValidationError, match=f"several workspaces need {missing} as well"):
        Settings(**given)
