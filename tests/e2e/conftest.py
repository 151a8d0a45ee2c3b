"""What end-to-end tests share: a house with a site, a data folder and a sandbox."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from newsbot.sandbox.serve import Running
from tests.e2e.house import House, Server, housed
from tests.e2e.page_kit import Page, visiting


@pytest.fixture
async def house(sandbox: Running, tmp_path: Path) -> AsyncIterator[House]:
    """A house in which nothing runs yet."""
    async with housed(sandbox, tmp_path) as found:
        yield found


@pytest.fixture
async def page(sandbox: Running, tmp_path: Path) -> AsyncIterator[Page]:
    """A desktop browser on the sandbox's page; it complained about nothing when the test ends."""
    async with visiting(sandbox, tmp_path) as found:
        yield found


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives ports nobody listens on."""

    def take() -> int:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            return port

    return take


@pytest.fixture
async def server(free_port: Callable[[], int], tmp_path: Path) -> AsyncIterator[Server]:
    """A redis-server for REDIS_URL that does not run yet."""
    found = Server(tmp_path / "redis", free_port())
    yield found
    await found.dies()
