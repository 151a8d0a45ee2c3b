"""Answers where the update came from: in a form, in place of what was pressed, on the bot's page, to one person, in a chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from newsbot.core.model import Inbound, Reply
from newsbot.platforms.slack.answer import offered, payload_of
from newsbot.platforms.slack.inbound import Handle, Origin
from newsbot.platforms.slack.view import form, home
from newsbot.platforms.slack.wire import Wire

# An answer of its own, seen by the person alone.
NEW: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False}


class Speaker:
    """One workspace's token and one of its channels, for the answers to one update. Failures are logged, never raised."""

    def __init__(self, wire: Wire, token: str, channel: str) -> None:
        self._wire, self._token, self._channel = wire, token, channel

    async def say(self, to: Inbound, replies: Sequence[Reply]) -> None:
        """Each of these as it asks. The bot's page is drawn from the first; it shows one at a time."""
        handle = to.handle if isinstance(to.handle, Handle) else Handle()
        if to.kind == "home":
            if replies:
                await self._publish(handle.user, replies[0])
            return
        free = bool(handle.pressed)
        for reply in replies:
            if reply.ask and handle.trigger and await self._open_form(handle, reply):
                continue
            said = offered(reply)
            if free and reply.replaces and reply.alert is None and await self._replace(handle, said):
                free = False
                continue
            await self._tell(to, handle, payload_of(said))

    async def _tell(self, to: Inbound, handle: Handle, payload: dict[str, Any]) -> None:
        """A new message. In the person's own conversation one that stays, but for what answers a passing one there."""
        passing = to.place != "private" or to.kind == "say" or handle.pressed == "ephemeral"
        if not (handle.response_url and passing and await self._wire.respond(handle.response_url, NEW | payload)):
            await self._answer(to, handle, payload)

    async def _replace(self, handle: Handle, reply: Reply) -> bool:
        """Put the reply in the place of what was pressed; False where Slack does not let us (it is gone, it is too long)."""
        if handle.pressed == "home":
            return await self._publish(handle.user, reply)
        payload = payload_of(reply)
        if handle.pressed == "ephemeral":
            return await self._wire.respond(handle.response_url, {"replace_original": True} | payload)
        return await self._done("chat.update", {"channel": self._channel, "ts": handle.ts, **payload})

    async def _publish(self, user: str, reply: Reply) -> bool:
        """Show the reply as the bot's page. The newest stays; no `hash`, because the door answers a person in order."""
        return await self._done("views.publish", {"user_id": user, "view": home(reply)})

    async def _open_form(self, handle: Handle, reply: Reply) -> bool:
        """Open the form; False where it is too late for that, and the words have to do."""
        assert reply.ask is not None  # noqa: S101 - the caller looked
        origin = Origin(self._channel, reply.ask.verb, handle.response_url, handle.pressed, handle.ts)
        view = form(reply.ask, reply.text, origin)
        return await self._done("views.open", {"trigger_id": handle.trigger, "view": view})

    async def _answer(self, to: Inbound, handle: Handle, payload: dict[str, Any]) -> None:
        """Without such an address: a message in a direct conversation or about the place, else to the person alone."""
        quiet = bool(handle.user) and to.place != "private"
        method, extra = ("chat.postEphemeral", {"user": handle.user}) if quiet else ("chat.postMessage", {})
        await self._done(method, {"channel": self._channel, **extra, **payload})

    async def _done(self, method: str, payload: dict[str, Any]) -> bool:
        return await self._wire.done(self._token, method, payload)
