"""Socket Mode as the app sees it: a hello, envelopes to acknowledge, a disconnect.

Page: docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from newsbot.sandbox.slack.state import APP
from newsbot.sandbox.slack.wire import Ack

if TYPE_CHECKING:
    from newsbot.sandbox.world import World

_CLOSED = (RuntimeError, WebSocketDisconnect, OSError)


async def serve_socket(world: World, socket: WebSocket) -> None:
    """Hold one socket until either side leaves; a ticket opens one socket, once."""
    wire = world.slack.wire
    ticket = socket.query_params.get("ticket", "")
    if ticket not in wire.tickets:
        await socket.close(1008)
        return
    wire.tickets.discard(ticket)
    await socket.accept()
    hello = {
        "type": "hello",
        "num_connections": len(wire.sockets) + 1,
        "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": APP},
    }
    with contextlib.suppress(*_CLOSED):
        await socket.send_text(json.dumps(hello))
        wire.sockets.append(socket)
        try:
            while True:
                _answered(world, await socket.receive_text())
        finally:
            if socket in wire.sockets:
                wire.sockets.remove(socket)


def _answered(world: World, text: str) -> None:
    """Match an acknowledgement to its envelope; noise and late ones are noted, not fatal."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "envelope_id" not in said:
        world.record.note("slack_socket_noise", text=text[:200])
        return
    waiting = world.slack.wire.pending.get(str(said["envelope_id"]))
    if waiting is None or waiting.done():
        world.record.note("slack_late_ack", envelope=str(said["envelope_id"]))
        return
    payload = said.get("payload")
    waiting.set_result(payload if isinstance(payload, dict) else {"text": payload} if payload else None)


async def send_envelope(world: World, kind: str, payload: dict[str, Any], attempt: int, why: str) -> Ack:
    """Give one envelope to one socket and wait for its acknowledgement."""
    wire = world.slack.wire
    socket = wire.next_socket()
    if socket is None:
        return Ack(False, reason="no_socket")
    envelope: dict[str, Any] = {
        "envelope_id": str(uuid.uuid4()),
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind != "events_api",
    }
    if kind == "events_api":
        envelope |= {"retry_attempt": attempt, "retry_reason": why}
    waiting: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
    wire.pending[envelope["envelope_id"]] = waiting
    try:
        await socket.send_text(json.dumps(envelope, ensure_ascii=False))
        return Ack(True, await asyncio.wait_for(waiting, world.home.ack_seconds))
    except TimeoutError:
        return Ack(False, reason="timeout")
    except _CLOSED:
        return Ack(False, reason="socket_closed")
    finally:
        del wire.pending[envelope["envelope_id"]]


async def disconnect(world: World, reason: str) -> int:
    """Tell every socket to go; a mere warning leaves them open. Returns how many were told."""
    sockets = list(world.slack.wire.sockets)
    goodbye = json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
    for socket in sockets:
        if reason != "warning" and socket in world.slack.wire.sockets:
            world.slack.wire.sockets.remove(socket)  # no new envelope for a socket on its way out
        with contextlib.suppress(*_CLOSED):
            await socket.send_text(goodbye)
            if reason != "warning":
                await socket.close(1000)
    return len(sockets)
