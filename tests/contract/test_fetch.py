"""The one way out: what is refused on the way, and what comes back."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from newsbot.fetch import Fetcher, body
from newsbot.ports import FetchError
from tests.contract.feed_kit import Request, Server, answer, knowing, open_fetcher, refused, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made


# --- redirects ------------------------------------------------------------------------------------------------------


async def test_three_redirects_are_followed_and_the_last_address_is_told(server: Server) -> None:
    server.pages |= {
        "/a": answer(status=301, Location="/b"),
        "/b": answer(status=308, Location=server.url("/c?x=1")),
        "/c": answer(status=302, Location="d#part"),
        "/d": answer("end"),
    }
    found = await open_fetcher().get(server.url("/a"))
    assert (found.status, found.url, found.body) == (200, server.url("/d"), b"end")
    assert found.moved == server.url("/c?x=1")


async def test_a_passing_redirect_is_not_a_move(server: Server) -> None:
    server.pages |= {"/a": answer(status=302, Location="/b"), "/b": answer(status=301, Location="/c")}
    server.pages["/c"] = answer("end", **{":moved": "http://evil.kr/"})
    with pytest.raises(FetchError):  # a server cannot claim one either
        await open_fetcher().get(server.url("/c"))
    server.pages["/c"] = answer("end")
    assert (await open_fetcher().get(server.url("/a"))).moved == ""


async def test_a_chain_of_twenty_and_a_loop_end_after_three(server: Server) -> None:
    for at in range(20):
        server.pages[f"/{at}"] = answer(status=301, Location=f"/{at + 1}")
    server.pages["/loop"] = answer(status=302, Location="/loop")
    for start in ("/0", "/loop"):
        server.asked.clear()
        error = await refused(open_fetcher(), server.url(start))
        assert "more than 3 redirects" in str(error)
        assert not error.nobody
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    "goal",
    [
        *("http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://0x7f000001/", "file:///etc/passwd"),
        *("//10.0.0.1/", "http://user:pw@127.0.0.1/", "http://[::1", "http://127.0.0.1\\@10.0.0.1/", "gopher://x.kr/"),
    ],
)
async def test_every_hop_is_judged(server: Server, goal: str) -> None:
    server.pages["/"] = answer(status=302, Location=goal)
    error = await refused(open_fetcher(), server.url("/?token=geheim"))
    assert not error.nobody  # the host that was asked for is there
    assert server.root in str(error)
    assert "geheim" not in str(error)
    assert "pw" not in str(error)
    assert len(server.asked) == 1


async def test_a_redirect_without_an_address_is_an_answer(server: Server) -> None:
    server.pages["/"] = answer(status=302)
    assert (await open_fetcher().get(server.url())).status == 302


# --- bodies ---------------------------------------------------------------------------------------------------------


async def test_gzip_is_unpacked_and_nothing_else_is_taken(server: Server) -> None:
    plain = "예시군 앞바다 지진".encode() * 1000
    server.pages["/gzip"] = answer(gzip.compress(plain), Content_Encoding="gzip")
    server.pages["/plain"] = answer(plain, Content_Encoding="identity")
    server.pages["/empty"] = answer(b"", Content_Encoding="gzip")
    for path in ("/gzip", "/plain"):
        assert (await open_fetcher().get(server.url(path))).body == plain
    assert (await open_fetcher().get(server.url("/empty"))).body == b""
    assert server.asked[0].headers["accept-encoding"] == "gzip"
    for encoding in ("br", "zstd", "deflate", "gzip, gzip", "compress", "x-unknown"):
        server.pages["/odd"] = answer(gzip.compress(plain), Content_Encoding=encoding)
        assert "only gzip was asked for" in str(await refused(open_fetcher(), server.url("/odd")))


async def test_a_bomb_costs_neither_memory_nor_time(server: Server) -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    assert 100_000_000 / len(bomb) > 1000
    server.pages["/bomb"] = answer(bomb, Content_Encoding="gzip")
    began = time.process_time()
    error = await refused(open_fetcher(), server.url("/bomb"))
    assert "more than 5 MB when unpacked" in str(error)
    assert time.process_time() - began < 1


async def test_a_bomb_is_never_unpacked_beyond_the_limit() -> None:
    given: list[int] = []
    bomb = gzip.compress(bytes(60_000_000), 9)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(bomb), 65536):
            given.append(at)
            yield bomb[at : at + 65536]

    tracemalloc.start()
    with pytest.raises(body.BadBody):
        await body.read(pieces(), "gzip")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * body.LIMIT
    assert len(given) == 1  # the first 64 kB hold more than is taken: nothing further is read


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no gzip at all", "not the gzip it says"),
        (gzip.compress(b"x" * 5000)[:-9], "cut short"),
        (gzip.compress(b"x")[:5], "cut short"),
        (gzip.compress(b"x") + gzip.compress(b"y"), "behind its end"),
        (gzip.compress(b"x") + b"more", "behind its end"),
        (zlib.compress(b"x"), "not the gzip it says"),
    ],
    ids=["none", "no end", "no head", "two", "trailing", "zlib"],
)
async def test_broken_gzip_is_an_error(server: Server, data: bytes, why: str) -> None:
    server.pages["/"] = answer(data, Content_Encoding="gzip")
    assert why in str(await refused(open_fetcher(), server.url()))


async def test_five_megabytes_are_taken_and_not_a_byte_more(server: Server) -> None:
    server.pages["/most"] = answer(b"x" * body.LIMIT)
    server.pages["/more"] = answer(b"x" * (body.LIMIT + 1))
    server.pages["/packed"] = answer(gzip.compress(b"x" * body.LIMIT), Content_Encoding="gzip")
    assert len((await open_fetcher().get(server.url("/most"))).body) == body.LIMIT
    assert len((await open_fetcher().get(server.url("/packed"))).body) == body.LIMIT
    assert "more than 5 MB" in str(await refused(open_fetcher(), server.url("/more")))


async def test_an_endless_body_ends_at_the_limit(server: Server) -> None:
    async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 100_000)
            await writer.drain()

    server.pages["/"] = endless
    assert "more than 5 MB" in str(await refused(open_fetcher(), server.url()))


async def test_a_page_that_is_not_there_has_a_status_whatever_its_body(server: Server) -> None:
    server.pages["/gone"] = answer(b"\x00" * 100, 410, Content_Encoding="br")
    found = await open_fetcher().get(server.url("/gone"))
    assert (found.status, found.body) == (410, b"")


# --- servers that misbehave -----------------------------------------------------------------------------------------


async def test_a_body_that_drips_ends_with_the_time(server: Server) -> None:
    over = asyncio.Event()

    async def drips(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _byte in range(90):
            writer.write(b"x")
            await writer.drain()
        await over.wait()

    server.pages["/"] = drips
    error = await refused(open_fetcher(seconds=0.2), server.url("/?token=geheim"))
    over.set()
    assert "no whole answer within 0.2 s" in str(error)
    assert "geheim" not in str(error)
    assert not error.nobody


async def test_a_look_up_that_hangs_ends_with_the_time_too() -> None:
    async def hangs(_: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    assert "within 0.1 s" in str(await refused(Fetcher(resolve=hangs, seconds=0.1), "https://news.kr/"))


@pytest.mark.parametrize(
    "said",
    [
        answer(b"short", length=50),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcdefg",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 20_000 + b"\r\n",
    ],
)
async def test_what_is_not_http_to_the_end_is_one_line(server: Server, said: bytes) -> None:
    server.pages["/"] = said
    error = await refused(open_fetcher(), server.url())
    assert server.root in str(error)
    assert len(str(error)) < 200
    assert not error.nobody


async def test_a_reset_and_a_closed_port_are_one_line(server: Server) -> None:
    async def resets(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab")
        await writer.drain()
        writer.transport.abort()

    server.pages["/"] = resets
    assert not (await refused(open_fetcher(), server.url())).nobody
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await refused(open_fetcher(), f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert "cannot be reached" in str(error)
    assert not error.nobody


# --- what is sent, what comes back ----------------------------------------------------------------------------------


async def test_the_request_says_who_asks_and_carries_no_cookie(server: Server) -> None:
    server.pages["/"] = answer("", Set_Cookie="a=1", ETag='W/"\xe9-1"')
    fetcher = open_fetcher(contact="https://bot.news.kr")
    first = await fetcher.get(server.url("/?q=예시"), {"If-None-Match": 'W/"\xe9-0"'})
    await fetcher.get(server.url())
    assert first.headers["etag"] == 'W/"\xe9-1"'
    asked, again = server.asked
    assert asked.method == "GET"
    assert asked.target == "/?q=%EC%98%88%EC%8B%9C"
    assert asked.headers["if-none-match"] == 'W/"\xe9-0"'
    assert asked.headers["user-agent"].startswith("newsbot/")
    assert asked.headers["user-agent"].endswith("(+https://bot.news.kr)")
    assert "cookie" not in again.headers


async def test_status_reads_no_body_and_passes_caches(server: Server) -> None:
    held = asyncio.Event()

    async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n")
        await writer.drain()
        await held.wait()

    server.pages |= {"/a": answer(status=301, Location="/b"), "/b": endless}
    fetcher = open_fetcher()
    assert await fetcher.status(server.url("/a")) == 200
    held.set()
    assert [one.headers["cache-control"] for one in server.asked] == ["no-cache", "no-cache"]
    assert await fetcher.status(server.url("/none")) == 404


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own authority for `news.kr`, made on the spot."""
    folder = tmp_path_factory.mktemp("tls")
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(folder / "key.pem"))
    name = ("-subj", "/CN=news.kr", "-addext", "subjectAltName=DNS:news.kr", "-out", str(folder / "cert.pem"))
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *key, *name], capture_output=True, check=True)
    return folder


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    async with serving(context) as made:
        made.names = names  # type: ignore[attr-defined]
        yield made


async def test_the_certificate_is_checked_for_the_name_although_the_address_is_pinned(
    secure: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    secure.pages |= {"/": answer("safe"), "/down": answer(status=301, Location=f"http://news.kr:{secure.port}/")}
    fetcher = open_fetcher(resolve=knowing(["127.0.0.1"]))
    assert (await fetcher.get(f"https://news.kr:{secure.port}/")).body == b"safe"
    assert secure.names == ["news.kr"]  # type: ignore[attr-defined]
    error = await refused(fetcher, f"https://other.kr:{secure.port}/")
    assert "certificate is not valid" in str(error)
    error = await refused(fetcher, f"https://news.kr:{secure.port}/down")
    assert "from https to http" in str(error)


async def test_a_certificate_nobody_vouches_for_is_refused(secure: Server) -> None:
    error = await refused(open_fetcher(resolve=knowing(["127.0.0.1"])), f"https://news.kr:{secure.port}/")
    assert "certificate is not valid" in str(error)
    assert secure.asked == []
