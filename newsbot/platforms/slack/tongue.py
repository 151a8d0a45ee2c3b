"""What language a person's Slack is set to (users.info with include_locale, scope users:read), remembered for a day."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from newsbot.platforms.slack.look import told_ok
from newsbot.platforms.slack.wire import Wire
from newsbot.platforms.slack.workspaces import Workspace

KEPT = 86_400.0  # seconds
AGAIN = 300.0  # seconds until it is asked again where Slack did not say
MOST = 10_000  # people remembered
PATIENCE = 1.0  # seconds an answer waits for this; Slack gives us three for all of it


class Tongues:
    """Never raises: whose language is not known is spoken to in the newsroom's."""

    def __init__(self, wire: Wire, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire, self._clock = wire, clock
        self._known: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    async def of(self, space: Workspace, user: str) -> str:
        """ "ko" for a Korean Slack, "en" for any other, "" where it is not known. At most one request."""
        key = (space.me.team, user)
        until, known = self._known.get(key, (0.0, ""))
        if self._clock() < until:
            return known
        told = await self._asked(space, user)
        self._known[key] = (self._clock() + (KEPT if told else AGAIN), told or known)
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return told or known

    async def _asked(self, space: Workspace, user: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._wire.ask(space.token, "users.info", user=user, include_locale="true")
        except TimeoutError:
            return ""
        person = told_ok(answer).get("user")
        locale = person.get("locale") if isinstance(person, dict) else None
        if not isinstance(locale, str) or not locale:
            return ""
        return "ko" if locale.lower().startswith("ko") else "en"
