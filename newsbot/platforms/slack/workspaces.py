"""The workspaces the app is installed in: the one whose token the config has, and those added by their admins.

A further workspace's token is on the platform's shelf, encrypted with the key from the environment (`SLACK_TOKEN_KEY`):
who reads Redis, or a copy of it, has no token. The workspace's id is encrypted with it, so that no entry stands for another.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from slack_sdk.web.async_client import AsyncWebClient

from newsbot.core.model import Address
from newsbot.platforms.slack.inbound import Me
from newsbot.platforms.slack.settings import Settings
from newsbot.platforms.slack.wire import Wire, library_log
from newsbot.ports import Shelf, StoreDown

log = structlog.get_logger()

KEPT = 30.0  # seconds until a workspace is looked up again: another process may have installed it, or lost it
MOST = 10_000  # workspaces remembered


class Unreadable(Exception):
    """There is a token for this workspace, and none of our keys opens it."""


@dataclass(frozen=True, slots=True)
class Vault:
    """The platform's shelf behind a lock: it closes with the first key and opens with each of them."""

    shelf: Shelf
    lock: MultiFernet

    async def put(self, me: Me, token: str) -> None:
        """Keep this installation, in place of an earlier one. Raises StoreDown."""
        record = asdict(replace(me, home=False)) | {"token": token}
        await self.shelf.put(me.team, self.lock.encrypt(json.dumps(record).encode()))

    async def get(self, team: str) -> tuple[Me, str] | None:
        """Who we are there, and the token. Raises Unreadable, StoreDown."""
        kept = await self.shelf.get(team)
        if kept is None:
            return None
        try:
            record = json.loads(self.lock.decrypt(kept))
            token, me = str(record.pop("token")), Me(**record)
        except (InvalidToken, ValueError, TypeError, KeyError):
            raise Unreadable(team) from None
        if me.team != team or me.home:
            raise Unreadable(team)
        return me, token

    async def renew(self) -> None:
        """Look whether every token opens, and close it with the first key. Raises StoreDown."""
        for team in await self.shelf.names():
            try:
                found = await self.get(team)
            except Unreadable:
                log.error("slack.token_unreadable", team=team, detail="no key of SLACK_TOKEN_KEY opens it")
                continue
            if found is not None:
                await self.put(*found)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Who we are in one workspace, and how we speak there. The token is in no repr."""

    me: Me
    web: AsyncWebClient

    @property
    def token(self) -> str:
        """The bot token."""
        return self.web.token or ""


class Workspaces:
    """Every workspace by its id. Without a vault there is the one of the config."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        wire: Wire,
        vault: Vault | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._wire, self.vault, self._clock = settings, wire, vault, clock
        self.home = Workspace(Me(), self._client(token))
        self._known: OrderedDict[str, tuple[float, Workspace | None]] = OrderedDict()

    def is_home(self, me: Me) -> None:
        """What auth.test says of the config's token."""
        self.home = replace(self.home, me=me)

    def api(self) -> AsyncWebClient:
        """The library's client of our own workspace, ready for the running loop."""
        self.home.web.session = self._wire.session()
        return self.home.web

    async def at(self, to: Address) -> tuple[Workspace, str] | None:
        """The workspace and channel of an address; None where the app is not installed there.

        Raises Unreadable, and StoreDown where it was never looked up before.
        """
        team, slash, channel = to.chat.rpartition("/")
        found = await self.of(team) if slash else self.home
        return (found, channel) if found else None

    async def of(self, team: str) -> Workspace | None:
        """The workspace of this id; None where the app is not installed. Raises Unreadable, StoreDown."""
        if team == self.home.me.team:
            return self.home
        if self.vault is None or not team:
            return None
        until, before = self._known.get(team, (0.0, None))
        if self._clock() < until:
            return before
        try:
            kept = await self.vault.get(team)
        except StoreDown:
            if before is None:
                raise
            return before  # a sender that lost Redis for a moment goes on with what it knew
        found = self._workspace(*kept, before) if kept else None
        self._known[team] = (self._clock() + KEPT, found)
        self._known.move_to_end(team)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return found

    async def has(self, team: str) -> bool:
        """Whether the app is installed there, readable or not. Raises StoreDown."""
        try:
            return await self.of(team) is not None
        except Unreadable:
            return True

    async def home_or(self, team: str) -> Workspace:
        """The same, and our own for a workspace we do not know: its people are strangers there. Raises StoreDown."""
        try:
            return await self.of(team) or self.home
        except Unreadable:
            return self.home

    async def add(self, me: Me, token: str) -> None:
        """A workspace installed the app, once more perhaps. Raises StoreDown."""
        if self.vault is not None:
            await self.vault.put(me, token)
            self._known.pop(me.team, None)
            log.info("slack.installed", team=me.team)

    async def drop(self, team: str) -> None:
        """A workspace threw the app out: its token is forgotten. Raises StoreDown."""
        if self.vault is not None and team != self.home.me.team:
            await self.vault.shelf.drop(team)
            self._known.pop(team, None)

    def _workspace(self, me: Me, token: str, before: Workspace | None) -> Workspace:
        me = replace(me, home=False)
        if before is not None and before.me == me and before.token == token:
            return before
        web = self._client(token)
        web.session = self._wire.session()
        return Workspace(me, web)

    def _client(self, token: str) -> AsyncWebClient:
        web = AsyncWebClient(token, self._settings.api_base, logger=library_log, retry_handlers=[])
        web.proxy = None  # the library takes one from the environment
        return web


def vault_of(settings: Settings, shelf: Shelf | None) -> Vault | None:
    """The vault, where the config has a key and there is a shelf."""
    keys = settings.token_keys
    return Vault(shelf, MultiFernet([Fernet(key) for key in keys])) if keys and shelf is not None else None
