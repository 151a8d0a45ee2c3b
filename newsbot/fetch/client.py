"""One GET to an address that somebody else gave us.

On httpcore, not httpx or aiohttp: its network backend is the single place where a connection begins, for names and for
bare addresses alike, so resolving, judging and connecting are one step and no second look-up can differ from the first.
(aiohttp asks its resolver only for names; httpx has no way in.) httpcore also knows no cookies, no redirects, no proxy
variables and unpacks nothing, so nothing has to be switched off.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from newsbot import __version__
from newsbot.fetch import body, guard
from newsbot.fetch.guard import Network, Refused, Target
from newsbot.ports import Fetched, FetchError

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""ASCII host name → all its addresses, best first. Raises OSError (`socket.gaierror` where the name is not known)."""

SECONDS = 10.0
"""From the first look-up to the last byte, redirects included."""

REDIRECTS = 3

_MOST_TRIED = 4  # addresses of one host
_PATIENCE = 2.5  # seconds for each address but the last
_NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


async def system(host: str) -> Sequence[str]:
    """The addresses the system knows. Names that exist in examples only are not looked up."""
    if not guard.is_askable(host):
        raise socket.gaierror(socket.EAI_NONAME, "a name for examples")
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[4][0]) for place in found]


class Fetcher:
    """The `Fetch` port. `allow`: networks that may be asked although they are not public, at any port.

    `contact` is the address of who runs this, told to every server in the User-Agent. Holds no connection between
    calls: nothing to close.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        *,
        resolve: Resolve = system,
        contact: str = "",
        seconds: float = SECONDS,
    ) -> None:
        self._allow = tuple(allow)
        self._resolve = resolve
        self._seconds = seconds
        self._agent = f"newsbot/{__version__}" + (f" (+{contact})" if contact else "")
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """The page, at most 5 MB in 10 s and 3 redirects; of an answer that is not 2xx the body is left out.

        `headers` go to every address on the way. Raises FetchError, `nobody` where the address itself is refused or has
        no host, not where a redirect leads to such a one.
        """
        return await self._ask(url, headers or {}, whole=True)

    async def status(self, url: str) -> int:
        """Its HTTP status alone, after redirects, past every cache; the body is not read. Raises FetchError."""
        return (await self._ask(url, {"Cache-Control": "no-cache"}, whole=False)).status

    async def _ask(self, url: str, headers: Mapping[str, str], *, whole: bool) -> Fetched:
        try:
            at = guard.target(url)
        except Refused as error:
            raise FetchError(f"{_host(url)}: {error}", nobody=True) from None
        sent = {"Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close", "User-Agent": self._agent, **headers}
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(at, sent, whole=whole)
        except TimeoutError:
            raise FetchError(f"{at.shown}: no whole answer within {self._seconds:g} s") from None

    async def _follow(self, first: Target, headers: Mapping[str, str], *, whole: bool) -> Fetched:
        at, moved, permanent = first, "", True
        for hop in range(REDIRECTS + 1):
            try:
                answer = await self._once(at, headers, whole=whole)
                location = answer.headers.get("location", "") if answer.status in (301, 302, 303, 307, 308) else ""
                if not location:
                    return Fetched(answer.status, answer.url, answer.headers, answer.body, moved)
                goal = _redirect(at, location)
            except FetchError as error:
                if not hop:
                    raise
                # The host that was asked for exists: that it sends us to nobody may change.
                raise FetchError(f"{error} (redirected from {first.shown})") from None
            permanent = permanent and answer.status in (301, 308)
            at, moved = goal, str(goal.url) if permanent else moved
        raise FetchError(f"{first.shown}: more than {REDIRECTS} redirects")

    async def _once(self, at: Target, headers: Mapping[str, str], *, whole: bool) -> Fetched:
        """One request, one answer. The body is left unread where nobody wants it: of all but 2xx, and for `status`."""
        address = httpcore.URL(
            scheme=at.url.raw_scheme, host=at.host.encode("ascii"), port=at.port, target=at.url.raw_path
        )
        lines = [
            (b"Host", at.url.netloc),
            *((name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()),
        ]
        try:
            async with (
                httpcore.AsyncConnectionPool(ssl_context=self._context(at), network_backend=_Guarded(self)) as pool,
                pool.stream("GET", address, headers=lines) as response,
            ):
                found = _headers(response.headers)
                wanted = whole and 200 <= response.status < 300
                content = await body.read(response.aiter_stream(), found.get("content-encoding", "")) if wanted else b""
                return Fetched(response.status, str(at.url), found, content)
        except (Refused, body.BadBody) as error:
            raise FetchError(f"{at.shown}: {error}", nobody=isinstance(error, Refused)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise FetchError(f"{at.shown}: {_why(error)}") from None

    def _context(self, at: Target) -> ssl.SSLContext | None:
        if at.secure and self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of this host, every one of them judged. Raises Refused where one may not be asked, or where
        there is none; OSError where nobody could say."""
        unreal = guard.is_reserved(host)
        if unreal and not self._allow:
            raise Refused("there is no such host (a name for examples)")
        try:
            found = [host] if guard.is_address(host) else list(await self._resolve(host))
        except socket.gaierror as error:
            if error.errno in _NO_NAME:
                raise Refused("there is no such host") from None
            raise
        if not found:
            raise Refused("there is no such host")
        for text in found:
            address = ip_address(text.partition("%")[0])
            if why := guard.refusal(address, port, self._allow):
                raise Refused(f"refused: {why}")
            if unreal and not guard.is_allowed(address, self._allow):
                raise Refused(f"refused: a name for examples, and {address} is not in [fetch] allow")
        return found[:_MOST_TRIED]


class _Guarded(httpcore.AsyncNetworkBackend):
    """Where connections begin: to a judged address and to nothing else. Host header and TLS name stay the URL's."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._net = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = await self._fetcher.addresses(host, port)
        for address in others:
            try:
                return await self._net.connect_tcp(address, port, _PATIENCE, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._net.connect_tcp(last, port, timeout, local_address, socket_options)


def _redirect(at: Target, location: str) -> Target:
    try:
        goal = guard.target(str(at.url.join(location)))
    except (Refused, httpx.InvalidURL, ValueError) as error:
        why = error if isinstance(error, Refused) else "to what is no address"
        raise FetchError(f"{at.shown}: redirects: {why}") from None
    if at.secure and not goal.secure:
        raise FetchError(f"{at.shown}: redirects from https to http")
    return goal


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; a header that stands twice is joined. Latin-1 keeps every byte, so that validators go back
    exactly as they came; an address is UTF-8 where it can be."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key == "location":
            found.setdefault(key, _as_utf8(value))
        else:
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _as_utf8(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _why(error: Exception) -> str:
    """What broke, in words; what the other side wrote is not repeated."""
    match error:
        case ssl.SSLError() | httpcore.ConnectError() if "CERTIFICATE" in str(error).upper():
            return "its certificate is not valid"
        case socket.gaierror():
            return "its name could not be looked up now"
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            return "cannot be reached"
        case httpcore.ProtocolError():
            return "does not answer as HTTP should, or not to the end"
        case _:
            return "the connection broke off"


def _host(url: str) -> str:
    """As much of a refused address as may be shown: no user, no password, no query, no control sign."""
    rest = url.partition("//")[2] or url
    authority = rest.split("/")[0].split("?")[0].split("#")[0].rpartition("@")[2]
    return "".join(sign if sign.isprintable() else "?" for sign in authority[:80]) or "address"
