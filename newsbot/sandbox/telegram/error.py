"""The Bot API's refusals: code, description and parameters exactly as its server words them."""

from __future__ import annotations

from typing import Any

UNAUTHORIZED = "Unauthorized"
NO_METHOD = "Not Found: method not found"
POLL_WHILE_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
POLL_TWICE = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
POLL_ENDED_BY_WEBHOOK = "Conflict: terminated by setWebhook request"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"


class ApiError(Exception):
    """An answer with ok=false; `str()` is its description."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(detail: str) -> ApiError:
    """400 with the usual prefix."""
    return ApiError(400, f"Bad Request: {detail}")


def forbidden(detail: str) -> ApiError:
    """403 with the usual prefix."""
    return ApiError(403, f"Forbidden: {detail}")


def unparsable(detail: str) -> ApiError:
    """400 for markup that cannot be read; nothing is sent."""
    return ApiError(400, f"Bad Request: can't parse entities: {detail}")


def too_many(retry_after: Any) -> ApiError:
    """429; the pause stands in the text, the parameters and the Retry-After header. None leaves it out everywhere."""
    if retry_after is None:
        return ApiError(429, "Too Many Requests")
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})
