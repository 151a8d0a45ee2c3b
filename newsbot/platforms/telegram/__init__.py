"""Telegram: a Bot API client, a renderer, a door. The library behind it appears nowhere else."""

from __future__ import annotations

from newsbot.platforms.telegram.render import TelegramDialect
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import Dialect, Menu, Platform, Shelf

__all__ = ["VARIABLES", "Settings", "build", "dialect", "has_token", "person_id"]

VARIABLES = {
    "TELEGRAM_BOT_TOKEN": "token",
    "TELEGRAM_API_BASE": "api_base",
    "TELEGRAM_WEBHOOK_URL": "webhook_url",
    "TELEGRAM_WEBHOOK_SECRET": "webhook_secret",
}
"""Conventional environment variable → key of the section."""


def has_token(settings: Settings) -> bool:
    """Whether this platform is on."""
    return settings.token is not None


def build(settings: Settings, menu: Menu, shelf: Shelf | None) -> Platform:  # noqa: ARG001
    """The live platform, for settings with a token. `menu` is what readers see when they type "/"."""
    # The library takes half a second to import; a command that asks one question does not need it.
    from newsbot.platforms.telegram.client import TelegramPlatform  # noqa: PLC0415

    assert settings.token is not None  # noqa: S101 - `has_token` was asked
    return TelegramPlatform(settings, settings.token.get_secret_value(), menu)


def dialect() -> Dialect:
    """The pure half: rendering and addresses, without token and network."""
    return TelegramDialect()


def person_id(value: object) -> str:
    """A person's id as updates carry it. Raises ValueError: usernames change hands, numbers do not."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 52:
        raise ValueError("must be the person's numeric id")
    return str(value)
