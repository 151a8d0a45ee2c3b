"""What every Slack checker shares: the refusal, strict field access, and the account of what a reader sees.

Lengths: Slack's pages say "characters" without naming the unit. The sandbox counts UTF-16 code units, the
strictest reading (an emoji counts two), so a text that passes here passes under every reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from newsbot.sandbox.slack.mrkdwn import Mentions, Rendered, render, shortcodes


class SlackError(Exception):
    """A refusal with Slack's own error code; `detail` says where and why, with a JSON pointer for blocks."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Press:
    """One thing a reader can press: what the reader reads on it and what Slack would send back."""

    label: str
    action_id: str
    block_id: str
    kind: str
    value: str = ""
    url: str = ""


@dataclass(slots=True)
class Seen:
    """Everything the checkers learn on their way through a payload."""

    links: list[tuple[str, str]] = field(default_factory=list)
    mentions: Mentions = field(default_factory=Mentions)
    styled: list[tuple[str, str]] = field(default_factory=list)
    emoji: list[str] = field(default_factory=list)
    buttons: list[Press] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    block_id: str = ""
    action_ids: set[str] = field(default_factory=set)
    in_view: bool = False  # an App Home or a modal, where more elements are allowed than on a message
    focused: bool = False

    def take(self, rendered: Rendered) -> str:
        """The plain text of a piece of mrkdwn, its links, marks and mentions noted."""
        self.links += rendered.links
        self.styled += rendered.styled
        self.emoji += rendered.emoji
        self.mentions.add(rendered.mentions)
        return rendered.plain


def fail(at: str, why: str) -> NoReturn:
    """`invalid_blocks` in the words Slack uses: the reason, then the pointer."""
    raise SlackError("invalid_blocks", f"{why} [json-pointer:{at}]")


def units(text: str) -> int:
    """Length in UTF-16 code units; half an emoji (a lone surrogate) is no text at all."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise SlackError("invalid_charset", "lone surrogate in text") from error


def mapping(value: object, at: str) -> Mapping[str, Any]:
    """The value as an object, or a refusal."""
    if not isinstance(value, dict):
        fail(at, "must be an object")
    return value


def items(obj: Mapping[str, Any], key: str, at: str, most: int) -> Sequence[Any]:
    """A list of one to `most` entries under `key`."""
    value = obj.get(key)
    if not isinstance(value, list):
        fail(f"{at}/{key}", "must be an array")
    if not value:
        fail(f"{at}/{key}", "no fewer than 1 items")
    if len(value) > most:
        fail(f"{at}/{key}", f"no more than {most} items allowed, found {len(value)}")
    return value


def known(obj: Mapping[str, Any], at: str, need: Collection[str], may: Collection[str] = ()) -> None:
    """Refuse a missing field and a field nobody documents."""
    for key in need:
        if key not in obj:
            fail(at, f"missing required field: {key}")
    for key in obj:
        if key not in need and key not in may:
            fail(f"{at}/{key}", f"invalid additional property: {key}")


def string(obj: Mapping[str, Any], key: str, at: str, most: int, least: int = 1) -> str:
    """A text of `least` to `most` UTF-16 units under `key`."""
    value = obj.get(key)
    if not isinstance(value, str):
        fail(f"{at}/{key}", "must be a string")
    size = units(value)
    if size > most:
        fail(f"{at}/{key}", f"must be less than {most + 1} characters, found {size}")
    if size < least:
        fail(f"{at}/{key}", f"must be more than {least - 1} characters")
    return value


def boolean(obj: Mapping[str, Any], key: str, at: str, default: bool) -> bool:
    """A real boolean or the default; the strings "true" and "false" are refused inside blocks."""
    value = obj.get(key, default)
    if not isinstance(value, bool):
        fail(f"{at}/{key}", "must be a boolean")
    return value


def choice(obj: Mapping[str, Any], key: str, at: str, among: Collection[str]) -> str:
    """One of the documented words."""
    value = obj.get(key)
    if not isinstance(value, str) or value not in among:
        fail(f"{at}/{key}", f"must be one of: {', '.join(sorted(among))}")
    return value


def integer(obj: Mapping[str, Any], key: str, at: str, least: int, most: int) -> int:
    """A whole number in range; true and false are not numbers."""
    value = obj.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        fail(f"{at}/{key}", f"must be an integer from {least} to {most}")
    return value


def zone_known(name: str) -> bool:
    """Whether this is an IANA time zone, as "Asia/Seoul"."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def web_url(obj: Mapping[str, Any], key: str, at: str, most: int = 3000) -> str:
    """An absolute http(s) address without blanks (3000: slack_sdk/models/blocks image_url, button url)."""
    url = string(obj, key, at, most)
    scheme, mark, rest = url.partition("://")
    if scheme.lower() not in ("http", "https") or not mark or not rest or rest[0] in "/?#":
        fail(f"{at}/{key}", "must be a valid http(s) URL")
    if any(sign.isspace() or sign in "<>" for sign in url):
        fail(f"{at}/{key}", "must be a valid URL: no blanks, < or >")
    return url


def image_url(obj: Mapping[str, Any], at: str) -> str:
    """An address Slack can fetch a picture from; an unreachable host is refused in Slack's own words.

    Wording: github.com/slackapi/python-slack-sdk/issues/1782. That http is refused too is the sandbox's strictness.
    """
    url = web_url(obj, "image_url", at)
    if not url.lower().startswith("https://"):
        fail(f"{at}/image_url", "must be a valid https URL")
    host = urlsplit(url).hostname or ""
    if "." not in host or host.startswith("127."):
        fail(f"{at}/image_url", "downloading image failed")
    return url


def text_object(value: object, at: str, most: int, seen: Seen, mrkdwn: bool = False) -> str:
    """The plain text of a text object: `plain_text`, and `mrkdwn` only where Slack allows it.

    Fields: docs.slack.dev/reference/block-kit/composition-objects/text-object (`emoji` belongs to plain_text
    alone, `verbatim` to mrkdwn alone).
    """
    obj = mapping(value, at)
    kind = choice(obj, "type", at, ("plain_text", "mrkdwn") if mrkdwn else ("plain_text",))
    if kind == "plain_text":
        known(obj, at, ("type", "text"), ("emoji",))
        text = string(obj, "text", at, most)
        if boolean(obj, "emoji", at, True):
            seen.emoji += shortcodes(text)
        return text
    known(obj, at, ("type", "text"), ("verbatim",))
    text = string(obj, "text", at, most)
    return seen.take(render(text, verbatim=boolean(obj, "verbatim", at, False)))
