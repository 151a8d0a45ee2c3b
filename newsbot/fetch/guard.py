"""Which addresses may be asked at all. Pure: looks at names and numbers, asks nobody.

The table is our own. Python's `is_private` misses 100.64.0.0/10, and its `is_global` is true for NAT64, 6to4,
`::127.0.0.1`, 224.0.0.0/4 and 192.0.0.192 (measured on 3.11). Sources: IANA's special-purpose registries for IPv4 and
IPv6, RFC 6890; 168.63.129.16 is Azure's own server in every virtual network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

Network = IPv4Network | IPv6Network
Ip = IPv4Address | IPv6Address

PORTS = frozenset((80, 443, 8000, 8080, 8443, 8888))
"""The ports web servers listen on. Anything else is somebody's database until an allowed network says otherwise."""

_LONGEST = 2000  # characters of an address, as the longest one a feed or a page may give us
_SHOWN = 120  # characters of a path in an error line

_CLOSED_4 = {
    IPv4Network(network): why
    for network, why in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "a carrier's own",
        "127.0.0.0/8": "this machine",
        "168.63.129.16/32": "a cloud's own server",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4 relays",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmarks",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}
_OPEN_6 = IPv6Network("2000::/3")  # all that was ever given out to the public; the rest of IPv6 is closed
_CLOSED_6 = {
    IPv6Network("2001::/23"): "protocol assignments, Teredo",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("3fff::/20"): "documentation",
}
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")

# RFC 2606 and RFC 6761: names that stand for no host of the public net.
_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.org", "example.net")
_LOCAL = ("test", "localhost")


class Refused(Exception):
    """This address is not asked: one line without the address itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart once: nothing below looks at its text again."""

    url: httpx.URL
    host: str  # ASCII, lower case, without a last dot; an IPv6 address without brackets
    port: int

    @property
    def secure(self) -> bool:
        """Whether it is https."""
        return self.url.scheme == "https"

    @property
    def shown(self) -> str:
        """The address for an error line: without what follows a `?` or a `#`, where secrets are kept."""
        path = self.url.raw_path.partition(b"?")[0].decode("ascii", "replace")
        path = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"
        return f"{self.url.scheme}://{self.url.netloc.decode('ascii')}{path}{'?…' if self.url.query else ''}"


def target(url: str) -> Target:
    """The address taken apart. Raises Refused for anything but plain http(s): credentials, odd hosts, control signs."""
    if len(url) > _LONGEST:
        raise Refused(f"longer than {_LONGEST} characters")
    try:
        parsed = httpx.URL(url.strip(" "))
        host = parsed.raw_host.decode("ascii").rstrip(".")
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused(f"no address: {_without_value(error)}") from None
    if parsed.scheme not in ("http", "https"):
        raise Refused("only http and https are asked")
    if parsed.userinfo:
        raise Refused("carries a user name or a password")
    if not host:
        raise Refused("names no host")
    port = (443 if parsed.scheme == "https" else 80) if parsed.port is None else parsed.port
    if not 0 < port < 65536:
        raise Refused(f"there is no port {port}")
    if not is_address(host):
        _check_name(host)
    return Target(parsed.copy_with(host=host, fragment=None), host, port)


def _check_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > 253 or not all(0 < len(label) <= 63 for label in labels):
        raise Refused("its host is no name")
    if any(not sign.isalnum() and sign not in "-_" for label in labels for sign in label):
        raise Refused("its host has signs that no name has")
    last = labels[-1]
    if last.isdigit() or last.startswith("0x"):  # 2130706433, 0x7f000001, 0177.1: some read them as 127.0.0.1
        raise Refused("its host is a number; an address has four of them, 0 to 255")


def is_reserved(host: str) -> bool:
    """Whether the name stands for no public host, by agreement."""
    return _under(host, _RESERVED)


def is_askable(host: str) -> bool:
    """Whether a resolver can know this name: those of examples exist nowhere, `.test` and `localhost` may locally."""
    return not is_reserved(host) or _under(host, _LOCAL)


def _under(host: str, names: Sequence[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def refusal(address: Ip, port: int, allow: Sequence[Network]) -> str:
    """Why this address is not asked at this port, "" where it may be."""
    if is_allowed(address, allow):
        return ""
    if why := _closed(judged(address)):
        return f"{address} is not public ({why})"
    return "" if port in PORTS else f"port {port} is not one of {', '.join(map(str, sorted(PORTS)))}"


def is_allowed(address: Ip, allow: Sequence[Network]) -> bool:
    """Whether the operator lets this address through, whatever it is."""
    meant = judged(address)
    return any(address in network or meant in network for network in allow)


def judged(address: Ip) -> Ip:
    """The address that is really reached: the IPv4 one inside a mapped, NAT64 or 6to4 address."""
    if isinstance(address, IPv6Address):
        if address in _MAPPED or address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address in _6TO4:
            return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address


def _closed(address: Ip) -> str:
    if isinstance(address, IPv4Address):
        return next((why for network, why in _CLOSED_4.items() if address in network), "")
    if address not in _OPEN_6:
        return "outside 2000::/3"
    return next((why for network, why in _CLOSED_6.items() if address in network), "")


def is_address(host: str) -> bool:
    """Whether the host is an address already, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _without_value(error: Exception) -> str:
    """What is wrong, without the part that repeats the address."""
    return str(error).partition(":")[0].partition(",")[0].strip()
