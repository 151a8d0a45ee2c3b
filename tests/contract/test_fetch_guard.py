"""What the one way out never asks, and that it connects to what it judged and to nothing else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from ipaddress import IPv4Network, ip_address

import pytest

from newsbot.fetch import Fetcher, guard
from tests.contract.feed_kit import LOOPBACK, Server, answer, knowing, open_fetcher, refused, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made


# --- what is never asked --------------------------------------------------------------------------------------------

CLOSED = (
    "0.0.0.0",  # noqa: S104 -- refused, not bound
    *("0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3", "169.254.169.254"),
    *("168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
    *("198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
)
OPEN = ("1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2002:808:808::", "64:ff9b::808:808")


@pytest.mark.parametrize("address", CLOSED)
async def test_what_is_not_public_is_refused_written_as_it_is_and_behind_a_name(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    error = await refused(Fetcher(), f"http://{host}/latest/meta-data")
    assert error.nobody
    assert "not public" in str(error)
    behind = await refused(Fetcher(resolve=knowing([address])), "http://feed.news-of-ours.kr/")
    assert behind.nobody
    assert "feed.news-of-ours.kr" in str(behind)


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_let_through(address: str) -> None:
    assert guard.refusal(ip_address(address), 443, ()) == ""


@pytest.mark.parametrize(
    "url",
    [
        *("http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "http://0177.1/", "http://127.1/"),
        *("http://127.0.0.1./", "http://１２７.0.0.1/", "http://127。0。0。1/", "http://[::ffff:7f00:1]/"),
        *("http://[fe80::1%25eth0]/", "http://0x7f.1/", "http://127.0.0.0x1/", "http://[::1]./"),
    ],
)
async def test_no_spelling_of_a_number_gets_past(server: Server, url: str) -> None:
    resolve = knowing(["192.168.0.1"])
    assert (await refused(Fetcher([IPv4Network("10.0.0.0/8")], resolve=resolve), url)).nobody
    assert resolve.asked == []  # type: ignore[attr-defined]
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("gopher://news.kr/_x", "only http and https"),
        ("ftp://news.kr/", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("/feed.xml", "only http and https"),
        ("http://", "names no host"),
        ("http://user:geheim@news.kr/", "user name or a password"),
        ("http://geheim@news.kr/", "user name or a password"),
        ("http://news.kr/\r\nHost: inner", "no address"),
        ("http://news.kr\r\n/", "no address"),
        ("http://news.kr:0/", "no port 0"),
        ("http://news.kr:65536/", "no port 65536"),
        ("http://news.kr:99999999999/", "no port"),
        ("http://new s.kr/", "signs that no name has"),
        ("http://news%2ekr/", "signs that no name has"),
        ("http://a..kr/", "no name"),
        ("http://" + "a" * 64 + ".kr/", "no name"),
        ("http://news.kr/" + "a" * 3000, "longer than"),
        ("http://[::1/", "address"),
        ("", "only http and https"),
    ],
)
async def test_an_address_that_is_none_of_ours_is_refused_in_one_line(url: str, why: str) -> None:
    resolve = knowing(["1.1.1.1"])
    error = await refused(Fetcher(resolve=resolve), url)
    assert why in str(error)
    assert error.nobody
    assert "geheim" not in str(error)
    assert resolve.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 11211, 3000])
async def test_ports_of_other_services_are_closed_unless_the_network_is_allowed(port: int) -> None:
    error = await refused(Fetcher(resolve=knowing(["1.1.1.1"])), f"http://news.kr:{port}/")
    assert f"port {port}" in str(error)
    assert error.nobody
    assert guard.refusal(ip_address("127.0.0.1"), port, LOOPBACK) == ""


async def test_another_scheme_of_words_is_asked_as_punycode() -> None:
    resolve = knowing(["10.0.0.1"])
    error = await refused(Fetcher(resolve=resolve), "http://예시뉴스.한국/소식?열쇠=1")
    assert resolve.asked == ["xn--vg1b002a0ex8j.xn--3e0b707e"]  # type: ignore[attr-defined]
    assert "xn--vg1b002a0ex8j.xn--3e0b707e" in str(error)


@pytest.mark.parametrize(
    "host", ["example.com", "www.example.com", "example.net", "news.example", "news.test", "x.invalid", "a.localhost"]
)
async def test_names_for_examples_have_no_host_and_are_never_looked_up(host: str) -> None:
    resolve = knowing(["1.1.1.1"])
    error = await refused(Fetcher(resolve=resolve), f"https://{host}/a")
    assert error.nobody
    assert resolve.asked == []  # type: ignore[attr-defined]


async def test_a_name_for_examples_works_in_an_allowed_network_only(server: Server) -> None:
    server.pages["/"] = answer("here")
    local = open_fetcher(resolve=knowing(["127.0.0.1"]))
    assert (await local.get(f"http://news.example:{server.port}/")).body == b"here"
    assert server.asked[0].headers["host"] == f"news.example:{server.port}"
    assert (await refused(open_fetcher(resolve=knowing(["1.1.1.1"])), "http://news.example/")).nobody


async def test_the_system_is_not_asked_for_names_of_examples_even_where_a_network_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def look_up(host: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert (await refused(open_fetcher(), "http://news.example/")).nobody
    assert asked == []
    assert not (await refused(open_fetcher(), "http://news.test/")).nobody
    assert asked == ["news.test"]


async def test_localhost_is_reached_where_it_is_allowed(server: Server) -> None:
    server.pages["/"] = answer("here")
    assert (await open_fetcher(resolve=knowing(["127.0.0.1"])).get(f"http://localhost:{server.port}/")).body == b"here"


async def test_no_such_host_is_told_apart_from_a_look_up_that_failed() -> None:
    gone = Fetcher(resolve=knowing(socket.gaierror(socket.EAI_NONAME, "Name or service not known")))
    assert (await refused(gone, "https://nowhere.kr/")).nobody
    assert (await refused(Fetcher(resolve=knowing([])), "https://nowhere.kr/")).nobody
    later = Fetcher(resolve=knowing(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")))
    error = await refused(later, "https://nowhere.kr/")
    assert not error.nobody
    assert "could not be looked up" in str(error)


# --- one look-up, one connection ------------------------------------------------------------------------------------


async def test_all_answers_are_judged_before_any_is_asked(server: Server) -> None:
    server.pages["/"] = answer("secret")
    for mixed in (["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "::ffff:169.254.169.254"]):
        error = await refused(open_fetcher(resolve=knowing(mixed)), f"http://news.kr:{server.port}/")
        assert error.nobody
    assert server.asked == []


async def test_a_name_that_changes_its_mind_is_connected_to_what_was_judged(server: Server) -> None:
    """Rebinding: the second answer would be another machine; only one is ever asked for."""
    server.pages["/"] = answer("judged")
    resolve = knowing(["127.0.0.1"], ["10.255.255.1"])
    found = await open_fetcher(resolve=resolve).get(f"http://news.kr:{server.port}/")
    assert found.body == b"judged"
    assert resolve.asked == ["news.kr"]  # type: ignore[attr-defined]
    assert server.asked[0].headers["host"] == f"news.kr:{server.port}"


async def test_a_name_that_turns_inwards_between_two_requests_is_refused_the_second_time(server: Server) -> None:
    server.pages["/"] = answer("once")
    fetcher = Fetcher([IPv4Network("127.0.0.1/32")], resolve=knowing(["127.0.0.1"], ["127.0.0.2"]))
    assert (await fetcher.get(f"http://news.kr:{server.port}/")).body == b"once"
    assert (await refused(fetcher, f"http://news.kr:{server.port}/")).nobody
    assert len(server.asked) == 1


async def test_the_next_address_is_tried_where_the_first_does_not_answer(server: Server) -> None:
    server.pages["/"] = answer("second")
    found = await open_fetcher(resolve=knowing(["127.9.9.9", "127.0.0.1"])).get(f"http://news.kr:{server.port}/")
    assert found.body == b"second"


async def test_proxy_variables_change_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.root)
        server.pages["/"] = answer("direct")
        assert (await open_fetcher().get(server.url())).body == b"direct"
        assert proxy.asked == []
