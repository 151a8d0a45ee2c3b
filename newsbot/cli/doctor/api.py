"""Single questions to the platforms' own servers, for `init` and `doctor`: the clients that send alerts hide what these
two look at (headers, bodies of refusals)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

SECONDS = 8.0
"""For one question; below the ten that a check may take."""


class Unreachable(Exception):
    """Nobody answered usefully: one line without address and token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method answered. `skew`: seconds the server's clock is ahead of ours, 0 where it named no time."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    skew: float

    @property
    def ok(self) -> bool:
        """Whether the platform said ok."""
        return self.status == 200 and self.body.get("ok") is True

    @property
    def result(self) -> Mapping[str, Any]:
        """Telegram's result, where that is an object."""
        found = self.body.get("result")
        return found if isinstance(found, dict) else {}

    @property
    def why(self) -> str:
        """The refusal in the platform's words, shortened."""
        return str(self.body.get("description") or self.body.get("error") or f"HTTP {self.status}")[:200]


async def telegram(section: Any, method: str, *, seconds: float = SECONDS, **fields: Any) -> Answer:
    """One Bot API call with this section's token. Raises Unreachable."""
    url = f"{section.api_base}/bot{section.token.get_secret_value()}/{method}"
    return await post(url, {}, fields, seconds)


async def slack(section: Any, method: str, token: Any, **fields: str) -> Answer:
    """One Web API call with this token (a SecretStr). Raises Unreachable."""
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    return await post(section.api_base + method, headers, fields, SECONDS, form=True)


async def post(
    url: str, headers: Mapping[str, str], fields: Mapping[str, Any], seconds: float, *, form: bool = False
) -> Answer:
    """POST, JSON or a form. No proxy, no redirect: what is said here is said with a token."""
    body: dict[str, Any] = {"data": fields} if form else {"json": fields}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=seconds) as client:
            began = time.time()
            reply = await client.post(url, headers=dict(headers), **body)
            ended = time.time()
        found = reply.json()
    except httpx.TimeoutException:
        raise Unreachable(f"no answer within {seconds:g} s") from None
    except httpx.ConnectError:
        raise Unreachable("no connection") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        # Their own words may hold the address, and with it the token.
        raise Unreachable(f"no usable answer ({type(error).__name__})") from None
    return Answer(
        reply.status_code, found if isinstance(found, dict) else {}, reply.headers, ahead(reply.headers, began, ended)
    )


def ahead(headers: Mapping[str, str], began: float, ended: float) -> float:
    """Seconds the Date header lies outside of what our clock saw; it counts whole seconds, cut off."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return 0.0
    if theirs > ended:
        return theirs - ended
    return min(0.0, theirs + 1 - began)
