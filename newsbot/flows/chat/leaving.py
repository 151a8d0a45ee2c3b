"""What is stored about a place, and how all of it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from newsbot.core.model import Button, Inbound, Reply, Subscriber
from newsbot.flows.chat.common import Common
from newsbot.flows.chat.panels import Panels
from newsbot.flows.chat.subscription import REASONS

log = structlog.get_logger()


@dataclass(frozen=True)
class Leaving:
    """Shows and forgets."""

    common: Common
    panels: Panels
    page: str
    """Where the newsroom says what it does with personal data, or "" """

    async def privacy(self, inbound: Inbound, language: str) -> Reply:
        """Everything stored about this place, and a button that deletes it."""
        say = self.common.say
        found = await self.common.subscribers.get(inbound.address)
        if found is None:
            return Reply(say(language, "privacy.nothing") + (f"\n{self.page}" if self.page else ""))
        lines = [
            say(language, "privacy.title"),
            say(language, "privacy.address", address=str(found.address)),
            say(language, "privacy.since", when=self._since(found, language)),
            say(language, f"privacy.{found.state}"),
            say(language, "privacy.language"),
            self.panels.summary.all(found, language),
            say(language, "privacy.kept"),
            *([self.page] if self.page else []),
        ]
        return Reply("\n".join(lines), (Button(say(language, "button.forget"), "forget"),))

    def _since(self, found: Subscriber, language: str) -> str:
        return self.common.when(found.since, self.common.zone(found), language, dated=True)

    async def forget(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """Ask once, then delete all of it at once."""
        say = self.common.say
        if list(arguments) != ["yes"]:
            yes = Button(say(language, "button.forget.yes"), "forget yes")
            return Reply(say(language, "privacy.sure"), (yes, Button(say(language, "button.close"), "set close")))
        for found in await self.common.subscribers.under(inbound.address):
            await self.common.subscribers.erase(found.address)
        return Reply(say(language, "privacy.gone"), replaces=True)

    async def reason(self, inbound: Inbound, arguments: Sequence[str], language: str) -> Reply:
        """Why somebody left: counted in the log, and kept nowhere."""
        if (named := "".join(arguments)) in REASONS:
            log.info("reader.left", platform=inbound.address.platform, reason=named)
        found, thanks = await self.common.subscribers.get(inbound.address), self.common.say(language, "reason.thanks")
        if found is None or found.state != "stopped":
            return Reply(thanks, replaces=True)
        return self.panels.subscription.ended(found, language, thanks)
