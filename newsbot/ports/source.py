"""Where articles come from, and the one way out to addresses that others gave us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from newsbot.core.model import Article, SourceKind


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered: the final address after redirects, headers in lower case, the decoded body.

    `moved`: where redirects that are said to be permanent lead, "" for none.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    moved: str = ""


class FetchError(Exception):
    """No answer: one line that names the address and why. `nobody`: there is no such host, or the address guard lets
    nothing through to it, so asking again changes nothing."""

    def __init__(self, line: str, *, nobody: bool = False) -> None:
        super().__init__(line)
        self.nobody = nobody


class Fetch(Protocol):
    """The one way out to addresses that others gave us; every one passes the address guard."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """The page, at most 5 MB in 10 s and 3 redirects. Raises FetchError."""
        ...

    async def status(self, url: str) -> int:
        """Its HTTP status alone, after redirects; the body is not read. Raises FetchError."""
        ...


class Source(Protocol):
    """Where articles come from."""

    name: str
    kind: SourceKind

    async def scan(self) -> Sequence[Article]:
        """Every article as it stands now. Raises SourceError when the source itself cannot be read."""
        ...

    def changes(self) -> AsyncIterator[Sequence[Article]]:
        """New or changed articles as they happen, for ever. Raises SourceError where the source is not there any more."""
        ...

    def has(self, article: Article) -> bool:
        """Whether the source still shows this piece under the name it had."""
        ...


class SourceError(Exception):
    """The source cannot be read at all: one line that names it and why."""
