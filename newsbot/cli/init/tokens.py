"""Question 3: the tokens, each checked with its platform before the next question."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsbot import bootstrap, platforms
from newsbot.cli.doctor import api
from newsbot.cli.init.talk import Talk
from newsbot.settings import ConfigError, Settings

FILES = {
    "TELEGRAM_BOT_TOKEN": "telegram.token",
    "SLACK_BOT_TOKEN": "slack-bot.token",
    "SLACK_APP_TOKEN": "slack-app.token",
    "SLACK_SIGNING_SECRET": "slack-signing.token",
}
"""Variable of a secret → the file it is kept in, beside the config."""

BEGINNINGS = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
TELEGRAM, SLACK = "telegram", "slack"


@dataclass
class Tokens:
    """The secrets of this conversation. `environ` is what the clients are built from: the process's own and these."""

    settings: Settings
    environ: dict[str, str]
    typed: dict[str, str] = field(default_factory=dict)  # variable → secret, to be written to its file
    bots: dict[str, str] = field(default_factory=dict)  # platform → how people find its bot

    def section(self, platform: str, **more: str) -> Any:
        """That platform's settings as they will be. Raises ConfigError."""
        return bootstrap.platform_settings(platform, self.settings, {**self.environ, **more})

    def take(self, variable: str, secret: str) -> None:
        """This one was accepted."""
        self.typed[variable] = self.environ[variable] = secret

    def has(self, platform: str) -> bool:
        """Whether a token is known already, from the environment or the config. Raises ConfigError."""
        return bool(platforms.load(platform).has_token(self.section(platform)))


def ask(talk: Talk, tokens: Tokens) -> None:
    """Both platforms' tokens; either may be left out."""
    for platform, asks in ((TELEGRAM, telegram), (SLACK, slack)):
        if known(talk, tokens, platform):
            continue
        asks(talk, tokens)
    for variable in tokens.typed:
        if os.environ.get(variable) or os.environ.get(f"{variable}_FILE"):
            talk.say("tokens.overridden", variable=variable)
    if not tokens.bots:
        talk.say("tokens.none")


def known(talk: Talk, tokens: Tokens, platform: str) -> bool:
    """Whether the token that is there already is to be used; it is checked like a new one."""
    try:
        if not tokens.has(platform):
            return False
        bot, complaint = asyncio.run(CHECKS[platform](talk, tokens.section(platform)))
    except ConfigError as error:
        talk.tell(error)
        return False
    if complaint:
        talk.tell(complaint)
        return False
    if not talk.agrees("tokens.known", bot=bot):
        return False
    tokens.bots[platform] = bot
    return True


def telegram(talk: Talk, tokens: Tokens) -> None:
    """Telegram's one token."""

    def check(said: str) -> str | None:
        if not said:
            return None
        bot, complaint = judged(talk, tokens, TELEGRAM, {"TELEGRAM_BOT_TOKEN": said})
        if not complaint:
            tokens.take("TELEGRAM_BOT_TOKEN", said)
            tokens.bots[TELEGRAM] = bot
            talk.say("tokens.ok", bot=bot)
        return complaint or None

    talk.until(lambda: talk.secret("tokens.telegram"), check)


def slack(talk: Talk, tokens: Tokens) -> None:
    """Slack's bot token; then what brings its events: the app-level token, or else the signing secret."""

    def check(variable: str, said: str) -> str | None:
        if not said:
            return None
        if (beginning := BEGINNINGS.get(variable)) and not said.startswith(beginning):
            return talk.text("tokens.beginning", beginning=beginning)
        bot, complaint = judged(talk, tokens, SLACK, {variable: said})
        if not complaint:
            tokens.take(variable, said)
            tokens.bots[SLACK] = bot
            talk.say("tokens.ok", bot=bot)
        return complaint or None

    if not talk.until(lambda: talk.secret("tokens.slack"), lambda said: check("SLACK_BOT_TOKEN", said)):
        return
    if not talk.until(lambda: talk.secret("tokens.slack_app"), lambda said: check("SLACK_APP_TOKEN", said)):
        talk.until(lambda: talk.secret("tokens.slack_signing"), lambda said: check("SLACK_SIGNING_SECRET", said))


def judged(talk: Talk, tokens: Tokens, platform: str, more: Mapping[str, str]) -> tuple[str, str]:
    """How the bot is called, and what the platform says against the token ("" where it takes it)."""
    try:
        return asyncio.run(CHECKS[platform](talk, tokens.section(platform, **more)))
    except ConfigError as error:
        return "", str(error)


async def telegram_says(talk: Talk, section: Any) -> tuple[str, str]:
    """The bot's @name by getMe; a webhook that somebody else set is asked about, because starting takes it away."""
    try:
        me = await api.telegram(section, "getMe")
        if not me.ok:
            return "", talk.text("tokens.refused", platform="Telegram", why=me.why)
        hook = str((await api.telegram(section, "getWebhookInfo")).result.get("url") or "")
    except api.Unreachable as error:
        return "", talk.text("tokens.unreachable", where=section.api_base, why=error)
    if (
        hook
        and hook != section.webhook_url
        and not talk.agrees("tokens.webhook", default=False, host=urlsplit(hook).hostname)
    ):
        return "", talk.text("tokens.another")
    return f"@{me.result.get('username', '')}", ""


async def slack_says(talk: Talk, section: Any) -> tuple[str, str]:
    """The bot's name and workspace by auth.test, and whether the app-level token opens a socket."""
    try:
        me = await api.slack(section, "auth.test", section.bot_token)
        if not me.ok:
            return "", talk.text("tokens.refused", platform="Slack", why=me.why)
        if section.app_token is not None:
            opened = await api.slack(section, "apps.connections.open", section.app_token)
            if not opened.ok:
                return "", talk.text("tokens.refused_app", why=opened.why)
    except api.Unreachable as error:
        return "", talk.text("tokens.unreachable", where=section.api_base, why=error)
    return f"@{me.body.get('user', '')} ({me.body.get('team', '')})", ""


CHECKS = {TELEGRAM: telegram_says, SLACK: slack_says}


def keys(tokens: Tokens, folder: Path) -> dict[str, dict[str, str]]:
    """Per platform that is on: the keys that name the files of the typed secrets, and a server that is not the usual."""
    found: dict[str, dict[str, str]] = {}
    for platform in tokens.bots:
        module = platforms.load(platform)
        table = found.setdefault(platform, {})
        for variable, key in module.VARIABLES.items():
            if variable in tokens.typed:
                table[f"{key}_file"] = str(folder / FILES[variable])
        if (base := tokens.section(platform).api_base) != module.Settings().api_base:
            table["api_base"] = base
    return found
