"""Bolt as parser and acknowledger: every command, press and event goes through one door."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from newsbot.core.model import Inbound, Reply
from newsbot.platforms.slack.answer import asked_again, offered, payload_of
from newsbot.platforms.slack.inbound import (
    FIELD,
    Handle,
    from_command,
    from_event,
    from_form,
    from_press,
    home_of,
    team_of,
)
from newsbot.platforms.slack.wire import library_log
from newsbot.platforms.slack.workspaces import Workspace, Workspaces
from newsbot.ports import Door, StoreDown

log = structlog.get_logger()

Payload = dict[str, Any]
Acknowledge = Callable[..., Awaitable[Any]]
Say = Callable[[Inbound, Sequence[Reply]], Coroutine[Any, Any, None]]
Direct = Callable[[Workspace, str], Awaitable[str]]
"""A workspace and a bare user id → our conversation with that person, "" where Slack does not open one."""

# Slack waits 3 seconds for an acknowledgement; what takes longer is answered afterwards.
BUDGET = 2.5
# Seconds until the second answer of a command: the first travels with the acknowledgement and should be read first.
AFTER = 0.3

TOGETHER = 16  # updates at the door at the same time; a flood waits here instead of growing in the store

ANY = re.compile(".*")
CAME_OR_WENT = ("member_joined_channel", "member_left_channel")

T = TypeVar("T")


class Listener:
    """One Bolt app with catch-all listeners. Work that outlives its acknowledgement is kept until `close`."""

    def __init__(self, door: Door, say: Say, direct: Direct, spaces: Workspaces) -> None:
        self._door = door
        self._say = say
        self._direct = direct
        self._spaces = spaces
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(TOGETHER)
        self._work: set[asyncio.Task[Any]] = set()
        self.app = self._build()

    async def close(self) -> None:
        """Drop the work still going on."""
        work = list(self._work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    def _build(self) -> AsyncApp:
        app = AsyncApp(
            name="bolt",  # a logger of this name gets its level set by the library: not ours
            client=self._spaces.home.web,
            authorize=authorizing(self._spaces),
            logger=library_log,
            # Acknowledge when the door is done, not before: a crash in between must not lose an event.
            process_before_response=True,
            request_verification_enabled=False,  # door.Guard did it over the raw body; sockets carry no signature
        )

        async def command(body: Payload, ack: Acknowledge) -> None:
            await self._command(body, ack)

        async def press(body: Payload, ack: Acknowledge) -> None:
            await ack()
            space = await self._heard_by(body)
            await self._through(from_press(body, space.me, await self._home(space, body)))

        async def form(body: Payload, ack: Acknowledge) -> None:
            await self._form(body, ack)

        async def event(body: Payload) -> None:
            await self._notice(body)
            space = await self._heard_by(body)
            await self._through(from_event(body, space.me, await self._home(space, body)))

        async def failed(error: Exception) -> None:
            # Answered with 500 (or not at all over a socket); Slack tries an event again and tells who typed a command.
            log.warning("slack.not_acknowledged", why=type(error).__name__)

        app.error(failed)
        app.command(ANY)(command)
        app.action(ANY)(press)
        app.view(ANY)(form)
        app.event(ANY)(event)
        return app

    async def _command(self, body: Payload, ack: Acknowledge) -> None:
        """The first answer goes into the acknowledgement, the others after it."""
        inbound = from_command(body, (await self._heard_by(body)).me)
        if inbound is None:
            await ack()
            return
        asked = self._keep(self._ask(inbound))
        done, _ = await asyncio.wait({asked}, timeout=BUDGET)
        if not done:
            await ack()
            self._keep(self._finish(inbound, asked))
            return
        replies = asked.result()
        if not replies:
            await ack()
            return
        if replies[0].ask is not None and len(inbound.text.split()) == 1:
            await ack()  # a form opens; an answer beside it would ask the same once more
            self._keep(self._say(inbound, replies))
            return
        # Words that were not understood are answered by words; a form would only look as if nothing had been typed.
        await ack({"response_type": "ephemeral", **payload_of(offered(replies[0]))})
        if len(replies) > 1:
            self._keep(self._rest(inbound, replies[1:]))

    async def _form(self, body: Payload, ack: Acknowledge) -> None:
        """What is wrong is told beside the field, and the form stays open. Else it closes, and what came of it is said where
        it was opened. Raises StoreDown: not acknowledged, so who filled it in may try again."""
        inbound = from_form(body, (await self._heard_by(body)).me)
        if inbound is None:
            await ack()
            return
        asked = self._keep(self._ask(inbound))
        done, _ = await asyncio.wait({asked}, timeout=BUDGET)
        if done and (wrong := asked_again(asked.result())):
            await ack(response_action="errors", errors={FIELD: wrong})
            return
        await ack()
        self._keep(self._finish(inbound, asked))

    async def _on_page(self, inbound: Inbound, replies: Sequence[Reply]) -> Sequence[Reply]:
        """The same; on the bot's own page what a form changed is shown under its heading, on the page as it is now, and plain
        words about a press are shown nowhere else."""
        handle, press = inbound.handle, inbound.kind == "press"
        home = isinstance(handle, Handle) and handle.pressed == "home" and inbound.kind != "home"
        if not home or not replies or any(reply.replaces or reply.ask for reply in replies):
            return replies
        if press and any(reply.buttons or reply.alert for reply in replies):
            return replies
        page = await self._ask(replace(inbound, kind="home", text="", event=f"{inbound.event}:home"))
        said = replies[0].text.partition("\n")[0]
        parts = [(one, one.text.partition("\n")) for one in page[:1]]
        shown = [replace(one, text=f"{title}\n{said}\n\n{rest}", replaces=True) for one, (title, _, rest) in parts]
        return shown if shown and press else [*shown, *replies]

    async def _heard_by(self, body: Payload) -> Workspace:
        """Through which installation we hear this; our own where it is none we know. Raises StoreDown.

        Of a channel that two share one of them hears, whichever it is; of a bot's coming and going its own is to hear.
        """
        space, event = await self._spaces.home_or(team_of(body)), body.get("event")
        if not isinstance(event, dict) or event.get("type") not in CAME_OR_WENT or event.get("user") == space.me.user:
            return space
        theirs = await self._spaces.home_or(str(event.get("team") or ""))
        return theirs if event.get("user") == theirs.me.user else space

    async def _home(self, space: Workspace, body: Payload) -> str:
        """Our conversation with the person whose page this is about; "" where it is about none, or says it itself."""
        event = body.get("event")
        told = isinstance(event, dict) and event.get("channel")
        user = "" if told else home_of(body)
        return await self._direct(space, user) if user else ""

    async def _through(self, inbound: Inbound | None) -> None:
        """Ask the door and say its answers, in the background once the budget is spent. Raises StoreDown."""
        if inbound is None:
            return
        turn = self._keep(self._turn(inbound))
        done, _ = await asyncio.wait({turn}, timeout=BUDGET)
        if done and not turn.cancelled():
            turn.result()
        elif not done:
            turn.add_done_callback(lambda late: _late(late, inbound))

    async def _turn(self, inbound: Inbound) -> None:
        """One after another for one person: two quick taps must not leave the older page on the screen."""
        async with self._lanes.setdefault(inbound.user or inbound.event, asyncio.Lock()):
            await self._say(inbound, await self._on_page(inbound, await self._ask(inbound)))

    async def _ask(self, inbound: Inbound) -> Sequence[Reply]:
        try:
            async with self._room:
                return await self._door(inbound)
        except StoreDown:
            raise  # not acknowledged: Slack tries an event again
        except Exception:
            log.exception("slack.update_failed", event_id=inbound.event)
            return ()

    async def _finish(self, inbound: Inbound, asked: asyncio.Task[Sequence[Reply]]) -> None:
        try:
            replies = await self._on_page(inbound, await asked)
        except StoreDown:
            log.warning("slack.store_down", event_id=inbound.event)
            return
        await self._say(inbound, replies)

    async def _rest(self, inbound: Inbound, replies: Sequence[Reply]) -> None:
        await asyncio.sleep(AFTER)
        await self._say(inbound, replies)

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    async def _notice(self, body: Payload) -> None:
        """What ends an installation: our own is a matter for the log, sending will find out by itself; another one's token is
        forgotten. Raises StoreDown, and then Slack tells it again."""
        event = body.get("event")
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(event, dict) or kind not in ("app_uninstalled", "tokens_revoked"):
            return
        if kind == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return  # a person's own token; we use none
        team = str(body.get("team_id") or "")
        log.error("slack.installation_ended", event_type=kind, team=team)
        await self._spaces.drop(team)


def authorizing(spaces: Workspaces) -> Callable[[], Awaitable[AuthorizeResult]]:
    """Who we are, told without asking: without this Bolt calls auth.test before every single event. It needs a token to
    let a listener speak; ours never do, so that of our own workspace does for all."""

    async def authorize() -> AuthorizeResult:  # a plain function: Bolt looks at the names of its arguments
        who = spaces.home.me
        return AuthorizeResult(
            enterprise_id=who.enterprise or None,
            team_id=who.team,
            bot_user_id=who.user,
            bot_id=who.bot,
            bot_token=spaces.home.token,
        )

    return authorize


def _late(turn: asyncio.Task[None], inbound: Inbound) -> None:
    """Acknowledged already, so Slack does not try again."""
    if not turn.cancelled() and turn.exception() is not None:
        log.warning("slack.store_down", event_id=inbound.event)
