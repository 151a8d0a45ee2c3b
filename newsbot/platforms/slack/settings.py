"""The `[slack]` section of the config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from newsbot.core.model import Pace, Policy, Urgency
from newsbot.platforms.secret import from_files

UNFIT = re.compile(r"[\s\x00-\x1f\x7f]|[^\x00-\x7f]")


class Settings(BaseModel):
    """What an operator may set for Slack. Errors name the key and never show its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    bot_token: SecretStr | None = None
    bot_token_file: str = ""
    app_token: SecretStr | None = None
    app_token_file: str = ""
    signing_secret: SecretStr | None = None
    signing_secret_file: str = ""
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
    def pace(self) -> Pace:
        """What one app may post in one workspace."""
        return Pace(self.rate, 1 / self.per_channel, 1 / self.per_channel)

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, raw: Any) -> Any:
        return from_files(raw, ("bot_token", "app_token", "signing_secret"))

    @field_validator("bot_token", "app_token", "signing_secret")
    @classmethod
    def _clean(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if UNFIT.search(value.get_secret_value()):
            raise ValueError("contains a space, a line break or another character no token has")
        return value

    @field_validator("api_base")
    @classmethod
    def _base(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value.rstrip("/") + "/"
