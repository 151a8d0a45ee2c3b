"""Telegram: a Bot API client, a renderer, a door. The library behind it appears nowhere else."""

from __future__ import annotations

from newsbot.platforms.telegram.client import Menu, TelegramPlatform
from newsbot.platforms.telegram.settings import Settings
from newsbot.ports import Dialect, Platform

__all__ = ["VARIABLES", "Menu", "Settings", "build", "dialect", "person_id"]

VARIABLES = {
    "TELEGRAM_BOT_TOKEN": "token",
    "TELEGRAM_API_BASE": "api_base",
    "TELEGRAM_WEBHOOK_URL": "webhook_url",
    "TELEGRAM_WEBHOOK_SECRET": "webhook_secret",
}
"""Conventional environment variable → key of the section."""


def build(settings: Settings, menu: Menu | None = None) -> Platform | None:
    """The live platform, or None without a token. `menu` is what readers see when they type "/"."""
    if settings.token is None:
        return None
    return TelegramPlatform(settings, settings.token.get_secret_value(), menu)


def dialect() -> Dialect:
    """The pure half: rendering and addresses, without token and network."""
    from newsbot.platforms.telegram.render import TelegramDialect  # noqa: PLC0415

    return TelegramDialect()


def person_id(value: object) -> str:
    """A person's id as updates carry it. Raises ValueError: usernames change hands, numbers do not."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 52:
        raise ValueError("must be the person's numeric id")
    return str(value)
