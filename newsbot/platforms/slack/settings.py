"""The `[slack]` section of the config."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from newsbot.core.model import Pace, Policy, Urgency
from newsbot.platforms.secret import from_files

ONE_KEY = 32  # bytes, before base64 (cryptography's Fernet)
UNFIT = re.compile(r"[\s\x00-\x1f\x7f]|[^\x00-\x7f]")


SECRETS = ("bot_token", "app_token", "signing_secret", "client_secret", "token_key")


class Settings(BaseModel):
    """What an operator may set for Slack. Errors name the key and never show its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bot_token: SecretStr | None = None
    bot_token_file: str = ""
    app_token: SecretStr | None = None
    app_token_file: str = ""
    signing_secret: SecretStr | None = None
    signing_secret_file: str = ""
    # Several workspaces: what the app needs to be installed by their admins, and the key their tokens are kept with.
    client_id: str = ""
    client_secret: SecretStr | None = None
    client_secret_file: str = ""
    token_key: SecretStr | None = None
    token_key_file: str = ""
    authorize_url: str = "https://slack.com/oauth/v2/authorize"
    redirect_url: str = ""  # empty: the first one of the app's own list
    api_base: str = "https://slack.com/api/"
    # Messages a second over all channels. Slack allows "several hundred messages per minute" in a workspace
    # (docs.slack.dev/apis/web-api/rate-limits); 300 a minute is the least "several hundred" can mean.
    rate: float = Field(default=5.0, gt=0, le=100)
    # Messages a second in one channel (docs.slack.dev/reference/methods/chat.postMessage).
    per_channel: float = Field(default=1.0, gt=0, le=1000)

    # What is done about a message nobody knows the end of, by urgency: nothing, sending it once more, or looking into the
    # channel first.
    doubt_flash: Policy = "read"
    doubt_breaking: Policy = "read"
    doubt_normal: Policy = "read"

    @property
    def policies(self) -> Mapping[Urgency, Policy]:
        """What is done about doubts."""
        return {
            Urgency.FLASH: self.doubt_flash,
            Urgency.BREAKING: self.doubt_breaking,
            Urgency.NORMAL: self.doubt_normal,
        }

    @property
    def token_keys(self) -> tuple[str, ...]:
        """The keys further workspaces' tokens are kept with: the first closes, each of them opens."""
        return tuple(_key(part) for part in _parts(self.token_key)) if self.token_key else ()

    @property
    def installs(self) -> bool:
        """Whether further workspaces may be added."""
        return bool(self.client_id and self.client_secret and self.token_key)

    @property
    def pace(self) -> Pace:
        """What one app may post in one workspace."""
        return Pace(self.rate, 1 / self.per_channel, 1 / self.per_channel)

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, raw: Any) -> Any:
        return from_files(raw, SECRETS)

    @field_validator(*SECRETS)
    @classmethod
    def _clean(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if UNFIT.search(value.get_secret_value()):
            raise ValueError("contains a space, a line break or another character no token has")
        return value

    @field_validator("token_key")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        for part in _parts(value) if value else ():
            try:
                length = len(b64decode(_key(part), altchars=b"-_", validate=True))
            except ValueError:
                length = 0
            if length != ONE_KEY:
                raise ValueError(
                    f"must be {ONE_KEY} random bytes in base64, as `openssl rand -base64 {ONE_KEY}` prints them"
                )
        return value

    @field_validator("authorize_url", "redirect_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        given = {"client_id": self.client_id, "client_secret": self.client_secret, "token_key": self.token_key}
        missing = [name for name, value in given.items() if not value]
        if missing and len(missing) < len(given):
            raise ValueError(f"several workspaces need {', '.join(missing)} as well")
        return self

    @field_validator("api_base")
    @classmethod
    def _base(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value.rstrip("/") + "/"


def _parts(key: SecretStr) -> list[str]:
    return [part for part in key.get_secret_value().split(",") if part]


def _key(part: str) -> str:
    """The same key in the letters addresses use, which is what the library takes."""
    return part.replace("+", "-").replace("/", "_")
