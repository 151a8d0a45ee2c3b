"""The `[telegram]` section of the config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from newsbot.core.model import Pace, Policy, Urgency
from newsbot.platforms.secret import from_files

# Bot API, setWebhook: secret_token, 1-256 characters of this set.
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")

# What may not stand in a token: it becomes part of a URL's path, and a newline means a file was pasted carelessly.
UNFIT = re.compile(r"[\s/?#%\x00-\x1f\x7f]|[^\x00-\x7f]")


class Settings(BaseModel):
    """What an operator may set for Telegram. Errors name the key and never show its value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr | None = None
    token_file: str = ""
    api_base: str = "https://api.telegram.org"
    webhook_url: str = ""
    webhook_secret: SecretStr | None = None
    # Messages a second over all chats: "about 30" unless paid broadcasts are on, then up to 1000 (Bot FAQ).
    rate: float = Field(default=30.0, gt=0, le=1000)
    # Paid broadcasts (Bot FAQ): 0.1 Star a message above 30 a second; 100,000 Stars and monthly users are needed.
    paid: bool = False
    # Messages a second in one chat, and a minute in one group (Bot FAQ: "more than one message per second" is too many in
    # a chat, "more than 20 messages per minute" in a group).
    per_chat: float = Field(default=1.0, gt=0, le=1000)
    per_group: float = Field(default=20.0, gt=0, le=60000)
    ops_chat: int = 0

    # What is done about a message nobody knows the end of, by urgency: nothing, or sending it once more. A bot cannot look:
    # Telegram lets none read its own history.
    doubt_flash: Literal["hold", "resend"] = "resend"
    doubt_breaking: Literal["hold", "resend"] = "hold"
    doubt_normal: Literal["hold", "resend"] = "hold"

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
        """What one bot may send."""
        return Pace(self.rate, 1 / self.per_chat, 60 / self.per_group, "-")

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, raw: Any) -> Any:
        return from_files(raw, ("token",))

    @field_validator("token", "webhook_secret")
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
        return value.rstrip("/")

    @model_validator(mode="after")
    def _webhook(self) -> Settings:
        if not self.webhook_url:
            return self
        if not self.webhook_url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("webhook_url: must start with https://")
        if self.webhook_secret is None:
            raise ValueError("webhook_secret: needed with webhook_url, or anybody could speak as Telegram")
        if not SECRET.fullmatch(self.webhook_secret.get_secret_value()):
            raise ValueError("webhook_secret: 1 to 256 of A-Z a-z 0-9 _ -")
        return self
