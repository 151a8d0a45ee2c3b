"""Slack: a Web API client, a renderer, a door. The libraries behind it appear nowhere else."""

from __future__ import annotations

import re

from newsbot.platforms.slack.render import SlackDialect
from newsbot.platforms.slack.settings import Settings
from newsbot.ports import Dialect, Menu, Platform, Shelf

__all__ = ["VARIABLES", "Settings", "build", "dialect", "has_token", "person_id"]

VARIABLES = {
    "SLACK_BOT_TOKEN": "bot_token",
    "SLACK_APP_TOKEN": "app_token",
    "SLACK_SIGNING_SECRET": "signing_secret",
    "SLACK_CLIENT_ID": "client_id",
    "SLACK_CLIENT_SECRET": "client_secret",
    "SLACK_TOKEN_KEY": "token_key",
    "SLACK_API_BASE": "api_base",
}
"""Conventional environment variable → key of the section."""


def has_token(settings: Settings) -> bool:
    """Whether this platform is on."""
    return settings.bot_token is not None


def build(settings: Settings, menu: Menu, shelf: Shelf | None) -> Platform:  # noqa: ARG001
    """The live platform, for settings with a bot token; on the shelf are further workspaces. Slack shows no menu of its own:
    `/news help` lists the verbs."""
    # The libraries take long to import; a command that asks one question does not need them.
    from newsbot.platforms.slack.client import SlackPlatform  # noqa: PLC0415

    assert settings.bot_token is not None  # noqa: S101 - `has_token` was asked
    return SlackPlatform(settings, settings.bot_token.get_secret_value(), shelf)


def dialect() -> Dialect:
    """The pure half: rendering and addresses, without token and network."""
    return SlackDialect()


def person_id(value: object) -> str:
    """A person's id as updates carry it, "U…" of our own workspace or "T…/U…". Raises ValueError: names change hands."""
    if not isinstance(value, str) or not re.fullmatch(r"(T[A-Z0-9]+/)?[UW][A-Z0-9]+", value):
        raise ValueError('must be the member id, e.g. "U012ABCDEF" or "T012ABCDEF/U012ABCDEF"')
    return value
