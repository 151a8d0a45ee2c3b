"""One exchange with Slack's Web API: ready bytes out, an answer or what went wrong back; never a second try."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import structlog

from newsbot.core.delivery import LEASE, SEND_TIMEOUT
from newsbot.platforms.slack.classify import parse
from newsbot.platforms.slack.look import Answer, told_ok

log = structlog.get_logger()

CONNECT = 5.0  # seconds for a free connection, DNS, TCP and TLS
# Seconds from asking for a connection to the last byte.
ALL = aiohttp.ClientTimeout(total=SEND_TIMEOUT - 1.0, connect=CONNECT, sock_connect=CONNECT)
# An alert takes longer only where the process was stopped: its timers go off before the answers in its sockets are read,
# and every send under way became a doubt. The sender keeps the clock; this ends only what nobody waits for any more.
LETS_GO = aiohttp.ClientTimeout(total=LEASE, connect=CONNECT, sock_connect=CONNECT)
# Seconds an idle connection is kept: one the other side closes while we write would be a doubt.
IDLE = 15.0
MOST = 1 << 20  # bytes of one answer; a page of 15 posts with all their blocks stays below

# The library writes whole request bodies below this level, and looks at the logger's own level, not the inherited.
library_log = logging.getLogger("newsbot.slack.library")
library_log.setLevel(logging.ERROR)

TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class Wire:
    """The one session of a process, whatever workspace a call is about: the token says which."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """Made when first needed, because it belongs to the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=ALL,
                connector=aiohttp.TCPConnector(limit=512, keepalive_timeout=IDLE),
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, token: str, method: str, body: bytes, timeout: aiohttp.ClientTimeout = ALL) -> Answer:
        """One POST of ready JSON to a Web API method: its answer, or what went wrong with it."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self._exchange(self._base + method, body, headers, timeout)

    async def ask(self, token: str, method: str, **fields: str) -> Answer:
        """The same for what is only read: those methods take a form."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"}
        return await self._exchange(self._base + method, urlencode(fields).encode(), headers)

    async def done(self, token: str, method: str, payload: Mapping[str, Any]) -> bool:
        """One call of which only success matters; a failure is logged with Slack's code."""
        answer = await self.post(token, method, encode(payload))
        told = told_ok(answer)
        if not told:
            code = type(answer).__name__ if isinstance(answer, BaseException) else parse(answer[2]).get("error")
            log.warning("slack.reply_failed", call=method, why=str(code)[:80])
        return bool(told)

    async def respond(self, url: str, payload: Mapping[str, Any]) -> bool:
        """One use of the address Slack gave for answers."""
        answer = await self._exchange(url, encode(payload), {})
        if isinstance(answer, BaseException):
            log.warning("slack.respond_failed", why=type(answer).__name__)
            return False
        if answer[0] != 200:
            log.warning("slack.respond_failed", status=answer[0])
        return answer[0] == 200

    async def _exchange(
        self, url: str, body: bytes, headers: dict[str, str], timeout: aiohttp.ClientTimeout = ALL
    ) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"} | headers
        try:
            # aiohttp repeats a request on a dropped connection only for idempotent methods, never a POST.
            async with self.session().post(
                url, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                return response.status, response.headers, await read(response)
        except TRANSPORT as error:
            return error


async def read(response: aiohttp.ClientResponse) -> bytes:
    """The body; empty when it exceeds MOST, which makes it unreadable on purpose."""
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > MOST:
            return b""
    return bytes(parts)


def encode(payload: Mapping[str, Any]) -> bytes:
    """The payload as JSON bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
